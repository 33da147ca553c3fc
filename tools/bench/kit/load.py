"""Visitors: wrk over HTTP/1.1, h2load over HTTP/2 and for fixed work."""

import json
import pathlib
import re
import subprocess

from .ways import HOST

# wrk's own report as one line of JSON.
_REPORT = """done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('JSON{"requests":%d,"us":%d,"p50":%d,"p99":%d,' ..
    '"errors":%d}\\n', summary.requests - e.status, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""

USUAL_RATE = 20_000 # requests a second


def url(port, tls=False):
    return f"http{'s' if tls else ''}://127.0.0.1:{port}/"


def _output(command):
    done = subprocess.run([str(word) for word in command],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def _fields(fields):
    return [word for text in fields for word in ("-H", text)]


def wrk(port, visitors, seconds, folder, tls=False, fields=()):
    """So many connections, one request at a time on each; with the field
    "Connection: close" one request on each. A sample: `requests` and `rps` of
    those that succeeded, `p50` and `p99` in us, `errors`."""
    script = pathlib.Path(folder) / "report.lua"
    script.write_text(_REPORT)
    output = _output(["wrk", "-t1", f"-c{visitors}", f"-d{seconds}s", "-s",
                      script, *_fields([f"Host: {HOST}", *fields]),
                      url(port, tls)])
    raw = json.loads(output[output.index("JSON") + 4:])
    return {"requests": raw["requests"],
            "rps": raw["requests"] * 1e6 / max(raw["us"], 1),
            "p50": raw["p50"], "p99": raw["p99"], "errors": raw["errors"]}


def h2load(port, streams, seconds, folder, tls=False, fields=()):
    """One connection with so many streams at once; a sample as wrk's. As many
    requests as a usual hop answers in so many seconds: what is under way at the
    end of a time is answered by some and counted as failed with others."""
    log = pathlib.Path(folder) / "h2load.log"
    log.unlink(missing_ok=True)
    asked = seconds * USUAL_RATE
    output = _output(["h2load", "-c1", f"-m{streams}", f"-n{asked}",
                      f"--log-file={log}",
                      *_fields([f":authority: {HOST}", *fields]),
                      url(port, tls)])
    requests = int(re.search(r"(\d+) succeeded", output)[1])
    took, unit = re.search(r"finished in ([\d.]+)(m?s|us)", output).groups()
    took = float(took) * {"s": 1, "ms": 1e-3, "us": 1e-6}[unit]
    # When, with which status, after how many us.
    times = sorted(int(line.split()[2]) for line in log.open())
    log.unlink()
    at = lambda part: times[int(len(times) * part)] if times else 0
    return {"requests": requests, "rps": requests / took, "p50": at(0.5),
            "p99": at(0.99), "errors": asked - requests}


def fixed(port, visitors, requests):
    """Exactly so many requests over kept connections; raises unless all
    succeed."""
    output = _output(["h2load", "--h1", f"-n{requests}", f"-c{visitors}",
                      "-H", f":authority: {HOST}", url(port)])
    found = re.search(r"(\d+) succeeded", output)
    if not found or int(found[1]) != requests:
        raise RuntimeError(f"not all of {requests} requests succeeded")


def answers(port, tls=False):
    """Whether a request is answered with 200."""
    done = subprocess.run(
        ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H",
         f"Host: {HOST}", url(port, tls)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False)
    return done.stdout == "200"
