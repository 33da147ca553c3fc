"""Many agents that are there and do nothing."""

import selectors
import threading

from tunnel_peer import Peer, Refused, frame, frames, number


class Swarm(threading.Thread):
    """Connections at rest; answers pings until it is stopped."""

    def __init__(self):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        self.fresh, self.lost, self.pings, self.over = [], 0, 0, False

    def add(self, peer):
        self.fresh.append(peer)

    def run(self):
        while not self.over:
            while self.fresh:
                peer = self.fresh.pop()
                self.selector.register(peer.socket, selectors.EVENT_READ, peer)
                # What came together with its welcome.
                self.answer(peer, peer.waiting)
                if peer.rest:
                    self.serve(peer)
            for key, _ in self.selector.select(0.05):
                self.serve(key.data)

    def stop(self):
        """Ends all of them."""
        self.over = True
        self.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def serve(self, peer):
        try:
            opcode, payload = peer.message()
            while True:
                if opcode == 9:
                    peer.send(payload, 10)
                if opcode == 2:
                    self.answer(peer, frames(payload))
                if not peer.rest:
                    return
                opcode, payload = peer.message()
        except OSError:
            self.lost += 1
            self.selector.unregister(peer.socket)
            peer.socket.close()

    def answer(self, peer, found):
        for _, kind, fields in found:
            if kind == "ping":
                self.pings += 1
                peer.send(frame("pong", number(1, fields.get(1, 0))))


def joined(node, **who):
    """A busy machine may take longer than the node has patience."""
    for _ in range(10):
        peer = Peer(node.port, timeout=30, **who)
        try:
            return peer.join()
        except Refused:
            peer.close()
    raise RuntimeError(f"nobody gets in: {who['endpoint']}")
