#!/usr/bin/env python3
"""Guessing at passwords, of visitors and of agents: how many guesses are
looked at, what honest ones notice, and what the answers and their times tell.
APS_FULL=1: for a minute, and 10,000 tries of each kind."""

import itertools
import math
import random
import statistics
import threading
import time

from guessers import Crowd, Guessers, as_agent, as_visitor
from harness import FULL, PASSWORD, Case, main, wait_until
from origin import Origin
from siege import percentile
from tunnel_peer import Peer, Refused, derived_key
from wire import Visitor, basic

SECONDS = 60 if FULL else 5
ADDRESSES = [f"127.0.2.{number}" for number in range(1, 51 if FULL else 11)]
TUNNEL = {"via": {"tunnels": ["tunnel1"]}}


def mann_whitney(x, y):
    """The two-sided p of the U test, by its normal approximation with ties."""
    ranked = sorted([(value, 0) for value in x] + [(value, 1) for value in y])
    total, ties, place = 0.0, 0.0, 0
    for _, group in itertools.groupby(ranked, key=lambda pair: pair[0]):
        group = list(group)
        rank = place + (len(group) + 1) / 2
        total += rank * sum(1 for _, side in group if side == 0)
        ties += len(group) ** 3 - len(group)
        place += len(group)
    n, m = len(x), len(y)
    u = total - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))))
    return math.erfc(abs(u - n * m / 2) / spread / math.sqrt(2))


class Guessing(Case):
    def start(self, **more):
        origin = Origin()
        self.stack = self.build("mix", {
            "auth": {"users": {"alice": {"password": "of alice"}}},
            "mappings": [
                {"from": "http://open.test", "to": origin.url, **TUNNEL},
                {"from": "http://known.test", "to": origin.url, "require": {},
                 **TUNNEL}], **more}, origin=origin)
        return self.stack

    def limit(self):
        return self.stack.node.stats()["limits"].get("login-rate", 0)

    def honest(self, times):
        def visit(_):
            with Visitor(self.stack.port, source="127.0.0.9") as visitor:
                for _ in range(20):
                    start = time.monotonic()
                    status = visitor.get("/echo", [basic("alice", "of alice")],
                                         "known.test").status
                    times.append(time.monotonic() - start)
                    assert status == 200, status
                    time.sleep(0.01)
        return Crowd(visit, 4)

    def beside_honest_traffic(self, kind, port):
        """How guessers were answered; honest visitors must not notice them."""
        calm, hot = [], []
        crowd = self.honest(calm)
        wait_until(lambda: len(calm) > 400, "honest traffic", 60)
        self.assertEqual(crowd.close(), [])
        attack, honest = Guessers(kind, port, ADDRESSES), self.honest(hot)
        time.sleep(SECONDS)
        wait_until(lambda: self.limit() > 0, "guesses that are slowed", 60)
        self.assertEqual(honest.close(), [])
        answers, wrong = attack.close()
        self.assertEqual(wrong, [])
        factor = percentile(hot, 0.99) / percentile(calm, 0.99)
        print(f"{answers.total()} guesses, {len(hot)} honest requests, p99 "
              f"{factor:.1f} times the calm one, p50 "
              f"{statistics.median(hot) / statistics.median(calm):.1f}")
        if FULL:
            self.assertLessEqual(factor, 3)
        return answers

    def test_visitors_who_guess(self):
        self.start()
        start = time.monotonic()
        answers = self.beside_honest_traffic(as_visitor, self.stack.port)
        took = time.monotonic() - start
        print(f"{answers} in {took:.0f} s")
        self.assertEqual(set(answers) - {401, 429}, set())
        self.assertGreater(answers[429], 0)
        # Who guesses waits for each answer.
        self.assertLessEqual(answers.total(), len(ADDRESSES) * (10 + took + 1))
        # Of one name there are ten, too, and pauses that grow.
        self.assertLessEqual(answers[401], len(ADDRESSES) * (10 + took / 10 + 6))

    def test_agents_who_guess(self):
        self.start()
        before = self.limit()
        start = time.monotonic()
        answers = self.beside_honest_traffic(as_agent,
                                             self.stack.node.agent_port)
        took = time.monotonic() - start
        guesses = answers.total()
        looked_at = guesses - (self.limit() - before)
        print(f"{looked_at} looked at, in {took:.0f} s")
        self.assertLessEqual(looked_at, len(ADDRESSES) * (10 + took + 1))
        self.assertGreater(guesses, looked_at)
        # All are told the same, and who knows better gets in.
        self.assertEqual(len(answers), 1, answers)
        self.assertNotIn("let in", answers)
        with Peer(self.stack.node.agent_port, endpoint="late") as peer:
            peer.join()

    def test_an_agent_that_is_known_comes_back_amid_guesses(self):
        self.start()
        session = bytes(range(16))
        source = ADDRESSES[0]

        def dial(**options):
            peer = Peer(self.stack.node.agent_port, source=source, **options)
            self.addCleanup(peer.close)
            return peer
        dial(session=session).join()
        before = self.limit()
        for _ in range(12):
            with self.assertRaises(Refused), dial(key=bytes(32)) as peer:
                peer.join()
        self.assertGreater(self.limit(), before)
        dial(session=session).join()

    def test_neither_answers_nor_times_tell_why_not(self):
        tries = 10_000 if FULL else 100
        self.start(tunnels={"tunnel1": {"credentials": [
            {"name": "old", "password": "of old", "expires": "2020-01-01"},
            {"name": "web", "password": "of web", "endpoints": ["web"]}]}})
        keys = {"wrong": derived_key("tunnel1", "a guess"),
                "expired": derived_key("tunnel1", "of old"),
                "endpoint": derived_key("tunnel1", "of web"),
                "tunnel": derived_key("nowhere", PASSWORD)}
        times = {kind: [] for kind in keys}
        said = set()
        jobs = list(keys) * tries
        random.Random(7).shuffle(jobs)
        lock = threading.Lock()

        def one(number):
            with lock:
                if not jobs:
                    time.sleep(0.01)
                    return
                kind = jobs.pop()
            address = f"127.0.{3 + number}.{random.randrange(1, 255)}"
            with Peer(self.stack.node.agent_port, key=keys[kind],
                      tunnel="nowhere" if kind == "tunnel" else "tunnel1",
                      endpoint="other", source=address, timeout=60) as peer:
                start = time.perf_counter()
                try:
                    peer.join()
                except Refused as no:
                    times[kind].append(time.perf_counter() - start)
                    said.add(str(sorted(no.fields.items())))
        crowd = Crowd(one, 16)
        wait_until(lambda: not jobs, "all tries", 3600 if FULL else 300)
        self.assertEqual(crowd.close(), [])
        self.assertEqual(len(said), 1, said)
        for x, y in itertools.combinations(keys, 2):
            p = mann_whitney(times[x], times[y])
            print(f"{x} against {y}: p = {p:.3f}")
            if FULL:
                self.assertGreater(p, 0.01, (x, y))
        for kind, each in times.items():
            self.assertEqual(len(each), tries, kind)
            # Long enough for each of them, however it was found out.
            self.assertGreater(min(each), 0.09, kind)


if __name__ == "__main__":
    main()
