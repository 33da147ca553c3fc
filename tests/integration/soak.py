#!/usr/bin/env python3
"""Sends many requests through APS and checks every byte that comes back.

Several processes with several keep-alive connections each; bodies of many
sizes both ways; each answer must carry the mark of its own request, and each
request must have been executed exactly once. With --saw that must hold while
the connections between agent and node are cut all the time.

  soak.py --transport grpc|ws|mix [--tls] [--requests 2000] [--bin DIR]
          [--saw 0.2 [--vanish 3] [--faults reset,lose] [--seed 1]]
          [--largest 8388608]
  soak.py --hostile [--seconds 600] [--attacks ping_floods,slow_heads]

With --hostile 16 honest visitors go on while strangers, visitors, an agent
and a target do harm (siege.py): none of their requests may fail.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time

import pattern
from harness import (BIN, KINDS, QUICK, Agent, Node, loopback_tls, merged,
                     node_config, proxy_before, sanitizer_report, wait_until,
                     with_tls_for_agents)
from metrics import samples, total
from origin import Origin
from saw import FAULTS, Saw
from wire import Visitor

LARGEST = 200_000

# The agent dials in less time than this once its transport is back, so that
# a request only fails when something is wrong.
PATIENT = {"reconnect_grace": 60, "resume_time": 90,
           "websocket_pool": {"acquire_timeout": 60},
           "grpc_pool": {"acquire_timeout": 60}}


def some_size(rng, largest):
    """Mostly small, sometimes nothing, sometimes `largest`."""
    if rng.random() < 0.02:
        return rng.choice((0, largest))
    if rng.random() < 0.15:
        return int(largest ** rng.random() ** 0.5)
    return int(min(largest, 4000) * rng.random() ** 2)


def one(visitor, name, largest):
    """One request; returns what is wrong with its answer."""
    rng = random.Random(name)
    size, sent = some_size(rng, largest), some_size(rng, largest)
    headers = [("X-Test-Id", name), ("X-Request-Id", name)]
    kind = rng.choice(("bytes", "bytes", "chunked", "echo", "both"))
    body = pattern.data(sent)
    expected = hashlib.sha256(body).hexdigest()
    if kind == "echo":
        answer = visitor.request("POST", "/echo", headers, body)
        good = (answer.status == 200
                and json.loads(answer.body)["sha256"] == expected)
    elif kind == "both":
        answer = visitor.request("POST", f"/bytes/{size}", headers, body)
        good = (answer.status == 200 and answer.length == size
                and answer.sha256 == pattern.sha256(size)
                and answer.header("X-Body-Sha256") == expected)
    else:
        answer = visitor.get(f"/{kind}/{size}", headers)
        good = (answer.status == 200 and answer.length == size
                and answer.sha256 == pattern.sha256(size))
    if good and answer.header("X-Test-Id") == name:
        return ""
    return (f"{name}: {kind}, {answer.status} {answer.outcome}, "
            f"{answer.length} of {size} bytes, {sent} sent, mark "
            f"{answer.header('X-Test-Id')}")


def visit(port, worker, share, connections, largest, enough, sent, wrong):
    """A worker process: `share` requests, and more until it is `enough`."""
    numbers = itertools.count()  # next() is atomic
    asked = itertools.count()

    def loop():
        visitor = Visitor(port, timeout=120)
        while (number := next(numbers)) < share or not enough.is_set():
            next(asked)
            name = f"{worker}-{number}"
            try:
                if problem := one(visitor, name, largest):
                    wrong.put(problem)
            except (OSError, ValueError) as error:
                wrong.put(f"{name}: {error!r}")
                visitor.close()
                visitor = Visitor(port, timeout=120)
        visitor.close()

    threads = [threading.Thread(target=loop) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.put(next(asked))


def serve(pipe):
    """The origin's process; answers with the executions when asked."""
    origin = Origin(remember=False)
    pipe.send(origin.port)
    pipe.recv()
    pipe.send(dict(origin.executions))


