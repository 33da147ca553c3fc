"""Honest visitors while strangers, visitors, an agent and a target of the
same node do harm (hostile.py): what the honest ones notice, and what the
attack costs the node. Used by soak.py --hostile and by its short form."""

import http.client
import json
import multiprocessing
import os
import threading
import time

import hostile
import openapi
from harness import Agent, Node, QUICK, merged, node_config
from harness import SANITIZER, sanitizer_report, wait_until
from lab.deployment import PASSWORD
from metrics import samples
from origin import Origin
from soak import logs_in, one
from wire import Visitor

# What all attacks together may add to the resident memory of a process.
# The terms stand in transports/README.md ("What a peer may hold").
NODE_BOUND = 192 << 20
AGENT_BOUND = 128 << 20

# Each of these must have been reached and counted when all attacks ran.
LIMITS = ("blank-lines", "unauthenticated", "login-rate")

TOKEN = "a token for the admin listener"


def visit(port, visitors, calm, hostile_time, results):
    """The honest process: so many visitors, each over one connection kept
    alive, at a pace that leaves the machine air. Phase 1 is the attack."""
    phase, over = [0], threading.Event()
    latencies, problems, executed = ([], []), [], []

    def loop(number):
        visitor = Visitor(port, timeout=60)
        turn = 0
        while not over.is_set():
            name, turn = f"honest-{number}-{turn}", turn + 1
            now, started = phase[0], time.monotonic()
            try:
                problem = one(visitor, name, 20_000)
            except (OSError, ValueError) as error:
                problem = f"{name}: {error!r}"
                visitor.close()
                visitor = Visitor(port, timeout=60)
            latencies[now].append(time.monotonic() - started)
            executed.append(name)
            if problem:
                problems.append(problem)
            over.wait(0.02)
        visitor.close()

    threads = [threading.Thread(target=loop, args=(number,))
               for number in range(visitors)]
    for thread in threads:
        thread.start()
    time.sleep(calm)
    phase[0] = 1
    results.put("calm is over")
    time.sleep(hostile_time)
    over.set()
    for thread in threads:
        thread.join()
    results.put((latencies, problems, len(executed)))


def besiege(port, admin_port, evil_host, tunnel, chosen, stop):
    """The attackers' process. They are nice: what they take from others is
    to be the node's places, not the machine's cores."""
    os.nice(10)
    place = hostile.Place(port, admin_port, evil_host, tunnel)
    done = threading.Event()
    hostile.attack(place, done, chosen)
    stop.wait()
    done.set()


