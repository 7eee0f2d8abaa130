"""Compares what the meters served with what stands in the time series, independent of the product's code.

Every answer that a meter gave must be one point with exactly its values, at its time, or lie in an interval that the
record declares missing.  Every point must be such an answer.  test_01_checker.py shows that each kind of violation is seen.
"""
import bisect
import collections
from decimal import Decimal

Served = collections.namedtuple("Served", "at_ms meter values")  # values: {point: Decimal}
Excuse = collections.namedtuple("Excuse", "gateway device since until why")  # device None: all of the gateway's
Violation = collections.namedtuple("Violation", "kind key at_ms text")


class Place(collections.namedtuple("Place", "measurement site device gateway names")):
    """Where a meter's answers must stand.  names: {point of the meter: field}; points not in it are not read."""

    @property
    def key(self):
        return self.site, self.device


class Report:
    def __init__(self):
        self.violations, self.matched, self.excused = [], 0, collections.Counter()

    def add(self, kind, key, at_ms, text):
        self.violations.append(Violation(kind, key, at_ms, text))

    def __str__(self):
        missing = ", ".join(f"{n} {why}" for why, n in sorted(self.excused.items())) or "none"
        text = f"{self.matched} answers stand exactly once, declared missing: {missing}"
        for v in self.violations[:20]:
            text += f"\n  {v.kind} {'/'.join(v.key)} {v.at_ms}: {v.text}"
        if len(self.violations) > 20:
            text += f"\n  … {len(self.violations)} violations in all"
        return text

    def assert_clean(self):
        if self.violations:
            raise AssertionError(str(self))
        return self


def parse_served(path):
    """The simulator's log: `<wall ms> <meter> <point>=<value> …`; notes begin with #."""
    served = []
    with open(path) as f:
        for line in f:
            at, meter, *values = line.split()
            if meter != "#":
                served.append(Served(int(at), meter, {k: Decimal(v) for k, v in (w.split("=", 1) for w in values)}))
    return served


def excuses_of(frames, slack_ms=100):
    """What a gateway declared as missing, from its frames in the order in which they were taken.

    `gap`: the interval it names.  `lost`: per device from its newest reading before to its first one after.  An error
    reading stands for the request that failed, the answer to which may have come too late: the slack and its time-out
    (2 s at most in these tests) before it."""
    excuses, newest = [], {}
    behind = {}  # gateway: (newest ts by device before a lost, devices heard of since)
    for frame in frames:
        g = frame.gateway
        if frame.kind == "gap":
            excuses.append(Excuse(g, None, frame.body["since"], frame.body["until"], "gap"))
        elif frame.kind == "lost":
            behind[g] = dict(newest.get(g, {})), set()
        for r in frame.readings:
            device, ts = r["device"], r.get("ts")
            if ts is None:
                continue
            if "error" in r:
                excuses.append(Excuse(g, device, r.get("from", ts - 2000), r.get("until", ts), "error"))
            before, heard = behind.get(g, ({}, None))
            if heard is not None and device not in heard:
                heard.add(device)
                excuses.append(Excuse(g, device, before.get(device, 0), ts, "lost"))
            seen = newest.setdefault(g, {})
            seen[device] = max(seen.get(device, 0), ts)
    return [e._replace(since=e.since - slack_ms, until=e.until + slack_ms) for e in excuses]


def clip(excuses, protected):
    """Excuses without the time that no fault can have cost: `protected` (gateway, from, to) …"""
    for gateway, start, end in protected:
        rest = []
        for e in excuses:
            if e.gateway != gateway or e.until <= start or e.since >= end:
                rest.append(e)
                continue
            if e.since < start:
                rest.append(e._replace(until=start))
            if e.until > end:
                rest.append(e._replace(since=end))
        excuses = rest
    return excuses


