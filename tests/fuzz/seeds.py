#!/usr/bin/env python3
"""Makes the first inputs of the fuzz targets: one valid case of each kind, and
the edges next to it, so that a short run already gets behind the first checks.

    tests/fuzz/seeds.py FOLDER      writes FOLDER/<target>/<number>
"""

import itertools
import json
import pathlib
import ssl
import struct
import sys

# What the targets take from the end of an input: see decisions in fuzz.hpp.
TAILS = [b"\x01\x05", b"\x00\x00", b"\x03\x10"]


def http(start, *fields, body=b""):
    head = "\r\n".join([start, *fields]) + "\r\n\r\n"
    return head.encode("latin-1") + body


def chunks(*pieces, trailers=""):
    out = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
    return out + b"0\r\n" + trailers.encode() + b"\r\n"


def with_tails(cases):
    return [case + tail for case, tail in zip(cases, itertools.cycle(TAILS))]


def requests():
    host = "Host: example.com"
    long = "X-Long: " + "v" * 300
    coded = "Transfer-Encoding: chunked"
    return with_tails([
        http("GET / HTTP/1.1", host),
        http("GET /a?b=c HTTP/1.0"),
        http("HEAD http://example.com/x HTTP/1.1", host, "Connection: close"),
        http("OPTIONS * HTTP/1.1", host),
        http("CONNECT example.com:443 HTTP/1.1", "Host: example.com:443"),
        http("POST / HTTP/1.1", host, "Content-Length: 5", body=b"hello"),
        http("POST / HTTP/1.1", host, coded, body=chunks(b"hello", b"x")),
        http("PUT / HTTP/1.1", host, coded, "Trailer: T",
             body=chunks(b"a" * 70, trailers="T: 1\r\n")),
        http("GET /ws HTTP/1.1", host, "Connection: Upgrade",
             "Upgrade: websocket"),
        http("POST / HTTP/1.1", host, coded, "Content-Length: 5",
             body=chunks(b"hello")),
        http("POST / HTTP/1.1", host, "Content-Length: 5",
             "Content-Length: 6", body=b"hello!"),
        http("GET / HTTP/1.1", host, host),
        http("GET / HTTP/1.1", host, "X: a\r\n b"),
        http("GET / HTTP/1.1", host, "X : a"),
        http("GET / HTTP/1.1", host, long),
        http("POST / HTTP/1.1", host, "Transfer-Encoding: gzip, chunked"),
        b"\r\n\r\n" + http("GET / HTTP/1.1", host),
        http("GET / HTTP/1.1", host, "Expect: 100-continue"),
    ])


def responses():
    return with_tails([
        http("HTTP/1.1 200 OK", "Content-Length: 2", body=b"ok"),
        http("HTTP/1.0 200 OK", body=b"until the end"),
        http("HTTP/1.1 204 No Content"),
        http("HTTP/1.1 304 Not Modified", "Content-Length: 9"),
        http("HTTP/1.1 103 Early Hints", "Link: </a>"),
        http("HTTP/1.1 101 Switching Protocols", "Connection: upgrade",
             "Upgrade: tcp"),
        http("HTTP/1.1 200 OK", "Transfer-Encoding: chunked",
             body=chunks(b"a", b"bc", trailers="Digest: x\r\n")),
        http("HTTP/1.1 200", "Content-Length: 0"),
        http("HTTP/1.1 200 ", "Connection: close, x", body=b"rest"),
        http("HTTP/1.1 500 Internal Server Error", "Content-Length : 0"),
    ])


def chunked():
    return with_tails([
        chunks(b"hello"),
        chunks(b"a" * 16, b"b" * 255),
        b"5;name=value\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"00005\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"10000000000000000\r\n",
        chunks(b"x", trailers="A: b\r\nC: d\r\n"),
        b"5\nhello\n0\n\n",
        b"0\r\n\r\n",
    ])


# -- frames, as proto/aps/tunnel/v1/tunnel.proto numbers them -----------------


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def frames():
    """Every kind of frame, known or not, with fields of every shape."""
    out = []
    shapes = [b"", number(1, 1) + number(2, 2) + number(3, 1),
              text(1, "a") + text(2, "b"), number(1, 1) + text(2, "word"),
              number(1, 2**32) + text(2, b"x" * 1200) + number(3, 1),
              text(3, "t") + text(4, "e") + text(5, b"s" * 16)
              + text(6, b"n" * 32) + text(7, b"p" * 32)]
    field = text(1, "Name") + text(2, "value")
    head = (text(1, "GET") + text(2, "http") + text(3, "a:80") + text(4, "/")
            + text(5, field) + text(5, field) + number(6, 1))
    shapes.append(number(1, 1) + number(2, 65536) + text(3, head))
    shapes.append(text(1, number(1, 200) + text(2, "OK") + text(3, field)))
    for kind in range(1, 24):
        for shape in shapes:
            frame = b"\x09" + struct.pack("<Q", 7) + text(kind, shape)
            out.append(text(1, frame))
    out.append(b"".join(out[:60]))
    out.append(text(1, b"\x09" + bytes(8)) * 50)
    return out


