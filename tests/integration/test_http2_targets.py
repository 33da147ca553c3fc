"""Targets that speak HTTP/2: by prior knowledge, by ALPN, and badly; and gRPC
from end to end, with gRPC's own client and server."""

import concurrent.futures
import contextlib
import hashlib
import os
import queue
import select
import socket
import struct
import subprocess
import threading
import time

import grpc
import pattern
from certified import Certified
from h2_frames import (DATA, END_HEADERS, HEADERS, SETTINGS, WINDOW,
                       block, frame, status)
from h2_frames import Peer as H2Peer
from h2_origin import H2Origin
from harness import (TIME_SCALE, Case, Stack, free_port, main, per_transport,
                     wait_until)
from origin import Origin
from wire import Visitor, ask

LIMITS = {"read_timeout": 1, "send_timeout": 1, "min_rate": 1000}
FLAGS = ("-target-timeout", "1", "-target-min-rate", "1000")


def digest(body):
    return hashlib.sha256(body).hexdigest()


@per_transport("grpc", "ws", "poll")
class PriorKnowledge:
    """Through each transport, and from the node itself."""

    @classmethod
    def setUpClass(cls):
        cls.far = H2Origin()
        cls.addClassCleanup(cls.far.close)
        cls.stack = Stack(cls.transport, agent_flags=FLAGS, config={
            "targets": LIMITS, "mappings": [
                {"from": "http://example.com", "to": cls.far.url,
                 "via": {"tunnels": ["tunnel1"]}},
                {"from": "http://direct.test", "to": cls.far.url}]})

    def both_ways(self):
        yield from ("example.com", "direct.test")

    def test_requests_and_answers_pass(self):
        for host in self.both_ways():
            answer = ask(self.port, host=host)
            self.assertEqual((answer.status, answer.body),
                             (200, b"hello in 2"))
            for body in (b"", b"x" * 100_000):
                answer = ask(self.port, "/echo", "POST", body=body, host=host)
                self.assertEqual((answer.status, digest(answer.body)),
                                 (200, digest(body)))
            answer = ask(self.port, "/root", "HEAD", host=host)
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertEqual(answer.header("content-length"), "10")
            for status in (204, 304, 404):
                self.assertEqual(ask(self.port, f"/status/{status}",
                                     host=host).status, status)

    def test_fields_are_those_of_http_2(self):
        for host in self.both_ways():
            ask(self.port, "/", headers=[("Connection", "x-gone"), ("X-Gone", "1"),
                                         ("X-Kept", "2"), ("Cookie", "a=1; b=2")],
                host=host)
            fields = dict(self.far.requests[-1][3])
            self.assertEqual(fields[":authority"], f"127.0.0.1:{self.far.port}")
            self.assertEqual(fields[":scheme"], "http")
            self.assertEqual(fields["te"], "trailers")
            self.assertEqual(fields["x-kept"], "2")
            self.assertEqual(fields["cookie"], "a=1; b=2")
            for name in ("host", "connection", "x-gone", "transfer-encoding",
                         "upgrade"):
                self.assertNotIn(name, fields)

    def test_chunks_and_trailers_pass_both_ways(self):
        for host in self.both_ways():
            with Visitor(self.port) as visitor:
                visitor.send_head("POST", "/echo", [("Transfer-Encoding", "chunked"),
                                                    ("Trailer", "X-Sum")],
                                  host=host)
                visitor.send_chunk(b"one")
                visitor.send_chunk(b"two")
                visitor.send(b"0\r\nX-Sum: 7\r\n\r\n")
                answer = visitor.read()
            self.assertEqual(answer.body, b"onetwo")
            self.assertEqual(answer.header("x-trailer-x-sum"), "7")
            answer = ask(self.port, "/trailers", headers=[("TE", "trailers")],
                         host=host)
            self.assertEqual((answer.status, answer.body), (200, b"body"))

    def test_bulk_passes_both_ways(self):
        size = 8 << 20
        for host in self.both_ways():
            answer = ask(self.port, f"/bytes/{size}", host=host)
            self.assertEqual(answer.sha256, pattern.sha256(size))
            answer = ask(self.port, "/echo", "POST", body=pattern.data(size),
                         host=host)
            self.assertEqual(answer.sha256, pattern.sha256(size))

    def test_many_requests_share_a_connection(self):
        for host in self.both_ways():
            before = self.far.connections
            ask(self.port, host=host)
            with concurrent.futures.ThreadPoolExecutor(32) as pool:
                answers = list(pool.map(
                    lambda n: ask(self.port, "/echo", "POST",
                                  body=b"%d" % n, host=host),
                    range(200)))
            self.assertEqual([answer.body for answer in answers],
                             [b"%d" % n for n in range(200)])
            # One for each I/O unit, and what began before the first was there.
            self.assertLessEqual(self.far.connections - before,
                                 2 * (os.cpu_count() or 1))

    def test_refused_requests_are_asked_again_once(self):
        for number, host in enumerate(self.both_ways()):
            for method, body in (("GET", None), ("POST", b"x" * 1000)):
                path = f"/refuse-once/{number}/{method}"
                answer = ask(self.port, path, method, body=body, host=host)
                self.assertEqual((answer.status, answer.body),
                                 (200, body or b""))
                self.assertEqual(self.far.paths().count(path), 2)
            path = f"/refuse/{number}"
            answer = ask(self.port, path, "POST", body=b"x", host=host)
            self.assertEqual((answer.status, answer.outcome),
                             (502, "origin-closed"))
            self.assertEqual(self.far.paths().count(path), 2)

    def test_a_connection_that_goes_away_is_replaced(self):
        for host in self.both_ways():
            for _ in range(3):
                self.assertEqual(ask(self.port, "/go-away", host=host).outcome,
                                 "origin-closed")
                self.assertEqual(ask(self.port, "/echo", "POST", body=b"x",
                                     host=host).body, b"x")

    def test_what_may_have_run_is_not_sent_twice(self):
        for number, host in enumerate(self.both_ways()):
            ask(self.port, host=host) # there is a connection
            for code in (2, 8):
                path = f"/reset/{code}/{number}"
                answer = ask(self.port, path, "POST", body=b"x", host=host)
                self.assertEqual(answer.outcome, "origin-closed")
                self.assertEqual(self.far.paths().count(path), 1)

    def assert_broken(self, visitor, host):
        """An error where nothing went out by then; else what did is cut."""
        with contextlib.suppress(ConnectionError):
            answer = visitor.read_final_head()
            for _ in visitor.body(answer):
                pass
            if answer.status == 502:
                return
            # All that was announced came: it ends with it.
            visitor.send_head("GET", "/", host=host)
            visitor.read_final_head()
            self.fail("a broken answer is complete")

    def test_a_cut_answer_is_not_complete(self):
        for host in self.both_ways():
            with Visitor(self.port) as visitor:
                visitor.send_head("GET", "/cut-body", host=host)
                self.assert_broken(visitor, host)

    def test_an_answer_of_another_length_is_cut(self):
        for host in self.both_ways():
            for announced, sent in ((100, 50), (50, 100), (1, 0), (0, 1)):
                with self.subTest(host=host, announced=announced, sent=sent), \
                        Visitor(self.port) as visitor:
                    visitor.send_head("GET", f"/announces/{announced}/{sent}",
                                      host=host)
                    self.assert_broken(visitor, host)
            self.assertEqual(ask(self.port, host=host).status, 200)

    def test_a_stalled_answer_ends_alone(self):
        for host in self.both_ways():
            with Visitor(self.port) as events, Visitor(self.port) as stalled:
                events.send_head("GET", "/events", host=host)
                events.read_final_head()
                stalled.send_head("GET", "/stall", host=host)
                head = stalled.read_final_head()
                with self.assertRaises(ConnectionError):
                    for _ in stalled.body(head):
                        pass
                self.assertEqual(ask(self.port, host=host).status, 200)
                wait_until(lambda: ("/stall", 8) in self.far.resets,
                           "the stream's reset")

    def test_an_event_stream_may_be_silent(self):
        for host in self.both_ways():
            answer = ask(self.port, "/events", host=host)
            self.assertEqual(answer.body, b"data: 1\n\ndata: 2\n\n")

    def test_a_target_that_takes_no_body_ends_its_request(self):
        for host in self.both_ways():
            with Visitor(self.port) as visitor:
                visitor.send_head("POST", "/never-takes",
                                  [("Content-Length", "10000000")], host=host)
                def send():
                    try:
                        visitor.send(b"x" * 10_000_000)
                    except OSError:
                        pass
                sender = threading.Thread(target=send, daemon=True)
                sender.start()
                self.assertEqual(visitor.read_final_head().status, 504)
            sender.join()
            self.assertEqual(ask(self.port, host=host).status, 200)

    def test_slow_visitors_do_not_stop_others(self):
        for host in self.both_ways():
            slow = []
            for _ in range(20):
                visitor = Visitor(self.port, receive_buffer=4096)
                self.addCleanup(visitor.close)
                visitor.send_head("GET", "/bytes/4000000", host=host)
                visitor.read_final_head()
                slow.append(visitor)
            for _ in range(5):
                self.assertEqual(ask(self.port, host=host).body, b"hello in 2")
            self.assertEqual(ask(self.port, "/bytes/1000000",
                                 host=host).length, 1_000_000)
            for visitor in slow:
                visitor.close()
            # What was on its way for them is no loss to the connection.
            for _ in range(3):
                self.assertEqual(ask(self.port, "/bytes/4000000",
                                     host=host).length, 4_000_000)

    def test_an_early_answer_ends_the_request(self):
        for host in self.both_ways():
            with Visitor(self.port) as visitor:
                visitor.send_head("POST", "/early",
                                  [("Content-Length", "10000000")], host=host)
                visitor.send(b"x" * 1000)
                head = visitor.read_final_head()
                self.assertEqual(head.status, 413)
            self.assertEqual(ask(self.port, host=host).status, 200)

    def test_hints_without_end_are_stopped(self):
        for host in self.both_ways():
            self.assertEqual(ask(self.port, "/hints", host=host).outcome,
                             "origin-protocol")
            self.assertEqual(ask(self.port, host=host).status, 200)

    def test_a_visitor_that_goes_ends_the_stream(self):
        for host in self.both_ways():
            before = self.far.resets.count(("/hold", 8))
            with Visitor(self.port) as visitor:
                visitor.send_head("GET", "/hold", host=host)
                wait_until(lambda: "/hold" in self.far.paths(), "the request")
                visitor.reset()
            wait_until(lambda: self.far.resets.count(("/hold", 8)) > before,
                       "the stream's reset")


