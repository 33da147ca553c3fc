"""HTTP/2 connections that only make work, in a process of their own: what they
take from honest visitors is to be the node's, not this interpreter's. Their
requests go to a target of that process, too."""

import collections
import contextlib
import dataclasses
import fcntl
import multiprocessing
import os
import select
import socket
import ssl
import struct
import time

from h2_frames import (ACK, DATA, END_HEADERS, END_STREAM, HEADERS, MORE, PING,
                       PRIORITY, RST, SETTINGS, WINDOW, Peer, block, frame)
from h2_frames import head as any_head
from harness import TIME_SCALE
from origin import Origin
from wire import HOST

CONTEXT = multiprocessing.get_context("spawn")
TARGET = "flooded.test"
ROLES = ("unknown", "known", "agent")
LAST = END_HEADERS | END_STREAM
CANCEL = struct.pack(">I", 8)
PATIENCE = 10 * TIME_SCALE
PIECE = 16384
PAUSE = 0.02  # so that floods hurt and not the machine's lack of cores
ESTABLISHED = 1
NETLINK_SOCK_DIAG, SOCK_DIAG = 4, 20
SIOCOUTQNSD = 0x894b  # what was not sent so far

Bound = collections.namedtuple("Bound", "frames per_second")

# transports/http2/h2_limits: frames that carry nothing in a second, of which
# there may be two, and what a request and its answer allow beside them.
CONTROL = Bound(2 * 128 + 8 + 16, 128)
# An agent's eight requests: the first one past them is the last.
REQUESTS = Bound(9, 0)


@dataclasses.dataclass(frozen=True)
class Flood:
    """What comes behind the beginning of a connection, for ever. `visitor` and
    `agent`: how many frames the node looks at before it ends it, and how many
    more for each second that the flood takes."""
    item: callable         # (number, own stream) -> bytes of `frames` frames
    visitor: Bound = CONTROL
    agent: Bound = CONTROL
    frames: int = 1        # in an item
    step: int = 20         # items at once
    first: callable = lambda own: b""  # what opens it


def head(method="GET", **asked):
    return any_head(method, host=TARGET, **asked)


def opened(number):
    """The stream of an item."""
    return 2 * number + 5


def opening(fields, flags=LAST):
    """Of each item a stream that begins so."""
    return lambda number, own: frame(HEADERS, opened(number), fields, flags)


def rapid_reset(number, own):
    stream = opened(number)
    return frame(HEADERS, stream, head(), LAST) + frame(RST, stream, CANCEL)


def window_of_nothing(number, own):
    stream = opened(number)
    return (frame(HEADERS, stream, head(), END_HEADERS)
            + frame(WINDOW, stream, bytes(4)))


def open_head(own):
    return frame(HEADERS, 3, head())


def open_body(own):
    return b"" if own == 1 else frame(HEADERS, own, head("POST"), END_HEADERS)


