"""What the node answers by itself leaves its traces: in the log, in the list of
exchanges, in events and in the metrics."""

import contextlib
import json
import re
import socket
import subprocess
import threading

import metrics
from harness import BIN, Agent, Case, main, wait_until
from wire import Visitor, ask

LIMITS = {"http": {"header_timeout": 1, "max_header_bytes": 4096,
                   "max_body_bytes": 1000, "max_headers": 20}}
HOST = b"Host: example.com\r\n"

# Outcome, status, what is sent, host and path of the record, in its detail.
PROVOKED = (
    ("no-mapping", 404, b"GET /x?y HTTP/1.1\r\nHost: unknown.test\r\n\r\n",
     "unknown.test", "/x?y", ""),
    ("no-mapping", 404, b"GET http://other.test/z HTTP/1.1\r\nHost: a\r\n\r\n",
     "other.test", "/z", ""),
    ("bad-request", 400, b"NOT-HTTP\r\n\r\n", "", "", ""),
    ("bad-request", 400, b"GET /a HTTP/1.1\r\n\r\n", "", "/a",
     "no Host field"),
    ("bad-request", 400, b"GET /two HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
     "example.com", "/two", "two Host fields"),
    ("bad-request", 400, b"GET /lf HTTP/1.1\nHost: example.com\n\n",
     "example.com", "/lf", "LF alone"),
    ("bad-request", 400, b"GET /3 HTTP/3.0\r\n" + HOST + b"\r\n",
     "example.com", "/3", "HTTP/1.1 or HTTP/1.0"),
    ("bad-request", 400, b"POST /cl HTTP/1.1\r\n" + HOST
     + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
     "example.com", "/cl", "two unequal Content-Lengths"),
    ("bad-request", 400, b"GET /b HTTP/1.1\r\n" + HOST + b"B d: x\r\n\r\n",
     "example.com", "/b", ""),
    ("bad-request", 400, b"\r\n" * 20, "", "", "Blank lines"),
    ("bad-request", 400, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"r" * 99,
     "", "", "TLS spoken to a plain HTTP port"),
    ("bad-request", 400, b"SSH-2.0-OpenSSH_9.2\r\n", "", "", "SSH spoken"),
    ("bad-request", 400, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1",
     "", "", "PROXY protocol spoken"),
    ("bad-request", 400, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"a" * 12,
     "", "", "PROXY protocol (v2) spoken"),
    ("bad-request", 400, b"\x05\x01\0", "", "", "SOCKS 5"),
    ("header-too-large", 431,
     b"GET /long HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 5000 + b"\r\n\r\n",
     "example.com", "/long", ""),
    ("header-too-large", 431,
     b"GET /many HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 50 + b"\r\n",
     "example.com", "/many", ""),
    ("body-too-large", 413,
     b"POST /big HTTP/1.1\r\n" + HOST + b"Content-Length: 9999\r\n\r\n",
     "example.com", "/big", ""),
    ("not-implemented", 501, b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST
     + b"\r\n", "example.com", "example.com:443", "CONNECT"),
    ("not-implemented", 501, b"POST /g HTTP/1.1\r\n" + HOST
     + b"Transfer-Encoding: gzip\r\n\r\n", "example.com", "/g", "chunked"),
    ("expectation-failed", 417, b"GET /e HTTP/1.1\r\n" + HOST
     + b"Expect: miracles\r\n\r\n", "example.com", "/e", ""),
    ("body-timeout", 408, b"GET /slow HTTP/1.1\r\nHost: exam", "", "/slow",
     "incomplete"),
    # What became an exchange leaves the same traces.
    ("no-endpoint", 503, b"GET /n HTTP/1.1\r\nHost: nobody.test\r\n\r\n",
     "nobody.test", "/n", ""),
)

# The method of the record where it is not the first word.
METHODS = {b"\x16": "TLS", b"SSH-": "SSH", b"PROXY ": "PROXY",
           b"\r\n\r\n\0": "PROXY", b"\x05": "SOCKS",
           b"NOT-HTTP": "-", b"\r\n\r\n\r": "-"}

