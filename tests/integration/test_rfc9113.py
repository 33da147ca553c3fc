"""RFC 9113, sections 3 to 8, row by row: what a visitor's connection may send,
and what becomes of it. Each row has a connection of its own and says what the
RFC wants: nothing happens and requests go on, one stream is reset with a code,
or the connection ends with one. Behind each row somebody else is served.

A stream error may be treated as one of the connection (5.4); where we do,
because nghttp2 does, the row says so."""

import socket
import struct

import pattern
from h2_frames import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MORE,
                PADDED, PING, PREFACE, PRIORITY, PRIORITY_FLAG, PUSH, RST,
                SETTINGS, WINDOW, Peer, block, code, frame, head, status)
from harness import TIME_SCALE, Case, main

(NO_ERROR, PROTOCOL, INTERNAL, FLOW, SETTINGS_TIMEOUT, CLOSED, FRAME_SIZE,
 REFUSED, CANCEL, COMPRESSION, CONNECT_ERROR, CALM) = range(12)
LAST = END_HEADERS | END_STREAM
PROBE = 1001   # the stream of the request behind what a row sends
BODY = pattern.data(5)
WIDE = 1 << 31


class Served:
    """An answer on the row's stream, and all goes on."""

    def __init__(self, *statuses):
        self.statuses = statuses or (200,)

    def fits(self, seen):
        return (seen.get("end") is None and seen.get(PROBE) == ("status", 200)
                and seen.get(1, ("status", self.statuses[0]))
                in [("status", each) for each in self.statuses])


class Reset:
    """The stream is reset, and all else goes on."""

    def __init__(self, *codes):
        self.codes = codes

    def fits(self, seen):
        return (seen.get("end") is None and seen.get(PROBE) == ("status", 200)
                and seen.get(1) in [("reset", each) for each in self.codes])


class Ends:
    """The connection ends, and a GOAWAY says why."""

    def __init__(self, *codes):
        self.codes = codes

    def fits(self, seen):
        return seen.get("end") in self.codes


class Finishes:
    """An answer on the row's stream, whatever becomes of others behind it."""

    @staticmethod
    def fits(seen):
        return seen.get(1) == ("status", 200)


class Either:
    def __init__(self, *choices):
        self.choices = choices

    def fits(self, seen):
        return any(each.fits(seen) for each in self.choices)


def request(stream=1, *more, flags=LAST, **changes):
    changes.setdefault("path", "/bytes/5")
    return frame(HEADERS, stream, head(more=more, **changes), flags)


def fields(*pairs, stream=1, flags=LAST):
    return frame(HEADERS, stream, block(*pairs), flags)


def post(*more, stream=1, **changes):
    return request(stream, *more, flags=END_HEADERS, method="POST", **changes)


def u16(number):
    return struct.pack(">H", number)


def u32(number):
    return struct.pack(">I", number)


def setting(*pairs):
    return frame(SETTINGS, payload=b"".join(u16(key) + u32(value)
                                            for key, value in pairs))


def pseudo(method="GET", scheme="http", authority="example.com",
           path="/bytes/5"):
    return [(":method", method), (":scheme", scheme),
            (":authority", authority), (":path", path)]


RAW = head(path="/bytes/5")
SLOW = "/pause/300"
PING8 = frame(PING, payload=b"12345678")


