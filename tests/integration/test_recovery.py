"""What happens to visitors when connections and processes die."""

import signal
import threading

import pattern
from harness import Case, main, per_transport, wait_until
from wire import Request, Visitor, ask

TWO = {"tunnels": {"tunnel1": {"websocket_pool": {"pool_size": 2}}}}


@per_transport("grpc", "ws", "mix")
class Processes:
    def setUp(self):
        super().setUp()
        self.stack_ = self.build(self.transport)

    @classmethod
    def setUpClass(cls):
        pass  # each test breaks its own stack

    def test_a_killed_agent_is_an_error_at_once_not_a_hang(self):
        stack = self.stack_
        request = Request(stack.port, "/gate")
        wait_until(lambda: stack.origin.seen("/gate"), "the request")
        stack.agent.kill()
        # Far below the 60 s of first_byte_timeout; see the outcome as well.
        request.thread.join(20)
        self.assertFalse(request.thread.is_alive())
        self.assertIn(request.result().status, (502, 503))
        self.assertNotEqual(request.result().outcome, "first-byte-timeout")
        wait_until(lambda: ask(stack.port).status == 503, "no endpoint")

    def test_a_restarted_agent_serves_again(self):
        stack = self.stack_
        stack.agent.kill()
        stack.start_agent()
        wait_until(lambda: ask(stack.port).status == 200,
                   "an answer from the restarted agent")

    def test_an_agent_that_ends_properly_leaves_nothing_behind(self):
        stack = self.stack_
        self.assertEqual(stack.agent.stop(), 0)
        wait_until(lambda: stack.node.connections() == (0, 0), "no agent")
        answer = ask(stack.port)
        self.assertEqual(answer.status, 503)
        self.assertIn(answer.outcome, ("no-endpoint", "no-connection"))
        self.assertGreaterEqual(int(answer.header("Retry-After")), 1)

    def test_the_agent_is_back_by_itself_after_a_node_restart(self):
        stack = self.stack_
        for how in ("kill", "stop"):
            getattr(stack.node, how)()
            stack.start_node()
            wait_until(lambda: ask(stack.port).status == 200,
                       "an answer through the new node")

    def test_a_request_that_runs_ends_within_the_grace_time(self):
        stack = self.stack_
        request = Request(stack.port, "/gate")
        wait_until(lambda: stack.origin.seen("/gate"), "the request")
        stopper = threading.Thread(target=stack.node.stop)
        stopper.start()
        wait_until(lambda: "SIGTERM" in stack.node.log, "the signal")
        stack.origin.release.set()
        self.assertEqual(request.result().status, 200)
        stopper.join()
        self.assertEqual(stack.node.stop(), 0)

    def test_half_a_request_does_not_hold_up_the_end(self):
        stack = self.stack_
        stack.node.stop()
        stack.node_flags = ("-grace", "600")
        stack.start_node()
        wait_until(lambda: ask(stack.port).status == 200, "the agent")
        with Visitor(stack.port) as half, Visitor(stack.port) as idle, \
                Visitor(stack.port) as answered:
            self.assertEqual(idle.get("/").status, 200)
            half.send(b"GET / HTTP/1.1\r\nHost: exam")
            # It has its answer, and does not look at the end behind it.
            answered.send(b"GET / HTTP/1.1\r\n\r\n")
            self.assertEqual(answered.read().status, 400)
            request = Request(stack.port, "/gate")
            wait_until(lambda: stack.origin.seen("/gate"), "the request")
            stack.node.process.send_signal(signal.SIGTERM)
            for one in (half, idle, answered):
                self.assertEqual(one.file.read(), b"")
            # What was asked in full is still answered.
            self.assertTrue(stack.node.running)
            stack.origin.release.set()
            self.assertEqual(request.result().status, 200)
            self.assertEqual(stack.node.wait(), 0)

    def test_two_agents_of_an_endpoint_cover_for_each_other(self):
        stack = self.stack_
        stack.start_agent()
        # A pool has its size for all agents, but no agent without a member.
        grpc = self.transport == "grpc"
        wait_until(lambda: stack.node.connections()[0 if grpc else 1]
                   >= (2 if grpc else 3), "both agents")
        stack.agents[0].kill()
        wait_until(lambda: ask(stack.port).status == 200, "an answer")
        for _ in range(20):
            self.assertEqual(ask(stack.port).status, 200)


