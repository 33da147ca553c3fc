"""A node with users, tokens and rules of all kinds, asked by curl."""

import hashlib
import json
import re
import signal
import subprocess

from harness import BIN, TIME_SCALE, Case, merged, wait_until
from origin import Origin

SECRETS = {"alice": "correct horse of alice", "bob": "battery staple of bob"}
TOKENS = {"ci": "token-of-the-builds-7f3a", "old": "token-of-last-year-9c1d"}
ECHO = "/echo"
BOTH = (("--http1.1",), ("--http2-prior-knowledge",))


def hashed(password):
    done = subprocess.run([BIN / "aps", "hash-password"], input=password,
                          text=True, capture_output=True, check=True)
    return done.stdout.strip()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def auth():
    return {
        "realm": "Test realm",
        "users": {
            "alice": {"password_hash": hashed(SECRETS["alice"]),
                      "groups": "dev"},
            "bob": {"password": SECRETS["bob"]},
            "carol": {"certificates": "carol.example"}},
        "tokens": {
            "ci": {"token_hash": sha256(TOKENS["ci"]), "groups": ["dev"]},
            "old": {"token": TOKENS["old"], "expires": "2020-01-01"}}}


def mapping(name, target, **more):
    return {"from": f"http://{name}.test", "to": target,
            "via": {"tunnels": ["tunnel1"]}, **more}


def mappings(target):
    return [
        mapping("open", target),
        mapping("known", target, require={}),
        mapping("dev", target, require={"groups": "dev"}),
        mapping("nets", target, allow=["127.0.0.0/30"], deny=["127.0.0.2"]),
        mapping("rate", target, quota={
            "per_address": {"requests": 2, "period": 60}}),
        mapping("seats", target, quota={
            "per_address": {"concurrent_requests": 1}}),
        mapping("body", target, quota={"max_body_bytes": 1000}),
        mapping("pages", target, origins="same"),
        mapping("page", target, origins=["https://shop.test"]),
    ]


class Curl:
    """What curl is answered."""

    def __init__(self, *flags, host="open", path=ECHO, port=None, url=None,
                 body=None):
        url = url or f"http://127.0.0.1:{port}{path}"
        at = () if url.startswith("https") else ("-H", f"Host: {host}.test")
        self.done = subprocess.run(
            ["curl", "-sS", "-i", "--noproxy", "" if "-x" in flags else "*",
             "-m", str(int(60 * TIME_SCALE)), *at, *map(str, flags), url],
            input=body, capture_output=True, check=False)
        text = self.done.stdout.decode("latin-1")
        heads = [head for head in re.split(r"\r\n\r\n", text)
                 if head.startswith("HTTP/")]
        self.head = heads[-1] if heads else ""
        self.body = text.rpartition(self.head + "\r\n\r\n")[2]
        self.status = int(self.head.split()[1]) if heads else None
        self.fields = {}
        for line in self.head.splitlines()[1:]:
            name, _, value = line.partition(": ")
            self.fields.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name):
        return self.fields.get(name.lower(), [])

    def seen(self, name):
        """The values of a field as the target got them."""
        return [value for field, value in json.loads(self.body)["headers"]
                if field.lower().replace("_", "-") == name.lower()]


class AccessCase(Case):
    transport = "ws"

    @classmethod
    def setUpClass(cls):
        cls.target = Origin()
        cls.config = {"auth": auth(), "mappings": mappings(cls.target.url),
                      "log": {"requests": True, "level": "debug"}}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.target.close()

    def curl(self, *flags, **options):
        options.setdefault("port", self.port)
        return Curl(*flags, **options)

    def records(self, outcome):
        _, body = self.stack.node.get(f"/.api/exchanges?outcome={outcome}")
        return json.loads(body)["finished"]

    def limit(self, name):
        return self.stack.node.stats()["limits"].get(name, 0)

    def reload(self, changes, marker="Configuration reloaded", text=None):
        """The configuration with these changes, or this one, by SIGHUP."""
        node = self.stack.node
        count = node.log.count(marker)
        config = merged(node.config, changes)
        node.config_file.write_text(text or json.dumps(config))
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: node.log.count(marker) > count, "the reload")
