#!/usr/bin/env python3
"""The figures of the tree beside what they shall become: how large folders
are, how much of the code is pronouns, flags and shared pointers, what has a
test of its own name.

    tests/figures.py             the table, and which limits are broken
    tests/figures.py --untested  also the sources that have no test

Three of them have a limit, and a broken one fails: a folder has at most 30 C++
files, a class at most 8 boolean members, and a source with logic has a test of
the same stem. Logic is a function of more than five lines of code; the test is
a .cpp with test cases anywhere below `tests/` (not in the folder of another
part of the product), for a program in `tools/` test_STEM.py, too.

figures.json has what may break them: `known`, to be mended, with what is there
today exactly, so that it can only shrink; and `untested`, which needs no test
of its own name, with the reason. `protocols` says which sources name gRPC or
WebSocket and mean no transport between node and agent."""

import json
import pathlib
import re
import sys

from sources import PRODUCT, ROOT, blocks, booleans, code, files, lines_of

EXCEPTIONS = pathlib.Path(__file__).with_suffix(".json")
MOST_FILES = 30
MOST_BOOLEANS = 8
LOGIC_LINES = 5
TRANSPORT = re.compile(r"grpc|websocket|\bpoll_\w|_poll\b|transport_kind::poll")
OWN = re.compile(r"grpc|websocket|/poll/") # in the path of a transport's file


class Tree:
    """What the table needs of all C++ files, each read once."""

    def __init__(self, root):
        self.folders = {}
        self.booleans = {}
        self.stems = {}  # with logic, to the file
        self.tests = set()
        self.transports = {}  # who name one: stem, to the files
        self.lines = 0
        self.words = {}
        for file in files(root, *PRODUCT, "tests"):
            name = file.relative_to(root)
            folder = name.parent.as_posix()
            self.folders[folder] = self.folders.get(folder, 0) + 1
            text = file.read_text()
            if name.parts[0] != "tests":
                self._add(name, re.sub(r"^\s*#.*$", "", code(text), flags=re.M))
            elif "CAF_TEST(" in text:
                self.tests.add((name.parts[1], name.stem))
        for file in (root / "tests").rglob("test_*.py"):
            self.tests.add(("tools", file.stem[len("test_"):]))

    def _add(self, name, text):
        self.lines += lines_of(text)
        for word in re.findall(r"\b(?:what|who|where|how|shared_ptr)\b"
                               r"|\bassert(?=\()", text):
            self.words[word] = self.words.get(word, 0) + 1
        if not OWN.search(str(name)) and TRANSPORT.search(text):
            self.transports.setdefault(f"{name.parts[0]}/{name.stem}",
                                       []).append(str(name))
        for kind, head, begin, end in blocks(text):
            body = text[begin:end]
            if kind == "class":
                called = re.search(r"(?:class|struct|union)\s+(?:\w+::)*(\w+)",
                                   head)
                at = f"{name.parts[0]}/{called[1] if called else ''}"
                self.booleans[at] = max(self.booleans.get(at, 0),
                                        len(booleans(body)))
            elif name.suffix == ".cpp" and lines_of(body) > LOGIC_LINES:
                self.stems[f"{name.parts[0]}/{name.stem}"] = str(name)

    def per_1000(self, *words):
        return sum(self.words.get(w, 0) for w in words) * 1000 / self.lines

    def untested(self):
        """Part of the product and stem, so that a move inside changes none."""
        others = {part for part, _ in self.tests} - set(PRODUCT)
        return {stem for stem in self.stems
                if not any((part, stem.split("/")[1]) in self.tests
                           for part in others | {stem.split("/")[0]})}


def most(counts):
    name = max(counts, key=counts.get)
    return counts[name], name


def table(tree, protocols):
    """Rows of (figure, now, aim, which)."""
    named = sorted(file for stem, all in tree.transports.items()
                   if stem not in protocols for file in all)
    folder, flags = most(tree.folders), most(tree.booleans)
    stems, untested = len(tree.stems), len(tree.untested())
    return [
        ("C++ files in one folder, most", folder[0], "25", folder[1]),
        ("boolean members in one class, most", flags[0], "6", flags[1]),
        ("what, per 1000 lines of code", round(tree.per_1000("what"), 1), "5",
         ""),
        ("who, where, how", round(tree.per_1000("who", "where", "how"), 1),
         "2", ""),
        ("shared_ptr", round(tree.per_1000("shared_ptr"), 1), "8", ""),
        ("assert(", round(tree.per_1000("assert"), 1), ">= 2", ""),
        # 110 of the 141 that there were when this was set out.
        ("sources with logic and a test of their stem", stems - untested,
         f">= {round(stems * 110 / 141)}", f"of {stems}"),
        ("files that name a transport, its own ones apart",
         len(named), "6", " ".join(named)),
    ]


def beyond(counts, limit):
    return {name: count for name, count in counts.items() if count > limit}


def compared(kind, limit, now, known):
    """What differs from the known excesses, one line each."""
    for name in sorted({*now, *known}):
        is_, was = now.get(name), known.get(name)
        if was is None:
            yield f"{name}: {is_} {kind}, {limit} at most"
        elif is_ is None:
            yield (f"{name}: is within {limit} {kind} now; take it out of "
                   f"{EXCEPTIONS.name}")
        elif is_ > was:
            yield f"{name}: {is_} {kind}, more than the {was} known"
        elif is_ < was:
            yield (f"{name}: {is_} {kind}, fewer than before; write {is_} for "
                   f"{was} in {EXCEPTIONS.name}")


def faults(tree, exceptions):
    known = exceptions["known"]
    yield from compared("C++ files", MOST_FILES,
                        beyond(tree.folders, MOST_FILES), known["files"])
    yield from compared("boolean members", MOST_BOOLEANS,
                        beyond(tree.booleans, MOST_BOOLEANS),
                        known["booleans"])
    now = tree.untested()
    excused = {**exceptions["untested"], **dict.fromkeys(known["untested"], "")}
    for stem in sorted(now - set(excused)):
        yield (f"{tree.stems[stem]}: has logic and no test of its stem, e.g. "
               f"tests/{tree.stems[stem]}")
    for stem in sorted(set(exceptions["protocols"]) - set(tree.transports)):
        yield (f"{stem}: names no protocol any more; take it out of "
               f"{EXCEPTIONS.name}")
    for stem in sorted(set(excused) - now):
        yield (f"{stem}: has a test now, or no logic; take it out of "
               f"{EXCEPTIONS.name}")


def main(arguments):
    if set(arguments) - {"--untested"}:
        print(__doc__)
        return 2
    tree = Tree(ROOT)
    exceptions = json.loads(EXCEPTIONS.read_text())
    print(f"{'figure':<50}{'now':>6}  {'aim':<7}")
    for figure, now, aim, which in table(tree, exceptions["protocols"]):
        print(f"{figure:<50}{now:>6}  {aim:<7}{which}".rstrip())
    if arguments:
        for stem in sorted(tree.untested()):
            print(f"{tree.stems[stem]}: no test of its stem")
    found = [*faults(tree, exceptions)]
    for line in found:
        print(line)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
