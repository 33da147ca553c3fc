"""nginx as origin, as a hop in front of something, and for raw TCP."""

import pathlib
import shutil

from .processes import Program, free_port, listening, wait_until

_BASE = """daemon off;
worker_processes 1;
pid {folder}/{name}.pid;
error_log stderr error;
{before}
events {{ worker_connections 8192; }}
{block}
"""
_HTTP = """http {{
  access_log off;
  client_body_temp_path {folder}/{name}-body;
  proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-fastcgi;
  uwsgi_temp_path {folder}/{name}-uwsgi;
  scgi_temp_path {folder}/{name}-scgi;
  client_max_body_size 0;
  keepalive_requests 100000000;
  tcp_nodelay on;
  {upstream}
  server {{
    listen 127.0.0.1:{port} backlog=4096{listen};
    {tls}
    location / {{ {location} }}
  }}
}}"""
_STREAM = """stream {{
  proxy_buffer_size 64k;
  server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{target}; }}
}}"""
_STREAM_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")
_UPSTREAM = """upstream next {{
    server 127.0.0.1:{port}; keepalive 1024;
    keepalive_requests 100000000;
  }}"""
_TLS = "ssl_certificate {cert}; ssl_certificate_key {key};"
_PASS = """proxy_pass {scheme}://next; proxy_http_version 1.1;
      proxy_max_temp_file_size 0; proxy_request_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"""


def nginx_program():
    """Its path, or None; administrators' folders are not in every PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Nginx(Program):
    """One of them, with one worker, at `port`."""

    def __init__(self, folder, name, block, port, before=""):
        self.port = port
        config = pathlib.Path(folder) / f"{name}.conf"
        config.write_text(_BASE.format(folder=folder, name=name, block=block,
                                       before=before))
        super().__init__(name, [nginx_program(), "-c", config, "-p", folder,
                                "-e", "stderr"], folder)

    def start(self):
        super().start()
        wait_until(lambda: listening(self.port), self.name)
        return self


def http_server(folder, name, location, upstream="", pair=None, http2=False,
                before=""):
    """Answers by `location`; over TLS with the certificate `pair`. `before` is
    the top of the configuration."""
    port = free_port()
    block = _HTTP.format(
        folder=folder, name=name, port=port, location=location,
        upstream=upstream,
        listen=(" ssl" if pair else "") + (" http2" if http2 else ""),
        tls=_TLS.format(cert=pair.cert, key=pair.key) if pair else "")
    return Nginx(folder, name, block, port, before)


def http_hop(folder, name, next_port, pair=None, next_tls=False, http2=False,
             before=""):
    """A reverse proxy in front of `next_port`; it keeps its connections."""
    location = _PASS.format(scheme="https" if next_tls else "http")
    return http_server(folder, name, location,
                       _UPSTREAM.format(port=next_port), pair, http2, before)


def http_origin(folder, name="origin", body=2):
    """Answers everything with so many bytes."""
    if body <= 4096:
        return http_server(folder, name, "default_type text/plain; "
                           f'return 200 "{"x" * body}";')
    file = pathlib.Path(folder) / f"{name}-answer"
    file.write_bytes(b"x" * body)
    return http_server(folder, name,
                       f"root {folder}; try_files /{file.name} =404;")


def stream_hop(folder, name, target):
    """Passes the bytes of each connection on."""
    port = free_port()
    module = f"load_module {_STREAM_MODULE};" if _STREAM_MODULE.exists() else ""
    return Nginx(folder, name, _STREAM.format(port=port, target=target), port,
                 module)
