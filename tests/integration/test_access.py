#!/usr/bin/env python3
"""Who may come in: users, tokens, certificates, networks and quotas, asked for
by curl over HTTP/1.1 and HTTP/2; reloads, records, secrets."""

import contextlib
import hashlib
import json
import random
import re
import signal
import subprocess
import threading
import time

from access_case import (BOTH, ECHO, SECRETS, TOKENS, AccessCase, Curl, auth,
                         mappings, sha256)
from certified import Certified
from harness import BIN, FULL, TIME_SCALE, main, wait_until
from origin import Origin
from wire import SWITCH, Visitor, basic


class Credentials(AccessCase):
    def test_basic(self):
        for version in BOTH:
            with self.subTest(version=version):
                asked = self.curl(*version, host="known")
                self.assertEqual(asked.status, 401)
                self.assertEqual(asked["WWW-Authenticate"], [
                    'Basic realm="Test realm", charset="UTF-8"',
                    'Bearer realm="Test realm"'])
                self.assertEqual(asked["Aps-Outcome"], ["unauthorized"])
                for user, password in SECRETS.items():
                    let_in = self.curl(*version, "-u", f"{user}:{password}",
                                       host="known")
                    self.assertEqual(let_in.status, 200, let_in.head)
                    self.assertEqual(let_in.seen("Remote-User"), [user])
                    self.assertEqual(let_in.seen("Authorization"), [])

    def test_the_body_waits_for_the_password(self):
        body = b"x" * 3_000_000
        for version in BOTH:
            with self.subTest(version=version):
                flags = ("-u", f"alice:{SECRETS['alice']}", "--data-binary",
                         "@-", "-H", "Expect:")
                done = subprocess.run(
                    ["curl", "-sS", *version, "--noproxy", "*", "-H",
                     "Host: known.test", *flags,
                     f"http://127.0.0.1:{self.port}{ECHO}"], input=body,
                    capture_output=True, check=True)
                told = json.loads(done.stdout)
                self.assertEqual(told["sha256"],
                                 hashlib.sha256(body).hexdigest())

    def test_what_visitors_write_of_users_goes_no_further(self):
        for host, extra, expected in [
                ("known", ("-u", f"bob:{SECRETS['bob']}"), ["bob"]),
                ("open", (), [])]:
            seen = self.curl("-H", "Remote-User: root", "-H",
                             "Remote_User: root", "-H", "REMOTE-USER: root",
                             *extra, host=host).seen("Remote-User")
            self.assertEqual(seen, expected)

    def test_authorization_is_the_targets_where_nobody_has_to_be_known(self):
        seen = self.curl("-u", "somebody:else", host="open")
        self.assertEqual(seen.seen("Authorization"),
                         [basic("somebody", "else")[1]])

    def test_a_wrong_password_and_a_name_nobody_has_look_alike(self):
        answers = []
        for number, user in enumerate(("alice", "nobody", "carol")):
            answer = self.curl("-u", f"{user}:wrong", "--interface",
                               f"127.0.1.{number + 1}", "-H",
                               "X-Request-Id: same", host="known")
            self.assertEqual(answer.status, 401)
            answers.append(re.sub(r"(?m)^Date: .*$", "", answer.head)
                           + answer.body)
        self.assertEqual(len(set(answers)), 1, answers)

    def test_bearer(self):
        for version in BOTH:
            with self.subTest(version=version):
                let_in = self.curl(*version, "-H",
                                   f"Authorization: Bearer {TOKENS['ci']}",
                                   host="dev")
                self.assertEqual(let_in.status, 200)
                self.assertEqual(let_in.seen("Remote-User"), ["ci"])
                self.assertEqual(let_in.seen("Authorization"), [])
                for token in (TOKENS["old"], "x"):
                    refused = self.curl(
                        *version, "-H", f"Authorization: Bearer {token}",
                        host="dev")
                    self.assertEqual(refused.status, 401)

    def test_who_is_known_and_not_meant_is_forbidden(self):
        for version in BOTH:
            with self.subTest(version=version):
                refused = self.curl(*version, "-u", f"bob:{SECRETS['bob']}",
                                    host="dev")
                self.assertEqual(refused.status, 403)
                self.assertEqual(refused["Aps-Outcome"], ["forbidden"])
                self.assertEqual(refused["WWW-Authenticate"], [])
                self.assertNotIn("bob", refused.body)
                self.assertNotIn("mappings", refused.body)

    def test_as_a_proxy(self):
        proxy = ("-x", f"http://127.0.0.1:{self.port}")
        url = f"http://known.test{ECHO}"
        asked = self.curl(*proxy, url=url)
        self.assertEqual(asked.status, 407)
        self.assertEqual(asked["Proxy-Authenticate"][0],
                         'Basic realm="Test realm", charset="UTF-8"')
        self.assertEqual(asked["WWW-Authenticate"], [])
        # A user of the target's is none of ours, and goes on.
        self.assertEqual(self.curl(*proxy, "-u", f"bob:{SECRETS['bob']}",
                                   url=url).status, 407)
        let_in = self.curl(*proxy, "--proxy-user", f"bob:{SECRETS['bob']}",
                           "-u", "somebody:else", url=url)
        self.assertEqual(let_in.status, 200)
        self.assertEqual(let_in.seen("Remote-User"), ["bob"])
        self.assertEqual(let_in.seen("Authorization"),
                         [basic("somebody", "else")[1]])
        self.assertEqual(let_in.seen("Proxy-Authorization"), [])

    def test_grpc_clients_hear_a_status(self):
        answer = self.curl("--http2-prior-knowledge", "-X", "POST", "-H",
                           "Content-Type: application/grpc", host="known")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer["grpc-status"], ["16"])


