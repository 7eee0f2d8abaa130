"""Disks that stay full until there is room again, and clocks that are set by a second, an hour, a day; and who judges that."""
import random
import unittest

from share import SEED, Share, outages
from chain_street import without
from invariants import Report, check
from test_46_invariants import START, Story


class RoomAndTime(Share):
    def test_full_disks(self):
        self.share("disk", 4)

    def test_clocks_that_are_set(self):
        self.share("clocks", 4)


class Judges(unittest.TestCase):
    """What excuses a set clock excuses no more than that."""

    def story(self, *spoilt):
        run = Story(random.Random(SEED), *spoilt).run()
        run.collector.records[:] = [r._replace(time_ms=START + 10000) for r in run.collector.records]
        return run

    def found(self, judge, run):
        report = Report()
        judge(run, report)
        return {v.kind for v in report.violations}

    def test_a_spoilt_way_to_the_meters_is_cut_out_and_no_more(self):
        spans = lambda *spoilt: [(a, b) for _, a, b in without(spoilt, "g", 10, 100)]
        self.assertEqual(spans(), [(10, 100)])
        self.assertEqual(spans((30, 50), (20, 40)), [(10, 20), (50, 100)])
        self.assertEqual(spans((0, 15), (90, 200)), [(15, 90)])
        self.assertEqual(spans((200, 300)), [(10, 100)])

    def test_the_spans_that_a_clock_was_set_over(self):
        clock = outages.FakeClock.__new__(outages.FakeClock)
        clock.steps = [(0, 0), (1000, 0), (5000, 3600000), (9000, 0)]
        self.assertEqual(clock.unlived(12000), [(5000, 9000), (12000, 3605000)])
        self.assertEqual([clock.offsets_about(at) for at in (4000, 4900, 5300, 7000, 9100)],
                         [[0], [0, 3600000], [0, 3600000], [3600000], [3600000, 0]])

    def test_a_hole_is_excused_by_a_step_over_it_alone(self):
        for unlived, kinds in (((START - 900000, START - 100000), {"I3 hole"}), ((START, START + 16000), set())):
            run = self.story()
            for place in run.places.values():
                run.unlived[place.gateway] = [unlived]
            run.collector = self.without_readings(run.collector, START + 6000, START + 12000)
            holes = {v.kind for v in check(run).violations if v.kind == "I3 hole" and "no word" in v.text}
            self.assertEqual(holes, kinds)

    @staticmethod
    def without_readings(journal, since, until):
        keep = [r for r in journal.records if not any(b'"ts":%d' % ts in r.body for ts in range(since, until))]
        return journal._replace(records=keep)

    def test_who_is_suspect_by_the_order_of_times(self):
        self.assertEqual(self.found(outages._suspects, self.story()), set())
        late = self.story()
        late.collector.records[:] = [r._replace(time_ms=START - 400000) for r in late.collector.records]
        self.assertEqual(self.found(outages._suspects, late), {"I3 clock"}, "all are 5 min ahead of their receipt, and count as good")

        def marked(rng, story):
            rng.choice(story.readings["gw-2"][5:])["why"] = ["clock"]
        self.assertEqual(self.found(outages._suspects, self.story("accept", marked)), {"I3 clock"}, "marked, and rises")

    def test_a_flag_of_a_step(self):
        run = self.story()
        self.assertEqual(self.found(outages._only_noise, run), set())
        run.ledger.flags.append(run.ledger.flags[0]._replace(flag="gateway-offline"))
        self.assertEqual(self.found(outages._only_noise, run), {"I5 by a step"})


if __name__ == "__main__":
    unittest.main()
