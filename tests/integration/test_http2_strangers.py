"""HTTP/2 visitors who read nothing, never let a stream end, make others reset,
or ask for more than their share; and honest ones whom that must not hit."""

import collections
import contextlib
import resource
import struct

from h2_frames import (DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS,
                       PRIORITY, RST, SETTINGS, WINDOW, Peer, block, code,
                       frame, head)
from harness import TIME_SCALE, Case, main, wait_until
from origin import Origin
from wire import Visitor, ask

CALM = 11
NO_WINDOW = struct.pack(">HI", 4, 0)
WIDE = struct.pack(">HI", 4, 0x7fffffff)
QUICK = {"http": {"body_timeout": 2, "first_byte_timeout": 2,
                  "write_timeout": 2, "idle_timeout": 2}}


def more_window(peer):
    peer.send(frame(WINDOW, payload=struct.pack(">I", 0x7fff0000)))


def ended(peer):
    """Whether the node has closed the connection, without reading it."""
    peer.socket.settimeout(0.01)
    try:
        return peer.socket.send(frame(SETTINGS, flags=1)) == 0
    except TimeoutError:
        return False
    except OSError:
        return True


def unsent(port, peer):
    """How many bytes the kernel holds that the node sent to this peer."""
    ends = [f":{end:04X}" for end in (port, peer.socket.getsockname()[1])]
    with open("/proc/net/tcp", encoding="ascii") as table:
        for row in map(str.split, table):
            if row[1].endswith(ends[0]) and row[2].endswith(ends[1]):
                return int(row[4].partition(":")[0], 16)
    return 0


class Deaf(Case):
    """Answers that nobody reads are given up with their connection."""
    transport = "ws"
    config = {**QUICK, "limits": {"trusted": ["127.0.0.0/8"],
                                  "address_share": 100}}

    def deaf(self, path, settings, streams):
        peer = Peer(self.port, settings=settings, receive_buffer=4096)
        self.addCleanup(peer.close)
        more_window(peer)
        for number in range(streams):
            peer.ask(2 * number + 1, path=path)
        return peer

    def test_a_connection_that_is_not_read_ends(self):
        node = self.stack.node
        ask(self.port)
        before = node.memory("VmRSS")
        peers = [self.deaf("/bytes/500000", WIDE, 100) for _ in range(2)]
        for peer in peers:
            wait_until(lambda peer=peer: ended(peer), "the end")
        self.assertEqual(ask(self.port).status, 200)
        self.assert_memory(node.memory("VmRSS") - before, 64 << 20)
        self.assertLess(node.log.count("takes nothing"), 20)

    def test_so_does_one_that_breaks_the_rules(self):
        # What the node says last does not go out.
        peer = self.deaf("/bytes/500000", WIDE, 100)
        seen = collections.deque(maxlen=5)

        def stuck():
            seen.append(unsent(self.port, peer))
            return len(seen) == 5 and len({*seen, 0}) == 2
        wait_until(stuck, "an answer that does not go out")
        with contextlib.suppress(OSError):
            peer.send(frame(PRIORITY, 1, b"\0\0\0\3\0") * 50000)
        wait_until(lambda: ended(peer), "the end")
        self.assertEqual(ask(self.port).status, 200)

    def test_so_does_one_that_asks_for_heads_alone(self):
        peer = Peer(self.port, receive_buffer=4096)
        self.addCleanup(peer.close)
        number = -1

        def over():
            nonlocal number
            try:
                for _ in range(50):
                    number += 2
                    peer.socket.settimeout(0.05)
                    peer.ask(number, path="/wide/8000")
            except TimeoutError:
                return False
            except OSError:
                return True
        wait_until(over, "the end of a deaf connection")
        self.assertEqual(ask(self.port).status, 200)

    def test_a_stream_whose_end_nobody_lets_out_is_reset(self):
        # The body fits, the frame that ends it comes later and does not.
        for settings, path in ((struct.pack(">HI", 4, 5), "/late-end/5"),
                               (NO_WINDOW, "/late-end/0")):
            with Peer(self.port, settings=settings) as peer:
                peer.ask(1, path=path)
                peer.until(RST, 1)
                # And the connection, which does nothing else, after it.
                self.assertEqual(code(peer.until(GOAWAY)[1]), 0)

    def test_they_lock_nobody_out(self):
        stack = self.build("ws", config={**QUICK, "limits": {
            "max_connections": 30, "trusted": ["127.0.0.0/8"]}})
        with contextlib.ExitStack() as held:
            for _ in range(28):
                peer = held.enter_context(Peer(stack.port,
                                               settings=NO_WINDOW))
                peer.ask(1, path="/late-end/0")
                peer.until(HEADERS, 1)
            wait_until(lambda: ask(stack.port).status == 200, "a place")
            for _ in range(10):
                self.assertEqual(ask(stack.port).status, 200)


