"""What must hold of a run whatever was killed, judged from what each part left: invariants I1 to I8.

  I1 truth          every accepted reading is what the meter served then, register by register
  I2 conservation   what the gateways accepted is what the collector's journal counts, each reading once, in the order said
  I3 no silent slot what a meter served is accepted, or lies in exactly one declared interval that a fault could cost
  I4 view           the time series is what the journal and the ledger say: not a point more or fewer
  I5 alerts         the ledger's alerts are those told, each once in the ledger, its id as the format prescribes
  I6 integrity      both journals verify to the last byte, and both ends agree on the chain
  I7 recovery       back within a minute, by no one's hand
  I8 bounded        no crash, no sanitizer's report; memory, descriptors and logs within limits

It reads files and messages (gather.py fetches them) and shares no code with the product.  tests/e2e/test_46_invariants.py
shows that it sees what it should; what checker.py sees already is asked of it.
"""
import collections
import hashlib
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal

import checker
from influx import Point
from stream import Frame

RECOVERY_MS = 60000
RSS_KB, FDS, LOG_BYTES = 64 * 1024, 64, 4 << 20
QUALITY = {"range": 1, "stuck": 2, "jump": 4, "clock": 8, "calibration": 16}
GAP_REASONS = {"killed", "power", "stopped", "lost", "clock"}
LOST_REASONS = {"quota", "corrupt", "refused", "acked-then-forgotten"}
CRASHES = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:|stack smashing|"
                     r"Assertion .* failed|Segmentation fault|core dumped")

Vitals = collections.namedtuple("Vitals", "name rss_kb fds log_bytes output")
Recovery = collections.namedtuple("Recovery", "what took_ms by_hand")
Flag = collections.namedtuple("Flag", "id rev flag state site device since_ms until_ms body")  # device: or gateway
Window = collections.namedtuple("Window", "site device rule from_ms to_ms measured judged limit")
Missing = collections.namedtuple("Missing", "site device from_ms to_ms reason")
Held = collections.namedtuple("Held", "gateway place reading mark at")  # a reading that the collector's journal counts


@dataclass
class Ledger:
    flags: list
    windows: list
    missing: list
    gateways: dict  # {gateway: (epoch, seq)}
    position: tuple  # seq and head of the last record folded


@dataclass
class Run:
    """All that was left behind.  Everything stands still when it is gathered."""
    places: dict  # {meter: checker.Place}
    served: list  # checker.Served
    gateways: dict  # {gateway: {epoch: journal_file.Journal}}, the epoch written last comes last
    collector: object  # journal_file.Journal
    acks: list  # (gateway, ack) as heard
    ledger: Ledger
    points: list  # influx.Point
    alerts: list  # payloads of alert topics as heard
    retained: list  # what a late subscriber hears
    protected: list  # (gateway, from, to) that no fault can have cost
    interval_ms: int = 100
    tolerance_ms: int = 500
    recoveries: list = field(default_factory=list)
    vitals: list = field(default_factory=list)
    unlived: dict = field(default_factory=dict)  # {gateway: [(from, to)]} of its own clock, which was set over them
    deaf: bool = False  # a broker that died may have dropped alerts which the collector had sent: only the newest must be heard


class Report(checker.Report):
    """Violations whose kind begins with the invariant: `I2 twice`."""

    def invariants(self):
        return {v.kind.split()[0] for v in self.violations}


class Taken:
    """What the collector's journal says, read once."""

    def __init__(self, run):
        self.frames, self.held, self.faults = [], [], []
        by_device = {(p.gateway, p.site, p.device): p for p in run.places.values()}
        for record in run.collector.records:
            kind, head, body = _collector_record(record.body)
            if kind not in ("frame", "repair"):
                continue
            try:
                frame = Frame(body)
            except (ValueError, KeyError) as e:
                self.faults.append((record.seq, f"unreadable frame: {e}"))
                continue
            if kind == "frame":
                self.frames.append((record.seq, frame))
            marks, permits = head.get("marks", [""])[0], {}
            for line in head.get("device", []):
                device, site, _district, _measurement, refused, *_ = line.split(" ")
                permits[device] = site if refused == "-" else None
            if len(marks) != len(frame.readings):
                self.faults.append((record.seq, f"{len(marks)} marks on {len(frame.readings)} readings"))
            for mark, reading in zip(marks, frame.readings):
                site = permits.get(reading.get("device"))
                place = by_device.get((frame.gateway, site, reading.get("device")))
                if mark in ".c" and place is None:
                    self.faults.append((record.seq, f"counts a reading of {site}/{reading.get('device')}, which nobody has"))
                elif mark in ".c":
                    self.held.append(Held(frame.gateway, place, reading, mark, record.seq))


