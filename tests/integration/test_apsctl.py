"""apsctl before a real node: what it shows, what it does, how it fails."""

import contextlib
import json
import os
import pty
import shutil
import subprocess
import termios
import unittest

from harness import (BIN, Case, Program, free_port, main, node_config, scratch,
                     wait_until, write_config)
from wire import ask

WIDE = "東京-ü"
TURNED = "left\u202eright"  # would turn the rest of the line round


def apsctl(*args, env=None, code=0):
    """Runs it without a terminal; returns stdout, or stderr when it fails."""
    clean = {key: value for key, value in os.environ.items()
             if key != "APS_ADMIN_TOKEN"}
    done = subprocess.run(
        [BIN / "apsctl", *map(str, args)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
        env={**clean, **(env or {})})
    if done.returncode != code:
        raise AssertionError(f"{args} ends with {done.returncode}:\n"
                             f"{done.stdout}\n{done.stderr}")
    if code != 0 and not done.stdout:
        assert done.stderr.count("\n") >= 1, done.stderr
        return done.stderr
    return done.stdout


class Usage(unittest.TestCase):
    def refused(self, word, *args, code=2):
        text = apsctl(*args, code=code)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("apsctl"), text)
        self.assertIn(word, text)

    def test_help_names_every_command(self):
        text = apsctl("-h")
        for word in ("status", "top", "tunnels", "connections", "exchanges",
                     "events", "explain", "drain", "undrain", "reconnect", "close", "fault",
                     "fallback", "log", "config", "completion"):
            self.assertIn(f"  {word} ", text)
            for flag in ("-admin", "-token-file", "-json", "127.0.0.1:9090"):
                self.assertIn(flag, apsctl(word, "-h"))

    def test_mistakes_end_with_two_and_one_line(self):
        self.refused("no command")
        self.refused("sttus", "sttus")
        self.refused("colour", "status", "-colour")
        self.refused("extra", "status", "extra")
        self.refused("-admin", "status", "-admin", "a:b")
        self.refused("URL", "explain")
        self.refused("KIND", "fault", "ws-1", "explode")
        self.refused("MODE", "fallback", "tunnel1", "pigeon")
        self.refused("LEVEL", "log", "loud")
        self.refused("one of", "drain")
        self.refused("one of", "close", "ws-1", "-session", "2")
        self.refused("one of", "drain", "-tunnel", "tunnel1")
        self.refused("burn", "config", "burn", "x")

    def test_an_unreachable_node_is_named(self):
        port = free_port()
        for command in (("status",), ("top",), ("events",),
                        ("drain", "ws-1")):
            self.refused(f"127.0.0.1:{port}", *command, "-admin",
                         f"127.0.0.1:{port}", code=1)

    def test_an_unreadable_token_file_ends_with_one(self):
        self.refused("/nowhere", "status", "-token-file", "/nowhere", code=1)


