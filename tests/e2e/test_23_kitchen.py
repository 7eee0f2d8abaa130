"""An afternoon in four kitchens: every window and every flag as a second judge, written from the standard, works them out."""
import collections
import datetime
import json
import random
import unittest
import zoneinfo
from fractions import Fraction

from counted import seed
from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
START = int(datetime.datetime(2026, 11, 18, 11, 0, tzinfo=SHANGHAI).timestamp() * 1000)
SLOT, STEP, REACH = 5000, 30000, 45000  # a reading every 30 s holds for at most 45 s; all times are multiples of 5 s
WINDOW, HOURS = 600000, 8
UNITS = {"fume": "mg/m³", "fume_in": "mg/m³", "fan": "", "purifier": "", "airflow": "m³/h", "fan_current": "A"}

SITES = {
    "lotus-hotel": {"stoves": 6, "airflow": 12000, "purifier_installed": "yes", "opening_hours": "10:00-14:00;17:00-21:00"},
    "river-house": {"stoves": 3, "purifier_installed": "2023-11-08"},
    "old-grill": {"kind": "barbecue", "purifier_installed": "yes"},
    "night-stall": {"kind": "barbecue", "stoves": 1, "purifier_installed": "no"},
}
DEVICES = {"hood-1": ("lotus-hotel", "fume_in fume fan purifier"), "hood-2": ("river-house", "fume fan airflow"),
           "hood-3": ("old-grill", "fume fan"), "power-4": ("night-stall", "fan_current")}

# what each device shows from a minute after 11:00 on: a number, or the range from which one is drawn
PLAN = {
    "hood-1": [(0, dict(fume_in=(9.0, 12.0), fume=(0.6, 0.9), fan=1, purifier=1)),
               (60, dict(fume_in=(9.0, 12.0), fume=(1.3, 2.4))),  # too little is removed, the limit is near or passed
               (130, dict(fume_in=(12.0, 15.0), fume=(2.2, 3.0))),  # over the limit: 6 x 2000 is the design volume
               (160, dict(purifier=0)),  # inside opening hours
               (185, dict(purifier=1, fume=(0.4, 0.8))),
               (220, dict(fan=0, fume_in=0.1, fume=0.05)),  # a pause
               (250, dict(fan=1, purifier=0, fume_in=(4.0, 5.0), fume=(0.3, 0.5))),  # 15:10, closed
               (275, dict(purifier=1)),
               (330, dict(fume=(0.0, 0.02))),  # doubtful
               (370, dict(fume=(0.3, 3.0))),  # a rough hour
               (440, dict(fan=0, fume_in=0.1, fume=0.1))],
    "hood-2": [(0, dict(fume=(0.7, 1.1), fan=1, airflow=(7500, 8500))),
               (90, dict(fume=(1.4, 2.2))),  # 1.5 at 8000 m3/h and three stoves is the limit
               (150, dict(fume=(0.3, 0.6), airflow=(0, 1100))),  # under a fifth of 6000 m3/h
               (185, dict(airflow=(0, 2400))),  # now and then air
               (215, dict(airflow=(7500, 8500))),
               (240, dict(airflow=(0, 1000))),
               (246, dict(fan=0, fume=0.1, airflow=0)),  # the fan stands still: nothing is known of the duct
               (255, dict(fan=1, fume=(0.3, 0.6), airflow=(100, 1000))),
               (300, dict(airflow=(5000, 9000), fume=(0.2, 2.0)))],
    "hood-3": [(0, dict(fume=(0.3, 1.0), fan=1)), (70, dict(fume=(1.7, 2.0))), (120, dict(fume=(1.9, 3.0))),
               (170, dict(fume=(0.3, 0.8))), (230, dict(fan=0, fume=(0.1, 0.3))), (300, dict(fan=1, fume=(0.1, 2.6)))],
    "power-4": [(0, dict(fan_current=0)), (65, dict(fan_current=(1.5, 3.0))), (148, dict(fan_current=0.2)),
                (240, dict(fan_current=(0.3, 0.9))), (330, dict(fan_current=(2.0, 3.0))), (400, dict(fan_current=0))],
}


# ---- the afternoon ----------------------------------------------------------------------------------------------------

def draw(rng, value):
    if not isinstance(value, tuple):
        return value
    low, high = value
    return rng.randint(low, high) if isinstance(low, int) else round(rng.uniform(low, high), 2)