@per_transport("ws", "grpc")
class WebSockets:
    """RFC 8441 towards the target, whatever the visitor speaks."""
    KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    @classmethod
    def setUpClass(cls):
        cls.far = H2Origin(sockets=True)
        cls.plain = H2Origin()
        via = {"via": {"tunnels": ["tunnel1"]}}
        cls.stack = Stack(cls.transport, {"mappings": [
            {"from": "http://example.com", "to": cls.far.url, **via},
            {"from": "http://direct.test", "to": cls.far.url},
            {"from": "http://plain.test", "to": cls.plain.url, **via}]},
            agent_flags=("-threads", "1"))

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.far.close()
        cls.plain.close()

    @contextlib.contextmanager
    def socket(self, path, host="example.com", early=b""):
        with socket.create_connection(("127.0.0.1", self.port)) as peer:
            peer.settimeout(20 * TIME_SCALE)
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n"
                         "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                         "Sec-WebSocket-Version: 13\r\n"
                         f"Sec-WebSocket-Key: {self.KEY}\r\n"
                         "Sec-WebSocket-Protocol: chat\r\n\r\n".encode()
                         + early)
            file = peer.makefile("rb")
            head = []
            while line := file.readline().strip().decode():
                head.append(line)
            yield peer, file, head

    def test_a_websocket_is_one_stream(self):
        for host in ("example.com", "direct.test"):
            with self.subTest(host), self.socket("/switch", host) as (
                    peer, file, head):
                self.assertEqual(head[0], "HTTP/1.1 101 Switching Protocols")
                fields = {name.lower(): value for name, value in
                          (line.split(": ", 1) for line in head[1:])}
                self.assertEqual(fields["sec-websocket-accept"], self.ACCEPT)
                self.assertEqual(fields["upgrade"], "websocket")
                self.assertEqual(fields["sec-websocket-protocol"], "chat")
                asked = dict(self.far.requests[-1][3])
                self.assertEqual((asked[":method"], asked[":protocol"]),
                                 ("CONNECT", "websocket"))
                self.assertNotIn("sec-websocket-key", asked)
                for piece in (b"\x81\x03abc", pattern.data(300_000)):
                    writer = threading.Thread(target=peer.sendall,
                                              args=(piece,))
                    writer.start()
                    self.assertEqual(file.read(len(piece)), piece)
                    writer.join()
                peer.shutdown(socket.SHUT_WR)
                self.assertEqual(file.read(), b"")

    def test_what_comes_too_early_waits_for_the_target(self):
        with self.socket("/switch", early=b"\x81\x05hello") as (_, file, head):
            self.assertIn("101", head[0])
            self.assertEqual(file.read(7), b"\x81\x05hello")

    def test_a_refusal_is_an_answer(self):
        for early in (b"", b"\x81\x05hello"):
            with self.socket("/decline", early=early) as (_, file, head):
                self.assertIn("403", head[0])
                self.assertEqual(file.read(15), b"no sockets here")

    def test_they_stay_within_http_2(self):
        with H2Peer(self.port) as peer:
            peer.send(frame(HEADERS, 1, block(
                (":method", "CONNECT"), (":protocol", "websocket"),
                (":scheme", "http"), (":authority", "example.com"),
                (":path", "/switch"), ("sec-websocket-version", "13")),
                END_HEADERS))
            _, head, _ = peer.until(HEADERS, 1)
            self.assertEqual(status(head), 200)
            peer.send(frame(DATA, 1, b"ping"))
            self.assertEqual(peer.until(DATA, 1)[1], b"ping")

    def test_a_target_without_them_is_asked_in_http_1_1(self):
        for _ in range(2):
            with self.socket("/switch", "plain.test") as (_, file, head):
                self.assertIn("200", head[0])
                self.assertEqual(file.read(6), b"in 1.1")
        # It is remembered.
        self.assertEqual((self.plain.connections, self.plain.plain), (1, 2))


