"""HTTP/2 visitors: real clients, frames by hand, and what strangers send."""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import unittest

import pattern
from h2_frames import (DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MORE,
                       RST, SETTINGS, Peer, block, code, frame, head)
from harness import TIME_SCALE, Case, main, scratch, wait_until
from wire import ask

HOST = "Host: example.com"
FIELD = re.compile(r"^([\w-]+): (.*?)\r?$", re.M)

REFUSED, CANCEL, CALM, HTTP_1_1 = 7, 8, 11, 13


class Http2Case(Case):
    def curl(self, url, *more, check=True, h2=("--http2-prior-knowledge",)):
        done = subprocess.run(
            ["curl", "-sS", *h2, "--noproxy", "*", "-m",
             str(int(60 * TIME_SCALE)),
             *(() if any("Host:" in str(one) for one in more)
               else ("-H", HOST)), *more,
             url if "://" in url else f"http://127.0.0.1:{self.port}{url}"],
            capture_output=True, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fetch(self, url, *more, **options):
        """Status, fields (the last heads first), body."""
        answer = self.curl(url, "-i", *more, **options)
        fields, status = {}, None
        while answer.startswith(b"HTTP/2 "):
            lines, _, answer = answer.partition(b"\r\n\r\n")
            text = lines.decode("latin-1")
            status = int(text.split()[1])
            fields.update({name.lower(): value
                           for name, value in FIELD.findall(text)})
        return status, fields, answer


class Requests(Http2Case):
    transport = "mix"

    def test_answers_have_status_fields_and_bodies(self):
        status, fields, body = self.fetch("/")
        self.assertEqual((status, body), (200, b"hello from the origin\n"))
        self.assertTrue(fields["via"].startswith("1.1 "))
        self.assertIn("date", fields)
        self.assertEqual(fields["x-request-id"], fields["aps-request-id"])
        for name in ("connection", "transfer-encoding", "keep-alive"):
            self.assertNotIn(name, fields)
        self.assertEqual(self.fetch("/status/204")[0], 204)
        self.assertEqual(self.fetch("/status/404")[0], 404)

    def test_requests_reach_the_target_as_http_1(self):
        echo = json.loads(self.curl("/echo?a=b", "-d", "x=1", "-H", "TE: trailers",
                                    "-H", "X-One: 1", "-b", "a=1; b=2"))
        self.assertEqual((echo["method"], echo["target"], echo["length"]),
                         ("POST", "/echo?a=b", 3))
        fields = dict((name.lower(), value) for name, value in echo["headers"])
        self.assertEqual(fields["x-one"], "1")
        self.assertEqual(fields["cookie"], "a=1; b=2")
        self.assertIn("2.0 ", fields["via"])
        self.assertEqual(fields["x-forwarded-host"], "example.com")
        self.assertFalse([name for name in fields if name.startswith(":")])

    def test_cookies_in_pieces_are_joined(self):
        with Peer(self.port) as peer:
            peer.ask(1, path="/echo", more=(("cookie", "a=1"),
                                            ("cookie", "b=2")))
            fields = json.loads(peer.body(1))["headers"]
        cookies = [value for name, value in fields if name.lower() == "cookie"]
        self.assertEqual(cookies, ["a=1; b=2"])

    def test_a_head_answer_has_the_length_and_no_body(self):
        status, fields, body = self.fetch("/bytes/1000", "-I")
        self.assertEqual((status, fields["content-length"], body),
                         (200, "1000", b""))

    def test_large_bodies_pass_both_ways(self):
        size = 30_000_000
        file = scratch(self) / "body"
        file.write_bytes(pattern.data(size))
        fields = self.fetch("/bytes/7", "-T", file)[1]
        self.assertEqual(fields["x-body-sha256"],
                         hashlib.sha256(pattern.data(size)).hexdigest())
        for path in (f"/bytes/{size}", f"/chunked/{size}"):
            self.assertEqual(self.curl(path), pattern.data(size))
        copied = self.curl("/copy", "-T", file)
        self.assertEqual(copied, pattern.data(size))

    def test_trailers_pass_both_ways(self):
        answer = self.curl("/trailers", "-i").decode()
        self.assertIn("x-sum: 42", answer.split("body with a sum")[1])
        with Peer(self.port) as peer:
            peer.ask(1, last=False, method="POST", path="/echo")
            peer.send(frame(DATA, 1, b"abc"))
            peer.send(frame(HEADERS, 1, block(("x-sum", "7")),
                            END_HEADERS | END_STREAM))
            echo = json.loads(peer.body(1))
        self.assertEqual(echo["trailers"], [["x-sum", "7"]])

    def test_hints_come_before_the_answer(self):
        answer = self.curl("/hints", "-i")
        self.assertIn(b"HTTP/2 103", answer)
        self.assertTrue(answer.endswith(b"after the hints\n"))

    def test_an_expectation_is_for_the_target(self):
        answer = self.curl("/echo", "-i", "-H", "Expect: 100-continue", "-d",
                           "x=1")
        self.assertIn(b"HTTP/2 100", answer)
        status, _, body = self.fetch("/reject", "-H", "Expect: 100-continue",
                                     "-d", "x" * 100_000)
        self.assertEqual((status, body), (413, b"not this body\n"))

    def test_errors_are_those_of_http_1(self):
        for path, host, status, outcome in (
                ("/", "nobody.test", 404, "no-mapping"),
                ("/close", "example.com", 502, "origin-closed")):
            told = self.fetch(path, "-H", f"Host: {host}", "-X", "POST")
            self.assertEqual((told[0], told[1]["aps-outcome"]),
                             (status, outcome))
        answer = self.fetch("/", "-H", "Host: nobody.test", "-H",
                            "Accept: application/json")[2]
        self.assertEqual(json.loads(answer)["outcome"], "no-mapping")

    def test_a_head_over_the_limit_is_431(self):
        # One field of more than 64 KiB is more than HPACK's decoder takes.
        with Peer(self.port) as peer:
            fields = head(more=[(f"x-{i}", "x" * 10_000) for i in range(7)])
            pieces = [fields[i:i + 16_000] for i in range(0, len(fields), 16_000)]
            peer.send(frame(HEADERS, 1, pieces[0], END_STREAM))
            for piece in pieces[1:-1]:
                peer.send(frame(MORE, 1, piece))
            peer.send(frame(MORE, 1, pieces[-1], END_HEADERS))
            self.assertIn(b"header-too-large", peer.body(1))
            peer.ask(3, path="/bytes/5")
            self.assertEqual(peer.body(3), pattern.data(5))

    def test_a_grpc_client_hears_errors_as_a_status(self):
        for host, status in (("nobody.test", "12"), ("example.com", "14")):
            got, fields, body = self.fetch(
                "/close", "-H", f"Host: {host}", "-X", "POST",
                "-H", "Content-Type: application/grpc+proto")
            self.assertEqual((got, fields["grpc-status"], body),
                             (200, status, b""))
            self.assertTrue(fields["grpc-message"])

    def test_many_streams_share_a_connection(self):
        with Peer(self.port) as peer:
            for stream in range(1, 101, 2):
                peer.ask(stream, path=f"/bytes/{stream}")
            bodies = {}
            open_streams = set(range(1, 101, 2))
            for kind, flags, stream, payload in peer.frames():
                if kind == DATA:
                    bodies[stream] = bodies.get(stream, b"") + payload
                if flags & END_STREAM and kind in (DATA, HEADERS):
                    open_streams.discard(stream)
                if not open_streams:
                    break
        for stream, body in bodies.items():
            self.assertEqual(body, pattern.data(stream))
        self.assertEqual(len(bodies), 50)

    def test_giving_a_request_up_ends_it_at_the_target(self):
        self.origin.release.clear()
        with Peer(self.port) as peer:
            peer.ask(1, path="/gate")
            wait_until(lambda: self.origin.busy("/gate"), "the request")
            request = [r for r in self.origin.current.values()
                       if r.path == "/gate"][0]
            peer.send(frame(RST, 1, struct.pack(">I", CANCEL)))
            wait_until(request.gone.is_set, "the end at the target")
        self.origin.release.set()

    def test_records_say_what_came(self):
        fields = self.fetch("/bytes/10")[1]
        wait_until(lambda: json.loads(self.stack.node.get(
            f"/.api/exchanges?id={fields['aps-request-id']}")[1])["finished"],
                   "the record")
        record = json.loads(self.stack.node.get(
            f"/.api/exchanges?id={fields['aps-request-id']}")[1])["finished"][0]
        self.assertEqual((record["method"], record["path"], record["status"]),
                         ("GET", "/bytes/10", 200))

    def test_a_websocket_comes_by_extended_connect(self):
        with Peer(self.port) as peer:
            peer.send(frame(HEADERS, 1, block(
                (":method", "CONNECT"), (":protocol", "websocket"),
                (":scheme", "http"), (":authority", "example.com"),
                (":path", "/switch"), ("sec-websocket-version", "13")),
                END_HEADERS))
            peer.send(frame(DATA, 1, b"hello"))
            body = b""
            for kind, flags, stream, payload in peer.frames():
                self.assertNotEqual((kind, stream), (RST, 1), payload)
                if kind == DATA:
                    body += payload
                if b"hello" in body:
                    break

    def test_what_comes_before_a_target_switches_is_no_request(self):
        """RFC 9110, 7.8: a target that does not want to would take it for
        one, past all that was asked of the first."""
        hidden = (b"POST /hidden HTTP/1.1\r\nHost: x\r\n"
                  b"Content-Length: 0\r\n\r\n")
        for number in range(5):
            with Peer(self.port) as peer:
                peer.send(frame(HEADERS, 1, block(
                    (":method", "CONNECT"), (":protocol", "websocket"),
                    (":scheme", "http"), (":authority", "example.com"),
                    (":path", f"/status/404?{number}"),
                    ("sec-websocket-version", "13")), END_HEADERS)
                    + frame(DATA, 1, hidden * 3))
                peer.body(1)
        # Behind them, so those would have come.
        self.assertEqual(ask(self.port).status, 200)
        self.assertEqual(self.origin.seen("/hidden"), [])

    def test_agents_paths_are_told_to_speak_http_1(self):
        for path in ("/.tunnel", "/.tunnel/poll/down"):
            with Peer(self.port) as peer:
                peer.ask(1, path=path)
                self.assertEqual(code(peer.until(RST, 1)[1]), HTTP_1_1)

    def test_a_malformed_request_costs_itself_alone(self):
        good = head(path="/bytes/5")
        bad = (block((":method", "GET"), (":path", "/")),
               head(more=(("Upper", "x"),)),
               head(more=(("connection", "close"),)),
               head(more=(("transfer-encoding", "chunked"),)),
               head(more=((":late", "x"),)),
               head(more=(("content-length", "x"),)),
               head(path=""), head(more=(("te", "gzip"),)),
               block((":method", "GET"), *[(":scheme", "http")] * 2,
                     (":authority", "a"), (":path", "/")))
        with Peer(self.port) as peer:
            for number, fields in enumerate(bad):
                peer.send(frame(HEADERS, 2 * number + 1, fields,
                                END_HEADERS | END_STREAM))
                self.assertEqual(code(peer.until(RST, 2 * number + 1)[1]), 1)
            peer.send(frame(HEADERS, 101, good, END_HEADERS | END_STREAM))
            self.assertEqual(peer.body(101), pattern.data(5))

    @unittest.skipUnless(shutil.which("nghttp"), "there is no nghttp")
    def test_nghttp_is_served(self):
        done = subprocess.run(
            ["nghttp", "-nv", "-m", "20", "-H", ":authority: example.com",
             f"http://127.0.0.1:{self.port}/bytes/100000"],
            capture_output=True, text=True, timeout=60 * TIME_SCALE, check=True)
        self.assertEqual(done.stdout.count(":status: 200"), 20)


class Load(Http2Case):
    transport = "grpc"
    config = {"limits": {"trusted": ["127.0.0.0/8"]}}

    @unittest.skipUnless(shutil.which("h2load"), "there is no h2load")
    def test_a_thousand_streams_at_once_fail_nowhere(self):
        done = subprocess.run(
            ["h2load", "-n", "10000", "-c", "10", "-m", "100",
             "-H", ":authority: example.com",
             f"http://127.0.0.1:{self.port}/bytes/100"],
            capture_output=True, text=True, check=True)
        self.assertIn("10000 succeeded, 0 failed, 0 errored, 0 timeout",
                      done.stdout)

    def test_requests_survive_the_death_of_a_connection(self):
        stack = self.build("mix", proxy=True)
        with Peer(stack.port) as peer:
            for stream in range(1, 41, 2):
                peer.ask(stream, path="/pause/1500",
                         more=(("x-test-id", str(stream)),))
            wait_until(lambda: sum(r.path == "/pause/1500" for r in
                                   list(stack.origin.current.values())) == 20,
                       "all at the target")
            stack.proxy.cut("h2")
            done = set()
            for kind, flags, stream, _ in peer.frames():
                self.assertNotEqual(kind, RST)
                if flags & END_STREAM and kind == DATA:
                    done.add(stream)
                if len(done) == 20:
                    break
        self.assertEqual(len([r for r in stack.origin.requests
                              if r.path == "/pause/1500"]), 20)


class Limits(Http2Case):
    transport = "ws"
    config = {"http": {"body_timeout": 1, "first_byte_timeout": 1,
                       "write_timeout": 1, "idle_timeout": 2,
                       "max_body_bytes": 1000}}

    def test_a_silent_body_is_408(self):
        with Peer(self.port) as peer:
            peer.ask(1, last=False, method="POST", path="/echo")
            self.assertIn(b"body-timeout", peer.body(1))

    def test_a_silent_target_is_504(self):
        with Peer(self.port) as peer:
            peer.ask(1, path="/ignore")
            self.assertIn(b"first-byte-timeout", peer.body(1))
        self.origin.release.set()

    def test_a_body_over_the_limit_is_413(self):
        with Peer(self.port) as peer:
            peer.ask(1, last=False, method="POST", path="/echo",
                     more=(("content-length", "1001"),))
            self.assertIn(b"body-too-large", peer.body(1))
            peer.ask(3, last=False, method="POST", path="/echo")
            peer.send(frame(DATA, 3, b"x" * 600) + frame(DATA, 3, b"x" * 600))
            self.assertIn(b"body-too-large", peer.body(3))

    def test_who_takes_nothing_is_reset_and_others_go_on(self):
        # A window of nothing, for all streams.
        with Peer(self.port, settings=struct.pack(">HI", 4, 0)) as peer:
            peer.ask(1, path="/bytes/1000000")
            self.assertEqual(code(peer.until(RST, 1)[1]), CANCEL)
            peer.send(frame(SETTINGS, payload=struct.pack(">HI", 4, 65535)))
            peer.ask(3, path="/bytes/10")
            self.assertEqual(peer.body(3), pattern.data(10))
        wait_until(lambda: "send-rate" in self.stack.node.log, "the event")

    def test_a_connection_at_rest_is_ended_in_peace(self):
        with Peer(self.port) as peer:
            peer.ask(1, path="/bytes/10")
            peer.body(1)
            flags, payload, _ = peer.until(GOAWAY)
            self.assertEqual(code(payload), 0)
            self.assertEqual(list(peer.frames()), [])

    def test_more_streams_than_announced_are_refused(self):
        with Peer(self.port) as peer:
            peer.until(SETTINGS)
            peer.send(frame(SETTINGS, flags=1))
            self.origin.release.clear()
            for stream in range(1, 221, 2):
                peer.ask(stream, path="/gate")
            refused = {stream for stream in range(201, 221, 2)}
            for kind, flags, stream, payload in peer.frames():
                if kind == RST and code(payload) == REFUSED:
                    refused.discard(stream)
                if not refused:
                    break
            self.origin.release.set()


class Stopping(Http2Case):
    def test_a_stop_waits_for_what_runs(self):
        stack = self.build("ws")
        with Peer(stack.port) as peer:
            peer.ask(1, path="/gate")
            wait_until(lambda: stack.origin.busy("/gate"), "the request")
            os.kill(stack.node.pid, signal.SIGTERM)
            peer.until(GOAWAY)
            peer.ask(3, path="/gate")
            stack.origin.release.set()
            self.assertEqual(peer.body(1), b"through the gate\n")
        self.assertEqual(stack.node.wait(), 0)


if __name__ == "__main__":
    main()
