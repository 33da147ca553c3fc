"""Streams that visitors ask for by CONNECT (RFC 9110, 9.3.6)."""

import socket
import subprocess

import h2.config
import h2.connection
import h2.events
from harness import Case, free_port, main, wait_until
from stream_peers import Target, connect, echo, read_all, read_exactly


def head_of(connection):
    """What was answered: status, and the head as text."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(1)
        if not part:
            break
        got += part
    text = got.decode()
    return int(text.split()[1]), text


class Connects(Case):
    transport = "mix"

    @classmethod
    def setUpClass(cls):
        cls.target = Target(echo)
        cls.config = {
            "mappings": [
                {"from": f"connect://127.0.0.1:{cls.target.port}",
                 "via": {"tunnels": ["tunnel1"]}},
                {"from": "connect://db.internal:5432",
                 "to": f"tcp://127.0.0.1:{cls.target.port}",
                 "via": {"tunnels": ["tunnel1"]}},
                {"from": "connect://direct:1",
                 "to": f"tcp://127.0.0.1:{cls.target.port}"},
                {"from": "connect://*.users:1",
                 "to": f"tcp://127.0.0.1:{cls.target.port}",
                 "via": {"tunnels": ["tunnel1"]},
                 "require": {"users": ["alice"]}},
                {"from": "connect://nobody:1",
                 "to": f"tcp://127.0.0.1:{free_port()}",
                 "via": {"tunnels": ["tunnel1"]}}],
            "auth": {"users": {"alice": {"password": "secret"}}}}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.target.close()

    def ask(self, target, fields="", early=b""):
        visitor = connect(self.port)
        self.addCleanup(visitor.close)
        visitor.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
                        f"{fields}\r\n".encode() + early)
        return visitor

    def test_bytes_pass_both_ways_and_so_do_ends(self):
        for target in (f"127.0.0.1:{self.target.port}", "db.internal:5432",
                       "DB.internal.:5432", "direct:1"):
            with self.subTest(target):
                visitor = self.ask(target, early=b"early ")
                status, head = head_of(visitor)
                self.assertEqual(status, 200)
                self.assertNotIn("content-length", head.lower())
                self.assertNotIn("transfer-encoding", head.lower())
                visitor.sendall(b"late")
                visitor.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(visitor), b"early late")

    def test_nothing_else_is_let(self):
        for target, status, outcome in [
                ("127.0.0.1:1", 404, "no-mapping"),
                ("other.internal:5432", 404, "no-mapping"),
                ("db.internal:5433", 404, "no-mapping"),
                ("db.internal", 400, "bad-request"),
                ("db.internal:x", 400, "bad-request"),
                ("http://db.internal:5432/", 400, "bad-request"),
                ("nobody:1", 502, "origin-refused")]:
            with self.subTest(target):
                visitor = self.ask(target)
                found, head = head_of(visitor)
                self.assertEqual(found, status)
                self.assertIn(f"Aps-Outcome: {outcome}", head)

    def test_users_show_who_they_are(self):
        visitor = self.ask("a.users:1")
        status, head = head_of(visitor)
        self.assertEqual(status, 407)
        self.assertIn("Proxy-Authenticate: Basic", head)
        visitor = self.ask("a.users:1", "Proxy-Authorization: Basic "
                           "YWxpY2U6d3Jvbmc=\r\n")
        self.assertEqual(head_of(visitor)[0], 407)
        visitor = self.ask("a.users:1", "Proxy-Authorization: Basic "
                           "YWxpY2U6c2VjcmV0\r\n")
        self.assertEqual(head_of(visitor)[0], 200)
        visitor.sendall(b"x")
        self.assertEqual(read_exactly(visitor, 1), b"x")

    def test_a_second_question_behind_a_refusal_is_taken(self):
        visitor = self.ask("a.users:1")
        status, head = head_of(visitor)
        self.assertEqual(status, 407)
        length = int(head.lower().split("content-length:")[1].split()[0])
        read_exactly(visitor, length)
        visitor.sendall(b"CONNECT db.internal:5432 HTTP/1.1\r\n"
                        b"Host: db.internal:5432\r\n\r\nhello")
        self.assertEqual(head_of(visitor)[0], 200)
        self.assertEqual(read_exactly(visitor, 5), b"hello")

    def test_what_follows_a_refusal_is_no_request(self):
        smuggled = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
        for target, status in [("other.internal:5432", 404),
                               ("db.internal", 400), ("a.users:1", 407)]:
            with self.subTest(target):
                visitor = self.ask(target, early=smuggled)
                found, head = head_of(visitor)
                self.assertEqual(found, status)
                self.assertIn("\r\nConnection: close\r\n", head)
                self.assertNotIn(b"HTTP/1.1 ", read_all(visitor))

    def test_curl_goes_through_it(self):
        """To the origin's own HTTP, inside of the stream."""
        run = subprocess.run(
            ["curl", "-sS", "-p", "-x", f"http://127.0.0.1:{self.port}",
             f"http://127.0.0.1:{self.origin.port}/bytes/10"],
            capture_output=True, timeout=30)
        self.assertNotEqual(run.returncode, 0) # not mapped
        self.assertIn(b"404", run.stderr)


