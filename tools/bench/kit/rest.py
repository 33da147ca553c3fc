"""What costs although nothing happens: visitors and connections of agents at
rest."""

import pathlib
import socket
import time

from lab.deployment import Agent, Node, node_config
from lab.processes import wait_until

from .costs import cpu_seconds, memory
from .ways import HOST

POOLS = {"ws": "websocket_pool", "grpc": "grpc_pool"}
NAMES = {"ws": "WebSocket", "grpc": "gRPC"}
_ASK = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def _resting(port):
    """A visitor that has its answer and keeps its connection."""
    visitor = socket.create_connection(("127.0.0.1", port), timeout=30)
    visitor.sendall(_ASK)
    got = b""
    while b"\r\n\r\n" not in got:
        more = visitor.recv(4096)
        if not more:
            raise RuntimeError("a visitor got no answer")
        got += more
    if not got.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a visitor got {got[:40]}")
    return visitor


def visitors(way, count, seconds):
    """What so many at rest cost all hops together: KiB each, and us of CPU a
    second each; and MiB of the hops before they came."""
    first = [_resting(way.port) for _ in range(20)]  # what grows once only
    before = memory(*way.pids)
    more = [_resting(way.port) for _ in range(count)]
    grown = memory(*way.pids) - before
    time.sleep(1)
    spent = cpu_seconds(*way.pids)
    time.sleep(seconds)
    spent = cpu_seconds(*way.pids) - spent
    for visitor in first + more:
        visitor.close()
    return {"mib": before / 2**20, "kib": grown / 1024 / count,
            "cpu": spent * 1e6 / seconds / (count + len(first))}


class Pool:
    """An agent's connections over one transport, with or without TLS."""

    def __init__(self, programs, folder, transport, authority=None, rest=25):
        self.programs, self.folder = programs, pathlib.Path(folder)
        self.transport, self.authority, self.rest = transport, authority, rest

    def _programs(self, size):
        pool = {"pool_size": size, "max_pool_size": size, "idle_timeout": 3600}
        config = node_config("http://127.0.0.1:9", {
            "io": {"threads": 1}, "log": {"level": "warning"},
            "tunnels": {"tunnel1": {POOLS[self.transport]: pool}}})
        flags = ["-threads", "1", "-log-level", "warning"]
        if self.authority:
            pair = self.authority.issue("node", ("127.0.0.1",))
            config["servers"]["main"]["tls"] = {"cert": str(pair.cert),
                                                "key": str(pair.key)}
            flags += ["-tls", "-ca", str(self.authority.cert)]
        node = Node(self.programs, self.folder, config).start()
        return node, Agent(self.programs, self.folder, node.port,
                           self.transport, flags=flags)

    def sample(self, size, seconds=3):
        """Resident KiB and CPU s per s of node and agent, with such a pool."""
        node, agent = self._programs(size)
        try:
            agent.start()
            wait_until(lambda: sum(node.connections()) >= size,
                       f"{size} connections", 120)
            time.sleep(self.rest)
            before = [cpu_seconds(each.pid) for each in (node, agent)]
            time.sleep(seconds)
            return [(each.memory("VmRSS") / 1024,
                     (cpu_seconds(each.pid) - spent) / seconds)
                    for each, spent in zip((node, agent), before)]
        finally:
            agent.stop()
            node.stop()

    def measure(self, connections):
        """By how much each connection beyond the first grows node and agent,
        and the CPU time that each process takes at rest."""
        small, large = self.sample(1), self.sample(connections)
        more = connections - 1
        return {name: {"kib": (there[0] - here[0]) / more, "cpu": there[1]}
                for name, here, there in zip(("node", "agent"), small, large)}
