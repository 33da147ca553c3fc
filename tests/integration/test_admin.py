"""The admin listener: resources, actions, who may, events, metrics."""

import concurrent.futures
import gzip
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.parse

import openapi
from harness import BIN, Case, ROOT, finished, main, wait_until
from metrics import samples, total
from tunnel_peer import Peer
from wire import Visitor, ask

TOKEN = "geheim-4711"
# Of a deaf connection: which side finds out first is chance.
ENDS = ("stalled", "lost", "none")
JSON = {"Content-Type": "application/json"}


class Answer:
    def __init__(self, method, path, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()
        openapi.answered(method, path, self.status, self.headers, self.body)

    @property
    def json(self):
        return json.loads(self.body)


def admin(port, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, headers or {})
        return Answer(method, path, connection.getresponse())
    finally:
        connection.close()


class Events:
    """A reader of /.api/events on a thread of its own."""

    def __init__(self, port, query="", headers=None):
        self.messages = []
        self.comments = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", port,
                                                     timeout=60)
        self.connection.request("GET", "/.api/events" + query,
                                headers=headers or {})
        self.answer = self.connection.getresponse()
        self.socket = self.connection.sock or self.answer.fp.raw._sock
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        wait_until(lambda: self.messages, "the snapshot")

    def _read(self):
        message = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    key, _, value = line.partition(": ")
                    message[key] = value
                elif message:
                    message["data"] = json.loads(message["data"])
                    openapi.check_event(message["event"], message["data"])
                    self.messages.append(message)
                    message = {}
        except (OSError, ValueError, http.client.HTTPException,
                AttributeError):
            pass

    def of(self, kind):
        return [m["data"] for m in list(self.messages)
                if m["event"] == "event" and m["data"]["kind"] == kind]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(10)
        self.answer.close()
        self.connection.close()
        self.socket.close()


class AdminCase(Case):
    @property
    def admin_port(self):
        return self.stack.node.admin_port

    def get(self, path, status=200, port=None, **options):
        answer = admin(port or self.admin_port, path, **options)
        self.assertEqual(answer.status, status, answer.body[:500])
        kind = answer.headers.get("Content-Type")
        return answer.json if kind == "application/json" else answer.body.decode()

    def post(self, path, body, status=200, port=None, **headers):
        return self.get(path, status, port, method="POST", body=body,
                        headers={**JSON, **headers})

    def metrics(self, port=None):
        return samples(self.get("/metrics", port=port))


