"""The panel in headless Chromium, before a real node with real agents. Needs
what `tools/setup --tests` installs, and is skipped without it."""

import subprocess
import unittest
import urllib.parse

from browser import EVIL, NO_PANEL, PANEL, Browser, has_panel, missing
from harness import (BIN, PASSWORD, Case, apsctl, main, scratch,
                     wait_until)
from swarm import Swarm, joined
from tunnel_peer import Peer, derived_key
from wire import Request, ask

TOKEN = "panel-secret-0123456"
LONG = "a-name-without-end-" * 6
WHY_NOT = missing()


def quoted(*names):
    return "/".join(urllib.parse.quote(name, safe="") for name in names)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Panel(Case):
    def start(self, **options):
        """A stack and a page that shows nothing yet."""
        self.stack = self.build(**options)
        if not has_panel(self.stack.node):
            self.skipTest(NO_PANEL)
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        return self.browser, self.stack

    def open(self, view="", **options):
        page, stack = self.start(**options)
        self.visit(view)
        return page, stack

    def url(self, view=""):
        return f"http://127.0.0.1:{self.stack.node.admin_port}/.admin/#/{view}"

    def visit(self, view):
        self.browser.goto(url=self.url(view))
        self.browser.see(css=".pulse .state.ok", text="live")

    def check(self):
        """Nothing went wrong in the browser's console."""
        self.assertEqual(self.browser.wrong(), [])

    def names(self):
        """The connections that the node has."""
        return {connection["name"] for endpoint
                in self.stack.node.stats()["tunnels"]["tunnel1"]["endpoints"]
                for pool in endpoint["pools"]
                for connection in pool["connections"]}

    def actions(self):
        """How many actions the node was told to do."""
        counts = self.stack.node.stats()["events"]["counts"]
        return counts.get("admin-action", 0)


