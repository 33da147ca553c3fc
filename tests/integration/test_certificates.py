"""Certificates of servers: what a node says of those that are none, how it
takes new ones while it runs, and what authorities say of them (OCSP)."""

import os
import re
import shutil
import signal
import subprocess
import threading

from certified import Certified
from harness import (BIN, FULL, TIME_SCALE, free_port, main, scratch,
                     wait_until, write_config)
from lab.testca import Authority, openssl
from wire import HOST


def serial_of(pair):
    return openssl("x509", "-in", pair.cert, "-noout", "-serial").strip() \
        .partition("=")[2]


class BadPairs(Certified):
    """What a node says about certificates that are none, before it starts."""

    def rows(self):
        good, folder = self.good, self.folder
        other = self.ca.issue("other", [HOST])
        middle = Authority(folder / "middle", issuer=self.ca, name="middle")
        expired = self.ca.issue("expired", [HOST], days=(-30, -1))
        early = self.ca.issue("early", [HOST], days=(2, 30))
        lonely = middle.issue("lonely", [HOST], aia=True, chain=False)
        whole = middle.issue("whole", [HOST], aia=True)
        nameless = self.ca.issue("nameless")
        empty = folder / "empty.pem"
        empty.write_text("")
        text = folder / "text.pem"
        text.write_text("no certificate\n")
        broken = folder / "broken.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n"
                          "-----END CERTIFICATE-----\n")
        locked = folder / "locked.key"
        openssl("pkey", "-in", good.key, "-aes128", "-passout", "pass:x",
                "-out", locked)
        pkcs8 = folder / "locked8.key"
        openssl("pkcs8", "-topk8", "-in", good.key, "-passout", "pass:x",
                "-out", pkcs8)
        public = folder / "public.pem"
        openssl("pkey", "-in", good.key, "-pubout", "-out", public)
        group = folder / "group.pem"
        openssl("ecparam", "-name", "P-256", "-out", group)
        der = folder / "good.der"
        openssl("x509", "-in", good.cert, "-outform", "DER", "-out", der)
        request = folder / "request.pem"
        openssl("req", "-new", "-key", good.key, "-subj", "/CN=x", "-out",
                request)
        many = folder / "many.pem"
        many.write_text(good.cert.read_text() * 11)
        large = folder / "large.pem"
        large.write_text(good.cert.read_text() + "x" * (1 << 20))
        cut = folder / "cut.pem"
        cut.write_text(good.cert.read_text()[:400])
        second = folder / "second.pem"
        second.write_text(good.cert.read_text() + broken.read_text())
        rsa = self.ca.issue("rsa", [HOST], kind="rsa")
        old_middle = Authority(folder / "old", issuer=self.ca, name="old",
                               days=(-30, -1))
        old_chain = old_middle.issue("under-old", [HOST])
        unordered = folder / "unordered.pem"
        unordered.write_text(good.cert.read_text() + other.cert.read_text())
        return [
            ("/nowhere.pem", good.key, r"tls\.cert: .*No such file"),
            (good.cert, "/nowhere.key", r"tls\.key: .*No such file"),
            (folder, good.key, r"tls\.cert: .*a directory"),
            (empty, good.key, r"tls\.cert: .*no certificate in PEM"),
            (text, good.key, r"tls\.cert: .*no certificate in PEM"),
            (broken, good.key, r"tls\.cert: .*certificate 1 cannot be read"),
            (good.key, good.key, r"tls\.cert: .*a key, and no certificate"),
            (good.cert, good.cert, r"tls\.key: .*a certificate, and no key"),
            (good.cert, text, r"tls\.key: .*no private key in PEM"),
            (good.cert, locked, r"tls\.key: .*a key with a passphrase"),
            (good.cert, other.key, r"tls\.key: .*key of another certificate"),
            (expired.cert, expired.key, r"tls\.cert: .*expired on \d{4}-"),
            (early.cert, early.key, r"tls\.cert: .*not valid before \d{4}-"),
            (lonely.cert, lonely.key,
             r'tls\.cert: .*chain is incomplete, .*APS test middle'),
            (unordered, good.key, r"tls\.cert: .*did not issue"),
            (nameless.cert, nameless.key, r"tls\.cert: .*no name"),
            (good.cert, pkcs8, r"tls\.key: .*a key with a passphrase"),
            (good.cert, public, r"tls\.key: .*no private key in PEM"),
            (good.cert, group, r"tls\.key: .*no private key in PEM"),
            (good.cert, empty, r"tls\.key: .*no private key in PEM"),
            (good.cert, der, r"tls\.key: .*no private key in PEM"),
            (good.cert, folder, r"tls\.key: .*a directory"),
            (good.cert, rsa.key, r"tls\.key: .*key of another certificate"),
            (der, good.key, r"tls\.cert: .*no certificate in PEM"),
            (request, good.key, r"tls\.cert: .*no certificate in PEM"),
            (public, good.key, r"tls\.cert: .*no certificate in PEM"),
            (cut, good.key, r"tls\.cert: .*certificate 1 cannot be read"),
            (second, good.key, r"tls\.cert: .*certificate 2 cannot be read"),
            (many, good.key, r"tls\.cert: .*11 certificates.*at most 10"),
            (large, good.key, r"tls\.cert: .*more than 1048576 bytes"),
            (old_chain.cert, old_chain.key,
             r"tls\.cert: .*certificate 2 of the chain, expired on \d{4}-"),
            (whole.cert, whole.key, None),
            (rsa.cert, rsa.key, None),
        ]

    def more_rows(self):
        """What else stands beside a good pair, and the message."""
        good, folder = self.good, self.folder
        other = self.ca.issue("other2", ["other.example"])
        text = folder / "text2.pem"
        text.write_text("nothing\n")
        middle = Authority(folder / "middle2", issuer=self.ca, name="middle2")
        mine = middle.issue("mine", [HOST])
        theirs = middle.issue("theirs", [HOST])
        revoked = middle.issue("revoked", [HOST])
        response = middle.respond(mine, folder / "mine.ocsp")
        return [
            (good, {"client_ca": "/nowhere.pem"},
             r"tls\.client_ca: .*No such file"),
            (good, {"client_ca": str(text)},
             r"tls\.client_ca: .*no certificate in PEM"),
            (good, {"client_ca": str(good.key)},
             r"tls\.client_ca: .*a key, and no certificate"),
            (good, {"certificates": [self.tls(other, key=str(good.key))]},
             r"tls\.certificates\[0\]\.key: .*key of another certificate"),
            (good, {"certificates": [self.tls(other),
                                     self.tls(other, cert="/nowhere.pem")]},
             r"tls\.certificates\[1\]\.cert: .*No such file"),
            (mine, {"ocsp": "/nowhere.ocsp"}, r"tls\.ocsp: .*No such file"),
            (mine, {"ocsp": str(text)},
             r"tls\.ocsp: .*no OCSP response in DER"),
            (mine, {"ocsp": str(mine.cert)},
             r"tls\.ocsp: .*no OCSP response in DER"),
            (theirs, {"ocsp": str(response)},
             r"tls\.ocsp: .*a response about another certificate"),
            (revoked, {"ocsp": str(middle.respond(
                revoked, folder / "revoked.ocsp", revoke=True))},
             r"tls\.ocsp: .*cert was revoked on \d{4}-"),
            (mine, {"ocsp": str(response)}, None),
        ]

    def test_the_table(self):
        rows = [({"cert": str(cert), "key": str(key)}, words)
                for cert, key, words in self.rows()]
        rows += [(self.tls(pair, **more), words)
                 for pair, more, words in self.more_rows()]
        self.assertGreaterEqual(len(rows), 40)
        for tls, words in rows:
            with self.subTest(tls=tls):
                file = write_config(scratch(self), {"servers": {"s": {
                    "port": free_port(), "tls": tls}}})
                for flags in (["-check"], [])[:2 if words else 1]:
                    done = subprocess.run(
                        [BIN / "aps", "-config", file, *flags], text=True,
                        capture_output=True, check=False,
                        timeout=60 * TIME_SCALE)
                    self.assertEqual(done.returncode, 1 if words else 0,
                                     done.stderr)
                    if words:
                        self.assertRegex(done.stderr, words)
                        self.assertIn(file.name, done.stderr)
                        self.assertEqual(done.stderr.count("\n"), 1)


