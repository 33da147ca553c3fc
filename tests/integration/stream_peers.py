"""Ends of raw streams for tests: targets that do what they are told, and
visitors that look at each byte and each end."""

import socket
import struct
import threading

LINGER_NOT = struct.pack("ii", 1, 0)
PATIENCE = 30


def reset(connection):
    """Aborts a connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    connection.close()


def read_all(connection):
    """All until the other end ended its direction."""
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def read_exactly(connection, count):
    got = bytearray() # megabytes may come
    while len(got) < count:
        part = connection.recv(count - len(got))
        if not part:
            raise EOFError(f"{len(got)} of {count} bytes")
        got += part
    return bytes(got)


def connect(port, host="127.0.0.1", timeout=PATIENCE):
    return socket.create_connection((host, port), timeout=timeout)


class Target:
    """A TCP server, or one at a Unix socket; `serve(connection, self)` runs in
    a thread for each connection. `count` = how many came."""

    def __init__(self, serve, path=None):
        self.serve = serve
        self.count = 0
        self.seen = []
        self.live = []
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
        else:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            self.count += 1
            self.live.append(connection)
            threading.Thread(target=self._run, args=(connection,),
                             daemon=True).start()

    def _run(self, connection):
        try:
            self.serve(connection, self)
        except OSError as error:
            self.seen.append(error)
        finally:
            connection.close()

    def close(self):
        self.listener.close()
        for connection in self.live:
            connection.close()


def echo(connection, target):
    """Sends back what comes, and ends when the visitor ended."""
    while part := connection.recv(1 << 16):
        connection.sendall(part)
    target.seen.append("end")
