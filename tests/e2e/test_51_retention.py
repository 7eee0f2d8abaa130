"""The collector's journal stays within its limit: oldest segments go, but none that the law, the rules, a case or a copy needs."""
import glob
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import unittest

from counted import seed
from programs import wait_for
from stream import ForeignGateway, Frame
from street import Scenario
from test_05_window import ms

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "torture"))

import journal_file  # noqa: E402
from chain_street import Point, Traced  # noqa: E402

MIB = 1 << 20
LIMITED = {"journal": {"max_bytes": "1M", "min_age": "0s"}}
START = ms("2026-11-20 10:00")
DEVICES = {f"air-{n}": ("room", "air", 1000, {"co2": "ppm"}) for n in range(10)}
CLUB = {"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})}


def base_seq(state):
    """The record up to which intake.base stands: the first number behind its magic, a zigzag varint."""
    with open(f"{state}/journal/intake.base", "rb") as f:
        text = f.read()
    n, shift = 0, 0
    for byte in text[len(b"QABASE2\n"):]:
        n |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return n >> 1


def first_held(state):
    return min(int(os.path.basename(path)[:20]) for path in glob.glob(f"{state}/journal/*.seg"))


class Limited(Scenario):
    """A foreign gateway that can say much in little time; each reading is another number."""

    def build(self, sections=LIMITED, influx=True):
        s = self.street
        s.start_broker()
        if influx:
            s.start_influx()
        self.collector = s.start_collector(sections)
        s.import_sites({"id": "room", "kind": "other", "gateways": "gw-9"},
                       {"id": "nice-club", "kind": "club", "noise_class": 2, "gateways": "gw-8"})
        self.gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        self.gateway.hello(DEVICES)
        self.said, self.second = {}, 0
        return s

    def feed(self, frames):
        """So many frames of about 40 KB, and until they are acked."""
        for _ in range(frames):
            self.say_more()
        self.gateway.drain(60)

    def say_more(self):
        readings = []
        for _ in range(60):
            at = START + 1000 * self.second
            self.second += 1
            for n, device in enumerate(DEVICES):
                self.said[device, at] = 10 * self.second + n
                readings.append((device, at, {"co2": 10 * self.second + n}))
        self.gateway.readings(readings)

    def journal(self):
        return self.street.status()["journal"]

    def wait_journal(self, condition, what, deadline=30):
        return wait_for(lambda: j if condition(j := self.journal()) else None,
                        lambda: f"{what}: {self.journal()}", deadline, every=0.2)

    def within(self):
        return self.wait_journal(lambda j: j["first"] > 1 and j["bytes"] <= MIB, "the journal is within its limit")

    def written(self):
        return {(p.tags["device"], p.ts): int(p.fields["co2"]) for p in self.street.points("air")}

    def wait_written(self):
        wait_for(lambda: self.street.status()["readers"]["lines"]["lag_ms"] == 0, "all lines are written", 60, every=0.2)


class Trimmed(Limited):
    def test_the_oldest_go_and_nothing_else_is_missed(self):
        s = self.build()
        self.feed(60)
        journal = self.within()
        self.assertGreater(journal["deleted"], 0)
        self.assertIsNone(journal["held_by"])
        self.wait_written()
        self.assertEqual(self.written(), self.said)
        held = journal_file.read(f"{self.collector.state}/journal")
        self.assertEqual(held.faults, [])
        self.assertEqual(held.records[0].seq, journal["first"])
        self.assertLessEqual(sum(map(os.path.getsize, glob.glob(f"{self.collector.state}/journal/*.seg"))), MIB)
        before = s.dump()
        for how in (self.collector.stop, self.collector.kill):  # what the beginning said is known after a start
            how()
            self.collector.start()
            self.feed(3)
        refused = s.status()["refused"]  # some may be ahead: the first were sent before it listened again
        self.assertEqual((refused["unknown-gateway"], refused["fork"], refused["unknown-device"]), (0, 0, 0))
        self.wait_written()
        self.assertEqual(self.written(), self.said)
        after = s.dump()
        keys = lambda rows: {(r["table"], r.get("device"), r.get("rule"), r.get("from_ms")) for r in rows if r["table"] == "windows"}
        self.assertLessEqual(keys(before), keys(after))
        self.assertEqual([r for r in before if r["table"] in ("sites", "devices")], [r for r in after if r["table"] in ("sites", "devices")])
        self.assertRegex(s.cli("verify").stdout, rf"records {self.journal()['first']} to ")

    def test_what_is_deleted_is_missed_by_nobody_silently(self):
        """verify, replay, a lost ledger, a lost base; and a backup, which brings all of it back."""
        s = self.build(influx=False)
        self.feed(30)
        self.within()
        s.cli("backup", s.path("early"))
        self.feed(4)
        before = s.dump()
        self.collector.stop()
        said = s.cli("replay", expect=1).stderr
        self.assertRegex(said, r"begins with record \d+.*--base")
        found = json.loads(s.cli("replay", "--base", s.path("early"), "--keep", s.path("kept"), "--json").stdout)
        self.assertEqual((found["flags"]["changed"], found["cases"]["changed"], found["windows"]["changed"]), ([], [], []))
        with open(self.collector.config) as f:
            kept = s.write("kept.ini", f.read().replace(f"state_dir = {self.collector.state}", f"state_dir = {s.path('kept')}"))
        self.assertEqual(s.dump(config=kept), before)
        s.cli("backup", s.path("late"))

        os.rename(f"{self.collector.state}/ledger.db", s.path("ledger.gone"))
        self.collector.launch()
        self.collector.ends_with(1)
        self.assertRegex(self.collector.log(), r"cannot be made again.*begins with record \d+.*[Rr]estore")
        self.assertEqual(glob.glob(f"{self.collector.state}/*.aside*"), [], "nothing is set aside for nothing")

        shutil.rmtree(self.collector.state)
        s.cli("restore", s.path("late"))
        self.collector.start()
        self.assertEqual(s.dump(), before)
        self.feed(5)
        self.assertEqual(s.status()["refused"]["fork"], 0)

        self.collector.stop()
        base = f"{self.collector.state}/journal/intake.base"
        with open(base, "r+b") as f:
            f.seek(os.path.getsize(base) // 2)
            byte = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte[0] ^ 1]))
        self.assertIn("intake.base", s.cli("verify", expect=3).stderr)
        self.collector.start()  # its gateways wait until somebody imports the sites again
        self.assertIn("intake.base: is damaged", self.collector.log())

    def test_a_death_at_any_step_of_it_leaves_nothing_in_between(self):
        rng, s = random.Random(seed()), self.build()
        self.collector.__class__ = Traced
        self.collector.plain()
        self.feed(30)
        self.within()
        deaths = between = 0
        for call, first, last in (("unlink", 2, 4), ("rename", 1, 4), ("fsync", 1, 6)):  # the first unlink is of the socket
            for n in range(first, last + 1):
                self.collector.stop()
                for _ in range(rng.randrange(6, 10)):
                    self.say_more()
                deaths += self.collector.live_through(Point(call, "signal=KILL", n)) == "killed"
                between += base_seq(self.collector.state) >= first_held(self.collector.state)
                self.collector.plain()
                self.collector.start()
                self.gateway.drain(60)
        print(f"{deaths} deaths, {between} of them between the base and the deletion")
        self.assertGreater(deaths, 8)
        self.assertGreater(between, 0)
        self.within()
        self.wait_written()
        self.assertEqual(self.written(), self.said)
        self.assertEqual(s.status()["readers"]["lines"]["skipped"], 0)
        s.cli("verify")
        self.collector.stop()
        held = journal_file.read(f"{self.collector.state}/journal")
        self.assertEqual(held.faults, [])