def _collector_record(body):
    """kind, {word: [rest of its lines]}, body: `KIND RECEIPT HEADLENGTH\\n` head `\\n` body."""
    line, _, rest = body.partition(b"\n")
    kind, _receipt, length = line.decode().split(" ")
    head = collections.defaultdict(list)
    for text in rest[:int(length)].decode().split("\n"):
        word, _, more = text.partition(" ")
        head[word].append(more)
    return kind, head, rest[int(length) + 1:]


def check(run):
    report, taken = Report(), Taken(run)
    for examine in (_truth_and_slots, _conservation, _declarations, _view, _alerts, _integrity, _recovery, _bounds):
        examine(run, taken, report)
    return report


# ---- I1, I3: against the meters --------------------------------------------------------------------------------------

def _truth_and_slots(run, taken, report):
    frames = [frame for _, frame in taken.frames]
    excuses = checker.clip(checker.excuses_of(frames), run.protected)
    held = [_point(h.place, h.reading) for h in taken.held if h.reading.get("values")]
    against = checker.check(run.served, held, run.places, excuses, run.tolerance_ms)
    for v in against.violations:
        report.violations.append(v._replace(kind="I3 silent" if v.kind == "missing" else f"I1 {v.kind}"))
    report.matched, report.excused = against.matched, against.excused
    by_device = {(p.gateway, p.site, p.device): p for p in run.places.values()}
    for gateway, epochs in run.gateways.items():  # also what never reached the collector must be true
        points = {}
        for frame in _frames_of(epochs, report, gateway):
            site = {d["device"]: d["site"] for d in frame.body.get("devices", [])}
            for r in frame.readings:
                place = next((p for (g, _, d), p in by_device.items() if (g, d) == (gateway, r.get("device"))), None)
                if place is None:
                    report.add("I1 stranger", (gateway, str(r.get("device"))), r.get("ts", 0), "accepted of a device that nobody has")
                elif r.get("values"):
                    points[place.key, r["ts"]] = _point(place, r)
            for device, at in site.items():
                if not any((g, s, d) == (gateway, at, device) for g, s, d in by_device):
                    report.add("I1 stranger", (gateway, device), frame.body.get("ts", 0), f"said to stand at {at}")
        own = {m: p for m, p in run.places.items() if p.gateway == gateway}
        for v in checker.check(run.served, list(points.values()), own, [], run.tolerance_ms).violations:
            if v.kind != "missing":
                report.violations.append(v._replace(kind=f"I1 {v.kind} at the gateway"))


def _point(place, reading):
    return Point(place.measurement, {"site": place.site, "device": place.device}, reading["ts"],
                 {name: Decimal(value) for name, value in reading["values"].items()})


def _frames_of(epochs, report=None, gateway=""):
    frames = []
    for journal in epochs.values():
        for record in journal.records:
            try:
                frames.append(Frame(record.body))
            except (ValueError, KeyError) as e:
                if report:
                    report.add("I6 frame", (gateway,), record.seq, f"unreadable: {e}")
    return frames


# ---- I2: what was accepted is what is held ---------------------------------------------------------------------------

