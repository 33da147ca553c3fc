#!/usr/bin/env python3
"""A fourth transport, "memory", as somebody would add it: its kind, its row and
the row of its pools, written into copies of the three files that have them.
With the copies before the tree in the list of includes the rest of node and
agent is compiled as it is, so nothing else has to know of it.

    added.py OUT   writes the copies below OUT

What else a transport has, its link, its door and its dial, is the simulation's
here (world.cpp): queues instead of sockets."""

import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]

# By file, what stands there once, and what becomes of it.
ADDED = {
    "transports/seam/frame.hpp": [
        ("poll = 3 };", "poll = 3, memory = 4 };"),
        ("last_transport = transport_kind::poll;",
         "last_transport = transport_kind::memory;"),
        ('    case transport_kind::poll: return "poll";\n',
         '    case transport_kind::poll: return "poll";\n'
         '    case transport_kind::memory: return "memory";\n'),
    ],
    "actors/base/transports.hpp": [
        ("   .last_resort = true,\n   .descriptors = 2},\n",
         "   .last_resort = true,\n   .descriptors = 2},\n"
         "  {.kind = transport_kind::memory,\n"
         '   .name = "memory",\n'
         '   .title = "memory",\n'
         '   .prefix = "mem-",\n'
         '   .word = "memory",\n'
         '   .note = "",\n'
         "   .watched = false,\n"
         "   .steered = true,\n"
         "   .last_resort = false,\n"
         "   .descriptors = 0},\n"),
    ],
    "config/pools.hpp": [
        ("{.pool_size = 1, .max_pool_size = 4}},\n});",
         "{.pool_size = 1, .max_pool_size = 4}},\n"
         '  {"memory_pool", "memory-pool", '
         "{.pool_size = 2, .max_pool_size = 5}},\n});"),
    ],
}


def changed(name):
    text = (TOP / name).read_text()
    for old, new in ADDED[name]:
        if text.count(old) != 1:
            sys.exit(f"{name}: has no place for a fourth transport as {old!r}")
        text = text.replace(old, new)
    return text


def main(out):
    for name in ADDED:
        file, text = out / name, changed(name)
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