def afternoon(rng):
    """{device: {ts: values, or None where it does not answer}}, the last at the end itself."""
    told = {}
    for device, phases in PLAN.items():
        told[device] = {}
        for ts in range(START, START + HOURS * 3600000 + 1, STEP):
            minute = (ts - START) // 60000
            current = {}
            for begin, values in phases:
                current.update(values if begin <= minute else {})
            told[device][ts] = {metric: draw(rng, v) for metric, v in current.items()}
        if device == "hood-3":  # holes: single ones, and a stretch that leaves a window uncovered
            for ts in told[device]:
                if rng.random() < 0.04 or START + 200 * 60000 <= ts < START + 206 * 60000:
                    told[device][ts] = None
    return told


# ---- the second judge: slot by slot, in fractions ---------------------------------------------------------------------

def rounded(x):
    """Three decimals, half to even, after what is below a millionth has gone."""
    return None if x is None else Fraction(round(Fraction(round(x * 10**6), 10**6) * 1000), 1000)


def slots(readings):
    """[(ts, values in force)] in steps of 5 s."""
    out, newest, at = [], {}, None
    for ts in range(START, START + HOURS * 3600000, SLOT):
        if ts in readings:
            newest, at = readings[ts], ts
        out.append((ts, newest if newest and ts < at + REACH else {}))
    return out


def fraction(x):
    return Fraction(str(x))