def _conservation(run, taken, report):
    for seq, text in taken.faults:
        report.add("I2 record", ("collector",), seq, text)
    held, last = {}, {}
    for at, frame in taken.frames:
        key = frame.gateway, frame.epoch
        due = last.get(key, 0) + 1
        if frame.first != due:
            report.add("I2 order", key, frame.seq, f"{frame} stands at {at} where {due} should")
        if (key, frame.seq) in held:
            report.add("I2 twice", key, frame.seq, f"{frame} is held twice")
        held[key, frame.seq] = frame
        last[key] = max(frame.seq, due - 1)
    for gateway, epochs in run.gateways.items():
        _conserved(gateway, epochs, held, last, taken, report)
    for gateway in {g for g, _ in last} - set(run.gateways):
        report.add("I2 stranger", (gateway,), 0, "held of a gateway that does not exist")
    count = collections.Counter((*h.place.key, h.reading["ts"]) for h in taken.held)
    for (site, device, ts), n in count.items():
        if n > 1:
            report.add("I2 twice", (site, device), ts, f"this reading counts {n} times")
    for gateway in run.gateways:
        newest = next((f for _, f in reversed(taken.frames) if f.gateway == gateway), None)
        said = run.ledger.gateways.get(gateway)
        if said != (newest and (newest.epoch, newest.seq)):
            report.add("I2 ledger", (gateway,), 0, f"the ledger stands at {said}, the journal at {newest}")


def _conserved(gateway, epochs, held, last, taken, report):
    counted = {(h.place.device, h.reading["ts"]) for h in taken.held if h.gateway == gateway}
    for number, (epoch, journal) in enumerate(epochs.items()):
        key, present = (gateway, epoch), number == len(epochs) - 1
        for record in journal.records:
            there = held.get((key, record.seq))
            if there is None and present and not any(
                    f.kind == "lost" and f.first <= record.seq <= f.seq for (k, _), f in held.items() if k == key):
                report.add("I2 lost", key, record.seq, "accepted, not held")
            elif there is not None and there.kind != "lost" and there.payload != record.body:
                report.add("I2 changed", key, record.seq, "held with other bytes")
            for r in json.loads(record.body).get("readings", []):
                if "ts" in r and (r.get("device"), r["ts"]) not in counted:
                    report.add("I2 lost", (gateway, str(r.get("device"))), r["ts"], f"accepted in {record.seq}, does not count")
        if journal.records and last.get(key, 0) > journal.records[-1].seq:
            report.add("I2 invented", key, last[key], f"held, while the gateway ends at {journal.records[-1].seq}")
    for key in last:
        if key[0] == gateway and key[1] not in epochs:
            report.add("I2 invented", key, last[key], "of an epoch that the gateway never had")
    accepted = {(r.get("device"), r.get("ts")) for frame in _frames_of(epochs) for r in frame.readings}
    first = {epoch: journal.records[0].seq for epoch, journal in epochs.items() if journal.records}
    if all(seq == 1 for seq in first.values()):  # nothing was trimmed: the gateway still knows all that it accepted
        for device, ts in counted - accepted:
            report.add("I2 invented", (gateway, device), ts, "counts, was never accepted")


# ---- I3: what is declared missing ------------------------------------------------------------------------------------

def _declarations(run, taken, report):
    frames = [frame for _, frame in taken.frames]
    gaps = collections.defaultdict(list)
    for frame in frames:
        if frame.kind == "gap":
            gaps[frame.gateway].append((frame.body["since"], frame.body["until"], frame.body.get("reason")))
            if frame.body.get("reason") not in GAP_REASONS:
                report.add("I3 reason", (frame.gateway,), frame.body["since"], f"a gap for {frame.body.get('reason')}")
        elif frame.kind == "lost" and frame.body.get("reason") not in LOST_REASONS:
            report.add("I3 reason", (frame.gateway,), frame.seq, f"lost for {frame.body.get('reason')}")
    for v in checker.contradictions(frames).violations:
        report.violations.append(v._replace(kind="I3 contradiction"))
    for gateway, spans in gaps.items():
        for (_, until, _), (since, _, _) in zip(sorted(spans, key=str), sorted(spans, key=str)[1:]):
            if since < until:
                report.add("I3 doubly", (gateway,), since, f"this gap begins before the one that ends at {until}")
        sound = [(start, end) for name, start, end in run.protected if name == gateway]
        for since, until, _ in spans:
            if since and any(start <= since and until <= end for start, end in sound):
                report.add("I3 cheap", (gateway,), since, f"a gap until {until}, while nothing was wrong")
    _holes(run, taken, checker.excuses_of(frames), report)
    _told_missing(run, taken, gaps, report)


