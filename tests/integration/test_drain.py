"""Out of rotation and back: what an operator drains stays drained, over every
transport, over reconnects and restarts of its agent."""

import json

import metrics
from harness import Case, apsctl, main, wait_until
from wire import Visitor, ask

TRANSPORTS = ("grpc", "ws", "poll")
FIRST = ("-tunnel", "tunnel1", "-endpoint", "app1")
SECOND = ("-tunnel", "tunnel1", "-endpoint", "app2")


class Rotation(Case):
    def apsctl(self, stack, *args, code=0):
        return apsctl(stack.node, *args, code=code)

    def listed(self, stack, kind="endpoints"):
        return json.loads(stack.node.get(f"/.api/{kind}")[1])[kind]

    def endpoint(self, stack, name):
        return [one for one in self.listed(stack) if one["name"] == name][0]

    def live(self, stack):
        return {one["name"] for one in self.listed(stack)
                if one["live_connections"] > 0}

    def served(self, stack, count=12):
        """Who serves some requests: endpoints and sessions."""
        out = []
        for i in range(count):
            name = f"{id(out)}-{len(out)}"
            answer = ask(stack.port, headers=[("X-Request-Id", name)])
            self.assertEqual(answer.status, 200, answer.body)
            record = []

            def recorded():
                body = stack.node.get(f"/.api/exchanges?id={name}")[1]
                record[:] = json.loads(body)["finished"]
                return record
            wait_until(recorded, "its record")
            out.append((record[0]["endpoint"], record[0]["session"]))
        return out

    def told(self, stack, kind):
        """(word, endpoint, session) of each event of this kind."""
        kinds = f"{kind}-drained,{kind}-undrained"
        lines = self.apsctl(stack, "events", "-json", "-kind", kinds)
        events = map(json.loads, lines.splitlines())
        return [(one["kind"].removeprefix(f"{kind}-"), one["endpoint"],
                 one["session"]) for one in events]

    def gauges(self, stack):
        """Drained endpoints and agents of the tunnel."""
        page = metrics.samples(stack.node.get("/metrics")[1].decode())
        return tuple(page[f'aps_tunnel_{what}_drained{{tunnel="tunnel1"}}']
                     for what in ("endpoints", "agents"))

    def test_a_drained_endpoint_gets_nothing_until_undrain(self):
        for transport in TRANSPORTS:
            with self.subTest(transport):
                self.drain_an_endpoint(self.build(transport))

    def drain_an_endpoint(self, stack):
        with Visitor(stack.port) as visitor:
            visitor.send_head("GET", "/gate")
            wait_until(lambda: stack.origin.seen("/gate"), "the request")
            self.assertIn("done", self.apsctl(stack, "drain", *FIRST))
            # Nobody else is there.
            refused = ask(stack.port)
            self.assertEqual((refused.status, refused.outcome),
                             (503, "no-endpoint"))
            self.assertIn(b"drained", refused.body)
            stack.start_agent(endpoint="app2")
            wait_until(lambda: self.live(stack) == {"app1", "app2"}, "another")
            self.assertEqual({name for name, _ in self.served(stack)},
                             {"app2"})
            # What ran goes on.
            stack.origin.release.set()
            self.assertEqual(visitor.read().status, 200)
        # A new agent of that name is drained as well, and seen to be.
        stack.agents[0].stop()
        wait_until(lambda: "app1" not in self.live(stack), "its end")
        stack.start_agent(endpoint="app1")
        wait_until(lambda: "app1" in self.live(stack), "it to be back")
        self.assertTrue(self.endpoint(stack, "app1")["drained"])
        self.assertTrue(all(one["drained"] == (one["endpoint"] == "app1")
                            for one in self.listed(stack, "connections")))
        self.assertRegex(self.apsctl(stack, "tunnels"), r"app1 +drained")
        self.assertEqual({name for name, _ in self.served(stack)}, {"app2"})
        self.apsctl(stack, "undrain", *FIRST)
        self.assertFalse(self.endpoint(stack, "app1")["drained"])
        self.apsctl(stack, "drain", *SECOND)
        self.assertEqual({name for name, _ in self.served(stack)}, {"app1"})
        for action in ("drain", "undrain"):
            self.assertIn(f"{action} endpoint tunnel1.app1", stack.node.log)
        # Twice is once.
        self.apsctl(stack, "drain", *SECOND)
        self.assertEqual(self.told(stack, "endpoint"), [
            ("drained", "app1", ""), ("undrained", "app1", ""),
            ("drained", "app2", "")])
        self.assertEqual(self.gauges(stack), (1, 1))
        self.assertIn("endpoint-drained", self.apsctl(stack, "events"))

    def test_a_drained_session_leaves_the_others_of_its_endpoint(self):
        for transport in TRANSPORTS:
            with self.subTest(transport):
                self.drain_a_session(self.build(transport))

    def drain_a_session(self, stack):
        stack.start_agent()

        def sessions():
            return {one["session"] for one in self.listed(stack, "connections")}
        wait_until(lambda: len(sessions()) == 2, "two agents")
        first, second = sorted(sessions())
        self.apsctl(stack, "drain", "-session", first)
        self.assertEqual({by for _, by in self.served(stack)}, {second})
        self.assertFalse(self.endpoint(stack, "app1")["drained"])
        # Its connections come back, and are drained.
        before = {one["name"] for one in self.listed(stack, "connections")}
        self.apsctl(stack, "reconnect", "-session", first)
        wait_until(lambda: any(
            one["session"] == first and one["name"] not in before
            for one in self.listed(stack, "connections")), "new connections")
        self.assertEqual({by for _, by in self.served(stack)}, {second})
        # With both of them the endpoint is out of rotation.
        self.apsctl(stack, "drain", "-session", second)
        self.assertEqual(ask(stack.port).status, 503)
        self.assertTrue(self.endpoint(stack, "app1")["drained"])
        self.assertEqual(self.gauges(stack), (1, 2))
        self.apsctl(stack, "undrain", "-session", first)
        self.assertEqual({by for _, by in self.served(stack)}, {first})
        self.assertEqual(self.gauges(stack), (0, 1))
        self.assertEqual(self.told(stack, "session"), [
            ("drained", "app1", first), ("drained", "app1", second),
            ("undrained", "app1", first)])

    def test_mistakes_are_told(self):
        stack = self.build("ws")
        for action in ("drain", "undrain"):
            self.assertIn("no endpoint", self.apsctl(
                stack, action, "-tunnel", "tunnel1", "-endpoint", "nobody",
                code=1))
            self.assertIn("no session", self.apsctl(
                stack, action, "-session", "00", code=1))
        self.assertIn("-session", self.apsctl(stack, "undrain", "ws-1",
                                              code=2))


if __name__ == "__main__":
    main()
