"""The PROXY protocol: from HAProxy and from strangers in, to nginx out."""

import concurrent.futures
import pathlib
import shutil
import socket
import struct
import subprocess
import threading
import unittest

from certified import Certified
from harness import (Case, Program, Stack, finished, free_port, listening, main,
                     per_transport, wait_until)
from nginx import MISSING, NGINX, nginx
from tunnel_peer import Peer
from wire import Visitor, ask

HAPROXY = shutil.which("haproxy")
BEGIN = b"\r\n\r\n\0\r\nQUIT\n"
GET = b"GET /echo HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"
VISITOR = "127.0.0.5"


def haproxy(case, folder, rows, extra=""):
    """HAProxy that passes bytes on: (port, node's port, words) each."""
    text = ("global\n  maxconn 1000\ndefaults\n  mode tcp\n"
            "  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n")
    for number, (port, to, words) in enumerate(rows):
        text += (f"listen l{number}\n  bind 127.0.0.1:{port}\n"
                 f"  server node 127.0.0.1:{to} {words}\n")
    config = pathlib.Path(folder) / "haproxy.cfg"
    config.write_text(text + extra)
    program = Program("haproxy", [HAPROXY, "-db", "-f", config], folder)
    case.addCleanup(program.stop)
    program.start()
    wait_until(lambda: all(listening(port) for port, _, _ in rows),
               "HAProxy to listen")
    return program


def reached(stack, limit):
    """How often, by now."""
    return stack.node.stats()["limits"].get(limit, 0)


def server(**more):
    return {"servers": {
        "main": {"trusted_proxies": ["127.0.0.1"], "proxy_protocol": True,
                 **more},
        "agents": {"host": "127.0.0.1", "port": free_port()}},
        "tunnels": {"tunnel1": {"servers": ["agents"]}}}


