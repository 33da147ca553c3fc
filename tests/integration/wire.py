"""HTTP/1.1 as bytes: for tests that care about every one of them."""

import base64
import dataclasses
import hashlib
import socket
import struct
import threading

from harness import TIME_SCALE

HOST = "example.com"

# Fields that ask for a WebSocket.
SWITCH = [("Connection", "Upgrade"), ("Upgrade", "websocket"),
          ("Sec-WebSocket-Version", "13"),
          ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]


def basic(user, password):
    """The field of HTTP Basic."""
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    return ("Authorization", f"Basic {text}")


@dataclasses.dataclass
class Response:
    status: int
    reason: str
    headers: list
    body: bytes = b""
    sha256: str = ""
    length: int = 0
    trailers: list = dataclasses.field(default_factory=list)
    interim: list = dataclasses.field(default_factory=list)

    def header(self, name, default=None):
        """The first value of a header."""
        return find(self.headers, name, default)

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def outcome(self):
        return self.header("Aps-Outcome")


def find(headers, name, default=None):
    for key, value in headers:
        if key.lower() == name.lower():
            return value
    return default


def read_headers(file):
    headers = []
    while True:
        line = file.readline(1 << 20)
        if not line.endswith(b"\n"):
            raise ConnectionError("connection closed inside a header")
        line = line.rstrip(b"\r\n").decode("latin-1")
        if not line:
            return headers
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))


def read_chunk(file):
    """One chunk of a chunked body; empty at the end."""
    line = file.readline(1024)
    if not line.endswith(b"\r\n"):
        raise ConnectionError("connection closed inside a chunked body")
    size = int(line.split(b";")[0], 16)
    if size == 0:
        return b""
    chunk = file.read(size)
    if len(chunk) != size or file.read(2) != b"\r\n":
        raise ConnectionError("connection closed inside a chunk")
    return chunk


class Visitor:
    """One TCP connection to a server, usually the node's front."""

    def __init__(self, port, receive_buffer=None, timeout=30, source=None):
        self.socket = socket.socket()
        if source:
            self.socket.bind((source, 0))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.settimeout(timeout * TIME_SCALE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", 256 * 1024)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def reset(self):
        """Closes so that the other side cannot take it for a half close."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.close()

    def end(self):
        """Sends no more, but still reads."""
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.socket.sendall(data)

    def send_head(self, method, path, headers=(), host=HOST):
        lines = [f"{method} {path} HTTP/1.1"]
        if host:
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in headers]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send_chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def request(self, method, path, headers=(), body=None, host=HOST):
        """Sends a request (body: bytes, or blocks with their total length)
        and reads the response."""
        headers = list(headers)
        pieces, length = (body if isinstance(body, tuple)
                          else ([body] if body else [], len(body or b"")))
        if body is not None:
            headers.append(("Content-Length", str(length)))
        self.send_head(method, path, headers, host)
        for piece in pieces:
            self.send(piece)
        return self.read(method)

    def get(self, path, headers=(), host=HOST):
        return self.request("GET", path, headers, host=host)

    def read_head(self):
        line = self.file.readline(65536).decode("latin-1")
        if not line:
            raise ConnectionError("connection closed before a response")
        _, status, reason = (line.rstrip("\r\n") + " ").split(" ", 2)
        return Response(int(status), reason.strip(), read_headers(self.file))

    def read_final_head(self):
        interim = []
        while (head := self.read_head()).status < 200 and head.status != 101:
            interim.append(head)
        head.interim = interim
        return head

    def read(self, method="GET", keep=1 << 20, passed=lambda count: None):
        """Reads a response; bodies over `keep` bytes only as sha256. Calls
        `passed` with the size of each piece of the body."""
        head = self.read_final_head()
        digest, kept = hashlib.sha256(), []
        for piece in self.body(head, method):
            digest.update(piece)
            head.length += len(piece)
            passed(len(piece))
            if head.length <= keep:
                kept.append(piece)
        head.body = b"".join(kept) if head.length <= keep else b""
        head.sha256 = digest.hexdigest()
        return head

    def body(self, head, method="GET"):
        """Pieces of the body that belongs to a final head."""
        if method == "HEAD" or head.status in (204, 304):
            return
        if "chunked" in head.header("Transfer-Encoding", "").lower():
            while chunk := read_chunk(self.file):
                yield chunk
            head.trailers = read_headers(self.file)
            return
        length = head.header("Content-Length")
        if length is None:  # until the connection ends
            while piece := self.file.read1(65536):
                yield piece
            return
        left = int(length)
        while left:
            piece = self.file.read1(min(left, 256 * 1024))
            if not piece:
                raise ConnectionError(f"{left} bytes of the body are missing")
            left -= len(piece)
            yield piece

    def at_end(self):
        """Waits for the server to close; true if nothing more came."""
        try:
            return self.file.read1(1) == b""
        except ConnectionResetError:
            return True


def ask(port, path="/", method="GET", headers=(), body=None, host=HOST):
    """One request over a connection of its own."""
    with Visitor(port) as visitor:
        return visitor.request(method, path, headers, body, host)


class Request:
    """A request whose answer is read on another thread."""

    def __init__(self, port, path, **options):
        self.answer = self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True,
                                       args=(port, path, options))
        self.thread.start()

    def _run(self, port, path, options):
        try:
            self.answer = ask(port, path, **options)
        except OSError as error:
            self.error = error

    def result(self):
        self.thread.join()
        if self.error:
            raise self.error
        return self.answer