class Config(Case):
    def test_check_tells_all_problems_of_a_file(self):
        folder = scratch(self)
        good = write_config(folder, node_config("http://localhost:1"))
        self.assertEqual(apsctl("config", "check", good), f"{good}: ok\n")
        self.assertTrue(json.loads(apsctl("config", "check", good,
                                          "-json"))["ok"])
        bad = write_config(folder, {"servers": {"a": "x"}, "tunels": {}},
                           "bad.json")
        text = apsctl("config", "check", bad, code=1)
        self.assertGreaterEqual(len(text.splitlines()), 2)
        for line in text.splitlines():
            self.assertTrue(line.startswith(f"{bad}: "), line)

    def test_diff_tells_what_a_file_would_change(self):
        stack = self.build("ws", agent=False)
        admin = f"127.0.0.1:{stack.node.admin_port}"
        file = stack.node.config_file
        self.assertEqual(apsctl("config", "diff", file, "-admin", admin),
                         f"{file}: as running\nsecrets are not compared\n")
        changed = json.loads(file.read_text())
        changed["tunnels"]["tunnel1"]["websocket_pool"]["max_pool_size"] = 7
        changed["tunnels"]["tunnel2"] = {"password": "s3cret"}
        other = write_config(stack.folder, changed, "other.json")
        text = apsctl("config", "diff", other, "-admin", admin, code=1)
        self.assertRegex(
            text, r"tunnels\.tunnel1\.websocket_pool\.max_pool_size +8 +7")
        self.assertIn("tunnel2", text)
        self.assertNotIn("s3cret", text)
        self.assertTrue(text.endswith("\nsecrets are not compared\n"), text)
        told = json.loads(apsctl("config", "diff", other, "-json", "-admin",
                                 admin, code=1))
        self.assertTrue(told["secrets_left_out"])
        changes = told["differences"]
        self.assertIn({"path": "tunnels.tunnel1.websocket_pool.max_pool_size",
                       "running": 8, "file": 7}, changes)
        self.assertNotIn("s3cret", json.dumps(changes))

    def test_diff_sees_what_is_empty(self):
        stack = self.build("ws", {
            "servers": {"main": {"require": {}}},
            "auth": {"users": {"alice": {"password": "s3cret of alice"}}}},
            agent=False)
        admin = f"127.0.0.1:{stack.node.admin_port}"

        def changes(change):
            config = json.loads(stack.node.config_file.read_text())
            change(config)
            other = write_config(stack.folder, config, "other.json")
            return json.loads(apsctl("config", "diff", other, "-json", "-admin",
                                     admin, code=1))["differences"]
        self.assertEqual(
            changes(lambda to: to["servers"]["main"].pop("require")),
            [{"path": "servers.main.require", "running": {}, "file": None}])
        self.assertEqual(
            changes(lambda to: to["mappings"][0].update(require={})),
            [{"path": "mappings[0].require", "running": None, "file": {}}])
        # Members tell it themselves.
        self.assertEqual(
            changes(lambda to: to.update(trusted_proxies=["10.0.0.1"]))[-1],
            {"path": "trusted_proxies[0]", "running": None,
             "file": "10.0.0.1"})
        self.assertNotIn("trusted_proxies", [
            one["path"] for one in changes(
                lambda to: to.update(trusted_proxies=["10.0.0.1"]))])
        self.assertEqual(
            changes(lambda to: to.update(mappings=[])),
            [{"path": "mappings[0]", "running": "present", "file": None}])


