"""Handshakes of TLS: what clients and the node may agree on, what the node says
when they do not, and how many there may be."""

import contextlib
import http.client
import os
import socket
import ssl
import threading

from certified import HTTPS, Certified
from harness import TIME_SCALE, Stack, main, wait_until
from lab.testca import Authority, openssl
from metrics import samples, total
from origin import Origin
from wire import HOST


class Handshakes(Certified):
    """What openssl's client may and may not agree on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack = cls.secure_stack()

    @classmethod
    def secure_stack(cls):
        origin = Origin()
        pair = cls.ca.issue("both", ["example.com", "localhost", "127.0.0.1"],
                            kind="rsa")
        return Stack(agent=False, origin=origin, config={
            "servers": {"main": {"tls": {
                "cert": str(cls.good.cert), "key": str(cls.good.key),
                "certificates": [{"cert": str(pair.cert),
                                  "key": str(pair.key)}]}}},
            "mappings": [{"from": HTTPS, "to": origin.url}]})

    def say(self, *flags, text=""):
        return self.s_client(self.stack.port, *flags, text=text)

    @staticmethod
    def agreed(said):
        return ("Verify return code: 0 (ok)" in said
                and "Cipher is (NONE)" not in said)

    # Flags, whether it comes to a session, what is said or logged.
    ROWS = [
        (["-tls1_3"], True, "TLSv1.3"),
        (["-tls1_2"], True, "TLSv1.2"),
        (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False, "version"),
        (["-tls1", "-cipher", "ALL:@SECLEVEL=0"], False, "version"),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], True,
         "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], True,
         "CHACHA20"),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], False, "handshake"),
        (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], False, "handshake"),
        (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], False,
         "handshake"),
        (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], False,
         "handshake"),
        (["-tls1_3", "-groups", "X25519"], True, "X25519"),
        (["-tls1_3", "-groups", "P-521"], False, "handshake"),
        (["-alpn", "http/1.1"], True, "ALPN protocol: http/1.1"),
        (["-alpn", "h2"], True, "ALPN protocol: h2"),
        (["-alpn", "ftp"], False, "no application protocol"),
    ]

    def test_the_table(self):
        for flags, is_session, words in self.ROWS:
            with self.subTest(flags=flags):
                said = self.say(*flags)
                self.assertEqual(self.agreed(said), is_session, said)
                self.assertIn(words, said)

    def ciphers(self, version):
        """All that this OpenSSL knows, as weak as they are."""
        known = openssl("ciphers", "-s", version, "ALL:eNULL:@SECLEVEL=0")
        return [name for name in known.strip().split(":")
                if name.startswith("TLS_") == (version == "-tls1_3")]

    def test_of_all_ciphers_those_of_mozilla_are_taken(self):
        taken = {f"ECDHE-{auth}-{cipher}" for auth in ("ECDSA", "RSA")
                 for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384",
                                "CHACHA20-POLY1305")}
        known = self.ciphers("-tls1_2")
        self.assertGreater(len(known), 50)
        for cipher in known:
            said = self.say("-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
            self.assertEqual(self.agreed(said), cipher in taken, cipher)
        taken = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                 "TLS_CHACHA20_POLY1305_SHA256"}
        for cipher in {*taken, "TLS_AES_128_CCM_SHA256",
                       "TLS_AES_128_CCM_8_SHA256"}:
            said = self.say("-tls1_3", "-ciphersuites", cipher)
            self.assertEqual(self.agreed(said), cipher in taken, cipher)

    def test_there_is_no_compression_and_no_renegotiation(self):
        said = self.say("-tls1_2", text="R\n")
        self.assertIn("Compression: NONE", said)
        self.assertRegex(said, "RENEGOTIATING[\\s\\S]*no renegotiation")
        said = self.say("-tls1_2", "-legacy_renegotiation", text="R\n")
        self.assertRegex(said, "RENEGOTIATING[\\s\\S]*no renegotiation")

    def session(self, version, port=None, name="session"):
        """The file of a session, which has a ticket."""
        file = self.folder / f"{name}{version}"
        request = f"GET / HTTP/1.1\nHost: {HOST}\nConnection: close\n\n"
        said = self.s_client(port or self.stack.port, version, "-sess_out",
                             file, "-ign_eof", "-crlf", text=request)
        self.assertIn("New, TLSv1", said)
        return file

    def test_sessions_are_resumed_by_ticket(self):
        for version in ("-tls1_2", "-tls1_3"):
            file = self.session(version)
            for _ in range(2):
                self.assertIn("Reused, TLSv1",
                              self.say(version, "-sess_in", file), version)

    def test_there_is_no_early_data(self):
        file = self.session("-tls1_3", name="early")
        self.assertIn("Max Early Data: 0",
                      openssl("sess_id", "-in", file, "-text", "-noout"))
        data = self.folder / "early-data"
        data.write_text(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        before = len(self.stack.origin.requests)
        said = self.say("-tls1_3", "-sess_in", file, "-early_data", data)
        self.assertIn("Early data was not sent", said)
        self.assertEqual(len(self.stack.origin.requests), before)

    def test_keys_of_tickets_are_of_one_node_and_outlive_certificates(self):
        pair = self.ca.issue("tickets", [HOST])
        stack = self.secure(agent=False, pair=pair)
        file = self.session("-tls1_3", stack.port, "old")
        fresh = self.ca.issue("tickets-2", [HOST])
        os.replace(fresh.key, pair.key)
        os.replace(fresh.cert, pair.cert)
        wait_until(lambda: "has new certificates" in stack.node.log, "them")
        self.assertIn("Reused, TLSv1.3", self.s_client(
            stack.port, "-tls1_3", "-sess_in", file))
        stack.node.stop()
        stack.node.start()
        self.assertIn("New, TLSv1.3", self.s_client(
            stack.port, "-tls1_3", "-sess_in", file))

    def test_clients_that_refuse_us_are_told_of(self):
        with self.assertRaises(ssl.SSLError):
            self.connect(self.stack.port, context=ssl.create_default_context())
        wait_until(lambda: "failed-handshake reached by 127.0.0.1"
                   in self.stack.node.log, "the line about the handshake")


class Failures(Certified):
    """What the node says of handshakes that fail, each from an address of its
    own, as it does not say the same of one again at once."""

    # What openssl's client is told, and the node's words.
    CLIENTS = [
        (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "no version in common"),
        (["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "no version in common"),
        (["-tls1_2", "-cipher", "AES128-SHA"], "no cipher in common"),
        (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
         "no cipher in common"),
        (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
         "no cipher in common"),
        (["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"],
         "no cipher in common"),
        (["-tls1_3", "-groups", "P-521"], "no key exchange in common"),
        (["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"],
         "no signature algorithm in common"),
        (["-alpn", "ftp"], "no protocol in common"),
        (["-alpn", "http/1.0"], "no protocol in common"),
        (["-verify_return_error", "-CAfile", "{stranger}"],
         "it does not know who issued our certificate"),
        (["-verify_return_error", "-verify_hostname", "b.example"],
         "it does not take our certificate"),
        (["-cert", "{theirs.cert}", "-key", "{theirs.key}"],
         "its certificate is none that counts here"),
        (["-cert", "{old.cert}", "-key", "{old.key}"],
         "its certificate is none that counts here"),
    ]
    # Bytes of a client of its own, and the node's words.
    BYTES = [
        (b"hello\n", "it does not speak TLS"),
        (b"\0\0\0\0\0\0\0\0", "it does not speak TLS"),
        (b"\x80\x2e\x01\0\x02" + b"\0" * 43, "length mismatch"),
        (b"\x16\x03\x01\xff\xff" + b"\x01" * 64, "packet length"),
        (b"\x17\x03\x03\0\x05hello", "a message out of order"),
        (b"\x15\x03\x01\0\x02\x02\x28", "a message out of order"),
        (b"\x16\x03\x01\0\x04\x02\0\0\0", "a message out of order"),
        (b"\x16\x03\x01\0\x08\x01\0\0\x04\x03\x03\0\0", "length"),
    ]

    def test_the_table(self):
        stranger = Authority(self.folder / "stranger")
        names = {"stranger": stranger.cert,
                 "theirs": stranger.issue("x", subject="/CN=x", client=True),
                 "old": self.ca.issue("old", subject="/CN=x", client=True,
                                      days=(-9, -1))}
        stack = self.secure(agent=False, tls=self.tls(
            client_ca=str(self.ca.cert)))
        for number, (sent, words) in enumerate([*self.CLIENTS, *self.BYTES]):
            address = f"127.0.2.{number + 1}"
            with self.subTest(sent=sent):
                if isinstance(sent, bytes):
                    self.send(stack.port, address, sent)
                else:
                    self.s_client(stack.port, "-bind", f"{address}:0",
                                  *(flag.format(**names) for flag in sent))
                wait_until(lambda: self.line(stack, address), address)
                self.assertIn(words, self.line(stack, address))
        self.assertEqual(self.fetch(stack.port)[0] // 100, 5) # no agent, alive

    def send(self, port, address, data):
        with socket.create_connection(("127.0.0.1", port),
                                      timeout=30 * TIME_SCALE,
                                      source_address=(address, 0)) as stream:
            stream.sendall(data)
            with contextlib.suppress(ConnectionError):
                while stream.recv(1000):
                    pass

    @staticmethod
    def line(stack, address):
        return next((line for line in stack.node.log.splitlines()
                     if "failed-handshake reached by " + address + ":" in line),
                    None)


class Rates(Certified):
    """So many handshakes of one address, and those of others go on."""

    def begin(self, port, address, count):
        """How many of so many handshakes succeed."""
        done = 0
        for _ in range(count):
            with contextlib.suppress(OSError):
                plain = socket.create_connection(
                    ("127.0.0.1", port), timeout=30 * TIME_SCALE,
                    source_address=(address, 0))
                with plain, self.context().wrap_socket(
                        plain, server_hostname=HOST):
                    done += 1
        return done

    def test_a_flood_is_cut_and_honest_traffic_served(self):
        stack = self.secure("mix", config={"limits": {
            "max_handshakes_per_address": 5, "trusted": ["127.0.3.9"]}})
        over, served = threading.Event(), []

        def visit(): # on one connection, as browsers do
            with self.connect(stack.port) as stream:
                while not over.is_set():
                    stream.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
                                   .encode())
                    answer = http.client.HTTPResponse(stream)
                    answer.begin()
                    answer.read()
                    served.append(answer.status)
        honest = threading.Thread(target=visit)
        honest.start()
        done = self.begin(stack.port, "127.0.3.1", 300)
        self.assertGreaterEqual(done, 50) # ten seconds' worth
        self.assertLess(done, 300)
        for _ in range(10):
            self.assertEqual(self.fetch(stack.port)[0], 200)
        self.assertEqual(self.begin(stack.port, "127.0.3.9", 120), 120)
        over.set()
        honest.join()
        self.assertEqual(set(served), {200})
        wait_until(lambda: "handshake-rate reached by 127.0.3.1"
                   in stack.node.log, "the event")
        self.assertLess(stack.node.log.count("handshake-rate reached"), 10)
        self.assertNotIn("handshake-rate reached by 127.0.0.1",
                         stack.node.log)
        counts = samples(stack.node.get("/metrics")[1].decode())
        self.assertEqual(total(counts, "aps_limits_total",
                               limit="handshake-rate"), 300 - done)

    def test_agents_that_prove_themselves_are_not_slowed(self):
        stack = self.secure("ws", config={
            "limits": {"max_handshakes_per_address": 1},
            "tunnels": {"tunnel1": {"websocket_pool": {
                "pool_size": 8, "max_pool_size": 8}}}})
        for _ in range(8): # 64 handshakes, and 10 at once and one a second
            stack.node.wait_for_agent("ws", 8)
            stack.agent.stop()
            stack.start_agent()
        stack.node.wait_for_agent("ws", 8)
        self.assertNotIn("handshake-rate", stack.node.log)


if __name__ == "__main__":
    main()
