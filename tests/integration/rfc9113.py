"""What the rows of test_rfc9113.py are made of: frames, and what may come of
them."""

import struct

import pattern
from h2_frames import (END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, SETTINGS,
                block, frame, head, status)

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
