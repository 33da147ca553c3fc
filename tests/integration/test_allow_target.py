"""Which targets an agent asks, whatever its node tells it (-allow-target)."""

import json
import pathlib
import subprocess
import urllib.request

from dns_server import DnsServer
from h2_origin import H2Origin
from harness import (BIN, Case, Stack, free_port, main, per_transport,
                     wait_until)
from origin import Origin
from wire import Visitor, ask

# Names as the test's resolver has them at first.
NAMES = {
    "home.test": ["127.0.0.1"],
    "www.home.test": ["127.0.0.1"],
    "second.test": ["127.0.0.2"],
    "meta.test": ["169.254.169.254"],
    "mixed.test": ["169.254.169.254", "127.0.0.1"],
    "translated.test": ["64:ff9b::a9fe:a9fe"],
    "mapped.test": ["::ffff:169.254.169.254"],
}

FORBIDDEN = (403, "target-forbidden")


def mapping(name, to, **more):
    """A mapping of its own host for each target."""
    return {"from": f"http://{name}.from.test", "to": to,
            "via": {"tunnels": ["tunnel1"]}, **more}


class World:
    """Mappings to many targets, and an agent that asks some of them."""

    def __init__(self, transport, targets, patterns, more=()):
        self.dns = DnsServer(addresses=dict(NAMES))
        flags = ["-dns", self.dns.address, "-threads", "1"]
        for pattern in patterns:
            flags += ["-allow-target", pattern]
        self.origin = Origin(host="0.0.0.0") # at all addresses of loopback
        self.targets = {name: to.replace("PORT", str(self.origin.port))
                        for name, to in targets.items()}
        self.patterns = patterns
        self.stack = Stack(
            transport, origin=self.origin, agent_flags=(
                *(each.replace("PORT", str(self.origin.port))
                  for each in flags),
                "-status", f"127.0.0.1:{free_port()}"),
            config={"mappings": [*(mapping(name, to) for name, to
                                   in self.targets.items()), *more]})

    def ask(self, name, path="/", **more):
        answer = ask(self.stack.port, path, host=f"{name}.from.test", **more)
        return answer.status, answer.outcome

    def close(self):
        self.dns.close()


def forbidden_count(agent):
    flags = agent.argv
    status = str(flags[flags.index("-status") + 1])
    with urllib.request.urlopen(f"http://{status}/metrics",
                                timeout=10) as answer:
        text = answer.read().decode()
    [line] = [line for line in text.splitlines()
              if line.startswith("aps_agent_targets_forbidden_total{")]
    return int(line.split()[1])


@per_transport("grpc", "ws", "poll")
class WithoutPatterns:
    """Everything is asked but guarded addresses."""

    TARGETS = {
        "name": "http://home.test:PORT",
        "address": "http://127.0.0.1:PORT",
        "none": "http://0.0.0.0:PORT",
        "mixed": "http://mixed.test:PORT",
        "link": "http://169.254.169.254",
        "meta": "http://meta.test",
        "tls": "https://meta.test",
        "h2c": "h2c://meta.test",
        "link6": "http://[fe80::1]",
        "aws6": "http://[fd00:ec2::254]",
        "mapped": "http://[::ffff:169.254.169.254]",
        "mapped-name": "http://mapped.test",
        "nat64": "http://[64:ff9b::a9fe:a9fe]",
        "nat64-name": "http://translated.test",
        "sixtofour": "http://[2002:a9fe:a9fe::1]",
        "ali": "http://100.100.100.200",
    }

    @classmethod
    def setUpClass(cls):
        cls.world = World(cls.transport, cls.TARGETS, ())
        cls.addClassCleanup(cls.world.close)
        cls.stack = cls.world.stack

    def test_what_is_not_guarded_is_asked(self):
        for name in ("name", "address", "none", "mixed"):
            with self.subTest(name):
                self.assertEqual(self.world.ask(name), (200, None))

    def test_what_is_guarded_answers_403(self):
        for name in self.TARGETS:
            if name in ("name", "address", "none", "mixed"):
                continue
            with self.subTest(name):
                self.assertEqual(self.world.ask(name), FORBIDDEN)

    def test_a_line_at_the_start_says_so(self):
        self.assertRegex(self.stack.agent.log,
                         r"\[warning\] \[AGENT\] No -allow-target: ")

    def test_refusals_are_written_and_counted(self):
        before = forbidden_count(self.stack.agent)
        for _ in range(30):
            self.assertEqual(self.world.ask("meta"), FORBIDDEN)
        self.assertEqual(forbidden_count(self.stack.agent), before + 30)
        said = self.stack.agent.log.count("Target refused: meta.test:80 is "
                                          "169.254.169.254, which is of the "
                                          "link")
        self.assertTrue(1 <= said <= 20, said)

    def test_what_a_name_stands_for_stays_with_the_agent(self):
        answer = ask(self.port, host="meta.from.test")
        self.assertEqual(answer.status, 403)
        self.assertIn(b"meta.test:80", answer.body)
        self.assertNotIn(b"169.254", answer.body)
        self.assertNotIn("169.254.169.254, which", self.stack.node.log)


