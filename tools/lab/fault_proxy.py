"""A TCP proxy that stands between agent and node and breaks things on demand.

It tells gRPC connections ("h2") from WebSockets ("ws") and other HTTP
("http") by their first bytes. All methods may be called from any thread."""

import asyncio
import collections
import socket
import struct
import threading

_CHUNK = 256 * 1024


def kind_of(first):
    if first.startswith(b"PRI"):
        return "h2"
    return "ws" if first.startswith(b"GET /.tunnel") else "http"


class _Connection:
    """Two sockets and the tasks that copy between them."""

    def __init__(self, owner, kind, agent, node):
        self.owner, self.kind = owner, kind
        self.agent, self.node = agent, node
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

    async def copy(self, reader, writer, direction):
        owner = self.owner
        while True:
            data = await reader.read(_CHUNK)
            if owner.delay_seconds:
                await asyncio.sleep(owner.delay_seconds)
            while self.kind in owner.holes and not self.dead:
                await asyncio.sleep(0.02)
            if not data or self.dead:
                break
            if not owner.spend(self.kind, direction, len(data)):
                self.reset()
                return
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof() and not self.dead:
            writer.write_eof()


class FaultProxy:
    """Listens on `port` and passes connections on to `target_port`."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.refused = frozenset()
        self.holes = frozenset()
        self.delay_seconds = 0.0
        self._budget = {}
        self._bytes = collections.Counter()
        self._accepted = collections.Counter()
        self._live = set()
        self._server = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever,
                                        daemon=True)
        self._thread.start()
        self.port = 0
        self._call(self._listen())

    # -- faults ---------------------------------------------------------------

    def reset(self, *kinds):
        """Resets all live connections, or those of the given kinds."""
        self._call(self._reset(kinds))

    def refuse(self, *kinds):
        """Resets new connections of these kinds as soon as they speak."""
        self.refused = frozenset(kinds)

    def cut(self, *kinds):
        """Resets these kinds now and refuses them from now on."""
        self.refuse(*kinds)
        self.reset(*kinds)

    def swallow(self, *kinds):
        """Keeps these kinds open but passes nothing on any longer."""
        self.holes = frozenset(kinds)

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

    def open_port(self):
        self._call(self._listen())

    def heal(self):
        """Ends all faults; what was reset stays reset."""
        self.refused = self.holes = frozenset()
        self.delay_seconds = 0.0
        self._budget.clear()

    # -- what was seen --------------------------------------------------------

    def live(self, kind):
        """How many connections of a kind are open."""
        return sum(1 for one in list(self._live) if one.kind == kind)

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

    async def _reset(self, kinds):
        for one in list(self._live):
            if not kinds or one.kind in kinds:
                one.reset()

    async def _shutdown(self):
        await self._close_port()
        await self._reset(())
        tasks = [task for task in asyncio.all_tasks()
                 if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spend(self, kind, direction, count):
        """Counts bytes; false when they exceed the budget of `cut_after`."""
        self._bytes[kind, direction] += count
        left = self._budget.get((kind, direction))
        if left is None:
            return True
        if count >= left:
            del self._budget[kind, direction]
            return False
        self._budget[kind, direction] = left - count
        return True

    async def _accept(self, agent_reader, agent):
        one = _Connection(self, "?", agent, agent)
        try:
            first = await agent_reader.read(_CHUNK)
            one.kind = kind_of(first)
            if not first or one.kind in self.refused:
                one.reset()
                return
            node_reader, one.node = await asyncio.open_connection(
                "127.0.0.1", self.target_port, limit=_CHUNK)
        except OSError:
            one.reset()
            return
        for writer in (one.agent, one.node):
            writer.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._live.add(one)
        self._accepted[one.kind] += 1
        try:
            self._bytes[one.kind, "up"] += len(first)
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