class Resources(AdminCase):
    transport = "mix"
    config = {"log": {"requests": True}}

    def test_every_resource_answers_as_described(self):
        ask(self.port, "/x")
        for path in ("stats", "tunnels", "endpoints", "connections",
                     "mappings", "exchanges", "config", "health", "ready", "log",
                     "openapi.json"):
            with self.subTest(path):
                self.get(f"/.api/{path}")

    def test_connections_are_found_by_name(self):
        all_ = self.get("/.api/connections")["connections"]
        self.assertGreaterEqual(len(all_), 2)
        one = self.get("/.api/connections?name=" + all_[0]["name"])
        self.assertEqual([c["name"] for c in one["connections"]],
                         [all_[0]["name"]])
        for query, count in (("endpoint=app1", len(all_)), ("endpoint=x", 0),
                             ("search=tunnel1+APP", len(all_)),
                             ("search=nobody", 0), ("tunnel=tunnel1", len(all_))):
            found = self.get("/.api/connections?" + query)["connections"]
            self.assertEqual(len(found), count, query)

    def test_an_exchange_is_found_by_its_request_id(self):
        answer = ask(self.port, "/echo?a=b",
                     headers=[("X-Request-Id", "find-me-1")])
        self.assertEqual(answer.status, 200)
        found = finished(self.stack.node, "find-me-1")
        self.assertEqual(len(found), 1)
        one = found[0]
        self.assertEqual(
            (one["state"], one["method"], one["host"], one["path"],
             one["status"], one["outcome"], one["tunnel"], one["endpoint"]),
            ("finished", "GET", "example.com", "/echo?a=b", 200, "ok",
             "tunnel1", "app1"))
        self.assertEqual(one["bytes_down"], len(answer.body))
        self.assertEqual(one["mapping"]["why"], "the only match")
        self.assertEqual([a["kind"] for a in one["attempts"]], ["first"])
        self.assertLessEqual(one["acquired_ms"], one["first_byte_ms"])
        self.assertLessEqual(one["first_byte_ms"], one["duration_ms"])

    def test_an_unknown_exchange_is_not_found(self):
        self.get("/.api/exchanges?id=nobody", 404)

    def test_a_live_exchange_is_shown(self):
        thread = threading.Thread(target=ask, args=(self.port, "/gate"))
        thread.start()
        wait_until(lambda: self.origin.seen("/gate"), "the request")
        live = self.get("/.api/exchanges")["live"]
        self.assertEqual([(one["path"], one["state"], one["outcome"])
                          for one in live], [("/gate", "live", None)])
        self.origin.release.set()
        thread.join()
        wait_until(lambda: not self.get("/.api/exchanges")["live"], "its end")

    def test_the_configuration_shows_no_secret(self):
        text = json.dumps(self.get("/.api/config"))
        self.assertIn('"***"', text)
        self.assertNotIn("test123", text)

    def test_explain_says_who_would_serve(self):
        what = self.get("/.api/explain?url=" + urllib.parse.quote(
            "http://example.com/a/b?c=d"))
        self.assertEqual((what["outcome"], what["mapping"]["index"]),
                         ("ok", 0))
        self.assertTrue(what["target"].endswith("/a/b?c=d"))
        served = what["tunnels"][0]["endpoints"][0]
        self.assertEqual((served["could_serve"], served["transport"]),
                         (True, "grpc"))

    def test_explain_says_why_nobody_would(self):
        what = self.get("/.api/explain?url=http://other.com/")
        self.assertEqual((what["outcome"], what["status"], what["mapping"]),
                         ("no-mapping", 404, None))
        self.assertIn("another host", what["candidates"][0]["why"])
        problem = self.get("/.api/explain?url=example.com", 400)
        self.assertEqual(problem["field"], "url")
        self.get("/.api/explain", 400)

    def test_the_description_has_what_the_router_has(self):
        table = re.findall(r'{"(GET|POST)", "(/\.api/[^"]+|/metrics)"',
                           (ROOT / "actors/admin/router.cpp").read_text())
        self.assertGreater(len(table), 20)
        self.assertEqual(
            sorted(table),
            sorted((method.upper(), re.sub(r"{\w+}", "*", path))
                   for path, methods in openapi.DOCUMENT["paths"].items()
                   for method in methods))

    def test_the_description_s_words_are_the_node_s(self):
        schemas = openapi.DOCUMENT["components"]["schemas"]
        for path, method, body, words in (
                ("events?kind=zzz", "GET", None,
                 schemas["Event"]["properties"]["kind"]["enum"]),
                ("tunnels/tunnel1/fallback", "POST", {"mode": "zzz"},
                 schemas["Fallback"]["properties"]["mode"]["enum"]),
                ("log", "POST", {"level": "zzz"},
                 schemas["LogLevels"]["properties"]["level"]["enum"]),
                ("log", "POST", {"level": "info", "component": "zzz"},
                 self.get("/.api/log")["known"])):
            with self.subTest(path):
                problem = self.get(f"/.api/{path}", 400, method=method,
                                   body=body, headers=JSON if body else None)
                self.assertEqual({*problem["allowed"]}, {*words})

    def test_each_resource_takes_the_parameters_of_its_description(self):
        shared = openapi.DOCUMENT["components"]["parameters"]
        # What probes and scrapers ask, who add parameters of their own.
        lenient = {"/.api/health", "/.api/ready", "/metrics"}
        for path in lenient:
            self.get(path + "?t=1&t=2&nope")
        for path, methods in openapi.DOCUMENT["paths"].items():
            for method, described in methods.items():
                if path in lenient:
                    continue
                known = [shared[one["$ref"].split("/")[-1]] if "$ref" in one
                         else one for one in described.get("parameters", [])]
                known = {one["name"] for one in known if one["in"] == "query"}
                with self.subTest(path=path, method=method):
                    problem = self.get(
                        re.sub(r"{\w+}", "x", path) + "?nope=1", 400,
                        method=method.upper(), headers=JSON,
                        body={} if method == "post" else None)
                    self.assertEqual(problem["error"],
                                     'there is no parameter "nope"')
                    self.assertEqual(problem["field"], "nope")
                    self.assertEqual({*problem.get("allowed", [])}, known)

    def test_values_that_nobody_knows_are_refused_with_the_known_ones(self):
        outcomes = {*openapi.OUTCOMES} - {None}
        for query, field, known in (
                *((f"{path}?tunnel=tunel1", "tunnel", {"tunnel1"}) for path in
                  ("stats", "tunnels", "endpoints", "connections", "exchanges",
                   "events")),
                *((f"{path}?connections=2", "connections", {"0", "1"})
                  for path in ("stats", "tunnels", "endpoints")),
                ("events?tunnels=x", "tunnels", {"0", "1"}),
                ("exchanges?outcome=zz", "outcome", outcomes | {
                    "ok", "node", "unavailable", "transport", "origin",
                    "timeout", "visitor", "internal"})):
            with self.subTest(query):
                problem = self.get(f"/.api/{query}", 400)
                self.assertEqual(problem["field"], field)
                self.assertEqual({*problem["allowed"]}, known)
        problem = self.get("/.api/tunnels?tunnel=tunel1", 400)
        self.assertEqual(problem["error"], 'there is no tunnel "tunel1"; do '
                         "you mean tunnel1?")
        self.assertEqual(self.get("/.api/stats?limit=1&limit=2", 400)["error"],
                         "limit is given twice")
        self.assertEqual(self.get("/.api/exchanges?limit=x", 400)["field"],
                         "limit")
        # The panel's own files take what browsers and proxies append.
        for path in ("/.admin/?v=1", "/?x"):
            self.assertIn(admin(self.admin_port, path).status, (200, 302))

    def test_unknown_targets_of_actions_come_with_the_known_ones(self):
        listed = self.get("/.api/connections")["connections"]
        for path, field, known in (
                ("tunnels/nope/fallback", "tunnel", {"tunnel1"}),
                ("endpoints/nope/app1/close", "tunnel", {"tunnel1"}),
                ("endpoints/tunnel1/nope/drain", "endpoint", {"app1"}),
                ("endpoints/tunnel1/nope/undrain", "endpoint", {"app1"}),
                ("endpoints/tunnel1/nope/reconnect", "endpoint", {"app1"}),
                ("sessions/nope/undrain", "session",
                 {one["session"] for one in listed}),
                ("connections/nope/close", "connection",
                 {one["name"] for one in listed})):
            with self.subTest(path):
                body = {"mode": "auto"} if field == "tunnel" \
                    and "fallback" in path else {}
                problem = self.post(f"/.api/{path}", body, 404)
                self.assertEqual(problem["field"], field)
                self.assertEqual({*problem["allowed"]}, known)

    def test_seconds_belong_to_faults_that_last(self):
        name = self.get("/.api/connections")["connections"][0]["name"]
        for body in ({"kind": "cut", "seconds": 1}, {"kind": "stall"},
                     {"kind": "stall", "seconds": 0}, {"kind": "delay"},
                     {"kind": "delay", "seconds": -1}):
            problem = self.post(f"/.api/connections/{name}/fault", body, 400)
            self.assertEqual(problem["field"], "seconds", body)

    def test_explain_takes_what_a_visitor_can_send(self):
        for path, taken in (("/a%20b", True), ("/a\xff", True), ("/a b", False),
                            ("/\x1b", False), ("/\x7f", False)):
            with self.subTest(path):
                status = 200 if taken else 400
                told = self.get("/.api/explain?url=" + urllib.parse.quote(
                    "http://example.com" + path, encoding="latin-1"), status)
                with Visitor(self.port) as visitor:
                    visitor.send(f"GET {path} HTTP/1.1\r\nHost: example.com"
                                 "\r\n\r\n".encode("latin-1"))
                    self.assertEqual(
                        visitor.file.readline().split()[1] != b"400", taken)
                self.assertTrue((told["summary"] if taken
                                 else told["error"]).isprintable())
        for url, words in (("e.com:99999", "the port is a number from 1 to 65"),
                           ("e.com:x", "the port is a number"),
                           ("e^.com", "neither a name nor an IP address"),
                           ("u@e.com", "a URL has no user and password")):
            self.assertIn(words, self.get(f"/.api/explain?url=http://{url}",
                                          400)["error"])

    def test_wrong_methods_and_paths_are_told_apart(self):
        answer = admin(self.admin_port, "/.api/stats", "POST", "{}", JSON)
        self.assertEqual((answer.status, answer.headers["Allow"]),
                         (405, "GET, HEAD"))
        answer = admin(self.admin_port, "/.api/connections/x/drain")
        self.assertEqual((answer.status, answer.headers["Allow"]),
                         (405, "POST"))
        answer = admin(self.admin_port, "/.api/log", "DELETE")
        self.assertEqual((answer.status, answer.headers["Allow"]),
                         (405, "GET, HEAD, POST"))
        self.assertEqual(admin(self.admin_port, "/.api/x").status, 404)

    def test_the_root_leads_to_the_panel(self):
        answer = admin(self.admin_port, "/")
        self.assertEqual((answer.status, answer.headers["Location"]),
                         (302, "/.admin/"))
        answer = admin(self.admin_port, "/.admin/")
        self.assertEqual(answer.status, 200)
        self.assertIn("default-src 'self'",
                      answer.headers["Content-Security-Policy"])
        self.assertEqual(admin(self.admin_port, "/.admin/no.js").status, 404)

    def test_an_asset_has_a_tag_that_spares_sending_it_again(self):
        first = admin(self.admin_port, "/.api/openapi.json")
        again = admin(self.admin_port, "/.api/openapi.json",
                      headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_lists_of_connections_can_be_left_out(self):
        for path in ("stats", "tunnels"):
            with self.subTest(path):
                full = self.get(f"/.api/{path}")["tunnels"]
                short = self.get(f"/.api/{path}?connections=0")["tunnels"]
                full, short = (list(one.values()) if path == "stats" else one
                               for one in (full, short))
                for tunnel, with_them in ((short, False), (full, True)):
                    pools = tunnel[0]["endpoints"][0]["pools"]
                    # Polling, too, where the others were slow to come.
                    self.assertLessEqual({"grpc", "websocket"},
                                         {one["transport"] for one in pools})
                    self.assertEqual({"connections" in pool for pool in pools},
                                     {with_them})
                    self.assertGreater(sum(pool["size"] for pool in pools), 1)
        self.assertEqual(self.get("/.api/stats?connections=2", 400)["field"],
                         "connections")
        for endpoint, count in (("app1", 1), ("nobody", 0)):
            self.assertEqual(len(self.get("/.api/endpoints?tunnel=tunnel1"
                                          f"&endpoint={endpoint}")
                                 ["endpoints"]), count)

    def test_what_is_known_is_not_sent_again(self):
        # Only what a restart changes, so nothing comes between the two.
        first = admin(self.admin_port, "/.api/config")
        tag = first.headers["ETag"]
        self.assertTrue(tag.startswith('W/"'), tag)
        for known, status in ((tag, 304), (f'"x", {tag}', 304), ("*", 304),
                              ('W/"x"', 200)):
            with self.subTest(known):
                again = admin(self.admin_port, "/.api/config",
                              headers={"If-None-Match": known})
                self.assertEqual((again.status, again.headers["ETag"]),
                                 (status, tag))
                self.assertEqual(again.body,
                                 first.body if status == 200 else b"")
        # The time goes on, which is no news; a request is.
        def unchanged():
            first = admin(self.admin_port, "/.api/stats?connections=0")
            return admin(self.admin_port, "/.api/stats?connections=0", headers={
                "If-None-Match": first.headers["ETag"]}).status == 304
        wait_until(unchanged, "two answers without news between them")
        tag = admin(self.admin_port, "/.api/stats").headers["ETag"]
        ask(self.port, "/news")
        self.assertEqual(admin(self.admin_port, "/.api/stats", headers={
            "If-None-Match": tag}).status, 200)

    def test_a_list_may_come_in_several_headers(self):
        tag = admin(self.admin_port, "/.api/config").headers["ETag"]
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port,
                                                timeout=30)
        self.addCleanup(connection.close)

        def asked(name, *values):
            connection.putrequest("GET", "/.api/config",
                                  skip_accept_encoding=True)
            for value in values:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            answer.read()
            return answer
        self.assertEqual(asked("If-None-Match", '"x"', tag).status, 304)
        self.assertEqual(asked("If-None-Match", '"x"', '"y"').status, 200)
        self.assertEqual(asked("Accept-Encoding", "br", "gzip")
                         .headers["Content-Encoding"], "gzip")

    def test_gzip_goes_to_those_who_accept_it(self):
        for path in ("/.api/stats", "/.api/exchanges?limit=9", "/.api/config",
                     "/metrics", "/.api/openapi.json"):
            with self.subTest(path):
                packed = admin(self.admin_port, path,
                               headers={"Accept-Encoding": "br, gzip"})
                self.assertEqual(packed.headers["Content-Encoding"], "gzip")
                self.assertEqual(packed.headers["Vary"], "Accept-Encoding")
                plain = gzip.decompress(packed.body)
                self.assertLess(len(packed.body), len(plain))
                if path != "/metrics":
                    json.loads(plain)
                for wish in ("gzip;q=0", "gzip;q=0.5, identity;q=1"):
                    refused = admin(self.admin_port, path,
                                    headers={"Accept-Encoding": wish})
                    self.assertIsNone(refused.headers["Content-Encoding"])

    def test_many_readers_at_once_get_whole_answers(self):
        def read(number):
            wish = {"Accept-Encoding": "gzip"} if number % 2 else {}
            answer = admin(self.admin_port, "/.api/stats", headers=wish)
            body = gzip.decompress(answer.body) if number % 2 else answer.body
            return answer.status, json.loads(body)["node"]["id"]
        with concurrent.futures.ThreadPoolExecutor(32) as readers:
            self.assertEqual(len(set(readers.map(read, range(200)))), 1)
        # The next one is no older than its question.
        before = self.get("/.api/stats")["exchanges"]["started"]
        ask(self.port, "/one-more")
        self.assertEqual(self.get("/.api/stats")["exchanges"]["started"],
                         before + 1)

    def test_requests_are_logged_with_what_matters(self):
        ask(self.port, "/echo?logged", headers=[("X-Request-Id", "log-me-1")])
        wait_until(lambda: "log-me-1" in self.stack.node.log, "the line")
        line = next(line for line in self.stack.node.log.splitlines()
                    if "log-me-1" in line)
        for part in ("[REQUEST]", '"http://example.com/echo?logged"', "status=200",
                     "outcome=ok", 'endpoint="tunnel1.app1"', "mapping=0"):
            self.assertIn(part, line)


