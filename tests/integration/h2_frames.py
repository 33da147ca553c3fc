"""HTTP/2 by hand: frames as bytes, for what no client would send."""

import socket
import struct

from harness import TIME_SCALE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, MORE = \
    range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY_FLAG = 1, 1, 4, 8, 0x20


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
    """One connection; reads frames, decodes no header block. With `tls`, an
    ssl.SSLContext, it belongs to one thread."""

    def __init__(self, port, settings=b"", source="127.0.0.1", preface=None,
                 tls=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.settimeout(60 * TIME_SCALE)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        if tls:
            tls.set_alpn_protocols(["h2"])
            self.socket = tls.wrap_socket(self.socket,
                                          server_hostname="example.com")
        self.file = self.socket.makefile("rb")
        self.send(PREFACE + frame(SETTINGS, payload=settings)
                  if preface is None else preface)

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


def status(payload):
    """Of an answer's head, as its first field without a table's help."""
    while payload[0] & 0xe0 == 0x20: # the table's size
        payload = payload[1:] if payload[0] & 0x1f != 0x1f else \
            payload[next(i for i in range(1, 9) if payload[i] < 128) + 1:]
    if payload[0] & 0x80: # of the static table
        return {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404,
                14: 500}.get(payload[0] & 0x7f)
    text = payload[2:2 + (payload[1] & 0x7f)]
    return int(_digits(text) if payload[1] & 0x80 else text)


def _digits(text):
    """Digits in Huffman's code (RFC 7541, B)."""
    bits = "".join(f"{byte:08b}" for byte in text)
    out = ""
    while len(out) < 3:
        if bits[:5] in ("00000", "00001", "00010"):
            out, bits = out + "012"[int(bits[:5], 2)], bits[5:]
        else: # 3 to 9 have six bits, from 011001 on
            out, bits = out + str(int(bits[:6], 2) - 0b011001 + 3), bits[6:]
    return out


def code(payload):
    """Of a RST_STREAM or, behind its last stream, a GOAWAY."""
    return int.from_bytes(payload[-4:] if len(payload) == 4 else payload[4:8],
                          "big")
