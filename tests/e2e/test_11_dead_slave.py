"""One dead meter of 32 on a line that is 70 % full does not slow down the others, and it comes back by itself."""
import os
import re
import statistics
import subprocess
import unittest

from checker import parse_served
from meters import profile
from programs import wait_for
from stream import frames_on_disk
from street import Scenario

PHASE = float(os.environ.get("PHASE", 30))  # s: with all of them, then, when the breaker has been open for a minute, without one
METERS, BAUD, INTERVAL_MS, OPEN = 32, 9600, 1250, 60
SETTLE = 5  # s at the beginning of each phase are not counted
CHAR_MS = 10 * 1000 / BAUD


class DeadSlave(Scenario):
    def test_the_others_keep_their_pace(self):
        s = self.street
        s.start_broker()
        s.write("profiles/tally.ini", profile("tally", n="holding:0 u32", m="holding:2 u16"))
        sim = {"bus kitchen": {"type": "rtu", "link": s.path("kitchen"), "baud": BAUD},
               "model tally": {"n": "holding:0 u32", "m": "holding:2 u16"}}
        devices = {}
        for m in range(1, METERS + 1):
            sim[f"meter m{m}"] = {"bus": "kitchen", "unit": m, "model": "tally", "n": f"counter {100000 * m}", "m": f"counter {m}"}
            devices[f"device t{m}"] = {"bus": "kitchen", "unit": m, "profile": "tally", "site": "kitchen", "interval": f"{INTERVAL_MS}ms"}
        died, back = PHASE, 2 * PHASE + OPEN + SETTLE
        sim["meter m5"]["dead"] = f"{died:g}s-{back:g}s"
        answer_ms = (8 + 11 + 2 * 3.5) * CHAR_MS  # a request, an answer of three registers, two silences
        self.assertAlmostEqual(METERS * answer_ms / INTERVAL_MS, 0.7, delta=0.08)
        tap, meters = s.tap(), s.sim(sim)
        gateway = s.gateway({"bus kitchen": {"type": "rtu", "device": s.path("kitchen"), "baud": BAUD, "timeout": "100ms", "retries": 1},
                             **devices})
        s.let_run(back)
        wait_for(lambda: self.between(meters, "m5", back, 1e9), "the dead one is polled again when it is back", 70, every=0.5)
        self.assertEqual(self.between(meters, "m5", died + 0.5, back - 0.5), [])
        for meter in (f"m{m}" for m in range(1, METERS + 1) if m != 5):
            whole = self.periods(meters, meter, SETTLE, PHASE)
            without = self.periods(meters, meter, back - PHASE, back)
            found_out = self.periods(meters, meter, died - SETTLE, back - PHASE)
            before, after = statistics.mean(whole), statistics.mean(without)
            print(f"{meter}: {before:.1f} ms, with a dead one {after:.1f} ms, longest {max(whole)} and {max(found_out)} ms")
            self.assertLess(abs(after / before - 1), 0.05, f"mean period of {meter}: {before:.1f} ms, then {after:.1f} ms")
            self.assertLess(abs(before / INTERVAL_MS - 1), 0.05)
            self.assertLess(max(found_out), 3 * INTERVAL_MS, "the longest wait, when the dead one was found out")
        gateway.stop()
        self.admitted(gateway, [h for h in tap.json("yudu", "gateway", "gw-1", "health")
                                if SETTLE <= (h["ts"] - meters.ready_ms) / 1000 - 10 and (h["ts"] - meters.ready_ms) / 1000 < PHASE])
        self.covered([r for f in frames_on_disk(gateway.state) for r in f.readings if r["device"] == "t5"])

    def admitted(self, gateway, health):
        """What --check says the plan needs is what the line is used; a busy machine wakes up late, and adds to it."""
        plan = subprocess.run([*gateway.argv, "--check"], capture_output=True, text=True, check=True).stdout
        said = int(re.search(r"(\d+) % of its time", plan)[1]) / 100
        self.assertTrue(health, "no health between the start and the death")
        for h in health:
            bus = h["buses"]["kitchen"]
            print(f"utilisation {bus['utilisation']}, planned {said}")
            self.assertAlmostEqual(float(bus["utilisation"]) / said, 1, delta=0.1)
            for device in bus["devices"].values():
                self.assertAlmostEqual(float(device["utilisation"]), said / METERS, delta=0.004)

    def covered(self, readings):
        """From its death to its return every moment of the dead one is told of: a failed poll, or polls left out."""
        failed = [r for r in readings if "error" in r]
        self.assertEqual([r["error"] for r in failed[:3]], ["timeout"] * 3)
        self.assertEqual({r["error"] for r in failed}, {"timeout", "suspended"})
        left_out = [r for r in failed if r["error"] == "suspended"]
        for before, r in zip(readings, readings[1:]):
            reach = r["from"] if r.get("error") == "suspended" else r["ts"]
            self.assertLessEqual(reach - before["ts"], 1.5 * INTERVAL_MS, (before, r))
        for r in left_out:
            self.assertEqual(r["until"], r["ts"])
            self.assertAlmostEqual((r["until"] - r["from"]) / INTERVAL_MS, r["slots"], delta=1)
        print(f"{len(left_out)} times left out, {sum(r['slots'] for r in left_out)} slots")

    @staticmethod
    def between(meters, meter, start, end):
        """When the meter answered, in ms, within this time (s) of the street's start."""
        answers = parse_served(meters.log_of_answers)
        begun = meters.ready_ms
        return [a.at_ms for a in answers if a.meter == meter and start <= (a.at_ms - begun) / 1000 < end]

    def periods(self, meters, meter, start, end):
        times = self.between(meters, meter, start, end)
        return [b - a for a, b in zip(times, times[1:])]


if __name__ == "__main__":
    unittest.main()
