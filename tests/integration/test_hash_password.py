#!/usr/bin/env python3
"""`aps hash-password`: what it reads and prints."""

import base64
import hashlib
import subprocess

from harness import BIN, Case, main, scratch, write_config


def run(*flags, text=""):
    return subprocess.run([BIN / "aps", "hash-password", *flags], input=text,
                          text=True, capture_output=True, check=False)


def decoded(text):
    return base64.b64decode(text + "=" * (-len(text) % 4))


class HashPassword(Case):
    def check(self, text, password):
        _, kind, parameters, salt, key = text.strip().split("$")
        self.assertEqual((kind, parameters), ("scrypt", "ln=15,r=8,p=3"))
        expected = hashlib.scrypt(password.encode(), salt=decoded(salt),
                                  n=1 << 15, r=8, p=3, dklen=32,
                                  maxmem=64 * 1024 * 1024)
        self.assertEqual(decoded(key), expected)

    def test_a_line_of_the_standard_input(self):
        for text in ("secret", "secret\n", "secret\r\n"):
            done = run(text=text)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.check(done.stdout, "secret")
        self.assertNotEqual(run(text="a").stdout, run(text="a").stdout)

    def test_a_file(self):
        folder = scratch(self)
        file = folder / "password"
        file.write_text("päss wörd\n")
        for flags in ((file,), ("-file", file)):
            done = run(*flags)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.check(done.stdout, "päss wörd")

    def test_what_is_none_is_refused(self):
        for text in ("", "\n", "a\nb"):
            done = run(text=text)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("the standard input", done.stderr)
        done = run(text="a\tb")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("control character", done.stderr)
        self.assertEqual(run("/no/such/file").returncode, 1)
        self.assertEqual(run("-h").returncode, 0)
        self.assertEqual(run("-wrong").returncode, 2)

    def test_the_configuration_takes_it(self):
        made = run(text="secret").stdout.strip()
        file = write_config(scratch(self), {
            "servers": {"main": 8080},
            "auth": {"users": {"u": {"password_hash": made}}}})
        done = subprocess.run([BIN / "aps", "-config", file, "-check"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
