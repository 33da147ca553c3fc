"""Many bytes each way: as raw TCP, and as bodies of HTTP."""

import socket
import threading
import time

from .ways import HOST

BLOCK = bytes(1 << 18)
PATIENCE = 120  # s


class _Target:
    """Takes connections on `port`, each on a thread of its own."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._guarded, args=(connection,),
                             daemon=True).start()

    def _guarded(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the hop is gone


def _send(connection, count):
    while count > 0:
        count -= connection.send(BLOCK[:count])


def _take(connection, count):
    """Raises unless so many bytes come."""
    buffer = bytearray(len(BLOCK))
    while count > 0:
        got = connection.recv_into(buffer, min(count, len(buffer)))
        if not got:
            raise EOFError(f"{count} bytes are missing")
        count -= got


class RawTarget(_Target):
    """Says when it took so many bytes, or sends as many as it is asked for."""

    def serve(self, connection):
        asked = connection.recv(64).split()
        if not asked:
            return  # who looks whether we listen
        word, count = asked
        if word == b"down":
            _send(connection, int(count))
            return
        connection.sendall(b".")
        _take(connection, int(count))
        connection.sendall(b".")


def raw(port, direction, size):
    """MB/s of one stream."""
    with socket.create_connection(("127.0.0.1", port),
                                  timeout=PATIENCE) as stream:
        stream.sendall(f"{direction} {size}".encode())
        begun = time.monotonic()
        if direction == "down":
            _take(stream, size)
        else:
            stream.recv(1)
            begun = time.monotonic()
            _send(stream, size)
            if stream.recv(1) != b".":
                raise EOFError("the target did not take all")
        return size / (time.monotonic() - begun) / 1e6


def _read_head(stream):
    """The lines of a head, and what of the body came with it; empty = its end
    came first."""
    text = b""
    while b"\r\n\r\n" not in text:
        got = stream.recv(65536)
        if not got:
            return [], b""
        text += got
    head, _, rest = text.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), rest


def _length(lines):
    """Of the body that a head announces."""
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


class HttpTarget(_Target):
    """Answers GET /N with N bytes, and takes whatever body a request has."""

    def serve(self, connection):
        while True:
            lines, rest = _read_head(connection)
            if not lines:
                return
            _take(connection, _length(lines) - len(rest))
            size = int(lines[0].split()[1][1:] or 0)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                               % size)
            _send(connection, size)


def _transfer(port, direction, size):
    down = direction == "down"
    with socket.create_connection(("127.0.0.1", port),
                                  timeout=PATIENCE) as stream:
        stream.sendall(
            f"{'GET' if down else 'PUT'} /{size if down else 0} HTTP/1.1\r\n"
            f"Host: {HOST}\r\nContent-Length: {0 if down else size}\r\n\r\n"
            .encode())
        if not down:
            _send(stream, size)
        lines, rest = _read_head(stream)
        if not lines or lines[0].split()[1] != "200":
            raise EOFError(f"no answer but {lines[:1]}")
        if _length(lines) != (size if down else 0):
            raise EOFError("an answer of another size")
        _take(stream, _length(lines) - len(rest))


def http(port, direction, size, count=1):
    """MB/s of so many transfers at once, each of `size` bytes."""
    faults = []

    def work():
        try:
            _transfer(port, direction, size)
        except (OSError, EOFError) as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(count)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"a transfer failed: {faults[0]}")
    return size * count / (time.monotonic() - begun) / 1e6