class Strangers(Case):
    """Headers by hand."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack("ws", server(http={"header_timeout": 1}))

    def send(self, data, source="127.0.0.1", end=False):
        """All that comes back."""
        with socket.create_connection(
                ("127.0.0.1", self.port), timeout=30,
                source_address=(source, 0)) as stream:
            try:
                stream.sendall(data)
                if end:
                    stream.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := stream.recv(65536):
                    answer += piece
                return answer
            except ConnectionError:
                return b""

    def visitor_of(self, data):
        """The address that the record of a request has."""
        answer = self.send(data + GET)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        [name] = [line.split(b": ")[1].decode()
                  for line in answer.split(b"\r\n")
                  if line.lower().startswith(b"aps-request-id:")]
        return finished(self.stack.node, name)[0]["visitor"]

    def test_what_headers_say_is_who_asks(self):
        tcp4 = (BEGIN + b"\x21\x11" + struct.pack("!H", 12)
                + socket.inet_aton("192.0.2.9") + socket.inet_aton("10.0.0.1")
                + struct.pack("!HH", 4711, 80))
        with_tlv = (BEGIN + b"\x21\x11" + struct.pack("!H", 12 + 7)
                    + tcp4[16:] + b"\x02\x00\x04host")
        tcp6 = (BEGIN + b"\x21\x21" + struct.pack("!H", 36)
                + socket.inet_pton(socket.AF_INET6, "2001:db8::9")
                + socket.inet_pton(socket.AF_INET6, "::1")
                + struct.pack("!HH", 4711, 80))
        for header, visitor in (
                (b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n", "192.0.2.1"),
                (b"PROXY TCP4 192.0.2.1 10.0.0.1 0 0\r\n", "192.0.2.1"),
                (b"PROXY TCP6 2001:db8::1 ::1 4711 80\r\n", "2001:db8::1"),
                (b"PROXY TCP6 ::ffff:192.0.2.3 ::1 4711 80\r\n", "192.0.2.3"),
                (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
                (b"PROXY UNKNOWN 1 2 3 4\r\n", "127.0.0.1"),
                (tcp4, "192.0.2.9"), (with_tlv, "192.0.2.9"),
                (tcp6, "2001:db8::9"),
                (BEGIN + b"\x20\x00\x00\x00", "127.0.0.1"),
                (BEGIN + b"\x21\x00\x00\x00", "127.0.0.1")):
            with self.subTest(header):
                self.assertEqual(self.visitor_of(header), visitor)

    def test_headers_that_are_none_end_the_connection(self):
        before = reached(self.stack, "proxy-header")
        rows = (GET, b"PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n",
                b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\n",
                b"PROXY TCP4 192.0.2.01 10.0.0.1 4711 80\r\n",
                b"PROXY " + b"x" * 200, BEGIN + b"\x11\x11\x00\x00",
                BEGIN + b"\x21\x11\xff\xff", BEGIN + b"\x21\x11\x00\x01x",
                b"PROXY UNKNOWN\r\r\n", b"\x16\x03\x01\x00\x05hello")
        for row in rows:
            with self.subTest(row):
                self.assertEqual(self.send(row + GET), b"")
        self.assertEqual(reached(self.stack, "proxy-header"),
                         before + len(rows))
        wait_until(lambda: "proxy-header" in self.stack.node.log, "the line")

    def test_a_second_header_is_no_header(self):
        line = b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n"
        answer = self.send(line + line + GET)
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)

    def test_a_header_has_its_time(self):
        before = reached(self.stack, "proxy-header")
        self.assertEqual(self.send(b"PROXY TCP4 "), b"")
        self.assertEqual(self.send(b""), b"")
        self.assertEqual(reached(self.stack, "proxy-header"), before + 2)
        # Who leaves has said nothing wrong.
        self.assertEqual(self.send(b"PROXY TCP4 ", end=True), b"")
        self.assertEqual(reached(self.stack, "proxy-header"), before + 2)

    def test_who_is_no_proxy_of_ours_is_refused(self):
        before = reached(self.stack, "untrusted-proxy")
        for data in (GET, b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n" + GET,
                     BEGIN + b"\x20\x00\x00\x00" + GET, b""):
            self.assertEqual(self.send(data, source=VISITOR), b"")
        self.assertEqual(reached(self.stack, "untrusted-proxy"), before + 4)
        wait_until(lambda: "untrusted-proxy" in self.stack.node.log,
                   "the line")
        self.assertIn(f"untrusted-proxy reached by {VISITOR}",
                      self.stack.node.log)

    def test_fields_of_who_is_named_are_not_believed(self):
        answer = self.send(
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n"
            b"GET /echo HTTP/1.1\r\nHost: example.com\r\n"
            b"X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
            b"Connection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        asked = self.origin.seen("/echo")[-1]
        self.assertEqual(asked.header("X-Forwarded-For"), "192.0.2.1")
        self.assertIsNone(asked.header("X-Real-IP"))

    def test_limits_are_those_of_who_is_named(self):
        stack = self.build("ws", {
            **server(), "limits": {"max_connections_per_address": 4}})
        def connect():
            stream = socket.create_connection(("127.0.0.1", stack.port),
                                              timeout=30)
            self.addCleanup(stream.close)
            return stream
        def hold(stream, ip):
            stream.sendall(f"PROXY TCP4 {ip} 10.0.0.1 4711 80\r\n".encode()
                           + b"GET /gate HTTP/1.1\r\nHost: example.com\r\n\r\n")
        # The proxy's own address has no limit, however many it brings at once.
        streams = [connect() for _ in range(12)]
        for number, stream in enumerate(streams):
            hold(stream, f"192.0.2.{number % 3}")
        wait_until(lambda: sum(
            each.path == "/gate"
            for each in list(stack.origin.current.values())) == 12,
                   "all of them")
        more = connect()
        hold(more, "192.0.2.1")
        self.assertIn(b" 503 ", more.recv(4096))
        stack.origin.release.set()


@unittest.skipUnless(HAPROXY, "there is no HAProxy (tools/setup --tests)")
class FromHaproxy(Certified):
    def test_visitors_are_who_they_are(self):
        stack = self.build("ws", server())
        v1, v2, more = free_port(), free_port(), free_port()
        haproxy(self, stack.folder, [
            (v1, stack.port, "send-proxy"), (v2, stack.port, "send-proxy-v2"),
            (more, stack.port, "send-proxy-v2 check check-send-proxy inter 100 "
                               "proxy-v2-options unique-id,crc32c")])
        for port in (v1, v2, more):
            with self.subTest(port):
                with Visitor(port, source=VISITOR) as visitor:
                    for _ in range(3):
                        answer = visitor.get("/echo")
                        name = answer.header("Aps-Request-Id")
                        self.assertEqual(
                            finished(stack.node, name)[0]["visitor"], VISITOR)
                        [asked] = [each for each in stack.origin.seen("/echo")
                                   if each.header("X-Request-Id") == name]
                        self.assertEqual(asked.header("X-Forwarded-For"),
                                         VISITOR)
        self.assertEqual(reached(stack, "proxy-header"), 0)

    def test_tls_and_http_2_come_behind_the_header(self):
        stack = self.secure("ws", config={
            "servers": {"main": {"tls": self.tls(),
                                 "trusted_proxies": ["127.0.0.1"],
                                 "proxy_protocol": True},
                        "agents": {"host": "127.0.0.1", "port": free_port()}},
            "tunnels": {"tunnel1": {"servers": ["agents"]}}},
            flags=("-log-level", "info"))
        port = free_port()
        haproxy(self, stack.folder, [(port, stack.port, "send-proxy-v2")])
        for version in ("--http1.1", "--http2"):
            done = subprocess.run(
                ["curl", "-sS", version, "--interface", VISITOR, "--cacert",
                 str(self.ca.cert), "--resolve", f"example.com:{port}:127.0.0.1",
                 "-o", "/dev/null", "-w", "%{http_code} %header{aps-request-id}",
                 f"https://example.com:{port}/"],
                capture_output=True, text=True, timeout=60, check=False)
            code, name = done.stdout.split()
            self.assertEqual(code, "200", done.stderr)
            record = finished(stack.node, name)[0]
            self.assertEqual(record["visitor"], VISITOR)

    def test_agents_dial_in_through_it(self):
        for transport in ("grpc", "ws", "poll"):
            stack = self.build(transport, {"servers": {"main": {
                "trusted_proxies": ["127.0.0.1"], "proxy_protocol": True}}},
                agent=False)
            port = free_port()
            haproxy(self, stack.folder, [(port, stack.port, "send-proxy-v2")])
            stack.node.agent_port = port
            stack.start_agent()
            stack.wait_for_agent()
            with Visitor(port, source=VISITOR) as visitor:
                self.assertEqual(visitor.get("/").status, 200)

    def test_many_come_at_once(self):
        stack = self.build("ws", server())
        port = free_port()
        haproxy(self, stack.folder, [(port, stack.port, "send-proxy")])
        def visit(number):
            source = f"127.0.1.{number % 50 + 1}"
            with Visitor(port, source=source) as visitor:
                answer = visitor.get("/")
            return source, finished(stack.node, answer.header(
                "Aps-Request-Id"))[0]["visitor"]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for source, seen in pool.map(visit, range(200)):
                self.assertEqual(source, seen)


NGINX_CONFIG = """
log_format none ''; keepalive_timeout 30s;
server {{
  listen 127.0.0.1:{plain} proxy_protocol;
  listen 127.0.0.1:{h2c} http2 proxy_protocol;
  listen 127.0.0.1:{tls} ssl http2 proxy_protocol;
  ssl_certificate {cert}; ssl_certificate_key {key};
  location / {{
    default_type text/plain;
    return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port $connection $server_protocol";
  }}
}}
"""


@unittest.skipUnless(NGINX, MISSING)
class ToNginx(Certified):
    def start(self, transport, **more):
        ports = {name: free_port() for name in ("plain", "h2c", "tls")}
        nginx(self, self.folder, NGINX_CONFIG.format(
            cert=self.good.cert, key=self.good.key, **ports),
            list(ports.values()))
        targets = {"plain": f"http://127.0.0.1:{ports['plain']}",
                   "h2c": f"h2c://127.0.0.1:{ports['h2c']}",
                   "tls": f"https://127.0.0.1:{ports['tls']}"}
        rules = []
        for name, to in targets.items():
            for version in ("v1", "v2"):
                rule = {"to": to, "proxy_protocol": version}
                rules.append({"from": f"http://{name}-{version}.test", **rule,
                              "via": {"tunnels": ["tunnel1"]}})
                if name != "tls":
                    rules.append({"from": f"http://{name}-{version}.direct",
                                  **rule})
        return self.build(transport, {"mappings": rules, **more},
                          agent_flags=("-ca-file", str(self.ca.cert)))

    def hosts(self, stack):
        for rule in stack.config["mappings"]:
            yield rule["from"].removeprefix("http://")

    def test_targets_hear_who_asks(self):
        for transport in ("grpc", "ws", "poll"):
            stack = self.start(transport)
            for host in self.hosts(stack):
                with self.subTest(transport=transport, host=host):
                    with Visitor(stack.port, source=VISITOR) as visitor:
                        port = visitor.socket.getsockname()[1]
                        for _ in range(3):
                            answer = visitor.get("/", host=host)
                            self.assertEqual(answer.status, 200, answer.body)
                            self.assertEqual(
                                answer.body.decode().split()[:4],
                                [VISITOR, str(port), "127.0.0.1",
                                 str(stack.port)])

    def test_connections_are_not_shared(self):
        stack = self.start("ws")
        for host in self.hosts(stack):
            used = {}
            sources = [f"127.0.2.{number}" for number in range(1, 9)]
            visitors = [Visitor(stack.port, source=source)
                        for source in sources]
            for _ in range(5):
                for source, visitor in zip(sources, visitors):
                    words = visitor.get("/", host=host).body.decode().split()
                    self.assertEqual(words[0], source)
                    self.assertEqual(used.setdefault(words[4], source), source)
            for visitor in visitors:
                visitor.close()

    def test_two_visitors_of_one_address_have_their_own(self):
        stack = self.start("ws")
        for host in self.hosts(stack):
            with Visitor(stack.port) as one, Visitor(stack.port) as other:
                first = one.get("/", host=host).body.split()
                second = other.get("/", host=host).body.split()
                self.assertNotEqual(first[1], second[1])
                self.assertNotEqual(first[4], second[4])

    def test_who_is_named_by_a_field_has_no_port(self):
        stack = self.start("ws", trusted_proxies=["127.0.0.1"])
        answer = ask(stack.port, host="plain-v2.test",
                     headers=[("X-Forwarded-For", "192.0.2.7")])
        # nginx has no word for port 0.
        self.assertEqual(answer.body.decode().split(" ")[:2], ["192.0.2.7", ""])


class Target:
    """Keeps the beginnings of its connections, and answers."""

    def __init__(self):
        self.begins = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(stream,),
                             daemon=True).start()

    def serve(self, stream):
        with stream:
            data = b""
            while b"\r\n\r\n" not in data.removeprefix(BEGIN[:4]):
                piece = stream.recv(65536)
                if not piece:
                    return
                data += piece
            self.begins.append(data)
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            while stream.recv(65536):
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def close(self):
        self.listener.close()


class ToTargets(Case):
    def test_checks_are_our_own(self):
        target = Target()
        self.addCleanup(target.close)
        stack = self.build("ws", {"mappings": [
            {"from": f"http://{version}.test",
             "to": f"http://127.0.0.1:{target.port}", "proxy_protocol": version,
             "health": {"interval": 0.1}, "via": {"tunnels": ["tunnel1"]}}
            for version in ("v1", "v2")]})
        local = BEGIN + b"\x20\x00\x00\x00GET / HTTP/1.1\r\n"
        unknown = b"PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n"
        for begin in (local, unknown):
            wait_until(lambda: any(each.startswith(begin)
                                   for each in list(target.begins)),
                       f"a check that begins with {begin}")
        self.assertEqual(ask(stack.port, host="v1.test").body, b"ok")

    def test_an_agent_of_old_is_not_asked(self):
        stack = self.build("ws", {"mappings": [
            {"from": "http://v2.test", "to": "http://127.0.0.1:9",
             "proxy_protocol": "v2", "via": {"tunnels": ["tunnel1"]}}]},
            agent=False)
        with Peer(stack.port) as peer:
            peer.join()
            answer = ask(stack.port, host="v2.test")
        self.assertEqual((answer.status, answer.outcome),
                         (501, "not-implemented"))
        self.assertIn(b"PROXY header", answer.body)

    def test_nothing_is_sent_unless_it_is_asked_for(self):
        target = Target()
        self.addCleanup(target.close)
        stack = self.build("ws", {"mappings": [
            {"from": "http://off.test", "to": f"http://127.0.0.1:{target.port}",
             "via": {"tunnels": ["tunnel1"]}}]})
        self.assertEqual(ask(stack.port, host="off.test").body, b"ok")
        self.assertTrue(target.begins[0].startswith(b"GET / HTTP/1.1\r\n"))


if __name__ == "__main__":
    main()