class Upgrades(AdminCase):
    transport = "ws"

    def upgraded(self, protocol):
        return admin(self.admin_port, "/.api/health",
                     headers={"Connection": "Upgrade", "Upgrade": protocol})

    def test_another_protocol_is_refused_at_once(self):
        for protocol in ("websocket", "made-up/1"):
            answer = self.upgraded(protocol)
            self.assertEqual(answer.status, 501)
            self.assertIn(b"admin listener", answer.body)

    def test_nobody_has_to_switch_to_http_2(self):
        self.assertEqual(self.upgraded("h2c").status, 200)


class Choice(AdminCase):
    transport = "ws"
    # Peers that never answer a ping.
    config = {"tunnels": {"tunnel1": {"websocket_pool": {
        "pool_size": 1, "max_pool_size": 1, "ping_interval": 60,
        "ping_timeout": 60, "stall_timeout": 60}}},
        "mappings": [{"from": f"http://{host}.test/", "to": "http://127.0.0.1:9",
                      "via": {"tunnels": ["tunnel1"], "endpoints": [name]}}
                     for host, name in (("one", "e1"), ("gone", "e2"),
                                        ("none", "nobody"))]
        + [{"from": "http://direct.test/", "to": "http://127.0.0.1:9"}]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peers = [Peer(cls.stack.port, endpoint=f"e{i}").join()
                     for i in range(5)]

    @classmethod
    def tearDownClass(cls):
        for peer in cls.peers:
            peer.close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.post("/.api/endpoints/tunnel1/e3/drain", {})
        self.peers[2].close()
        wait_until(lambda: self.summary()["down"] == 1, "e2 to go")

    def names(self, query):
        return [one["name"] for one
                in self.get(f"/.api/endpoints?{query}")["endpoints"]]

    def summary(self, query=""):
        return self.get(f"/.api/stats?{query}")["tunnels"]["tunnel1"]["summary"]

    def test_those_that_need_somebody_come_first(self):
        self.assertEqual(self.names(""), ["app1", *(f"e{i}" for i in range(5))])
        for limit in ("limit=2", "each=2"):
            self.assertEqual(self.names(limit), ["e2", "e3"])
        self.assertEqual(len(self.names("each=4")), 4)
        self.assertEqual(self.names("limit=0"), [])
        self.assertEqual(self.names("search=TUNNEL1+e2"), ["e2"])
        self.assertEqual(self.names("search=e2+e3"), [])
        for name in ("each", "limit"):
            self.assertEqual(self.get(f"/.api/endpoints?{name}=-1", 400)["field"],
                             name)

    def test_sums_are_of_all_endpoints(self):
        self.assertEqual(self.summary("limit=0&search=e"), {
            "endpoints": 6, "matching": 6, "down": 1, "impaired": 1,
            "recovering": 0, "with_short_pool": 0, "connections": 5,
            "in_flight": 0})
        self.assertEqual(self.summary("search=e4")["matching"], 1)
        shown = self.get("/.api/stats?limit=1&connections=0")["tunnels"]
        self.assertEqual([one["name"] for one in shown["tunnel1"]["endpoints"]],
                         ["e2"])
        one = self.get("/.api/endpoints?limit=1&connections=0")["endpoints"][0]
        self.assertNotIn("sessions", one)

    def test_mappings_tell_who_serves_them(self):
        found = self.get("/.api/mappings?search=.TEST")
        self.assertEqual((found["matching"], len(found["mappings"])), (4, 4))
        serving = [one["serving"] for one in found["mappings"]]
        self.assertEqual(serving[3], None)
        self.assertEqual([(one["tunnels"], one["endpoints"], one["live"])
                          for one in serving[:3]],
                         [(1, 1, 1), (1, 1, 0), (1, 0, 0)])
        some = self.get("/.api/mappings?search=nobody+none&limit=1")
        config = self.get("/.api/config")["config"]["mappings"]
        self.assertEqual((some["count"], some["matching"]), (len(config), 1))
        one = some["mappings"][0]
        self.assertEqual(config[one["index"]]["from"], one["from"])
        self.assertEqual(self.get("/.api/mappings?limit=0")["mappings"], [])
        self.assertEqual(self.get("/.api/mappings?limit=x", 400)["field"],
                         "limit")


class Actions(AdminCase):
    def setUp(self):
        super().setUp()
        self.stack = self.build("mix")

    def names(self, transport=None):
        return [c["name"] for c in self.get("/.api/connections")["connections"]
                if transport in (None, c["transport"]) and not c["draining"]]

    def act(self, thing, name, action, body=None, status=200):
        name = urllib.parse.quote(name, safe="")
        return self.post(f"/.api/{thing}/{name}/{action}", body or {}, status)

    def test_a_drained_connection_goes_and_is_replaced(self):
        name = self.names("websocket")[0]
        events = Events(self.admin_port)
        self.assertEqual(self.act("connections", name, "drain")["count"], 1)
        wait_until(lambda: [e for e in events.of("connection-drained")
                            if e["connection"] == name], "its end")
        wait_until(lambda: name not in self.names()
                   and len(self.names("websocket")) >= 2, "another one")
        events.close()

    def test_a_closed_and_a_cut_connection_are_lost(self):
        events = Events(self.admin_port)
        for action, body, reason in (("close", None, "none"),
                                     ("fault", {"kind": "cut"}, "lost")):
            name = self.names("websocket")[0]
            self.act("connections", name, action, body)
            wait_until(lambda: [e for e in events.of("connection-lost")
                                if e["connection"] == name
                                and e["reason"] == reason], reason)
        self.assertTrue(events.of("fault-injected"))
        self.assertGreaterEqual(len(events.of("admin-action")), 2)
        events.close()

    def test_a_stalled_connection_is_found_dead(self):
        events = Events(self.admin_port)
        name = self.names("grpc")[0]
        self.act("connections", name, "fault", {"kind": "stall",
                                                "seconds": 60})
        # The request makes frames outstanding; it survives on another one.
        self.assertEqual(ask(self.port, "/echo", headers=[
            ("X-Request-Id", "moved-1")]).status, 200)
        wait_until(lambda: [e for e in events.of("connection-lost")
                            if e["connection"] == name
                            and e["reason"] in ENDS], "its end")
        one = finished(self.stack.node, "moved-1")[0]
        self.assertEqual(one["moves"], len(one["attempts"]) - 1)
        self.assertGreaterEqual(one["moves"], 1)
        self.assertIn(one["attempts"][0]["reason"], ENDS)
        events.close()

    def test_a_delayed_connection_is_slow_but_right(self):
        name = self.names("grpc")[0]
        self.act("connections", name, "fault", {"kind": "delay",
                                                "seconds": 0.2})
        answer = ask(self.port, "/bytes/100000")
        self.assertEqual(answer.status, 200)

    def test_sessions_and_endpoints_reconnect_as_a_whole(self):
        endpoint = self.get("/.api/endpoints")["endpoints"][0]
        session = endpoint["sessions"][0]
        done = self.act("sessions", session["session"], "reconnect")
        self.assertEqual(done["count"], len(session["connections"]))
        gone = set(session["connections"])
        wait_until(lambda: self.names() and not gone & set(self.names()),
                   "new connections")
        for action in ("reconnect", "close"):
            before = self.names()
            self.post(f"/.api/endpoints/tunnel1/app1/{action}", {})
            wait_until(lambda: self.names()
                       and not set(before) & set(self.names()),
                       f"new connections after {action}")
        self.post("/.api/endpoints/tunnel1/nobody/close", {}, 404)

    def test_the_transport_is_chosen_by_hand(self):
        for mode, transport in (("websocket", "websocket"), ("auto", "grpc")):
            self.act("tunnels", "tunnel1", "fallback", {"mode": mode})
            self.assertEqual(
                self.get("/.api/tunnels")["tunnels"][0]["fallback_mode"], mode)
            ask(self.port, "/x", headers=[("X-Request-Id", f"by-{mode}")])
            found = finished(self.stack.node, f"by-{mode}")[0]
            self.assertEqual(found["transport"], transport)

    def test_wrong_bodies_name_the_field(self):
        problem = self.act("tunnels", "tunnel1", "fallback", {"mode": "x"},
                           400)
        self.assertEqual((problem["field"], problem["allowed"]),
                         ("mode", ["auto", "grpc", "websocket"]))
        name = self.names()[0]
        for body, field in (({"kind": "explode"}, "kind"),
                            ({"kind": "stall"}, "seconds"),
                            ({"kind": "stall", "seconds": -1}, "seconds"),
                            ({"kind": "cut", "more": 1}, "more")):
            problem = self.act("connections", name, "fault", body, 400)
            self.assertEqual(problem["field"], field)
        for body in ("[]", "{", "7"):
            self.post(f"/.api/connections/{name}/drain", body, 400)

    def test_unknown_things_are_not_found(self):
        self.act("connections", "no/such \u00e4", "drain", None, 404)
        self.act("sessions", "00", "close", None, 404)
        self.act("tunnels", "nope", "fallback", {"mode": "auto"}, 404)

    def test_the_log_level_changes_at_run_time(self):
        change = {"level": "debug", "component": "pool"}
        self.assertEqual(self.post("/.api/log", change)
                         ["components"],
                         {f"{one}-pool": "debug"
                          for one in ("grpc", "ws", "poll")})
        ask(self.port, "/x")
        wait_until(lambda: "acquired from pool" in self.stack.node.log,
                   "a line of the pool")
        problem = self.post("/.api/log", {"level": "debug", "component": "x"},
                            400)
        self.assertEqual(problem["field"], "component")

    def test_other_sites_are_refused(self):
        path = "/.api/log"
        body = {"level": "info"}
        for headers in ({"Origin": "http://evil.example"},
                        {"Origin": "null"},
                        {"Sec-Fetch-Site": "cross-site"},
                        {"Sec-Fetch-Site": "same-site"},
                        {"Host": f"evil.example:{self.admin_port}"}):
            with self.subTest(headers):
                self.post(path, body, 403, **headers)
        for resource in ("/.api/exchanges", "/metrics"):
            answer = admin(self.admin_port, resource, headers={
                "Host": f"evil.example:{self.admin_port}"})
            self.assertEqual(answer.status, 403)
        self.post(path, body, 200, **{
            "Origin": f"http://127.0.0.1:{self.admin_port}",
            "Sec-Fetch-Site": "same-origin"})
        answer = admin(self.admin_port, path, "POST", body,
                       {"Content-Type": "text/plain"})
        self.assertEqual(answer.status, 415)
        wait_until(lambda: self.stack.node.log.count("Refused POST /.api/log")
                   >= 6, "the refusals in the log")


class Alone(AdminCase):
    def test_explain_knows_that_fallback_is_off(self):
        stack = self.stack = self.build("mix", proxy=True, config={
            "tunnels": {"tunnel1": {
                "websocket_pool": {"fallback_enabled": False}}}})
        url = "/.api/explain?url=http://example.com/"
        self.assertEqual(self.get(url)["outcome"], "ok")
        stack.proxy.cut("h2")
        wait_until(lambda: self.get(url)["outcome"] == "no-endpoint",
                   "gRPC to be gone")
        served, = self.get(url)["tunnels"][0]["endpoints"]
        self.assertEqual((served["could_serve"], served["transport"]),
                         (False, ""))
        self.assertIn("fallback is off", served["why"])
        self.assertIn(ask(stack.port, "/").status, (502, 503))


class Token(AdminCase):
    transport = "ws"
    config = {"admin": {"token": TOKEN}}

    @classmethod
    def setUpClass(cls):
        pass  # the harness asks for statistics without a token

    def test_only_who_has_the_token_gets_in(self):
        stack = self.build("ws", config=self.config, agent=False)
        port = stack.node.admin_port
        needed = "a token is needed: Authorization: Bearer TOKEN"
        for headers, error in (
                ({}, needed),
                ({"Authorization": "Bearer Gu3ss"}, "the token is wrong"),
                ({"Authorization": f"Basic {TOKEN}"}, needed),
                ({"Authorization": "Bearer "}, needed)):
            answer = admin(port, "/.api/stats", headers=headers)
            self.assertEqual((answer.status, answer.json),
                             (401, {"error": error}))
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
            self.assertEqual(admin(port, "/metrics", headers=headers).status,
                             401)
        right = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(admin(port, "/.api/stats", headers=right).status, 200)
        self.assertEqual(admin(port, "/.api/log", "POST", {"level": "info"},
                               {**right, **JSON}).status, 200)
        for open_ in ("/.api/health", "/.api/ready", "/.admin/"):
            self.assertEqual(admin(port, open_).status, 200)
        text = json.dumps(admin(port, "/.api/config", headers=right).json)
        self.assertNotIn(TOKEN, text)
        for error in (needed, "the token is wrong"):
            wait_until(lambda: f"Refused GET /.api/stats: {error} (from "
                       in stack.node.log, "the refusal in the log")
        self.assertNotIn(TOKEN, stack.node.log)
        self.assertNotIn("Gu3ss", stack.node.log)


class Stream(AdminCase):
    def setUp(self):
        super().setUp()
        self.stack = self.build("mix", config={
            "tunnels": {"idle": {"password": "of nobody at all"}}})

    def test_a_snapshot_comes_first_and_then_events_without_gaps(self):
        events = Events(self.admin_port)
        first = events.messages[0]
        self.assertEqual(first["event"], "snapshot")
        name = self.get("/.api/connections")["connections"][0]["name"]
        self.post(f"/.api/connections/{name}/close", {})
        wait_until(lambda: events.of("connection-lost")
                   and events.of("connection-opened"), "the life cycle")
        serials = [m["data"]["serial"] for m in events.messages[1:]]
        self.assertEqual(serials, list(range(first["data"]["serial"] + 1,
                                             serials[-1] + 1)))
        events.close()

        again = Events(self.admin_port, headers={
            "Last-Event-ID": first["id"]})
        wait_until(lambda: len(again.messages) > len(serials), "the replay")
        self.assertEqual([m["data"]["serial"]
                          for m in again.messages[1:len(serials) + 1]],
                         serials)
        again.close()

    def test_a_first_reader_may_ask_for_what_was_before(self):
        opened = {c["name"]
                  for c in self.get("/.api/connections")["connections"]}
        for query, headers in (("?last_event_id=x-0", {}),
                               ("", {"Last-Event-ID": "anothernode-77"})):
            events = Events(self.admin_port, query, headers)
            wait_until(lambda: opened <= {e["connection"] for e in
                                          events.of("connection-opened")},
                       "what opened before")
            self.assertEqual(events.of("tunnel-added")[0]["serial"], 1)
            events.close()

    def test_a_reload_is_told_and_in_the_configuration(self):
        events = Events(self.admin_port)
        node = self.stack.node
        config = json.loads(node.config_file.read_text())
        tunnel = config["tunnels"]["tunnel1"]
        tunnel.setdefault("websocket_pool", {})["max_pool_size"] = 7
        tunnel["max_endpoints"] = 77
        node.config_file.write_text(json.dumps(config))
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: events.of("config-reloaded"), "the reload")
        self.assertEqual(events.of("config-reloaded")[0]["detail"],
                         "in use: tunnels.tunnel1.websocket_pool.max_pool_size;"
                         " these take a restart: tunnels.tunnel1.max_endpoints")
        wait_until(lambda: events.of("tunnel-changed"), "the tunnel")
        self.assertEqual(events.of("tunnel-changed")[0]["tunnel"], "tunnel1")
        shown = self.get("/.api/config")["config"]["tunnels"]["tunnel1"]
        self.assertEqual(shown["websocket_pool"]["max_pool_size"], 7)
        events.close()

    def stale_in_stats(self):
        return self.get("/.api/stats")["node"]["config_stale"]

    def stale(self):
        """What stats, metrics and apsctl say alike; not while it changes."""
        page = self.metrics()
        told = self.stale_in_stats()
        self.assertEqual(page["aps_config_stale"], told)
        status = subprocess.run(
            [BIN / "apsctl", "-admin", f"127.0.0.1:{self.admin_port}",
             "status"], text=True, capture_output=True)
        self.assertEqual((status.returncode, "broken" in status.stdout),
                         (int(told), told), status.stdout + status.stderr)
        return told

    def test_a_broken_file_is_seen_until_it_is_mended(self):
        events = Events(self.admin_port)
        node = self.stack.node
        good = node.config_file.read_text()
        self.assertFalse(self.stale())
        node.config_file.write_text("{")
        node.process.send_signal(signal.SIGHUP)
        wait_until(self.stale_in_stats, "the broken file to show")
        self.assertTrue(self.stale())
        self.assertFalse(events.of("config-reloaded"))
        node.config_file.write_text(good)
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: events.of("config-reloaded"), "the reload")
        self.assertEqual(events.of("config-reloaded")[0]["detail"],
                         "nothing changed")
        self.assertFalse(self.stale())
        events.close()

    def test_filters_keep_the_rest_away(self):
        events = Events(self.admin_port,
                        "?kind=connection-lost,exchange-finished")
        other = Events(self.admin_port, "?tunnel=idle")
        ask(self.port, "/x")
        name = self.get("/.api/connections")["connections"][0]["name"]
        self.post(f"/.api/connections/{name}/close", {})
        wait_until(lambda: events.of("connection-lost"), "the loss")
        self.assertEqual({m["data"]["kind"] for m in events.messages[1:]},
                         {"connection-lost", "exchange-finished"})
        self.assertEqual(len(other.messages), 1)
        events.close()
        other.close()
        for unknown in ("kind", "tunnel"):
            self.assertEqual(admin(self.admin_port,
                                   f"/.api/events?{unknown}=nope").status,
                             400)

    def test_who_leaves_is_forgotten(self):
        events = [Events(self.admin_port) for _ in range(3)]
        self.assertEqual(self.get("/.api/stats")["events"]["subscribers"], 3)
        for one in events:
            one.close()
        # A node that writes finds out; so that it does, something happens.
        def gone():
            admin(self.admin_port, "/.api/log", "POST", {"level": "info"},
                  JSON)
            return self.get("/.api/stats")["events"]["subscribers"] == 0
        wait_until(gone, "no subscriber")


