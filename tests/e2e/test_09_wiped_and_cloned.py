"""A collector that was wiped or restored is filled again, what is gone is declared lost, and a cloned box shows as a fork."""
import shutil
import unittest

from checker import parse_served
from counted import CountedStreet
from programs import free_port, wait_for
from stream import frames_on_disk
from street import Scenario


def gapless(frames, gateway):
    """The seqs of a gateway's newest epoch as they were taken: AssertionError unless they run on without hole or repeat."""
    own = [f for f in frames if f.gateway == gateway]
    own = [f for f in own if f.epoch == own[-1].epoch]
    expected = 1
    for f in own:
        assert f.first <= expected <= f.seq, f"{f} where {expected} was next"
        expected = f.seq + 1
    return own


class Wiped(Scenario):
    kind = CountedStreet

    def replace_state(self, source):
        """The collector dies, and comes back with another state: a copy from before, or none."""
        street = self.street
        street.collector.kill()
        shutil.rmtree(street.collector.state)
        if source:
            shutil.copytree(source, street.collector.state)
        street.collector.start()

    def finish(self):
        street = self.street
        street.wait_flowing(40, deadline=40)
        street.stop_gateways()
        street.settle()
        return frames_on_disk(street.collector.state)

    def test_a_wiped_collector_is_sent_everything_again(self):
        street = self.street.build(gateways=2)
        street.wait_flowing(100)
        self.replace_state(None)
        street.let_run(2)  # nobody lists the gateways yet: their frames wait
        self.assertEqual(frames_on_disk(street.collector.state), [])
        street.import_all()
        frames = self.finish()
        for gateway in street.gateways:
            self.assertEqual([f.payload for f in gapless(frames, gateway.name)], [f.payload for f in frames_on_disk(gateway.state)])
        report = street.verdict().assert_clean()
        self.assertFalse(report.excused)
        self.assertEqual(street.status()["forks"], 0)

    def test_one_restored_from_yesterday_is_sent_the_rest(self):
        street = self.street.build(gateways=2)
        street.wait_flowing(60)
        street.collector.stop()
        shutil.copytree(street.collector.state, street.path("backup"))
        street.collector.start()
        street.wait_flowing(60)
        self.replace_state(street.path("backup"))
        frames = self.finish()
        for gateway in street.gateways:
            self.assertEqual([f.payload for f in gapless(frames, gateway.name)], [f.payload for f in frames_on_disk(gateway.state)])
        report = street.verdict().assert_clean()
        self.assertFalse(report.excused)
        self.assertEqual(street.status()["forks"], 0)

    def test_what_the_gateway_no_longer_has_is_declared_lost(self):
        street = self.street.build(gateways=1, meters=8, interval="20ms", journal={"max_bytes": "256K"})
        gateway, = street.gateways
        wait_for(lambda: [f.seq for f in frames_on_disk(gateway.state)[:1]] > [1], "the oldest frames were trimmed", 60, every=0.5)
        self.replace_state(None)
        street.import_all()
        own = gapless(self.finish(), "gw-1")
        self.assertEqual(own[0].kind, "lost")
        self.assertEqual(own[0].first, 1)
        self.assertEqual(own[0].body["reason"], "acked-then-forgotten")  # the wiped collector had acked it
        self.assertEqual([f.kind for f in own[1:]].count("lost"), 0, "one lost for one hole")
        street.verdict().assert_clean()  # the time series were not wiped: all is there


class Cloned(Scenario):
    kind = CountedStreet

    def clone(self, box):
        """A second box from the first one's card; it has meters of its own, so that each number tells who read it."""
        street, port = self.street, free_port()
        shutil.copytree(box.state, street.path("twin"))
        meters = street.sim(street.scenario([port], 4, first=5000000, second=7000), name="twin-sim")
        config = street.polling(port, 4, "100ms", "site-1")
        config["gateway"].update(id="gw-1", state_dir=street.path("twin"))
        return street.gateway(config, "twin", start=False), meters

    def assert_all_journalled(self, meters, name):
        held = {(r["device"], int(r["values"]["n"]), int(r["values"]["m"]))
                for f in frames_on_disk(self.street.collector.state) for r in f.readings if "values" in r}
        served = {(f"tally-{s.meter[-1]}", int(s.values["n"]), int(s.values["m"])) for s in parse_served(meters.log_of_answers)}
        self.assertGreater(len(served), 100)
        self.assertEqual(served - held, set(), f"what {name} read stands in the journal")

    def test_two_boxes_with_one_identity_go_on_side_by_side(self):
        street = self.street.build(gateways=1)
        box, = street.gateways
        street.wait_flowing(40)
        box.stop()
        twin, twin_meters = self.clone(box)
        box.start()
        twin.start()
        wait_for(lambda: street.status()["forks"] > 0, "a fork is counted", 60, every=0.5)
        street.let_run(5)
        box.stop()
        twin.stop()
        for one in (box, twin):  # each alone: all that it has arrives
            had = len(frames_on_disk(one.state))
            one.start()
            wait_for(lambda: len(frames_on_disk(one.state)) > had + 10 and street.drained(one), f"{one.name} is drained", 60, 0.2)
            one.stop()
            wait_for(lambda: street.drained(one), f"{one.name} is drained", 60, 0.2)
        self.assert_all_journalled(street.meters, "the box")
        self.assert_all_journalled(twin_meters, "its twin")
        self.assertTrue(street.tapped.json("yudu", "collector", "main", "status")[-1]["forks"] > 0)


if __name__ == "__main__":
    unittest.main()
