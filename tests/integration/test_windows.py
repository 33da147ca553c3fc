"""Windows of exchanges over long ways: they grow where they hold a transfer
back, either way, and stay where somebody else does."""

import hashlib
import random
import threading
import time

from harness import Case, free_port, main, merged, per_transport, wait_until
from lab.long_way import LongWay
from stream_peers import Target, connect, read_all, read_exactly
from test_raw_streams import stream_config

WINDOW = 512 * 1024  # what an exchange begins with
SIZE = 48 * 1024 * 1024
FAST = 1e9  # bytes a second: no bound


def send_all(connection, target):
    """Sends what the test wants to read."""
    connection.sendall(target.body)


def take_all(connection, target):
    """Takes everything, and says what it was."""
    target.seen.append(hashlib.sha256(read_all(connection)).digest())
    connection.sendall(b".")


@per_transport("grpc", "ws")
class LongWays:
    """Agent and node are 100 ms from each other, there and back."""

    @classmethod
    def setUpClass(cls):
        pass

    def far_away(self, serve, delay=0.05, rate=FAST, **tunnel):
        target = Target(serve)
        target.body = random.Random(16).randbytes(SIZE)
        self.addCleanup(target.close)
        raw = free_port()
        stack = self.build(self.transport, agent=False, config=merged(
            stream_config(raw, target), {"tunnels": {"tunnel1": tunnel}}))
        stack.proxy = LongWay(stack.node.port, delay, rate)
        stack.start_agent()
        stack.wait_for_agent()
        stack.raw = raw
        stack.target = target
        return stack

    def download(self, stack):
        with connect(stack.raw) as visitor:
            got = read_exactly(visitor, SIZE)
        self.assertEqual(hashlib.sha256(got).digest(),
                         hashlib.sha256(stack.target.body).digest())

    def upload(self, stack):
        with connect(stack.raw) as visitor:
            visitor.sendall(stack.target.body)
            visitor.shutdown(1)
            self.assertEqual(visitor.recv(1), b".")
        self.assertEqual(stack.target.seen.pop(),
                         hashlib.sha256(stack.target.body).digest())

    def test_an_answer_gets_the_window_that_the_way_asks_for(self):
        stack = self.far_away(send_all)
        wait_until(lambda: self.download(stack)
                   or stack.proxy.held_there > 4 * WINDOW, "a larger window")

    def test_a_request_gets_the_window_that_the_way_asks_for(self):
        stack = self.far_away(take_all)
        wait_until(lambda: self.upload(stack)
                   or stack.proxy.held_back > 4 * WINDOW, "a larger window")

    def test_no_window_is_larger_than_is_allowed(self):
        stack = self.far_away(send_all, exchange_window_max=2 * WINDOW)
        wait_until(lambda: self.download(stack)
                   or stack.proxy.held_there > 3 * WINDOW // 2,
                   "a larger window")
        self.assertLess(stack.proxy.held_there, 2 * WINDOW + 64 * 1024)

    def test_a_visitor_who_reads_slowly_does_not_get_more(self):
        stack = self.far_away(send_all)
        with connect(stack.raw) as visitor:
            got = 0
            while got < 6 * WINDOW:
                got += len(read_exactly(visitor, 64 * 1024))
                time.sleep(0.02)
        self.assertLess(stack.proxy.held_there, 2 * WINDOW + 64 * 1024)

    def test_an_upload_goes_on_where_only_its_receiver_grows(self):
        stack = self.far_away(take_all, exchange_window_max=WINDOW)
        way = stack.proxy
        way.delay = 0.2
        with connect(stack.raw) as visitor:
            for piece in range(0, SIZE, WINDOW):
                visitor.sendall(stack.target.body[piece:piece + WINDOW])
                way.delay = max(0.0, way.delay - 0.004) # faster and faster
            visitor.shutdown(1)
            self.assertEqual(visitor.recv(1), b".")
        self.assertLess(way.held_back, WINDOW + 64 * 1024)

    def test_a_transfer_moves_with_a_window_that_grew(self):
        stack = self.far_away(send_all)
        way = stack.proxy
        got = []
        with connect(stack.raw) as visitor:
            reader = threading.Thread(
                target=lambda: got.append(read_exactly(visitor, SIZE)))
            reader.start()
            wait_until(lambda: way.held_there > 3 * WINDOW, "a larger window")
            way.cut()
            reader.join()
        self.assertEqual(hashlib.sha256(got[0]).digest(),
                         hashlib.sha256(stack.target.body).digest())


if __name__ == "__main__":
    main()
