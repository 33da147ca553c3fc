"""Nothing that hangs outside takes a thread that others need: names, readers
of the log, slow keys, silent ports; and no exception ends a program."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import unittest

from dns_server import DnsServer
from harness import (BIN, PASSWORD, SANITIZER, Case, Node, Program, free_port,
                     main, merged, node_config, per_transport, scratch,
                     wait_until)
from wire import ask

# Below every deadline that something blocked would have to wait for.
QUICKLY = 2

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends_with(const char* text, const char* end) {
  return text && strlen(text) > strlen(end)
         && !strcmp(text + strlen(text) - strlen(end), end);
}

/* Names below ".slow" hang for ever, those below ".test" are 127.0.0.1. */
int getaddrinfo(const char* node, const char* service,
                const struct addrinfo* hints, struct addrinfo** found) {
  int (*real)(const char*, const char*, const struct addrinfo*,
              struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  while (ends_with(node, ".slow"))
    pause();
  return real(ends_with(node, ".test") ? "127.0.0.1" : node, service, hints,
              found);
}

/* OpenSSL has no random bytes while the file is there. */
int RAND_bytes(unsigned char* to, int size) {
  int (*real)(unsigned char*, int) = dlsym(RTLD_NEXT, "RAND_bytes");
  const char* file = getenv("APS_TEST_NO_RANDOM");
  return file && access(file, F_OK) == 0 ? 0 : real(to, size);
}
"""


def build_shim(folder):
    """The library for LD_PRELOAD, as an environment."""
    compiler = shutil.which("cc")
    if not compiler:
        raise unittest.SkipTest("needs a C compiler")
    if SANITIZER:
        raise unittest.SkipTest("a sanitizer wants to be preloaded itself")
    source = pathlib.Path(folder) / "shim.c"
    source.write_text(SHIM)
    library = pathlib.Path(folder) / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source,
                    "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


