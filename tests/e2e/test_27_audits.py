"""Audits and reports: issued after the week, again when it changed; each format opened by a reader of another make."""
import csv
import datetime
import io
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree as xml
import zipfile
import zoneinfo

from programs import wait_for
from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
MINUTE, HOUR = 60_000, 3_600_000
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def ms(text, zone=SHANGHAI):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


class Audits(Scenario):
    ZONE = "Asia/Shanghai"
    SITES = ({"id": "river-house", "name": "贡江酒家", "grid": "g2", "stoves": 4, "purifier_installed": "2026-01-05", "cleaning_days": 30,
              "last_cleaned": "2026-11-01", "gateways": "gw-9", "valid_from": "2026-01-01"},
             {"id": "dawn-buns", "name": "=1+1 晨光<早餐>", "kind": "breakfast", "grid": "g2", "purifier_installed": "2026-01-05",
              "cleaning_days": 10, "last_cleaned": "2026-11-10", "valid_from": "2026-01-01", "officer": "陈志强"},
             {"id": "nice-club", "name": "尚座俱乐部", "kind": "club", "grid": "g1", "noise_class": 2, "gateways": "gw-9",
              "valid_from": "2026-01-01"})

    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.tap = self.street.tap()
        self.street.start_collector({"collector": {"clock": "journal", "timezone": self.ZONE}})
        self.street.import_sites(*self.SITES)

    def tick(self, ts):
        self.street.cli("tick", str(ts))

    def noise(self, first, minutes, loud=()):
        """Readings of the club's meter, a frame a minute."""
        for n in range(minutes):
            self.gateway.readings([("noise-1", first + MINUTE * n + 1000 * i, {"laeq": 72 if n in loud else 45}) for i in range(60)])

    def start_gateway(self):
        self.gateway = self.street.peer(ForeignGateway, self.street.broker.port, "gw-9")
        self.gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})

    def published(self, week="2026-W47"):
        return self.tap.json("yudu", "audit", week)

    def wait_published(self, count, week="2026-W47"):
        wait_for(lambda: len(self.published(week)) >= count, lambda: f"{count} audits of {week}, there are {self.published(week)}")
        self.assertEqual(len(self.published(week)), count)
        return self.published(week)[-1]

    def audit(self, *more):
        return json.loads(self.street.cli("audit", "weekly", "--week", "2026-W47", "--format", "json", *more).stdout)

    def entries(self):
        return [row for row in self.street.dump() if row["table"] == "entries" and row["kind"] == "audit"]


