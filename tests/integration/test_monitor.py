"""The monitor over gRPC, seen by Python programs with generated stubs."""

import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import grpc
from google.protobuf import (descriptor_pb2, descriptor_pool, json_format,
                             message_factory)

import monitor_client
from harness import (BIN, Case, Program, finished, free_port, main, merged,
                     scratch, wait_until, write_config)
from lab.testca import Authority
from monitor_client import Watcher, channel_to, shown
from wire import ask

TOKEN = "geheim-4711"
MIB = 1 << 20

STUBS = tempfile.mkdtemp(prefix="aps-stubs-")
monitor_client.make_stubs(STUBS)
stubs = monitor_client.use_stubs(STUBS)
pb, services = stubs


def tearDownModule():
    shutil.rmtree(STUBS, ignore_errors=True)


def listening(**more):
    return {"admin": {"grpc": {"port": free_port(), **more}}}


class Load:
    """Visitors on threads, until it is closed."""

    def __init__(self, port, visitors=4):
        self.port = port
        self.over = threading.Event()
        self.answers = 0
        self.threads = [threading.Thread(target=self._visit, daemon=True)
                        for _ in range(visitors)]
        for one in self.threads:
            one.start()

    def _visit(self):
        while not self.over.is_set():
            ask(self.port)
            self.answers += 1

    def close(self):
        self.over.set()
        for one in self.threads:
            one.join(60)


