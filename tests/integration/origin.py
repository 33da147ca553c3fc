"""The target behind the agents: an HTTP server that does what a test asks for
and remembers what it was asked. Also runs by itself: origin.py --port N."""

import argparse
import base64
import collections
import dataclasses
import hashlib
import json
import queue
import select
import socket
import ssl
import struct
import threading
import time
import urllib.parse

import pattern


@dataclasses.dataclass
class Request:
    method: str
    target: str
    headers: list
    connection: int
    sha256: str = ""
    length: int = 0
    trailers: list = dataclasses.field(default_factory=list)
    gone: threading.Event = dataclasses.field(default_factory=threading.Event)

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def path(self):
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(
            urllib.parse.urlsplit(self.target).query))


class Closed(Exception):
    """The peer closed, or the handler is done with the connection."""


class Origin:
    def __init__(self, port=0, certificate=None, remember=True,
                 host="127.0.0.1", client_ca=None):
        self.requests = []
        self.executions = collections.Counter()
        self.events = queue.Queue()     # what /events sends; None ends it
        self.release = threading.Event()  # lets /gate answer
        self.lock = threading.Lock()
        self.remember = remember
        self.closing = False
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        if client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self.listener = socket.create_server((host, port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.connections = {}
        self.accepted = 0  # connections, so far
        self.current = {}  # what each connection works on
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http{'s' if self.context else ''}://127.0.0.1:{self.port}"

    def close(self):
        self.closing = True
        self.release.set()
        self.events.put(None)
        self.listener.close()
        self.close_connections()

    def close_connections(self):
        for connection in list(self.connections.values()):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def seen(self, path):
        """All requests for a path so far."""
        with self.lock:
            return [r for r in self.requests if r.path == path]

    def busy(self, path):
        """Whether a request for this path is being answered."""
        return any(r.path == path for r in list(self.current.values()))

    def executed(self, request_id):
        """How often a request with this X-Request-Id arrived."""
        with self.lock:
            return self.executions[request_id]

    def note(self, request):
        with self.lock:
            self.executions[request.header("X-Request-Id", "")] += 1
            if self.remember:
                self.requests.append(request)

    def _accept(self):
        while not self.closing:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve,
                             args=(connection, self.accepted),
                             daemon=True).start()

    def _serve(self, connection, number):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                connection = self.context.wrap_socket(connection,
                                                      server_side=True)
            self.connections[number] = connection
            Conversation(self, connection, number).run()
        except (Closed, OSError, ValueError):
            pass
        finally:
            self.connections.pop(number, None)
            connection.close()


class Conversation:
    """One connection of an agent (or of a node that goes there directly)."""

    def __init__(self, origin, connection, number):
        self.origin, self.socket, self.number = origin, connection, number
        self.file = connection.makefile("rb", 256 * 1024)
        self.request = None

    def run(self):
        while True:
            self.request = self.read_head()
            if self.request.header("Expect", "").lower() == "100-continue" \
                    and self.request.path != "/reject":
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.origin.note(self.request)
            first = self.request.path.partition("/")[2].split("/")[0] or "root"
            handler = getattr(self, "do_" + first.replace("-", "_"), None)
            self.origin.current[self.number] = self.request
            try:
                (handler or self.do_missing)()
            finally:
                del self.origin.current[self.number]

    # -- reading --------------------------------------------------------------

    def line(self):
        line = self.file.readline(1 << 20)
        if not line.endswith(b"\n"):
            raise Closed
        return line.rstrip(b"\r\n").decode("latin-1")

    def fields(self):
        result = []
        while line := self.line():
            name, _, value = line.partition(":")
            result.append((name, value.strip()))
        return result

    def read_head(self):
        method, target, _ = self.line().split(" ")
        return Request(method, target, self.fields(), self.number)

    def body(self):
        """Pieces of the request's body; notes its trailers."""
        request = self.request
        if "chunked" in request.header("Transfer-Encoding", "").lower():
            while size := int(self.line().split(";")[0], 16):
                piece = self.file.read(size)
                if len(piece) < size:
                    raise Closed
                yield piece
                self.line()
            request.trailers = self.fields()
            return
        left = int(request.header("Content-Length", "0"))
        while left:
            piece = self.file.read1(min(left, 256 * 1024))
            if not piece:
                raise Closed
            left -= len(piece)
            yield piece

    def digest(self):
        digest = hashlib.sha256()
        for piece in self.body():
            digest.update(piece)
            self.request.length += len(piece)
        self.request.sha256 = digest.hexdigest()

    # -- writing --------------------------------------------------------------

    def send(self, data):
        self.socket.sendall(data)

    def head(self, status=200, headers=(), reason="Whatever", body=b""):
        request_id = self.request.header("X-Test-Id")
        lines = [f"HTTP/1.1 {status} {reason}",
                 *(f"{name}: {value}" for name, value in headers)]
        if request_id:
            lines.append(f"X-Test-Id: {request_id}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def answer(self, body, status=200, headers=()):
        """A whole answer, in one piece."""
        self.head(status, [("Content-Length", len(body)), *headers],
                  body=b"" if self.request.method == "HEAD" else body)

    def chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def number_in_path(self):
        return int(self.request.path.split("/")[2])

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        raise Closed

    def wait(self, event):
        """Waits for an event; notes when the peer goes away meanwhile."""
        while not event.is_set():
            readable, _, _ = select.select([self.socket], [], [], 0.02)
            if readable and not self.socket.recv(1, socket.MSG_PEEK):
                self.request.gone.set()
                raise Closed

    # -- what can be asked for ------------------------------------------------

    def do_missing(self):
        self.digest()
        self.answer(b"no such thing\n", 404)

    def do_root(self):
        self.digest()
        self.answer(b"hello from the origin\n",
                    headers=[("Content-Type", "text/plain")])

    def do_echo(self):
        """What arrived, as JSON."""
        self.digest()
        request = self.request
        self.answer(json.dumps({
            "method": request.method, "target": request.target,
            "headers": request.headers, "length": request.length,
            "sha256": request.sha256, "trailers": request.trailers}).encode(),
            headers=[("Content-Type", "application/json")])

    def do_copy(self):
        """The request's body, chunked, while it still arrives."""
        self.head(headers=[("Transfer-Encoding", "chunked")])
        for piece in self.body():
            self.chunk(piece)
        self.chunk(b"")

    def do_bytes(self):
        """N bytes of the pattern, with their length."""
        self.digest()
        count = self.number_in_path()
        self.head(headers=[("Content-Length", count),
                           ("X-Body-Sha256", self.request.sha256)])
        if self.request.method != "HEAD":
            for block in pattern.blocks(count):
                self.send(block)

    def do_text(self):
        """N bytes of lines that are alike, with the fields that the query has
        ("Name: value"), its status (`status`), and chunked if it says so."""
        self.digest()
        query = urllib.parse.parse_qs(
            urllib.parse.urlsplit(self.request.target).query)
        count = self.number_in_path()
        body = (b"a line of text that is like all others\n"
                * (count // 38 + 1))[:count]
        fields = [tuple(each.split(": ", 1)) for each in query.get("field", [])]
        status = int(query.get("status", ["200"])[0])
        if "chunked" not in query:
            self.answer(body, status, fields)
            return
        self.head(status, [("Transfer-Encoding", "chunked"),
                           ("Trailer", "X-Sum"), *fields])
        for at in range(0, count, 10_000):
            self.chunk(body[at:at + 10_000])
        self.send(b"0\r\nX-Sum: 42\r\n\r\n")

    def do_chunked(self):
        """N bytes of the pattern, chunked."""
        self.digest()
        self.head(headers=[("Transfer-Encoding", "chunked")])
        for block in pattern.blocks(self.number_in_path()):
            self.chunk(block)
        self.chunk(b"")

    def do_until_close(self):
        """N bytes of the pattern, ended by closing the connection."""
        self.digest()
        self.head(headers=[("Connection", "close")])
        for block in pattern.blocks(self.number_in_path()):
            self.send(block)
        raise Closed

    def do_status(self):
        self.digest()
        status = self.number_in_path()
        if status in (204, 304):
            self.head(status, [("ETag", '"x"')])
        else:
            self.answer(b"status\n", status)

    def do_redirect(self):
        """To where the query says, if it does."""
        self.digest()
        self.answer(b"", 302, [("Location", self.request.target.partition("?")[2]
                                or "http://elsewhere.test/x?y=z")])

    def do_cookies(self):
        """The one that the query has."""
        self.digest()
        self.answer(b"", headers=[("Set-Cookie", urllib.parse.unquote(
            self.request.target.partition("?")[2]))])

    def do_trailers(self):
        self.digest()
        self.head(headers=[("Transfer-Encoding", "chunked"),
                           ("Trailer", "X-Sum")])
        self.chunk(b"body with a sum")
        self.send(b"0\r\nX-Sum: 42\r\n\r\n")

    def do_hints(self):
        self.digest()
        self.send(b"HTTP/1.1 103 Early Hints\r\n"
                  b"Link: </style.css>; rel=preload\r\n\r\n")
        self.answer(b"after the hints\n")

    def do_reject(self):
        """Answers without having read the body."""
        self.answer(b"not this body\n", 413, [("Connection", "close")])
        raise Closed

    def do_switch(self):
        """Another protocol, which sends back what it gets."""
        self.head(101, [("Connection", "Upgrade"),
                        ("Upgrade", self.request.header("Upgrade"))])
        while data := self.file.read1(65536):
            self.send(data)
        raise Closed

    def do_websocket(self):
        """A WebSocket that sends back each short message."""
        key = self.request.header("Sec-WebSocket-Key").encode()
        accept = base64.b64encode(hashlib.sha1(
            key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.head(101, [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                        ("Sec-WebSocket-Accept", accept.decode())])
        while True:
            first, size = self.file.read(2)
            mask = self.file.read(4)
            text = self.file.read(size & 0x7f)
            if first & 0xf == 8:
                raise Closed
            self.send(bytes([first, size & 0x7f]) + bytes(
                byte ^ mask[at % 4] for at, byte in enumerate(text)))

    def do_live_page(self):
        """A page that shows its protocol, /events and /websocket."""
        self.digest()
        self.answer(b"""<!doctype html><title>live</title><body><script>
const show = text => document.body.append(text, document.createElement('br'));
show(performance.getEntriesByType('navigation')[0].nextHopProtocol);
new EventSource('/events').onmessage = event => show('event ' + event.data);
const socket = new WebSocket(location.origin.replace('http', 'ws')
  + '/websocket');
socket.onopen = () => socket.send('hello');
socket.onmessage = message => {
  show('socket ' + message.data);
  if (message.data === 'hello') socket.send('again');
};
socket.onerror = () => show('socket failed');
</script>""", headers=[("Content-Type", "text/html")])

    def do_socket_page(self):
        """A page that opens the WebSocket that its fragment names, over the
        connection that it has there already, if it can."""
        self.digest()
        self.answer(b"""<!doctype html><title>socket</title><body><script>
const show = text => document.body.append(text, document.createElement('br'));
const to = location.hash.slice(1);
fetch(to.replace('ws', 'http').replace('/websocket', '/'),
      {mode: 'no-cors', credentials: 'include'}).then(() => {
  const socket = new WebSocket(to);
  socket.onopen = () => show('the socket is open');
  socket.onerror = () => show('the socket is refused');
}, () => show('no answer'));
</script>""", headers=[("Content-Type", "text/html")])

    def do_hop(self):
        """An answer with hop-by-hop headers of this hop."""
        self.digest()
        self.answer(b"hop\n", headers=[
            ("Connection", "X-Secret, Keep-Alive"), ("X-Secret", "1"),
            ("Keep-Alive", "timeout=5"), ("Proxy-Authenticate", "Basic"),
            ("X-Plain", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])

    def do_gate(self):
        """Answers when the test says so."""
        self.digest()
        self.wait(self.origin.release)
        self.answer(b"through the gate\n")

    def do_pause(self):
        """Answers after N milliseconds."""
        self.digest()
        time.sleep(self.number_in_path() / 1000)
        self.answer(b"after the pause\n")

    def do_events(self):
        """Server-sent events, each when the test puts it in the queue."""
        self.digest()
        self.head(headers=[("Content-Type", "text/event-stream"),
                           ("Transfer-Encoding", "chunked")])
        while (event := self.origin.events.get()) is not None:
            self.chunk(event)
        self.chunk(b"")

    def do_cut(self):
        """Promises N bytes, sends half of them and resets."""
        self.digest()
        count = self.number_in_path()
        self.head(headers=[("Content-Length", count)])
        self.send(pattern.data(count // 2))
        self.reset()

    def do_cut_early(self):
        """Begins an answer, takes nothing of the body, and resets."""
        self.head(headers=[("Transfer-Encoding", "chunked")])
        self.chunk(b"begun")
        time.sleep(0.3)
        self.reset()

    def do_late_end(self):
        """N bytes, and their end a moment later."""
        self.digest()
        count = self.number_in_path()
        self.head(headers=[("Transfer-Encoding", "chunked")])
        if count:
            self.chunk(pattern.data(count))
        time.sleep(0.3)
        self.chunk(b"")

    def do_large(self):
        """A head, or trailers, of N bytes: /large/WHERE/N."""
        self.digest()
        _, _, where, count = self.request.path.split("/")
        fields = [("X-Large", hashlib.shake_256(b"%d" % n).hexdigest(500))
                  for n in range(int(count) // 1000)]
        if where == "head":
            return self.answer(b"large", headers=fields)
        self.head(headers=[("Transfer-Encoding", "chunked")])
        self.send(b"5\r\nlarge\r\n0\r\n" + b"".join(
            f"{name}: {value}\r\n".encode() for name, value in fields)
            + b"\r\n")

    def do_close(self):
        """Ends the connection without an answer."""
        self.digest()
        raise Closed

    def stay(self):
        """Says nothing more until the peer or the test ends it."""
        self.wait(threading.Event())

    def do_stall(self):
        """Stops in the middle of N bytes."""
        self.digest()
        count = self.number_in_path()
        self.head(headers=[("Content-Length", count)])
        self.send(pattern.data(count // 2))
        self.stay()

    def do_drip(self):
        """One byte now and then, for ever."""
        self.digest()
        self.head(headers=[("Transfer-Encoding", "chunked")])
        while True:
            self.chunk(b"x")
            time.sleep(0.05)

    def do_ignore(self):
        """Takes nothing of the body."""
        self.wait(self.origin.release)
        raise Closed

    def do_flood(self):
        """Interim answers until nobody takes them."""
        self.digest()
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: <%s>\r\n\r\n"
        hint %= b"a" * self.number_in_path()
        while True:
            self.send(hint * 16)

    def do_behind(self):
        """An answer, and N bytes that belong to nobody, a moment later."""
        self.digest()
        self.answer(b"before")
        time.sleep(self.number_in_path() / 1000)
        self.send(b"x" * 20)

    def do_odd(self):
        """An answer as old software writes it."""
        self.digest()
        self.send(b"\r\nhttp/1.1 200\r\nX-Odd \t: 1\r\n  2\r\n"
                  b"Transfer-Encoding : chunked\r\n\r\n"
                  b"3 \r\nodd\r\n0;end\r\n\r\n")

    def do_wide(self):
        """A head of N bytes."""
        self.digest()
        self.answer(b"wide\n", headers=[("X-Wide", "w" * 1000)] * (
            self.number_in_path() // 1000))

    def do_ntlm(self):
        """Which connection this is, to one that has to authenticate it."""
        self.digest()
        self.answer(b"%d" % self.number, 401,
                    headers=[("WWW-Authenticate", "NTLM")])

    def do_connection(self):
        self.digest()
        self.answer(b"%d" % self.number)

    def do_garbage(self):
        self.digest()
        self.send(b"SSH-2.0-not-http\r\n\r\n")
        raise Closed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    origin = Origin(parser.parse_args().port, remember=False)
    print(f"listening on {origin.url}/", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
