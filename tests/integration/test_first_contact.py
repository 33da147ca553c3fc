"""What a new user types in the first hour, and the answers: a table of commands
with the line and the exit code that they end with."""

import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import threading
import unittest

from harness import BIN, TIME_SCALE, Case, main, scratch, wait_until
from harness import node_config, write_config

WIDTH = 160
PATIENCE = 3 * TIME_SCALE  # of agents that shall have told by then

HELP, OK, FAILED, USAGE, REFUSED, UNCONNECTED = 0, 0, 1, 2, 3, 4

# Nobody's; each row says what it needs.
CLEAN = {key: value for key, value in os.environ.items()
         if not key.startswith("APS_") and key != "NO_COLOR"}

AGENT = "-server 127.0.0.1:1 -tunnel t -name n -password p"

# Command line (blanks separate words), exit code, what the last line says.
# {name} is a file of the scratch folder, see `files`.
FLAGS = [
    # aps: what is missing, unknown, wrong.
    ("aps", USAGE, r"missing: -config FILE .*APS_CONFIG"),
    ("aps -check", USAGE, r"missing: -config FILE"),
    ("aps -config", USAGE, r"-config needs a value, FILE"),
    ("aps --config", USAGE, r"-config needs a value, FILE"),
    ("aps -config -check", USAGE, r"-config needs a value.*-check"),
    ("aps -config=", USAGE, r"-config is empty; give FILE"),
    ("aps -confg x", USAGE, r'no flag "-confg"; do you mean -config\?'),
    ("aps --confg x", USAGE, r"do you mean -config\?"),
    ("aps -confg=x", USAGE, r"do you mean -config\?"),
    ("aps -CONFIG x", USAGE, r"do you mean -config\?"),
    ("aps -chek", USAGE, r"do you mean -check\?"),
    ("aps -c x", USAGE, r'no flag "-c"'),
    ("aps -colour red", USAGE, r'no flag "-colour"'),
    ("aps -colour red -config x", USAGE, r'no flag "-colour"'),
    ("aps -port 8080", USAGE, r'no flag "-port"'),
    ("aps -d", USAGE, r'no flag "-d"'),
    ("aps -loglevel debug x", USAGE, r"do you mean -log-level\?"),
    ("aps -log_level debug x", USAGE, r"do you mean -log-level\?"),
    ("aps a b", USAGE, r"-config is given twice"),
    ("aps -config a b", USAGE, r"-config is given twice"),
    ("aps -config a -config b", USAGE, r"-config is given twice"),
    ("aps -grace x f", USAGE, r'-grace "x" is not a duration.*ms, s, m or h'),
    ("aps -grace 5parsec f", USAGE, r'-grace "5parsec" is not a duration'),
    ("aps -grace -1 f", USAGE, r'-grace "-1" is negative'),
    ("aps -grace 1e99 f", USAGE, r"-grace .*longer than"),
    ("aps -grace nan f", USAGE, r'-grace "nan" is not a duration'),
    ("aps -grace inf f", USAGE, r'-grace "inf" is not a duration'),
    ("aps -grace 5,5 f", USAGE, r'-grace "5,5" is not a duration'),
    ("aps -grace", USAGE, r"-grace needs a value, SECONDS"),
    ("aps -grace 1 -grace 2 f", USAGE, r"-grace is given twice"),
    ("aps -check=maybe f", USAGE, r'-check "maybe" is neither on nor off'),
    ("aps -log-level loud f", USAGE, r'-log-level "loud" is none of trace'),
    ("aps -log-level inof f", USAGE, r"do you mean info\?"),
    ("aps -log-level= f", USAGE, r"-log-level is empty; give LEVEL"),
    # aps: what works.
    ("aps {good} -check", OK, r"good.json: ok"),
    ("aps -check {good}", OK, r"good.json: ok"),
    ("aps -config {good} -check", OK, r"good.json: ok"),
    ("aps --config={good} --check", OK, r"good.json: ok"),
    ("aps -check=on {good}", OK, r"good.json: ok"),
    ("aps -grace 5s -check {good}", OK, r"ok"),
    ("aps -grace 500ms -check {good}", OK, r"ok"),
    ("aps -grace 2m -check {good}", OK, r"ok"),
    ("aps -grace 1h -check {good}", OK, r"ok"),
    ("aps -grace 1.5S -check {good}", OK, r"ok"),
    ("aps -grace 0 -check {good}", OK, r"ok"),
    ("aps -log-level warn -check {good}", OK, r"ok"),
    ("aps -log-level WARNING -check {good}", OK, r"ok"),
    ("aps -check {warn}", OK, r"ok"),
    ("aps -check -- {good}", OK, r"ok"),
    ("aps -- {good} -check", USAGE, r"-config is given twice"),
    ("aps -- -check", FAILED, r"-check: .*No such file"),
    # aps: the file.
    ("aps /nowhere.json", FAILED, r"/nowhere.json: .*No such file"),
    ("aps {folder}", FAILED, r"directory"),
    ("aps {broken}", FAILED, r"broken.json: "),
    ("aps -check {broken}", FAILED, r"broken.json: "),
    # aps-endpoint: what is missing.
    ("aps-endpoint", USAGE, r"missing: -server HOST:PORT, -tunnel NAME, "
     r"-name NAME \(or the variables APS_SERVER, APS_TUNNEL, APS_NAME\)"),
    ("aps-endpoint -server a:1", USAGE, r"missing: -tunnel NAME, -name NAME"),
    ("aps-endpoint -server a:1 -tunnel t", USAGE, r"missing: -name NAME "
     r"\(or the variable APS_NAME\)"),
    ("aps-endpoint -tunnel t -name n", USAGE, r"missing: -server HOST:PORT"),
    ("aps-endpoint -server a:1 -tunnel t -name n", USAGE,
     r"no password: give -password, -password-file or the variable "
     r"APS_PASSWORD"),
    # aps-endpoint: unknown words come before what is missing.
    ("aps-endpoint -tunel t", USAGE, r"do you mean -tunnel\?"),
    ("aps-endpoint -sever a:1", USAGE, r"do you mean -server\?"),
    ("aps-endpoint -host a", USAGE, r'no flag "-host"'),
    ("aps-endpoint -endpont n", USAGE, r"do you mean -endpoint\?"),
    ("aps-endpoint -nam n", USAGE, r"do you mean -name\?"),
    ("aps-endpoint -pasword p", USAGE, r"do you mean -password\?"),
    ("aps-endpoint -passwordfile f", USAGE, r"do you mean -password-file\?"),
    ("aps-endpoint -trnsport ws", USAGE, r"do you mean -transport\?"),
    ("aps-endpoint -insecure-targt", USAGE,
     r"do you mean -insecure-target\?"),
    ("aps-endpoint -cafile f", USAGE, r"do you mean -ca-file\?"),
    ("aps-endpoint -instnce i", USAGE, r"do you mean -instance\?"),
    ("aps-endpoint -thread 1", USAGE, r"do you mean -threads\?"),
    ("aps-endpoint -log debug", USAGE, r"do you mean -log-level\?"),
    ("aps-endpoint -target-timeouts 1", USAGE, r"do you mean -target-timeout"),
    ("aps-endpoint -wiat 1", USAGE, r"do you mean -wait\?"),
    ("aps-endpoint -one", USAGE, r"do you mean -once\?"),
    ("aps-endpoint -exit-on-refuse", USAGE, r"mean -exit-on-refusal\?"),
    ("aps-endpoint -verbose", USAGE, r'no flag "-verbose"'),
    ("aps-endpoint server a:1", USAGE, r"do you mean -server\?"),
    ("aps-endpoint \u2013server a:1", USAGE, r"do you mean -server\?"),
    ("aps-endpoint \u2014tunnel t", USAGE, r"do you mean -tunnel\?"),
    ("aps-endpoint server=a:1", USAGE, r"do you mean -server\?"),
    ("aps-endpoint localhost:8080", USAGE, r'"localhost:8080" is not expected'),
    (f"aps-endpoint {AGENT} extra", USAGE, r'"extra" is not expected here'),
    (f"aps-endpoint {AGENT} -proxy https://p", USAGE,
     r"-proxy is no HTTP proxy but one of https; give \[http://\]"),
    (f"aps-endpoint {AGENT} -proxy p:x", USAGE, r"-proxy is no .*a port out"),
    ("aps-endpoint -server -tunnel t", USAGE,
     r"-server needs a value, HOST:PORT; what follows is the flag -tunnel"),
    ("aps-endpoint -server a:1 -tunnel", USAGE, r"-tunnel needs a value, NAME"),
    # aps-endpoint: values.
    (f"aps-endpoint {AGENT} -tunnel u", USAGE, r"-tunnel is given twice"),
    (f"aps-endpoint {AGENT} -endpoint m", USAGE, r"-name is given twice"),
    (f"aps-endpoint {AGENT} -transport pigeon", USAGE,
     r'-transport "pigeon" is none of grpc, ws, poll, mix'),
    (f"aps-endpoint {AGENT} -transport gprc", USAGE, r"do you mean grpc\?"),
    (f"aps-endpoint {AGENT} -transport=", USAGE, r"-transport is empty"),
    (f"aps-endpoint {AGENT} -log-level verbose", USAGE,
     r'-log-level "verbose" is none of'),
    (f"aps-endpoint {AGENT} -threads many", USAGE,
     r'-threads "many" is not a whole number from 0 to 1024'),
    (f"aps-endpoint {AGENT} -threads -1", USAGE, r'-threads "-1" is not'),
    (f"aps-endpoint {AGENT} -threads 1.5", USAGE, r'-threads "1.5" is not'),
    (f"aps-endpoint {AGENT} -threads 100000", USAGE,
     r'-threads "100000" is not a whole number from 0 to 1024'),
    (f"aps-endpoint {AGENT} -target-min-rate 16k", USAGE,
     r'-target-min-rate "16k" is not a whole number'),
    (f"aps-endpoint {AGENT} -target-timeout forever", USAGE,
     r'-target-timeout "forever" is not a duration'),
    (f"aps-endpoint {AGENT} -target-connect-timeout 0", USAGE,
     r"-target-connect-timeout must be above 0"),
    (f"aps-endpoint {AGENT} -wait soon", USAGE, r'-wait "soon" is not a dur'),
    (f"aps-endpoint {AGENT} -wait", USAGE, r"-wait needs a value, SECONDS"),
    (f"aps-endpoint {AGENT} -grace ten", USAGE, r'-grace "ten" is not a dur'),
    ("aps-endpoint -server a:1 -tunnel t -name n -password=", USAGE,
     r"-password is empty"),
    # aps-endpoint: files.
    ("aps-endpoint -server a:1 -tunnel t -name n -password-file /nowhere",
     FAILED, r'password file /nowhere does not exist'),
    ("aps-endpoint -server a:1 -tunnel t -name n -password-file {folder}",
     FAILED, r"password file .* is a folder"),
    ("aps-endpoint -server a:1 -tunnel t -name n -password-file {empty}",
     FAILED, r"password file .* is empty"),
    ("aps-endpoint -server a:1 -tunnel t -name n -password-file {lines}",
     FAILED, r"password file .* has more than one line"),
    ("aps-endpoint -server a:1 -tunnel t -name n -password-file {large}",
     FAILED, r"password file .* is too long"),
    ("aps-endpoint -server a:1 -tunnel t -name n -password-file {good}/x",
     FAILED, r"password file .* has a file where a folder should be"),
    (f"aps-endpoint {AGENT} -ca-file /nowhere.pem", FAILED, r"/nowhere.pem"),
    (f"aps-endpoint {AGENT} -dns nonsense", USAGE, r"nonsense.*IP address"),
    # ws_client is the same program, but for one flag.
    ("ws_client", USAGE, r"missing: -server HOST:PORT"),
    ("ws_client -transport ws", USAGE, r'no flag "-transport"'),
    ("ws_client -tunel t", USAGE, r"do you mean -tunnel\?"),
    ("ws_client -server a:0 -tunnel t -name n -password p", USAGE,
     r"the port is a number from 1 to 65535"),
    # apsctl.
    ("apsctl", USAGE, r"no command given, e.g. apsctl status"),
    ("apsctl sttus", USAGE, r'no command "sttus"; do you mean status\?'),
    ("apsctl stats", USAGE, r"do you mean status\?"),
    ("apsctl tunnel", USAGE, r"do you mean tunnels\?"),
    ("apsctl connection", USAGE, r"do you mean connections\?"),
    ("apsctl event", USAGE, r"do you mean events\?"),
    ("apsctl logs", USAGE, r"do you mean log\?"),
    ("apsctl dain", USAGE, r"do you mean drain\?"),
    ("apsctl explode", USAGE, r'no command "explode"'),
    ("apsctl -tunnel t connections", USAGE, r"flags stand behind a command"),
    ("apsctl status extra", USAGE, r'"extra" is not expected here'),
    ("apsctl status -colour", USAGE, r'no flag "-colour"'),
    ("apsctl status -jsn", USAGE, r"do you mean -json\?"),
    ("apsctl status -admn a", USAGE, r"do you mean -admin\?"),
    ("apsctl connections -limt 3", USAGE, r"do you mean -limit\?"),
    ("apsctl connections -limit few", USAGE, r'-limit "few" is not a whole'),
    ("apsctl exchanges -outcome broken", USAGE,
     r'-outcome: there is no outcome "broken"'),
    ("apsctl exchanges -outcome no_mapping", USAGE,
     r"do you mean no-mapping\?"),
    ("apsctl exchanges -id", USAGE, r"-id needs a value, ID"),
    ("apsctl explain", USAGE, r"missing: URL"),
    ("apsctl fault ws-1", USAGE, r"missing: KIND"),
    ("apsctl fault ws-1 explode", USAGE, r'KIND "explode" is none of cut'),
    ("apsctl fault ws-1 stal", USAGE, r"do you mean stall\?"),
    ("apsctl fault", USAGE, r"missing: NAME, KIND"),
    ("apsctl fault x cut -seconds 3", USAGE, r"-seconds belongs to stall and "
     r"delay"),
    ("apsctl fallback", USAGE, r"missing: TUNNEL, MODE"),
    ("apsctl fallback t pigeon", USAGE, r'MODE "pigeon" is none of auto'),
    ("apsctl log loud", USAGE, r'LEVEL "loud" is none of trace'),
    ("apsctl log -component pool", USAGE, r"-component needs a LEVEL"),
    ("apsctl drain", USAGE, r"give one of: NAME"),
    ("apsctl close", USAGE, r"give one of: NAME"),
    ("apsctl drain -tunnel t", USAGE, r"give one of: NAME"),
    ("apsctl config", USAGE, r"missing: ACTION, FILE"),
    ("apsctl config check", USAGE, r"missing: FILE"),
    ("apsctl config burn x", USAGE, r'ACTION "burn" is none of check, diff'),
    ("apsctl config chek x", USAGE, r"do you mean check\?"),
    ("apsctl config check {good}", OK, r"good.json: ok"),
    ("apsctl config check {broken}", FAILED, r"broken.json: "),
    ("apsctl config check /nowhere", FAILED, r"/nowhere: .*No such file"),
    ("apsctl top -interval 0", USAGE, r"-interval is at least 0.1 s"),
    ("apsctl top -interval x", USAGE, r'-interval "x" is not a duration'),
    ("apsctl status -token-file /nowhere", FAILED,
     r'token file /nowhere does not exist'),
    ("apsctl status -token-file {folder}", FAILED, r"token file .* is a fold"),
    ("apsctl status -admin", USAGE, r"-admin needs a value, HOST:PORT"),
    ("apsctl status -admin https://a", USAGE, r"-admin .*TLS is not supp"),
    ("apsctl status -admin 127.0.0.1:1", FAILED, r"127.0.0.1:1: Connection "
     r"refused"),
    ("apsctl status -admin http://127.0.0.1:1", FAILED, r"127.0.0.1:1: "),
    ("apsctl status -admin no.such.host.invalid", FAILED,
     r"no.such.host.invalid:9090: "),
]

