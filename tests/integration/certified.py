"""Stacks whose server speaks TLS, with an authority of the test's own."""

import os
import pathlib
import socket
import ssl
import subprocess

from harness import TIME_SCALE, Case
from lab.testca import Authority
from origin import Origin
from wire import HOST

HTTPS = "https://example.com"


class Certified(Case):
    """A certificate authority for the class, and stacks that use it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(
            os.environ.get("TMPDIR", "/tmp")) / f"aps-tls-{os.getpid()}"
        cls.ca = Authority(cls.folder)
        cls.good = cls.ca.issue(
            "good", ["example.com", "localhost", "127.0.0.1"])
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        subprocess.run(["rm", "-r", cls.folder], check=True)

    def tls(self, pair=None, **more):
        pair = pair or self.good
        return {"cert": str(pair.cert), "key": str(pair.key), **more}

    def secure(self, transport="ws", pair=None, agent=True, flags=(),
               tls=None, **more):
        """A stack whose one server speaks TLS."""
        config = {"servers": {"main": {"tls": tls or self.tls(pair)}},
                  "mappings": more.pop("mappings", None)}
        origin = more.pop("origin", None) or Origin()
        config["mappings"] = config["mappings"] or [
            {"from": HTTPS, "to": origin.url, "via": {"tunnels": ["tunnel1"]}}]
        for key, value in more.pop("config", {}).items():
            config[key] = value
        flags = tuple(flags) or ("-tls", "-ca", self.ca.cert)
        return self.build(transport, agent=agent, agent_flags=flags,
                          origin=origin, config=config, **more)

    def context(self, **changes):
        context = ssl.create_default_context(cafile=self.ca.cert)
        for key, value in changes.items():
            setattr(context, key, value)
        return context

    def connect(self, port, name=HOST, context=None, alpn=None):
        context = context or self.context()
        if alpn:
            context.set_alpn_protocols(alpn)
        plain = socket.create_connection(("127.0.0.1", port),
                                         timeout=30 * TIME_SCALE)
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except Exception:
            plain.close()
            raise

    def s_client(self, port, *flags, text="", name=HOST):
        """All that openssl's client says."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}",
             "-servername", name, "-CAfile", self.ca.cert,
             *map(str, flags)], input=text, text=True, capture_output=True,
            check=False, errors="replace", timeout=60 * TIME_SCALE)
        return done.stdout + done.stderr

    def fetch(self, port, path="/", headers=(), **options):
        with self.connect(port, **options) as stream:
            lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}",
                     "Connection: close", *headers]
            stream.sendall("\r\n".join([*lines, "", ""]).encode())
            answer = b""
            while piece := stream.recv(65536): # an end without a word raises
                answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), fields, body
