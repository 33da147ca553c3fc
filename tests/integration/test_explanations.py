#!/usr/bin/env python3
"""What explain says of access beforehand is what happens. APS_FULL=1: 10,000
requests under 50 sets of rules."""

import json
import random
import re
import subprocess

from access_case import SECRETS, TOKENS, AccessCase
from harness import BIN, FULL, Case, apsctl, free_port, main
from stream_peers import Target, echo
from wire import SWITCH, Visitor, ask, basic

NAMES = ["alice", "bob", "ci", "old"]
PAGE = "https://shop.test"
NETWORKS = ["127.0.0.0/30", "127.0.0.4/30", "127.0.0.2", "127.0.0.0/8",
            "10.0.0.0/8"]


def random_access(dice):
    out = {}
    if dice.random() < 0.4:
        out["allow"] = dice.sample(NETWORKS, dice.randint(1, 3))
    if dice.random() < 0.3:
        out["deny"] = dice.sample(NETWORKS[:3], dice.randint(1, 2))
    if dice.random() < 0.5:
        out["require"] = {}
        if dice.random() < 0.6:
            out["require"]["users"] = dice.sample(NAMES, dice.randint(1, 2))
        if dice.random() < 0.4:
            out["require"]["groups"] = ["dev"]
    if dice.random() < 0.3:
        out["quota"] = {"max_body_bytes": dice.choice([1, 10, 100])}
    return out


