"""Checks of targets: an agent whose target fails leaves the rotation before a
visitor meets it, and comes back by itself."""

import http.server
import json
import signal
import subprocess
import threading
import time

from dns_server import DnsServer
from harness import BIN, Case, main, wait_until
from wire import Visitor, ask

TRANSPORTS = ("grpc", "ws", "poll")


class Target:
    """A target whose health is what the test says: a status, "stall" or
    "endless". What visitors ask for is answered and noted."""

    def __init__(self, host, port=0):
        outer = self
        self.health = 200
        self.visits = []
        self.agents = []  # their User-Agent, of checks
        self.checks = 0
        self.dead = False
        self.over = threading.Event()
        self.gate = threading.Event()  # what /gate waits for

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if outer.dead:  # nor does a connection that is kept live on
                    self.close_connection = True
                    return None
                if self.path == "/healthz":
                    return outer.check(self)
                outer.visits.append(self.path)
                if self.path == "/gate":
                    outer.gate.wait()
                outer.reply(self, 200)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass  # a check that was cut

        self.server = Server((host, port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def check(self, request):
        self.checks += 1
        self.agents.append(request.headers["User-Agent"])
        if self.health == "stall":
            self.over.wait()
        elif self.health == "endless":
            request.send_response(200)
            request.send_header("Content-Length", str(1 << 40))
            request.end_headers()
            while not self.over.is_set():
                request.wfile.write(b"x")
                request.wfile.flush()
                time.sleep(0.01)
        else:
            self.reply(request, self.health)

    def reply(self, request, status):
        request.send_response(status)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")

    def close(self):
        self.dead = True
        self.over.set()
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


class Health(Case):
    """One name is the target of two agents, each with its own address for
    it."""

    CHECK = {"path": "/healthz", "interval": 0.2, "timeout": 0.5,
             "expect": "2xx", "fall": 2, "rise": 2}

    def target(self, host, port=0):
        target = Target(host, port)
        self.addCleanup(target.close)
        return target

    def deploy(self, transport, endpoints=("good", "bad"), **check):
        self.good = self.target("127.0.0.1")
        self.bad = self.target("127.0.0.2", self.good.port)
        stack = self.build(transport, agent=False)
        stack.node.stop()
        stack.config["mappings"] = [{
            "from": "http://example.com",
            "to": f"http://target.test:{self.good.port}",
            "via": {"tunnels": "tunnel1", "balance": "round_robin"},
            "health": {**self.CHECK, **check}}]
        stack.start_node()
        for name, address in zip(endpoints, ("127.0.0.1", "127.0.0.2")):
            names = DnsServer(address)
            self.addCleanup(names.close)
            stack.start_agent(endpoint=name, flags=("-dns", names.address))
        wait_until(lambda: self.good.checks > 1 and self.bad.checks > 1,
                   "checks of both agents")
        return stack

    def unhealthy(self, stack):
        endpoints = stack.node.stats()["tunnels"]["tunnel1"]["endpoints"]
        return [(one["name"], each) for one in endpoints
                for each in one["unhealthy"]]

    def count(self, stack, kind):
        return stack.node.stats()["events"]["counts"].get(kind, 0)

    def down(self, stack):
        wait_until(lambda: self.unhealthy(stack), "it to be down")
        return self.unhealthy(stack)[0]

    def up(self, stack):
        wait_until(lambda: not self.unhealthy(stack), "it to be up")

    def apsctl(self, stack, *args):
        done = subprocess.run(
            [BIN / "apsctl", *args, "-admin",
             f"127.0.0.1:{stack.node.admin_port}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120)
        return done.stdout + done.stderr

    def reload(self, stack):
        before = self.count(stack, "config-reloaded")
        stack.node.config_file.write_text(json.dumps(stack.config))
        stack.node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.count(stack, "config-reloaded") > before,
                   "the reload")

    def served_by(self, target, stack, count=10):
        """All of some requests are answered, and by this target."""
        before = len(target.visits)
        for _ in range(count):
            self.assertEqual(ask(stack.port).status, 200)
        self.assertEqual(len(target.visits) - before, count)

    def test_an_agent_whose_target_fails_leaves_and_comes_back(self):
        for transport in TRANSPORTS:
            with self.subTest(transport):
                self.leave_and_come_back(self.deploy(transport))

    def leave_and_come_back(self, stack):
        self.bad.health = 500
        name, target = self.down(stack)
        self.assertEqual((name, target["state"], target["reason"]),
                         ("bad", "down", "HTTP 500"))
        self.served_by(self.good, stack)
        self.assertRegex(
            stack.node.log, r"\[TUNNEL\] Endpoint tunnel1\.bad: the target "
            r"http://target\.test:\d+ of mapping 0 failed 2 checks in a row "
            r"\(HTTP 500\); session [0-9a-f]{8} is passed over")
        self.assertEqual(self.count(stack, "target-down"), 1)
        self.assertRegex(self.apsctl(stack, "status"),
                         r"bad +target fails .*down: HTTP 500")
        explained = self.apsctl(stack, "explain", "example.com")
        self.assertRegex(explained, r"by tunnel1\.good")
        self.assertRegex(explained, r"bad +if no other can .*HTTP 500")
        metrics = stack.node.get("/metrics")[1].decode()
        self.assertRegex(metrics, r'aps_endpoint_targets_down\{'
                         r'endpoint="bad",tunnel="tunnel1"\} 1')
        self.assertRegex(metrics, r'aps_health_checks_total\{'
                         r'[^}]*result="bad"[^}]*\} [1-9]')
        self.bad.health = 200
        self.up(stack)
        self.assertEqual(self.count(stack, "target-up"), 1)
        before = len(self.bad.visits)
        wait_until(lambda: ask(stack.port).status == 200
                   and len(self.bad.visits) > before, "its share")

    def test_checks_are_no_visitors(self):
        stack = self.deploy("grpc")
        self.assertEqual(ask(stack.port).status, 200)
        wait_until(lambda: stack.node.stats()["exchanges"]["finished"] == 1,
                   "the one request")
        listed = json.loads(stack.node.get("/.api/exchanges")[1])
        # An agent that dials for long asks what there is; that is no check.
        records = [one for one in listed["finished"] + listed["live"]
                   if one["outcome"] != "no-mapping"]
        self.assertEqual(len(records), 1)
        pools = [pool for one in stack.node.stats()["tunnels"]["tunnel1"]
                 ["endpoints"] for pool in one["pools"]]
        self.assertEqual(sum(pool["leased_total"] for pool in pools), 1)
        for agent in self.good.agents + self.bad.agents:
            self.assertRegex(agent, r"^aps-health/\d+\.\d+")
        self.assertEqual(self.count(stack, "target-down"), 0)

    def test_a_target_that_dies_or_stalls_is_found_out(self):
        stack = self.deploy("ws")
        for health in ("stall", "endless"):
            with self.subTest(health):
                self.bad.health = health
                name, target = self.down(stack)
                self.assertEqual(name, "bad")
                self.assertIn("no whole answer within 500ms", target["reason"])
                self.served_by(self.good, stack)
                self.bad.health = 200
                self.bad.over.set()
                self.up(stack)
                self.bad.over.clear()
        self.bad.close()
        name, target = self.down(stack)
        self.assertEqual((name, target["state"]), ("bad", "down"))
        self.served_by(self.good, stack)
        self.bad = self.target("127.0.0.2", self.good.port)
        self.up(stack)

    def test_agents_of_one_endpoint_are_told_apart(self):
        for transport in TRANSPORTS:
            with self.subTest(transport):
                stack = self.deploy(transport, ("app1", "app1"))
                self.bad.health = 503
                name, target = self.down(stack)
                self.assertEqual(name, "app1")
                self.served_by(self.good, stack)
                self.assertRegex(self.apsctl(stack, "explain", "example.com"),
                                 r"HTTP 503 \(1 of 2 agents\)")
                self.bad.health = 200
                self.up(stack)

    def test_when_all_are_down_they_are_asked_all_the_same(self):
        # Both answer visitors, but not as the check expects.
        stack = self.deploy("grpc", expect=204)
        wait_until(lambda: len(self.unhealthy(stack)) == 2, "both to be down")
        for _ in range(10):
            self.assertEqual(ask(stack.port).status, 200)

    def test_a_reload_changes_and_ends_checks(self):
        stack = self.deploy("ws")
        self.bad.health = 500
        self.down(stack)
        stack.config["mappings"][0]["health"]["expect"] = ["2xx", 500]
        self.reload(stack)
        self.up(stack)
        self.assertIn("in use: mappings[0].health.expect", stack.node.log)
        stack.config["mappings"][0]["health"]["expect"] = "2xx"
        self.reload(stack)
        self.down(stack)
        del stack.config["mappings"][0]["health"]
        self.reload(stack)
        self.up(stack)
        self.assertIn("is checked no longer", stack.node.log)

    def test_requests_that_run_go_on(self):
        stack = self.deploy("grpc")
        with Visitor(stack.port) as first, Visitor(stack.port) as second:
            for visitor in (first, second):
                visitor.send_head("GET", "/gate")
            wait_until(lambda: "/gate" in self.good.visits
                       and "/gate" in self.bad.visits, "one for each")
            self.bad.health = 500
            self.down(stack)
            self.good.gate.set()
            self.bad.gate.set()
            for visitor in (first, second):
                self.assertEqual(visitor.read().status, 200)


if __name__ == "__main__":
    main()