class Shown(Panel):
    def test_a_connection_appears_and_goes(self):
        page, stack = self.open("tunnels", transport="ws")
        page.see(css=".actor", text="app1")
        agent = stack.start_agent(transport="ws", endpoint="zweite ✓",
                                  name="second")
        page.see(css="a.actor", text="zweite ✓")
        wait_until(lambda: page.count(css=".actor.connection") >= 4,
                   "the second agent's connections")
        agent.stop()
        wait_until(lambda: page.count(css=".actor.connection") == 2,
                   "them to go")
        self.check()

    def test_a_fallback_and_the_return_are_shown(self):
        page, stack = self.open("fallback", proxy=True)
        stack.proxy.cut("h2")

        def in_fallback():
            self.assertEqual(ask(stack.port).status, 200)
            return page.count(css=".lane .state.warn") == 1
        wait_until(in_fallback, "the fallback on the page")
        stack.proxy.heal()
        page.see(css=".lane .state.ok", text="primary")
        page.see(css=".band .warn", text="")
        page.see(css="tbody tr", text="fallback")
        self.check()

    def test_an_exchange_is_found_by_its_request_id(self):
        page, stack = self.open("exchanges")
        answer = ask(stack.port, "/echo?<b>x",
                     headers=[("X-Request-Id", "panel-<i>42")])
        self.assertEqual(answer.status, 200)
        page.fill(css="input[type=search]", value="panel-<i>42")
        page.see(css="tbody tr", text="panel-<i>42")
        page.click(name="Look up by id")
        page.see(css="h1", text="GET example.com/echo?<b>x")
        page.see(css=".facts", text="tunnel1.app1")
        page.see(css=".steps", text="Sent")
        page.see(css=".steps", text="Finished")
        self.assertEqual(page.count(css="main i, main b b"), 0)
        self.check()
        page.quiet()
        self.visit("exchanges/none")
        page.see(text="remembers no exchange")

    def test_a_moved_exchange_tells_where_it_went_on(self):
        page, stack = self.open(transport="ws")
        request = Request(stack.port, "/gate",
                          headers=[("X-Request-Id", "moved")])
        wait_until(lambda: stack.origin.busy("/gate"), "the request to run")
        self.visit("exchanges/moved")
        page.see(css=".steps", text="Running")
        name = page.text(css=".steps a")
        page.click(role="link", name=name)
        page.click(name="Close…")
        page.click(name="Close", exact=True)
        page.see(css="main", text="not there any longer")
        self.visit("exchanges/moved")
        page.see(css=".steps li.bad", text=name)
        page.see(css=".steps", text="Resumed: the same session went on")
        stack.origin.release.set()
        self.assertEqual(request.result().status, 200)
        self.assertEqual(stack.origin.executed("moved"), 1)
        page.see(css=".steps", text="Finished")
        self.check()

    def test_it_survives_a_restart_of_the_node(self):
        page, stack = self.open("events")
        page.see(css=".log li", text="connection opened")
        page.quiet()
        stack.node.stop()
        page.see(css="[role=alert]", text="does not answer")
        stack.node.start()
        page.see(css=".pulse .state.ok", text="live")
        page.see(css=".log li", text="The node was restarted")
        stack.wait_for_agent()
        self.visit("tunnels")
        page.see(css=".actor.connection", text="grpc-")
        self.check()

    def test_names_of_agents_stay_text(self):
        page, stack = self.open("tunnels", transport="ws")
        stack.start_agent(transport="ws", endpoint=EVIL, name="evil")
        page.see(css="a.actor .name", text=EVIL)
        for view in ("", "fallback", "events"):
            self.visit(view)
            page.see(css="main", text=EVIL)
        self.visit("tunnels")
        page.click(role="link", name=EVIL)
        page.see(css="h1", text=f"tunnel1.{EVIL}")
        self.assertEqual(page.count(css="img, main script"), 0)
        self.assertNotEqual(page.title(), "markup")
        self.check()

    def test_a_long_list_begins_with_its_first_rows(self):
        # Peers that never answer a ping.
        patient = {"ping_interval": 60, "ping_timeout": 60, "stall_timeout": 60}
        page, stack = self.open("tunnels", transport="ws", config={
            "tunnels": {"tunnel1": {"websocket_pool": patient}}})
        peers = [Peer(stack.port, endpoint=f"many{i:03}").join()
                 for i in range(45)]
        self.addCleanup(lambda: [peer.close() for peer in peers])
        page.see(css=".tree .more button", text="26 more")
        self.assertEqual(page.count(css=".actor.endpoint"), 20)
        page.click(name="26 more")
        page.see(css=".actor.endpoint", text="many044")
        self.assertEqual(page.count(css=".actor.endpoint"), 46)
        page.fill(css="input[type=search]", value="MANY04")
        page.miss(css=".actor.endpoint", text="many030")
        self.assertEqual(page.count(css=".actor.endpoint"), 5)
        page.fill(css="input[type=search]", value="")
        # Who went comes first, wherever its name stands.
        peers.pop(30).close()
        page.see(css=".tree li li:first-child > .actor.endpoint.bad",
                 text="many030")
        self.visit("")
        page.see(css="tbody tr:first-child", text="many030")
        self.check()

    def test_a_target_that_fails_its_checks_is_shown(self):
        page, stack = self.start(transport="ws", config={"mappings": [
            {"from": "http://example.com", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["tunnel1"]},
             "health": {"interval": 0.1, "fall": 1}}]})
        self.visit("mappings")
        page.see(css="tbody tr:nth-child(1)", text="target fails")
        self.visit("endpoints/tunnel1/app1")
        page.see(css="main", text="Failing targets")
        page.see(css="tbody tr", text="target down")
        self.check()

    def test_mappings_tell_who_serves_a_host(self):
        page, stack = self.start(transport="ws", config={"mappings": [
            {"from": "http://example.com", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["tunnel1"]}, "retry": {"attempts": 3},
             "compress": False, "error_pages": {"5xx": {"body": "b"}}},
            {"from": "http://lost.example.com/x", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["tunnel1"], "endpoints": ["nobody"]}},
            {"from": "http://direct.test", "to": "http://127.0.0.1:1",
             "cc": {"to": "http://c.test"}, "timeouts": {"total_timeout": 7}}]})
        self.visit("mappings")
        page.see(css="tbody tr:nth-child(1)", text="served")
        page.see(css="tbody tr:nth-child(1)",
                 text="up to 3 endpoints; pages for 5xx; no compression")
        page.see(css="tbody tr:nth-child(3)",
                 text="copies to http://c.test")
        page.see(css="tbody tr:nth-child(3)", text="total 7 s")
        printed = apsctl(stack.node, "mappings")
        self.assertIn("up to 3 endpoints; pages for 5xx; no compression",
                      printed)
        self.assertIn("copies to http://c.test; total 7 s", printed)
        page.see(css="tbody tr:nth-child(2)", text="nobody there")
        page.see(css="tbody tr:nth-child(3)", text="the node itself")
        page.fill(css="input[type=search]", value="lost")
        page.miss(css="tbody tr", text="direct.test")
        self.assertEqual(page.count(css="tbody tr"), 1)
        page.click(role="link", name="tunnel1.nobody")
        page.see(css="main", text="does not know this endpoint")
        self.assertIn("tunnel1.nobody", page.title())
        self.check()

    def test_what_the_node_answers_by_itself_is_in_the_health_line(self):
        page, stack = self.open("", transport="ws")
        page.see(css=".health", text="Healthy")
        for _ in range(3):
            ask(stack.port, "/x", host="nobody.example.com")
        page.see(css=".health", text="most of them no-mapping")
        page.see(css=".health .state.bad", text="Failing")
        self.check()

    def test_events_are_filtered_and_can_be_held(self):
        page, stack = self.open("events", transport="ws")
        stack.start_agent(transport="ws", endpoint="stranger",
                          password="wrong", name="stranger")
        page.see(css=".log li", text="auth failed")
        page.see(css=".log li", text="connection opened")
        page.select(css="select[name=group]", value="auth")
        page.miss(css=".log li", text="connection opened")
        page.see(css=".log li", text="auth failed")
        page.select(css="select[name=group]", value="")
        page.click(name="Pause")
        stack.start_agent(transport="ws", endpoint="late", name="late")
        page.see(css=".card header", text="newer")
        stack.node.wait_for_agent("ws", count=4)
        self.assertEqual(page.count(css=".log a[href$='/late']"), 0)
        page.click(name="Continue")
        page.see(css=".log a[href$='/late']", text="late")
        self.check()

    def test_it_works_by_keyboard_alone(self):
        page, stack = self.open()
        page.press(key="Tab")
        self.assertEqual(page.focused(), "Skip to the content")
        page.press(key="Enter")
        self.assertEqual(page.focused(), "Overview")
        for _ in range(200):
            page.press(key="Shift+Tab")
            if page.focused() == "Explain":
                break
        page.press(key="Enter")
        page.see(css="h1", text="Explain")
        page.press(key="Tab")
        for key in "http://example.com/why":
            page.press(key=key)
        page.press(key="Enter")
        page.see(css=".answer", text="would be sent")
        self.assertEqual(stack.origin.seen("/why"), [])
        self.check()

    def test_every_view_fits_a_phone(self):
        page, stack = self.start(transport="ws")
        stack.start_agent(transport="ws", endpoint=LONG, name="long")
        stack.start_agent(transport="ws", endpoint=EVIL, name="evil")
        stack.node.wait_for_agent("ws", count=6)
        path = "/" + "a-path-without-end" * 20
        ask(stack.port, path, headers=[("X-Request-Id", "x" * 100)])
        page.size(width=360, height=740)
        name = sorted(self.names())[0]
        for view in ("", "tunnels", "mappings", "fallback", "exchanges",
                     "events", "explain", "node", f"exchanges/{'x' * 100}",
                     f"connections/{name}",
                     *(f"endpoints/{quoted('tunnel1', endpoint)}"
                       for endpoint in ("app1", LONG, EVIL))):
            with self.subTest(view):
                self.visit(view)
                page.see(css="main h1", text="")
                self.assertEqual(page.too_wide(), "")
        page.click(name="Close…")
        page.see(css="dialog", text=EVIL)
        self.assertEqual(page.too_wide(), "")
        self.check()