# What strangers send to the admin listener: status, bytes, words of the log.
AT_ADMIN = (
    ("400", b"\x16\x03\x01\0\x05hello", r"a connection: TLS spoken"),
    ("400", b"GET /a HTTP/1.1\r\n\r\n", r"GET /a:"),
    ("431", b"GET /long HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000
     + b"\r\n\r\n", r"GET /long: .*exceed the limit"),
    ("501", b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
     b"Upgrade: websocket\r\n\r\n", r"GET /up: This is the admin listener"),
    ("501", b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
     r"CONNECT a:443: No tunnels by CONNECT"),
    # A request that is refused for other reasons counts the same.
    ("403", b"GET /.api/stats HTTP/1.1\r\nHost: evil.test\r\n\r\n",
     r"GET /\.api/stats: without a token"),
)


def source_of(row):
    """Each row has an address of its own: of one address few are told."""
    return f"127.0.1.{row + 1}"


def too_wide(node):
    """Lines about refusals that do not fit into 160 columns."""
    return [line for line in node.log.splitlines()
            if "Refused" in line and len(line) > 160]


def method_of(data):
    for first, word in METHODS.items():
        if data.startswith(first):
            return word
    return data.split()[0].decode()


def provoke(port, row, data):
    with Visitor(port, source=source_of(row)) as visitor:
        visitor.send(data)
        with contextlib.suppress(ConnectionResetError):
            answer = b""
            while piece := visitor.file.read1(65536):
                answer += piece
                if b"\r\n\r\n" in answer:
                    return answer
    return answer


