"""The commands of the README, with free ports instead of 8080 and 3000."""

import re
import shutil
import subprocess
import sys

from harness import BIN, ROOT, Case, Program, free_port, listening, main
from harness import scratch, wait_until


class Seed(Case):
    def setUp(self):
        super().setUp()
        self.folder = scratch(self)
        self.node_port, self.admin_port, target = (free_port() for _ in range(3))
        self.programs = []
        self.addCleanup(self.stop)
        text = (BIN / "config.websocket.example.json").read_text()
        text = re.sub(r'"port": 8080', f'"port": {self.node_port}, '
                      '"host": "127.0.0.1"', text)
        text = re.sub(r'"port": 9090', f'"port": {self.admin_port}', text)
        text = text.replace("localhost:3000", f"localhost:{target}")
        (self.folder / "config.json").write_text(text)
        (self.folder / "index.html").write_text("seed page\n")
        self.start("target", sys.executable, "-m", "http.server", target,
                   "--bind", "127.0.0.1", "--directory", self.folder)
        wait_until(lambda: listening(target), "the target")

    def start(self, name, *argv):
        program = Program(name, argv, self.folder).start()
        self.programs.append(program)
        return program

    def stop(self):
        for program in reversed(self.programs):
            code = program.stop()
            if program.name != "target":
                self.assertEqual(code, 0, program.log)

    def curl(self, *args):
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "60", *args],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def both_styles(self):
        node = f"http://localhost:{self.node_port}"
        self.assertEqual(self.curl("-H", "Host: example.com", node + "/"),
                         "seed page\n")
        self.assertEqual(self.curl("-x", node, "http://example.com/"),
                         "seed page\n")

    def test_the_five_commands_work(self):
        server = f"localhost:{self.node_port}"
        node = self.start("aps", BIN / "aps", "-config",
                          self.folder / "config.json")
        for port in (self.node_port, self.admin_port):
            wait_until(lambda: listening(port), "the node")
        client = self.start(
            "ws_client", BIN / "ws_client", "-server", server, "-tunnel",
            "tunnel1", "-endpoint", "test-endpoint", "-password", "test123")
        answer = f"http://127.0.0.1:{self.admin_port}/.api/stats"
        wait_until(lambda: '"total_connections":5' in
                   self.curl(answer).replace(" ", ""),
                   "five WebSockets of ws_client")
        self.both_styles()
        self.start("aps-endpoint", BIN / "aps-endpoint", "-server", server,
                   "-tunnel", "tunnel1", "-name", "app1", "-password",
                   "test123", "-transport", "mix")
        wait_until(lambda: '"endpoints":2' in
                   self.curl(answer).replace(" ", ""), "the second endpoint")
        for _ in range(4):
            self.both_styles()
        self.assertEqual(client.stop(), 0)
        for _ in range(4):
            self.both_styles()
        self.assertTrue(node.running)

    def test_the_quickstart_check_passes_with_these_programs(self):
        if not shutil.which("bash"):
            self.skipTest("no bash")
        for flags in ([], ["--tls"]):
            done = subprocess.run(
                [ROOT / "tools/quickstart", "--check", *flags, "--bin", BIN],
                stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("all good", done.stdout)


if __name__ == "__main__":
    main()
