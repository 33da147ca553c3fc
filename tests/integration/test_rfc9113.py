"""RFC 9113, sections 3 to 8, row by row: what a visitor's connection may send,
and what becomes of it. Each row has a connection of its own and says what the
RFC wants: nothing happens and requests go on, one stream is reset with a code,
or the connection ends with one. Behind each row somebody else is served.

A stream error may be treated as one of the connection (5.4); where we do,
because nghttp2 does, the row says so."""

import socket
import struct

from h2_frames import (ACK, DATA, END_STREAM, GOAWAY, HEADERS, PREFACE, RST, SETTINGS,
                WINDOW, Peer, code, frame, status)
from harness import TIME_SCALE, Case, main
from rfc9113 import NO_ERROR, PROTOCOL, PROBE, BODY, WIDE, request, u32, PING8
from rfc9113_frames import (frames_rows, compression_rows, stream_rows,
                            data_rows, connection_rows)
from rfc9113_messages import message_rows, request_rows


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
