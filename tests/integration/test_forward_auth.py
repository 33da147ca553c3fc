#!/usr/bin/env python3
"""Login services (`forward_auth`): who is let in, what the target and the
visitor get, and that nobody comes in by a service that is slow, dead or lies."""

import json
import signal
import time
import unittest

from access_case import Curl
from browser import Browser, missing
from harness import TIME_SCALE, Case, free_port, main, merged, wait_until
from login_server import BODY, COOKIE, LIES, LoginServer
from origin import Origin
from wire import SWITCH, Visitor, ask

WHY_NOT = missing()
ALICE = ("-b", f"{COOKIE}=alice-7f3a")
TUNNEL = {"via": {"tunnels": ["tunnel1"]}}
BOTH = (("--http1.1",), ("--http2-prior-knowledge",))


def mappings(origin, login, timeout=2 * TIME_SCALE):
    """One target behind the service in several ways."""
    rule = {"url": f"{login.url}/auth?x=1", "timeout": timeout}
    ways = {
        "plain": rule,
        "tunnel": {**rule, **TUNNEL},
        "cached": {**rule, "cache_time": 60},
        "few": {**rule, "request_headers": ["Cookie"],
                "copy_headers": ["X-Auth-Request-Email", "Authorization"]},
        "dead": {**rule, "url": f"http://127.0.0.1:{free_port()}/"},
    }
    return [{"from": f"http://{name}.test", "to": origin.url, **TUNNEL,
             "forward_auth": way} for name, way in ways.items()] + [
        {"from": "http://open.test", "to": origin.url, **TUNNEL},
        {"from": "http://direct.test", "to": origin.url, "forward_auth": rule}]


class LoginCase(Case):
    transport = "mix"
    more = {}

    @classmethod
    def setUpClass(cls):
        cls.target = Origin()
        cls.login = LoginServer()
        cls.config = {"mappings": mappings(cls.target, cls.login), **cls.more}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.login.close()
        cls.target.close()

    def setUp(self):
        super().setUp()
        self.login.mode = None
        self.login.headers = []

    def curl(self, *flags, **options):
        options = {"host": "plain", "port": self.port, **options}
        return Curl(*flags, **options)

    def record(self, answer):
        name = answer["Aps-Request-Id"][0]

        def find():
            _, body = self.stack.node.get(f"/.api/exchanges?id={name}")
            return json.loads(body)["finished"]
        return wait_until(find, "the record")[0]

    def served(self):
        return len(self.target.requests)