class Shown(Case):
    transport = "mix"

    def run_it(self, *args, **options):
        return apsctl(*args, "-admin",
                      f"127.0.0.1:{self.stack.node.admin_port}", **options)

    def test_who_reads_no_more_is_no_full_disk(self):
        reader, writer = os.pipe()
        os.close(reader)
        for command in ("status", "events", "connections"):
            done = subprocess.run(
                [BIN / "apsctl", command, "-admin",
                 f"127.0.0.1:{self.stack.node.admin_port}"],
                stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        os.close(writer)

    def test_a_token_of_several_lines_is_told(self):
        for token, code in (("tok\n", 0), ("tok\r\n", 0),
                            ("a\r\nX-Evil: b", 2), ("a\tb", 2), ("\n", 2)):
            self.run_it("status", env={"APS_ADMIN_TOKEN": token}, code=code)
        self.assertIn("the variable APS_ADMIN_TOKEN has more than one line",
                      self.run_it("status", env={"APS_ADMIN_TOKEN": "a\nb"},
                                  code=2))

    def test_status_and_tunnels(self):
        for command in ("status", "tunnels"):
            text = self.run_it(command)
            self.assertRegex(text, r"tunnel1 +app1 +primary")
        self.assertIn("ready", self.run_it("status"))
        status = json.loads(self.run_it("status", "-json"))
        self.assertLessEqual({"node", "exchanges", "tunnels", "ready"},
                             status.keys())

    def test_connections(self):
        listed = json.loads(self.run_it("connections", "-json"))["connections"]
        text = self.run_it("connections")
        for one in listed:
            self.assertIn(one["name"], text)
        name = listed[0]["name"]
        text = self.run_it("connections", name)
        self.assertEqual(len(text.splitlines()), 2, text)
        self.assertIn('no tunnel "none"', self.run_it(
            "connections", "-tunnel", "none", code=1))

    def test_top_takes_snapshots_without_a_terminal(self):
        text = self.run_it("top", "-number", "2", "-interval", "0.1")
        self.assertEqual(text.count("requests/s"), 2)
        self.assertNotIn("\x1b", text)
        for line in self.run_it("top", "-number", "2", "-interval", "0.1",
                                "-json").splitlines():
            self.assertIn("exchanges", json.loads(line))

    def top_on_terminal(self, rows, columns, **env):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (rows, columns))
        try:
            subprocess.run(
                [BIN / "apsctl", "top", "-number", "1", "-admin",
                 f"127.0.0.1:{self.stack.node.admin_port}"], stdout=theirs,
                stdin=subprocess.DEVNULL, timeout=60, check=True,
                env={**os.environ, "TERM": "xterm", **env})
            return os.read(ours, 65536).decode()
        finally:
            os.close(ours)
            os.close(theirs)

    def test_top_redraws_a_terminal_and_fits_into_it(self):
        text = self.top_on_terminal(50, 200)
        self.assertTrue(text.startswith("\x1b[H"))
        self.assertIn("\x1b[32mprimary\x1b[0m", text)
        small = self.top_on_terminal(8, 30).replace("\x1b[H\x1b[2J", "")
        lines = small.splitlines()
        self.assertEqual(len(lines), 7)
        self.assertRegex(lines[-1], r"^and \d+ more lines$")
        for line in lines:
            self.assertLessEqual(len(line), 30)

    def test_top_respects_what_a_terminal_cannot_and_its_user_will_not(self):
        self.assertNotIn("\x1b", self.top_on_terminal(50, 200, TERM="dumb"))
        plain = self.top_on_terminal(50, 200, NO_COLOR="1")
        self.assertNotIn("\x1b[32m", plain)
        self.assertIn("primary", plain)

    def test_exchanges_and_one_by_its_id(self):
        self.assertEqual(ask(self.port, "/echo", headers=[
            ("X-Request-Id", "ctl-1")]).status, 200)
        wait_until(lambda: "ctl-1" in self.run_it("exchanges"), "the exchange")
        text = self.run_it("exchanges", "-id", "ctl-1")
        for word in ("GET example.com/echo", "ctl-1", "status 200", "mapping",
                     "attempts     1", "tunnel1.app1"):
            self.assertIn(word, text)
        one = json.loads(self.run_it("exchanges", "-id", "ctl-1", "-json"))
        self.assertEqual(one["finished"][0]["request_id"], "ctl-1")
        self.assertIn("404", self.run_it("exchanges", "-id", "none", code=1))

    def test_events(self):
        text = self.run_it("events")
        self.assertIn("connection-opened", text)
        kinds = {json.loads(line)["kind"] for line in self.run_it(
            "events", "-json", "-kind", "connection-opened").splitlines()}
        self.assertEqual(kinds, {"connection-opened"})

    def test_a_limit_has_the_last_events_of_the_past(self):
        self.run_it("log", "info", "-component", "limit")  # the last, for now
        wait_until(lambda: "log-changed" in self.run_it("events"), "its event")
        whole = self.run_it("events", "-kind", "log-changed").splitlines()
        some = self.run_it("events", "-limit", "1", "-kind",
                           "log-changed").splitlines()
        self.assertEqual(some, whole[-1:])
        all_ = self.run_it("events").splitlines()
        self.assertEqual(self.run_it("events", "-limit", "2").splitlines(),
                         all_[-2:])

    def test_events_are_followed(self):
        program = Program("follower", [
            BIN / "apsctl", "events", "-follow", "-admin",
            f"127.0.0.1:{self.stack.node.admin_port}"], self.stack.folder)
        program.start()
        try:
            wait_until(lambda: "connection-opened" in program.log, "the past")
            self.run_it("log", "debug", "-component", "pool")
            wait_until(lambda: "log-changed" in program.log, "the present")
        finally:
            program.kill()

    def test_explain(self):
        text = self.run_it("explain", "http://example.com/x")
        self.assertIn("wins", text)
        self.assertRegex(text, r"tunnel1 +app1 +yes")
        self.assertIn("no-mapping", self.run_it("explain", "http://other/"))

    def test_log_levels(self):
        self.run_it("log", "debug", "-component", "tunnel")
        self.assertIn("tunnel debug", self.run_it("log"))
        self.assertEqual(json.loads(self.run_it("log", "-json"))
                         ["components"]["tunnel"], "debug")

    def test_what_is_not_there_is_told(self):
        text = self.run_it("drain", "ws-none", code=1)
        self.assertIn(f"127.0.0.1:{self.stack.node.admin_port}: 404: there is "
                      'no connection "ws-none"', text)