class Accessible(Panel):
    def test_every_view_can_be_pointed_at_read_and_heard(self):
        page, stack = self.start(transport="mix")
        stack.start_agent(transport="ws", endpoint="second", name="second")
        stack.node.wait_for_agent("ws", count=4)
        ask(stack.port, "/seen", headers=[("X-Request-Id", "seen")])
        ask(stack.port, "/x", host="nobody.example.com")
        name = sorted(self.names())[0]
        for view in ("", "tunnels", "mappings", "fallback", "exchanges",
                     "events", "explain", "node", "exchanges/seen",
                     f"connections/{name}", "endpoints/tunnel1/app1"):
            self.visit(view)
            page.see(css="main h1", text="")
            if view == "explain":
                page.fill(css="input[name=url]", value="http://example.com/")
                page.click(name="Explain")
                page.see(css=".answer", text="would be sent")
            for scheme in ("light", "dark"):
                page.scheme(scheme=scheme)
                for width in (320, 768, 1280, 1920, 3840):
                    with self.subTest(view, scheme=scheme, width=width):
                        page.size(width=width, height=900)
                        self.assertEqual(page.too_wide(), "")
                        self.assertEqual(page.audit(), [])
        self.check()


class Large(Panel):
    def test_a_large_node_is_shown_in_pieces(self):
        """tools/bench/panel has the figures; this tells that none of the views
        grows with the node."""
        count = 300
        # Peers that never answer a ping.
        patient = {"ping_interval": 60, "ping_timeout": 60, "stall_timeout": 60,
                   "pool_size": 1}
        page, stack = self.start(transport="ws", config={
            "tunnels": {f"tunnel{i}": {
                "servers": ["main"], "password": PASSWORD,
                "websocket_pool": patient} for i in (1, 2, 3)}})
        swarm = Swarm()
        swarm.start()
        self.addCleanup(swarm.stop)
        keys = [derived_key(f"tunnel{i}", PASSWORD) for i in (1, 2, 3)]
        for i in range(count):
            swarm.add(joined(stack.node, tunnel=f"tunnel{i % 3 + 1}",
                             key=keys[i % 3], endpoint=f"e{i:03}"))
        base = self.url()
        for view in ("", "tunnels", "mappings", "fallback", "node",
                     "endpoints/tunnel1/e000"):
            with self.subTest(view):
                seen = page.measure(url=base + view)
                self.assertEqual(seen["wrong"], [])
                self.assertLess(seen["nodes"], 3000)
                self.assertLess(seen["requests"], 7)
                # An endpoint is about 600 bytes.
                self.assertLess(seen["text_bytes"], 100 * count)
        self.visit("tunnels")
        page.see(css=".card", text="more")
        self.assertEqual(page.count(css=".actor.connection"), 0)
        self.assertLess(page.count(css=".actor.endpoint"), 30)
        page.fill(css="input[type=search]", value="e299")
        page.click(name="Pools of tunnel3.e299, 1 connection")
        page.see(css=".actor.connection", text="ws-")
        name = page.text(css=".actor.connection .name")
        self.assertEqual(page.count(css=".actor.connection"), 1)
        page.click(name="Pools of tunnel3.e299, 1 connection")
        page.miss(css=".actor.connection", text=name)
        # Its name is no part of what the page has of a large node.
        page.fill(css="input[type=search]", value=name)
        page.click(role="link", name=f"Look for the connection {name}")
        page.see(css=".facts", text="tunnel3.e299")
        self.check()


