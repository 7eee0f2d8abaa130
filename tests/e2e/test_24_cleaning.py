"""Cleanings claimed and what the meters say of them: due, overdue, contradicted, confirmed; photos; deadlines of installation."""
import collections
import datetime
import hashlib
import json
import os
import stat
import unittest
import zoneinfo

from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
BEGIN = datetime.datetime(2026, 9, 30, tzinfo=SHANGHAI)  # over a month's end
STEP = 600  # s between two readings
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 5000  # 1.28 MB
PNG = b"\x89PNG\r\n\x1a\n" + b"after" * 999


def at(day, hour=0, minute=0):
    """ms of this time on the so-manieth day; days from 0."""
    moment = BEGIN + datetime.timedelta(days=day)
    return int(moment.replace(hour=hour, minute=minute).timestamp() * 1000)


def date(day):
    return (BEGIN + datetime.timedelta(days=day)).date().isoformat()


class Kitchen:
    """Cooks from 10:00 to 14:00 and from 17:00 to 21:00; its back pressure grows by the day since the last cleaning."""

    CLEAN, GROWTH = 100.0, 6.0  # Pa, Pa a day

    def __init__(self, site):
        self.site, self.cleaned = site, 0

    def pressure(self, day):
        return self.CLEAN + self.GROWTH * (day - self.cleaned)

    def readings(self, day):
        for n in range(8 * 3600 // STEP, 22 * 3600 // STEP):
            hour = n * STEP / 3600
            on = 10 <= hour < 14 or 17 <= hour < 21
            yield at(day) + n * STEP * 1000, {"fan": int(on), "purifier": int(on), "dp": self.pressure(day) if on else 0}


class Cleaning(Scenario):
    INTERVAL, ANNOUNCED = 20, 7

    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.street.start_collector({"collector": {"clock": "journal"}})
        self.liar, self.true = Kitchen("liar-house"), Kitchen("true-house")
        catering = {"purifier_installed": "yes", "cleaning_days": self.INTERVAL, "last_cleaned": date(0), "gateways": "gw-9"}
        self.street.cli("tick", str(at(0, 7)))
        self.street.import_sites({"id": "liar-house", "stoves": 4, **catering}, {"id": "true-house", "stoves": 4, **catering},
                                 {"id": "no-house", "purifier_installed": "no", "install_deadline": date(1)},
                                 {"id": "no-club", "kind": "club", "purifier_installed": "no", "install_deadline": date(1)})
        self.gateway = self.street.peer(ForeignGateway, self.street.broker.port, "gw-9")
        metrics = {"fan": "", "purifier": "", "dp": "Pa"}
        self.gateway.hello({"hood-1": ("liar-house", "hood", STEP * 1000, metrics), "hood-2": ("true-house", "hood", STEP * 1000, metrics)})

    def live(self, days):
        for day in days:
            self.gateway.readings([("hood-1", ts, values) for ts, values in self.liar.readings(day)])
            self.gateway.readings([("hood-2", ts, values) for ts, values in self.true.readings(day)])
            self.gateway.drain()
            self.street.cli("tick", str(at(day, 23, 59)))

    def claim(self, site, when, *more):
        done = self.street.cli("cleaning", "add", "--site", site, "--date", when, "--by", "王师傅", *more, "--json")
        return json.loads(done.stdout)["id"]

    def row(self, name):
        return next(r for r in json.loads(self.street.cli("cleaning", "list", "--json").stdout) if r["id"] == name)

    def flags(self, site):
        """{flag: [(rev, state, since, until) …]} of cleaning and installation; these hoods say nothing outside the fan's hours"""
        found = collections.defaultdict(list)
        self.street.cli("tick", "1")  # whatever is folded is committed
        for row in self.street.dump():
            if row["table"] == "flags" and row["site"] == site and row["flag"].startswith(("cleaning", "install")):
                found[row["flag"]].append((row["rev"], row["state"], row["since_ms"], row["until_ms"]))
        return {flag: sorted(revisions) for flag, revisions in found.items()}

    def test_two_restaurants(self):
        due = self.INTERVAL
        self.live(range(0, due - self.ANNOUNCED))
        self.assertEqual(self.flags("liar-house"), {})
        self.live(range(due - self.ANNOUNCED, due))
        announced = at(due - self.ANNOUNCED)
        self.assertEqual(self.flags("liar-house"), {"cleaning-due": [(1, "raised", announced, 0)]})

        # one cleans in the night before the due day, with two photos; the other does nothing for four weeks
        self.true.cleaned = due
        photos = [self.street.write("before 1.jpg", JPEG, "wb"), self.street.write("after.png", PNG, "wb")]
        confirmed = self.claim("true-house", date(due - 1) + "T21:30", "--photo", photos[0], "--photo", photos[1])
        self.assertEqual(self.row(confirmed)["verdict"], "")
        self.live(range(due, due + 2))
        row = self.row(confirmed)
        self.assertEqual((row["verdict"], row["state"]), ("confirmed", "ok"))
        seen, = row["evidence"]["detections"]
        self.assertEqual((seen["device"], seen["evidence"], seen["from"], seen["to"]), ("hood-2", "pressure", at(due - 1, 21), at(due, 10)))
        self.assertAlmostEqual(seen["after"], Kitchen.CLEAN, 6)
        self.check_photos(row, [JPEG, PNG])
        self.assertEqual(self.flags("true-house"),
                         {"cleaning-due": [(1, "raised", announced, 0), (2, "cleared", announced, at(due - 1, 21, 30))]})
        detections = [r for r in self.street.dump() if r["table"] == "entries" and r["kind"] == "detection"]
        self.assertEqual([(r["site"], r["state"], r["at_ms"]) for r in detections], [("true-house", "pressure", at(due - 1, 21))])

        self.live(range(due + 2, 28))
        overdue = at(due + 1)
        self.assertEqual(self.flags("liar-house")["cleaning-overdue"], [(1, "raised", overdue, 0)])
        lie = self.claim("liar-house", date(27))
        claimed_at = at(27, 23, 59)
        self.assertEqual(self.flags("liar-house")["cleaning-overdue"], [(1, "raised", overdue, 0), (2, "cleared", overdue, at(27))])
        self.live(range(28, 30))
        row = self.row(lie)
        self.assertEqual(row["verdict"], "contradicted")
        denied, = row["evidence"]["devices"]
        self.assertEqual((denied["device"], denied["reason"]), ("hood-1", "pressure-high"))
        flags = self.flags("liar-house")
        self.assertEqual(flags["cleaning-unverified"], [(1, "raised", claimed_at, 0)])
        self.assertEqual(flags["cleaning-overdue"][2:], [(3, "raised", overdue, 0)])
        self.assertIn("contradicted", self.street.cli("cleaning", "list").stdout)
        self.check_audit(due)

        # entered a week late: the flag ends when the entry comes, and is not withdrawn
        late = self.claim("liar-house", date(due))
        self.assertEqual(self.row(late)["state"], "late")
        self.assertEqual(self.flags("liar-house")["cleaning-overdue"][3:], [(4, "cleared", overdue, at(29, 23, 59))])
        self.check_installation()
        self.restarted_from_the_journal()

    def check_photos(self, row, contents):
        names = [hashlib.sha256(c).hexdigest() + s for c, s in zip(contents, (".jpg", ".png"))]
        self.assertEqual(row["photos"], names)
        for name, content in zip(names, contents):
            path = os.path.join(self.street.collector.state, "photos", name)
            with open(path, "rb") as f:
                self.assertEqual(f.read(), content)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)

    def check_audit(self, due):
        """The week in which the 28th day lies: the liar is contradicted and overdue, the other one in time."""
        year, week, _ = (BEGIN + datetime.timedelta(days=27)).isocalendar()
        monday = datetime.datetime.fromisocalendar(year, week, 1).replace(tzinfo=SHANGHAI)
        end = (monday + datetime.timedelta(days=7) - BEGIN).days
        audit = json.loads(self.street.cli("audit", "weekly", "--week", f"{year}-W{week:02}", "--format", "json").stdout)
        sites = {s["site"]: s["cleaning"] for s in audit["sites"]}
        self.assertEqual((sites["liar-house"]["state"], sites["liar-house"]["last"], sites["liar-house"]["overdue_days"]),
                         ("contradicted", at(0), end - (due + 1)))
        announced = due - 1 + self.INTERVAL - self.ANNOUNCED  # the next one
        self.assertEqual(sites["true-house"]["state"], "due" if end > announced else "ok")
        self.assertEqual(audit["overdue"], ["liar-house"])
        self.assertEqual((audit["totals"]["cleaning_required"], audit["totals"]["cleaned"]), (2, 1))

    def check_installation(self):
        self.assertEqual(self.flags("no-club"), {})
        self.assertEqual(self.flags("no-house"), {"install-overdue": [(1, "raised", at(2), 0)]})
        body = next(r["body"] for r in self.street.dump() if r["table"] == "flags" and r["flag"] == "install-overdue")
        self.assertEqual((body["deadline"], body["basis"]["clause"]), (at(1), "5.1"))
        self.street.import_sites({"id": "no-house", "purifier_installed": date(5), "install_deadline": date(1)})
        self.assertEqual(self.flags("no-house")["install-overdue"][1:], [(2, "cleared", at(2), at(5))])

    def restarted_from_the_journal(self):
        """The same cleanings, detections and flags, made anew from the journal."""
        kept = lambda: [r for r in self.street.dump() if r["table"] in ("cleanings", "entries") or
                        r["table"] == "flags" and r["flag"].startswith(("cleaning", "install"))]
        before = kept()
        self.assertGreater(len(before), 10)
        self.street.collector.stop()
        for name in os.listdir(self.street.collector.state):
            if name.startswith("ledger.db"):
                os.remove(os.path.join(self.street.collector.state, name))
        self.street.collector.start()
        self.assertEqual(kept(), before)

    def test_photos_refused(self):
        self.street.cli("tick", str(at(3)))
        add = ("cleaning", "add", "--site", "liar-house", "--date", date(2), "--by", "王", "--photo")
        self.assertIn("neither JPEG nor PNG", self.street.cli(*add, self.street.write("a.jpg", b"words", "wb"), expect=1).stderr)
        self.street.cli(*add, self.street.write("b.jpg", JPEG[:4] + b"\0" * (8 << 20), "wb"), expect=1)
        self.assertEqual(json.loads(self.street.cli("cleaning", "list", "--json").stdout), [])
        small = [self.street.write(f"s{i}.png", PNG + bytes([i]), "wb") for i in range(3)]
        self.street.cli(*add, ", ".join(small[:2]), "--photo", small[2])
        row, = json.loads(self.street.cli("cleaning", "list", "--json").stdout)
        self.assertEqual(row["photos"], [hashlib.sha256(PNG + bytes([i])).hexdigest() + ".png" for i in range(3)])


if __name__ == "__main__":
    unittest.main()
