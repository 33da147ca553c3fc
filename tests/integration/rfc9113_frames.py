"""Rows of RFC 9113, 4 to 6: frames, field blocks, streams, the connection. Each is
a name, bytes (or a function of the largest frame that the server takes), and
what may come of them."""

from h2_frames import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MORE,
                PADDED, PING, PRIORITY, PRIORITY_FLAG, PUSH, RST, SETTINGS,
                WINDOW, block, code, frame, head)
from rfc9113 import (PROTOCOL, FLOW, CLOSED, FRAME_SIZE, CANCEL, COMPRESSION,
                     CALM, LAST, WIDE, Served, Reset, Ends, Finishes, Either,
                     request, fields, post, u32, setting, RAW, SLOW, PING8)


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
        + frame(DATA, 1, b"x" * 16000) * 4, Reset(PROTOCOL)
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