class Traces(Case):
    config = {**LIMITS, "mappings": [
        {"from": "http://example.com", "to": "http://127.0.0.1:1",
         "via": {"tunnels": ["tunnel1"]}},
        {"from": "http://nobody.test", "to": "http://127.0.0.1:1",
         "via": {"tunnels": ["empty"]}}],
        "tunnels": {"empty": {"servers": ["main"], "password": "x",
                              "reconnect_grace": 0}}}

    def exchanges(self, stack, query=""):
        status, body = stack.node.get("/.api/exchanges" + query)
        self.assertEqual(status, 200, body)
        return json.loads(body)["finished"]

    def metrics(self, stack):
        return metrics.samples(stack.node.get("/metrics")[1].decode())

    def test_each_outcome_shows_up_everywhere(self):
        stack = self.build("ws", config=self.config, agent=False)
        expected = {}
        for row, (outcome, status, data, *_) in enumerate(PROVOKED):
            answer = provoke(stack.port, row, data)
            if status:
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d" % status),
                                (outcome, answer))
            expected[outcome] = expected.get(outcome, 0) + 1
        found = self.exchanges(stack)
        self.assertEqual(len(found), len(PROVOKED))
        for row, (outcome, status, data, host, path,
                  detail) in enumerate(PROVOKED):
            with self.subTest(outcome=outcome, row=row):
                one, = (one for one in found
                        if one["visitor"] == source_of(row))
                self.assertEqual(
                    (one["outcome"], one["status"], one["host"], one["path"]),
                    (outcome, status, host, path), one)
                self.assertIn(detail, one["detail"])
                self.assertEqual(one["method"], method_of(data))
                if outcome == "no-endpoint":
                    self.told(stack, r"\[REQUEST\] Request \w+ for empty failed")
                else:
                    self.assertIsNone(one["mapping"])
                    self.told(stack, rf"\[REQUEST\] Refused {source_of(row)} "
                              rf"with ({status} )?{outcome}: ")
        shown = self.metrics(stack)
        for outcome, count in expected.items():
            self.assertEqual(metrics.total(shown, "aps_exchanges_total",
                                           outcome=outcome), count, outcome)
        totals = stack.node.stats()["exchanges"]
        self.assertEqual((totals["started"], totals["failed"], totals["live"]),
                         (len(PROVOKED), len(PROVOKED), 0))
        self.assertEqual(too_wide(stack.node), [])

    def told(self, stack, line):
        wait_until(lambda: re.search(line, stack.node.log), line)

    def test_targets_that_are_no_paths_are_shown_as_they_were_sent(self):
        stack = self.build("ws", agent=False,
                           config={"log": {"requests": True}})
        for request in ("CONNECT example.com:443", "OPTIONS *"):
            provoke(stack.port, 0, f"{request} HTTP/1.1\r\nHost: example.com"
                    "\r\n\r\n".encode())
            method, target = request.split()
            self.told(stack, rf'{method} "{re.escape(target)}" ')
            done = subprocess.run(
                [BIN / "apsctl", "exchanges", "-admin",
                 f"127.0.0.1:{stack.node.admin_port}"], text=True,
                capture_output=True, timeout=60)
            self.assertRegex(done.stdout, rf"(?m)  {re.escape(request)}$")
        self.told(stack, "not-implemented: CONNECT example.com:443: ")

    def test_a_request_that_came_back_is_recorded(self):
        stack = self.build("ws", agent=False)
        name = "aps-" + stack.node.stats()["node"]["id"]
        answer = ask(stack.port, "/loop", headers=[("Via", f"1.1 {name}")])
        self.assertEqual(answer.status, 508)
        one, = self.exchanges(stack, "?outcome=loop-detected")
        self.assertEqual((one["host"], one["path"]), ("example.com", "/loop"))
        self.told(stack, "Refused 127.0.0.1 with 508 loop-detected: GET "
                  "http://example.com/loop: Its Via names this node")

    def test_who_finds_no_place_is_recorded(self):
        stack = self.build("ws", config={
            "limits": {"max_connections_per_address": 2}})
        # What dials in has the same address.
        stack.node.wait_for_agent("ws", 2)
        with contextlib.ExitStack() as held:
            for _ in range(2):
                one = held.enter_context(Visitor(stack.port))
                one.send_head("GET", "/gate")
            wait_until(lambda: len(stack.origin.requests) == 2, "two requests")
            self.assertEqual(ask(stack.port).status, 503)
            one, = self.exchanges(stack, "?outcome=overloaded")
            self.assertEqual((one["visitor"], one["status"]),
                             ("127.0.0.1", 503))
            self.told(stack, "Refused 127.0.0.1 with 503 overloaded")
            stack.origin.release.set()

    def test_what_the_node_answers_as_the_last_hop_is_recorded(self):
        stack = self.build("ws", agent=False)
        answer = ask(stack.port, "/t", "TRACE", [("Max-Forwards", "0")])
        self.assertEqual(answer.status, 200)
        one, = self.exchanges(stack)
        self.assertEqual((one["outcome"], one["method"], one["path"]),
                         ("ok", "TRACE", "/t"))
        self.assertNotIn("Refused", stack.node.log)

    def test_a_refused_login_shows_up(self):
        stack = self.build(agent=False)
        stack.start_agent(password="not-the-one", transport="ws")
        self.told(stack, r"\[AUTH\] Refused WebSocket connection \S+ for "
                  r"tunnel1\.app1: ")
        self.assertGreaterEqual(
            self.metrics(stack)["aps_auth_failures_total"], 1)

    def test_strangers_at_the_admin_listener_are_no_visitors(self):
        stack = self.build("ws", agent=False)
        for row, (status, data, _) in enumerate(AT_ADMIN):
            answer = provoke(stack.node.admin_port, row, data)
            if status != "none":
                self.assertTrue(answer.startswith(b"HTTP/1.1 %s"
                                                  % status.encode()), answer)
        for row, (_, _, words) in enumerate(AT_ADMIN):
            self.told(stack, rf"\[ADMIN\] Refused {words}.*"
                      rf"\(from {source_of(row)}\)")
        self.assertEqual(too_wide(stack.node), [])
        shown = self.metrics(stack)
        for status in {status for status, *_ in AT_ADMIN}:
            self.assertEqual(
                metrics.total(shown, "aps_operator_refused_total",
                              listener="admin", status=status),
                sum(status == one for one, *_ in AT_ADMIN), status)
        self.assertEqual(metrics.total(shown, "aps_exchanges_total"), 0)
        self.assertEqual(shown["aps_exchanges_started_total"], 0)
        self.assertEqual(self.exchanges(stack), [])
        self.assertEqual(stack.node.stats()["exchanges"]["started"], 0)


