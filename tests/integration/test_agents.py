"""Several agents, several endpoints, several nodes, and agents that are not
welcome."""

import json
import os
import signal
import time

from crowd import Crowd, Load
from harness import (BIN, FULL, FaultProxy, Node, Stack, free_port, main,
                     wait_until)
from pools import PoolCase, members_of, pools_of, sessions_of, total
from slow_origin import SlowOrigin
from wire import ask

# Long enough to see somebody hammer.
A_WHILE = 20 if FULL else 4
# What an agent has under way at most while nothing lives (max_attempts).
AT_ONCE = 8


def lines_of(program, text, since=0):
    """A program's log lines with this text."""
    return [line for line in program.log[since:].splitlines() if text in line]


class Rivals(PoolCase):
    """More agents of one endpoint than its pool has places."""

    def check_uninvited(self, transport):
        stack = self.build_pool(transport, {"pool_size": 2,
                                            "max_pool_size": 3})
        for _ in range(3):
            stack.start_agent()
        wait_until(lambda: len(sessions_of(stack.node.stats())) == 3
                   and total(stack.node.stats(), "refused_total"),
                   "three agents with a place and one without")
        before = total(stack.node.stats(), "refused_total")
        end = time.monotonic() + A_WHILE
        while time.monotonic() < end:
            self.assertLessEqual(len(members_of(stack.node.stats())), 3)
            self.assertEqual(ask(stack.port, "/slow/0.01").status, 200)
        refusals = total(stack.node.stats(), "refused_total") - before
        self.say(f"{transport}: {refusals} refusals in {A_WHILE} s")
        # One agent is too many; its pauses grow from 5 s to 30 s.
        self.assertLessEqual(refusals, 1 + A_WHILE / 5)

    def test_who_dials_uninvited_is_refused_and_slows_down(self):
        self.over_both(self.check_uninvited)

    def check_second(self, transport):
        stack = self.build_pool(transport, {"pool_size": 3,
                                            "max_pool_size": 3})
        load = Load(stack.port)
        started = time.monotonic()
        second = stack.start_agent()

        def shared():
            stats = stack.node.stats()
            self.assertLessEqual(len(members_of(stats)), 3)
            return len(sessions_of(stats)) == 2
        wait_until(shared, "both agents in the pool")
        for program in (stack.node, second):
            wait_until(lambda: "tunnel1.app1 has 2 agents now; they share its "
                       "requests" in program.log, "a word about the other one")
        self.say(f"{transport}: after {time.monotonic() - started:.1f} s")
        load.stop()
        self.assertEqual(load.table(), {"200": len(load.answers)})
        executions = stack.origin.control("executions")
        self.assertEqual(set(executions.values()), {1})

    def test_a_second_agent_gets_a_place_in_a_full_pool(self):
        self.over_both(self.check_second)

    def test_two_idle_agents_keep_their_places(self):
        # The pool has its size without the second, but that one is not to be
        # shut out and to come back for ever.
        stack = self.build_pool("ws", {"pool_size": 1, "max_pool_size": 4,
                                       "idle_timeout": 1})
        stack.start_agent()
        wait_until(lambda: len(sessions_of(stack.node.stats())) == 2,
                   "both agents")
        before = total(stack.node.stats(), "opened_total")
        time.sleep(A_WHILE)
        stats = stack.node.stats()
        opened = total(stats, "opened_total") - before
        self.say(f"{opened} connections opened while idle")
        self.assertLessEqual(opened, 1)
        self.assertEqual(len(sessions_of(stats)), 2)


POLICIES = ("round_robin", "least_loaded", "random", "latency", "address",
            "cookie", "header")
STICKY = {"address": "address", "cookie": "cookie:user",
          "header": "header:X-User"}


def mappings(target):
    """One mapping for each policy, told apart by its host."""
    out = []
    for name in POLICIES:
        via = {"tunnels": ["tunnel1"],
               "balance": "sticky" if name in STICKY else name}
        if name in STICKY:
            via["sticky_by"] = STICKY[name]
        out.append({"from": f"http://{name.replace('_', '-')}.test",
                    "to": target, "via": via})
    return out