@per_transport("grpc", "ws", "poll")
class WithPatterns:
    """Only what they hold for is asked."""

    PATTERNS = ("home.test:PORT", "*.home.test:PORT,127.0.0.2",
                "[2001:db8::/32]:443")
    TARGETS = {
        "name": "http://home.test:PORT",
        "dotted": "http://home.test.:PORT",
        "below": "http://www.home.test:PORT",
        "address": "http://127.0.0.2:PORT",
        "by-name": "http://second.test:PORT",
        "other-port": "http://home.test:1",
        "literal": "http://127.0.0.1:PORT",
        "none": "http://0.0.0.0:PORT",
        "none6": "http://[::]:PORT",
        "localhost": "http://localhost:PORT",
        "mapped": "http://[::ffff:127.0.0.1]:PORT",
        "mapped-in": "http://[::ffff:127.0.0.2]:PORT",
        "mixed": "http://mixed.test:PORT",
        "meta": "http://meta.test",
        "moving": "http://moving.test:PORT",
    }
    ASKED = ("name", "dotted", "below", "address", "by-name", "mapped-in")

    @classmethod
    def setUpClass(cls):
        cls.h2 = H2Origin()
        cls.addClassCleanup(cls.h2.close)
        cls.world = World(cls.transport, {
            **cls.TARGETS, "h2c": f"h2c://127.0.0.1:{cls.h2.port}"},
            cls.PATTERNS, [
                mapping("checked", "http://127.0.0.1:9",
                        health={"path": "/healthz", "interval": 0.1,
                                "fall": 1}),
                {"from": "http://elsewhere.test", "to": "http://127.0.0.1:9",
                 "via": {"tunnels": ["tunnel1"]}}])
        cls.addClassCleanup(cls.world.close)
        cls.stack = cls.world.stack

    def test_requests_get_what_the_table_says(self):
        for name in self.TARGETS:
            if name == "moving":
                continue
            expected = (200, None) if name in self.ASKED else FORBIDDEN
            with self.subTest(name):
                self.assertEqual(self.world.ask(name), expected)

    def test_upgrades_and_http_2_are_requests_like_others(self):
        self.assertEqual(self.world.ask("h2c"), FORBIDDEN)
        self.assertEqual(self.h2.connections, 0)
        switch = [("Connection", "upgrade"), ("Upgrade", "websocket"),
                  ("Sec-WebSocket-Version", "13"),
                  ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
        for name in ("literal", "h2c"):
            self.assertEqual(self.world.ask(name, "/websocket",
                                            headers=switch), FORBIDDEN)
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/websocket", switch,
                              host="name.from.test")
            self.assertEqual(visitor.read_head().status, 101)

    def test_bodies_do_not_reach_what_is_refused(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.assertEqual(self.world.ask("literal", method=method,
                                            body=b"x" * 100_000), FORBIDDEN)
        self.assertFalse([each for each in self.origin.requests
                          if each.method in ("PUT", "DELETE", "OPTIONS")])

    def test_a_name_that_moves_is_looked_at_anew(self):
        addresses = self.world.dns.addresses
        for found, expected in ((["127.0.0.2"], (200, None)),
                                (["127.0.0.1"], FORBIDDEN),
                                (["169.254.169.254"], FORBIDDEN),
                                (["169.254.169.254", "127.0.0.2"],
                                 (200, None)),
                                (["::ffff:127.0.0.1"], FORBIDDEN),
                                (["127.0.0.2"], (200, None))):
            addresses["moving.test"] = found
            with self.subTest(found):
                def moved():
                    # What was connected before stays what it was.
                    self.origin.close_connections()
                    return self.world.ask("moving") == expected
                wait_until(moved, f"{expected} of {found}")
                self.assertEqual(self.world.ask("moving"), expected)

    def test_redirects_go_to_the_visitor(self):
        before = len(self.origin.requests)
        answer = ask(self.port, "/redirect", host="name.from.test")
        self.assertEqual((answer.status, answer.header("Location")),
                         (302, "http://elsewhere.test/x?y=z"))
        answer = ask(self.port, "/x?y=z", host="elsewhere.test")
        self.assertEqual((answer.status, answer.outcome), FORBIDDEN)
        self.assertEqual(len(self.origin.requests), before + 1)

    def test_checks_of_targets_are_refused_too(self):
        def bad():
            _, body = self.stack.node.get("/metrics")
            return any(line.startswith(b"aps_health_checks_total{")
                       and b'result="bad"' in line
                       and float(line.split()[1]) >= 3
                       for line in body.splitlines())
        wait_until(bad, "checks to fail")
        self.assertIn("Target refused: 127.0.0.1:9 is none of -allow-target",
                      self.stack.agent.log)

    def test_there_is_no_line_about_a_default(self):
        self.assertNotIn("No -allow-target", self.stack.agent.log)


class Others(Case):
    """Numbers as names, who else asks targets, and how it is said."""

    def test_numbers_count_as_what_the_system_makes_of_them(self):
        # Those that a configuration takes for names: the system's resolver
        # knows them, and c-ares does not ask about them.
        numbers = {"word": "0x7f000001", "hex": "0x7f.0x0.0x0.0x1",
                   "octal": "0177.0.0.0x1", "short": "127.0x1"}
        meta = {"word": "0xa9fea9fe", "hex": "0xa9.0xfe.0xa9.0xfe",
                "octal": "0251.0376.0251.0xfe", "short": "169.254.0xa9fe"}
        for patterns, local in (((), (200, None)), (("127.0.0.1",), (200, None)),
                                (("10.0.0.0/8", "localhost"), FORBIDDEN)):
            origin = Origin()
            flags = [word for pattern in patterns
                     for word in ("-allow-target", pattern)]
            stack = self.build("ws", origin=origin, agent_flags=flags, config={
                "mappings": [
                    *(mapping(name, f"http://{number}:{origin.port}")
                      for name, number in numbers.items()),
                    *(mapping(f"meta-{name}", f"http://{number}")
                      for name, number in meta.items())]})
            for name in numbers:
                with self.subTest(name, patterns=patterns):
                    answer = ask(stack.port, host=f"{name}.from.test")
                    self.assertEqual((answer.status, answer.outcome), local)
            for name in meta:
                with self.subTest(name, patterns=patterns):
                    answer = ask(stack.port, host=f"meta-{name}.from.test")
                    self.assertEqual((answer.status, answer.outcome), FORBIDDEN)

    def test_the_file_has_the_key_and_mappings_without_tunnel_no_rule(self):
        origin = Origin()
        stack = self.build("ws", origin=origin, agent=False, config={
            "mappings": [mapping("in", origin.url),
                         {"from": "http://direct.test", "to": origin.url},
                         mapping("out", "http://127.0.0.2:9")]})
        file = pathlib.Path(stack.folder) / "agent.json"
        file.write_text(json.dumps({"allow_target": [
            f"127.0.0.1:{origin.port}"]}))
        stack.start_agent(flags=("-config", str(file)))
        stack.wait_for_agent()
        self.assertEqual(ask(stack.port, host="in.from.test").status, 200)
        self.assertEqual(ask(stack.port, host="out.from.test").status, 403)
        # The node asks what it is configured to.
        self.assertEqual(ask(stack.port, host="direct.test").status, 200)

    def test_ws_client_has_the_flag(self):
        stack = self.build("ws", agent=False)
        stack.start_agent(program="ws_client",
                          flags=("-allow-target", "localhost"))
        stack.wait_for_agent()
        answer = ask(stack.port)
        self.assertEqual((answer.status, answer.outcome), FORBIDDEN)

    def test_another_agent_may_ask(self):
        stack = self.build("ws", agent_flags=("-allow-target", "10.0.0.0/8"))
        stack.start_agent(flags=("-allow-target", "127.0.0.0/8"))
        def preferred():
            return all(ask(stack.port).status == 200 for _ in range(10))
        wait_until(preferred, "the agent that may")

    def test_what_is_no_pattern_ends_the_start(self):
        for pattern in ("10.0.0.1/8", "*.", "127.1", "a.test:0"):
            done = subprocess.run(
                [BIN / "aps-endpoint", "-server", "a", "-tunnel", "t", "-name",
                 "n", "-password", "p", "-check", "-allow-target", pattern],
                capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 2, pattern)
            self.assertIn(f'-allow-target "{pattern}" ', done.stderr)


if __name__ == "__main__":
    main()
