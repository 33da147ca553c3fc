"""A few thousand requests over each transport, every byte checked."""

import unittest

from harness import BIN, FULL, main
from soak import soak

REQUESTS = 100_000 if FULL else 2000


class Soak(unittest.TestCase):
    def check(self, transport, **options):
        problems, _ = soak(transport, REQUESTS, BIN, **options)
        self.assertEqual(problems, [], "\n".join(problems[:20]))

    def test_over_grpc(self):
        self.check("grpc")

    def test_over_websocket(self):
        self.check("ws")

    def test_over_both(self):
        self.check("mix")

    def test_over_both_while_connections_are_cut_again_and_again(self):
        self.check("mix", saw=0.3, faults=("reset",))


if __name__ == "__main__":
    main()
