"""Pools under real load: their sizes, their queue, their lifetimes."""

import collections
import time

from crowd import Crowd, Load
from harness import FULL, SANITIZER, TIME_SCALE, FaultProxy, main, wait_until
from pools import (KIND, PoolCase, Watch, members_of, pools_of,
                   readiness, total)


class Crowds(PoolCase):
    """More slow requests at once than all connections together can carry."""

    def check_crowd(self, transport, visitors, size, most, per_connection,
                    queue, patience):
        stack = self.build_pool(transport, {
            "pool_size": size, "max_pool_size": most,
            "max_requests_per_connection": per_connection,
            "max_waiting": queue, "acquire_timeout": patience,
            "idle_timeout": 1})
        places = most * per_connection
        seen = collections.Counter()

        def look(stats):
            for pool in pools_of(stats):
                for key in ("size", "leases", "waiting"):
                    seen[key] = max(seen[key], pool[key])

        with Watch(stack.node, look):
            stack.origin.control("hold")
            started = time.monotonic()
            crowd = Crowd(stack.port, visitors, "/slow/1")
            wait_until(lambda: stack.origin.now == places,
                       f"{places} requests at the origin", 60)
            # Without a free place the full queue turns the others away.
            wait_until(lambda: len(crowd.answers) + queue + places
                       >= visitors, "the queue to be full", 60)
            full_after = time.monotonic() - started
            stack.origin.control("release")
            answers = crowd.join()
            took = time.monotonic() - started
            self.wait_for_rest(stack)
        self.say(f"{visitors} requests over {transport}: {crowd.table()} in "
                 f"{took:.1f} s (places full after {full_after:.1f} s), at "
                 f"most {dict(seen)}, {stack.proxy.accepted(KIND[transport])} "
                 f"TCP connections ever, {stack.proxy.most} at once")
        self.check_answers(stack, answers, visitors, patience)
        self.assertEqual(stack.origin.control()["peak"], places)
        self.assertEqual(seen["size"], most)
        self.assertLessEqual(seen["waiting"], queue)
        # Under a sanitizer the crowd keeps the node busy for longer than an
        # agent waits for one of several dials, which it then repeats.
        if not SANITIZER:
            self.assertEqual(stack.proxy.accepted(KIND[transport]), most)
            self.assertEqual(stack.proxy.most, most)
        wait_until(lambda: pools_of(stack.node.stats())[0]["size"] == size,
                   "the pool to shrink")
        wait_until(lambda: stack.proxy.live(KIND[transport]) == size,
                   "its TCP connections to go")

    def check_answers(self, stack, answers, visitors, patience):
        executions = stack.origin.control("executions")
        self.assertEqual(len(answers), visitors)
        self.assertEqual({one.status for one in answers}, {200, 503})
        for one in answers:
            expected = 1 if one.status == 200 else 0
            self.assertEqual(executions.get(one.name, 0), expected, one)
            if one.status == 200:
                self.assertEqual(one.body, one.name)
                continue
            self.assertIn(one.outcome, ("pool-exhausted", "acquire-timeout"))
            self.assertGreaterEqual(int(one.headers["retry-after"]), 1)
            # The crowd itself takes a while to arrive.
            self.assertLess(one.seconds, patience + 5 * TIME_SCALE)

    def test_2000_slow_requests_over_websocket(self):
        self.check_crowd("ws", 2000, size=3, most=10, per_connection=64,
                         queue=1024, patience=4 * TIME_SCALE)

    def test_a_far_agent_dials_no_more_than_it_is_asked_for(self):
        stack = self.build_pool("ws", {
            "pool_size": 2, "max_pool_size": 6,
            "max_requests_per_connection": 2, "acquire_timeout": 60,
            "stall_timeout": 20, "ping_timeout": 20}, gate=False, agent=False)
        stack.proxy = FaultProxy(stack.node.port)
        stack.start_agent()
        stack.wait_for_agent()
        self.wait_for_size(stack)
        # A dial takes longer than the node waits before it asks again.
        stack.proxy.delay(0.35)
        stack.origin.control("hold")
        crowd = Crowd(stack.port, 12, "/slow/1")
        wait_until(lambda: stack.origin.now == 12, "all places to be in use",
                   60)
        stack.origin.control("release")
        self.assertEqual([one.status for one in crowd.join()], 12 * [200])
        pool, = pools_of(stack.node.stats())
        self.assertEqual(pool["refused_total"], 0)

    def test_600_slow_requests_over_grpc(self):
        self.check_crowd("grpc", 600, size=1, most=4, per_connection=50,
                         queue=300, patience=2 * TIME_SCALE)

    def test_who_waits_too_long_gets_503_by_the_deadline(self):
        stack = self.build_pool("ws", {
            "pool_size": 1, "max_pool_size": 2, "acquire_timeout": 1,
            "max_requests_per_connection": 4})
        stack.origin.control("hold")
        crowd = Crowd(stack.port, 50)
        wait_until(lambda: len(crowd.answers) == 42, "42 refusals")
        for one in crowd.answers:
            self.assertEqual((one.status, one.outcome),
                             (503, "acquire-timeout"))
            self.assertGreaterEqual(one.seconds, 1)
            self.assertLess(one.seconds, 1 + 3 * TIME_SCALE)
        stack.origin.control("release")
        self.assertEqual(crowd.join() and crowd.table(),
                         {"200": 8, "503 acquire-timeout": 42})