class Deaf(Case):
    def test_a_connection_without_a_sign_of_life_gets_nothing_new(self):
        far = H2Origin()
        self.addCleanup(far.close)
        stack = self.build("ws", config={"mappings": [
            {"from": "http://example.com", "to": far.url,
             "via": {"tunnels": ["tunnel1"]}}], "io": {"threads": 1}},
            agent_flags=("-threads", "1"))
        with Visitor(stack.port) as visitor:
            visitor.send_head("GET", "/deaf")
            wait_until(lambda: "/deaf" in far.paths(), "the request")

            def served():
                with Visitor(stack.port, timeout=1) as other:
                    try:
                        return other.get("/").status == 200
                    except OSError:
                        return False
            wait_until(served, "another connection")
            self.assertEqual(far.connections, 2)

    def silent_target(self, first, later=0):
        """Takes so many bytes by HTTP/2's windows, and reads none of them."""
        server = socket.socket()
        self.addCleanup(server.close)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()

        def widen(peer, by):
            more = struct.pack(">I", by)
            peer.sendall(frame(WINDOW, 0, more) + frame(WINDOW, 1, more))

        def serve(peer):
            peer.sendall(frame(SETTINGS) + frame(SETTINGS, flags=1))
            peer.recv(500)
            widen(peer, first)
            time.sleep(1)
            if later:
                widen(peer, later)
            time.sleep(300)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = server.accept()
                    threading.Thread(target=serve, args=(peer,),
                                     daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return f"h2c://127.0.0.1:{server.getsockname()[1]}"

    def upload(self, port, host):
        """Sends until there is an answer; returns it."""
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.settimeout(0.1)
            peer.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\n"
                         "Content-Length: 900000000\r\n\r\n".encode())
            limit = time.monotonic() + 20 * TIME_SCALE
            while time.monotonic() < limit:
                with contextlib.suppress(TimeoutError, BlockingIOError):
                    peer.send(b"x" * 65536)
                if select.select([peer], [], [], 0)[0]:
                    return peer.recv(4096)
        return b""

    def test_one_that_does_not_read_is_let_go_of(self):
        # What is in flight is not sent, however much of it that is.
        sizes = range(300_000, 3_000_000, 300_000)
        stack = self.build("ws", config={
            "http": {"first_byte_timeout": 120},
            "targets": {"send_timeout": 2, "read_timeout": 2},
            "limits": {"trusted": ["127.0.0.0/8"]},
            "mappings": [
                {"from": "http://example.com", "to": "http://127.0.0.1:1",
                 "via": {"tunnels": ["tunnel1"]}},
                *({"from": f"http://k{size}.test",
                   "to": self.silent_target(size, 1 << 29)}
                  for size in sizes)]})
        folder = f"/proc/{stack.node.pid}/fd"
        before = len(os.listdir(folder))
        with concurrent.futures.ThreadPoolExecutor(len(sizes)) as pool:
            answers = list(pool.map(
                lambda size: self.upload(stack.port, f"k{size}.test"), sizes))
        for size, answer in zip(sizes, answers):
            with self.subTest(size):
                self.assertIn(b"504 Gateway Timeout", answer)
        wait_until(lambda: len(os.listdir(folder)) <= before,
                   "the end of the connections", 20)


