"""A request survives its connection: real programs, real
sockets, and between agent and node a proxy that breaks things. All of it runs
over TLS as well in the long form, the mixed requests and gRPC's end always.

  test_survival.py [-v] [Class[.test]]

Environment, besides that of harness.py:
  APS_TRANSPORTS  which transports, e.g. "grpc poll" (default: TRANSPORTS)
  APS_SEED        of the faults in the mixed runs (default: a new one each)

A mixed run with other figures: soak.py --saw, --vanish, --faults, --cuts.
"""

import collections
import datetime
import itertools
import json
import os
import random
import re
import sys
import threading
import time

import pattern
from harness import (BIN, FULL, KINDS, TIME_SCALE, Case, main, merged,
                     over_tls, per_transport, wait_until)
from soak import PATIENT, soak
from wire import Request, Visitor, ask

TRANSPORTS = os.environ.get("APS_TRANSPORTS", "grpc ws poll mix").split()
SINGLE = [name for name in TRANSPORTS if len(KINDS[name]) == 1]
SEED = int(os.environ["APS_SEED"]) if "APS_SEED" in os.environ else None
MEMORY_LIMIT = 64 << 20


def tunnel(**changes):
    """A configuration in which nothing is given up while a test waits."""
    return {"tunnels": {"tunnel1": merged(PATIENT, changes)}}


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def pools(stack):
    """The connections of each pool that has any."""
    endpoints = stack.node.stats()["tunnels"]["tunnel1"]["endpoints"]
    return [pool["connections"] for endpoint in endpoints
            for pool in endpoint["pools"] if pool["connections"]]


def sessions(stack):
    """The sessions, and how many requests are with each."""
    found = collections.Counter()
    for member in itertools.chain(*pools(stack)):
        found[member["session"]] += member["in_flight"]
    return found


class Stackless(Case):
    """Each test builds its own stack."""

    @classmethod
    def setUpClass(cls):
        pass

    def fallback(self, stack):
        tunnels = stack.node.stats()["tunnels"]["tunnel1"]
        return tunnels["endpoints"][0]["fallback"]

    def changes(self, stack):
        """The node's log of the fallback's states."""
        return re.findall(r"changed state: (\w+ -> \w+)", stack.node.log)


@per_transport(*TRANSPORTS, tls=True)
class MixedRequests:
    @classmethod
    def setUpClass(cls):
        pass

    def test_none_is_lost_doubled_or_corrupted_while_everything_breaks(self):
        requests, cuts = ((20_000, 500) if FULL else
                          (200, 8) if self.agents_over_tls else (500, 15))
        problems, line = soak(
            self.transport, requests, BIN, connections=16, saw=0.2,
            vanish=3 if FULL else 1, largest=8 << 20, seed=SEED, cuts=cuts,
            tls=self.agents_over_tls)
        say(line)
        self.assertEqual(problems, [], "\n".join(problems[:20]))


@per_transport(*(name for name in SINGLE if name != "poll"), tls=FULL)
class LateHeads:
    """A link that stalls: the node gives it up, the agent does not."""

    @classmethod
    def setUpClass(cls):
        pass

    def test_a_head_that_arrives_after_its_request_ended_is_not_executed(self):
        two = {"pool_size": 2, "max_pool_size": 4}
        stack = self.build(self.transport, proxy=True, config=tunnel(
            grpc_pool=two, websocket_pool=two))
        wire = stack.proxy
        wait_until(lambda: sum(stack.node.connections()) == 2, "both")
        slow = wire.numbers(*KINDS[self.transport])[0]
        wire.lose(number=slow)
        requests = [Request(stack.port, "/bytes/10",
                            headers=[("X-Request-Id", f"late-{number}")])
                    for number in range(16)]
        wait_until(lambda: len(stack.origin.executions) + sum(
            sessions(stack).values()) >= len(requests), "all to be sent")
        wire.half_close(direction="up", number=slow)
        for request in requests:
            self.assertEqual(request.result().status, 200)
        # All are answered; only now the heads from the beginning arrive.
        late = len(stack.origin.executions)
        wire.heal()
        wait_until(lambda: slow not in wire.numbers(), "its end")
        self.assertEqual(ask(stack.port).status, 200)
        self.assertEqual(late, len(requests))
        self.assertEqual({name: count for name, count
                          in stack.origin.executions.items() if count > 1},
                         {})


