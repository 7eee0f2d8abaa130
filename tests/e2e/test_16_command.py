"""The clerk's command: imports, cleanings, the weekly audit with rates computed by hand, status, and its exit codes."""
import csv
import datetime
import io
import json
import unittest
import zoneinfo

from programs import wait_for, wall_ms
from stream import ForeignGateway
from street import Scenario, sites_csv

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


def ms(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


class Command(Scenario):
    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.street.start_collector({"collector": {"clock": "journal"}})

    def refused(self, *arguments, expect=1):
        done = self.street.cli(*arguments, expect=expect)
        self.assertEqual(done.stdout, "", "data on stdout, messages on stderr")
        return done.stderr


class Register(Command):
    GOOD = ({"id": "river-house", "name": "贡江酒家", "grid": "g2", "officer": "陈志强", "stoves": 4, "purifier_installed": "yes",
             "cleaning_days": 30, "last_cleaned": "2026-11-01", "address": "滨江路 41 号, 二楼"},
            {"id": "nice-club", "name": "尚座俱乐部", "kind": "club", "noise_class": 2, "gateways": "gw-01;gw-02"})

    def sites(self):
        return {s["id"]: s for s in json.loads(self.street.cli("site", "list", "--json").stdout)}

    def import_text(self, text, encoding="utf-8", expect=0):
        return self.street.cli("site", "import", self.street.write("made.csv", text.encode(encoding), "wb"), expect=expect)

    def test_all_or_nothing_and_every_bad_row_named(self):
        bad = sites_csv({"id": "ok", "kind": "club"}, {"id": "Big", "kind": "club"}, {"id": "a", "kind": "disco"},
                        {"id": "b", "noise_class": 7}, {"id": "c", "district": ""}, {"id": "ok", "kind": "bar"})
        said = self.import_text(bad, expect=1).stderr
        for row, column in ((3, "id"), (4, "kind"), (5, "noise_class"), (6, "district"), (7, "id")):
            self.assertRegex(said, rf"made\.csv: row {row}, column {column}", said)
        self.assertNotRegex(said, r"row 2\b, column")
        self.assertEqual(self.sites(), {}, "nothing was imported")
        said = self.import_text("id,name,kind,district,grid,colour\na,甲,club,yudu,g1,red\n", expect=1).stderr
        self.assertIn("colour", said)
        said = self.import_text("id,name,kind,district\na,甲,club,yudu\n", expect=1).stderr
        self.assertIn("grid", said)

    def test_the_same_file_twice_and_a_change(self):
        self.import_text(sites_csv(*self.GOOD))
        before = self.street.dump()
        self.import_text(sites_csv(*self.GOOD))
        self.assertEqual(self.street.dump(), before, "the same file twice is a no-op")
        sites = self.sites()
        self.assertEqual(sites["river-house"]["address"], "滨江路 41 号, 二楼")
        self.assertEqual(sites["nice-club"]["gateways"], ["gw-01", "gw-02"])
        changed = dict(self.GOOD[1], grid="g9", valid_from="2026-11-23")
        self.import_text(sites_csv(changed))
        versions = [row for row in self.street.dump() if row["table"] == "sites" and row["site"] == "nice-club"]
        self.assertEqual([v["grid"] for v in sorted(versions, key=lambda v: v["valid_from"])], ["g9", "g1"] if
                         ms("2026-11-23") < min(v["valid_from"] for v in versions if v["grid"] == "g1") else ["g1", "g9"])
        self.assertIn("river-house", self.sites(), "a missing row changes nothing")

    def test_every_encoding_that_spreadsheets_in_china_save(self):
        for encoding in ("utf-8", "utf-8-sig", "gb18030"):
            self.import_text(sites_csv(*self.GOOD).replace("\n", "\r\n"), encoding)
            self.assertEqual(self.sites()["nice-club"]["name"], "尚座俱乐部", encoding)
        self.assertEqual(len([row for row in self.street.dump() if row["table"] == "sites"]), 2, "the same register three times")

    def test_show_and_what_is_not_there(self):
        self.import_text(sites_csv(*self.GOOD))
        self.assertIn("陈志强", self.street.cli("site", "show", "river-house").stdout)
        self.assertIn("nowhere", self.refused("site", "show", "nowhere"))
        self.assertIn("gone.csv", self.refused("site", "import", self.street.path("gone.csv")))


class Cleaning(Command):
    def test_add_and_list(self):
        self.street.import_sites({"id": "river-house", "purifier_installed": "yes", "cleaning_days": 30})
        self.street.cli("tick", str(ms("2026-11-23 08:00")))
        added = self.street.cli("--actor", "li", "cleaning", "add", "--site", "river-house", "--date", "2026-11-20T14:30", "--by", "王师傅",
                                "--provider", "洁净公司", "--note", "滤网 two", "--json")
        entry, = json.loads(self.street.cli("cleaning", "list", "--json").stdout)
        expected = {"site": "river-house", "cleaned_at": ms("2026-11-20 14:30"), "kind": "clean", "by": "王师傅", "provider": "洁净公司",
                    "note": "滤网 two", "actor": "li"}
        self.assertEqual({k: entry[k] for k in expected}, expected)
        self.assertEqual(json.loads(added.stdout)["id"], entry["id"])
        self.assertIn("王师傅", self.street.cli("cleaning", "list").stdout)
        self.assertEqual(json.loads(self.street.cli("cleaning", "list", "--site", "other", "--json").stdout), [])

    def test_refusals(self):
        self.street.import_sites({"id": "river-house"})
        self.street.cli("tick", str(ms("2026-11-23 08:00")))
        add = ("cleaning", "add", "--by", "王", "--site")
        self.assertIn("nowhere", self.refused(*add, "nowhere", "--date", "2026-11-20"))
        self.assertIn("future", self.refused(*add, "river-house", "--date", "2027-01-01"))
        self.assertIn("2026-02-30", self.refused(*add, "river-house", "--date", "2026-02-30", expect=2))
        self.assertIn("--date", self.refused(*add, "river-house", expect=2))
        self.assertIn("scrub", self.refused(*add, "river-house", "--date", "2026-11-20", "--kind", "scrub", expect=2))
        self.assertIn("--nonsense", self.refused(*add, "river-house", "--nonsense", "1", expect=2))
        self.assertEqual(json.loads(self.street.cli("cleaning", "list", "--json").stdout), [])


class Audit(Command):
    SITES = ({"id": "river-house", "name": "贡江酒家", "grid": "g2", "stoves": 4, "purifier_installed": "yes", "cleaning_days": 30,
              "last_cleaned": "2026-11-01", "gateways": "gw-9"},
             {"id": "dawn-buns", "name": "晨光, 早餐", "kind": "breakfast", "grid": "g2", "stoves": 1, "purifier_installed": "2026-01-05",
              "cleaning_days": 10, "last_cleaned": "2026-11-10", "gateways": "gw-9"},
             {"id": "canteen", "kind": "canteen", "grid": "g2", "purifier_installed": "yes", "cleaning_days": 25, "last_cleaned": "2026-11-01"},
             {"id": "old-grill", "kind": "barbecue", "grid": "g1", "purifier_installed": "no"},
             {"id": "new-grill", "kind": "barbecue", "grid": "g1", "purifier_installed": "yes"},
             {"id": "nice-club", "kind": "club", "grid": "g1", "noise_class": 2, "gateways": "gw-9"})
    HOOD = {"fume": "mg/m³", "fan": "", "purifier": "", "fan_current": "A", "purifier_current": "A"}

    def week(self):
        """Friday evening at the club on two meters, and two kitchens at work."""
        gateway = self.street.peer(ForeignGateway, self.street.broker.port, "gw-9")
        noise = lambda d: (d, "noise", 1000, {"laeq": "dB(A)"})
        gateway.hello({"noise-1": ("nice-club", *noise("noise")[1:]), "noise-2": ("nice-club", *noise("noise")[1:]),
                       "hood-1": ("river-house", "hood", 10000, self.HOOD), "hood-2": ("dawn-buns", "hood", 10000, self.HOOD)})
        evening, noon = ms("2026-11-20 22:50"), ms("2026-11-18 11:00")
        loud = lambda n, first, last: 72 if first <= n < last else 45
        hood = lambda on, purified, fume: {"fume": fume, "fan": int(on), "purifier": int(purified), "fan_current": 3.0 if on else 0,
                                           "purifier_current": 1.0 if purified else 0}
        for n in range(80):  # minutes
            gateway.readings([("hood-1", noon + 60000 * n + 10000 * i, hood(n < 20, n < 20, 3.5 if n < 20 else 0.1)) for i in range(6)] +
                             [("hood-2", noon + 60000 * n + 10000 * i, hood(n < 60, n < 45, 0.5 if n < 60 else 0.1)) for i in range(6)])
        for n in range(71):
            gateway.readings([("noise-1", evening + 60000 * n + 1000 * i, {"laeq": loud(n, 10, 40)}) for i in range(60)] +
                             [("noise-2", evening + 60000 * n + 1000 * i, {"laeq": loud(n, 30, 50) + 3 * (n >= 30)}) for i in range(60)])
        gateway.readings([("noise-1", ms("2026-11-23 00:01"), {"laeq": 40})])  # its stream has passed the week
        gateway.drain()
        self.street.cli("tick", str(ms("2026-11-23 00:02")))

    def test_the_rates_of_a_week_computed_by_hand(self):
        self.street.import_sites(*self.SITES)
        self.week()
        audit = json.loads(self.street.cli("audit", "weekly", "--format", "json").stdout)
        self.assertEqual((audit["week"], audit["from"], audit["until"], audit["revision"], audit["behind"]),
                         ("2026-W47", ms("2026-11-16"), ms("2026-11-23"), 1, []))
        totals = audit["totals"]
        self.assertEqual((totals["sites"], totals["catering"], totals["installed"], totals["cleaning_required"], totals["cleaned"]),
                         (6, 5, 4, 3, 2))
        self.assertAlmostEqual(totals["installation_rate"], 4 / 5, 9)
        self.assertAlmostEqual(totals["cleaning_rate"], 2 / 3, 9)
        self.assertAlmostEqual(totals["operating_rate"], (20 + 45) / (20 + 60), delta=0.01)
        self.assertAlmostEqual(totals["noise_exceedance_minutes"], 40, delta=0.01)  # 23:00-23:30 and 23:20-23:40
        self.assertAlmostEqual(totals["fume_exceedance_minutes"], 20, delta=0.01)
        self.assertEqual(audit["overdue"], ["dawn-buns"])
        sites = {s["site"]: s for s in audit["sites"]}
        self.assertEqual({s: (v["cleaning"]["state"], v["cleaning"]["overdue_days"]) for s, v in sites.items()},
                         {"river-house": ("ok", 0), "dawn-buns": ("overdue", 2), "canteen": ("due", 0), "old-grill": ("none", 0),
                          "new-grill": ("none", 0), "nice-club": ("none", 0)})
        self.assertEqual([sites[s]["installed"] for s in ("river-house", "dawn-buns", "canteen", "old-grill", "nice-club")],
                         [True, True, True, False, None])
        self.assertAlmostEqual(sites["dawn-buns"]["operating_rate"], 45 / 60, delta=0.01)
        self.assertAlmostEqual(sites["river-house"]["operating_rate"], 1, delta=0.01)
        self.assertIsNone(sites["canteen"]["operating_rate"])
        worst = sites["nice-club"]["worst"]
        self.assertEqual((worst["flag"], worst["device"], worst["judged"], worst["limit"], worst["unit"]),
                         ("noise-limit", "noise-2", 75, 50, "dB(A)"))
        self.assertEqual({g["grid"]: (g["sites"], g["catering"], g["installed"]) for g in audit["grids"]}, {"g1": (3, 2, 1), "g2": (3, 3, 3)})
        self.check_forms(audit)

    def check_forms(self, audit):
        text = self.street.cli("audit", "weekly").stdout
        for words in ("2026-W47", "贡江酒家", "80.0 %", "66.7 %", "overdue"):
            self.assertIn(words, text)
        table = self.street.cli("audit", "weekly", "--format", "csv").stdout
        self.assertTrue(table.startswith("\ufeff"), "spreadsheets in China need the mark to read UTF-8")
        rows = list(csv.DictReader(io.StringIO(table[1:])))
        self.assertEqual([r["site"] for r in rows], [s["site"] for s in audit["sites"]])
        buns = next(r for r in rows if r["site"] == "dawn-buns")
        self.assertEqual((buns["name"], buns["cleaning"], buns["due"], buns["installed"]), ("晨光, 早餐", "overdue", "2026-11-20", "yes"))
        self.assertEqual(json.loads(self.street.cli("audit", "weekly", "--week", "2026-W47", "--json").stdout), audit)

    def test_a_week_without_anything(self):
        audit = json.loads(self.street.cli("audit", "weekly", "--week", "2026-W30", "--format", "json").stdout)
        self.assertEqual((audit["totals"]["sites"], audit["totals"]["installation_rate"], audit["sites"]), (0, None, []))
        self.assertIn("—", self.street.cli("audit", "weekly", "--week", "2026-W30").stdout)
        self.assertIn("2026-W99", self.refused("audit", "weekly", "--week", "2026-W99", expect=2))
        self.assertIn("docx", self.refused("audit", "weekly", "--format", "docx", expect=2))


class Status(Command):
    def test_shape_and_a_collector_that_is_down(self):
        self.street.import_sites({"id": "nice-club", "gateways": "gw-9"})
        gateway = self.street.peer(ForeignGateway, self.street.broker.port, "gw-9")
        gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})
        gateway.readings([("noise-1", wall_ms(), {"laeq": 50})])
        gateway.drain()
        status = wait_for(lambda: (s := self.street.status())["gateways"] and s, "the gateway is listed")
        self.assertEqual((status["state"], status["forks"]), ("online", 0))
        self.assertLessEqual({"rules", "live"}, set(status["readers"]))
        self.assertTrue(all(isinstance(r["lag_ms"], int) for r in status["readers"].values()))
        self.assertTrue(all(n == 0 for n in status["refused"].values()))
        listed, = status["gateways"]
        self.assertEqual((listed["gateway"], listed["epoch"], listed["seq"]), ("gw-9", gateway.epoch, 2))
        self.street.collector.stop()
        self.assertIn("does not run", self.refused("status"))
        self.assertIn("does not run", self.refused("site", "import", self.street.path("sites.csv")))
        self.assertIn("nice-club", self.street.cli("site", "list").stdout, "reading needs no collector")


if __name__ == "__main__":
    unittest.main()
