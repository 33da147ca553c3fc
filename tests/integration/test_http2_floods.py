"""HTTP/2 floods of visitors and agents: how soon the node ends them, what they
cost, and what honest visitors notice. APS_FULL=1: for longer."""

import collections
import itertools
import pathlib
import time

import pattern
from certified import Certified
from flooders import FLOODS, ROLES, TARGET, Flooders, Job
from guessers import Crowd
from harness import FULL, TIME_SCALE, free_port, main, wait_until
from origin import Origin
from siege import percentile
from wire import HOST, Visitor

SECONDS = 2 if FULL else 0.15  # for each row of the matrix
SAMPLES = 1000 if FULL else 300
TUNNEL = {"via": {"tunnels": ["tunnel1"]}}
VISITORS = 4
GROWTH = 2 << 20
NOISE = 0.005 * TIME_SCALE
# Of what comes behind the farewell 64 KiB are dropped unseen
# (transports/http2/h2_connection.cpp), and what is read by then.
DROPPED = 2 * 64 * 1024


class Secure(Visitor):
    """The same over TLS."""

    def __init__(self, port, context, **options):
        super().__init__(port, **options)
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_hostname=HOST)
        self.file = self.socket.makefile("rb", 256 * 1024)


Row = collections.namedtuple("Row", "job ending grown requests")


class Floods(Certified):
    """Each flood of flooders.py, of visitors and of agents that prove nothing,
    read or not, with and without TLS, beside honest visitors of HTTP/1.1.

    How many frames may come until the connection ends is said there, by the
    product's limits. Those that it takes are counted: none is sent before the
    others are read, so that no buffer of the kernel has a part in it. What was
    read may be looked at a batch or two later, which is the margin, beside one
    for the last batch. Others come as fast as can be, one behind the other;
    of those the requests are counted, by the node.

    Memory is the peak over what was resident before. Each flood has a node of
    its own, as what others left of its heap would hide what it takes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.flooders = Flooders(str(cls.ca.cert))
        cls.calm_times = []

    @classmethod
    def tearDownClass(cls):
        cls.flooders.close()
        super().tearDownClass()

    def start(self):
        origin, secure = Origin(remember=False), free_port()
        self.node = self.build("mix", origin=origin, config={
            "servers": {"secure": {"host": "127.0.0.1", "port": secure,
                                   "tls": self.tls()}},
            "tunnels": {"tunnel1": {"servers": ["main", "secure"]}},
            "limits": {"trusted": ["127.0.0.0/8"]},
            "mappings": [{"from": f"{scheme}://{host}", "to": to, **TUNNEL}
                         for scheme in ("http", "https")
                         for host, to in ((HOST, origin.url),
                                          (TARGET, self.flooders.target))],
        }).node
        self.ports = (self.node.port, secure)

    def honest(self):
        """Visitors, half of them over TLS; `self.times` gets their times."""
        self.times, self.asked = [], []
        context = self.context()

        def visit(number):
            options = {"source": "127.0.0.9", "timeout": 60}
            visitor = (Secure(self.ports[1], context, **options) if number % 2
                       else Visitor(self.ports[0], **options))
            with visitor:
                for size in range(100):
                    start = time.monotonic()
                    answer = visitor.get(f"/bytes/{size}")
                    self.times.append(time.monotonic() - start)
                    self.asked.append(size)
                    assert (answer.status, answer.body) == \
                        (200, pattern.data(size)), answer
                    time.sleep(0.01)
        return Crowd(visit, VISITORS)

    def calm(self):
        self.times = times = []
        wait_until(lambda: len(times) >= SAMPLES, "honest traffic", 60)
        self.calm_times += times

    def peak(self, work):
        """How much the node grew meanwhile, at most; and the result."""
        before = self.node.memory("VmRSS")
        pathlib.Path(f"/proc/{self.node.pid}/clear_refs").write_text("5")
        result = work()
        return self.node.memory("VmHWM") - before, result

    def requests(self):
        """Of floods, give or take those of honest visitors under way."""
        return self.node.stats()["exchanges"]["started"] - len(self.asked)

    def at_rest(self):
        return self.node.stats()["exchanges"]["live"] <= VISITORS

    def flood(self, job, is_burst):
        """How one connection ended, and what it cost."""
        wait_until(self.at_rest, "the end of what came before")
        before = self.requests()
        grown, ending = self.peak(lambda: self.flooders.flood(
            job, is_burst, self.ports[job.secure]))
        return Row(job, ending, grown, self.requests() - before)

    def rows(self, job):
        yield (counted := self.flood(job, False))
        over = time.monotonic() + SECONDS
        while not counted.ending.wrong and time.monotonic() < over:
            yield self.flood(job, True)

    def check(self, rows):
        """Of one job."""
        job, counted = rows[0].job, rows[0].ending
        flood, bound = FLOODS[job.flood], job.bound
        seconds = max(row.ending.seconds for row in rows)
        most = bound.frames + bound.per_second * seconds
        with self.subTest(job=str(job)):
            self.assertEqual({row.ending.wrong for row in rows}, {""})
            self.assertLessEqual(counted.frames,
                                 most + 3 * flood.step * flood.frames)
            self.assertLessEqual(counted.rest, DROPPED)
        with self.subTest(job=str(job), requests=len(rows)):
            self.assertLessEqual(max(row.requests for row in rows),
                                 most / flood.frames + 1 + 2 * VISITORS)
        with self.subTest(job=str(job), memory=len(rows)):
            self.assert_memory(max(row.grown for row in rows), GROWTH)

    def all_of(self, flood):
        self.start()
        crowd = self.honest()
        self.calm()
        self.times = beside = []
        rows = []
        for place in itertools.product(ROLES, (False, True), (False, True)):
            job = list(self.rows(Job(flood, *place)))
            self.check(job)
            rows += job
        self.assertEqual(crowd.close(), [])
        self.judge(flood, rows, beside)

    def judge(self, flood, rows, beside):
        """What honest visitors noticed, and lines for the log."""
        usual = percentile(self.calm_times, 0.99)
        hot = percentile(beside, 0.99)
        for role in ROLES:
            of = [row for row in rows if row.job.role == role]
            print(f"{flood}, {role}: {max(row.ending.frames for row in of)} "
                  f"frames, {max(row.ending.rest for row in of)} bytes "
                  f"dropped, {max(row.requests for row in of)} requests, "
                  f"{max(row.grown for row in of) >> 10} KiB more")
        print(f"{flood}: {len(rows)} connections, {len(beside)} honest "
              f"requests, p99 {hot * 1000:.1f} ms, {hot / usual:.1f} times "
              "the calm one", flush=True)
        if FULL: # a time, which other work of the machine changes
            self.assertLessEqual(hot, 3 * max(usual, NOISE))


for name in FLOODS:
    setattr(Floods, f"test_{name.replace(' ', '_')}",
            lambda self, name=name: self.all_of(name))


if __name__ == "__main__":
    main()