def frames_rows():
    """4: frames."""
    yield "4.1 an unknown type at the connection", \
        frame(0xbb, 0, b"what"), Served()
    yield "4.1 an unknown type at an idle stream", \
        frame(0xbb, 7, b"what"), Served()
    yield "4.1 an unknown type at an open stream", \
        post() + frame(0xbb, 1, b"what") + frame(DATA, 1, b"x", END_STREAM), \
        Served()
    yield "4.1 flags that nobody knows, PING", \
        frame(PING, payload=b"12345678", flags=0xfe), Served()
    yield "4.1 flags that nobody knows, HEADERS", \
        frame(HEADERS, 1, RAW, LAST | 0x82), Served()
    yield "4.1 flags that nobody knows, DATA", \
        post() + frame(DATA, 1, b"x", END_STREAM | 0xf6), Served()
    yield "4.1 the reserved bit, HEADERS", \
        frame(HEADERS, WIDE | 1, RAW, LAST), Served()
    yield "4.1 the reserved bit, PING", \
        frame(PING, WIDE, b"12345678"), Served()
    yield "4.2 DATA of 16384 bytes", \
        post() + frame(DATA, 1, b"x" * 16384, END_STREAM), Served()
    yield "4.2 DATA over the announced size", \
        lambda most: post() + frame(DATA, 1, b"x" * (most + 1)), \
        Either(Ends(FRAME_SIZE), Reset(FRAME_SIZE))
    yield "4.2 HEADERS over the announced size", \
        lambda most: frame(HEADERS, 1, head(more=[("x", "y" * most)]), LAST), \
        Ends(FRAME_SIZE, CALM)
    yield "4.2 an unknown type over the announced size", \
        lambda most: frame(0xbb, 0, b"x" * (most + 1)), Ends(FRAME_SIZE)
    for size in (0, 7, 9):
        yield f"6.7 PING of {size} bytes", \
            frame(PING, payload=b"x" * size), Ends(FRAME_SIZE)
    for size in (0, 3, 5):
        yield f"6.4 RST_STREAM of {size} bytes", \
            post() + frame(RST, 1, b"\0" * size), Ends(FRAME_SIZE)
        yield f"6.9 WINDOW_UPDATE of {size} bytes", \
            frame(WINDOW, 0, b"\1" * size), Ends(FRAME_SIZE)
    for size in (4, 6): # of a stream, to the letter
        yield f"6.3 PRIORITY of {size} bytes", \
            post() + frame(PRIORITY, 1, b"\0" * size), \
            Either(Ends(FRAME_SIZE), Reset(FRAME_SIZE))
    for size in (0, 7):
        yield f"6.8 GOAWAY of {size} bytes", \
            frame(GOAWAY, 0, b"\0" * size), Ends(FRAME_SIZE)
    for size in (1, 5, 7):
        yield f"6.5 SETTINGS of {size} bytes", \
            frame(SETTINGS, payload=b"\0" * size), Ends(FRAME_SIZE)
    yield "6.5 SETTINGS with ACK and bytes", \
        frame(SETTINGS, payload=b"\0" * 6, flags=ACK), Ends(FRAME_SIZE)


def compression_rows():
    """4.3: field blocks."""
    def bad(name, tail, outcome=None):
        return (f"4.3 {name}", frame(HEADERS, 1, RAW + tail, LAST),
                outcome or Ends(COMPRESSION))
    yield bad("index 0", b"\x80")
    yield bad("an index behind the table", b"\xfe")
    yield bad("an index far behind the table", b"\xff\xff\xff\xff\x07")
    yield bad("an index without an end", b"\xff" + b"\xff" * 12)
    yield bad("a text longer than its block", b"\0\x01x\x7f\xff\x01")
    yield bad("a name longer than its block", b"\0\x05x")
    yield bad("Huffman's code with an end inside", b"\0\x01x\x84\xff\xff\xff\xff")
    yield bad("Huffman's code with padding of a byte", b"\0\x01x\x82\x1f\xff")
    yield bad("Huffman's code with padding of zeros", b"\0\x01x\x81\x18")
    yield bad("the table's size behind a field", b"\x20")
    yield "4.3 a table larger than announced", \
        frame(HEADERS, 1, b"\x3f\xe2\x1f" + RAW, LAST), Ends(COMPRESSION)
    yield "4.3 a table of nothing", \
        frame(HEADERS, 1, b"\x20" + RAW, LAST), Served()
    yield "4.3 a table of nothing and one of 4096", \
        frame(HEADERS, 1, b"\x20\x3f\xe1\x1f" + RAW, LAST), Served()
    yield bad("Huffman's code", b"\0\x01x\x81\x1f", Served())
    yield bad("a field that is never indexed", b"\x10\x01x\x01y", Served())
    yield "4.3 a field that is used again", \
        frame(HEADERS, 1, RAW + b"\x40\x01x\x01y", LAST) \
        + frame(HEADERS, 3, RAW + b"\xbe", LAST), Served()
    yield "4.3 a block in pieces", \
        frame(HEADERS, 1, RAW[:9], END_STREAM) + frame(MORE, 1, RAW[9:20]) \
        + frame(MORE, 1, RAW[20:], END_HEADERS), Served()
    yield "4.3 a block with an empty end", \
        frame(HEADERS, 1, RAW, END_STREAM) + frame(MORE, 1, b"", END_HEADERS), \
        Served()
    yield "4.3 a block that ends inside a field", \
        frame(HEADERS, 1, RAW[:-2], LAST), Ends(COMPRESSION)
    # The other stream's block would be lost with an error of this stream.
    yield "4.3 a malformed request's block is still read", \
        fields((":method", "GET"), ("x", "y")) \
        + frame(HEADERS, 3, RAW + b"\x40\x01x\x01y", LAST) \
        + frame(HEADERS, 5, RAW + b"\xbe", LAST), Reset(PROTOCOL)
    for name, other in (("PING", PING8), ("DATA", frame(DATA, 1, b"x")),
                        ("HEADERS", request(3)), ("PRIORITY", frame(
                            PRIORITY, 1, b"\0\0\0\0\x10")),
                        ("RST_STREAM", frame(RST, 1, u32(CANCEL))),
                        ("WINDOW_UPDATE", frame(WINDOW, 1, u32(1))),
                        ("SETTINGS", frame(SETTINGS)),
                        ("an unknown type", frame(0xbb, 1, b"x")),
                        ("another stream's CONTINUATION",
                         frame(MORE, 3, b"", END_HEADERS))):
        yield f"4.3 {name} inside a block", \
            frame(HEADERS, 1, RAW, END_STREAM) + other, Ends(PROTOCOL)