class Trailers(AccessCase):
    def test_they_name_no_user_either(self):
        fields = [("Checksum", "1"), ("X-User", "root"), ("X_User", "root"),
                  ("Remote-User", "root"), ("X_Request_Id", "x")]
        config = json.loads(json.dumps(self.stack.node.config))
        config["auth"]["user_header"] = "X-User"
        stack = self.build("ws", {key: config[key]
                                  for key in ("auth", "mappings")})
        with Visitor(stack.port) as visitor:
            visitor.send_head("POST", ECHO, [
                basic("alice", SECRETS["alice"]),
                ("Transfer-Encoding", "chunked")], "known.test")
            visitor.send(b"1\r\nx\r\n0\r\n" + b"".join(
                f"{name}: {value}\r\n".encode()
                for name, value in fields) + b"\r\n")
            answer = visitor.read("POST")
        self.assertEqual(json.loads(answer.body)["trailers"],
                         [["Checksum", "1"]])


class Limits(AccessCase):
    def test_networks(self):
        for version in BOTH:
            for address, status in [("127.0.0.1", 200), ("127.0.0.2", 403),
                                    ("127.0.0.3", 200), ("127.0.0.4", 403)]:
                with self.subTest(version=version, address=address):
                    answer = self.curl(*version, "--interface", address,
                                       host="nets")
                    self.assertEqual(answer.status, status)

    def test_rate(self):
        before = self.limit("request-rate")
        for number, version in enumerate(BOTH):
            with self.subTest(version=version):
                ask = lambda: self.curl(*version, "--interface",
                                        f"127.0.2.{number + 1}", host="rate")
                self.assertEqual([ask().status for _ in range(2)], [200, 200])
                refused = ask()
                self.assertEqual(refused.status, 429)
                self.assertEqual(refused["Aps-Outcome"], ["rate-limited"])
                self.assertIn(int(refused["Retry-After"][0]), range(20, 31))
        self.assertEqual(self.limit("request-rate"), before + 2)
        _, metrics = self.stack.node.get("/metrics")
        shown = re.search(rb'aps_limits_total\{limit="request-rate"\} (\d+)',
                          metrics)
        self.assertGreaterEqual(int(shown[1]), 2)

    def test_requests_at_a_time(self):
        for number, version in enumerate(BOTH):
            with self.subTest(version=version):
                self.target.release.clear()
                source = f"127.0.3.{number + 1}"
                first = threading.Thread(target=lambda: self.curl(
                    *version, "--interface", source, host="seats",
                    path="/gate"))
                first.start()
                wait_until(lambda: self.target.busy("/gate"),
                           "the request to arrive")
                refused = self.curl(*version, "--interface", source,
                                    host="seats")
                self.assertEqual(refused.status, 429)
                self.assertEqual(refused["Retry-After"], ["1"])
                self.target.release.set()
                first.join()
                self.assertEqual(
                    wait_until(lambda: self.curl(
                        *version, "--interface", source,
                        host="seats").status == 200, "the place"), True)
        self.assertGreaterEqual(self.limit("concurrent-requests"), 2)

    def test_a_place_comes_back_however_the_request_ends(self):
        source = "127.0.4.1"
        ask = lambda path: self.curl("--interface", source, host="seats",
                                     path=path).status
        for path, status in [("/close", 502), ("/missing", 404)]:
            self.assertEqual(ask(path), status)
            self.assertEqual(ask(ECHO), 200)
        with Visitor(self.port, source=source) as visitor:
            visitor.send_head("GET", "/drip", host="seats.test")
            visitor.read_final_head()
            self.assertEqual(ask(ECHO), 429)
            visitor.reset()
        wait_until(lambda: ask(ECHO) == 200, "the place of who left")

    def test_bodies(self):
        chunks = ("-H", "Transfer-Encoding: chunked")
        # Whoever asks for another protocol has a body all the same.
        switch = ("-H", "Connection: Upgrade", "-H", "Upgrade: x/1")
        for number, flags in enumerate((
                (*BOTH[0], "--data-binary", "@-"), (*BOTH[0], "-T", "-", *chunks),
                (*BOTH[0], "--data-binary", "@-", *switch),
                (*BOTH[0], "-T", "-", *chunks, *switch),
                (*BOTH[1], "--data-binary", "@-"), (*BOTH[1], "-T", "-"))):
            for size, status in [(1000, 200), (1001, 413), (100_000, 413)]:
                with self.subTest(number=number, size=size):
                    done = subprocess.run(
                        ["curl", "-sS", *flags, "--noproxy", "*", "-o",
                         "/dev/null", "-w", "%{http_code}", "-X", "POST",
                         "-H", "Host: body.test", "-H", "Expect:",
                         f"http://127.0.0.1:{self.port}{ECHO}"],
                        input=b"x" * size, capture_output=True, check=False)
                    self.assertEqual(done.stdout.decode(), str(status))
        self.assertGreaterEqual(self.limit("request-body"), 12)


