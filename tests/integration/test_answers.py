#!/usr/bin/env python3
"""What becomes of answers on their way to visitors: pages instead of the node's
own errors, and compression. Asked by curl over HTTP/1.1 and HTTP/2."""

import json
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from access_case import BOTH, SECRETS, Curl, auth
from harness import Case, main, merged, wait_until
from origin import Origin

HTML = "text/html; charset=utf-8"
BEHIND = {"tunnels": ["tunnel1"]}


def refusing_port():
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def text(size, *fields, kind="text/plain", **query):
    """A path of the target that answers so."""
    wanted = [("field", f"Content-Type: {kind}"),
              *(("field", f) for f in fields), *query.items()]
    return f"/text/{size}?" + urllib.parse.urlencode(wanted)


class Answers(Case):
    transport = "mix"

    @classmethod
    def setUpClass(cls):
        cls.target = Origin()
        cls.config = {"auth": auth(), **cls.changes(cls.target.url)}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.target.close()

    def both(self):
        for version in BOTH:
            with self.subTest(version=version):
                yield version

    def curl(self, name, *flags, path="/echo"):
        return Curl(*flags, port=self.port, path=path, host=name)

    def reload(self, changes):
        node = self.stack.node
        marker = "Configuration reloaded"
        count = node.log.count(marker)
        node.config_file.write_text(json.dumps(merged(node.config, changes)))
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: node.log.count(marker) > count, "the reload")