def stream_rows():
    """5: streams."""
    yield "5.1 idle: DATA", frame(DATA, 1, b"x"), Ends(PROTOCOL)
    yield "5.1 idle: RST_STREAM", frame(RST, 1, u32(CANCEL)), Ends(PROTOCOL)
    yield "5.1 idle: WINDOW_UPDATE", frame(WINDOW, 1, u32(1)), Ends(PROTOCOL)
    yield "5.1 idle: CONTINUATION", \
        frame(MORE, 1, RAW, END_HEADERS), Ends(PROTOCOL)
    yield "5.1 idle: PRIORITY", \
        frame(PRIORITY, 7, b"\0\0\0\0\x10"), Served()
    yield "5.1 half closed: DATA", \
        request(path=SLOW) + frame(DATA, 1, b"x"), \
        Either(Reset(CLOSED), Ends(CLOSED))
    yield "5.1 half closed: HEADERS", \
        request(path=SLOW) + request(path=SLOW), \
        Either(Reset(CLOSED), Ends(CLOSED))
    yield "5.1 half closed: CONTINUATION", \
        request(path=SLOW) + frame(MORE, 1, b"", END_HEADERS), Ends(PROTOCOL)
    yield "5.1 half closed: WINDOW_UPDATE", \
        request(path=SLOW) + frame(WINDOW, 1, u32(10)), Served()
    yield "5.1 half closed: PRIORITY", \
        request(path=SLOW) + frame(PRIORITY, 1, b"\0\0\0\0\x10"), Served()
    yield "5.1 half closed: RST_STREAM", \
        request(path=SLOW) + frame(RST, 1, u32(CANCEL)), Served()
    gone = post() + frame(RST, 1, u32(CANCEL))
    yield "5.1 closed by the client: DATA", \
        gone + frame(DATA, 1, b"x"), \
        Either(Served(), Reset(CLOSED), Ends(CLOSED))
    yield "5.1 closed by the client: HEADERS", \
        gone + request(), Either(Reset(CLOSED), Ends(CLOSED, PROTOCOL))
    yield "5.1 closed by the client: CONTINUATION", \
        gone + frame(MORE, 1, b"", END_HEADERS), Ends(PROTOCOL, CLOSED)
    yield "5.1 closed by the client: WINDOW_UPDATE", \
        gone + frame(WINDOW, 1, u32(1)), Served()
    yield "5.1 closed by the client: PRIORITY", \
        gone + frame(PRIORITY, 1, b"\0\0\0\0\x10"), Served()
    yield "5.1 closed by the client: RST_STREAM", \
        gone + frame(RST, 1, u32(CANCEL)), Served()
    # What was under way when we reset it must not end all (5.1).
    refused = fields((":method", "POST"), flags=END_HEADERS)
    yield "5.1 reset by us: DATA", refused + frame(DATA, 1, b"x"), \
        Reset(PROTOCOL)
    yield "5.1 reset by us: WINDOW_UPDATE", \
        refused + frame(WINDOW, 1, u32(1)), Reset(PROTOCOL)
    yield "5.1 reset by us: RST_STREAM", \
        refused + frame(RST, 1, u32(CANCEL)), Reset(PROTOCOL)
    yield "5.1 reset by us: a window of DATA under way", \
        lambda _: frame(SETTINGS, flags=ACK) + refused \
        + frame(DATA, 1, b"x" * 16000) * 30, Reset(PROTOCOL)
    yield "5.1 reset by us: trailers under way", \
        refused + fields(("x-sum", "1")), Reset(PROTOCOL)
    yield "5.1.1 an even stream", request(2), Ends(PROTOCOL)
    yield "5.1.1 a stream below the last one", \
        request(5) + request(3), Ends(PROTOCOL, CLOSED)
    yield "5.1.1 the same stream again", \
        request(path=SLOW) + request(), Either(Reset(CLOSED),
                                               Ends(PROTOCOL, CLOSED))
    yield "5.1.1 streams that are left out", request(999), Served()
    yield "5.3 a request that depends on itself", \
        frame(HEADERS, 1, u32(1) + b"\x10" + RAW, LAST | PRIORITY_FLAG), \
        Either(Served(), Reset(PROTOCOL), Ends(PROTOCOL))
    yield "5.5 settings that nobody knows", setting((0xff, 1)), Served()
    yield "7 a reset with a code that nobody knows", \
        post() + frame(RST, 1, u32(0xfefefefe)), Served()


