"""A DNS server on loopback."""

import socket
import struct
import threading


class DnsServer:
    """Names below ".test" have this address; nothing is said about others.
    `addresses` has lists of them for names of their own ("a.test"), which may
    change. Nobody shall keep an answer for longer than `seconds`."""

    def __init__(self, names="127.0.0.1", addresses=None, seconds=1):
        self.names = names
        self.addresses = addresses or {}
        self.seconds = seconds
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.silent = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                packet, peer = self.socket.recvfrom(512)
            except OSError:
                return
            name, at = "", 12
            while packet[at]:
                size = packet[at]
                name += packet[at + 1:at + 1 + size].decode() + "."
                at += size + 1
            kind = packet[at + 2]
            if not name.endswith(".test."):
                self.silent.add(name)
                continue
            self.asked.append(name[:-1])
            family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
            found = [socket.inet_pton(family, each)
                     for each in self.addresses.get(name[:-1], [self.names])
                     if family == (socket.AF_INET6 if ":" in each
                                   else socket.AF_INET)]
            reply = (packet[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found),
                                              0, 0) + packet[12:at + 5])
            for each in found:
                reply += struct.pack("!HHHIH", 0xc00c, kind, 1, self.seconds,
                                     len(each)) + each
            self.socket.sendto(reply, peer)

    def close(self):
        self.socket.close()
