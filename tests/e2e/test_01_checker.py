"""The checker sees every kind of violation: no other result counts before this."""
import copy
import json
import os
import random
import unittest
from decimal import Decimal

from checker import Place, Served, check, check_wire, clip, contradictions, excuses_of
from influx import Point
from stream import Frame

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
START = 1764000000000
PLACES = {
    "club": Place("noise", "nice-club", "noise-1", "gw-1", {"la": "laeq", "max": "lafmax"}),
    "hood": Place("hood", "dawn-buns", "hood-1", "gw-1", {"fume": "fume", "fan": "fan"}),
    "hood2": Place("hood", "lotus-hotel", "hood-1", "gw-2", {"fume": "fume", "fan": "fan"}),
}


def record(rng, n=120):
    """What meters served, and the points that say so: with repeated values, as real meters have, and times 1 to 40 ms late."""
    served, points = [], []
    for meter, place in PLACES.items():
        for i in range(n):
            at = START + 1000 * i + rng.randrange(400)
            values = {name: Decimal(rng.randrange(440, 470)) / 10 for name in place.names}
            served.append(Served(at, meter, values))
            fields = {place.names[name]: value for name, value in values.items()}
            points.append(Point(place.measurement, {"district": "yudu", "site": place.site, "device": place.device},
                                at + rng.randrange(1, 40), {**fields, "q": Decimal(0)}))
    return served, points


def flip(rng, value):
    """Another value: one digit of it is another."""
    digits = list(str(value))
    at = rng.choice([i for i, c in enumerate(digits) if c.isdigit()])
    digits[at] = rng.choice([d for d in "0123456789" if d != digits[at]])
    return Decimal("".join(digits))


def drop(rng, points):
    points.pop(rng.randrange(len(points)))


def duplicate(rng, points):
    p = rng.choice(points)
    points.append(p._replace(ts=p.ts + rng.choice((1, 7, 500, -300))))


def flip_digit(rng, points):
    p = rng.choice(points)
    name = rng.choice([f for f in p.fields if f != "q"])
    p.fields[name] = flip(rng, p.fields[name])


def swap_registers(rng, points):
    p = rng.choice([p for p in points if len({v for f, v in p.fields.items() if f != "q"}) == 2])
    a, b = (f for f in p.fields if f != "q")
    p.fields[a], p.fields[b] = p.fields[b], p.fields[a]


def wrong_time(rng, points):
    i = rng.randrange(len(points))
    points[i] = points[i]._replace(ts=points[i].ts + rng.choice((-1, 1)) * rng.choice((95, 250, 3600000, 8 * 3600000)))


def other_device(rng, points):
    i = rng.choice([i for i, p in enumerate(points) if p.measurement == "hood"])
    other = "lotus-hotel" if points[i].tags["site"] == "dawn-buns" else "dawn-buns"
    points[i] = points[i]._replace(tags={**points[i].tags, "site": other})


def unknown_site(rng, points):
    i = rng.randrange(len(points))
    points[i] = points[i]._replace(tags={**points[i].tags, "site": "nowhere"})


def other_measurement(rng, points):
    i = rng.randrange(len(points))
    points[i] = points[i]._replace(measurement="power")


def lose_field(rng, points):
    p = rng.choice(points)
    p.fields.pop(rng.choice([f for f in p.fields if f != "q"]))


def extra_field(rng, points):
    rng.choice(points).fields["invented"] = Decimal(1)


VIOLATIONS = (drop, duplicate, flip_digit, swap_registers, wrong_time, other_device, unknown_site, other_measurement, lose_field,
              extra_field)


def frame(seq, kind, gateway="gw-1", **body):
    return Frame(json.dumps({"v": 1, "gateway": gateway, "epoch": "e", "seq": seq, "after": "", "kind": kind, **body}).encode())


