"""What is measured: ports, and the programs behind them."""

import contextlib
import json
import os
import pathlib
import subprocess
from dataclasses import dataclass, field

from lab.deployment import Agent, Node, node_config
from lab.nginx import http_hop, http_origin
from lab.processes import wait_until
from lab.testca import Authority

YARDSTICK = "nginx -> nginx"
ONE_HOP = "one nginx"
TRANSPORTS = {"ws": "WebSocket", "grpc": "gRPC", "poll": "polling"}
HOST = "example.com"


@dataclass
class Way:
    """One of them: `hops` are its programs by role, without the origin."""
    name: str
    port: int
    hops: dict = field(default_factory=dict)

    @property
    def pids(self):
        return [program.pid for program in self.hops.values()]


@dataclass(frozen=True)
class Cores:
    """Where load and origins run, and where what is measured does; None =
    wherever the system likes."""
    load: frozenset | None = None
    hops: frozenset | None = None

    @classmethod
    def parse(cls, text):
        """"0:1", "0,1:2,3", "none" or "auto": one half for each."""
        if text == "none":
            return cls()
        if text == "auto":
            cores = sorted(os.sched_getaffinity(0))
            half = len(cores) // 2
            return (cls(frozenset(cores[:half]), frozenset(cores[half:]))
                    if half else cls())
        load, hops = (frozenset(map(int, part.split(",")))
                      for part in text.split(":"))
        return cls(load, hops)

    @contextlib.contextmanager
    def measured(self):
        """What this thread starts meanwhile runs where the hops do."""
        if not self.hops:
            yield
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.hops)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def __str__(self):
        part = lambda cores: ",".join(map(str, sorted(cores)))
        return (f"{part(self.load)}:{part(self.hops)}" if self.load else "none")


class Ways:
    """Starts them, and stops all at the end: a context manager. `programs` is
    the folder of ours; with `tls` visitors come over TLS, and so do the legs
    behind them; with `http2` visitors of nginx may speak that."""

    def __init__(self, programs, folder, cores=Cores(), tls=False, http2=False):
        self.programs = pathlib.Path(programs)
        self.folder = pathlib.Path(folder)
        os.chmod(folder, 0o755)  # nginx's worker may be another user
        self.cores, self.tls, self.http2 = cores, tls, http2
        self.all, self._running = {}, []
        if cores.load:
            os.sched_setaffinity(0, cores.load)
        if tls:
            self.authority = Authority(self.folder / "ca")
            self.pair = self.authority.issue("example", (HOST, "127.0.0.1"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self._running):
            program.stop()

    def run(self, program):
        """Starts what is no part of a way, an origin, say."""
        self._running.append(program)
        return program.start()

    def measure(self, program):
        """Starts a hop."""
        with self.cores.measured():
            return self.run(program)

    def add(self, name, port, **hops):
        self.all[name] = Way(name, port, hops)
        return self.all[name]

    def origin(self, body=2):
        """The port of one that answers with so many bytes."""
        return self.run(http_origin(self.folder, body=body)).port

    def nginx_twice(self, origin, name=YARDSTICK):
        pair = self.pair if self.tls else None
        middle = self.measure(http_hop(self.folder, f"middle-{origin}", origin,
                                       pair))
        front = self.measure(http_hop(self.folder, f"front-{origin}",
                                      middle.port, pair, self.tls, self.http2))
        return self.add(name, front.port, front=front, middle=middle)

    def nginx_once(self, origin, name=ONE_HOP):
        hop = self.measure(http_hop(
            self.folder, f"hop-{origin}", origin,
            self.pair if self.tls else None, False, self.http2))
        return self.add(name, hop.port, hop=hop)

    def aps(self, name, transport, origin, changes=None, programs=None,
            mapping=None, wait=True):
        """Node and agent; `changes` to the configuration, `mapping` to that of
        the host. Without `wait` the agent may still be dialling."""
        config = node_config(f"http://127.0.0.1:{origin}", {
            "io": {"threads": 1}, "log": {"level": "warning"},
            # All visitors come from one address, which stands for many.
            "limits": {"address_share": 100}, **(changes or {})})
        config["mappings"][0].update(mapping or {})
        flags = ["-threads", "1", "-log-level", "warning"]
        if self.tls:
            config["servers"]["main"]["tls"] = {
                "cert": str(self.pair.cert), "key": str(self.pair.key)}
            config["mappings"][0]["from"] = f"https://{HOST}"
            flags += ["-tls", "-ca", str(self.authority.cert)]
        if programs and not self._checks(programs, config):
            del config["limits"] # a former release, which had none
        programs = programs or self.programs
        label = name.replace(" ", "-")
        node = self.measure(Node(programs, self.folder, config,
                                 f"node-{label}"))
        agent = self.measure(Agent(programs, self.folder, node.port, transport,
                                   f"agent-{label}", flags=flags))
        if wait:
            node.wait_for_agent(transport)
        return self.add(name, node.port, node=node, agent=agent)

    def _checks(self, programs, config):
        file = pathlib.Path(self.folder) / "check.json"
        file.write_text(json.dumps(config))
        return subprocess.run(
            [pathlib.Path(programs) / "aps", "-check", "-config", file],
            capture_output=True).returncode == 0

    def usual(self, origin, transports):
        """The yardstick, one hop, and ours over each transport."""
        self.nginx_twice(origin)
        self.nginx_once(origin)
        for transport in transports:
            self.aps(TRANSPORTS[transport], transport, origin)
        return self.all

    def close(self, way):
        """Ends one before the others."""
        for program in reversed(list(way.hops.values())):
            program.stop()
            self._running.remove(program)
        del self.all[way.name]


def wait_for_answer(answers, name, seconds=60):
    """Until the path behind a way is there; `answers()` tries it."""
    wait_until(answers, f"an answer through {name}", seconds)
