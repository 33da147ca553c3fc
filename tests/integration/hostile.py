"""Everybody who means harm, for tests that want all of them at once: each
function is one kind of attack, made again and again until `done` is set. An
attack pauses between its rounds, so that it is its kind that hurts and not
the machine's lack of cores. Errors are what an attacker expects."""

import contextlib
import itertools
import os
import random
import socket
import struct
import threading
import time

from tunnel_peer import Peer, Refused, derived_key, frame, number, text

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_EXPECTED = (OSError, EOFError, ValueError, Refused)


class Place:
    """What attackers know of their victim."""

    def __init__(self, port, admin_port, evil_host, tunnel):
        self.port, self.admin_port = port, admin_port
        self.evil_host, self.tunnel = evil_host, tunnel
        self.key = derived_key(tunnel, "test123")

    def connect(self, source, receive_buffer=None, port=None):
        peer = socket.socket()
        if receive_buffer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                            receive_buffer)
        peer.settimeout(5)
        peer.bind((source, 0))
        peer.connect(("127.0.0.1", port or self.port))
        return peer

    def ask(self, source, head, wait=5.0, port=None):
        """Sends these bytes and reads what comes, for a while."""
        with contextlib.closing(self.connect(source, port=port)) as peer:
            peer.settimeout(wait)
            peer.sendall(head)
            answer = b""
            with contextlib.suppress(TimeoutError):
                while piece := peer.recv(1 << 16):
                    answer += piece
                    if len(answer) > 1 << 20:
                        break
            return answer

    def get(self, path, more=b""):
        return (b"GET " + path + b" HTTP/1.1\r\nHost: "
                + self.evil_host.encode() + b"\r\n" + more + b"\r\n")


# -- strangers ----------------------------------------------------------------

def silent_connections(place, done):
    held = []
    while not done.wait(0.02):
        held.append(place.connect("127.0.0.66"))
        if len(held) > 300:
            held.pop(0).close()


def http2_prefaces(place, done):
    held = []
    while not done.wait(0.05):
        peer = place.connect("127.0.0.67")
        peer.sendall(_PREFACE + bytes(3) + b"\x04" + bytes(5))
        held.append(peer)
        if len(held) > 200:
            held.pop(0).close()


def blank_lines(place, done):
    while not done.wait(0.2):
        with contextlib.closing(place.connect("127.0.0.68")) as peer:
            with contextlib.suppress(OSError):
                for _ in range(64):
                    peer.sendall(b"\r\n" * 4096)


def slow_heads(place, done):
    held = []
    while not done.wait(0.2):
        peer = place.connect("127.0.0.69")
        peer.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        held.append(peer)
        for one in held:
            with contextlib.suppress(OSError):
                one.sendall(b"a")
        if len(held) > 100:
            held.pop(0).close()


def polling_slots(place, done):
    head = (b"POST /.tunnel/poll HTTP/1.1\r\nHost: node\r\n"
            b"Aps-Protocol: aps.tunnel.v1\r\nContent-Length: 0\r\n\r\n")
    while not done.wait(0.5):
        with contextlib.closing(place.connect("127.0.0.70")) as peer:
            peer.sendall(head * 200)
            peer.recv(1 << 16)


def token_guesses(place, done):
    for guess in itertools.count():
        if done.wait(0.02):
            return
        place.ask("127.0.0.71",
                  b"GET /.api/stats HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  b"Authorization: Bearer %d\r\nConnection: close\r\n\r\n"
                  % guess, 0.5, place.admin_port)


def wrong_passwords(place, done):
    while not done.wait(0.1):
        with contextlib.suppress(*_EXPECTED):
            Peer(place.port, place.tunnel, "\x1b[31mevil\nname",
                 key=os.urandom(32), source="127.0.0.72").join()


def upgrade_heads(place, done):
    for size in itertools.cycle((60_000, 65_533, 65_534, 70_000, 300_000)):
        if done.wait(0.2):
            return
        place.ask("127.0.0.73",
                  b"GET /.tunnel HTTP/1.1\r\nHost: node\r\n"
                  b"Connection: Upgrade\r\nUpgrade: websocket\r\nX: "
                  + b"a" * size + b"\r\n\r\n", 1)


