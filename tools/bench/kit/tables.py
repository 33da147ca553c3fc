"""The figures as Markdown: all of them, and the table of the README."""

import re

from .rounds import FIELDS
from .ways import TRANSPORTS, YARDSTICK

OURS = tuple(TRANSPORTS.values())
SCENES = {"close": "a new connection for each request, 64 visitors",
          "tls": "TLS on both legs, 64 visitors",
          "http2": "HTTP/2 over TLS, 64 streams of one connection"}
BULK = {"down": "one download", "sixteen": "16 downloads", "up": "one upload"}
BEGIN, END = "<!-- tools/bench/suite --readme -->", "<!-- its end -->"
LOADS = ("wrk", "h2load")
MARGIN = 1.02  # what is within is as good


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|",
            *("| " + " | ".join(map(str, row)) + " |" for row in rows)]


def short(value):
    """A figure with three digits that count."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _measured(result, fields):
    """Rows of medians with ratios."""
    cell = lambda row, key: (
        "-" if key not in row else short(row[key])
        + (f" ({row['ratio'][key]:.2f})" if key in row["ratio"] else ""))
    return table(["", *fields.values(), "errors"], (
        [name, *(cell(row, key) for key in fields), row["errors"]]
        for name, row in result.items()))


def _counted(counts):
    rows = []
    for name, roles in counts.items():
        for role, found in roles.items():
            rows.append([name, role, short(found.get("instructions")),
                         short(found.get("allocations")),
                         short(sum(found["system_calls"].values())),
                         short(found["switches"])])
    return table(["", "", "instructions", "allocations", "system calls",
                  "switches of context"], rows)


def _idle(idle):
    rows = [[f"all hops, {name}, without visitors",
             f"{row['mib'] * 1024:,.0f}", ""]
            for name, row in idle["visitors"].items()]
    rows += [[f"a visitor, {name}", f"{row['kib']:.1f}", f"{row['cpu']:.1f}"]
             for name, row in idle["visitors"].items()]
    for name, roles in idle["connections"].items():
        rows += [[f"a pooled connection, {name}, {role}", f"{row['kib']:.1f}",
                  f"({row['cpu']:.2%} of a core, the whole pool)"]
                 for role, row in roles.items()]
    row = idle["endpoint"]
    rows.append(["an endpoint with a connection, node", f"{row['kib']:.1f}",
                 f"{row['cpu']:.1f}"])
    return table(["at rest", "KiB", "us of CPU a second"], rows)


def origin_of(report, tools=True):
    """A sentence about where the figures come from."""
    made = report["made"]
    broken = report.get("broken", {})
    versions = ", ".join(f"{name} {number}" for name, number in
                         {**made["versions"], **report["peers"]}.items()
                         if number and name not in broken
                         and (tools or name not in LOADS))
    absent, broken = ", ".join(report["absent"]), ", ".join(broken)
    return (f"{made['date'][:10]}, commit {made['commit']}, {made['cores']} "
            f"cores ({made['processor']}), load {made['load_before']} before "
            f"and {made['load_after']} after; {versions}"
            + (f"; not installed: {absent}" if absent else "")
            + (f"; not to be started: {broken}" if broken else "") + ".")


def document(report):
    """All that was measured."""
    options = report["options"]
    out = ["# What APS costs", "", origin_of(report), "",
           f"Medians of {options['rounds']} interleaved rounds of "
           f"{options['seconds']} s, of the scenes 1 s; in brackets those of "
           "the ratios to "
           f"{YARDSTICK} in the same rounds. Load and origin on one part of "
           f"the cores, what is measured on another ({options['cores']}); all "
           "hops' CPU and switches."]
    for visitors, result in report.get("rate", {}).items():
        out += ["", f"## {visitors} visitors", "", *_measured(result, FIELDS)]
    for scene, title in SCENES.items():
        if scene in report:
            out += ["", f"## {title[0].upper()}{title[1:]}", "",
                    *_measured(report[scene], FIELDS)]
    if "bulk" in report:
        out += ["", "## Bulk, MB/s", "", *_measured(report["bulk"], BULK)]
    if "counts" in report:
        out += ["", "## Counts per request, 64 visitors", "",
                *_counted(report["counts"])]
    if "idle" in report:
        out += ["", "## At rest", "", *_idle(report["idle"])]
    if "recovery" in report:
        out += ["", "## All links cut at once, ms until the next answer", "",
                *table(["", "median", "worst", "failed"], (
                    [name, short(row["ms"]), short(row["worst"]),
                     row["errors"]]
                    for name, row in report["recovery"].items()))]
    if report.get("parts"):
        out += ["", "## Parts by themselves, ns", "", *table(
            ["", "ns"], ([name, short(row["ns"])]
                         for name, row in report["parts"].items()))]
    for name, problem in report.get("broken", {}).items():
        out += ["", f"{name} is not among them: {problem}"]
    for section, problem in report["failed"].items():
        out += ["", f"**{section} failed**: {problem}"]
    return "\n".join(out) + "\n"


def columns(report):
    """Of the README: (heading, by way (ratio, figure), less is better)."""
    # Where requests failed, the others' figures say nothing.
    pick = lambda result, key: {
        name: (None, None) if row["errors"]
        else (row["ratio"].get(key), row.get(key))
        for name, row in result.items()}
    rate = report.get("rate", {})
    out = [(f"at {visitors}", pick(result, "rps"), False)
           for visitors, result in rate.items()]
    if some := rate.get("64"):
        out += [("p99 at 64", pick(some, "p99"), True),
                ("CPU at 64", pick(some, "cpu"), True)]
    out += [(title, pick(report[key], "rps"), False) for key, title in (
        ("close", "new conn."), ("tls", "TLS"), ("http2", "HTTP/2"))
        if key in report]
    if "bulk" in report:
        out += [(title, pick(report["bulk"], key), False) for key, title in (
            ("down", "down"), ("sixteen", "16 down"), ("up", "up"))]
    return out


def ahead(columns_):
    """Who beats every transport of ours, and at what."""
    found, all_ = {}, {}
    for title, by_way, less in columns_:
        worth = lambda ratio: 1 / ratio if less else ratio
        ours = [worth(by_way[name][0]) for name in OURS
                if by_way.get(name, (None,))[0]]
        for name, (ratio, _) in by_way.items():
            if not ours or not ratio or name in OURS:
                continue
            all_.setdefault(name, []).append(title)
            if worth(ratio) > max(ours) * MARGIN:
                found.setdefault(name, []).append(title)
    if not found:
        return "Nobody is ahead of every transport of APS."
    return "Ahead of every transport of APS: " + "; ".join(
        f"{name} ({_places(titles, all_[name])})"
        for name, titles in found.items()) + "."


def _places(titles, all_):
    """These of all, in as few words as there are."""
    rest = [title for title in all_ if title not in titles]
    if not rest:
        return "everywhere"
    return (f"all but {', '.join(rest)}" if len(rest) < len(titles) / 2
            else ", ".join(titles))


def failures(report):
    """Whose requests failed, and where; empty = nobody's."""
    results = {f"at {visitors}": result
               for visitors, result in report.get("rate", {}).items()}
    results.update({SCENES[scene]: report[scene] for scene in SCENES
                    if scene in report})
    found = [f"{name} {title} ({row['errors']:,})"
             for title, result in results.items()
             for name, row in result.items() if row["errors"]]
    return f"Requests failed: {', '.join(found)}." if found else ""


