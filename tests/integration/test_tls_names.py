"""TLS by the name that it asks for (SNI): passed through untouched, or ended at
the node; many names at one port, beside HTTPS and agents, and strangers."""

import select
import shutil
import socket
import ssl
import time

from certified import Certified
from harness import (TIME_SCALE, apsctl, free_port, main, record_of,
                     wait_until)
from soak import PATIENT
from stream_peers import (PATIENCE, Target, connect, echo, read_all,
                          read_exactly)

RECORD = b"\x16\x03\x01"
UNRECOGNIZED = bytes.fromhex("15030300020270")
DENIED = bytes.fromhex("15030300020231")
VIA = {"via": {"tunnels": ["tunnel1"]}}


def vector(size, content):
    return len(content).to_bytes(size, "big") + content


def client_hello(name=None, extra=b"", record=16384):
    """As a client writes it, with GREASE; in records of that size."""
    extensions = b"\x1a\x1a\0\0" + extra
    if name is not None:
        extensions += b"\0\0" + vector(2, vector(2, b"\0" + vector(
            2, name.encode())))
    extensions += b"\x2a\x2a\0\x01\0"
    body = (b"\x03\x03" + b"r" * 32 + vector(1, b"s" * 32)
            + vector(2, b"\x0a\x0a\x13\x01\x13\x02") + vector(1, b"\0")
            + vector(2, extensions))
    message = b"\x01" + vector(3, body)
    return b"".join(RECORD + vector(2, message[at:at + record])
                    for at in range(0, len(message), record))


class NamedCase(Certified):
    """Stacks with names at a port of their own (`stack.own`) and at one of a
    server with TLS (`stack.shared`)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theirs = cls.ca.issue("theirs", ["db.example.com", "*.wild.example",
                                             "other.example"])
        cls.ours = cls.ca.issue("ours", ["ended.example", "*.star.example"])

    def target(self, serve=echo, pair=None, alpn=()):
        """One that speaks TLS if it has a certificate."""
        if not pair:
            made = Target(serve)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.cert, pair.key)
            if alpn:
                context.set_alpn_protocols(alpn)

            def secure(connection, target):
                with context.wrap_socket(connection, server_side=True) as inner:
                    serve(inner, target)
            made = Target(secure)
        self.addCleanup(made.close)
        return made

    def names(self, rules, transport="grpc", limits=None, shown=None, **more):
        """`rules(own, shared)` gives pairs of `from` and target, and what else
        stands there."""
        own, shared = free_port(), free_port()
        config = more.pop("config", {})
        server = {"host": "127.0.0.1", "port": shared,
                  "tls": self.tls(self.good, certificates=[
                      self.tls(shown or self.ours)]), "http": limits or {}}
        config.setdefault("mappings", []).extend(
            {"from": start, "to": to if isinstance(to, str)
             else f"tcp://127.0.0.1:{to.port}", **VIA, **rest}
            for start, to, rest in rules(own, shared))
        config["servers"] = {"secure": server, **config.get("servers", {})}
        stack = self.build(transport, config=config, **more)
        stack.own, stack.shared = own, shared
        return stack

    def said(self, port, name, text=b"hello", **options):
        """What comes back for `text`, and the certificate's first name."""
        with self.connect(port, name, **options) as stream:
            stream.sendall(text)
            got = read_exactly(stream, len(text))
            shown = stream.getpeercert()["subject"][0][0][1]
        return got, shown

    def assert_refused(self, port, hello, alert):
        with connect(port) as stream:
            stream.sendall(hello)
            self.assertEqual(read_all(stream), alert)