class Records(AccessCase):
    def test_a_record_says_who_and_why(self):
        self.curl("-u", f"alice:{SECRETS['alice']}", "-H",
                  "X-Request-Id: let-in", host="dev")
        self.curl("-u", f"bob:{SECRETS['bob']}", host="dev")
        self.curl("-u", f"bob:{SECRETS['bob']}", host="dev")
        self.curl("-u", "alice:wrong", host="dev")
        self.curl("--interface", "127.0.0.2", host="nets")

        def found(outcome):
            return wait_until(lambda: self.records(outcome), outcome)
        let_in = next(one for one in found("ok")
                      if one["request_id"] == "let-in")
        self.assertEqual((let_in["user"], let_in["access"]),
                         ("alice", "alice by password, mappings[2].require"))
        forbidden = {(one["user"], one["access"]) for one in found("forbidden")}
        self.assertLessEqual({
            ("bob", "bob is not among those of mappings[2].require"),
            ("", "mappings[3].deny")}, forbidden)
        wrong = {(one["user"], one["detail"]) for one in found("unauthorized")}
        self.assertIn(("alice", "wrong password of alice"), wrong)
        self.assertIn("wrong password of alice", self.stack.node.log)


class Guesses(AccessCase):
    def test_guesses_are_slowed_and_honest_users_are_not(self):
        honest = ("-u", f"alice:{SECRETS['alice']}")
        self.assertEqual(self.curl(*honest, host="known").status, 200)
        statuses, stop = [], threading.Event()

        def guess(number):
            while not stop.is_set():
                answer = self.curl("-u", f"alice:{random.random()}",
                                   "--interface", f"127.0.5.{number}",
                                   host="known")
                statuses.append(answer.status)
        threads = [threading.Thread(target=guess, args=(number,))
                   for number in range(1, 5)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + (60 if FULL else 6)
        try:
            while (time.monotonic() < end
                   or 429 not in statuses and len(statuses) < 40):
                self.assertEqual(self.curl(*honest, host="known").status, 200)
                time.sleep(0.1)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertLessEqual(set(statuses), {401, 429})
        self.assertIn(429, statuses)
        # Of one name: ten at once and those under way, then after pauses.
        self.assertLessEqual(statuses.count(401), 40)
        self.assertGreater(self.limit("login-rate"), 0)
        # One of two may come when a pause is over; then there is another.
        two = [self.curl("-u", "alice:x", "--interface", "127.0.5.1",
                         host="known") for _ in range(2)]
        slowed = [each for each in two if each.status == 429]
        self.assertTrue(slowed, [each.status for each in two])
        self.assertGreaterEqual(int(slowed[0]["Retry-After"][0]), 1)

    def test_an_address_that_was_in_finds_out_no_password(self):
        right = [basic("bob", SECRETS["bob"])]

        def connection():
            visitor = Visitor(self.port, source="127.0.6.1")
            self.addCleanup(visitor.close)
            return visitor
        own = connection()
        for _ in range(2):
            self.assertEqual(own.get(ECHO, right, "known.test").status, 200)
        for _ in range(8):  # pauses grow until all of these are within one
            tries = []
            for _ in range(14):
                tries.append(connection())
                tries[-1].send_head(
                    "GET", ECHO, [basic("bob", str(random.random()))],
                    "known.test")
            with connection() as another:
                status = another.get(ECHO, right, "known.test").status
            # Who came before any of them stays.
            self.assertEqual(own.get(ECHO, right, "known.test").status, 200)
            for each in tries:
                self.assertIn(each.read("GET").status, (401, 429))
            if status == 429:
                break
        self.assertEqual(status, 429)


class Reloads(AccessCase):
    def test_users_and_rules_change_as_a_whole_and_what_runs_goes_on(self):
        as_bob = ("-u", f"bob:{SECRETS['bob']}")
        self.assertEqual(self.curl(*as_bob, host="known").status, 200)
        self.target.release.clear()
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(
            self.curl(*as_bob, host="known", path="/gate")))
        waiting.start()
        with Visitor(self.port) as socket:
            socket.send_head("GET", "/websocket", [
                basic("bob", SECRETS["bob"]), *SWITCH], host="known.test")
            self.assertEqual(socket.read_final_head().status, 101)
            wait_until(lambda: self.target.busy("/gate"), "the request")
            connections = self.stack.node.connection_names()
            config = self.stack.node.config
            fresh = json.loads(json.dumps(config))
            del fresh["auth"]["users"]["bob"]
            fresh["mappings"][0]["deny"] = ["127.0.0.6"]
            self.reload(None, text=json.dumps(fresh))
            self.assertEqual(self.curl(*as_bob, host="known").status, 401)
            self.assertEqual(self.curl("--interface", "127.0.0.6").status, 403)
            self.assertEqual(self.curl("--interface", "127.0.0.7").status, 200)
            self.assertEqual(self.curl(
                "-u", f"alice:{SECRETS['alice']}", host="known").status, 200)
            # What is wrong changes nothing.
            broken = json.loads(json.dumps(config))
            broken["mappings"][0]["require"] = {"users": ["nobody"]}
            self.reload(None, "everything stays as it was",
                        json.dumps(broken))
            self.assertEqual(self.curl(*as_bob, host="known").status, 401)
            self.assertEqual(self.curl("--interface", "127.0.0.6").status, 403)
            socket.send(b"\x81\x82\0\0\0\0hi")
            self.assertEqual(socket.file.read(4), b"\x81\x02hi")
        self.target.release.set()
        waiting.join()
        self.assertEqual(answers[0].status, 200)
        self.assertEqual(self.stack.node.connection_names(), connections)
        self.reload(None, text=json.dumps(config))
        self.assertEqual(self.curl(*as_bob, host="known").status, 200)

    def test_a_running_mapping_keeps_its_rules_until_it_is_another(self):
        def inserted(all, known):
            all.insert(0, {**known, "to": "http://127.0.0.1:1",
                           "match": {"methods": ["PUT"]}})
            del all[0]["require"]

        def moved(all, known):
            known["to"] = "http://127.0.0.1:1"
            del known["require"]

        def deleted(all, known):
            all.remove(known)

        config = self.stack.node.config
        for change in (inserted, moved, deleted):
            with self.subTest(change=change.__name__):
                fresh = json.loads(json.dumps(config))
                known = next(each for each in fresh["mappings"]
                             if each["from"] == "http://known.test")
                change(fresh["mappings"], known)
                # What cannot be used yet keeps all of them as they were.
                fresh["tunnels"]["late"] = {"password": "p"}
                fresh["mappings"].append(
                    {"from": "http://late.test", "to": "http://127.0.0.1:1",
                     "via": {"tunnels": "late"}})
                told = len(self.stack.node.log)
                self.reload(None, text=json.dumps(fresh))
                said = self.stack.node.log[told:]
                self.assertNotIn("in use", said)
                self.assertIn("all mappings stay as they were", said)
                self.assertEqual(self.curl(host="known").status, 401)
        told = len(self.stack.node.log)
        self.reload(None, text=json.dumps(config))
        self.assertIn("nothing changed", self.stack.node.log[told:])