def data_rows():
    """6.1 to 6.4."""
    yield "6.1 DATA at the connection", frame(DATA, 0, b"x"), Ends(PROTOCOL)
    yield "6.1 padding", \
        post() + frame(DATA, 1, b"\x02x\0\0", END_STREAM | PADDED), Served()
    yield "6.1 padding and nothing else", \
        post() + frame(DATA, 1, b"\x02\0\0", END_STREAM | PADDED), Served()
    yield "6.1 padding as long as the frame", \
        post() + frame(DATA, 1, b"\x04abc", END_STREAM | PADDED), \
        Ends(PROTOCOL)
    yield "6.1 padding longer than the frame", \
        post() + frame(DATA, 1, b"\xffabc", END_STREAM | PADDED), \
        Ends(PROTOCOL)
    yield "6.1 padding without its length", \
        post() + frame(DATA, 1, b"", END_STREAM | PADDED), \
        Ends(PROTOCOL, FRAME_SIZE)
    yield "6.2 HEADERS at the connection", \
        frame(HEADERS, 0, RAW, LAST), Ends(PROTOCOL)
    yield "6.2 padding", frame(
        HEADERS, 1, b"\x02" + RAW + b"\0\0", LAST | PADDED), Served()
    yield "6.2 padding and priority", frame(
        HEADERS, 1, b"\x02" + b"\0\0\0\0\x10" + RAW + b"\0\0",
        LAST | PADDED | PRIORITY_FLAG), Served()
    yield "6.2 padding longer than the frame", frame(
        HEADERS, 1, b"\xff" + RAW, LAST | PADDED), Ends(PROTOCOL)
    yield "6.2 priority that is cut off", frame(
        HEADERS, 1, b"\0\0\0", LAST | PRIORITY_FLAG), \
        Ends(PROTOCOL, FRAME_SIZE)
    yield "6.3 PRIORITY at the connection", \
        frame(PRIORITY, 0, b"\0\0\0\0\x10"), Ends(PROTOCOL)
    yield "6.4 RST_STREAM at the connection", \
        frame(RST, 0, u32(CANCEL)), Ends(PROTOCOL)


