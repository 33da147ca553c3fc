#!/usr/bin/env python3
"""Agents that reach their node through an HTTP proxy, whose name the proxy
alone can resolve."""

import threading
import time
import unittest

from connect_proxy import MISSING, OPEN, TINYPROXY, ConnectProxy, tinyproxy
from harness import Case, main, wait_until
from wire import Visitor

NAME = "node.invalid" # RFC 6761, 6.4: nobody else knows it
TRANSPORTS = ("grpc", "ws", "poll", "mix")


class AgentProxy(Case):
    def start(self, transport="ws", login=None, written=None, flags=(),
              env=None, tls=False, **options):
        self.stack = self.build(transport, agent=False, tls=tls)
        port = self.stack.node.agent_port
        self.node = f"{NAME}:{port}"
        self.proxy = ConnectProxy({self.node: port}, login)
        self.addCleanup(self.proxy.close)
        given = f"http://{(written or login) + '@' if login else ''}" \
                f"127.0.0.1:{self.proxy.port}"
        flags = [each.format(proxy=given) for each in flags]
        env = {key: value.format(proxy=given)
               for key, value in (env or {}).items()}
        if tls:
            flags += ["-server-name", "localhost"]
        self.agent = self.stack.start_agent(
            server=self.node, flags=(*self.stack.agent_flags, *flags),
            env=env, **options)
        return self.stack

    def get(self, path="/echo"):
        with Visitor(self.stack.port) as visitor:
            return visitor.get(path)

    def until_log(self, text, seconds=15):
        wait_until(lambda: text in self.agent.log, text, seconds)

    def served(self):
        self.stack.wait_for_agent()
        self.assertEqual(self.get().status, 200)

    def test_each_transport_goes_through(self):
        for transport in TRANSPORTS:
            for tls in (False, True):
                with self.subTest(transport, tls=tls):
                    self.start(transport, "alice:s@crt", "alice:s%40crt",
                               ("-proxy", "{proxy}"), tls=tls)
                    self.served()
                    for lines in self.proxy.asked:
                        self.assertEqual(lines[0],
                                         f"CONNECT {self.node} HTTP/1.1")
                        self.assertIn(f"Host: {self.node}", lines)
                    self.assertIn(
                        f"through the proxy 127.0.0.1:{self.proxy.port}",
                        self.agent.log)
                    for secret in ("s%40crt", "s@crt"):
                        self.assertNotIn(secret, self.agent.log)
                        with open(f"/proc/{self.agent.pid}/cmdline") as line:
                            self.assertNotIn(secret, line.read())

    def test_a_request_survives_the_proxy(self):
        for transport in ("grpc", "ws", "poll"):
            with self.subTest(transport):
                self.start(transport, flags=("-proxy", "{proxy}"))
                self.served()
                answers = []
                self.stack.origin.release.clear()
                waiting = threading.Thread(
                    target=lambda: answers.append(self.get("/gate")))
                waiting.start()
                wait_until(lambda: self.stack.origin.busy("/gate"),
                           "the request")
                asked = len(self.proxy.asked)
                self.proxy.cut()
                wait_until(lambda: len(self.proxy.asked) > asked, "a new way")
                self.stack.origin.release.set()
                waiting.join()
                self.assertEqual(answers[0].status, 200)
                self.assertEqual(len(self.stack.origin.seen("/gate")), 1)

    def test_what_a_proxy_says_is_told_and_it_is_asked_again(self):
        refused = b"HTTP/1.1 {}\r\nContent-Length: 2\r\n\r\nno"
        rows = {
            b"HTTP/1.1 403 Forbidden\r\n\r\n": "answered 403 Forbidden",
            refused.replace(b"{}", b"502 Bad Gateway"):
                "answered 502 Bad Gateway",
            b"HTTP/1.1 503 \x1b[31mred\r\n\r\n": r"answered 503 \x1b[31mred",
            b"HTTP/1.1\r\n\r\n": "answered without a status",
            b"SSH-2.0-OpenSSH_9.2\r\n": "speaks no HTTP/1.1",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000:
                "has no end of its answer",
            b"HTTP/1.1 200 OK\r\nX": "End of file",
            b"": "End of file",
        }
        self.start(flags=("-proxy", "{proxy}"))
        self.served()
        for answer, told in rows.items():
            with self.subTest(told):
                self.proxy.answer = answer
                self.proxy.cut()
                self.until_log(f"the proxy 127.0.0.1:{self.proxy.port}")
                self.until_log(told)
                self.proxy.answer = b"HTTP/1.1 100 Continue\r\n\r\n" + OPEN
                self.served()
        self.assertNotIn("\x1b", self.agent.log)

    def test_a_login_is_needed_and_told_as_such(self):
        self.start(flags=("-proxy", "{proxy}"))
        self.served()
        self.proxy.login = "alice:secret"
        self.proxy.cut()
        self.until_log("answered 407 Proxy Authentication Required: it asks "
                       "for a user and a password")
        # An account may be locked by more.
        asked = len(self.proxy.asked)
        time.sleep(3)
        self.assertLessEqual(len(self.proxy.asked), asked + 2)

    def test_a_silent_proxy_holds_nothing_for_ever(self):
        self.start(flags=("-proxy", "{proxy}"))
        self.served()
        self.proxy.answer = None
        self.proxy.cut()
        self.until_log(f"the proxy 127.0.0.1:{self.proxy.port} timed out", 40)
        self.proxy.answer = OPEN
        self.served()

    def test_no_proxy_is_there(self):
        self.start(flags=("-proxy", "http://127.0.0.1:1"))
        self.until_log(f"cannot connect to {self.node}: the proxy "
                       "127.0.0.1:1: Connection refused")

    def test_the_environment_names_it(self):
        for name in ("HTTPS_PROXY", "https_proxy"):
            with self.subTest(name):
                self.start(env={name: "{proxy}"})
                self.served()
        with self.subTest("NO_PROXY"):
            self.start(env={"HTTPS_PROXY": "{proxy}", "NO_PROXY": NAME})
            self.until_log(f"cannot connect to {self.node}")
            self.assertEqual(self.proxy.asked, [])
        with self.subTest("none"):
            self.start(env={"HTTPS_PROXY": "{proxy}"}, flags=("-proxy", "none"))
            self.until_log(f"cannot connect to {self.node}")
            self.assertEqual(self.proxy.asked, [])
        with self.subTest("of another kind, and none of our business"):
            self.start(env={"HTTPS_PROXY": "socks5://127.0.0.1:1",
                            "NO_PROXY": f"a.test {NAME}"})
            self.until_log(f"cannot connect to {self.node}")
        with self.subTest("a flag wins, also for what NO_PROXY lists"):
            self.start(env={"HTTPS_PROXY": "http://127.0.0.1:1",
                            "NO_PROXY": "*"}, flags=("-proxy", "{proxy}"))
            self.served()
        with self.subTest("loopback is never behind it"):
            self.start(env={"HTTPS_PROXY": "{proxy}"},
                       flags=("-proxy", "{proxy}"))
            self.served()
            near = self.stack.start_agent(
                endpoint="near", env={
                    "HTTPS_PROXY": f"http://127.0.0.1:{self.proxy.port}"})
            wait_until(lambda: "Connected" in near.log, "the other agent")
            # The first one may go on asking.
            self.assertEqual(
                {lines[0] for lines in self.proxy.asked},
                {f"CONNECT {self.node} HTTP/1.1"})

    @unittest.skipUnless(TINYPROXY, MISSING)
    def test_tinyproxy(self):
        for login in (None, "alice:secret"):
            for transport in ("grpc", "ws", "poll"):
                with self.subTest(transport, login=login):
                    self.stack = self.build(transport, agent=False)
                    node = self.stack.node.agent_port
                    port = tinyproxy(self, [node], login)
                    given = f"http://{login + '@' if login else ''}" \
                            f"127.0.0.1:{port}"
                    self.agent = self.stack.start_agent(
                        flags=("-proxy", given))
                    self.served()
                    self.assertIn(f"through the proxy 127.0.0.1:{port}",
                                  self.agent.log)
        with self.subTest("the wrong login"):
            self.stack.start_agent(
                endpoint="wrong",
                flags=("-proxy", f"http://bob:guess@127.0.0.1:{port}"))
            self.agent = self.stack.agent
            self.until_log(f"the proxy 127.0.0.1:{port} answered 4")


if __name__ == "__main__":
    main()