class Names:
    """The same over each transport."""

    def test_each_name_goes_its_way(self):
        plain = self.target()
        theirs = self.target(pair=self.theirs, alpn=["postgresql"])
        stack = self.names(lambda own, shared: [
            (f"tls://db.example.com:{own}", theirs, {}),
            (f"tls://*.wild.example:{own}", theirs, {}),
            (f"tls://db.example.com:{shared}", theirs, {}),
            (f"tls://ended.example:{shared}", plain, {"terminate": True}),
        ], self.transport)
        for port in (stack.own, stack.shared):
            with self.connect(port, "db.example.com",
                              alpn=["postgresql"]) as stream:
                self.assertEqual(stream.selected_alpn_protocol(), "postgresql")
                stream.sendall(b"hello")
                self.assertEqual(read_exactly(stream, 5), b"hello")
        self.assertEqual(self.said(stack.own, "x.wild.example"),
                         (b"hello", "db.example.com"))
        self.assertEqual(self.said(stack.shared, "ended.example"),
                         (b"hello", "ended.example"))
        told = record_of(stack.node, scheme="tls", method="TLS",
                         host=f"ended.example:{stack.shared}")
        self.assertEqual(told["tls"]["server_name"], "ended.example")
        told = record_of(stack.node, scheme="tls",
                         host=f"x.wild.example:{stack.own}")
        self.assertEqual(told["tls"], None)

    def test_the_target_gets_the_very_bytes(self):
        def serve(connection, target):
            target.seen.append(read_all(connection))
        target = self.target(serve)
        stack = self.names(lambda own, shared: [
            (f"tls://*:{own}", target, {})], self.transport)
        sent = client_hello("any.example", record=50) + b"\x17 and more"
        with connect(stack.own) as stream:
            for at in range(0, len(sent), 7):
                stream.sendall(sent[at:at + 7])
                time.sleep(0.001)
            stream.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(stream), b"")
        self.assertEqual(target.seen, [sent])

    def test_it_survives_cuts(self):
        target = self.target(pair=self.theirs)
        stack = self.names(lambda own, shared: [
            (f"tls://db.example.com:{own}", target, {})], self.transport,
            proxy=True, config={"tunnels": {"tunnel1": PATIENT}})
        with self.connect(stack.own, "db.example.com") as stream:
            for turn in range(12):
                # Less than all buffers between have room for: one thread may
                # use a connection of TLS at a time.
                piece = bytes([turn]) * 50_000
                stream.sendall(piece)
                if turn % 3 == 0:
                    stack.proxy.reset()
                self.assertEqual(read_exactly(stream, len(piece)), piece)
        self.assertEqual(target.count, 1)


class NamesOverGrpc(Names, NamedCase):
    transport = "grpc"


class NamesOverWebSocket(Names, NamedCase):
    transport = "ws"


class NamesOverPolling(Names, NamedCase):
    transport = "poll"


class OneOwnPort(NamedCase):
    def test_the_most_special_name_wins(self):
        def named(word):
            return self.target(lambda connection, _: connection.sendall(
                connection.recv(4096)[:0] + word))
        stack = self.names(lambda own, shared: [
            (f"tls://*:{own}", named(b"default"), {}),
            (f"tls://*.example:{own}", named(b"wild"), {}),
            (f"tls://*.deep.example:{own}", named(b"longer"), {}),
            (f"tls://a.deep.example:{own}", named(b"exact"), {})])
        for name, wanted in (("a.deep.example", b"exact"),
                             ("A.Deep.Example", b"exact"),
                             ("b.deep.example", b"longer"),
                             ("b.example", b"wild"),
                             ("example", b"default"),
                             ("10.0.0.1", b"default"),
                             (None, b"default")):
            with connect(stack.own) as stream:
                stream.sendall(client_hello(name))
                self.assertEqual(read_all(stream), wanted, name)

    def test_who_is_for_nobody_hears_so(self):
        stack = self.names(lambda own, shared: [
            (f"tls://a.example:{own}", "tcp://127.0.0.1:1", {})])
        for hello in (client_hello("b.example"), client_hello()):
            self.assert_refused(stack.own, hello, UNRECOGNIZED)
        with self.assertRaisesRegex(ssl.SSLError, "(?i)unrecognized.name"):
            self.connect(stack.own, "b.example")
        record_of(stack.node, scheme="tls", outcome="no-mapping",
                  host=f"b.example:{stack.own}")
        self.assertIn("unrecognized name", self.s_client(
            stack.own, name="b.example"))

    def test_who_may_not_come_hears_so(self):
        stack = self.names(lambda own, shared: [
            (f"tls://a.example:{own}", "tcp://127.0.0.1:1",
             {"deny": ["127.0.0.0/8"]})])
        self.assert_refused(stack.own, client_hello("a.example"), DENIED)
        record_of(stack.node, scheme="tls", outcome="forbidden")

    def test_what_is_no_tls_is_closed(self):
        stack = self.names(lambda own, shared: [
            (f"tls://*:{own}", "tcp://127.0.0.1:1", {})])
        big = client_hello("a.example", extra=b"\0\x15" + vector(
            2, b"\0" * 17000))
        twice = client_hello("a.example", extra=b"\0\0" + vector(
            2, vector(2, b"\0" + vector(2, b"b.example"))))
        for text in (b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n", b"\0" * 100,
                     RECORD + b"\0\0", big, twice):
            with connect(stack.own) as stream:
                try:
                    stream.sendall(text)
                    self.assertEqual(read_all(stream), b"")
                except ConnectionError:
                    pass
        wait_until(lambda: "it does not speak TLS" in stack.node.log,
                   "it to be told")

    def test_many_that_say_little_leave_room_for_others(self):
        target = self.target()
        stack = self.names(lambda own, shared: [
            (f"tls://*:{own}", target, {})], config={"limits": {
                "max_connections": 100, "max_connections_per_address": 100,
                "max_unauthenticated": 20,
                "max_unauthenticated_per_address": 20}})
        silent = [connect(stack.own) for _ in range(60)]
        for one in silent:
            one.sendall(client_hello("a.example")[:20])
        hello = client_hello("a.example")

        def comes_in():
            with connect(stack.own) as visitor:
                try:
                    visitor.sendall(hello)
                    return read_exactly(visitor, len(hello)) == hello
                except (EOFError, ConnectionError):
                    return False
        wait_until(comes_in, "a visitor to be served")
        for one in silent:
            one.close()

    def test_the_target_hears_whose_connection_it_is(self):
        def serve(connection, target):
            target.seen.append(read_all(connection))
        target = self.target(serve)
        stack = self.names(lambda own, shared: [
            (f"tls://*:{own}", target, {"proxy_protocol": "v1"})])
        hello = client_hello("a.example")
        with connect(stack.own) as stream:
            port = stream.getsockname()[1]
            stream.sendall(hello)
            stream.shutdown(socket.SHUT_WR)
            read_all(stream)
        self.assertEqual(target.seen, [
            f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {stack.own}\r\n".encode()
            + hello])

    def test_an_idle_stream_is_cut(self):
        target = self.target(lambda connection, _: read_all(connection))
        stack = self.names(lambda own, shared: [
            (f"tls://*:{own}", target, {"idle_timeout": 1 * TIME_SCALE})])
        with connect(stack.own) as stream, self.assertRaises(ConnectionError):
            stream.sendall(client_hello("a.example"))
            read_all(stream)
        record_of(stack.node, scheme="tls", outcome="idle-timeout")