def build_balance(endpoints, delay=0):
    """A stack with an agent for each of these endpoints, `delay` away."""
    origin = SlowOrigin()
    stack = Stack("ws", agent=False, origin=origin, config={
        "tunnels": {"tunnel1": {"websocket_pool": {
            "pool_size": 4, "max_pool_size": 8, "ping_interval": 0.2,
            "max_requests_per_connection": 1000}}},
        "mappings": mappings(origin.url)})
    if delay:
        stack.proxy = FaultProxy(stack.node.port)
        stack.proxy.delay(delay)
    for number, name in enumerate(endpoints):
        stack.start_agent(endpoint=name)
        wait_until(lambda: len(sessions_of(stack.node.stats())) == number + 1,
                   "the agent")
    return stack


class Balance:
    """Requests that are held at the origin show where they went."""

    endpoints = ("app1", "app1")  # of the agents

    @classmethod
    def setUpClass(cls):
        cls.stack = build_balance(cls.endpoints)

    def counts(self):
        """Requests at each agent (or endpoint: each has one agent)."""
        return sessions_of(self.stack.node.stats())

    def spread(self, policy, count, **options):
        """Holds `count` requests and returns how many each agent has."""
        origin = self.stack.origin
        origin.control("hold")
        crowd = Crowd(self.stack.port, count, "/slow/0",
                      host=f"{policy.replace('_', '-')}.test", **options)
        wait_until(lambda: origin.now == count, "all requests")
        wait_until(lambda: sum(self.counts().values()) == count, "the counts")
        out = self.counts()
        origin.control("release")
        crowd.join()
        self.assertEqual(crowd.table(), {"200": count})
        wait_until(lambda: sum(self.counts().values()) == 0, "rest")
        return out

    def test_round_robin_gives_each_the_same(self):
        self.assertEqual(sorted(self.spread("round_robin", 40).values()),
                         [20, 20])

    def test_least_loaded_evens_out(self):
        # Latency counts, too, and on a busy machine that of neighbours is
        # mere chance; over a distance it is the same for both.
        stack = self.stack = build_balance(self.endpoints, 0.05)
        self.own.append(stack)

        def alike():
            stats = stack.node.stats()
            # What tunnels and pools know of each, the latter a bit later.
            rtts = [one["rtt_ms"] for one in members_of(stats)]
            rtts += [one["latency_ms"] for one
                     in stats["tunnels"]["tunnel1"]["endpoints"]]
            return min(rtts) > 40 and max(rtts) < 1.4 * min(rtts)
        wait_until(alike, "the same distance")
        counts = sorted(self.spread("least_loaded", 60).values())
        self.say(f"{counts}")
        self.assertGreaterEqual(counts[0], 20)

    def test_random_uses_both(self):
        # Less than one run in a million has 10 of 60 or fewer.
        counts = sorted(self.spread("random", 60).values())
        self.say(f"{counts}")
        self.assertGreater(counts[0], 10)

    def check_sticky(self, policy, **who):
        """`who` makes visitors of numbers."""
        key, make = next(iter(who.items()))
        for visitor in range(4):
            same = self.spread(policy, 10, **{key: lambda _: make(visitor)})
            self.assertEqual(sorted(same.values()), [0, 10])
        counts = sorted(self.spread(policy, 60, **who).values())
        self.say(f"{counts}")
        self.assertGreater(counts[0], 10)

    def test_sticky_by_address_keeps_a_visitor(self):
        self.check_sticky("address", source=lambda i: f"127.0.1.{i + 1}")

    def test_sticky_by_cookie_keeps_a_visitor(self):
        self.check_sticky("cookie", headers=lambda i: [
            ("Cookie", f"a=b; user=u{i}")])

    def test_sticky_by_header_keeps_a_visitor(self):
        self.check_sticky("header", headers=lambda i: [("X-User", f"u{i}")])

    def test_with_a_far_one_latency_prefers_the_near_one(self):
        # Its own stack takes the place of the shared one meanwhile.
        stack = self.stack = build_balance(self.endpoints[:1])
        self.own.append(stack)
        near = next(iter(self.counts()))
        stack.proxy = FaultProxy(stack.node.port)
        stack.proxy.delay(0.03)
        stack.start_agent(endpoint=self.endpoints[1])

        def measured():
            stats = stack.node.stats()
            far = [one["rtt_ms"] for one in members_of(stats)
                   if one["session"] != near]
            return far and min(far) > 20 and [far, [
                one["rtt_ms"] for one in members_of(stats)
                if one["session"] == near]]
        rtts = wait_until(measured, "the delay to be measured")
        counts = wait_until(
            lambda: (seen := self.spread("latency", 20))[near] == 20 and seen,
            "the near one to get everything")
        self.say(f"{sorted(counts.values())}, RTT far {min(rtts[0]):.0f} ms, "
                 f"near {max(rtts[1]):.1f} ms")


