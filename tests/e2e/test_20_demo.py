"""The demo street, as `make demo` plays it, ends with a good verdict, and stops clean when it is interrupted."""
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from programs import BIN

HERE = os.path.dirname(os.path.abspath(__file__))


class Demo(unittest.TestCase):
    def start(self, seconds, weeks):
        return subprocess.Popen([sys.executable, f"{HERE}/demo.py"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                start_new_session=True, env={**os.environ, "DEMO_SECONDS": str(seconds), "DEMO_WEEKS": str(weeks),
                                                             "QUIETAIR_BIN": BIN})

    def test_a_minute_of_it(self):
        demo = self.start(60, 8)
        out, _ = demo.communicate(timeout=240)
        self.assertEqual(demo.returncode, 0, out)
        for words in ("noise-limit", "fume-limit", "purifier-off", "尚座俱乐部", "Weekly audit"):
            self.assertIn(words, out)
        told, stored = re.search(r"history +since [-0-9]+: (\d+) readings, (\d+) points", out).groups()
        self.assertEqual(told, stored)
        self.assertGreater(int(told), 500000)
        for n, flag, site in ((8, "noise-limit", "nice-club"), (1, "cleaning-overdue", "river-house")):
            self.assertRegex(out, rf"(?m)^ +{n} +{flag} +{site}$")

    def test_interrupted(self):
        demo = self.start(0, 1)
        while "Ctrl-C" not in (line := demo.stdout.readline()):
            self.assertTrue(line, "it ended early")
        time.sleep(2)  # it plays
        demo.send_signal(signal.SIGINT)
        out, _ = demo.communicate(timeout=30)
        self.assertEqual(demo.returncode, 0, out)
        self.assertNotIn("Traceback", out)


if __name__ == "__main__":
    unittest.main()
