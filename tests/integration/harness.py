"""The frame of all integration tests: real programs on free loopback ports.

Environment: APS_BIN         folder of the programs
             APS_SANITIZER   what they are built with; empty = nothing
             APS_TIME_SCALE  how much longer everything may take
             APS_FULL        1 = the long forms of the tests
"""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import openapi
from lab.deployment import (PASSWORD, Agent, merged, node_config,
                            with_tls_for_agents)
from lab.deployment import Node as LabNode
from lab.fault_proxy import KINDS, FaultProxy
from lab.processes import (TIME_SCALE, Program, free_port, listening,
                           wait_until)
from lab.testca import Authority

BIN = pathlib.Path(os.environ.get("APS_BIN", ROOT / "build-release/bin"))
SANITIZER = os.environ.get("APS_SANITIZER", "")
FULL = os.environ.get("APS_FULL") == "1"

_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|: runtime error: ")

# Deadlines short enough for tests, long enough for a busy machine.
QUICK = {"websocket_pool": {"pool_size": 2, "max_pool_size": 8},
         "grpc_pool": {"pool_size": 1, "max_pool_size": 2}}


def sanitizer_report(log):
    """The beginning of the first report in a log; empty if there is none."""
    found = _REPORT.search(log)
    return log[found.start():][:8000] if found else ""


@functools.cache
def loopback_tls():
    """A certificate for loopback, and the flags of an agent that trusts it."""
    folder = tempfile.TemporaryDirectory(prefix="aps-test-ca-")
    authority = Authority(folder.name)
    pair = authority.issue("node", ["127.0.0.1", "localhost"])
    pair.folder = folder # until the process ends
    return pair, ("-tls", "-ca", authority.cert)


def proxy_before(node, transport):
    """Breaks what agents of a transport have with a node."""
    return FaultProxy(node.agent_port, behind_tls=KINDS[transport][-1])


class Node(LabNode):
    """Holds each answer of the admin API against its description."""

    def seen(self, *answer):
        openapi.answered(*answer)


class Stack:
    """An origin, a node and agents, with what a test wants changed. With
    `tls` agents dial over it, and visitors come in plain as ever."""

    def __init__(self, transport="mix", config=None, proxy=False, agent=True,
                 agent_flags=(), origin=None, node_flags=(), tls=False,
                 node_programs=BIN, agent_programs=BIN):
        from origin import Origin
        self.folder = tempfile.mkdtemp(prefix="aps-test-")
        self.transport = transport
        self.agent_flags = agent_flags
        self.node_flags = node_flags
        self.node_programs = node_programs
        self.agent_programs = agent_programs
        self.programs = []
        self.agents = []
        self.origin = origin or Origin()
        changes = merged({"tunnels": {"tunnel1": QUICK}}, config)
        self.config = node_config(self.origin.url, changes)
        if tls:
            pair, flags = loopback_tls()
            self.config = with_tls_for_agents(self.config, pair)
            self.agent_flags = (*flags, *agent_flags)
        self.proxy = None
        try:
            self.start_node()
            if proxy:
                self.proxy = proxy_before(self.node, transport)
            if agent:
                self.start_agent()
                self.wait_for_agent()
        except Exception as error:
            wrong = self.close()
            raise AssertionError(f"{error}\n{wrong}\n{self.logs()}") from error

    @property
    def port(self):
        return self.node.port

    @property
    def agent(self):
        return self.agents[-1]

    def start_node(self):
        # Only ours is described by our description of the admin API.
        kind = Node if self.node_programs == BIN else LabNode
        self.node = kind(self.node_programs, self.folder, self.config,
                         flags=self.node_flags)
        self.programs.append(self.node)
        return self.node.start()

    def start_agent(self, **options):
        options = {"transport": self.transport, "flags": self.agent_flags,
                   "name": f"agent{len(self.agents)}", **options}
        port = self.proxy.port if self.proxy else self.node.agent_port
        one = Agent(self.agent_programs, self.folder, port, **options)
        self.agents.append(one)
        self.programs.append(one)
        one.start()
        # Earlier a signal would still end it the hard way.
        wait_until(lambda: one.log or not one.running, "the agent to start")
        return one

    def wait_for_agent(self):
        self.node.wait_for_agent(self.transport)

    def close(self):
        """Stops everything and returns what went wrong, as text."""
        wrong = []
        for program in reversed(self.programs):
            ran = program.running
            code = program.stop(seconds=20)
            if ran and code != 0:
                wrong.append(f"{program.name} ended with {code}")
        if self.proxy:
            self.proxy.close()
        self.origin.close()
        for program in {p.name: p for p in self.programs}.values():
            if report := sanitizer_report(program.log):
                wrong.append(f"{program.name}: {report}")
        return "\n".join(wrong)

    def logs(self, size=6000):
        return "\n".join(
            f"--- {program.name}\n{program.log[-size:]}"
            for program in {p.name: p for p in self.programs}.values())

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    """A test with stacks of its own, or with one for the whole class.

    A class that sets `transport` (and perhaps `config`) gets `self.stack`,
    shared by its tests; `self.build(...)` makes one for this test alone. With
    `agents_over_tls` its agents dial so. All programs must end with 0 and
    without a sanitizer report."""

    transport = None
    config = None
    proxy = False
    agents_over_tls = False
    stack = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if cls.transport:
            cls.stack = Stack(cls.transport, cls.config, cls.proxy,
                              tls=cls.agents_over_tls)

    @classmethod
    def tearDownClass(cls):
        if cls.stack:
            wrong = cls.stack.close()
            if wrong:
                raise AssertionError(f"{wrong}\n{cls.stack.logs()}")
            cls.stack.forget()

    def setUp(self):
        self.own = []

    def assert_memory(self, size, bound, who=None):
        """Less than `bound`; not asked of sanitized programs, which keep what
        was freed and much about what was not."""
        if not SANITIZER:
            self.assertLess(size, bound, who)

    def build(self, *args, **kwargs):
        stack = Stack(*args, **{"tls": self.agents_over_tls, **kwargs})
        self.own.append(stack)
        return stack

    def tearDown(self):
        wrong = [text for stack in self.own if (text := stack.close())]
        wrong += sorted({*openapi.take_wrong()})[:20]
        result = self._outcome.result
        failed = any(test is self
                     for test, _ in result.failures + result.errors)
        if failed or wrong:
            for stack in [*self.own, *([self.stack] if self.stack else [])]:
                print(stack.logs(), file=sys.stderr)
        for stack in self.own:
            stack.forget()
        self.assertFalse(wrong, "\n".join(wrong))

    @property
    def port(self):
        return self.stack.port

    @property
    def origin(self):
        return self.stack.origin