class Negotiated(Certified):
    """https:// targets, and what they agree on."""

    def target(self, alpn=("h2", "http/1.1"), **rule):
        far = H2Origin(self.good, alpn)
        self.addCleanup(far.close)
        # One I/O unit, as each has connections of its own.
        self.stack = self.build("ws", agent_flags=("-ca-file", self.ca.cert,
                                                   "-threads", "1"),
                                config={"mappings": [
            {"from": "http://example.com", "to": far.url,
             "via": {"tunnels": ["tunnel1"]}, **rule}]})
        return far

    def test_http_2_where_it_is_offered(self):
        far = self.target()
        self.assertEqual(ask(self.port).body, b"hello in 2")
        self.assertEqual(dict(far.requests[-1][3])[":scheme"], "https")

    def test_http_1_1_where_it_is_not(self):
        self.target(alpn=("http/1.1",))
        self.assertEqual(ask(self.port).body, b"in 1.1")

    def test_a_mapping_can_do_without(self):
        self.target(http2=False)
        self.assertEqual(ask(self.port).body, b"in 1.1")

    def test_upgrades_and_authenticated_connections_are_of_http_1_1(self):
        far = self.target()
        self.assertEqual(ask(self.port).body, b"hello in 2")
        ask(self.port, headers=[("Authorization", "Negotiate YII=")])
        ask(self.port, headers=[("Connection", "Upgrade"), ("Upgrade", "websocket")])
        self.assertEqual(far.plain, 2)
        self.assertEqual(ask(self.port).body, b"hello in 2")

    def test_a_target_can_ask_for_http_1_1(self):
        far = self.target()
        for method, body in (("POST", b"x"), ("GET", None)):
            answer = ask(self.port, "/http-1-1", method, body=body)
            self.assertEqual(answer.body, b"in 1.1")
        # It is remembered.
        self.assertEqual(far.connections, 1)

    def test_http_1_1_behind_h2c_is_told(self):
        far = self.enterContext(socket.create_server(("127.0.0.1", 0)))

        def serve():
            peer, _ = far.accept()
            with peer:
                peer.recv(1)
                peer.sendall(b"HTTP/1.1 505 HTTP Version Not Supported\r\n"
                             b"Connection: close\r\n\r\n")
                # Closed with bytes unread, the answer might be lost.
                while peer.recv(65536):
                    pass
        threading.Thread(target=serve, daemon=True).start()
        stack = self.build("ws", config={"mappings": [
            {"from": "http://example.com", "to": f"h2c://127.0.0.1:"
             f"{far.getsockname()[1]}", "via": {"tunnels": ["tunnel1"]}}]})
        answer = ask(stack.port)
        self.assertEqual((answer.status, answer.outcome),
                         (502, "origin-protocol"))


