"""A login service as oauth2-proxy, Authelia and their like are asked by
proxies: /auth says 202 with headers about the user, or sends to /login, which
sets a cookie. It can also be slow, dead or a liar."""

import http.server
import socket
import threading
import urllib.parse

COOKIE = "session"
SESSIONS = {"alice-7f3a": ("alice", "alice@example.test", "dev,ops"),
            "bob-9c1d": ("bob", "bob@example.test", "dev")}
BODY = b"Please log in.\n"
PAGE = """<!doctype html><title>Login</title><h1>Who are you?</h1>
<form method="post"><input type="hidden" name="rd" value="{rd}">
<input name="session"><button>Log in</button></form>"""

# What it sends instead of an answer, by name.
LIES = {
    "garbage": b"\x00\x01\x02 this is no HTTP\r\n\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nRemote-User: al",
    "a switch of protocols": (b"HTTP/1.1 101 Switching Protocols\r\n"
                              b"Connection: Upgrade\r\nUpgrade: x\r\n\r\n"),
    "not modified": b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
    "hints alone": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100,
    "a huge head": (b"HTTP/1.1 202 Accepted\r\nRemote-User: alice\r\n"
                    + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n"),
    "two lengths": (b"HTTP/1.1 202 Accepted\r\nRemote-User: alice\r\n"
                    b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "status 99": b"HTTP/1.1 099 Whatever\r\nContent-Length: 0\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 Whatever\r\nContent-Length: 0\r\n\r\n",
}


class LoginServer:
    def __init__(self, port=0):
        self.asked = []         # method, path, headers of each question
        self.mode = None        # one of LIES, "stall", "endless", "large",
                                # "late body", "cut" or None = honest
        self.status = 202
        self.headers = []       # more fields of each answer to a question
        self.connections = 0
        self.lock = threading.Lock()
        self.resume = threading.Event()  # ends "stall" and "late body"
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                with service.lock:
                    service.connections += 1
                super().setup()

            def log_message(self, *_):
                pass

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                if parts.path == "/login":
                    rd = dict(urllib.parse.parse_qsl(parts.query)).get("rd", "")
                    return self.reply(200, PAGE.format(rd=rd).encode(),
                                      [("Content-Type", "text/html")])
                with service.lock:
                    service.asked.append(
                        (self.command, self.path, list(self.headers.items())))
                try:
                    return self.decide()
                except OSError:
                    self.close_connection = True

            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                form = dict(urllib.parse.parse_qsl(
                    self.rfile.read(size).decode()))
                domain = self.headers["X-Forwarded-Host"].split(":")[0]
                domain = domain.partition(".")[2]
                self.reply(303, b"", [
                    ("Location", form["rd"]),
                    ("Set-Cookie", f"{COOKIE}={form['session']}; Path=/; "
                                   f"Domain={domain}; HttpOnly")])

            def decide(self):
                mode = service.mode
                if mode in LIES:
                    self.wfile.write(LIES[mode])
                    self.close_connection = True
                    return None
                if mode == "stall":
                    service.resume.wait(60)
                    self.close_connection = True
                    return None
                user = self.user()
                if user is None:
                    return self.refuse(mode)
                if mode == "endless":
                    return self.send_for_ever(service.status)
                name, mail, groups = user
                return self.reply(service.status, b"ok", [
                    ("Remote-User", name), ("X-Auth-Request-User", name),
                    ("X-Auth-Request-Email", mail), ("Remote-Groups", groups),
                    ("X-Internal", "not for targets"), *service.headers])

            def user(self):
                for part in self.headers.get("Cookie", "").split(";"):
                    name, _, value = part.strip().partition("=")
                    if name == COOKIE and value in SESSIONS:
                        return SESSIONS[value]
                return None

            def refuse(self, mode):
                if mode == "endless":
                    return self.send_for_ever(401)
                if mode == "large":
                    return self.reply(401, b"x" * 5_000_000)
                if mode in ("late body", "cut"):
                    self.send_response(401)
                    self.send_header("Content-Length", "100")
                    self.end_headers()
                    self.wfile.write(b"x" * 50)
                    self.wfile.flush()
                    if mode == "late body":
                        service.resume.wait(60)
                        self.wfile.write(b"x" * 50)
                    else:
                        self.close_connection = True
                    return None
                asked = self.headers
                back = (f"{asked['X-Forwarded-Proto']}://"
                        f"{asked['X-Forwarded-Host']}{asked['X-Forwarded-Uri']}")
                port = asked["X-Forwarded-Host"].partition(":")[2]
                host = "login.apps.localhost" + (f":{port}" if port else "")
                return self.reply(302, BODY, [
                    ("Location", f"http://{host}/login?rd="
                     + urllib.parse.quote(back, safe="")),
                    ("Set-Cookie", "_csrf=1; Path=/"),
                    ("Content-Type", "text/plain"), *service.headers])

            def send_for_ever(self, status):
                self.send_response(status)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while not service.resume.is_set():
                    self.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")

            def reply(self, status, body, fields=()):
                self.send_response(status)
                for name, value in fields:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def last(self):
        """The fields of the last question, by lower-case name."""
        with self.lock:
            _, _, fields = self.asked[-1]
        return {name.lower(): value for name, value in fields}

    def close(self):
        self.resume.set()
        self.server.shutdown()
        self.server.server_close()


def dead_port():
    """A port where nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return gone.getsockname()[1]