class Judge:
    LIMIT, LEAST, NEAR, COVER = Fraction(2), {"large": 85}, Fraction(9, 10) * 2, Fraction(3, 4)

    def __init__(self, device, readings):
        self.device, self.site = device, DEVICES[device][0]
        self.register = SITES[self.site]
        self.slots = slots(readings)
        self.windows, self.flags = [], []

    def window(self, rule, begin, end, outcome, reason, measured, judged, limit, statutory):
        self.windows.append((self.site, self.device, rule, begin, end, outcome, reason, measured, judged, limit, statutory))
        return outcome, judged

    # one window of `fume`; shares are of its 120 slots

    def fume(self, begin, part):
        cooking = [v for v in part if "fume" in v and (v["fan"] or v["fume"] > 0.2)]
        idle = [v for v in part if "fume" in v and not (v["fan"] or v["fume"] > 0.2)]
        if not cooking and not idle:
            return None
        mean = lambda metric: sum(fraction(v[metric]) for v in cooking) / len(cooking)
        measured = rounded(mean("fume")) if cooking else None
        volume = mean("airflow") if cooking and "airflow" in cooking[0] else self.register.get("airflow")
        stoves = self.register.get("stoves")
        statutory, reason = bool(volume and stoves), ""
        if len(cooking) < self.COVER * 120:
            reason = "idle" if len(cooking) + len(idle) >= self.COVER * 120 else "coverage"
        elif all(v["fume"] <= 0.02 for v in cooking):
            reason = "quality"
        if reason:
            self.window("fume", begin, begin + WINDOW, "not-judged", reason, measured, None, self.LIMIT, False)
            return "not-judged", None, reason, measured, False, cooking
        judged = rounded(mean("fume") * volume / (stoves * 2000)) if statutory else measured
        outcome = "exceeds" if judged > self.LIMIT else "compliant"
        self.window("fume", begin, begin + WINDOW, outcome, "", measured, judged, self.LIMIT, statutory)
        return outcome, judged, "", measured, statutory, cooking

    def efficiency(self, begin, fume):
        _, _, reason, _, _, cooking = fume
        both = [v for v in cooking if "fume_in" in v]
        if not both:
            return None
        c1 = sum(fraction(v["fume_in"]) for v in both) / len(both)
        c2 = sum(fraction(v["fume"]) for v in both) / len(both)
        removed = rounded(100 * (c1 - c2) / c1)
        if reason != "quality" and len(both) >= self.COVER * 120 and c1 >= Fraction(1, 5):
            outcome = "exceeds" if removed < 85 else "compliant"
            self.window("efficiency", begin, begin + WINDOW, outcome, "", removed, removed, Fraction(85), True)
            return outcome
        self.window("efficiency", begin, begin + WINDOW, "not-judged", reason, removed, None, Fraction(85), False)
        return "not-judged"

    def run(self, last):
        """GB 18483-2001, 6.5: of five values those below a quarter of the largest go; three at least must stay."""
        values = [measured for _, _, measured, _ in last]
        kept = [(m, j) for (_, j, m, _) in last if 4 * m >= max(values)]
        begin, end = last[0][0], last[-1][0] + WINDOW
        if len(kept) < 3:
            self.window("fume_run", begin, end, "not-judged", "too-few", None, None, self.LIMIT, False)
            return
        measured, judged = (rounded(sum(k[i] for k in kept) / len(kept)) for i in (0, 1))
        self.window("fume_run", begin, end, "exceeds" if judged > self.LIMIT else "compliant", "", measured, judged, self.LIMIT,
                    last[0][3])

    # flags

    def streak(self, flag, series, until=None):
        """series: (begin, over the line?, statutory) of judged windows; one raises, two clear."""
        raised, under = None, []
        for begin, over, statutory in series:
            if over:
                under = []
                raised = raised or (begin, statutory)
            else:
                under.append(begin)
                if raised and len(under) >= 2:
                    self.flags.append((flag, self.site, self.device, raised[0], under[0] if len(under) == 2 else under[-2], raised[1]))
                    raised = None
        if raised:
            self.flags.append((flag, self.site, self.device, raised[0], None, raised[1]))

    def near(self, windows):
        """From 0.9 of the limit on, unless the limit's own flag stands; that one ends it."""
        limit, compliant, since, under = False, 0, None, []
        for begin, outcome, judged in windows:
            if outcome == "exceeds":
                limit, compliant = True, 0
                if since:
                    self.flags.append(("fume-near", self.site, self.device, since, begin, False))
                since, under = None, []
                continue
            if limit:
                compliant += 1
                if compliant < 2:
                    continue
                limit, under = False, []
            if judged >= self.NEAR:
                since, under = since or begin, []
                continue
            under.append(begin)
            if since and len(under) == 2:
                self.flags.append(("fume-near", self.site, self.device, since, under[0], False))
                since = None
        if since:
            self.flags.append(("fume-near", self.site, self.device, since, None, False))

    def purifier(self):
        since = None
        for ts, v in self.slots + [(START + HOURS * 3600000, None)]:
            off = v is not None and (v["fan"] or v["fume"] > 0.2) and not v["purifier"]
            if off:
                since = since or ts
            elif since:
                if ts - since >= 600000:
                    self.flags.append(("purifier-off", self.site, self.device, since, ts if v is not None else None, True))
                since = None

    def duct(self):
        """Under a fifth of stoves x 2000 m3/h for ten minutes; ten minutes of air end it; a fan at rest tells nothing."""
        least = 0.2 * 2000 * self.register["stoves"]
        since, seen, blind, free, raised = None, 0, 0, [], False
        for ts, v in self.slots:
            if not v["fan"]:
                blind += SLOT
                if blind >= 600000 and not raised:
                    since, seen = None, 0
            elif v["airflow"] < least:
                since, seen, blind, free = since or ts, seen + SLOT, 0, []
                raised = raised or seen >= 600000
            elif raised:
                free.append(ts)
                if len(free) * SLOT >= 600000:
                    self.flags.append(("duct-blocked", self.site, self.device, since, free[0], False))
                    since, seen, blind, free, raised = None, 0, 0, [], False
            else:
                since, seen, blind = None, 0, 0
        if raised:
            self.flags.append(("duct-blocked", self.site, self.device, since, None, False))

    def bare(self):
        """No purifier in the register: cooking by fan for three quarters of a window is an exceedance (5.1)."""
        series = []
        for begin, part in self.parts():
            running = [v for v in part if v["fan_current"] >= 0.5]
            deemed = len(running) >= self.COVER * 120
            self.window("fume", begin, begin + WINDOW, "exceeds" if deemed else "not-judged", "no-purifier" if deemed else "idle",
                        None, None, self.LIMIT, deemed)
            if deemed:
                series.append((begin, True, True))
        self.streak("fume-limit", series)

    def parts(self):
        for i in range(0, len(self.slots), 120):
            yield self.slots[i][0], [v for _, v in self.slots[i:i + 120]]

    def meter(self):
        judged, removed, last = [], [], []
        for begin, part in self.parts():
            fume = self.fume(begin, part)
            if fume is None or fume[0] == "not-judged":
                last = []
            else:
                outcome, value, _, measured, statutory, _ = fume
                judged.append((begin, outcome, value, statutory))
                last = [*last, (begin, value, measured, statutory)][-5:]
                if last[-1][0] - last[0][0] != (len(last) - 1) * WINDOW:
                    last = last[-1:]
                if len(last) == 5:
                    self.run(last)
            outcome = fume and self.efficiency(begin, fume)
            if outcome in ("exceeds", "compliant"):
                removed.append((begin, outcome == "exceeds", True))
        self.streak("fume-limit", [(b, o == "exceeds", s) for b, o, _, s in judged])
        self.near([(b, o, j) for b, o, j, _ in judged])
        self.streak("fume-efficiency", removed)

    def judge(self):
        metrics = DEVICES[self.device][1]
        if "fan_current" in metrics:
            self.bare()
            return
        self.meter()
        if "purifier" in metrics:
            self.purifier()
        if "airflow" in metrics:
            self.duct()


# ---- the product ------------------------------------------------------------------------------------------------------