# Words that every program knows.
for program in ("aps", "aps-endpoint", "ws_client", "apsctl"):
    FLAGS += [(f"{program} {word}", OK, r".") for word in
              ("help", "-h", "-help", "--help")]
    FLAGS += [(f"{program} {word}", OK, rf"^{program} \d+\.\d+\.\d+$")
              for word in ("version", "-v", "-V", "-version", "--version")]
FLAGS += [("apsctl help status", OK, r"."), ("apsctl status help", OK, r"."),
          ("apsctl status -h", OK, r"."),
          ("apsctl status -V", OK, r"^apsctl status \d")]

# Addresses that are none, each for the agents and for apsctl.
for address, words in (
        ("a:0", "the port is a number from 1 to 65535"),
        ("a:65536", "the port is a number from 1 to 65535"),
        ("a:b", "the port is a number from 1 to 65535"),
        ("a:", "the port is a number from 1 to 65535"),
        (":80", "has no host"),
        ("http://", "has no host"),
        ("::1", "needs brackets"),
        ("[::1", r"is not host:port or \[ipv6\]:port"),
        ("[::1]80", r"is not host:port or \[ipv6\]:port"),
        ("a:80:90", "more than one colon"),
        ("a/b", "more than host and port"),
        ("http://a/path", "more than host and port"),
        ("http://user@a:80", "more than host and port"),
        ("ftp://a", "is none of host:port, http://"),
        ("grpc://a:1", "is none of host:port, http://"),
        ("8080", "has no host but a number; give host:8080"),
        ("http://8080/", "has no host but a number; give host:8080")):
    FLAGS.append((f"aps-endpoint -server {address} -tunnel t -name n "
                  "-password p", USAGE, f"-server .*{words}"))
    FLAGS.append((f"apsctl status -admin {address}", USAGE,
                  f"-admin .*{words}"))
