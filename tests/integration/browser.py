"""The panel in headless Chromium, by way of tools/panel/test/. Needs what
`tools/setup --tests` installs."""

import json
import os
import shutil
import subprocess

from harness import ROOT, TIME_SCALE

PANEL = ROOT / "tools/panel"
DRIVER = PANEL / "test/driver.mjs"
EVIL = "<img src=x onerror=\"document.title='markup'\">"
NO_PANEL = ("the node was built without the panel: run tools/panel/build, "
            "then configure and build again")


def missing():
    """Why the panel cannot be driven here; empty if it can."""
    node = shutil.which("node")
    if not node:
        return "no Node.js here (tools/setup --tests)"
    if not (PANEL / "test/node_modules").is_dir():
        return "playwright-core is not installed (tools/setup --tests)"
    done = subprocess.run([node, DRIVER, "--missing"], capture_output=True,
                          text=True, timeout=60)
    return (done.stdout if done.returncode == 0 else done.stderr).strip()


def has_panel(node):
    status, body = node.get("/.admin/")
    # A build without the panel has a page that says so.
    return status == 200 and b"module" in body


class Browser:
    """A page of Chromium; `browser.see(text=...)` and so on are the commands
    of driver.mjs, `flags` its own."""

    def __init__(self, *flags):
        self.process = subprocess.Popen(
            ["node", DRIVER, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "APS_TIME_SCALE": str(TIME_SCALE)})

    def __getattr__(self, name):
        def call(**arguments):
            line = json.dumps({"do": name, **arguments})
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline()
                                or '{"error": "the driver is gone"}')
            if "error" in answer:
                raise AssertionError(f"{line}: {answer['error']}\n"
                                     f"{answer.get('page', '')[:3000]}")
            return answer["value"]
        return call

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)
