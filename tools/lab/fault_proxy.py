"""A TCP proxy that stands between agent and node and breaks things on demand.

It tells gRPC connections ("h2"), WebSockets ("ws"), polling ("poll") and other
HTTP ("http") by their first bytes. Over TLS the protocol that a client asks for
tells gRPC from the rest, which is what `behind_tls` says. All methods may be
called from any thread."""

import asyncio
import collections
import itertools
import math
import socket
import struct
import threading

# Which kinds of connections an agent's -transport makes.
KINDS = {"grpc": ("h2",), "ws": ("ws",), "poll": ("poll",),
         "mix": ("h2", "ws")}

_CHUNK = 256 * 1024


_HANDSHAKE = b"\x16\x03"
_ALPN_H2 = b"\x00\x03\x02h2"


def kind_of(first, behind_tls="ws"):
    if first.startswith(_HANDSHAKE):
        return "h2" if _ALPN_H2 in first else behind_tls
    if first.startswith(b"PRI"):
        return "h2"
    target = first.split(b" ", 2)[1:2]
    if target and target[0].startswith(b"/.tunnel/poll"):
        return "poll"
    return "ws" if first.startswith(b"GET /.tunnel") else "http"


class _Connection:
    """Two sockets and the tasks that copy between them. Belongs to the loop;
    only the attributes may be read elsewhere."""

    _numbers = itertools.count(1)

    def __init__(self, owner, agent):
        self.owner, self.kind = owner, "?"
        self.agent = self.node = agent
        self.number = next(self._numbers)
        self.bytes = collections.Counter()
        self.budget = {}        # direction -> bytes until it is reset
        self.closed = set()     # directions that got their end from us
        self.silent_until = 0.0
        self.dead = False

    def reset(self):
        self.dead = True
        for writer in (self.agent, self.node):
            sock = writer.get_extra_info("socket")
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            except OSError:
                pass  # closed already
            writer.transport.abort()

    def half_close(self, direction):
        """Ends one direction properly; what comes later in it is lost."""
        if not self.dead and direction not in self.closed:
            self.closed.add(direction)
            writer = self.node if direction == "up" else self.agent
            if writer.can_write_eof():
                writer.write_eof()

    def spend(self, direction, count):
        """Counts bytes and returns how many of them may pass."""
        left = self.budget.get(direction, math.inf)
        self.budget[direction] = left - count
        self.bytes[direction] += count
        allowed = self.owner.spend(self.kind, direction, count)
        return min(allowed, max(left - 1, 0)) if count >= left else allowed

    async def passable(self):
        """Waits while nothing gets through."""
        owner = self.owner
        if owner.delay_seconds:
            await asyncio.sleep(owner.delay_seconds)
        while not self.dead and (self.kind in owner.holes
                                 or owner.now() < self.silent_until):
            await asyncio.sleep(0.02)

    async def copy(self, reader, writer, direction):
        while True:
            data = await reader.read(_CHUNK)
            await self.passable()
            if not data or self.dead:
                break
            allowed = self.spend(direction, len(data))
            if direction not in self.closed:
                writer.write(data[:allowed])
                await writer.drain()
            if allowed < len(data):
                self.reset()
                return
        self.half_close(direction)