def connection_rows():
    """6.5 to 6.10."""
    yield "6.5 SETTINGS at a stream", frame(SETTINGS, 1), Ends(PROTOCOL)
    yield "6.5 an ACK at a stream", frame(SETTINGS, 1, flags=ACK), \
        Ends(PROTOCOL)
    for name, pair, outcome in (
            ("no table", (1, 0), Served()),
            ("a table of 4 GiB", (1, 0xffffffff), Served()),
            ("ENABLE_PUSH of 0", (2, 0), Served()),
            ("ENABLE_PUSH of 1", (2, 1), Served()),
            ("ENABLE_PUSH of 2", (2, 2), Ends(PROTOCOL)),
            ("no streams", (3, 0), Served()),
            ("the widest window", (4, WIDE - 1), Served()),
            ("a wider window", (4, WIDE), Ends(FLOW)),
            ("frames of 16384", (5, 16384), Served()),
            ("frames of 16383", (5, 16383), Ends(PROTOCOL)),
            ("the largest frames", (5, (1 << 24) - 1), Served()),
            ("larger frames", (5, 1 << 24), Ends(PROTOCOL)),
            ("no fields at all", (6, 0), Served()),
            ("ENABLE_CONNECT_PROTOCOL of 2", (8, 2), Ends(PROTOCOL))):
        yield f"6.5.2 {name}", setting(pair), outcome
    yield "6.5.3 the last one of two counts", \
        setting((4, 0), (4, 65535)), Served()
    yield "6.5.3 an ACK that nobody waits for", \
        frame(SETTINGS, flags=ACK) * 2, Either(Served(), Ends(PROTOCOL))
    yield "6.6 PUSH_PROMISE of a client", \
        post() + frame(PUSH, 1, u32(2) + RAW, END_HEADERS), Ends(PROTOCOL)
    yield "6.7 PING at a stream", frame(PING, 1, b"12345678"), Ends(PROTOCOL)
    yield "6.7 the answer to no PING", \
        frame(PING, payload=b"12345678", flags=ACK), Served()
    yield "6.8 GOAWAY at a stream", \
        frame(GOAWAY, 1, u32(0) + u32(0)), Ends(PROTOCOL)
    yield "6.8 GOAWAY with words", \
        post() + frame(GOAWAY, 0, u32(0) + u32(0) + b"bye") \
        + frame(DATA, 1, b"x", END_STREAM), Finishes()
    yield "6.9 WINDOW_UPDATE of nothing, all", \
        frame(WINDOW, 0, u32(0)), Ends(PROTOCOL)
    yield "6.9 WINDOW_UPDATE of nothing, a stream", \
        request(path=SLOW) + frame(WINDOW, 1, u32(0)), \
        Either(Reset(PROTOCOL), Ends(PROTOCOL))
    yield "6.9 the reserved bit", frame(WINDOW, 0, u32(WIDE | 1)), Served()
    yield "6.9.1 a window too wide, all", \
        frame(WINDOW, 0, u32(WIDE - 1)), Ends(FLOW)
    yield "6.9.1 a window too wide, a stream", \
        request(path=SLOW) + frame(WINDOW, 1, u32(WIDE - 1)), Reset(FLOW)
    yield "6.9.2 a window too wide by SETTINGS", \
        request(path=SLOW) + frame(WINDOW, 1, u32(WIDE - 65536)) \
        + setting((4, 65536)), Either(Ends(FLOW), Reset(FLOW))
    # What still comes is skipped, as long as it is not for ever.
    yield "6.9.1 more than the window takes", \
        post(path="/ignore") + frame(DATA, 1, b"x" * 16384) * 4000, \
        Either(Ends(FLOW, CALM), Reset(FLOW))
    yield "6.10 CONTINUATION at the connection", \
        frame(HEADERS, 1, RAW, END_STREAM) + frame(MORE, 0, b"", END_HEADERS), \
        Ends(PROTOCOL)
    yield "6.10 CONTINUATION behind the end of a block", \
        post() + frame(MORE, 1, b"", END_HEADERS), Ends(PROTOCOL)
    yield "6.10 CONTINUATION behind DATA", \
        post() + frame(DATA, 1, b"x") + frame(MORE, 1, b"", END_HEADERS), \
        Ends(PROTOCOL)


