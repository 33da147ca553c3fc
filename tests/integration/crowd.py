"""Many visitors at once on one thread."""

import asyncio
import collections
import dataclasses
import threading
import time

from harness import TIME_SCALE
from wire import HOST

# Far beyond every deadline of a test: without an answer by then it hangs.
PATIENCE = 60


@dataclasses.dataclass
class Answer:
    name: str
    status: int = 0  # 0 = none came
    headers: dict = dataclasses.field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def outcome(self):
        return self.headers.get("aps-outcome", "")

    @property
    def what(self):
        """One word for a table of answers."""
        return f"{self.status or self.error} {self.outcome}".strip()


class Visitor:
    """One keep-alive connection to the node."""

    def __init__(self, port, source=None):
        self.port = port
        self.source = (source, 0) if source else None
        self.writer = None

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=self.source)

    async def ask(self, name, path, host=HOST, method="GET", headers=()):
        answer = Answer(name)
        started = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE * TIME_SCALE):
                await self._ask(answer, path, host, method, headers)
        except TimeoutError:
            answer.error = "hangs"
        except (OSError, EOFError, ValueError) as error:
            answer.error = repr(error)
        if answer.error:
            answer.status = 0
            self.close()
        answer.seconds = time.monotonic() - started
        return answer

    async def _ask(self, answer, path, host, method, headers):
        if not self.writer:
            await self.connect()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}",
                 f"X-Request-Id: {answer.name}",
                 *(f"{key}: {value}" for key, value in headers)]
        if method == "POST":
            lines.append("Content-Length: 0")
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *fields = head.split("\r\n")[:-2]
        answer.headers = {key.lower(): value.strip() for key, _, value in
                          (field.partition(":") for field in fields)}
        length = int(answer.headers["content-length"])
        answer.body = (await self.reader.readexactly(length)).decode()
        answer.status = int(first.split(" ")[1])
        if answer.headers.get("connection", "").lower() == "close":
            self.close()

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None


class Thread:
    """A coroutine on a thread of its own."""

    def __init__(self):
        self.answers = []
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self.main()), daemon=True)
        self.thread.start()

    def table(self):
        """How often each kind of answer came."""
        return dict(collections.Counter(one.what for one in self.answers))

    def join(self):
        self.thread.join()
        return self.answers


class Crowd(Thread):
    """`count` visitors with one request each, all sent at the same moment."""

    def __init__(self, port, count, path="/slow/1", name="crowd", host=HOST,
                 headers=lambda number: (), source=lambda number: None):
        self.port, self.count, self.path = port, count, path
        self.name, self.host = name, host
        self.headers, self.source = headers, source
        super().__init__()

    async def main(self):
        visitors = [Visitor(self.port, self.source(number))
                    for number in range(self.count)]
        for start in range(0, self.count, 100):
            await asyncio.gather(*(one.connect() for one in
                                   visitors[start:start + 100]))
        await asyncio.gather(*(self.visit(*one)
                               for one in enumerate(visitors)))

    async def visit(self, number, visitor):
        self.answers.append(await visitor.ask(
            f"{self.name}-{number}", self.path, self.host,
            headers=self.headers(number)))
        visitor.close()


class Load(Thread):
    """Visitors that go on asking, by GET and by POST, until `stop`."""

    def __init__(self, port, visitors=20, path="/slow/0.1", name="load",
                 methods=("GET", "POST")):
        self.port, self.visitors, self.path = port, visitors, path
        self.name, self.methods = name, methods
        self.done = threading.Event()
        super().__init__()

    async def main(self):
        await asyncio.gather(*(self.visit(i) for i in range(self.visitors)))

    async def visit(self, number):
        visitor = Visitor(self.port)
        method = self.methods[number % len(self.methods)]
        count = 0
        while not self.done.is_set():
            answer = await visitor.ask(f"{self.name}-{number}-{count}",
                                       self.path, method=method)
            self.answers.append(answer)
            count += 1
            if answer.status != 200:  # an error at once is no busy loop
                await asyncio.sleep(0.02)
        visitor.close()

    def answered(self, known):
        """How many visitors had an answer behind the first `known`."""
        return len({one.name.split("-")[1] for one in self.answers[known:]})

    def stop(self):
        self.done.set()
        return self.join()
