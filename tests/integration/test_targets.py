"""Targets that misbehave: each costs its own request and nothing else."""

import pathlib
import re
import threading

from harness import Stack, main, per_transport, wait_until
from origin import Origin
from wire import Visitor, ask

# Limits short enough to be waited for, towards a busy machine.
FLAGS = ("-target-timeout", "1", "-target-min-rate", "1000")
LIMITS = {"read_timeout": 1, "send_timeout": 1, "min_rate": 1000}


def resident(program):
    """Resident memory in bytes."""
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


@per_transport("grpc", "ws", "poll")
class Targets:
    @classmethod
    def setUpClass(cls):
        origin = Origin()
        direct = {"from": "http://direct.test", "to": origin.url}
        tunnelled = {"from": "http://example.com", "to": origin.url,
                     "via": {"tunnels": ["tunnel1"]}}
        cls.stack = Stack(cls.transport, {
            "targets": LIMITS, "mappings": [tunnelled, direct]},
            origin=origin, agent_flags=FLAGS)

    def setUp(self):
        super().setUp()
        self.before = self.stack.node.connection_names()

    def tearDown(self):
        # Whatever a target did, agents and others did not notice; their pools
        # may have grown.
        self.assertLessEqual(self.before, self.stack.node.connection_names())
        self.assertEqual(ask(self.port).body, b"hello from the origin\n")
        super().tearDown()

    def both_ways(self):
        """Through the tunnel, and from the node itself."""
        for host in ("example.com", "direct.test"):
            with self.subTest(host=host):
                yield host

    def cut(self, path, host):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", path, host=host)
            head = visitor.read_final_head()
            self.assertEqual(head.status, 200)
            with self.assertRaises(ConnectionError):
                for _ in visitor.body(head):
                    pass
        wait_until(lambda: not self.origin.busy(path), "the target's release")

    def test_a_stalled_answer_ends(self):
        for host in self.both_ways():
            self.cut("/stall/100000", host)

    def test_an_answer_in_drops_ends(self):
        for host in self.both_ways():
            self.cut("/drip", host)

    def test_a_target_that_takes_no_body_ends_its_request(self):
        for host in self.both_ways():
            size = 64 * 1024 * 1024
            with Visitor(self.port) as visitor:
                visitor.send_head("POST", "/ignore",
                                  [("Content-Length", str(size))], host)
                sender = Sender(visitor, size)
                answer = visitor.read_final_head()
                self.assertEqual((answer.status, answer.outcome),
                                 (504, "origin-timeout"))
                visitor.close()
                sender.join()

    def test_a_silent_event_stream_stays(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/events")
            visitor.read_final_head()
            # Others run into the limit meanwhile, twice.
            for _ in range(2):
                self.cut("/stall/1000", "example.com")
            self.origin.events.put(b"data: late\n\n")
            self.origin.events.put(None)
            self.assertEqual(visitor.file.readline(), b"c\r\n")
            self.assertEqual(visitor.file.read(12), b"data: late\n\n")

    def test_interim_answers_without_end_are_stopped(self):
        for path in ("/flood/10", "/flood/60000"):
            for host in self.both_ways():
                programs = [self.stack.node, self.stack.agent]
                before = [resident(program) for program in programs]
                with Visitor(self.port) as visitor:
                    visitor.send_head("GET", path, host=host)
                    answer = visitor.read_final_head()
                self.assertEqual((answer.status, answer.outcome),
                                 (502, "origin-protocol"))
                self.assertLessEqual(len(answer.interim), 32)
                for program, old in zip(programs, before):
                    self.assertLess(resident(program) - old, 32 << 20)

    def test_what_is_left_behind_fails_nobody(self):
        for path in ("/behind/0", "/behind/30"):
            for method in ("GET", "HEAD"):
                for host in self.both_ways():
                    ask(self.port, path, method, host=host)
                    for _ in range(3):
                        self.assertEqual(ask(self.port, host=host).status, 200)

    def test_a_request_on_a_fresh_connection_is_executed_once(self):
        for method in ("GET", "POST", "PUT", "DELETE"):
            for host in self.both_ways():
                self.origin.close_connections()
                name = f"{method}-{host}-{self.transport}"
                answer = ask(self.port, "/close", method, host=host,
                             headers=[("X-Request-Id", name)])
                self.assertEqual(answer.outcome, "origin-closed")
                self.assertEqual(self.executions(name), 1)

    def executions(self, name):
        return sum(name in request.all("X-Request-Id")
                   for request in self.origin.seen("/close"))

    def test_an_answer_of_old_software_arrives(self):
        for host in self.both_ways():
            answer = ask(self.port, "/odd", host=host)
            self.assertEqual((answer.status, answer.body), (200, b"odd"))
            self.assertEqual(answer.header("X-Odd"), "1 2")

    def test_a_wide_head_passes_or_costs_its_own_request(self):
        for size in (100000, 250000, 300000, 3000000):
            for host in self.both_ways():
                answer = ask(self.port, f"/wide/{size}", host=host)
                if size > 256 * 1024:
                    self.assertEqual(answer.outcome, "origin-protocol")
                else:
                    self.assertEqual(answer.status, 200)

    def test_an_authenticated_connection_is_not_shared(self):
        for host in self.both_ways():
            with Visitor(self.port) as first, Visitor(self.port) as second:
                mine = first.get("/ntlm", host=host).body
                other = second.get("/connection", host=host).body
                self.assertNotEqual(mine, other)


class Sender:
    """Sends a body for as long as somebody takes it."""

    def __init__(self, visitor, size):
        self.thread = threading.Thread(target=self._send, daemon=True,
                                       args=(visitor, size))
        self.thread.start()

    def _send(self, visitor, size):
        try:
            for _ in range(size // 65536):
                visitor.send(bytes(65536))
        except OSError:
            pass

    def join(self):
        self.thread.join()


if __name__ == "__main__":
    main()
