"""Programs of a former release beside those of this one, both ways: its node
with our agent, and our node with its agent, over each transport.

APS_FORMER names the folder of the former programs (`aps`, `aps-endpoint`);
without it there is nothing to run. `tools/test --former DIR` sets it."""

import hashlib
import json
import os
import pathlib
import unittest

import pattern
from harness import BIN, KINDS, Case, main, per_transport, wait_until
from soak import PATIENT
from wire import Request, Visitor, ask

FORMER = os.environ.get("APS_FORMER")
SIZE = 20_000_000


class Pairing:
    """What passes between one node and one agent."""

    node_programs = agent_programs = BIN

    @classmethod
    def setUpClass(cls):
        pass # has a stack of its own

    def setUp(self):
        super().setUp()
        if not FORMER:
            self.skipTest("APS_FORMER names no folder of former programs")
        self.both = self.build(
            self.transport, proxy=True,
            config={"tunnels": {"tunnel1": PATIENT}},
            node_programs=pathlib.Path(self.node_programs),
            agent_programs=pathlib.Path(self.agent_programs))

    def check_large_bodies(self):
        down = ask(self.both.port, f"/bytes/{SIZE}",
                   headers=[("X-Request-Id", "down")])
        self.assertEqual((down.status, down.sha256),
                         (200, pattern.sha256(SIZE)))
        up = ask(self.both.port, "/echo", "POST", [("X-Request-Id", "up")],
                 (pattern.blocks(SIZE), SIZE))
        self.assertEqual(json.loads(up.body)["sha256"], pattern.sha256(SIZE))

    def test_requests_and_large_bodies_pass(self):
        for number in range(50):
            answer = ask(self.both.port, "/bytes/100",
                         headers=[("X-Request-Id", f"small-{number}")])
            self.assertEqual((answer.status, answer.body),
                             (200, pattern.data(100)))
        self.assertEqual(ask(self.both.port, "/status/404").status, 404)
        self.assertEqual(ask(self.both.port, "/trailers").trailers,
                         [("X-Sum", "42")])
        self.check_large_bodies()
        self.assertEqual({name: count for name, count in
                          self.both.origin.executions.items() if count != 1},
                         {})

    def test_a_websocket_passes(self):
        with Visitor(self.both.port) as visitor:
            visitor.send_head("GET", "/switch", [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")])
            self.assertEqual(visitor.read_final_head().status, 101)
            sent = pattern.data(100_000)
            visitor.send(sent)
            self.assertEqual(hashlib.sha256(visitor.file.read(len(sent)))
                             .digest(), hashlib.sha256(sent).digest())

    def test_requests_survive_the_death_of_their_connections(self):
        origin, proxy = self.both.origin, self.both.proxy
        names = [f"moved-{number}" for number in range(20)]
        requests = [Request(self.both.port, "/gate",
                            headers=[("X-Request-Id", name)])
                    for name in names]
        wait_until(lambda: len(origin.seen("/gate")) == len(names), "all")
        for _ in range(3):
            proxy.reset(*KINDS[self.transport])
            self.both.wait_for_agent()
        origin.release.set()
        for request in requests:
            self.assertEqual(request.result().body, b"through the gate\n")
        self.assertEqual([origin.executed(name) for name in names],
                         [1] * len(names))


@per_transport("grpc", "ws", "poll", "mix")
class FormerNode(Pairing):
    node_programs = FORMER or BIN


@per_transport("grpc", "ws", "poll", "mix")
class FormerAgent(Pairing):
    agent_programs = FORMER or BIN


if __name__ == "__main__":
    if FORMER:
        main()
    else:
        print("APS_FORMER names no folder of former programs: nothing to run")