def _holes(run, taken, excuses, report):
    """A slot without reading, error or declaration.  A late poll is none: only what is longer than some slots."""
    longest = 10 * run.interval_ms + 1500
    times = collections.defaultdict(list)
    for h in taken.held:
        times[h.place.key].append(h.reading["ts"])
    for place in run.places.values():
        at = sorted(times[place.key])
        if not at:
            report.add("I3 hole", place.key, 0, "never heard of")
        for one, other in zip(at, at[1:]):
            set_over = any(since - longest < one and other < until + longest for since, until in run.unlived.get(place.gateway, ()))
            if other - one > longest and not set_over and not any(e.gateway == place.gateway and e.device in (None, place.device) and
                                                 e.since < other and e.until > one for e in excuses):
                report.add("I3 hole", place.key, one, f"no word until {other}")


def _told_missing(run, taken, gaps, report):
    """A gap of a gateway is a row of each of its devices, but for the one before the device was first heard of."""
    rows = collections.defaultdict(list)
    for m in run.ledger.missing:
        rows[m.site, m.device].append(m)
    times = collections.defaultdict(list)
    for h in taken.held:
        times[h.place.key].append(h.reading["ts"])
    for place in run.places.values():
        declared = gaps.get(place.gateway, [])
        for since, until, reason in declared:
            known = any(t <= since for t in times[place.key]) and any(t >= until for t in times[place.key])
            if known and since < until and not any(m.from_ms < until and m.to_ms > since and m.reason == reason
                                                   for m in rows[place.key]):
                report.add("I3 ledger", place.key, since, f"the gap until {until} is not in the ledger")
        lost = any(f.kind == "lost" and f.gateway == place.gateway for _, f in taken.frames)
        for m in rows[place.key]:
            if m.reason in GAP_REASONS and not lost and not any(s <= m.from_ms and m.to_ms <= u for s, u, _ in declared):
                report.add("I3 ledger", place.key, m.from_ms, f"missing until {m.to_ms} ({m.reason}), which no gap says")


# ---- I4: what can be seen --------------------------------------------------------------------------------------------

def _view(run, taken, report):
    expected = {}
    for h in taken.held:
        if h.reading.get("values"):
            why = [*h.reading.get("why", []), *(["clock"] if h.mark == "c" else [])]
            expected[h.place.measurement, h.place.site, h.place.device, "", h.reading["ts"]] = {
                **{name: Decimal(value) for name, value in h.reading["values"].items()},
                "q": Decimal(sum(QUALITY[w] for w in set(why)))}
    for f in run.ledger.flags:
        key = ["flag", f.site, f.device, f.flag]
        if f.state == "raised":
            expected[(*key, f.since_ms)] = {"state": Decimal(1)}
        elif f.state == "cleared":
            expected[(*key, f.until_ms)] = {"state": Decimal(0)}
    for w in run.ledger.windows:
        if w.rule == "noise":
            expected["noise_window", w.site, w.device, "", w.from_ms] = {"measured": _number(w.measured), "judged": _number(w.judged)}
    seen = set()
    for p in run.points:
        key = p.measurement, p.tags.get("site", ""), p.tags.get("device") or p.tags.get("gateway", ""), p.tags.get("flag", ""), p.ts
        if key in seen:
            report.add("I4 twice", _words(key), p.ts, "two points in one place")
        seen.add(key)
        due = expected.get(key)
        if due is None:
            report.add("I4 surplus", _words(key), p.ts, "stands in no record")
            continue
        exact = p.measurement not in ("flag", "noise_window")
        shown = p.fields if exact else {name: p.fields.get(name) for name in due}
        if shown != due:
            report.add("I4 changed", _words(key), p.ts, f"{_values(due)} is shown as {_values(p.fields)}")
    for key in expected.keys() - seen:
        report.add("I4 not shown", _words(key), key[-1], _values(expected[key]))


def _number(value):
    return None if value is None else Decimal(str(value))


def _words(key):
    return tuple(str(k) for k in key[:-1])


def _values(fields):
    return " ".join(f"{name}={value}" for name, value in fields.items())