class Certificates(Certified):
    def test_a_certificate_names_a_user(self):
        config = {"auth": auth()}
        target = Origin()
        stack = self.secure(
            origin=target, config=config,
            tls=self.tls(client_ca=str(self.ca.cert)),
            mappings=[{"from": "https://example.com", "to": target.url,
                       "via": {"tunnels": ["tunnel1"]}, "require": {}}])
        carol = self.ca.issue("carol", ["carol.example"], client=True)
        other = self.ca.issue("other", ["other.example"], client=True)
        for version in ("--http1.1", "--http2"):
            def ask(*flags):
                return Curl(version, "--cacert", self.ca.cert, "--resolve",
                            f"example.com:{stack.port}:127.0.0.1", *flags,
                            url=f"https://example.com:{stack.port}{ECHO}")
            with self.subTest(version=version):
                let_in = ask("--cert", carol.cert, "--key", carol.key)
                self.assertEqual(let_in.status, 200, let_in.done.stderr)
                self.assertEqual(let_in.seen("Remote-User"), ["carol"])
                # Its Authorization is the target's then.
                both = ask("--cert", carol.cert, "--key", carol.key, "-u",
                           "some:body")
                self.assertEqual(both.seen("Authorization"),
                                 [basic("some", "body")[1]])
                self.assertEqual(ask("--cert", other.cert, "--key",
                                     other.key).status, 401)
                self.assertEqual(ask().status, 401)
        # And that is what explain says beforehand.
        for query, outcome, user in (
                ("&certificate=carol.example", "ok", "carol"),
                ("&certificate=other.example", "unauthorized", ""),
                ("", "unauthorized", "")):
            status, body = stack.node.get(
                f"/.api/explain?url=https://example.com{ECHO}{query}")
            self.assertEqual(status, 200, body)
            told = json.loads(body)
            self.assertEqual((told["outcome"], told["access"]["user"]),
                             (outcome, user))
        status, body = stack.node.get(
            "/.api/explain?url=http://example.com/&certificate=carol.example")
        self.assertEqual((status, json.loads(body)["field"]),
                         (400, "certificate"))