class Sums(AdminCase):
    def load(self, stack, threads, requests):
        """Requests with faults among them; returns the statuses."""
        statuses = []

        def run(number):
            for i in range(requests):
                path = "/close" if i % 10 == 9 else "/"
                statuses.append(ask(stack.port, path).status)
        all_ = [threading.Thread(target=run, args=(n,))
                for n in range(threads)]
        for one in all_:
            one.start()
        for one in all_:
            one.join()
        return statuses

    def test_statistics_metrics_and_events_agree_to_the_request(self):
        stack = self.stack = self.build("mix")
        events = Events(self.admin_port, "?kind=exchange-started,"
                        "exchange-finished,exchange-failed")
        statuses = self.load(stack, 4, 50)
        for _ in range(5):
            for one in self.get("/.api/connections")["connections"][:1]:
                name = urllib.parse.quote(one["name"])
                admin(self.admin_port, f"/.api/connections/{name}/fault",
                      "POST", {"kind": "cut"}, JSON)
            statuses += self.load(stack, 4, 10)
        self.assertEqual(len(statuses), 400)
        sums = self.get("/.api/stats")["exchanges"]
        self.assertEqual(sums["started"], 400)
        self.assertEqual(sums["started"],
                         sums["finished"] + sums["failed"] + sums["live"])
        self.assertEqual(sums["live"], 0)
        metrics = self.metrics()
        self.assertEqual(total(metrics, "aps_exchanges_started_total"), 400)
        self.assertEqual(total(metrics, "aps_exchanges_total"), 400)
        self.assertEqual(total(metrics, "aps_exchanges_total", outcome="ok"),
                         sums["finished"])
        for code in (2, 5):
            self.assertEqual(total(metrics, "aps_exchanges_total",
                                   code=f"{code}xx"),
                             sum(status // 100 == code for status in statuses))
        self.assertEqual(total(metrics, "aps_exchanges_live"), 0)
        self.assertEqual(
            total(metrics, "aps_exchange_duration_seconds_count"), 400)
        wait_until(lambda: len(events.messages) >= 801, "all events")
        self.assertEqual(len(events.of("exchange-started")), 400)
        self.assertEqual(len(events.of("exchange-finished")),
                         sums["finished"])
        self.assertEqual(len(events.of("exchange-failed")), sums["failed"])
        events.close()

    def test_promtool_accepts_the_metrics(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("promtool is not installed (tools/setup --tests)")
        stack = self.stack = self.build(
            "mix", config={"admin": {"actor_metrics": True}})
        self.load(stack, 4, 25)
        text = self.get("/metrics")
        self.assertIn("actor_mailbox_size", text)
        done = subprocess.run([promtool, "check", "metrics"], input=text,
                              text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = samples(text)
        self.assertGreater(found["process_cpu_seconds_total"], 0)
        self.assertGreater(found["process_resident_memory_bytes"], 1 << 20)


class Json(AdminCase):
    def test_the_log_may_be_json(self):
        stack = self.build("ws", config={"log": {"format": "json",
                                                 "requests": True}})
        ask(stack.port, "/", headers=[("X-Request-Id", "as-json")])
        wait_until(lambda: "as-json" in stack.node.log, "the line")
        lines = [json.loads(line) for line in stack.node.log.splitlines()]
        self.assertTrue(all({"time", "level"} <= line.keys()
                            for line in lines))
        request = next(line for line in lines if line.get("request_id") == "as-json"
                       and line["component"] == "request")
        self.assertEqual((request["component"], request["status"]),
                         ("request", 200))
        self.assertTrue([line for line in lines
                         if line.get("kind") == "connection-opened"])


if __name__ == "__main__":
    main()
