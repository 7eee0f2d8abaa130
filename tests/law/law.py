"""Law scenarios: weeks of history through the real collector, and what the law makes of them.

tests/law/scenarios/NAME.ini is a history (docs/history.md); NAME.expect says what must stand in the ledger afterwards:

    play from=2025-09-01 weeks=3                          (or until=2025-09-20; gateway=… for another than gw-past)
    rules raise_after=2 standards="cleaning-policy"       settings of [rules] that differ from the usual ones
    ignore device-silent cleaning-due case                kinds of flags, and all cases, that are not looked at
    flag noise-limit cleared nice-club noise-1 since=2025-09-06T22:30 until=2025-09-07T01:30 judged=68 basis.band=night
    flag purifier-off cleared river-house hood-1 since=2025-09-01T18:00 until=2025-09-01T20:00 times=5 every=1d
    case noise nice-club step=notice proposed=- state=open incidents=3 deadlines.0.due=2025-09-16T23:59:59

One line for each flag, in its last state; DEVICE is `-` where there is none, for gateway-offline SITE is `-` and DEVICE the
gateway.  `times` and `every` repeat a line.  Members behind are compared with the alert's (a.b is a member of a member, a.0 the
first of a list; times in civil time; `-` or `null`: none); of a flag or case with its columns first.  Quotes hold a value with
spaces together.  Every flag and case of the ledger must be expected, and the other way round.  `#` begins a comment.
"""
import collections
import copy
import datetime
import json
import os
import re
import shlex
import subprocess
import zoneinfo
from decimal import Decimal, InvalidOperation

from programs import BIN, ROOT
from street import Street

HERE = os.path.dirname(os.path.abspath(__file__))
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
NODELAY = "set_tcp_nodelay true\n"  # a history goes step by step: Nagle would hold up the end of each

DATED = re.compile(r"\d{4}-\d\d-\d\dT")

Thing = collections.namedtuple("Thing", "kind words members")  # kind: flag or case; words: what identifies it


def moment(ms):
    at = datetime.datetime.fromtimestamp(int(ms) / 1000, ZONE)
    return at.strftime("%Y-%m-%dT%H:%M:%S" if at.second else "%Y-%m-%dT%H:%M")


def later(text, delta):
    at = datetime.datetime.fromisoformat(text) + delta
    return at.isoformat(timespec="seconds" if at.second else "minutes")


def period(text):
    units = {"min": 60, "h": 3600, "d": 86400}
    for unit, seconds in units.items():
        if text.endswith(unit) and text[:-len(unit)].isdigit():
            return datetime.timedelta(seconds=int(text[:-len(unit)]) * seconds)
    raise ValueError(f"every={text}: 30min, 1h or 7d")


# ---- what is expected ------------------------------------------------------------------------------------------------

class Expectation:
    def __init__(self, path):
        self.play, self.rules, self.ignored, self.things = {}, {}, set(), []
        with open(path) as f:
            for number, line in enumerate(f, 1):
                try:
                    self.read(shlex.split(line, comments=True))
                except (ValueError, KeyError) as e:
                    raise SystemExit(f"{path}:{number}: {e}\n  {line.rstrip()}") from None
        if "from" not in self.play:
            raise SystemExit(f"{path}: no line `play from=YYYY-MM-DD weeks=N`")

    def read(self, words):
        if not words:
            return
        kind, *rest = words
        if kind == "ignore":
            self.ignored |= set(rest)
        elif kind in ("play", "rules"):
            getattr(self, kind).update(word.split("=", 1) for word in rest)
        elif kind in ("flag", "case"):
            count = 4 if kind == "flag" else 2
            if len(rest) < count or any("=" in word for word in rest[:count]):
                raise ValueError("flag NAME STATE SITE DEVICE since=…" if kind == "flag" else "case FAMILY SITE step=…")
            members = dict(word.split("=", 1) for word in rest[count:])
            times, every = int(members.pop("times", 1)), members.pop("every", None)
            for n in range(times):
                shift = n * period(every) if n else datetime.timedelta(0)
                dated = {k: later(v, shift) if k in ("since", "until") else v for k, v in members.items()}
                self.things.append(Thing(kind, tuple(rest[:count]), dated))
        else:
            raise ValueError(f"{kind}: a line begins with play, rules, ignore, flag or case")


# ---- what was found --------------------------------------------------------------------------------------------------

class Found:
    """A flag or case of the ledger in its last revision."""

    def __init__(self, kind, row):
        self.kind, self.row, self.body = kind, row, row["body"]
        if kind == "flag":
            self.words = row["flag"], row["state"], row["site"] or "-", row["device"] or row["gateway"] or "-"
        else:
            self.words = row["family"], row["site"]

    def member(self, path):
        """As text; None: there is none."""
        if path in ("since", "until"):
            ms = self.row.get(f"{path}_ms") or 0
            return moment(ms) if ms else None
        value = self.row.get(path)
        if value is None:
            value = self.body
            for part in path.split("."):
                value = inside(value, part)
        return value if value is None or isinstance(value, str) else json.dumps(value, default=str).strip('"')

    def differences(self, thing):
        return [f"{name} is {self.member(name)}, not {wanted}" for name, wanted in thing.members.items()
                if not same(self.member(name), wanted)] + \
               (["until is missing in the line"] if self.kind == "flag" and self.member("until") and "until" not in thing.members
                else [])

    def line(self):
        """As it would stand in an expectation."""
        if self.kind == "flag":
            names = ["since", "until", "judged", "limit", "basis.band", "purifier", "hours"]
        else:
            names = ["state", "phase", "step", "proposed", "incidents", "rev", "since"]
        members = [f"{name}={shlex.quote(self.member(name))}" for name in names if self.member(name) not in (None, "")]
        return " ".join([self.kind, *self.words, *members])