for address in ("https://a:443", "wss://a:443", "WSS://a"):
    FLAGS.append((f"apsctl status -admin {address}", USAGE,
                  "-admin .*TLS is not supported"))
FLAGS.append(("aps-endpoint -server https://a/path -tunnel t -name n "
              "-password p", USAGE, "-server .*more than host and port"))
FLAGS.append(("aps-endpoint -server a,,b -tunnel t -name n -password p",
              USAGE, r'-server "a,,b" has an empty element'))


def run(words, env=None, stdout=subprocess.PIPE):
    """Exit code and output of a command; stderr is behind stdout."""
    program, *rest = words
    done = subprocess.run(
        [BIN / program, *rest], stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, text=True, timeout=60,
        env={**CLEAN, **(env or {})})
    return done.returncode, done.stdout or "", done.stderr


class Table(unittest.TestCase):
    """Runs rows and tells all that are wrong at once."""

    def setUp(self):
        self.wrong = []

    def row(self, words, code, pattern, env=None, lines=None):
        got, out, err = run(words, env)
        shown = " ".join(words)
        text = err if code else out
        last = text.rstrip("\n").splitlines()[-1] if text.strip() else ""
        searched = text if code == OK else last
        if got != code:
            self.wrong.append(f"{shown}: exit code {got}, not {code}: {last}")
        elif not re.search(pattern, searched, re.M):
            self.wrong.append(f"{shown}: {last!r} has no {pattern!r}")
        elif code and len(last) > WIDTH and "/" not in last:
            self.wrong.append(f"{shown}: {len(last)} columns: {last}")
        elif code == USAGE and text.count("\n") != 1:
            self.wrong.append(f"{shown}: more than one line: {text}")
        elif code == USAGE and not last.startswith(words[0]):
            self.wrong.append(f"{shown}: says not who speaks: {last}")
        elif lines is not None and len(text.splitlines()) > lines:
            self.wrong.append(f"{shown}: more than {lines} lines: {text}")

    def tearDown(self):
        self.assertEqual(self.wrong, [], "\n".join(["", *self.wrong]))


