"""A DNS server on loopback."""

import socket
import struct
import threading


class DnsServer:
    """Names below ".test" have this address; nothing is said about others."""

    def __init__(self, names="127.0.0.1"):
        self.names = socket.inet_aton(names)
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
            answers = 1 if kind == 1 else 0
            reply = (packet[:2] + struct.pack("!HHHHH", 0x8180, 1, answers, 0,
                                              0) + packet[12:at + 5])
            if answers:
                reply += struct.pack("!HHHIH", 0xc00c, 1, 1, 1, 4) + self.names
            self.socket.sendto(reply, peer)

    def close(self):
        self.socket.close()
