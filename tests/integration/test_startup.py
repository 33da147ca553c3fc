"""How programs begin and end beside their work: streams that are closed, files
that are none, signals meant for others, a port that takes no agents."""

import os
import signal
import subprocess
import unittest

from harness import (BIN, PASSWORD, TIME_SCALE, Case, free_port, listening,
                     main, node_config, scratch, wait_until, write_config)
from wire import ask

AGENT = ["-server", "127.0.0.1:1", "-tunnel", "t", "-name", "n"]
OK, FAILED, USAGE, REFUSED, UNCONNECTED = 0, 1, 2, 3, 4
CLEAN = {key: value for key, value in os.environ.items()
         if not key.startswith("APS_")}


def run(program, *words, **more):
    return subprocess.run([BIN / program, *map(str, words)], env=CLEAN,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60 * TIME_SCALE, **more)


class SilentFiles(unittest.TestCase):
    """A pipe that nobody writes to, wherever a file is named."""

    def setUp(self):
        self.folder = scratch(self)
        self.pipe = self.folder / "pipe"
        os.mkfifo(self.pipe)

    def stopped(self, *words):
        """What a program says that is stopped while it reads the pipe."""
        one = subprocess.Popen([BIN / words[0], *map(str, words[1:])],
                               env=CLEAN, stdin=subprocess.DEVNULL, text=True,
                               stderr=subprocess.PIPE)
        try:
            wait_until(lambda: str(self.pipe) in self.files(one.pid),
                       "the pipe to be open")
            one.send_signal(signal.SIGINT)
            _, err = one.communicate(timeout=30 * TIME_SCALE)
        finally:
            one.kill()
            one.wait()
        return one.returncode, err

    @staticmethod
    def files(pid):
        result = []
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                try:
                    result.append(os.readlink(f"/proc/{pid}/fd/{name}"))
                except OSError:
                    pass
        except OSError:
            pass
        return result

    def test_a_stop_ends_the_wait_with_a_line_that_names_it(self):
        password = ["-password", "p"]
        for words in (
                ["aps", self.pipe],
                ["aps-endpoint", *AGENT, *password, "-config", self.pipe],
                ["aps-endpoint", *AGENT, "-password-file", self.pipe],
                ["aps-endpoint", *AGENT, *password, "-ca-file", self.pipe],
                ["aps-endpoint", *AGENT, *password, "-ca-file", self.pipe,
                 "-check"],
                ["aps-endpoint", *AGENT, *password, "-status", "127.0.0.1",
                 "-status-token-file", self.pipe]):
            with self.subTest(words=words):
                code, err = self.stopped(*words)
                self.assertEqual(code, FAILED, err)
                last = err.splitlines()[-1]
                self.assertIn("pipe", last)
                self.assertIn("a pipe or device that sends nothing", last)

    def test_no_file_is_read_without_end(self):
        for flag in ("-password-file", "-ca-file", "-config"):
            words = [] if flag == "-password-file" else ["-password", "p"]
            done = run("aps-endpoint", *AGENT, *words, flag, "/dev/zero",
                       "-check")
            self.assertEqual(done.returncode, FAILED, done.stderr)
            self.assertIn("/dev/zero", done.stderr)


class Names(unittest.TestCase):
    def test_no_message_writes_a_name_as_it_came(self):
        folder = scratch(self)
        name = "a\x1b[31m\nb.json"
        file = write_config(folder, node_config("http://localhost:1"), name)
        agent = write_config(folder, {"server": "a", "tunnel": "t",
                                      "name": "n", "password": "p"},
                             "agent\x1b.json")
        for done, code in (
                (run("aps", "-check", file), OK),
                (run("aps-endpoint", "-config", agent, "-check"), OK),
                (run("aps", "-check", folder / "no\x1b.json"), FAILED),
                (run("aps-endpoint", "-config", folder / "no\x1b.json"),
                 FAILED),
                (run("aps-endpoint", *AGENT, "-password-file",
                     folder / "no\x1b"), FAILED),
                (run("aps-endpoint", *AGENT, "-password", "p", "-ca-file",
                     folder / "no\x1b"), FAILED),
                (run("apsctl", "status", "-token-file", folder / "no\x1b"),
                 FAILED),
                (run("apsctl", "config", "check", folder / "no\x1b"), FAILED),
                (run("aps", "-\x1b[31m"), USAGE),
                (run("apsctl", "\x1b[31m"), USAGE)):
            with self.subTest(args=done.args):
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertNotRegex(done.stdout + done.stderr, "\x1b|\nb")


