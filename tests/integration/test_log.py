"""The log: one shape for all lines, whatever happens."""

import json
import os
import re
import signal
import socket
import subprocess

from harness import (BIN, ROOT, Case, free_port, main, scratch,
                     wait_until, write_config)
from wire import Visitor, ask

SCHEMA = json.loads((ROOT / "config/config.schema.json").read_text())
# What log.components takes, without the group of all pools.
COMPONENTS = {*SCHEMA["$defs"]["log"]["properties"]["components"]
              ["properties"]} - {"pool"}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)"
BUSY = {"log": {"level": "debug", "requests": True},
        "http": {"header_timeout": 1},
        "mappings": [
            {"from": "http://nobody.test", "to": "http://127.0.0.1:1",
             "via": {"tunnels": ["empty"]}},
            {"from": "http://direct.test", "to": "http://127.0.0.1:1"}],
        "tunnels": {"empty": {"servers": ["main"], "password": "x",
                              "reconnect_grace": 0}}}


def unique(pairs):
    """For json.loads: an object whose keys differ."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError(f"doubled keys: {pairs}")
    return result


class Lines(Case):
    def busy(self, form):
        """The log of a node to which all sorts of things happened."""
        config = {**BUSY, "log": {**BUSY["log"], "format": form}}
        stack = self.build("mix", config=config, agent=False)
        # The harness' own mapping gave way to ours.
        stack.start_agent(password="not-the-one", endpoint="wrong")
        agent = stack.start_agent()
        stack.wait_for_agent()
        for host in ("nobody.test", "direct.test", "unknown.test"):
            for _ in range(12):
                ask(stack.port, "/a\"b", host=host)
        with Visitor(stack.port) as visitor:
            visitor.send(b"\x16\x03\x01\0\x05hello")
            visitor.read()
        os.kill(stack.node.pid, signal.SIGHUP)
        wait_until(lambda: "reloaded" in stack.node.log, "the reload")
        agent.stop(seconds=20)
        wait_until(lambda: "no connection any more" in stack.node.log,
                   "the agent's end")
        wait_until(lambda: "repeated" in stack.node.log
                   and "more request" in stack.node.log, "the sums")
        stack.node.stop(seconds=20)
        return stack.node.log.splitlines()

    def test_each_line_is_an_object_of_one_shape(self):
        for line in self.busy("json"):
            with self.subTest(line=line):
                entry = json.loads(line, object_pairs_hook=unique)
                self.assertEqual(list(entry)[:4],
                                 ["time", "level", "component", "text"])
                self.assertRegex(entry["time"], f"^{TIME}$")
                self.assertIn(entry["component"], COMPONENTS)
                self.assertNotIn(entry["text"][:1], ("[", "{", ""))
                self.assertFalse({"severity", "time_ms"} & entry.keys())
                self.assertFalse([key for key, value in entry.items()
                                  if value in ("", None)])

    def test_each_line_of_text_has_a_zone_and_reads_well(self):
        for line in self.busy("text"):
            with self.subTest(line=line):
                found = re.match(r"\S+ [\d:.]+(?:Z|[+-]\d\d:\d\d) "
                                 r"\[\w+\] \[([A-Z-]+)\] ", line)
                self.assertTrue(found)
                self.assertIn(found[1].lower(), COMPONENTS)
                for wrong in (r"for \S+\. ", "=-1", r" 1 \w+s\b"):
                    self.assertNotRegex(line.split("outcome=")[0], wrong)


class Start(Case):
    def test_a_failed_start_is_told_in_the_log_s_own_form(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        for form in ("json", "text"):
            file = write_config(scratch(self), {
                "servers": {"main": {"host": "127.0.0.1", "port": port}},
                "log": {"format": form}, "tunnels": {}, "mappings": []})
            done = subprocess.run([BIN / "aps", "-config", file], text=True,
                                  capture_output=True)
            self.assertEqual(done.returncode, 1)
            last = done.stderr.splitlines()[-1]
            self.assertIn(f"127.0.0.1:{port}", last)
            if form == "json":
                entries = [json.loads(line, object_pairs_hook=unique)
                           for line in done.stderr.splitlines()]
                self.assertEqual((entries[-1]["level"],
                                  entries[-1]["component"]),
                                 ("error", "node"))
            else:
                self.assertTrue(last.startswith("aps: "), last)

    def test_a_broken_file_is_told_as_the_flag_or_the_variable_says(self):
        file = write_config(scratch(self), '{"servers": {"main": "x"}}')
        for flags, env in ((["-log-format", "json"], {}),
                           ([], {"APS_LOG_FORMAT": "json"}), ([], {})):
            done = subprocess.run([BIN / "aps", "-config", file, *flags],
                                  text=True, capture_output=True,
                                  env={**os.environ, **env})
            self.assertEqual(done.returncode, 1)
            for line in done.stderr.splitlines():
                if not flags and not env:
                    self.assertTrue(line.startswith(str(file)), line)
                    continue
                entry = json.loads(line, object_pairs_hook=unique)
                self.assertEqual((entry["level"], entry["component"]),
                                 ("error", "node"))
                self.assertIn("$.servers.main", entry["text"])

    def test_the_node_s_own_lines_have_the_level_of_their_component(self):
        for general, own, written in (("warning", "info", True),
                                      ("info", "warning", False),
                                      ("debug", "off", False)):
            stack = self.build("ws", agent=False, config={
                "log": {"level": general, "components": {"node": own}}})
            stack.node.stop(seconds=20)
            for words in ("Server main listens on", "; ready",
                          "SIGTERM: stopping", "Stopped"):
                with self.subTest(general=general, own=own, words=words):
                    self.assertEqual(words in stack.node.log, written)

    def test_the_flag_wins_over_the_file(self):
        stack = self.build("ws", agent=False,
                           config={"log": {"format": "text"}},
                           node_flags=("-log-format", "json"))
        os.kill(stack.node.pid, signal.SIGHUP)
        wait_until(lambda: "reloaded" in stack.node.log, "the reload")
        for line in stack.node.log.splitlines():
            json.loads(line, object_pairs_hook=unique)
        # What the flag says is no difference that takes a restart.
        self.assertIn("nothing changed", stack.node.log)


if __name__ == "__main__":
    main()
