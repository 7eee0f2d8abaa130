"""A collector killed at any moment costs nothing: every value is stored exactly once, none is declared missing."""
import random
import unittest

from counted import CountedStreet, kills_wanted, seed
from street import Scenario


class Kills(Scenario):
    kind = CountedStreet

    def test_nothing_is_lost_and_nothing_comes_twice(self):
        street, rng_seed = self.street.build(gateways=2, meters=4), seed()
        street.wait_flowing(20)
        killed = street.kill_often([street.collector], kills_wanted(), random.Random(rng_seed))
        street.wait_flowing(20)
        street.stop_gateways()
        street.settle()
        report = street.verdict()
        print(f"SEED={rng_seed}, {len(killed)} kills: {report}")
        report.assert_clean()
        self.assertGreater(report.matched, 20 * len(killed))
        self.assertFalse(report.excused)
        self.assertEqual(street.status()["forks"], 0)


if __name__ == "__main__":
    unittest.main()