def garbage(place, done):
    source = random.Random(1)
    samples = (b"SSH-2.0-x\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
               b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n\r\n", bytes(512),
               b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: "
               b"9223372036854775808\r\n\r\n",
               b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n"
               b"Content-Length: 3\r\n\r\nabc")
    while not done.wait(0.1):
        noise = source.choice(samples) + source.randbytes(200)
        place.ask("127.0.0.74", noise, 0.5)


# -- visitors -----------------------------------------------------------------

def stalled_readers(place, done):
    held = []
    while not done.wait(0.1):
        peer = place.connect("127.0.0.77", receive_buffer=4096)
        peer.sendall(place.get(b"/endless"))
        held.append(peer)
        if len(held) > 400:
            held.pop(0).close()


def dripped_bodies(place, done):
    held = []
    while not done.wait(0.2):
        peer = place.connect("127.0.0.78")
        peer.sendall(b"POST /swallow HTTP/1.1\r\nHost: "
                     + place.evil_host.encode()
                     + b"\r\nContent-Length: 1000000\r\n\r\n")
        held.append(peer)
        for one in held:
            with contextlib.suppress(OSError):
                one.sendall(b"a")
        if len(held) > 100:
            held.pop(0).close()


def many_fields(place, done):
    fields = b"".join(b"X-%d: 1\r\n" % i for i in range(1100))
    while not done.wait(0.2):
        place.ask("127.0.0.79", place.get(b"/", fields), 1)


def odd_requests(place, done):
    heads = (place.get(b"/..%2f..%2fetc/passwd"),
             place.get(b"/", b"Aps-Outcome: ok\r\nX_Forwarded_For: 1\r\n"),
             place.get(b"/" + b"a" * 60_000),
             place.get(b"/", b"Max-Forwards: 0\r\nExpect: something\r\n"),
             place.get(b"/ws", b"Connection: Upgrade\r\nUpgrade: x/1\r\n"))
    for head in itertools.cycle(heads):
        if done.wait(0.1):
            return
        place.ask("127.0.0.80", head, 0.5)


def evil_targets(place, done):
    """Asks for what the hostile target does wrong."""
    for path in itertools.cycle(EvilTarget.paths):
        if done.wait(0.1):
            return
        method = b"HEAD" if path == b"/head" else b"GET"
        place.ask("127.0.0.81", place.get(path).replace(b"GET", method, 1), 1)


# -- an agent that knows the password -----------------------------------------

def _as_agent(place, done, act, pause=0.5, **options):
    """Joins again and again and lets `act` do something with the link."""
    for turn in itertools.count():
        if done.wait(pause):
            return
        with contextlib.suppress(*_EXPECTED):
            with Peer(place.port, place.tunnel, f"evil{turn % 8}",
                      key=place.key, source="127.0.0.90",
                      **options) as peer:
                act(peer.join())


def ping_floods(place, done):
    def act(peer):
        batch = frame("ping", number(1, 7)) * 1000
        for _ in range(40):
            peer.send(batch)  # and reads no answer
        done.wait(2)
    _as_agent(place, done, act, receive_buffer=4096)


def forged_frames(place, done):
    source = random.Random(2)

    def act(peer):
        peer.send(source.choice((
            frame("ack", number(1, 1 << 60) + number(2, 0xffffffff),
                  source.getrandbits(63) | 1),
            frame("resumed", number(1, 1) + number(2, 1)
                  + number(3, 1 << 62), 5),
            frame("data", number(1, 1 << 61) + text(2, b"x" * 1000), 9),
            frame("reset", number(1, 60) + text(2, b"\x1b[2J" * 200_000), 3),
            frame("drain", text(1, "\n[NODE] forged line")),
            frame("hello", peer.hello()), frame("challenge"),
            source.randbytes(2000))))
        done.wait(0.2)
    _as_agent(place, done, act)


