"""Many who guess at passwords as fast as they can, in a process of their own:
what they take from honest ones is to be the node's, not this interpreter's nor
the machine's cores."""

import collections
import functools
import multiprocessing
import os
import random
import threading
import time

from tunnel_peer import Peer, Refused, derived_key
from wire import Visitor, basic

CONTEXT = multiprocessing.get_context("spawn")


def as_visitor(port, address):
    """Fifty guesses of one connection, and how they were answered."""
    with Visitor(port, source=address) as visitor:
        for _ in range(50):
            yield visitor.get("/echo", [basic("bob", str(random.random()))],
                              "known.test").status


@functools.cache
def wrong_key():
    return derived_key("tunnel1", "a guess")


def as_agent(port, address):
    """One guess, and what its refusal said."""
    with Peer(port, key=wrong_key(), source=address, timeout=30) as peer:
        try:
            peer.join()
            yield "let in"
        except Refused as no:
            yield str(sorted(no.fields.items()))


class Crowd:
    """Threads that do `work(number)` again and again until `close`."""

    def __init__(self, work, count):
        self.over = threading.Event()
        self.wrong = []

        def run(number):
            while not self.over.is_set():
                try:
                    work(number)
                except Exception as error:  # told by `close`
                    self.wrong.append(repr(error))
                    time.sleep(0.1)
        self.threads = [threading.Thread(target=run, args=(n,), daemon=True)
                        for n in range(count)]
        for thread in self.threads:
            thread.start()

    def close(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)
        return self.wrong


def guess(kind, port, addresses, pipe):
    os.nice(19)
    answers, lock = collections.Counter(), threading.Lock()
    over = threading.Event()

    def work(number):
        for answer in kind(port, addresses[number]):
            with lock:
                answers[answer] += 1
            if over.is_set():
                break
    crowd = Crowd(work, len(addresses))
    pipe.recv()
    over.set()
    wrong = crowd.close()
    pipe.send((answers, wrong))


class Guessers:
    """One at each of `addresses`, of a `kind` as above, until `close`."""

    def __init__(self, kind, port, addresses):
        self.pipe, other = CONTEXT.Pipe()
        self.process = CONTEXT.Process(
            target=guess, args=(kind, port, addresses, other), daemon=True)
        self.process.start()

    def close(self):
        """How often which answer came, and what went wrong."""
        self.pipe.send("over")
        out = self.pipe.recv()
        self.process.join(60)
        return out
