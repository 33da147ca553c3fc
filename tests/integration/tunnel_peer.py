"""The tunnel's wire spoken from Python, over WebSocket: an agent that does
what a test wants, right or wrong. See proto/aps/tunnel/v1/tunnel.proto and
transports/README.md."""

import hashlib
import hmac
import os
import socket
import struct
import time

from harness import PASSWORD

# The fields of Frame's oneof.
NUMBERS = {"challenge": 2, "hello": 3, "welcome": 4, "refused": 5,
           "request": 6, "response": 7, "data": 8, "end": 9, "reset": 10,
           "ack": 11, "ping": 12, "pong": 13, "open": 14, "drain": 15,
           "resume": 16, "resumed": 17}
_KINDS = {number: kind for kind, number in NUMBERS.items()}
_BINARY, _CLOSE, _PING, _PONG = 2, 8, 9, 10


# -- Protobuf -----------------------------------------------------------------

def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def frame(kind, body=b"", exchange=0):
    """A batch with this frame alone; batches can be joined."""
    about = b"\x09" + struct.pack("<Q", exchange) if exchange else b""
    return text(1, about + text(NUMBERS[kind], body))


def parse(message):
    """The fields of a message, by number; the last of each counts."""
    found, at = {}, 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(message):
        tag = take()
        kind = tag & 7
        if kind == 0:
            value = take()
        else:
            size = take() if kind == 2 else {1: 8, 5: 4}[kind]
            value = message[at:at + size]
            at += size
        found.setdefault(tag >> 3, []).append(value)
    return found


def frames(batch):
    """(exchange, kind, fields) of each frame of a batch."""
    for one in parse(batch).get(1, []):
        parts = parse(one)
        exchange = int.from_bytes(parts.pop(1, [b""])[-1], "little")
        for field, values in parts.items():
            body = parse(values[-1])
            yield exchange, _KINDS.get(field, ""), {
                key: value[-1] for key, value in body.items()}


# -- the agent ----------------------------------------------------------------

def derived_key(tunnel, password):
    return hashlib.scrypt(password.encode(),
                          salt=b"aps.tunnel.v1:" + tunnel.encode(), n=16384,
                          r=8, p=1, maxmem=1 << 26, dklen=32)


def proof(key, parts):
    joined = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return hmac.new(key, joined, hashlib.sha256).digest()


class Refused(Exception):
    """The node's answer to a hello; `fields` as in Refused."""

    def __init__(self, fields, raw=b""):
        super().__init__(f"refused: {fields}")
        self.fields, self.raw = fields, raw


class Peer:
    """One WebSocket connection to a node, as an agent has it. `join` says
    hello with a right proof; `send` and `receive` are the rest."""

    def __init__(self, port, tunnel="tunnel1", endpoint="app1",
                 password=PASSWORD, key=None, session=None, source=None,
                 receive_buffer=None, timeout=10.0, host="127.0.0.1"):
        self.tunnel, self.endpoint = tunnel, endpoint
        self.key = key if key is not None else derived_key(tunnel, password)
        self.session = session or os.urandom(16)
        self.rest, self.waiting = b"", []
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upgrade()
        self.challenge = self.next("challenge")[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _upgrade(self):
        self.socket.sendall(
            b"GET /.tunnel HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + b"A" * 22 + b"==\r\n"
            b"Sec-WebSocket-Protocol: aps.tunnel.v1\r\n\r\n")
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.decode("latin-1"))

    def hello(self, **changes):
        """The body of a hello; `proof`, `nonce`, `endpoint` ... as told."""
        nonce = changes.get("nonce", os.urandom(32))
        tunnel = changes.get("tunnel", self.tunnel)
        endpoint = changes.get("endpoint", self.endpoint)
        parts = [value.encode() if isinstance(value, str) else value
                 for value in (tunnel, endpoint)]
        sign = changes.get("proof", proof(
            self.key, [b"aps agent", self.challenge[2], *parts, self.session,
                       b"websocket", nonce]))
        return (number(1, 1) + text(3, tunnel) + text(4, endpoint)
                + text(5, self.session) + text(6, nonce) + text(7, sign)
                + (text(9, changes["instance"]) if "instance" in changes
                   else b"")
                + number(10, int(time.time() * 1000)))

    def join(self, **changes):
        self.send(frame("hello", self.hello(**changes)))
        _, kind, fields = self.next("welcome", "refused")
        if kind == "refused":
            raise Refused(fields)
        return self

    # -- WebSocket --------------------------------------------------------------

    def send(self, payload, opcode=_BINARY):
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        self.socket.sendall(head + bytes(4) + payload)  # a mask of zeros

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the node closed the connection")
        self.rest += data

    def _take(self, size):
        while len(self.rest) < size:
            self._more()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def message(self):
        """(opcode, payload) of the next WebSocket message."""
        opcode, size = self._take(2)
        if size == 126:
            size = int.from_bytes(self._take(2), "big")
        elif size == 127:
            size = int.from_bytes(self._take(8), "big")
        return opcode & 15, self._take(size)

    def receive(self):
        """The next frame; answers pings of both kinds meanwhile."""
        while True:
            while self.waiting:
                exchange, kind, fields = self.waiting.pop(0)
                if kind == "ping":
                    self.send(frame("pong", number(1, fields.get(1, 0))))
                else:
                    return exchange, kind, fields
            opcode, payload = self.message()
            if opcode == _CLOSE:
                raise ConnectionError(f"the node closed: {payload!r}")
            if opcode == _PING:
                self.send(payload, _PONG)
            elif opcode == _BINARY:
                self.waiting += frames(payload)

    def next(self, *kinds):
        """The next frame of one of these kinds; others are dropped."""
        while True:
            found = self.receive()
            if found[1] in kinds:
                return found
