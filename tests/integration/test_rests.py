"""Targets that refuse: their endpoint is passed over for a while, by itself,
unless nobody else is there."""

from dns_server import DnsServer
from harness import Case, free_port, main, wait_until
from origin import Origin
from wire import ask

TRANSPORTS = ("grpc", "ws", "poll")


class Rests(Case):
    """The same name is a target that works for one agent and, at first, one
    that refuses for the other."""

    def deploy(self, transport):
        # Its port is needed at another address, too, later.
        origin = Origin(free_port())
        stack = self.build(transport, agent=False, origin=origin, config={
            "mappings": [
                {"from": "http://other.com", "to": "http://localhost:1"}]})
        stack.node.stop()
        target = stack.origin.url.replace("127.0.0.1", "target.test")
        stack.config["mappings"] = [
            {"from": "http://example.com", "to": target, "via": {
                "tunnels": "tunnel1", "balance": "round_robin"}}]
        stack.start_node()
        for name, address in (("good", "127.0.0.1"), ("bad", "127.0.0.2")):
            names = DnsServer(address)
            self.addCleanup(names.close)
            stack.start_agent(endpoint=name, flags=("-dns", names.address))
        wait_until(lambda: all(
            one["live_connections"] for one in self.endpoints(stack))
            and len(self.endpoints(stack)) == 2, "both agents")
        return stack

    def endpoints(self, stack):
        return stack.node.stats()["tunnels"]["tunnel1"]["endpoints"]

    def count(self, stack, kind):
        return stack.node.stats()["events"]["counts"].get(kind, 0)

    def test_an_endpoint_whose_target_refuses_is_passed_over(self):
        for transport in TRANSPORTS:
            with self.subTest(transport):
                self.pass_over(self.deploy(transport))

    def pass_over(self, stack):
        refused = 0
        while not self.count(stack, "target-rests"):
            answer = ask(stack.port)
            self.assertIn(answer.status, (200, 502))
            refused += answer.status == 502
            self.assertLess(refused, 10)
        self.assertGreaterEqual(refused, 3)
        self.assertRegex(stack.node.log, r"Endpoint tunnel1\.bad: the target "
                         r"http://target\.test:\d+ of mapping 0 refused 3 times")
        # Few of many still meet it: one for each rest, which grows.
        before = self.count(stack, "target-rests")
        answers = [ask(stack.port).status for _ in range(60)]
        wait_until(lambda: self.count(stack, "target-rests") - before
                   == answers.count(502), "an event for each refusal")
        self.assertLess(answers.count(502), 15)
        # The last one left is asked, whatever it answered before.
        stack.agents[0].stop()
        wait_until(lambda: [one["name"] for one in self.endpoints(stack)
                            if one["live_connections"]] == ["bad"], "one left")
        self.assertEqual(ask(stack.port).outcome, "origin-refused")
        # Once its target answers, it is as good as any.
        target = Origin(stack.origin.port, host="127.0.0.2")
        self.addCleanup(target.close)
        self.assertEqual(ask(stack.port).status, 200)
        wait_until(lambda: self.count(stack, "target-recovered"), "its event")
        self.assertIn("answers again", stack.node.log)


if __name__ == "__main__":
    main()