class Renewals(Certified):
    """Certificates change while the node runs."""

    def setUp(self):
        super().setUp()
        self.pair = self.ca.issue("live", [HOST, "localhost", "127.0.0.1"])
        self.next = 0

    def put(self, **wish):
        """Another certificate into the same files; the key file first."""
        self.next += 1
        fresh = self.ca.issue(f"live-{self.next}",
                              [HOST, "localhost", "127.0.0.1"], **wish)
        os.replace(fresh.key, self.pair.key)
        os.replace(fresh.cert, self.pair.cert)

    def take(self, pair):
        """A copy of these into the files; the key file first."""
        for kind in ("key", "cert"):
            copy = self.folder / f"copy.{kind}"
            shutil.copy(getattr(pair, kind), copy)
            os.replace(copy, getattr(self.pair, kind))

    def serial(self, stack):
        with self.connect(stack.port) as stream:
            return stream.getpeercert()["serialNumber"]

    def test_a_file_that_changed_is_used(self):
        stack = self.secure(pair=self.pair)
        before = self.serial(stack)
        held = self.connect(stack.port)
        self.put()
        wait_until(lambda: self.serial(stack) != before, "the new certificate")
        self.assertIn("Server main has new certificates", stack.node.log)
        held.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        self.assertIn(b" 200 ", held.recv(65536))
        held.close()

    def test_a_bad_pair_is_refused_and_the_old_one_stays(self):
        stack = self.secure(pair=self.pair)
        before = self.serial(stack)
        kept = self.pair.cert.read_text(), self.pair.key.read_text()
        expired = self.ca.issue("gone", [HOST], days=(-9, -1))
        self.pair.key.write_text(self.good.key.read_text())
        wait_until(lambda: "keeps its certificates" in stack.node.log,
                   "the refusal")
        self.assertIn("the key of another certificate", stack.node.log)
        other = self.ca.issue("another", ["a.example"])
        self.pair.key.write_text(other.key.read_text())
        self.pair.cert.write_text(other.cert.read_text())
        wait_until(lambda: "none for example.com" in stack.node.log,
                   "the refusal")
        self.pair.key.write_text(expired.key.read_text())
        self.pair.cert.write_text(expired.cert.read_text())
        wait_until(lambda: "expired on" in stack.node.log, "the refusal")
        self.assertEqual(self.serial(stack), before)
        self.assertEqual(self.fetch(stack.port)[0], 200)
        self.pair.key.write_text(kept[1])
        self.pair.cert.write_text(kept[0])

    def test_hangups_look_at_once(self):
        stack = self.secure(pair=self.pair)
        before = self.serial(stack)
        self.put()
        os.kill(stack.node.pid, signal.SIGHUP)
        wait_until(lambda: self.serial(stack) != before, "the new certificate")

    def test_many_renewals_under_load_fail_nothing(self):
        stack = self.secure(pair=self.pair, config={
            "limits": {"max_handshakes_per_address": 0}})
        two = [self.ca.issue(f"turn-{number}", [HOST, "localhost", "127.0.0.1"])
               for number in range(2)]
        serials = [serial_of(pair) for pair in two]
        over = threading.Event()
        failed, served = [], [0]

        def visit():
            while not over.is_set():
                try:
                    status = self.fetch(stack.port)[0]
                    served[0] += 1
                    if status != 200:
                        failed.append(status)
                except Exception as error:
                    failed.append(error)
        visitors = [threading.Thread(target=visit) for _ in range(3)]
        for each in visitors:
            each.start()
        for number in range(1000 if FULL else 20):
            self.take(two[number % 2])
            os.kill(stack.node.pid, signal.SIGHUP)
            wait_until(lambda: self.serial(stack) == serials[number % 2],
                       "the next certificate")
        over.set()
        for each in visitors:
            each.join()
        self.assertEqual(failed, [])
        self.assertGreater(served[0], 20)

    def test_the_days_left_are_counted_and_told(self):
        soon = self.ca.issue("soon", [HOST], days=(-1, 5.5))
        stack = self.secure(agent=False, pair=soon)
        wait_until(lambda: "ends in 5 days" in stack.node.log, "the event")
        _, metrics = stack.node.get("/metrics")
        found = re.search(r'aps_certificate_days_left\{server="main"\} (\d+)',
                          metrics.decode())
        self.assertEqual(found[1], "5")


