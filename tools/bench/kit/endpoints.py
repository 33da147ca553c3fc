"""A node with many endpoints, whose connections answer pings and do nothing
else."""

import os
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3]
                    / "tests" / "integration"))

from lab.deployment import PASSWORD, Node, node_config
from swarm import Swarm, joined
from tunnel_peer import derived_key

from .costs import cpu_seconds

FIRST = 20  # what grows once only


def _join(node, swarm, key, begin, end):
    for number in range(begin, end):
        swarm.add(joined(node, tunnel="tunnel1", key=key,
                         endpoint=f"e{number}", session=os.urandom(16)))


def at_rest(ways, count, settle, seconds):
    """What each of `count` endpoints with one connection costs the node: KiB,
    and us of CPU a second once it had `settle` s to come to rest."""
    config = node_config("http://127.0.0.1:9", {
        "io": {"threads": 1}, "log": {"level": "error"}, "tunnels": {
            "tunnel1": {"max_endpoints": count + FIRST,
                        "websocket_pool": {"pool_size": 1,
                                           "max_pool_size": 1}}}})
    node = ways.measure(Node(ways.programs, ways.folder, config, "node-crowd"))
    swarm = Swarm()
    swarm.start()
    key = derived_key("tunnel1", PASSWORD)
    try:
        _join(node, swarm, key, 0, FIRST)
        before = node.memory("VmRSS")
        _join(node, swarm, key, FIRST, FIRST + count)
        grown = node.memory("VmRSS") - before
        time.sleep(settle)
        spent = cpu_seconds(node.pid)
        time.sleep(seconds)
        spent = cpu_seconds(node.pid) - spent
        if swarm.lost:
            raise RuntimeError(f"{swarm.lost} connections were lost")
    finally:
        swarm.stop()
    return {"kib": grown / 1024 / count,
            "cpu": spent * 1e6 / seconds / (count + FIRST)}

