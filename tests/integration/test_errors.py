"""What a visitor is told when there is no answer to pass on."""

import contextlib
import json

from harness import Case, free_port, main, per_transport, wait_until
from wire import Visitor, ask

TIMEOUTS = {"http": {"first_byte_timeout": 1, "header_timeout": 1,
                     "max_body_bytes": 100000, "max_header_bytes": 16384}}


def outcome_mappings(closed):
    via = {"tunnels": ["tunnel1"]}
    return {**TIMEOUTS, "mappings": [
        {"from": "http://refused.test", "to": f"http://127.0.0.1:{closed}",
         "via": via},
        {"from": "http://unresolved.test", "to": "http://no-such.invalid",
         "via": via},
        {"from": "http://nobody.test", "to": "http://127.0.0.1:1",
         "via": {"tunnels": ["empty"]}},
        {"from": "http://direct.test", "to": f"http://127.0.0.1:{closed}"},
    ], "tunnels": {"empty": {"servers": ["main"], "password": "x"}}}


@per_transport("grpc", "ws")
class Outcomes:
    config = outcome_mappings(free_port())

    @classmethod
    def setUpClass(cls):
        # The mappings to the origin are known only now.
        from harness import Stack
        from origin import Origin
        origin = Origin()
        config = dict(cls.config)
        config["mappings"] = [*config["mappings"], {
            "from": "http://example.com", "to": origin.url,
            "via": {"tunnels": ["tunnel1"]}}]
        cls.stack = Stack(cls.transport, config, origin=origin)

    def told(self, answer, status, *outcomes):
        self.assertEqual((answer.status, answer.outcome in outcomes),
                         (status, True), answer)
        self.assertTrue(answer.header("X-Request-Id"))
        self.assertTrue(0 < len(answer.body) < 1000)

    def test_an_unknown_name_is_404(self):
        self.told(ask(self.port, host="unknown.test"), 404, "no-mapping")

    def test_a_tunnel_without_an_agent_is_503_with_retry_after(self):
        answer = ask(self.port, host="nobody.test")
        self.told(answer, 503, "no-endpoint")
        self.assertGreaterEqual(int(answer.header("Retry-After")), 1)

    def test_an_origin_that_refuses_is_502(self):
        self.told(ask(self.port, host="refused.test"), 502, "origin-refused")
        self.told(ask(self.port, host="direct.test"), 502, "origin-refused")

    def test_an_origin_that_has_no_address_is_502(self):
        answer = ask(self.port, host="unresolved.test")
        self.told(answer, 502, "origin-unresolved")

    def test_an_origin_that_closes_without_an_answer_is_502(self):
        self.told(ask(self.port, "/close", "POST", body=b"x"), 502,
                  "origin-closed")

    def test_an_origin_that_does_not_speak_http_is_502(self):
        self.told(ask(self.port, "/garbage"), 502, "origin-protocol")

    def test_an_origin_that_does_not_answer_in_time_is_504(self):
        self.told(ask(self.port, "/gate"), 504, "first-byte-timeout",
                  "origin-timeout")

    def test_an_answer_cut_by_the_origin_is_cut_for_the_visitor(self):
        with Visitor(self.port) as visitor:
            # An error, where nothing had gone out by then.
            with contextlib.suppress(ConnectionError):
                self.assertEqual(visitor.get("/cut/100000").status, 502)
        self.assertEqual(ask(self.port).status, 200)

    def test_errors_are_json_for_those_who_accept_it(self):
        answer = ask(self.port, host="unknown.test",
                     headers=[("Accept", "application/json")])
        self.assertIn("application/json", answer.header("Content-Type"))
        self.assertIn("no-mapping", json.dumps(json.loads(answer.body)))
        answer = ask(self.port, host="unknown.test")
        self.assertIn("text/plain", answer.header("Content-Type"))

    def test_a_connection_survives_an_error(self):
        with Visitor(self.port) as visitor:
            for host in ("unknown.test", "nobody.test", "refused.test"):
                self.assertGreaterEqual(visitor.get("/", host=host).status,
                                        404)
            self.assertEqual(visitor.get("/").status, 200)

    def test_too_large_a_body_is_413(self):
        self.told(ask(self.port, "/echo", "POST", body=b"x" * 200000), 413,
                  "body-too-large")

    def test_too_large_a_head_is_431(self):
        answer = ask(self.port, headers=[("X-Large", "x" * 20000)])
        self.told(answer, 431, "header-too-large")


