"""The agent's configuration file: what it takes, refuses, and who wins."""

import os
import re
import subprocess
import unittest

from harness import (BIN, PASSWORD, ROOT, Case, Program, free_port, main,
                     scratch, wait_until, write_config)
from lab.testca import Authority
from wire import ask

FULL = {"server": "127.0.0.1:1", "tunnel": "t", "name": "n", "password": "p"}
USAGE, FAILED, UNCONNECTED = 2, 1, 4

# File, exit code, what the last line says.
REFUSED = [
    ({**FULL, "transprot": "ws"}, FAILED,
     r'agent\.json: \$\.transprot: did you mean "transport"\?'),
    ({**FULL, "transport": "wss"}, FAILED,
     r'\$\.transport: did you mean "ws"\? found the string "wss", allowed'),
    ({**FULL, "grace": "5x"}, FAILED,
     r'\$\.grace: found the string "5x", allowed SECONDS \(it is not a '),
    ({**FULL, "grace": 700000}, FAILED, r"\$\.grace: .* from 0 to 604800"),
    ({**FULL, "grace": "8w"}, FAILED, r'\$\.grace: found the string "8w"'),
    ({**FULL, "ca_file": "nowhere.pem"}, FAILED,
     r"cannot read certificates from .*nowhere\.pem: No such file"),
    ({**FULL, "ca_file": "agent.json"}, FAILED,
     r"cannot read certificates from .*agent\.json: it has no certificate"),
    ({**FULL, "server": "ftp://node.example"}, FAILED,
     r"none of host:port, http://, https://, ws:// and"),
    ({**FULL, "ca": "ca.pem"}, FAILED,
     r"agent\.json: \$\.ca: is of no use without -tls or an https:// address"),
    ({**FULL, "tls": True, "ca": "nowhere.pem"}, FAILED,
     r"cannot read certificates from .*nowhere\.pem: No such file"),
    ({**FULL, "tls": True, "cert": "a.pem"}, FAILED,
     r"agent\.json: \$\.cert: takes -key"),
    ({**FULL, "tls": True, "cert": "a.pem", "key": "b.key"}, FAILED,
     r"cannot use .*a\.pem \(No such file or directory\) as cert"),
    ({**FULL, "tls": True, "pin": "sha256/abc"}, FAILED,
     r"\$\.pin: .*sha256/abc.*"),
    ({**FULL, "proxy": "socks5://u:hidden@p"}, FAILED,
     r'\$\.proxy: found the string "\.\.\.", .*one of socks5; give \[http'),
    ({**FULL, "proxy": ""}, FAILED, r"\$\.proxy: "),
    ({**FULL, "proxy": 3128}, FAILED, r"\$\.proxy: found .*, allowed URL"),
    ({**FULL, "tls": True, "server": "http://127.0.0.1:1"}, FAILED,
     r"\$\.server: .* is plain, which contradicts tls"),
    ({**FULL, "server": "127.0.0.1:1,a b"}, FAILED, r"more than host and port"),
    ({**FULL, "server": [1]}, FAILED,
     r"\$\.server\[0\]: found the number 1, allowed HOST:PORT"),
    ({**FULL, "server": ["a:1", "a:1"]}, FAILED,
     r"\$\.server\[1\]: found the string .a:1. again, allowed each once"),
    ({**FULL, "server": "a:1,ws://a:1"}, FAILED,
     r"agent\.json: \$\.server: a:1 is given twice"),
    ({**FULL, "status": 9091}, FAILED, r"\$\.status: .*allowed HOST:PORT, a str"),
    ({**FULL, "endpoint": "n"}, FAILED, r'\$\.endpoint: did you mean "name"\?'),
    ({**FULL, "status_token_file": "t"}, FAILED,
     r"agent\.json: \$\.status_token_file: is of no use without"),
    ({**FULL, "once": "perhaps"}, FAILED,
     r'\$\.once: found the string "perhaps", allowed true or false'),
    ({**FULL, "once": 1}, FAILED, r"\$\.once: .*true or false"),
    ({**FULL, "threads": 1025}, FAILED, r"\$\.threads: .*from 0 to 1024"),
    ({**FULL, "server": []}, FAILED, r"\$\.server: found a list of 0"),
    ({**FULL, "server": ["a:b"]}, FAILED,
     r'\$\.server\[0\]: .*"a:b".*HOST:PORT'),
    ({**FULL, "dns": "here"}, FAILED, r'\$\.dns: .*"here".*IP address'),
    ({**FULL, "tunnel": "a\u0007"}, FAILED, r"\$\.tunnel: .*no name"),
    ({**FULL, "status": "example.com"}, FAILED, r"\$\.status: .*localhost"),
    ({**FULL, "password": 5}, FAILED, r"\$\.password: found a number"),
    ({**FULL, "password": "x" * 1025}, FAILED,
     r"\$\.password: has more than the 1024 bytes"),
    ({**FULL, "password": "${APS_NO_SUCH}"}, FAILED,
     r"\$\.password: found \$\{APS_NO_SUCH\}, which is not set"),
    ({**FULL, "config": "x"}, FAILED, r"\$\.config: .*unknown key"),
    ({**FULL, "include": "x"}, FAILED, r"\$\.include: .*list of files"),
    ({**FULL, "include": ["more.json"]}, FAILED,
     r'agent\.json: \$\.include\[0\]: .*more\.json'),
    ('{"server": }', FAILED, r"agent\.json: line 1"),
    ("[]", FAILED, r"agent\.json: .*an object"),
    ({"tunnel": "t", "name": "n"}, USAGE,
     r"missing: -server HOST:PORT .*APS_SERVER, or a key of the file"),
    ({"server": "a", "tunnel": "t", "name": "n"}, USAGE, r"no password"),
    ({**FULL, "password": "${file:nowhere}"}, FAILED, r"nowhere"),
    ({**FULL, "status": "0.0.0.0:1"}, FAILED,
     r"agent\.json: \$\.status: 0\.0\.0\.0 is no loopback .*takes status_token_file"),
]


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = scratch(self)

    def run_agent(self, *flags, program="aps-endpoint", **variables):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith("APS_")}
        return subprocess.run([BIN / program, *map(str, flags)],
                              env={**clean, **variables}, text=True,
                              capture_output=True, timeout=60)

    def dials(self, *flags, **variables):
        """What an agent says that it dials, before it gives up."""
        done = self.run_agent(*flags, "-wait", "10ms", **variables)
        self.assertEqual(done.returncode, UNCONNECTED, done.stderr)
        return re.findall(r"\[AGENT\] (\S+) dials (\S+) over (\S+)",
                          done.stderr)

    def test_mistakes_are_told_with_file_and_key(self):
        for config, code, words in REFUSED:
            file = write_config(self.folder, config, "agent.json")
            done = self.run_agent("-config", file, "-check")
            with self.subTest(config=config):
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(done.stdout, "")
                line = done.stderr.splitlines()[-1]
                self.assertRegex(line, words)
                self.assertLessEqual(
                    len(line.replace(str(self.folder), "")), 160)

    def test_all_mistakes_are_told_at_once(self):
        file = write_config(self.folder, {"grace": -1, "nmae": "x",
                                          "threads": "two"})
        done = self.run_agent("-config", file)
        self.assertEqual((done.returncode, done.stderr.count("\n")),
                         (FAILED, 3), done.stderr)

    def test_a_missing_file_is_named(self):
        done = self.run_agent("-config", self.folder / "nowhere.json")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("nowhere.json: found No such file", done.stderr)

    def test_check_says_ok_and_starts_nothing(self):
        file = write_config(self.folder, FULL)
        done = self.run_agent("-config", file, "-check")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, f"{file}: ok\n", ""))

    def test_the_examples_are_right(self):
        for name in ("minimal", "full"):
            file = ROOT / f"config/agent.{name}.example.json"
            # The full one names files that are not there.
            token = self.folder / "token"
            token.write_text("x")
            published = write_config(self.folder, {"publish": [3002]},
                                     "publish.json")
            ca = Authority(self.folder / "ca")
            agent = ca.issue("agent", subject="/CN=agent", client=True)
            done = self.run_agent(
                "-config", file, "-check", *(
                    ("-status-token-file", token, "-publish-file",
                     published, "-ca-file", ca.cert, "-ca",
                     ca.cert, "-cert", agent.cert, "-key", agent.key,
                     "-target-cert", agent.cert, "-target-key", agent.key)
                    if name == "full" else ()))
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_flag_wins_over_the_variable_over_the_file(self):
        file = write_config(self.folder, {
            **FULL, "server": ["127.0.0.1:1", "127.0.0.1:2"],
            "transport": "poll"})
        self.assertEqual(self.dials("-config", file),
                         [("t.n", "127.0.0.1:1", "poll"),
                          ("t.n", "127.0.0.1:2", "poll")])
        self.assertEqual(
            self.dials("-config", file, APS_TUNNEL="v", APS_TRANSPORT="ws",
                       APS_SERVER="127.0.0.1:3"),
            [("v.n", "127.0.0.1:3", "ws")])
        self.assertEqual(
            self.dials("-config", file, "-tunnel", "f", "-server",
                       "127.0.0.1:4", "-transport", "grpc", APS_TUNNEL="v",
                       APS_TRANSPORT="ws", APS_SERVER="127.0.0.1:3"),
            [("f.n", "127.0.0.1:4", "grpc")])
        self.assertEqual(self.dials(APS_CONFIG=str(file))[0][0], "t.n")

    def test_what_a_flag_hides_is_checked_all_the_same(self):
        file = write_config(self.folder, {**FULL, "transport": "pigeon"})
        done = self.run_agent("-config", file, "-transport", "ws")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("$.transport", done.stderr)

    def test_files_include_files_and_name_what_stands_outside(self):
        folder = self.folder / "conf.d"
        folder.mkdir()
        write_config(folder, {"name": "${APS_TEST_NAME}",
                              "transport": "${APS_TEST_X:-ws}"}, "a.json")
        write_config(folder, {"server": "127.0.0.1:1"}, "b.json")
        (self.folder / "secret").write_text("p\n")
        file = write_config(self.folder, """// with comments
            {"include": ["conf.d/*.json"], "tunnel": "t", /* here, too */
             "password": "${file:secret}"}""")
        self.assertEqual(self.dials("-config", file, APS_TEST_NAME="x"),
                         [("t.x", "127.0.0.1:1", "ws")])
        write_config(folder, {"tunnel": "other"}, "b.json")
        done = self.run_agent("-config", file, "-check", APS_TEST_NAME="x")
        self.assertEqual(done.returncode, FAILED)
        self.assertRegex(done.stderr,
                         r"conf\.d/b\.json: \$\.tunnel: .*each section in one")

    def test_names_of_files_are_relative_to_the_file(self):
        file = write_config(self.folder, {
            "server": "127.0.0.1:1", "tunnel": "t", "name": "n",
            "password_file": "secret"})
        done = self.run_agent("-config", file, "-check")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(str(self.folder / "secret"), done.stderr)
        (self.folder / "secret").write_text("p\n")
        done = self.run_agent("-config", file, "-check")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_list_may_be_a_string_with_commas(self):
        file = write_config(self.folder, {
            **FULL, "server": "127.0.0.1:1, 127.0.0.1:2",
            "dns": "127.0.0.1,::1"})
        self.assertEqual([server for _, server, _ in self.dials(
            "-config", file)], ["127.0.0.1:1", "127.0.0.1:2"])

    def test_names_of_files_in_an_included_file_are_relative_to_that(self):
        folder = self.folder / "conf.d"
        folder.mkdir()
        write_config(folder, {"name": "n", "password_file": "secret"}, "a.json")
        file = write_config(self.folder, {
            "include": ["conf.d/*.json"], "server": "127.0.0.1:1",
            "tunnel": "t"})
        (folder / "secret").write_text("p\n")
        done = self.run_agent("-config", file, "-check")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_secrets_that_could_never_work_are_refused(self):
        secret = self.folder / "secret"
        for text, flag, words in (
                ("x" * 1025, "-password-file", "more than the 1024 bytes"),
                ("\ufeffp", "-password-file", "byte order mark"),
                (" t ", "-status-token-file", "without blanks at its ends"),
                ("t\0t", "-status-token-file", "without control characters")):
            secret.write_text(text)
            file = write_config(self.folder, {
                "server": "127.0.0.1:1", "tunnel": "t", "name": "n",
                "status": "127.0.0.1:9091"})
            more = [] if flag == "-password-file" else ["-password", "p"]
            done = self.run_agent("-config", file, flag, secret, "-check",
                                  *more)
            self.assertEqual(done.returncode, FAILED, done.stderr)
            self.assertIn(words, done.stderr)

    def test_ws_client_has_no_transport_to_choose(self):
        file = write_config(self.folder, {**FULL, "transport": "ws"})
        done = self.run_agent("-config", file, "-check", program="ws_client")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("$.transport", done.stderr)
        file = write_config(self.folder, FULL)
        done = self.run_agent("-config", file, "-check", program="ws_client")
        self.assertEqual(done.returncode, 0, done.stderr)


