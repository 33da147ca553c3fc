"""Real clients and servers whose protocols are no HTTP: ssh, scp and git,
Redis and PostgreSQL over raw TCP; DNS over UDP; exec of a container engine over
an upgrade at a Unix socket. All while the connections of the tunnel are cut, and
over agents in plain and over TLS."""

import getpass
import hashlib
import os
import pathlib
import pwd
import random
import shutil
import socket
import subprocess
import sys
import time

from harness import (TIME_SCALE, Case, free_port, main, merged, per_transport,
                     scratch, wait_until)
from lab.processes import Program, listening
from soak import PATIENT
from stream_peers import Target, connect, read_exactly

SSHD = "/usr/sbin/sshd"
PATIENCE = 60 * TIME_SCALE


def run(*argv, **options):
    done = subprocess.run([str(each) for each in argv], capture_output=True,
                          timeout=PATIENCE, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n"
                             f"{done.stdout}\n{done.stderr}")
    return done.stdout


class SshServer(Program):
    """sshd on loopback, with keys of its own, for the user of the tests."""

    def __init__(self, folder):
        self.port = free_port()
        self.key = folder / "user"
        for name in ("host", "user"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                folder / name)
        shutil.copy(folder / "user.pub", folder / "authorized")
        config = folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\n"
            f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin yes\nUsePAM no\nStrictModes no\n"
            f"PidFile {folder}/pid\nSubsystem sftp internal-sftp\n")
        if os.geteuid() == 0: # it insists
            os.makedirs("/run/sshd", exist_ok=True)
        super().__init__("sshd", [SSHD, "-D", "-e", "-f", config], folder)

    def start(self):
        super().start()
        wait_until(lambda: listening(self.port), "sshd")
        return self

    def options(self):
        return ["-i", str(self.key), "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"]


