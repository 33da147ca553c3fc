"""Nobody keeps the others out: connections, descriptors, places, guesses.

Strangers come from 127.0.0.2 and the like; each loopback address is one."""

import contextlib
import http.client
import json
import os
import resource
import select
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import metrics
import openapi
from harness import TIME_SCALE, Case, free_port, listening, main, wait_until
from origin import Origin
from wire import Visitor, basic

STRANGER = "127.0.0.2"
VISITOR = "127.0.0.3"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"
TOKEN = "a-token-of-the-test"


def connect(port, source=STRANGER, timeout=10):
    one = socket.create_connection(("127.0.0.1", port),
                                   timeout * TIME_SCALE,
                                   source_address=(source, 0))
    return one


def read_all(one):
    """Everything until the peer closes; b"" when it resets."""
    out = b""
    with contextlib.suppress(ConnectionError):
        while data := one.recv(65536):
            out += data
    return out


def request(path="/", host="example.com", more=""):
    return (f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}"
            "\r\n").encode()


def get(port, path="/", source=VISITOR, more=""):
    with connect(port, source) as one:
        one.sendall(request(path, more="Connection: close\r\n" + more))
        answer = http.client.HTTPResponse(one)
        answer.begin()
        return answer.status, dict(answer.headers), answer.read()


def ask_admin(port, path, source=VISITOR, headers=()):
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=10 * TIME_SCALE,
        source_address=(source, 0))
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    openapi.answered("GET", path, answer.status, answer.headers, body)
    return answer.status, dict(answer.headers), body


def is_open(one):
    one.setblocking(False)
    try:
        return one.recv(65536) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        one.setblocking(True)


class LimitCase(Case):
    def setUp(self):
        super().setUp()
        self.sockets = contextlib.ExitStack()

    def tearDown(self):
        self.sockets.close()
        super().tearDown()

    def hold(self, port, source=STRANGER, data=b""):
        one = self.sockets.enter_context(connect(port, source))
        with contextlib.suppress(OSError):
            one.sendall(data)
        return one

    def count(self, stack, limit):
        counted = stack.node.stats()["limits"][limit]
        _, page = stack.node.get("/metrics")
        shown = metrics.samples(page.decode())
        self.assertGreaterEqual(shown[f'aps_limits_total{{limit="{limit}"}}'],
                                counted)
        return counted

    def operate(self, **admin):
        """A node for operators alone, and the port that they use."""
        stack = self.build("ws", agent=False, config={"admin": admin})
        wait_until(lambda: listening(stack.node.admin_port), "the admin port")
        return stack, stack.node.admin_port

    @staticmethod
    def under_way(stack):
        return sum(endpoint["in_flight"] for endpoint in
                   stack.node.stats()["tunnels"]["tunnel1"]["endpoints"])

    def told(self, stack, limit):
        wait_until(lambda: f"[LIMIT] {limit} reached" in stack.node.log,
                   f"{limit} in the log")


class Connections(LimitCase):
    def test_an_address_with_all_its_connections_is_told_so(self):
        stack = self.build("ws", config={
            "limits": {"max_connections_per_address": 5}})
        held = [self.hold(stack.port, data=request("/gate"))
                for _ in range(5)]
        wait_until(lambda: self.under_way(stack) == 5, "five requests")
        with connect(stack.port) as one:
            one.sendall(request())
            answer = read_all(one)
        self.assertTrue(answer.startswith(b"HTTP/1.1 503"), answer)
        self.assertIn(b"Aps-Outcome: overloaded", answer)
        self.assertIn(b"Retry-After:", answer)
        self.assertEqual(get(stack.port)[0], 200)
        self.assertEqual(self.count(stack, "address-connections"), 1)
        self.told(stack, "address-connections")
        stack.origin.release.set()
        for one in held:
            self.assertTrue(one.recv(100).startswith(b"HTTP/1.1 200"))
        # Idle ones make room.
        self.assertEqual(get(stack.port, source=STRANGER)[0], 200)

    def test_silent_peers_push_out_themselves(self):
        stack = self.build("ws", config={
            "limits": {"max_unauthenticated_per_address": 20,
                       "max_unauthenticated": 60}})
        others = [self.hold(stack.port, "127.0.0.9") for _ in range(5)]
        silent = []
        for _ in range(100):
            silent.append(self.hold(stack.port))
            time.sleep(0.005)
        self.assertEqual(get(stack.port, source=STRANGER)[0], 200)
        wait_until(lambda: self.again(stack, silent) <= 30, "the rest closed")
        self.assertTrue(all(is_open(one) for one in others))
        self.assertGreaterEqual(self.count(stack, "unauthenticated"), 50)
        self.told(stack, "unauthenticated")
        # An agent still comes in.
        stack.start_agent()
        stack.node.wait_for_agent("ws", 3)

    def again(self, stack, silent):
        """Those that are still open, after one more came."""
        silent.append(self.hold(stack.port))
        return sum(is_open(one) for one in silent)

    def test_the_oldest_idle_visitor_makes_room_for_the_next(self):
        stack = self.build("ws", config={"limits": {"max_connections": 6}})
        idle = []
        for _ in range(6):
            one = self.hold(stack.port, data=request("/bytes/1"))
            one.recv(4096)
            idle.append(one)
        for i in range(4):
            self.assertEqual(get(stack.port)[0], 200)
        self.assertGreaterEqual(self.count(stack, "connections"), 1)
        wait_until(lambda: not all(is_open(one) for one in idle),
                   "an idle one to be closed")