class OnePortOfAServer(NamedCase):
    def test_https_and_agents_share_it(self):
        target = self.target()
        stack = self.names(
            lambda own, shared: [(f"tls://ended.example:{shared}", target,
                                  {"terminate": True})],
            agent=False, config={"mappings": [{
                "from": "https://example.com", "to": "http://127.0.0.1:1",
                **VIA}], "tunnels": {"tunnel1": {"servers": ["secure"]}}})
        stack.node.agent_port = stack.shared
        stack.start_agent(flags=("-tls", "-ca", self.ca.cert))
        stack.wait_for_agent()
        self.assertEqual(self.fetch(stack.shared)[0], 502)
        self.assertEqual(self.said(stack.shared, "ended.example")[1],
                         "ended.example")
        with connect(stack.shared) as stream:
            stream.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertIn(b" 400 ", read_all(stream))

    def test_who_may_not_come_hears_so_where_tls_ends(self):
        stack = self.names(
            lambda own, shared: [(f"tls://ended.example:{shared}",
                                  "tcp://127.0.0.1:1",
                                  {"terminate": True, "deny": ["127.0.0.1"]})])
        with self.context().wrap_socket(
                connect(stack.shared), server_hostname="ended.example",
                suppress_ragged_eofs=False) as stream:
            self.assertEqual(stream.recv(1), b"") # and no error: a close_notify
        record_of(stack.node, scheme="tls", outcome="forbidden")

    def test_a_name_that_comes_late_gets_no_more_time(self):
        timeout = 4 * TIME_SCALE
        stack = self.names(
            lambda own, shared: [(f"tls://a.example:{shared}",
                                  "tcp://127.0.0.1:1", {})],
            limits={"handshake_timeout": timeout})
        outside = ssl.MemoryBIO()
        client = self.context().wrap_bio(ssl.MemoryBIO(), outside,
                                         server_hostname="b.example")
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        with connect(stack.shared) as sooner:
            time.sleep(timeout / 4)
            with connect(stack.shared) as later:
                time.sleep(timeout / 4)
                sooner.sendall(outside.read())
                sooner.recv(1) # the server's part begins: now it waits
                self.assertEqual(read_all(later), b"")
                sooner.setblocking(False)
                read_all(sooner) # it ended before

    def test_names_of_no_mapping_are_explained(self):
        stack = self.names(
            lambda own, shared: [
                (f"tls://b\u00fccher.example:{shared}", "tcp://127.0.0.1:1", {}),
                (f"tls://a.example:{own}", "tcp://127.0.0.1:1", {})])
        printed = apsctl(stack.node, "explain",
                         f"tls://www.example.com:{stack.shared}")
        self.assertIn("it goes on to HTTPS of server secure; "
                      f"https://www.example.com:{stack.shared}/", printed)
        self.assertNotIn("cut off", printed)
        printed = apsctl(stack.node, "explain",
                         f"tls://B\u00fccher.example:{stack.shared}")
        self.assertIn("mapping 0 to tcp://127.0.0.1:1", printed)
        printed = apsctl(stack.node, "explain",
                         f"tls://www.example.com:{stack.own}")
        self.assertIn("cut off (no-mapping)", printed)

    def test_a_port_of_its_own_goes_by_the_general_times(self):
        stack = self.names(
            lambda own, shared: [(f"tls://a.example:{own}",
                                  "tcp://127.0.0.1:1", {})],
            limits={"handshake_timeout": 8},
            config={"http": {"handshake_timeout": 1}})
        with connect(stack.shared) as later, connect(stack.own) as sooner:
            cut, _, _ = select.select([later, sooner], [], [], PATIENCE)
            self.assertEqual(cut, [sooner])

    def test_garbage_and_drips_are_cut(self):
        stack = self.names(lambda own, shared: [
            (f"tls://a.example:{shared}", "tcp://127.0.0.1:1", {})],
            limits={"handshake_timeout": 1 * TIME_SCALE})
        hello = client_hello("a.example")
        with connect(stack.shared) as stream:
            begun = time.monotonic()
            try:
                for byte in hello * 100:
                    stream.sendall(bytes([byte]))
                    time.sleep(0.1 * TIME_SCALE)
                self.fail("nobody cuts it")
            except ConnectionError:
                pass
            self.assertLess(time.monotonic() - begun, PATIENCE)
        wait_until(lambda: "handshake-time" in stack.node.log, "it to be told")
        with connect(stack.shared) as stream:
            stream.sendall(b"\0" * 100)
            try:
                while stream.recv(100): # an alert, perhaps
                    pass
            except ConnectionError:
                pass

    def test_where_tls_ends_protocols_are_agreed_to(self):
        target = self.target()
        stack = self.names(lambda own, shared: [
            (f"tls://ended.example:{shared}", target, {"terminate": True}),
            (f"tls://*.star.example:{shared}", target, {
                "terminate": True, "alpn": ["postgresql", "h2"]})])

        def agreed(name, *offered):
            with self.connect(stack.shared, name, alpn=offered) as stream:
                return stream.selected_alpn_protocol()
        self.assertIsNone(agreed("ended.example", "h2", "http/1.1"))
        self.assertEqual(agreed("a.star.example", "h2", "x"), "h2")
        self.assertEqual(agreed("a.star.example", "h2", "postgresql"),
                         "postgresql")
        self.assertIsNone(agreed("a.star.example"))
        with self.assertRaisesRegex(ssl.SSLError, "(?i)application.protocol"):
            agreed("a.star.example", "x")
        told = self.s_client(stack.shared, "-alpn", "postgresql", "-brief",
                             name="a.star.example")
        self.assertIn("Verification: OK", told)

    def test_each_end_passes_where_tls_ends(self):
        def serve(connection, target):
            target.seen.append(read_all(connection))
            connection.sendall(b"x" * 1_000_000)
        target = self.target(serve)
        stack = self.names(lambda own, shared: [
            (f"tls://ended.example:{shared}", target, {"terminate": True})])
        plain = connect(stack.shared)
        context = self.context()
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        stream = context.wrap_bio(inside, outside,
                                  server_hostname="ended.example")

        def run(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    plain.sendall(outside.read())
                    got = plain.recv(65536)
                    inside.write(got) if got else inside.write_eof()
        run(stream.do_handshake)
        stream.write(b"hello")
        try:
            stream.unwrap() # sends its end, and waits for the other one
        except ssl.SSLWantReadError:
            pass
        plain.sendall(outside.read())
        # Python's client reads nothing behind its own end, so records are
        # counted: all of the answer comes, and an end behind it.
        got = read_all(plain)
        self.assertGreater(len(got), 1_000_000, stack.logs())
        self.assertEqual(target.seen, [b"hello"])
        plain.close()
        record_of(stack.node, scheme="tls", outcome="ok")

    def test_new_certificates_are_shown(self):
        target = self.target()
        used = self.ca.issue("used", ["ended.example"])
        fresh = self.ca.issue("fresh", ["ended.example"])
        stack = self.names(lambda own, shared: [
            (f"tls://ended.example:{shared}", target, {"terminate": True})],
            shown=used)
        before = self.connect(stack.shared, "ended.example")
        old = before.getpeercert()["serialNumber"]
        shutil.copy(fresh.key, used.key)
        shutil.copy(fresh.cert, used.cert)

        def serial():
            with self.connect(stack.shared, "ended.example") as stream:
                return stream.getpeercert()["serialNumber"]
        wait_until(lambda: serial() != old, "the new one")
        before.sendall(b"hello")
        self.assertEqual(read_exactly(before, 5), b"hello")
        before.close()


if __name__ == "__main__":
    main()
