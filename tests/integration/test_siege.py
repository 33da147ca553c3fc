"""The short form of `soak.py --hostile`: honest visitors among everybody who
means harm. How fast the answers are is reported, not judged."""

import unittest

import hostile
from harness import BIN, FULL, main
from siege import siege

SECONDS = 120 if FULL else 12


class Siege(unittest.TestCase):
    def check(self, transport, chosen=hostile.ALL):
        run = siege(BIN, transport, calm=3, seconds=SECONDS, chosen=chosen)
        self.assertEqual(run.problems, [], "\n".join(run.problems[:20]))
        print(run.line, run.reached, flush=True)

    def test_nobody_notices_all_of_them_over_both_transports(self):
        self.check("mix")

    def test_nobody_notices_strangers_over_polling(self):
        self.check("poll", hostile.STRANGERS)


if __name__ == "__main__":
    main()