class Staples(Certified):
    """A server shows what its certificate's authority says of it."""

    def setUp(self):
        super().setUp()
        folder = scratch(self)
        self.middle = Authority(folder, issuer=self.ca, name="middle")
        self.pair = self.middle.issue("stapled", [HOST, "localhost"])
        self.response = self.middle.respond(self.pair, folder / "r.der")

    def stapling(self):
        return self.secure(agent=False, tls=self.tls(
            self.pair, ocsp=str(self.response)))

    def said(self, stack, *flags, name=HOST):
        return self.s_client(stack.port, "-status", *flags, name=name)

    def test_who_asks_sees_it(self):
        stack = self.stapling()
        for version in ("-tls1_2", "-tls1_3"):
            said = self.said(stack, version)
            self.assertIn("OCSP Response Status: successful", said)
            self.assertIn("Cert Status: good", said)
            self.assertIn("Verify return code: 0 (ok)", said)
        self.assertNotIn("OCSP Response Data", self.s_client(stack.port))

    def test_each_certificate_has_its_own(self):
        other = self.middle.issue("bare", ["bare.example"])
        rsa = self.middle.issue("both", [HOST, "localhost"], kind="rsa")
        answer = self.middle.respond(rsa, self.response.parent / "rsa.der")
        stack = self.secure(agent=False, tls=self.tls(
            self.pair, ocsp=str(self.response), certificates=[
                self.tls(other), self.tls(rsa, ocsp=str(answer))]))
        self.assertIn("no response sent",
                      self.said(stack, name="bare.example"))
        for auth, pair in (("ECDSA", self.pair), ("RSA", rsa)):
            said = self.said(stack, "-tls1_2", "-cipher",
                             f"ECDHE-{auth}-AES128-GCM-SHA256")
            self.assertIn(f"Serial Number: {serial_of(pair)}", said)

    def test_a_new_one_is_taken_and_a_bad_one_is_not(self):
        stack = self.stapling()
        until = re.search("Next Update: (.*)", self.said(stack))[1]
        self.middle.respond(self.pair, self.response, days=30)
        wait_until(lambda: "Server main has new OCSP responses"
                   in stack.node.log, "the event")
        self.assertNotIn(until, self.said(stack))
        self.response.write_text("nothing")
        wait_until(lambda: "tls.ocsp: found" in stack.node.log, "the event")
        self.assertIn("Cert Status: good", self.said(stack))
        self.middle.respond(self.pair, self.response, revoke=True)
        wait_until(lambda: "cert was revoked on" in stack.node.log,
                   "the event")
        self.assertIn("Cert Status: good", self.said(stack))

    def test_one_that_is_over_is_told_and_not_shown(self):
        if not FULL:
            self.skipTest("the shortest one lasts a minute")
        self.middle.respond(self.pair, self.response, days=0.0001)
        stack = self.stapling()
        self.assertIn("Cert Status: good", self.said(stack))
        wait_until(lambda: "The OCSP response of server main for example.com "
                   "is over" in stack.node.log, "the event", 120)
        self.assertIn("no response sent", self.said(stack))
        stack.node.stop()
        stack.node.start() # it starts all the same
        self.assertIn("no response sent", self.said(stack))


if __name__ == "__main__":
    main()