class Pages(Answers):
    @classmethod
    def changes(cls, target):
        cls.files = pathlib.Path(tempfile.mkdtemp(prefix="aps-pages-"))
        cls.addClassCleanup(shutil.rmtree, cls.files)
        (cls.files / "502.html").write_text(
            "<style>p { color: red }</style><p>{status} {outcome} {host}{path}")
        (cls.files / "all.html").write_text("<i>{path}</i>")
        return {"servers": {"main": {"error_pages": {
            "404": str(cls.files / "all.html"),
            "408": {"body": "slow"}, "400": {"body": "bad {message}"}}}},
            "mappings": cls.mappings(target)}

    @classmethod
    def mappings(cls, target):
        nobody = f"http://127.0.0.1:{refusing_port()}"
        return [
            {"from": "http://dead.test", "via": BEHIND, "to": nobody,
             "error_pages": {"502": str(cls.files / "502.html"),
                             "*": {"body": "other {status}"}}},
            {"from": "http://direct.test", "to": nobody,
             "error_pages": {"origin-refused": {"body": "direct"}}},
            {"from": "http://nobody.test", "to": target,
             "via": {**BEHIND, "endpoints": "nobody"},
             "error_pages": {"no-endpoint": {
                 "body": '{"error": "{outcome}", "at": "{path}"}',
                 "content_type": "application/json", "status": 500}}},
            {"from": "http://known.test", "to": target, "require": {},
             "error_pages": {"401": {"body": "<h1>Who are you?</h1>"}}},
            {"from": "http://rate.test", "to": target,
             "quota": {"per_address": {"requests": 1, "period": 3600}},
             "error_pages": {"4xx": {"body": "later"}}},
            {"from": "http://login.test", "to": target,
             "forward_auth": {"url": nobody + "/"},
             "error_pages": {"login-unavailable": {"body": "no login"}}},
            {"from": "http://asked.test", "to": target,
             "forward_auth": {"url": target + "/status/403"},
             "error_pages": {"*": {"body": "not this"}}},
            {"from": "http://plain.test", "to": target,
             "error_pages": {"*": {"body": "not this"}}},
            {"from": "http://taken.test", "to": target, "via": BEHIND,
             "response_headers": {"set": {"X-By": "{tunnel}/{endpoint}"}},
             "error_pages": {
                 "5xx": {"body": "<b>{status} {reason}</b>",
                         "of_target": True},
                 "404": {"body": "mine", "of_target": True, "status": 410}}},
        ]

    def test_a_file_stands_in_for_our_own_error(self):
        for version in self.both():
            answer = self.curl("dead", *version, path="/a%3Cb'\"?x")
            self.assertEqual(answer.status, 502)
            self.assertEqual(
                answer.body, "<style>p { color: red }</style><p>502 "
                "origin-refused dead.test/a%3Cb&#39;&quot;")
            self.assertEqual(answer["Content-Type"], [HTML])
            self.assertEqual(answer["Aps-Outcome"], ["origin-refused"])
            self.assertEqual(len(answer["Aps-Request-Id"]), 1)
            self.assertEqual(self.curl("direct", *version).body, "direct")

    def test_head_has_the_length_of_the_page(self):
        for version in self.both():
            whole = self.curl("dead", *version)
            head = self.curl("dead", *version, "-I")
            self.assertEqual((head.status, head.body), (502, ""))
            self.assertEqual(head["Content-Length"], [str(len(whole.body))])

    def test_an_outcome_has_a_page_and_a_status(self):
        for version in self.both():
            answer = self.curl("nobody", *version, "-H",
                               "Accept: application/json", path='/a"b')
            self.assertEqual(answer.status, 500)
            self.assertEqual(json.loads(answer.body),
                             {"error": "no-endpoint", "at": '/a"b'})
            self.assertEqual(answer["Retry-After"], ["1"])
            self.assertEqual(answer["Aps-Outcome"], ["no-endpoint"])

    def test_who_prefers_json_gets_that(self):
        for version in self.both():
            answer = self.curl("dead", *version, "-H",
                               "Accept: application/json")
            self.assertEqual(json.loads(answer.body)["outcome"],
                             "origin-refused")

    def test_challenges_stay(self):
        for version in self.both():
            answer = self.curl("known", *version)
            self.assertEqual(answer.status, 401)
            self.assertEqual(answer.body, "<h1>Who are you?</h1>")
            self.assertEqual(answer["WWW-Authenticate"],
                             ['Basic realm="Test realm", charset="UTF-8"',
                              'Bearer realm="Test realm"'])
            wrong = self.curl("known", *version, "-u", "alice:wrong")
            self.assertEqual((wrong.status, wrong.body),
                             (401, "<h1>Who are you?</h1>"))
            right = self.curl("known", *version, "-u",
                              "alice:" + SECRETS["alice"])
            self.assertEqual(right.status, 200)

    def test_retry_after_stays(self):
        self.curl("rate")
        for version in self.both():
            answer = self.curl("rate", *version)
            self.assertEqual((answer.status, answer.body), (429, "later"))
            self.assertGreater(int(answer["Retry-After"][0]), 1000)

    def test_a_login_service_that_is_not_there_has_a_page(self):
        for version in self.both():
            answer = self.curl("login", *version)
            self.assertEqual((answer.status, answer.body), (503, "no login"))

    def test_what_others_answer_is_theirs(self):
        for version in self.both():
            self.assertEqual(self.curl("asked", *version).body, "status\n")
            self.assertEqual(
                self.curl("plain", *version, path="/status/500").body,
                "status\n")

    def test_a_page_instead_of_what_a_target_said(self):
        for version in self.both():
            answer = self.curl("taken", *version, path=text(
                3_000_000, "X-Own: 1", "ETag: x", "Content-Encoding: br",
                status=503))
            self.assertEqual((answer.status, answer.body),
                             (503, "<b>503 Service Unavailable</b>"))
            self.assertEqual(answer["X-Own"], ["1"])
            self.assertEqual(answer["X-By"], ["tunnel1/app1"])
            self.assertEqual(answer["ETag"] + answer["Content-Encoding"], [])
            gone = self.curl("taken", *version, path="/missing")
            self.assertEqual((gone.status, gone.body), (410, "mine"))
            head = self.curl("taken", *version, "-I", path="/missing")
            self.assertEqual((head.status, head["Content-Length"]),
                             (410, ["4"]))
            fine = self.curl("taken", *version)
            self.assertEqual(fine.status, 200)

    def test_a_connection_goes_on_behind_a_page(self):
        urls = [f"http://127.0.0.1:{self.port}{path}"
                for path in (text(500_000, status=500), "/echo", "/missing")]
        done = subprocess.run(
            ["curl", "-sS", "-H", "Host: taken.test", "-w",
             "[%{http_code} %{num_connects}]", *urls],
            capture_output=True, check=True, text=True)
        self.assertIn("[500 1]", done.stdout)
        self.assertIn("[200 0]", done.stdout)
        self.assertTrue(done.stdout.endswith("mine[410 0]"), done.stdout)

    def test_a_server_has_pages_for_what_no_mapping_takes(self):
        for version in self.both():
            answer = self.curl("unknown", *version, path="/x&y")
            self.assertEqual((answer.status, answer.body),
                             (404, "<i>/x&amp;y</i>"))

    def test_what_is_no_request_has_a_page_too(self):
        with socket.create_connection(("127.0.0.1", self.port)) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n")
            answer = visitor.recv(65536).decode()
        self.assertTrue(answer.startswith("HTTP/1.1 400 "), answer)
        self.assertTrue(
            answer.endswith("bad The request is not valid HTTP/1.1."), answer)

    def test_grpc_clients_hear_a_grpc_status(self):
        answer = self.curl("dead", "--http2-prior-knowledge", "-H",
                           "Content-Type: application/grpc", "-X", "POST")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer["grpc-status"], ["14"])
        self.assertEqual(answer.body, "")

    def test_operators_see_pages_without_what_is_in_files(self):
        status, body = self.stack.node.get("/.api/mappings")
        self.assertEqual(status, 200)
        shown = json.loads(body)["mappings"]
        self.assertEqual(shown[0]["error_pages"]["502"],
                         {"file": str(self.files / "502.html"),
                          "content_type": HTML})
        self.assertNotIn(b"color: red", body)

    def test_files_are_read_again(self):
        page = self.files / "all.html"
        page.write_text("<b>new</b>")
        self.assertEqual(self.curl("unknown", path="/p").body, "<i>/p</i>")
        self.reload({})
        self.assertEqual(self.curl("unknown").body, "<b>new</b>")
        self.assertIn("error_pages", self.stack.node.log)
        page.write_text("<i>{path}</i>")
        mine = self.files / "502.html"
        was = mine.read_text()
        mine.write_text("mine {status}")
        self.reload({})
        self.assertEqual(self.curl("dead").body, "mine 502")
        mine.write_text(was)
        self.reload({})
        self.assertEqual(self.curl("unknown", path="/p").body, "<i>/p</i>")


