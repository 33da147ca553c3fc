#!/usr/bin/env python3
"""What the way to the targets does for requests: other endpoints are asked
(`retry`), what takes too long ends (`timeouts`), others get copies (`cc`)."""

import http.server
import json
import subprocess
import threading
import time

from dns_server import DnsServer
from harness import Case, main, record_of, wait_until
from origin import Origin
from wire import Visitor, ask

EXAMPLE = "example.com"


class Target:
    """Answers what the test says: a status, or nothing until `gate`."""

    def __init__(self, host="127.0.0.1", port=0):
        outer = self
        self.status = 200
        self.requests = []
        self.gate = threading.Event()
        self.pause = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    body = outer.chunks(self.rfile)
                outer.requests.append((self.command, self.path,
                                       dict(self.headers), body))
                if self.path.startswith("/gate"):
                    outer.gate.wait()
                self.send_response(outer.status)
                self.send_header("Content-Length", "10")
                self.send_header("Retry-After", "7")
                self.end_headers()
                self.wfile.write(b"01234")
                self.wfile.flush()
                if self.path.startswith("/half"):
                    outer.gate.wait()
                for byte in b"56789":
                    if self.path.startswith("/slow"):
                        time.sleep(outer.pause)
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()

            do_POST = do_PUT = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass  # who asked is gone

        self.server = Server((host, port), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       daemon=True)
        self.thread.start()

    @staticmethod
    def chunks(file):
        out = b""
        while True:
            size = int(file.readline(), 16)
            out += file.read(size)
            file.readline()
            if size == 0:
                return out

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