class BalanceOfAgents(Balance, PoolCase):
    endpoints = ("app1", "app1")


class BalanceOfEndpoints(Balance, PoolCase):
    endpoints = ("app1", "app2")


class Successors(PoolCase):
    """A restarted agent with the same -instance takes over."""

    INSTANCE = ("-instance", "the-one")

    def build_successors(self):
        pools = {"pool_size": 3, "max_pool_size": 6}
        stack = self.build_pool("mix", agent=False, websocket_pool=pools,
                                grpc_pool=pools)
        stack.start_agent(flags=self.INSTANCE)
        self.wait_for_size(stack)
        return stack, set(sessions_of(stack.node.stats()))

    def wait_for_takeover(self, stack, old, started):
        """The old session is gone as soon as the new one is there."""
        def taken():
            sessions = set(sessions_of(stack.node.stats()))
            if sessions - old:
                self.assertFalse(sessions & old, "two lives at once")
            return sessions - old
        new = wait_until(taken, "the new session")
        self.say(f"the new session is there {time.monotonic() - started:.2f} "
                 "s after its start")
        return new

    def test_after_kill(self):
        stack, old = self.build_successors()
        for _ in range(3):
            stack.agent.kill()
            started = time.monotonic()
            stack.start_agent(flags=self.INSTANCE)
            old = self.wait_for_takeover(stack, old, started)
            self.assertEqual(ask(stack.port, "/slow/0").status, 200)

    def test_while_the_old_one_is_frozen_with_open_sockets(self):
        stack, old = self.build_successors()
        stack.origin.control("hold")
        crowd = Crowd(stack.port, 10, "/slow/0")
        wait_until(lambda: stack.origin.now == 10, "the requests")
        frozen = stack.agent
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            self.check_takeover(stack, old, crowd)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        # Whoever comes second is told, as a restart cannot be told from it.
        self.assertIn("its own -instance", stack.agent.log)
        # It was no former self after all: both live, and both stay.
        wait_until(lambda: "both stay" in stack.node.log, "the warning")
        wait_until(lambda: len(sessions_of(stack.node.stats())) == 2,
                   "both of them")
        for _ in range(20):
            self.assertEqual(ask(stack.port, "/slow/0").status, 200)

    def check_takeover(self, stack, old, crowd):
        stack.origin.control("release")
        started = time.monotonic()
        stack.start_agent(flags=self.INSTANCE)
        self.wait_for_takeover(stack, old, started)
        # GET may be repeated: who waited is served by the new one.
        crowd.join()
        self.assertEqual(crowd.table(), {"200": 10})
        self.say(f"the slowest answer after "
                 f"{max(one.seconds for one in crowd.answers):.2f} s")
        for _ in range(20):
            self.assertEqual(ask(stack.port, "/slow/0").status, 200)
        self.wait_for_size(stack)

    def check_quiet(self, stack, frozen, new, mark):
        end = time.monotonic() + A_WHILE
        while time.monotonic() < end:
            self.assertEqual(set(sessions_of(stack.node.stats())), new)
            self.assertEqual(ask(stack.port, "/slow/0").status, 200)
        refused = lines_of(stack.node, "Refused", mark)
        said = lines_of(frozen, "[warning]")
        self.say(f"{len(refused)} refusals and {len(said)} warnings of the "
                 f"old one in {A_WHILE} s")
        # What it dialled at the same moment, and nothing later.
        self.assertLessEqual(len(refused), 6)
        self.assertIn("-instance", frozen.log)
        self.assertFalse([line for line in lines_of(stack.node, "left pool",
                                                    mark)])


