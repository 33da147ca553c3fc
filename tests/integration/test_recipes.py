#!/usr/bin/env python3
"""The recipes of the README, as they stand there: behind nginx, and single
sign-on by a login service."""

import json
import re
import shutil
import unittest

from harness import (ROOT, Case, Program, finished, free_port, listening, main,
                     wait_until)
from login_server import COOKIE, LoginServer
from origin import Origin
from wire import Visitor

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
FRAME = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  client_max_body_size 0;
  server {{ listen 127.0.0.1:{port}; location / {{ {recipe} }} }}
}}
"""


def recipe(language, word):
    """The block of the README in that language that has this word."""
    text = (ROOT / "README.md").read_text()
    [found] = [block for block in re.findall(
        rf"^```{language}\n(.*?)^```", text, re.S | re.M) if word in block]
    return found


@unittest.skipUnless(NGINX, "there is no nginx (tools/setup --tests)")
class BehindNginx(Case):
    def setUp(self):
        super().setUp()
        self.stack = self.build("mix", {"trusted_proxies": ["127.0.0.1"]})
        self.nginx = free_port()
        text = recipe("nginx", "proxy_pass").replace("8080",
                                                     str(self.stack.port))
        file = f"{self.stack.folder}/nginx.conf"
        with open(file, "w") as out:
            out.write(FRAME.format(folder=self.stack.folder, port=self.nginx,
                                   recipe=text))
        nginx = Program("nginx", [NGINX, "-e", "stderr", "-c", file, "-p",
                                  self.stack.folder], self.stack.folder)
        self.addCleanup(nginx.stop)
        nginx.start()
        wait_until(lambda: listening(self.nginx), "nginx")

    def test_visitors_are_who_they_are(self):
        with Visitor(self.nginx, source="127.0.0.77") as visitor:
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
        with Visitor(self.nginx) as visitor:
            answer = visitor.request("POST", "/echo", body=body)
            self.assertEqual(json.loads(answer.body)["length"], len(body))
        with Visitor(self.nginx) as visitor:
            visitor.send_head("GET", "/events")
            self.assertEqual(visitor.read_head().status, 200)
            self.stack.origin.events.put(b"first\n")
            wait_until(lambda: b"first" in visitor.file.readline(1000),
                       "an event before the end")

    def test_websockets_pass(self):
        with Visitor(self.nginx) as visitor:
            visitor.send_head("GET", "/websocket", [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")])
            self.assertEqual(visitor.read_head().status, 101)


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
