"""Broker and database gone at once: memory stays flat, the backlog drains in order, live values stay fresh meanwhile."""
import json
import os
import unittest

from counted import CountedStreet
from programs import wait_for, wall_ms
from street import Scenario

OUTAGE = float(os.environ.get("OUTAGE", 30))  # s; 120 is to be possible
FLAT_KB = 6 * 1024  # what a journal's segments and a batch may take more


class Outage(Scenario):
    kind = CountedStreet

    def test_nothing_is_lost_and_live_data_is_not_starved(self):
        street = self.street.build(gateways=2, meters=4, interval="50ms", gateway={"flush": "20ms"})
        programs = [street.collector, *street.gateways]
        street.wait_flowing(200)
        before = {p.name: (p.rss_kb(), p.fds()) for p in programs}
        street.broker.kill()
        street.influx.kill()
        highest = dict.fromkeys(before, 0)
        for _ in range(int(OUTAGE)):
            street.let_run(1)
            for p in programs:
                highest[p.name] = max(highest[p.name], p.rss_kb())
        since, back = len(street.tapped.messages), wall_ms()
        street.broker.start()
        street.influx.start()
        street.wait_flowing(200, deadline=90)
        caught_up = wall_ms()
        wait_for(lambda: all(street.drained(g) for g in street.gateways), "the backlog is drained", 60, every=0.5)
        street.let_run(2)
        after = {p.name: (p.rss_kb(), p.fds()) for p in programs}
        street.stop_gateways()
        street.settle()
        report = street.verdict().assert_clean()
        self.assertFalse(report.excused)
        print(f"{OUTAGE:g} s: {report}; caught up after {caught_up - back} ms; RSS and fds before {before}, highest {highest}, after {after}")
        for p in programs:
            self.assertLess(max(highest[p.name], after[p.name][0]), before[p.name][0] + FLAT_KB, f"{p.name} grew")
            self.assertLessEqual(after[p.name][1], before[p.name][1] + 2, f"open files of {p.name}")
        for g in street.gateways:
            self.check_order(street.tapped.frames(g.name, since=since))
            self.check_now(street.tapped.of("yudu", "gateway", g.name, "now", since=since))
        self.assertEqual(street.status()["forks"], 0)

    def check_order(self, frames):
        """Apart from going back to what was not acked, a seq comes only after its predecessor."""
        highest = frames[0].seq - 1
        self.assertGreater(len(frames), 10 * OUTAGE)
        for frame in frames:
            self.assertLessEqual(frame.seq, highest + 1, f"{frame} overtook")
            highest = max(highest, frame.seq)

    def check_now(self, messages):
        """At least one a second or two, and what it says is at most 2 s old, also while the backlog drains."""
        self.assertGreater(len(messages), 2)
        for m in messages:
            newest = max(device["ts"] for device in json.loads(m.payload)["devices"].values())
            self.assertLess(m.at - newest, 2000, "age of the newest value")
        for one, next_ in zip(messages, messages[1:]):
            self.assertLess(next_.at - one.at, 2500, "pause between two of them")


if __name__ == "__main__":
    unittest.main()
