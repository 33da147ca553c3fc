"""Raw TCP through the tunnel, over each transport and directly: bytes, ends,
aborts, limits, and the death of connections under a stream."""

import hashlib
import json
import random
import socket
import subprocess
import threading
import time

from harness import (BIN, TIME_SCALE, Case, free_port, main, merged,
                     per_transport, record_of, scratch, wait_until,
                     write_config)
from lab.processes import Program
from soak import PATIENT
from stream_peers import (Target, connect, echo, read_all, read_exactly,
                          reset)


def stream_config(port, target, **changes):
    """One raw mapping beside the usual one."""
    via = {} if changes.pop("direct", False) else {"via": {
        "tunnels": ["tunnel1"]}}
    to = target if isinstance(target, str) else (
        f"tcp://127.0.0.1:{target.port}")
    rule = {"from": f"tcp://127.0.0.1:{port}", "to": to, **via, **changes}
    return {"mappings": [rule], "log": {"requests": True}}


class StreamCase(Case):
    @classmethod
    def setUpClass(cls):
        pass

    def target(self, serve, **options):
        made = Target(serve, **options)
        self.addCleanup(made.close)
        return made

    def through(self, target, transport="grpc", config=None, proxy=False,
                agent_flags=(), **rule):
        """A stack with one raw mapping; its port is `stack.raw`."""
        raw = free_port()
        direct = rule.get("direct", False)
        stack = self.build(
            transport, agent=not direct, proxy=proxy, agent_flags=agent_flags,
            config=merged(stream_config(raw, target, **rule), config))
        stack.raw = raw
        return stack

    def record(self, stack, **wanted):
        return record_of(stack.node, method="TCP", **wanted)

    def assert_aborted(self, connection):
        """A connection, or who connects to this port, which may hear of it
        while it does."""
        with self.assertRaises(ConnectionResetError):
            if isinstance(connection, int):
                connection = connect(connection)
            with connection:
                read_all(connection)


@per_transport("grpc", "ws", "poll")
class Streams:
    """The same over each transport."""

    @classmethod
    def setUpClass(cls):
        pass

    target = StreamCase.target
    through = StreamCase.through
    record = StreamCase.record
    assert_aborted = StreamCase.assert_aborted

    def test_bytes_and_both_ends_pass(self):
        target = self.target(echo)
        stack = self.through(target, self.transport)
        sent = random.Random(7).randbytes(3_000_000)
        with connect(stack.raw) as visitor:
            threading.Thread(target=lambda: (
                visitor.sendall(sent),
                visitor.shutdown(socket.SHUT_WR)), daemon=True).start()
            self.assertEqual(hashlib.sha256(read_all(visitor)).digest(),
                             hashlib.sha256(sent).digest())
        self.assertEqual(target.seen, ["end"])
        told = self.record(stack, outcome="ok")
        self.assertEqual((told["bytes_up"], told["bytes_down"]),
                         (len(sent), len(sent)))

    def test_the_target_speaks_first_and_ends_first(self):
        def serve(connection, target):
            connection.sendall(b"220 hello\r\n")
            connection.shutdown(socket.SHUT_WR)
            target.seen.append(read_all(connection))
        target = self.target(serve)
        stack = self.through(target, self.transport)
        with connect(stack.raw) as visitor:
            self.assertEqual(read_all(visitor), b"220 hello\r\n")
            for number in range(20):
                visitor.sendall(b"%d\n" % number)
                time.sleep(0.01)
        wait_until(lambda: target.seen, "the rest")
        self.assertEqual(target.seen, [b"".join(
            b"%d\n" % number for number in range(20))])

    def test_aborts_pass_in_both_directions(self):
        gone = threading.Event()

        def serve(connection, target):
            connection.sendall(b"x")
            try:
                word = connection.recv(10)
            except ConnectionResetError:
                return gone.set()
            target.seen.append(word)
            reset(connection)
        target = self.target(serve)
        stack = self.through(target, self.transport)
        visitor = connect(stack.raw)
        self.assertEqual(visitor.recv(1), b"x")
        reset(visitor)
        self.assertTrue(gone.wait(15))
        self.record(stack, outcome="visitor-gone")
        visitor = connect(stack.raw)
        self.assertEqual(visitor.recv(1), b"x")
        visitor.sendall(b"abort")
        self.assert_aborted(visitor)
        self.record(stack, outcome="origin-closed")

    def test_a_target_that_is_not_there_is_told(self):
        stack = self.through(f"tcp://127.0.0.1:{free_port()}", self.transport)
        self.assert_aborted(stack.raw)
        told = self.record(stack, outcome="origin-refused")
        self.assertIn("refused", told["detail"])

    def test_it_survives_cuts_byte_for_byte(self):
        target = self.target(echo)
        stack = self.through(target, self.transport, proxy=True, config={
            "tunnels": {"tunnel1": PATIENT}})
        seed = random.randrange(1 << 30)
        data = random.Random(seed)
        visitor = connect(stack.raw, timeout=60 * TIME_SCALE)
        for turn in range(30):
            piece = data.randbytes(data.randrange(1, 200_000))
            sender = threading.Thread(target=visitor.sendall, args=(piece,))
            sender.start()
            if turn % 3 == 0:
                stack.proxy.reset()
            self.assertEqual(read_exactly(visitor, len(piece)), piece,
                             f"seed {seed}")
            sender.join()
        visitor.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(visitor), b"")
        self.assertEqual(target.count, 1)
        told = self.record(stack, outcome="ok")
        if self.transport != "poll": # whose requests are repeated below that
            self.assertGreater(told["moves"], 0)
        visitor.close()


