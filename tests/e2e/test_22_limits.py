"""Noise limits by a second implementation: its own tables, energy means, rounding, bands and background correction."""
import collections
import datetime
import hashlib
import json
import math
import os
import random
import unittest
import zoneinfo
from decimal import ROUND_HALF_EVEN, Decimal

from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
DAY, NIGHT = "day", "night"

# ---- the law, typed in from the clauses ------------------------------------------------------------------------------

TABLE_1 = {0: (50, 40), 1: (55, 45), 2: (60, 50), 3: (65, 55), 4: (70, 55)}  # GB 22337-2008, 4.1.1
TABLE_2_A = {0: (40, 30), 1: (40, 30), 2: (45, 35), 3: (45, 35), 4: (45, 35)}  # 4.2.1
TABLE_2_B = {0: (40, 30), 1: (45, 35), 2: (50, 40), 3: (50, 40), 4: (50, 40)}
CLAUSES = {"boundary": "4.1.1 表1", "window": "4.1.2 表1", "indoor": "4.1.3 表1", "structure-a": "4.2.1 表2", "structure-b": "4.2.1 表2"}


def limit_of(noise_class, position, band):
    table = {"structure-a": TABLE_2_A, "structure-b": TABLE_2_B}.get(position, TABLE_1)
    return table[noise_class][band == NIGHT] - (10 if position == "indoor" else 0)  # 4.1.3


def margin_of(position, band):
    """Document, clause and dB(A) of what peak_margin below names: for bursts at night, and of noise in the structure; or None."""
    if position in ("boundary", "window") and band == NIGHT:
        return "GB 12348-2008", "4.1.2", 10
    if position in ("structure-a", "structure-b"):
        return "GB 22337-2008", "4.2.2", 10
    return None


def correction_of(difference):
    """GB 22337-2008, 5.7 and table 4; None: measure again."""
    if difference > 10:
        return 0
    if difference >= 6:
        return -1
    if difference >= 4:
        return -2
    return -3 if difference == 3 else None


def rounded(x, decimals=0):
    """GB/T 8170: half to even, once what floating point adds is gone."""
    exact = Decimal(x).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    return float(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))


def mean_of(pieces):
    """10 lg of the mean energy of (level, ms) …"""
    return 10 * math.log10(math.fsum(ms * 10 ** (level / 10) for level, ms in pieces) / sum(ms for _, ms in pieces))


# ---- civil time ------------------------------------------------------------------------------------------------------

