"""The checker of `make torture` sees 240 seeded violations, forty of each invariant, and has nothing to say of a true record."""
import copy
import hashlib
import json
import os
import random
import sys
import unittest
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "torture"))

import invariants  # noqa: E402
import journal_file  # noqa: E402
from checker import Place, Served  # noqa: E402
from influx import Point  # noqa: E402
from invariants import Flag, Ledger, Missing, Recovery, Run, Vitals, Window  # noqa: E402

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
START, SECONDS, INTERVAL = 1764000000000, 16, 250
DIED, BACK = START + 6100, START + 9400  # gw-1
LOUD = range(4, 11)  # s at which the club of gw-2 is over its limit
LIMIT = 50.0
PLACES = {f"{kind}-{g}": Place(measurement, f"site-{g}", kind, f"gw-{g}", names) for g in (1, 2) for kind, measurement, names in (
    ("tally", "tally", {"n": "n", "m": "m"}), ("club", "noise", {"laeq": "laeq", "n": "n"}))}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Story:
    """A run made up from the meters on, in stages.  A violation spoils what one stage hands to the next: what comes before
    stays true, and what comes after is consistent with the lie."""

    def __init__(self, rng, stage=None, violate=None):
        self.rng, self.stage, self.violate = rng, stage, violate
        self.serve()
        self.accept()
        self.publish()
        self.take()
        self.judge()
        self.show()

    def at(self, stage):
        if stage == self.stage:
            self.violate(self.rng, self)

    def serve(self):
        self.served, count = [], 1000
        for i in range(SECONDS * 1000 // INTERVAL):
            for number, (meter, place) in enumerate(PLACES.items()):
                at, count = START + INTERVAL * i + 10 * number + self.rng.randrange(8), count + 1
                if place.gateway == "gw-1" and DIED + 300 < at < BACK:
                    continue  # nobody asks
                second = (at - START) // 1000
                level = Decimal((810 if place.gateway == "gw-2" and second in LOUD else 440) + self.rng.randrange(10)) / 10
                self.served.append(Served(at, meter, {"n": Decimal(count), "m": Decimal(30000 + count // 2)} if place.device == "tally"
                                          else {"laeq": level, "n": Decimal(70000 + count)}))

    def accept(self):
        """bodies: {gateway: [what its frames say]}: a frame a second, a gap behind the kill, and one poll that failed."""
        self.readings = {"gw-1": [], "gw-2": []}
        for s in self.served:
            place = PLACES[s.meter]
            if not (place.gateway == "gw-1" and DIED - 500 < s.at_ms < BACK):  # the last flush was lost
                self.readings[place.gateway].append({"device": place.device, "ts": s.at_ms + 3, "values": dict(s.values)})
        failed = next(r for r in self.readings["gw-2"] if r["device"] == "tally" and r["ts"] > START + 12000)
        failed.pop("values")
        failed["error"] = "timeout"
        self.failed = failed
        self.gaps = {"gw-1": [{"since": max(r["ts"] for r in self.readings["gw-1"] if r["ts"] < DIED), "until": BACK - 5,
                               "reason": "killed"}], "gw-2": []}
        self.at("accept")
        self.bodies = {}
        for gateway, readings in self.readings.items():
            devices = [{"device": p.device, "site": p.site, "measurement": p.measurement} for p in PLACES.values() if p.gateway == gateway]
            events = [(r["ts"] // 1000, 1, r) for r in readings] + [(gap["until"] // 1000, 0, gap) for gap in self.gaps[gateway]]
            bodies, last = [{"kind": "hello", "ts": START, "devices": devices}], None
            for second, kind, event in sorted(events, key=lambda e: e[:2]):
                if not kind:
                    bodies.append({"kind": "gap", **event})
                    last = None
                elif last != second:
                    bodies.append({"kind": "readings", "readings": [event]})
                    last = second
                else:
                    bodies[-1]["readings"].append(event)
            self.bodies[gateway] = bodies
        self.at("frames")

    def publish(self):
        self.epochs = {g: hashlib.md5(g.encode()).hexdigest() for g in self.bodies}
        self.payloads = {g: self.framed(g, bodies) for g, bodies in self.bodies.items()}
        self.files = {g: {"00000000000000000001.seg": journal_file.segment(1, bytes(32), payloads)} for g, payloads in self.payloads.items()}

    def framed(self, gateway, bodies):
        payloads, head = [], bytes(32)
        for seq, body in enumerate(bodies, 1):
            numbers = lambda value: float(value) if isinstance(value, Decimal) else value
            body = json.loads(json.dumps(body, default=numbers))
            payloads.append(compact({"v": 1, "gateway": gateway, "epoch": self.epochs[gateway], "seq": seq, "after": head.hex()[:16], **body}))
            head = journal_file.chain(head, payloads[-1])
        return payloads

    def take(self):
        """taken: [[gateway, payload, marks]] as the collector journals them, by turns; then acks."""
        self.taken = []
        for i in range(max(map(len, self.payloads.values()))):
            for gateway, payloads in self.payloads.items():
                if i < len(payloads):
                    self.taken.append([gateway, payloads[i], "." * len(json.loads(payloads[i]).get("readings", []))])
        self.at("take")
        records = [b'start 1764000000000 0\n\n{"version":"0"}']
        for gateway, payload, marks in self.taken:
            number = gateway[-1]
            head = f"topic quietair/v1/yudu/gateway/{gateway}/stream\nfrom yudu {gateway}\nmarks {marks}" + "".join(
                f"\ndevice {p.device} {p.site} yudu {p.measurement} - -" for p in PLACES.values() if p.gateway[-1] == number)
            records.append(f"frame 1764000000000 {len(head)}\n{head}\n".encode() + payload)
        self.files["collector"] = {"00000000000000000001.seg": journal_file.segment(1, bytes(32), records)}
        collector = journal_file.parse(self.files["collector"])
        last = {g: json.loads(next(p for name, p, _ in reversed(self.taken) if name == g)) for g in self.payloads}
        self.positions = {g: (frame["epoch"], frame["seq"]) for g, frame in last.items()}
        self.position = (collector.records[-1].seq, collector.heads[collector.records[-1].seq].hex())
        self.acks = []
        for gateway, payloads in self.payloads.items():
            head = bytes(32)
            for seq, payload in enumerate(payloads, 1):
                head = journal_file.chain(head, payload)
                self.acks.append((gateway, {"epoch": self.epochs[gateway], "seq": seq, "head": head.hex()}))
        self.at("files")

    def judge(self):
        self.missing = [Missing(p.site, p.device, gap["since"], gap["until"], gap["reason"]) for p in PLACES.values()
                        for gap in self.gaps.get(p.gateway, []) if p.gateway == "gw-1"]
        self.windows, self.flags = [], []
        for second in range(SECONDS):
            level = 81.0 if second in LOUD else 44.0
            self.windows.append(Window("site-2", "club", "noise", START + 1000 * second, START + 1000 * second + 1000, level, level, LIMIT))
        since, until = START + 1000 * LOUD[0], START + 1000 * LOUD[-1] + 1000
        name = hashlib.sha256(f"noise-limit|site-2|club|{since}".encode()).hexdigest()[:16]
        for rev, state, end in ((1, "raised", 0), (2, "cleared", until)):
            body = {"id": name, "rev": rev, "flag": "noise-limit", "state": state, "site": "site-2", "device": "club", "since": since,
                    "until": end or None, "measured": Decimal("81.2"), "judged": 81, "limit": 50}
            self.flags.append(Flag(name, rev, "noise-limit", state, "site-2", "club", since, end, body))
        self.at("ledger")

    def show(self):
        self.points = []
        for gateway, payload, marks in self.taken:
            for mark, r in zip(marks, json.loads(payload, parse_float=Decimal).get("readings", [])):
                place = next((p for p in PLACES.values() if (p.gateway, p.device) == (gateway, r["device"])), None)
                if mark == "." and place and r.get("values"):
                    self.points.append(Point(place.measurement, {"site": place.site, "device": place.device}, r["ts"],
                                             {**{k: Decimal(v) for k, v in r["values"].items()}, "q": Decimal(0)}))
        at_flag = {"site": "site-2", "device": "club", "flag": "noise-limit"}
        for f in self.flags:
            self.points.append(Point("flag", dict(at_flag), f.since_ms if f.state == "raised" else f.until_ms,
                                     {"state": Decimal(1 if f.state == "raised" else 0)}))
        for w in self.windows:
            self.points.append(Point("noise_window", {**at_flag, "flag": ""}, w.from_ms, {
                "measured": Decimal(str(w.measured)), "judged": Decimal(str(w.judged)), "limit": Decimal(50)}))
        self.alerts = [{**copy.deepcopy(f.body), "published": f.since_ms + 5000, "late": 100} for f in self.flags for _ in range(2)]
        self.retained = [copy.deepcopy(self.alerts[-1])] if self.alerts else []
        self.recoveries = [Recovery("gw-1 killed", 900, False)]
        self.vitals = [Vitals("gw-1", 5000, 12, 20000, "connected\n")]
        self.at("show")

    def run(self):
        return Run(places=PLACES, served=self.served, collector=journal_file.parse(self.files["collector"]), acks=self.acks,
                   gateways={g: {self.epochs[g]: journal_file.parse(self.files[g])} for g in self.payloads},
                   ledger=Ledger(self.flags, self.windows, self.missing, self.positions, self.position), points=self.points,
                   alerts=self.alerts, retained=self.retained, interval_ms=INTERVAL, tolerance_ms=50,
                   protected=[("gw-1", START, DIED - 1100), ("gw-1", BACK - 10, 1 << 62),
                              ("gw-2", START, START + 11500), ("gw-2", START + 12600, 1 << 62)],
                   recoveries=self.recoveries, vitals=self.vitals)


# ---- the violations: I_, at which stage ------------------------------------------------------------------------------

VIOLATIONS = {}


def violation(invariant, stage):
    def keep(spoil):
        VIOLATIONS.setdefault(invariant, []).append((stage, spoil))
        return spoil
    return keep


def good(rng, story, device=None):
    """(gateway, place in its list) of a reading with values, away from the ends and from the kill."""
    choice = [(g, i) for g, readings in story.readings.items() for i, r in enumerate(readings)
              if r.get("values") and device in (None, r["device"]) and START + 2000 < r["ts"] < START + 14000
              and not DIED - 2000 < r["ts"] < BACK + 1000]
    return rng.choice(choice)


def flip(rng, value):
    digits = list(str(value))
    at = rng.choice([i for i, c in enumerate(digits) if c.isdigit()])
    digits[at] = rng.choice([d for d in "123456789" if d != digits[at]])
    return Decimal("".join(digits))


@violation("I1", "accept")
def one_digit(rng, s):
    g, i = good(rng, s)
    values = s.readings[g][i]["values"]
    name = rng.choice(list(values))
    values[name] = flip(rng, values[name])


@violation("I1", "accept")
def registers_swapped(rng, s):
    g, i = good(rng, s)
    values = s.readings[g][i]["values"]
    (a, x), (b, y) = values.items()
    values[a], values[b] = y, x


@violation("I1", "accept")
def another_device_s_answer(rng, s):
    """A late answer taken for another's."""
    g, i = good(rng, s, "tally")
    j = next(j for j in range(i + 1, len(s.readings[g])) if s.readings[g][j]["device"] == "club")
    s.readings[g][i]["values"]["n"] = s.readings[g][j]["values"]["n"]


@violation("I1", "accept")
def the_answer_before(rng, s):
    g, i = good(rng, s)
    r = s.readings[g][i]
    r["values"] = next(q["values"] for q in reversed(s.readings[g][:i]) if q["device"] == r["device"])


@violation("I1", "accept")
def another_time(rng, s):
    g, i = good(rng, s)
    s.readings[g][i]["ts"] += rng.choice((-1, 1)) * rng.choice((120, 130))


@violation("I1", "accept")
def invented(rng, s):
    g, i = good(rng, s)
    s.readings[g].insert(i + 1, {**s.readings[g][i], "ts": s.readings[g][i]["ts"] + 100, "values": {"n": Decimal(1)}})


@violation("I1", "accept")
def the_other_street_s_answer(rng, s):
    _, i = good(rng, s, "tally")
    i = min(i, len(s.readings["gw-1"]) - 1, len(s.readings["gw-2"]) - 1)
    r = next(r for r in s.readings["gw-1"][i // 4:] if r["device"] == "tally")
    r["values"] = next(q["values"] for q in s.readings["gw-2"][i // 4:] if q["device"] == "tally" and "values" in q)


@violation("I1", "accept")
def a_register_more(rng, s):
    g, i = good(rng, s)
    s.readings[g][i]["values"] = {**s.readings[g][i]["values"], "x": Decimal(1)}


@violation("I1", "accept")
def a_register_less(rng, s):
    g, i = good(rng, s)
    s.readings[g][i]["values"].pop("n")


@violation("I1", "frames")
def a_device_nobody_has(rng, s):
    bodies = [b for b in s.bodies["gw-2"] if b["kind"] == "readings"]
    rng.choice(bodies)["readings"].append({"device": "ghost", "ts": START + 5000, "values": {"n": 1}})


def index(rng, s, readings=True, inner=True):
    """One taken frame."""
    last = {g: max(i for i, t in enumerate(s.taken) if t[0] == g) for g in s.payloads}
    return rng.choice([i for i, (g, _, marks) in enumerate(s.taken) if bool(marks) == readings and (not inner or i != last[g])])


@violation("I2", "take")
def a_frame_is_missing(rng, s):
    del s.taken[index(rng, s)]


@violation("I2", "take")
def the_last_frames_are_missing(rng, s):
    g = rng.choice(("gw-1", "gw-2"))
    for _ in range(rng.randrange(1, 4)):
        del s.taken[max(i for i, t in enumerate(s.taken) if t[0] == g)]


@violation("I2", "take")
def a_frame_comes_twice(rng, s):
    i = index(rng, s)
    s.taken.insert(i + 1 + 2 * rng.randrange(3), list(s.taken[i]))


@violation("I2", "take")
def two_frames_change_places(rng, s):
    i, g = index(rng, s), None
    g = s.taken[i][0]
    j = next(j for j in range(i + 1, len(s.taken)) if s.taken[j][0] == g)
    s.taken[i], s.taken[j] = s.taken[j], s.taken[i]


@violation("I2", "take")
def other_bytes(rng, s):
    i = index(rng, s)
    s.taken[i][1] = s.taken[i][1].replace(b'"values"', b'"value" ', 1) if rng.random() < 0.3 else \
        s.taken[i][1].replace(b'"n":', b'"n":1', 1)


@violation("I2", "take")
def one_reading_is_refused(rng, s):
    i = index(rng, s)
    marks = list(s.taken[i][2])
    marks[rng.randrange(len(marks))] = "x"
    s.taken[i][2] = "".join(marks)


@violation("I2", "take")
def one_reading_is_called_a_repeat(rng, s):
    i = index(rng, s)
    marks = list(s.taken[i][2])
    marks[rng.randrange(len(marks))] = "r"
    s.taken[i][2] = "".join(marks)


@violation("I2", "take")
def a_frame_too_many(rng, s):
    g = rng.choice(("gw-1", "gw-2"))
    body = json.loads(s.payloads[g][-1])
    body.update(seq=body["seq"] + 1, after=s_head(s.payloads[g])[:16], kind="readings", readings=[])
    s.taken.append([g, compact(body), ""])


def s_head(payloads):
    head = bytes(32)
    for p in payloads:
        head = journal_file.chain(head, p)
    return head.hex()


@violation("I2", "take")
def framed_anew_and_counted_again(rng, s):
    """The same reading in a second frame of a second epoch."""
    i = index(rng, s)
    body = json.loads(s.taken[i][1])
    body.update(epoch="f" * 32, seq=1, after="0" * 16, anew=True)
    s.taken.insert(len(s.taken) - 4, [s.taken[i][0], compact(body), s.taken[i][2]])


@violation("I2", "ledger")
def the_ledger_stands_elsewhere(rng, s):
    g = rng.choice(("gw-1", "gw-2"))
    s.positions[g] = (s.positions[g][0], s.positions[g][1] - rng.choice((-1, 1, 5)))


@violation("I3", "accept")
def a_reading_left_out(rng, s):
    g, i = good(rng, s)
    del s.readings[g][i]


@violation("I3", "accept")
def a_second_left_out(rng, s):
    g, i = good(rng, s)
    ts = s.readings[g][i]["ts"]
    s.readings[g] = [r for r in s.readings[g] if not ts <= r["ts"] < ts + 1000]


@violation("I3", "accept")
def the_gap_not_said(rng, s):
    s.gaps["gw-1"].clear()


@violation("I3", "accept")
def the_gap_said_too_short(rng, s):
    s.gaps["gw-1"][0]["since"] += rng.randrange(800, 2500)


@violation("I3", "accept")
def the_gap_said_over_what_no_fault_cost(rng, s):
    gap = s.gaps["gw-1"][0]
    gap["since"] -= rng.randrange(1500, 3000)
    s.readings["gw-1"] = [r for r in s.readings["gw-1"] if not gap["since"] < r["ts"] < gap["until"]]


@violation("I3", "accept")
def a_gap_without_a_fault(rng, s):
    since = s.readings["gw-2"][rng.randrange(20, 40)]["ts"]
    s.gaps["gw-2"].append({"since": since, "until": since + 5, "reason": "killed"})


@violation("I3", "accept")
def a_gap_for_no_reason(rng, s):
    s.gaps["gw-1"][0]["reason"] = rng.choice(("", "unknown", "bored"))


@violation("I3", "accept")
def two_gaps_over_one_interval(rng, s):
    gap = s.gaps["gw-1"][0]
    s.gaps["gw-1"].append({**gap, "since": gap["since"] + rng.randrange(100, 900), "until": gap["until"] + 1})


@violation("I3", "accept")
def a_reading_inside_the_gap(rng, s):
    r = next(r for r in s.readings["gw-1"] if r["ts"] > BACK)
    s.gaps["gw-1"][0]["until"] = r["ts"] + rng.randrange(1, 300)


@violation("I3", "accept")
def the_failed_poll_not_said(rng, s):
    s.readings["gw-2"].remove(s.failed)


@violation("I3", "ledger")
def the_gap_not_in_the_ledger(rng, s):
    del s.missing[rng.randrange(len(s.missing))]


@violation("I3", "ledger")
def missing_in_the_ledger_only(rng, s):
    s.missing.append(Missing("site-2", "tally", START + 5000, START + rng.randrange(5100, 9000), "killed"))


def reading_point(rng, s):
    return rng.choice([i for i, p in enumerate(s.points) if p.measurement in ("tally", "noise")])


@violation("I4", "show")
def a_point_is_missing(rng, s):
    del s.points[reading_point(rng, s)]


@violation("I4", "show")
def a_point_comes_twice(rng, s):
    i = reading_point(rng, s)
    s.points.append(s.points[i]._replace(ts=s.points[i].ts + rng.choice((0, 1, -1))))


@violation("I4", "show")
def a_point_s_digit(rng, s):
    fields = s.points[reading_point(rng, s)].fields
    name = rng.choice([n for n in fields if n != "q"])
    fields[name] = flip(rng, fields[name])


@violation("I4", "show")
def a_point_a_millisecond_off(rng, s):
    i = reading_point(rng, s)
    s.points[i] = s.points[i]._replace(ts=s.points[i].ts + rng.choice((-1, 1)))


@violation("I4", "show")
def a_point_of_the_other_site(rng, s):
    i = reading_point(rng, s)
    other = "site-1" if s.points[i].tags["site"] == "site-2" else "site-2"
    s.points[i] = s.points[i]._replace(tags={**s.points[i].tags, "site": other})


@violation("I4", "show")
def a_point_s_quality(rng, s):
    s.points[reading_point(rng, s)].fields["q"] = Decimal(rng.choice((1, 8)))


@violation("I4", "show")
def a_field_less(rng, s):
    fields = s.points[reading_point(rng, s)].fields
    fields.pop(rng.choice([n for n in fields if n != "q"]))


@violation("I4", "show")
def a_field_more(rng, s):
    s.points[reading_point(rng, s)].fields["invented"] = Decimal(0)


def judged_point(rng, s):
    return rng.choice([i for i, p in enumerate(s.points) if p.measurement in ("flag", "noise_window")])


@violation("I4", "show")
def a_judgement_is_missing(rng, s):
    del s.points[judged_point(rng, s)]


@violation("I4", "show")
def a_judgement_is_shown_otherwise(rng, s):
    fields = s.points[judged_point(rng, s)].fields
    name = rng.choice([n for n in fields if n != "limit"])
    fields[name] += 1


@violation("I5", "show")
def forged(rng, s):
    s.alerts.append({**s.alerts[0], "id": "%016x" % rng.randrange(1 << 64)})


@violation("I5", "show")
def never_told(rng, s):
    rev = rng.choice((1, 2))
    s.alerts = [a for a in s.alerts if a["rev"] != rev]


@violation("I5", "show")
def told_with_another_digit(rng, s):
    alert = rng.choice(s.alerts)
    name = rng.choice(("measured", "judged", "limit"))
    alert[name] = flip(rng, alert[name])


@violation("I5", "show")
def told_as_another_state(rng, s):
    rng.choice(s.alerts)["state"] = "withdrawn"


@violation("I5", "show")
def a_revision_too_many(rng, s):
    s.alerts.append({**s.alerts[-1], "rev": 3 + rng.randrange(5)})


@violation("I5", "show")
def the_retained_one_is_old(rng, s):
    s.retained = [s.alerts[0]] if rng.random() < 0.5 else []


@violation("I5", "show")
def another_site_is_told_of(rng, s):
    s.retained.append({**s.alerts[-1], "site": "site-1"})


@violation("I5", "ledger")
def a_row_is_missing(rng, s):
    del s.flags[rng.randrange(2)]


@violation("I5", "ledger")
def a_row_twice(rng, s):
    s.flags.append(rng.choice(s.flags))


@violation("I5", "ledger")
def another_id(rng, s):
    name = "%016x" % rng.randrange(1 << 64)
    s.flags = [f._replace(id=name, body={**f.body, "id": name}) for f in s.flags]


@violation("I5", "ledger")
def a_flag_without_ground(rng, s):
    i = next(i for i, w in enumerate(s.windows) if w.from_ms == s.flags[0].since_ms)
    s.windows[i] = s.windows[i]._replace(judged=LIMIT)


@violation("I5", "ledger")
def a_window_over_the_limit_without_flag(rng, s):
    i = rng.choice([i for i, w in enumerate(s.windows) if (w.from_ms - START) // 1000 not in LOUD])
    s.windows[i] = s.windows[i]._replace(judged=LIMIT + rng.randrange(1, 30))


def file_of(rng, s, who=None):
    """(whose, its bytes, where its records begin)"""
    who = who or rng.choice(list(s.files))
    text = next(iter(s.files[who].values()))
    starts, at = [], journal_file.SEGMENT.size
    while at < len(text):
        starts.append(at)
        at += journal_file.RECORD.size + journal_file.RECORD.unpack_from(text, at)[1]
    return who, text, [*starts, len(text)]


def put(s, who, text):
    s.files[who] = {name: text for name in s.files[who]}


@violation("I6", "files")
def any_bit(rng, s):
    who, text, _ = file_of(rng, s)
    text = bytearray(text)
    text[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
    put(s, who, bytes(text))


@violation("I6", "files")
def a_record_cut_out(rng, s):
    who, text, starts = file_of(rng, s)
    i = rng.randrange(len(starts) - 2)
    put(s, who, text[:starts[i]] + text[starts[i + 1]:])


@violation("I6", "files")
def two_records_swapped(rng, s):
    who, text, starts = file_of(rng, s)
    i = rng.randrange(len(starts) - 2)
    a, b, c = starts[i:i + 3]
    put(s, who, text[:a] + text[b:c] + text[a:b] + text[c:])


@violation("I6", "files")
def a_record_put_in(rng, s):
    who, text, starts = file_of(rng, s)
    i = rng.randrange(1, len(starts) - 1)
    put(s, who, text[:starts[i]] + text[starts[i - 1]:])


@violation("I6", "files")
def the_tail_cut_off(rng, s):
    """At a record's end: only the other side can tell."""
    who, text, starts = file_of(rng, s)
    put(s, who, text[:starts[-rng.randrange(2, 5)]])


@violation("I6", "files")
def the_tail_torn(rng, s):
    who, text, starts = file_of(rng, s)
    put(s, who, text[:rng.randrange(starts[-2] + 1, len(text))])


@violation("I6", "files")
def zeros_within(rng, s):
    who, text, _ = file_of(rng, s)
    at, n = rng.randrange(len(text) - 64), rng.randrange(16, 64)
    put(s, who, text[:at] + bytes(n) + text[at + n:])


@violation("I6", "files")
def a_record_forged_with_its_sums(rng, s):
    """Every record after it fits it no more; of the last one only the other end, or the ledger, can tell."""
    who, text, starts = file_of(rng, s)
    bodies = [text[a + journal_file.RECORD.size:b] for a, b in zip(starts, starts[1:])]
    i = rng.choice((len(bodies) - 1, rng.randrange(len(bodies))))
    bodies[i] = bodies[i].replace(b"2", b"3", 1) if b"2" in bodies[i] else bodies[i] + b" "
    forged = journal_file.segment(1, bytes(32), bodies)
    put(s, who, text[:starts[i]] + forged[starts[i]:starts[i + 1]] + text[starts[i + 1]:])


@violation("I6", "files")
def the_whole_chain_forged(rng, s):
    """All sums and hashes made anew: the other end has other ones."""
    who, text, starts = file_of(rng, s)
    bodies = [text[a + journal_file.RECORD.size:b] for a, b in zip(starts, starts[1:])]
    i = rng.randrange(len(bodies))
    bodies[i] = bodies[i].replace(b"1764", b"1765", 1) if b"1764" in bodies[i] else bodies[i] + b" "
    put(s, who, journal_file.segment(1, bytes(32), bodies))


@violation("I6", "files")
def an_ack_of_another_chain(rng, s):
    i = rng.randrange(len(s.acks))
    gateway, ack = s.acks[i]
    s.acks[i] = (gateway, {**ack, "head": "%064x" % rng.randrange(1 << 256)})


class Invariants(unittest.TestCase):
    def test_a_true_record_is_clean(self):
        for n in range(10):
            story = Story(random.Random(SEED + n))
            report = invariants.check(story.run())
            self.assertEqual([str(v) for v in report.violations], [], f"SEED={SEED}, {n}")
            lost = sum(PLACES[s.meter].gateway == "gw-1" and DIED - 500 < s.at_ms < BACK for s in story.served)
            self.assertEqual(report.matched, len(story.served) - lost - 1)
            self.assertEqual(sum(report.excused.values()), lost + 1)

    def test_each_of_240_seeded_violations_is_flagged_as_what_it_is(self):
        missed, seen, rng = [], {}, random.Random(SEED)
        for invariant, kinds in VIOLATIONS.items():
            self.assertGreaterEqual(len(kinds), 8, invariant)
            for n in range(40):
                stage, spoil = kinds[n % len(kinds)]
                report = invariants.check(Story(rng, stage, spoil).run())
                if invariant not in report.invariants():
                    missed.append((invariant, spoil.__name__, n, sorted(report.invariants())))
                else:
                    seen[invariant] = seen.get(invariant, 0) + 1
        print(f"SEED={SEED}: {seen}")
        self.assertEqual(missed, [], f"SEED={SEED}")
        self.assertEqual(seen, dict.fromkeys(("I1", "I2", "I3", "I4", "I5", "I6"), 40))

    def test_recovery_and_bounds(self):
        def found(rng, **spoilt):
            story = Story(rng)
            for name, value in spoilt.items():
                setattr(story, name, value)
            return invariants.check(story.run()).invariants()
        rng = random.Random(SEED)
        well = Vitals("gw-1", 5000, 12, 20000, "connected\n")
        self.assertEqual(found(rng, recoveries=[Recovery("x", 60000, False)], vitals=[well]), set())
        self.assertEqual(found(rng, recoveries=[Recovery("x", 60001, False)]), {"I7"})
        self.assertEqual(found(rng, recoveries=[Recovery("x", 1, True)]), {"I7"})
        for spoilt in ({"rss_kb": 1 << 20}, {"fds": 1000}, {"log_bytes": 1 << 30}, {"output": "==7==ERROR: AddressSanitizer: heap"},
                       {"output": "journal.c:7:3: runtime error: signed integer overflow"}):
            self.assertEqual(found(rng, vitals=[well._replace(**spoilt)]), {"I8"}, spoilt)

    def test_a_dead_broker_excuses_an_alert_but_not_the_newest(self):
        story = Story(random.Random(SEED))
        run = story.run()
        run.deaf = True
        run.alerts = [a for a in story.alerts if a["rev"] == 2]
        self.assertEqual(invariants.check(run).violations, [])
        run.alerts = [a for a in story.alerts if a["rev"] == 1]
        self.assertEqual(invariants.check(run).invariants(), {"I5"})


if __name__ == "__main__":
    unittest.main()