def inside(value, part):
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return value.get(part) if isinstance(value, dict) else None


def same(found, wanted):
    if found in (None, "") or wanted in ("null", "-"):
        return found in (None, "") and wanted in ("null", "-")
    if DATED.match(wanted) and found.isdigit():
        return moment(found) == wanted
    try:
        return Decimal(found) == Decimal(wanted)
    except InvalidOperation:
        return found == wanted


def found_in(rows, ignored):
    newest = {}
    for row in rows:
        if row["table"] in ("flags", "cases") and row["rev"] >= newest.get((row["table"], row["id"]), row)["rev"]:
            newest[row["table"], row["id"]] = row
    found = [Found("flag" if table == "flags" else "case", row) for (table, _), row in newest.items()]
    found = [f for f in found if (f.words[0] if f.kind == "flag" else "case") not in ignored]
    return sorted(found, key=lambda f: (f.kind != "flag", f.row["since_ms"], f.words))


def compare(expectation, rows):
    """Lines that say what differs; none: all is as expected."""
    left, said = found_in(rows, expectation.ignored), []
    missing = []
    for thing in expectation.things:
        fit = [f for f in left if f.kind == thing.kind and f.words == thing.words]
        hit = next((f for f in fit if not f.differences(thing)), None)
        if hit:
            left.remove(hit)
        else:
            missing.append(thing)
    for thing in missing:
        fit = [f for f in left if f.kind == thing.kind and f.words == thing.words]
        fit.sort(key=lambda f: (f.member("since") != thing.members.get("since"), len(f.differences(thing))))
        said.append(f"missing     {' '.join([thing.kind, *thing.words, *(f'{k}={v}' for k, v in thing.members.items())])}")
        if fit and (len(fit) == 1 or fit[0].member("since") == thing.members.get("since")):
            said += [f"            but {words}" for words in fit[0].differences(thing)]
            left.remove(fit[0])
    return said + [f"unexpected  {f.line()}" for f in left]


def doubted(expectation):
    """Expectations of which each differs from this in one thing, with words that say in which."""
    for i, thing in enumerate(expectation.things):
        def other(words, *things):
            changed = copy.copy(expectation)
            changed.things = expectation.things[:i] + list(things) + expectation.things[i + 1:]
            return f"{words} of {' '.join([thing.kind, *thing.words])} since {thing.members.get('since')}", changed
        yield other("none")
        yield other("two", thing, thing)
        for n, word in enumerate(thing.words):
            yield other(f"not {word}", thing._replace(words=(*thing.words[:n], "x", *thing.words[n + 1:])))
        for name, wanted in thing.members.items():
            yield other(f"not {name}={wanted}", thing._replace(members={**thing.members, name: not_quite(wanted)}))


def not_quite(wanted):
    """A value next to this: another last digit, or another word."""
    last = re.search(r"\d(?!.*\d)", wanted)
    if not last:
        return "x" if wanted in ("null", "-", "") else f"{wanted}x"
    return wanted[:last.start()] + str((int(last.group()) + 1) % 10) + wanted[last.end():]


# ---- playing ---------------------------------------------------------------------------------------------------------

def history(scenario, config, **options):
    """`quietair-sim history`, not yet waited for."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return subprocess.Popen([f"{BIN}/quietair-sim", "history", "--scenario", scenario, "--collector-config", config, *words],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(playing, deadline=300):
    """Its figures; an AssertionError with its words if it failed."""
    try:
        out, words = playing.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        playing.kill()
        raise AssertionError(f"not done within {deadline:g} s\n{playing.communicate()[1]}") from None
    assert playing.returncode == 0, f"quietair-sim history ended with {playing.returncode}\n{words}"
    return json.loads(out)


class Law:
    """A broker for many scenarios; each gets a collector of its own."""

    def __init__(self):
        self.street = Street()
        self.street.start_broker(extra=NODELAY)

    def play(self, name, folder=f"{HERE}/scenarios"):
        """(figures of the history, rows of the ledger)"""
        expectation = Expectation(f"{folder}/{name}.expect")
        settings = {"clock": "journal", "calendars_dir": f"{ROOT}/config/calendars"}
        collector = self.street.start_collector({"collector": settings, "rules": expectation.rules}, name=name)
        try:
            figures = finish(history(f"{folder}/{name}.ini", collector.config, **expectation.play))
            return expectation, figures, self.street.dump(config=collector.config)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{collector.tail()}") from None
        finally:
            collector.end()

    def close(self):
        self.street.close()


def names(folder=f"{HERE}/scenarios"):
    return sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".ini"))
