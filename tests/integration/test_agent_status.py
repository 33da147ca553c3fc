"""The status listener of an agent, and apsctl in front of it."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess

import metrics
from harness import BIN, Agent, Case, free_port, main, scratch, wait_until
from test_apsctl import apsctl
from test_limits import is_open
from wire import Visitor, ask

NAMES = {"tunnel": "tunnel1", "endpoint": "app1"}


def ask_status(port, path, headers=None, method="GET"):
    """Status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def get_json(port, path):
    status, _, body = ask_status(port, path)
    return status, json.loads(body)


def page(port):
    status, _, body = ask_status(port, "/metrics")
    assert status == 200, body
    return body


class StatusCase(Case):
    def agent(self, stack, *flags, **options):
        """An agent with a status listener; returns the listener's port."""
        port = free_port()
        stack.start_agent(flags=("-status", f"127.0.0.1:{port}", *flags),
                          **options)
        wait_until(lambda: "Status at" in stack.agent.log, "the listener")
        return port

    def until_ready(self, port, ready=True):
        return wait_until(
            lambda: (answer := get_json(port, "/.api/ready"))[1]["ready"]
            == ready and answer, f"ready = {ready}")

    def sample(self, port, name, **labels):
        return metrics.total(metrics.samples(page(port)), name, **NAMES,
                             **labels)


