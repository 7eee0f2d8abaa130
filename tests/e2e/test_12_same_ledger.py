"""A collector killed again and again during ingest has the same ledger as one that folds the same journal undisturbed."""
import collections
import datetime
import os
import random
import shutil
import threading
import unittest
import zoneinfo

from counted import kills_wanted, seed
from programs import wait_for
from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
START = int(datetime.datetime(2026, 11, 16, 18, 0, tzinfo=SHANGHAI).timestamp() * 1000)
MINUTES = 20 * 60
NOISE, HOOD = {"laeq": "dB(A)", "lafmax": "dB(A)"}, {"fume": "mg/m³", "fan": "", "purifier": "", "fan_current": "A"}
SITES = {"nice-club": {"kind": "club", "noise_class": 2}, "moon-ktv": {"kind": "ktv", "noise_class": 1},
         "river-house": {"stoves": 4, "purifier_installed": "yes", "cleaning_days": 30, "last_cleaned": "2026-10-10"},
         "dawn-buns": {"kind": "breakfast", "stoves": 1, "purifier_installed": "2026-01-05", "cleaning_days": 60}}
DEVICES = {"noise-1": ("nice-club", "noise", 2000, NOISE), "noise-2": ("moon-ktv", "noise", 2000, NOISE),
           "hood-1": ("river-house", "hood", 10000, HOOD), "hood-2": ("dawn-buns", "hood", 10000, HOOD)}


class Night:
    """A street by night: levels that wander over and under the limits, holes, errors, repeats, a clock that jumps."""

    def __init__(self, rng):
        self.rng = rng
        self.level = {device: 50.0 for device in DEVICES}

    def minute(self, n):
        at, rng = START + 60000 * n, self.rng
        readings = []
        for device, (_, measurement, interval, _) in DEVICES.items():
            if rng.random() < 0.02:
                continue  # a hole nobody explains
            self.level[device] += rng.uniform(-4, 4.2)
            self.level[device] = min(max(self.level[device], 38), 85)
            off = rng.random() < 0.2
            for ts in range(at + rng.randrange(200), at + 60000, interval):
                if measurement == "noise":
                    level = round(self.level[device] + rng.uniform(-3, 3), 1)
                    values = {"laeq": level, "lafmax": round(level + 4, 1)}
                else:
                    values = {"fume": round(max(self.level[device] - 40, 0) / 15 + rng.uniform(0, 0.2), 2), "fan": 1,
                              "purifier": 0 if off else 1, "fan_current": 3.1}
                readings.append({"device": device, "ts": ts, "values": values})
                if rng.random() < 0.003:
                    readings[-1] = {"device": device, "ts": ts, "error": "timeout"}
                elif rng.random() < 0.002:
                    readings[-1]["ts"] -= 3600000  # a clock set back: suspect
        readings.sort(key=lambda r: r["ts"])
        return readings


class SameLedger(Scenario):
    def feed(self, gateway, night):
        gateway.hello(DEVICES)
        for n in range(MINUTES):
            if n % 300 == 150:
                gateway.append("gap", since=START + 60000 * n, until=START + 60000 * (n + 7), reason="killed")
            if n % 300 in range(150, 157):
                continue
            gateway.append("readings", readings=night.minute(n))

    def clerk(self, rng):
        """Entries and ticks while the collector dies and comes back: tried until it answers."""
        for n in range(12):
            site = rng.choice(("river-house", "dawn-buns"))
            for command in (("cleaning", "add", "--site", site, "--date", "2026-11-1%d" % rng.randrange(2, 7), "--by", "王师傅"),
                            ("tick", str(START + 60000 * MINUTES * n // 12))):
                while not self.done and (refused := self.street.cli(*command, expect=None)).returncode != 0:
                    assert "refused" not in refused.stderr, refused.stderr
                    self.pause.wait(0.1)
            self.pause.wait(0.5)

    def test_kills_during_ingest_leave_no_trace(self):
        rng_seed = seed()
        rng, s = random.Random(rng_seed), self.street
        print(f"SEED={rng_seed}")
        s.start_broker()
        s.start_influx()
        collector = s.start_collector({"collector": {"clock": "journal"}, "rules": {"raise_after": 1, "purifier_off_after": "3min"}})
        s.import_sites(*({"id": site, "gateways": "gw-9", **more} for site, more in SITES.items()))
        gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        self.done, self.pause = False, threading.Event()
        self.addCleanup(setattr, self, "done", True)
        entries = threading.Thread(target=self.clerk, args=(random.Random(rng_seed + 1),), daemon=True)
        self.feed(gateway, Night(rng))
        entries.start()
        kills = max(kills_wanted() // 2, 2)
        for _ in range(kills):
            s.let_run(rng.uniform(0.05, 1.0))
            collector.kill()
            collector.start()
        gateway.drain(120)
        entries.join(60)
        self.done = True
        disturbed = self.dump_of(collector)
        journal = shutil.copytree(f"{collector.state}/journal", s.path("fresh/journal"))
        for name in os.listdir(journal):
            if name.endswith(".cursor"):
                os.unlink(f"{journal}/{name}")
        fresh = s.start_collector({"collector": {"clock": "journal"}, "rules": {"raise_after": 1, "purifier_off_after": "3min"}}, "fresh")
        undisturbed = self.dump_of(fresh)
        tables = collections.Counter(row["table"] for row in undisturbed)
        print(f"{kills} kills; {dict(tables)}")
        for table in ("flags", "windows", "cleanings", "sites", "missing"):
            self.assertGreater(tables[table], 0, f"nothing to compare in {table}")
        self.assertGreater(tables["flags"], 20)
        self.assertEqual(len(disturbed), len(undisturbed))
        for one, other in zip(disturbed, undisturbed):
            self.assertEqual(one, other)
        self.compare_series(undisturbed)

    def dump_of(self, collector):
        rows = self.street.dump(config=collector.config)
        collector.stop()
        return rows

    def compare_series(self, rows):
        """Every window of noise and of fume is a point, and no other."""
        windows = [row for row in rows if row["table"] == "windows" and row["rule"] in ("noise", "fume")]
        wait_for(lambda: len(self.street.points("noise_window")) + len(self.street.points("fume_window")) == len(windows),
                 "the windows in the time series", 10)


if __name__ == "__main__":
    unittest.main()
