"""A short share of one kind of `make torture`, judged by the same checker."""
import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "torture"))

import outages  # noqa: E402
from chain_street import rng_of  # noqa: E402

SEED = os.environ.get("SEED") or str(random.randrange(1 << 32))


class Share(unittest.TestCase):
    def share(self, kind, seconds):
        """Faults are begun for so long; then all is brought to rest and judged."""
        if outages.wants(kind):
            self.skipTest(f"{kind} needs {outages.wants(kind)}")
        chosen, faults = outages.KINDS[kind], outages.collections.Counter()
        chain = chosen.street()
        self.addCleanup(chain.close)
        try:
            chain.prepare(**chosen.settings)
            chosen.strike(chain, rng_of(SEED, kind), faults, time.monotonic() + seconds)
            _, report = chain.examine()
            print(f"SEED={SEED} {kind}: {dict(faults)}; {report}")
            report.assert_clean()
        except AssertionError:
            print(f"SEED={SEED} {kind}\n{chain.tails()}", file=sys.stderr)
            raise
