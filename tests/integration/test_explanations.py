#!/usr/bin/env python3
"""What explain says of access beforehand is what happens. APS_FULL=1: 10,000
requests under 50 sets of rules."""

import json
import random
import re
import signal
import subprocess

from access_case import SECRETS, TOKENS, AccessCase, basic
from harness import BIN, FULL, main, wait_until
from wire import Visitor

NAMES = ["alice", "bob", "ci", "old"]
PAGE = "https://shop.test"
SWITCH = [("Connection", "Upgrade"), ("Upgrade", "websocket"),
          ("Sec-WebSocket-Version", "13"),
          ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
NETWORKS = ["127.0.0.0/30", "127.0.0.4/30", "127.0.0.2", "127.0.0.0/8",
            "10.0.0.0/8"]


def random_access(dice):
    out = {}
    if dice.random() < 0.4:
        out["allow"] = dice.sample(NETWORKS, dice.randint(1, 3))
    if dice.random() < 0.3:
        out["deny"] = dice.sample(NETWORKS[:3], dice.randint(1, 2))
    if dice.random() < 0.5:
        out["require"] = {}
        if dice.random() < 0.6:
            out["require"]["users"] = dice.sample(NAMES, dice.randint(1, 2))
        if dice.random() < 0.4:
            out["require"]["groups"] = ["dev"]
    if dice.random() < 0.3:
        out["quota"] = {"max_body_bytes": dice.choice([1, 10, 100])}
    return out


class Explanations(AccessCase):
    def randomly(self, dice):
        config = json.loads(json.dumps(self.stack.node.config))
        config["auth"]["users"]["alice"] = {"password": SECRETS["alice"],
                                            "groups": "dev"}
        config["servers"]["main"].update(random_access(dice))
        config["tunnels"]["tunnel1"].update(random_access(dice))
        for each in config["mappings"]:
            for key in ("allow", "deny", "require", "quota"):
                each.pop(key, None)
            each.update(random_access(dice))
        return config

    def test_explanations_come_true(self):
        seed = random.randrange(1 << 32)
        dice = random.Random(seed)
        node = self.stack.node
        count = 10_000 if FULL else 400
        rounds = 50 if FULL else 8
        hosts = [re.sub(r"http://(.*)\.test", r"\1", one["from"])
                 for one in node.config["mappings"]]
        fields = {"alice": basic("alice", SECRETS["alice"]),
                  "bob": basic("bob", SECRETS["bob"]),
                  "": None}
        fields |= {name: ("Authorization", f"Bearer {token}")
                   for name, token in TOKENS.items()}
        told = set()
        for _ in range(rounds):
            marker = node.log.count("Configuration reloaded")
            node.config_file.write_text(json.dumps(self.randomly(dice)))
            node.process.send_signal(signal.SIGHUP)
            wait_until(lambda: node.log.count("Configuration reloaded")
                       > marker, "the reload")
            for _ in range(count // rounds):
                host = dice.choice([*hosts, "no-such"])
                user = dice.choice([*fields])
                source = f"127.0.0.{dice.randint(1, 8)}"
                page = dice.choice(["", "", PAGE, f"http://{host}.test"])
                size = 0 if page else dice.choice([0, 0, 1, 5, 50, 500])
                status, body = node.get(
                    f"/.api/explain?url=http://{host}.test/websocket"
                    f"&user={user}&from={source}&origin={page}"
                    f"&body_bytes={size}")
                self.assertEqual(status, 200, body)
                explained = json.loads(body)
                shown = [fields[user]] if user else []
                with Visitor(self.port, source=source) as visitor:
                    if page:
                        visitor.send_head(
                            "GET", "/websocket",
                            [*SWITCH, ("Origin", page), *shown],
                            f"{host}.test")
                        happened = visitor.read_head()
                    else:
                        happened = visitor.request(
                            "POST", "/", shown, b"x" * size if size else None,
                            host=f"{host}.test")
                expected = explained["status"] or (101 if page else 200)
                self.assertEqual(
                    happened.status, expected,
                    f"seed {seed}: {host} {user} {source} {page} {size}: "
                    f"{explained}")
                told.add(expected)
        self.assertLessEqual({101, 200, 401, 403, 404, 413}, told)

    def test_the_command_says_so_too(self):
        def explain(*flags):
            done = subprocess.run(
                [BIN / "apsctl", "-admin",
                 f"127.0.0.1:{self.stack.node.admin_port}", "explain",
                 *flags], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr
        node = self.stack.node
        marker = node.log.count("Configuration reloaded")
        node.config_file.write_text(json.dumps(node.config))
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: node.log.count("Configuration reloaded") > marker,
                   "the reload")
        code, text = explain("http://dev.test/x", "-user", "alice", "-from",
                             "10.1.2.3")
        self.assertEqual(code, 0, text)
        self.assertIn("let in: alice, mappings[2].require", text)
        code, text = explain("http://dev.test/x", "-user", "bob")
        self.assertIn("403 (forbidden)", text)
        self.assertIn("bob is not among those of mappings[2].require", text)
        code, text = explain("http://dev.test/x")
        self.assertIn("401 (unauthorized)", text)
        code, text = explain("http://known.test/x", "-certificate",
                             "carol.example")
        self.assertIn("let in: carol by certificate", text)
        code, text = explain("http://known.test/x", "-certificate", "x.example")
        self.assertIn("401 (unauthorized)", text)
        code, text = explain("http://known.test/x", "-user", "alice",
                             "-certificate", "carol.example")
        self.assertNotEqual(code, 0)
        code, text = explain("http://dev.test/x", "-user", "nobody")
        self.assertNotEqual(code, 0)
        self.assertIn("no user or token has that name", text)


if __name__ == "__main__":
    main()
