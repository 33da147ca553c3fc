"""What the tests of pools and agents share: stacks with a slow origin behind
a gate, and views of the statistics."""

import concurrent.futures
import json
import os
import threading
import time

from harness import Case, wait_until
from lab.gate_proxy import GateProxy
from slow_origin import SlowOrigin

POOL = {"ws": "websocket_pool", "grpc": "grpc_pool"}
KIND = {"ws": "ws", "grpc": "h2"}  # what the proxy calls it
NAME = {"ws": "websocket", "grpc": "grpc"}  # what the statistics call it


def pools_of(stats, transport=None, tunnel="tunnel1"):
    """All pools of a tunnel in the statistics, or those of a transport.

    Polling among others is the last resort: its pool stays behind without
    connections, and that is no lack."""
    return [pool for endpoint in stats["tunnels"][tunnel]["endpoints"]
            for pool in endpoint["pools"]
            if (pool["size"] > 0 or pool["transport"] != "poll"
                if transport is None
                else pool["transport"] == NAME[transport])]


def members_of(stats, transport=None):
    return [member for pool in pools_of(stats, transport)
            for member in pool["connections"]]


def sessions_of(stats, transport=None):
    """How many requests each session works on; 0 = it has connections."""
    out = {}
    for member in members_of(stats, transport):
        out.setdefault(member["session"], 0)
        out[member["session"]] += member["in_flight"]
    return out


def total(stats, key, transport=None):
    return sum(pool[key] for pool in pools_of(stats, transport))


def at_rest(stats):
    """No lease, no request, nobody who waits."""
    return (not any(pool["leases"] or pool["waiting"]
                    for pool in pools_of(stats))
            and not any(member["in_flight"] for member in members_of(stats))
            and not any(endpoint["in_flight"] for endpoint in
                        stats["tunnels"]["tunnel1"]["endpoints"]))


def readiness(node):
    """Status and body of /.api/ready."""
    status, body = node.get("/.api/ready")
    return status, json.loads(body)


def descriptors(program):
    return len(os.listdir(f"/proc/{program.pid}/fd"))


class Watch:
    """Looks at the statistics all the time, on a thread of its own."""

    def __init__(self, node, look):
        self.node, self.look = node, look
        self.looks = 0
        self.error = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        if self.error:
            raise self.error

    def _run(self):
        while not self.done.wait(0.02):
            try:
                self.look(self.node.stats())
                self.looks += 1
            except Exception as error:
                self.error = error
                return


class Lull:
    """The longest time a condition was not met, as a watch sees it."""

    def __init__(self, fine):
        self.fine = fine
        self.since = None
        self.longest = 0.0
        self.count = 0

    def __call__(self, stats):
        now = time.monotonic()
        if self.fine(stats):
            self.since = None
            return
        if self.since is None:
            self.since = now
            self.count += 1
        self.longest = max(self.longest, now - self.since)


class PoolCase(Case):
    """A test that builds a stack of its own, with a slow origin."""

    def build_pool(self, transport, pool=None, *, agent=True, gate=True,
                   ready=True, **tunnel):
        """A stack with these pool settings; its agents go through a gate."""
        if transport != "mix":
            tunnel.setdefault(POOL[transport], pool or {})
        stack = self.build(transport, agent=False,
                           config={"tunnels": {"tunnel1": tunnel},
                                   # One machine plays all of them.
                                   "limits": {"trusted": ["127.0.0.1"],
                                              "max_unauthenticated": 5000}},
                           origin=SlowOrigin())
        if gate:
            stack.proxy = GateProxy(stack.node.port)
        if agent:
            stack.start_agent()
            stack.wait_for_agent()
            if ready:
                self.wait_for_size(stack)
        return stack

    def wait_for_size(self, stack, seconds=15):
        """Until all pools have the size that is to be kept ready."""
        wait_until(lambda: self.is_full(stack.node.stats()),
                   "pools of full size", seconds)

    @staticmethod
    def is_full(stats, transport=None):
        pools = pools_of(stats, transport)
        return bool(pools) and all(pool["usable"] >= pool["pool_size"]
                                   for pool in pools)

    def wait_for_rest(self, stack, seconds=30):
        return wait_until(
            lambda: (stats := stack.node.stats()) and at_rest(stats) and stats,
            "no lease, no request, nobody waiting", seconds)

    def over_both(self, check):
        """Runs a check for each transport, both at the same time: most of
        them mainly wait."""
        # Programs end with the thread that started them: it is kept.
        threads = concurrent.futures.ThreadPoolExecutor(2)
        self.addCleanup(threads.shutdown)
        runs = [threads.submit(check, transport) for transport in POOL]
        concurrent.futures.wait(runs)
        for run in runs:
            run.result()

    def say(self, text):
        """Figures for who reads the test's output."""
        print(f"    {self._testMethodName}: {text}", flush=True)
