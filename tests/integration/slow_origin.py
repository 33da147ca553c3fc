#!/usr/bin/env python3
"""A target for thousands of slow requests at once, in a process of its own.

/slow/SECONDS answers after that time, and not before a hold ends; everything
below /control/ steers and reads it. Runs by itself: slow_origin.py --port N."""

import argparse
import asyncio
import collections
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from lab.processes import Program, free_port, listening, wait_until


class Target:
    """What all connections share."""

    def __init__(self):
        self.now = self.peak = self.total = 0
        self.executions = collections.Counter()
        self.held = None  # while holding: the requests that wait for it

    def control(self, what):
        if what == "hold":
            self.held = self.held or set()
        elif what == "release":
            held, self.held = self.held or set(), None
            for one in held:
                one.answer()
        elif what == "forget":
            self.peak, self.total = self.now, 0
            self.executions.clear()
        elif what == "executions":
            return self.executions
        return {"now": self.now, "peak": self.peak, "total": self.total}


class Conversation(asyncio.Protocol):
    """One connection; a request at a time, as agents do it."""

    def __init__(self, target):
        self.target = target
        self.buffer = b""
        self.busy = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        self.look_for_request()

    def connection_lost(self, error):
        if self.busy:
            self.busy = False
            self.target.now -= 1
            if self.target.held:
                self.target.held.discard(self)

    def look_for_request(self):
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if self.busy or not end:
            return
        self.buffer = rest
        first, *lines = head.decode("latin-1").split("\r\n")
        _, place, argument = first.split(" ")[1].split("/", 2)
        if place == "control":
            return self.reply(json.dumps(self.target.control(argument)))
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in lines)}
        self.start(fields.get("x-request-id", ""), float(argument))

    def start(self, name, seconds):
        target = self.target
        self.busy, self.name = True, name
        target.executions[name] += 1
        target.total += 1
        target.now += 1
        target.peak = max(target.peak, target.now)
        asyncio.get_running_loop().call_later(seconds, self.due)

    def due(self):
        if self.target.held is None:
            self.answer()
        else:
            self.target.held.add(self)

    def answer(self):
        if not self.busy:
            return  # the peer went away
        self.busy = False
        self.target.now -= 1
        self.reply(self.name)
        self.look_for_request()

    def reply(self, text):
        body = text.encode()
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body))


async def serve(port):
    target = Target()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(target),
                                      "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


class SlowOrigin(Program):
    """The test's side of it; takes the place of an `Origin` in a `Stack`."""

    def __init__(self):
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="aps-origin-")
        super().__init__("slow-origin", [sys.executable, __file__, "--port",
                                         self.port], self.folder)
        self.start()
        wait_until(lambda: listening(self.port), "the slow origin")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def control(self, what="look"):
        from wire import ask
        return json.loads(ask(self.port, f"/control/{what}").body)

    @property
    def now(self):
        """How many requests run here."""
        return self.control()["now"]

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