# ---- I5: what was told -----------------------------------------------------------------------------------------------

def _alerts(run, taken, report):
    ledger, newest = {}, {}
    for f in run.ledger.flags:
        key = f.flag, f.site, f.device
        if (f.id, f.rev) in ledger:
            report.add("I5 twice", key, f.since_ms, f"{f.id} rev {f.rev} stands twice in the ledger")
        ledger[f.id, f.rev] = f
        newest[key] = max(newest.get(key, f), f, key=lambda g: (g.since_ms, g.rev))
        text = "|".join((f.flag, f.site or "-", f.device, str(f.since_ms)))
        if f.id != hashlib.sha256(text.encode()).hexdigest()[:16]:
            report.add("I5 id", key, f.since_ms, f"{f.id} is not the id of {text}")
    _lives(run.ledger.flags, report)
    heard = set()
    for message in run.alerts:
        key = _whose(message)
        row = ledger.get((message.get("id"), message.get("rev")))
        if row is None:
            report.add("I5 forged", key, message.get("since", 0),
                       f"{message.get('id')} rev {message.get('rev')} was told, the ledger has it not")
            continue
        heard.add((row.id, row.rev))
        _same_alert(message, row, report)
    for key, f in ledger.items():
        if key not in heard and (not run.deaf or f == newest[f.flag, f.site, f.device]):
            report.add("I5 untold", (f.flag, f.site, f.device), f.since_ms, f"{f.id} rev {f.rev} was never told")
    last = {_whose(m): (m["id"], m["rev"]) for m in run.retained}
    for key, f in newest.items():
        if last.pop(key, None) != (f.id, f.rev):
            report.add("I5 retained", key, f.since_ms, f"a late subscriber is not told {f.id} rev {f.rev}")
    for key in last:
        report.add("I5 retained", key, 0, "a late subscriber is told what the ledger has not")
    _rest_on_windows(run, report)


def _whose(alert):
    return str(alert.get("flag")), alert.get("site") or "", alert.get("device") or alert.get("gateway") or ""


def _same_alert(message, row, report):
    told = {k: v for k, v in message.items() if k not in ("published", "late")}
    if told != row.body or (row.flag, row.site, row.device) != _whose(told) or (row.state, row.since_ms, row.until_ms or None) != (
            told.get("state"), told.get("since"), told.get("until")):
        report.add("I5 changed", (row.flag, row.site, row.device), row.since_ms, f"{row.id} rev {row.rev} was told otherwise")


def _lives(flags, report):
    """Each is raised, then cleared or withdrawn; the next of its kind begins after that."""
    lives = collections.defaultdict(lambda: collections.defaultdict(list))
    for f in flags:
        lives[f.flag, f.site, f.device][f.since_ms].append(f)
    for key, by_since in lives.items():
        ended = 0
        for since, revs in sorted(by_since.items()):
            revs.sort(key=lambda f: f.rev)
            states = [f.state for f in revs]
            if [f.rev for f in revs] != list(range(1, len(revs) + 1)) or states[0] != "raised" or states.count("raised") > 1:
                report.add("I5 life", key, since, f"revisions {[(f.rev, f.state) for f in revs]}")
            if since < ended or ended is None:
                report.add("I5 life", key, since, "raised again before it was cleared")
            ended = next((f.until_ms for f in revs if f.state != "raised"), None)
            ended = ended if ended is not None else 1 << 62


def _rest_on_windows(run, report):
    """noise-limit, with raise_after = clear_after = 1: windows over the limit lie in a flag's life, others do not."""
    windows = {(w.site, w.device, w.from_ms): w for w in run.ledger.windows if w.rule == "noise"}
    lives = collections.defaultdict(dict)
    for f in run.ledger.flags:
        if f.flag != "noise-limit":
            continue
        lives[f.site, f.device][f.since_ms] = max(f.until_ms, lives[f.site, f.device].get(f.since_ms, 0))
        w = windows.get((f.site, f.device, f.since_ms))
        if w is None or w.judged is None or w.judged <= w.limit:
            report.add("I5 groundless", (f.flag, f.site, f.device), f.since_ms, f"rests on {w}")
    for (site, device, at), w in windows.items():
        if w.judged is None:
            continue
        flagged = any(since <= at and (until == 0 or at < until) for since, until in lives[site, device].items())
        if w.judged > w.limit and not flagged:
            report.add("I5 unflagged", ("noise-limit", site, device), at, f"judged {w.judged}, limit {w.limit}, and no flag")
        elif w.judged <= w.limit and flagged:
            report.add("I5 uncleared", ("noise-limit", site, device), at, f"judged {w.judged}, limit {w.limit}, and flagged")