def evil_target(pipe):
    os.nice(10)
    target = hostile.EvilTarget()
    pipe.send(target.port)
    pipe.recv()
    target.close()


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Siege:
    """One run; `problems` says what went wrong, `line` how it was."""

    def __init__(self, programs, folder, transport, chosen):
        self.chosen, self.problems, self.line = chosen, [], ""
        self.reached, self.ratio = {}, 0.0
        self.context = multiprocessing.get_context("spawn")
        self.origin = Origin(remember=False)
        self.pipe, other = self.context.Pipe()
        self.evil = self.context.Process(target=evil_target, args=(other,),
                                         daemon=True)
        self.evil.start()
        via = {"tunnels": ["tunnel1"]}
        self.node = Node(programs, folder, node_config(self.origin.url, {
            "tunnels": {"tunnel1": merged(QUICK, {}),
                        "evil": {"password": PASSWORD}},
            "mappings": [
                {"from": "http://example.com", "to": self.origin.url,
                 "via": via},
                {"from": "http://evil.test",
                 "to": f"http://127.0.0.1:{self.pipe.recv()}", "via": via},
                {"from": "http://theirs.test", "to": "http://theirs.test",
                 "via": {"tunnels": ["evil"]}}],
            "admin": {"token": TOKEN}}))
        self.agent = Agent(programs, folder, self.node.port, transport)

    def api(self, path):
        """The admin API with the token, from an address without guesses."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.node.admin_port, timeout=30)
        connection.request("GET", path,
                           headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        openapi.answered("GET", path, answer.status, answer.headers, body)
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}")
        return body

    def run(self, calm, seconds, visitors):
        self.node.start()
        self.agent.start()
        wait_until(self.served, "the agent to serve")
        before = self.descriptors()
        results, stop = self.context.Queue(), self.context.Event()
        honest = self.context.Process(
            target=visit, daemon=True,
            args=(self.node.port, visitors, calm, seconds, results))
        honest.start()
        results.get()
        resting = self.memory()
        attackers = self.context.Process(
            target=besiege, daemon=True,
            args=(self.node.port, self.node.admin_port, "evil.test", "evil",
                  self.chosen, stop))
        attackers.start()
        latencies, problems, requests = results.get()
        peak = self.memory()
        stop.set()
        attackers.join(10)
        attackers.kill()
        self.problems += problems
        self.judge(latencies, requests, resting, peak)
        self.check_descriptors(before)

    def served(self):
        stats = json.loads(self.api("/.api/stats"))
        return any(endpoint["pools"] for endpoint
                   in stats["tunnels"]["tunnel1"]["endpoints"])

    def memory(self):
        return [one.memory() for one in (self.node, self.agent)]

    def descriptors(self):
        return [len(os.listdir(f"/proc/{one.pid}/fd"))
                for one in (self.node, self.agent)]

    def judge(self, latencies, requests, resting, peak):
        executions = {name: count for name, count
                      in self.origin.executions.items()
                      if name.startswith("honest-")}
        self.problems += [f"{name} was executed {count} times"
                          for name, count in executions.items() if count != 1]
        if len(executions) != requests:
            self.problems.append(
                f"{len(executions)} executions of {requests} requests")
        grown = [after - before for before, after in zip(resting, peak)]
        for name, size, bound in zip(("node", "agent"), grown,
                                     (NODE_BOUND, AGENT_BOUND)):
            # A sanitizer keeps what was freed, for a while.
            if size > bound and not SANITIZER:
                self.problems.append(f"the {name} grew by {size >> 20} MiB, "
                                     f"more than {bound >> 20}")
        for program in (self.node, self.agent):
            if not program.running:
                self.problems.append(f"{program.name} is gone:\n"
                                     f"{program.log[-4000:]}")
        calm, fire = (percentile(values, 0.99) for values in latencies)
        self.ratio = fire / calm
        self.check_limits()
        self.line = (f"{requests} honest requests, p99 {calm * 1000:.1f} ms "
                     f"calm and {fire * 1000:.1f} ms under attack "
                     f"({self.ratio:.1f}x); grown by {grown[0] >> 20} and "
                     f"{grown[1] >> 20} MiB")

    def check_limits(self):
        metrics = samples(self.api("/metrics").decode())
        self.reached = {
            name.split('limit="')[1].split('"')[0]: value
            for name, value in metrics.items()
            if name.startswith("aps_limits_total{") and value > 0}
        if self.chosen == hostile.ALL:
            self.problems += [f"the limit {name} was never counted"
                              for name in LIMITS if name not in self.reached]

    def check_descriptors(self, before):
        def back():
            return all(now <= then + 16 for now, then
                       in zip(self.descriptors(), before))
        try:
            wait_until(back, "descriptors to come back", 90)
        except TimeoutError:
            self.problems.append(f"descriptors: {before} before, "
                                 f"{self.descriptors()} after")

    def close(self):
        for program in (self.agent, self.node):
            if code := program.stop(seconds=20):
                self.problems.append(f"{program.name} ended with {code}\n"
                                     f"{program.log[-4000:]}")
            if report := sanitizer_report(program.log):
                self.problems.append(f"{program.name}: {report}")
        self.pipe.send("done")
        self.evil.join(5)
        self.evil.kill()
        self.origin.close()
        return self.problems


def siege(programs, transport="mix", calm=20.0, seconds=600.0, visitors=16,
          chosen=hostile.ALL, folder=None):
    """Returns the Siege after its end; `problems` is empty if all held."""
    with logs_in(folder) as folder:
        run = Siege(programs, folder, transport, chosen)
        try:
            run.run(calm, seconds, visitors)
        except (OSError, RuntimeError, EOFError, TimeoutError) as error:
            run.problems.append(f"{error!r}\n{run.node.log[-4000:]}\n"
                                f"{run.agent.log[-4000:]}")
        run.close()
        return run
