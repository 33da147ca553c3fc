#!/usr/bin/env python3
"""What tools/bench makes of what it measured."""

import os
import pathlib
import signal
import subprocess
import sys
import unittest
from xml.etree import ElementTree

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "tools" / "bench")]

from kit import bulk, pictures, plots, tables
from kit.callgrind import bare_name
from kit.costs import cpu_seconds, family, memory, switches
from kit.rounds import interleaved, median_ratio, orders, summary
from kit.ways import ONE_HOP, YARDSTICK, Cores
from lab.processes import wait_until


def sampled(errors=0, **rates):
    """Two rounds of each way: `rates` and twice as much of everything."""
    names = {"yardstick": YARDSTICK, "hop": ONE_HOP, "ws": "WebSocket",
             "grpc": "gRPC"}
    return summary({names[name]: [
        {"rps": rate * times, "p99": 1000 / rate, "cpu": 100 / rate,
         "errors": errors} for times in (1, 2)]
        for name, rate in rates.items()},
        ("rps", "p99", "cpu", "switches"))


def report_of(**rates):
    rate = {str(visitors): sampled(**rates) for visitors in (1, 64)}
    return {"made": {"date": "2026-01-02 03:04 UTC", "commit": "abc",
                     "cores": 2, "processor": "some", "load_before": 0.1,
                     "load_after": 1,
                     "versions": {"nginx": "1.22.1", "wrk": ""}},
            "options": {"rounds": 2, "seconds": 1, "cores": "0:1"},
            "peers": {}, "absent": ["frp"], "failed": {}, "rate": rate}


class Rounds(unittest.TestCase):
    def test_every_second_round_goes_backwards(self):
        self.assertEqual([*orders("abc", 3)],
                         [["a", "b", "c"], ["c", "b", "a"], ["a", "b", "c"]])
        seen = []
        note = lambda name: seen.append(name) or len(seen)
        found = interleaved("ab", 2, note)
        self.assertEqual((seen, found),
                         (["a", "b", "b", "a"], {"a": [1, 4], "b": [2, 3]}))

    def test_ratios_are_of_the_same_rounds(self):
        slow = [{"rps": 10}, {"rps": 1000}, {"rps": 20}]
        fast = [{"rps": 20}, {"rps": 2000}, {"rps": 40}]
        self.assertEqual(median_ratio(fast, slow, "rps"), 2)
        self.assertIsNone(median_ratio(fast, slow, "p99"))
        self.assertIsNone(median_ratio(fast, [{"rps": 0}] * 3, "rps"))

    def test_errors_add_up_and_what_was_not_measured_is_absent(self):
        row = sampled(errors=1, yardstick=10, ws=15)["WebSocket"]
        self.assertEqual(row["errors"], 2)
        self.assertEqual(row["ratio"]["rps"], 1.5)
        self.assertNotIn("switches", row)


class Tables(unittest.TestCase):
    def test_who_is_ahead_is_said(self):
        said = lambda **rates: tables.ahead(tables.columns(report_of(**rates)))
        self.assertIn("Nobody", said(yardstick=10, ws=12, grpc=11))
        self.assertIn("one nginx (everywhere)",
                      said(yardstick=10, hop=20, ws=12, grpc=11))
        self.assertIn(f"{YARDSTICK} (everywhere)",
                      said(yardstick=10, ws=9, grpc=8))
        titles = ["at 1", "at 16", "at 64", "up"]
        self.assertEqual(tables._places(titles[:3], titles), "all but up")
        self.assertEqual(tables._places(titles[:1], titles), "at 1")
        # The better transport counts, and what is as good is not ahead.
        self.assertIn("Nobody", said(yardstick=10, hop=15, ws=9, grpc=15))

    def test_figures_of_failed_requests_are_not_told(self):
        report = report_of(yardstick=10, hop=20, ws=12, grpc=11)
        report["rate"]["64"]["WebSocket"]["errors"] = 7
        text = "\n".join(tables.readme(report))
        self.assertIn("| **WebSocket** | 1.20 | - | - | - |", text)
        self.assertIn("Requests failed: WebSocket at 64 (7).", text)

    def test_the_table_takes_the_place_between_its_marks(self):
        lines = tables.readme(report_of(yardstick=10, ws=12))
        text = f"a\n{tables.BEGIN}\nold\n{tables.END}\nb\n"
        new = tables.put_into(text, lines)
        self.assertEqual(new, "\n".join(["a", *lines, "b", ""]))
        self.assertEqual(tables.put_into(new, lines), new)
        self.assertIn("| **WebSocket** | 1.20 |", new)
        self.assertIn("not installed: frp", " ".join(lines))
        with self.assertRaises(ValueError):
            tables.put_into("no marks", lines)

    def test_the_document_tells_what_failed(self):
        report = report_of(yardstick=10, ws=12)
        report["failed"]["tls"] = "RuntimeError: no"
        document = tables.document(report)
        self.assertIn("**tls failed**: RuntimeError: no", document)
        self.assertIn("## 64 visitors", document)

    def test_the_readme_has_its_marks(self):
        text = (TOP / "README.md").read_text()
        self.assertEqual([text.count(mark) for mark in (tables.BEGIN,
                                                        tables.END)], [1, 1])


class Pictures(unittest.TestCase):
    def test_they_are_svg_whatever_is_missing(self):
        made = pictures.of(report_of(yardstick=10, ws=12, grpc=3))
        made["bars"] = plots.bars("<t>", "n", "l", ["a & b", "c"],
                                  {"x": [1, None], "y": [None, None]})
        made["none"] = plots.lines("t", "n", "l", ["1"], {"x": [None]})
        self.assertEqual({*made}, {"rate", "p99", "cpu", "bars", "none"})
        for name, text in made.items():
            with self.subTest(name):
                root = ElementTree.fromstring(text)
                self.assertTrue(root.tag.endswith("svg"))
                self.assertIn("prefers-color-scheme: dark", text)


class Costs(unittest.TestCase):
    def test_children_count_with_their_parents(self):
        child = subprocess.Popen(["sh", "-c", "sleep 60 & wait"],
                                 start_new_session=True)
        try:
            wait_until(lambda: len(family([child.pid])) == 2, "a grandchild")
            self.assertGreater(memory(child.pid), 0)
            self.assertGreater(switches(child.pid), 0)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.assertEqual((family([child.pid]), cpu_seconds(child.pid)), ({}, 0))

    def test_bodies_go_both_ways(self):
        port = bulk.HttpTarget().port
        for arguments in (("down", 300_000), ("up", 300_000),
                          ("down", 10_000, 16)):
            self.assertGreater(bulk.http(port, *arguments), 0)
        self.assertGreater(bulk.raw(bulk.RawTarget().port, "down", 1000), 0)
        self.assertGreater(bulk.raw(bulk.RawTarget().port, "up", 1000), 0)


class Places(unittest.TestCase):
    def test_cores_are_shared_out(self):
        self.assertEqual(str(Cores.parse("0,1:2")), "0,1:2")
        self.assertIsNone(Cores.parse("none").load)
        halves = Cores.parse("auto")
        if len(os.sched_getaffinity(0)) > 1:
            self.assertTrue(halves.load and halves.hops)
            self.assertFalse(halves.load & halves.hops)
        with self.assertRaises(ValueError):
            Cores.parse("0")

    def test_functions_lose_what_is_around_their_name(self):
        self.assertEqual(bare_name("void a::b<c(d)>::e(f, g<h>)"), "a::b::e")


if __name__ == "__main__":
    unittest.main()
