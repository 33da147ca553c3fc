#!/usr/bin/env python3
"""The recipes of config/README.md, as they stand there: behind nginx or Caddy,
and single sign-on by a login service."""

import json
import re
import unittest

from caddy import CADDY, MISSING as NO_CADDY, caddy
from harness import ROOT, Case, finished, free_port, main, wait_until
from login_server import COOKIE, LoginServer
from nginx import MISSING as NO_NGINX, NGINX, nginx
from origin import Origin
from wire import SWITCH, Visitor


RECIPES = (ROOT / "config/README.md").read_text().partition("\n## Recipes\n")[2]


def recipe(language, word):
    """The recipes' block in that language that has this word."""
    [found] = [block for block in re.findall(
        rf"^```{language}\n(.*?)^```", RECIPES, re.S | re.M) if word in block]
    return found


class Behind:
    """Another server in front, at `self.front`."""

    def setUp(self):
        super().setUp()
        self.stack = self.build("mix", {"trusted_proxies": ["127.0.0.1"]})
        self.front = free_port()
        self.start()

    def test_visitors_are_who_they_are(self):
        with Visitor(self.front, source="127.0.0.77") as visitor:
            answer = visitor.get("/echo", [("X-Forwarded-For", "192.0.2.7"),
                                           ("X-Forwarded-Proto", "https")])
        name = answer.header("Aps-Request-Id")
        self.assertEqual(finished(self.stack.node, name)[0]["visitor"],
                         "127.0.0.77")
        [asked] = self.stack.origin.seen("/echo")
        self.assertEqual(asked.header("X-Forwarded-For"),
                         "127.0.0.77, 127.0.0.1")
        self.assertEqual(asked.header("X-Forwarded-Proto"), "http")
        self.assertEqual(asked.header("X-Forwarded-Host"), "example.com")

    def test_bodies_and_streams_pass(self):
        body = b"x" * 5_000_000
        with Visitor(self.front) as visitor:
            answer = visitor.request("POST", "/echo", body=body)
            self.assertEqual(json.loads(answer.body)["length"], len(body))
        with Visitor(self.front) as visitor:
            visitor.send_head("GET", "/events")
            self.assertEqual(visitor.read_head().status, 200)
            self.stack.origin.events.put(b"first\n")
            wait_until(lambda: b"first" in visitor.file.readline(1000),
                       "an event before the end")

    def test_websockets_pass(self):
        with Visitor(self.front) as visitor:
            visitor.send_head("GET", "/websocket", SWITCH)
            self.assertEqual(visitor.read_head().status, 101)


@unittest.skipUnless(NGINX, NO_NGINX)
class BehindNginx(Behind, Case):
    def start(self):
        text = recipe("nginx", "proxy_pass").replace("8080",
                                                     str(self.stack.port))
        nginx(self, self.stack.folder, "client_max_body_size 0; server { "
              f"listen 127.0.0.1:{self.front}; location / {{ {text} }} }}",
              [self.front])


@unittest.skipUnless(CADDY, NO_CADDY)
class BehindCaddy(Behind, Case):
    def start(self):
        [text] = re.findall(r"Caddy needs `(.*?)`", RECIPES)
        caddy(self, self.stack.folder,
              text.replace("8080", str(self.stack.port)), self.front)


class SingleSignOn(Case):
    def test_the_recipe(self):
        login, wiki = LoginServer(), Origin()
        self.addCleanup(login.close)
        rules = json.loads(recipe("json", "forward_auth"))
        text = json.dumps(rules).replace("localhost:4180",
                                         f"127.0.0.1:{login.port}")
        text = text.replace("localhost:3000", f"127.0.0.1:{wiki.port}")
        stack = self.build("mix", json.loads(text), origin=wiki)
        with Visitor(stack.port) as visitor:
            answer = visitor.get("/echo", host="wiki.example.com")
            self.assertEqual(answer.status, 302)
            self.assertIn("/login?rd=", answer.header("Location"))
            page = visitor.get("/login?rd=x", host="login.example.com")
            self.assertIn(b"Who are you?", page.body)
            answer = visitor.get("/echo", [("Cookie", f"{COOKIE}=alice-7f3a")],
                                 "wiki.example.com")
            self.assertEqual(answer.status, 200)
        [asked] = wiki.seen("/echo")
        self.assertEqual(asked.all("Remote-User"), ["alice"])


if __name__ == "__main__":
    main()