class Descriptors(LimitCase):
    def few(self, stack, most=256):
        # Where undefined behaviour is looked for, the first look at an object
        # of a type takes a descriptor, and without one it looks wrong.
        stack.node.get("/metrics")
        resource.prlimit(stack.node.pid, resource.RLIMIT_NOFILE, (most, most))

    def test_silent_peers_shut_nobody_out(self):
        stack = self.build("ws")
        self.few(stack)
        for i in range(260):
            self.hold(stack.port, f"127.0.1.{i % 250 + 1}")
        for _ in range(3):
            self.assertEqual(get(stack.port)[0], 200)
        # In the reserve, or before, when they came slowly.
        self.assertGreaterEqual(self.count(stack, "descriptors")
                                + self.count(stack, "unauthenticated"), 20)
        stack.start_agent()
        stack.node.wait_for_agent("ws", 3)

    def test_busy_visitors_leave_the_reserve_to_agents_and_operators(self):
        stack = self.build("ws")
        self.few(stack)
        busy = []
        for i in range(260):
            busy.append(self.hold(stack.port, f"127.0.1.{i % 250 + 1}",
                                  request("/gate")))
        refused = sum(1 for one in busy
                      if not is_open(one) or self.answered(one))
        self.assertGreater(refused, 0)
        self.assertGreaterEqual(self.count(stack, "descriptors"), refused / 2)
        stack.start_agent()
        stack.node.wait_for_agent("ws", 3)
        stack.origin.release.set()

    @staticmethod
    def answered(one):
        one.settimeout(0.01)
        try:
            return one.recv(12, socket.MSG_PEEK).endswith(b"503")
        except OSError:
            return False

    def test_a_burst_of_visitors_leaves_room_for_agents(self):
        stack = self.build("ws")
        self.few(stack, 128)
        held = []

        def come(number):
            for i in range(number, 204, 16):
                with contextlib.suppress(OSError):
                    held.append(self.hold(stack.port, f"127.0.1.{i % 20 + 1}",
                                          request("/gate")))
        threads = [threading.Thread(target=come, args=(number,))
                   for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: self.count(stack, "descriptors") > 0,
                   "the reserve to be defended")
        stack.start_agent(endpoint="late")
        wait_until(lambda: "Connected" in stack.agent.log, "the agent")
        stack.origin.release.set()

    def test_guessers_make_room_for_visitors(self):
        origin = Origin()
        via = {"to": origin.url, "via": {"tunnels": ["tunnel1"]}}
        stack = self.build("ws", {
            "auth": {"users": {"alice": {"password": "of alice"}}},
            "mappings": [{"from": "http://known.test", "require": {}, **via},
                         {"from": "http://example.com", **via}]},
            origin=origin)
        self.few(stack, 128)
        over = threading.Event()

        def guess(number):
            while not over.is_set():
                with contextlib.suppress(OSError), Visitor(
                        stack.port, source=f"127.0.1.{number % 10 + 1}") as one:
                    while not over.is_set():
                        one.get("/echo", [basic("alice", str(number))],
                                "known.test")
                time.sleep(0.2)
        threads = [threading.Thread(target=guess, args=(number,))
                   for number in range(115)]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: self.count(stack, "unauthenticated") > 50,
                       "guessers that made room")
            for _ in range(10):
                self.assertEqual(get(stack.port)[0], 200)
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def test_targets_of_the_node_itself_leave_the_reserve(self):
        stack = self.build("ws")
        direct = self.build("ws", agent=False, config={
            "mappings": [{"from": "http://example.com",
                          "to": stack.origin.url}]})
        self.few(direct, 128)
        busy = [self.hold(direct.port, f"127.0.1.{i + 1}", request("/gate"))
                for i in range(100)]
        wait_until(lambda: self.count(direct, "descriptors") > 0,
                   "the reserve to be defended")
        direct.start_agent()
        direct.node.wait_for_agent("ws")
        del busy
        stack.origin.release.set()


