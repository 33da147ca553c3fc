"""A TCP relay that is a long way: each byte arrives `delay` seconds later, and
no more than `rate` bytes a second go each way and connection. What the way
holds is kept here; the sockets beside it are on loopback, so windows of TCP are
not what holds a transfer back.

Methods may be called from any thread."""

import collections
import socket
import threading
import time

_CHUNK = 256 * 1024
_STEP = 0.005  # s that a sender may be ahead of its rate


class LongWay:
    """Listens on a free port of loopback (`port`) and connects to `target`,
    a port there. `delay` in seconds and `rate` in bytes a second, one way,
    may change.
    `held_there` and `held_back` are the most bytes that were on their way to
    the target, and back, at once."""

    def __init__(self, target, delay, rate):
        self.target, self.delay, self.rate = target, delay, rate
        self.directions = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.target))
            self.directions.append(tuple(
                _Direction(*pair, self)
                for pair in ((here, there), (there, here))))

    def cut(self):
        """Ends all connections; new ones are served."""
        for pair in self.directions:
            for each in pair:
                each.end()

    @property
    def held_there(self):
        return max((there.held_most for there, _ in self.directions), default=0)

    @property
    def held_back(self):
        return max((back.held_most for _, back in self.directions), default=0)


class _Direction:
    """Copies one way: one thread takes bytes in at the rate, another one lets
    them out when their time has come."""

    def __init__(self, source, sink, way):
        self.source, self.sink, self.way = source, sink, way
        self.on_the_way = collections.deque()
        self.held = self.held_most = 0
        self.changed = threading.Condition()
        for each in (self._take_in, self._let_out):
            threading.Thread(target=each, daemon=True).start()

    def end(self):
        try:
            self.sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass # it is over already

    def _take_in(self):
        free_at = time.monotonic()
        while True:
            try:
                chunk = self.source.recv(_CHUNK)
            except OSError:
                chunk = b""
            now = time.monotonic()
            free_at = max(free_at, now) + len(chunk) / self.way.rate
            with self.changed:
                self.on_the_way.append((free_at + self.way.delay, chunk))
                self.held += len(chunk)
                self.held_most = max(self.held_most, self.held)
                self.changed.notify()
            if not chunk:
                return
            if free_at > now + _STEP:
                time.sleep(free_at - now)

    def _let_out(self):
        while True:
            with self.changed:
                while not self.on_the_way:
                    self.changed.wait()
                due, chunk = self.on_the_way.popleft()
            time.sleep(max(0, due - time.monotonic()))
            with self.changed:
                self.held -= len(chunk)
            try:
                if not chunk:
                    self.sink.shutdown(socket.SHUT_WR)
                    return
                self.sink.sendall(chunk)
            except OSError:
                return
