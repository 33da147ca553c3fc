"""A target that speaks HTTP/2: an honest one by an HTTP/2 library, with paths
that say how it misbehaves."""

import contextlib
import select
import socket
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import pattern

HTTP_1_1_REQUIRED = 13
PIECE = 16384


class H2Origin:
    """Serves each connection on a thread of its own. With `pair` over TLS, with
    `alpn` offered; who speaks HTTP/1.1 gets answers in that. With `sockets` it
    takes WebSockets over HTTP/2 (RFC 8441)."""

    def __init__(self, pair=None, alpn=("h2", "http/1.1"), client_ca=None,
                 sockets=False):
        self.context = None
        self.sockets = sockets
        if pair:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(pair.cert, pair.key)
            self.context.set_alpn_protocols(list(alpn))
        if client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.connections = 0
        self.plain = 0        # of HTTP/1.1
        self.requests = []    # (connection, method, path, fields)
        self.resets = []      # (path, code)
        self.refused = set()  # paths
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return (f"https://localhost:{self.port}" if self.context
                else f"h2c://127.0.0.1:{self.port}")

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def paths(self):
        with self.lock:
            return [path for _, _, path, _ in self.requests]

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        with contextlib.ExitStack() as open_, contextlib.suppress(OSError):
            open_.enter_context(peer)
            if self.context:
                peer = open_.enter_context(
                    self.context.wrap_socket(peer, server_side=True))
                if peer.selected_alpn_protocol() != "h2":
                    return self._serve_plain(peer)
            elif peer.recv(3, socket.MSG_PEEK) != b"PRI":
                return self._serve_plain(peer)
            with self.lock:
                self.connections += 1
                number = self.connections
            with contextlib.suppress(h2.exceptions.ProtocolError):
                Session(self, peer, number).run()

    def _serve_plain(self, peer):
        file = peer.makefile("rb")
        while True:
            lines = []
            while line := file.readline().strip():
                lines.append(line.decode("latin-1"))
            if not lines:
                return
            with self.lock:
                self.plain += 1
                self.requests.append((0, *lines[0].split()[:2], lines[1:]))
            fields = {name.lower(): value.strip() for name, _, value in
                      (one.partition(":") for one in lines[1:])}
            file.read(int(fields.get("content-length", 0)))
            body = b"in 1.1"
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                         % len(body) + body)


