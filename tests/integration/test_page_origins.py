"""Whose pages may open WebSockets (mappings[].origins), and that pages are no
agents (servers.<name>.agent_origins)."""

import json
import unittest

from browser import Browser, missing
from certified import Certified
from h2_frames import DATA, END_HEADERS, HEADERS, Peer, block, frame, status
from harness import Case, free_port, main, per_transport, wait_until
from origin import Origin
from wire import SWITCH, Visitor, ask

WHY_NOT = missing()
TUNNEL = {"via": {"tunnels": ["tunnel1"]}}
PAGES = ["https://shop.test", "http://*.shop.test:8080"]


def mappings(origin):
    both = (("any", {}), ("same", {"origins": "same"}),
            ("listed", {"origins": PAGES}),
            ("few", {"origins": "same", "quota": {"per_address": {
                "requests": 1, "period": 3600}}}))
    return [{"from": f"http://{name}.test", "to": origin.url, **rule, **TUNNEL}
            for name, rule in both] + [
        {"from": "http://direct.test", "to": origin.url, "origins": "same"}]


# Host, the values of Origin, and whether a WebSocket opens.
ROWS = [
    ("any.test", [], True),
    ("any.test", ["http://evil.test"], True),
    ("any.test", ["null"], True),
    ("same.test", [], True),
    ("same.test", ["http://same.test"], True),
    ("same.test", ["https://same.test"], True),
    ("same.test", ["HTTP://SAME.TEST"], True),
    ("same.test", ["http://evil.test"], False),
    ("same.test", ["http://same.test.evil.test"], False),
    ("same.test", ["http://x.same.test"], False),
    ("same.test", ["http://same.test:8080"], False),
    ("same.test", ["http://same.test/"], False),
    ("same.test", ["null"], False),
    ("same.test", [""], False),
    ("same.test", ["http://same.test", "http://evil.test"], False),
    ("listed.test", [], True),
    ("listed.test", ["https://shop.test"], True),
    ("listed.test", ["http://a.shop.test:8080"], True),
    ("listed.test", ["http://shop.test"], False),
    ("listed.test", ["http://listed.test"], False),
    ("listed.test", ["http://shop.test:8080"], False),
    ("direct.test", ["http://direct.test"], True),
    ("direct.test", ["http://evil.test"], False),
]


@per_transport("grpc", "ws", "poll")
class Visitors:
    @classmethod
    def setUpClass(cls):
        from harness import Stack
        origin = Origin()
        cls.stack = Stack(cls.transport, {"mappings": mappings(origin)},
                          origin=origin)

    def test_upgrades_of_http_1_1(self):
        for host, pages, opens in ROWS:
            with self.subTest(host=host, pages=pages):
                with Visitor(self.port) as visitor:
                    visitor.send_head("GET", "/websocket", [
                        *SWITCH, *(("Origin", page) for page in pages)], host)
                    head = visitor.read_head()
                self.assertEqual((head.status, head.outcome),
                                 (101, None) if opens
                                 else (403, "foreign-origin"))

    def test_extended_connect_of_http_2(self):
        for host, pages, opens in ROWS:
            with self.subTest(host=host, pages=pages), Peer(self.port) as peer:
                peer.send(frame(HEADERS, 1, block(
                    (":method", "CONNECT"), (":protocol", "websocket"),
                    (":scheme", "http"), (":authority", host),
                    (":path", "/websocket"), ("sec-websocket-version", "13"),
                    *(("origin", page) for page in pages)), END_HEADERS))
                self.assertEqual(int(status(peer.until(HEADERS, 1)[1])),
                                 200 if opens else 403)

    def test_what_switches_nothing_is_not_looked_at(self):
        for method in ("GET", "POST", "OPTIONS"):
            answer = ask(self.port, method=method, host="same.test",
                         headers=[("Origin", "http://evil.test")])
            self.assertEqual(answer.status, 200)

    def test_a_foreign_page_uses_up_no_quota(self):
        for _ in range(3):
            self.assertEqual(ask(self.port, "/websocket", host="few.test",
                                 headers=[*SWITCH,
                                          ("Origin", "http://evil.test")]
                                 ).status, 403)
        self.assertEqual([ask(self.port, host="few.test").status
                          for _ in range(2)], [200, 429])

    def test_other_protocols_are_looked_at_too(self):
        for protocol, answer in (("tcp", 403), ("h2c", 200)):
            with Visitor(self.port) as visitor:
                visitor.send_head("GET", "/", [
                    ("Connection", "Upgrade"), ("Upgrade", protocol),
                    ("Origin", "http://evil.test")], "same.test")
                self.assertEqual(visitor.read_head().status, answer)

    def test_records_say_why(self):
        before = len(self.origin.requests)
        answer = ask(self.port, "/websocket", host="same.test", headers=[
            *SWITCH, ("Origin", "http://evil.test")])
        self.assertEqual(len(self.origin.requests), before)
        name = answer.header("Aps-Request-Id")
        def record():
            _, body = self.stack.node.get(f"/.api/exchanges?id={name}")
            return json.loads(body)["finished"]
        wait_until(record, "the record")
        [said] = record()
        self.assertEqual(said["outcome"], "foreign-origin")
        self.assertIn("http://evil.test", json.dumps(said))


