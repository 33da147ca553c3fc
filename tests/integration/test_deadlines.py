"""What visitors hold, and for how long: nobody keeps a place by doing little."""

import contextlib
import http.client
import select
import threading

from h2_frames import DATA, HEADERS, WINDOW, Peer, frame, status
from harness import Case, TIME_SCALE, main, merged, wait_until
from tunnel_peer import Peer as Agent
from wire import Visitor, ask

# Small enough for a test; on a slow machine honest peers need more.
SECOND = TIME_SCALE
LIMITS = {"http": {
    "body_timeout": SECOND, "min_receive_rate": 1000,
    "write_timeout": SECOND, "min_send_rate": 1000,
    "half_close_timeout": 2 * SECOND, "max_body_bytes": 50_000_000}}

# A pool of eight places, whose requests wait for long.
NARROW = {"pool_size": 1, "max_pool_size": 1, "max_requests_per_connection": 8,
          "acquire_timeout": 60}
FEW_PLACES = {"tunnels": {"tunnel1": {"websocket_pool": NARROW}}}
ENDLESS = 1 << 40


def drip(visitor, data=b"x"):
    """Sends one byte after the other until an answer comes."""
    while not select.select([visitor.socket], [], [], 0.05)[0]:
        visitor.send(data)


class Bodies(Case):
    transport = "ws"
    config = LIMITS

    def test_bodies_that_drip_end(self):
        visitors = [Visitor(self.port) for _ in range(20)]
        for visitor in visitors:
            visitor.send_head("POST", "/echo", [("Content-Length", "100000")])
        drippers = [threading.Thread(target=drip, args=(visitor,))
                    for visitor in visitors]
        for dripper in drippers:
            dripper.start()
        for dripper, visitor in zip(drippers, visitors):
            dripper.join()
            answer = visitor.read()
            self.assertEqual((answer.status, answer.outcome),
                             (408, "body-timeout"))
            visitor.close()
        wait_until(lambda: not self.origin.busy("/echo"), "the origin's end")

    def test_an_upload_that_nobody_takes_is_answered(self):
        stack = self.build("ws", agent=False, config={"http": {
            "first_byte_timeout": SECOND}})
        agent = Agent(stack.port).join()

        def listen():
            with contextlib.suppress(OSError):
                while True:
                    agent.receive() # and acknowledges nothing
        threading.Thread(target=listen, daemon=True).start()
        with Peer(stack.port) as peer:
            peer.ask(1, last=False, method="POST")
            for _ in range(5): # all of its window, and of the exchange's
                peer.send(frame(DATA, 1, b"x" * 13107))
            peer.until(WINDOW, 1)
            peer.send(frame(DATA, 1, b"x" * 13107))
            self.assertEqual(status(peer.until(HEADERS, 1)[1]), 504)
        agent.close()

    def test_a_body_is_not_hurried_while_the_target_does_not_read(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("POST", "/gate", [("Content-Length", "100")])
            visitor.send(b"x" * 100)
            threading.Timer(2.5 * SECOND, self.origin.release.set).start()
            self.assertEqual(visitor.read().status, 200)
        self.origin.release.clear()

    def test_a_client_that_sends_first_sees_an_early_answer(self):
        for path, size in (("/reject", 30_000_000), ("/echo", 60_000_000)):
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.request("POST", path, b"x" * size,
                               {"Host": "example.com"})
            self.assertEqual(connection.getresponse().status, 413, path)
            connection.close()

    def test_the_target_decides_whether_a_body_is_sent(self):
        expect = [("Expect", "100-continue"), ("Content-Length", "4")]
        with Visitor(self.port) as visitor:
            visitor.send_head("POST", "/echo", expect)
            self.assertEqual(visitor.read_head().status, 100)
            visitor.send(b"data")
            self.assertEqual(visitor.read().status, 200)
            visitor.send_head("POST", "/reject", expect)
            head = visitor.read_head()
            self.assertEqual(head.status, 413)
            self.assertEqual(head.header("Connection"), "close")

    def test_an_unknown_expectation_is_417(self):
        answer = ask(self.port, headers=[("Expect", "wonders")])
        self.assertEqual((answer.status, answer.outcome),
                         (417, "expectation-failed"))


class Readers(Case):
    transport = "ws"
    config = merged(LIMITS, FEW_PLACES)

    def fill(self):
        """Takes all places, from many addresses, and reads nothing."""
        visitors = [Visitor(self.port, receive_buffer=4096,
                            source=f"127.0.1.{n}") for n in range(1, 9)]
        for visitor in visitors:
            visitor.send_head("GET", f"/bytes/{ENDLESS}")
            self.assertEqual(visitor.read_head().status, 200)
        return visitors

    def test_readers_that_take_nothing_lose_their_places(self):
        visitors = self.fill()
        self.assertEqual(ask(self.port).status, 200)
        wait_until(lambda: not self.origin.busy(f"/bytes/{ENDLESS}"),
                   "the origin's end")
        for visitor in visitors:
            visitor.close()

    def test_readers_that_take_drops_lose_their_places(self):
        visitors = self.fill()
        done = threading.Event()

        def sip():
            while not done.wait(0.05):
                for visitor in visitors:
                    try:
                        visitor.socket.recv(1)
                    except OSError:
                        pass

        sipper = threading.Thread(target=sip)
        sipper.start()
        try:
            self.assertEqual(ask(self.port).status, 200)
        finally:
            done.set()
            sipper.join()
        for visitor in visitors:
            visitor.close()

    def test_a_slow_stream_is_not_its_readers_fault(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/events")
            pieces = visitor.body(visitor.read_final_head())
            for number in range(2):
                event = b"data: %d\n\n" % number
                threading.Timer(2.5 * SECOND, self.origin.events.put,
                                [event]).start()
                self.assertEqual(next(pieces), event)
            self.origin.events.put(None)
            self.assertEqual(list(pieces), [])


class Ends(Case):
    transport = "ws"
    config = LIMITS

    def test_who_ends_its_direction_gets_its_answer(self):
        for version in ("1.0", "1.1"):
            with Visitor(self.port) as visitor:
                visitor.send(f"GET /pause/300 HTTP/{version}\r\n"
                             "Host: example.com\r\n\r\n".encode())
                visitor.end()
                answer = visitor.read()
                self.assertEqual((answer.status, answer.body),
                                 (200, b"after the pause\n"))
                self.assertEqual(visitor.file.read(), b"")

    def test_pipelined_requests_are_answered_behind_the_end(self):
        with Visitor(self.port) as visitor:
            for number in range(3):
                visitor.send_head("GET", f"/pause/{50 * number}")
            visitor.end()
            for _ in range(3):
                self.assertEqual(visitor.read().status, 200)
            self.assertEqual(visitor.file.read(), b"")

    def test_who_closes_without_a_word_is_waited_for_a_while_only(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/gate?close")
            wait_until(lambda: self.origin.seen("/gate"), "the request")
        self.assertTrue(self.origin.seen("/gate")[-1].gone.wait(60))


class Heads(Case):
    transport = "ws"
    config = merged(LIMITS, {"http": {"max_headers": 10000,
                                      "max_header_bytes": 1 << 20}})

    def lost(self):
        counts = self.stack.node.stats()["events"]["counts"]
        return counts.get("connection-lost", 0)

    def test_endless_blank_lines_are_refused(self):
        with Visitor(self.port) as visitor:
            visitor.send(b"\r\n" * 1000)
            self.assertEqual(visitor.read().status, 400)

    def test_what_no_frame_takes_is_refused_and_costs_no_connection(self):
        many = [(f"X-{n}", "1") for n in range(1100)]
        answer = ask(self.port, headers=many)
        self.assertEqual((answer.status, answer.outcome),
                         (431, "header-too-large"))
        answer = ask(self.port, headers=[("X-Large", "x" * 500_000)])
        self.assertEqual(answer.status, 431)
        with Visitor(self.port) as visitor:
            visitor.send_head("POST", "/echo",
                              [("Transfer-Encoding", "chunked")])
            visitor.send(b"0\r\n" + b"".join(b"X-%d: 1\r\n" % n
                                            for n in range(1100)) + b"\r\n")
            self.assertEqual(visitor.read().status, 431)
        self.assertEqual(self.lost(), 0)
        self.assertEqual(ask(self.port).status, 200)

    def test_a_strangers_large_field_is_its_own_problem(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/.tunnel", [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
                ("X", "a" * 66000)])
            self.assertEqual(visitor.read().status, 431)
        self.assertEqual(ask(self.port).status, 200)

    def test_answers_have_a_date(self):
        for answer in (ask(self.port), ask(self.port, host="unknown.test")):
            self.assertEqual(len(answer.all("Date")), 1)
            self.assertRegex(answer.header("Date"),
                             r"^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$")


if __name__ == "__main__":
    main()
