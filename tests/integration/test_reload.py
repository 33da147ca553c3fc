#!/usr/bin/env python3
"""Mappings of a changed file, by SIGHUP: all of them or none, while requests and
streams go on. APS_FULL=1: 50,000 of them."""

import json
import signal
import socket
import threading
import time

from harness import FULL, Agent, BIN, Case, apsctl, main, wait_until
from lab.processes import free_port, listening
from origin import Origin
from stream_peers import Target, echo
from wire import Visitor, ask

BEHIND = {"tunnels": "tunnel1"}
PUBLISHER = {"name": "team", "password": "of the team",
             "publish": {"hosts": ["*.apps.test"], "tcp_ports": "1-65535"}}


class Reload(Case):
    def setUp(self):
        super().setUp()
        self.here = self.build("ws", config={
            "tunnels": {"tunnel1": {"credentials": [PUBLISHER]}}})
        self.target = self.here.origin.url

    def tearDown(self):
        self.here.origin.release.set()
        super().tearDown()

    def rule(self, source, path="", **more):
        return {"from": source, "to": self.target + path, "via": BEHIND,
                **more}

    def told(self):
        return self.here.node.stats()["events"]["counts"].get(
            "config-reloaded", 0)

    def reload(self, *mappings, **more):
        """These mappings from now on; returns what the node says of it."""
        before = self.told()
        config = {**self.here.config, "mappings": list(mappings), **more}
        self.here.node.config_file.write_text(json.dumps(config))
        self.here.node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.told() > before, "the reload")
        wait_until(lambda: self.here.node.log.count("Configuration reloaded")
                   == self.told(), "the line")
        return [line for line in self.here.node.log.splitlines()
                if "Configuration reloaded" in line][-1]

    def get(self, host, path="/echo", **options):
        return ask(self.here.port, path, host=host, **options)

    def explained(self, url):
        status, body = self.here.node.get("/.api/explain?url=" + url)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def ctl(self, *words, code=0):
        return apsctl(self.here.node, *words, code=code)

    def publish(self, *flags):
        agent = Agent(BIN, self.here.folder, self.here.node.port, "ws",
                      f"agent-{time.monotonic_ns()}", endpoint="publisher",
                      password=PUBLISHER["password"], flags=flags)
        agent.start()
        self.addCleanup(agent.stop)
        return agent

    # -- requests -------------------------------------------------------------

    def test_mappings_come_change_and_go(self):
        line = self.reload(self.rule("http://one.test", "/echo"),
                           self.rule("http://two.test", "/hop"))
        self.assertIn("in use: mappings", line)
        self.assertNotIn("restart", line)
        self.assertEqual(self.get("one.test", "/").status, 200)
        self.assertEqual(self.get("two.test", "/").body, b"hop\n")
        self.assertEqual(self.get("example.com").status, 404)
        self.assertIn("two.test", self.ctl("mappings"))
        line = self.reload(self.rule("http://two.test", "/echo"),
                           {"from": "http://away.test",
                            "to": {"redirect": "http://two.test"}})
        self.assertEqual(self.get("one.test", "/").status, 404)
        self.assertNotEqual(self.get("two.test", "/").body, b"hop\n")
        self.assertEqual(self.get("away.test", "/").status, 302)
        self.assertEqual(
            self.explained("http://two.test/")["mapping"]["index"], 0)
        self.assertNotIn("one.test", self.ctl("mappings"))
        self.assertIn("as running", self.ctl(
            "config", "diff", str(self.here.node.config_file)))

    def test_requests_end_under_the_mapping_they_began_with(self):
        self.reload(self.rule("http://one.test"))
        with Visitor(self.here.port) as visitor:
            visitor.send_head("GET", "/gate", host="one.test")
            wait_until(lambda: self.here.origin.seen("/gate"), "the target")
            self.reload(self.rule("http://two.test"))
            self.here.origin.release.set()
            answer = visitor.read()
            self.assertEqual((answer.status, answer.body),
                             (200, b"through the gate\n"))
            # The same connection goes by the new ones.
            visitor.send_head("GET", "/echo", host="one.test")
            self.assertEqual(visitor.read().status, 404)
        self.assertEqual(self.get("two.test").status, 200)

    def test_rules_stay_with_their_mapping_while_it_moves(self):
        closed = self.rule("http://closed.test", deny=["127.0.0.0/8"])
        open_ = self.rule("http://open.test")
        for mappings in ([closed, open_], [open_, closed],
                         [self.rule("http://new.test"), closed, open_]):
            self.reload(*mappings)
            for _ in range(3):
                self.assertEqual(self.get("closed.test").status, 403)
                self.assertEqual(self.get("open.test").status, 200)

    def test_a_tunnel_that_is_not_there_keeps_all_as_it_was(self):
        self.reload(self.rule("http://one.test"))
        tunnels = {**self.here.config["tunnels"], "late": {"password": "p"}}
        line = self.reload(self.rule("http://two.test"),
                           {"from": "http://late.test", "to": self.target,
                            "via": {"tunnels": "late"}}, tunnels=tunnels)
        self.assertIn("all mappings stay as they were: mappings[1] goes "
                      "through tunnel late, which takes a restart", line)
        self.assertIn("these take a restart: tunnels.late", line)
        self.assertEqual(self.get("one.test").status, 200)
        self.assertEqual(self.get("two.test").status, 404)
        self.assertFalse(self.here.node.stats()["node"]["config_stale"])

    def test_checks_follow_their_mapping(self):
        check = {"path": "/status/500", "interval": 0.1, "fall": 1,
                 "expect": "2xx"}
        sick = self.rule("http://sick.test", health=check)

        def failing():
            one = self.here.node.stats()["tunnels"]["tunnel1"]["endpoints"]
            return [each["mapping"] for of in one for each in of["unhealthy"]]

        self.reload(sick)
        wait_until(lambda: failing() == [0], "the check")
        checks = len(self.here.origin.seen("/status/500"))
        self.reload(self.rule("http://other.test"), sick)
        self.assertEqual(failing(), [1])
        wait_until(lambda: len(self.here.origin.seen("/status/500")) > checks,
                   "another check")
        self.reload(self.rule("http://other.test"))
        wait_until(lambda: failing() == [], "no check")

    # -- streams --------------------------------------------------------------

    def stream(self, port, **more):
        return {"from": f"tcp://127.0.0.1:{port}",
                "to": f"tcp://127.0.0.1:{self.echoes.port}", "via": BEHIND,
                **more}

    def exchange(self, visitor, word):
        visitor.sendall(word)
        self.assertEqual(visitor.recv(len(word), socket.MSG_WAITALL), word)

    def test_ports_open_and_close_and_streams_go_on(self):
        self.echoes = Target(echo)
        self.addCleanup(self.echoes.close)
        one, two = free_port(), free_port()
        self.reload(self.stream(one))
        with socket.create_connection(("127.0.0.1", one)) as visitor:
            self.exchange(visitor, b"before")
            self.reload(self.stream(two), self.stream(one))
            self.exchange(visitor, b"between")
            with socket.create_connection(("127.0.0.1", two)) as other:
                self.exchange(other, b"new")
            self.reload(self.stream(two))
            wait_until(lambda: not listening(one), "the port to be closed")
            self.exchange(visitor, b"after")
            self.reload(self.rule("http://one.test"))
            self.exchange(visitor, b"still there")
            wait_until(lambda: not listening(two), "the other one, too")

    def test_a_port_that_is_taken_keeps_all_as_it_was(self):
        self.echoes = Target(echo)
        self.addCleanup(self.echoes.close)
        one = free_port()
        self.reload(self.rule("http://one.test"))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            line = self.reload(self.rule("http://two.test"), self.stream(one),
                               self.stream(taken.getsockname()[1]))
        self.assertIn("all mappings stay as they were: $.mappings[2].from",
                      line)
        self.assertIn("The mappings are not used", self.here.node.log)
        self.assertEqual(self.get("one.test").status, 200)
        self.assertEqual(self.get("two.test").status, 404)
        self.assertFalse(listening(one))
        self.assertTrue(self.here.node.stats()["node"]["config_stale"])
        self.reload(self.rule("http://two.test"))
        self.assertFalse(self.here.node.stats()["node"]["config_stale"])
        self.assertEqual(self.get("two.test").status, 200)

    # -- what agents publish --------------------------------------------------

    def test_mappings_take_names_from_agents_and_give_them_back(self):
        agent = self.publish("-publish", str(self.here.origin.port), "-as",
                             "app.apps.test")
        wait_until(lambda: self.get("app.apps.test").status == 200, "the name")
        own = {"from": "http://app.apps.test",
               "to": {"status": 418, "body": "ours"}}
        self.reload(self.rule("http://one.test"))
        self.assertEqual(self.get("app.apps.test").status, 200)
        self.reload(own)
        self.assertEqual(self.get("app.apps.test").status, 418)
        wait_until(lambda: "is answered by the node's own mappings[0]"
                   in agent.log, f"the agent to know:\n{agent.log}")
        self.assertNotIn("publisher", self.ctl("mappings"))
        self.reload(self.rule("http://one.test"))
        wait_until(lambda: self.get("app.apps.test").status == 200,
                   "the name again", 60)

    def test_a_mapping_takes_a_port_from_an_agent(self):
        self.echoes = Target(echo)
        self.addCleanup(self.echoes.close)
        port = free_port()
        agent = self.publish("-publish",
                             f"tcp://127.0.0.1:{self.echoes.port}",
                             "-as", f":{port}")
        wait_until(lambda: listening(port), f"the port:\n{agent.log}")
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            self.exchange(visitor, b"published")
            # One port of the file is taken, so the agent's is as it was.
            with socket.create_server(("127.0.0.1", 0)) as taken:
                self.reload(self.stream(port),
                            self.stream(taken.getsockname()[1]))
            with socket.create_connection(("127.0.0.1", port)) as other:
                self.exchange(other, b"still published")
            self.reload(self.stream(port))
            with socket.create_connection(("127.0.0.1", port)) as other:
                self.exchange(other, b"ours")
            self.exchange(visitor, b"goes on")
        wait_until(lambda: "is answered by the node's own mappings[0]"
                   in agent.log, f"the agent to know:\n{agent.log}")

    # -- many -----------------------------------------------------------------

    def many(self, count, mark):
        out = []
        for i in range(count):
            kind = i % 50
            host = f"*.w{i}.test" if kind < 10 else f"h{i}.test"
            rule = {"from": f"http://{host}", "to": {
                "status": 200, "body": f"{mark} {i}"}}
            if kind == 10:
                rule["match"] = {"path_regex": f"/p{i}/([0-9]+)/.*"}
            out.append(rule)
        return out

    def test_many_mappings_are_applied_while_requests_go_on(self):
        count = 50_000 if FULL else 5_000
        self.here.node.stop()
        self.here.config = {**self.here.config,
                            "mappings": self.many(count, "one")}
        began = time.monotonic()
        self.here.start_node()
        started = time.monotonic() - began
        last = f"h{count - 1}.test"
        self.assertEqual(self.get(last, "/").body,
                         f"one {count - 1}".encode())
        over = threading.Event()
        answers, slowest = set(), [0.0]

        def visit():
            with Visitor(self.here.port) as visitor:
                while not over.is_set():
                    at = time.monotonic()
                    visitor.send_head("GET", "/", host=last)
                    answers.add(visitor.read().body)
                    slowest[0] = max(slowest[0], time.monotonic() - at)

        threads = [threading.Thread(target=visit) for _ in range(4)]
        for each in threads:
            each.start()
        began = time.monotonic()
        self.reload(*self.many(count, "two"))
        applied = time.monotonic() - began
        self.assertEqual(self.get(last, "/").body,
                         f"two {count - 1}".encode())
        self.assertEqual(self.get("a.w0.test", "/").body, b"two 0")
        self.assertEqual(self.get("h10.test", "/p10/7/x").body, b"two 10")
        over.set()
        for each in threads:
            each.join()
        # Nobody met anything but the one or the other.
        self.assertLessEqual(answers, {f"one {count - 1}".encode(),
                                       f"two {count - 1}".encode()})
        print(f"\n{count} mappings: start {started:.2f} s, SIGHUP to the end "
              f"{applied:.2f} s, slowest request meanwhile "
              f"{slowest[0] * 1000:.0f} ms")


if __name__ == "__main__":
    main()
