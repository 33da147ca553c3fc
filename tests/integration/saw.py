"""Cuts the connections between agent and node again and again: random faults
at random places, and whole transports that vanish for seconds."""

import collections
import random
import threading

# Each takes the proxy, a random source and a kind of connection. `one` is
# the number of a live connection of this kind.
_FAULTS = {
    "reset": lambda proxy, rng, kind, one: proxy.reset(number=one),
    "reset-all": lambda proxy, rng, kind, one: proxy.reset(kind),
    "half-close": lambda proxy, rng, kind, one: proxy.half_close(
        direction=rng.choice(("up", "down")), number=one),
    "half-close-all": lambda proxy, rng, kind, one: proxy.half_close(
        kind, direction=rng.choice(("up", "down"))),
    # From a hiccup that nobody should mind to a link that is given up.
    "stall": lambda proxy, rng, kind, one: proxy.stall(
        seconds=rng.choice((0.1, 0.5, 3)), number=one),
    "lose": lambda proxy, rng, kind, one: proxy.lose(number=one),
    "cut-after": lambda proxy, rng, kind, one: proxy.cut_each_after(
        rng.choice(("up", "down")), int(10 ** rng.uniform(0, 6.5)),
        number=one),
}
FAULTS = tuple(_FAULTS)


class Saw:
    """A thread that breaks something every `interval` seconds. `vanish` is
    how long a whole transport is gone at most; 0 = it never is."""

    def __init__(self, proxy, kinds, interval, faults=FAULTS, vanish=0.0,
                 seed=None):
        self.proxy, self.kinds, self.interval = proxy, kinds, interval
        self.faults, self.vanish = faults, vanish
        self.seed = random.randrange(1 << 32) if seed is None else seed
        self.random = random.Random(self.seed)
        self.counts = collections.Counter()
        self.gone = {}  # kind -> when it comes back
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        """Ends the faults and heals what can be healed."""
        self.done.set()
        self.thread.join()
        self.proxy.heal()

    @property
    def cuts(self):
        return sum(self.counts.values())

    def __str__(self):
        return (f"seed {self.seed}: {self.cuts} faults ("
                + ", ".join(f"{name} {count}" for name, count
                            in sorted(self.counts.items())) + ")")

    def _run(self):
        while not self.done.wait(self.interval):
            self._return()
            # About once in the time that the last one took, and a bit more.
            if self.vanish and not self.gone and self.random.random() \
                    < self.interval / (2 * self.vanish):
                self._vanish()
            else:
                self._break()

    def _break(self):
        kind = self.random.choice(self.kinds)
        name = self.random.choice(self.faults)
        if live := self.proxy.numbers(kind):
            _FAULTS[name](self.proxy, self.random, kind,
                          self.random.choice(live))
            self.counts[name] += 1

    def _vanish(self):
        kinds = self.random.sample(self.kinds,
                                   self.random.randint(1, len(self.kinds)))
        until = self.proxy.now() + self.random.uniform(0, self.vanish)
        self.gone = dict.fromkeys(kinds, until)
        how = self.random.choice(("cut", "swallow"))
        getattr(self.proxy, how)(*kinds)
        self.counts[f"vanish-{how}"] += 1

    def _return(self):
        back = [kind for kind, until in self.gone.items()
                if self.proxy.now() >= until]
        for kind in back:
            del self.gone[kind]
        self.proxy.restore(*back)
