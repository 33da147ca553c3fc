"""Pools under violence: killed agents, resets without end, connections that
come and go by the thousand. Nothing may be lost, nothing may stay behind."""

import asyncio
import collections
import socket
import struct
import threading
import time

from crowd import Load
from harness import FULL, TIME_SCALE, main, wait_until
from pools import (Lull, PoolCase, Watch, descriptors, pools_of,
                   sessions_of, total)

MIB = 1 << 20

# Within this time a pool has its size again, whatever happened to it.
BACK_WITHIN = 2 * TIME_SCALE

# A KiB left behind by each of an agent's connections exceeds it in the long
# form; the allocator's own ups and downs do not.
MAY_GROW = 24 * MIB


class Baseline:
    """Memory, actors and descriptors of a node at rest."""

    def __init__(self, case, stack):
        self.case, self.stack = case, stack
        case.wait_for_rest(stack)
        self.actors, self.descriptors = self.steady()
        self.memory = stack.node.memory("VmRSS")

    def steady(self):
        """Actors and descriptors when they have not changed for a second; who
        answers the question may be one of the actors, or already gone."""
        seen = collections.deque(maxlen=5)

        def same():
            time.sleep(0.2)
            seen.append((self.stack.node.stats()["actors"]["running"],
                         descriptors(self.stack.node)))
            actors, open_ = zip(*seen)
            return (len(seen) == 5 and max(actors) - min(actors) <= 1
                    and len(set(open_)) == 1 and (min(actors), open_[0]))
        return wait_until(same, "a node at rest", 30)

    def check(self, after):
        """Waits until the node is as it was, and says the figures."""
        node = self.stack.node
        try:
            self.case.wait_for_rest(self.stack)
            wait_until(lambda: node.stats()["actors"]["running"]
                       <= self.actors, "the actors to end", 30)
            wait_until(lambda: descriptors(node) <= self.descriptors + 2,
                       "the descriptors to be closed", 30)
        finally:
            memory = node.memory("VmRSS")
            self.case.say(
                f"after {after}: actors {self.actors} -> "
                f"{node.stats()['actors']['running']}, descriptors "
                f"{self.descriptors} -> {descriptors(node)}, RSS "
                f"{self.memory / MIB:.1f} -> {memory / MIB:.1f} MiB (peak "
                f"{node.memory('VmHWM') / MIB:.1f})")
        self.case.assert_memory(memory - self.memory, MAY_GROW)


class Resets(PoolCase):
    """Half of all connections are reset every second, under load."""

    def check_resets(self, transport):
        stack = self.build_pool(transport, {
            "pool_size": 6, "max_pool_size": 12, "idle_timeout": 1})
        self.saw(stack, 2, Lull(self.is_full), Load(stack.port, name="warm"))
        self.settle(stack)
        before = Baseline(self, stack)
        lull = Lull(self.is_full)
        load = Load(stack.port)
        resets = self.saw(stack, 60 if FULL else 8, lull, load)
        self.settle(stack)
        stats = stack.node.stats()
        self.say(f"{transport}: {load.table()}, {resets} resets, below its "
                 f"size {lull.count} times, at most {lull.longest:.2f} s; "
                 f"{total(stats, 'lost_total')} connections lost")
        self.check_load(stack, load)
        self.assertLess(lull.longest, BACK_WITHIN)
        before.check(f"{resets} resets over {transport}")

    def saw(self, stack, seconds, lull, load):
        """Resets half of the connections each second."""
        resets = 0
        with Watch(stack.node, lull):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                resets += stack.proxy.reset_part(0.5)
                time.sleep(1)
            wait_until(lambda: lull.since is None, "the pool's size")
        load.stop()
        return resets

    def settle(self, stack):
        self.wait_for_rest(stack)
        wait_until(lambda: all(pool["size"] == pool["pool_size"] for pool in
                               pools_of(stack.node.stats())),
                   "pools of exactly their size", 30)

    def check_load(self, stack, load):
        """No failure, and each request was executed once."""
        self.assertEqual(load.table(), {"200": len(load.answers)})
        executions = stack.origin.control("executions")
        self.assertEqual({one.name: executions.get(one.name)
                          for one in load.answers
                          if executions.get(one.name) != 1}, {})

    def test_connections_that_are_reset_lose_no_request(self):
        self.over_both(self.check_resets)