class Schedule(Audits):
    def test_issued_behind_then_whole_then_corrected(self):
        self.start_gateway()
        self.noise(ms("2026-11-20 23:00"), 21, loud=range(10))
        self.gateway.drain()
        self.tick(ms("2026-11-23 01:59"))
        wait_for(self.entries, "the weeks before are issued")
        self.assertNotIn(ms("2026-11-16"), [r["at_ms"] for r in self.entries()], "not before audit_after")
        self.tick(ms("2026-11-23 02:00"))
        first = self.wait_published(1)
        self.assertEqual((first["revision"], first["state"], first["behind"], first["district"]), (1, "behind", ["gw-9"], "yudu"))
        self.assertEqual(first["totals"]["noise_exceedance_minutes"], 10)
        self.assertEqual(self.audit()["revision"], 1, "the same content is the same revision")
        retained = self.street.tap("quietair/v1/yudu/audit/#")
        wait_for(lambda: retained.messages, "the audit is retained")

        self.noise(ms("2026-11-22 23:00"), 61, loud=range(20, 50))
        self.gateway.drain()
        self.tick(ms("2026-11-23 02:01"))
        second = self.wait_published(2)
        self.assertEqual((second["revision"], second["state"], second["behind"]), (2, "issued", []))
        self.assertEqual(second["totals"]["noise_exceedance_minutes"], 40)

        self.street.cli("cleaning", "add", "--site", "dawn-buns", "--date", "2026-11-19", "--by", "王师傅")
        self.assertEqual(self.audit()["revision"], 3, "known at once on demand")
        self.tick(ms("2026-11-23 02:30"))
        self.tick(ms("2026-11-23 03:02"))
        third = self.wait_published(3)
        self.assertEqual((third["revision"], third["totals"]["overdue_count"]), (3, 0))
        self.assertEqual(second["totals"]["overdue_count"], 1)
        rows = sorted(self.entries(), key=lambda row: (row["at_ms"], row["rev"]))
        self.assertEqual([(r["rev"], r["state"]) for r in rows if r["at_ms"] == ms("2026-11-16")], [(1, "behind"), (2, "issued"), (3, "issued")])
        self.assertEqual({r["actor"] for r in rows}, {"auditor"})

    def test_a_dead_gateway_does_not_hold_it_up(self):
        self.tick(ms("2026-11-20 22:00"))
        self.start_gateway()
        self.noise(ms("2026-11-20 23:00"), 21)
        self.gateway.drain()
        self.tick(ms("2026-11-23 01:00"))
        self.tick(ms("2026-11-23 01:04"))
        self.tick(ms("2026-11-23 02:00"))
        audit = self.wait_published(1)
        self.assertEqual((audit["state"], audit["behind"], audit["silent"]), ("issued", [], ["gw-9"]))
        club = next(s for s in self.audit()["sites"] if s["site"] == "nice-club")
        self.assertEqual([(m["device"], m["to"], m["reason"]) for m in club["missing"] if m["reason"] == "gateway-offline"],
                         [("noise-1", ms("2026-11-23"), "gateway-offline")])
        self.noise(ms("2026-11-22 23:59"), 3)
        self.gateway.drain()
        self.tick(ms("2026-11-23 03:01"))
        again = self.wait_published(2)
        self.assertEqual((again["revision"], again["state"], again["silent"]), (2, "issued", []))

    def test_a_closed_site_leaves_with_its_week(self):
        self.tick(ms("2026-11-20 22:00"))
        self.street.cli("site", "close", "dawn-buns", "--date", "2026-11-18", "--by", "陈志强", "--note", "搬迁")
        sites = lambda week: {s["site"]: s["closed"] for s in json.loads(
            self.street.cli("audit", "weekly", "--week", week, "--format", "json").stdout)["sites"]}
        self.tick(ms("2026-12-01 02:00"))
        self.assertIsNone(sites("2026-W46")["dawn-buns"])
        self.assertEqual(sites("2026-W47")["dawn-buns"], ms("2026-11-18"))
        self.assertNotIn("dawn-buns", sites("2026-W48"))
        flags = [(r["flag"], r["state"], r["until_ms"]) for r in self.street.dump() if r["table"] == "flags" and r["site"] == "dawn-buns"]
        self.assertNotIn("cleaning-overdue", [name for name, _, _ in flags], "it was due on 2026-11-20")
        self.assertEqual({(s, u) for f, s, u in flags if f == "cleaning-due"}, {("raised", 0), ("cleared", ms("2026-11-18"))})

    def test_killed_and_started_again_nothing_is_issued_twice(self):
        self.start_gateway()
        self.noise(ms("2026-11-22 23:59"), 3)
        self.gateway.drain()
        self.tick(ms("2026-11-23 02:00"))
        self.street.collector.kill()
        self.street.collector.start()
        wait_for(lambda: any(r["at_ms"] == ms("2026-11-16") for r in self.entries()), "issued by the tick that is journalled")
        before = self.entries()
        self.street.collector.kill()
        self.street.collector.start()
        self.tick(ms("2026-11-23 04:00"))
        self.tick(ms("2026-11-23 05:30"))
        self.assertEqual(self.entries(), before)

    def test_older_weeks_on_demand(self):
        self.tick(ms("2026-11-23 02:00"))
        wait_for(self.entries, "last week is issued")
        issue = lambda: json.loads(self.street.cli("audit", "issue", "--week", "2026-W30", "--json").stdout)
        self.assertEqual([(a["revision"], a["issued"]) for a in (issue(), issue())], [(1, True), (1, False)])
        self.assertEqual(self.wait_published(1, "2026-W30")["revision"], 1)
        self.assertIn("has not ended", self.street.cli("audit", "issue", "--week", "2026-W50", expect=1).stderr)