class Health(Case):
    def test_checks_are_asked_in_http_2(self):
        far = H2Origin()
        self.addCleanup(far.close)
        stack = self.build("ws", config={"mappings": [
            {"from": "http://example.com", "to": far.url,
             "via": {"tunnels": ["tunnel1"]},
             "health": {"path": "/health", "interval": 0.1,
                        "expect": 404}}]})
        del stack
        wait_until(lambda: "/health" in far.paths(), "a check")


def same(x):
    return x


class Greeter(grpc.GenericRpcHandler):
    """Every kind of call, on bytes."""

    def __init__(self):
        self.cancelled = queue.Queue()
        self.asked = queue.Queue()

    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        kinds = {"Unary": (grpc.unary_unary_rpc_method_handler, self.unary),
                 "Fail": (grpc.unary_unary_rpc_method_handler, self.fail),
                 "Sleep": (grpc.unary_unary_rpc_method_handler, self.sleep),
                 "Count": (grpc.unary_stream_rpc_method_handler, self.count),
                 "Sum": (grpc.stream_unary_rpc_method_handler, self.sum),
                 "Chat": (grpc.stream_stream_rpc_method_handler, self.chat)}
        if name not in kinds:
            return None
        make, call = kinds[name]
        return make(call, request_deserializer=same, response_serializer=same)

    def unary(self, request, context):
        metadata = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-initial", metadata.get("x-in", "")),))
        context.set_trailing_metadata((("x-last", "yes"),
                                       ("x-last-bin", b"\0\xff")))
        return request

    def fail(self, request, context):
        context.set_trailing_metadata((("x-why", "because"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, request.decode())

    def sleep(self, request, context):
        over = threading.Event()
        context.add_callback(over.set)
        self.asked.put(context.time_remaining())
        over.wait(60 * TIME_SCALE)
        self.cancelled.put(True)
        return request

    def count(self, request, _):
        for number in range(int(request)):
            yield b"%d" % number

    def sum(self, requests, _):
        return b"%d" % sum(int(one) for one in requests)

    def chat(self, requests, _):
        for one in requests:
            yield one[::-1]


@per_transport("grpc", "ws", "poll")
class GrpcPassThrough:
    """A real client, the node, an agent, a real server."""

    seconds = 60 * TIME_SCALE

    @classmethod
    def setUpClass(cls):
        cls.greeter = Greeter()
        cls.server = grpc.server(concurrent.futures.ThreadPoolExecutor(16),
                                 handlers=(cls.greeter,))
        cls.addClassCleanup(lambda: cls.server.stop(None).wait())
        port = cls.server.add_insecure_port("127.0.0.1:0")
        cls.server.start()
        # All that a mapping can do to others is none of gRPC's business.
        changed = {} if cls.transport == "grpc" else {
            "host": "keep", "compress": {"types": ["*/*"], "min_length": 0},
            "request_headers": {"set": {"X-Way": "{request_id}"}},
            "response_headers": {"set": {"X-By": "{endpoint}"}},
            "error_pages": {"*": {"body": "a page", "of_target": True}}}
        cls.stack = Stack(cls.transport, config={"mappings": [
            {"from": "http://example.com", "to": f"h2c://127.0.0.1:{port}",
             "via": {"tunnels": ["tunnel1"]}, **changed},
            {"from": "http://dead.test",
             "to": f"h2c://127.0.0.1:{free_port()}",
             "via": {"tunnels": ["tunnel1"]}},
            {"from": "http://nobody.test", "to": f"h2c://127.0.0.1:{port}",
             "via": {"tunnels": ["tunnel1"], "endpoints": "nobody"}}]})
        cls.channel = cls.dial("example.com")

    @classmethod
    def dial(cls, authority):
        channel = grpc.insecure_channel(
            f"127.0.0.1:{cls.stack.port}",
            options=[("grpc.default_authority", authority),
                     ("grpc.enable_http_proxy", 0)])
        cls.addClassCleanup(channel.close)
        return channel

    def unary(self, name, channel=None):
        return (channel or self.channel).unary_unary(
            f"/test.Greeter/{name}", same, same)

    def refused(self, call, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=options.pop("timeout", self.seconds),
                 **options)
        return caught.exception

    def test_unary_calls_with_metadata(self):
        for size in (0, 1, 70_000, 3 << 20):
            request = pattern.data(size)
            answer, call = self.unary("Unary").with_call(
                request, metadata=(("x-in", "some"),), timeout=self.seconds)
            self.assertEqual(digest(answer), digest(request))
            self.assertEqual(dict(call.initial_metadata())["x-initial"],
                             "some")
            trailing = dict(call.trailing_metadata())
            self.assertEqual(trailing["x-last"], "yes")
            self.assertEqual(trailing["x-last-bin"], b"\0\xff")

    def test_streams_of_the_server(self):
        call = self.channel.unary_stream("/test.Greeter/Count", same, same)
        self.assertEqual(list(call(b"1000", timeout=self.seconds)),
                         [b"%d" % n for n in range(1000)])

    def test_streams_of_the_client(self):
        call = self.channel.stream_unary("/test.Greeter/Sum", same, same)
        self.assertEqual(call((b"%d" % n for n in range(1000)),
                              timeout=self.seconds), b"499500")

    def chat(self):
        """A stream both ways: what to say, and what is heard."""
        said = queue.Queue()
        heard = self.channel.stream_stream("/test.Greeter/Chat", same, same)(
            iter(said.get, None), timeout=self.seconds)
        return said, heard

    def test_streams_both_ways(self):
        said, heard = self.chat()
        for number in range(100):
            said.put(b"%05d" % number)
            self.assertEqual(next(heard), (b"%05d" % number)[::-1])
        said.put(None)
        self.assertEqual(list(heard), [])
        self.assertEqual(heard.code(), grpc.StatusCode.OK)

    def test_a_stream_survives_the_death_of_its_connection(self):
        said, heard = self.chat()
        for number in range(30):
            said.put(b"%05d" % number)
            self.assertEqual(next(heard), (b"%05d" % number)[::-1])
            if number % 10 == 5:
                for name in self.stack.node.connection_names():
                    self.cut(name)
        said.put(None)
        self.assertEqual(list(heard), [])
        self.assertEqual(heard.code(), grpc.StatusCode.OK)

    def cut(self, name):
        subprocess.run(
            ["curl", "-sS", "-X", "POST", "-H", "Content-Type: application/json",
             "-d", '{"kind":"cut"}', f"http://127.0.0.1:"
             f"{self.stack.node.admin_port}/.api/connections/{name}/fault"],
            check=True, capture_output=True)

    def test_errors_arrive_as_they_are(self):
        for text in ("plain", "100 % wrong", "schön\nzwei Zeilen"):
            error = self.refused(self.unary("Fail"), text.encode())
            self.assertEqual(error.code(),
                             grpc.StatusCode.FAILED_PRECONDITION)
            self.assertEqual(error.details(), text)
            self.assertIn(("x-why", "because"), error.trailing_metadata())
        self.assertEqual(self.refused(self.unary("Nothing"), b"").code(),
                         grpc.StatusCode.UNIMPLEMENTED)

    def test_deadlines_and_cancels_reach_the_server(self):
        error = self.refused(self.unary("Sleep"), b"", timeout=1)
        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertLess(self.greeter.asked.get(timeout=self.seconds), 2)
        self.greeter.cancelled.get(timeout=self.seconds)
        call = self.unary("Sleep").future(b"", timeout=self.seconds)
        self.greeter.asked.get(timeout=self.seconds)
        call.cancel()
        self.greeter.cancelled.get(timeout=self.seconds)

    def test_what_the_tunnel_says_is_a_status(self):
        for authority, status, outcome in (
                ("dead.test", grpc.StatusCode.UNAVAILABLE, "origin-refused"),
                ("nobody.test", grpc.StatusCode.UNAVAILABLE, "no-endpoint"),
                ("unknown.test", grpc.StatusCode.UNIMPLEMENTED,
                 "no-mapping")):
            error = self.refused(self.unary("Unary", self.dial(authority)),
                                 b"")
            self.assertEqual(error.code(), status)
            told = dict((*error.initial_metadata(),
                         *error.trailing_metadata()))
            self.assertEqual(told["aps-outcome"], outcome)

    def test_many_calls_at_once(self):
        call = self.unary("Unary")
        pending = [call.future(b"%d" % n, timeout=self.seconds)
                   for n in range(500)]
        self.assertEqual([one.result() for one in pending],
                         [b"%d" % n for n in range(500)])


class GrpcOverTls(Certified):
    """TLS from the client to the node, and from the agent to the server."""

    def test_calls_pass(self):
        greeter = Greeter()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4),
                             handlers=(greeter,))
        port = server.add_secure_port(
            "127.0.0.1:0", grpc.ssl_server_credentials(
                [(self.good.key.read_bytes(), self.good.cert.read_bytes())]))
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())
        stack = self.build(
            "grpc", agent_flags=("-tls", "-insecure", "-ca-file",
                                 self.ca.cert),
            config={"servers": {"main": {"tls": {
                        "cert": str(self.good.cert),
                        "key": str(self.good.key)}}},
                    "mappings": [{"from": "https://localhost",
                                  "to": f"https://localhost:{port}",
                                  "via": {"tunnels": ["tunnel1"]}}]})
        with grpc.secure_channel(
                f"localhost:{stack.port}", grpc.ssl_channel_credentials(
                    self.ca.cert.read_bytes()),
                options=[("grpc.enable_http_proxy", 0)]) as channel:
            call = channel.stream_stream("/test.Greeter/Chat", same, same)
            self.assertEqual(list(call(iter([b"ab", b"cd"]),
                                       timeout=60 * TIME_SCALE)),
                             [b"ba", b"dc"])


if __name__ == "__main__":
    main()