def per_transport(*transports, tls=False):
    """Makes of one mixin a test class for each transport; with `tls` another
    one each, whose agents dial over it."""
    names = {"grpc": "OverGrpc", "ws": "OverWebSocket", "mix": "OverBoth",
             "poll": "OverPolling"}

    def make(mixin):
        module = sys.modules[mixin.__module__]
        for transport in transports:
            for secure in (False, True)[:2 if tls else 1]:
                name = (mixin.__name__ + names[transport]
                        + ("AndTls" if secure else ""))
                setattr(module, name, type(name, (mixin, Case), {
                    "transport": transport, "agents_over_tls": secure,
                    "__module__": mixin.__module__}))
        return mixin
    return make


def over_tls(case):
    """Makes another class of the same tests, whose agents dial over TLS."""
    name = case.__name__ + "OverTls"
    setattr(sys.modules[case.__module__], name, type(name, (case,), {
        "agents_over_tls": True, "__module__": case.__module__}))
    return case


def finished(node, request_id):
    """The records of a request that was answered, which come behind that."""
    def there():
        status, body = node.get(f"/.api/exchanges?id={request_id}")
        return status == 200 and json.loads(body)["finished"]
    return wait_until(there, f"the record of {request_id}")


def record_of(node, **wanted):
    """The record of an exchange that is over, with these values."""
    def there():
        status, body = node.get("/.api/exchanges")
        return status == 200 and next(
            (one for one in json.loads(body)["finished"]
             if all(one.get(key) == value for key, value in wanted.items())),
            None)
    return wait_until(there, f"a record with {wanted}")


def apsctl(node, *words, code=0):
    """What it prints about a node."""
    done = subprocess.run(
        [BIN / "apsctl", *words, "-admin", f"127.0.0.1:{node.admin_port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode != code:
        raise AssertionError(f"{words} ends with {done.returncode}:\n"
                             f"{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def write_config(folder, config, name="config.json"):
    """Writes a configuration (an object, or text) and returns its path."""
    path = pathlib.Path(folder) / name
    path.write_text(config if isinstance(config, str)
                    else json.dumps(config, indent=2))
    return path


def scratch(case):
    """A folder that goes with the test."""
    folder = tempfile.mkdtemp(prefix="aps-test-")
    case.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


def main():
    unittest.main(verbosity=2)