class Formats(Audits):
    def make(self, form):
        path = self.street.path(f"audit.{form}")
        for _ in range(2):
            self.street.cli("audit", "weekly", "--week", "2026-W47", "--format", form, "--output", path)
            with open(path, "rb") as f:
                data = f.read()
            self.assertEqual(data, getattr(self, "before", data), "the same bytes again")
            self.before = data
        del self.before
        return path

    def setUp(self):
        super().setUp()
        self.start_gateway()
        self.noise(ms("2026-11-20 23:00"), 21, loud=range(10))
        self.noise(ms("2026-11-23 00:00"), 1)
        self.gateway.drain()

    def test_a_workbook_opened_by_other_means(self):
        with zipfile.ZipFile(self.make("xlsx")) as book:
            self.assertIsNone(book.testzip())
            names = [s.get("name") for s in xml.fromstring(book.read("xl/workbook.xml")).iter(f"{SHEET}sheet")]
            self.assertEqual(names, ["汇总", "网格", "场所", "清洗超期", "数据缺失", "案件步骤"])
            sheets = [xml.fromstring(book.read(f"xl/worksheets/sheet{n}.xml")) for n in range(1, 7)]
            core = book.read("docProps/core.xml").decode()
        self.assertIn("2026-11-22T16:00:00Z", core, "made when the week ended")
        for sheet in sheets:
            self.assertEqual(sheet.find(f".//{SHEET}pane").get("state"), "frozen")
            self.assertEqual(list(sheet.iter(f"{SHEET}f")), [], "no formulas")
        cells = lambda sheet: [[(c.get("t"), "".join(c.itertext())) for c in row] for row in sheet.iter(f"{SHEET}row")]
        rows = cells(sheets[2])
        head = [text for _, text in rows[0]]
        buns, club, house = (dict(zip(head, row)) for row in rows[1:])
        self.assertEqual(buns["名称"], ("inlineStr", "=1+1 晨光<早餐>"))
        day = lambda date: str((datetime.date.fromisoformat(date) - datetime.date(1899, 12, 30)).days)
        self.assertEqual(house["上次清洗"], (None, day("2026-11-01")), "a date is a date")
        self.assertEqual((club["噪声超标(分钟)"], club["判定值"]), ((None, "10"), (None, "72")))
        self.assertEqual([text for _, text in cells(sheets[3])[1]][:2], ["dawn-buns", "=1+1 晨光<早餐>"])

    def test_csv_holds_no_formula(self):
        with open(self.make("csv"), encoding="utf-8-sig", newline="") as f:
            rows = {row["site"]: row for row in csv.DictReader(io.StringIO(f.read()))}
        self.assertEqual(rows["dawn-buns"]["name"], "'=1+1 晨光<早餐>")

    def test_the_page_is_printed(self):
        path = self.make("html")
        with open(path, encoding="utf-8") as f:
            page = f.read()
        self.assertNotRegex(page, r"(src|href)=|url\(|@import|<script")
        self.assertIn("=1+1 晨光&lt;早餐&gt;", page)
        pdf = self.street.path("audit.pdf")
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                        f"--user-data-dir={self.street.path('chromium')}", f"--print-to-pdf={pdf}", f"file://{path}"],
                       check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": self.street.dir})
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
        for words in ("餐饮油烟与噪声扰民监管周报", "2026 年第 47 周", "贡江酒家", "尚座俱乐部", "清洗超期名单", "陈志强"):
            self.assertIn(re.sub(r"\s", "", words), re.sub(r"\s", "", text))
        info = subprocess.run(["pdfinfo", pdf], check=True, capture_output=True, text=True).stdout
        self.assertRegex(info, r"Page size:.*A4")

    def test_the_quarterly_report(self):
        self.tick(ms("2026-11-23 02:00"))
        report = json.loads(self.street.cli("report", "quarterly", "--quarter", "2026-Q3", "--json").stdout)
        figures = report["figures"]
        self.assertEqual((figures["catering"], figures["installed"], figures["installation_rate"], figures["noise_sites"]), (2, 2, 1, 1))
        self.assertIsNone(figures["inspections"])
        self.assertIn("inspections", [note["figure"] for note in report["notes"]])
        text = self.street.cli("report", "quarterly", "--quarter", "2026-Q3").stdout
        for words in ("治理城区噪音扰民。", "治理城区餐饮业油烟。", "安装率达 100.0%", "—[1]"):
            self.assertIn(words, text)
        self.assertIn("2026-Q5", self.street.cli("report", "quarterly", "--quarter", "2026-Q5", expect=2).stderr)
        self.assertIn("Cooking fumes", self.street.cli("report", "quarterly", "--quarter", "2026-Q3", "--lang", "en").stdout)


class SummerTime(Audits):
    ZONE = "Europe/Berlin"

    def test_a_week_of_169_hours_and_the_year_with_53_weeks(self):
        berlin = zoneinfo.ZoneInfo(self.ZONE)
        self.tick(ms("2026-10-26 02:00", berlin))
        first = self.wait_published(1, "2026-W43")
        self.assertEqual((first["from"], first["until"]), (ms("2026-10-19", berlin), ms("2026-10-26", berlin)))
        self.assertEqual(first["until"] - first["from"], 169 * HOUR)
        self.tick(ms("2027-01-04 02:00", berlin))
        self.assertEqual(self.wait_published(1, "2026-W53")["until"], ms("2027-01-04", berlin))
        self.tick(ms("2027-01-11 02:00", berlin))
        self.assertEqual(self.wait_published(1, "2027-W01")["from"], ms("2027-01-04", berlin))


if __name__ == "__main__":
    unittest.main()
