"""What processes take: CPU time, switches of context, system calls, memory.
Of each process that is named those that it started count, too."""

import os
import pathlib
import signal

from lab.processes import Program, wait_until

_TICKS = os.sysconf("SC_CLK_TCK")


def _stat(folder):
    """The fields of /proc/PID/stat behind the name; None = it is gone."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def family(pids):
    """These processes and all that descend from them, with their fields."""
    all_ = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        if fields := _stat(folder):
            all_[int(folder.name)] = fields
    found = {pid for pid in pids if pid in all_}
    while True:
        more = {pid for pid, fields in all_.items()
                if int(fields[1]) in found} - found
        if not more:
            return {pid: all_[pid] for pid in found}
        found |= more


def cpu_seconds(*pids):
    """Until now."""
    return sum(int(fields[11]) + int(fields[12])
               for fields in family(pids).values()) / _TICKS


def switches(*pids):
    """Of context, of all threads that live, until now."""
    count = 0
    for pid in family(pids):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if "ctxt_switches" in line:
                    count += int(line.split()[1])
    return count


def memory(*pids):
    """Resident bytes that are not shared with files."""
    total = 0
    for pid in family(pids):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        for line in status.splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1]) * 1024
    return total


class Spent:
    """CPU s and switches of context since it was made."""

    def __init__(self, pids):
        self.pids = pids
        self._cpu, self._switches = cpu_seconds(*pids), switches(*pids)

    def per(self, requests):
        """Per request: CPU us, switches."""
        count = max(requests, 1)
        return {"cpu": (cpu_seconds(*self.pids) - self._cpu) * 1e6 / count,
                "switches": max(switches(*self.pids) - self._switches, 0)
                / count}


def _traced(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return "TracerPid:\t0\n" not in status


def system_calls(pids, folder, work):
    """Counts by name of what these processes ask of the kernel while `work()`
    runs (strace, so it is slow)."""
    traced = list(family(pids))
    file = pathlib.Path(folder) / "strace"
    tracer = Program("strace", ["strace", "-c", "-f", "-o", file] + [
        word for pid in traced for word in ("-p", pid)], folder)
    tracer.start()
    try:
        wait_until(lambda: all(map(_traced, traced)), "strace")
        work()
    finally:
        tracer.stop(signal.SIGINT)
    out = {}
    for line in file.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            out[fields[-1]] = int(fields[3])
    return out
