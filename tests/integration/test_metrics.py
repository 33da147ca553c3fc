"""/metrics as Prometheus and its users expect it; one table of outcomes."""

import json
import pathlib
import re
import subprocess
import time
import unittest

import metrics
from harness import BIN, Case, ROOT, main, wait_until
from wire import ask


class Scrape(Case):
    def page(self, stack):
        status, body = stack.node.get("/metrics")
        self.assertEqual(status, 200)
        return body.decode()

    def look(self, stack):
        return metrics.samples(self.page(stack))

    def agents(self, stack, tunnel="tunnel1"):
        return self.look(stack)[f'aps_tunnel_agents{{tunnel="{tunnel}"}}']

    def test_samples_have_no_time_of_their_own(self):
        stack = self.build("ws")
        ask(stack.port)
        lines = [line for line in self.page(stack).splitlines()
                 if line and not line.startswith("#")]
        self.assertGreater(len(lines), 50)
        for line in lines:
            self.assertRegex(line, r"^[a-z0-9_]+(\{.*\})? [-+.\deInfNa]+$")

    def test_the_process_tells_what_it_is(self):
        before = time.time()
        stack = self.build("ws")
        page = self.look(stack)
        version = stack.node.stats()["node"]["version"]
        self.assertEqual(page[f'aps_build_info{{version="{version}"}}'], 1)
        # The kernel counts in ticks, and rounds when it booted.
        self.assertAlmostEqual(page["process_start_time_seconds"], before,
                               delta=60)
        fds = len(list(pathlib.Path(f"/proc/{stack.node.pid}/fd").iterdir()))
        self.assertAlmostEqual(page["process_open_fds"], fds, delta=5)
        self.assertGreaterEqual(page["process_max_fds"], 256)

    def test_a_tunnel_without_agents_has_none_and_not_no_sample(self):
        stack = self.build("ws", agent=False, config={"tunnels": {
            "lonely": {"servers": ["main"], "password": "x"}}})
        self.assertEqual(self.agents(stack), 0)
        for count in (1, 2):
            stack.start_agent()
            wait_until(lambda: self.agents(stack) == count, f"{count} agents")
        for count in (1, 0):
            stack.agents.pop().stop()
            wait_until(lambda: self.agents(stack) == count, f"{count} agents")
        self.assertEqual(self.agents(stack, "lonely"), 0)

    def test_the_outcome_is_the_outcome_and_its_class_a_label(self):
        stack = self.build("ws")
        ask(stack.port)
        ask(stack.port, host="unknown.test")
        page = self.look(stack)
        for outcome, kind, code in (("ok", "ok", "2xx"),
                                    ("no-mapping", "node", "4xx")):
            self.assertEqual(metrics.total(page, "aps_exchanges_total", **{
                "outcome": outcome, "class": kind, "code": code}), 1)

    def test_what_counts_only_while_watched_is_no_counter(self):
        stack = self.build("ws")
        ask(stack.port)
        page = self.page(stack)
        self.assertIn('aps_events_total{kind="connection-opened"}', page)
        for kind in ("exchange-started", "exchange-finished",
                     "connection-leased", "connection-returned"):
            self.assertNotIn(f'kind="{kind}"', page)


class Outcomes(unittest.TestCase):
    """The list of metrics, OpenAPI and `apsctl -h` say what the code's table
    says; the help is made of it."""

    def setUp(self):
        done = subprocess.run([BIN / "apsctl", "exchanges", "-h"], text=True,
                              capture_output=True)
        text = " ".join(done.stdout.split())
        found = re.search(r"or of this class: (.*?internal: internal)", text)
        self.assertTrue(found, done.stdout)
        self.table = {
            kind: words.split(", ") for kind, words in
            (group.split(": ") for group in found[1].split("; "))}
        self.words = sum(self.table.values(), [])
        self.assertEqual(len(self.words), len(set(self.words)))
        self.assertGreater(len(self.words), 30)

    def test_the_readme_lists_them_by_class(self):
        rows = re.findall(r"^\| `(\w+)`[^|]*\| (`[^|]*`) \|$",
                          (ROOT / "actors/admin/README.md").read_text(),
                          re.MULTILINE)
        listed = {kind: re.findall(r"`([a-z-]+)`", words)
                  for kind, words in rows if kind in self.table}
        self.assertEqual(listed, self.table)

    def test_the_api_s_description_has_them_all(self):
        document = json.loads((ROOT / "tools/panel/openapi.json").read_text())
        fields = document["components"]["schemas"]["Exchange"]["properties"]
        self.assertEqual({*fields["outcome"]["enum"]} - {None},
                         {*self.words})
        self.assertEqual({*fields["outcome_class"]["enum"]} - {None},
                         {*self.table})


if __name__ == "__main__":
    main()
