"""A real Prometheus at a real node: what it keeps, and what it alerts of."""

import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest
import urllib.parse

import metrics
from harness import Case, Program, ROOT, free_port, main, scratch, wait_until

RULES = ROOT / "config/prometheus.alerts.yml"
# Where tools/setup puts what it does not install.
CACHE = pathlib.Path(os.environ.get("APS_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    / "aps") / "bin"


def tool(name):
    found = shutil.which(name, path=f"{CACHE}:{os.environ['PATH']}")
    if not found:
        raise unittest.SkipTest(f"{name} is not here (tools/setup --tests)")
    return found


class Prometheus(Program):
    """Scrapes one admin listener, with the example's alerts at once."""

    def __init__(self, folder, target):
        self.port = free_port()
        # The test is not on call: nothing has to last before it is told.
        (folder / "rules.yml").write_text(
            re.sub(r"for: \w+", "for: 0s", RULES.read_text()))
        (folder / "prometheus.json").write_text(json.dumps({
            "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms",
                       "evaluation_interval": "250ms"},
            "rule_files": [str(folder / "rules.yml")],
            "scrape_configs": [{
                "job_name": "aps",
                "scrape_interval": "1s", "scrape_timeout": "1s",
                "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}))
        super().__init__("prometheus", [
            tool("prometheus"),
            f"--config.file={folder / 'prometheus.json'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}"], folder)

    def start(self):
        super().start()
        wait_until(self._ready, "Prometheus to be ready", 60)
        return self

    def _ready(self):
        if not self.running:
            raise RuntimeError(f"Prometheus ended at start:\n{self.log}")
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def data(self, path):
        status, body = self.get("/api/v1/" + path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:500]}")
        return json.loads(body)["data"]

    def query(self, text):
        """The labels of each series that the expression has now."""
        return [one["metric"] for one in self.data(
            "query?query=" + urllib.parse.quote(text))["result"]]

    def firing(self, alert):
        """The labels of each alert of this name that fires."""
        return [one["labels"] for one in self.data("alerts")["alerts"]
                if one["labels"]["alertname"] == alert
                and one["state"] == "firing"]


class Alerts(unittest.TestCase):
    def test_the_example_s_rules_are_right(self):
        done = subprocess.run([tool("promtool"), "check", "rules", RULES],
                              text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Scraped(Case):
    def setUp(self):
        super().setUp()
        tool("prometheus")
        self.stack = self.build("ws", agent=False, config={
            "tunnels": {"tunnel1": {"reconnect_grace": 0}}})
        self.agents = {name: self.stack.start_agent(endpoint=name)
                       for name in ("app1", "app2")}
        for name in self.agents:
            self.wait_for(name, 2)
        self.prometheus = Prometheus(scratch(self), self.stack.node.admin_port)
        self.addCleanup(lambda: self.prometheus.stop())
        self.prometheus.start()

    def page(self):
        return metrics.samples(self.stack.node.get("/metrics")[1].decode())

    def wait_for(self, endpoint, size):
        wait_until(lambda: metrics.total(
            self.page(), "aps_endpoint_connections",
            endpoint=endpoint) == size, f"{size} connections of {endpoint}")

    def gone(self):
        return [one["endpoint"]
                for one in self.prometheus.firing("ApsEndpointGone")]

    def test_an_endpoint_that_goes_is_told_and_leaves_no_series(self):
        there = "aps_endpoint_connections > 0"
        wait_until(lambda: len(self.prometheus.query(there)) == 2,
                   "both endpoints in Prometheus")
        self.assertEqual(self.gone(), [])
        self.agents["app1"].stop()
        wait_until(lambda: self.gone() == ["app1"], "the alert", 30)
        back = self.stack.start_agent(endpoint="app1")
        wait_until(lambda: self.gone() == [], "the end of the alert", 30)
        self.assertEqual(self.prometheus.firing("ApsTunnelWithoutAgents"), [])

        back.stop()
        # The node forgets who stays away for a minute.
        wait_until(lambda: not [name for name in self.page()
                                if 'endpoint="app1"' in name],
                   "the node to forget", 120)
        wait_until(lambda: not self.prometheus.query('{endpoint="app1"}'
                                                     ' unless ALERTS'
                                                     ' unless ALERTS_FOR_STATE'),
                   "Prometheus to forget", 30)
        self.assertEqual(self.gone(), ["app1"])
        self.assertEqual([one["endpoint"]
                          for one in self.prometheus.query(there)], ["app2"])

        self.agents["app2"].stop()
        wait_until(lambda: self.prometheus.firing("ApsTunnelWithoutAgents"),
                   "the alert of the tunnel", 30)
        self.assertIn({"tunnel": "tunnel1"},
                      [{"tunnel": one["tunnel"]} for one in
                       self.prometheus.firing("ApsTunnelWithoutAgents")])

    def test_the_example_asks_for_metrics_that_there_are(self):
        names = set(re.findall(r"\b(?:aps|process)_\w+", RULES.read_text()))
        self.assertGreater(len(names), 8)
        page = {re.match(r"\w+", name)[0] for name in self.page()}
        # A first request has to come before it is counted.
        self.assertLessEqual(names, page | {"aps_exchanges_total"})


if __name__ == "__main__":
    main()
