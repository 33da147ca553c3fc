"""Large bodies, slow readers and events: streamed with credit."""

import json
import threading

import pattern
from harness import FULL, Case, main, per_transport, wait_until
from wire import Visitor, ask

SIZE = (1 << 30) if FULL else (64 << 20)
MEMORY_LIMIT = 64 << 20


@per_transport("grpc", "ws")
class Bodies:
    def check_memory(self):
        for program in (self.stack.node, self.stack.agent):
            self.assert_memory(program.memory(), MEMORY_LIMIT, program.name)

    def test_a_large_download_arrives_in_little_memory(self):
        for path in ("/bytes", "/chunked"):
            answer = ask(self.port, f"{path}/{SIZE}")
            self.assertEqual((answer.length, answer.sha256),
                             (SIZE, pattern.sha256(SIZE)))
        self.check_memory()

    def test_a_large_upload_arrives_in_little_memory(self):
        answer = ask(self.port, "/echo", "POST",
                     body=(pattern.blocks(SIZE), SIZE))
        seen = json.loads(answer.body)
        self.assertEqual((seen["length"], seen["sha256"]),
                         (SIZE, pattern.sha256(SIZE)))
        with Visitor(self.port) as visitor:
            visitor.send_head("PUT", "/echo",
                              [("Transfer-Encoding", "chunked")])
            for block in pattern.blocks(SIZE):
                visitor.send_chunk(block)
            visitor.send_chunk(b"")
            seen = json.loads(visitor.read().body)
            self.assertEqual(seen["sha256"], pattern.sha256(SIZE))
        self.check_memory()

    def test_ten_downloads_of_which_one_reader_stalls(self):
        size = SIZE // 8
        arrived = {}

        def download(number):
            arrived[number] = ask(self.port, f"/bytes/{size}").sha256

        with Visitor(self.port, receive_buffer=4096) as stalled:
            stalled.send_head("GET", f"/bytes/{size}")
            self.assertEqual(stalled.read_head().status, 200)
            readers = [threading.Thread(target=download, args=(n,))
                       for n in range(9)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            self.assertEqual(set(arrived.values()), {pattern.sha256(size)})
            self.assertEqual(len(arrived), 9)
            self.assertEqual(ask(self.port).status, 200)
        self.check_memory()

    def test_a_stalled_upload_stops_only_itself(self):
        with Visitor(self.port) as stalled:
            stalled.send_head("POST", "/echo",
                              [("Content-Length", str(SIZE))])
            stalled.send(b"x" * 1000)
            for _ in range(5):
                answer = ask(self.port, "/echo", "POST",
                             body=(pattern.blocks(1 << 20), 1 << 20))
                self.assertEqual(json.loads(answer.body)["sha256"],
                                 pattern.sha256(1 << 20))

    def test_events_arrive_one_by_one_as_they_are_sent(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", "/events")
            head = visitor.read_final_head()
            self.assertEqual(head.header("Content-Type"), "text/event-stream")
            pieces = visitor.body(head)
            for number in range(20):
                # The next event is sent only after this one was seen.
                event = b"data: event %d\n\n" % number
                self.origin.events.put(event)
                self.assertEqual(next(pieces), event)
            self.origin.events.put(None)
            self.assertEqual(list(pieces), [])

    def test_a_reader_who_leaves_a_download_frees_the_origin(self):
        with Visitor(self.port) as visitor:
            visitor.send_head("GET", f"/bytes/{1 << 40}")
            visitor.read_head()
        wait_until(lambda: not self.origin.busy("/bytes/" + str(1 << 40)),
                   "the origin to be freed")


if __name__ == "__main__":
    main()
