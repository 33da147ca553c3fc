"""An HTTP proxy that lets connections through (CONNECT), and tinyproxy.

Ours resolves names of its own, so that who gets to them came through it."""

import pathlib
import shutil
import socket
import threading

from harness import Program, listening, scratch, wait_until
from lab.processes import free_port
from wire import basic

TINYPROXY = shutil.which("tinyproxy")
MISSING = "there is no tinyproxy (tools/setup --tests)"

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


def pump(source, sink):
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class ConnectProxy:
    """`names` has what "host:port" stands for; `login` is "user:password". An
    `answer` that is not OPEN is given instead of a way, None is silence."""

    def __init__(self, names, login=None):
        self.names, self.login = names, login
        self.answer = OPEN
        self.asked = []    # first line and fields of each request
        self.sockets = []  # that are open, maybe
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.sockets.append(client)
            threading.Thread(target=self.serve, args=(client,),
                             daemon=True).start()

    def serve(self, client):
        try:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            lines = head.decode().split("\r\n")
            self.asked.append(lines)
            answer = self.verdict(lines)
            if answer is None:
                return
            client.sendall(answer)
            if not answer.endswith(OPEN):
                client.close()
                return
            other = socket.create_connection(
                ("127.0.0.1", self.names[lines[0].split()[1]]))
        except (OSError, ValueError):
            client.close()
            return
        with self.lock:
            self.sockets.append(other)
        threading.Thread(target=pump, args=(client, other),
                         daemon=True).start()
        pump(other, client)

    def verdict(self, lines):
        method, target, _ = lines[0].split()
        if method != "CONNECT" or target not in self.names:
            return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        if self.login:
            _, right = basic(*self.login.split(":", 1))
            if f"Proxy-Authorization: {right}" not in lines:
                return (b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                        b"Proxy-Authenticate: Basic realm=\"x\"\r\n\r\n")
        return self.answer

    def cut(self):
        with self.lock:
            sockets, self.sockets = self.sockets, []
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def close(self):
        self.listener.close()
        self.cut()


def tinyproxy(case, ports, login=None):
    """Runs until `case` is over, and lets through to `ports`; its port."""
    folder = pathlib.Path(scratch(case))
    port = free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60",
             f"PidFile \"{folder / 'pid'}\"", "LogLevel Connect",
             *(f"ConnectPort {each}" for each in ports)]
    if login:
        lines.append("BasicAuth {} {}".format(*login.split(":")))
    config = folder / "tinyproxy.conf"
    config.write_text("\n".join(lines) + "\n")
    program = Program("tinyproxy", [TINYPROXY, "-d", "-c", config], folder)
    case.addCleanup(program.stop)
    program.start()
    wait_until(lambda: listening(port), "tinyproxy to listen")
    return port