class Nodes(PoolCase):
    """One agent that serves two nodes."""

    def test_each_has_its_own_pools_and_one_that_is_gone_is_awaited(self):
        stack = self.build_pool("mix", gate=False, agent=False,
                                websocket_pool={"pool_size": 3},
                                grpc_pool={"pool_size": 2})
        config = {**stack.config,
                  "servers": {"main": {"host": "127.0.0.1",
                                       "port": free_port()}},
                  "admin": {"host": "127.0.0.1", "port": free_port()}}
        other = Node(BIN, stack.folder, config, name="other")
        stack.programs.append(other)
        other.start()
        agent = stack.start_agent(flags=("-server",
                                         f"127.0.0.1:{other.port}"))
        for node in (stack.node, other):
            wait_until(lambda: self.is_full(node.stats())
                       and len(pools_of(node.stats())) == 2, "full pools")
            self.assertEqual(ask(node.port, "/slow/0").status, 200)
        for how in ("kill", "stop"):
            self.check_gone(stack, other, agent, how)

    def check_gone(self, stack, other, agent, how):
        mark = len(agent.log)
        getattr(other, how)()
        end = time.monotonic() + A_WHILE
        while time.monotonic() < end:
            self.assertEqual(ask(stack.port, "/slow/0").status, 200)
        lines = agent.log[mark:].splitlines()
        self.assertTrue(agent.running)
        self.assertTrue(self.is_full(stack.node.stats()))
        started = time.monotonic()
        other.start()
        wait_until(lambda: ask(other.port, "/slow/0").status == 200,
                   "the other node to be used again", 60)
        self.say(f"{how}: {len(lines)} lines of the agent in {A_WHILE} s; "
                 f"used again {time.monotonic() - started:.1f} s after the "
                 "node's return")
        # One for each transport, however long it takes.
        self.assertLessEqual(len(lines), 4, "\n".join(lines))
        wait_until(lambda: self.is_full(other.stats()), "full pools", 60)


class Passwords(PoolCase):
    def test_a_bad_password_is_reported_once_and_disturbs_nobody(self):
        self.over_both(self.check_bad_password)

    @staticmethod
    def is_quiet(status_port):
        """Whether an agent has no attempt under way."""
        node, = json.loads(ask(status_port, "/.api/stats",
                               host=f"127.0.0.1:{status_port}").body)["nodes"]
        return not any(one["under_way"] for one in node["transports"])

    def check_bad_password(self, transport):
        stack = self.build_pool(transport, {"pool_size": 2,
                                            "max_pool_size": 3})
        before = {one["name"] for one in members_of(stack.node.stats())}
        load = Load(stack.port)
        status = free_port()
        bad = stack.start_agent(password="wrong", name="bad", flags=(
            *stack.agent_flags, "-status", f"127.0.0.1:{status}"))
        # Until the first refusal is heard others are sent beside it, as it
        # may hang (100 ms are enough on a busy machine).
        wait_until(lambda: "refused" in bad.log and self.is_quiet(status),
                   "the refusal, and nothing under way")
        first = len(lines_of(stack.node, "Refused"))
        time.sleep(A_WHILE)
        load.stop()
        refused = lines_of(stack.node, "Refused")
        # A dial that takes long on a slow machine is another cause.
        said = [line for line in lines_of(bad, "[warning]")
                if "timed out" not in line and "-allow-target" not in line]
        self.say(f"{transport}: {len(refused)} refusals in {A_WHILE} s; "
                 f"{said}")
        self.assertTrue(bad.running)
        self.assertLessEqual(first, AT_ONCE)
        # Nobody hammers.
        self.assertLessEqual(len(refused) - first, A_WHILE // 5)
        self.assertEqual(len(said), 1)
        self.assertIn("-password", said[0])
        self.assertEqual(load.table(), {"200": len(load.answers)})
        stats = stack.node.stats()
        self.assertEqual({one["name"] for one in members_of(stats)}, before)
        self.assertEqual(total(stats, "lost_total"), 0)


if __name__ == "__main__":
    main()