class Life(StatusCase):
    def test_it_is_ready_while_a_connection_is_welcome(self):
        stack = self.build("ws", agent=False)
        stack.node.stop()
        port = self.agent(stack)
        self.assertEqual(get_json(port, "/.api/health"),
                         (200, {"status": "ok"}))
        wait_until(lambda: "refused" in get_json(port, "/.api/ready")[1].get(
            "reason", ""), "a reason")
        status, answer = get_json(port, "/.api/ready")
        self.assertEqual(status, 503)
        self.assertFalse(answer["ready"])
        self.assertIn(f"127.0.0.1:{stack.port}", answer["reason"])
        self.assertGreaterEqual(
            self.sample(port, "aps_agent_dials_failed_total"), 1)
        self.assertEqual(self.sample(port, "aps_agent_connections"), 0)
        stack.start_node()
        self.assertEqual(self.until_ready(port), (200, {"ready": True}))
        stack.node.kill()
        status, answer = self.until_ready(port, False)
        self.assertEqual(status, 503)
        self.assertIn(f"127.0.0.1:{stack.port}", answer["reason"])
        self.assertGreaterEqual(
            self.sample(port, "aps_agent_connections_lost_total",
                        transport="websocket"), 1)
        stack.start_node()
        self.until_ready(port)

    def test_stats_tell_what_node_and_visitors_see(self):
        stack = self.build("mix", agent=False)
        port = self.agent(stack)
        stack.wait_for_agent()
        for _ in range(3):
            self.assertEqual(ask(stack.port).status, 200)

        def names_of_node():
            _, body = stack.node.get("/.api/connections")
            return {one["name"] for one in json.loads(body)["connections"]}

        def names_of_agent():
            return {one["name"] for one in stats()["nodes"][0]["connections"]
                    if one["state"] == "live"}

        def stats():
            return get_json(port, "/.api/stats")[1]

        wait_until(lambda: names_of_agent() == names_of_node(), "equal lists")
        seen = stats()
        self.assertEqual({k: seen["agent"][k] for k in ("tunnel", "endpoint")},
                         NAMES)
        self.assertEqual(seen["exchanges"]["started"], 3)
        self.assertEqual(seen["ready"], {"ready": True})
        node, = seen["nodes"]
        self.assertEqual(node["server"], f"127.0.0.1:{stack.port}")
        self.assertTrue(node["connected"])
        self.assertIsNone(node["last_refusal"])
        now = seen["agent"]["time_ms"]
        for one in node["connections"]:
            self.assertIn(one["transport"], ("grpc", "websocket"))
            self.assertLessEqual(seen["agent"]["started_ms"] - 1000,
                                 one["since_ms"])
            self.assertLessEqual(one["since_ms"], now)
        self.assertEqual(
            self.sample(port, "aps_agent_exchanges_started_total"), 3)
        for transport in ("grpc", "websocket"):
            count = sum(one["transport"] == transport
                        for one in node["connections"])
            self.assertGreaterEqual(count, 1)
            self.assertEqual(self.sample(port, "aps_agent_connections",
                                         transport=transport), count)

    def test_a_refusal_is_told_with_its_next_try(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack, password="wrong")
        node = wait_until(
            lambda: (one := get_json(port, "/.api/stats")[1]["nodes"][0])[
                "last_refusal"] and one, "the refusal")
        refusal = node["last_refusal"]
        self.assertEqual(refusal["reason"], "bad-password")
        self.assertIn("unknown tunnel or wrong password", refusal["text"])
        self.assertGreater(refusal["time_ms"], 0)
        self.assertGreater(refusal["next_try_seconds"], 0)
        self.assertGreaterEqual(self.sample(
            port, "aps_agent_refusals_total", reason="bad-password"), 1)
        status, answer = get_json(port, "/.api/ready")
        self.assertEqual(status, 503)
        self.assertIn("wrong password", answer["reason"])
        text = apsctl("status", "-admin", f"127.0.0.1:{port}")
        self.assertRegex(text, r"(?m)^ready +no: .*wrong password")
        self.assertRegex(text, r"(?m)^refusal .*wrong password.* ago; next try")

    def test_two_of_one_instance_are_told_and_live_on(self):
        stack = self.build("mix", agent=False,
                           config={"log": {"format": "json"}})
        same = ("-instance", "same")
        port = self.agent(stack, *same)
        self.until_ready(port)
        first = stack.agent
        second = stack.start_agent(flags=same)
        refusal = wait_until(
            lambda: (one := get_json(port, "/.api/stats")[1]["nodes"][0][
                "last_refusal"]) and one["over"] and one, "it to be over")
        self.assertEqual(refusal["reason"], "replaced")
        self.assertIsNone(refusal["next_try_seconds"])
        self.assertRegex(apsctl("status", "-admin", f"127.0.0.1:{port}"),
                         r"(?m)^refusal .* ago; over$")
        # Polling is open after a second, whatever the refused ones wait for.
        lines = [line for line in first.log.splitlines()
                 if "refused tunnel1.app1" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"its own -instance; trying again"
                         r"( in [\d.]+ m?s)?$")
        self.assertIn("its own -instance", second.log)
        wait_until(lambda: "both stay" in stack.node.log
                   and "2 agents now" in stack.node.log, "the node's lines")
        for line in map(json.loads, stack.node.log.splitlines()):
            if "both stay" in line["text"] or "agents now" in line["text"]:
                self.assertEqual((line["tunnel"], line["endpoint"]),
                                 ("tunnel1", "app1"))

    def test_who_stops_is_not_ready(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack, "-grace", "60s")
        self.until_ready(port)
        with Visitor(stack.port) as visitor:
            visitor.send_head("GET", "/gate")
            wait_until(lambda: stack.origin.busy("/gate"), "the request")
            stack.agent.process.send_signal(signal.SIGTERM)
            status, answer = self.until_ready(port, False)
            self.assertEqual((status, answer["reason"]),
                             (503, "the agent is stopping"))
            self.assertTrue(
                get_json(port, "/.api/stats")[1]["agent"]["draining"])
            stack.origin.release.set()
            self.assertEqual(visitor.read().status, 200)
        self.assertEqual(stack.agent.wait(), 0)

    def test_each_node_of_several_is_shown(self):
        stack = self.build("ws", agent=False)
        dead = free_port()
        port = self.agent(stack, "-server", f"127.0.0.1:{dead}")
        self.until_ready(port)
        nodes = get_json(port, "/.api/stats")[1]["nodes"]
        self.assertEqual({one["server"]: one["connected"] for one in nodes},
                         {f"127.0.0.1:{stack.port}": True,
                          f"127.0.0.1:{dead}": False})


