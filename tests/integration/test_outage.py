"""Outages between agent and node that are shorter than the grace cost no
request: 64 visitors go on asking, each answer is compared byte by byte, and
the target counts how often each request was executed. The same with TLS between
agent and node, in a shorter form. How soon answers come again is reported; a
test fails for it only far beyond any busy machine."""

import threading
import time

from harness import FULL, TIME_SCALE, Case, KINDS, main, per_transport, wait_until
from soak import one
from wire import Visitor

VISITORS = 64 if FULL else 24
LARGEST = 20_000

# A short one is over before anybody notices, a long one only after both sides
# gave their connections up.
SECONDS = (0.5, 1.5, 3.0, 5.0, 8.0)


class Crowd:
    """Visitors that ask until `stop` and compare what they get."""

    def __init__(self, port, count):
        self.port, self.done = port, threading.Event()
        self.outage = "no outage", time.monotonic()
        self.problems, self.answered, self.names = [], [], []
        self.threads = [threading.Thread(target=self.visit, args=(number,))
                        for number in range(count)]
        for thread in self.threads:
            thread.start()

    def begin(self, outage):
        """What problems from now on are told with."""
        self.outage = outage, time.monotonic()

    def note(self, problem):
        outage, began = self.outage
        self.problems.append(f"{problem}, {time.monotonic() - began:.1f} s "
                             f"after the begin of {outage}")

    def visit(self, worker):
        visitor, number = Visitor(self.port, timeout=60), 0
        while not self.done.is_set():
            name = f"{worker}-{number}"
            number += 1
            self.names.append(name)
            try:
                if problem := one(visitor, name, LARGEST):
                    self.note(problem)
            except (OSError, ValueError) as error:
                self.note(f"{name}: {error!r}")
                visitor.close()
                visitor = Visitor(self.port, timeout=60)
            self.answered.append(time.monotonic())
            self.done.wait(0.03)
        visitor.close()

    def first_after(self, moment):
        """Seconds from `moment` to the first answer that came later."""
        limit = time.monotonic() + 30 * TIME_SCALE
        while time.monotonic() < limit:
            later = [at for at in list(self.answered) if at > moment]
            if later:
                return min(later) - moment
            time.sleep(0.005)
        raise TimeoutError("no answer after the outage")

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join()


def black_hole(proxy, kinds):
    proxy.swallow(*kinds)
    return lambda: proxy.restore(*kinds)


def refusal(proxy, kinds):
    proxy.close_port()
    proxy.reset()
    return proxy.open_port


def reset(proxy, kinds):
    proxy.cut(*kinds)
    return lambda: proxy.restore(*kinds)


def network_gone(proxy, kinds):
    proxy.swallow(*kinds)
    proxy.mute_port()

    def back():
        proxy.open_port()
        proxy.restore(*kinds)
    return back


FAULTS = (black_hole, refusal, reset, network_gone)


@per_transport("grpc", "ws", "poll", "mix", tls=True)
class Outages:
    @classmethod
    def setUpClass(cls):
        pass  # has a stack of its own

    def test_an_outage_shorter_than_the_grace_costs_no_request(self):
        stack = self.build(self.transport, proxy=True)
        crowd = Crowd(stack.port, VISITORS)
        late, outages = [], 100 if FULL else 2 if self.agents_over_tls else 4
        try:
            for number in range(outages):
                fault = FAULTS[number % len(FAULTS)]
                seconds = SECONDS[(number if FULL else number + 1)
                                  % len(SECONDS)]
                if not FULL:
                    seconds = min(seconds, 3.0)
                time.sleep(0.5)
                crowd.begin(f"{fault.__name__} {number} for {seconds} s")
                end = fault(stack.proxy, KINDS[self.transport])
                time.sleep(seconds)
                over = time.monotonic()
                end()
                took = crowd.first_after(over)
                print(f"{self.transport}: {fault.__name__} for {seconds} s: "
                      f"first answer after {took * 1000:.0f} ms, "
                      f"{len(crowd.problems)} problems", flush=True)
                if took > seconds / 10 + 2 * TIME_SCALE:
                    late.append((fault.__name__, seconds, took))
                if crowd.problems:
                    break # what the log ends with is about them
        finally:
            stack.proxy.heal()
            crowd.stop()
        self.assertEqual(crowd.problems[:10], [])
        wrong = {name: count for name in crowd.names
                 if (count := stack.origin.executed(name)) != 1}
        self.assertEqual(wrong, {})
        self.assertEqual(late, [])
        print(f"{self.transport}: {len(crowd.names)} requests, none failed, "
              "none doubled", flush=True)


class Goodbye(Case):
    """Only those are awaited who may come back."""

    def test_nobody_waits_for_an_agent_that_said_goodbye(self):
        # Longer than a visitor has patience here: who waits gets no answer.
        stack = self.build("ws", config={"tunnels": {"tunnel1": {
            "reconnect_grace": 600, "resume_time": 600,
            "websocket_pool": {"acquire_timeout": 600}}}})
        self.say_goodbye(stack)

    def test_who_was_only_just_welcome_says_goodbye_as_well(self):
        for transport in ("ws", "grpc"):
            with self.subTest(transport):
                stack = self.build(transport, agent=False, proxy=True, config={
                    "tunnels": {"tunnel1": {
                        "reconnect_grace": 600, "resume_time": 600,
                        **{f"{name}_pool": {"acquire_timeout": 600,
                                            "pool_size": 2}
                           for name in ("websocket", "grpc")}}}})
                # The node's welcome is on its way while the agent stops, which
                # takes a second at most, and several of these.
                stack.proxy.delay(0.1)
                stack.start_agent()
                wait_until(lambda: stack.node.log.count(" joined pool ") == 2,
                           "two connections of the node")
                self.say_goodbye(stack)

    def say_goodbye(self, stack):
        self.assertEqual(stack.agent.stop(), 0)
        visitor = Visitor(stack.port)
        answer = visitor.get("/")
        visitor.close()
        self.assertEqual((answer.status, answer.outcome),
                         (503, "no-endpoint"))


if __name__ == "__main__":
    main()
