"""Agents and nodes that mean harm, spoken by hand: what a peer sends is
bounded where it is decoded, and costs its own connection alone."""

import base64
import hashlib
import os
import re
import socket
import threading

from harness import BIN, PASSWORD, TIME_SCALE, Agent, Case, main, wait_until
from tunnel_peer import (Peer, Refused, derived_key, frame, frames, number,
                         proof, text)
from wire import Visitor

MIB = 1 << 20


def rss_of(program):
    with open(f"/proc/{program.process.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


class Hostile(Case):
    transport = "ws"

    def peer(self, **options):
        peer = Peer(self.port, timeout=10 * TIME_SCALE, **options)
        self.addCleanup(peer.close)
        return peer

    def check_honest(self):
        with Visitor(self.port) as visitor:
            self.assertEqual(visitor.get("/").status, 200)

    def check_counted(self, limit, times):
        wait_until(lambda: self.stack.node.stats()["limits"][limit] == times,
                   f"{limit} to be counted")

    def ending(self, peer):
        """The close frame (code, reason) and the messages before it."""
        before = []
        while True:
            opcode, payload = peer.message()
            if opcode == 8:
                return (int.from_bytes(payload[:2], "big"),
                        payload[2:].decode(), before)
            before.append(payload)


class Strangers(Hostile):
    def refused(self, **changes):
        """Every byte that follows a hello which is not accepted."""
        peer = self.peer(key=b"k" * 32,
                         **({"tunnel": changes.pop("tunnel")}
                            if "tunnel" in changes else {}))
        peer.send(frame("hello", peer.hello(**changes)))
        code, reason, before = self.ending(peer)
        return code, reason, b"".join(before)

    def test_nothing_tells_an_unknown_tunnel_from_a_wrong_password(self):
        wrong = self.refused()
        for changes in ({"tunnel": "nobody"}, {"tunnel": "x" * 128},
                        {"tunnel": ""}, {"tunnel": "tunnel1\n"},
                        {"endpoint": ""}, {"endpoint": "a\nb"},
                        {"endpoint": "somebody"}, {"instance": "a\x1b"}):
            self.assertEqual(self.refused(**changes), wrong, changes)
        fields = next(fields for _, kind, fields in frames(wrong[2])
                      if kind == "refused")
        self.assertEqual(fields[1], 1)
        self.check_honest()

    def test_a_nearly_right_proof_is_refused(self):
        wrong = self.refused()
        key = derived_key("tunnel1", PASSWORD)
        for damage in (lambda p: p[:16] + bytes(16),
                       lambda p: p[:-1] + bytes([p[-1] ^ 1]),
                       lambda p: bytes([p[0] ^ 0x80]) + p[1:],
                       lambda p: p[:16], lambda p: p[:-1],
                       lambda p: p + b"\0", lambda p: p + p,
                       lambda p: b""):
            peer = self.peer(key=key)
            nonce = os.urandom(32)
            right = proof(key, [b"aps agent", peer.challenge[2], b"tunnel1",
                                b"app1", peer.session, b"websocket", nonce])
            peer.send(frame("hello", peer.hello(nonce=nonce,
                                                proof=damage(right))))
            code, reason, before = self.ending(peer)
            self.assertEqual((code, reason, b"".join(before)), wrong)
        self.peer().join()

    def test_a_field_above_its_limit_is_named_and_costs_one_connection(self):
        for body, name in (
                (text(4, "e" * 129), "hello.endpoint"),
                (text(7, b"p" * 65), "hello.proof"),
                (number(1, 65536), "hello.version")):
            peer = self.peer()
            peer.send(frame("hello", body))
            code, reason, _ = self.ending(peer)
            self.assertEqual(code, 1002)
            self.assertIn(name, reason)
        self.check_counted("frame-field", 3)
        self.check_honest()

    def test_many_dials_write_little(self):
        node = self.stack.node
        before = len(node.log)
        for i in range(200):
            peer = self.peer(key=b"k" * 32)
            peer.send(frame("hello", peer.hello(
                endpoint=f"{i}" + "\x1b\n" * 60)))
            peer.close()
        self.check_honest()
        written = node.log[before:]
        self.assertLess(len(written), 32 * 1024)
        self.assertNotIn("\x1b", written)


class Agents(Hostile):
    config = {"tunnels": {
        "tunnel1": {"max_endpoints": 1},
        "evil": {"password": PASSWORD, "servers": ["main"],
                 "max_endpoints": 3}},
        "mappings": [
            {"from": "http://example.com", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["tunnel1"]}},
            {"from": "http://evil.test", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["evil"]}}]}

    def evil(self, **options):
        return self.peer(tunnel="evil", **{"endpoint": "e", **options}).join()

    def check_honest(self):
        with Visitor(self.port) as visitor:
            self.assertEqual(visitor.get("/").outcome, "origin-refused")

    def ask(self, head=b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"):
        visitor = Visitor(self.port)
        self.addCleanup(visitor.close)
        visitor.send(head)
        return visitor

    def test_endpoints_have_a_limit_per_tunnel_and_session(self):
        first = self.evil(endpoint="one")
        with self.assertRaises(Refused) as refused:
            self.peer(tunnel="evil", endpoint="other",
                      session=first.session).join()
        self.assertEqual(refused.exception.fields[1], 9)
        for name in ("two", "three"):
            self.evil(endpoint=name)
        with self.assertRaises(Refused) as refused:
            self.evil(endpoint="four")
        self.assertEqual(refused.exception.fields[1], 9)
        self.check_counted("endpoints", 2)
        # Without the password there is no telling.
        stranger = self.peer(tunnel="evil", endpoint="four", key=b"k" * 32)
        with self.assertRaises(Refused) as refused:
            stranger.join()
        self.assertEqual(refused.exception.fields[1], 1)
        self.evil(endpoint="three")
        self.check_honest()

    def test_hostile_agents(self):
        # Their endpoint is one of the three that the tunnel may have.
        self.stack.node.stats()
        node = self.stack.node
        with self.subTest("a window of 4 GiB"):
            self.check_window(node)
        with self.subTest("the text of a reset"):
            self.check_reset(node)
        with self.subTest("pings without reading"):
            self.check_pings(node)
        with self.subTest("an ack of what was never sent"):
            self.check_ack(node)
        self.check_honest()

    def check_window(self, node):
        peer = self.evil(endpoint="two", receive_buffer=4096)
        before = rss_of(node)
        visitor = self.ask(b"POST / HTTP/1.1\r\nHost: evil.test\r\n"
                           b"Content-Length: 4294967296\r\n\r\n")
        exchange, _, _ = peer.next("request")
        peer.send(frame("ack", number(1, 0) + number(2, 0xffffffff),
                        exchange))
        visitor.socket.settimeout(1)
        sent = 0
        try:
            while sent < 64 * MIB:
                sent += visitor.socket.send(b"x" * MIB)
        except TimeoutError:
            pass
        self.assertLess(sent, 64 * MIB)
        self.assert_memory(rss_of(node) - before, 32)
        visitor.close()
        peer.close()

    def check_reset(self, node):
        peer = self.evil(endpoint="two")
        before = rss_of(node)
        log = len(node.log)
        message = b"A" * (2 * MIB) + b"\x1b[2J\n"
        for _ in range(20):
            visitor = self.ask()
            exchange, _, _ = peer.next("request")
            peer.send(frame("reset", number(1, 34) + text(2, message),
                            exchange))
            answer = visitor.read("GET")
            self.assertEqual(answer.outcome, "origin-protocol")
            self.assertLess(len(answer.body), 4096)
            visitor.close()
        self.assert_memory(rss_of(node) - before, 32)
        self.assertLess(len(node.log) - log, 64 * 1024)
        self.assertNotIn("\x1b", node.log[log:])
        peer.close()

    def check_pings(self, node):
        peer = self.evil(endpoint="two", receive_buffer=4096)
        before = rss_of(node)
        peer.socket.settimeout(2)
        batch = b"".join(frame("ping", number(1, i)) for i in range(1, 2000))
        try:
            for _ in range(200):
                peer.send(batch)
        except OSError:
            pass
        self.check_honest()
        self.assert_memory(rss_of(node) - before, 64)
        peer.close()

    def check_ack(self, node):
        peer = self.evil(endpoint="two")
        visitor = self.ask()
        exchange, _, _ = peer.next("request")
        peer.send(frame("ack", number(1, 1000) + number(2, 1000), exchange))
        self.assertEqual(visitor.read("GET").outcome, "internal")
        # The connection lives on.
        visitor = self.ask()
        exchange, _, _ = peer.next("request")
        peer.send(frame("response", number(1, 204) + number(4, 1), exchange))
        self.assertEqual(visitor.read("GET").status, 204)
        peer.close()


class FakeNode(threading.Thread):
    """Takes agents' WebSockets and answers as it is told: `damage` changes
    the proof, `talk` is what follows a welcome."""

    GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    def __init__(self, damage=lambda right: right, talk=None):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.damage, self.talk = damage, talk
        self.welcomed = 0
        self.refusals = 0
        self.done = threading.Event()
        self.start()

    def close(self):
        self.listener.close()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,),
                             daemon=True).start()

    def serve(self, client):
        try:
            with client:
                self.speak(client.makefile("rb"), client)
        except (OSError, EOFError, ValueError, IndexError):
            pass

    @staticmethod
    def write(client, payload):
        size = len(payload)
        head = (bytes([0x82, size]) if size < 126
                else b"\x82\x7e" + size.to_bytes(2, "big") if size < 65536
                else b"\x82\x7f" + size.to_bytes(8, "big"))
        client.sendall(head + payload)

    @staticmethod
    def read(file):
        head = file.read(2)
        if len(head) < 2:
            raise EOFError
        size = head[1] & 0x7f
        if size > 125:
            size = int.from_bytes(file.read(2 if size == 126 else 8), "big")
        mask = file.read(4)
        data = file.read(size)
        return head[0] & 15, bytes(c ^ mask[i & 3]
                                   for i, c in enumerate(data))

    def speak(self, file, client):
        key = b""
        while (line := file.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"sec-websocket-key":
                key = value.strip()
        accept = base64.b64encode(hashlib.sha1(key + self.GUID).digest())
        client.sendall(b"HTTP/1.1 101 Switching Protocols\r\n"
                       b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Protocol: aps.tunnel.v1\r\n"
                       b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        self.write(client, frame("challenge", number(1, 1)
                                 + text(2, os.urandom(32)) + text(3, "n")))
        _, message = self.read(file)
        hello = next(f for _, kind, f in frames(message) if kind == "hello")
        right = proof(derived_key("tunnel1", PASSWORD),
                      [b"aps node", hello[6], hello[7]])
        self.write(client, frame("welcome", text(2, self.damage(right))
                                 + text(3, "c\x1b[2J\n") + number(4, 10000)))
        self.welcomed += 1
        if self.talk:
            self.talk(self, file, client)
            self.done.set()
        while True:
            opcode, data = self.read(file)
            if opcode == 8:
                self.refusals += int.from_bytes(data[:2], "big") == 1008
                return


class Nodes(Case):
    """What agents do with a node that is not what it says."""

    def start(self, node):
        self.addCleanup(node.close)
        stack = self.build("ws", agent=False)
        agent = Agent(BIN, stack.folder, node.port, "ws", name="victim")
        stack.programs.append(agent)
        return agent.start()

    def test_a_node_without_the_password_is_left(self):
        for damage in (lambda p: p[:16] + bytes(16),
                       lambda p: p[:-1] + bytes([p[-1] ^ 1]),
                       lambda p: p[:16], lambda p: p[:-1], lambda p: p + b"\0",
                       lambda p: b""):
            node = FakeNode(damage)
            agent = self.start(node)
            wait_until(lambda: "does not know the password" in agent.log,
                       "the agent to find out")
            self.assertNotIn("Connected", agent.log)
            agent.stop()

    def test_unknown_exchanges_and_endless_answers_are_bounded(self):
        def talk(node, file, client):
            # Exchanges that never were, and pings, without reading.
            resume = number(1, 1) + number(2, 0) + number(3, 0)
            for first in range(1, 120_000, 2000):
                node.write(client, b"".join(
                    frame("resume", resume, first + i) for i in range(2000)))
                node.write(client, b"".join(
                    frame("ping", number(1, i + 1)) for i in range(2000)))
            open_wish = number(1, 2) + number(2, 0xffffffff) + number(4, 2)
            node.write(client, frame("open", open_wish))

        node = FakeNode(talk=talk)
        agent = self.start(node)
        wait_until(lambda: node.done.is_set() or node.welcomed > 1,
                   "the flood", 60)
        wait_until(lambda: "Connected" in agent.log, "a connection")
        self.assert_memory(rss_of(agent), 160)
        self.assertNotIn("\x1b", agent.log)
        self.assertTrue(agent.running)


if __name__ == "__main__":
    main()
