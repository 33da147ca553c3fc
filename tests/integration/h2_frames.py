"""HTTP/2 by hand: frames as bytes, for what no client would send."""

import socket
import struct

from harness import TIME_SCALE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, MORE = \
    range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, stream=0, payload=b"", flags=0):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


def literal(text):
    text = text.encode("latin-1")
    size = len(text)
    if size < 127:
        return bytes([size]) + text
    out, rest = b"\x7f", size - 127
    while rest >= 128:
        out, rest = out + bytes([rest % 128 + 128]), rest // 128
    return out + bytes([rest]) + text


def block(*fields):
    """Each field as it is, without a table and without Huffman's code."""
    return b"".join(b"\0" + literal(name) + literal(value)
                    for name, value in fields)


def head(method="GET", path="/", host="example.com", more=(), scheme="http"):
    return block((":method", method), (":scheme", scheme),
                 (":authority", host), (":path", path), *more)


class Peer:
    """One connection; reads frames, decodes no header block."""

    def __init__(self, port, settings=b"", source="127.0.0.1",
                 receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.settimeout(60 * TIME_SCALE)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")
        self.send(PREFACE + frame(SETTINGS, payload=settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, stream, last=True, **asked):
        self.send(frame(HEADERS, stream, head(**asked),
                        END_HEADERS | (END_STREAM if last else 0)))

    def frames(self):
        """(kind, flags, stream, payload) until the connection ends."""
        while True:
            try:
                start = self.file.read(9)
            except ConnectionError:
                return
            if len(start) < 9:
                return
            size = int.from_bytes(start[:3], "big")
            stream = int.from_bytes(start[5:], "big") & 0x7fffffff
            yield start[3], start[4], stream, self.file.read(size)

    def until(self, wanted, stream=None):
        """The first frame of that kind, and the bytes of DATA before it."""
        body = b""
        for kind, flags, number, payload in self.frames():
            if kind == wanted and stream in (None, number):
                return flags, payload, body
            if kind == DATA and stream in (None, number):
                body += payload
        raise ConnectionError(f"no frame of kind {wanted}: {body[:100]}")

    def body(self, stream):
        """The whole body of an answer; an error names the reset."""
        out = b""
        for kind, flags, number, payload in self.frames():
            if number != stream:
                continue
            if kind == RST:
                raise ConnectionError(f"reset: {payload.hex()}")
            if kind == DATA:
                out += payload
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return out
        raise ConnectionError("the connection ended")


def code(payload):
    """Of a RST_STREAM or, behind its last stream, a GOAWAY."""
    return int.from_bytes(payload[-4:] if len(payload) == 4 else payload[4:8],
                          "big")
