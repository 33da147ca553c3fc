"""nginx with a configuration of a test's own, on free loopback ports."""

import pathlib
import shutil

from harness import Program, listening, wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
MISSING = "there is no nginx (tools/setup --tests)"
FRAME = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {http}
}}
"""


def nginx(case, folder, http, ports):
    """Runs until `case` is over; `http` is what its http block has."""
    folder = pathlib.Path(folder)
    config = folder / f"nginx-{ports[0]}.conf"
    config.write_text(FRAME.format(folder=folder, http=http))
    program = Program("nginx", [NGINX, "-p", folder, "-e", "stderr", "-c",
                                config], folder)
    case.addCleanup(program.stop)
    program.start()
    wait_until(lambda: all(listening(port) for port in ports),
               "nginx to listen")
