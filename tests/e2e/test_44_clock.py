"""A gateway that starts before its clock is set: nothing is judged or charted until its time is known, then all of it, once, in order."""
import json
import os
import unittest

from counted import TALLY
from meters import ModbusServer
from programs import wait_for, wall_ms
from stream import ForeignGateway
from street import Scenario

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
BOOT = "5b1c9e3a7d2f4460a8b0c6d4e2f01937"
SECOND, MINUTE = 1000, 60000


class Foreign(Scenario):
    """A foreign gateway and the collector."""

    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        s.start_influx()
        s.start_collector({"collector": {"clock": "journal"}})
        s.import_sites(*({"id": site, "name": "夜曲", "kind": "club", "noise_class": 2, "gateways": gateway, "valid_from": "2026-01-01"}
                         for site, gateway in (("right", "gw-1"), ("late", "gw-2"))))
        self.start = wall_ms() // MINUTE * MINUTE - 40 * MINUTE

    def gateway(self, name, site):
        gateway = self.street.peer(ForeignGateway, self.street.broker.port, name)
        gateway.hello({"n": (site, "noise", 10 * SECOND, {"laeq": "dB(A)"})})
        return gateway

    def levels(self, first, last):
        return [(self.start + i * 10 * SECOND, 60 + i % 7 / 2) for i in range(first, last)]

    def say(self, gateway, levels, mono=None):
        """As ts, or where mono is given by the boot's clock, which was that at the start."""
        for ts, value in levels:
            when = {"ts": ts} if mono is None else {"boot": BOOT, "mono": ts - self.start + mono}
            gateway.append("readings", readings=[{"device": "n", **when, "values": {"laeq": value}}])

    def charted(self, site):
        return sorted((p.ts, p.fields["laeq"]) for p in self.street.points("noise", f"WHERE site = '{site}'"))

    def windows(self, site):
        rows = [r for r in self.street.dump() if r["table"] == "windows" and r["site"] == site]
        return [{k: v for k, v in r.items() if k != "site"} for r in rows]

    def test_readings_wait_for_their_time_and_then_count_as_if_they_had_had_it(self):
        right, late = self.gateway("gw-1", "right"), self.gateway("gw-2", "late")
        self.say(right, self.levels(0, 200))
        first = len(late.payloads) + 1
        self.say(late, self.levels(0, 150), mono=31 * SECOND)
        right.drain()
        late.drain()  # acked at once, whatever its time
        wait_for(lambda: len(self.charted("right")) == 200, "the twin's readings are charted")
        self.assertEqual(self.charted("late"), [])
        self.assertEqual(self.windows("late"), [])
        self.assertEqual(self.street.status()["clock"], {"waiting": 150, "untold": 0})
        late.append("time", boot=BOOT, offset=self.start - 31 * SECOND, error=12, **{"from": first, "to": len(late.payloads)})
        self.say(late, self.levels(150, 170))
        self.street.collector.kill()  # somewhere in the midst of it
        self.street.collector.start()
        self.say(late, self.levels(170, 200))
        late.drain()
        wait_for(lambda: len(self.charted("late")) == 200, "all are charted")
        self.assertEqual(self.charted("late"), self.charted("right"))
        wait_for(lambda: len(self.windows("late")) == len(self.windows("right")) > 0, "all are judged")
        self.assertEqual(self.windows("late"), self.windows("right"))
        found = json.loads(self.street.cli("replay", "--from", "2026-01-01", "--until", "2126-01-01", "--json").stdout)
        self.assertEqual((found["windows"]["changed"], found["flags"]["changed"]), ([], []), "a replay judges the same")
        self.assertEqual(found["windows"]["same"], len(self.windows("late")) + len(self.windows("right")))
        self.assertEqual(self.street.status()["clock"], {"waiting": 0, "untold": 0})

    def test_a_power_cut_before_the_time_is_told(self):
        late = self.gateway("gw-2", "late")
        self.say(late, self.levels(0, 10))
        self.say(late, self.levels(20, 30), mono=31 * SECOND)
        self.say(late, self.levels(60, 200))  # another boot, that knows its clock
        late.drain()
        wait_for(lambda: len(self.charted("late")) == 150, "the others are charted")
        wait_for(lambda: [r for r in self.street.dump() if r["table"] == "missing"], "it is said what is missing")
        missing = [(r["from_ms"], r["to_ms"], r["reason"]) for r in self.street.dump() if r["table"] == "missing"]
        self.assertIn((self.levels(9, 10)[0][0], self.levels(60, 61)[0][0], "clock"), missing)