class Session:
    """One connection. Handlers are generators: each `yield` gives a piece of
    the body, or None to be called again later."""

    def __init__(self, origin, peer, number):
        self.origin, self.peer, self.number = origin, peer, number
        self.http = h2.connection.H2Connection(
            config=h2.config.H2Configuration(client_side=False,
                                             header_encoding="utf-8"))
        if origin.sockets:
            self.http.local_settings = h2.settings.Settings(
                client=False, initial_values={
                    h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})
        self.heads = {}    # by stream
        self.bodies = {}   # what came of them
        self.ended = set() # whose request is complete
        self.trailers = {}
        self.tasks = {}    # generators, by stream
        self.waiting = {}  # a piece that had no room, by stream
        self.deaf = False

    def run(self):
        self.http.initiate_connection()
        self.flush()
        while True:
            busy = bool(self.tasks)
            pending = getattr(self.peer, "pending", lambda: 0)()
            ready = pending or select.select([self.peer], [], [],
                                             0.01 if busy else 60)[0]
            if ready:
                data = self.peer.recv(65536)
                if not data:
                    return
                if not self.deaf:
                    for event in self.http.receive_data(data):
                        self.take(event)
            for stream in list(self.tasks):
                self.go_on(stream)
            if self.http.state_machine.state.name == "CLOSED":
                self.flush()
                return
            self.flush()

    def flush(self):
        if not self.deaf:
            self.peer.sendall(self.http.data_to_send())

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            fields = dict(event.headers)
            self.heads[event.stream_id] = fields
            self.bodies[event.stream_id] = b""
            path = fields[":path"]
            with self.origin.lock:
                self.origin.requests.append(
                    (self.number, fields[":method"], path, event.headers))
            name = path.partition("/")[2].split("/")[0].split("?")[0] or "root"
            handler = getattr(self, "do_" + name.replace("-", "_"))
            self.tasks[event.stream_id] = handler(event.stream_id, path)
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] += event.data
            path = self.heads[event.stream_id][":path"]
            if path != "/never-takes":
                self.http.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.trailers[event.stream_id] = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.tasks.pop(event.stream_id, None)
            path = self.heads.get(event.stream_id, {}).get(":path")
            with self.origin.lock:
                self.origin.resets.append((path, int(event.error_code)))

    def go_on(self, stream):
        """As far as the peer's windows let it."""
        while stream in self.tasks:
            piece = self.waiting.pop(stream, None)
            if piece is None:
                try:
                    piece = next(self.tasks[stream])
                except StopIteration:
                    self.tasks.pop(stream, None)
                    return
                if piece is None:
                    return
            room = self.http.local_flow_control_window(stream)
            room = min(room, self.http.max_outbound_frame_size)
            if room < len(piece):
                self.waiting[stream] = piece
                return
            self.http.send_data(stream, piece)

    def head(self, stream, status=200, fields=(), last=False):
        self.http.send_headers(stream, [(":status", str(status)), *fields],
                               end_stream=last)

    def answer(self, stream, body=b"", status=200, fields=()):
        self.head(stream, status,
                  (("content-length", str(len(body))), *fields))
        for start in range(0, len(body), PIECE):
            yield body[start:start + PIECE]
        self.http.end_stream(stream)

    def complete(self, stream):
        while stream not in self.ended:
            yield None

    # -- what is asked for ----------------------------------------------------

    def do_root(self, stream, _):
        yield from self.answer(stream, b"hello in 2")

    def do_echo(self, stream, _):
        yield from self.complete(stream)
        more = [("x-trailer-" + name, value)
                for name, value in self.trailers.get(stream, {}).items()]
        yield from self.answer(stream, self.bodies[stream], fields=more)

    def do_bytes(self, stream, path):
        size = int(path.split("/")[2])
        yield from self.answer(stream, pattern.data(size))

    def do_status(self, stream, path):
        self.head(stream, int(path.split("/")[2]), last=True)
        yield from ()

    def do_trailers(self, stream, _):
        self.http.send_headers(stream, [(":status", "103"),
                                        ("link", "</a>; rel=preload")])
        self.head(stream, fields=[("trailer", "x-sum")])
        yield b"body"
        self.http.send_headers(stream, [("x-sum", "42")], end_stream=True)

    def do_early(self, stream, _):
        yield from self.answer(stream, b"enough", 413)

    def do_refuse_once(self, stream, path):
        yield from self.complete(stream)
        if path in self.origin.refused:
            yield from self.answer(stream, self.bodies[stream])
        else:
            self.origin.refused.add(path)
            self.http.reset_stream(stream, 7)

    def do_refuse(self, stream, _):
        self.http.reset_stream(stream, 7)
        yield from ()

    def do_http_1_1(self, stream, _):
        self.http.reset_stream(stream, HTTP_1_1_REQUIRED)
        yield from ()

    def do_reset(self, stream, path):
        self.http.reset_stream(stream, int(path.split("/")[2]))
        yield from ()

    def do_cut_body(self, stream, _):
        self.head(stream, fields=[("content-length", "1000")])
        yield b"x"
        self.http.reset_stream(stream, 2)

    def do_announces(self, stream, path):
        """A Content-Length, and another number of bytes."""
        announced, sent = path.split("/")[2:4]
        self.head(stream, fields=[("content-length", announced)])
        yield b"x" * int(sent)
        self.http.end_stream(stream)

    def do_go_away(self, stream, _):
        """The last of this connection."""
        self.http.close_connection(last_stream_id=stream)
        self.flush()
        self.peer.shutdown(socket.SHUT_RDWR)
        yield from ()

    def do_stall(self, stream, _):
        self.head(stream)
        yield b"x"
        while True:
            yield None

    def do_events(self, stream, _):
        self.head(stream, fields=[("content-type", "text/event-stream")])
        yield b"data: 1\n\n"
        until = time.monotonic() + 4
        while time.monotonic() < until:
            yield None
        yield b"data: 2\n\n"
        self.http.end_stream(stream)

    def do_never_takes(self, stream, _):
        yield from self.complete(stream)

    def do_hints(self, stream, _):
        for _ in range(100):
            self.http.send_headers(stream, [(":status", "103"),
                                            ("link", "x" * 4000)])
            yield None
        yield from self.answer(stream)

    def do_deaf(self, _stream, _path):
        """Answers nothing on this connection from now on."""
        self.deaf = True
        while True:
            yield None

    def do_health(self, stream, _):
        self.head(stream, 404, last=True)
        yield from ()

    def do_switch(self, stream, _):
        """A WebSocket that sends back what comes, until that ends."""
        self.head(stream, fields=[("sec-websocket-protocol", "chat")])
        sent = 0
        while sent < len(self.bodies[stream]) or stream not in self.ended:
            piece = self.bodies[stream][sent:sent + PIECE]
            sent += len(piece)
            yield piece or None
        self.http.end_stream(stream)

    def do_decline(self, stream, _):
        yield from self.answer(stream, b"no sockets here", 403)

    def do_hold(self, stream, _):
        while True:
            yield None
