#!/usr/bin/env python3
"""Which mapping takes a request, what becomes of it and of its answer: asked by
curl over HTTP/1.1 and HTTP/2, against a target behind an agent and one that the
node calls itself. APS_FULL=1: 10,000 random requests."""

import json
import random
import re
import socket
import subprocess
import urllib.parse

from access_case import BOTH, ECHO, SECRETS, TOKENS, Curl, auth
from harness import FULL, Case, main
from origin import Origin


def mapping(source, target, **more):
    return {"from": source, "to": target, **more}


def mappings(target):
    behind = {"tunnels": ["tunnel1"]}
    marked = lambda name: {"set": {"X-Mapping": name}}
    return [
        mapping("http://*.wild.test", target, via=behind,
                request_headers=marked("wild")),
        mapping("http://one.wild.test", target, via=behind,
                request_headers=marked("one")),
        mapping("http://bücher.test", target, request_headers=marked("idn")),
        mapping("http://*", target, via=behind,
                request_headers=marked("default")),
        mapping("http://env.test", target, request_headers=marked("plain")),
        mapping("http://env.test", target, match={
            "headers": {"X-Env": "beta"}}, request_headers=marked("beta")),
        mapping("http://env.test", target, match={"methods": "POST"},
                request_headers=marked("post")),
        mapping("http://env.test", target, match={"query": {"v": "2"}},
                request_headers=marked("v2")),
        mapping("http://env.test", target, match={
            "addresses": ["127.0.0.2"]}, request_headers=marked("address")),
        mapping("http://env.test", target, match={
            "path_regex": "/item/([0-9]+)/(?P<what>[a-z]+)"},
                path="/echo/{what}", query={"set": {"id": "{1}"}},
                request_headers=marked("pattern")),
        mapping("http://words.test", target, via=behind, host="keep",
                request_headers={
                    "remove": ["X-Secret"],
                    "set": {"X-Who": "{address} {method} {host}",
                            "X-Where": "{scheme} {path} {query}",
                            "X-Id": "{request_id}"},
                    "add": {"Accept": "text/x-more"}},
                response_headers={"remove": ["Server"],
                                  "set": {"X-Answer": "{host}"}}),
        mapping("http://given.test", target, host="inner.test:81"),
        mapping("http://query.test", target, query={
            "remove": ["utm"], "set": {"who": "{address}&x=1"},
            "add": {"tag": "a b"}}),
        mapping("http://cookies.test/app", target + "/cookies"),
        mapping("http://back.test/app", target + "/redirect", via=behind),
        mapping("http://off.test/app", target + "/redirect", translate="off"),
        mapping("http://old.test", {
            "redirect": "https://new.test{path}?{query}", "status": 308}),
        mapping("http://who.test", target, request_headers=marked("anybody")),
        mapping("http://who.test", target, match={"users": "alice"},
                request_headers={"set": {"X-Mapping": "alice",
                                         "X-User": "{user}"}}),
        mapping("http://who.test", target, match={"groups": ["dev"]},
                via=behind, request_headers=marked("dev")),
        mapping("http://who.test", target, via=behind, match={
            "users": ["bob"], "methods": "POST"},
                request_headers=marked("bob")),
        mapping("http://fixed.test", {
            "status": 503, "body": "closed\n",
            "headers": {"Retry-After": "60", "X-For": "{address}"}}),
    ]