def check(served, points, places, excuses=(), tolerance_ms=50, early_ms=2):
    """served: parse_served; points: influx.points; places: {meter: Place}; a Report.

    A point's time is that of the last byte at the gateway: from `early_ms` before the meter's own log to `tolerance_ms` behind.
    """
    report = Report()
    by_key, answers = collections.defaultdict(list), collections.defaultdict(list)
    keys = {place.key: place for place in places.values()}
    for p in points:
        key = p.tags.get("site", "-"), p.tags.get("device", "-")
        if key not in keys:
            report.add("stranger", key, p.ts, f"nobody served {p}")
        elif p.measurement != keys[key].measurement:
            report.add("measurement", key, p.ts, f"stands under {p.measurement}, not {keys[key].measurement}")
        else:
            by_key[key].append(p)
    for s in served:
        place = places.get(s.meter)
        if place:
            values = {place.names[name]: value for name, value in s.values.items() if name in place.names}
            if values:
                answers[place.key].append((s.at_ms, values))
    for key, place in keys.items():
        _check_device(report, key, place, sorted(answers[key], key=lambda a: a[0]), sorted(by_key[key], key=lambda p: p.ts),
                      [e for e in excuses if e.gateway == place.gateway and e.device in (None, place.device)],
                      tolerance_ms, early_ms)
    return report


def _check_device(report, key, place, answers, points, excuses, tolerance_ms, early_ms):
    used = [False] * len(points)
    times = [p.ts for p in points]
    for at, values in answers:
        first = bisect.bisect_left(times, at - early_ms)
        near = range(first, bisect.bisect_right(times, at + tolerance_ms))
        hit = next((i for i in near if not used[i] and _fields(points[i]) == values), None)
        if hit is not None:
            used[hit] = True
            report.matched += 1
            continue
        excuse = next((e for e in excuses if e.since <= at <= e.until), None)
        if excuse:
            report.excused[excuse.why] += 1
        else:
            report.add("missing", key, at, f"served {_words(values)}, {_nearest(points, times, at, values)}")
    for i, p in enumerate(points):
        if not used[i]:
            twin = next((q for j, q in enumerate(points) if j != i and used[j] and _fields(q) == _fields(p)), None)
            report.add("surplus", key, p.ts, f"{_words(_fields(p))} was not served then" +
                       (f", the same values stand at {twin.ts}" if twin else ""))


def _fields(point):
    return {name: value for name, value in point.fields.items() if name != "q"}


def _words(values):
    return " ".join(f"{k}={v}" for k, v in values.items())


def _nearest(points, times, at, values):
    same = next((p for p in points if _fields(p) == values), None)
    if same:
        return f"stands at {same.ts} ({same.ts - at:+d} ms)"
    if not points:
        return "no point of this device at all"
    i = min(range(len(points)), key=lambda n: abs(times[n] - at))
    return f"nearest point {_words(_fields(points[i]))} at {times[i]} ({times[i] - at:+d} ms)"


def check_wire(frames, points, places):
    """Every good reading in a frame that was seen on the wire is a point, digit for digit, at its very time."""
    report = Report()
    held = {}
    for p in points:
        held[p.tags.get("site"), p.tags.get("device"), p.ts] = p
    devices = {(place.gateway, place.device): place for place in places.values()}
    seen = set()
    for frame in frames:
        for r in frame.readings:
            place = devices.get((frame.gateway, r.get("device")))
            if not place or not r.get("values") or (place.key, r["ts"]) in seen:
                continue
            seen.add((place.key, r["ts"]))
            p = held.get((*place.key, r["ts"]))
            values = {name: Decimal(value) for name, value in r["values"].items()}
            if p is None:
                report.add("lost", place.key, r["ts"], f"was on the wire in {frame}, is not in the time series")
            elif _fields(p) != values:
                report.add("changed", place.key, r["ts"], f"{_words(values)} became {_words(_fields(p))}")
            else:
                report.matched += 1
    return report


def contradictions(frames):
    """Readings that lie strictly inside a gap which the same gateway declared: a record must not say both."""
    gaps, report = collections.defaultdict(list), Report()
    for frame in frames:
        if frame.kind == "gap":
            gaps[frame.gateway].append((frame.body["since"], frame.body["until"]))
    for frame in frames:
        for r in frame.readings:
            if "values" in r and any(a < r["ts"] < b for a, b in gaps[frame.gateway]):
                report.add("contradiction", (frame.gateway, r["device"]), r["ts"], "a reading inside a declared gap")
    return report
