#!/usr/bin/env python3
"""Who may include whom (README, "How the code is laid out"), that every
completion handler of a connection is guarded (transports/net/guard.hpp), that no
text points to a document that a reader of the tree does not have, that no line
of the log brings a tag of its own, and that no two sources of a library give
one name to two things."""

import pathlib
import re
import sys

from sources import ROOT, balanced, files, hidden_names

ASIO = r"boost/(asio|beast)|grpcpp?/|google/protobuf"
CAF = r"caf/"
GRPC = r"grpcpp?/|google/protobuf"


def only(part, *rooms):
    """A pattern for all of `part` but these rooms of it."""
    return rf"{part}/(?!(?:{'|'.join(rooms)})/)"


# By folder, what neither it nor a folder inside may include. Rooms stand on
# those before them: seam, wire and net below every protocol, HTTP's language
# below its two ends, and no transport knows another.
FORBIDDEN = {
    "config": [ASIO, CAF, r"actors/", r"transports/", r"tools/"],
    "transports": [CAF, r"actors/", r"tools/"],
    "transports/seam": [ASIO, r"config/", only("transports", "seam")],
    "transports/wire": [ASIO, r"config/", only("transports", "wire", "seam")],
    "transports/net": [GRPC, only("transports", "net", "seam")],
    "transports/net/datagram": [only("transports", "net", "seam")],
    "transports/net/names": [only("transports", "net", "seam")],
    "transports/net/proxy": [only("transports", "net", "seam")],
    "transports/net/tls": [only("transports", "net", "seam")],
    "transports/http2": [GRPC, only("transports", "http2", "net", "seam")],
    "transports/http": [GRPC, only("transports", "http", "net", "seam")],
    "transports/front": [
        GRPC, only("transports", "front", "http", "http2", "net", "seam")],
    "transports/origin": [
        GRPC, only("transports", "origin", "http", "http2", "net", "seam")],
    "transports/tunnel": [
        r"config/(?!host\.hpp)", # but how hosts are written
        GRPC, only("transports", "tunnel", "http2", "wire", "net", "seam")],
    "transports/tunnel/grpc": [r"transports/tunnel/(?!grpc/)\w+/"],
    "transports/tunnel/poll": [GRPC, r"transports/tunnel/(?!poll/)\w+/"],
    "transports/tunnel/websocket": [
        GRPC, r"transports/tunnel/(?!websocket/)\w+/"],
    "actors": [ASIO, r"tools/", only("transports", "seam", "wire")],
    "actors/policy": [CAF, r"actors/(?!policy/)"],
    "actors/watch": [r"actors/(?:path|agent|admin)/"],
    "actors/base": [r"actors/(?:path|agent|admin)/"],
    "actors/path": [r"actors/(?:agent|admin)/"],
    "actors/agent": [r"actors/path/"],
    "actors/admin": [r"actors/(?:path|agent)/"],
}
# Rooms that may include, with those inside, what the folder around may not.
OWN = {"actors/admin/grpc": GRPC + r"|aps/admin/v1/"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)


def violations():
    for folder, patterns in FORBIDDEN.items():
        for file in sorted((ROOT / folder).rglob("*.[hc]pp")):
            own = next((OWN[str(room)] for room
                        in file.relative_to(ROOT).parents if str(room) in OWN),
                       r"(?!)")
            for name in INCLUDE.findall(file.read_text()):
                for pattern in patterns:
                    if re.match(pattern, name) and not re.match(own, name):
                        yield f"{file.relative_to(ROOT)}: includes {name}"
    for file in sorted(ROOT.glob("actors/**/*.[hc]pp")):
        if file.name != "compat.hpp" and "CAF_VERSION" in file.read_text():
            yield f"{file.relative_to(ROOT)}: CAF versions belong in compat.hpp"


# They own no connection: the unit's own loop takes what they throw.
UNGUARDED = {"transports/net/io_unit.cpp", "transports/net/names/dns.cpp",
             "transports/net/byte_stream.hpp",
             "transports/net/tls/tls_stream.hpp",
             "transports/tunnel/websocket/teardown.hpp"}


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


MENTION = re.compile(r"`([\w./-]+\.(?:[hc]pp|py|proto|mjs))`")


def mentioned():
    """A source that a document names lies where it says."""
    names = ["/" + str(file.relative_to(ROOT)) for folder in FOLDERS
             for file in (ROOT / folder).rglob("*") if file.is_file()
             and "node_modules" not in file.parts]
    for file in texts():
        if file.suffix != ".md" or file.name == "CHANGELOG.md":
            continue
        text = file.read_text()
        for found in MENTION.finditer(text):
            if not any(name.endswith("/" + found[1]) for name in names):
                yield _at(file, text, found, "is not in this tree")


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


# What is compiled together in releases (CMakeLists.txt, aps_library).
LIBRARIES = [("config",), ("actors",), ("transports/seam",), ("transports/net",),
             ("transports/wire",), ("transports/tunnel",),
             ("transports/http", "transports/front", "transports/origin")]


def alike():
    """Sources of one library share its unnamed namespace."""
    for folders in LIBRARIES:
        names = {}
        for file in files(ROOT, *folders, ending=".cpp"):
            for name in hidden_names(file.read_text()):
                names.setdefault(name, set()).add(str(file.relative_to(ROOT)))
        for name, where in names.items():
            if len(where) > 1:
                yield (f"{', '.join(sorted(where))}: {name.split('(')[0]} has "
                       "the same name in both")


found = [*violations(), *unguarded(), *outside(), *mentioned(), *untagged(),
         *checked_elsewhere(), *alike()]
for line in found:
    print(line)
print(f"{len(found)} violations")
sys.exit(bool(found))