class CommandLines(Table):
    def files(self):
        folder = scratch(self)
        texts = {"good.json": node_config("http://localhost:1"),
                 "warn.json": node_config("http://localhost:1",
                                          {"log": {"level": "warn"}}),
                 "broken.json": "{", "empty": "", "lines": "a\nb\n",
                 "large": "x" * 5000}
        result = {name.split(".")[0]: write_config(folder, text, name)
                  for name, text in texts.items()}
        return {**result, "folder": folder}

    def test_the_table_is_long_enough(self):
        self.assertGreaterEqual(len(FLAGS), 200)
        self.assertEqual(len(FLAGS), len({row[0] for row in FLAGS}))

    def test_each_command_line_gets_its_answer(self):
        files = self.files()
        for line, code, pattern in FLAGS:
            words = line.split(" ")
            self.row([re.sub(r"\{(\w+)\}", lambda one: str(files[one[1]]),
                             word) for word in words], code, pattern)

    def test_values_with_blanks(self):
        agent = ["-tunnel", "t", "-name", "n", "-password", "p"]
        for words, code, pattern in (
                (["-server", "a b", *agent], USAGE, "more than host and port"),
                (["-server", "", *agent], USAGE, "-server is empty"),
                (["-server", "127.0.0.1:1, ws://127.0.0.1:2 ", *agent,
                  "-wait", "200ms"], UNCONNECTED, "not connected within"),
                (["-server", "a:1", "-tunnel", "", "-name", "n"], USAGE,
                 "-tunnel is empty; give NAME"),
                (["-server", "a:1", "-tunnel", "a\nb", "-name", "n",
                  "-password", "p"], USAGE, r'-tunnel "a\\x0ab" is no name'),
                (["-server", "a:1", "-tunnel", "t", "-name", "x" * 129,
                  "-password", "p"], USAGE, "-name .* is no name: 1 to 128"),
                (["-server", "a:1", "-tunnel", "t", "-name", "a\u202eb",
                  "-password", "p"], USAGE, "-name .* is no name"),
                (["-server", "a:1", *agent, "-instance", "a\tb"], USAGE,
                 "-instance .* is no name")):
            self.row(["aps-endpoint", *words], code, pattern)

    def test_every_flag_has_its_variable_and_wins_over_it(self):
        files = self.files()
        good = {"APS_CONFIG": str(files["good"])}
        agent = {"APS_SERVER": "127.0.0.1:1", "APS_TUNNEL": "t",
                 "APS_NAME": "n", "APS_PASSWORD": "p", "APS_WAIT": "1s"}
        for line, env, code, pattern in (
                ("aps -check", good, OK, "ok"),
                ("aps", {**good, "APS_CHECK": "1"}, OK, "ok"),
                ("aps -check", {"APS_CONFIG": ""}, USAGE, "missing: -config"),
                (f"aps -check {files['good']}", {"APS_CONFIG": "/nowhere"},
                 OK, "ok"),
                ("aps -check", {**good, "APS_GRACE": "x"}, USAGE,
                 'the variable APS_GRACE: "x" is not a duration'),
                ("aps -check", {**good, "APS_LOG_LEVEL": "loud"}, USAGE,
                 "the variable APS_LOG_LEVEL"),
                ("aps -check -grace 1", {**good, "APS_GRACE": "x"}, OK, "ok"),
                ("aps-endpoint", agent, UNCONNECTED, "127.0.0.1:1"),
                ("aps-endpoint", {**agent, "APS_NAME": "",
                                  "APS_ENDPOINT": "n"}, UNCONNECTED, "."),
                ("aps-endpoint -server 127.0.0.1:2", agent, UNCONNECTED,
                 "127.0.0.1:2"),
                ("aps-endpoint", {**agent, "APS_SERVER": "a:b"}, USAGE,
                 "the port is a number"),
                ("aps-endpoint", {**agent, "APS_TRANSPORT": "pigeon"}, USAGE,
                 "APS_TRANSPORT"),
                ("aps-endpoint", {**agent, "APS_ONCE": "maybe"}, USAGE,
                 "APS_ONCE.* is neither on nor off"),
                ("aps-endpoint", {**agent, "APS_PASSWORD": "",
                                  "APS_PASSWORD_FILE": "/nowhere"}, FAILED,
                 "/nowhere"),
                ("apsctl status", {"APS_ADMIN": "127.0.0.1:1"}, FAILED,
                 "127.0.0.1:1: Connection refused"),
                ("apsctl status", {"APS_ADMIN_TOKEN_FILE": "/nowhere"},
                 FAILED, "/nowhere")):
            self.row(line.split(" "), code, pattern, env)
        for program in ("aps", "aps-endpoint", "ws_client"):
            out = " ".join(run([program, "-h"])[1].split())
            for name in re.findall(r" -([a-z-]+)(?:, -\w+)? (?:[A-Z]|[a-z])",
                                   out.split("Usage")[1]):
                # Of these each belongs to the flag before it.
                if name not in ("h", "v", "help", "version", "endpoint", "as"):
                    self.assertIn("APS_" + name.upper().replace("-", "_"), out)

    def test_a_full_disk_is_a_failure(self):
        good = self.files()["good"]
        for words in (["aps", "-h"], ["aps", "version"], ["apsctl", "help"],
                      ["aps", "-check", str(good)],
                      ["apsctl", "config", "check", str(good)]):
            with open("/dev/full", "w") as full:
                code, _, err = run(words, stdout=full)
            self.assertEqual(code, FAILED, words)
            self.assertRegex(err, r"cannot write to stdout: No space left")


