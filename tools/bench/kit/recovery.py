"""How long visitors wait when all links are cut at once."""

import http.client
import statistics
import time

from lab.deployment import Agent, Node, node_config
from lab.fault_proxy import FaultProxy
from lab.processes import wait_until

from .ways import HOST, TRANSPORTS

_PATIENCE = 30  # s


def _ask(connection):
    connection.request("GET", "/", headers={"Host": HOST})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def recovery(ways, transport, origin, cuts):
    """Links that are cut `cuts` times, all of them at once: ms from each cut
    until a request that starts right then has its answer, and how many
    requests failed."""
    config = node_config(f"http://127.0.0.1:{origin}", {
        "io": {"threads": 1}, "log": {"level": "error"}})
    node = ways.measure(Node(ways.programs, ways.folder, config,
                             f"node-cut-{transport}"))
    proxy = FaultProxy(node.port)
    try:
        ways.measure(Agent(ways.programs, ways.folder, proxy.port, transport,
                           f"agent-cut-{transport}",
                           flags=("-threads", "1", "-log-level", "error")))
        node.wait_for_agent(transport)
        return _cut(node, proxy, transport, cuts)
    finally:
        proxy.close()


def _cut(node, proxy, transport, cuts):
    visitor = http.client.HTTPConnection("127.0.0.1", node.port,
                                         timeout=_PATIENCE)
    wait_until(lambda: _ask(visitor) == 200, "an answer")
    waits, failed = [], 0
    for _ in range(cuts):
        proxy.reset()
        begun = time.monotonic()
        failed += _ask(visitor) != 200
        waits.append((time.monotonic() - begun) * 1000)
        node.wait_for_agent(transport)  # all of them are back
        time.sleep(0.2)  # or the next is no first failure
    visitor.close()
    return {"ms": statistics.median(waits), "worst": max(waits),
            "errors": failed, "rounds": waits}


def all_transports(ways, transports, origin, cuts):
    return {TRANSPORTS[transport]: recovery(ways, transport, origin, cuts)
            for transport in transports}