def closing(*streams):
    def close():
        for stream in streams:
            os.close(stream)
    return close


class ClosedStreams(unittest.TestCase):
    """Standard streams that whoever started us has closed."""

    def test_what_cannot_be_printed_is_a_failure(self):
        file = write_config(scratch(self), node_config("http://localhost:1"))
        for words in (["aps", "-check", file], ["aps", "-version"],
                      ["aps-endpoint", "-h"], ["apsctl", "version"]):
            for streams in ((1,), (0, 1)):
                done = run(*words, preexec_fn=closing(*streams))
                self.assertEqual(done.returncode, FAILED, words)
                self.assertIn("cannot write to stdout", done.stderr)

    def test_no_socket_gets_the_number_of_one(self):
        for streams in ((0,), (1,), (2,), (0, 1, 2)):
            config = node_config("http://localhost:1")
            port = config["servers"]["main"]["port"]
            node = subprocess.Popen(
                [BIN / "aps", write_config(scratch(self), config)], env=CLEAN,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, preexec_fn=closing(*streams))
            try:
                wait_until(lambda: listening(port), "the node to listen")
                self.assertEqual(ask(port).status // 100, 5)
                for stream in streams:
                    self.assertEqual(
                        os.readlink(f"/proc/{node.pid}/fd/{stream}"),
                        "/dev/null")
                node.send_signal(signal.SIGTERM)
                self.assertEqual(node.wait(30 * TIME_SCALE), OK)
            finally:
                node.kill()
                node.wait()


class Signals(Case):
    def test_those_for_other_programs_change_nothing(self):
        stack = self.build("ws")
        stack.wait_for_agent()
        for program in (stack.node, stack.agent):
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN):
                for _ in range(3):
                    os.kill(program.pid, number)
        self.assertEqual(ask(stack.port).status, 200)
        for program in (stack.agent, stack.node):
            self.assertEqual(program.stop(), OK)
            self.assertRegex(program.log, r"SIGTERM: stopping")
            self.assertNotRegex(program.log, r"\] : stopping")


class Visitors(Case):
    """A port that takes visitors alone."""

    def test_an_agent_there_is_told(self):
        other = free_port()
        stack = self.build("ws", {"servers": {"visitors": {
            "host": "127.0.0.1", "port": other, "agents": False}}},
            agent=False)
        said = (rf"127.0.0.1:{other} is a node's listener that takes no agents; "
                r"give another port of `servers`")
        agent = ["-server", f"127.0.0.1:{other}", "-tunnel", "tunnel1",
                 "-name", "n", "-password", PASSWORD]
        for transport in ("ws", "grpc", "poll", "mix"):
            done = run("aps-endpoint", *agent, "-transport", transport,
                       "-wait", f"{3 * TIME_SCALE}s")
            self.assertEqual(done.returncode, UNCONNECTED, done.stderr)
            self.assertRegex(done.stderr.splitlines()[-1], said)
            self.assertRegex(done.stderr, rf"\[warning\].*{said}; trying again")
            done = run("aps-endpoint", *agent, "-transport", transport,
                       "-exit-on-refusal")
            self.assertEqual(done.returncode, REFUSED, done.stderr)
            self.assertRegex(done.stderr.splitlines()[-1], said)
            self.assertNotIn("trying again", done.stderr)
        self.assertTrue(stack.node.running)


class SwitchedOff(Case):
    def test_the_operator_hears_why_and_the_agent_does_not(self):
        stack = self.build("ws", {"tunnels": {"off": {
            "password": PASSWORD, "enabled": False}}}, agent=False)
        done = run("aps-endpoint", "-server", f"127.0.0.1:{stack.port}",
                   "-tunnel", "off", "-name", "n", "-password", PASSWORD,
                   "-transport", "ws", "-exit-on-refusal")
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        self.assertIn("unknown tunnel or wrong password", done.stderr)
        self.assertNotIn("switched off", done.stderr)
        wait_until(lambda: "the tunnel is switched off (enabled: false)"
                   in stack.node.log, "the node to say why")


if __name__ == "__main__":
    main()