class Peer:
    """Answers every connection with the same bytes; none = says nothing."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            self.open.append(one)
            if self.answer is None:
                continue
            try:
                if not self.answer.startswith(b"SSH"):
                    one.recv(4096)
                one.sendall(self.answer)
                one.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def close(self):
        self.socket.close()
        for one in self.open:
            one.close()


HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
PEERS = [
    (HTTP, r"is no APS node: HTTP 200 to a tunnel request; is that the port"),
    (HTTP.replace(b"200 OK", b"404 Not Found"), r"is no APS node: HTTP 404 to a"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", r"is no APS node: it speaks SSH"),
    (b"\x15\x03\x01\x00\x02\x02\x46", r"is no APS node: it speaks TLS"),
    (b"220 mail.example.com ESMTP\r\n", r"is no APS node: it speaks no HTTP"),
]
CTL_PEERS = [
    (HTTP, r"is no admin listener of a node"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", r"is no admin listener .*no HTTP"),
    (b"", r"closed the connection without an answer"),
]


class Strangers(Table):
    """Agents and apsctl before what is no node."""

    def test_an_agent_says_what_it_found(self):
        rows, peers = [], []
        for answer, pattern in PEERS:
            peer = Peer(answer)
            self.addCleanup(peer.close)
            peers.append(peer)
            rows += [(["aps-endpoint", "-server", f"127.0.0.1:{peer.port}",
                       "-tunnel", "t", "-name", "n", "-password", "p",
                       "-transport", transport, "-wait", f"{PATIENCE}s"],
                      UNCONNECTED, rf"127.0.0.1:{peer.port} {pattern}")
                     for transport in ("ws", "grpc", "poll", "mix")]
        with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
            list(pool.map(lambda row: self.row(*row, lines=5), rows))
        # Once it is known, each of six lanes dials once a second at most; four
        # agents have looks at it besides, and dial more until one has told.
        for peer in peers:
            self.assertLess(len(peer.open), 10 * (PATIENCE + 6))

    def test_apsctl_says_what_it_found(self):
        for answer, pattern in CTL_PEERS:
            peer = Peer(answer)
            self.addCleanup(peer.close)
            self.row(["apsctl", "status", "-admin", f"127.0.0.1:{peer.port}"],
                     FAILED, rf"127.0.0.1:{peer.port} {pattern}", lines=1)


class Stops(unittest.TestCase):
    """Signals to an agent that has nothing live."""

    def agent(self, port, transport, flags=(), prepare=None):
        return subprocess.Popen(
            [BIN / "aps-endpoint", "-server", f"127.0.0.1:{port}", "-tunnel",
             "t", "-name", "n", "-password", "p", "-transport", transport,
             *flags], stderr=subprocess.PIPE, text=True, env=CLEAN,
            preexec_fn=prepare)

    def dialled(self, peer, count):
        wait_until(lambda: len(peer.open) >= count, "a dial")

    def test_a_stop_cancels_dials_that_nobody_answers(self):
        # With the deadlines of dials and of handshakes it would take seconds,
        # and the node would see each connection live on for as long.
        for transport in ("ws", "grpc", "poll", "mix"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                peer = Peer(None)
                agent = self.agent(peer.port, transport)
                self.dialled(peer, 1)
                agent.send_signal(number)
                _, err = agent.communicate(timeout=4)
                self.assertEqual(agent.returncode, 0, err)
                self.assertIn(f"{number.name}: stopping", err)
                peer.close()

    def test_a_hangup_that_was_to_be_ignored_is(self):
        peer = Peer(None)
        agent = self.agent(peer.port, "ws", prepare=lambda: signal.signal(
            signal.SIGHUP, signal.SIG_IGN))
        self.dialled(peer, 1)
        agent.send_signal(signal.SIGHUP)
        agent.send_signal(signal.SIGINT)
        _, err = agent.communicate(timeout=60)
        self.assertNotIn("SIGHUP", err)
        self.assertIn("SIGINT: stopping", err)
        peer.close()


class WithNode(Table, Case):
    """Rows that need a node: one for all of them."""

    transport = "ws"
    tearDown = Table.tearDown

    def setUp(self):
        Table.setUp(self)
        self.server = f"127.0.0.1:{self.stack.port}"
        self.admin = f"127.0.0.1:{self.stack.node.admin_port}"

    def agent(self, *flags, tunnel="tunnel1", password="test123"):
        return ["aps-endpoint", "-server", self.server, "-tunnel", tunnel,
                "-name", "guest", "-password", password, *flags]

    def test_refusals_end_an_agent_that_wants_it(self):
        for flags, how in ((("-transport", "ws"), {}),
                           (("-transport", "grpc"), {}),
                           (("-transport", "poll"), {}),
                           ((), {})):
            self.row(self.agent("-exit-on-refusal", *flags, password="no"),
                     REFUSED, r"refused tunnel1.guest: unknown tunnel or "
                     r"wrong password; check -tunnel and -password", lines=6)
        self.row(self.agent("-exit-on-refusal", tunnel="tunel1"), REFUSED,
                 r"refused tunel1.guest: unknown tunnel")

    def test_who_ends_by_a_refusal_does_not_say_that_it_tries_again(self):
        for flags in (("-transport", "ws"), ()):
            _, _, err = run(self.agent("-exit-on-refusal", *flags,
                                       password="no"))
            self.assertNotIn("trying again", err)
            self.assertEqual(err.count("wrong password"), 1, err)

    def test_a_refusal_is_one_line_for_all_transports(self):
        self.row(self.agent("-wait", f"{PATIENCE}s", password="no"), UNCONNECTED,
                 r"not connected within .* \(-wait\): .*wrong password")
        _, _, err = run(self.agent("-wait", f"{PATIENCE}s", password="no"))
        lines = [line for line in err.splitlines()
                 if "[warning]" in line and "-allow-target" not in line]
        self.assertEqual(len(lines), 1, err)
        self.assertRegex(lines[0], r"trying again in \d")

    def test_an_agent_at_the_admin_listener_is_told(self):
        for transport in ("poll", "grpc"):
            self.row(["aps-endpoint", "-server", self.admin, "-tunnel", "t",
                      "-name", "n", "-password", "p", "-transport", transport,
                      "-wait", f"{PATIENCE}s"], UNCONNECTED,
                     rf"{self.admin} is the admin listener of a node")

        self.row(["aps-endpoint", "-server", self.admin, "-tunnel", "t",
                  "-name", "n", "-password", "p", "-exit-on-refusal"], REFUSED,
                 rf"{self.admin} is the admin listener of a node", lines=4)

    def test_apsctl_knows_what_the_node_knows(self):
        for line, code, pattern in (
                ("status", OK, "tunnel1"),
                ("tunnels -tunnel tunnel1", OK, "app1"),
                ("tunnels -endpoint app1", OK, "app1"),
                ("tunnels -tunnel tunel1", FAILED,
                 r'no tunnel "tunel1"; do you mean tunnel1\?; known: tunnel1'),
                ("tunnels -endpoint ap1", FAILED, r'no endpoint "ap1"; do you '
                 r"mean app1"),
                ("connections -tunnel nope", FAILED, r'no tunnel "nope"'),
                ("connections -endpoint nope", FAILED, r'no endpoint "nope"'),
                ("connections ws-nope", FAILED, r'no connection "ws-nope"; '
                 r"known: ws-"),
                ("connections -limit 1", OK, r"\Aconnec|CONNECTION"),
                ("exchanges -tunnel nope", FAILED, r'no tunnel "nope"'),
                ("exchanges -endpoint app1", OK, "STARTED"),
                ("exchanges -id nope", FAILED, r'404: no exchange has the id'),
                ("exchanges -outcome ok", OK, "STARTED"),
                ("exchanges -outcome node", OK, "STARTED"),
                ("events -tunnel nope", FAILED, r'no tunnel "nope"'),
                ("events -kind zzz", FAILED, r'400: there is no kind of event '
                 r'"zzz"; known: '),
                ("events -kind connection-open", FAILED,
                 r"do you mean connection-opened\?"),
                ("events -limit 1", OK, "."),
                ("events -endpoint app1", OK, "connection-opened"),
                ("explain example.com/x", OK, "wins"),
                ("explain http://example.com/x", OK, "wins"),
                ("explain other.example", OK, "no-mapping"),
                ("explain ftp://example.com/x", FAILED, r"400: url is"),
                ("drain ws-nope", FAILED, r'no connection "ws-nope"'),
                ("close -session nope", FAILED, r'no session "nope"'),
                ("drain -tunnel nope -endpoint app1", FAILED, "no tunnel"),
                ("drain -tunnel tunnel1 -endpoint nope", FAILED,
                 r'no endpoint "nope"'),
                ("undrain -tunnel tunnel1 -endpoint ap1", FAILED,
                 r'no endpoint "ap1"; do you mean app1\?; known: app1'),
                ("undrain -tunnel tunel1 -endpoint app1", FAILED,
                 r'no tunnel "tunel1"; do you mean tunnel1\?'),
                ("undrain -session nope", FAILED,
                 r'no session "nope"; known: '),
                ("reconnect -tunnel tunnel1 -endpoint nope", FAILED,
                 r'no endpoint "nope"; known: app1'),
                ("fault ws-nope cut", FAILED, r'no connection "ws-nope"; '
                 r"known: ws-"),
                ("fault x stall -seconds 0", FAILED,
                 r"400: seconds is a number from 0 to 3600, of a stall above"),
                ("explain example.com:99999", FAILED,
                 r"400: the port is a number from 1 to 65535"),
                ("fallback nope auto", FAILED, r'no tunnel "nope"'),
                ("fallback tunnel1 ws", OK, "done"),
                ("fallback tunnel1 auto", OK, "done"),
                ("log", OK, "level"),
                ("log warn", OK, "level warning"),
                ("log info", OK, "level info"),
                ("log debug -component nope", FAILED, r"400: .*known: "),
                ("config check {config}", OK, "ok"),
                ("config diff {config}", OK, "as running")):
            words = [word.replace("{config}", str(
                self.stack.node.config_file)) for word in line.split(" ")]
            self.row(["apsctl", *words, "-admin", self.admin], code, pattern)
        self.row(["apsctl", "status", "-admin", f"http://{self.admin}/"], OK,
                 "tunnel1")
        self.row(["apsctl", "status"], OK, "tunnel1", {"APS_ADMIN": self.admin})

    def test_explain_takes_no_blank(self):
        for url in ("http://example.com/a b", "example.com/\x1b[31m"):
            self.row(["apsctl", "explain", url, "-admin", self.admin], FAILED,
                     r"400: url has a blank or a control character.*encode")
        code, out, _ = run(["apsctl", "explain", b"example.com/\xff", "-admin",
                            self.admin])
        self.assertEqual(code, OK)
        self.assertRegex(out, r"^mapping 0 to http://127\.0\.0\.1:\d+/\\xff by ")

    def test_apsctl_at_the_port_of_visitors_is_told(self):
        for command in (("status",), ("events",), ("log",)):
            self.row(["apsctl", *command, "-admin", self.server], FAILED,
                     rf"{self.server} is no admin listener of a node.*visitors")

    def test_a_full_disk_is_a_failure(self):
        for words in (["status"], ["tunnels"], ["top", "-number", "1"],
                      ["events"], ["log"], ["status", "-json"]):
            with open("/dev/full", "w") as full:
                code, _, err = run(["apsctl", *words, "-admin", self.admin],
                                   stdout=full)
            self.assertEqual(code, FAILED, words)
            self.assertIn("No space left", err, words)


class Ports(Table, Case):
    """A node that cannot have its ports."""

    tearDown = Table.tearDown

    def test_a_port_that_is_taken_is_named_with_its_key(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        folder = scratch(self)
        for change, key in (
                ({"servers": {"main": {"port": port, "host": "127.0.0.1"}}},
                 r"\$\.servers\.main"),
                ({"admin": {"port": port}}, r"\$\.admin")):
            file = write_config(folder, node_config("http://localhost:1",
                                                    change))
            self.row(["aps", str(file)], FAILED,
                     rf"^aps: {key}: cannot listen on 127\.0\.0\.1:{port}: "
                     r"Address already in use; is another node or agent running\?$")
            self.assertNotIn("Draining", run(["aps", str(file)])[2])

    def test_minus_nothing_is_nothing(self):
        folder = scratch(self)
        file = write_config(folder, '{"servers": {"main": -0}, "io": '
                            '{"threads": -0}}')
        self.row(["aps", "-check", str(file)], OK, "ok")


class Once(Case):
    def test_a_second_agent_of_a_name_is_told(self):
        stack = self.build("ws")
        self.assertNotIn("agents now", stack.node.log)
        stack.start_agent(transport="ws", flags=("-instance", "other"))
        wait_until(lambda: "Endpoint tunnel1.app1 has 2 agents now"
                   in stack.node.log, "the line")
        self.assertIn("agents of one name share its requests", " ".join(
            run(["aps-endpoint", "-h"])[1].split()))

    def test_once_ends_with_the_connection(self):
        stack = self.build("ws", agent_flags=("-once", "-wait", "1h"))
        stack.node.kill()
        self.assertEqual(stack.agent.wait(), UNCONNECTED)
        self.assertIn("the connection is lost (-once)", stack.agent.log)


class WithToken(Table, Case):
    transport = "ws"
    config = {"admin": {"token": "a-long-secret-0123456789"}}
    tearDown = Table.tearDown

    @classmethod
    def setUpClass(cls):
        from harness import Stack
        cls.stack = Stack(agent=False, config=cls.config)

    def test_a_wrong_token_is_not_no_token(self):
        admin = f"127.0.0.1:{self.stack.node.admin_port}"
        status = ["apsctl", "status", "-admin", admin]
        self.row(status, FAILED, r"401: a token is needed: -token-file FILE")
        self.row(status, FAILED, r"401: the token is wrong",
                 {"APS_ADMIN_TOKEN": "wrong"})
        self.row(["apsctl", "events", "-admin", admin], FAILED,
                 r"401: the token is wrong", {"APS_ADMIN_TOKEN": "wrong"})


if __name__ == "__main__":
    main()