class Pace:
    """Lets a transfer run up to a place and crawl from there on, so that it
    neither ends nor falls silent while a test waits for something else."""

    def __init__(self):
        self.place = self.limit = 0

    def passed(self, count):
        self.place += count
        if self.place >= self.limit:
            time.sleep(0.05 * TIME_SCALE)

    def blocks(self, count):
        for block in pattern.blocks(count):
            yield block
            self.passed(len(block))

    def run_to(self, limit):
        self.limit = limit
        wait_until(lambda: self.place >= limit, f"byte {limit}", 60)


class LargeBodies(Stackless):
    """One large transfer that moves between gRPC and WebSocket."""

    SIZE, CUTS = (1 << 30, 50) if FULL else (64 << 20, 10)
    AHEAD = 16 << 20  # what sockets on the way may hold; no cut after that

    def setUp(self):
        super().setUp()
        self.mix = self.build("mix", proxy=True, config=tunnel())
        self.pace = Pace()

    def break_off(self, number, kind):
        """Ends this kind's connections, each time in another way."""
        wire = self.mix.proxy
        wire.refuse(kind)
        if number % 10 == 4:
            wire.lose(kind)
        elif number % 5 == 2:
            wire.half_close(kind, direction="up")
        elif number % 5 == 3:
            wire.half_close(kind, direction="down")
        else:
            wire.reset(kind)

    def saw_up(self, direction):
        """Cuts the transfer off the transport that carries it, again and
        again; each time the other one must go on with it."""
        wire = self.mix.proxy
        kinds = itertools.cycle((("h2", "ws"), ("ws", "h2")))
        for number, (now, then) in zip(range(self.CUTS), kinds):
            self.pace.run_to((self.SIZE - self.AHEAD) * (number + 1)
                             // self.CUTS)
            self.mix.wait_for_agent()
            before = wire.bytes(then, direction)
            self.break_off(number, now)
            wait_until(lambda: wire.bytes(then, direction) - before > 200_000,
                       f"cut {number} at {self.pace.place}: bytes over {then}")
            wire.restore(now)
        self.pace.limit = self.SIZE * 2

    def check(self, sha256, name):
        self.assertEqual(sha256, pattern.sha256(self.SIZE))
        self.assertEqual(self.mix.origin.executed(name), 1)
        peaks = [(program.name, program.memory())
                 for program in (self.mix.node, self.mix.agent)]
        say(f"{name} of {self.SIZE >> 20} MiB, {self.CUTS} cuts: "
            + ", ".join(f"{who} {peak >> 20} MiB" for who, peak in peaks))
        for who, peak in peaks:
            self.assert_memory(peak, MEMORY_LIMIT, who)

    def test_a_download_survives_many_cuts(self):
        result = []

        def download():
            with Visitor(self.mix.port, receive_buffer=1 << 18) as visitor:
                visitor.send_head("GET", f"/bytes/{self.SIZE}",
                                  [("X-Request-Id", "download")])
                result.append(visitor.read(passed=self.pace.passed))

        thread = threading.Thread(target=download, daemon=True)
        thread.start()
        self.saw_up("up")
        thread.join()
        self.check(result[0].sha256, "download")

    def test_an_upload_survives_many_cuts(self):
        request = Request(self.mix.port, "/echo", method="POST",
                          headers=[("X-Request-Id", "upload")],
                          body=(self.pace.blocks(self.SIZE), self.SIZE))
        self.saw_up("down")
        self.check(json.loads(request.result().body)["sha256"], "upload")


class Load:
    """Visitors that send one small request after the other."""

    def __init__(self, port, count=8):
        self.port, self.done = port, threading.Event()
        self.problems, self.requests = [], itertools.count()
        self.threads = [threading.Thread(target=self._visit, daemon=True)
                        for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def _visit(self):
        with Visitor(self.port) as visitor:
            while not self.done.is_set():
                number = next(self.requests)
                try:
                    answer = visitor.get("/bytes/1000",
                                         [("X-Request-Id", f"load-{number}")])
                except OSError as error:
                    self.problems.append(f"load-{number}: {error!r}")
                    return
                if (answer.status, answer.body) != (200, pattern.data(1000)):
                    self.problems.append(f"load-{number}: {answer}")


@over_tls
class GrpcVanishes(Stackless):
    SECONDS = 10 if FULL else 3

    def test_the_fallback_changes_its_state_once_each_way_under_load(self):
        # No probe fails because the machine is busy.
        patient = {"ping_timeout": 5 * TIME_SCALE}
        stack = self.build("mix", proxy=True, config=tunnel(
            grpc_pool=patient, websocket_pool=patient))
        wire, seen = stack.proxy, ["primary"]

        def state(wanted, seconds=15):
            def reached():
                now = self.fallback(stack)["state"]
                if now != seen[-1]:
                    seen.append(now)
                return now == wanted
            wait_until(reached, f"{wanted} after {seen}", seconds)

        with Load(stack.port) as load:
            wait_until(lambda: wire.bytes("h2") > 100_000, "load over gRPC")
            wire.cut("h2")
            state("fallback")
            until = time.monotonic() + self.SECONDS
            before = wire.bytes("ws")
            while time.monotonic() < until:
                state("fallback")
                time.sleep(0.05)
            self.assertGreater(wire.bytes("ws") - before, 100_000)
            # Slow probes can be watched; the agent would take more for death.
            wire.delay(0.2)
            wire.restore("h2")
            state("probing", 60)
            wire.delay(0)
            state("primary")
            before = wire.bytes("h2")
            wait_until(lambda: wire.bytes("h2") - before > 100_000,
                       "load over gRPC again")
        say(f"{next(load.requests)} requests while gRPC was gone for "
            f"{self.SECONDS} s")
        self.assertEqual(load.problems, [])
        self.assertEqual(seen, ["primary", "fallback", "probing", "primary"])
        self.assertEqual(self.changes(stack), [
            "primary -> fallback", "fallback -> probing",
            "probing -> primary"])
        self.assertEqual(self.fallback(stack)["switches"], 3)
        doubled = {name: count
                   for name, count in stack.origin.executions.items()
                   if count != 1}
        self.assertEqual(doubled, {})


class Threshold(Stackless):
    def build_with(self, threshold):
        return self.build("mix", proxy=True, config=tunnel(
            websocket_pool={"fallback_threshold": threshold},
            grpc_pool={"pool_size": 4, "max_pool_size": 4}))

    def lose_grpc_until_it_falls_back(self, threshold):
        """One request; each time the connection that carries it is reset."""
        stack = self.build_with(threshold)
        wire, size = stack.proxy, 100_000
        with Visitor(stack.port) as visitor:
            visitor.send_head("GET", "/events", [("X-Request-Id", "one")])
            pieces = visitor.body(visitor.read_final_head())

            def event(kind):
                """Sends one and returns the connection that carried it."""
                before = wire.traffic(kind)
                stack.origin.events.put(b"e" * size)
                got = 0
                while got < size:
                    got += len(next(pieces))
                after = wire.traffic(kind)
                return [number for number in after
                        if after[number] - before.get(number, 0) >= size]

            for failures in range(1, threshold + 1):
                wait_until(lambda: stack.node.connections()[0] == 4,
                           "four streams")
                carrier = event("h2")
                self.assertEqual(len(carrier), 1)
                self.assertEqual(
                    (self.fallback(stack)["state"], self.changes(stack)),
                    ("primary", []))
                wire.reset(number=carrier[0])
                if failures < threshold:
                    wait_until(lambda: self.fallback(stack)[
                        "consecutive_failures"] == failures, f"{failures}")
            # The state itself may have returned before one could look.
            wait_until(lambda: self.changes(stack), "the change")
            self.assertEqual(self.changes(stack)[0], "primary -> fallback")
            self.assertEqual(len(event("ws")), 1)
            stack.origin.events.put(None)
            self.assertEqual(list(pieces), [])
        self.assertEqual(stack.origin.executed("one"), 1)

    def test_one_failure_is_enough_for_1(self):
        self.lose_grpc_until_it_falls_back(1)

    def test_the_third_failure_is_the_one_for_3(self):
        self.lose_grpc_until_it_falls_back(3)

    def test_the_tenth_failure_is_the_one_for_10(self):
        self.lose_grpc_until_it_falls_back(10)

    def test_without_any_grpc_one_request_reaches_it_and_succeeds(self):
        for threshold in (1, 3, 10):
            stack = self.build_with(threshold)
            stack.proxy.cut("h2")
            wait_until(lambda: stack.node.connections()[0] == 0, "no stream")
            self.assertEqual(self.fallback(stack)["state"], "primary")
            self.assertEqual(ask(stack.port).status, 200)
            now = self.fallback(stack)
            self.assertEqual((now["state"], now["consecutive_failures"]),
                             ("fallback", threshold))
            self.assertEqual(self.changes(stack), ["primary -> fallback"])


@per_transport(*SINGLE, tls=FULL)
class BlackHoles:
    """Packets vanish and nobody says so; all settings are the defaults."""

    LIMIT = 3 * TIME_SCALE
    ROUNDS = 10 if FULL else 1
    FOUND = {"node": "left pool .*connection stalled",
             "agent0": "connection lost: connection stalled"}

    @classmethod
    def setUpClass(cls):
        pass

    def found(self, program, since):
        """Seconds from `since` to each line about a stalled connection."""
        lines = re.findall(
            rf"^(\S+ \S+) .*{self.FOUND[program.name]}", program.log, re.M)
        times = [datetime.datetime.fromisoformat(line).timestamp() - since
                 for line in lines]
        return [round(seconds, 3) for seconds in times if seconds > 0]

    def swallow_and_wait(self, stack):
        """Returns how long each side needed for each of its connections."""
        kinds = KINDS[self.transport]
        expected = wait_until(lambda: self.settled(stack), "full pools")
        time.sleep(random.uniform(0, 1.5))  # any moment between two pings
        since = time.time()
        stack.proxy.swallow(*kinds)
        for program in (stack.node, stack.agent):
            wait_until(lambda: len(self.found(program, since)) >= expected,
                       f"{expected} stalled at {program.name}", 30)
        took = {program.name: self.found(program, since)
                for program in (stack.node, stack.agent)}
        stack.proxy.heal()
        return took

    @staticmethod
    def settled(stack):
        """How many connections there are, once the pools have their size."""
        [endpoint] = stack.node.stats()["tunnels"]["tunnel1"]["endpoints"] \
            or [{"pools": []}]
        used = [pool for pool in endpoint["pools"] if pool["size"]]
        return (all(pool["size"] == pool["pool_size"] for pool in used)
                and sum(pool["size"] for pool in used))

    def check(self, stack, what):
        for _ in range(self.ROUNDS):
            took = self.swallow_and_wait(stack)
            say(f"{self.transport}, {what}: found after {took}")
            for who, times in took.items():
                self.assertLessEqual(max(times), self.LIMIT, who)

    def build_it(self):
        # Only how long a request may wait differs from the defaults.
        return self.build(self.transport, proxy=True, config=tunnel(),
                          agent_flags=("-log-level", "debug"))

    def test_idle_connections_are_given_up_within_three_seconds(self):
        self.check(self.build_it(), "idle")

    def test_busy_connections_are_given_up_within_three_seconds(self):
        stack = self.build_it()
        request = Request(stack.port, "/gate",
                          headers=[("X-Request-Id", "gate")])
        wait_until(lambda: stack.origin.seen("/gate"), "the request")
        self.check(stack, "busy")
        stack.origin.release.set()
        self.assertEqual(request.result().status, 200)
        self.assertEqual(stack.origin.executed("gate"), 1)


# What is asked in the tests below: may it be repeated by another agent?
REPEATABLE = {"get": ("GET", [], True), "post": ("POST", [], False),
              "key": ("POST", [("Idempotency-Key", "1")], True)}


@per_transport(*TRANSPORTS, tls=FULL)
class DeadAgents:
    """kill -9 of an agent while another one serves the same endpoint."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.two = self.build(self.transport)
        [self.first] = self.add_agent()

    def add_agent(self):
        known = set(sessions(self.two))
        self.two.start_agent()
        # In all pools, or a transport would know only the other agent.
        wait_until(lambda: all(
            {member["session"] for member in pool} - known
            for pool in pools(self.two)), "the agent")
        return known

    def test_only_what_is_safe_to_repeat_is_repeated(self):
        stack, origin = self.two, self.two.origin
        requests = {}
        for number in range(10):
            for kind, (method, headers, _) in REPEATABLE.items():
                name = f"{kind}-{number}"
                requests[name] = Request(
                    stack.port, "/gate", method=method,
                    body=b"body" if method == "POST" else None,
                    headers=[*headers, ("X-Request-Id", name)])
        wait_until(lambda: len(origin.seen("/gate")) == len(requests),
                   "all requests")
        busy = {r.header("X-Request-Id"): r for r in origin.seen("/gate")}
        with_first = sessions(self.two)[self.first]
        self.assertGreater(with_first, 0)
        self.assertLess(with_first, len(requests))
        stack.agents[0].kill()
        moved = wait_until(lambda: self.orphans(busy, with_first), "orphans")
        for name in moved:
            if REPEATABLE[name.split("-")[0]][2]:
                wait_until(lambda: origin.executed(name) == 2, name)
        origin.release.set()
        say(f"{self.transport}: {len(moved)} of {len(requests)} were with the "
            "dead agent")
        for name, request in requests.items():
            answer = request.result()
            safe = REPEATABLE[name.split("-")[0]][2]
            lost = name in moved and not safe
            self.assertEqual((answer.status, answer.outcome),
                             (502, "started-unknown") if lost else (200, None),
                             name)
            self.assertEqual(origin.executed(name),
                             2 if name in moved and safe else 1, name)

    @staticmethod
    def orphans(busy, count):
        """The requests whose agent is gone, once all of them are known."""
        gone = {name for name, r in busy.items() if r.gone.is_set()}
        return gone if len(gone) == count else None

    def test_under_load_nothing_else_fails(self):
        stack, kills = self.two, 20 if FULL else 3
        rush = Rush(stack, 16)
        with rush:
            for _ in range(kills):
                wanted = rush.answered + 50
                wait_until(lambda: rush.answered >= wanted, "some answers")
                stack.agents[-2].kill()
                wait_until(lambda: len(sessions(self.two)) == 1, "its end")
                self.add_agent()
        say(f"{self.transport}, {kills} kills: {rush}")
        self.assertEqual(rush.problems, [])
        self.assertEqual(rush.check_executions(kills), [])


class Rush(Load):
    """Visitors that send all of REPEATABLE and know what may come of it."""

    def __init__(self, stack, count):
        super().__init__(stack.port, count)
        self.origin = stack.origin
        self.outcomes = {}

    def __str__(self):
        words = list(self.outcomes.values())
        return ", ".join(f"{words.count(word)} {word}"
                         for word in sorted(set(words)))

    @property
    def answered(self):
        return len(self.outcomes)

    def _visit(self):
        visitor = Visitor(self.port)
        while not self.done.is_set():
            number = next(self.requests)
            kind = tuple(REPEATABLE)[number % len(REPEATABLE)]
            name = f"{kind}-{number}"
            try:
                word = self.one(visitor, kind, name)
            except OSError as error:
                word = repr(error)
            self.outcomes[name] = word
            if word not in ("ok", "cut") and (
                    word != "started-unknown" or REPEATABLE[kind][2]):
                self.problems.append(f"{name}: {word}")
            if word != "ok":
                visitor.close()
                visitor = Visitor(self.port)
        visitor.close()

    @staticmethod
    def one(visitor, kind, name):
        method, headers, _ = REPEATABLE[kind]
        headers = [*headers, ("X-Request-Id", name)]
        if method == "POST":
            headers.append(("Content-Length", "0"))
        visitor.send_head(method, "/pause/20", headers)
        head = visitor.read_final_head()
        if head.status != 200:
            return head.outcome
        try:  # once the head went out there is no other way
            body = b"".join(visitor.body(head))
        except ConnectionError:
            return "cut"
        return "ok" if body == b"after the pause\n" else f"{body}"

    def check_executions(self, kills):
        problems = []
        for name, word in self.outcomes.items():
            count = self.origin.executed(name)
            most = 1 + kills if REPEATABLE[name.split("-")[0]][2] else 1
            least = 1 if word in ("ok", "cut") else 0
            if not least <= count <= most:
                problems.append(f"{name}: {word}, {count} executions")
        return problems


if FULL:
    over_tls(LargeBodies)
    over_tls(Threshold)


if __name__ == "__main__":
    main()