class Held(Limited):
    def test_the_law_is_above_max_bytes(self):
        s = self.build({"journal": {"max_bytes": "1M"}}, influx=False)
        self.feed(40)
        journal = self.wait_journal(lambda j: j["held_by"] == "min_age", "the law holds it")
        self.assertEqual((journal["first"], journal["deleted"]), (1, 0))
        self.assertGreater(journal["over_bytes"], 0)
        self.assertEqual(journal["bytes"] - MIB, journal["over_bytes"])
        self.assertEqual(len(re.findall("min_age.*see to the disk", self.collector.log())), 1)
        config = s.collector_config({"journal": {"max_age": "400d"}}, "wrong")
        wrong = s.start_collector({"journal": {"max_age": "400d"}}, "wrong", start=False)
        wrong.config = config
        wrong.launch()
        wrong.ends_with(3)
        self.assertRegex(wrong.log(), r"max_age.*min_age")

    def test_the_rules_are_never_overtaken(self):
        s = self.build(influx=False)
        clerk = sqlite3.connect(f"{self.collector.state}/ledger.db", isolation_level=None, timeout=60)
        clerk.execute("BEGIN IMMEDIATE")  # nothing can be committed: the rules stand still
        try:
            self.feed(40)
            journal = self.wait_journal(lambda j: j["held_by"] == "rules", "the rules hold it")
            at, = clerk.execute("SELECT seq FROM position").fetchone()
            self.assertLessEqual(journal["first"], at + 1)
            self.assertGreater(journal["over_bytes"], 0)
        finally:
            clerk.execute("ROLLBACK")
            clerk.close()
        self.within()
        s.cli("verify")

    def test_an_open_case_keeps_what_it_rests_on(self):
        s = self.build(influx=False)
        club = s.peer(ForeignGateway, s.broker.port, "gw-8")
        club.hello(CLUB)
        night = ms("2026-11-20 23:00")
        for n in range(8):
            club.readings([("noise-1", night + 600000 * n + 1000 * i, {"laeq": 70.0}) for i in range(600)])
        club.drain()
        case = wait_for(lambda: next((r for r in s.dump() if r["table"] == "cases"), None), "a case is opened")
        self.feed(40)
        journal = self.wait_journal(lambda j: j["held_by"] == "case", "the case holds it")
        self.assertEqual((journal["case"], journal["first"]), (case["id"], 1))
        s.cli("case", "close", case["id"], "--reason", "a test")
        self.within()

    def test_a_copy_under_way_keeps_its_beginning(self):
        import fcntl
        self.build(influx=False)
        with open(f"{self.collector.state}/journal/hold") as reader:
            fcntl.flock(reader, fcntl.LOCK_SH)
            self.feed(40)
            self.wait_journal(lambda j: j["held_by"] == "backup" and j["first"] == 1, "a reader holds it")
        self.within()