class Done(Case):
    def run_it(self, stack, *args, **options):
        return apsctl(*args, "-admin", f"127.0.0.1:{stack.node.admin_port}",
                      **options)

    def names(self, stack, transport=None):
        listed = json.loads(self.run_it(stack, "connections", "-json"))
        return {one["name"] for one in listed["connections"]
                if transport in (None, one["transport"])}

    def test_connections_are_drained_closed_and_broken(self):
        stack = self.build("ws")
        for command in (("drain",), ("reconnect",), ("close",),
                        ("fault", "cut")):
            wait_until(lambda: len(self.names(stack)) >= 2, "the pool")
            name = sorted(self.names(stack))[0]
            text = self.run_it(stack, command[0], name, *command[1:])
            self.assertIn(name, text)
            wait_until(lambda: name not in self.names(stack), f"{name} to go")
            self.assertEqual(ask(stack.port).status, 200)

    def test_events_say_nothing_twice(self):
        stack = self.build("ws")
        wait_until(lambda: len(self.names(stack)) >= 2, "the pool")
        for command, kind in (("reconnect", "connection-drained"),
                              ("close", "connection-lost")):
            name = sorted(self.names(stack))[0]
            self.run_it(stack, command, name)

            def line():
                return next((line for line in self.run_it(
                    stack, "events", "-kind", kind).splitlines()
                    if name in line), "")
            wait_until(line, kind)
            told = line().split(name)[1].split()
            half = len(told) // 2
            self.assertNotEqual(told[:half], told[half:], line())
            self.assertNotIn("closed: closed", stack.node.log)

    def test_endpoints_and_sessions_reconnect_and_are_closed(self):
        stack = self.build("ws")
        for command in ("reconnect", "close"):
            for what in ("endpoint", "session"):
                wait_until(lambda: len(self.names(stack)) >= 2, "the pool")
                before = self.names(stack)
                where = ("-tunnel", "tunnel1", "-endpoint", "app1")
                if what == "session":
                    listed = json.loads(self.run_it(stack, "connections",
                                                    "-json"))["connections"]
                    where = ("-session", listed[0]["session"])
                self.assertIn(what, self.run_it(stack, command, *where))
                wait_until(lambda: not before & self.names(stack),
                           "a new generation")

    def test_the_fallback_mode_is_set_by_hand(self):
        stack = self.build("mix")
        for mode, shown in (("websocket", "websocket (by hand)"),
                            ("grpc", "grpc (by hand)"), ("auto", "primary")):
            self.run_it(stack, "fallback", "tunnel1", mode)
            for command in ("tunnels", "status"):
                wait_until(lambda: shown in self.run_it(stack, command), mode)
            self.assertEqual(ask(stack.port).status, 200)

    def test_names_are_aligned_and_cannot_command_the_terminal(self):
        stack = self.build("ws")
        stack.start_agent(transport="ws", endpoint=WIDE, name="wide")
        wait_until(lambda: WIDE in self.run_it(stack, "tunnels"), "the agent")
        head, *rows = self.run_it(stack, "tunnels").splitlines()
        column = head.index("STATE")
        for row in rows:
            extra = 2 if WIDE in row else 0  # two letters are two wide
            self.assertEqual(row[column - extra - 2:column - extra], "  ", row)
            self.assertNotEqual(row[column - extra], " ", row)
        # One that would turn the line around is no name.
        turned = stack.start_agent(transport="ws", endpoint=TURNED,
                                   name="turned")
        self.assertEqual(turned.wait(), 2)
        self.assertIn("is no name", turned.log)
        self.assertNotIn("right", self.run_it(stack, "tunnels"))

    def test_the_token_comes_from_a_file_or_the_environment(self):
        token = "a-long-secret-0123456789"
        stack = self.build("ws", agent=False,
                           config={"admin": {"token": token}})
        file = write_config(stack.folder, token + "\n", "token")
        self.assertIn("401", self.run_it(stack, "log", code=1))
        self.assertIn("401", self.run_it(
            stack, "log", env={"APS_ADMIN_TOKEN": "wrong"}, code=1))
        self.run_it(stack, "log", env={"APS_ADMIN_TOKEN": token})
        self.run_it(stack, "log", "-token-file", file)


