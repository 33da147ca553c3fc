"""A page in headless Chromium over HTTP/2: events and a WebSocket beside each
other. Needs what `tools/setup --tests` installs, and is skipped without it."""

import unittest

from browser import Browser, missing
from certified import Certified
from harness import main
from origin import Origin

WHY_NOT = missing()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Live(Certified):
    def open(self, transport):
        origin = Origin()
        stack = self.secure(transport, origin=origin, mappings=[
            {"from": "https://localhost", "to": origin.url,
             "via": {"tunnels": ["tunnel1"]}}])
        page = Browser("--any-certificate")
        self.addCleanup(page.close)
        page.quiet() # no icon
        page.goto(url=f"https://localhost:{stack.port}/live-page")
        return stack, page

    def test_events_and_a_websocket_pass_over_http_2(self):
        for transport in ("grpc", "ws", "poll"):
            with self.subTest(transport=transport):
                stack, page = self.open(transport)
                page.see(text="h2")
                page.see(text="socket hello")
                page.see(text="socket again")
                for word in ("one", "two"):
                    stack.origin.events.put(f"data: {word}\n\n".encode())
                    page.see(text=f"event {word}")
                self.assertNotIn("failed", page.text(css="body"))
                [asked] = stack.origin.seen("/websocket")
                self.assertTrue(asked.header("Via").startswith("2.0 "), asked)
                stack.origin.events.put(None)
                self.assertEqual(page.wrong(), [])
                page.close()


if __name__ == "__main__":
    main()