class Kitchens(Scenario):
    def play(self, told):
        s = self.street
        s.start_broker()
        s.start_collector({"collector": {"clock": "journal"}})
        s.import_sites(*({"id": site, "gateways": "gw-9", **more} for site, more in SITES.items()))
        gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        gateway.hello({device: (site, "hood", STEP, {m: UNITS[m] for m in metrics.split()})
                       for device, (site, metrics) in DEVICES.items()})
        times = sorted(next(iter(told.values())))
        for i in range(0, len(times), 20):
            gateway.append("readings", readings=[
                {"device": device, "ts": ts, **({"values": values} if (values := told[device][ts]) else {"error": "timeout"})}
                for ts in times[i:i + 20] for device in told])
        gateway.drain(60)
        s.cli("tick", str(times[-1] + 1000))  # answered when all before it has been folded
        return s.dump()

    def windows(self, rows):
        number = lambda x: None if x is None else Fraction(str(x)).limit_denominator(10**6)
        return {(r["site"], r["device"], r["rule"], r["from_ms"], r["to_ms"], r["outcome"], r["reason"], number(r["measured"]),
                 number(r["judged"]), number(r["limit_value"]), bool(r["statutory"])) for r in rows if r["table"] == "windows"}

    def flags(self, rows):
        newest = {}
        for r in rows:
            if r["table"] == "flags" and (r["id"] not in newest or newest[r["id"]]["rev"] < r["rev"]):
                newest[r["id"]] = r
        return [(r, r["body"] if isinstance(r["body"], dict) else json.loads(r["body"])) for r in newest.values()]

    def test_an_afternoon_judged_twice(self):
        rng_seed = seed()
        print(f"SEED={rng_seed}")
        told = afternoon(random.Random(rng_seed))
        judges = [Judge(device, told[device]) for device in DEVICES]
        for judge in judges:
            judge.judge()
        rows = self.play(told)
        self.compare("windows", {w for j in judges for w in j.windows}, self.windows(rows))
        flags = self.flags(rows)
        ours = {(r["flag"], r["site"], r["device"], r["since_ms"], r["until_ms"] or None, body["statutory"]) for r, body in flags
                if not r["flag"].startswith("device-")}  # leads about meters, not what this judge judges
        wanted = {f for j in judges for f in j.flags}
        self.compare("flags", wanted, ours)
        self.not_dull(judges, wanted)
        self.explained(flags)

    def compare(self, what, wanted, ours):
        missing, more = sorted(wanted - ours, key=str), sorted(ours - wanted, key=str)
        self.assertEqual((missing[:5], more[:5]), ([], []), f"{what}: {len(missing)} missing, {len(more)} too many")

    def not_dull(self, judges, flags):
        """Whatever was drawn, the plan has all of it."""
        have = {(flag, site) for flag, site, *_ in flags}
        for pair in (("fume-limit", "lotus-hotel"), ("fume-limit", "river-house"), ("fume-limit", "old-grill"), ("fume-limit", "night-stall"),
                     ("fume-near", "old-grill"), ("fume-efficiency", "lotus-hotel"), ("duct-blocked", "river-house"),
                     ("purifier-off", "lotus-hotel")):
            self.assertIn(pair, have)
        counts = collections.Counter((w[2], w[5], w[6]) for j in judges for w in j.windows)
        print(dict(counts))
        for kind in (("fume", "not-judged", "quality"), ("fume", "not-judged", "idle"), ("fume", "not-judged", "coverage"),
                     ("fume", "exceeds", "no-purifier"), ("fume_run", "compliant", ""), ("efficiency", "exceeds", "")):
            self.assertGreater(counts[kind], 0, kind)

    def explained(self, flags):
        """What each flag says of its basis, and of opening hours."""
        notes = {"lotus-hotel": "design air volume of the register", "river-house": None,
                 "old-grill": "concentration only, not statutory", "night-stall": "no purifier: counts as exceedance"}
        hours = set()
        for row, body in flags:
            if row["flag"] == "fume-limit":
                self.assertEqual(body["basis"].get("note"), notes[row["site"]])
                self.assertEqual(body["basis"]["clause"], "5.1" if row["site"] == "night-stall" else "4.2 表2")
            if row["flag"] == "purifier-off":
                hours.add((datetime.datetime.fromtimestamp(row["since_ms"] / 1000, SHANGHAI).hour, body["hours"]))
            if row["flag"] == "duct-blocked":
                self.assertEqual((body["condition"], body["limit"]), ("no-flow", 1200))
        self.assertEqual(hours, {(13, "open"), (15, "closed")})


if __name__ == "__main__":
    unittest.main()