class Http2(LimitCase):
    transport = "ws"

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.stack.node.pid}/fd"))

    def test_a_preface_costs_one_descriptor_and_ends_soon(self):
        # A few that the node had before may close meanwhile.
        before = self.descriptors()
        held = [self.hold(self.port, data=PREFACE + SETTINGS)
                for _ in range(20)]
        for one in held:
            self.assertEqual(one.recv(9, socket.MSG_WAITALL)[3:],
                             SETTINGS[3:])
        self.assertGreaterEqual(self.descriptors(), before + 10)
        self.assertLessEqual(self.descriptors(), before + 24)
        wait_until(lambda: not any(is_open(one) for one in held),
                   "the end of those that say no more", 15)


class Polling(LimitCase):
    transport = "ws"
    config = {"limits": {"max_unauthenticated_per_address": 50}}

    def test_links_without_a_proof_keep_no_agent_out(self):
        opening = (b"POST /.tunnel/poll HTTP/1.1\r\nHost: x\r\n"
                   b"Aps-Protocol: aps.tunnel.v1\r\nContent-Length: 0\r\n\r\n")
        with connect(self.port) as one:
            file = one.makefile("rb")
            for i in range(300):
                one.sendall(opening)
                answer = http.client.HTTPResponse(one)
                answer.begin()
                if i < 50:
                    self.assertEqual(answer.status, 201)
                else:
                    self.assertIn(answer.status, (201, 429))
                answer.read()
            file.close()
            self.assertGreaterEqual(self.count(self.stack, "poll-links"), 200)
            self.stack.start_agent(transport="poll", endpoint="polled")
            self.stack.node.wait_for_agent("poll")


class Shares(LimitCase):
    def test_one_address_takes_a_part_of_a_pool(self):
        stack = self.build("ws", config={
            "tunnels": {"tunnel1": {"websocket_pool": {
                "pool_size": 2, "max_pool_size": 2,
                "max_requests_per_connection": 40}}}})
        held = [self.hold(stack.port, data=request("/gate"))
                for _ in range(40)]
        wait_until(lambda: self.under_way(stack) == 40, "its share")
        status, headers, _ = get(stack.port, source=STRANGER)
        self.assertEqual(status, 429)
        self.assertEqual(headers["Aps-Outcome"], "address-share")
        self.assertIn("Retry-After", headers)
        self.assertEqual(get(stack.port)[0], 200)
        self.assertEqual(self.count(stack, "address-share"), 1)
        # Whatever way they end, the places come back.
        for one in held[:20]:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
            one.close()
        wait_until(lambda: self.under_way(stack) <= 20, "half to leave")
        stack.origin.release.set()
        for one in held[20:]:
            self.assertTrue(one.recv(100).startswith(b"HTTP/1.1 200"))
        stack.origin.release.clear()
        for _ in range(40):
            self.hold(stack.port, data=request("/gate"))
        wait_until(lambda: self.under_way(stack) == 40,
                   "its share again")
        stack.origin.release.set()

    def test_one_address_takes_a_part_of_what_waits_in_an_outage(self):
        stack = self.build("ws", config={
            "tunnels": {"tunnel1": {
                "reconnect_grace": 600, "resume_time": 600,
                "websocket_pool": {"max_waiting": 100}}}})
        stack.agent.kill()
        # A request that was under way when it died waits without a share.
        wait_until(lambda: "has no connection any more" in stack.node.log,
                   "the node to notice")
        held = [self.hold(stack.port, data=request("/"))
                for _ in range(60)]
        wait_until(lambda: self.count(stack, "address-share") == 10,
                   "those beyond the share")
        turned_away = [one for one in held
                       if select.select([one], [], [], 0)[0]]
        self.assertEqual(len(turned_away), 10)
        for one in turned_away:
            self.assertTrue(one.recv(100).startswith(b"HTTP/1.1 429"))
        with ThreadPoolExecutor(20) as crowd:
            honest = [crowd.submit(get, stack.port) for _ in range(20)]
            stack.start_agent()
            for answer in honest:
                self.assertEqual(answer.result()[0], 200)
        for one in held:
            if one not in turned_away:
                self.assertTrue(one.recv(100).startswith(b"HTTP/1.1 200"))

    def test_trusted_networks_have_no_share(self):
        stack = self.build("ws", config={
            "limits": {"trusted": ["127.0.0.2"]},
            "tunnels": {"tunnel1": {"websocket_pool": {
                "pool_size": 2, "max_pool_size": 2,
                "max_requests_per_connection": 40}}}})
        for _ in range(80):
            self.hold(stack.port, data=request("/gate"))
        wait_until(lambda: self.under_way(stack) == 80, "all places")
        stack.origin.release.set()


