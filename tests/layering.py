#!/usr/bin/env python3
"""Who may include whom (README, "How the code is laid out"), that every
completion handler of a connection is guarded (transports/net/guard.hpp), that no
text points to a document that a reader of the tree does not have, and that no
line of the log brings a tag of its own."""

import pathlib
import re
import sys

from sources import ROOT, balanced

ASIO = r"boost/(asio|beast)|grpcpp?/|google/protobuf"
CAF = r"caf/"
FORBIDDEN = {
    "config": [ASIO, CAF, r"actors/", r"transports/", r"tools/"],
    "transports/seam": [ASIO, CAF, r"actors/", r"tools/", r"config/",
                        r"transports/(?!seam/)"],
    "transports": [CAF, r"actors/", r"tools/"],
    "actors/policy": [ASIO, CAF, r"actors/(?!policy/)"],
    "actors": [ASIO, r"transports/(?!seam/)", r"tools/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)


def violations():
    for folder, patterns in FORBIDDEN.items():
        for file in sorted((ROOT / folder).rglob("*.[hc]pp")):
            for name in INCLUDE.findall(file.read_text()):
                for pattern in patterns:
                    if re.match(pattern, name):
                        yield f"{file.relative_to(ROOT)}: includes {name}"
    for file in sorted(ROOT.glob("actors/**/*.[hc]pp")):
        if file.name != "compat.hpp" and "CAF_VERSION" in file.read_text():
            yield f"{file.relative_to(ROOT)}: CAF versions belong in compat.hpp"


# They own no connection: the unit's own loop takes what they throw.
UNGUARDED = {"transports/net/io_unit.cpp", "transports/net/names/dns.cpp",
             "transports/net/byte_stream.hpp",
             "transports/net/early_socket.hpp"}


def unguarded():
    for file in sorted((ROOT / "transports").rglob("*.[hc]pp")):
        name = str(file.relative_to(ROOT))
        if name in UNGUARDED:
            continue
        text = file.read_text()
        for found in re.finditer(r"[.>:]async_\w+\(", text):
            if "guard(" not in balanced(text, found.start()):
                line = text.count("\n", 0, found.start()) + 1
                yield f"{name}:{line}: a handler without guard()"


SOURCES = {".hpp", ".cpp", ".py", ".js", ".mjs", ".proto", ".md"}
FOLDERS = ("actors", "config", "proto", "tests", "tools", "transports")
DOCUMENT = re.compile(r"(?<![\w/.:*-])[\w./-]*\w\.md\b")
# A numbered part of a document without a name: only standards have those.
SECTION = re.compile(r"\b[A-Z]{5,} (?:\d+\.)*\d+(?=[):;,.]|$| and \d)", re.M)


def texts():
    """What is written for readers; not what npm or Python put beside it."""
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if (file.is_file() and file.suffix in SOURCES
                    and file != pathlib.Path(__file__).resolve()
                    and "node_modules" not in file.parts):
                yield file
    yield from sorted(ROOT.glob("*.md"))


def outside():
    for file in texts():
        text = file.read_text(errors="replace")
        for found in DOCUMENT.finditer(text):
            part = ROOT / file.relative_to(ROOT).parts[0]
            if not any((folder / found[0]).exists()
                       for folder in (file.parent, part, ROOT)):
                yield _at(file, text, found, "is not in this tree")
        for found in SECTION.finditer(text):
            yield _at(file, text, found, "is a part of no file here")


def _at(file, text, found, wrong):
    line = text.count("\n", 0, found.start()) + 1
    return f"{file.relative_to(ROOT)}:{line}: {found[0]} {wrong}"


def untagged():
    """A component's log (actors/watch/component_log.hpp) writes the tag."""
    for folder in ("actors", "tools"):
        for file in sorted((ROOT / folder).rglob("*.[hc]pp")):
            text = file.read_text()
            for found in re.finditer(r'"\[[A-Z]+(-[A-Z]+)*\]', text):
                yield _at(file, text, found, "is a tag by hand")


def checked_elsewhere():
    """CAF's checks are for the thread of the test; a peer of its own has
    another one."""
    for file in sorted((ROOT / "tests").rglob("*.cpp")):
        text = file.read_text()
        for found in re.finditer(r"\(wire& \w+\) \{", text):
            body = balanced(text, found.start(), "{}")
            if re.search(r"\bCAF_(CHECK|REQUIRE|FAIL)", body):
                yield _at(file, text, found, "checks on a thread of its own")


found = [*violations(), *unguarded(), *outside(), *untagged(),
         *checked_elsewhere()]
for line in found:
    print(line)
print(f"{len(found)} violations")
sys.exit(bool(found))