class Soak:
    """One run: an origin and visitors in processes of their own. `saw` is a
    function that makes a Saw for the proxy, or nothing."""

    def __init__(self, transport, programs, folder, saw, largest, tls=False):
        self.transport, self.largest = transport, largest
        self.problems = []
        self.context = multiprocessing.get_context("spawn")
        self.wrong = self.context.Queue()
        self.sent = self.context.Queue()
        self.enough = self.context.Event()
        self.requests = 0
        self.pipe, other = self.context.Pipe()
        self.origin = self.context.Process(target=serve, args=(other,),
                                           daemon=True)
        self.origin.start()
        config = node_config(
            f"http://127.0.0.1:{self.pipe.recv()}",
            {"tunnels": {"tunnel1": merged(QUICK, PATIENT if saw else {})}})
        flags = ()
        if tls:
            pair, flags = loopback_tls()
            config = with_tls_for_agents(config, pair)
        self.node = Node(programs, folder, config)
        self.proxy = proxy_before(self.node, transport) if saw else None
        self.saw = saw(self.proxy) if saw else contextlib.nullcontext("")
        port = self.proxy.port if saw else self.node.agent_port
        self.agent = Agent(programs, folder, port, transport, flags=flags)

    def run(self, requests, processes, connections, cuts):
        self.node.start()
        self.agent.start()
        self.node.wait_for_agent(self.transport)
        share = requests // processes
        workers = [self.context.Process(
            target=visit, daemon=True,
            args=(self.node.port, worker, share, connections, self.largest,
                  self.enough, self.sent, self.wrong))
            for worker in range(processes)]
        with self.saw:
            for worker in workers:
                worker.start()
            while any(worker.is_alive() for worker in workers):
                self.collect()
                if not cuts or self.saw.cuts >= cuts:
                    self.enough.set()
                time.sleep(0.1)
        self.collect()
        self.check_executions()
        self.check_sums()
        wait_until(self.recovered, "gRPC to be in favour again", 120)

    def recovered(self):
        endpoints = self.node.stats()["tunnels"]["tunnel1"]["endpoints"]
        return all(endpoint["fallback"]["state"] == "primary"
                   for endpoint in endpoints)

    def collect(self):
        while not self.wrong.empty():
            self.problems.append(self.wrong.get())
        while not self.sent.empty():
            self.requests += self.sent.get()

    def check_executions(self):
        self.pipe.send("done")
        executions = self.pipe.recv()
        if sum(executions.values()) != self.requests:
            self.problems.append(
                f"{sum(executions.values())} executions of {self.requests}")
        self.problems += [f"{name} was executed {count} times"
                          for name, count in executions.items() if count != 1]

    def check_sums(self):
        """What the node counted is what was sent, to the request."""
        wait_until(lambda: self.node.stats()["exchanges"]["live"] == 0,
                   "the last exchange to end")
        sums = self.node.stats()["exchanges"]
        metrics = samples(self.node.get("/metrics")[1].decode())
        counted = (sums["started"], sums["finished"], sums["failed"],
                   total(metrics, "aps_exchanges_started_total"),
                   total(metrics, "aps_exchanges_total"),
                   total(metrics, "aps_exchanges_total", outcome="ok"))
        # An agent that dials for long asks the port what it is.
        asked = total(metrics, "aps_exchanges_total", outcome="no-mapping")
        everything = self.requests + asked
        right = (everything, everything, asked, everything, everything,
                 self.requests)
        if counted != right:
            self.problems.append(f"the node counted {counted}, not {right}")

    def close(self):
        for program in (self.agent, self.node):
            if code := program.stop():
                self.problems.append(f"{program.name} ended with {code}\n"
                                     f"{program.log[-4000:]}")
            if report := sanitizer_report(program.log):
                self.problems.append(f"{program.name}: {report}")
        if self.proxy:
            self.proxy.close()
        self.origin.kill()
        return self.problems