class Fallback(Case):
    """gRPC breaks on the way; the visitor notices nothing."""

    def setUp(self):
        super().setUp()
        self.mix = self.build("mix", proxy=True, config=TWO)
        self.wire = self.mix.proxy

    def size_over(self, kind, size=1 << 20):
        """Downloads and tells whether this kind of connection carried it."""
        before = self.wire.bytes(kind, "up")
        answer = ask(self.mix.port, f"/bytes/{size}")
        self.assertEqual((answer.status, answer.sha256),
                         (200, pattern.sha256(size)))
        return self.wire.bytes(kind, "up") - before > size

    def test_grpc_is_preferred_while_it_lives(self):
        self.assertTrue(all(self.size_over("h2") for _ in range(5)))

    def test_the_same_request_goes_on_over_websocket_when_grpc_is_cut(self):
        self.assertTrue(self.size_over("h2"))
        self.wire.cut("h2")
        for _ in range(10):
            self.assertTrue(self.size_over("ws"))

    def test_a_request_that_runs_survives_the_cut_and_runs_once(self):
        request = Request(self.mix.port, "/gate",
                          headers=[("X-Request-Id", "survivor")])
        wait_until(lambda: self.mix.origin.seen("/gate"), "the request")
        self.wire.cut("h2")
        wait_until(lambda: self.wire.live("h2") == 0, "no gRPC")
        self.mix.origin.release.set()
        self.assertEqual(request.result().status, 200)
        self.assertEqual(self.mix.origin.executed("survivor"), 1)

    def test_a_download_survives_a_cut_in_its_middle(self):
        size = 32 << 20
        self.wire.cut_after("h2", "up", size // 2)
        self.wire.refuse("h2")
        answer = ask(self.mix.port, f"/bytes/{size}",
                     headers=[("X-Request-Id", "download")])
        self.assertEqual(answer.sha256, pattern.sha256(size))
        self.assertEqual(self.mix.origin.executed("download"), 1)

    def test_an_upload_survives_a_cut_in_its_middle(self):
        size = 32 << 20
        self.wire.cut_after("h2", "down", size // 2)
        self.wire.refuse("h2")
        answer = ask(self.mix.port, "/echo", "POST",
                     [("X-Request-Id", "upload")],
                     (pattern.blocks(size), size))
        self.assertIn(pattern.sha256(size).encode(), answer.body)
        self.assertEqual(self.mix.origin.executed("upload"), 1)

    def test_grpc_is_used_again_after_it_healed(self):
        self.wire.cut("h2")
        self.assertTrue(self.size_over("ws"))
        self.wire.heal()
        wait_until(lambda: self.size_over("h2", 200000),
                   "gRPC to be used again", 60)

    def test_grpc_that_falls_silent_is_found_and_left(self):
        request = Request(self.mix.port, "/gate")
        wait_until(lambda: self.mix.origin.seen("/gate"), "the request")
        self.wire.swallow("h2")
        self.mix.origin.release.set()
        self.assertEqual(request.result().status, 200)
        self.assertTrue(self.size_over("ws"))

    def test_connections_cut_again_and_again_lose_no_request(self):
        done = threading.Event()

        def saw():
            while not done.wait(0.1):
                self.wire.reset("h2")

        sawing = threading.Thread(target=saw)
        sawing.start()
        try:
            for number in range(100):
                name = f"cut-{number}"
                answer = ask(self.mix.port, "/bytes/100000",
                             headers=[("X-Request-Id", name)])
                self.assertEqual(answer.sha256, pattern.sha256(100000))
                self.assertEqual(self.mix.origin.executed(name), 1)
        finally:
            done.set()
            sawing.join()


class NoFallback(Case):
    def test_without_fallback_the_visitor_gets_a_clear_error(self):
        stack = self.build("mix", proxy=True, config={
            "tunnels": {"tunnel1": {"websocket_pool": {
                "fallback_enabled": False}}}})
        self.assertEqual(ask(stack.port).status, 200)
        self.assertFalse(stack.node.stats()["fallback_enabled"])
        stack.proxy.cut("h2")
        wait_until(lambda: stack.proxy.live("h2") == 0, "no gRPC")
        answer = ask(stack.port)
        self.assertIn(answer.status, (502, 503))
        self.assertTrue(answer.outcome)


class WebSockets(Case):
    def test_requests_survive_the_death_of_single_connections(self):
        stack = self.build("ws", proxy=True, config=TWO)
        for number in range(10):
            stack.proxy.reset("ws")
            answer = ask(stack.port, "/bytes/1000",
                         headers=[("X-Request-Id", f"ws-{number}")])
            self.assertEqual(answer.body, pattern.data(1000))
            self.assertEqual(stack.origin.executed(f"ws-{number}"), 1)

    def test_an_agent_behind_a_dead_network_is_back_when_it_heals(self):
        stack = self.build("ws", proxy=True)
        stack.proxy.close_port()
        stack.proxy.reset()
        wait_until(lambda: stack.node.connections() == (0, 0), "no agent")
        stack.proxy.open_port()
        wait_until(lambda: ask(stack.port).status == 200, "an answer")

    def test_silent_connections_are_found_by_deadline(self):
        stack = self.build("ws", proxy=True, config=TWO)
        stack.proxy.swallow("ws")
        request = Request(stack.port, "/bytes/1000")
        wait_until(lambda: stack.node.connections() == (0, 0)
                   or not request.thread.is_alive(), "the silence to be found")
        stack.proxy.heal()
        wait_until(lambda: ask(stack.port).status == 200, "an answer")
        self.assertIn(request.result().status, (200, 502, 503))


if __name__ == "__main__":
    main()