class Explanations(AccessCase):
    def randomly(self, dice):
        config = json.loads(json.dumps(self.stack.node.config))
        config["auth"]["users"]["alice"] = {"password": SECRETS["alice"],
                                            "groups": "dev"}
        config["servers"]["main"].update(random_access(dice))
        config["tunnels"]["tunnel1"].update(random_access(dice))
        for each in config["mappings"]:
            for key in ("allow", "deny", "require", "quota"):
                each.pop(key, None)
            each.update(random_access(dice))
        return config

    def test_explanations_come_true(self):
        seed = random.randrange(1 << 32)
        dice = random.Random(seed)
        node = self.stack.node
        count = 10_000 if FULL else 400
        rounds = 50 if FULL else 8
        hosts = [re.sub(r"http://(.*)\.test", r"\1", one["from"])
                 for one in node.config["mappings"]]
        fields = {"alice": basic("alice", SECRETS["alice"]),
                  "bob": basic("bob", SECRETS["bob"]),
                  "": None}
        fields |= {name: ("Authorization", f"Bearer {token}")
                   for name, token in TOKENS.items()}
        told = set()
        for _ in range(rounds):
            self.reload({}, text=json.dumps(self.randomly(dice)))
            for _ in range(count // rounds):
                host = dice.choice([*hosts, "no-such"])
                user = dice.choice([*fields])
                source = f"127.0.0.{dice.randint(1, 8)}"
                page = dice.choice(["", "", PAGE, f"http://{host}.test"])
                size = 0 if page else dice.choice([0, 0, 1, 5, 50, 500])
                status, body = node.get(
                    f"/.api/explain?url=http://{host}.test/websocket"
                    f"&user={user}&from={source}&body_bytes={size}"
                    + (f"&origin={page}" if page else ""))
                self.assertEqual(status, 200, body)
                explained = json.loads(body)
                shown = [fields[user]] if user else []
                with Visitor(self.port, source=source) as visitor:
                    if page:
                        visitor.send_head(
                            "GET", "/websocket",
                            [*SWITCH, ("Origin", page), *shown],
                            f"{host}.test")
                        happened = visitor.read_head()
                    else:
                        happened = visitor.request(
                            "POST", "/", shown, b"x" * size if size else None,
                            host=f"{host}.test")
                expected = explained["status"] or (101 if page else 200)
                self.assertEqual(
                    happened.status, expected,
                    f"seed {seed}: {host} {user} {source} {page} {size}: "
                    f"{explained}")
                told.add(expected)
        self.assertLessEqual({101, 200, 401, 403, 404, 413}, told)

    def test_the_command_says_so_too(self):
        def explain(*flags):
            done = subprocess.run(
                [BIN / "apsctl", "-admin",
                 f"127.0.0.1:{self.stack.node.admin_port}", "explain",
                 *flags], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr
        self.reload({})
        code, text = explain("http://dev.test/x", "-user", "alice", "-from",
                             "10.1.2.3")
        self.assertEqual(code, 0, text)
        self.assertIn("let in: alice, mappings[2].require", text)
        code, text = explain("http://dev.test/x", "-user", "bob")
        self.assertIn("403 (forbidden)", text)
        self.assertIn("bob is not among those of mappings[2].require", text)
        code, text = explain("http://dev.test/x")
        self.assertIn("401 (unauthorized)", text)
        code, text = explain("http://known.test/x", "-certificate",
                             "carol.example")
        self.assertNotEqual(code, 0)
        self.assertIn("a visitor shows a certificate over https alone", text)
        code, text = explain("https://known.test/x", "-certificate",
                             "carol.example")
        self.assertNotEqual(code, 0)
        self.assertRegex(text,
                         r"server \w+ asks for none: it has no tls.client_ca")
        code, text = explain("http://known.test/x", "-user", "alice",
                             "-certificate", "carol.example")
        self.assertNotEqual(code, 0)
        code, text = explain("http://dev.test/x", "-user", "nobody")
        self.assertNotEqual(code, 0)
        self.assertIn("no user or token has that name", text)


class Servers(Case):
    """What servers do to a request by themselves."""

    def explain(self, stack, query, expected=200):
        status, body = stack.node.get(f"/.api/explain?url={query}")
        self.assertEqual(status, expected, body)
        return json.loads(body)

    def refused(self, stack, query, field, words):
        told = self.explain(stack, query, 400)
        self.assertEqual(told["field"], field)
        self.assertIn(words, told["error"])
        return told

    def two(self, **of_other):
        return self.build("ws", {
            "auth": {"users": {"alice": {"password": SECRETS["alice"]}}},
            "servers": {"other": {"host": "127.0.0.1", "port": free_port(),
                                  **of_other}},
            "tunnels": {"tunnel1": {"servers": ["main"]}}}, agent=False)

    def test_who_is_sent_to_https(self):
        stack = self.build("ws", {"servers": {"main": {
            "redirect_https": 8443}}})
        for path in ("/a?b", "", "/../x"):
            told = self.explain(stack, f"http://other.test{path}")
            happened = ask(stack.port, path or "/", host="other.test")
            self.assertEqual((told["outcome"], told["status"]), ("ok", 308))
            self.assertEqual(happened.status, 308)
            self.assertEqual(told["summary"],
                             "sent to " + happened.header("Location"))
        told = self.explain(stack, "http://example.com/")
        self.assertEqual((told["outcome"], told["status"]), ("ok", 0))
        told = self.explain(stack, "https://other.test/")
        self.assertEqual(told["outcome"], "no-mapping")

    def test_bodies_that_are_too_large(self):
        stack = self.build("ws", {
            "http": {"max_body_bytes": 1000},
            "servers": {"main": {"http": {"max_body_bytes": 10}}}})
        for host in ("example.com", "other.test"):
            for size in (10, 11):
                told = self.explain(stack,
                                    f"http://{host}/&body_bytes={size}")
                happened = ask(stack.port, method="POST", body=b"x" * size,
                               host=host)
                self.assertEqual(told["status"] or 200, happened.status)
        self.assertEqual(told["outcome"], "body-too-large")
        self.assertIn("http.max_body_bytes of server main", told["summary"])

    def test_the_general_limit_of_bodies_counts_too(self):
        stack = self.build("ws", {"http": {"max_body_bytes": 10}}, agent=False)
        told = self.explain(stack, "http://example.com/&body_bytes=11")
        self.assertEqual((told["outcome"], told["status"]),
                         ("body-too-large", 413))

    def test_servers_without_rules_are_alike(self):
        stack = self.two()
        told = self.explain(stack, "http://example.com/")
        self.assertEqual(told["access"]["server"], "")
        told = self.explain(stack, f"http://example.com:{stack.port}/")
        self.assertEqual(told["access"]["server"], "main")

    def test_it_has_to_be_said_which_server_is_meant(self):
        rules = [{"require": {}}, {"allow": ["10.0.0.0/8"]},
                 {"deny": ["10.0.0.0/8"]}, {"quota": {"requests": 10}}]
        for rule in rules:
            with self.subTest(rule=rule):
                stack = self.two(**rule)
                self.refused(stack, "http://example.com/", "server",
                             "several servers could be meant: main, other")
                for name in ("main", "other"):
                    told = self.explain(
                        stack, f"http://example.com/&server={name}")
                    self.assertEqual(told["access"]["server"], name)
                told = self.explain(stack, f"http://example.com:{stack.port}/")
                self.assertEqual(told["access"]["server"], "main")
                self.refused(stack, "http://example.com/&server=x", "server",
                             "no server has that name")

    def test_limits_that_differ_have_to_be_chosen_too(self):
        stack = self.two(http={"max_body_bytes": 10})
        self.explain(stack, "http://example.com/&body_bytes=10")
        self.refused(stack, "http://example.com/&body_bytes=11", "server",
                     "several servers could be meant")

    def test_what_no_visitor_can_send(self):
        stack = self.build("ws", agent=False)
        url = "http://example.com/"
        for method in ("CONNECT", "A%20B", "", "G%0a", "%c3%a4", "GET%2f"):
            self.refused(stack, f"{url}&method={method}", "method",
                         "such as GET, HEAD or POST; a CONNECT is asked")
        for method in ("GET", "PROPFIND", "M-SEARCH"):
            self.explain(stack, f"{url}&method={method}")
        self.refused(stack, f"{url}&origin=", "origin", "or left out")
        for path in ("", "/", "/@", "?x"):
            told = self.refused(
                stack, f"http://name:s3cret@example.com{path}", "url",
                "a URL has no user and password")
            self.assertNotIn("s3cret", json.dumps(told))
            self.assertNotIn("name:", json.dumps(told))
        self.explain(stack, "http://example.com/a@b:c")


class Streams(Case):
    """They are told by the port that they come to."""
    transport = "grpc"

    @classmethod
    def setUpClass(cls):
        cls.target = Target(echo)
        cls.tcp, cls.udp, cls.named, cls.denied = (
            free_port() for _ in range(4))
        to = f"tcp://127.0.0.1:{cls.target.port}"
        via = {"via": {"tunnels": ["tunnel1"]}}
        cls.config = {
            "auth": {"users": {"alice": {"password": "secret"}}},
            "mappings": [
                {"from": f"tcp://:{cls.tcp}", "to": to, **via,
                 "deny": ["10.0.0.0/8"]},
                {"from": f"udp://:{cls.udp}", "to": "udp://127.0.0.1:9", **via},
                {"from": f"tls://*.example.com:{cls.named}", "to": to, **via},
                {"from": f"tls://a.example.com:{cls.named}", "to": to, **via},
                {"from": "connect://*.internal:*", **via},
                {"from": "connect://db.internal:5432", "to": to, **via,
                 "require": {"users": ["alice"]}}]}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.target.close()

    def explain(self, url, **asked):
        more = "".join(f"&{name}={value}" for name, value in asked.items())
        status, body = self.stack.node.get(f"/.api/explain?url={url}{more}")
        return status, json.loads(body)

    def wins(self, url, **asked):
        status, told = self.explain(url, **asked)
        self.assertEqual(status, 200, told)
        return told["outcome"], (told["mapping"] or {}).get("index")

    def test_the_port_says_whose_they_are(self):
        self.assertEqual(self.wins(f"tcp://:{self.tcp}"), ("ok", 0))
        self.assertEqual(self.wins(f"tcp://node.example:{self.tcp}"), ("ok", 0))
        self.assertEqual(self.wins(f"udp://:{self.udp}"), ("ok", 1))
        self.assertEqual(self.wins(f"tcp://:{self.udp}"), ("no-mapping", None))
        told = self.explain(f"tcp://:{self.tcp}")[1]
        self.assertEqual(told["target"],
                         f"tcp://127.0.0.1:{self.target.port}")
        self.assertEqual(told["method"], "TCP")
        self.assertIn("by tunnel1.", told["summary"])

    def test_names_have_their_precedence(self):
        at = self.named
        self.assertEqual(self.wins(f"tls://a.example.com:{at}"), ("ok", 3))
        self.assertEqual(self.wins(f"tls://b.example.com:{at}"), ("ok", 2))
        self.assertEqual(self.wins(f"tls://example.com:{at}"),
                         ("no-mapping", None))
        told = self.explain(f"tls://a.example.com:{at}")[1]
        self.assertEqual(told["mapping"]["why"],
                         "it has the host itself of 2 matches")

    def test_a_connect_is_asked_by_its_target(self):
        self.assertEqual(self.wins("connect://x.internal:80"), ("ok", 4))
        self.assertEqual(self.explain("connect://x.internal:80")[1]["target"],
                         "tcp://x.internal:80")
        self.assertEqual(self.wins("connect://other:80"), ("no-mapping", None))
        self.assertEqual(self.wins("connect://db.internal:5432"),
                         ("proxy-auth-required", 5))
        self.assertEqual(self.wins("connect://db.internal:5432", user="alice"),
                         ("ok", 5))

    def test_who_may_not_come_is_cut_off(self):
        status, told = self.explain(f"tcp://:{self.tcp}",
                                    **{"from": "10.1.2.3"})
        self.assertEqual((status, told["outcome"], told["status"]),
                         (200, "forbidden", 0))
        printed = apsctl(self.stack.node, "explain", f"tcp://:{self.tcp}",
                         "-from", "10.1.2.3")
        self.assertIn("a visitor would be cut off (forbidden)", printed)

    def test_what_a_stream_has_not_is_refused(self):
        for url, name in ((f"tcp://:{self.tcp}&user=alice", "user"),
                          ("tcp://a", "url"), ("tls://a:1/x", "url"),
                          ("connect://a:1&header=X:%20y", "header")):
            status, told = self.explain(url)
            self.assertEqual((status, told["field"]), (400, name))


if __name__ == "__main__":
    main()
