"""The panel in headless Chromium, before a real node with real agents. Needs
what `tools/setup --panel` installs, and is skipped without it."""

import http.client
import json
import os
import shutil
import subprocess
import unittest

from harness import ROOT, TIME_SCALE, Case, main, scratch, wait_until
from wire import ask

PANEL = ROOT / "tools/panel"
DRIVER = PANEL / "test/driver.mjs"
EVIL = "<img src=x onerror=\"document.title='markup'\">"


def missing():
    """Why the panel cannot be driven here; empty if it can."""
    node = shutil.which("node")
    if not node:
        return "no Node.js here (tools/setup --panel)"
    if not (PANEL / "test/node_modules").is_dir():
        return "playwright-core is not installed (tools/setup --panel)"
    return subprocess.run([node, DRIVER, "--missing"], capture_output=True,
                          text=True, timeout=60).stdout.strip()


class Browser:
    """A page of Chromium; `browser.see(text=...)` and so on are the commands
    of driver.mjs."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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


def has_panel(node):
    connection = http.client.HTTPConnection("127.0.0.1", node.admin_port,
                                            timeout=10)
    try:
        connection.request("GET", "/.admin/")
        answer = connection.getresponse()
        # A build without the panel has a page that says so.
        return answer.status == 200 and b"module" in answer.read()
    finally:
        connection.close()


WHY_NOT = missing()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Panel(Case):
    def open(self, page="", **options):
        self.stack = self.build(**options)
        if not has_panel(self.stack.node):
            self.skipTest("the node was built without the panel "
                          "(tools/panel/build, then CMake again)")
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.visit(page)
        return self.browser, self.stack

    def visit(self, page):
        self.browser.goto(url=f"http://127.0.0.1:{self.stack.node.admin_port}"
                              f"/.admin/#/{page}")
        self.browser.see(css=".pulse .state.ok", text="live")

    def check(self):
        """Nothing went wrong in the browser's console."""
        self.assertEqual(self.browser.wrong(), [])

    def test_a_connection_appears_and_goes(self):
        page, stack = self.open("tunnels", transport="ws")
        page.see(css=".actor", text="app1")
        agent = stack.start_agent(transport="ws", endpoint="zweite ✓",
                                  name="second")
        page.see(css="a.actor", text="zweite ✓")
        wait_until(lambda: page.count(css=".actor.connection") >= 4,
                   "the second agent's connections")
        agent.stop()
        wait_until(lambda: page.count(css=".actor.connection") == 2,
                   "them to go")
        self.check()

    def test_a_fallback_and_the_return_are_shown(self):
        page, stack = self.open("fallback", proxy=True)
        stack.proxy.cut("h2")

        def in_fallback():
            self.assertEqual(ask(stack.port).status, 200)
            return page.count(css=".lane .state.warn") == 1
        wait_until(in_fallback, "the fallback on the page")
        stack.proxy.heal()
        page.see(css=".lane .state.ok", text="primary")
        page.see(css=".band .warn", text="")
        page.see(css="tbody tr", text="fallback")
        self.check()

    def test_an_exchange_is_found_by_its_request_id(self):
        page, stack = self.open("exchanges")
        answer = ask(stack.port, "/echo?<b>x",
                     headers=[("X-Request-Id", "panel-<i>42")])
        self.assertEqual(answer.status, 200)
        page.fill(css="input[type=search]", value="panel-<i>42")
        page.see(css="tbody tr", text="panel-<i>42")
        page.click(name="Look up by id")
        page.see(css="h1", text="GET example.com/echo?<b>x")
        page.see(css=".facts", text="tunnel1.app1")
        page.see(css=".steps", text="Sent")
        page.see(css=".steps", text="Finished")
        self.assertEqual(page.count(css="main i, main b b"), 0)
        self.check()

    def test_an_action_is_confirmed_and_done(self):
        page, stack = self.open("tunnels", transport="ws")
        page.see(css=".actor.connection", text="ws-")
        name = page.text(css=".actor.connection .name")
        page.click(role="link", name=name)
        page.click(name="Close…")
        page.see(css="dialog", text=name)
        page.click(name="Close", exact=True)
        page.see(css=".notes", text=name)
        page.see(css="main", text="not there any longer")
        self.visit("tunnels")
        page.miss(css=".actor.connection", text=name)
        self.check()

    def test_it_survives_a_restart_of_the_node(self):
        page, stack = self.open("events")
        page.see(css=".log li", text="connection opened")
        page.quiet()
        stack.node.stop()
        page.see(css="[role=alert]", text="does not answer")
        stack.node.start()
        page.see(css=".pulse .state.ok", text="live")
        page.see(css=".log li", text="The node was restarted")
        stack.wait_for_agent()
        self.visit("tunnels")
        page.see(css=".actor.connection", text="grpc-")
        self.check()

    def test_names_of_agents_stay_text(self):
        page, stack = self.open("tunnels", transport="ws")
        stack.start_agent(transport="ws", endpoint=EVIL, name="evil")
        page.see(css="a.actor .name", text=EVIL)
        for view in ("", "fallback", "events"):
            self.visit(view)
            page.see(css="main", text=EVIL)
        self.assertEqual(page.count(css="img"), 0)
        self.assertNotEqual(page.title(), "markup")
        self.check()

    def test_an_explanation_sends_nothing(self):
        page, stack = self.open("explain")
        page.fill(css="input[name=url]", value="http://example.com/why")
        page.click(name="Explain")
        page.see(css=".answer", text="would be sent")
        self.assertEqual(stack.origin.seen("/why"), [])
        self.check()

    def test_it_wants_the_token_of_the_configuration(self):
        stack = self.build(config={"admin": {"token": "panel-secret-0123456"}},
                           agent=False)
        self.stack = stack
        if not has_panel(stack.node):
            self.skipTest("the node was built without the panel")
        self.browser = page = Browser()
        self.addCleanup(page.close)
        page.quiet()
        page.goto(url=f"http://127.0.0.1:{stack.node.admin_port}/.admin/")
        page.fill(css="input[name=token]", value="panel-secret-0123456")
        page.click(name="Continue")
        page.see(css=".pulse .state.ok", text="live")
        self.check()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Parts(unittest.TestCase):
    def test_the_tests_beside_the_panel_pass(self):
        if not (PANEL / "dist/index.html").exists():
            self.skipTest("the panel is not built (tools/panel/build)")
        done = subprocess.run(
            ["node", "--test", *sorted((PANEL / "test").glob("*.test.mjs"))],
            cwd=PANEL, capture_output=True, text=True, timeout=500)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])

    def test_screenshots_are_made_by_one_command(self):
        if not (PANEL / "dist/index.html").exists():
            self.skipTest("the panel is not built (tools/panel/build)")
        folder = scratch(self)
        done = subprocess.run([PANEL / "screenshots", folder],
                              capture_output=True, text=True, timeout=500)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(list(folder.glob("*.png"))), 40)


if __name__ == "__main__":
    main()