class Pending:
    """Requests that hang, each on a thread of its own."""

    def __init__(self, port, host, count):
        self.threads = [threading.Thread(target=self.ask, args=(port, host),
                                         daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def ask(port, host):
        try:
            ask(port, host=host)
        except OSError:
            pass

    def all_hang(self):
        return all(thread.is_alive() for thread in self.threads)


class Names(Case):
    """A name that hangs concerns nobody but those who ask for it."""

    def check(self, dead, env=None, flags=(), asked=lambda: True):
        stack = self.build("ws", agent=False, config={"mappings": []})
        url = stack.origin.url.replace("127.0.0.1", "fine.test")
        via = {"via": {"tunnels": ["tunnel1"]}}
        stack.node.stop()
        stack.config["mappings"] = [
            {"from": "http://dead.com", "to": f"http://{dead}", **via},
            {"from": "http://fine.com", "to": url, **via}]
        stack.start_node()
        agent = Program("agent", [
            BIN / "aps-endpoint", "-server", f"node.test:{stack.port}",
            "-tunnel", "tunnel1", "-name", "app1", "-transport", "ws",
            "-threads", "1", "-grace", "0.1", *flags], stack.folder,
            {"APS_PASSWORD": PASSWORD, **(env or {})}).start()
        stack.programs.append(agent)
        stack.wait_for_agent()
        dead = Pending(stack.port, "dead.com", 8)
        wait_until(asked, "the question")
        # Other targets.
        answer = ask(stack.port, host="fine.com")
        self.assertEqual((answer.status, dead.all_hang()), (200, True), answer)
        # The way back to the node.
        for one in stack.node.connection_names():
            self.cut(stack.node, one)
        wait_until(lambda: ask(stack.port, host="fine.com").status == 200,
                   "the agent to be back")
        # The end of the process.
        Pending(stack.port, "dead.com", 8)
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.wait(QUICKLY), 0)

    def cut(self, node, connection):
        import http.client
        to = http.client.HTTPConnection("127.0.0.1", node.admin_port,
                                        timeout=10)
        to.request("POST", f"/.api/connections/{connection}/fault",
                   '{"kind":"cut"}', {"Content-Type": "application/json"})
        self.assertLess(to.getresponse().status, 300)
        to.close()

    def test_of_the_system_s_resolver(self):
        self.check("dead.slow", env=build_shim(scratch(self)))

    def test_of_a_dns_server(self):
        dns = DnsServer()
        self.addCleanup(dns.close)
        self.check("dead.slow", flags=("-dns", dns.address),
                   asked=lambda: dns.silent)

    def test_of_targets_of_the_node_itself(self):
        dns = DnsServer()
        self.addCleanup(dns.close)
        stack = self.build("ws", agent=False, config={
            "mappings": [], "dns": {"servers": [dns.address]},
            "io": {"threads": 1}})
        url = stack.origin.url.replace("127.0.0.1", "fine.test")
        stack.node.stop()
        stack.config["mappings"] = [
            {"from": "http://dead.com", "to": "http://dead.slow"},
            {"from": "http://fine.com", "to": url}]
        stack.start_node()
        dead = Pending(stack.port, "dead.com", 8)
        wait_until(lambda: dns.silent, "the question")
        answer = ask(stack.port, host="fine.com")
        self.assertEqual((answer.status, dead.all_hang()), (200, True), answer)

    def test_localhost_needs_no_resolver(self):
        stack = self.build("ws", agent_flags=("-dns", "127.0.0.1:9"),
                           config={"mappings": []})
        url = stack.origin.url.replace("127.0.0.1", "localhost")
        stack.node.stop()
        stack.config["mappings"] = [{"from": "http://example.com", "to": url,
                                     "via": {"tunnels": ["tunnel1"]}}]
        stack.start_node()
        stack.wait_for_agent()
        self.assertEqual(ask(stack.port).status, 200)


class Logs(Case):
    """Whoever takes the log's lines cannot stop the program."""

    config_of_log = {"log": {"level": "trace", "requests": True}}

    def start(self, stderr):
        """A node that writes its log to `stderr`."""
        self.stack_ = self.build("ws", agent=False, config=self.config_of_log)
        self.stack_.node.stop()
        node = self.stack_.node
        node.process = subprocess.Popen(
            node.argv, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
            start_new_session=True)
        wait_until(node._ready, "the node to listen")
        self.stack_.start_agent()
        self.stack_.wait_for_agent()
        return node

    def dropped(self, node):
        for line in node.get("/metrics")[1].decode().splitlines():
            if line.startswith("aps_log_dropped_total "):
                return int(float(line.split()[1]))
        raise AssertionError("no aps_log_dropped_total")

    def overflow(self, node):
        """Makes log lines until some are lost."""
        before = self.dropped(node)

        def more():
            for _ in range(50):
                self.assertEqual(
                    ask(self.stack_.port, path="/" + "x" * 4000).status, 404)
            return self.dropped(node) > before
        wait_until(more, "lines to be dropped", 120)

    def test_a_pipe_that_nobody_drains(self):
        here, there = os.pipe()
        node = self.start(there)
        os.close(there)
        self.overflow(node)
        # Somebody reads again: a line says what is missing.
        seen = b""

        def told():
            nonlocal seen
            seen += os.read(here, 1 << 20)
            return b" lines are missing here" in seen
        wait_until(told, "the line about missing lines")
        self.overflow(node)
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(node.wait(6), 0)
        os.close(here)

    def test_a_reader_that_is_gone(self):
        here, there = os.pipe()
        node = self.start(there)
        os.close(there)
        os.close(here)
        self.assertEqual(ask(self.stack_.port).status, 200)
        wait_until(lambda: self.dropped(node) > 0, "a lost line")
        self.assertEqual(node.stop(), 0)

    def test_a_disk_that_is_full(self):
        with open("/dev/full", "wb") as full:
            node = self.start(full)
        self.assertEqual(ask(self.stack_.port).status, 200)
        wait_until(lambda: self.dropped(node) > 0, "a lost line")
        self.assertEqual(node.stop(), 0)

    def test_an_agent_whose_log_nobody_reads(self):
        stack = self.build("ws", agent=False)
        here, there = os.pipe()
        self.addCleanup(os.close, here)
        fill = os.open(f"/proc/self/fd/{there}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(fill, b"x" * 4096)
        except BlockingIOError:
            os.close(fill)
        agent = subprocess.Popen(
            [BIN / "aps-endpoint", "-server", f"127.0.0.1:{stack.port}",
             "-tunnel", "tunnel1", "-name", "app1", "-transport", "ws",
             "-log-level", "trace"], stdout=there, stderr=there,
            env={**os.environ, "APS_PASSWORD": PASSWORD})
        os.close(there)
        try:
            stack.wait_for_agent()
            self.assertEqual(ask(stack.port).status, 200)
            agent.send_signal(signal.SIGTERM)
            self.assertEqual(agent.wait(15), 0)
        finally:
            agent.kill()
            agent.wait()


class Keys(Case):
    """Thousands of tunnels are no reason to start late."""

    def test_the_port_is_open_before_the_keys_are_there(self):
        count = 3000
        tunnels = {f"t{i}": {"servers": ["main"], "password": f"p{i}"}
                   for i in range(count)}
        stack = self.build("ws", agent=False, config={"tunnels": tunnels})
        last = f"t{count - 1}"
        stack.start_agent(tunnel=last, password=f"p{count - 1}")
        stack.node.wait_for_agent("ws", tunnel=last)
        # Long before the others could all have one.
        stack.node.process.send_signal(signal.SIGTERM)
        self.assertEqual(stack.node.wait(8), 0)

    def test_an_unknown_tunnel_is_told_what_a_wrong_password_is(self):
        stack = self.build("ws", agent=False)
        for name, tunnel in (("wrong", "tunnel1"), ("unknown", "none")):
            stack.start_agent(tunnel=tunnel, password="no", name=name)
        said = [wait_until(lambda one=one: "refused" in one.log and one.log,
                           "a refusal") for one in stack.agents]
        self.assertIn("password", said[0])
        self.assertIn("password", said[1])


@per_transport("ws", "grpc", "poll")
class SilentPort:
    """A port that accepts and says nothing does not hold an agent's end."""

    @classmethod
    def setUpClass(cls):
        pass

    def test_a_signal_ends_the_dial(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(30)
            agent = Program("agent", [
                BIN / "aps-endpoint", "-server",
                "127.0.0.1:%d" % silent.getsockname()[1], "-tunnel", "t",
                "-name", "e", "-transport", self.transport], scratch(self),
                {"APS_PASSWORD": PASSWORD}).start()
            held, _ = silent.accept()
            # Its request, where the transport has one, is out.
            held.settimeout(30)
            held.recv(1)
            agent.process.send_signal(signal.SIGINT)
            self.assertEqual(agent.wait(QUICKLY), 0, agent.log)
            held.close()


class Exceptions(Case):
    """An exception costs the connection in whose handler it came up."""

    def exceptions(self, node):
        for line in node.get("/metrics")[1].decode().splitlines():
            if line.startswith("aps_exceptions_total "):
                return int(float(line.split()[1]))
        raise AssertionError("no aps_exceptions_total")

    def test_a_field_that_the_websocket_library_cannot_take(self):
        stack = self.build("ws", {"http": {"max_header_bytes": 1 << 20}})
        for size in (65533, 65534, 65535, 66000, 500000):
            with socket.create_connection(("127.0.0.1", stack.port)) as to:
                to.sendall(b"GET /.tunnel HTTP/1.1\r\nHost: x\r\nConnection: "
                           b"Upgrade\r\nUpgrade: websocket\r\n"
                           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                           b"AAAAAAAAAAAAAAAAAAAAAA==\r\nX: "
                           + b"a" * size
                           + b"\r\nSec-WebSocket-Protocol: aps.tunnel.v1\r\n"
                           b"\r\n")
                to.shutdown(socket.SHUT_WR)
                to.settimeout(30)
                try:
                    while to.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
        self.assertTrue(stack.node.running, stack.node.log)
        self.assertEqual(ask(stack.port).status, 200)

    def test_a_node_without_random_bytes_recovers(self):
        folder = scratch(self)
        failing = folder / "no-random"
        env = {**build_shim(folder), "APS_TEST_NO_RANDOM": str(failing)}
        config = node_config("http://127.0.0.1:9")
        node = Node(BIN, folder, config, env=env).start()
        self.addCleanup(node.kill)
        failing.touch()
        agents = [Program(f"agent-{transport}", [
            BIN / "aps-endpoint", "-server", f"127.0.0.1:{node.port}",
            "-tunnel", "tunnel1", "-name", transport, "-transport", transport],
            folder, {"APS_PASSWORD": PASSWORD}).start()
            for transport in ("ws", "grpc", "poll")]
        for agent in agents:
            self.addCleanup(agent.kill)
        wait_until(lambda: self.exceptions(node) >= 6 or not node.running,
                   "exceptions")
        self.assertTrue(node.running, node.log)
        wait_until(lambda: "because of an exception" in node.log, "a log line")
        failing.unlink()
        node.wait_for_agent("ws")
        node.wait_for_agent("grpc")
        node.wait_for_agent("poll")
        self.assertEqual(node.stop(), 0)

    def test_an_agent_without_random_bytes_recovers(self):
        folder = scratch(self)
        failing = folder / "no-random"
        env = {**build_shim(folder), "APS_TEST_NO_RANDOM": str(failing)}
        node = Node(BIN, folder, node_config("http://127.0.0.1:9")).start()
        self.addCleanup(node.kill)
        agent = Program("agent", [
            BIN / "aps-endpoint", "-server", f"127.0.0.1:{node.port}",
            "-tunnel", "tunnel1", "-name", "app1", "-transport", "ws",
            "-log-level", "debug"],
            folder, {"APS_PASSWORD": PASSWORD, **env}).start()
        self.addCleanup(agent.kill)
        node.wait_for_agent("ws")
        failing.touch()
        self.assertEqual(node.stop(), 0)
        node.start()
        wait_until(lambda: "died" in agent.log or not agent.running,
                   "a connection that dies")
        self.assertTrue(agent.running, agent.log)
        failing.unlink()
        node.wait_for_agent("ws")
        self.assertEqual(agent.stop(), 0)


if __name__ == "__main__":
    main()
