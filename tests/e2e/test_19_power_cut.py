"""Everything killed at once, like a power cut of the whole building, again and again: what was journalled is all there."""
import random
import unittest

from counted import CountedStreet, kills_wanted, seed
from programs import wait_for
from street import Scenario


class PowerCut(Scenario):
    kind = CountedStreet

    def test_all_die_and_come_back_in_any_order(self):
        street, rng_seed = self.street.build(gateways=2, meters=4, persistence=True), seed()
        rng, history = random.Random(rng_seed), []
        street.wait_flowing(20)
        for _ in range(max(kills_wanted() // 4, 2)):
            street.let_run(rng.uniform(1.2, 4.0))
            everything = [street.broker, street.influx, street.collector, *street.gateways]
            for program in rng.sample(everything, len(everything)):
                program.kill()
            for program in rng.sample(everything, len(everything)):
                program.launch()
                street.let_run(rng.uniform(0, 0.3))
            history += [(g.name, g.ends[-1][0], g.starts[-1]) for g in street.gateways]
            for program in everything:
                if program.ready:
                    wait_for(lambda p=program: p.alive() and p.ready(), f"{program.name} is ready again")
        street.wait_flowing(20, deadline=60)
        street.stop_gateways()
        street.settle()
        report = street.verdict(history)
        print(f"SEED={rng_seed}, {len(history)} kills of gateways: {report}")
        report.assert_clean()
        self.assertGreater(report.matched, 100)
        self.assertEqual(street.status()["forks"], 0)


if __name__ == "__main__":
    unittest.main()
