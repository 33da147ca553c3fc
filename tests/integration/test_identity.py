#!/usr/bin/env python3
"""What a request means, and what becomes of it on its way to the target."""

import json
import re
import shutil
import socket
import tempfile
import threading

from harness import (BIN, Case, Node, finished, free_port, main, node_config,
                     per_transport, wait_until)
from origin import Origin
from wire import HOST, Visitor, ask

FORGED = [("X-Forwarded-For", "6.6.6.6"), ("X_Forwarded_For", "6.6.6.6"),
          ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"),
          ("X-Forwarded-Port", "1"), ("X-Forwarded-Prefix", "/evil"),
          ("X-Forwarded-Server", "evil"), ("Forwarded", "for=6.6.6.6"),
          ("X-Real-IP", "6.6.6.6"), ("X_REAL_IP", "6.6.6.6"),
          ("True-Client-IP", "6.6.6.6"), ("CF-Connecting-IP", "6.6.6.6"),
          ("X-Client-IP", "6.6.6.6"), ("X-Cluster-Client-IP", "6.6.6.6"),
          ("Fastly-Client-IP", "6.6.6.6"), ("X-Original-URL", "/evil"),
          ("Aps-Outcome", "evil"), ("Aps_Request_Id", "evil"),
          ("Proxy", "http://evil.test")]


def echoed(answer):
    """The header fields that the target saw, in lower case."""
    seen = {}
    for name, value in json.loads(answer.body)["headers"]:
        seen.setdefault(name.lower().replace("_", "-"), []).append(value)
    return seen


