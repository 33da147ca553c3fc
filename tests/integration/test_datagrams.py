"""UDP through the tunnel, over each transport and directly."""

import random
import socket
import struct
import threading
import time

from harness import (TIME_SCALE, Case, free_port, main, merged, per_transport,
                     record_of, wait_until)
from soak import PATIENT


class UdpTarget:
    """Answers each datagram with what `answer(datagram)` makes of it, or with
    nothing."""

    def __init__(self, answer=lambda datagram: datagram):
        self.answer = answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.seen = []
        self.peers = set()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                datagram, peer = self.socket.recvfrom(65536)
            except OSError:
                return
            if not datagram and peer[1] == self.port:
                return
            self.seen.append(datagram)
            self.peers.add(peer)
            answer = self.answer(datagram)
            if answer is not None:
                self.socket.sendto(answer, peer)

    def close(self):
        self.socket.sendto(b"", ("127.0.0.1", self.port))


def visitor(port, timeout=15):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(timeout)
    one.connect(("127.0.0.1", port))
    return one


def question(name, number=77):
    """A DNS question for the address of a name (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(part)]) + part.encode()
                      for part in name.split("."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + (
        b"\0" + struct.pack(">2H", 1, 1))


def resolve(asked):
    """The same with an answer: 192.0.2.7."""
    number = asked[:2]
    record = b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 60, 4) + bytes(
        [192, 0, 2, 7])
    return number + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + asked[12:] + record


class DatagramCase(Case):
    @classmethod
    def setUpClass(cls):
        pass

    def target(self, *args):
        made = UdpTarget(*args)
        self.addCleanup(made.close)
        return made

    def through(self, target, transport="grpc", direct=False, proxy=False,
                config=None, agent_flags=(), **rule):
        raw = free_port()
        via = {} if direct else {"via": {"tunnels": ["tunnel1"]}}
        stack = self.build(transport, agent=not direct, proxy=proxy,
                           agent_flags=agent_flags, config=merged({
                               "mappings": [{
                                   "from": f"udp://127.0.0.1:{raw}",
                                   "to": f"udp://127.0.0.1:{target.port}",
                                   **via, **rule}]}, config))
        stack.raw = raw
        return stack

    def record(self, stack, **wanted):
        return record_of(stack.node, method="UDP", **wanted)


@per_transport("grpc", "ws", "poll")
class Datagrams:
    @classmethod
    def setUpClass(cls):
        pass

    target = DatagramCase.target
    through = DatagramCase.through
    record = DatagramCase.record

    def test_a_name_is_asked_for(self):
        stack = self.through(self.target(resolve), self.transport)
        with visitor(stack.raw) as one:
            one.send(question("app.test"))
            answer = one.recv(512)
        self.assertEqual(answer[:2], struct.pack(">H", 77))
        self.assertEqual(answer[-4:], bytes([192, 0, 2, 7]))

    def test_each_comes_as_it_was_sent(self):
        target = self.target()
        stack = self.through(target, self.transport)
        sizes = [0, 1, 2, 1200, 9000, 65507, 17]
        with visitor(stack.raw) as one:
            for size in sizes:
                sent = random.Random(size).randbytes(size)
                one.send(sent)
                self.assertEqual(one.recv(65536), sent, size)
        self.assertEqual([len(each) for each in target.seen], sizes)

    def test_visitors_are_told_apart(self):
        target = self.target(lambda datagram: datagram.upper())
        stack = self.through(target, self.transport)
        all_of_them = [visitor(stack.raw) for _ in range(20)]
        for number, one in enumerate(all_of_them):
            one.send(b"visitor %d" % number)
        for number, one in enumerate(all_of_them):
            self.assertEqual(one.recv(100), b"VISITOR %d" % number)
            one.close()
        self.assertEqual(len(target.peers), 20)

    def test_none_comes_twice_whatever_is_cut(self):
        target = self.target(lambda datagram: None)
        stack = self.through(target, self.transport, proxy=True,
                             config={"tunnels": {"tunnel1": PATIENT}})
        with visitor(stack.raw) as one:
            one.send(b"first")
            wait_until(lambda: target.seen, "the first")
            for number in range(200):
                one.send(b"%d" % number)
                if number % 50 == 10:
                    stack.proxy.reset()
                time.sleep(0.002)
            wait_until(lambda: self.comes(one, target, b"last"), "the last",
                       60 * TIME_SCALE)
        counted = [each for each in target.seen if each.isdigit()]
        self.assertEqual(len(counted), len(set(counted)))
        self.assertGreater(len(counted), 50)
        self.assertEqual(len(target.peers), 1)

    def comes(self, one, target, word):
        one.send(word)
        time.sleep(0.05)
        return word in target.seen


class Rules(DatagramCase):
    comes = Datagrams.comes

    def test_directly_from_the_node(self):
        stack = self.through(self.target(), direct=True)
        with visitor(stack.raw) as one:
            one.send(b"hello")
            self.assertEqual(one.recv(100), b"hello")

    def test_a_silent_session_ends(self):
        target = self.target()
        stack = self.through(target, idle_timeout=1 * TIME_SCALE)
        with visitor(stack.raw) as one:
            one.send(b"hello")
            self.assertEqual(one.recv(100), b"hello")
            told = self.record(stack, outcome="ok")
            one.send(b"again")
            self.assertEqual(one.recv(100), b"again")
        self.assertEqual((told["bytes_up"], told["bytes_down"]), (5, 5))
        self.assertEqual(len(target.peers), 2)

    def test_what_has_no_room_is_dropped_and_told(self):
        target = self.target(lambda datagram: None)
        stack = self.through(target, proxy=True, idle_timeout=3 * TIME_SCALE)
        with visitor(stack.raw) as one:
            one.send(b"first")
            wait_until(lambda: target.seen, "the first")
            stack.proxy.stall("h2", seconds=1 * TIME_SCALE)
            for number in range(300): # four windows
                one.send(b"%07d" % number + b"x" * 8000)
                time.sleep(0.001)
            wait_until(lambda: self.comes(one, target, b"last"), "the last")
            told = self.record(stack, outcome="ok")
        self.assertRegex(told["detail"], "^[1-9][0-9]* datagrams had no room$")
        self.assertLess(len(target.seen), 200)
        seen = [each for each in target.seen if len(each) > 8000]
        self.assertEqual(len(seen), len(set(seen)))

    def test_whoever_is_denied_gets_nothing(self):
        target = self.target()
        stack = self.through(target, deny=["127.0.0.1"])
        with visitor(stack.raw) as one:
            one.send(b"hello")
            self.record(stack, outcome="forbidden")
        self.assertEqual(target.seen, [])

    def test_an_agent_asks_no_target_that_it_may_not(self):
        target = self.target()
        stack = self.through(target, agent_flags=("-allow-target", "10.0.0.1"))
        with visitor(stack.raw) as one:
            one.send(b"hello")
            self.record(stack, outcome="target-forbidden")
        self.assertEqual(target.seen, [])

    def test_a_flood_of_strangers_leaves_room(self):
        target = self.target(
            lambda datagram: datagram if datagram == b"hello" else None)
        stack = self.through(target, config={"limits": {
            "max_unauthenticated": 50, "max_unauthenticated_per_address": 50,
            "max_connections": 200, "max_connections_per_address": 200}})
        with visitor(stack.raw) as known:
            known.send(b"hello")
            self.assertEqual(known.recv(100), b"hello")
            strangers = [visitor(stack.raw) for _ in range(300)]
            for one in strangers:
                one.send(b"flood")
            wait_until(lambda: len(target.peers) > 40, "the flood")
            # Its session stands; a datagram among so many may be lost.
            known.settimeout(1 * TIME_SCALE)
            for turn in range(10):
                known.send(b"hello")
                try:
                    self.assertEqual(known.recv(100), b"hello")
                    break
                except TimeoutError:
                    self.assertLess(turn, 9)
            live = stack.node.stats()
            self.assertLessEqual(len(target.peers), 302)
            for one in strangers:
                one.close()
        self.assertTrue(live)

    def test_a_stop_does_not_wait_for_what_has_no_end(self):
        stack = self.through(self.target())
        with visitor(stack.raw) as one:
            one.send(b"hello")
            self.assertEqual(one.recv(100), b"hello")
            begun = time.monotonic()
            self.assertEqual(stack.node.stop(), 0)
        self.assertLess(time.monotonic() - begun, 30)


if __name__ == "__main__":
    main()