class MonitorCase(Case):
    config = None

    @property
    def node(self):
        return self.stack.node

    @property
    def grpc_port(self):
        return self.port_of(self.stack)

    @staticmethod
    def port_of(stack):
        return stack.config["admin"]["grpc"]["port"]

    def stub(self, port=None):
        channel = channel_to(port or self.grpc_port)
        self.addCleanup(channel.close)
        return services.MonitorStub(channel)

    def watch(self, port=None, **options):
        watcher = Watcher(stubs, port or self.grpc_port, **options)
        self.addCleanup(watcher.close)
        if not options.get("stall"):
            wait_until(lambda: watcher.events or watcher.error,
                       "the snapshot", 30)
        return watcher

    def get(self, path, node=None):
        status, body = (node or self.node).get(path)
        self.assertEqual(status, 200)
        return json.loads(body)

    def refused(self, call, *arguments, **options):
        """The status of a call that fails, and what is said of it."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=30, **options)
        return caught.exception.code(), caught.exception.details()

    def complete(self, events, start):
        """Every event after `start` is there or counted as missed."""
        serial = start
        for event in events:
            if event.HasField("missed"):
                serial += event.missed.count
            elif event.HasField("occurrence"):
                serial += 1
                self.assertEqual(event.occurrence.serial, serial)
        return serial

    def subscribers(self, node=None):
        return self.get("/.api/stats?connections=0", node)["events"][
            "subscribers"]


class Views(MonitorCase):
    """All calls show what the JSON API shows."""

    transport = "mix"
    config = listening()

    def test_a_snapshot_is_that_of_the_json_api(self):
        def both():
            told = self.stub().GetSnapshot(
                pb.SnapshotRequest(connections=True))
            stats = self.get("/.api/stats")
            tunnel, other = told.tunnels["tunnel1"], stats["tunnels"]["tunnel1"]
            shown_here = json_format.MessageToDict(
                tunnel.endpoints[0], preserving_proto_field_name=True,
                including_default_value_fields=True)
            return shown_here, other["endpoints"][0], told, stats
        here, there, told, stats = both()
        self.assertEqual(told.node.id, stats["node"]["id"])
        self.assertEqual(told.id, f"{told.node.id}-{told.serial}")
        self.assertEqual(set(told.limits), set(stats["limits"]))

        def same(x, y, path=""):
            """Each field of JSON is here; what stands still is the same."""
            if isinstance(y, dict):
                for key, value in y.items():
                    if value is None or (key in ("tunnel", "endpoint")
                                         and "pools" in path):
                        continue # a pool's place is told by where it stands
                    self.assertIn(key, x, path)
                    same(x[key], value, f"{path}.{key}")
            elif isinstance(y, list):
                self.assertEqual(len(x), len(y), path)
                for one, other in zip(x, y):
                    same(one, other, path)
            elif isinstance(y, (str, bool)):
                self.assertEqual(x, y, path)
        same(here, there)

    def test_parts_of_a_snapshot(self):
        stub = self.stub()
        plain = stub.GetSnapshot(pb.SnapshotRequest())
        pool = plain.tunnels["tunnel1"].endpoints[0].pools[0]
        self.assertEqual(len(pool.connections), 0)
        self.assertGreater(pool.size, 0)
        none = stub.GetSnapshot(pb.SnapshotRequest(search="nobody"))
        self.assertEqual(len(none.tunnels["tunnel1"].endpoints), 0)
        self.assertEqual(none.tunnels["tunnel1"].summary.endpoints, 1)
        self.assertEqual(
            self.refused(stub.GetSnapshot, pb.SnapshotRequest(tunnel="tunel1")),
            (grpc.StatusCode.INVALID_ARGUMENT,
             'there is no tunnel "tunel1"; do you mean tunnel1?; there are: '
             "tunnel1"))

    def test_exchanges(self):
        stub = self.stub()
        answer = ask(self.port)
        name = answer.header("Aps-Request-Id")
        record = finished(self.node, name)[0]
        told = stub.GetExchange(pb.GetExchangeRequest(id=name))
        shown_here = json_format.MessageToDict(
            told, preserving_proto_field_name=True)
        for key in ("id", "request_id", "state", "method", "host", "path",
                    "tunnel", "endpoint", "session", "connection", "transport",
                    "status", "outcome", "outcome_class"):
            self.assertEqual(shown_here[key], record[key], key)
        self.assertAlmostEqual(told.duration_ms, record["duration_ms"], 3)
        self.assertEqual(told.started_ms, record["started_ms"])
        self.assertEqual(told.mapping.to, record["mapping"]["to"])
        self.assertEqual(len(told.attempts), 1)
        self.assertFalse(told.HasField("tls"))
        listed = stub.ListExchanges(pb.ListExchangesRequest(outcome="ok",
                                                            limit=1))
        self.assertEqual(len(listed.finished), 1)
        self.assertGreaterEqual(listed.totals.started, 1)
        self.assertEqual(
            self.refused(stub.GetExchange, pb.GetExchangeRequest(id="x"))[0],
            grpc.StatusCode.NOT_FOUND)

    def test_explanations(self):
        stub = self.stub()
        url = "http://example.com/x"
        told = stub.Explain(pb.ExplainRequest(url=url))
        other = self.get(f"/.api/explain?url={url}")
        self.assertEqual(told.summary, other["summary"])
        self.assertEqual(told.candidates[0].why, other["candidates"][0]["why"])
        self.assertTrue(told.tunnels[0].endpoints[0].could_serve)
        self.assertEqual(
            stub.Explain(pb.ExplainRequest(url="http://b/")).status, 404)
        self.assertEqual(
            self.refused(stub.Explain, pb.ExplainRequest(url="x"))[0],
            grpc.StatusCode.INVALID_ARGUMENT)

    def test_each_field_has_a_comment(self):
        proto = monitor_client.ROOT / "proto/aps/admin/v1/admin.proto"
        before, bare = "", []
        for line in proto.read_text().splitlines():
            words = line.split()
            if line.endswith(";") and " = " in line and "//" not in line \
                    and words[0] not in ("syntax", "option") \
                    and not before.lstrip().startswith("//"):
                bare.append(line.strip())
            before = line
        self.assertEqual(bare, [])


class Acting(MonitorCase):
    def test_an_endpoint_is_drained_and_undrained(self):
        stack = self.build("mix", listening())
        stub = self.stub(self.port_of(stack))
        target = pb.Target(endpoint=pb.EndpointName(tunnel="tunnel1",
                                                    name="app1"))
        watcher = self.watch(self.port_of(stack))
        done = stub.Operate(pb.OperateRequest(drain=target))
        self.assertEqual((done.action, done.target),
                         ("drain", "endpoint tunnel1.app1"))
        self.assertGreater(done.count, 0)
        self.assertEqual(ask(stack.port).status, 503)
        stub.Operate(pb.OperateRequest(undrain=target))
        self.assertEqual(ask(stack.port).status, 200)
        wait_until(lambda: watcher.of("endpoint-undrained"), "the event")
        self.assertIn("from 127.0.0.1", watcher.of("endpoint-drained")[0].detail)

    def test_fallback_and_log(self):
        stack = self.build("mix", listening())
        stub = self.stub(self.port_of(stack))
        stub.Operate(pb.OperateRequest(fallback=pb.FallbackMode(
            tunnel="tunnel1", mode="websocket")))
        wait_until(lambda: stub.GetSnapshot(pb.SnapshotRequest()).tunnels[
            "tunnel1"].fallback_mode == "websocket", "the mode")
        done = stub.Operate(pb.OperateRequest(log=pb.LogLevel(
            level="debug", component="pool")))
        self.assertEqual(done.components["grpc-pool"], "debug")
        self.assertEqual(
            self.refused(stub.Operate, pb.OperateRequest(
                log=pb.LogLevel(level="loud")))[0],
            grpc.StatusCode.INVALID_ARGUMENT)

    def test_a_connection_that_is_cut_is_replaced(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        stub, watcher = self.stub(port), self.watch(port)
        pools = watcher.snapshot.tunnels["tunnel1"].endpoints[0].pools
        self.assertEqual(sum(len(pool.connections) for pool in pools), 0)
        snapshot = stub.GetSnapshot(pb.SnapshotRequest(connections=True))
        name = next(pool.connections[0].name for pool
                    in snapshot.tunnels["tunnel1"].endpoints[0].pools
                    if pool.connections)
        stub.Operate(pb.OperateRequest(fault=pb.Fault(connection=name,
                                                      kind="cut")))
        wait_until(lambda: watcher.of("connection-restarted"), "another one")
        kinds = [one.kind for one in watcher.occurrences]
        self.assertLess(kinds.index("fault-injected"),
                        kinds.index("connection-lost"))
        self.assertLess(kinds.index("connection-lost"),
                        kinds.index("connection-restarted"))


class Watching(MonitorCase):
    def same_as_json(self, stack, watcher, lines, start):
        """What both saw since `start`, in the same order."""
        seen = [one for one in watcher.occurrences if one.serial > start]
        read = [one for one in lines if one["serial"] > start]
        for here, there in zip(seen, read):
            self.assertEqual(here.id, f"{watcher.snapshot.node.id}-"
                                      f"{there['serial']}")
            for key in ("kind", "tunnel", "connection", "reason", "detail",
                        "text", "time_ms", "request_id", "mapping"):
                self.assertEqual(getattr(here, key), there[key], key)
        return len(seen), len(read)

    def test_under_load_and_faults_it_sees_what_the_event_stream_shows(self):
        from test_admin import Events
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        watcher = self.watch(port, kinds=["all"])
        stream = Events(stack.node.admin_port, "?kind=all&tunnels=0")
        self.addCleanup(stream.close)
        load = Load(stack.port)
        stub = self.stub(port)
        for _ in range(5):
            snapshot = stub.GetSnapshot(pb.SnapshotRequest(connections=True))
            for pool in snapshot.tunnels["tunnel1"].endpoints[0].pools:
                for connection in pool.connections[:1]:
                    try:
                        stub.Operate(pb.OperateRequest(fault=pb.Fault(
                            connection=connection.name, kind="cut")))
                    except grpc.RpcError as error: # it went by itself
                        self.assertEqual(error.code(),
                                         grpc.StatusCode.NOT_FOUND)
            time.sleep(0.2) # the load goes on meanwhile
        load.close()
        stub.Operate(pb.OperateRequest(log=pb.LogLevel(level="info")))
        wait_until(lambda: watcher.of("log-changed")
                   and stream.of("log-changed"), "the last event", 60)
        last = watcher.of("log-changed")[0].serial
        lines = [m["data"] for m in list(stream.messages)
                 if m["event"] == "event" and m["data"]["serial"] <= last]
        self.assertEqual(watcher.missed, 0)
        self.complete([e for e in list(watcher.events)
                       if e.occurrence.serial <= last],
                      watcher.snapshot.serial)
        here, there = self.same_as_json(stack, watcher, lines,
                                        lines[0]["serial"] - 1)
        self.assertGreaterEqual(here, there)
        self.assertGreater(there, 100)
        self.assertGreater(load.answers, 20)

    def test_a_filter_leaves_the_rest_out(self):
        stack = self.build("mix", listening())
        watcher = self.watch(self.port_of(stack), kinds=["exchange-finished"],
                             tunnel="tunnel1")
        for _ in range(3):
            ask(stack.port)
        wait_until(lambda: len(watcher.occurrences) == 3, "three events")
        self.assertEqual({one.kind for one in watcher.occurrences},
                         {"exchange-finished"})

    def test_64_watchers_see_the_same(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        all_of_them = [self.watch(port) for _ in range(64)]
        start = max(one.snapshot.serial for one in all_of_them)
        stub = self.stub(port)
        for level in ["debug", "info"] * 100:
            stub.Operate(pb.OperateRequest(log=pb.LogLevel(level=level)))
        wait_until(lambda: all(len(one.of("log-changed")) == 200
                               for one in all_of_them), "all events", 60)
        serials = [[e.serial for e in one.occurrences if e.serial > start]
                   for one in all_of_them]
        self.assertTrue(all(one[:200] == serials[0][:200] for one in serials))
        self.assertEqual(sum(one.missed for one in all_of_them), 0)

    def test_a_watcher_that_was_killed_goes_on_without_a_gap(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        folder = scratch(self)
        before = self.subscribers(stack.node)
        program = Program("watcher", [
            sys.executable, monitor_client.__file__, STUBS, port], folder)
        program.start()
        self.addCleanup(program.kill)
        wait_until(lambda: "snapshot" in program.log, "the watcher", 30)
        stub = self.stub(port)

        def change(times):
            for _ in range(times):
                stub.Operate(pb.OperateRequest(log=pb.LogLevel(level="info")))
        change(5)
        wait_until(lambda: program.log.count('"log-changed"') == 5, "five", 30)
        program.stop(signal.SIGKILL)
        wait_until(lambda: self.subscribers(stack.node) == before,
                   "the node to notice", 60)
        seen = [json.loads(line) for line in program.log.splitlines()
                if line.endswith("}")]
        last = seen[-1]["occurrence"]
        change(50)
        again = self.watch(port, after=last["id"])
        change(1)
        wait_until(lambda: len(again.of("log-changed")) == 51, "the rest", 30)
        self.assertEqual(again.missed, 0)
        self.assertEqual(again.snapshot.id, "")
        self.complete(again.events, int(last["serial"]))

    def test_who_was_away_too_long_is_told_how_much_is_lost(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        watcher = self.watch(port)
        start, after = watcher.snapshot.serial, watcher.last_id
        watcher.close()
        stub = self.stub(port)
        for _ in range(1500):
            stub.Operate(pb.OperateRequest(log=pb.LogLevel(level="info")))
        again = self.watch(port, after=after)
        wait_until(lambda: again.occurrences
                   and again.occurrences[-1].serial >= start + 1500,
                   "the last event", 60)
        self.assertGreaterEqual(again.missed, 1500 - 1024)
        self.complete(again.events, start)

    def test_requests_that_nobody_watched_are_told_as_missed(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        first = self.watch(port, kinds=["all"])
        other = self.watch(port, kinds=["all"])
        after = first.last_id
        start = int(after.rsplit("-", 1)[1])
        first.close()
        for _ in range(10):
            ask(stack.port)
        wait_until(lambda: len(other.of("exchange-finished")) == 10, "ten")
        again = self.watch(port, kinds=["all"], after=after)
        ask(stack.port)
        wait_until(lambda: again.of("exchange-finished"), "the news")
        self.assertGreaterEqual(again.missed, 40)
        self.complete(again.events, start)

    def test_a_node_that_was_killed_begins_anew(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        watcher = self.watch(port)
        stack.node.stop(signal.SIGKILL)
        wait_until(lambda: watcher.error, "the end of the watch", 30)
        self.assertEqual(watcher.error.code(), grpc.StatusCode.UNAVAILABLE)
        stack.start_node()
        again = self.watch(port, after=watcher.last_id)
        wait_until(lambda: again.of("tunnel-added"), "the beginning")
        self.assertNotEqual(again.snapshot.node.id, watcher.snapshot.node.id)
        self.complete(again.events, 0)

    def test_a_reader_that_stalls_costs_little_and_is_told(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)

        def load():
            """Many events, and as many for each run."""
            busy = Load(stack.port, 8)
            wait_until(lambda: busy.answers > 4000, "the load", 120)
            busy.close()
        # A reader that reads has the node make and send the same events.
        quick = self.watch(port, kinds=["all"])
        load()
        load()
        before = stack.node.memory("VmRSS")
        slow = [self.watch(port, kinds=["all"], stall=True) for _ in range(32)]
        wait_until(lambda: self.subscribers(stack.node) >= 33 + 1,
                   "the slow ones", 30)
        load()
        grown = stack.node.memory("VmRSS") - before
        print(f"32 readers that stall cost {grown / MIB:.1f} MiB")
        self.assert_memory(grown, 32 * MIB)
        for one in slow:
            one.read_on()
        stub = self.stub(port)
        self.seen = {}

        def told(reader):
            """Who still lags behind may miss this one as well."""
            self.assertIsNone(reader.error)
            count = len(reader.events)
            if reader.of("log-changed"):
                return True
            if self.seen.get(reader) == count:
                stub.Operate(pb.OperateRequest(log=pb.LogLevel(level="info")))
            self.seen[reader] = count
            return False
        for one in slow:
            wait_until(lambda: told(one), "what is left", 60)
            self.assertGreater(one.missed, 0)
            last = one.of("log-changed")[0].serial
            self.complete([e for e in list(one.events)
                           if e.occurrence.serial <= last],
                          one.snapshot.serial)
        self.assertGreater(len(quick.events), 1000)

    def test_a_watch_ends_with_the_node(self):
        stack = self.build("mix", listening())
        port = self.port_of(stack)
        watcher = self.watch(port)
        stalled = self.watch(port, kinds=["all"], stall=True)
        self.assertIsNone(stalled.error)
        start = time.monotonic()
        self.assertEqual(stack.node.stop(), 0)
        took = time.monotonic() - start
        wait_until(lambda: watcher.error, "the end", 30)
        self.assertEqual(watcher.error.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(watcher.error.details(), "the node stops")
        self.assertTrue(watcher.of("node-draining"))
        self.assertLess(took, 60)


class Health(MonitorCase):
    def test_it_follows_readiness(self):
        from health.v1 import health_pb2, health_pb2_grpc
        stack = self.build("mix", listening())
        channel = channel_to(self.port_of(stack))
        self.addCleanup(channel.close)
        stub = health_pb2_grpc.HealthStub(channel)
        words = health_pb2.HealthCheckResponse

        def check(service=""):
            return stub.Check(
                health_pb2.HealthCheckRequest(service=service)).status
        wait_until(lambda: check() == words.SERVING, "readiness", 30)
        self.assertEqual(check("aps.admin.v1.Monitor"), words.SERVING)
        seen = []
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        reading = threading.Thread(
            target=lambda: self.collect(watch, seen), daemon=True)
        reading.start()
        wait_until(lambda: seen, "the first word")
        stack.agent.stop(signal.SIGKILL)
        wait_until(lambda: stack.node.get("/.api/ready")[0] == 503, "the loss")
        wait_until(lambda: check() == words.NOT_SERVING, "the word", 30)
        stack.start_agent()
        wait_until(lambda: check() == words.SERVING, "the return", 30)
        wait_until(lambda: len(seen) >= 3, "the words")
        self.assertEqual([one.status for one in seen[:3]],
                         [words.SERVING, words.NOT_SERVING, words.SERVING])
        watch.cancel()
        reading.join(10)

    @staticmethod
    def collect(call, to):
        try:
            for one in call:
                to.append(one)
        except grpc.RpcError:
            pass


class Reflection(MonitorCase):
    """A client that knows nothing but the address."""

    transport = "mix"
    config = listening()

    def ask(self, **request):
        from reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
        channel = channel_to(self.grpc_port)
        self.addCleanup(channel.close)
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        return next(stub.ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(**request)])))

    def test_it_finds_the_service_and_calls_it(self):
        listed = self.ask(list_services="")
        names = {one.name for one in listed.list_services_response.service}
        self.assertLessEqual({"aps.admin.v1.Monitor", "grpc.health.v1.Health",
                              "grpc.reflection.v1alpha.ServerReflection"},
                             names)
        found = self.ask(file_containing_symbol="aps.admin.v1.Monitor")
        pool = descriptor_pool.DescriptorPool()
        for blob in found.file_descriptor_response.file_descriptor_proto:
            pool.Add(descriptor_pb2.FileDescriptorProto.FromString(blob))
        method = pool.FindServiceByName(
            "aps.admin.v1.Monitor").FindMethodByName("GetSnapshot")
        factory = message_factory.MessageFactory(pool)
        request = factory.GetPrototype(method.input_type)
        answer = factory.GetPrototype(method.output_type)
        channel = channel_to(self.grpc_port)
        self.addCleanup(channel.close)
        call = channel.unary_unary(
            "/aps.admin.v1.Monitor/GetSnapshot", request.SerializeToString,
            answer.FromString)
        snapshot = call(request(), timeout=30)
        self.assertIn("tunnel1", snapshot.tunnels)

    def test_many_at_once_harm_nobody(self):
        from reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
        over = threading.Event()

        def questions():
            yield reflection_pb2.ServerReflectionRequest(list_services="")
            over.wait(60)
        calls = []
        for _ in range(64):
            channel = channel_to(self.grpc_port)
            self.addCleanup(channel.close)
            calls.append(reflection_pb2_grpc.ServerReflectionStub(channel)
                         .ServerReflectionInfo(questions()))
        try:
            for _ in range(20):
                self.stub().GetSnapshot(pb.SnapshotRequest(), timeout=30)
            threads = len(os.listdir(f"/proc/{self.node.pid}/task"))
            self.assertLess(threads, 64)
        finally:
            over.set()
            for call in calls:
                call.cancel()


class Access(MonitorCase):
    def test_the_token_is_that_of_the_admin_listener(self):
        stack = self.build("mix", merged(listening(),
                                         {"admin": {"token": TOKEN}}),
                           agent=False)
        port = self.port_of(stack)
        stub = self.stub(port)
        code = grpc.StatusCode.UNAUTHENTICATED
        calls = [(stub.GetSnapshot, pb.SnapshotRequest()),
                 (stub.GetExchange, pb.GetExchangeRequest(id="1")),
                 (stub.ListExchanges, pb.ListExchangesRequest()),
                 (stub.Explain, pb.ExplainRequest(url="http://a")),
                 (stub.Operate, pb.OperateRequest(
                     log=pb.LogLevel(level="off"))),
                 (stub.Operate, pb.OperateRequest())]
        for call, request in calls:
            self.assertEqual(self.refused(call, request),
                             (code, "a token is needed: authorization: Bearer "
                                    "TOKEN"))
        self.assertEqual(
            self.refused(stub.GetSnapshot, pb.SnapshotRequest(),
                         metadata=shown("geraten")),
            (code, "the token is wrong"))
        for token in (None, "geraten"):
            refused = self.watch(port, token=token)
            self.assertEqual(refused.error.code(), code)
            self.assertEqual(refused.events, [])
        told = stub.GetSnapshot(pb.SnapshotRequest(), metadata=shown(TOKEN))
        self.assertIn("tunnel1", told.tunnels)
        watcher = self.watch(port, token=TOKEN)
        self.assertIsNone(watcher.error)
        # The admin's log tells of the refusals, in the same words.
        wait_until(lambda: "Refused gRPC Watch: the token is wrong (from "
                           "127.0.0.1)" in stack.node.log, "the log")
        self.assertNotIn(TOKEN, stack.node.log)
        self.assertNotIn("geraten", stack.node.log)

    def test_health_needs_none(self):
        from health.v1 import health_pb2, health_pb2_grpc
        stack = self.build("mix", merged(listening(),
                                         {"admin": {"token": TOKEN}}),
                           agent=False)
        channel = channel_to(self.port_of(stack))
        self.addCleanup(channel.close)
        health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=30)

    def test_guesses_are_slowed(self):
        stack = self.build("mix", merged(listening(),
                                         {"admin": {"token": TOKEN}}),
                           agent=False)
        stub = self.stub(self.port_of(stack))

        def guess(number):
            return self.refused(stub.GetSnapshot, pb.SnapshotRequest(),
                                metadata=shown(f"geraten-{number}"))[0]
        codes = [guess(number) for number in range(50)]
        self.assertEqual(codes[0], grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(codes[-1], grpc.StatusCode.RESOURCE_EXHAUSTED)


class Secured(MonitorCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="aps-ca-")
        cls.ca = Authority(cls.folder)
        cls.node_pair = cls.ca.issue("node", ["localhost", "127.0.0.1"])
        cls.own_pair = cls.ca.issue("operator", client=True)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def tls(self, **more):
        return listening(tls={"cert": str(self.node_pair.cert),
                              "key": str(self.node_pair.key), **more})

    def trust(self, pair=None):
        root = pathlib.Path(self.ca.cert).read_bytes()
        return grpc.ssl_channel_credentials(
            root, *([pathlib.Path(pair.key).read_bytes(),
                     pathlib.Path(pair.cert).read_bytes()] if pair else []))

    def ask(self, stack, credentials):
        channel = channel_to(self.port_of(stack), credentials)
        self.addCleanup(channel.close)
        return services.MonitorStub(channel).GetSnapshot(pb.SnapshotRequest(),
                                                         timeout=10)

    def test_who_speaks_plain_is_not_heard(self):
        stack = self.build("mix", self.tls(), agent=False)
        self.assertIn("tunnel1", self.ask(stack, self.trust()).tunnels)
        with self.assertRaises(grpc.RpcError):
            self.ask(stack, None)

    def test_a_certificate_of_the_authority_is_needed(self):
        stack = self.build("mix", self.tls(client_ca=str(self.ca.cert)),
                           agent=False)
        self.assertIn("tunnel1",
                      self.ask(stack, self.trust(self.own_pair)).tunnels)
        with self.assertRaises(grpc.RpcError):
            self.ask(stack, self.trust())


    def test_new_certificates_are_served_without_a_restart(self):
        pair = self.ca.issue("renewed", ["localhost", "127.0.0.1"])
        stack = self.build("mix", listening(tls={"cert": str(pair.cert),
                                                 "key": str(pair.key)}),
                           agent=False)
        def served():
            return ssl.get_server_certificate(
                ("127.0.0.1", self.port_of(stack)))
        before = served()
        self.ca.issue("renewed", ["localhost", "127.0.0.1"])
        wait_until(lambda: served() != before, "the new certificate")
        self.assertIn("tunnel1", self.ask(stack, self.trust()).tunnels)


class Starting(MonitorCase):
    def check(self, changes, *flags):
        config = {"servers": {"main": free_port()},
                  "admin": {"port": free_port(), **changes}}
        file = write_config(scratch(self), config)
        done = subprocess.run([BIN / "aps", "-config", file, *flags],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    def test_beyond_this_host_it_takes_token_and_tls(self):
        code, told = self.check({"grpc": {"host": "0.0.0.0"}}, "-check")
        self.assertEqual(code, 1)
        for key in ("$.admin.token", "$.admin.grpc.tls"):
            self.assertRegex(told, rf"{key.replace('$', '[$]')}: found nothing.*"
                                   "0.0.0.0 is not a loopback address")
        code, told = self.check({"grpc": {"tls": {"cert": "c.pem",
                                                  "key": "k.pem"}}}, "-check")
        self.assertEqual(code, 1)
        self.assertRegex(told, r"[$][.]admin[.]grpc[.]tls[.]cert: found /.*c[.]pem")

    def test_a_port_in_use_ends_the_start(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, told = self.check({"grpc": {"port": port}})
        self.assertEqual(code, 1)
        self.assertIn(f"$.admin.grpc: cannot listen on 127.0.0.1:{port}: "
                      "Address already in use", told)

    def test_a_program_without_its_module_says_so(self):
        folder = scratch(self)
        shutil.copy(BIN / "aps", folder)
        file = write_config(folder, {"servers": {"main": free_port()},
                                     "admin": {"port": free_port(),
                                               "grpc": {"port": 0}}})
        done = subprocess.run([folder / "aps", "-config", file],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "[$][.]admin[.]grpc: the part of this "
                         "program that speaks gRPC cannot be loaded: .*aps_grpc")

    def test_another_port_takes_a_restart(self):
        stack = self.build("mix", listening(), agent=False)
        other = merged(stack.config, listening())
        stack.node.config_file.write_text(json.dumps(other))
        stack.node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "these take a restart: admin.grpc.port"
                   in stack.node.log, "the reload")
        self.assertIn("tunnel1", self.stub(self.port_of(stack)).GetSnapshot(
            pb.SnapshotRequest()).tunnels)

    def test_it_costs_no_thread_while_it_is_off(self):
        off = self.build("mix", agent=False)
        on = self.build("mix", listening(), agent=False)

        def threads(stack):
            return len(os.listdir(f"/proc/{stack.node.pid}/task"))
        self.stub(self.port_of(on)).GetSnapshot(pb.SnapshotRequest())
        self.assertLess(threads(off), threads(on))
        print(f"threads off {threads(off)}, on {threads(on)}; RSS off "
              f"{off.node.memory('VmRSS') / MIB:.1f}, on "
              f"{on.node.memory('VmRSS') / MIB:.1f} MiB")


if __name__ == "__main__":
    main()
