#!/usr/bin/env python3
"""Runs a node, an agent and a demo target; see tools/quickstart."""

import argparse
import hashlib
import http.client
import json
import pathlib
import signal
import ssl
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from lab.deployment import Agent, Node, node_config
from lab.fault_proxy import FaultProxy
from lab.processes import Program, free_port, listening, wait_until
from lab.testca import Authority

HERE = pathlib.Path(__file__).parent
HOST = {"Host": "example.com"}


class Certificates:
    """An authority of its own, and what node and agent show of it."""

    def __init__(self, folder):
        self.ca = Authority(folder)
        self.server = self.ca.issue(
            "server", ["localhost", "127.0.0.1", "example.com"])
        self.agent = self.ca.issue("agent", subject="/CN=app1", client=True)


class Demo:
    """Everything that runs, in the order in which it was started."""

    def __init__(self, programs, folder, dial=None, tls=False):
        self.transport = "mix"
        self.certificates = Certificates(
            pathlib.Path(folder) / "ca") if tls else None
        port = free_port()
        self.target = Program(
            "target", [sys.executable, HERE / "demo_target.py", port], folder)
        self.target.port = port
        to = f"http://127.0.0.1:{port}"
        config = node_config(to)
        # So that a browser gets there by the node's own address, too.
        here = f"http://127.0.0.1:{config['servers']['main']['port']}"
        config["mappings"].append({"from": here, "to": to,
                                   "via": {"tunnels": ["tunnel1"]}})
        flags = self.secure(config) if tls else ()
        self.node = Node(programs, folder, config)
        self.proxy = FaultProxy(self.node.port) if dial == "proxy" else None
        self.agent = Agent(programs, folder, (self.proxy or self.node).port,
                           transport=self.transport, flags=flags)

    def secure(self, config):
        """TLS from visitor to node and from agent to node, each of which knows
        the other; and a plain port that sends visitors there. Returns the
        agent's flags."""
        mine = self.certificates
        main = config["servers"]["main"]
        main["tls"] = {"cert": str(mine.server.cert),
                       "key": str(mine.server.key),
                       "client_ca": str(mine.ca.cert)}
        config["servers"]["plain"] = {
            "host": "127.0.0.1", "port": free_port(), "agents": False,
            "redirect_https": main["port"]}
        config["tunnels"]["tunnel1"] |= {"require_tls": True,
                                         "client_certificate": "endpoint"}
        for mapping in config["mappings"]:
            mapping["from"] = mapping["from"].replace("http:", "https:")
            mapping["hsts"] = 300
        return ("-tls", "-ca", str(mine.ca.cert), "-cert", str(mine.agent.cert),
                "-key", str(mine.agent.key))

    def start(self):
        self.target.start()
        wait_until(lambda: listening(self.target.port), "the demo target")
        self.node.start()
        self.agent.start()
        self.node.wait_for_agent(self.transport)

    def wait(self):
        """Until Ctrl-C, or until a program ends by itself."""
        try:
            while self.node.running and self.agent.running:
                time.sleep(0.2)
        except KeyboardInterrupt:
            print("\nstopping", flush=True)
            return 0
        raise RuntimeError("a program ended by itself")

    def stop(self):
        codes = [one.stop() for one in (self.agent, self.node)]
        self.target.stop()
        if self.proxy:
            self.proxy.close()
        return codes


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, HOST)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Checks:
    def __init__(self, demo):
        self.demo = demo
        self.failed = 0

    def expect(self, what, good, saw=""):
        self.failed += not good
        print(f"  {'ok  ' if good else 'FAIL'} {what}"
              f"{f': {saw}' if saw else ''}", flush=True)

    def requests(self, kind):
        """Real requests; `kind` of connection must be the one that grows."""
        port, proxy = self.demo.node.port, self.demo.proxy
        before = proxy.bytes(kind)
        status, body = ask(port, "GET", "/")
        self.expect("GET /", (status, b"It works" in body) == (200, True),
                    f"{status}, {len(body)} bytes")
        size = 4 << 20
        status, body = ask(port, "GET", f"/bytes/{size}")
        expected = hashlib.sha256(bytes(range(256)) * (size // 256))
        self.expect("download of 4 MiB",
                    hashlib.sha256(body).digest() == expected.digest(),
                    f"{status}, sha256 {hashlib.sha256(body).hexdigest()[:16]}")
        upload = bytes(range(255, -1, -1)) * (size // 256)
        status, body = ask(port, "POST", "/echo", upload)
        digest = hashlib.sha256(upload).hexdigest()
        self.expect("upload of 4 MiB", digest in body.decode(errors="replace"),
                    f"{status}, sha256 {digest[:16]}")
        status, body = ask(port, "GET", "/events?n=3&ms=50")
        self.expect("server-sent events", body.count(b"data: ") == 3,
                    f"{status}, {body.count(b'data: ')} events")
        carried = proxy.bytes(kind) - before
        names = {"h2": "gRPC", "ws": "WebSocket"}
        self.expect(f"{names[kind]} carried it", carried > 2 * size,
                    f"{carried} bytes")

    def stats(self):
        stats = self.demo.node.stats()
        grpc, ws = stats["grpc"], stats["websocket"]
        good = ("tunnels" in grpc
                and {"endpoints", "streams"}
                <= grpc["tunnel_details"]["tunnel1"].keys()
                and {"pools", "total_connections", "active_connections"}
                <= ws.keys() and stats["fallback_enabled"] is True)
        self.expect("/.api/stats", good, json.dumps(
            {"grpc": grpc["tunnel_details"]["tunnel1"],
             "websocket": {key: ws.get(key) for key in
                           ("pools", "total_connections")}}))

    def run(self):
        print("over gRPC")
        self.requests("h2")
        self.stats()
        print("gRPC is cut: connections reset, new ones refused")
        self.demo.proxy.cut("h2")
        self.requests("ws")
        self.stats()
        print("shutdown")
        codes = self.demo.stop()
        self.expect("agent and node end cleanly", codes == [0, 0], codes)
        return self.failed


def check_tls(demo):
    """Real requests over TLS; the number of those that went wrong."""
    checks = Checks(demo)
    context = ssl.create_default_context(cafile=demo.certificates.ca.cert)
    connection = http.client.HTTPSConnection(
        "localhost", demo.node.port, timeout=30, context=context)
    connection.request("GET", "/", headers=HOST)
    answer = connection.getresponse()
    body = answer.read()
    checks.expect("GET https://", (answer.status, b"It works" in body)
                  == (200, True), f"{answer.status}, {len(body)} bytes, "
                  f"{connection.sock.version()} {connection.sock.cipher()[0]}")
    checks.expect("browsers are told to stay",
                  answer.headers["Strict-Transport-Security"] == "max-age=300")
    connection.close()
    status, body = ask(demo.node.port, "GET", "/")
    checks.expect("plain HTTP at that port is told to use https",
                  status == 400 and b"https" in body, str(status))
    status, _ = ask(demo.node.config["servers"]["plain"]["port"], "GET", "/")
    checks.expect("the plain port sends visitors there", status == 308,
                  str(status))
    print("shutdown")
    codes = demo.stop()
    checks.expect("agent and node end cleanly", codes == [0, 0], codes)
    return checks.failed


def show_tls(demo):
    port, ca = demo.node.port, demo.certificates.ca.cert
    plain = demo.node.config["servers"]["plain"]["port"]
    print(f"""
  visitors    https://localhost:{port}/   (trusted with {ca})
  in plain    http://127.0.0.1:{plain}/   (sends them there)
  statistics  http://127.0.0.1:{demo.node.admin_port}/.api/stats
  config      {demo.node.config_file}
  logs        {demo.node.log_file.parent}

Try:
  curl --cacert {ca} -H 'Host: example.com' https://localhost:{port}/
  curl -i -H 'Host: example.com' http://127.0.0.1:{plain}/
  openssl s_client -connect localhost:{port} -CAfile {ca}
  tools/testca {ca.parent} localhost example.com   # others, used within seconds

Ctrl-C stops everything.""", flush=True)


def show(demo):
    port = demo.node.port
    print(f"""
  visitors    http://127.0.0.1:{port}/   (in a browser: a page of the target)
  statistics  http://127.0.0.1:{demo.node.admin_port}/.api/stats
  target      http://127.0.0.1:{demo.target.port}/   (what the agent calls)
  config      {demo.node.config_file}
  logs        {demo.node.log_file.parent}

Try:
  curl -H 'Host: example.com' http://127.0.0.1:{port}/
  curl -x http://127.0.0.1:{port} http://example.com/
  curl -N -H 'Host: example.com' 'http://127.0.0.1:{port}/events?n=5'

Ctrl-C stops everything.""", flush=True)


def run(programs, check, tls):
    with tempfile.TemporaryDirectory(prefix="aps-demo-") as folder:
        demo = Demo(programs, folder,
                    dial="proxy" if check and not tls else None, tls=tls)
        try:
            demo.start()
            if check:
                failed = check_tls(demo) if tls else Checks(demo).run()
                print("all good" if not failed else f"{failed} checks failed")
                return 1 if failed else 0
            (show_tls if tls else show)(demo)
            return demo.wait()
        except (OSError, RuntimeError, KeyError,
                http.client.HTTPException) as error:
            print(f"quickstart: {error!r}", file=sys.stderr)
            for program in (demo.node, demo.agent):
                print(f"--- log of the {program.name}\n{program.log[-4000:]}",
                      file=sys.stderr)
            return 1
        finally:
            demo.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    # Also when a shell started us in the background, ignoring SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return run(options.bin, options.check, options.tls)
    except KeyboardInterrupt:
        return 1


if __name__ == "__main__":
    sys.exit(main())