def message_rows():
    """8.1 and 8.2: messages and their fields."""
    trailers = (("x-sum", "1"),)
    yield "8.1 trailers", post() + frame(DATA, 1, b"x") \
        + fields(*trailers), Served()
    yield "8.1 trailers without a body", post() + fields(*trailers), Served()
    yield "8.1 trailers that are not the end", post() + frame(DATA, 1, b"x") \
        + fields(*trailers, flags=END_HEADERS), Reset(PROTOCOL)
    yield "8.1 trailers with a pseudo-field", post() + frame(DATA, 1, b"x") \
        + fields((":path", "/"), *trailers), Reset(PROTOCOL)
    yield "8.1 trailers with a field of the connection", post() \
        + fields(("connection", "close")), Reset(PROTOCOL)
    for length, data, outcome in (
            ("5", b"12345", Served()), ("0", b"", Served()),
            ("5", b"1234", Reset(PROTOCOL)), ("5", b"123456", Reset(PROTOCOL)),
            ("5", b"", Reset(PROTOCOL)), ("x", b"", Reset(PROTOCOL)),
            ("-1", b"", Reset(PROTOCOL)), ("+5", b"12345", Reset(PROTOCOL)),
            ("5, 5", b"12345", Reset(PROTOCOL)),
            ("18446744073709551616", b"", Reset(PROTOCOL))):
        yield f"8.1.1 a length of {length} and {len(data)} bytes", \
            post(("content-length", length)) \
            + frame(DATA, 1, data, END_STREAM), outcome
    yield "8.1.1 a length and no body at all", \
        request(1, ("content-length", "5"), method="POST"), Reset(PROTOCOL)
    yield "8.1.1 two lengths", post(("content-length", "1"),
                                    ("content-length", "1")) \
        + frame(DATA, 1, b"x", END_STREAM), Reset(PROTOCOL)
    for name, field, outcome in (
            ("an upper-case name", ("X-Upper", "1"), Reset(PROTOCOL)),
            ("an empty name", ("", "1"), Reset(PROTOCOL)),
            ("a space in a name", ("x y", "1"), Reset(PROTOCOL)),
            ("a colon in a name", ("x:y", "1"), Reset(PROTOCOL)),
            ("a NUL in a name", ("x\0y", "1"), Reset(PROTOCOL)),
            ("a byte over 0x7e in a name", ("x\xff", "1"), Reset(PROTOCOL)),
            ("a NUL in a value", ("x", "a\0b"), Reset(PROTOCOL)),
            ("a CR in a value", ("x", "a\rb"), Reset(PROTOCOL)),
            ("an LF in a value", ("x", "a\nb"), Reset(PROTOCOL)),
            ("a space before a value", ("x", " a"), Reset(PROTOCOL)),
            ("a tab behind a value", ("x", "a\t"), Reset(PROTOCOL)),
            ("a tab in a value", ("x", "a\tb"), Served()),
            ("an empty value", ("x", ""), Served()),
            ("bytes over 0x7f in a value", ("x", "\xe4\xff"), Served()),
            ("connection", ("connection", "x"), Reset(PROTOCOL)),
            ("keep-alive", ("keep-alive", "5"), Reset(PROTOCOL)),
            ("proxy-connection", ("proxy-connection", "x"), Reset(PROTOCOL)),
            ("transfer-encoding", ("transfer-encoding", "chunked"),
             Reset(PROTOCOL)),
            ("upgrade", ("upgrade", "websocket"), Reset(PROTOCOL)),
            ("te: trailers", ("te", "trailers"), Served()),
            ("te: TRAILERS", ("te", "TRAILERS"), Served()),
            ("te: gzip", ("te", "gzip"), Reset(PROTOCOL)),
            ("te: trailers, gzip", ("te", "trailers, gzip"),
             Reset(PROTOCOL))):
        yield f"8.2 {name}", request(1, field), outcome