def polls():
    fields = [
        b"Aps-Received: 7\r\nAps-Hold: 15000\r\n\r\n",
        b"Aps-Batch: 1\r\nContent-Length: 3\r\n\r\nabc",
        b"Aps-Close: 4001\r\nContent-Length: 0\r\n\r\n",
        b"Aps-Protocol: aps.tunnel.v1\r\n\r\n",
        b"Aps-Received: 18446744073709551615\r\n\r\n",
        b"Aps-Hold: -1\r\nAps-Received: 0x1\r\n\r\n",
        b"12345",
    ]
    # The last bytes choose: path, step, and a number of so many bytes.
    tails = [b"\x01\x01\x10" + bytes([path]) for path in range(4)]
    return [one + tail for one in fields for tail in tails]


def configs():
    top = pathlib.Path(__file__).resolve().parents[2] / "config"
    out = [path.read_bytes() for path in sorted(top.glob("*.example.json"))]
    small = {
        "servers": {"main": {"host": "127.0.0.1", "port": 8080}},
        "tunnels": {"t": {"password": "p", "servers": ["main"]}},
        "mappings": [{"from": "http://a/*", "to": "http://b/",
                      "tunnels": ["t"]}],
    }
    out.append(json.dumps(small).encode())
    for key, value in [("servers", {}), ("tunnels", []), ("mappings", None),
                       ("admin", {"port": 0}), ("log", {"level": "loud"})]:
        out.append(json.dumps({**small, key: value}).encode())
    out += [b"", b"{}", b"[]", b"{\"a\": /* */ 1, // x\n}", b"[" * 400,
            b"{\"servers\":{\"\\ud800\":1}}", b"\xff\xfe{}", b"1e999"]
    return out


def routes():
    lists = [
        ["http://a/*", "http://a/b/*", "http://a/b", "http://a", "b/c?d"],
        ["https://a:443/x/", "https://a/x", "https://A.:443", "x/y"],
        ["http://[::1]:80/", "http://[0:0:0:0:0:0:0:1]/a", "http://[::1]", "a"],
        ["http://a/b/", "http://a/b/c/*", "http://a/b/c/d", "b/cd"],
        ["http://a//b", "http://a/", "http://a", "/b/c"],
    ]
    return ["\n".join(lines).encode() for lines in lists]


def proxy():
    """Headers of the PROXY protocol."""
    begin = b"\r\n\r\n\0\r\nQUIT\n"
    ends4 = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + b"\x12\x34\x01\xbb"
    yield b"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\nGET / HTTP/1.1"
    yield b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n"
    yield b"PROXY UNKNOWN ffff::1 ::2 1 2\r\n"
    yield begin + b"\x21\x11\x00\x0c" + ends4
    yield begin + b"\x21\x21\x00\x24" + bytes(32) + b"\x12\x34\x01\xbb"
    yield begin + b"\x20\x00\x00\x00"
    yield begin + b"\x21\x11\x00\x13" + ends4 + b"\x04\x00\x04abcd"
    yield begin + b"\x21\x31\x00\xd8" + bytes(216)


def hellos():
    """First messages of TLS, as a client writes them, in records of any size."""
    for name in ("db.example.com", None):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.set_alpn_protocols(["h2", "postgresql"])
        out = ssl.MemoryBIO()
        client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = out.read()
        yield hello
        yield hello + b"\x14\x03\x03\0\x01\x01\x17\x03\x03"
        yield hello[:200]
        yield b"".join(b"\x16\x03\x01" + struct.pack(">H", len(part)) + part
                       for part in (hello[at:at + 40]
                                    for at in range(5, len(hello), 40)))
    yield b"\x15\x03\x01\0\x02\x02\x28"


def h2():
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    def frame(kind, payload=b"", flags=0, stream=0):
        return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
                + struct.pack(">I", stream) + payload)

    settings = frame(4)
    opening = frame(1, b"\x82" * 40, 4, 1)
    return with_tails([
        preface + settings,
        preface + settings + opening + frame(0, b"data", 0, 1),
        preface + settings + opening * 9,
        preface + frame(3, b"\0" * 4, 0, 1) * 130,
        preface + frame(6, b"\0" * 8) * 130,
        preface + opening + frame(9, b"x" * 200, 0, 1),
        preface + frame(0, b"", 0, 1) * 3,
        preface[:10],
        b"GET / HTTP/1.1\r\n\r\n",
    ])


TARGETS = {
    "request": requests, "response": responses, "chunked": chunked,
    "frames": frames, "poll": polls, "config": configs, "routes": routes,
    "proxy": proxy, "hello": hellos,
    "http2": h2,
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for target, make in TARGETS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for i, case in enumerate(make()):
            (folder / target / f"{i:03}").write_bytes(case)


if __name__ == "__main__":
    main()
