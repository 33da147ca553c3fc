"""Nobody holds more than a share: strangers at the door of operators, at
polling links and at gRPC, one busy address, the agents of one tunnel."""

import contextlib
import os
import resource
import threading
import time

from harness import main, wait_until
from test_limits import (PREFACE, SETTINGS, STRANGER, TOKEN, VISITOR,
                         LimitCase, ask_admin, connect, get, is_open, request)
from tunnel_peer import Peer, Refused

STRANGERS = [f"127.0.0.{i}" for i in range(20, 25)]
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
OPENING = (b"POST /.tunnel/poll HTTP/1.1\r\nHost: x\r\n"
           b"Aps-Protocol: aps.tunnel.v1\r\nContent-Length: 0\r\n\r\n")


def few(process, most):
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (most, most))


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def literal(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def grpc_call():
    """The start of an agent's call, which goes on to gRPC."""
    head = (b"\x83\x86" + literal(b":path", b"/aps.tunnel.v1.Tunnel/Connect")
            + literal(b":authority", b"x")
            + literal(b"content-type", b"application/grpc")
            + literal(b"te", b"trailers"))
    return (PREFACE + SETTINGS + bytes([0, 0, len(head), 1, 4, 0, 0, 0, 1])
            + head)


class Shares(LimitCase):
    def refusals(self, *kinds, stack=None):
        stats = (stack or self.stack).node.stats()["limits"]
        return sum(stats[kind] for kind in kinds)

    def served(self, stack, times=3, **options):
        for _ in range(times):
            self.assertEqual(get(stack.port, **options)[0], 200)

    def held(self, port, count, data, source=STRANGER):
        out = []
        for _ in range(count):
            with contextlib.suppress(OSError):
                out.append(self.hold(port, source, data))
        return out


class Operators(Shares):
    def guarded(self):
        stack, port = self.operate(token=TOKEN)
        few(stack.node, 256)
        self.come_in(stack)
        return stack, port

    def come_in(self, stack):
        """An agent; stats would ask without the token."""
        stack.start_agent(endpoint=f"app{len(stack.agents) + 1}")
        wait_until(lambda: get(stack.port)[0] == 200, "an agent")

    def test_those_without_the_token_leave_the_descriptors_to_others(self):
        stack, port = self.guarded()
        asking = []
        for _ in range(260):
            with contextlib.suppress(OSError):
                asking.append(self.hold(
                    port, data=request("/.api/stats", "127.0.0.1")))
                asking[-1].settimeout(5)
                asking[-1].recv(4096)
        # A quarter of what is beside the reserve: 56.
        wait_until(lambda: sum(map(is_open, asking)) <= 57, "a share")
        self.served(stack)
        self.assertEqual(ask_admin(port, "/.api/stats", VISITOR, RIGHT)[0],
                         200)
        stack.agents[0].stop()
        self.come_in(stack)

    def test_no_body_is_read_of_who_has_not_shown_the_token(self):
        stack, port = self.guarded()
        begun = (b"POST /.api/log HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 b"Content-Type: application/json\r\n"
                 b"Content-Length: 60000\r\n\r\n{")
        for _ in range(260):
            with contextlib.suppress(OSError):
                one = self.hold(port, data=begun)
                self.assertTrue(one.recv(12).endswith(b"401"))
        self.served(stack)
        self.assertEqual(ask_admin(port, "/.api/stats", VISITOR, RIGHT)[0],
                         200)


class Links(Shares):
    def test_a_flood_of_polling_links_keeps_no_agent_out(self):
        stack = self.build("ws", agent=False)
        over, opened = threading.Event(), []
        began = time.monotonic()

        def flood(source):
            with connect(stack.port, source) as one:
                file = one.makefile("rb")
                while not over.is_set():
                    one.sendall(OPENING * 20)
                    for _ in range(20):
                        status = file.readline().split()[1]
                        while file.readline() != b"\r\n":
                            pass
                        opened.append(status)
        threads = [threading.Thread(target=flood, args=(one,))
                   for one in STRANGERS]
        for one in threads:
            one.start()
        try:
            wait_until(lambda: opened.count(b"429") > 1000, "refusals")
            stack.start_agent(transport="poll", endpoint="polled")
            stack.node.wait_for_agent("poll")
            stack.start_agent(transport="grpc", endpoint="called")
            stack.node.wait_for_agent("grpc")
        finally:
            over.set()
            for one in threads:
                one.join()
        # Of each address 250 at once and 25 a second.
        took = time.monotonic() - began
        self.assertLessEqual(opened.count(b"201"),
                             len(STRANGERS) * (250 + 25 * (took + 1)))
        self.assertGreater(self.count(stack, "poll-links"), 1000)


class Calls(Shares):
    def test_calls_that_prove_nothing_leave_the_reserve(self):
        stack = self.build("ws")
        few(stack.node, 512)
        most = 0
        for i in range(400):
            with contextlib.suppress(OSError):
                self.hold(stack.port, STRANGERS[i % 5], grpc_call())
            most = max(most, descriptors(stack.node))
        self.served(stack)
        self.assertLess(most, 512 - 64)
        self.assertGreater(
            self.refusals("descriptors", "unauthenticated", stack=stack), 0)
        stack.start_agent(endpoint="late")
        stack.node.wait_for_agent("ws", 3)


    def test_calls_that_break_the_rules_unheard_end(self):
        # The node's challenge has no window, and what is wrong neither.
        stack = self.build("ws", config={"limits": {
            "max_unauthenticated": 20,
            "max_unauthenticated_per_address": 20}})
        before = descriptors(stack.node)
        no_window = b"\0\0\x06\4\0\0\0\0\0\0\4\0\0\0\0"
        compressed = b"\0\0\6\0\0\0\0\0\1" + b"\1\0\0\0\1x"
        call = grpc_call().replace(SETTINGS, no_window, 1)
        held = self.held(stack.port, 60, call + compressed)
        wait_until(lambda: not any(is_open(one) for one in held), "their end")
        wait_until(lambda: descriptors(stack.node) <= before, "their sockets")
        self.served(stack)


class Visitors(Shares):
    def test_one_busy_address_has_a_part_of_the_descriptors(self):
        stack = self.build("ws")
        few(stack.node, 256)
        upload = (b"POST /gate HTTP/1.1\r\nHost: example.com\r\n"
                  b"Content-Length: 60000\r\n\r\nxx")
        self.held(stack.port, 250, upload)
        self.served(stack)
        self.assertGreater(self.count(stack, "address-connections"), 100)
        stack.origin.release.set()


class Tunnels(Shares):
    def test_agents_of_one_tunnel_have_a_part_of_the_descriptors(self):
        calm = {"ping_interval": 60, "ping_timeout": 60, "stall_timeout": 60}
        stack = self.build("ws", config={"tunnels": {
            "greedy": {"password": "greedy-password",
                       "websocket_pool": calm}}})
        few(stack.node, 256)
        key = Peer(stack.port, "greedy", password="greedy-password").key
        joined, refused = [], None

        def join(endpoint, session):
            peer = Peer(stack.port, "greedy", endpoint, key=key,
                        session=session)
            return self.sockets.enter_context(peer).join()
        try:
            for i in range(256):
                if i % 10 == 0:
                    session = os.urandom(16)
                joined.append(join(f"e{i // 10}", session))
        except Refused as no:
            refused = no.fields
        self.assertEqual(refused[1], 5, "the pool is full")
        self.assertLessEqual(len(joined), 112)
        self.served(stack)
        self.assertGreater(self.count(stack, "tunnel-descriptors"), 0)
        self.told(stack, "tunnel-descriptors")
        stack.start_agent(endpoint="late")
        stack.node.wait_for_agent("ws", 3)
        # What is given back can be had again.
        for one in joined[:10]:
            one.close()

        def again():
            with contextlib.suppress(Refused):
                return join("again", os.urandom(16))
            return False
        wait_until(again, "a place that became free")


class Names(Shares):
    def test_no_answer_tells_which_tunnels_there_are(self):
        names = [f"t{i:03}" for i in range(300)]
        stack = self.build("ws", agent=False, config={"tunnels": {
            name: {"password": "p"} for name in names}})
        asked = [*names[-20:], *(f"none{i}" for i in range(20))]
        said = {}

        def ask(name, source):
            peer = Peer(stack.port, name, key=bytes(32), source=source,
                        timeout=30)
            try:
                peer.join()
            except Refused as no:
                said[name] = tuple(sorted(no.fields.items()))
            finally:
                peer.close()
        # Most keys are not derived yet.
        threads = [threading.Thread(target=ask, args=(name, STRANGERS[i % 5]))
                   for i, name in enumerate(asked)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(len(said), len(asked))
        self.assertEqual(len(set(said.values())), 1, said)


if __name__ == "__main__":
    main()
