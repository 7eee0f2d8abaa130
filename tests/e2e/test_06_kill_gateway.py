"""A gateway killed at any moment loses at most its last flush, and says so."""
import random
import unittest

from counted import CountedStreet, kills_wanted, seed
from street import Scenario


class Kills(Scenario):
    kind = CountedStreet

    def test_what_was_not_journalled_lies_in_a_gap(self):
        street, rng_seed = self.street.build(gateways=2, meters=4), seed()
        street.wait_flowing(20)
        killed = street.kill_often(street.gateways, kills_wanted(), random.Random(rng_seed))
        street.wait_flowing(20)
        street.stop_gateways()
        street.settle()
        report = street.verdict(killed)
        print(f"SEED={rng_seed}, {len(killed)} kills: {report}")
        report.assert_clean()
        self.assertGreater(report.matched, 20 * len(killed))
        self.assertLess(sum(report.excused.values()), 30 * len(killed))
        self.assertEqual(street.status()["forks"], 0)


if __name__ == "__main__":
    unittest.main()
