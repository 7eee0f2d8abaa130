"""The street again with VictoriaMetrics, by the v1 and by the v2 API: nothing is lost, changed or there twice."""
import math
import os
import random
import unittest
from decimal import Decimal

import test_03_values as values
from counted import kills_wanted, seed
from meters import ModbusServer, profile
from programs import wait_for
from stream import ForeignGateway, frames_on_disk
from street import Scenario
from test_05_window import ms
from victoria import GuardedStreet, VictoriaStreet

LATE_MS = 10000  # a busy machine may let a gateway wait so long for its turn; that the database keeps times, the wire says


class Chain:
    """What holds for both APIs."""

    def test_nothing_is_lost_and_nothing_stands_twice(self):
        street, rng_seed = self.street.build(gateways=2, meters=4), seed()
        rng = random.Random(rng_seed)
        street.wait_flowing(20)
        killed = street.kill_often([street.collector], max(kills_wanted() // 4, 1), rng)
        street.wait_flowing(20)
        self.assertEqual(street.influx.dropped(), 0)
        street.influx.stop()
        street.let_run(rng.uniform(1, 3))
        killed += street.kill_often([street.collector], 1, rng)
        street.influx.start()
        street.wait_flowing(20, deadline=60)
        street.stop_gateways()
        street.settle()
        report = street.verdict(tolerance_ms=LATE_MS)
        before = street.influx.written("tally_n")
        points = street.points()
        self.write_all_again()
        wait_for(lambda: street.influx.written("tally_n") >= before + report.matched, "all is written once more", 60, every=0.1)
        print(f"SEED={rng_seed}, {len(killed)} kills: {report}; tally_n was written {before}, then {street.influx.written('tally_n')} times")
        again = street.points()
        self.assertTrue(again == points, f"{len(points)} points, {len(again)} after all was written once more")
        report.assert_clean()
        self.assertGreater(report.matched, 20 * len(killed))
        self.assertFalse(report.excused)
        self.assertEqual(street.influx.dropped(), 0)
        for p in points:
            self.assertEqual({tag: p.tags.get(tag) for tag in ("db", "org", "bucket")},
                             {"db": None, "org": None, "bucket": None, **street.tags})
        self.assertEqual(street.influx.counter('vm_http_requests_total{path="/influx/query", protocol="influx"}'), 0,
                         "nobody asked for a database")
        self.assertFalse(os.path.exists(f"{street.collector.state}/lines-refused.log"))

    def write_all_again(self):
        """As docs/operating.md says: without its cursor the collector writes all readings again."""
        collector = self.street.collector
        collector.stop()
        os.remove(f"{collector.state}/journal/lines.cursor")
        collector.start()

    def test_every_type_keeps_its_digits(self):
        street = self.street
        street.start_broker()
        street.start_influx()
        addresses, at = {}, 0
        for name, register in values.METRICS.items():
            addresses[name], at = at, at + register.size
        contents = values.Contents()
        server = street.peer(ModbusServer, contents)
        street.write("profiles/made.ini", profile("exact", **{n: r.line(addresses[n]) for n, r in values.METRICS.items()}))
        street.start_collector()
        street.import_sites({"id": "nice-club", "kind": "club", "gateways": "gw-1"})
        gateway = street.gateway({"bus b": {"type": "tcp", "address": f"127.0.0.1:{server.port}", "timeout": "2s", "retries": 0},
                                  "device it-is": {"bus": "b", "unit": 5, "profile": "made", "site": "nice-club", "interval": "100ms"}})
        wait_for(lambda: len(street.points("exact")) >= 60, "60 points", every=0.1)
        gateway.stop()
        wait_for(lambda: street.drained(gateway), "the gateway is drained")
        taken = sum(1 for f in frames_on_disk(street.collector.state) for r in f.readings if r.get("values"))
        self.assertIn(len(server.served) - taken, (0, 1), "the stop may have come between the last answer and the journal")
        points = wait_for(lambda: len(p := street.points("exact")) >= taken and p, "every reading is a point", every=0.1)
        self.assertEqual(len(points), taken)
        for answer, served, point in zip(server.served, contents.values, points):
            self.assertEqual({k: v for k, v in point.fields.items() if k != "q"}, served, f"SEED={values.SEED}")
            self.assertEqual(point.tags, {"district": "yudu", "site": "nice-club", "device": "it-is", **street.tags})
            self.assertTrue(-2 <= point.ts - answer.at_ms <= 500, f"{point.ts - answer.at_ms} ms from the serving")
            self.assertEqual(point.fields["q"], 0)

    def test_windows_and_flags(self):
        """Half 60 and half 70 dB have the energy mean 67.4, as in 05; two quiet windows end the flag.

        A year before the present of all who run this, for VictoriaMetrics drops what lies two days ahead of its clock."""
        street, start = self.street, ms("2025-11-20 23:00")
        street.start_broker()
        street.start_influx()
        tap = street.tap("quietair/v1/+/alert/#")
        street.start_collector({"collector": {"clock": "journal"}})
        street.import_sites({"id": "nice-club", "kind": "club", "noise_class": 2, "gateways": "gw-9"})
        gateway = street.peer(ForeignGateway, street.broker.port, "gw-9")
        gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})
        levels = [60] * 300 + [70] * 300 + [44] * 1201
        for minute in range(0, len(levels), 60):
            gateway.readings([("noise-1", start + 1000 * (minute + i), {"laeq": level})
                              for i, level in enumerate(levels[minute:minute + 60])])
        gateway.drain()

        told = lambda: tap.json("yudu", "alert", "+", "nice-club", "noise-limit", "noise-1")
        wait_for(lambda: [a["state"] for a in told()] == ["raised", "cleared"], "the flag is raised and cleared")
        raised, cleared = told()
        flags = wait_for(lambda: len(p := street.points("flag")) == 2 and p, "both states of the flag", every=0.1)
        self.assertEqual([(p.ts, p.fields["state"]) for p in flags], [(start, 1), (cleared["until"], 0)])
        self.assertEqual((flags[0].fields["measured"], flags[0].fields["limit"]), (raised["measured"], 50))
        self.assertEqual(flags[0].tags, {"flag": "noise-limit", "district": "yudu", "grid": "g1", "site": "nice-club",
                                         "device": "noise-1", **street.tags})

        windows = wait_for(lambda: len(p := street.points("noise_window")) == 3 and p, "three windows", every=0.1)
        self.assertEqual([(p.ts - start, p.fields["judged"], p.fields["limit"], p.fields["coverage"]) for p in windows],
                         [(0, 67, 50, 1), (600000, 44, 50, 1), (1200000, 44, 50, 1)])
        self.assertAlmostEqual(float(windows[0].fields["measured"]), 10 * math.log10((10 ** 6.0 + 10 ** 7.0) / 2), delta=0.051)

        stored = wait_for(lambda: len(p := street.points("noise")) >= len(levels) and p, "all readings", every=0.1)
        readings = {p.ts: p.fields for p in stored}
        self.assertEqual(len(stored), len(readings), "none stands twice")
        self.assertTrue(readings == {start + 1000 * n: {"laeq": Decimal(level), "q": 0} for n, level in enumerate(levels)},
                        f"{len(readings)} readings of {len(levels)}, or others")
        self.assertEqual(street.influx.dropped(), 0)