class Answers(LoginCase):
    def test_who_has_a_session_comes_in(self):
        for version in BOTH:
            for host in ("plain", "tunnel", "direct"):
                with self.subTest(version=version, host=host):
                    answer = self.curl(*version, *ALICE, host=host)
                    self.assertEqual(answer.status, 200, answer.head)
                    self.assertEqual(answer.seen("Remote-User"), ["alice"])
                    self.assertEqual(answer.seen("Remote-Groups"), ["dev,ops"])
                    self.assertEqual(answer.seen("X-Internal"), [])
                    said = self.record(answer)
                    self.assertEqual(said["user"], "alice")
                    self.assertIn("forward_auth said 202", said["access"])

    def test_others_get_the_services_answer_as_it_is(self):
        before = self.served()
        for version in BOTH:
            for host in ("plain", "tunnel", "direct"):
                with self.subTest(version=version, host=host):
                    answer = self.curl(*version, host=host, path="/echo?a=1&b=2")
                    self.assertEqual(answer.status, 302)
                    self.assertEqual(answer.body, BODY.decode())
                    self.assertEqual(answer["Set-Cookie"], ["_csrf=1; Path=/"])
                    self.assertEqual(
                        answer["Location"],
                        ["http://login.apps.localhost/login?rd=http%3A%2F%2F"
                         f"{host}.test%2Fecho%3Fa%3D1%26b%3D2"])
                    self.assertIn("forward_auth answered 302",
                                  self.record(answer)["access"])
        self.assertEqual(self.served(), before)

    def test_what_is_asked(self):
        path = "/echo?q=" + "x" * 3000
        self.curl("-X", "PUT", "--data-binary", "x" * 1000, *ALICE, "-H",
                  "X-Original-URL: http://evil.test/", "-H",
                  "X-Forwarded-Uri: /evil", "-H", "Range: bytes=1-2", "-H",
                  "If-None-Match: x", "-H", "X-Mine: 1", path=path)
        method, target, _ = self.login.asked[-1]
        self.assertEqual((method, target), ("GET", "/auth?x=1"))
        asked = self.login.last()
        self.assertEqual(asked["host"], f"127.0.0.1:{self.login.port}")
        self.assertEqual(asked["x-forwarded-method"], "PUT")
        self.assertEqual(asked["x-forwarded-uri"], path)
        self.assertEqual(asked["x-forwarded-host"], "plain.test")
        self.assertEqual(asked["x-forwarded-proto"], "http")
        self.assertEqual(asked["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(asked["x-original-method"], "PUT")
        self.assertEqual(asked["x-original-url"], "http://plain.test" + path)
        self.assertEqual(asked["x-mine"], "1")
        for name in ("content-length", "content-type", "range",
                     "if-none-match", "transfer-encoding"):
            self.assertNotIn(name, asked)

    def test_fields_can_be_chosen(self):
        self.login.headers = [("Authorization", "Bearer of-the-service")]
        answer = self.curl(*ALICE, "-H", "X-Mine: 1", "-u", "a:b", host="few")
        asked = self.login.last()
        self.assertNotIn("x-mine", asked)
        self.assertNotIn("authorization", asked)
        self.assertIn("cookie", asked)
        self.assertEqual(answer.seen("X-Auth-Request-Email"),
                         ["alice@example.test"])
        self.assertEqual(answer.seen("Authorization"),
                         ["Bearer of-the-service"])
        self.assertEqual(answer.seen("Remote-User"), [])
        self.assertEqual(answer.seen("X-Mine"), ["1"])

    def test_no_visitor_says_who_it_is(self):
        for host in ("plain", "tunnel", "direct"):
            for name in ("Remote-User", "remote_user", "X-Auth-Request-User",
                         "X_AUTH_REQUEST_EMAIL", "Remote.Groups",
                         "X-Auth-Request-Preferred-Username"):
                with self.subTest(host=host, name=name):
                    answer = self.curl(*ALICE, "-H", f"{name}: root", host=host)
                    self.assertEqual(answer.status, 200)
                    self.assertNotIn("root", answer.body)

    def test_a_fresh_cookie_reaches_the_visitor(self):
        self.login.headers = [("Set-Cookie", "session=fresh; Path=/")]
        for version in BOTH:
            for path in ("/echo", "/status/404"):
                answer = self.curl(*version, *ALICE, path=path)
                self.assertEqual(answer["Set-Cookie"],
                                 ["session=fresh; Path=/"])

    def test_a_body_waits_for_the_answer(self):
        body = "x" * 3_000_000
        for version in BOTH:
            answer = self.curl(*version, *ALICE, "--data-binary", "@-",
                               body=body.encode())
            self.assertEqual(json.loads(answer.body)["length"], len(body))
            before = self.served()
            answer = self.curl(*version, "--data-binary", "@-",
                               body=body.encode())
            self.assertEqual(answer.status, 302)
            self.assertEqual(self.served(), before)

    def test_websockets(self):
        for cookie, status in (("alice-7f3a", 101), ("nobody", 302)):
            with Visitor(self.port) as visitor:
                visitor.send_head("GET", "/websocket", [
                    *SWITCH, ("Cookie", f"{COOKIE}={cookie}")], "plain.test")
                self.assertEqual(visitor.read_head().status, status)
            asked = self.login.last()
            self.assertNotIn("upgrade", asked)
            self.assertNotIn("sec-websocket-key", asked)

    def test_head_requests_and_kept_connections(self):
        with Visitor(self.port) as visitor:
            for _ in range(3):
                visitor.send_head("HEAD", "/echo", host="plain.test")
                self.assertEqual(visitor.read(method="HEAD").status, 302)
                answer = visitor.get("/echo", [
                    ("Cookie", f"{COOKIE}=bob-9c1d")], "plain.test")
                self.assertEqual(answer.status, 200)
        before = self.login.connections
        for _ in range(20):
            self.curl(*ALICE)
        self.assertLessEqual(self.login.connections - before, 4,
                             "its connections are kept")

    def test_explain_names_the_service(self):
        status, body = self.stack.node.get(
            "/.api/explain?url=http://plain.test/echo")
        self.assertEqual(status, 200)
        told = json.loads(body)["access"]
        self.assertEqual(told["outcome"], "ok")
        self.assertEqual(told["reason"], "mappings[0].forward_auth is asked")

    def test_shown(self):
        for path in ("/.api/mappings", "/.api/config"):
            status, body = self.stack.node.get(path)
            self.assertEqual(status, 200)
            self.assertIn(f"{self.login.url}/auth?x=1", body.decode())

    def test_counted(self):
        self.curl(*ALICE)
        self.curl()
        text = self.stack.node.get("/metrics")[1].decode()
        for result in ("in", "answered"):
            self.assertRegex(
                text, r'aps_logins_total\{[^}]*result="%s"[^}]*\} [1-9]' % result)


class Cache(LoginCase):
    def test_the_same_question_is_asked_once(self):
        asked = len(self.login.asked)
        for _ in range(5):
            answer = self.curl(*ALICE, host="cached", path="/echo?once")
            self.assertEqual(answer.seen("Remote-User"), ["alice"])
        self.assertEqual(len(self.login.asked) - asked, 1)

    def test_nobody_comes_in_by_anothers_answer(self):
        self.curl(*ALICE, host="cached")
        self.assertEqual(self.curl(host="cached").status, 302)
        bob = self.curl("-b", f"{COOKIE}=bob-9c1d", host="cached")
        self.assertEqual(bob.seen("Remote-User"), ["bob"])
        # Nor by one about another request.
        asked = len(self.login.asked)
        self.curl(*ALICE, host="cached", path="/echo?other")
        self.curl(*ALICE, "-X", "POST", host="cached")
        self.curl(*ALICE, "--interface", "127.0.0.9", host="cached")
        self.assertEqual(len(self.login.asked) - asked, 3)

    def test_refusals_and_fresh_cookies_are_not_remembered(self):
        asked = len(self.login.asked)
        for _ in range(3):
            self.curl(host="cached", path="/echo?never")
        self.login.headers = [("Set-Cookie", "session=fresh")]
        for _ in range(3):
            self.curl(*ALICE, host="cached", path="/echo?fresh")
        self.assertEqual(len(self.login.asked) - asked, 6)


class Trouble(LoginCase):
    more = {"limits": {"max_unauthenticated_per_address": 2000,
                       "max_unauthenticated": 4000}}

    def refused(self, answer):
        self.assertEqual(answer.status, 503, answer.head + answer.body)
        self.assertEqual(answer["Aps-Outcome"], ["login-unavailable"])
        said = self.record(answer)
        self.assertIn("forward_auth: ", said["access"])
        return said

    def test_liars(self):
        before = self.served()
        for host in ("plain", "tunnel"):
            for lie in LIES:
                with self.subTest(host=host, lie=lie):
                    self.login.mode = lie
                    self.refused(self.curl(*ALICE, host=host))
        self.assertEqual(self.served(), before)
        self.login.mode = None
        self.assertEqual(self.curl(*ALICE).status, 200)

    def test_the_dead(self):
        before = self.served()
        self.refused(self.curl(*ALICE, host="dead"))
        self.assertEqual(self.served(), before)

    def test_the_slow(self):
        before = self.served()
        self.login.mode = "stall"
        for host in ("plain", "tunnel"):
            start = time.monotonic()
            said = self.refused(self.curl(*ALICE, host=host))
            self.assertGreaterEqual(time.monotonic() - start, 1.9)
            self.assertIn("no answer in time", said["access"])
        self.assertEqual(self.served(), before)

    def test_endless_answers(self):
        self.login.mode = "endless"
        answer = self.curl(*ALICE)
        self.assertEqual(answer.status, 200, "its head was enough")
        # A refusal is the visitor's to end.
        for version in BOTH:
            with self.subTest(version=version):
                answer = Curl(*version, "-m", 1, port=self.port, host="plain")
                self.assertEqual(answer.status, 401)
                self.assertGreater(len(answer.body), 1000)
        self.login.mode = None
        self.assertEqual(self.curl(*ALICE).status, 200)

    def test_large_refusals_arrive_whole(self):
        self.login.mode = "large"
        for version in BOTH:
            for host in ("plain", "tunnel"):
                answer = self.curl(*version, host=host)
                self.assertEqual((answer.status, len(answer.body)),
                                 (401, 5_000_000))

    def test_refusals_that_are_cut(self):
        self.login.mode = "cut"
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/echo", host="plain.test")
            # Cut before anything went out it is no answer.
            status = visitor.read_head().status
            if status != 502:
                self.assertEqual(status, 401)
                self.assertTrue(len(visitor.file.read(100)) <= 50)

    def test_visitors_that_leave_cost_nothing(self):
        self.login.mode = "stall"
        visitors = [Visitor(self.port) for _ in range(50)]
        asked = len(self.login.asked)
        for one in visitors:
            one.send_head("GET", "/echo", [("Cookie", f"{COOKIE}=alice-7f3a")],
                          "plain.test")
        wait_until(lambda: len(self.login.asked) >= asked + 50, "all to ask")
        for one in visitors:
            one.close()
        self.login.mode = None
        self.login.resume.set()
        self.login.resume.clear()
        wait_until(lambda: self.stack.node.stats()["exchanges"]["live"] == 0,
                   "the end of all")
        self.assertEqual(self.curl(*ALICE).status, 200)

    def test_a_stalled_service_stops_no_other_mapping(self):
        self.login.mode = "stall"
        visitors = [Visitor(self.port) for _ in range(300)]
        try:
            for one in visitors:
                one.send_head("GET", "/echo", host="plain.test")
            for _ in range(20):
                self.assertEqual(self.curl(host="open").status, 200)
        finally:
            for one in visitors:
                one.close()

    def test_one_address_cannot_take_all_questions(self):
        self.login.mode = "stall"
        start = self.stack.node.stats()["limits"]["concurrent-requests"]
        visitors = [Visitor(self.port, source="127.0.0.50")
                    for _ in range(560)]
        try:
            for one in visitors:
                one.send_head("GET", "/echo", host="plain.test")
            wait_until(lambda: self.stack.node.stats()["limits"][
                "concurrent-requests"] > start, "a refusal")
            self.login.mode = None
            self.assertEqual(self.curl(*ALICE).status, 200)
        finally:
            self.login.resume.set()
            for one in visitors:
                one.close()
            self.login.resume.clear()


class Rules(Case):
    @staticmethod
    def reload(node, config):
        node.config_file.write_text(json.dumps(config))
        node.process.send_signal(signal.SIGHUP)

    def test_tunnels_and_mappings_are_both_asked(self):
        first, second = LoginServer(), LoginServer()
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        origin = Origin()
        stack = self.build("ws", {
            "tunnels": {"tunnel1": {"forward_auth": {"url": first.url}}},
            "mappings": [{"from": "http://both.test", "to": origin.url,
                          **TUNNEL, "forward_auth": {"url": second.url}}]},
            origin=origin)
        def get():
            return Curl(*ALICE, port=stack.port, host="both")
        self.assertEqual(get().status, 200)
        self.assertEqual((len(first.asked), len(second.asked)), (1, 1))
        first.mode = "nothing"
        self.assertEqual(get().status, 503)
        self.assertEqual(len(second.asked), 1, "who is out is not asked about")

    def test_a_reload_takes_effect(self):
        login = LoginServer()
        self.addCleanup(login.close)
        origin = Origin()
        rule = {"from": "http://app.test", "to": origin.url, **TUNNEL}
        stack = self.build("ws", {"mappings": [rule]}, origin=origin)
        def get():
            return Curl(port=stack.port, host="app").status
        self.assertEqual(get(), 200)
        changed = merged(stack.config, {})
        changed["mappings"] = [{**rule, "forward_auth": {"url": login.url}}]
        self.reload(stack.node, changed)
        wait_until(lambda: get() == 302, "the new rule")
        changed["mappings"] = [rule]
        self.reload(stack.node, changed)
        wait_until(lambda: get() == 200, "the old rule")

    def test_a_node_stops_while_services_stall(self):
        login = LoginServer()
        self.addCleanup(login.close)
        login.mode = "stall"
        origin = Origin()
        stack = self.build("ws", {"mappings": [
            {"from": "http://app.test", "to": origin.url, **TUNNEL,
             "forward_auth": {"url": login.url, "timeout": 600}}]},
            origin=origin)
        visitors = [Visitor(stack.port) for _ in range(5)]
        for one in visitors:
            one.send_head("GET", "/echo", host="app.test")
        wait_until(lambda: len(login.asked) == 5, "all to ask")
        self.assertEqual(stack.node.stop(seconds=60), 0)
        for one in visitors:
            one.close()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Pages(Case):
    """Chromium is sent to the login service, logs in, and comes back."""

    def test_login(self):
        login = LoginServer()
        self.addCleanup(login.close)
        origin = Origin()
        stack = self.build("mix", {"mappings": [
            {"from": "http://login.apps.localhost", "to": login.url, **TUNNEL},
            {"from": "http://shop.apps.localhost", "to": origin.url, **TUNNEL,
             "forward_auth": {"url": f"{login.url}/auth", **TUNNEL}}]},
            origin=origin)
        browser = Browser()
        self.addCleanup(browser.close)
        browser.quiet()
        browser.goto(url=f"http://shop.apps.localhost:{stack.port}/echo?mine")
        browser.see(text="Who are you?")
        self.assertEqual(origin.seen("/echo"), [])
        browser.fill(css="input[name=session]", value="alice-7f3a")
        browser.click(name="Log in")
        browser.see(text="/echo?mine")
        [asked] = origin.seen("/echo")
        self.assertEqual(asked.all("Remote-User"), ["alice"])


if __name__ == "__main__":
    main()
