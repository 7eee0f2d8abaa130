"""A broker killed at any moment costs nothing, whether it keeps anything on disk or not."""
import random
import unittest

from counted import CountedStreet, kills_wanted, seed
from street import Scenario


class Kills(Scenario):
    kind = CountedStreet

    def kills(self, persistence):
        street, rng_seed = self.street.build(gateways=2, meters=4, persistence=persistence), seed()
        street.wait_flowing(20)
        killed = street.kill_often([street.broker], max(kills_wanted() // 2, 1), random.Random(rng_seed))
        street.wait_flowing(20, deadline=60)
        street.stop_gateways()
        street.settle()
        report = street.verdict()
        print(f"SEED={rng_seed}, {len(killed)} kills: {report}")
        report.assert_clean()
        self.assertGreater(report.matched, 20 * len(killed))
        self.assertFalse(report.excused)
        self.assertEqual(street.status()["forks"], 0)

    def test_without_persistence(self):
        self.kills(persistence=False)

    def test_with_persistence(self):
        self.kills(persistence=True)


if __name__ == "__main__":
    unittest.main()