class Operators(LimitCase):
    def test_guesses_at_the_token_are_slowed(self):
        stack, port = self.operate(token=TOKEN)
        wrong = {"Authorization": "Bearer wrong"}
        right = {"Authorization": f"Bearer {TOKEN}"}
        seen = [ask_admin(port, "/.api/stats", STRANGER, wrong)
                for _ in range(60)]
        statuses = [status for status, _, _ in seen]
        self.assertEqual(statuses[:10], [401] * 10)
        self.assertGreaterEqual(statuses.count(429), 40)
        last = next(h for s, h, _ in seen if s == 429)
        self.assertGreaterEqual(int(last["Retry-After"]), 1)
        self.assertEqual(ask_admin(port, "/.api/stats", VISITOR, right)[0],
                         200)
        wait_until(lambda: ask_admin(port, "/.api/stats", STRANGER, right)[0]
                   == 200, "the pause to end", 60)
        self.assertEqual(ask_admin(port, "/.api/stats", STRANGER, wrong)[0],
                         401)
        _, _, body = ask_admin(port, "/.api/stats", VISITOR, right)
        self.assertGreaterEqual(json.loads(body)["limits"]["login-rate"], 40)
        self.told(stack, "login-rate")

    def test_event_streams_are_shared(self):
        stack, port = self.operate()
        host = f"127.0.0.1:{port}"
        for _ in range(16):
            one = self.hold(port, data=request("/.api/events", host))
            self.assertTrue(one.recv(15).startswith(b"HTTP/1.1 200"))
        status, headers, _ = ask_admin(port, "/.api/events", STRANGER)
        self.assertEqual(status, 429)
        self.assertIn("Retry-After", headers)
        other = self.hold(port, VISITOR, request("/.api/events", host))
        self.assertTrue(other.recv(15).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.count(stack, "event-streams"), 1)

    def test_pages_of_other_sites_take_no_stream(self):
        _, port = self.operate()
        for fields in ({"Origin": "http://evil.example"},
                       {"Sec-Fetch-Site": "cross-site"},
                       {"Sec-Fetch-Site": "cross-site",
                        "Sec-Fetch-Mode": "navigate",
                        "Sec-Fetch-Dest": "document"},
                       {"Sec-Fetch-Site": "same-site",
                        "Sec-Fetch-Mode": "navigate",
                        "Sec-Fetch-Dest": "iframe"}):
            self.assertEqual(
                ask_admin(port, "/.api/events", headers=fields)[0], 403,
                fields)
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document"}
        self.assertEqual(ask_admin(port, "/.api/stats", headers=link)[0], 200)


HANDSHAKE = ("GET /.tunnel HTTP/{version}\r\nHost: x\r\n"
             "Connection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
             "Sec-WebSocket-Protocol: aps.tunnel.v1\r\n\r\n")


class Doors(LimitCase):
    """Where agents may come in, and how they knock."""

    def knock(self, port, rest=b"", version="1.1"):
        one = self.hold(port, data=HANDSHAKE.format(version=version).encode()
                        + rest)
        return one, one.recv(12)

    def test_a_server_that_no_tunnel_names_takes_no_agents(self):
        ports = {name: free_port() for name in ("visitors", "refusing")}
        stack = self.build("ws", config={"servers": {
            "visitors": {"host": "127.0.0.1", "port": ports["visitors"]},
            "refusing": {"host": "127.0.0.1", "port": ports["refusing"],
                         "agents": False}}})
        self.assertEqual(self.knock(stack.port)[1], b"HTTP/1.1 101")
        for port in ports.values():
            self.assertEqual(self.knock(port)[1], b"HTTP/1.1 404")
            self.assertEqual(get(port)[0], 200)

    def test_http_1_0_is_no_upgrade(self):
        stack = self.build("ws", agent=False)
        self.assertEqual(self.knock(stack.port, version="1.0")[1],
                         b"HTTP/1.1 400")

    def test_frames_that_come_with_the_handshake_are_heard(self):
        stack = self.build("ws", agent=False)
        # An empty binary message, then a ping of WebSocket, with no mask.
        one, status = self.knock(stack.port, b"\x89\x84\0\0\0\0ping")
        self.assertEqual(status, b"HTTP/1.1 101")
        heard = b""
        while b"\x8a\x04ping" not in heard:
            data = one.recv(4096)
            self.assertTrue(data, heard)
            heard += data


if __name__ == "__main__":
    main()
