"""Which plots there are of a report."""

from . import plots
from .tables import BULK, OURS, YARDSTICK


def _ratios(results, *keys):
    """By way, ours first, the ratio of the key in each of these results, or of
    each key in the one result; None = not measured, or requests failed."""
    names = list(dict.fromkeys(name for result in results for name in result
                               if name != YARDSTICK))
    names.sort(key=lambda name: name not in OURS)
    sound = lambda row: {} if row.get("errors") else row.get("ratio", {})
    return {name: [sound(result.get(name, {})).get(key)
                   for result in results for key in keys] for name in names}


def of(report):
    """SVG by name of the file."""
    out, note = {}, f"ratio to {YARDSTICK} in the same rounds"
    rate = report.get("rate", {})
    for key, name, title in (
            ("rps", "rate", "Requests a second (more is better)"),
            ("p99", "p99", "Latency, 99th percentile (less is better)"),
            ("cpu", "cpu", "CPU a request, all hops (less is better)")):
        if rate:
            series = _ratios(list(rate.values()), key)
            out[name] = plots.lines(title, note, "visitors", list(rate), series,
                                    [way for way in series if way not in OURS])
    scenes = {"close": "new connections", "tls": "TLS on both legs",
              "http2": "HTTP/2"}
    there = [name for name in scenes if name in report]
    if there:
        out["scenes"] = plots.bars(
            "Requests a second at 64 (more is better)", note, "",
            [scenes[name] for name in there],
            _ratios([report[name] for name in there], "rps"))
    if "bulk" in report:
        out["bulk"] = plots.bars("MB/s (more is better)", note, "",
                                 list(BULK.values()),
                                 _ratios([report["bulk"]], *BULK))
    return out