class Completion(Case):
    """bash asks the script that apsctl prints, as it would at a Tab."""

    transport = "ws"

    def completed(self, line, breaks=" \"'><=;|&(:"):
        """What bash would offer at the end of the line; `breaks` divide it
        into words."""
        script = subprocess.run([BIN / "apsctl", "completion", "bash"],
                                text=True, capture_output=True, check=True)
        asked = (f"{script.stdout}\n"
                 "complete -p apsctl | grep -q _apsctl || exit 1\n"
                 'COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$2\n'
                 '_apsctl\nprintf "%s\\n" "${COMPREPLY[@]}"\n')
        done = subprocess.run(
            ["bash", "-c", asked, "bash", line, breaks], text=True,
            capture_output=True, check=True,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}",
                 "APS_ADMIN": f"127.0.0.1:{self.stack.node.admin_port}"})
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands_and_flags(self):
        self.assertEqual(self.completed("apsctl exch"), ["exchanges"])
        commands = self.completed("apsctl ")
        self.assertIn("drain", commands)
        self.assertIn("completion", commands)
        self.assertEqual(self.completed("apsctl sttus "), [])
        self.assertEqual(self.completed("apsctl events -f"), ["-follow"])
        self.assertEqual(self.completed("apsctl events --f"), ["--follow"])
        self.assertLessEqual({"-tunnel", "-endpoint", "-session", "-admin",
                              "-token-file", "-json"},
                             {*self.completed("apsctl drain -")})
        self.assertEqual(self.completed("apsctl completion z"), ["zsh"])

    def test_names_of_the_live_node(self):
        for command in ("connections", "exchanges", "events", "drain"):
            self.assertEqual(self.completed(f"apsctl {command} -tunnel "),
                             ["tunnel1"])
            self.assertEqual(self.completed(
                f"apsctl {command} -tunnel tunnel1 -endpoint a"), ["app1"])
        self.assertEqual(
            self.completed("apsctl drain -tunnel other -endpoint "), [])
        listed = json.loads(self.stack.node.get("/.api/connections")[1])
        names = sorted(one["name"] for one in listed["connections"])
        self.assertEqual(self.completed("apsctl close "), names)
        self.assertEqual(self.completed("apsctl fault x "),
                         ["cut", "delay", "stall"])
        self.assertEqual(
            self.completed("apsctl drain -session "),
            sorted({one["session"] for one in listed["connections"]}))
        self.assertEqual(self.completed("apsctl fallback t"), ["tunnel1"])
        self.assertEqual(self.completed("apsctl fallback tunnel1 w"),
                         ["websocket"])
        ask(self.port, headers=[("X-Request-Id", "find-me-7")])
        wait_until(lambda: "find-me-7" in self.completed(
            "apsctl exchanges -id find"), "the record")

    def test_words_of_the_api(self):
        self.assertEqual(self.completed("apsctl events -kind endpoint-d"),
                         ["endpoint-degraded", "endpoint-down",
                          "endpoint-drained"])
        self.assertEqual(
            self.completed("apsctl events -kind session-up,tunnel-a"),
            ["session-up,tunnel-added"])
        self.assertEqual(self.completed("apsctl exchanges -outcome no-m"),
                         ["no-mapping"])
        # What bash takes for the word begins behind the last "=" or ":".
        self.assertEqual(self.completed("apsctl exchanges -outcome=origin-re"),
                         ["origin-refused"])
        self.assertEqual(self.completed("apsctl exchanges -outcome=origin-re",
                                        breaks=" :"),
                         ["-outcome=origin-refused"])
        self.assertEqual(self.completed("apsctl log debug -component ws"),
                         ["ws-pool"])
        self.assertEqual(self.completed("apsctl log e"), ["error"])

    def test_what_was_typed_stands_once_in_the_line(self):
        stack = self.build("ws", agent=False, config={"tunnels": {
            "a:b": {"servers": ["main"], "password": "x"}}})
        for typed, whole in (
                (b"exchanges -outcome=origin-re", b"-outcome=origin-refused"),
                (b"exchanges -tunnel a:", b"-tunnel a:b"),
                (b"exchanges -tunnel=a:", b"-tunnel=a:b")):
            text = self.typed(stack, typed)
            self.assertIn(whole, text)
            self.assertIn(b'"totals"', text)

    def typed(self, stack, words):
        """What a terminal shows after `apsctl WORDS<Tab> -json<Enter>`."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(
                PATH=f"{BIN}:{os.environ['PATH']}", PS1="> ", TERM="dumb",
                APS_ADMIN=f"127.0.0.1:{stack.node.admin_port}")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        try:
            os.write(terminal, b'eval "$(apsctl completion bash)"\n'
                     b"apsctl " + words + b"\t -json\nexit\n")
            text = b""
            with contextlib.suppress(OSError):  # how a terminal ends
                while piece := os.read(terminal, 65536):
                    text += piece
            return text
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def test_the_line_s_own_node_is_asked(self):
        other = self.build("ws", agent=False, config={"tunnels": {
            "elsewhere": {"servers": ["main"], "password": "x"}}})
        peer = f"127.0.0.1:{other.node.admin_port}"
        for line in (f"apsctl -admin {peer} events -tunnel e",
                     f"apsctl -json -admin={peer} events -tunnel e",
                     f"apsctl events -admin {peer} -tunnel e"):
            self.assertEqual(self.completed(line), ["elsewhere"])

    def test_without_a_node_there_are_only_words(self):
        dead = f"apsctl -admin 127.0.0.1:{free_port()} "
        self.assertEqual(self.completed(dead + "exchanges -tunnel "), [])
        self.assertEqual(self.completed(dead + "exchanges -out"), ["-outcome"])

    def test_other_shells_have_scripts_that_they_can_read(self):
        for shell in ("zsh", "fish"):
            text = apsctl("completion", shell)
            self.assertIn(" complete ", text)
            if found := shutil.which(shell):
                subprocess.run([found, "-n"], input=text, text=True,
                               check=True, capture_output=True)


if __name__ == "__main__":
    main()