def readme(report, width=110):
    """The lines between the two marks."""
    cells = columns(report)
    names = [name for name in cells[0][1]]
    recovery = report.get("recovery", {})
    absolute = lambda title, figure: (
        f"{figure:,.0f} us" if title.startswith(("p99", "CPU"))
        else f"{figure:,.0f}/s" if "down" not in title and title != "up"
        else f"{figure:,.0f} MB/s")
    rows = []
    for name in names:
        row = [f"**{name}**" if name in OURS else name]
        for title, by_way, _ in cells:
            ratio, figure = by_way.get(name, (None, None))
            row.append("-" if ratio is None else
                       absolute(title, figure) if name == YARDSTICK
                       else f"{ratio:.2f}")
        if recovery:
            found = recovery.get(name)
            row.append(f"{found['ms']:.0f} ms" if found else "-")
        rows.append(row)
    head = ["", *(title for title, _, _ in cells)]
    head += ["links cut"] if recovery else []
    return [BEGIN, *table(head, rows), "",
            *wrapped(" ".join([ahead(cells), failures(report),
                               origin_of(report, False)]), width), END]


def wrapped(text, width):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def put_into(text, lines):
    """A text with these lines in place of those from mark to mark."""
    pattern = re.compile(re.escape(BEGIN) + r"\n.*?" + re.escape(END), re.S)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"there is no {BEGIN} with {END} behind it")
    return pattern.sub(lambda _: "\n".join(lines), text)