class Mappings(Case):
    transport = "mix"

    @classmethod
    def setUpClass(cls):
        cls.target = Origin()
        cls.config = {"auth": auth(), "mappings": mappings(cls.target.url)}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.target.close()

    def curl(self, host, *flags, path=ECHO, body=None):
        return Curl(*flags, port=self.port, path=path, body=body,
                    host=host.removesuffix(".test"))

    def both(self):
        for version in BOTH:
            with self.subTest(version=version):
                yield version

    def won(self, *args, **options):
        return self.curl(*args, **options).seen("X-Mapping")

    def test_the_most_special_mapping_takes_a_request(self):
        for version in self.both():
            for host, name in [
                    ("a.wild.test", "wild"), ("b.a.wild.test", "wild"),
                    ("one.wild.test", "one"), ("wild.test", "default"),
                    ("xn--bcher-kva.test", "idn"), ("nobody.test", "default"),
                    ("env.test", "plain")]:
                self.assertEqual(self.won(host, *version), [name], host)

    def test_conditions_choose(self):
        for version in self.both():
            ask = lambda *flags, **more: self.won("env.test", *version, *flags,
                                                  **more)
            self.assertEqual(ask("-H", "X-Env: beta"), ["beta"])
            self.assertEqual(ask("-H", "X-Env: other"), ["plain"])
            self.assertEqual(ask("-d", "x"), ["post"])
            self.assertEqual(ask(path=ECHO + "?a=1&v=%32"), ["v2"])
            self.assertEqual(ask("--interface", "127.0.0.2"), ["address"])

    def test_who_asks_chooses(self):
        for version in self.both():
            ask = lambda *flags, **more: self.won("who.test", *version, *flags,
                                                  **more)
            alice = ("-u", "alice:" + SECRETS["alice"])
            bob = ("-u", "bob:" + SECRETS["bob"])
            self.assertEqual(ask(), ["anybody"])
            self.assertEqual(ask(*alice), ["alice"])
            self.assertEqual(self.curl("who.test", *alice).seen("X-User"),
                             ["alice"])
            self.assertEqual(
                ask("-H", "Authorization: Bearer " + TOKENS["ci"]), ["dev"])
            self.assertEqual(ask(*bob), ["anybody"])
            self.assertEqual(ask(*bob, "-d", "x"), ["bob"])
            self.assertEqual(ask("-u", "nobody:x"), ["anybody"])
            self.assertEqual(ask("-H", "Authorization: Bearer x"), ["anybody"])
            wrong = self.curl("who.test", *version, "-u", "alice:wrong")
            self.assertEqual(wrong.status, 401)
            self.assertEqual(len(wrong["WWW-Authenticate"]), 2)
            # What somebody was known by is not for who comes after.
            self.assertEqual(ask(), ["anybody"])

    def test_a_connection_may_be_of_several(self):
        url = f"http://127.0.0.1:{self.port}{ECHO}"
        flags = ["-sS", "-H", "Host: who.test"]
        done = subprocess.run(
            ["curl", *flags, "-u", "alice:" + SECRETS["alice"], url, "--next",
             *flags, url, "--next", *flags, "-u", "bob:" + SECRETS["bob"], url],
            capture_output=True, check=True, text=True)
        self.assertEqual(re.findall('"X-Mapping", "(.*?)"', done.stdout),
                         ["alice", "anybody", "anybody"])

    def test_explanations_know_who_asks(self):
        for user, method, winner in [
                ("", "GET", "anybody"), ("alice", "GET", "alice"),
                ("ci", "GET", "dev"), ("bob", "GET", "anybody"),
                ("bob", "POST", "bob")]:
            query = urllib.parse.urlencode(
                {"url": "http://who.test/echo", "method": method}
                | ({"user": user} if user else {}))
            status, body = self.stack.node.get("/.api/explain?" + query)
            self.assertEqual(status, 200, body)
            told = json.loads(body)
            rule = self.stack.node.config["mappings"][told["mapping"]["index"]]
            self.assertEqual(rule["request_headers"]["set"]["X-Mapping"],
                             winner, body)
            self.assertTrue(winner == "alice" or b"match.users" in body, body)

    def test_a_pattern_moves_the_path(self):
        for version in self.both():
            answer = self.curl("env.test", *version, path="/item/42/abc?x=1")
            self.assertEqual(answer.seen("X-Mapping"), ["pattern"])
            seen = self.target.seen("/echo/abc")[-1]
            self.assertEqual(seen.target, "/echo/abc?x=1&id=42")

    def test_fields_change_both_ways(self):
        for version in self.both():
            answer = self.curl("words.test", *version, "-H", "X-Secret: 1",
                               "-H", "X-Who: me", "-H", "X-Request-Id: id-7",
                               path=ECHO + "?q=1")
            self.assertEqual(answer.seen("Host"), ["words.test"])
            self.assertEqual(answer.seen("X-Secret"), [])
            self.assertEqual(answer.seen("X-Who"),
                             ["127.0.0.1 GET words.test"])
            self.assertEqual(answer.seen("X-Where"), [f"http {ECHO} q=1"])
            self.assertEqual(answer.seen("X-Id"), ["id-7"])
            self.assertEqual(answer.seen("Accept"), ["*/*", "text/x-more"])
            self.assertEqual(answer["X-Answer"], ["words.test"])

    def test_websockets_and_trailers_pass_through_rewrites(self):
        with socket.create_connection(("127.0.0.1", self.port)) as visitor:
            visitor.sendall(
                b"GET /websocket HTTP/1.1\r\nHost: words.test\r\n"
                b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                b"X-Secret: 1\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                + bytes([0x81, 0x85, 0, 0, 0, 0]) + b"hello")
            answer = b""
            while b"hello" not in answer:
                piece = visitor.recv(65536)
                self.assertTrue(piece, answer)
                answer += piece
        self.assertTrue(answer.startswith(b"HTTP/1.1 101 "), answer)
        seen = self.target.seen("/websocket")[-1]
        self.assertEqual(seen.header("X-Who"), "127.0.0.1 GET words.test")
        self.assertIsNone(seen.header("X-Secret"))
        for version in self.both():
            answer = self.curl("words.test", *version, "-v", path="/trailers")
            self.assertEqual(answer["X-Answer"], ["words.test"])
            self.assertIn(b"x-sum: 42", (answer.done.stdout
                                         + answer.done.stderr).lower())

    def test_a_host_is_given(self):
        self.assertEqual(self.curl("given.test").seen("Host"),
                         ["inner.test:81"])

    def test_parameters_change(self):
        self.curl("query.test", path=ECHO + "?utm=1&a=2&who=me&%75tm=3")
        self.assertEqual(self.target.seen(ECHO)[-1].target,
                         ECHO + "?a=2&who=127.0.0.1%26x%3D1&tag=a%20b")

    def test_what_cannot_end_a_field_does_not(self):
        answer = self.curl("words.test", path=ECHO + "?a%0d%0aX-Evil:%201")
        self.assertEqual(answer.seen("X-Evil"), [])
        self.assertEqual(answer.seen("X-Where"),
                         [f"http {ECHO} a%0d%0aX-Evil:%201"])

    def test_the_node_answers_by_itself(self):
        for version in self.both():
            sent = self.curl("old.test", *version, path="/a/b?c=d")
            self.assertEqual(sent.status, 308)
            self.assertEqual(sent["Location"], ["https://new.test/a/b?c=d"])
            closed = self.curl("fixed.test", *version, "-d", "some body")
            self.assertEqual((closed.status, closed.body), (503, "closed\n"))
            self.assertEqual(closed["Retry-After"], ["60"])
            self.assertEqual(closed["X-For"], ["127.0.0.1"])
            head = self.curl("fixed.test", *version, "-I")
            self.assertEqual((head.status, head.body), (503, ""))

    def test_hosts_with_empty_labels_are_none(self):
        for version in self.both():
            for host in ["a..wild.test", ".wild.test", "wild..test"]:
                self.assertEqual(self.curl(host, *version).status, 400, host)

    def test_redirects_to_the_target_come_back(self):
        base = self.target.url
        for version in self.both():
            answer = self.curl("back.test", *version,
                               path=f"/app?{base}/redirect/x?y")
            self.assertEqual(answer["Location"], ["http://back.test/app/x?y"],
                             answer.head)
            other = self.curl("back.test", *version,
                              path="/app?http://other.test/redirect/x")
            self.assertEqual(other["Location"],
                             ["http://other.test/redirect/x"])
            bare = self.curl("back.test", *version, path="/app?"
                             + base.removeprefix("http:") + "/redirect/x")
            self.assertEqual(bare["Location"], ["http://back.test/app/x"])
            outside = self.curl("back.test", *version,
                                path=f"/app?{base}/elsewhere")
            self.assertEqual(outside["Location"], [f"{base}/elsewhere"])
            off = self.curl("off.test", *version,
                            path=f"/app?{base}/redirect/x")
            self.assertEqual(off["Location"], [f"{base}/redirect/x"])

    def test_cookies_of_the_target_come_back(self):
        name = urllib.parse.urlsplit(self.target.url).hostname
        for version in self.both():
            answer = self.curl("cookies.test", *version,
                               path=f"/app?a=1;%20Domain={name};%20Path=/cookies/x")
            self.assertEqual(answer["Set-Cookie"],
                             ["a=1; Domain=cookies.test; Path=/app/x"])
            answer = self.curl("cookies.test", *version,
                               path="/app?a=1;Domain=other.test;Path=/")
            self.assertEqual(answer["Set-Cookie"],
                             ["a=1;Domain=other.test;Path=/"])

    def test_explanations_come_true(self):
        seed = random.randrange(1 << 32)
        dice = random.Random(seed)
        hosts = ["a.wild.test", "one.wild.test", "wild.test", "env.test",
                 "nobody.test", "xn--bcher-kva.test", "who.test", "who.test"]
        for _ in range(10_000 if FULL else 300):
            host = dice.choice(hosts)
            path = dice.choice([ECHO, ECHO + "?v=2", ECHO + "?v=1",
                                "/item/7/ab", "//echo", "/%65cho"])
            fields = dice.choice([[], ["X-Env: beta"], ["X-Env: x", "A: b"]])
            method = dice.choice(["GET", "POST"])
            user = dice.choice(["", "", "alice", "bob"])
            flags = [word for field in fields for word in ("-H", field)]
            query = urllib.parse.urlencode(
                [("url", f"http://{host}{path}"), ("method", method),
                 ("from", "127.0.0.1"), *([("user", user)] if user else []), *[("header", f) for f in fields]])
            status, body = self.stack.node.get("/.api/explain?" + query)
            self.assertEqual(status, 200, body)
            told = json.loads(body)
            login = ["-u", f"{user}:{SECRETS[user]}"] if user else []
            answer = self.curl(host, "--path-as-is", "-X", method, *flags,
                               *login, path=path)
            where = f"{seed}: {method} {host} {path} {fields} {user} {told['summary']}"
            if told["mapping"] is None:
                self.assertEqual(answer["Aps-Outcome"], ["no-mapping"], where)
                continue
            rule = self.stack.node.config["mappings"][told["mapping"]["index"]]
            expected = rule["request_headers"]["set"]["X-Mapping"]
            self.assertEqual(self.target.requests[-1].all("X-Mapping"),
                             [expected], where)


if __name__ == "__main__":
    main()