class Checker(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)

    def test_a_true_record_is_clean(self):
        served, points = record(self.rng)
        report = check(served, points, PLACES)
        self.assertEqual((report.violations, report.matched), ([], len(served)))
        self.rng.shuffle(points)
        self.assertEqual(check(served, points, PLACES).violations, [])

    def test_each_of_200_seeded_violations_is_flagged(self):
        missed = []
        for n in range(200):
            violate = VIOLATIONS[n % len(VIOLATIONS)]
            served, points = record(self.rng, 40)
            violate(self.rng, points)
            if not check(served, points, PLACES).violations:
                missed.append((n, violate.__name__))
        self.assertEqual(missed, [], f"SEED={SEED}")

    def test_two_violations_do_not_cancel_out(self):
        for first in VIOLATIONS:
            for second in VIOLATIONS:
                served, points = record(self.rng, 20)
                true = sorted(map(str, points))
                first(self.rng, points)
                try:
                    second(self.rng, points)
                except IndexError:
                    continue  # nothing left that it could violate
                undone = sorted(map(str, points)) == true or (first, second) == (duplicate, drop)  # the twin may stand in
                self.assertTrue(undone or check(served, points, PLACES).violations, (first.__name__, second.__name__, SEED))

    def test_a_gap_excuses_what_lies_in_it_and_nothing_else(self):
        served, points = record(self.rng)
        inside = [s for s in served if START + 30000 <= s.at_ms <= START + 40000 and s.meter == "club"]
        gap = [frame(1, "gap", since=START + 30000, until=START + 40000, reason="killed")]
        points = [p for p in points if not (p.tags["device"] == "noise-1" and START + 30000 <= p.ts <= START + 40100)]
        report = check(served, points, PLACES, excuses_of(gap))
        self.assertEqual(report.violations, [])
        self.assertAlmostEqual(report.excused["gap"], len(inside), delta=1)
        self.assertTrue(check(served, points, PLACES, excuses_of([frame(1, "gap", "gw-2", since=START + 30000, until=START + 40000)])
                              ).violations, "a gap of another gateway")
        self.assertTrue(check(served, points, PLACES, clip(excuses_of(gap), [("gw-1", 0, START + 33000)])).violations,
                        "a gap that reaches further back than the fault")
        damaged = copy.deepcopy(record(random.Random(SEED), 120)[1])
        fake = next(p for p in damaged if START + 32000 <= p.ts <= START + 38000)
        fake.fields[next(iter(fake.fields))] += 1
        self.assertIn("surplus", {v.kind for v in check(record(random.Random(SEED), 120)[0], damaged, PLACES, excuses_of(gap)
                                                        ).violations}, "a wrong value inside a gap")

    def test_a_lost_excuses_from_the_reading_before_to_the_one_after(self):
        at = lambda n: {"device": "noise-1", "ts": START + 1000 * n, "values": {"laeq": 50}}
        frames = [frame(1, "readings", readings=[at(0), at(1)]), frame(5, "lost", **{"from": 2, "to": 5, "head": ""}),
                  frame(6, "readings", readings=[at(6), at(7)])]
        excuse, = excuses_of(frames, slack_ms=0)
        self.assertEqual((excuse.since, excuse.until, excuse.device), (START + 1000, START + 6000, "noise-1"))

    def test_an_error_reading_stands_for_its_request(self):
        excuse, = excuses_of([frame(1, "readings", readings=[{"device": "hood-1", "ts": START, "error": "timeout"}])], slack_ms=0)
        self.assertEqual((excuse.since, excuse.until), (START - 2000, START))

    def test_clip_cuts_both_ends_and_splits(self):
        gap = excuses_of([frame(1, "gap", since=100, until=200)], slack_ms=0)
        spans = lambda protected: [(e.since, e.until) for e in clip(gap, protected)]
        self.assertEqual(spans([("gw-1", 0, 150)]), [(150, 200)])
        self.assertEqual(spans([("gw-1", 120, 130)]), [(100, 120), (130, 200)])
        self.assertEqual(spans([("gw-1", 150, 900), ("gw-2", 0, 900)]), [(100, 150)])
        self.assertEqual(spans([("gw-1", 0, 900)]), [])

    def test_what_was_on_the_wire_must_stand_digit_for_digit(self):
        _, points = record(self.rng, 30)
        frames = [frame(i + 1, "readings", {"nice-club": "gw-1", "dawn-buns": "gw-1", "lotus-hotel": "gw-2"}[p.tags["site"]], readings=[
            {"device": p.tags["device"], "ts": p.ts, "values": {k: float(v) for k, v in p.fields.items() if k != "q"}}])
            for i, p in enumerate(points)]
        self.assertEqual(check_wire(frames, points, PLACES).violations, [])
        self.assertEqual(check_wire(frames, points, PLACES).matched, len(points))
        for violate in (drop, flip_digit, swap_registers, wrong_time, lose_field):
            damaged = copy.deepcopy(points)
            violate(self.rng, damaged)
            self.assertTrue(check_wire(frames, damaged, PLACES).violations, (violate.__name__, SEED))

    def test_a_reading_inside_a_declared_gap_is_a_contradiction(self):
        frames = [frame(1, "readings", readings=[{"device": "hood-1", "ts": 100, "values": {"fume": 1}},
                                                 {"device": "hood-1", "ts": 200, "values": {"fume": 1}}])]
        said = lambda since, until: contradictions(frames + [frame(2, "gap", since=since, until=until)]).violations
        self.assertEqual(said(100, 200), [])
        self.assertEqual(len(said(99, 150)), 1)


if __name__ == "__main__":
    unittest.main()