class Http2(Case):
    """A stream of HTTP/2 each (RFC 9113, 8.5)."""

    @classmethod
    def setUpClass(cls):
        pass

    def begin(self, port, target):
        # Its own rules know no CONNECT.
        connection = h2.connection.H2Connection(h2.config.H2Configuration(
            validate_outbound_headers=False))
        connection.initiate_connection()
        number = connection.get_next_available_stream_id()
        connection.send_headers(number, [(":method", "CONNECT"),
                                         (":authority", target)])
        wire = connect(port)
        self.addCleanup(wire.close)
        wire.sendall(connection.data_to_send())
        return connection, wire, number

    def events(self, connection, wire, until):
        """All of them up to the first of that kind."""
        seen = []
        while not any(isinstance(each, until) for each in seen):
            part = wire.recv(65536)
            if not part:
                raise EOFError(seen)
            for event in connection.receive_data(part):
                seen.append(event)
                if isinstance(event, h2.events.DataReceived):
                    connection.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id)
            wire.sendall(connection.data_to_send())
        return seen

    def test_bytes_and_ends_pass_in_both_directions(self):
        def serve(connection, target):
            connection.sendall(b"hello")
            connection.shutdown(socket.SHUT_WR)
            target.seen.append(read_all(connection))
        target = Target(serve)
        self.addCleanup(target.close)
        stack = self.build("grpc", config={"mappings": [
            {"from": "connect://db:1", "to": f"tcp://127.0.0.1:{target.port}",
             "via": {"tunnels": ["tunnel1"]}}]})
        connection, wire, number = self.begin(stack.port, "db:1")
        seen = self.events(connection, wire, h2.events.StreamEnded)
        head = next(each for each in seen
                    if isinstance(each, h2.events.ResponseReceived))
        self.assertEqual(dict(head.headers)[b":status"], b"200")
        self.assertEqual(b"".join(each.data for each in seen if isinstance(
            each, h2.events.DataReceived)), b"hello")
        connection.send_data(number, b"more ")
        connection.send_data(number, b"bytes", end_stream=True)
        wire.sendall(connection.data_to_send())
        wait_until(lambda: target.seen, "the rest")
        self.assertEqual(target.seen, [b"more bytes"])

    def test_what_no_mapping_lets_is_refused(self):
        stack = self.build("grpc", config={"mappings": [
            {"from": "connect://db:1", "via": {"tunnels": ["tunnel1"]}}]})
        connection, wire, _ = self.begin(stack.port, "db:2")
        seen = self.events(connection, wire, h2.events.StreamEnded)
        head = next(each for each in seen
                    if isinstance(each, h2.events.ResponseReceived))
        self.assertEqual(dict(head.headers)[b":status"], b"404")


class Curl(Case):
    @classmethod
    def setUpClass(cls):
        pass

    def test_curl_asks_a_target_through_the_tunnel(self):
        stack = self.build("grpc", config={"mappings": [
            {"from": "connect://127.0.0.1:*", "via": {"tunnels": ["tunnel1"]}},
        ]})
        run = subprocess.run(
            ["curl", "-sS", "-p", "-x", f"http://127.0.0.1:{stack.port}",
             f"http://127.0.0.1:{stack.origin.port}/bytes/10"],
            capture_output=True, timeout=30)
        self.assertEqual((run.returncode, len(run.stdout)), (0, 10),
                         run.stderr)

    def test_without_a_mapping_nothing_is_let(self):
        stack = self.build("grpc")
        with connect(stack.port) as visitor:
            visitor.sendall(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
            status, head = head_of(visitor)
        self.assertEqual(status, 501)


if __name__ == "__main__":
    main()