def bomb(size, references):
    """One field of so many bytes as the newest of the table, and references to
    it (RFC 7541, 7.3)."""
    rest = size - 127
    return (head() + b"\x40\x01x\x7f" + bytes([rest % 128 | 0x80, rest // 128])
            + b"v" * size + b"\xbe" * references)


FLOODS = {
    # 200 at once, and 33 more in a second; nghttp2 counts whole ones.
    "rapid reset": Flood(rapid_reset, Bound(2 * (201 + 33), 2 * 33),
                         Bound(2 * 9, 0), frames=2),
    # The same, and a stream that stays.
    "rapid reset beside a body": Flood(
        rapid_reset, Bound(2 * (201 + 33), 2 * 33), Bound(2 * 9, 0), frames=2,
        first=open_body),
    # A hundred may be open; so many more are no requests.
    "open without end": Flood(opening(head("POST"), END_HEADERS),
                              Bound(100 + 101, 0), REQUESTS),
    "made to reset": Flood(opening(block((":method", "GET"))),
                           Bound(101, 0), REQUESTS),
    # No window grows by nothing: the first one ends the connection.
    "windows of nothing": Flood(window_of_nothing, Bound(2, 0), Bound(2, 0),
                                frames=2, step=1),
    # The longest block has 128 KiB, in 8 frames, and 8 more.
    "continuations": Flood(
        lambda number, own: frame(MORE, 3, block(("x", "y"))), Bound(18, 0),
        Bound(18, 0), step=2, first=open_head),
    "empty continuations": Flood(lambda number, own: frame(MORE, 3),
                                 Bound(18, 0), Bound(18, 0), step=2,
                                 first=open_head),
    "pings": Flood(lambda number, own: frame(PING, 0, b"12345678")),
    "settings": Flood(lambda number, own: frame(SETTINGS)),
    "priorities": Flood(lambda number, own: frame(PRIORITY, opened(number),
                                                  b"\0\0\0\0\x10")),
    "empty data": Flood(lambda number, own: frame(DATA, own), first=open_body),
    "windows": Flood(lambda number, own: frame(WINDOW, 0, b"\0\0\0\1")),
    # The first field past the limit of a block.
    "HPACK bomb": Flood(opening(bomb(4000, 12_000)), Bound(1, 0), Bound(1, 0),
                         step=1),
    # 4 MiB of what heads are beyond their bytes, and 1 MiB in a second; an
    # agent's have no such fields.
    "many HPACK bombs": Flood(lambda number, own: frame(
        HEADERS, opened(number),
        bomb(3900, 15) if number == 0 else head() + b"\xbe" * 15, LAST),
        Bound(21, 18), Bound(1, 0), step=2),
    # 64 KiB of frames of ten bytes, and a few for requests.
    "unknown frames": Flood(lambda number, own: frame(0xbb, 0, b"x"),
                            Bound(6600, 0), Bound(6600, 0), step=100),
}


@dataclasses.dataclass
class Ending:
    """How a flood ended: what the node took before it ended it, what came
    behind that until nothing could, and what is wrong with all this."""
    frames: int = 0
    seconds: float = 0.0
    rest: int = 0  # bytes
    wrong: str = ""


@dataclasses.dataclass(frozen=True)
class Job:
    flood: str
    role: str
    reads: bool
    secure: bool

    def __str__(self):
        return ", ".join((self.flood, self.role,
                          "reading" if self.reads else "deaf",
                          "TLS" if self.secure else "plain"))

    @property
    def bound(self):
        flood = FLOODS[self.flood]
        return flood.agent if self.role == "agent" else flood.visitor


class Side:
    """The other side of a connection of this machine, as the kernel sees it
    (sock_diag(7))."""

    def __init__(self, local, remote):
        (local, port), (remote, remote_port) = local, remote
        query = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0,
                            0xffffffff)
        query += struct.pack("!HH4s12x4s12x", port, remote_port,
                             socket.inet_aton(local), socket.inet_aton(remote))
        query += struct.pack("=III", 0, 0xffffffff, 0xffffffff)
        self.query = struct.pack("=IHHII", 16 + len(query), SOCK_DIAG, 1, 0,
                                 0) + query
        self.kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    NETLINK_SOCK_DIAG)

    def look(self):
        """Its state, 0 = it is gone, and bytes that it has yet to read."""
        self.kernel.send(self.query)
        answer = self.kernel.recv(1 << 16)
        kind, = struct.unpack_from("=H", answer, 4)
        if kind != SOCK_DIAG:
            return 0, 0
        return answer[17], struct.unpack_from("=I", answer, 72)[0]

    def close(self):
        self.kernel.close()