def request_rows():
    """8.3 to 8.5: requests."""
    def row(name, pairs, outcome):
        return f"8.3 {name}", fields(*pairs), outcome
    bad = Reset(PROTOCOL)
    good = pseudo()
    for index, (name, _) in enumerate(good):
        if name != ":authority":
            yield row(f"no {name}", good[:index] + good[index + 1:], bad)
        yield row(f"{name} twice", [*good, good[index]], bad)
        yield row(f"{name} behind a field",
                  good[:index] + good[index + 1:] + [("x", "y"), good[index]],
                  bad)
    yield row("nothing at all", [], bad)
    yield row("an unknown pseudo-field", [*good, (":what", "x")], bad)
    yield row("a pseudo-field of answers", [*good, (":status", "200")], bad)
    yield row("host instead of :authority",
              [good[0], good[1], good[3], ("host", "example.com")], Served())
    yield row("neither of them", [good[0], good[1], good[3]],
              Either(bad, Served(400, 404)))
    yield row("host twice", [*good, ("host", "example.com"),
                             ("host", "example.com")], bad)
    yield row("another host than :authority", [*good, ("host", "a.example")],
              Either(bad, Served(400), Served(200)))
    for name, changes, outcome in (
            ("an empty :path", {"path": ""}, bad),
            (":path without a slash", {"path": "bytes/5"}, bad),
            (":path with a space", {"path": "/a b"}, bad),
            (":path with a control", {"path": "/a\x01"}, bad),
            (":path with a NUL", {"path": "/a\0"}, bad),
            (":path with a fragment", {"path": "/a#b"},
             Either(bad, Served(400))),
            ("a * of GET", {"path": "*"}, bad),
            ("a * of OPTIONS", {"path": "*", "method": "OPTIONS"},
             Served(501, 200)),
            ("an empty :method", {"method": ""}, bad),
            ("a space in :method", {"method": "GE T"}, bad),
            ("a control in :method", {"method": "GET\r"}, bad),
            ("a method of one's own", {"method": "BREW"}, Served()),
            ("an empty :scheme", {"scheme": ""}, bad),
            ("a bad :scheme", {"scheme": "ht tp"}, bad),
            ("https in plain", {"scheme": "https"}, Served()),
            ("another scheme", {"scheme": "ftp"},
             Either(bad, Served(200, 400, 404))),
            ("an empty :authority", {"authority": ""},
             Either(bad, Served(400, 404))),
            ("a user in :authority", {"authority": "u@example.com"},
             Either(bad, Served(400))),
            ("a space in :authority", {"authority": "a b"},
             Either(bad, Served(400))),
            ("a path in :authority", {"authority": "a/b"},
             Either(bad, Served(400))),
            ("a port in :authority", {"authority": "example.com:80"},
             Served())):
        yield row(name, pseudo(**changes), outcome)
    yield "8.5 CONNECT", fields((":method", "CONNECT"),
                                (":authority", "example.com:443")), Served(501)
    yield "8.5 CONNECT with :scheme", fields(
        (":method", "CONNECT"), (":scheme", "http"),
        (":authority", "example.com:443")), bad
    yield "8.5 CONNECT with :path", fields(
        (":method", "CONNECT"), (":path", "/"),
        (":authority", "example.com:443")), bad
    yield "8.5 CONNECT without :authority", fields((":method", "CONNECT")), bad
    yield "8441 :protocol of GET", fields(*good, (":protocol", "websocket")), \
        bad
    yield "8441 :protocol without :path", fields(
        (":method", "CONNECT"), (":protocol", "websocket"),
        (":scheme", "http"), (":authority", "example.com")), bad


