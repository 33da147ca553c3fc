"""What the suite measures: each section takes the options and a scratch folder,
and gives plain numbers, by way where there are several."""

import json
import pathlib
import subprocess

from . import bulk, endpoints, load, peers, recovery, rest
from .counting import Counter
from .rounds import interleaved, loaded, summary
from .ways import ONE_HOP, TRANSPORTS, YARDSTICK, Ways

PUT_TOGETHER = 64  # visitors of the scenes and counts


def _ways(options, folder, **more):
    return Ways(options.programs, folder, options.cores, **more)


def _with_peers(ways, options, origin):
    ways.usual(origin, options.transports)
    for name, programs in list(options.peers.items()):
        try:
            peers.start(ways, name, programs, origin)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            # Theirs to mend: what is ours is measured all the same.
            options.broken[name] = str(error)
            del options.peers[name]
    return ways.all


def rate(options, folder):
    """Requests over kept connections, by number of visitors."""
    with _ways(options, folder) as ways:
        _with_peers(ways, options, ways.origin())
        tool = lambda port, visitors, seconds: load.wrk(port, visitors,
                                                        seconds, folder)
        return {str(visitors): loaded(ways.all, tool, visitors, options.rounds,
                                      options.seconds, options.warm)
                for visitors in options.visitors}


def close(options, folder):
    """A new connection for each request."""
    with _ways(options, folder) as ways:
        _with_peers(ways, options, ways.origin())
        tool = lambda port, visitors, seconds: load.wrk(
            port, visitors, seconds, folder, fields=["Connection: close"])
        return loaded(ways.all, tool, PUT_TOGETHER, options.rounds,
                      options.short, options.warm)


def tls(options, folder):
    """TLS towards visitors and on the leg behind."""
    with _ways(options, folder, tls=True) as ways:
        ways.usual(ways.origin(), options.transports)
        tool = lambda port, visitors, seconds: load.wrk(
            port, visitors, seconds, folder, tls=True)
        return loaded(ways.all, tool, PUT_TOGETHER, options.rounds,
                      options.short, options.warm)


def http2(options, folder):
    """Visitors' streams on one connection of HTTP/2, over TLS."""
    with _ways(options, folder, tls=True, http2=True) as ways:
        ways.usual(ways.origin(), options.transports)
        tool = lambda port, visitors, seconds: load.h2load(
            port, visitors, seconds, folder, tls=True)
        return loaded(ways.all, tool, PUT_TOGETHER, options.rounds,
                      options.short, options.warm)


def counts(options, folder):
    """Of a fixed number of requests, per request and process."""
    with _ways(options, folder) as ways:
        origin = ways.origin()
        counter = Counter(ways, origin, PUT_TOGETHER, options.requests)
        out = {YARDSTICK: counter.calls(ways.nginx_twice(origin)),
               ONE_HOP: counter.calls(ways.nginx_once(origin))}
        out[ONE_HOP]["hop"].update(counter.nginx())
        for transport in options.counted:
            out[TRANSPORTS[transport]] = counter.transport(
                transport, ("instructions", "calls"))
        return out


def transfers(options, folder):
    """MB/s of one download, sixteen at once, one upload."""
    size = options.megabytes * 1_000_000
    kinds = {"down": ("down", size), "sixteen": ("down", size // 16, 16),
             "up": ("up", size)}
    with _ways(options, folder) as ways:
        _with_peers(ways, options, bulk.HttpTarget().port)
        sample = lambda name: {kind: bulk.http(ways.all[name].port, *what)
                               for kind, what in kinds.items()}
        return summary(interleaved(ways.all, options.rounds, sample), kinds)


def idle(options, folder):
    """What visitors, connections of agents and endpoints cost at rest."""
    with _ways(options, folder) as ways:
        _with_peers(ways, options, ways.origin())
        visitors = {name: rest.visitors(way, options.idlers, options.rest)
                    for name, way in ways.all.items()}
    pools = {}
    for transport in options.counted:
        if transport in rest.POOLS:
            pools[TRANSPORTS[transport]] = rest.Pool(
                options.programs, folder, transport,
                rest=options.settle).measure(options.idlers)
    with _ways(options, folder) as ways:
        crowd = endpoints.at_rest(ways, options.idlers, options.settle,
                                  options.rest)
    return {"visitors": visitors, "connections": pools, "endpoint": crowd}


def recover(options, folder):
    """All links cut at once, again and again."""
    with _ways(options, folder) as ways:
        return recovery.all_transports(ways, options.transports, ways.origin(),
                                       options.cuts)


def parts(options, folder):
    """ns of each part by itself; {} = bench_parts was not built."""
    program = pathlib.Path(options.programs) / "bench_parts"
    if not program.exists():
        return {}
    output = subprocess.run(
        [str(program), "--benchmark_format=json",
         f"--benchmark_min_time={options.part_time}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=True).stdout
    return {row["name"]: {"ns": row["cpu_time"]}
            for row in json.loads(output)["benchmarks"]}


SECTIONS = {"rate": rate, "close": close, "tls": tls, "http2": http2,
            "counts": counts, "bulk": transfers, "idle": idle,
            "recovery": recover, "parts": parts}
