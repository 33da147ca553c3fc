"""Rows of RFC 9113, 8: messages, their fields, requests."""

from h2_frames import DATA, END_HEADERS, END_STREAM, frame, status
from rfc9113 import (PROTOCOL, Served, Reset, Either, request, fields, post,
                     pseudo)


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
