"""Command lines, exit codes and the check of configurations."""

import json
import os
import shutil
import signal
import subprocess
import unittest

from harness import BIN, Case, Stack, free_port, main, scratch, wait_until
from harness import node_config, write_config, Agent, Node, Program
from lab.testca import Authority


def run(program, *args, env=None):
    done = subprocess.run(
        [BIN / program, *map(str, args)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
        env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Help(unittest.TestCase):
    def test_help_explains_each_flag_with_its_default(self):
        for flag in ("-h", "-help", "--help"):
            code, out, err = run("aps", flag)
            self.assertEqual((code, err), (0, ""))
            for word in ("-config", "-check", "-log-level", "-grace",
                         "default: 5", "required"):
                self.assertIn(word, out)
        code, out, _ = run("aps-endpoint", "-h")
        self.assertEqual(code, 0)
        for word in ("-server", "-tunnel", "-name", "-endpoint", "-password",
                     "-password-file", "APS_PASSWORD", "-transport",
                     "default: mix", "-insecure-target", "-ca-file",
                     "-threads", "-log-level", "-grace"):
            self.assertIn(word, out)
        code, out, _ = run("ws_client", "-h")
        self.assertEqual(code, 0)
        self.assertIn("-endpoint", out)
        self.assertNotIn("-transport", out)

    def test_version_is_printed_and_nothing_else_happens(self):
        for program in ("aps", "aps-endpoint", "ws_client"):
            for flag in ("-version", "--version"):
                code, out, _ = run(program, flag)
                self.assertEqual(code, 0)
                self.assertRegex(out, rf"^{program} \d+\.\d+\.\d+\n$")


class Usage(unittest.TestCase):
    """Mistakes end with 2 and one line that names what is wrong."""

    def refused(self, word, program, *args, code=2, env=None):
        got, out, err = run(program, *args, env=env)
        self.assertEqual((got, out), (code, ""), err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue(err.startswith(f"{program}: "), err)
        self.assertIn(word, err)

    agent = ("-server", "localhost:1", "-tunnel", "t", "-name", "n")

    def test_mistakes_end_with_two_and_one_line(self):
        self.refused("config", "aps")
        self.refused("colour", "aps", "-config", "x", "-colour=red")
        self.refused("extra", "aps", "-config", "x", "extra")
        self.refused("log-level", "aps", "-config", "x", "-log-level", "loud")
        self.refused("grace", "aps", "-config", "x", "-grace", "-1")
        self.refused("server", "aps-endpoint", "-tunnel", "t", "-name", "n")
        self.refused("transport", "aps-endpoint", *self.agent,
                     "-transport", "pigeon")
        self.refused("transport", "ws_client", *self.agent,
                     "-transport", "ws")
        self.refused("password", "aps-endpoint", *self.agent,
                     env={"APS_PASSWORD": ""})

    def test_addresses_that_make_no_sense_are_refused(self):
        rest = ("-tunnel", "t", "-name", "n", "-password", "p")
        for address in ("a:0", "a:65536", "a:b", "::1", "[::1", "ftp://a",
                        "", ":80", "a:80:90"):
            self.refused("-server", "aps-endpoint", "-server", address, *rest)

    def test_a_missing_password_file_ends_with_one(self):
        self.refused("/nowhere", "aps-endpoint", *self.agent,
                     "-password-file", "/nowhere", code=1)


class Check(unittest.TestCase):
    def test_a_good_configuration_is_ok(self):
        config = node_config("http://localhost:1")
        config["tunnels"]["tunnel1"]["password"] = "of our own"
        file = write_config(scratch(self), config)
        self.assertEqual(run("aps", "-config", file, "-check"),
                         (0, f"{file}: ok\n", ""))

    def test_the_examples_are_ok(self):
        examples = sorted(BIN.glob("config.*.example.json"))
        self.assertTrue(examples)
        # The full one names certificates and pages, which stand beside it.
        folder = scratch(self)
        ca = Authority(folder / "ca")
        pair = ca.issue("node", ["example.com"])
        shown = ca.issue("node-as-client", client=True)
        for source, name in ((pair.cert, "fullchain.pem"), (pair.key, "key.pem"),
                             (pair.cert, "other.pem"), (pair.key, "other.key"),
                             (ca.respond(pair, folder / "response.der"),
                              "other.der"), (ca.cert, "agents-ca.pem"),
                             (pair.cert, "admin.pem"), (pair.key, "admin.key"),
                             (ca.cert, "operators-ca.pem"),
                             (ca.cert, "inner-ca.pem"),
                             (shown.cert, "client.pem"),
                             (shown.key, "client.key"),
                             (pair.cert, "db.pem"), (pair.key, "db.key")):
            shutil.copy(source, folder / name)
        for page in ("502.html", "asleep.html"):
            (folder / page).write_text("<p>Later.</p>")
        for example in examples:
            copied = shutil.copy(example, folder)
            status, out, err = run("aps", "-check", "-config", copied)
            self.assertEqual(status, 0, out + err)

    def test_all_problems_are_told_at_once_one_per_line(self):
        config = node_config("http://localhost:1")
        config["tunnels"]["tunnel1"]["websocket_pool"] = {
            "pool_size": 20, "max_pool_size": 10, "idle_timeuot": 3}
        config["mappings"][0]["via"]["tunnels"] = ["tunel1"]
        config["servers"]["main"]["port"] = "x"
        file = write_config(scratch(self), config)
        for flags in ((), ("-check",)):
            code, out, err = run("aps", "-config", file, *flags)
            self.assertEqual((code, out), (1, ""))
            for word in ("pool_size", "idle_timeout", "tunnel1", "port"):
                self.assertIn(word, err)
            self.assertGreaterEqual(len(err.splitlines()), 4)
            for line in err.splitlines():
                self.assertTrue(line.startswith(f"{file}: "), line)

    def test_an_unreadable_or_broken_file_is_one_problem(self):
        folder = scratch(self)
        broken = write_config(folder, '{ "servers": ')
        for file in (folder / "none.json", broken):
            code, out, err = run("aps", "-config", file)
            self.assertEqual((code, out, err.count("\n")), (1, "", 1))

    def test_comments_are_allowed(self):
        text = json.dumps(node_config("http://localhost:1"))
        file = write_config(scratch(self), f"// one\n/* two */ {text} // 3\n")
        self.assertEqual(run("aps", "-config", file, "-check")[0], 0)

    def test_a_port_in_use_is_one_line_and_exit_code_one(self):
        stack = Stack(agent=False)
        try:
            code, out, err = run("aps", "-config", stack.node.config_file)
            self.assertEqual((code, out), (1, ""))
            last = err.splitlines()[-1]
            self.assertTrue(last.startswith("aps: "), err)
            self.assertIn(str(stack.port), last)
        finally:
            self.assertEqual(stack.close(), "")
            stack.forget()


class Running(Case):
    def test_flags_work_with_one_dash_two_and_equals(self):
        stack = self.build(agent=False)
        server = f"127.0.0.1:{stack.port}"
        spellings = [
            ["-server", server, "-tunnel", "tunnel1", "-name", "a",
             "-password", "test123", "-transport", "ws"],
            ["--server", server, "--tunnel", "tunnel1", "--endpoint", "b",
             "--password", "test123", "--transport", "ws"],
            [f"-server={server}", "-tunnel=tunnel1", "-endpoint=c",
             "-password=test123", "-transport=ws"],
            [f"--server={server}", "--tunnel=tunnel1", "--name=d",
             "--password=test123", "--transport=ws"]]
        for spelling in spellings:
            agent = Program("agent", [BIN / "aps-endpoint", *spelling],
                            stack.folder).start()
            stack.programs.append(agent)
            wait_until(lambda: stack.node.connections()[1] >= 1,
                       f"an agent with {spelling}")
            self.assertEqual(agent.stop(), 0)
            wait_until(lambda: stack.node.connections()[1] == 0, "no agent")

    def test_the_password_vanishes_from_the_process_list(self):
        stack = self.build(agent=False)
        common = ["-server", f"127.0.0.1:{stack.port}", "-tunnel", "tunnel1",
                  "-name", "a"]
        for flags in (["-password", "test123"], ["--password=test123"]):
            agent = Program("agent", [BIN / "ws_client", *common, *flags],
                            stack.folder).start()
            stack.programs.append(agent)
            stack.node.wait_for_agent("ws")
            shown = open(f"/proc/{agent.pid}/cmdline", "rb").read()
            self.assertIn(b"tunnel1", shown)
            self.assertNotIn(b"test123", shown)
            self.assertEqual(agent.stop(), 0)
            wait_until(lambda: stack.node.connections()[1] == 0, "no agent")

    def test_the_password_comes_from_a_file_or_the_environment(self):
        stack = self.build(agent=False)
        secret = write_config(stack.folder, "test123\n", "secret")
        wrong = {"APS_PASSWORD": "wrong"}
        for flags, env in ((["-password-file", secret], wrong),
                           (["-password", "test123",
                             "-password-file", "/nowhere"], wrong),
                           ([], {"APS_PASSWORD": "test123"})):
            agent = stack.start_agent(transport="ws", flags=flags, env=env)
            stack.node.wait_for_agent("ws")
            environment = open(f"/proc/{agent.pid}/environ", "rb").read()
            self.assertNotIn(b"test123", environment)
            self.assertEqual(agent.stop(), 0)
            wait_until(lambda: stack.node.connections()[1] == 0, "no agent")

    def test_one_agent_serves_several_nodes(self):
        first = self.build(agent=False)
        second = self.build(agent=False)
        agent = Program("agent", [
            BIN / "ws_client", "-server",
            f"127.0.0.1:{first.port},127.0.0.1:{second.port}",
            "-tunnel", "tunnel1", "-name", "a", "-password", "test123"],
            first.folder).start()
        first.programs.append(agent)
        first.node.wait_for_agent("ws")
        second.node.wait_for_agent("ws")

    def test_log_lines_have_time_and_level_in_front(self):
        stack = self.build(agent=False)
        # The log is written behind the listener that the harness waits for.
        wait_until(lambda: str(stack.port) in stack.node.log, "its port")
        lines = stack.node.log.splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(
                line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
                      r"[+-]\d\d:\d\d \[\w+\] ")
        self.assertIn(str(stack.port), stack.node.log)

    def test_the_log_can_be_switched_off(self):
        stack = self.build(agent=False)
        config = dict(stack.config, admin={"port": free_port()})
        config["servers"] = {"main": {"host": "127.0.0.1",
                                      "port": free_port()}}
        node = Node(BIN, stack.folder, config, "silent",
                    ("-log-level", "off"))
        stack.programs.append(node)
        node.start()
        self.assertEqual(node.log, "")

    def test_both_signals_end_both_programs_with_zero(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            stack = self.build()
            self.assertEqual(stack.agent.stop(how), 0)
            self.assertEqual(stack.node.stop(how), 0)
            stack = self.build()
            self.assertEqual(stack.node.stop(how), 0)
            self.assertEqual(stack.agent.stop(how), 0)

    def test_a_second_signal_ends_the_program_at_once(self):
        from wire import Visitor
        stack = self.build()
        node = Node(BIN, stack.folder, dict(
            stack.config, admin={"port": free_port()},
            servers={"main": {"host": "127.0.0.1", "port": free_port()}}),
            "patient", ("-grace", "600")).start()
        stack.programs.append(node)
        agent = Agent(BIN, stack.folder, node.port, name="second").start()
        stack.programs.append(agent)
        node.wait_for_agent("mix")
        with Visitor(node.port) as visitor:
            visitor.send_head("GET", "/gate")
            wait_until(lambda: stack.origin.seen("/gate"), "the request")
            node.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "SIGTERM" in node.log, "the first signal")
            self.assertTrue(node.running)
            node.process.send_signal(signal.SIGTERM)
            self.assertEqual(node.wait(), -signal.SIGTERM)


if __name__ == "__main__":
    main()