class Agents(Case):
    PAGE = "https://console.test"

    def dial(self, port, *fields, method="GET", path="/.tunnel"):
        with Visitor(port) as visitor:
            visitor.send_head(method, path, [
                *([*SWITCH, ("Sec-WebSocket-Protocol", "aps.tunnel.v1")]
                  if method == "GET" else [("Content-Length", "0")]),
                *fields], "node.test")
            return visitor.read_head()

    def test_pages_are_no_agents_unless_they_are_listed(self):
        stack = self.build("mix", {"servers": {
            "main": {"agent_origins": [self.PAGE]},
            "strict": {"host": "127.0.0.1", "port": free_port()}},
            "tunnels": {"tunnel1": {"servers": ["main", "strict"]}}})
        strict = stack.config["servers"]["strict"]["port"]
        for port, pages, answer in (
                (stack.port, [], 101), (stack.port, [self.PAGE], 101),
                (stack.port, ["http://console.test"], 403),
                (stack.port, ["null"], 403),
                (stack.port, [self.PAGE, self.PAGE], 403),
                (strict, [], 101), (strict, [self.PAGE], 403),
                (strict, [f"http://node.test:{strict}"], 403)):
            with self.subTest(port=port, pages=pages):
                head = self.dial(port, *(("Origin", page) for page in pages))
                self.assertEqual(head.status, answer)
                if answer == 403:
                    self.assertEqual(head.outcome, "foreign-origin")
        # By polling neither.
        head = self.dial(strict, ("Origin", "http://evil.test"), method="POST",
                         path="/.tunnel/poll")
        self.assertEqual((head.status, head.outcome), (403, "foreign-origin"))
        head = self.dial(strict, method="POST", path="/.tunnel/poll")
        self.assertNotEqual(head.outcome, "foreign-origin")
        self.assertEqual(ask(stack.port).status, 200)

    def test_where_no_agents_dial_in_the_path_is_like_others(self):
        origin = Origin()
        stack = self.build("ws", {
            "servers": {"main": {"agents": False},
                        "agents": {"host": "127.0.0.1", "port": free_port()}},
            "tunnels": {"tunnel1": {"servers": ["agents"]}},
            "mappings": [{"from": "http://node.test", "to": origin.url}]},
            origin=origin)
        head = self.dial(stack.port, ("Origin", "http://evil.test"))
        self.assertNotEqual(head.outcome, "foreign-origin")


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Pages(Certified):
    """Chromium with pages of the site itself, and of another one."""

    def open(self, page, target, **rule):
        """What the page says that it opened."""
        browser = Browser("--any-certificate")
        self.addCleanup(browser.close)
        browser.quiet()
        browser.goto(url=f"{page}/socket-page#{target}/websocket")
        return browser

    def stack_of(self, tls):
        origin = Origin()
        scheme = "https" if tls else "http"
        rules = [
            {"from": f"{scheme}://localhost", "to": origin.url, **TUNNEL},
            {"from": f"{scheme}://127.0.0.1", "to": origin.url,
             "origins": "same", **TUNNEL}]
        if tls:
            return self.secure("ws", origin=origin, mappings=rules)
        return self.build("ws", {"mappings": rules}, origin=origin)

    def test_foreign_pages_open_no_websockets(self):
        for tls, version in ((True, "2.0 "), (False, "1.1 ")):
            stack = self.stack_of(tls)
            scheme, socket = ("https", "wss") if tls else ("http", "ws")
            target = f"{socket}://127.0.0.1:{stack.port}"
            with self.subTest(tls=tls, page="foreign"):
                browser = self.open(f"{scheme}://localhost:{stack.port}",
                                    target)
                browser.see(text="the socket is refused")
                self.assertEqual(stack.origin.seen("/websocket"), [])
            with self.subTest(tls=tls, page="its own"):
                browser = self.open(f"{scheme}://127.0.0.1:{stack.port}",
                                    target)
                browser.see(text="the socket is open")
                [asked] = stack.origin.seen("/websocket")
                self.assertTrue(asked.header("Via").startswith(version), asked)


if __name__ == "__main__":
    main()