def ms(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def minute_of(ts):
    then = datetime.datetime.fromtimestamp(ts / 1000, SHANGHAI)
    return then.hour * 60 + then.minute


def band_of(ts, night_start):
    return NIGHT if (minute_of(ts) - night_start) % 1440 < 480 else DAY


def windows_of(day, length, night_start):
    """The windows of the day before, this one and the next: cut at the edges of the bands; what is shorter than half a window
    joins the one before it in its band, else the ones after it."""
    start = ms(day) - 86400000
    cuts = {start + n * 86400000 + at for n in range(3) for at in range(0, 86400000, length)}
    cuts |= {start + n * 86400000 + (night_start * 60000 + shift) % 86400000 for n in range(3) for shift in (0, 8 * 3600000)}
    cuts = sorted(cuts) + [start + 3 * 86400000]
    runs = collections.defaultdict(list)
    run = 0
    for a, b in zip(cuts, cuts[1:]):
        if a > start and band_of(a, night_start) != band_of(a - 1, night_start):
            run += 1
        runs[run].append([a, b])
    for pieces in runs.values():
        while len(pieces) > 1 and 2 * (pieces[0][1] - pieces[0][0]) < length:
            pieces[0:2] = [[pieces[0][0], pieces[1][1]]]
        at = 1
        while at < len(pieces):
            if 2 * (pieces[at][1] - pieces[at][0]) < length:
                pieces[at - 1:at + 1] = [[pieces[at - 1][0], pieces[at][1]]]
            else:
                at += 1
    return [(a, b) for pieces in runs.values() for a, b in pieces]


# ---- the second implementation ---------------------------------------------------------------------------------------

class Meter:
    """A site with one meter that takes a level each `interval` ms, and what should be said of it."""

    def __init__(self, site, noise_class, position="boundary", background=(None, None), interval=1000):
        self.site, self.noise_class, self.position, self.background, self.interval = site, noise_class, position, background, interval
        self.readings = []  # (ts, level, lafmax, suspect)
        self.night_start, self.own_night = None, None  # as the register has it; (windows, minutes after midnight)

    def row(self):
        day, night = self.background
        row = {"id": self.site, "kind": "club", "noise_class": self.noise_class, "noise_position": self.position, "gateways": "gw-9"}
        row.update({} if self.night_start is None else {"night_start": self.night_start})
        return {**row, **({} if day is None else {"background_day": day}), **({} if night is None else {"background_night": night})}

    def say(self, ts, level, lafmax=None, suspect=False):
        self.readings.append((ts, level, level if lafmax is None else lafmax, suspect))

    def spans(self):
        """(from, to, level, suspect): how long each level holds."""
        reach = self.interval * 3 // 2
        after = [r[0] for r in self.readings[1:]] + [0]
        return [(ts, min(next_ts, ts + reach), level, suspect) for (ts, level, _, suspect), next_ts in zip(self.readings, after)]

    def judge(self, window, night_start, spans):
        a, b = window
        inside = [(min(to, b) - max(frm, a), level, suspect) for frm, to, level, suspect in spans if frm < b and to > a]
        pieces = [(level, held) for held, level, suspect in inside if not suspect]
        doubtful = sum(held for held, _, suspect in inside if suspect)
        if not pieces and not doubtful:
            return None
        valid, band = sum(held for _, held in pieces), band_of(a, night_start)
        v = {"from": a, "to": b, "band": band, "limit": limit_of(self.noise_class, self.position, band), "coverage": valid / (b - a),
             "measured": rounded(mean_of(pieces), 1) if pieces else None, "judged": None, "outcome": "not-judged", "reason": "",
             "background": None, "correction": 0,
             "lafmax": max((peak for ts, _, peak, suspect in self.readings if a <= ts < b and not suspect), default=None)}
        if valid < 0.75 * (b - a):
            v["reason"] = "quality" if valid + doubtful >= 0.75 * (b - a) else "coverage"
            return v
        mean, background = mean_of(pieces), self.background[band == NIGHT]
        v["judged"] = rounded(mean)
        if v["judged"] > v["limit"] and background is not None:
            v["background"], v["correction"] = background, correction_of(rounded(mean - background))
            v["judged"] = None if v["correction"] is None else rounded(mean + v["correction"])
        if v["judged"] is None:
            v["reason"] = "background"
        else:
            v["outcome"] = "exceeds" if v["judged"] > v["limit"] else "compliant"
        return v

    def verdicts(self, windows, night_start):
        spans = self.spans()
        last = self.readings[-1][0]  # its own window stays open
        return [v for w in windows if w[1] <= last and (v := self.judge(w, night_start, spans))]

    def peak(self, v):
        """What noise-peak makes of the same window."""
        margin = margin_of(self.position, v["band"])
        if not margin:
            return {**v, "outcome": "compliant"}
        if v["reason"] not in ("", "background"):
            return {**v, "outcome": "not-judged"}
        top = v["limit"] + margin[2]
        judged = rounded(v["lafmax"])
        return {**v, "measured": rounded(v["lafmax"], 1), "judged": judged, "limit": top, "background": None, "correction": 0, "margin": margin,
                "outcome": "exceeds" if judged > top else "compliant"}

    def flags(self, verdicts, name):
        """Raised by one exceeding window, cleared by two compliant ones in a row: (state, since, until, the window that raised it) …"""
        told, raised, quiet = [], None, []
        for v in verdicts:
            if v["outcome"] == "exceeds":
                quiet = []
                if not raised:
                    raised = v
                    told.append(("raised", v["from"], 0, v, name))
            elif v["outcome"] == "compliant":
                quiet.append(v["from"])
                if raised and len(quiet) == 2:
                    told.append(("cleared", raised["from"], quiet[0], raised, name))
                    raised = None
        return told


def day_levels(meter, day, night_start):
    """Ld, Ln, Ldn of a civil day from all that is valid in it; None: nothing."""
    pieces = {DAY: [], NIGHT: []}
    cuts = [ms(day), ms(day) + 86400000, *(ms(day) + m * 60000 % 86400000 for m in (night_start, night_start + 480))]
    for frm, to, level, suspect in meter.spans():
        edges = sorted({frm, to, *(c for c in cuts if frm < c < to)})
        for a, b in zip(edges, edges[1:]):
            if cuts[0] <= a < cuts[1] and not suspect:
                pieces[band_of(a, night_start)].append((level, b - a))
    ld, ln = (mean_of(p) if p else None for p in (pieces[DAY], pieces[NIGHT]))
    ldn = None if None in (ld, ln) else rounded(10 * math.log10((16 * 10 ** (ld / 10) + 8 * 10 ** ((ln + 10) / 10)) / 24), 1)
    cover = [sum(held for _, held in pieces[band]) / hours / 3600000 for band, hours in ((DAY, 16), (NIGHT, 8))]
    return None if ld is None else rounded(ld, 1), None if ln is None else rounded(ln, 1), ldn, *cover


# ---- the scenarios ---------------------------------------------------------------------------------------------------

class Limits(Scenario):
    def setUp(self):
        super().setUp()
        self.street.start_broker()
        seed = int(os.environ.get("SEED", random.SystemRandom().randrange(10 ** 6)))
        print(f"seed {seed} (SEED=… to repeat)")
        self.chance = random.Random(seed)

    def start(self, rules, meters):
        s = self.street
        s.start_collector({"collector": {"clock": "journal"}, "rules": {"standards": "gb22337-2008 gb12348-2008 gb18483-2001", **rules}})
        s.import_sites(*(m.row() for m in meters))
        self.gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        metrics = {"laeq": "dB(A)", "lafmax": "dB(A)"}
        self.gateway.hello({f"noise-{m.site}": (m.site, "noise", m.interval, metrics) for m in meters})

    def send(self, meters):
        """All that the meters said, in the order of time, 300 readings a frame."""
        said = sorted((r[0], f"noise-{m.site}", r) for m in meters for r in m.readings)
        for n in range(0, len(said), 300):
            self.gateway.append("readings", readings=[
                {"device": device, "ts": ts, "values": {"laeq": level, "lafmax": peak},
                 **({"quality": "suspect", "why": ["jump"]} if suspect else {})}
                for ts, device, (_, level, peak, suspect) in said[n:n + 300]])
        self.gateway.drain(60)
        self.street.cli("tick", str(said[-1][0] + 60000))  # answered when everything before is in the ledger

    def compare(self, meters, windows, night_start, days):
        dump = self.street.dump()
        rows = {(r["site"], r["from_ms"]): r for r in dump if r["table"] == "windows"}
        flags = collections.defaultdict(list)
        for r in dump:
            if r["table"] == "flags":
                flags[r["site"]].append(r)
        compared, outcomes = 0, collections.Counter()
        for m in meters:
            verdicts = m.verdicts(*m.own_night or (windows, night_start))
            for v in verdicts:
                self.compare_window(m, v, rows.pop((m.site, v["from"]), None))
                outcomes[v["reason"] or v["outcome"]] += 1
            compared += len(verdicts)
            expected = m.flags(verdicts, "noise-limit") + m.flags([m.peak(v) for v in verdicts], "noise-peak")
            self.compare_flags(m, expected, flags.pop(m.site, []))
        self.assertEqual((rows, flags), ({}, {}), "rows that nobody expected")
        noise_days = {(r["site"], r["day_ms"]): r for r in dump if r["table"] == "noise_days"}
        for m in meters:
            for day in days:
                self.compare_day(m, day_levels(m, day, m.own_night[1] if m.own_night else night_start), noise_days.pop((m.site, ms(day))))
        self.assertEqual(noise_days, {})
        told = sum(1 for r in dump if r["table"] == "flags")
        print(f"compared {compared} windows {dict(outcomes)}, {told} revisions of flags, {len(meters) * len(days)} days")
        return outcomes

    def compare_window(self, meter, v, row):
        what = f"{meter.site} {meter.position} class {meter.noise_class} {datetime.datetime.fromtimestamp(v['from'] / 1000, SHANGHAI)}"
        self.assertIsNotNone(row, what)
        self.assertEqual({"to": row["to_ms"], "limit": row["limit_value"], "judged": row["judged"], "measured": row["measured"],
                          "outcome": row["outcome"], "reason": row["reason"], "lafmax": row["lafmax"]},
                         {k: v[k] for k in ("to", "limit", "judged", "measured", "outcome", "reason", "lafmax")}, what)
        self.assertAlmostEqual(row["coverage"], v["coverage"], 9, what)
        self.assertEqual(row["statutory"], 1)

    def compare_flags(self, meter, expected, rows):
        rows = sorted((r for r in rows if r["flag"].startswith("noise")), key=lambda r: (r["flag"], r["since_ms"], r["rev"]))
        expected = sorted(expected, key=lambda e: (e[4], e[1], e[0] == "cleared"))
        self.assertEqual([(r["flag"], r["state"], r["since_ms"], r["until_ms"]) for r in rows],
                         [(e[4], e[0], e[1], e[2]) for e in expected], meter.site)
        for row, (_, since, _, v, name) in zip(rows, expected):
            body = row["body"] if isinstance(row["body"], dict) else json.loads(row["body"])
            device = f"noise-{meter.site}"
            self.assertEqual(row["id"], hashlib.sha256(f"{name}|{meter.site}|{device}|{since}".encode()).hexdigest()[:16])
            document, clause = v["margin"][:2] if name == "noise-peak" else ("GB 22337-2008", CLAUSES[meter.position])
            self.assertEqual({k: body[k] for k in ("measured", "background", "correction", "judged", "limit", "excess", "unit", "statutory")},
                             {"measured": v["measured"], "background": v["background"], "correction": v["correction"], "judged": v["judged"],
                              "limit": v["limit"], "excess": v["judged"] - v["limit"], "unit": "dB(A)",
                              "statutory": document == "GB 22337-2008"}, (meter.site, name))
            basis = body["basis"]
            self.assertEqual((basis["document"], basis["clause"], basis["class"], basis["band"]),
                             (document, clause, str(meter.noise_class), v["band"]))
            self.assertEqual((body["window"]["from"], body["window"]["to"]), (v["from"], v["to"]))

    def compare_day(self, meter, expected, row):
        self.assertEqual((row["ld"], row["ln"], row["ldn"]), expected[:3], meter.site)
        self.assertAlmostEqual(row["day_coverage"], expected[3], 9)
        self.assertAlmostEqual(row["night_coverage"], expected[4], 9)

    # ---- levels ------------------------------------------------------------------------------------------------------

    OFFSETS = (0, 0.4, 0.5, 0.6, 1, -3, -6, 1.4, 1.5, 1.6, 12, 0)
    DIFFERENCES = (2, 2.4, 2.5, 2.6, 3, 3.4, 3.5, 3.6, 4, 5, 5.4, 5.5, 6, 8, 10, 10.4, 10.5, 10.6, 11, 14, 0.4, -3)

    def steady(self, meter, start, level, peak=None):
        for i in range(10):
            meter.say(start + 1000 * i, round(level, 1), None if peak is None or i != 4 else round(peak, 1))

    def uneven(self, meter, start, limit):
        """Levels that change, a reading that is late or missing, one that is suspect."""
        ts = start
        while ts < start + 10000:
            meter.say(ts, round(limit + self.chance.uniform(-8, 8), 1), suspect=self.chance.random() < 0.2)
            ts += self.chance.choice((1000, 1000, 1000, 900, 1300, 2200, 4000))

    def around(self, meter, edge, before, after):
        """Windows of 10 s on both sides of an edge, one after the other: an offset, a difference to the background, or chance."""
        for n, what in enumerate(before + after):
            start = edge + 10000 * (n - len(before))
            limit = limit_of(meter.noise_class, meter.position, band_of(start, 22 * 60))
            background = meter.background[band_of(start, 22 * 60) == NIGHT]
            if what is None:
                self.uneven(meter, start, limit)
            elif background is not None:
                self.steady(meter, start, background + what)
            else:
                self.steady(meter, start, limit + what, peak=limit + self.chance.choice((9, 10.4, 10.5, 10.6, 11, 15)))

    def test_every_class_and_position_on_both_sides_of_the_bands(self):
        meters = [Meter(f"{position}-{c}", c, position) for c in range(5) for position in CLAUSES]
        meters += [Meter(f"background-{c}", c, position, (limit_of(c, position, DAY) - 1, limit_of(c, position, NIGHT) - 3.5))
                   for c, position in enumerate(("boundary", "window", "boundary", "indoor", "structure-a"))]
        self.start({"noise_window": "10s", "peak_margin": "gb12348-2008:frequent gb22337-2008:structure"}, meters)
        for m in meters:
            plan = self.DIFFERENCES if m.background[0] is not None else self.OFFSETS
            plan = (*plan, None, None, None, None)
            for edge in (ms("2025-11-20 06:00"), ms("2025-11-20 22:00")):
                self.around(m, edge, self.shuffled(plan), self.shuffled(plan))
            m.say(ms("2025-11-21 00:00:01"), 30)
        self.send(meters)
        outcomes = self.compare(meters, windows_of("2025-11-20", 10000, 22 * 60), 22 * 60, ["2025-11-20"])
        self.assertEqual({o for o, n in outcomes.items() if n}, {"compliant", "exceeds", "coverage", "quality", "background"},
                         "too dull to prove anything")

    def shuffled(self, plan):
        return tuple(self.chance.sample(plan, len(plan)))

    def test_a_night_that_begins_at_half_past_eleven_cuts_windows_of_seven_minutes(self):
        meters = [Meter(f"club-{c}", c, interval=10000) for c in range(5)]
        self.start({"noise_window": "7min", "night_start": "23:30"}, meters)
        for m in meters:
            for begin, end in (("2025-11-20 07:00", "2025-11-20 08:00"), ("2025-11-20 23:00", "2025-11-21 00:20")):
                for ts in range(ms(begin), ms(end), 10000):
                    m.say(ts, round(limit_of(m.noise_class, "boundary", NIGHT) + self.chance.uniform(-5, 14), 1))
            m.say(ms("2025-11-22 00:00"), 30)
        self.send(meters)
        windows = windows_of("2025-11-20", 420000, 23 * 60 + 30)
        starts = [a for a, _ in windows]
        for edge in ("2025-11-20 07:30", "2025-11-20 23:30"):
            self.assertIn(ms(edge), starts, "a window begins where the band does")
        for m in meters:  # no margin is named here
            m.peak = lambda v: {**v, "outcome": "compliant"}
        self.compare(meters, windows, 23 * 60 + 30, ["2025-11-20", "2025-11-21"])

    def test_sites_with_a_night_of_their_own(self):
        # The register's hours stand before those of the rules: 22:00 here, 23:00, 21:30 and 00:15 there.
        nights = {"as-ruled": None, "late": "23:00", "early": "21:30", "small-hours": "00:15"}
        meters = [Meter(site, 2, interval=10000) for site in nights]
        for m, clock in zip(meters, nights.values()):
            if clock:
                begins = int(clock[:2]) * 60 + int(clock[3:])
                m.own_night = windows_of("2025-11-20", 600000, begins), begins
                m.night_start = clock
        self.start({}, meters)
        for m in meters:
            for ts in range(ms("2025-11-20 05:00"), ms("2025-11-21 09:00"), 10000):
                m.say(ts, round(limit_of(2, "boundary", NIGHT) + self.chance.uniform(-5, 14), 1))
            m.say(ms("2025-11-22 00:00"), 30)
            m.peak = lambda v: {**v, "outcome": "compliant"}
        self.send(meters)
        self.compare(meters, windows_of("2025-11-20", 600000, 22 * 60), 22 * 60, ["2025-11-20", "2025-11-21"])
        shown = json.loads(self.street.cli("site", "show", "early", "--json").stdout)
        self.assertEqual(shown["night_start"], "21:30")

    def test_a_margin_that_is_not_there_is_a_fault(self):
        collector = self.street.start_collector({"rules": {"peak_margin": "gb12348-2008:frequent"}}, start=False)
        collector.argv.append("--check")
        collector.launch().ends_with(3)
        self.assertIn("peak_margin = gb12348-2008:frequent: gb12348-2008 is not among the standards", collector.log())


if __name__ == "__main__":
    unittest.main()