class Secrets(AccessCase):
    def test_no_secret_is_told_anywhere(self):
        node = self.stack.node
        for flags in [("-u", f"alice:{SECRETS['alice']}"),
                      ("-u", f"bob:{SECRETS['bob']}"), ("-u", "alice:wr0ng-pw"),
                      ("-u", "n0body:wr0ng-pw"),
                      ("-H", f"Authorization: Bearer {TOKENS['ci']}"),
                      ("-H", f"Authorization: Bearer {TOKENS['old']}")]:
            self.curl(*flags, host="dev")
        for target, host in (("http://bob:1n-the-url@dev.test/x", "dev.test"),
                             ("/x", "bob:1n-the-url@dev.test")):
            with Visitor(self.port) as visitor:
                visitor.send_head("GET", target, host=host)
                self.assertEqual(visitor.read_head().status, 400)
        changed = json.loads(json.dumps(node.config))
        changed["auth"]["users"]["bob"]["password"] = "another-secret-of-bob"
        changed["auth"]["tokens"]["ci"]["token_hash"] = sha256("fresh")
        node.config_file.write_text(json.dumps(changed))
        node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "auth.users.bob.password" in node.log, "the diff")
        told = node.log
        for path in ["stats", "exchanges", "mappings", "connections", "config",
                     "endpoints", "tunnels",
                     "explain?url=http://dev.test/&user=alice"]:
            status, body = node.get(f"/.api/{path}")
            told += body.decode() if status == 200 else ""
        with contextlib.suppress(TimeoutError), \
                Visitor(node.admin_port, timeout=1) as stream:
            since = node.stats()["node"]["id"] + "-1"
            stream.send_head("GET", "/.api/events",
                             [("Last-Event-ID", since)], host="127.0.0.1")
            end = time.monotonic() + 3 * TIME_SCALE
            while time.monotonic() < end:
                told += stream.file.readline().decode()
        told += node.get("/metrics")[1].decode()
        for page in ("/.admin/", "/.admin/index.html"):
            told += node.get(page)[1].decode("latin-1")
        done = subprocess.run([BIN / "apsctl", "-admin",
                               f"127.0.0.1:{node.admin_port}", "exchanges"],
                              capture_output=True, text=True, check=True)
        told += done.stdout
        self.assertIn("wrong password of alice", told)
        config = node.config["auth"]
        secrets = [*SECRETS.values(), *TOKENS.values(),
                   "another-secret-of-bob", "wr0ng-pw", "n0body", "1n-the-url",
                   sha256(TOKENS["ci"]), sha256("fresh"),
                   config["users"]["alice"]["password_hash"],
                   config["users"]["alice"]["password_hash"].split("$")[-1],
                   basic("bob", SECRETS["bob"])[1].split()[1]]
        for secret in secrets:
            self.assertNotIn(secret, told)


if __name__ == "__main__":
    main()
