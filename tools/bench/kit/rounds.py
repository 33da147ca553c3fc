"""Rounds of load, interleaved, so that a noisy machine is noisy for all."""

import statistics

from .costs import Spent
from .ways import YARDSTICK

FIELDS = {"rps": "requests/s", "p50": "p50 us", "p99": "p99 us",
          "cpu": "CPU us/request", "switches": "switches/request"}


def orders(names, rounds):
    """The names in each round, every second one backwards."""
    for count in range(rounds):
        yield list(names)[::-1 if count % 2 else 1]


def interleaved(names, rounds, sample):
    """`sample(name)` of each in each round; lists by name."""
    out = {name: [] for name in names}
    for order in orders(names, rounds):
        for name in order:
            out[name].append(sample(name))
    return out


def median_ratio(samples, base, key):
    """Of `key` to that of `base` in the same rounds; None without one."""
    ratios = [one[key] / other[key] for one, other in zip(samples, base)
              if other.get(key) and key in one]
    return statistics.median(ratios) if ratios else None


def summary(samples, fields, yardstick=YARDSTICK):
    """By name: the median of each field, its ratio, and all errors."""
    base = samples.get(yardstick, [])
    out = {}
    for name, some in samples.items():
        out[name] = {key: statistics.median(one[key] for one in some)
                     for key in fields if key in some[0]}
        out[name]["errors"] = sum(one.get("errors", 0) for one in some)
        out[name]["ratio"] = {
            key: ratio for key in fields
            if (ratio := median_ratio(some, base, key)) is not None}
        out[name]["rounds"] = some
    return out


def loaded(ways, load, visitors, rounds, seconds, warm=1):
    """Medians by way for one number of visitors; `load` is wrk or h2load with
    whatever it takes beyond port, visitors and seconds."""

    def sample(name):
        way = ways[name]
        spent = Spent(way.pids)
        taken = load(way.port, visitors, seconds)
        return {**taken, **spent.per(taken["requests"])}

    if warm:
        for way in ways.values():
            load(way.port, visitors, warm)
    return summary(interleaved(ways, rounds, sample), FIELDS)
