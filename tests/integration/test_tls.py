"""TLS: at the node's servers, between node and agents, and towards targets."""

import contextlib
import json
import os
import select
import socket
import ssl
import subprocess
import threading

from certified import HTTPS, Certified
from h2_frames import Peer
from harness import (BIN, PASSWORD, TIME_SCALE, Case, Program, finished,
                     free_port, main, scratch, wait_until)
from lab.testca import Authority, openssl
from origin import Origin
from wire import HOST, ask


class HttpsTargets(Case):
    """Certificates of targets are verified unless told otherwise."""

    def setUp(self):
        super().setUp()
        folder = scratch(self)
        self.certificate = folder / "cert.pem"
        key = folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", key,
             "-out", self.certificate], check=True, capture_output=True)
        self.origin_with_tls = Origin(certificate=(self.certificate, key))

    def through(self, *flags, host="localhost"):
        origin = self.origin_with_tls
        stack = self.build("mix", agent_flags=flags, origin=origin, config={
            "mappings": [{"from": "http://example.com",
                          "to": f"https://{host}:{origin.port}",
                          "via": {"tunnels": ["tunnel1"]}}]})
        return ask(stack.port)

    def test_an_unknown_certificate_is_502(self):
        answer = self.through()
        self.assertEqual((answer.status, answer.outcome), (502, "origin-tls"))

    def test_verification_can_be_switched_off(self):
        self.assertEqual(self.through("-insecure-target").status, 200)

    def test_a_certificate_can_be_trusted(self):
        self.assertEqual(
            self.through("-ca-file", self.certificate).status, 200)

    def test_a_trusted_certificate_for_another_name_is_502(self):
        answer = self.through("-ca-file", self.certificate, host="127.0.0.1")
        self.assertEqual((answer.status, answer.outcome), (502, "origin-tls"))

    def test_an_unreadable_ca_file_ends_the_agent_with_one(self):
        stack = self.build(agent=False)
        agent = stack.start_agent(flags=("-ca-file", "/nowhere.pem"))
        self.assertEqual(agent.wait(), 1)
        self.assertIn("/nowhere.pem", agent.log)
        self.assertEqual(agent.log.count("aps-endpoint: "), 1)


