"""A program that watches a node over gRPC, as one in any language would: with
stubs made from proto/ by protoc. As a script it prints what it sees, a JSON
object per line: monitor_client.py FOLDER PORT [AFTER]."""

import collections
import json
import pathlib
import subprocess
import sys
import threading

import grpc
from google.protobuf.json_format import MessageToDict

ROOT = pathlib.Path(__file__).resolve().parents[2]
GRPC_PROTO = pathlib.Path("/usr/share/grpc-proto/grpc") # Debian's grpc-proto


def make_stubs(folder):
    """Generated Python for the monitor, health checks and reflection."""
    subprocess.run(
        ["protoc", f"--python_out={folder}", f"--grpc_out={folder}",
         "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin",
         f"-I{ROOT / 'proto'}", f"-I{GRPC_PROTO}",
         "aps/admin/v1/admin.proto", "health/v1/health.proto",
         "reflection/v1alpha/reflection.proto"], check=True)


def use_stubs(folder):
    """The modules admin_pb2 and admin_pb2_grpc."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    from aps.admin.v1 import admin_pb2, admin_pb2_grpc
    return admin_pb2, admin_pb2_grpc


def channel_to(port, credentials=None, host="127.0.0.1"):
    """A connection of its own, that finds a node again quickly."""
    options = [("grpc.use_local_subchannel_pool", 1),
               ("grpc.max_reconnect_backoff_ms", 500)]
    address = f"{host}:{port}"
    if credentials:
        return grpc.secure_channel(address, credentials, options)
    return grpc.insecure_channel(address, options)


def shown(token):
    return [("authorization", f"Bearer {token}")] if token else None


class Watcher:
    """Reads a watch on a thread of its own, unless told to `stall`."""

    def __init__(self, stubs, port, token=None, after="", kinds=(), tunnel="",
                 stall=False):
        pb, services = stubs
        self.events = []
        self.by_kind = collections.defaultdict(list) # occurrences
        self.error = None
        self.channel = channel_to(port)
        request = pb.WatchRequest(
            filter=pb.EventFilter(kinds=kinds, tunnel=tunnel), after=after)
        self.call = services.MonitorStub(self.channel).Watch(
            request, metadata=shown(token))
        self.thread = threading.Thread(target=self._read, daemon=True)
        if not stall:
            self.thread.start()

    def read_on(self):
        self.thread.start()

    def _read(self):
        try:
            for event in self.call:
                self.events.append(event)
                if event.HasField("occurrence"):
                    self.by_kind[event.occurrence.kind].append(
                        event.occurrence)
        except grpc.RpcError as error:
            self.error = error

    @property
    def snapshot(self):
        return self.events[0].snapshot

    @property
    def occurrences(self):
        return [event.occurrence for event in list(self.events)
                if event.HasField("occurrence")]

    @property
    def missed(self):
        return sum(event.missed.count for event in list(self.events))

    @property
    def last_id(self):
        seen = self.occurrences
        return seen[-1].id if seen else self.snapshot.id

    def of(self, kind):
        return list(self.by_kind.get(kind, ()))

    def close(self):
        self.call.cancel()
        if self.thread.ident:
            self.thread.join(20)
        self.channel.close()


def main():
    folder, port, *after = sys.argv[1:]
    pb, services = use_stubs(folder)
    request = pb.WatchRequest(after=after[0] if after else "")
    for event in services.MonitorStub(channel_to(int(port))).Watch(request):
        print(json.dumps(MessageToDict(event,
                                       preserving_proto_field_name=True)),
              flush=True)


if __name__ == "__main__":
    main()
