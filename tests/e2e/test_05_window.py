"""A window that is half 60 and half 70 dB has the energy mean 67.4: from a foreign gateway, judged on its own time."""
import datetime
import math
import unittest
import zoneinfo

from programs import wait_for
from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


def ms(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


class Window(Scenario):
    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        s.start_influx()
        self.tap = s.tap("quietair/v1/+/alert/#")
        s.start_collector({"collector": {"clock": "journal"}})
        s.import_sites({"id": "nice-club", "kind": "club", "noise_class": 2, "gateways": "gw-9"})
        self.gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        self.gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})

    def say(self, start, levels):
        """One reading a second; a frame a minute."""
        for minute in range(0, len(levels), 60):
            self.gateway.readings([("noise-1", start + 1000 * (minute + i), {"laeq": level})
                                   for i, level in enumerate(levels[minute:minute + 60])])

    def windows(self):
        return {p.ts: p for p in self.street.points("noise_window")}

    def test_half_sixty_half_seventy_is_67_4_and_over_the_night_limit_by_17(self):
        start = ms("2026-11-20 23:00")
        self.say(start, [60] * 300 + [70] * 300 + [44] * 601)
        self.gateway.drain()
        wait_for(lambda: self.tap.json("yudu", "alert", "#"), "an alert")
        alert, = self.tap.json("yudu", "alert", "+", "nice-club", "noise-limit", "noise-1")
        exact = 10 * math.log10((10 ** 6.0 + 10 ** 7.0) / 2)
        self.assertEqual(round(exact, 1), 67.4)
        self.assertEqual({k: alert[k] for k in ("state", "since", "limit", "judged", "excess", "unit")},
                         {"state": "raised", "since": start, "limit": 50, "judged": 67, "excess": 17, "unit": "dB(A)"})
        self.assertEqual(str(alert["measured"]), "67.4")
        self.assertEqual(alert["window"], {"from": start, "to": start + 600000, "coverage": 1})
        self.assertEqual(alert["basis"]["band"], "night")
        point = wait_for(lambda: self.windows().get(start), "the window in the time series")
        self.assertEqual((point.fields["judged"], point.fields["limit"], point.fields["coverage"]), (67, 50, 1))
        self.assertAlmostEqual(float(point.fields["measured"]), exact, delta=0.051)

    def test_a_window_closes_by_its_own_stream_not_by_the_clock(self):
        start = ms("2026-11-20 23:00")
        self.say(start, [70] * 599)
        self.gateway.drain()
        self.street.cli("tick", str(start + 3600000))
        self.assertEqual(self.tap.json("yudu", "alert", "+", "nice-club", "noise-limit", "+"), [])
        self.say(start + 600000, [44] * 2)
        wait_for(lambda: self.tap.json("yudu", "alert", "+", "nice-club", "noise-limit", "+"), "the alert")

    def test_the_band_changes_at_22_and_a_hole_is_not_judged(self):
        evening = ms("2026-11-20 21:50")
        self.say(evening, [55] * 600)  # day: 60 allowed
        self.say(ms("2026-11-20 22:00"), [55] * 600)  # night: 50 allowed
        self.say(ms("2026-11-20 22:10"), [70] * 120)  # two minutes, then nothing for eight
        self.say(ms("2026-11-20 22:20"), [44] * 601)
        self.gateway.drain()
        wait_for(lambda: ms("2026-11-20 22:20") in self.windows(), "the last window")
        alert, = self.tap.json("yudu", "alert", "+", "nice-club", "noise-limit", "+")
        self.assertEqual((alert["since"], alert["limit"], alert["judged"]), (ms("2026-11-20 22:00"), 50, 55))
        windows = self.windows()
        self.assertEqual(windows[evening].fields["limit"], 60)
        self.assertEqual(windows[ms("2026-11-20 22:00")].fields["limit"], 50)
        hole = windows.get(ms("2026-11-20 22:10"))
        self.assertTrue(hole is None or hole.fields["coverage"] < 0.25)


if __name__ == "__main__":
    unittest.main()