class Rules(StreamCase):
    def test_directly_from_the_node(self):
        stack = self.through(self.target(echo), direct=True)
        with connect(stack.raw) as visitor:
            visitor.sendall(b"hello")
            visitor.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(visitor), b"hello")
        self.record(stack, outcome="ok")

    def test_whoever_is_denied_is_cut_at_once(self):
        target = self.target(echo)
        stack = self.through(target, deny=["127.0.0.0/8"])
        self.assert_aborted(stack.raw)
        self.record(stack, outcome="forbidden")
        self.assertEqual(target.count, 0)

    def test_an_agent_asks_no_target_that_it_may_not(self):
        target = self.target(echo)
        stack = self.through(target, agent_flags=(
            "-allow-target", "127.0.0.1:1"))
        self.assert_aborted(stack.raw)
        self.record(stack, outcome="target-forbidden")
        self.assertEqual(target.count, 0)

    def test_the_target_hears_whose_connection_it_is(self):
        def serve(connection, target):
            target.seen.append(connection.recv(1000))
        target = self.target(serve)
        stack = self.through(target, proxy_protocol="v1")
        with connect(stack.raw) as visitor:
            port = visitor.getsockname()[1]
            wait_until(lambda: target.seen, "the header")
        self.assertEqual(target.seen[0], (
            f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {stack.raw}\r\n").encode())

    def test_a_proxy_says_whose_connection_it_is(self):
        target = self.target(echo)
        stack = self.through(target, accept_proxy=True, deny=["10.9.8.7"],
                             config={"trusted_proxies": ["127.0.0.1"]})
        with connect(stack.raw) as visitor:
            visitor.sendall(b"PROXY TCP4 10.1.1.1 10.2.2.2 5 6\r\nhello")
            self.assertEqual(read_exactly(visitor, 5), b"hello")
        self.record(stack, visitor="10.1.1.1")
        with connect(stack.raw) as visitor:
            visitor.sendall(b"PROXY TCP4 10.9.8.7 10.2.2.2 5 6\r\nhello")
            self.assert_aborted(visitor)

    def test_an_idle_stream_is_cut(self):
        cut = threading.Event()

        def serve(connection, target):
            try:
                connection.recv(1)
            except ConnectionResetError:
                cut.set()
        stack = self.through(self.target(serve), idle_timeout=1 * TIME_SCALE)
        self.assert_aborted(stack.raw)
        self.record(stack, outcome="idle-timeout")
        self.assertTrue(cut.wait(15))

    def test_a_visitor_that_takes_nothing_is_cut(self):
        def serve(connection, target):
            while True:
                connection.sendall(b"x" * 65536)
        target = self.target(serve)
        stack = self.through(target, config={
            "streams": {"write_timeout": 1 * TIME_SCALE}})
        with connect(stack.raw):
            self.record(stack, outcome="visitor-stalled")
        wait_until(lambda: target.seen, "its end at the target")

    def test_many_that_say_nothing_leave_room_for_others(self):
        target = self.target(echo)
        stack = self.through(target, config={"limits": {
            "max_connections": 100, "max_connections_per_address": 100,
            "max_unauthenticated": 20, "max_unauthenticated_per_address": 20}})
        silent = [connect(stack.raw) for _ in range(60)]
        time.sleep(0.5)
        with connect(stack.raw) as visitor:
            visitor.sendall(b"hello")
            self.assertEqual(read_exactly(visitor, 5), b"hello")
        for one in silent:
            one.close()

    def test_a_stream_that_leads_back_is_cut(self):
        raw = free_port()
        stack = self.build("grpc", config=stream_config(
            raw, f"tcp://127.0.0.1:{raw}"))
        for text in (b"", b"hello") * 3:
            with self.assertRaises(ConnectionError), connect(raw) as visitor:
                visitor.sendall(text)
                read_all(visitor)
        wait_until(lambda: not json.loads(stack.node.get(
            "/.api/exchanges")[1])["live"], "all laps to end")
        record_of(stack.node, method="TCP", outcome="loop-detected")

    def test_no_agent_is_told(self):
        raw = free_port()
        stack = self.build("grpc", agent=False, config=merged(
            stream_config(raw, "tcp://127.0.0.1:1"),
            {"tunnels": {"tunnel1": {"reconnect_grace": 0}}}))
        stack.raw = raw
        self.assert_aborted(raw)
        self.record(stack, outcome="no-endpoint")

    def test_a_unix_socket_is_a_target(self):
        path = str(scratch(self) / "s")
        target = self.target(echo, path=path)
        stack = self.through(f"unix:{path}", agent_flags=(
            "-allow-target", f"unix:{path}"))
        with connect(stack.raw) as visitor:
            visitor.sendall(b"hello")
            visitor.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(visitor), b"hello")
        self.assertEqual(target.count, 1)

    def test_an_agent_takes_no_unix_socket_unless_told_so(self):
        path = str(scratch(self) / "s")
        target = self.target(echo, path=path)
        stack = self.through(f"unix:{path}")
        self.assert_aborted(stack.raw)
        self.record(stack, outcome="target-forbidden")
        self.assertIn("is a Unix socket", stack.agent.log)
        self.assertEqual(target.count, 0)

    def test_a_stop_waits_for_streams_as_long_as_for_requests(self):
        stack = self.through(self.target(echo))
        visitor = connect(stack.raw)
        visitor.sendall(b"hello")
        self.assertEqual(read_exactly(visitor, 5), b"hello")
        stopping = threading.Thread(target=stack.node.stop)
        stopping.start()
        wait_until(lambda: "shutting down" in stack.node.log.lower()
                   or "drain" in stack.node.log.lower(), "the stop to begin")
        visitor.sendall(b"again")
        self.assertEqual(read_exactly(visitor, 5), b"again")
        visitor.close()
        stopping.join(timeout=30)
        self.assertFalse(stopping.is_alive())


class AdminSocket(Case):
    @classmethod
    def setUpClass(cls):
        pass

    def test_apsctl_asks_at_a_unix_socket(self):
        folder = scratch(self)
        path = folder / "admin.sock"
        port = free_port()
        config = write_config(folder, {
            "servers": {"main": {"host": "127.0.0.1", "port": port}},
            "admin": {"host": f"unix:{path}"}})
        def start(name):
            node = Program(name, [BIN / "aps", "-config", config], folder)
            self.addCleanup(node.kill)
            node.start()
            wait_until(lambda: "ready" in node.log, "it")
            return node

        for name in ("first", "second"): # which finds what the first left
            node = start(name)
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            asked = subprocess.run(
                [BIN / "apsctl", "status", "-json", "-admin", f"unix:{path}"],
                capture_output=True, timeout=30)
            self.assertEqual(asked.returncode, 0, asked.stderr)
            node.kill()
        node = start("third")
        self.assertEqual(node.stop(), 0)
        self.assertFalse(path.exists())
        asked = subprocess.run(
            [BIN / "apsctl", "status", "-admin", f"unix:{path}"],
            capture_output=True, timeout=30)
        self.assertNotEqual(asked.returncode, 0)


class Configuration(Case):
    @classmethod
    def setUpClass(cls):
        pass

    def problems(self, mappings, **more):
        folder = scratch(self)
        path = write_config(folder, {
            "servers": {"main": 8080}, "tunnels": {
                "t": {"password": "p"},
                "asks": {"password": "p", "require": {"users": ["u"]}}},
            "auth": {"users": {"u": {"password": "p"}}},
            "mappings": mappings, **more})
        check = Program("check", [BIN / "aps", "-check", "-config", path],
                        folder)
        check.start()
        code = check.wait()
        return code, check.log

    def test_what_makes_no_sense_is_refused(self):
        for rule, words in [
                ({"to": "http://a"}, "because `from` is tcp://"),
                ({"from": "http://a"}, "because `from` is one"),
                ({"from": "tcp://:0"}, "a port outside"),
                ({"from": "tcp://example.com:1"}, "no IP address"),
                ({"from": "tcp://:1/x"}, "more than a host and a port"),
                ({"from": "tcp://"}, "no port"),
                ({"to": "tcp://x"}, "no port"),
                ({"to": "unix:relative"}, "no absolute path"),
                ({"hsts": 5}, "for requests, and not for streams"),
                ({"require": {"users": ["u"]}}, "use allow and deny"),
                ({"via": {"tunnels": "asks"}}, "asks visitors who they are"),
                ({"accept_proxy": True}, "trusted_proxies"),
                ({"from": "tcp://:8080"}, "taken by $.servers.main")]:
            with self.subTest(**rule):
                code, log = self.problems([
                    {"from": "tcp://:2222", "to": "tcp://localhost:22",
                     "via": {"tunnels": "t"}, **rule}])
                self.assertNotEqual(code, 0, log)
                self.assertIn(words, log)

    def test_two_for_one_port_are_refused(self):
        both = {"to": "tcp://localhost:22", "via": {"tunnels": "t"}}
        code, log = self.problems([{"from": "tcp://:2222", **both},
                                   {"from": "tcp://127.0.0.1:2222", **both}])
        self.assertNotEqual(code, 0)
        self.assertIn("taken by $.mappings[0].from", log)


if __name__ == "__main__":
    main()
