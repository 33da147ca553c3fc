"""How https targets are met: by whose authority, under which name, and with what
certificate of ours; from the node and from agents."""

import json
import signal
import unittest

from certified import Certified
from h2_origin import H2Origin
from harness import main, wait_until
from origin import Origin
from wire import ask

DIRECT, TUNNEL = "direct.test", "example.com"
INNER = "inner.example"


class Targets(Certified):
    """One target whose certificate is for another name than its address, and
    which asks for one; over HTTP/1.1 and HTTP/2."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inner = cls.ca.issue("inner", [INNER])
        cls.client = cls.ca.issue("client", ["agent.example"], client=True)

    def target(self, kind, asks=True):
        ca = self.ca.cert if asks else None
        pair = self.inner
        far = (H2Origin(pair, client_ca=ca) if kind == "h2" else
               Origin(certificate=(pair.cert, pair.key), client_ca=ca))
        self.addCleanup(far.close)
        return far

    def direct(self, far, **tls):
        url = far.url.replace("localhost", "127.0.0.1")
        return self.build(agent=False, config={
            "io": {"threads": 1}, "mappings": [
                {"from": f"http://{DIRECT}", "to": url, "tls": tls}]})

    def through(self, transport, far, *flags, **tls):
        url = far.url.replace("localhost", "127.0.0.1")
        return self.build(
            transport, agent_flags=("-ca-file", self.ca.cert, *flags),
            config={"mappings": [
                {"from": f"http://{TUNNEL}", "to": url, "tls": tls,
                 "via": {"tunnels": ["tunnel1"]}}]})

    def shown(self):
        return {"cert": str(self.client.cert), "key": str(self.client.key)}

    def check_refused(self, stack, host, word):
        answer = ask(stack.port, host=host)
        self.assertEqual((answer.status, answer.header("Aps-Outcome")),
                         (502, "origin-tls"), answer.body)
        self.assertIn(word, answer.body.decode())

    def test_the_node_shows_its_certificate_and_asks_for_a_name(self):
        for kind in ("http/1.1", "h2"):
            far = self.target(kind)
            stack = self.direct(far, ca=str(self.ca.cert), server_name=INNER,
                                **self.shown())
            for _ in range(3):
                answer = ask(stack.port, "/root", host=DIRECT)
                self.assertEqual(answer.status, 200, answer.body)
            # They share a connection, as those of other targets do.
            self.assertEqual(
                far.connections if kind == "h2" else far.accepted, 1)

    def test_a_reload_brings_files_and_takes_them_away(self):
        far = self.target("http/1.1")
        url = far.url.replace("localhost", "127.0.0.1")
        tls = {"ca": str(self.ca.cert), "server_name": INNER, **self.shown()}
        stack = self.build(agent=False, config={"mappings": []})

        def reload(*mappings):
            before = stack.node.log.count("Configuration reloaded")
            stack.node.config_file.write_text(json.dumps(
                {**stack.config, "mappings": list(mappings)}))
            stack.node.process.send_signal(signal.SIGHUP)
            wait_until(lambda: stack.node.log.count("Configuration reloaded")
                       > before, "the reload")

        # One after the other has a place in the file that was another's.
        with_files = {"from": f"http://{DIRECT}", "to": url, "tls": tls}
        without = {"from": f"http://{INNER}", "to": url}
        for order in ((with_files, without), (without, with_files)):
            reload(*order)
            answer = ask(stack.port, "/root", host=DIRECT)
            self.assertEqual(answer.status, 200, answer.body)
            self.check_refused(stack, INNER, "certificate")
        reload(without)
        self.check_refused(stack, INNER, "certificate")

    def test_each_of_them_is_needed(self):
        for kind in ("http/1.1", "h2"):
            far = self.target(kind)
            good = {"ca": str(self.ca.cert), "server_name": INNER,
                    **self.shown()}
            for left_out, word in ((("ca",), "certificate verify failed"),
                                   (("server_name",), "mismatch")):
                with self.subTest(kind=kind, left_out=left_out):
                    stack = self.direct(far, **{
                        key: value for key, value in good.items()
                        if key not in left_out})
                    self.check_refused(stack, DIRECT, word)
        # Over TLS 1.3 a server says so only when the request is on its way.
        far = self.target("http/1.1")
        stack = self.direct(far, ca=str(self.ca.cert), server_name=INNER)
        self.assertEqual(ask(stack.port, host=DIRECT).status, 502)

    def test_the_ca_of_a_mapping_stands_instead_of_the_systems(self):
        other = self.ca.__class__(self.folder / "other")
        far = self.target("http/1.1", asks=False)
        stack = self.direct(far, ca=str(other.cert), server_name=INNER)
        self.check_refused(stack, DIRECT, "certificate verify failed")

    def test_agents_ask_for_the_name_and_show_theirs(self):
        flags = ("-target-cert", self.client.cert, "-target-key",
                 self.client.key)
        for transport in ("grpc", "ws", "poll"):
            for kind in ("http/1.1", "h2"):
                with self.subTest(transport=transport, kind=kind):
                    far = self.target(kind)
                    stack = self.through(transport, far, *flags,
                                         server_name=INNER)
                    answer = ask(stack.port, "/root")
                    self.assertEqual(answer.status, 200, answer.body)

    def test_agents_without_the_name_or_a_certificate_get_nothing(self):
        far = self.target("http/1.1")
        flags = ("-target-cert", self.client.cert, "-target-key",
                 self.client.key)
        stack = self.through("ws", far, *flags, server_name="else.example")
        self.check_refused(stack, TUNNEL, "mismatch")
        stack = self.through("ws", far, server_name=INNER)
        self.assertEqual(ask(stack.port).status, 502)

    def test_targets_of_one_address_and_two_names_share_no_connection(self):
        far = self.target("http/1.1", asks=False)
        mappings = [{"from": f"http://{name}.test", "to": far.url,
                     "tls": {"ca": str(self.ca.cert), "server_name": name}}
                    for name in (INNER, "else.example")]
        stack = self.build(agent=False, config={"mappings": mappings})
        self.assertEqual(ask(stack.port, host=f"{INNER}.test").status, 200)
        self.check_refused(stack, "else.example.test", "mismatch")


if __name__ == "__main__":
    main()