class Delivery(Case):
    def target(self, *args):
        out = Target(*args)
        self.addCleanup(out.close)
        return out

    def deploy(self, transport="mix", endpoints=("one", "two"), **rule):
        """Each endpoint has a target of its own."""
        self.one = self.target("127.0.0.1")
        self.two = self.target("127.0.0.2", self.one.port)
        stack = self.build(transport, agent=False)
        stack.node.stop()
        stack.config["mappings"] = [{
            "from": f"http://{EXAMPLE}",
            "to": f"http://target.test:{self.one.port}",
            "via": {"tunnels": "tunnel1", "balance": "round_robin"}, **rule}]
        stack.start_node()
        for name, address in zip(endpoints, ("127.0.0.1", "127.0.0.2")):
            names = DnsServer(address)
            self.addCleanup(names.close)
            stack.start_agent(endpoint=name, flags=("-dns", names.address))
        wait_until(lambda: all(ask(stack.port).status == 200 for _ in range(4))
                   and self.one.requests and self.two.requests,
                   "both endpoints")
        self.stack = stack
        self.one.requests.clear()
        self.two.requests.clear()
        return stack

    def count(self, name, result):
        _, body = self.stack.node.get("/metrics")
        text = body if isinstance(body, str) else body.decode()
        for line in text.splitlines():
            if line.startswith(f"{name}{{") and f'result="{result}"' in line:
                return float(line.rsplit(" ", 1)[1])
        return 0

    # -- retry ----------------------------------------------------------------

    def test_another_endpoint_is_asked(self):
        for transport in ("grpc", "ws", "poll"):
            with self.subTest(transport=transport):
                self.deploy(transport, retry={"budget": 100})
                for status in (502, 503, 504):
                    self.one.status = status
                    for _ in range(4):
                        answer = ask(self.stack.port, "/x")
                        self.assertEqual((answer.status, answer.body),
                                         (200, b"0123456789"))
                self.assertEqual(len(self.two.requests), 12)
                self.assertGreaterEqual(len(self.one.requests), 4)
                record = next(
                    each for each in json.loads(self.stack.node.get(
                        "/.api/exchanges")[1])["finished"]
                    if len(each["attempts"]) > 1)
                self.assertEqual(
                    [each["kind"] for each in record["attempts"]],
                    ["first", "retry"])
                self.assertEqual(
                    [each["endpoint"] for each in record["attempts"]],
                    ["one", "two"])
                self.assertEqual(record["moves"], 0)
                self.assertGreater(self.count("aps_retries_total", "again"), 0)
                self.tearDown()
                self.setUp()

    def test_explanations_tell(self):
        self.deploy(retry={"on": [503, "connect"]},
                    cc={"to": "http://copy.test"})
        _, body = self.stack.node.get(
            f"/.api/explain?url=http://{EXAMPLE}/")
        self.assertIn("; after 503, no connection to the target, another "
                      "endpoint, up to 2; a copy goes to http://copy.test",
                      json.loads(body)["summary"])

    def test_the_last_answer_passes_as_it_is(self):
        self.deploy(retry={})
        self.one.status = self.two.status = 503
        answer = ask(self.stack.port)
        self.assertEqual((answer.status, answer.header("Retry-After")),
                         (503, "7"))
        self.assertIsNone(answer.header("Aps-Outcome"))
        self.assertEqual(len(self.one.requests) + len(self.two.requests), 2)
        self.assertEqual((len(self.one.requests), len(self.two.requests)),
                         (1, 1))

    def test_what_may_not_be_sent_twice_is_not(self):
        self.deploy(retry={})
        self.one.status = self.two.status = 503
        with Visitor(self.stack.port) as visitor:
            answer = visitor.request("POST", "/x", body=b"once")
            self.assertEqual(answer.status, 503)
        self.assertEqual(len(self.one.requests) + len(self.two.requests), 1)
        self.one.status = self.two.status = 500
        self.assertEqual(ask(self.stack.port).status, 500)
        self.assertEqual(len(self.one.requests) + len(self.two.requests), 2)

    def test_a_target_that_is_not_there(self):
        self.deploy(retry={"on": "connect"})
        self.one.server.shutdown()
        self.one.server.server_close()
        for _ in range(6):
            self.assertEqual(ask(self.stack.port).status, 200)

    def test_one_endpoint_alone_keeps_its_answer(self):
        self.deploy(retry={})
        self.stack.agents[1].stop()
        self.one.status = 503
        wait_until(lambda: ask(self.stack.port).status == 503, "it alone")
        self.one.requests.clear()
        self.assertEqual(ask(self.stack.port).status, 503)
        self.assertEqual(len(self.one.requests), 1)

    def test_retries_are_a_share_of_the_requests(self):
        self.deploy(retry={})
        self.one.status = self.two.status = 503
        with Visitor(self.stack.port) as visitor:
            for _ in range(200):
                visitor.send_head("GET", "/")
                self.assertEqual(visitor.read().status, 503)
        sent = len(self.one.requests) + len(self.two.requests)
        self.assertLessEqual(sent, 200 * 1.2 + 10)
        self.assertGreater(self.count("aps_retries_total", "over-budget"), 0)

    # -- timeouts -------------------------------------------------------------

    def timed(self, transport, **timeouts):
        self.deploy(transport, timeouts=timeouts)
        return self.stack

    def test_a_target_that_says_nothing(self):
        self.timed("ws", first_byte_timeout=0.5)
        answer = ask(self.stack.port, "/gate")
        self.assertEqual((answer.status, answer.header("Aps-Outcome")),
                         (504, "first-byte-timeout"))
        self.assertEqual(ask(self.stack.port, "/x").status, 200)

    def test_a_target_that_stops_in_the_middle(self):
        self.timed("grpc", idle_timeout=0.5)
        with Visitor(self.stack.port) as visitor:
            visitor.send_head("GET", "/half")
            self.assertEqual(visitor.read_head().status, 200)
            wait_until(lambda: record_of(self.stack.node, path="/half",
                                         outcome="idle-timeout"), "the cut")

    def test_an_answer_that_takes_for_ever(self):
        self.timed("ws", total_timeout=1)
        self.one.pause = self.two.pause = 0.4
        with Visitor(self.stack.port) as visitor:
            visitor.send_head("GET", "/slow")
            self.assertEqual(visitor.read_head().status, 200)
            wait_until(lambda: record_of(self.stack.node, path="/slow",
                                         outcome="total-timeout"), "the cut")
        answer = ask(self.stack.port, "/gate")
        self.assertEqual((answer.status, answer.header("Aps-Outcome")),
                         (504, "total-timeout"))

    def test_they_hold_without_a_tunnel(self):
        target = self.target()
        stack = self.build("ws", agent=False, config={"mappings": [{
            "from": f"http://{EXAMPLE}", "to": f"http://127.0.0.1:{target.port}",
            "timeouts": {"first_byte_timeout": 0.5, "idle_timeout": 0.5}}]})
        answer = ask(stack.port, "/gate")
        self.assertEqual(answer.header("Aps-Outcome"), "first-byte-timeout")
        with Visitor(stack.port) as visitor:
            visitor.send_head("GET", "/half")
            visitor.read_head()
            wait_until(lambda: record_of(stack.node, path="/half",
                                         outcome="idle-timeout"), "the cut")

    def test_they_hold_over_http2(self):
        self.timed("grpc", first_byte_timeout=0.5, idle_timeout=0.5)

        def visit(path):
            return subprocess.run(
                ["curl", "-sS", "-i", "--noproxy", "*", "-m", "60",
                 "--http2-prior-knowledge", "-H", f"Host: {EXAMPLE}",
                 f"http://127.0.0.1:{self.stack.port}{path}"],
                capture_output=True, text=True, check=False)

        silent = visit("/gate").stdout.lower()
        self.assertIn("http/2 504", silent)
        self.assertIn("aps-outcome: first-byte-timeout", silent)
        cut = visit("/half")
        self.assertIn("HTTP/2 200", cut.stdout)
        self.assertNotEqual(cut.returncode, 0)
        wait_until(lambda: record_of(self.stack.node, path="/half",
                                     outcome="idle-timeout"), "the record")

    def test_a_socket_that_is_silent_ends(self):
        stack = self.build("ws", config={"mappings": [{
            "from": f"http://{EXAMPLE}", "to": self.origin_url(),
            "via": {"tunnels": "tunnel1"},
            "timeouts": {"idle_timeout": 1, "total_timeout": 0.5}}]},
            origin=self.far)
        with Visitor(stack.port) as visitor:
            visitor.send_head("GET", "/switch", [("Connection", "Upgrade"),
                                                 ("Upgrade", "echo")])
            self.assertEqual(visitor.read_head().status, 101)
            for _ in range(4):  # longer than all of it may take
                time.sleep(0.3)
                visitor.send(b"ping")
                self.assertEqual(visitor.file.read(4), b"ping")
            self.assertTrue(visitor.at_end())
            wait_until(lambda: record_of(stack.node, path="/switch",
                                         outcome="idle-timeout"), "the record")

    def origin_url(self):
        self.far = Origin()
        self.addCleanup(self.far.close)
        return self.far.url

    # -- cc -------------------------------------------------------------------

    def copied(self, **more):
        self.shadow = self.target()
        return self.deploy("ws", cc={
            "to": f"http://127.0.0.1:{self.shadow.port}", **more})

    def test_others_get_copies(self):
        for way in ({}, {"via": {"tunnels": "tunnel1", "endpoints": "one"}}):
            with self.subTest(way=way):
                self.copied(**way)
                self.shadow.status = 500
                with Visitor(self.stack.port) as visitor:
                    answer = visitor.request("POST", "/a?b", body=b"the body")
                    self.assertEqual(answer.status, 200)
                method, path, fields, body = wait_until(
                    lambda: next((each for each in self.shadow.requests
                                  if each[1] == "/a?b"), None), "the copy")
                self.assertEqual((method, body), ("POST", b"the body"))
                self.assertEqual(fields["Aps-Copy"], "1")
                self.assertEqual(fields["Host"],
                                 f"127.0.0.1:{self.shadow.port}")
                original = (self.one.requests + self.two.requests)[0]
                self.assertNotIn("Aps-Copy", original[2])
                wait_until(lambda: self.count("aps_copies_total", "answered")
                           > 0, "the count")
                self.tearDown()
                self.setUp()

    def test_copies_never_hold_up_the_original(self):
        self.copied(max_in_flight=2)
        self.one.gate.set()
        self.two.gate.set()
        for i in range(6):  # the copies wait at their gate
            self.assertEqual(ask(self.stack.port, f"/gate{i}").status, 200)
        wait_until(lambda: self.count("aps_copies_total", "busy") >= 4,
                   "those that were left out")

    def test_large_bodies_are_not_copied(self):
        self.copied(max_body_bytes=100)
        with Visitor(self.stack.port) as visitor:
            self.assertEqual(visitor.request("POST", "/x",
                                             body=b"x" * 101).status, 200)
        self.assertEqual(self.count("aps_copies_total", "too-large"), 1)
        self.assertNotIn("/x", [each[1] for each in self.shadow.requests])


if __name__ == "__main__":
    main()