class Heads(Case):
    """What is larger than HTTP/2 libraries like is passed, or refused aloud."""

    def test_large_heads_and_trailers_pass(self):
        origin = Origin()
        for size in (60_000, 70_000, 200_000):
            for where in ("head", "trailers"):
                with self.subTest(size=size, where=where):
                    self.passes(origin, where, size)

    def passes(self, origin, where, size):
        stack = getattr(self, "wide", None)
        if not stack:
            stack = self.wide = self.build("ws", origin=origin)
        with Peer(stack.port) as peer:
            peer.ask(1, path=f"/large/{where}/{size}",
                     more=(("te", "trailers"),))
            total = 0
            for kind, flags, number, payload in peer.frames():
                self.assertNotEqual(kind, RST, payload)
                self.assertNotEqual(kind, GOAWAY, payload)
                if number == 1 and kind in (HEADERS, 9):
                    total += len(payload)
                if number == 1 and kind in (DATA, HEADERS) \
                        and flags & END_STREAM:
                    if kind == HEADERS and not flags & END_HEADERS:
                        continue
                    break
                if number == 1 and kind == 9 and flags & END_HEADERS \
                        and total > size / 2:
                    break
            self.assertGreater(total, size / 2)


class Resets(Case):
    transport = "ws"
    config = {"limits": {"trusted": ["127.0.0.0/8"], "address_share": 100},
              "http": {"max_body_bytes": 1_000_000}}

    def test_what_was_on_its_way_is_no_offence(self):
        for size in (60_000, 200_000, 400_000):
            with self.subTest(size=size), Peer(self.port) as peer:
                peer.ask(1, path="/pause/1500")
                peer.ask(3, last=False, method="POST", path="/cut-early")
                peer.send(frame(DATA, 3, b"z" * 1000))
                # Its window grows when the target takes something.
                peer.until(RST, 3)
                for _ in range(size // 10_000):
                    peer.send(frame(DATA, 3, b"z" * 10_000))
                peer.body(1)

    def test_streams_that_break_the_rules_are_counted(self):
        faults = {
            "a body longer than it says": lambda number: (
                frame(HEADERS, number,
                      head(method="POST", path="/ignore",
                           more=(("content-length", "1"),)), END_HEADERS)
                + frame(DATA, number, b"xx")),
            "a window beyond all": lambda number: (
                frame(HEADERS, number, head(path="/ignore"),
                      END_HEADERS | END_STREAM)
                + frame(WINDOW, number, struct.pack(">I", 0x7fffffff))),
            "trailers that do not end": lambda number: (
                frame(HEADERS, number, head(method="POST", path="/ignore"),
                      END_HEADERS)
                + frame(HEADERS, number, block(("x", "y")), END_HEADERS)),
            "an agent's path": lambda number: frame(
                HEADERS, number, head(path="/.tunnel"),
                END_HEADERS | END_STREAM)}
        for name, make in faults.items():
            with self.subTest(fault=name), Peer(self.port) as peer:
                peer.ask(1)
                peer.body(1)
                resets = 0
                try:
                    for number in range(3, 4000, 2):
                        peer.send(make(number))
                        for kind, _, _, payload in peer.frames():
                            if kind == RST:
                                resets += 1
                                break
                            if kind == GOAWAY:
                                self.assertEqual(code(payload), CALM)
                                raise ConnectionError
                        else:
                            raise ConnectionError
                    self.fail("it was never ended")
                except ConnectionError:
                    self.assertLess(resets, 1000)
                    self.assertGreater(resets, 10)
        self.origin.release.set()
        self.assertEqual(ask(self.port).status, 200)

    def test_small_heads_that_are_large_are_counted(self):
        """References to one long field (RFC 7541, 7.3)."""
        # x: 3,900 bytes, as the newest entry of the table, and 15 of it.
        value = b"v" * 3900
        field = b"\x40\x01x" + b"\x7f" + bytes([3900 - 127 & 0x7f | 0x80,
                                                3900 - 127 >> 7]) + value
        first = head(path="/status/204") + field
        again = head(path="/status/204") + b"\xbe" * 15
        with Peer(self.port) as peer:
            peer.send(frame(HEADERS, 1, first, END_HEADERS | END_STREAM))
            sent = 0
            try:
                for number in range(3, 20_000, 2):
                    peer.send(frame(HEADERS, number, again,
                                    END_HEADERS | END_STREAM))
                    sent += 1
                    for kind, flags, _, payload in peer.frames():
                        if kind == GOAWAY:
                            self.assertEqual(code(payload), CALM)
                            raise ConnectionError
                        if kind in (HEADERS, DATA) and flags & END_STREAM:
                            break
                    else:
                        raise ConnectionError
                self.fail("it was never ended")
            except ConnectionError:
                self.assertLess(sent, 2000)


class Waiting(Case):
    transport = "ws"
    config = {**QUICK, "limits": {"trusted": ["127.0.0.0/8"],
                                  "address_share": 100}}

    def test_a_websocket_waits_no_longer_than_others(self):
        with Peer(self.port) as peer:
            peer.send(frame(HEADERS, 1, block(
                (":method", "CONNECT"), (":protocol", "websocket"),
                (":scheme", "http"), (":authority", "example.com"),
                (":path", "/ignore"), ("sec-websocket-version", "13")),
                END_HEADERS))
            self.assertIn(b"first-byte-timeout", peer.body(1))
        self.origin.release.set()

    def test_uploads_that_wait_take_nothing_from_others(self):
        """Targets that do not read hold what their streams may have, and the
        others have theirs."""
        stack = self.build("ws", config={
            "http": {"body_timeout": 20 * TIME_SCALE},
            "limits": {"trusted": ["127.0.0.0/8"], "address_share": 100}})
        with Peer(stack.port) as peer:
            peer.until(WINDOW) # how much all of them may send
            for number in range(1, 60, 2):
                peer.ask(number, last=False, method="POST", path="/ignore")
                peer.send(b"".join(frame(DATA, number, b"x" * 16000)
                                   for _ in range(4)))
            peer.ask(101, last=False, method="POST", path="/echo")
            for last in (0, 0, 0, END_STREAM):
                peer.send(frame(DATA, 101, b"y" * 15_000, last))
            self.assertIn(b"60000", peer.body(101))
        stack.origin.release.set()


class Shares(Case):
    def test_streams_count_like_connections(self):
        """Each has a target of the node's own descriptors."""
        origin = Origin()
        stack = self.build("ws", origin=origin, config={"mappings": [
            {"from": "http://direct.com", "to": origin.url},
            {"from": "http://example.com", "to": origin.url,
             "via": {"tunnels": ["tunnel1"]}}]})
        stack.node.get("/metrics")
        resource.prlimit(stack.node.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        with contextlib.ExitStack() as held:
            for _ in range(9):
                peer = held.enter_context(Peer(stack.port))
                for number in range(1, 200, 2):
                    peer.ask(number, path="/ignore", host="direct.com")
            wait_until(lambda: "targets of its own" in stack.node.log,
                       "the limit")
            for host in ("example.com", "direct.com"):
                with Visitor(stack.port, source="127.0.0.2") as visitor:
                    self.assertEqual(visitor.get("/", host=host).status, 200)
        origin.release.set()


class Forms(Case):
    transport = "ws"

    def test_a_path_begins_with_a_slash(self):
        for path in ("http://example.com/abs", "foo", "?x"):
            with self.subTest(path=path), Peer(self.port) as peer:
                peer.ask(1, path=path, scheme="foo", host="nobody.test")
                self.assertIn(b"bad-request", peer.body(1))

    def test_a_key_of_a_websocket_is_ours(self):
        with Peer(self.port) as peer:
            peer.send(frame(HEADERS, 1, block(
                (":method", "CONNECT"), (":protocol", "websocket"),
                (":scheme", "http"), (":authority", "example.com"),
                (":path", "/echo"), ("sec-websocket-key", "mine")),
                END_HEADERS))
            self.assertNotIn(b"mine", peer.body(1))


if __name__ == "__main__":
    main()