def cheating_answers(place, done):
    """Serves a visitor of its own with answers that no agent gives."""
    def act(peer):
        threading.Thread(target=_ask_quietly, args=(place,),
                         daemon=True).start()
        exchange, _, head = peer.next("request")
        kind = random.choice(("interim", "window", "reset", "late"))
        if kind == "interim":
            one = frame("response", number(1, 103)
                        + text(3, text(1, "X") + text(2, b"y" * 1000)),
                        exchange)
            for _ in range(100):
                peer.send(one * 50)
        elif kind == "window":
            peer.send(frame("ack", number(2, 0xffffffff), exchange))
        elif kind == "reset":
            peer.send(frame("reset", number(1, 31)
                            + text(2, b"z" * 1_000_000), exchange))
        else:
            peer.send(frame("end", number(1, 12345), exchange)
                      + frame("response", number(1, 200), exchange) * 2)
        done.wait(0.5)
    _as_agent(place, done, act)


def _ask_quietly(place):
    with contextlib.suppress(*_EXPECTED):
        place.ask("127.0.0.91", b"GET / HTTP/1.1\r\nHost: theirs.test\r\n\r\n",
                  2)


def endpoint_names(place, done):
    for name in itertools.count():
        if done.wait(0.05):
            return
        with contextlib.suppress(*_EXPECTED):
            Peer(place.port, place.tunnel, f"name-{name}", key=place.key,
                 source="127.0.0.92").join().close()


STRANGERS = (silent_connections, http2_prefaces, blank_lines, slow_heads,
             polling_slots, token_guesses, wrong_passwords, upgrade_heads,
             garbage)
VISITORS = (stalled_readers, dripped_bodies, many_fields, odd_requests,
            evil_targets)
AGENTS = (ping_floods, forged_frames, cheating_answers, endpoint_names)
ALL = STRANGERS + VISITORS + AGENTS


# -- a target -----------------------------------------------------------------

class EvilTarget:
    """A target that keeps no promise, one way for each path."""

    paths = (b"/interim", b"/stop", b"/drip", b"/head", b"/more", b"/fields",
             b"/length", b"/garbage", b"/close", b"/switch", b"/forge")

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.done = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.done.set()
        self.listener.close()

    def _accept(self):
        while not self.done.is_set():
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        with contextlib.closing(peer), contextlib.suppress(OSError):
            while head := self._head(peer):
                path = head.split(b" ")[1].lstrip(b"/").decode("latin-1")
                serve = getattr(self, "do_" + path, self.do_other)
                if serve(peer) == "end":
                    return

    @staticmethod
    def _head(peer):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = peer.recv(65536)
            if not piece:
                return b""
            head += piece
        return head

    def do_other(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def do_endless(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n"
                     b"\r\n")
        while not self.done.is_set():
            peer.sendall(bytes(65536))

    def do_swallow(self, peer):
        while peer.recv(65536):
            pass
        return "end"

    def do_interim(self, peer):
        one = b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 1000 + b"\r\n\r\n"
        for _ in range(2000):
            peer.sendall(one * 10)
        return "end"

    def do_stop(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        self.done.wait(3)
        return "end"

    def do_drip(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not self.done.wait(1):
            peer.sendall(b"a")

    def do_head(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    def do_more(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                     b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")

    def do_fields(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(
            b"X-%d: 1\r\n" % i for i in range(5000)) + b"\r\n")
        return "end"

    def do_length(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                     b"Content-Length: 4\r\n\r\nabcd")
        return "end"

    def do_garbage(self, peer):
        peer.sendall(os.urandom(1000))
        return "end"

    def do_close(self, peer):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        return "end"

    def do_switch(self, peer):
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: "
                     b"Upgrade\r\nUpgrade: other\r\n\r\nbytes")
        return "end"

    def do_forge(self, peer):
        peer.sendall(b"HTTP/1.1 200 OK\r\nAps-Outcome: no-mapping\r\n"
                     b"X-Request-Id: \xc2\x9b31mforged\r\nContent-Length: 2"
                     b"\r\n\r\nok")


def attack(place, done, chosen=ALL):
    """Runs the attacks, each on a thread; returns the threads."""
    def run(kind):
        while not done.is_set():
            with contextlib.suppress(*_EXPECTED):
                kind(place, done)
            done.wait(0.1)
    threads = [threading.Thread(target=run, args=(kind,), daemon=True)
               for kind in chosen]
    for thread in threads:
        thread.start()
    return threads