class Breaks(PoolCase):
    """The network is gone for a moment; what was dialled in it fails."""

    def check_break(self, transport):
        stack = self.build_pool(transport, {"pool_size": 10,
                                            "max_pool_size": 30})
        load = Load(stack.port)
        wait_until(lambda: len(load.answers) >= 20, "some answers")
        slowest = 0
        for _ in range(10 if FULL else 3):
            time.sleep(1)  # connections that lived a while
            stack.proxy.limit(0)
            before = stack.proxy.turned_away
            stack.proxy.reset()
            wait_until(lambda: stack.proxy.turned_away > before,
                       "the agent to dial in vain")
            time.sleep(0.2)
            stack.proxy.limit(None)
            started = time.monotonic()
            wait_until(lambda: self.is_full(stack.node.stats()),
                       "the pool's size", 60)
            slowest = max(slowest, time.monotonic() - started)
        load.stop()
        self.say(f"{transport}: the pool has its size at most {slowest:.2f} s "
                 f"after the network is back; {load.table()}")
        self.assertLess(slowest, BACK_WITHIN)
        self.assertEqual(load.table(), {"200": len(load.answers)})

    def test_a_short_break_costs_no_long_pause(self):
        self.over_both(self.check_break)


class Kills(PoolCase):
    """Agents die by kill -9, under load."""

    def check_kills(self, transport):
        stack = self.build_pool(transport, {
            "pool_size": 4, "max_pool_size": 12, "idle_timeout": 1})
        flags = [("-instance", "one"), ("-instance", "two")]
        stack.agents[0].stop()
        for which in (0, 1):
            stack.start_agent(flags=flags[which])
        agents = stack.agents[-2:]
        both = lambda: len(sessions_of(stack.node.stats())) == 2
        wait_until(both, "two agents")
        self.wait_for_rest(stack)
        before = None
        load = Load(stack.port, methods=("GET",))
        lull = Lull(self.is_full)
        joins = []
        with Watch(stack.node, lull):
            for number in range(21 if FULL else 5):
                which = number % 2
                seen = set(sessions_of(stack.node.stats()))
                agents[which].kill()
                started = time.monotonic()
                agents[which].start()
                wait_until(lambda: set(sessions_of(stack.node.stats())) - seen
                           and both(), "the restarted agent to have a place")
                joins.append(time.monotonic() - started)
                wait_until(lambda: lull.since is None, "the pool's size")
                # A request that meets three deaths is given up, as it should.
                known = len(load.answers)
                wait_until(lambda: load.answered(known) == load.visitors,
                           "an answer for each visitor", 30)
                if number == 0:
                    before = stack.node.memory("VmRSS")
        load.stop()
        self.wait_for_rest(stack)
        self.say(f"{transport}: {len(joins)} kills, {load.table()}; below its "
                 f"size {lull.count} times, at most {lull.longest:.2f} s; a "
                 f"restarted agent has a place after at most "
                 f"{max(joins):.2f} s; RSS {before / MIB:.1f} -> "
                 f"{stack.node.memory('VmRSS') / MIB:.1f} MiB")
        # One agent always lived, and GET may be repeated there.
        self.assertEqual(load.table(), {"200": len(load.answers)})
        self.assertLess(lull.longest, BACK_WITHIN)
        self.assert_memory(stack.node.memory("VmRSS") - before, MAY_GROW)

    def test_one_of_two_agents_again_and_again(self):
        self.over_both(self.check_kills)

    def test_the_only_agent_again_and_again(self):
        stack = self.build_pool("ws", {"pool_size": 4})
        self.wait_for_rest(stack)
        before = Baseline(self, stack)
        load = Load(stack.port)
        slowest = 0
        for _ in range(20 if FULL else 3):
            seen = set(sessions_of(stack.node.stats()))
            stack.agent.kill()
            stack.agent.start()
            started = time.monotonic()
            wait_until(lambda: (stats := stack.node.stats())
                       and not seen & set(sessions_of(stats))
                       and self.is_full(stats), "the pool's size")
            slowest = max(slowest, time.monotonic() - started)
        answers = load.stop()
        self.say(f"{load.table()}; the pool has its size at most "
                 f"{slowest:.2f} s after the start")
        for one in answers:  # nobody hangs, everybody learns why
            self.assertIn(one.status, (200, 502, 503), one)
            self.assertTrue(one.status == 200 or one.outcome, one)
        executions = stack.origin.control("executions")
        for one in answers:  # the only agent is gone: nobody may repeat POST
            if int(one.name.split("-")[1]) % 2 == 1:
                self.assertLessEqual(executions.get(one.name, 0), 1, one)
        self.assertLess(slowest, BACK_WITHIN)
        before.check("kills of the only agent")


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
UPGRADE = (b"GET /.tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
           b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
SETTINGS = b"\0\0\0\4\0\0\0\0\0"

# What strangers send before they go.
STRANGERS = (b"", UPGRADE, UPGRADE + b"\x82\x85abcdabcde", PREFACE,
             PREFACE + SETTINGS, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
             b"GET / HTTP/1.1\r\nHost: exam", PREFACE[:10],
             bytes(range(256)))


class Strangers(threading.Thread):
    """Connections without a password, from a thread of its own."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.port, self.left, self.done = port, count, 0
        self.refused = 0
        self.start()

    def run(self):
        asyncio.run(self.main())

    async def main(self):
        await asyncio.gather(*(self.work() for _ in range(20)))

    async def work(self):
        while self.left > 0:
            self.left -= 1
            try:
                await self.one(self.left)
            except OSError:
                self.refused += 1
            self.done += 1

    async def one(self, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(STRANGERS[number % len(STRANGERS)])
        try:
            if number % 3 == 0:  # reads an answer, if there is one
                await asyncio.wait_for(reader.read(4096), 0.05)
            elif number % 3 == 1:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
        except (TimeoutError, OSError):
            pass
        writer.close()


class Cycles(PoolCase):
    """Connections that open and close, authenticated and not."""

    def test_connections_that_come_and_go_leave_nothing_behind(self):
        agents_share, strangers_share = ((30_000, 70_000) if FULL
                                         else (1200, 1800))
        pool = {"pool_size": 100, "max_pool_size": 200,
                "restart_intensity": 10000, "idle_timeout": 1}
        stack = self.build_pool("mix", websocket_pool=pool, grpc_pool=pool)
        # gRPC keeps what its worst moment took: have that one before.
        part = 10 if FULL else 1
        self.churn(stack, agents_share // part, strangers_share // part)
        self.wait_for_size(stack, 60)
        self.settle(stack)
        before = Baseline(self, stack)
        started = time.monotonic()
        agents, strangers = self.churn(stack, agents_share, strangers_share)
        took = time.monotonic() - started
        self.settle(stack)
        self.assertGreaterEqual(agents + strangers,
                                agents_share + strangers_share)
        before.check(f"{agents} cycles of agents' connections and "
                     f"{strangers} of strangers' in {took:.0f} s")

    def churn(self, stack, agents, strangers):
        """Opens and closes at least so many of both."""
        crowd = Strangers(stack.node.port, strangers)
        closed = 0
        while closed < agents:
            wait_until(lambda: self.is_full(stack.node.stats()),
                       "all connections to be back", 60)
            closed += stack.proxy.reset_part(1)
        wait_until(lambda: not crowd.is_alive(), "the strangers", 600)
        self.assertEqual(crowd.refused, 0)
        return closed, crowd.done

    def settle(self, stack):
        wait_until(lambda: all(pool["size"] == pool["pool_size"] for pool in
                               pools_of(stack.node.stats())),
                   "pools of exactly their size", 60)


if __name__ == "__main__":
    main()