class Probes:
    """Lets agents' questions what is there through to a node, and nothing
    else: a network in which their first dials fail."""

    def __init__(self, port):
        self.node_port = port
        self.answers = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.socket.accept()
                with one:
                    asked = one.recv(65536)
                    if not (asked.startswith(b"GET /.tunnel HTTP/1.1\r\n")
                            and b"Upgrade" not in asked):
                        continue
                    with socket.create_connection(
                            ("127.0.0.1", self.node_port)) as node:
                        node.sendall(asked)
                        answer = b""
                        while piece := node.recv(65536):
                            answer += piece
                    one.sendall(answer)
                    self.answers.append(answer)

    def close(self):
        self.socket.close()


class Agents(Case):
    def test_an_agent_that_asks_what_is_there_is_no_visitor(self):
        # Its mappings take whatever host the agent dials.
        stack = self.build("ws", agent=False, config={"mappings": [
            {"from": "http://127.0.0.1", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["tunnel1"]}}]})
        between = Probes(stack.port)
        self.addCleanup(between.close)
        for transport in ("ws", "grpc"):
            count = len(between.answers)
            agent = Agent(BIN, stack.folder, between.port, transport,
                          name=f"far-{transport}")
            stack.programs.append(agent)
            agent.start()
            wait_until(lambda: len(between.answers) > count, "its question")
            wait_until(lambda: "trying again" in agent.log, "its line")
            self.assertNotIn("no APS node", agent.log)
        for answer in between.answers:
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
            self.assertIn(b"\r\nAps-Outcome: ok\r\n", answer)
        self.assertEqual(json.loads(stack.node.get("/.api/exchanges")[1])[
            "finished"], [])
        self.assertEqual(stack.node.stats()["exchanges"]["started"], 0)
        self.assertNotIn("[REQUEST]", stack.node.log)
        # Whoever else asks for that path is a visitor.
        ask(stack.port, "/.tunnel", host="127.0.0.1")
        self.assertEqual(stack.node.stats()["exchanges"]["started"], 1)


class Flood(Case):
    def test_a_flood_of_refusals_leaves_room_for_requests(self):
        stack = self.build("ws", config={"admin": {"keep_exchanges": 40}})
        for _ in range(30):
            self.assertEqual(ask(stack.port).status, 200)
        with Visitor(stack.port, source="127.0.3.1") as stranger:
            for i in range(2000):
                answer = stranger.get(f"/{i}", host="unknown.test")
                self.assertEqual(answer.status, 404)
        status, body = stack.node.get("/.api/exchanges")
        self.assertEqual(status, 200)
        outcomes = [one["outcome"] for one in json.loads(body)["finished"]]
        self.assertEqual((outcomes.count("ok"), outcomes.count("no-mapping")),
                         (30, 10))
        # A line at once, and one that sums up the rest of ten seconds.
        told = "Refused 127.0.3.1 with 404 no-mapping: "

        def all_told():
            sums = re.findall(told + r"(\d+) more request", stack.node.log)
            return stack.node.log.count(told + "GET ") + sum(map(int, sums))
        wait_until(lambda: all_told() == 2000, "the sum", 30)
        self.assertLess(stack.node.log.count(told), 20)

    def test_what_strangers_write_is_clean_and_short(self):
        stack = self.build("ws", agent=False)
        path = b"/\xc2\x9b31m" + b"p" * 3000
        provoke(stack.port, 0, b"GET " + path + b" HTTP/1.1\r\nHost: h.test"
                b"\r\n\r\n")
        status, body = stack.node.get("/.api/exchanges")
        one, = json.loads(body)["finished"]
        self.assertLessEqual(len(one["path"]), 1024)
        self.assertIn(r"\xc2\x9b31m", one["path"])
        wait_until(lambda: "no-mapping" in stack.node.log, "the line")
        line = next(line for line in stack.node.log.splitlines()
                    if "no-mapping" in line)
        self.assertNotIn("\x9b", line)
        self.assertLess(len(line), 240)


if __name__ == "__main__":
    main()