class Metrics(StatusCase):
    def test_the_page_is_what_prometheus_expects(self):
        stack = self.build("mix", agent=False)
        port = self.agent(stack)
        self.until_ready(port)
        text = page(port)
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        helps = re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE)
        self.assertEqual(len(helps), len(set(helps)))
        names = []
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            self.assertRegex(line, r"^[a-z0-9_]+(\{.*\})? [-+.\deInfNa]+$")
            names.append(re.match(r"\w+", line)[0])
        for name in set(names):
            self.assertIn(name, types)
            self.assertIn(name, helps)
            self.assertEqual(name.endswith("_total"),
                             types[name] == "counter", name)
        for name in ("aps_build_info", "process_start_time_seconds",
                     "process_open_fds", "aps_log_dropped_total",
                     "aps_agent_connections", "aps_agent_dials_total",
                     "aps_agent_exchanges_live"):
            self.assertIn(name, types)
        if promtool := shutil.which("promtool"):
            done = subprocess.run([promtool, "check", "metrics"], input=text,
                                  text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        _, headers, _ = ask_status(port, "/metrics")
        self.assertIn("version=0.0.4", headers["Content-Type"])


class Strangers(StatusCase):
    def test_only_what_an_agent_has_is_there(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        status, answer = get_json(port, "/.api/tunnels")
        self.assertEqual(status, 404)
        self.assertIn("this is an agent", answer["error"])
        status, headers, _ = ask_status(port, "/.api/stats", method="POST")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        status, _, body = ask_status(port, "/metrics", method="HEAD")
        self.assertEqual((status, body), (200, ""))

    def test_other_sites_and_names_are_refused(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        for headers in ({"Host": "evil.example"},
                        {"Origin": "http://evil.example"},
                        {"Sec-Fetch-Site": "cross-site"}):
            for path in ("/.api/stats", "/metrics"):
                self.assertEqual(ask_status(port, path, headers)[0], 403)
        self.assertIn("Status listener: refused GET /.api/stats",
                      stack.agent.log)

    def test_a_flood_of_refusals_is_no_flood_of_lines(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        for _ in range(300):
            self.assertEqual(ask_status(port, "/metrics",
                                        {"Host": "evil.example"})[0], 403)
        self.assertLess(stack.agent.log.count("refused GET"), 100)

    def test_large_and_odd_requests_are_answered(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        host = f"127.0.0.1:{port}"
        with Visitor(port) as one:
            answer = one.request("POST", "/.api/stats", host=host,
                                 body=b"x" * 100_000)
            self.assertEqual(answer.status, 413)
        with Visitor(port) as one:
            answer = one.get("/.api/health", [("X-Long", "x" * 70_000)],
                             host=host)
            self.assertEqual(answer.status, 431)
        with Visitor(port) as one:
            answer = one.get("/.api/health",
                             [("Connection", "Upgrade"),
                              ("Upgrade", "websocket")], host=host)
            self.assertNotEqual(answer.status, 101)
        with Visitor(port) as one:
            one.send(b"\x16\x03\x01\0\x05hello")
            self.assertEqual(one.read().status, 400)
        for words in (r"a connection: TLS spoken",
                      r"GET /\.api/health: .*exceed the limit",
                      r"GET /\.api/health: This is the status listener"):
            wait_until(lambda: re.search(
                rf"\[warning\] \[AGENT\] Status listener: refused {words}"
                r".* \(from 127\.0\.0\.1\)", stack.agent.log), words)
        self.assertEqual(
            {status: metrics.total(metrics.samples(page(port)),
                                   "aps_operator_refused_total",
                                   listener="status", status=status)
             for status in ("400", "431", "501")},
            {"400": 1, "431": 1, "501": 1})
        self.assertEqual(get_json(port, "/.api/health")[0], 200)

    def test_silent_peers_push_out_themselves(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        self.until_ready(port)
        silent = []
        self.addCleanup(lambda: [one.close() for one in silent])

        def more():
            for _ in range(50):
                silent.append(socket.create_connection(("127.0.0.1", port)))
            # Half a head is no request either.
            silent[-1].sendall(b"GET /.api/health HTTP/1.1\r\n")
            return not all(is_open(one) for one in silent[:50])
        wait_until(more, "the first ones to be closed")
        self.assertEqual(ask(stack.port).status, 200)
        self.assertEqual(get_json(port, "/.api/health")[0], 200)
        self.assertGreaterEqual(metrics.total(
            metrics.samples(page(port)), "aps_limits_total",
            limit="unauthenticated"), 1)
        self.assertIn("reached the limit unauthenticated", stack.agent.log)

    def test_an_agent_that_dials_it_is_told(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        lost = Agent(BIN, stack.folder, port, "ws", name="lost")
        stack.programs.append(lost)
        lost.start()
        wait_until(lambda: "status listener of an agent" in lost.log,
                   "the line")


class Doors(StatusCase):
    """Where it listens, and for whom."""

    def start(self, *flags):
        return subprocess.run(
            [BIN / "aps-endpoint", "-server", f"127.0.0.1:{free_port()}",
             "-tunnel", "t", "-name", "n", "-password", "p", *flags],
            capture_output=True, text=True, timeout=60)

    def refused(self, code, word, *flags):
        done = self.start(*flags)
        self.assertEqual(done.returncode, code, done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertIn(word, last)
        self.assertLessEqual(len(last), 160)

    def test_mistakes_are_told_in_a_line(self):
        self.refused(2, "-status-token-file FILE", "-status", "0.0.0.0:9091")
        self.refused(2, "-status-token-file FILE", "-status", "[::]:9091")
        self.refused(2, "IP address", "-status", "example.com:9091")
        self.refused(2, "-status", "-status", "127.0.0.1:x")
        self.refused(2, "without -status", "-status-token-file", "/nowhere")
        self.refused(1, "/nowhere", "-status", "127.0.0.1:9091",
                     "-status-token-file", "/nowhere")

    def test_a_taken_port_ends_the_agent(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(1, str(port), "-status", f"127.0.0.1:{port}")

    def test_all_addresses_take_a_token(self):
        file = scratch(self) / "token"
        file.write_text("secret-token\n")
        stack = self.build("ws", agent=False)
        port = free_port()
        stack.start_agent(flags=("-status", f"0.0.0.0:{port}",
                                 "-status-token-file", file))
        wait_until(lambda: "Status at" in stack.agent.log, "the listener")
        self.assertEqual(get_json(port, "/.api/health")[0], 200)
        self.assertIn(get_json(port, "/.api/ready")[0], (200, 503))
        for path in ("/.api/stats", "/metrics"):
            self.assertEqual(ask_status(port, path)[0], 401)
            self.assertEqual(ask_status(port, path, {
                "Authorization": "Bearer secret-token"})[0], 200)
        apsctl("status", "-admin", f"127.0.0.1:{port}", "-token-file", file)
        text = apsctl("status", "-admin", f"127.0.0.1:{port}", code=1)
        self.assertIn("a token is needed", text)


class Apsctl(StatusCase):
    def test_status_and_top_show_an_agent(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        self.until_ready(port)
        admin = ("-admin", f"127.0.0.1:{port}")
        for command in (("status",), ("top", "-number", "1")):
            text = apsctl(*command, *admin)
            self.assertRegex(text, r"(?m)^agent +tunnel1\.app1, version ")
            self.assertRegex(text, r"(?m)^ready +yes$")
            self.assertRegex(
                text, rf"(?m)^127\.0\.0\.1:{stack.port} +websocket +ws-\w+ +live")
        self.assertIn("nodes", json.loads(apsctl("status", "-json", *admin)))

    def test_what_only_a_node_has_says_so(self):
        stack = self.build("ws", agent=False)
        port = self.agent(stack)
        for command in (("tunnels",), ("connections",), ("exchanges",),
                        ("events",), ("explain", "http://example.com"),
                        ("drain", "-session", "s"), ("close", "ws-1"),
                        ("fallback", "tunnel1", "auto"), ("log",),
                        ("log", "debug")):
            text = apsctl(*command, "-admin", f"127.0.0.1:{port}", code=1)
            self.assertEqual(text.count("\n"), 1, text)
            self.assertIn(f"127.0.0.1:{port} is an agent", text)
            self.assertLessEqual(len(text), 161)


if __name__ == "__main__":
    main()
