"""The statistics, and the limits of the pools that they show."""

import re
import threading

from harness import Case, main, wait_until
from wire import ask

LEASES = {"pool_size": 2, "max_pool_size": 4, "max_requests_per_connection": 1,
          "acquire_timeout": 60}


class Keys(Case):
    transport = "mix"

    def test_the_promised_keys_are_there_with_their_types(self):
        stats = self.stack.node.stats()
        self.assertLessEqual({"grpc", "websocket", "fallback_enabled"},
                             stats.keys())
        self.assertIs(stats["fallback_enabled"], True)
        self.assertEqual(stats["grpc"]["tunnels"], 1)
        details = stats["grpc"]["tunnel_details"]["tunnel1"]
        self.assertEqual(details["endpoints"], 1)
        self.assertGreaterEqual(details["streams"], 1)
        pools = stats["websocket"]
        self.assertEqual(pools["pools"], 1)
        self.assertEqual(pools["active_connections"], 0)
        for value in (details["streams"], pools["total_connections"]):
            self.assertIsInstance(value, int)

    def test_the_admin_listener_knows_nothing_else(self):
        self.assertEqual(ask(self.stack.node.admin_port, "/x").status, 404)

    def test_visitors_do_not_get_there(self):
        self.assertEqual(ask(self.port, "/.api/stats").status, 404)

    def test_pool_size_connections_are_ready_before_the_first_request(self):
        wait_until(lambda: self.stack.node.connections() == (1, 2),
                   "one gRPC stream and two WebSockets")


class Limits(Case):
    def crowd(self, stack, count):
        """`count` requests at once that wait at the origin."""
        answers = []
        threads = [threading.Thread(
            target=lambda: answers.append(ask(stack.port, "/gate").status))
            for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads, answers

    def check_pool(self, transport, seen):
        name = "websocket_pool" if transport == "ws" else "grpc_pool"
        stack = self.build(transport, config={
            "tunnels": {"tunnel1": {name: LEASES}}})
        threads, answers = self.crowd(stack, 20)
        most = 0

        def look():
            nonlocal most
            most = max(most, seen(stack.node))
            return len(stack.origin.seen("/gate")) >= 4
        wait_until(look, "a pool grown to its maximum")
        for _ in range(50):
            look()
        self.assertEqual(len(stack.origin.seen("/gate")), 4)
        stack.origin.release.set()
        while any(thread.is_alive() for thread in threads):
            look()
        self.assertEqual(answers, [200] * 20)
        self.assertEqual(most, 4)
        wait_until(lambda: stack.node.stats()["websocket"]
                   ["active_connections"] == 0, "all leases returned")

    def test_a_websocket_pool_grows_to_its_maximum_and_not_beyond(self):
        self.check_pool("ws", lambda node: node.connections()[1])

    def test_a_grpc_pool_grows_to_its_maximum_and_not_beyond(self):
        self.check_pool("grpc", lambda node: node.connections()[0])

    def test_a_crowd_that_finds_no_connection_in_time_gets_503(self):
        stack = self.build("ws", config={"tunnels": {"tunnel1": {
            "websocket_pool": {**LEASES, "acquire_timeout": 0.5}}}})
        threads, answers = self.crowd(stack, 10)
        wait_until(lambda: len(answers) == 6, "six refusals")
        self.assertEqual(answers, [503] * 6)
        stack.origin.release.set()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answers), [200] * 4 + [503] * 6)

    def test_agents_that_dial_uninvited_do_not_exceed_the_maximum(self):
        stack = self.build("ws", config={"tunnels": {"tunnel1": {
            "websocket_pool": {"pool_size": 2, "max_pool_size": 3}}}})
        for _ in range(3):
            stack.start_agent()
        for _ in range(100):
            self.assertLessEqual(stack.node.connections()[1], 3)
            self.assertEqual(ask(stack.port).status, 200)

    def test_idle_connections_above_the_pool_size_are_closed(self):
        stack = self.build("ws", config={"tunnels": {"tunnel1": {
            "websocket_pool": {**LEASES, "idle_timeout": 1}}}})
        threads, _ = self.crowd(stack, 4)
        wait_until(lambda: stack.node.connections()[1] == 4, "a grown pool")
        stack.origin.release.set()
        for thread in threads:
            thread.join()
        wait_until(lambda: stack.node.connections()[1] == 2, "a small pool")

    def test_aged_connections_are_replaced_without_a_lost_request(self):
        stack = self.build("ws", proxy=True, config={"tunnels": {"tunnel1": {
            "websocket_pool": {"pool_size": 2, "max_lifetime": 1}}}})

        def replaced():
            self.assertEqual(ask(stack.port).status, 200)
            return stack.proxy.accepted("ws") >= 6
        wait_until(replaced, "connections to be replaced", 60)


class Logs(Case):
    def test_pool_events_are_logged_in_the_promised_manner(self):
        stack = self.build("ws", config={
            "log": {"level": "debug"}, "tunnels": {"tunnel1": {
                "websocket_pool": {"pool_size": 2, "max_lifetime": 1800,
                                   "idle_timeout": 300}}}})
        self.assertEqual(ask(stack.port).status, 200)
        name = r"tunnel1\.app1"
        for line in (
                rf"\[WS-POOL\] Created new pool for {name} with size 2, "
                r"idle timeout 5m0s, max lifetime 30m0s",
                rf"\[WS-POOL\] Connection ws-\w+ acquired from pool {name} "
                r"\(active: 1\)",
                rf"\[WS-POOL\] Connection ws-\w+ returned to pool {name} "
                r"\(active: 0\)"):
            wait_until(lambda: re.search(line, stack.node.log),
                       f"the log line {line}")


if __name__ == "__main__":
    main()
