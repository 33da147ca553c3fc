#!/usr/bin/env python3
"""A small HTTP target to try APS with: tools/demo_target.py [PORT] (3000)

  /            a page            /bytes/N     N bytes
  /events?n=5  events, one a second (?ms=1000 sets the distance)
  /slow?ms=N   answers after N milliseconds
  POST /echo   length and sha256 of the request's body, as JSON
"""

import hashlib
import http.server
import json
import sys
import time
import urllib.parse

PAGE = b"""<!doctype html><title>APS demo</title>
<h1>It works</h1><p>This page came through an APS tunnel.</p>
<p>Try <a href="events?n=5">events</a> and <a href="bytes/1000">bytes</a>.</p>
"""


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "aps-demo-target"
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            if url.path == "/":
                self.answer(PAGE, "text/html; charset=utf-8")
            elif url.path == "/events":
                self.events(int(query.get("n", 5)), int(query.get("ms", 1000)))
            elif url.path == "/slow":
                time.sleep(int(query.get("ms", 1000)) / 1000)
                self.answer(b"awake\n")
            elif url.path.startswith("/bytes/"):
                self.bytes(int(url.path[len("/bytes/"):]))
            else:
                self.answer(b"not found\n", status=404)
        except ValueError:
            self.answer(b"that is not a number\n", status=400)

    do_HEAD = do_GET

    def do_POST(self):
        digest, length = hashlib.sha256(), 0
        for chunk in self.body():
            digest.update(chunk)
            length += len(chunk)
        text = json.dumps({"length": length, "sha256": digest.hexdigest()})
        self.answer(text.encode() + b"\n", "application/json")

    do_PUT = do_POST

    def body(self):
        """The request's body, chunked or with a length."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return
        left = int(self.headers.get("Content-Length", 0))
        while left and (chunk := self.rfile.read(min(left, 65536))):
            left -= len(chunk)
            yield chunk

    def head(self, status, kind, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def answer(self, body, kind="text/plain", status=200):
        self.head(status, kind, Content_Length=len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def bytes(self, count):
        self.head(200, "application/octet-stream", Content_Length=count)
        if self.command == "HEAD":
            return
        block = bytes(range(256)) * 256
        for start in range(0, count, len(block)):
            self.wfile.write(block[:min(len(block), count - start)])

    def events(self, count, ms):
        self.head(200, "text/event-stream", Transfer_Encoding="chunked",
                  Cache_Control="no-store")
        for number in range(count):
            self.chunk(f"id: {number}\ndata: event {number}\n\n".encode())
            if number + 1 < count:
                time.sleep(ms / 1000)
        self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format, *args):
        pass  # the access log would hide everything else


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that went away


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with Server(("127.0.0.1", port), Target) as server:
        print(f"listening on http://127.0.0.1:{port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
