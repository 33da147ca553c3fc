"""What a fixed number of requests costs, in counts that noise does not move."""

import pathlib
import tempfile

from lab.nginx import http_hop

from . import load
from .callgrind import Callgrind
from .costs import switches, system_calls
from .ways import wait_for_answer

PROGRAMS = {"node": "aps", "agent": "aps-endpoint"}
WARM = 1000  # requests before anything is counted


def under_callgrind(programs, folder, watched, callgrind):
    """A folder with the programs, that of the role `watched` being counted."""
    made = pathlib.Path(tempfile.mkdtemp(dir=folder))
    for role, name in PROGRAMS.items():
        real = pathlib.Path(programs).resolve() / name
        if role != watched:
            (made / name).symlink_to(real)
            continue
        words = " ".join(callgrind.command(real))
        (made / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (made / name).chmod(0o755)
    return made


class Counter:
    """Counts over `ways` what `requests` of so many visitors take."""

    def __init__(self, ways, origin, visitors, requests):
        self.ways, self.origin = ways, origin
        self.visitors, self.requests = visitors, requests

    def load(self, way, requests=None):
        load.fixed(way.port, self.visitors, requests or self.requests)

    def pair(self, transport, programs=None):
        way = self.ways.aps(f"counted {transport}", transport, self.origin,
                            programs=programs, wait=False)
        wait_for_answer(lambda: load.answers(way.port), transport)
        return way

    def instructions(self, transport, role):
        """Of node or agent, per request, by part, and allocations."""
        callgrind = Callgrind(self.ways.folder
                              / f"callgrind-{transport}-{role}")
        way = self.pair(transport, under_callgrind(
            self.ways.programs, self.ways.folder, role, callgrind))
        return self.loaded(way, role, callgrind)

    def nginx(self):
        """The same of one hop of nginx, as the only process that it is then."""
        callgrind = Callgrind(self.ways.folder / "callgrind-nginx")
        hop = http_hop(self.ways.folder, "counted-hop", self.origin,
                       before="master_process off;")
        hop.argv[:1] = callgrind.command(hop.argv[0])
        self.ways.measure(hop)
        return self.loaded(self.ways.add("counted nginx", hop.port, hop=hop),
                           "hop", callgrind)

    def loaded(self, way, role, callgrind):
        """Loads the way while callgrind counts, and ends it."""
        self.load(way, WARM)
        pid = way.hops[role].pid
        callgrind.switch("on", pid)
        self.load(way)
        callgrind.switch("off", pid)
        self.ways.close(way)
        return callgrind.per_request(self.requests)

    def calls(self, way):
        """System calls and switches of context per request, by role."""
        self.load(way, WARM)
        before = {role: switches(one.pid) for role, one in way.hops.items()}
        self.load(way)
        out = {role: {"switches": round((switches(one.pid) - before[role])
                                        / self.requests, 2)}
               for role, one in way.hops.items()}
        for role, one in way.hops.items():
            counted = system_calls([one.pid], self.ways.folder,
                                   lambda: self.load(way))
            out[role]["system_calls"] = {
                name: round(count / self.requests, 2)
                for name, count in counted.items()
                if count > self.requests / 100}
        return out

    def transport(self, transport, kinds):
        """All that `kinds` ("instructions", "calls") asks for, by role."""
        out = {role: {} for role in PROGRAMS}
        if "instructions" in kinds:
            for role in PROGRAMS:
                out[role].update(self.instructions(transport, role))
        if "calls" in kinds:
            way = self.pair(transport)
            for role, more in self.calls(way).items():
                out[role].update(more)
            self.ways.close(way)
        return out