def logs_in(folder):
    """A context with this folder, or one that goes."""
    if not folder:
        return tempfile.TemporaryDirectory(prefix="aps-soak-")
    os.makedirs(folder, exist_ok=True)
    return contextlib.nullcontext(folder)


def soak(transport, requests, programs, processes=2, connections=8, saw=0.0,
         vanish=0.0, faults=FAULTS, seed=None, largest=LARGEST, cuts=0,
         folder=None, tls=False):
    """At least so many requests, and until there were so many cuts. Returns
    all that went wrong, and one line about the run."""
    started = time.monotonic()

    def make_saw(proxy):
        return Saw(proxy, KINDS[transport], saw, faults, vanish, seed)

    with logs_in(folder) as folder:
        run = Soak(transport, programs, folder, make_saw if saw else None,
                   largest, tls)
        memory = ""
        try:
            run.run(requests, processes, connections, cuts)
            memory = ", ".join(f"{one.name} {one.memory() >> 20} MiB"
                               for one in (run.node, run.agent))
        except (OSError, RuntimeError, EOFError) as error:
            run.problems.append(f"{error!r}\n{run.node.log[-4000:]}\n"
                                f"{run.agent.log[-4000:]}")
        problems = run.close()
        line = (f"{run.requests} requests over {transport}"
                f"{' and TLS' if tls else ''} in "
                f"{time.monotonic() - started:.1f} s: {len(problems)} "
                f"problems; {memory}" + (f"; {run.saw}" if saw else ""))
        if problems and saw:
            problems.append(str(run.saw))
        return problems, line


def hostile_soak(options):
    import hostile
    from siege import siege
    chosen = tuple(getattr(hostile, name)
                   for name in options.attacks.split(",") if name)
    run = siege(options.bin, options.transport, options.calm, options.seconds,
                chosen=chosen or hostile.ALL, folder=options.logs)
    for problem in run.problems[:50]:
        print(problem)
    print(run.line)
    print("limits reached:", run.reached)
    slow = run.ratio > 3
    if slow:
        print("p99 under attack is more than 3 times the calm one")
    return 1 if run.problems or slow else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", default="mix", choices=KINDS)
    parser.add_argument("--tls", action="store_true",
                        help="between agent and node")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=8,
                        help="per process")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--largest", type=int, default=LARGEST,
                        metavar="BYTES", help="of a body")
    parser.add_argument("--saw", type=float, default=0, metavar="SECONDS",
                        help="break something between agent and node so often")
    parser.add_argument("--cuts", type=int, default=0,
                        help="go on until there were so many")
    parser.add_argument("--vanish", type=float, default=0, metavar="SECONDS",
                        help="whole transports are gone up to so long")
    parser.add_argument("--faults", default=",".join(FAULTS),
                        help="which (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of the faults")
    parser.add_argument("--logs", metavar="DIR", help="keep the logs there")
    parser.add_argument("--bin", default=os.fspath(BIN))
    parser.add_argument("--hostile", action="store_true",
                        help="honest visitors among attackers")
    parser.add_argument("--seconds", type=float, default=600,
                        help="of the attack (default: %(default)s)")
    parser.add_argument("--calm", type=float, default=20, metavar="SECONDS",
                        help="before the attack (default: %(default)s)")
    parser.add_argument("--attacks", default="", metavar="NAME,NAME",
                        help="of hostile.py (default: all)")
    options = parser.parse_args()
    if options.hostile:
        return hostile_soak(options)
    problems, line = soak(
        options.transport, options.requests, options.bin, options.processes,
        options.connections, options.saw, options.vanish,
        options.faults.split(","), options.seed, options.largest,
        options.cuts, options.logs, options.tls)
    for problem in problems[:50]:
        print(problem)
    print(line)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