class Attacker:
    """One connection that floods."""

    def __init__(self, job, port, ca):
        self.job, self.flood = job, FLOODS[job.flood]
        self.own = 1 if job.role == "agent" else 3
        self.peer = Peer(port, source="127.0.0.66",
                         receive_buffer=None if job.reads else 4096,
                         tls=ssl.create_default_context(cafile=ca)
                         if job.secure else None)
        self.socket = self.peer.socket
        self.side = Side(("127.0.0.1", port), self.socket.getsockname())
        self.begin()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.told_end = not job.reads
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.side.close()
        self.peer.close()

    def begin(self):
        scheme = "https" if self.job.secure else "http"
        if self.job.role == "known":
            self.peer.ask(1, host=HOST, path="/bytes/1", scheme=scheme)
            self.peer.body(1)
        elif self.job.role == "agent":
            self.peer.ask(1, False, method="POST", host=HOST, scheme=scheme,
                          path="/aps.tunnel.v1.Tunnel/Connect",
                          more=(("te", "trailers"),
                                ("content-type", "application/grpc")))
        if self.job.reads:
            if self.job.role != "known":
                self.peer.until(SETTINGS)
            self.peer.send(frame(SETTINGS, flags=ACK))

    def batch(self):
        """The next frames, and how many they are."""
        step = range(self.number, self.number + self.flood.step)
        self.number += self.flood.step
        first = self.flood.first(self.own) if step.start == 0 else b""
        return (first + b"".join(self.flood.item(number, self.own)
                                 for number in step),
                len(step) * self.flood.frames)

    def drain(self):
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            while not self.told_end:
                self.told_end = not self.socket.recv(1 << 16)

    def push(self, data):
        """Reads all the while, if it does so at all."""
        while data:
            reads = [] if self.told_end else [self.socket]
            readable, writable, _ = select.select(reads, [self.socket], [],
                                                  PATIENCE)
            if not readable and not writable:
                raise TimeoutError("it was never ended")
            if readable:
                self.drain()
            if writable:
                with contextlib.suppress(BlockingIOError,
                                         ssl.SSLWantWriteError):
                    data = data[self.socket.send(data):]

    def send(self):
        """A batch, until it is read; how many frames and bytes."""
        data, frames = self.batch()
        self.push(data)
        deadline = time.monotonic() + PATIENCE
        while not self.is_read():
            if time.monotonic() > deadline:
                raise TimeoutError("it is not read")
            time.sleep(0.0002)
        return frames, len(data)

    def is_read(self):
        self.drain()
        left = fcntl.ioctl(self.socket, SIOCOUTQNSD, bytes(4))
        return left == bytes(4) and self.side.look()[1] == 0

    def count(self):
        """No frame is sent before all others are read."""
        ending, start = Ending(), time.monotonic()
        try:
            while time.monotonic() - start < PATIENCE:
                is_open = self.side.look()[0] == ESTABLISHED
                frames, size = self.send()
                if is_open:
                    ending.frames += frames
                    ending.seconds = time.monotonic() - start
                else:
                    ending.rest += size
            ending.wrong = "it was never ended"
        except TimeoutError as error:
            ending.wrong = str(error)
        except OSError: # as it should
            pass
        return ending

    def burst(self):
        """As fast as it can."""
        ending, start, data = Ending(), time.monotonic(), b""
        try:
            while time.monotonic() - start < PATIENCE:
                data += self.batch()[0]
                if len(data) >= PIECE:
                    self.push(data)
                    data = b""
            ending.wrong = "it was never ended"
        except TimeoutError as error:
            ending.wrong = str(error)
        except OSError: # as it should
            ending.seconds = time.monotonic() - start
        return ending


def do(job, is_burst, port, ca):
    try:
        with Attacker(job, port, ca) as attacker:
            return attacker.burst() if is_burst else attacker.count()
    except OSError as error:
        return Ending(wrong=repr(error))


def run(pipe, ca):
    os.nice(10)
    target = Origin(remember=False)
    pipe.send(target.url)
    while order := pipe.recv():
        ending = do(*order, ca)
        time.sleep(PAUSE)
        pipe.send(ending)
    target.close()


class Flooders:
    """The process; it is asked for one job at a time."""

    def __init__(self, ca):
        self.pipe, other = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=run, args=(other, ca),
                                       daemon=True)
        self.process.start()
        self.target = self.pipe.recv()

    def flood(self, job, is_burst, port):
        """How a connection ended; the frames of a burst are not counted."""
        self.pipe.send((job, is_burst, port))
        return self.pipe.recv()

    def close(self):
        self.pipe.send(None)
        self.process.join(60)
