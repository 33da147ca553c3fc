"""On what, of what and when figures were measured."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from lab.nginx import nginx_program


def _first_line(*command):
    """Of what a command says; empty = there is no such command."""
    try:
        done = subprocess.run([str(word) for word in command],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def commit(top):
    """Of the sources, with a "+" if they were changed since."""
    git = ("git", "-C", top)
    name = _first_line(*git, "rev-parse", "--short=7", "HEAD")
    if not re.fullmatch(r"[0-9a-f]{7,}", name):
        return "unknown"
    changed = _first_line(*git, "status", "--porcelain", "-uno", "--",
                          "actors", "config", "transports", "proto")
    return name + ("+" if changed else "")


def versions():
    """Of the tools that measure and of the yardstick."""
    said = {"nginx": _first_line(nginx_program() or "nginx", "-v"),
            "wrk": _first_line("wrk", "-v"),
            "h2load": _first_line("h2load", "--version")}
    number = lambda text: (re.search(r"\d+(?:\.\d+)+", text) or [""])[0]
    return {name: number(text) for name, text in said.items()}


def load():
    """The mean number of processes that wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def described(top):
    """All of it, before anything runs."""
    return {"date": datetime.datetime.now(datetime.timezone.utc)
                    .strftime("%Y-%m-%d %H:%M UTC"),
            "commit": commit(top), "processor": processor(),
            "cores": os.cpu_count(), "kernel": platform.release(),
            "versions": versions(), "load_before": load()}
