"""Targets behind https: certificates are verified unless told otherwise."""

import subprocess

from harness import Case, Stack, main, scratch
from origin import Origin
from wire import ask


class HttpsTargets(Case):
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


if __name__ == "__main__":
    main()