class ByV1(Chain, Scenario):
    kind = VictoriaStreet

    def test_a_killed_database_is_filled_again(self):
        """VictoriaMetrics answers before anything is on its disk: a kill costs it what it took last.  The journal has it."""
        street = self.street.build(gateways=1, meters=4)
        street.wait_flowing(20)
        street.influx.kill()
        street.influx.start()
        street.wait_flowing(20, deadline=60)
        street.stop_gateways()
        street.settle()
        lost = len(street.verdict(tolerance_ms=LATE_MS).violations)
        self.write_all_again()
        street.settle()
        report = street.verdict(tolerance_ms=LATE_MS)
        print(f"the kill cost the database {lost} answers; {report}")
        report.assert_clean()
        self.assertFalse(report.excused)


class ByV2(Chain, Scenario):
    kind = GuardedStreet

    def test_a_wrong_token_holds_everything(self):
        """vmauth answers it with 400, as others answer lines that they cannot read: it must not cost a line, nor be logged."""
        street = self.street
        street.token_file = lambda token: street.write("token", "wr0ng\n")
        street.build(gateways=1, meters=2)
        wait_for(lambda: "does not know the token" in street.collector.log(), "the collector complains")
        held = street.tapped.wait(lambda t: len([f for f in t.frames() if f.readings]) > 20 and t.frames(), "readings meanwhile")
        self.assertEqual(street.points(), [])
        street.write("token", street.token + "\n")
        street.collector.stop()
        self.assertNotIn("wr0ng", street.collector.log())
        street.collector.start()
        street.wait_flowing(20)
        street.stop_gateways()
        street.settle()
        report = street.verdict(tolerance_ms=LATE_MS).assert_clean()
        self.assertFalse(report.excused)
        self.assertGreaterEqual(report.matched, sum(1 for f in held for r in f.readings if r.get("values")))
        self.assertEqual(street.status()["readers"]["lines"]["refused"], 0)


if __name__ == "__main__":
    unittest.main()
