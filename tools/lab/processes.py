"""Processes that never outlive the script which started them."""

import atexit
import ctypes
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

# How much longer everything may take, e.g. under a sanitizer.
TIME_SCALE = float(os.environ.get("APS_TIME_SCALE", "1"))

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


# Proxies of the machine are not for what runs on it alone.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.lower().endswith("_proxy")}


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


# One socket in the abstract namespace for each port that was given away: while
# it is open, no other call, here or in another process, gives that port away.
_claims = []


@atexit.register
def _give_back():
    for claim in _claims:
        claim.close()


def free_port():
    """A loopback port nobody listens on, and that no other call gets as long
    as this process lives. It lies below the range from which the system takes
    ports for outgoing connections, so that it stays free."""
    for _ in range(1000):
        port = random.randrange(15000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            try:
                claim.bind(f"\0aps-port-{port}")
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        _claims.append(claim)
        return port
    raise RuntimeError("no free port")


def wait_until(condition, what, seconds=15):
    """Polls until `condition()` is true and returns its value. `seconds` is a
    limit for broken runs, not an expectation."""
    deadline = time.monotonic() + seconds * TIME_SCALE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"waited {seconds * TIME_SCALE:.0f} s for {what}")
        time.sleep(0.02)


def listening(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


class Program:
    """A child process with its output in a file, out of reach of Ctrl-C."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_file = pathlib.Path(folder) / f"{name}.log"
        self.env = {**ENVIRONMENT, **(env or {})}
        self.process = None

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env, start_new_session=True,
                preexec_fn=_die_with_parent)
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def log(self):
        try:
            return self.log_file.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def wait(self, seconds=15):
        return self.process.wait(seconds * TIME_SCALE)

    def stop(self, how=signal.SIGTERM, seconds=15):
        """Ends the process and returns its exit code; None if it never ran."""
        if self.process is None:
            return None
        if self.running:
            self.process.send_signal(how)
            try:
                self.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        if self.running:
            self.process.kill()
        return self.process.wait()

    def memory(self, field="VmHWM"):
        """Bytes of a field of /proc/PID/status; VmHWM is the peak RSS."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        for line in status.splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {field} for {self.name}")