class Rows(Case):
    transport = "grpc"
    config = {"limits": {"trusted": ["127.0.0.0/8"]},
              "http": {"body_timeout": 30}}

    def announced(self, peer):
        """The largest frame that the server takes."""
        payload = peer.until(SETTINGS)[1]
        pairs = struct.iter_unpack(">HI", payload)
        return dict(pairs).get(5, 16384)

    def observe(self, peer, data):
        """What becomes of stream 1, of the request behind it, and of the
        connection, until all of that is known."""
        wanted, seen = {PROBE}, {}
        if isinstance(data, bytes):
            wanted |= {1} if self.asks(data) else set()
        else:
            data = data(self.announced(peer))
        try:
            peer.send(data)
            peer.send(request(PROBE))
        except OSError:
            pass # it ended; why is still to be read
        heads = {}
        for kind, flags, stream, payload in peer.frames():
            if kind == GOAWAY:
                if code(payload) != NO_ERROR:
                    seen["end"] = code(payload)
                    return seen
            elif kind == RST:
                seen[stream] = ("reset", code(payload))
            elif kind == HEADERS and stream not in heads:
                heads[stream] = status(payload)
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                seen.setdefault(stream, ("status", heads[stream]))
            if wanted <= set(seen):
                return seen
        seen.setdefault("end", "without a word")
        return seen

    @staticmethod
    def asks(data):
        """Whether something has to come back on stream 1: it was asked for,
        and not taken back."""
        open_, at = False, 0
        while at < len(data):
            size = int.from_bytes(data[at:at + 3], "big")
            kind, stream = data[at + 3], int.from_bytes(
                data[at + 5:at + 9], "big") & (WIDE - 1)
            if stream == 1:
                open_ = (open_ or kind == HEADERS) and kind != RST
            at += 9 + size
        return open_

    def check(self, rows):
        for name, data, outcome in rows:
            with self.subTest(row=name):
                with Peer(self.port) as peer:
                    seen = self.observe(peer, data)
                self.assertTrue(outcome.fits(seen),
                                f"{vars(outcome)}, but {seen}")
                with Peer(self.port) as honest:
                    honest.send(request(1))
                    self.assertEqual(honest.body(1), BODY)

    def test_there_are_enough_of_them(self):
        rows = [row for each in TABLES for row in each()]
        names = {name for name, *_ in rows}
        self.assertEqual(len(names), len(rows))
        self.assertGreaterEqual(len(rows), 100)
        print(f"{len(rows)} rows")

    def test_frames(self):
        self.check(frames_rows())

    def test_field_blocks(self):
        self.check(compression_rows())

    def test_streams(self):
        self.check(stream_rows())

    def test_data_headers_priority_and_resets(self):
        self.check(data_rows())

    def test_settings_pings_windows_and_continuations(self):
        self.check(connection_rows())

    def test_messages(self):
        self.check(message_rows())

    def test_requests(self):
        self.check(request_rows())


TABLES = (frames_rows, compression_rows, stream_rows, data_rows,
          connection_rows, message_rows, request_rows)


class Prefaces(Case):
    """3.4: how a connection begins."""
    transport = "grpc"

    def answer(self, *pieces):
        """All that comes back, as frames behind the server's own SETTINGS."""
        peer = Peer(self.port, preface=b"")
        with peer:
            for piece in pieces:
                peer.send(piece)
            for kind, flags, stream, payload in peer.frames():
                if kind == GOAWAY:
                    return "end", code(payload)
                if kind == DATA and flags & END_STREAM:
                    return "served", stream
        return "end", None

    def test_a_request_may_come_with_the_preface(self):
        self.assertEqual(self.answer(PREFACE + frame(SETTINGS) + request()),
                         ("served", 1))

    def test_a_preface_may_come_byte_by_byte(self):
        whole = PREFACE + frame(SETTINGS) + request()
        self.assertEqual(self.answer(*(whole[i:i + 1]
                                       for i in range(len(whole)))),
                         ("served", 1))

    def test_something_else_than_settings_comes_first(self):
        for first in (PING8, request(), frame(WINDOW, 0, u32(1)),
                      frame(0xbb, 0, b"x")):
            self.assertEqual(self.answer(PREFACE + first), ("end", PROTOCOL))

    def test_an_acknowledgement_is_no_beginning(self):
        self.assertEqual(self.answer(PREFACE + frame(SETTINGS, flags=ACK)
                                     + request()), ("end", PROTOCOL))

    def test_another_preface_is_answered_as_http_1(self):
        with socket.create_connection(("127.0.0.1", self.port),
                                      timeout=60 * TIME_SCALE) as stream:
            stream.sendall(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
            answer = stream.makefile("rb").read()
        self.assertRegex(answer, rb"^HTTP/1.1 (400|501|505) ")


if __name__ == "__main__":
    main()