class Compression(Answers):
    @classmethod
    def changes(cls, target):
        return {"servers": {"main": {"compress": True}}, "mappings": [
            {"from": "http://all.test", "to": target, "via": BEHIND},
            {"from": "http://off.test", "to": target, "compress": False},
            {"from": "http://gzip.test", "to": target, "via": BEHIND,
             "request_headers": {"remove": ["Accept-Encoding"]},
             "compress": {"encodings": ["gzip"], "types": ["image/png"],
                          "min_length": 10}}]}

    def ask(self, name, accepted, path, *flags):
        return self.curl(name, "-H", f"Accept-Encoding: {accepted}", *flags,
                         path=path)

    def test_each_coding_comes_out_as_it_went_in(self):
        whole = self.ask("all", "identity", text(300_000)).body
        for version in self.both():
            for coding in ("zstd", "br", "gzip"):
                for form in ({}, {"chunked": "1"}):
                    path = text(300_000, 'ETag: "x"', "Accept-Ranges: bytes",
                                **form)
                    answer = self.ask("all", coding, path, "--compressed",
                                      *version)
                    self.assertEqual(answer.status, 200, answer.done.stderr)
                    self.assertEqual(answer["Content-Encoding"], [coding])
                    self.assertEqual(answer["Vary"], ["Accept-Encoding"])
                    self.assertEqual(answer["ETag"], ['W/"x"'])
                    self.assertEqual(
                        answer["Content-Length"] + answer["Accept-Ranges"], [])
                    self.assertTrue(answer.body.startswith(whole), coding)
                    raw = self.ask("all", coding, path, *version)
                    self.assertLess(len(raw.body), 20_000)

    def test_the_visitor_chooses(self):
        for version in self.both():
            for accepted, expected in [
                    ("gzip, deflate, br, zstd", ["zstd"]),
                    ("gzip;q=1, br;q=0.5", ["gzip"]), ("*", ["zstd"]),
                    ("identity", []), ("gzip;q=0", []), ("deflate", [])]:
                answer = self.ask("all", accepted, text(5000), *version)
                self.assertEqual(answer["Content-Encoding"], expected, accepted)
                self.assertEqual(answer["Vary"], ["Accept-Encoding"])

    def test_what_shall_stay_does(self):
        for version in self.both():
            for path in [text(1000), text(5000, "Content-Encoding: br"),
                         text(5000, "Cache-Control: no-transform"),
                         text(5000, "Content-Range: bytes 0-4999/9000",
                              status=206),
                         text(5000, kind="image/png"), "/status/204",
                         "/status/304"]:
                plain = self.ask("all", "identity", path, *version)
                answer = self.ask("all", "zstd, br, gzip", path, *version)
                self.assertEqual(answer.body, plain.body, path)
                self.assertEqual(answer["Content-Encoding"],
                                 plain["Content-Encoding"], path)
                self.assertEqual(answer["Content-Length"],
                                 plain["Content-Length"])
                self.assertEqual(answer["Vary"], [])
            head = self.ask("all", "gzip", text(5000), "-I", *version)
            self.assertEqual(head["Content-Length"], ["5000"])
            self.assertEqual(head["Content-Encoding"], [])

    def test_a_mapping_says_otherwise(self):
        for version in self.both():
            off = self.ask("off", "gzip", text(5000), *version)
            self.assertEqual(off["Content-Encoding"] + off["Vary"], [])
            own = self.ask("gzip", "br, gzip", text(20, kind="image/png"),
                           *version)
            self.assertEqual(own["Content-Encoding"], ["gzip"])
            self.assertIsNone(self.target.requests[-1].header("Accept-Encoding"))
            self.assertEqual(
                self.ask("gzip", "gzip", text(5000), *version)
                ["Content-Encoding"], [])

    def test_trailers_stay_behind_a_body(self):
        answer = self.ask("all", "gzip", text(50_000, chunked="1"),
                          "--compressed", "--http2-prior-knowledge", "-v")
        self.assertIn(b"x-sum: 42", answer.done.stdout.lower()
                      + answer.done.stderr.lower())

    def test_events_flow(self):
        for version in self.both():
            curl = subprocess.Popen(
                ["curl", "-sSN", "--compressed", *version, "-H",
                 "Host: all.test", f"http://127.0.0.1:{self.port}/events"],
                stdout=subprocess.PIPE)
            try:
                for number in range(20):
                    event = b"data: event %d\n\n" % number
                    self.target.events.put(event)
                    self.assertEqual(curl.stdout.read(len(event)), event)
            finally:
                self.target.events.put(None)
                curl.stdout.read()
                self.assertEqual(curl.wait(30), 0)
                curl.stdout.close()

    def test_a_large_body_has_credit_to_its_end(self):
        for version in self.both():
            for coding in ("zstd", "br", "gzip"):
                path = text(20_000_000)
                answer = self.ask("all", coding, path, "--compressed",
                                  "-o", "/dev/null", "-w",
                                  "HTTP/1.1 200 x\r\n\r\n%{size_download}",
                                  *version)
                self.assertEqual(answer.done.returncode, 0, answer.done.stderr)

    def test_many_at_once_are_all_whole(self):
        wanted = self.ask("all", "identity", text(200_000)).body
        wrong = []

        def ask(coding):
            answer = self.ask("all", coding, text(200_000), "--compressed")
            if not answer.body.startswith(wanted[:200_000]):
                wrong.append((coding, answer.done.stderr))

        threads = [threading.Thread(target=ask, args=(coding,))
                   for coding in ("zstd", "br", "gzip") * 20]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    main()