class Prewarm(PoolCase):
    """Connections stand before anybody needs them."""

    def test_an_agent_is_ready_only_with_its_pools_at_their_size(self):
        self.over_both(self.check_readiness)

    def check_readiness(self, transport):
        stack = self.build_pool(transport, {
            "pool_size": 5, "max_pool_size": 5}, agent=False)
        stack.proxy.limit(3)
        stack.start_agent()
        wait_until(lambda: len(members_of(stack.node.stats())) == 3,
                   "three connections")
        wait_until(lambda: stack.proxy.turned_away, "a fourth try")
        status, body = readiness(stack.node)
        self.assertEqual((status, body["ready"]), (503, False))
        self.assertEqual(
            body["below_pool_size"],
            [{"tunnel": "tunnel1", "endpoint": "app1", "usable": 3,
              "pool_size": 5,
              "transport": "websocket" if transport == "ws" else "grpc"}])
        stack.proxy.limit(None)
        wait_until(lambda: readiness(stack.node)[0] == 200, "to be ready", 60)
        self.assertEqual(stack.origin.control()["total"], 0)
        stats = stack.node.stats()
        self.assertTrue(self.is_full(stats))
        self.assertEqual(total(stats, "leased_total"), 0)

    def test_it_is_not_ready_after_it_lost_all_connections(self):
        stack = self.build_pool("ws", {"pool_size": 3})
        self.assertEqual(readiness(stack.node)[0], 200)
        stack.proxy.limit(0)
        stack.proxy.reset()
        wait_until(lambda: not members_of(stack.node.stats()), "no connection")
        status, body = readiness(stack.node)
        self.assertEqual((status, body["ready"]), (503, False))
        self.assertIn("websocket", str(body))

    def test_pools_are_warm_again_after_every_restart(self):
        stack = self.build_pool("mix", websocket_pool={"pool_size": 4},
                                grpc_pool={"pool_size": 2})

        def warm():
            stats = stack.node.stats()
            return (len(members_of(stats, "ws")) >= 4
                    and len(members_of(stats, "grpc")) >= 2
                    and readiness(stack.node)[0] == 200)
        wait_until(warm, "warm pools")
        for who in ("node", "agent"):
            for how in ("kill", "stop"):
                started = time.monotonic()
                getattr(getattr(stack, who), how)()
                if who == "node":
                    stack.start_node()
                else:
                    stack.start_agent()
                wait_until(warm, f"warm pools after the {who}'s {how}", 60)
                self.say(f"{who} {how}: warm after "
                         f"{time.monotonic() - started:.2f} s")
                self.assertEqual(total(stack.node.stats(), "leased_total"), 0)
        self.assertEqual(stack.origin.control()["total"], 0)


    def test_a_restarted_node_gets_as_many_as_it_keeps_ready(self):
        stack = self.build_pool("ws", {"pool_size": 4, "max_pool_size": 20})
        for _ in range(3):
            stack.node.kill()
            stack.start_node()
            self.wait_for_size(stack)
        time.sleep(0.5)  # for those that nobody asked for
        self.say(f"{len(members_of(stack.node.stats()))} connections")
        self.assertEqual(len(members_of(stack.node.stats())), 4)


class Lifetimes(PoolCase):
    """Connections are replaced under requests that outlast them."""

    def check_lifetimes(self, transport):
        stack = self.build_pool(transport, {
            "pool_size": 2, "max_pool_size": 4, "max_lifetime": 2,
            "lifetime_grace": 0.5, "max_requests_per_connection": 200})
        kind = KIND[transport]
        load = Load(stack.port, 40, "/slow/3.5")
        seconds = 60 if FULL else 0
        started = time.monotonic()

        def enough():
            stats = stack.node.stats()
            self.assertLessEqual(len(members_of(stats)), 4)
            return (total(stats, "moved_total") >= 40
                    and total(stats, "opened_total") >= 6
                    and time.monotonic() - started >= seconds)
        wait_until(enough, "moves and replacements", seconds + 60)
        answers = load.stop()
        stats = self.wait_for_rest(stack)
        self.say(f"{transport}: {load.table()}, "
                 f"{total(stats, 'moved_total')} moved, "
                 f"{total(stats, 'opened_total')} connections opened, "
                 f"{stack.proxy.accepted(kind)} dialled")
        self.assertEqual(load.table(), {"200": len(answers)})
        self.assertEqual(stack.origin.control("executions"),
                         {one.name: 1 for one in answers})
        self.assertEqual(total(stats, "lost_total"), 0)

    def test_connections_are_replaced_and_long_requests_move(self):
        self.over_both(self.check_lifetimes)


if __name__ == "__main__":
    main()