class Done(Panel):
    def test_an_action_asks_first(self):
        page, stack = self.open("tunnels", transport="ws")
        page.see(css=".actor.connection", text="ws-")
        name = page.text(css=".actor.connection .name")
        page.click(role="link", name=name)
        page.click(name="Close…")
        page.see(css="dialog", text=name)
        page.click(name="Cancel")
        page.miss(css="dialog", text="")
        self.assertEqual(self.actions(), 0)
        self.assertIn(name, self.names())
        page.click(name="Close…")
        page.click(name="Close", exact=True)
        page.see(css=".notes", text=name)
        page.see(css="main", text="not there any longer")
        self.assertEqual(self.actions(), 1)
        self.visit("tunnels")
        page.miss(css=".actor.connection", text=name)
        self.check()

    def test_a_fault_is_injected_as_asked(self):
        page, stack = self.open(transport="ws")
        name = sorted(self.names())[0]
        self.visit(f"connections/{name}")
        page.click(name="Inject fault…")
        page.select(css="select[name=kind]", value="stall")
        page.fill(css="input[name=seconds]", value="2.5e2")
        page.click(name="Inject", exact=True)
        page.see(css=".notes", text=f"fault stall: connection {name}")
        page.see(css="main", text="not there any longer")
        self.visit("events")
        page.see(css=".log li", text="fault stall")
        self.assertEqual(ask(stack.port).status, 200)
        self.check()

    def test_an_endpoint_is_closed_and_comes_back(self):
        page, stack = self.open("endpoints/tunnel1/app1", transport="ws")
        before = self.names()
        page.click(name="Close…")
        page.see(css="dialog", text="tunnel1.app1")
        page.click(name="Close", exact=True)
        page.see(css=".notes", text="close: endpoint tunnel1.app1")
        for name in before:
            page.miss(css="tbody tr", text=name)
        page.see(css="tbody tr", text="ws-")
        self.assertEqual(ask(stack.port).status, 200)
        self.check()

    def test_an_explanation_sends_nothing(self):
        page, stack = self.open("explain")
        page.fill(css="input[name=url]", value="http://example.com/why")
        page.click(name="Explain")
        page.see(css=".answer", text="would be sent")
        self.assertEqual(stack.origin.seen("/why"), [])
        self.check()

    def test_it_wants_the_token_of_the_configuration(self):
        page, stack = self.start(config={"admin": {"token": TOKEN}},
                                 agent=False)
        page.quiet()
        page.goto(url=self.url())
        for token, shown in (("wrong", "The node refused this token."),
                             (TOKEN, "live")):
            page.fill(css="input[name=token]", value=token)
            page.press(key="Enter")
            page.see(css="body", text=shown)
        page.see(css=".pulse .state.ok", text="live")
        self.assertEqual(page.stored(), 0)
        self.check()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Parts(unittest.TestCase):
    def test_the_pure_functions_pass_their_own_tests(self):
        done = subprocess.run(
            ["node", "--test", PANEL / "test/units.test.mjs"], cwd=PANEL,
            capture_output=True, text=True, timeout=500)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])

    def test_screenshots_are_made_by_one_command(self):
        folder = scratch(self)
        done = subprocess.run(
            [PANEL / "screenshots", "--bin", BIN, folder],
            capture_output=True, text=True, timeout=500)
        if NO_PANEL in done.stderr:
            self.skipTest(NO_PANEL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(list(folder.glob("*.png"))), 40)
        for one in folder.glob("*.png"):
            self.assertGreater(one.stat().st_size, 5000, one.name)


if __name__ == "__main__":
    main()