class Discretion(Case):
    """Addresses behind the node are for its operators: whoever asks on the
    node's own machine, and not for somebody else."""

    FORWARDED = [("X-Forwarded-For", "192.0.2.1")]

    def closed(self, **http):
        port = free_port()
        stack = self.build("ws", config={"http": http, "mappings": [
            {"from": "http://closed.test", "to": f"http://127.0.0.1:{port}",
             "via": {"tunnels": ["tunnel1"]}},
            {"from": "http://direct.test", "to": f"http://127.0.0.1:{port}"}]})
        return stack, f"127.0.0.1:{port}"

    def body(self, stack, host, headers=()):
        answer = ask(stack.port, host=host, headers=list(headers))
        self.assertGreaterEqual(answer.status, 404)
        return answer.body.decode()

    def test_visitors_from_elsewhere_hear_no_inner_addresses(self):
        stack, address = self.closed()
        for host in ("closed.test", "direct.test"):
            for more in ([], [("Accept", "application/json")]):
                text = self.body(stack, host, self.FORWARDED + more)
                self.assertNotIn(address, text)
                self.assertNotIn("Connection refused", text)
                self.assertIn("origin-refused", text)
            self.assertNotIn(address, self.body(stack, host, [
                ("Via", "1.1 somebody")]))
            self.assertIn(address, self.body(stack, host))

    def test_an_operator_may_let_all_hear_them(self):
        stack, address = self.closed(error_detail=True)
        for host in ("closed.test", "direct.test"):
            self.assertIn(address, self.body(stack, host, self.FORWARDED))

    def test_what_there_is_is_listed_for_visitors_on_the_machine(self):
        stack, _ = self.closed()
        text = self.body(stack, "unknown.test")
        for mapping in ("http://closed.test", "http://direct.test"):
            self.assertIn(mapping, text)
        self.assertNotIn("closed.test",
                         self.body(stack, "unknown.test", self.FORWARDED))


class BadRequests(Case):
    transport = "ws"
    config = TIMEOUTS

    def status(self, raw):
        with Visitor(self.port) as visitor:
            visitor.send(raw)
            return visitor.read().status

    def test_requests_that_could_be_misread_are_refused(self):
        host = b"Host: example.com\r\n"
        for raw in (
                b"GET / HTTP/1.1\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + host + host + b"\r\n",
                b"POST / HTTP/1.1\r\n" + host +
                b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
                b"POST / HTTP/1.1\r\n" + host +
                b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"0\r\n\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n",
                b"POST / HTTP/1.1\r\n" + host +
                b"Transfer-Encoding: chunked\r\n\r\nnot a size\r\n",
                b"GET / HTTP/1.1\r\n" + host + b"Bad Name: x\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + host + b"Folded: x\r\n y\r\n\r\n",
                b"NOT-HTTP\r\n\r\n"):
            self.assertEqual(self.status(raw), 400, raw)

    def test_an_unknown_transfer_coding_is_refused(self):
        self.assertIn(self.status(
            b"POST / HTTP/1.1\r\nHost: example.com\r\n"
            b"Transfer-Encoding: gzip\r\n\r\nGET /smuggled"), (400, 501))

    def test_nothing_of_a_refused_request_reaches_the_origin(self):
        before = len(self.origin.requests)
        self.test_requests_that_could_be_misread_are_refused()
        # The chunked one may have started before its body turned out bad.
        self.assertLessEqual(len(self.origin.requests), before + 1)

    def test_a_header_that_never_ends_is_given_up(self):
        with Visitor(self.port) as visitor:
            visitor.send(b"GET / HTTP/1.1\r\nHost: exam")
            while visitor.file.read1(65536):
                pass  # a 408 or nothing, then the end


class Admission(Case):
    def test_a_wrong_password_is_told_and_the_agent_goes_on(self):
        stack = self.build(agent=False)
        agent = stack.start_agent(password="not-the-one")
        wait_until(lambda: "password" in agent.log.lower(), agent.log)
        self.assertTrue(agent.running)
        self.assertEqual(stack.node.connections(), (0, 0))
        self.assertEqual(ask(stack.port).status, 503)
        self.assertNotIn("not-the-one", stack.node.log + agent.log)

    def test_an_unknown_tunnel_is_told(self):
        stack = self.build(agent=False)
        agent = stack.start_agent(tunnel="nowhere")
        wait_until(lambda: "nowhere" in agent.log and "tunnel" in
                   agent.log.lower().split("dials")[-1], agent.log)
        self.assertTrue(agent.running)

    def test_a_wrong_agent_does_not_disturb_a_right_one(self):
        stack = self.build()
        stack.start_agent(password="not-the-one", endpoint="app1")
        for _ in range(20):
            self.assertEqual(ask(stack.port).status, 200)


if __name__ == "__main__":
    main()