class Overtaken(Limited):
    def test_what_the_time_series_miss_is_on_record(self):
        s = self.build()
        self.feed(5)
        self.wait_written()
        before = dict(self.said)
        self.assertEqual(self.written(), before)
        s.influx.stop()
        self.feed(60)
        journal = self.within()  # the rules went on, the lines stand still
        self.assertGreater(s.status()["readers"]["lines"]["lag_ms"], 0)
        self.collector.kill()
        self.collector.start()
        gap = dict(self.said)
        s.influx.start()
        self.wait_written()
        lines = s.status()["readers"]["lines"]
        self.assertGreater(lines["skipped"], 0)
        self.feed(2)
        self.wait_written()

        held = journal_file.read(f"{self.collector.state}/journal").records
        skips = [json.loads(r.body.split(b"\n", 2)[2]) for r in held if r.body.startswith(b"skip ")]
        self.assertEqual(len(skips), 1, skips)
        skip, = skips
        self.assertEqual((skip["reader"], skip["why"]), ("lines", "deleted"))
        self.assertEqual(skip["records"], skip["to"] - skip["from"] + 1)
        self.assertEqual(lines["skipped"], skip["records"])
        self.assertGreaterEqual(skip["to"] + 1, journal["first"])
        self.assertEqual(len(re.findall("missing in the time series", self.collector.log())), 1)

        # What is missing in the time series is what stood in the records that are said to be skipped, and nothing else.
        written = self.written()
        self.assertLessEqual(written.items(), self.said.items())
        missing = set(self.said) - set(written)
        behind = {(r["device"], r["ts"]) for record in held if record.seq > skip["to"] and record.body.startswith(b"frame ")
                  for r in Frame(record.body[record.body.index(b'{"v":1,'):]).readings}
        self.assertGreater(len(missing), 1000)
        self.assertFalse(missing & behind, "what is held was written")
        self.assertFalse(missing & set(before), "what came before the outage was written")
        self.assertLessEqual(missing, set(gap))
        frames = [(r["device"], r["ts"]) for r in next(f for f in map(Frame, self.gateway.payloads) if f.readings
                                                       and (f.readings[0]["device"], f.readings[0]["ts"]) in missing).readings]
        self.assertLessEqual(set(frames), missing, "a frame is missed whole")
        self.assertEqual(len(missing) % len(frames), 0)
        self.collector.stop()
        self.collector.start()
        self.assertEqual(s.status()["readers"]["lines"]["skipped"], skip["records"], "remembered, and not told twice")


if __name__ == "__main__":
    unittest.main()