@unittest.skipUnless(os.path.exists(FAKETIME), "needs libfaketime")
class Own(Scenario):
    """Our gateway on a box that starts in 1970: only the wall clock is faked, by libfaketime."""

    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        s.start_influx()
        s.start_collector()
        s.import_sites({"id": "s", "name": "夜曲", "kind": "club", "gateways": "gw-1"})
        s.write("profiles/tally.ini", TALLY)
        self.count, self.served = 0, {}
        self.meter = s.peer(ModbusServer, self.register)
        self.tap = s.tap()
        self.clock = s.write("faketime", "-17000d\n")
        self.gateway = s.gateway({"bus b": {"type": "tcp", "address": f"127.0.0.1:{self.meter.port}", "timeout": "2s"},
                                  "device d": {"bus": "b", "unit": 1, "profile": "tally", "site": "s", "interval": "50ms"},
                                  "gateway": {"health": "1s"}}, start=False)
        self.gateway.environment = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": self.clock,
                                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def register(self, _, address):
        if address == 0:
            self.count += 1
            self.served[self.count] = wall_ms()
        return (0, self.count & 0xFFFF, 1)[address] if address < 3 else None

    def set_clock(self, text):
        self.street.write("faketime.new", text)
        os.replace(self.street.path("faketime.new"), self.clock)

    def states(self):
        return [h["clock"] for h in self.tap.json("yudu", "gateway", "gw-1", "health")]

    def charted(self):
        return {int(p.fields["n"]): p.ts for p in self.street.points("tally")}

    def test_a_start_in_1970_and_a_kill_before_the_clock_is_set(self):
        self.gateway.start()
        wait_for(lambda: len([f for f in self.tap.frames("gw-1") if f.readings]) > 5, "it sends")
        self.gateway.kill()
        self.gateway.start()
        wait_for(lambda: [h for h in self.states() if h == "unsynced"], "health tells it")
        wait_for(lambda: self.count > 60, "it polls")
        before = [f for f in self.tap.frames("gw-1")]
        self.assertEqual({k for f in before for r in f.readings for k in ("ts", "boot", "mono") if k in r}, {"boot", "mono"})
        self.assertEqual(len({r["boot"] for f in before for r in f.readings}), 1)
        gap = [f.body for f in before if f.body["kind"] == "gap"][-1]
        self.assertEqual(gap["reason"], "killed")
        self.assertLess(gap["since_mono"], gap["until_mono"])
        self.assertEqual(self.charted(), {})
        self.assertTrue(all("ts" not in n and "boot" in n for n in self.tap.json("yudu", "gateway", "gw-1", "now")))
        known = self.count
        self.set_clock("+0\n")
        wait_for(lambda: [f for f in self.tap.frames("gw-1") if f.body["kind"] == "time"], "it says what time it was")
        wait_for(lambda: len([n for n in self.charted() if n > known]) > 20, "and goes on by the wall clock")
        told = self.charted()
        self.assertGreater(len([n for n in told if n <= known]), known * 0.9, "all but what the kill took with it")
        for n, ts in told.items():
            self.assertLess(abs(ts - self.served[n]), 300, f"reading {n}")
        self.assertEqual(sorted(told, key=told.get), sorted(told))
        self.assertEqual([f.body["kind"] for f in self.tap.frames("gw-1")].count("time"), 1)
        self.assertEqual(self.street.status()["clock"], {"waiting": 0, "untold": 0})
        wait_for(lambda: self.states()[-1] == "trusted", "nobody keeps a clock here, and this one is believed")

    def test_a_clock_set_back_makes_readings_suspect_until_it_has_caught_up(self):
        self.set_clock("+0\n")
        self.gateway.start()
        wait_for(lambda: len(self.charted()) > 20, "it runs")
        self.set_clock("-8s\n")
        suspect = lambda: [p for p in self.street.points("tally") if p.fields["q"] == 8]
        wait_for(lambda: len(suspect()) > 20, "suspect by the clock")
        whole = lambda: [r for f in self.tap.frames("gw-1") for r in f.readings]
        set_back = next(i for i, r in enumerate(whole()) if r.get("why") == ["clock"])
        newest = whole()[set_back - 1]["ts"]
        self.assertLess(whole()[set_back]["ts"], newest - 5 * SECOND)
        wait_for(lambda: whole()[-1]["ts"] > newest and "why" not in whole()[-1], "it has caught up", 30)
        after = whole()[set_back:]
        self.assertEqual([r["ts"] for r in after], sorted({r["ts"] for r in after}))
        self.assertTrue(all(("why" in r) == (r["ts"] <= newest) for r in after))


if __name__ == "__main__":
    unittest.main()
