"""What a visitor may rely on: HTTP/1.1 through each transport."""

import json
import threading

import pattern
from harness import Case, main, per_transport, wait_until
from origin import Origin
from wire import Visitor, ask


@per_transport("grpc", "ws")
class Messages:
    def test_a_get_reaches_the_origin_and_comes_back(self):
        answer = ask(self.port)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, b"hello from the origin\n")
        self.assertEqual(answer.header("Content-Type"), "text/plain")

    def test_a_connection_is_kept_for_many_requests(self):
        with Visitor(self.port) as visitor:
            for number in range(50):
                self.assertEqual(visitor.get(f"/bytes/{number}").body,
                                 pattern.data(number))

    def test_absolute_form_wins_over_the_host_header(self):
        with Visitor(self.port) as visitor:
            answer = visitor.get("http://EXAMPLE.com:80/echo?a=b", host="no")
            seen = json.loads(answer.body)
            self.assertEqual(seen["target"], "/echo?a=b")
            self.assertEqual(visitor.get("http://example.com").status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        with Visitor(self.port) as visitor:
            for number in range(20):
                visitor.send_head("GET", f"/bytes/{1000 * (20 - number)}")
            for number in range(20):
                self.assertEqual(visitor.read().body,
                                 pattern.data(1000 * (20 - number)))

    def test_pipelined_bodies_do_not_run_into_each_other(self):
        with Visitor(self.port) as visitor:
            data = b""
            for body in (b"one", b"two-two", b""):
                data += (b"POST /echo HTTP/1.1\r\nHost: example.com\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            visitor.send(data)
            lengths = [json.loads(visitor.read().body)["length"]
                       for _ in range(3)]
            self.assertEqual(lengths, [3, 7, 0])

    def test_head_has_the_headers_and_no_body(self):
        with Visitor(self.port) as visitor:
            answer = visitor.request("HEAD", "/bytes/12345")
            self.assertEqual((answer.status, answer.length), (200, 0))
            self.assertEqual(answer.header("Content-Length"), "12345")
            self.assertEqual(visitor.get("/").status, 200)

    def test_statuses_without_a_body_end_at_their_head(self):
        with Visitor(self.port) as visitor:
            for status in (204, 304):
                answer = visitor.get(f"/status/{status}")
                self.assertEqual((answer.status, answer.body), (status, b""))
                self.assertEqual(answer.header("ETag"), '"x"')
                self.assertIsNone(answer.header("Transfer-Encoding"))
            self.assertEqual(visitor.get("/").status, 200)

    def test_errors_of_the_origin_pass_through_unchanged(self):
        for status in (400, 404, 418, 500, 503):
            answer = ask(self.port, f"/status/{status}")
            self.assertEqual((answer.status, answer.body),
                             (status, b"status\n"))
            self.assertIsNone(answer.outcome)

    def test_redirects_are_passed_on(self):
        answer = ask(self.port, "/redirect")
        self.assertEqual(answer.status, 302)
        self.assertEqual(answer.header("Location"),
                         "http://elsewhere.test/x?y=z")

    def test_chunked_bodies_work_both_ways(self):
        with Visitor(self.port) as visitor:
            answer = visitor.get("/chunked/300000")
            self.assertEqual(answer.sha256, pattern.sha256(300000))
            visitor.send_head("POST", "/echo",
                              [("Transfer-Encoding", "chunked")])
            for block in pattern.blocks(300000):
                visitor.send_chunk(block)
            visitor.send_chunk(b"")
            seen = json.loads(visitor.read().body)
            self.assertEqual(seen["sha256"], pattern.sha256(300000))
            self.assertEqual(visitor.get("/").status, 200)

    def test_a_body_flows_both_ways_at_once(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("POST", "/copy",
                              [("Transfer-Encoding", "chunked")])
            visitor.send_chunk(b"first")
            head = visitor.read_final_head()
            pieces = visitor.body(head, "POST")
            self.assertEqual(next(pieces), b"first")
            visitor.send_chunk(b"second")
            self.assertEqual(next(pieces), b"second")
            visitor.send_chunk(b"")
            self.assertEqual(list(pieces), [])

    def test_a_body_that_ends_with_the_connection_is_complete(self):
        with Visitor(self.port) as visitor:
            answer = visitor.get("/until-close/200000")
            self.assertEqual(answer.sha256, pattern.sha256(200000))
            self.assertEqual(visitor.get("/").status, 200)

    def test_trailers_pass_both_ways(self):
        with Visitor(self.port) as visitor:
            answer = visitor.get("/trailers", [("TE", "trailers")])
            self.assertEqual(answer.body, b"body with a sum")
            self.assertEqual(answer.trailers, [("X-Sum", "42")])
            visitor.send_head("POST", "/echo", [
                ("Transfer-Encoding", "chunked"), ("Trailer", "X-Check")])
            visitor.send_chunk(b"data")
            visitor.send(b"0\r\nX-Check: 7\r\n\r\n")
            seen = json.loads(visitor.read().body)
            self.assertIn(["X-Check", "7"], seen["trailers"])

    def test_interim_answers_are_passed_on(self):
        answer = ask(self.port, "/hints")
        self.assertEqual([one.status for one in answer.interim], [103])
        self.assertIn("style.css", answer.interim[0].header("Link"))
        self.assertEqual(answer.body, b"after the hints\n")

    def test_expect_continue_gets_its_interim_answer(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("POST", "/echo", [
                ("Expect", "100-continue"), ("Content-Length", "4")])
            self.assertEqual(visitor.read_head().status, 100)
            visitor.send(b"data")
            answer = visitor.read()
            self.assertEqual(answer.status, 200)
            self.assertEqual(json.loads(answer.body)["length"], 4)

    def test_an_early_answer_arrives_while_the_body_is_sent(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("POST", "/reject",
                              [("Content-Length", str(1 << 30))])
            visitor.send(b"x" * 1000)
            answer = visitor.read()
            self.assertEqual((answer.status, answer.body),
                             (413, b"not this body\n"))

    def test_old_visitors_get_bodies_they_understand(self):
        for connection, path in (("", "/chunked/5000"), ("", "/bytes/5000")):
            with Visitor(self.port) as visitor:
                visitor.send(f"GET {path} HTTP/1.0\r\n"
                             f"Host: example.com\r\n{connection}\r\n".encode())
                answer = visitor.read()
                self.assertIsNone(answer.header("Transfer-Encoding"))
                self.assertEqual(answer.body, pattern.data(5000))
                self.assertTrue(visitor.at_end())

    def test_connection_close_is_honoured(self):
        with Visitor(self.port) as visitor:
            answer = visitor.get("/", [("Connection", "close")])
            self.assertEqual(answer.header("Connection", "").lower(), "close")
            self.assertTrue(visitor.at_end())

    def test_the_origin_is_called_over_kept_connections(self):
        with Visitor(self.port) as visitor:
            for _ in range(20):
                visitor.get("/bytes/1")
        used = {r.connection for r in self.origin.seen("/bytes/1")}
        self.assertLess(len(used), 10)

    def test_many_visitors_at_once_get_their_own_answers(self):
        wrong = []

        def visit(number):
            with Visitor(self.port) as visitor:
                for step in range(20):
                    size = number * 100 + step
                    name = f"{number}-{step}"
                    answer = visitor.get(f"/bytes/{size}",
                                         [("X-Test-Id", name)])
                    if (answer.body != pattern.data(size)
                            or answer.header("X-Test-Id") != name):
                        wrong.append(name)

        threads = [threading.Thread(target=visit, args=(n,))
                   for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


@per_transport("grpc", "ws")
class Headers:
    def seen(self, headers=()):
        answer = ask(self.port, "/echo", headers=headers)
        return {name.lower(): value for name, value
                in json.loads(answer.body)["headers"]}

    def test_the_origin_learns_who_asked_for_what(self):
        seen = self.seen()
        self.assertEqual(seen["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(seen["x-forwarded-host"], "example.com")
        self.assertEqual(seen["x-forwarded-proto"], "http")
        self.assertIn("1.1", seen["via"])
        self.assertEqual(seen["host"], f"127.0.0.1:{self.origin.port}")

    def test_the_visitor_is_added_to_a_list_of_proxies(self):
        seen = self.seen([("X-Forwarded-For", "192.0.2.7")])
        self.assertTrue(seen["x-forwarded-for"].endswith("127.0.0.1"))

    def test_hop_by_hop_headers_of_the_request_stay_behind(self):
        seen = self.seen([
            ("Connection", "X-Mine, keep-alive"), ("X-Mine", "1"),
            ("Keep-Alive", "timeout=9"), ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic x"), ("X-Plain", "2")])
        for name in ("x-mine", "keep-alive", "proxy-connection",
                     "proxy-authorization"):
            self.assertNotIn(name, seen)
        self.assertEqual(seen["x-plain"], "2")

    def test_hop_by_hop_headers_of_the_answer_stay_behind(self):
        answer = ask(self.port, "/hop")
        for name in ("X-Secret", "Keep-Alive"):
            self.assertIsNone(answer.header(name), name)
        self.assertEqual(answer.header("X-Plain"), "2")
        self.assertEqual(answer.all("Set-Cookie"), ["a=1", "b=2"])

    def test_a_request_id_is_kept_or_made(self):
        answer = ask(self.port, "/echo", headers=[("X-Request-Id", "my-id")])
        self.assertIn(["x-request-id", "my-id"], [
            [name.lower(), value] for name, value
            in json.loads(answer.body)["headers"]])
        self.assertEqual(answer.header("X-Request-Id"), "my-id")
        made = {ask(self.port).header("X-Request-Id") for _ in range(10)}
        self.assertEqual(len(made), 10)
        self.assertTrue(all(made))

    def test_path_and_query_arrive_as_they_were_sent(self):
        for target in ("/echo/%7Ea//b/./c?x=%20&y", "/echo?", "/echo/a;b=c",
                       "/echo/%F0%9F%8D%8E?q=a+b"):
            answer = ask(self.port, target)
            self.assertEqual(json.loads(answer.body)["target"], target)

    def test_a_path_that_climbs_finds_no_mapping(self):
        for target in ("/..", "/echo/../x", "/echo/%2e%2E/x", "/./..",
                       "http://example.com/echo/.."):
            before = len(self.origin.requests)
            answer = ask(self.port, target)
            self.assertEqual((answer.status, answer.outcome),
                             (404, "no-mapping"), target)
            self.assertEqual(len(self.origin.requests), before)

    def test_a_visitor_who_leaves_cancels_the_work_at_the_origin(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/gate?leave")
            wait_until(lambda: self.origin.seen("/gate"), "the request")
            visitor.reset()
        self.assertTrue(self.origin.seen("/gate")[-1].gone.wait(60))


class Mappings(Case):
    def test_the_longest_path_wins_and_the_rest_is_appended(self):
        base = {"via": {"tunnels": ["tunnel1"]}}
        origin = Origin()
        stack = self.build(origin=origin, config={"mappings": [
            {"from": "http://example.com", "to": origin.url, **base},
            {"from": "http://example.com/api/*", "to": origin.url + "/echo/v1",
             **base},
            {"from": "http://direct.test", "to": origin.url},
        ]})
        port = stack.port
        self.assertEqual(ask(port).body, b"hello from the origin\n")
        seen = json.loads(ask(port, "/api/users?id=3").body)
        self.assertEqual(seen["target"], "/echo/v1/users?id=3")
        stack.agent.kill()
        self.assertEqual(ask(port, host="DIRECT.test").status, 200)


if __name__ == "__main__":
    main()
