"""A node and agents, started from the real programs."""

import collections
import copy
import http.client
import json
import pathlib

from .processes import Program, free_port, listening, wait_until

PASSWORD = "test123"

# The pools that an agent's -transport fills.
_POOLS = {"grpc": ("grpc",), "ws": ("websocket",), "poll": ("poll",),
          "mix": ("grpc", "websocket")}


def merged(base, changes):
    """`base` with `changes` on top, key by key."""
    result = copy.deepcopy(base)
    for key, value in (changes or {}).items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def node_config(target, changes=None):
    """One server and one tunnel on loopback; http://example.com -> target."""
    base = {
        "servers": {"main": {"host": "127.0.0.1", "port": free_port()}},
        "tunnels": {"tunnel1": {"servers": ["main"], "password": PASSWORD}},
        "mappings": [{"from": "http://example.com", "to": target,
                      "via": {"tunnels": ["tunnel1"]}}],
        "admin": {"host": "127.0.0.1", "port": free_port()},
    }
    return merged(base, changes)


def with_tls_for_agents(config, pair):
    """The same, but agents dial in at a server of their own, over TLS."""
    server = {"host": "127.0.0.1", "port": free_port(),
              "tls": {"cert": str(pair.cert), "key": str(pair.key)}}
    return merged(config, {
        "servers": {"agents": server},
        "tunnels": {name: {"servers": ["agents"]}
                    for name in config["tunnels"]}})


class Node(Program):
    def __init__(self, programs, folder, config, name="node", flags=(),
                 env=None):
        self.config = config
        self.config_file = pathlib.Path(folder) / f"{name}.json"
        self.config_file.write_text(json.dumps(config, indent=2))
        super().__init__(name, [pathlib.Path(programs) / "aps", "-config",
                                self.config_file, *flags], folder, env)
        self.port = config["servers"]["main"]["port"]
        self.agent_port = config["servers"].get(
            "agents", config["servers"]["main"])["port"]
        self.admin_port = config.get("admin", {}).get("port")

    def start(self):
        super().start()
        wait_until(self._ready, f"{self.name} to listen")
        return self

    def _ready(self):
        if not self.running:
            raise RuntimeError(f"{self.name} ended at start:\n{self.log}")
        admin = self.config.get("admin", {})
        grpc = admin.get("grpc", {})
        return listening(self.port) and all(
            listening(each["port"], each.get("host", "127.0.0.1"))
            for each in (admin, grpc) if each.get("port"))

    def get(self, path):
        """Status and body of what the admin listener answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port,
                                                timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        self.seen("GET", path, answer.status, answer.headers, body)
        return answer.status, body

    def seen(self, method, path, status, headers, body):
        """Hook: an answer of the admin listener was read."""

    def stats(self):
        status, body = self.get("/.api/stats")
        if status != 200:
            raise RuntimeError(f"/.api/stats answers {status}")
        return json.loads(body)

    def connections(self, tunnel="tunnel1"):
        """Live gRPC streams and WebSockets of a tunnel's agents."""
        stats = self.stats()
        details = stats["grpc"]["tunnel_details"].get(tunnel, {})
        return (details.get("streams", 0),
                stats["websocket"]["total_connections"])

    def connection_names(self):
        """The names of all live connections of agents."""
        _, body = self.get("/.api/connections")
        return {each["name"] for each in json.loads(body)["connections"]}

    def wait_for_agent(self, transport, count=1, tunnel="tunnel1"):
        def there():
            sizes = collections.Counter()
            for endpoint in self.stats()["tunnels"][tunnel]["endpoints"]:
                for pool in endpoint["pools"]:
                    sizes[pool["transport"]] += pool["size"]
            return all(sizes[name] >= count for name in _POOLS[transport])
        wait_until(there, f"{transport} connections at {self.name}")


class Agent(Program):
    def __init__(self, programs, folder, port, transport="mix", name="agent",
                 program="aps-endpoint", tunnel="tunnel1", endpoint="app1",
                 password=PASSWORD, flags=(), env=None, server=None):
        argv = [pathlib.Path(programs) / program, "-server",
                server or f"127.0.0.1:{port}", "-tunnel", tunnel,
                *(("-name", endpoint) if endpoint else ()), *flags]
        if program == "aps-endpoint":
            argv += ["-transport", transport]
        super().__init__(name, argv, folder,
                         {"APS_PASSWORD": password, **(env or {})})
        self.transport = transport