class Running(Case):
    def start(self, stack, config, *flags, **variables):
        file = write_config(stack.folder, {
            "server": f"127.0.0.1:{stack.port}", "tunnel": "tunnel1",
            "name": "app1", "transport": "ws", **config}, "agent.json")
        one = Program(f"agent{len(stack.programs)}",
                      [BIN / "aps-endpoint", "-config", file, *flags],
                      stack.folder, variables)
        stack.programs.append(one)
        return one.start()

    def test_an_agent_runs_with_a_file_alone(self):
        stack = self.build("ws", agent=False)
        port = free_port()
        self.start(stack, {"password": PASSWORD,
                           "status": f"127.0.0.1:{port}"})
        stack.wait_for_agent()
        self.assertEqual(ask(stack.port).status, 200)

    def test_a_password_of_flags_or_environment_wins(self):
        stack = self.build("ws", agent=False)
        right = stack.folder + "/right"
        with open(right, "w") as file:
            file.write(PASSWORD)
        wrong = {"password": "wrong"}
        for flags, variables in ((("-password", PASSWORD), {}),
                                 (("-password-file", right), {}),
                                 ((), {"APS_PASSWORD": PASSWORD}),
                                 ((), {"APS_PASSWORD": PASSWORD + "\n"}),
                                 ((), {"APS_PASSWORD_FILE": right})):
            one = self.start(stack, wrong, *flags, **variables)
            wait_until(lambda: "Connected to" in one.log, "the agent")
            self.assertEqual(one.stop(), 0)
        one = self.start(stack, wrong, "-exit-on-refusal")
        self.assertEqual(one.wait(), 3)
        stack.programs.remove(one)

    def test_the_file_may_end_it(self):
        stack = self.build("ws", agent=False)
        one = self.start(stack, {"password": "wrong", "exit_on_refusal": True})
        self.assertEqual(one.wait(), 3)
        stack.programs.remove(one)


if __name__ == "__main__":
    main()