class Scripted:
    """A target that gives each connection to a function."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection,),
                             daemon=True).start()

    def _run(self, connection):
        with connection, connection.makefile("rb") as file:
            try:
                self.serve(connection, file)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def read_lines(file):
    lines = []
    while (line := file.readline()) not in (b"\r\n", b""):
        lines.append(line.decode().rstrip("\r\n"))
    return lines


def docker_exec(connection, file):
    """What dockerd does with `POST /exec/ID/start`."""
    lines = read_lines(file)
    fields = {k.lower(): v.strip()
              for k, v in (line.split(":", 1) for line in lines[1:])}
    if "transfer-encoding" in fields:
        body = b""
        while size := int(file.readline(), 16):
            body += file.read(size)
            file.readline()
        file.readline()
    else:
        body = file.read(int(fields.get("content-length", 0)))
    chosen = fields.get("upgrade", "").split(",")[-1].strip()
    connection.sendall(
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: "
        b"application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
        b"Upgrade: " + chosen.encode() + b"\r\n\r\n"
        + fields.get("upgrade", "").encode() + b"|" + body + b"|")
    while data := connection.recv(65536):
        connection.sendall(data.upper())


@per_transport("grpc", "ws", "poll")
class Passing:
    """Through an agent, over each transport."""

    def test_what_a_visitor_says_of_itself_is_replaced(self):
        seen = echoed(ask(self.port, "/echo", headers=FORGED))
        self.assertEqual(seen.pop("x-forwarded-for"), ["127.0.0.1"])
        self.assertEqual(seen.pop("x-forwarded-proto"), ["http"])
        self.assertEqual(seen.pop("x-forwarded-host"), [HOST])
        for name, _ in FORGED:
            self.assertNotIn(name.lower().replace("_", "-"), seen)
        self.assertNotIn("6.6.6.6", str(seen))

    def test_absolute_form_does_not_make_a_connection_secure(self):
        with Visitor(self.port) as visitor:
            answer = visitor.get(f"https://{HOST}/echo")
        if answer.status == 200:
            self.assertEqual(echoed(answer)["x-forwarded-proto"], ["http"])
        else:
            self.assertEqual(answer.status, 404)

    def test_a_request_has_an_id_for_all(self):
        answer = ask(self.port, "/echo", headers=[("X-Request-Id", "mine-1")])
        self.assertEqual(echoed(answer)["x-request-id"], ["mine-1"])
        self.assertEqual(answer.all("Aps-Request-Id"), ["mine-1"])
        fresh = ask(self.port, "/echo", headers=[("X-Request-Id", "not sane")])
        self.assertEqual(echoed(fresh)["x-request-id"],
                         fresh.all("Aps-Request-Id"))
        records = finished(self.stack.node, fresh.header("Aps-Request-Id"))
        self.assertEqual(len(records), 1)

    def test_options_of_a_whole_server_arrive_as_such(self):
        with Visitor(self.port) as visitor:
            visitor.request("OPTIONS", f"http://{HOST}")
            visitor.request("OPTIONS", f"http://{HOST}/echo")
        targets = [r.target for r in self.origin.requests
                   if r.method == "OPTIONS"]
        self.assertEqual(targets, ["*", "/echo"])
        self.origin.requests.clear()

    def test_max_forwards_ends_at_the_node(self):
        with Visitor(self.port) as visitor:
            seen = echoed(visitor.request("OPTIONS", "/echo",
                                          [("Max-Forwards", "2")]))
            self.assertEqual(seen["max-forwards"], ["1"])
            before = len(self.origin.requests)
            here = visitor.request("OPTIONS", "/echo", [("Max-Forwards", "0")])
            self.assertEqual((here.status, here.body), (200, b""))
            trace = visitor.request("TRACE", "/echo", [("Max-Forwards", "0")])
            self.assertEqual(trace.header("Content-Type"), "message/http")
            self.assertTrue(trace.body.startswith(b"TRACE /echo HTTP/1.1\r\n"))
            self.assertEqual(len(self.origin.requests), before)
        self.origin.requests.clear()

    def test_a_length_that_no_target_can_count_is_refused(self):
        for length in (1 << 63, (1 << 64) - 1, 1 << 64):
            with Visitor(self.port) as visitor:
                visitor.send_head("POST", "/echo",
                                  [("Content-Length", str(length))])
                self.assertEqual(visitor.read().status, 400)

    def test_long_paths_leave_short_records(self):
        path = "/bytes/1?" + "x" * 50000
        answer = ask(self.port, path)
        self.assertEqual(answer.status, 200)
        record = finished(self.stack.node, answer.header("Aps-Request-Id"))[0]
        self.assertEqual(record["path"], path[:1021] + "...")


class Upgrades(Case):
    """docker exec and its kind."""

    def exchange(self, port, fields, body):
        with Visitor(port) as visitor:
            visitor.send_head("POST", "/exec/x/start",
                              [("Connection", "Upgrade"), *fields])
            visitor.send(body)
            head = visitor.read_final_head()
            self.assertEqual(head.status, 101)
            visitor.send(b"ls\n")
            visitor.socket.shutdown(socket.SHUT_WR)
            return head, visitor.file.read()

    def test_an_upgrade_keeps_its_body_and_its_spelling(self):
        target = Scripted(docker_exec)
        self.addCleanup(target.close)
        settings = b'{"Detach":false,"Tty":true}'
        length = ("Content-Length", str(len(settings)))
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(settings), settings)
        for transport in ("grpc", "ws", "poll"):
            stack = self.build(transport, {"mappings": [
                {"from": f"http://{HOST}", "to": target.url,
                 "via": {"tunnels": ["tunnel1"]}}]})
            for protocols in ("tcp", "SPDY/3.1", "h2c, websocket, IRC/6.9"):
                passed = protocols.replace("h2c, ", "").encode()
                for fields, body in (
                        ([length], settings),
                        ([("Transfer-Encoding", "chunked")], chunks)):
                    head, data = self.exchange(
                        stack.port, [("Upgrade", protocols), *fields], body)
                    self.assertEqual(head.header("Upgrade"),
                                     protocols.split(", ")[-1])
                    self.assertEqual(data,
                                     passed + b"|" + settings + b"|LS\n")
            head, data = self.exchange(
                stack.port, [("Upgrade", "tcp"), ("Content-Length", "0")], b"")
            self.assertEqual(data, b"tcp||LS\n")

    def test_the_admin_listener_does_not_switch(self):
        stack = self.build(agent=False)
        for fields, body in (([], None), ([], b"{}")):
            answer = ask(stack.node.admin_port, "/.api/stats",
                         "GET" if body is None else "POST",
                         [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                          ("Content-Type", "application/json"), *fields], body,
                         host="127.0.0.1")
            self.assertEqual((answer.status, answer.outcome),
                             (501, "not-implemented"))


class Trust(Case):
    def test_trusted_proxies_say_who_asks(self):
        stack = self.build("grpc", {
            "trusted_proxies": ["127.0.0.0/8"],
            "servers": {"strict": {"host": "127.0.0.1", "port": free_port(),
                                   "trusted_proxies": []}}})
        fields = [("X-Forwarded-For", "6.6.6.6, 192.0.2.9, 127.0.0.7"),
                  ("X-Forwarded-Proto", "https"),
                  ("X-Forwarded-Host", "shop.test"),
                  ("X-Real-IP", "192.0.2.9"), ("X_Real_IP", "6.6.6.6")]
        answer = ask(stack.port, "/echo", headers=fields)
        seen = echoed(answer)
        self.assertEqual(seen["x-forwarded-for"],
                         ["6.6.6.6, 192.0.2.9, 127.0.0.7, 127.0.0.1"])
        self.assertEqual(seen["x-forwarded-proto"], ["https"])
        self.assertEqual(seen["x-forwarded-host"], ["shop.test"])
        self.assertEqual(seen["x-real-ip"], ["192.0.2.9"])
        record = finished(stack.node, answer.header("Aps-Request-Id"))[0]
        self.assertEqual(record["visitor"], "192.0.2.9")
        strict = stack.config["servers"]["strict"]["port"]
        seen = echoed(ask(strict, "/echo", headers=fields))
        self.assertEqual(seen["x-forwarded-for"], ["127.0.0.1"])
        self.assertNotIn("x-real-ip", seen)

    def test_a_target_speaks_for_itself_only(self):
        def serve(connection, file):
            while read_lines(file):
                connection.sendall(
                    b"HTTP/1.1 103 Early Hints\r\nAps-Outcome: cut\r\n"
                    b"Link: <x>\r\n\r\n"
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                    b"X-Request-Id: its-own\r\nAps-Outcome: no-endpoint\r\n"
                    b"aps_outcome: cut\r\nAps-Request-Id: forged\r\n\r\n"
                    b"2\r\nok\r\n0\r\nAps-Outcome: cut\r\nX-Sum: 1\r\n\r\n")
        target = Scripted(serve)
        self.addCleanup(target.close)
        stack = self.build(agent=False, config={"mappings": [
            {"from": f"http://{HOST}", "to": target.url}]})
        answer = ask(stack.port, headers=[("X-Request-Id", "mine"),
                                          ("TE", "trailers")])
        self.assertEqual(answer.body, b"ok")
        self.assertEqual(answer.all("X-Request-Id"), ["its-own"])
        self.assertEqual(answer.all("Aps-Request-Id"), ["mine"])
        self.assertEqual(answer.trailers, [("X-Sum", "1")])
        for head in (answer, *answer.interim):
            self.assertFalse([name for name, _ in head.headers
                              if re.match("aps[-_]outcome", name, re.I)])


class Paths(Case):
    HIDDEN = ["/..%2fx", "/%2e%2e%2fx", "/..%5cx", "/..\\x", "/..;/x",
              "/..;a=b/x", "/.%00./x", "/%252e%252e%252fx", "/..%252fx",
              "/a%2f..%2f..%2fx", "/%c0%ae%c0%ae/x", "/..%00/x"]

    def test_no_path_leaves_its_mapping(self):
        origin = Origin()
        to = origin.url
        stack = self.build(agent=False, origin=origin, config={"mappings": [
            {"from": "http://from.test/app", "to": to},
            {"from": "http://to.test", "to": to + "/echo"},
            {"from": "http://slash.test/app", "to": to,
             "allow_encoded_slash": True},
            {"from": "http://all.test", "to": to}]})

        def status(host, path):
            with Visitor(stack.port) as visitor:
                return visitor.get(path, host=host).status

        for path in [*self.HIDDEN, "/../x", "/%2e%2e/x"]:
            for host, prefix in (("from.test", "/app"), ("to.test", ""),
                                 ("slash.test", "/app")):
                with self.subTest(host=host, path=path):
                    self.assertEqual(status(host, prefix + path), 404)
                    self.assertFalse(stack.origin.requests)
        self.assertEqual(status("from.test", "/app/echo/a%2fb"), 404)
        self.assertEqual(status("slash.test", "/app/echo/a%2fb"), 200)
        self.assertEqual(status("all.test", "/echo/..%2fx"), 200)
        self.assertEqual(status("all.test", "/../x"), 404)


class Loops(Case):
    """Requests that come back are seen at their second pass."""

    @staticmethod
    def settled(node):
        """Its exchanges, once none of them is live."""
        exchanges = json.loads(node.get("/.api/exchanges")[1])
        return exchanges["totals"]["live"] == 0 and exchanges

    def assert_loop(self, answer, node):
        self.assertEqual((answer.status, answer.outcome),
                         (508, "loop-detected"))
        exchanges = wait_until(lambda: self.settled(node), "their records")
        # One that was passed on, and the refusal of its return.
        self.assertEqual(exchanges["totals"]["started"], 2)
        self.assertEqual(
            sorted((one["outcome"], one["mapping"] is None)
                   for one in exchanges["finished"]),
            [("loop-detected", False), ("loop-detected", True)])

    def self_target(self, via):
        port = free_port()
        to = f"http://127.0.0.1:{port}"
        more = {"via": {"tunnels": ["tunnel1"]}} if via else {}
        stack = self.build("grpc", agent=via, config={
            "servers": {"main": {"port": port}},
            "mappings": [{"from": "http://loop.test", "to": to, **more},
                         {"from": to, "to": to, **more}]})
        answer = ask(stack.port, "/x", host="loop.test")
        self.assert_loop(answer, stack.node)

    def test_a_node_that_is_its_own_target(self):
        self.self_target(via=False)

    def test_a_node_that_is_its_own_target_through_an_agent(self):
        self.self_target(via=True)

    def test_two_nodes_that_are_each_others_target(self):
        ports = [free_port(), free_port()]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        first = self.build("ws", config={
            "servers": {"main": {"port": ports[0]}},
            "mappings": [{"from": "http://loop.test", "to": urls[1],
                          "via": {"tunnels": ["tunnel1"]}},
                         {"from": urls[0], "to": urls[1]}]})
        folder = tempfile.mkdtemp(prefix="aps-test-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        config = node_config(urls[0], {
            "servers": {"main": {"port": ports[1]}},
            "mappings": [{"from": urls[1], "to": urls[0]}]})
        second = Node(BIN, folder, config, name="second").start()
        first.programs.append(second)
        self.assert_loop(ask(first.port, "/x", host="loop.test"), first.node)
        # Entered between the two, the other one sees its own name.
        answer = ask(second.port, "/y", host=urls[1][len("http://"):])
        self.assertEqual((answer.status, answer.outcome),
                         (508, "loop-detected"))

    def test_a_chain_without_a_loop_passes(self):
        first = self.build("grpc")
        folder = tempfile.mkdtemp(prefix="aps-test-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        config = node_config(f"http://127.0.0.1:{first.port}", {"mappings": [
            {"from": "http://outer.test",
             "to": f"http://127.0.0.1:{first.port}"}]})
        first.config["mappings"].append(
            {"from": f"http://127.0.0.1:{first.port}", "to": first.origin.url})
        first.node.stop()
        first.start_node()
        second = Node(BIN, folder, config, name="second").start()
        first.programs.append(second)
        answer = ask(second.port, "/echo", host="outer.test")
        self.assertEqual(answer.status, 200)
        names = re.findall(r"1\.1 (aps-[0-9a-f]{16})",
                           ", ".join(echoed(answer)["via"]))
        self.assertEqual(len(set(names)), 2)
        self.assertEqual(", ".join(answer.all("Via")),
                         f"1.1 {names[1]}, 1.1 {names[0]}")


if __name__ == "__main__":
    main()