class FaultProxy:
    """Listens on `port` and passes connections on to `target_port`."""

    def __init__(self, target_port, behind_tls="ws"):
        self.target_port = target_port
        self.behind_tls = behind_tls
        self.refused = frozenset()
        self.holes = frozenset()
        self.delay_seconds = 0.0
        self._budget = {}
        self._bytes = collections.Counter()
        self._accepted = collections.Counter()
        self._live = set()
        self._server = None
        self._mute = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever,
                                        daemon=True)
        self._thread.start()
        self.port = 0
        self._call(self._listen())

    # -- faults ---------------------------------------------------------------

    # Kinds mean the live connections of these kinds; without any, all.

    def reset(self, *kinds, number=None):
        """Resets live connections, or the one with this number."""
        self._each(kinds, lambda one: one.reset(), number)

    def half_close(self, *kinds, direction="up", number=None):
        """Ends one direction of live connections, as `shutdown` does; bytes
        in the other one still arrive."""
        self._each(kinds, lambda one: one.half_close(direction), number)

    def stall(self, *kinds, seconds, number=None):
        """Holds back all bytes of live connections for a while; new ones are
        not affected."""
        until = self.now() + seconds

        def silence(one):
            one.silent_until = until
        self._each(kinds, silence, number)

    def lose(self, *kinds, number=None):
        """Lets live connections fall silent for good; new ones work."""
        self.stall(*kinds, seconds=math.inf, number=number)

    def cut_each_after(self, direction, count, *kinds, number=None):
        """Resets each live connection at its `count`th byte from now on."""
        def limit(one):
            one.budget[direction] = count
        self._each(kinds, limit, number)

    def refuse(self, *kinds):
        """Resets new connections of these kinds as soon as they speak."""
        self.refused = frozenset(kinds)

    def cut(self, *kinds):
        """Resets these kinds now and refuses them from now on."""
        self.refuse(*kinds)
        self.reset(*kinds)

    def swallow(self, *kinds):
        """Keeps these kinds open but passes nothing on any longer, and
        nothing of new ones."""
        self.holes = frozenset(kinds)

    def restore(self, *kinds):
        """Ends `refuse`, `cut` and `swallow` for these kinds only."""
        self.refused -= frozenset(kinds)
        self.holes -= frozenset(kinds)

    def cut_after(self, kind, direction, count):
        """Resets the connection of a kind that carries the `count`th byte
        from now on; direction is "up" (to the node) or "down"."""
        self._budget[kind, direction] = count

    def delay(self, seconds):
        """Holds every chunk back for some seconds."""
        self.delay_seconds = seconds

    def close_port(self):
        """Refuses connections like a machine on which nobody listens."""
        self._call(self._close_port())

    def mute_port(self):
        """Lets new connections get no answer at all, as if their first packet
        were lost; `open_port` ends it."""
        self.close_port()
        self._mute = [socket.socket()]
        self._mute[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._mute[0].bind(("127.0.0.1", self.port))
        # The system drops what does not fit into a queue that nobody empties.
        self._mute[0].listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._mute.append(filler)

    def open_port(self):
        for one in self._mute:
            one.close()
        self._mute = []
        self._call(self._listen())

    def heal(self):
        """Ends all faults; what was reset stays reset."""
        self.refused = self.holes = frozenset()
        self.delay_seconds = 0.0
        self._budget.clear()

        def mend(one):
            one.budget.clear()
            one.silent_until = 0.0
        self._each((), mend)

    # -- what was seen --------------------------------------------------------

    def live(self, kind):
        """How many connections of a kind are open."""
        return sum(1 for one in list(self._live) if one.kind == kind)

    def numbers(self, *kinds):
        """The live connections' numbers, oldest first, without lost ones."""
        return sorted(one.number for one in list(self._live)
                      if (not kinds or one.kind in kinds)
                      and one.silent_until < math.inf)

    def traffic(self, kind):
        """The bytes of each live connection so far, by its number."""
        return {one.number: one.bytes["up"] + one.bytes["down"]
                for one in list(self._live) if one.kind == kind}

    def accepted(self, kind):
        """How many connections of a kind were passed on so far."""
        return self._accepted[kind]

    def bytes(self, kind, direction=None):
        if direction:
            return self._bytes[kind, direction]
        return self._bytes[kind, "up"] + self._bytes[kind, "down"]

    def close(self):
        if self._loop.is_closed():
            return
        self._call(self._shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- inside the loop ------------------------------------------------------

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self):
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close_port(self):
        self._server.close()

    def now(self):
        return self._loop.time()

    def _each(self, kinds, work, number=None):
        async def run():
            for one in list(self._live):
                if number in (None, one.number) \
                        and (not kinds or one.kind in kinds):
                    work(one)
        self._call(run())

    async def _shutdown(self):
        await self._close_port()
        for one in list(self._live):
            one.reset()
        tasks = [task for task in asyncio.all_tasks()
                 if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spend(self, kind, direction, count):
        """Counts bytes of a kind; returns how many `cut_after` lets pass."""
        self._bytes[kind, direction] += count
        left = self._budget.get((kind, direction))
        if left is None:
            return count
        if count >= left:
            del self._budget[kind, direction]
            return max(left - 1, 0)
        self._budget[kind, direction] = left - count
        return count

    async def _accept(self, agent_reader, agent):
        one = _Connection(self, agent)
        try:
            first = await agent_reader.read(_CHUNK)
            one.kind = kind_of(first, self.behind_tls)
            if not first or one.kind in self.refused:
                one.reset()
                return
            node_reader, one.node = await asyncio.open_connection(
                "127.0.0.1", self.target_port, limit=_CHUNK)
        except OSError:
            one.reset()
            return
        if one.kind in self.refused:  # since a moment ago
            one.reset()
            return
        for writer in (one.agent, one.node):
            writer.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._live.add(one)
        self._accepted[one.kind] += 1
        try:
            self._bytes[one.kind, "up"] += len(first)
            await one.passable()
            if "up" not in one.closed:
                one.node.write(first)
            await asyncio.gather(
                one.copy(agent_reader, one.node, "up"),
                one.copy(node_reader, one.agent, "down"))
        except OSError:
            one.reset()
        except asyncio.CancelledError:
            pass  # the proxy closes; asyncio would log it as an error
        finally:
            self._live.discard(one)
            one.agent.close()
            one.node.close()
