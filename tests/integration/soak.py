#!/usr/bin/env python3
"""Sends many requests through APS and checks every byte that comes back.

Several processes with several keep-alive connections each; bodies of many
sizes both ways; each answer must carry the mark of its own request, and each
request must have been executed exactly once.

  soak.py --transport grpc|ws|mix [--requests 2000] [--bin DIR]
"""

import argparse
import hashlib
import itertools
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time

import pattern
from harness import BIN, QUICK, Agent, FaultProxy, Node, node_config
from harness import sanitizer_report
from origin import Origin
from wire import Visitor

SIZES = (0, 1, 100, 100, 1000, 1000, 4000, 20000, 70000, 200000)


def one(visitor, name, number):
    """One request; returns what is wrong with its answer."""
    size = SIZES[number % len(SIZES)]
    headers = [("X-Test-Id", name), ("X-Request-Id", name)]
    kind = number % 4
    if kind == 3:
        expected = hashlib.sha256(pattern.data(size)).hexdigest()
        answer = visitor.request("POST", "/echo", headers, pattern.data(size))
        good = (answer.status == 200
                and json.loads(answer.body)["sha256"] == expected)
    else:
        path = "/chunked" if kind == 2 else "/bytes"
        answer = visitor.get(f"{path}/{size}", headers)
        good = answer.status == 200 and answer.body == pattern.data(size)
    if good and answer.header("X-Test-Id") == name:
        return ""
    return (f"{name}: {answer.status} {answer.outcome} {answer.length} of "
            f"{size} bytes, mark {answer.header('X-Test-Id')}")


def visit(port, worker, share, connections, wrong):
    """A worker process."""
    numbers = itertools.count()  # next() is atomic

    def loop():
        visitor = Visitor(port)
        while (number := next(numbers)) < share:
            name = f"{worker}-{number}"
            try:
                if problem := one(visitor, name, number):
                    wrong.put(problem)
            except (OSError, ValueError) as error:
                wrong.put(f"{name}: {error!r}")
                visitor.close()
                visitor = Visitor(port)
        visitor.close()

    threads = [threading.Thread(target=loop) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def serve(pipe):
    """The origin's process; answers with the executions when asked."""
    origin = Origin(remember=False)
    pipe.send(origin.port)
    pipe.recv()
    pipe.send(dict(origin.executions))


class Soak:
    """One run: an origin and visitors in processes of their own."""

    def __init__(self, transport, programs, folder, saw):
        self.transport, self.saw = transport, saw
        self.problems = []
        self.context = multiprocessing.get_context("spawn")
        self.wrong = self.context.Queue()
        self.pipe, other = self.context.Pipe()
        self.origin = self.context.Process(target=serve, args=(other,),
                                           daemon=True)
        self.origin.start()
        self.node = Node(programs, folder, node_config(
            f"http://127.0.0.1:{self.pipe.recv()}",
            {"tunnels": {"tunnel1": QUICK}}))
        self.proxy = FaultProxy(self.node.port) if saw else None
        self.agent = Agent(programs, folder, (self.proxy or self.node).port,
                           transport)

    def run(self, requests, processes, connections):
        self.node.start()
        self.agent.start()
        self.node.wait_for_agent(self.transport)
        share = requests // processes
        workers = [self.context.Process(
            target=visit, daemon=True,
            args=(self.node.port, worker, share, connections, self.wrong))
            for worker in range(processes)]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            self.collect()
            time.sleep(self.saw or 0.1)
            if self.saw:
                self.proxy.reset("ws" if self.transport == "ws" else "h2")
        self.collect()
        self.check_executions(share * processes)

    def collect(self):
        while not self.wrong.empty():
            self.problems.append(self.wrong.get())

    def check_executions(self, expected):
        self.pipe.send("done")
        executions = self.pipe.recv()
        if sum(executions.values()) != expected:
            self.problems.append(
                f"{sum(executions.values())} executions of {expected}")
        self.problems += [f"{name} was executed {count} times"
                          for name, count in executions.items() if count != 1]

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


def soak(transport, requests, programs, processes=2, connections=8, saw=0.0):
    """Returns all that went wrong."""
    with tempfile.TemporaryDirectory(prefix="aps-soak-") as folder:
        run = Soak(transport, programs, folder, saw)
        try:
            run.run(requests, processes, connections)
        except (OSError, RuntimeError, EOFError) as error:
            run.problems.append(f"{error!r}\n{run.node.log[-4000:]}\n"
                                f"{run.agent.log[-4000:]}")
        return run.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", default="mix",
                        choices=("grpc", "ws", "mix"))
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=8,
                        help="per process")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--saw", type=float, default=0, metavar="SECONDS",
                        help="reset the transport's connections that often")
    parser.add_argument("--bin", default=os.fspath(BIN))
    options = parser.parse_args()
    started = time.monotonic()
    problems = soak(options.transport, options.requests, options.bin,
                    options.processes, options.connections, options.saw)
    seconds = time.monotonic() - started
    for problem in problems[:50]:
        print(problem)
    print(f"{options.requests} requests over {options.transport} in "
          f"{seconds:.1f} s: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
