"""Caddy with a Caddyfile of a test's own, on a free loopback port."""

import pathlib
import shutil

from harness import Program, listening, wait_until

CADDY = shutil.which("caddy")
MISSING = "there is no Caddy (tools/setup --tests)"
FRAME = """
{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind 127.0.0.1
  {site}
}}
"""


def caddy(case, folder, site, port):
    """Runs until `case` is over; `site` is what its site block has."""
    folder = pathlib.Path(folder)
    config = folder / "Caddyfile"
    config.write_text(FRAME.format(port=port, site=site))
    program = Program("caddy", [CADDY, "run", "--config", config, "--adapter",
                                "caddyfile"], folder,
                      {"HOME": str(folder), "XDG_DATA_HOME": str(folder),
                       "XDG_CONFIG_HOME": str(folder)})
    case.addCleanup(program.stop)
    program.start()
    wait_until(lambda: listening(port), "Caddy to listen")