class Servers(Certified):
    def test_visitors_are_served_over_https(self):
        stack = self.secure()
        status, fields, _ = self.fetch(stack.port)
        self.assertEqual(status, 200)
        asked = stack.origin.requests[-1]
        self.assertEqual(asked.header("X-Forwarded-Proto"), "https")
        record = json.loads(stack.node.get(
            f"/.api/exchanges?id={fields['x-request-id']}")[1])
        record = (record["finished"] or record["live"])[0]
        self.assertEqual(record["scheme"], "https")
        self.assertEqual(record["tls"]["version"], "TLSv1.3")
        self.assertEqual(record["tls"]["server_name"], HOST)
        self.assertEqual(record["tls"]["client"], "")

    def record(self, stack, request_id):
        body = json.loads(stack.node.get(f"/.api/exchanges?id={request_id}")[1])
        return (body["finished"] or body["live"])[0]

    def test_schemes_are_those_of_the_connection(self):
        """Whatever an HTTP/2 client calls its scheme."""
        stack = self.secure(config={"servers": {"main": {
            "host": "127.0.0.1", "port": free_port(), "tls": self.tls(),
            "trusted_proxies": ["127.0.0.1"]}}})
        said = [("Forwarded", "for=192.0.2.1;proto=http"),
                ("X-Request-Id", "h1")]
        self.fetch(stack.port, headers=[": ".join(field) for field in said])
        with Peer(stack.port, tls=self.context()) as peer:
            for stream, scheme in ((1, "https"), (3, "http")):
                peer.ask(stream, scheme=scheme, more=(
                    ("forwarded", said[0][1]), ("x-request-id", scheme)))
                peer.body(stream)
        for asked in stack.origin.requests:
            self.assertEqual(asked.header("X-Forwarded-Proto"), "https")
            self.assertEqual(asked.header("Forwarded"),
                             said[0][1] + ", for=127.0.0.1;proto=https")
        for request_id in ("h1", "https", "http"):
            finished(stack.node, request_id)
            record = self.record(stack, request_id)
            self.assertEqual((record["scheme"], record["status"]),
                             ("https", 200))
            self.assertEqual(record["tls"]["server_name"], HOST)

    def test_what_the_node_answers_itself_has_its_scheme(self):
        stack = self.secure(agent=False, config={
            "log": {"requests": True, "format": "json"}})
        with self.connect(stack.port) as stream:
            stream.sendall(f"GET /a#b HTTP/1.1\r\nHost: {HOST}\r\n"
                           "X-Request-Id: odd\r\n\r\n".encode())
            self.assertIn(b" 400 ", stream.recv(65536))
        record = finished(stack.node, "odd")[0]
        self.assertEqual(record["scheme"], "https")
        line = next(json.loads(line) for line in stack.node.log.splitlines()
                    if '"odd"' in line and '"url"' in line)
        self.assertTrue(line["url"].startswith("https://example.com"), line)
        self.assertEqual(line["tls"]["version"], "TLSv1.3")

    def test_lines_of_requests_have_what_tls_agreed_on(self):
        mine = self.ca.issue("logged", subject="/CN=a \"visitor\"", client=True)
        context = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        context.load_cert_chain(mine.cert, mine.key)
        for form in ("text", "json"):
            stack = self.secure(tls=self.tls(client_ca=str(self.ca.cert)),
                                config={"log": {"requests": True,
                                                "format": form}})
            self.fetch(stack.port, context=context,
                       headers=["X-Request-Id: mine"])
            words = ('tls=TLSv1.2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 '
                     'server_name="example.com" client="/CN=a \\"visitor\\""'
                     if form == "text" else
                     '"tls":{"version":"TLSv1.2","cipher":"ECDHE-ECDSA-AES128'
                     '-GCM-SHA256","server_name":"example.com","client":"/CN=a'
                     ' \\"visitor\\""}')
            wait_until(lambda: words in stack.node.log, words)

    def test_a_body_of_any_size_passes_both_ways(self):
        stack = self.secure()
        body = os.urandom(3 << 20)
        with self.connect(stack.port) as stream:
            stream.sendall(f"POST /echo HTTP/1.1\r\nHost: {HOST}\r\n"
                           f"Content-Length: {len(body)}\r\n"
                           "Connection: close\r\n\r\n".encode())
            stream.sendall(body)
            answer = b""
            while piece := stream.recv(65536):
                answer += piece
        self.assertIn(b" 200 ", answer.split(b"\r\n")[0])

    def test_the_name_picks_the_certificate(self):
        pairs = [self.good, self.ca.issue("star", ["*.star.example"]),
                 self.ca.issue("named", ["a.star.example"])]
        stack = self.secure(agent=False, tls=self.tls(
            pairs[0], certificates=[self.tls(p) for p in pairs[1:]]))
        for name, shown in [(HOST, "example.com"),
                            ("a.star.example", "a.star.example"),
                            ("b.star.example", "*.star.example"),
                            ("else.example", "example.com")]:
            context = self.context(check_hostname=False)
            with self.connect(stack.port, name, context) as stream:
                subject = dict(x[0] for x in stream.getpeercert()["subject"])
                self.assertEqual(subject["commonName"], shown, name)

    def test_rsa_and_ec_for_one_name(self):
        first, second = (self.ca.issue(f"both-{kind}", [HOST], kind=kind)
                         for kind in ("ec", "rsa"))
        stack = self.secure(agent=False, tls=self.tls(
            first, certificates=[self.tls(second)]))
        for auth in ("ECDSA", "RSA"):
            context = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(f"ECDHE-{auth}-AES128-GCM-SHA256")
            with self.connect(stack.port, context=context) as stream:
                self.assertIn(auth, stream.cipher()[0])

    def test_alpn_takes_what_is_spoken(self):
        stack = self.secure(agent=False)
        for offered, chosen in [(["http/1.1"], "http/1.1"), (["h2"], "h2"),
                                (["h2", "http/1.1"], "h2"),
                                (["http/1.1", "h2"], "h2"),
                                (["spdy/3", "http/1.1"], "http/1.1"),
                                (None, None)]:
            with self.connect(stack.port, alpn=offered) as stream:
                self.assertEqual(stream.selected_alpn_protocol(), chosen)

    def test_plain_http_is_told_to_use_https(self):
        stack = self.secure(agent=False)
        for method in ("GET", "POST", "OPTIONS", "DELETE"):
            with socket.create_connection(("127.0.0.1", stack.port),
                                          timeout=30 * TIME_SCALE) as plain:
                plain.sendall(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n"
                              .encode())
                answer = plain.makefile("rb").read()
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertIn(b"TLS is spoken here: use https://.", answer)

    def test_tls_at_a_plain_port_is_told(self):
        stack = self.build(agent=False)
        with self.assertRaises(ssl.SSLError):
            self.connect(stack.port)
        wait_until(lambda: "TLS spoken to a plain HTTP port"
                   in stack.node.log, "the line about TLS")

    def test_a_stalled_handshake_holds_nothing(self):
        stack = self.secure(agent=False, config={
            "http": {"handshake_timeout": 0.5}})
        started = []
        for first in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"):
            idle = socket.create_connection(("127.0.0.1", stack.port),
                                            timeout=30 * TIME_SCALE)
            idle.sendall(first)
            started.append(idle)
        for idle in started:
            self.assertEqual(idle.recv(100), b"")
            idle.close()
        wait_until(lambda: "handshake-time reached by 127.0.0.1"
                   in stack.node.log, "the line about the limit")
        self.assertEqual(self.fetch(stack.port)[0] // 100, 5) # no agent, alive

    def test_slow_bytes_do_not_last_longer(self):
        stack = self.secure(agent=False, config={
            "http": {"handshake_timeout": 1}})
        slow = socket.create_connection(("127.0.0.1", stack.port),
                                        timeout=30 * TIME_SCALE)
        gone = threading.Event()

        def drip():
            try:
                while not gone.is_set():
                    slow.sendall(b"\x16")
                    gone.wait(0.1)
            except OSError:
                gone.set()
        thread = threading.Thread(target=drip)
        thread.start()
        wait_until(gone.is_set, "the end of a slow handshake")
        thread.join()
        slow.close()

    def test_strangers_in_handshakes_make_room_for_visitors(self):
        stack = self.secure(agent=False, config={
            "limits": {"max_unauthenticated_per_address": 20}})
        held = [socket.create_connection(("127.0.0.1", stack.port))
                for _ in range(60)]
        self.assertEqual(self.fetch(stack.port)[0] // 100, 5)
        for each in held:
            each.close()

    def test_the_plain_port_sends_visitors_to_https(self):
        port = free_port()
        stack = self.secure(agent=False, config={"servers": {
            "main": {"host": "127.0.0.1", "port": free_port(),
                     "tls": self.tls()},
            "plain": {"host": "127.0.0.1", "port": port,
                      "redirect_https": 8443, "trusted_proxies": []}}})
        answer = ask(port, "/a?b")
        self.assertEqual((answer.status, answer.header("Location")),
                         (308, "https://example.com:8443/a?b"))
        self.assertTrue(stack.node.running)

    def test_browsers_are_told_to_stay(self):
        origin = Origin()
        stack = self.secure(origin=origin, mappings=[
            {"from": HTTPS, "to": origin.url, "hsts": 31536000,
             "via": {"tunnels": ["tunnel1"]}}])
        self.assertEqual(
            self.fetch(stack.port)[1]["strict-transport-security"],
            "max-age=31536000")


class Agents(Certified):
    """Agents dial over TLS, and know whom they dial."""

    TRANSPORTS = ("grpc", "ws", "poll", "mix")

    def test_requests_pass_over_every_transport(self):
        for transport in self.TRANSPORTS:
            with self.subTest(transport=transport):
                stack = self.secure(transport)
                for _ in range(20):
                    self.assertEqual(self.fetch(stack.port)[0], 200)

    def test_a_url_says_it_as_well(self):
        stack = self.secure(agent=False)
        for scheme in ("https", "wss"):
            agent = Program(
                f"agent-{scheme}",
                [BIN / "aps-endpoint", "-server",
                 f"{scheme}://localhost:{stack.port}", "-ca", self.ca.cert,
                 "-tunnel", "tunnel1", "-name", scheme, "-transport", "ws"],
                stack.folder, {"APS_PASSWORD": PASSWORD})
            stack.programs.append(agent)
            agent.start()
            wait_until(lambda: f"tunnel1.{scheme}" in stack.node.log
                       and "joined pool" in stack.node.log, "the agent")

    def refused(self, stack, *flags, transport="ws", server=None):
        agent = Program(
            "refused", [BIN / "aps-endpoint", "-server",
                        server or f"https://localhost:{stack.port}", "-tunnel",
                        "tunnel1", "-name", "x", "-transport", transport,
                        "-wait", str(TIME_SCALE), *map(str, flags)],
            stack.folder, {"APS_PASSWORD": PASSWORD})
        agent.start()
        self.assertEqual(agent.wait(), 4, agent.log)
        return agent.log

    def test_certificates_that_are_none(self):
        ca = ("-ca", self.ca.cert)
        stranger = Authority(self.folder / "stranger")
        selfmade = self.folder / "selfmade.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2,
                "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost", "-keyout",
                self.folder / "selfmade.key", "-out", selfmade)
        wrong_pin = "sha256/" + "A" * 43 + "="
        rows = [
            (self.good, (), "which is not trusted here"),
            (self.good, ("-ca", stranger.cert), "which is not trusted here"),
            (self.good, (*ca, "-server-name", "a.example"),
             "is for example.com, localhost, 127.0.0.1, not for a.example"),
            (self.good, (*ca, "-pin", wrong_pin), "its public key is none of"),
            (self.good, ("-insecure", "-pin", wrong_pin),
             "its public key is none of"),
            (self.ca.issue("elsewhere", ["a.example"]), ca,
             "is for a.example, not for localhost"),
            ((selfmade, self.folder / "selfmade.key"), ca,
             "is signed by itself"),
        ]
        for pair, flags, words in rows:
            with self.subTest(words=words):
                if isinstance(pair, tuple):
                    from lab.testca import Pair
                    pair = Pair(*pair)
                stack = self.secure(agent=False, pair=pair)
                for transport in ("grpc", "ws", "poll"):
                    self.assertIn(words, self.refused(stack, *flags,
                                                      transport=transport))

    def test_certificates_out_of_their_time(self):
        """No node shows them, so something else does."""
        for pair, words in [
                (self.ca.issue("old", ["localhost"], days=(-9, -1)),
                 "expired on"),
                (self.ca.issue("young", ["localhost"], days=(2, 9)),
                 "is not valid before")]:
            with Middle(pair, None) as middle:
                stack = self.build(agent=False)
                log = self.refused(stack, "-ca", self.ca.cert, server=
                                   f"https://localhost:{middle.port}")
                self.assertIn(words, log)

    def test_a_pin_alone_is_enough(self):
        stack = self.secure(flags=("-tls", "-insecure", "-pin", self.good.pin))
        self.assertEqual(self.fetch(stack.port)[0], 200)
        self.assertNotIn("ANY certificate", stack.agent.log)

    def test_insecure_says_so(self):
        stack = self.secure(flags=("-tls", "-insecure"))
        self.assertEqual(self.fetch(stack.port)[0], 200)
        self.assertIn("-insecure: ANY certificate is taken", stack.agent.log)

    def test_plain_agents_hear_of_tls(self):
        stack = self.secure(agent=False)
        log = self.refused(stack, server=f"localhost:{stack.port}")
        self.assertIn("speaks TLS", log)

    def test_agents_with_tls_hear_of_a_plain_port(self):
        stack = self.build(agent=False)
        log = self.refused(stack, "-ca", self.ca.cert)
        self.assertIn("it does not speak TLS", log)

    def test_old_versions_can_be_refused(self):
        stack = self.secure(tls=self.tls(min_version="1.3"))
        context = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        with self.assertRaises(ssl.SSLError):
            self.connect(stack.port, context=context)
        self.assertEqual(self.fetch(stack.port)[0], 200)


class Middle:
    """Ends TLS with a certificate and passes the bytes on, over TLS of its own
    or in plain; or, with no target, does nothing behind the handshake.

    A pair of connections has one thread: Python's TLS sockets crash when one
    thread reads what another writes."""

    def __init__(self, pair, target, onward=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pair.cert, pair.key)
        self.target, self.onward = target, onward
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopping, self.stop = socket.socketpair()
        self.threads = []

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.stop.close()
        for each in self.threads: # grows no more once the first has ended
            each.join()
        self.stopping.close()
        self.listener.close()

    def _start(self, *call):
        self.threads.append(threading.Thread(target=call[0], args=call[1:],
                                             daemon=True))
        self.threads[-1].start()

    def _ready(self, *sockets):
        """Which of them can be read; nothing when the end has come."""
        ready = [each for each in sockets
                 if isinstance(each, ssl.SSLSocket) and each.pending()]
        ready = ready or select.select([self.stopping, *sockets], [], [])[0]
        return [] if self.stopping in ready else ready

    def _accept(self):
        while self._ready(self.listener):
            self._start(self._serve, self.listener.accept()[0])

    def _serve(self, peer):
        with contextlib.ExitStack() as open_, contextlib.suppress(OSError):
            open_.enter_context(peer).settimeout(30 * TIME_SCALE)
            peer = open_.enter_context(
                self.context.wrap_socket(peer, server_side=True))
            if self.target is None:
                self._ready()
                return
            far = open_.enter_context(
                socket.create_connection(("127.0.0.1", self.target)))
            if self.onward:
                far = open_.enter_context(self.onward.wrap_socket(far))
            while ready := self._ready(peer, far):
                for each in ready:
                    if not self._copy(each, far if each is peer else peer):
                        return

    @staticmethod
    def _copy(from_, to):
        """Passes on what is there; false at the end of it."""
        from_.setblocking(False)
        try:
            piece = from_.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return True # a part of a record, or TLS's own words
        finally:
            from_.settimeout(30 * TIME_SCALE)
        to.sendall(piece)
        return bool(piece)


def unchecked():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Between(Certified):
    """Somebody between agent and node cannot pass the proof on."""

    def dial_through(self, middle, *flags, transport="ws"):
        agent = Program(
            "between", [BIN / "aps-endpoint", "-server",
                        f"https://localhost:{middle.port}", "-tunnel",
                        "tunnel1", "-name", "x", "-transport", transport,
                        *map(str, flags)],
            self.own[0].folder, {"APS_PASSWORD": PASSWORD})
        self.own[0].programs.append(agent)
        return agent.start()

    def test_a_proof_counts_for_its_channel_alone(self):
        for transport in ("grpc", "ws", "poll"):
            with self.subTest(transport=transport):
                stack = self.secure(agent=False)
                with Middle(self.good, stack.port, unchecked()) as middle:
                    agent = Program(
                        "between",
                        [BIN / "aps-endpoint", "-server",
                         f"https://localhost:{middle.port}", "-tunnel",
                         "tunnel1", "-name", "x", "-transport", transport,
                         "-insecure"], stack.folder,
                        {"APS_PASSWORD": PASSWORD})
                    stack.programs.append(agent)
                    agent.start()
                    wait_until(lambda: "unknown tunnel or wrong password"
                               in agent.log, "the refusal")
                    self.assertNotIn("joined pool", stack.node.log)

    def test_a_proxy_that_ends_tls_is_for_checked_ones(self):
        stack = self.build(agent=False)
        with Middle(self.good, stack.port) as middle:
            agent = self.dial_through(middle, "-insecure")
            wait_until(lambda: "somebody in between ends it" in agent.log,
                       "the agent's refusal")
            self.assertNotIn("joined pool", stack.node.log)
            self.dial_through(middle, "-ca", self.ca.cert)
            wait_until(lambda: "joined pool" in stack.node.log,
                       "the agent that checks")

    def test_a_trusted_proxy_may_speak_tls_itself(self):
        stack = self.secure(agent=False, config={"servers": {"main": {
            "host": "127.0.0.1", "port": free_port(), "tls": self.tls(),
            "trusted_proxies": ["127.0.0.1"]}}})
        with Middle(self.good, stack.port, unchecked()) as middle:
            self.dial_through(middle, "-ca", self.ca.cert)
            wait_until(lambda: "joined pool" in stack.node.log, "the agent")

    def test_a_tunnel_can_want_tls(self):
        stack = self.build(agent=False, config={
            "tunnels": {"tunnel1": {"require_tls": True}}})
        agent = stack.start_agent()
        wait_until(lambda: "over TLS alone" in agent.log, "the refusal")
        with Middle(self.good, stack.port) as middle:
            between = self.dial_through(middle, "-ca", self.ca.cert)
            wait_until(lambda: "over TLS alone" in between.log, "the refusal")
        self.assertNotIn("joined pool", stack.node.log)


class ClientCertificates(Certified):
    """The node asks agents who they are."""

    def stack_that_asks(self, what):
        return self.secure(
            agent=False, tls=self.tls(client_ca=str(self.ca.cert)),
            config={"tunnels": {"tunnel1": {"client_certificate": what}}})

    def flags(self, pair=None):
        given = ("-tls", "-ca", self.ca.cert)
        return given if pair is None else (*given, "-cert", pair.cert, "-key",
                                           pair.key)

    def joined(self, stack):
        wait_until(lambda: "joined pool" in stack.node.log, "the agent")

    def not_joined(self, stack, words, *flags):
        agent = stack.start_agent(transport="ws", flags=flags)
        wait_until(lambda: words in agent.log, words)
        self.assertNotIn("joined pool", stack.node.log)

    def test_any_of_the_authority(self):
        stack = self.stack_that_asks("any")
        self.not_joined(stack, "wants a certificate", *self.flags())
        mine = self.ca.issue("agent", subject="/CN=agent", client=True)
        stack.start_agent(transport="ws", flags=self.flags(mine))
        self.joined(stack)

    def test_one_for_the_endpoint(self):
        stack = self.stack_that_asks("endpoint")
        other = self.ca.issue("else", subject="/CN=other", client=True)
        self.not_joined(stack, "wants a certificate", *self.flags(other))
        mine = self.ca.issue("mine", subject="/CN=app1", client=True)
        stack.start_agent(transport="ws", flags=self.flags(mine))
        self.joined(stack)

    def test_one_of_a_stranger_ends_the_handshake(self):
        stack = self.stack_that_asks("any")
        stranger = Authority(self.folder / "stranger-ca")
        theirs = stranger.issue("x", subject="/CN=app1", client=True)
        self.not_joined(stack, "cannot connect", *self.flags(theirs))

    def test_visitors_need_none_and_are_known_by_one(self):
        origin = Origin()
        stack = self.secure(
            origin=origin, tls=self.tls(client_ca=str(self.ca.cert)))
        self.assertEqual(self.fetch(stack.port)[0], 200)
        mine = self.ca.issue("visitor", subject="/CN=visitor", client=True)
        context = self.context()
        context.load_cert_chain(mine.cert, mine.key)
        status, fields, _ = self.fetch(stack.port, context=context)
        self.assertEqual(status, 200)
        record = finished(stack.node, fields["x-request-id"])
        body = json.loads(stack.node.get(
            f"/.api/exchanges?id={fields['x-request-id']}")[1])
        self.assertEqual(body["finished"][0]["tls"]["client"], "/CN=visitor")
        self.assertTrue(record)


if __name__ == "__main__":
    main()