# ---- I6: the chains --------------------------------------------------------------------------------------------------

def _integrity(run, taken, report):
    for text in run.collector.faults:
        report.add("I6 journal", ("collector",), 0, text)
    for gateway, epochs in run.gateways.items():
        for epoch, journal in epochs.items():
            for text in journal.faults:
                report.add("I6 journal", (gateway, epoch), 0, text)
            if not journal.records:
                report.add("I6 journal", (gateway, epoch), 0, "is empty")
            for record in journal.records:
                _frame_in_chain(gateway, epoch, record, journal, report)
    seq, head = run.ledger.position
    if run.collector.heads.get(seq, b"").hex() != head:
        report.add("I6 position", ("ledger",), seq, f"the ledger stands on {head[:16]}, the journal has another there")
    frames = [at for at, _ in taken.frames]
    if frames and seq < frames[-1]:
        report.add("I6 position", ("ledger",), seq, f"the ledger ends before frame record {frames[-1]}")
    heads = collections.defaultdict(lambda: {0: bytes(32)})
    for at, frame in taken.frames:
        own = heads[frame.gateway, frame.epoch]
        before = own.get(frame.first - 1)
        if before is not None and frame.after and not before.hex().startswith(frame.after):
            report.add("I6 chain", (frame.gateway, frame.epoch), frame.seq, f"record {at} does not fit what was held before it")
        own[frame.seq] = bytes.fromhex(frame.body["head"]) if frame.kind == "lost" else \
            hashlib.sha256((before or bytes(32)) + frame.payload).digest()
    for gateway, ack in run.acks:
        if "sha256" in ack:
            report.add("I6 refused", (gateway,), 0, f"the collector refused {ack['sha256'][:16]}: {ack.get('reason')}")
            continue
        for name, mine in (("gateway", run.gateways.get(gateway, {}).get(ack["epoch"])), ("collector", None)):
            chain = mine.heads if mine else heads[gateway, ack["epoch"]]
            if name == "gateway" and (mine is None or (ack["seq"] < min(mine.heads, default=0))):
                continue  # an epoch that is no more, or trimmed
            if chain.get(ack["seq"], b"").hex() != ack["head"]:
                report.add("I6 ack", (gateway, ack["epoch"]), ack["seq"], f"acked with a hash that the {name} has not there")


def _frame_in_chain(gateway, epoch, record, journal, report):
    try:
        frame = Frame(record.body)
    except (ValueError, KeyError):
        return  # said already
    if (frame.gateway, frame.epoch, frame.seq) != (gateway, epoch, record.seq) or frame.after != record.before.hex()[:16]:
        report.add("I6 frame", (gateway, epoch), record.seq, f"{frame} after {frame.after} stands behind {record.before.hex()[:16]}")


# ---- I7, I8 ----------------------------------------------------------------------------------------------------------

def _recovery(run, _taken, report):
    for r in run.recoveries:
        if r.took_ms > RECOVERY_MS:
            report.add("I7 slow", (r.what,), 0, f"back after {r.took_ms} ms")
        if r.by_hand:
            report.add("I7 by hand", (r.what,), 0, "somebody had to help")


def _bounds(run, _taken, report):
    for v in run.vitals:
        for what, value, limit in (("memory", v.rss_kb, RSS_KB), ("descriptors", v.fds, FDS), ("log", v.log_bytes, LOG_BYTES)):
            if value > limit:
                report.add(f"I8 {what}", (v.name,), 0, f"{value}, at most {limit}")
        crash = CRASHES.search(v.output)
        if crash:
            report.add("I8 crash", (v.name,), 0, v.output[max(crash.start() - 100, 0):crash.end() + 300])
