"""Configurations of several files, with what they take from elsewhere, and the
warnings of their check."""

import os
import signal
import subprocess

from harness import BIN, Agent, Case, Node, main, node_config, scratch
from harness import wait_until, write_config
from origin import Origin
from wire import ask


def check(file, *flags, env=None):
    done = subprocess.run(
        [BIN / "aps", "-config", file, "-check", *flags], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
        env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Advice(Case):
    def warned(self, config, *words):
        """-check tells it and goes on; -strict tells it and fails."""
        file = write_config(scratch(self), config)
        code, out, err = check(file)
        self.assertEqual((code, out), (0, f"{file}: ok\n"), err)
        lines = err.splitlines()
        self.assertEqual(len(lines), len(words), err)
        for line, word in zip(lines, words):
            self.assertTrue(line.startswith(f"{file}: $."), line)
            self.assertIn(": warning: ", line)
            self.assertIn(word, line)
            self.assertLessEqual(len(line), 160 + len(str(file)))
        self.assertEqual(check(file, "-strict"),
                         (1 if words else 0, "" if words else out, err))

    def config(self, **changes):
        config = node_config("http://localhost:1")
        config["tunnels"]["tunnel1"]["password"] = "of our own"
        return {**config, **changes}

    def test_what_is_hardly_meant_is_told_and_strict_fails(self):
        self.warned(self.config())
        self.warned(self.config(mappings=[]), "no mapping")
        config = self.config()
        one = config["mappings"][0]
        twice = write_config(scratch(self), dict(config, mappings=[one, one]))
        code, _, err = check(twice)
        self.assertEqual(code, 1)
        self.assertIn("$.mappings[1].from: found the same as $.mappings[0]",
                      err)
        other = dict(one, **{"from": "http://example.com:9"})
        self.warned(dict(config, mappings=[one, other]), "no server has port 9")
        config["tunnels"]["tunnel1"]["password"] = "test123"
        self.warned(config, "examples")
        config["servers"]["main"]["host"] = "0.0.0.0"
        self.warned(config, "open to others", "examples")

    def test_strict_keeps_a_node_from_starting(self):
        file = write_config(scratch(self), self.config(mappings=[]))
        done = subprocess.run([BIN / "aps", "-config", file, "-strict"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no mapping", done.stderr)


class References(Case):
    """A node of several files, and an agent with the password they name."""

    def setUp(self):
        super().setUp()
        self.folder = scratch(self)
        (self.folder / "conf.d").mkdir()
        self.target = Origin()
        self.addCleanup(self.target.close)

    def write(self, name, config):
        return write_config(self.folder, config, name)

    def write_tunnel(self, pool_size):
        self.write("conf.d/tunnel.json", {"tunnels": {"tunnel1": {
            "password": "${file:../secret}",
            "websocket_pool": {"pool_size": pool_size}}}})

    def write_all(self):
        """Mapping and tunnel in files of their own; the main one last."""
        config = node_config(self.target.url)
        del config["tunnels"]
        config["mappings"][0]["to"] = "${APS_TEST_TARGET}"
        self.write("conf.d/mapping.json",
                   {"mappings": config.pop("mappings")})
        self.write_tunnel(1)
        self.write("secret", "of our own\n")
        return {"include": ["conf.d/*.json"], **config}

    def test_a_missing_variable_names_its_file_and_key(self):
        file = self.write("main.json", self.write_all())
        code, out, err = check(file)
        self.assertEqual((code, out, err.count("\n")), (1, "", 1), err)
        self.assertTrue(err.startswith(
            f"{self.folder}/conf.d/mapping.json: $.mappings[0].to: "), err)
        self.assertIn("${APS_TEST_TARGET}, which is not set", err)
        self.assertEqual(
            check(file, "-strict", env={"APS_TEST_TARGET": "http://x"}),
            (0, f"{file}: ok\n", ""))

    def test_problems_name_the_included_file(self):
        file = self.write("main.json", self.write_all())
        bad = self.write("conf.d/bad.json", '{"log": {"levle": "info"}}')
        code, _, err = check(file, env={"APS_TEST_TARGET": "http://x"})
        self.assertEqual(code, 1)
        self.assertTrue(err.startswith(
            f"{bad}: $.log.levle: did you mean \"level\"?"), err)

    def test_a_node_runs_with_all_of_it_and_sighup_reads_it_again(self):
        node = Node(BIN, self.folder, self.write_all(), "main",
                    env={"APS_TEST_TARGET": self.target.url}).start()
        self.addCleanup(lambda: self.assertEqual(node.stop(), 0))
        agent = Agent(BIN, self.folder, node.port, transport="ws",
                      password="of our own").start()
        self.addCleanup(lambda: self.assertEqual(agent.stop(), 0))

        def sizes():
            return [pool["pool_size"]
                    for tunnel in node.stats()["tunnels"].values()
                    for endpoint in tunnel["endpoints"]
                    for pool in endpoint["pools"]]
        wait_until(lambda: sizes() == [1], "the pool")
        self.assertEqual(ask(node.port, "/bytes/10").status, 200)
        self.write_tunnel(3)
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sizes() == [3], "the new size")
        self.write("conf.d/tunnel.json", "{")
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "conf.d/tunnel.json: line 1, column 2" in node.log,
                   "the file that is wrong")
        self.assertEqual(ask(node.port, "/bytes/10").status, 200)


if __name__ == "__main__":
    main()