class RedisServer(Program):
    def __init__(self, folder):
        self.port = free_port()
        super().__init__("redis", [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--dir", str(folder)], folder)

    def start(self):
        super().start()
        wait_until(lambda: listening(self.port), "redis-server")
        return self

    def connections(self):
        """How many were ever made, that of the question counted."""
        told = run("redis-cli", "-p", self.port, "info", "stats").decode()
        return int(told.split("total_connections_received:")[1].split()[0])


class PostgresServer(Program):
    """A database of its own on loopback that trusts everybody. It does not run
    as root, so then it is somebody else's, and so is its folder."""

    def __init__(self, folder):
        self.port = free_port()
        tools = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                    key=lambda path: float(path.parent.name))
        data = folder / "data"
        data.mkdir()
        as_user = []
        if os.geteuid() == 0:
            somebody = pwd.getpwnam("nobody")
            for path in (folder, data):
                os.chown(path, somebody.pw_uid, somebody.pw_gid)
            as_user = ["setpriv", f"--reuid={somebody.pw_uid}",
                       f"--regid={somebody.pw_gid}", "--clear-groups"]
        run(*as_user, tools / "initdb", "-D", data, "-U", "tester",
            "--auth=trust", "--no-sync", cwd=data)
        super().__init__("postgres", [
            *as_user, tools / "postgres", "-D", data, "-p", str(self.port),
            "-h", "127.0.0.1", "-k", data, "-F"], folder)

    def start(self):
        super().start()
        wait_until(lambda: subprocess.run(
            ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            check=False).returncode == 0, "postgres")
        return self


class DnsServer(Program):
    """dnsmasq with some names of its own, which asks nobody else."""

    def __init__(self, folder):
        self.port = free_port()
        config = folder / "dnsmasq.conf"
        config.write_text(
            f"port={self.port}\nlisten-address=127.0.0.1\nbind-interfaces\n"
            f"no-resolv\nno-hosts\nuser={getpass.getuser()}\n"
            f"pid-file={folder}/pid\nlocal-ttl=7\nedns-packet-max=4096\n"
            "address=/app.test/10.1.2.3\nlocal=/test/\n"
            + "".join(f"txt-record=long.test,{number}{'x' * 200}\n"
                      for number in range(8)))
        super().__init__("dnsmasq", [
            "dnsmasq", "--keep-in-foreground", f"--conf-file={config}"], folder)

    def start(self):
        super().start()
        wait_until(lambda: listening(self.port), "dnsmasq") # over TCP, too
        return self


def raw(port, target, udp=False, **more):
    scheme = "udp" if udp else "tcp"
    return {"mappings": [{"from": f"{scheme}://127.0.0.1:{port}",
                          "to": f"{scheme}://127.0.0.1:{target}",
                          "via": {"tunnels": ["tunnel1"]}, **more}],
            "tunnels": {"tunnel1": PATIENT}}


class Lines:
    """A program that answers lines with lines."""

    def __init__(self, argv):
        self.program = subprocess.Popen(
            [str(each) for each in argv], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def tell(self, line):
        self.program.stdin.write(line + b"\n")
        self.program.stdin.flush()

    def ask(self, line):
        self.tell(line)
        return self.program.stdout.readline().rstrip(b"\n")

    def end(self):
        self.program.stdin.close()
        rest = self.program.stdout.read()
        self.program.stdout.close()
        return self.program.wait(timeout=PATIENCE), rest


@per_transport("grpc", "ws", "poll", tls=True)
class Clients:
    @classmethod
    def setUpClass(cls):
        pass

    def through(self, server, **more):
        port = free_port()
        stack = self.build(self.transport, proxy=True,
                           config=raw(port, server.port, **more))
        self.addCleanup(server.stop)
        return stack, port

    def test_ssh_lives_through_cuts_and_scp_and_git_arrive(self):
        folder = scratch(self)
        server = SshServer(folder).start()
        stack, port = self.through(server)
        user = f"{getpass.getuser()}@127.0.0.1"
        session = Lines(["ssh", *server.options(), "-p", port, user, "cat"])
        for number in range(12):
            line = b"line %d %s" % (number, b"x" * 1000)
            self.assertEqual(session.ask(line), line, stack.logs())
            if number % 3 == 1:
                stack.proxy.reset()
        self.assertEqual(session.end(), (0, b""))
        sent = folder / "sent"
        sent.write_bytes(random.Random(5).randbytes(6_000_000))
        copy = subprocess.Popen(
            [str(each) for each in ["scp", "-q", *server.options(), "-P", port,
                                    sent, f"{user}:{folder}/received"]])
        time.sleep(0.2)
        stack.proxy.reset()
        self.assertEqual(copy.wait(timeout=PATIENCE), 0)
        self.assertEqual(
            hashlib.sha256((folder / "received").read_bytes()).digest(),
            hashlib.sha256(sent.read_bytes()).digest())
        self.clone(folder, server, port, user)

    def clone(self, folder, server, port, user):
        there = folder / "there"
        run("git", "init", "-q", there)
        shutil.copy(folder / "sent", there / "file")
        run("git", "-C", there, "add", "file")
        run("git", "-C", there, "-c", "user.name=a", "-c", "user.email=a@b",
            "commit", "-q", "-m", "x")
        run("git", "clone", "-q", f"ssh://{user}:{port}{there}",
            folder / "here", env={**os.environ, "GIT_SSH_COMMAND": " ".join(
                ["ssh", *server.options()])})
        self.assertEqual((folder / "here/file").read_bytes(),
                         (there / "file").read_bytes())

    def test_a_redis_session_lives_through_cuts(self):
        server = RedisServer(scratch(self)).start()
        stack, port = self.through(server)
        before = server.connections()
        session = Lines(["stdbuf", "-oL", "redis-cli", "-p", port])
        for number in range(1, 21):
            self.assertEqual(session.ask(b"INCR n"), b"%d" % number)
            if number % 5 == 2:
                stack.proxy.reset()
        self.assertEqual(session.end()[0], 0)
        # One for the session, one for each question about it.
        self.assertEqual(server.connections() - before, 2)

    def test_a_psql_session_lives_through_cuts(self):
        server = PostgresServer(scratch(self)).start()
        stack, port = self.through(server)
        session = Lines(["psql", "-h", "127.0.0.1", "-p", port, "-U", "tester",
                         "-d", "postgres", "-X", "-A", "-t", "-q"])
        pid = session.ask(b"select pg_backend_pid();")
        session.tell(b"create temporary table t (n int, s text);")
        for number in range(1, 16):
            session.tell(b"insert into t values (%d, repeat('x', 1000));"
                         % number)
            self.assertEqual(session.ask(b"select count(*) from t;"),
                             b"%d" % number, stack.logs())
            if number % 4 == 2:
                stack.proxy.reset()
        self.assertEqual(session.ask(b"select pg_backend_pid();"), pid)
        session.tell(b"select s from t, generate_series(1, 200);")
        stack.proxy.reset()
        code, rest = session.end()
        self.assertEqual(code, 0)
        self.assertEqual(rest.count(b"\n"), 15 * 200)

    def test_names_are_looked_up_over_udp(self):
        server = DnsServer(scratch(self)).start()
        stack, port = self.through(server, udp=True)

        def dig(*words):
            return run("dig", "@127.0.0.1", "-p", port, "+tries=5",
                       f"+time={int(2 * TIME_SCALE)}", "+ignore", *words
                       ).decode()
        for turn in range(6):
            self.assertEqual(dig("+short", "app.test"), "10.1.2.3\n")
            if turn % 2:
                stack.proxy.reset() # a lookup that is lost is sent again
        self.assertIn("NXDOMAIN", dig("none.test"))
        told = dig("+bufsize=4096", "TXT", "long.test")
        self.assertEqual(told.count("x" * 200), 8)
        self.assertIn("(UDP)", told)


class Exec(Case):
    """As `docker exec` does it: a POST whose connection is taken over."""

    @classmethod
    def setUpClass(cls):
        pass

    def test_a_posted_upgrade_reaches_a_unix_socket(self):
        def serve(connection, target):
            got = b""
            while not got.endswith(b'{"Tty":true}'):
                got += connection.recv(1000)
            target.seen.append(got)
            connection.sendall(b"HTTP/1.1 101 UPGRADED\r\n"
                               b"Content-Type: application/vnd.docker.raw-"
                               b"stream\r\nConnection: Upgrade\r\n"
                               b"Upgrade: tcp\r\n\r\n$ ")
            while part := connection.recv(1000):
                connection.sendall(part.upper())
        path = str(scratch(self) / "engine.sock")
        target = Target(serve, path=path)
        self.addCleanup(target.close)
        stack = self.build("mix", proxy=True, config={
            "mappings": [{"from": "http://engine", "to": f"unix:{path}",
                          "via": {"tunnels": ["tunnel1"]}}],
            "tunnels": {"tunnel1": PATIENT}},
            agent_flags=("-allow-target", f"unix:{os.path.dirname(path)}/*"))
        with connect(stack.port) as visitor:
            visitor.sendall(b"POST /exec/1/start HTTP/1.1\r\nHost: engine\r\n"
                            b"Connection: Upgrade\r\nUpgrade: tcp\r\n"
                            b"Content-Type: application/json\r\n"
                            b'Content-Length: 12\r\n\r\n{"Tty":true}')
            got = b""
            while not got.endswith(b"\r\n\r\n$ "):
                got += read_exactly(visitor, 1)
            self.assertIn(b" 101 ", got)
            for number in range(10):
                visitor.sendall(b"ls %d\n" % number)
                self.assertEqual(read_exactly(visitor, 5), b"LS %d\n" % number)
                if number % 3 == 0:
                    stack.proxy.reset()
        self.assertIn(b"\r\nHost: localhost\r\n", target.seen[0])


if __name__ == "__main__":
    main()
