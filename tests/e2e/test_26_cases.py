"""A club that is loud on Saturdays: told, warned, penalised by command; evidence, deadlines, and who complained stays erasable."""
import datetime
import glob
import hashlib
import json
import os
import subprocess
import unittest
import zoneinfo

from programs import ROOT, wait_for
from stream import ForeignGateway
from street import Scenario

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
TOPIC = "quietair/v1/yudu/case/g1/nice-club/"


def ms(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


class Cases(Scenario):
    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.street.start_collector({"collector": {"clock": "journal", "calendars_dir": f"{ROOT}/config/calendars"},
                                     "rules": {"noise_window": "10s", "clear_after": 1, "warning_wording": "责令改正通知书"}})
        self.street.import_sites({"id": "nice-club", "name": "尚座俱乐部", "kind": "club", "officer": "李建国", "noise_class": 2,
                                  "gateways": "gw-9", "valid_from": "2026-01-01"})
        self.gateway = self.street.peer(ForeignGateway, self.street.broker.port, "gw-9")
        self.gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})

        self.tick("2026-03-07T22:00")

    def tick(self, text):
        self.street.cli("tick", str(ms(text)))

    def loud(self, text):
        """Twenty seconds at 70 dB(A), then quiet; the limit of class 2 is 50 at night (GB 22337-2008, table 1)."""
        start = ms(text)
        self.tick(text)
        self.gateway.readings([("noise-1", start + 1000 * i, {"laeq": 70 if i < 20 else 40}) for i in range(42)])
        self.gateway.drain()
        self.tick(text)  # is answered when all before it was folded

    def case(self):
        return json.loads(self.street.cli("case", "show", self.id_, "--json").stdout)

    def act(self, *words, expect=0):
        return self.street.cli("--actor", "陈志强", "case", words[0], self.id_, *words[1:], expect=expect)

    def add(self, *words, expect=0):
        return json.loads(self.street.cli("--json", *words, expect=expect).stdout)

    def retained(self):
        """What a late subscriber is told, by mosquitto_sub."""
        done = subprocess.run(["mosquitto_sub", "-p", str(self.street.broker.port), "-t", TOPIC + "#", "-C", "1", "-W", "2", "-v"],
                              capture_output=True, text=True)
        topic, _, payload = done.stdout.strip().partition(" ")
        return (topic, json.loads(payload)) if payload else None

    def expect_case(self, **members):
        case = self.case()
        self.assertEqual({key: case[key] for key in members}, members)
        return case

    def measure(self, after, expect=0):
        return self.add("measurement", "add", "--site", "nice-club", "--at", "2026-04-04T23:20", "--value", "67.3", "--instrument",
                        "AWA6228 7", "--class", "2", "--calibration-before", "93.8", "--calibration-after", after, "--officers",
                        "李建国;陈志强", "--wind", "1.2", "--rain", "no", "--background", "47.0", expect=expect)

    def test_the_saturday_club(self):
        self.loud("2026-03-07T23:00")
        self.id_ = hashlib.sha256(f"case|noise|nice-club|{ms('2026-03-07T23:00')}".encode()).hexdigest()[:16]
        case = self.expect_case(state="open", phase="proposed", step="none", proposed="notice", count=1, name="尚座俱乐部",
                                since=ms("2026-03-07T23:00"))
        self.assertEqual(case["wording"]["warning"], "责令改正通知书")
        listed = self.street.cli("case", "list", "--state", "open", "--family", "noise", "--site", "nice-club").stdout
        self.assertIn("尚座俱乐部", listed)
        self.assertEqual(json.loads(self.street.cli("case", "list", "--state", "closed", "--json").stdout), [])
        topic, told = wait_for(self.retained, "the case is retained")
        self.assertEqual((topic, told["id"], told["proposed"]), (TOPIC + self.id_, self.id_, "notice"))
        flag = next(row for row in self.street.dump() if row.get("flag") == "noise-limit")["body"]
        self.assertEqual((flag["case"], flag["step"], flag["grade"]), (self.id_, "notice", "lead"))

        self.tick("2026-03-08T09:00")
        self.assertIn("to be confirmed", self.act("serve", "--at", "2026-03-08", "--by", "李建国", expect=1).stderr)
        self.act("confirm", "--note", "第一次")
        self.tick("2026-03-09T12:00")
        self.act("serve", "--at", "2026-03-09T10:00", "--by", "李建国", "--method", "当面")
        self.loud("2026-03-14T23:00")
        self.expect_case(phase="served", step="notice", proposed="", count=2)
        self.tick("2026-03-17T00:00")
        self.expect_case(phase="over", step="notice", proposed="")
        self.loud("2026-03-21T23:00")
        self.expect_case(phase="proposed", step="notice", proposed="warning", count=3)
        self.tick("2026-03-23T09:00")
        self.act("confirm")
        self.act("serve", "--at", "2026-03-23", "--by", "陈志强")
        said = self.act("confirm", expect=1).stderr
        for words in ("the deadline of the warning passes on 2026-03-30 23:59:59", "no incident has begun since",
                      "there is no reviewed on-site measurement", "cannot be confirmed"):
            self.assertIn(words, said)
        self.loud("2026-04-04T23:00")
        case = self.expect_case(phase="proposed", step="warning", proposed="penalty", count=4)
        self.assertEqual([d["due"] for d in case["deadlines"] if d["what"] == "decide on the penalty"],
                         [ms("2026-07-04T00:00") - 1])
        self.tick("2026-04-07T09:00")
        self.assertIn("no reviewed on-site measurement", self.act("confirm", expect=1).stderr)
        self.assertEqual(self.measure("94.4")["state"], "invalid")
        self.assertIn("is invalid: calibration differs by 0.6 dB", self.act("confirm", expect=1).stderr)
        item = self.measure("94.2")
        self.assertEqual(item["state"], "valid")
        self.assertIn(f"measurement {item['id']} of 2026-04-04 is not reviewed", self.act("confirm", expect=1).stderr)
        self.assertIn("penalty held back: measurement", self.street.cli("case", "show", self.id_).stdout)
        self.street.cli("measurement", "review", item["id"], "--by", "李建国", expect=1)
        self.street.cli("measurement", "review", item["id"], "--by", "陈志强")
        self.act("confirm")
        case = self.expect_case(phase="confirmed", step="penalty", grade="evidence", evidence=[item["id"]], missing=[])
        # seven working days after Tuesday 7 April: 8 9 10 13 14 15 16
        self.assertEqual([d["due"] for d in case["deadlines"] if d["what"] == "serve the penalty"], [ms("2026-04-17T00:00") - 1])
        self.act("serve", "--at", "2026-04-07", "--by", "陈志强", "--method", "邮寄")
        self.expect_case(phase="served")
        self.act("close", "--reason", "已停业")
        self.assertEqual([(h["event"], h["step"]) for h in self.case()["history"]],
                         [("proposed", "none"), ("grown", "none"), ("confirmed", "notice"), ("served", "notice"),
                          ("incident", "notice"), ("over", "notice"), ("proposed", "notice"), ("grown", "notice"),
                          ("confirmed", "warning"), ("served", "warning"), ("over", "warning"), ("proposed", "warning"),
                          ("grown", "warning"), ("evidence", "warning"), ("evidence", "warning"), ("evidence", "warning"), ("confirmed", "penalty"), ("served", "penalty"), ("closed", "penalty")])
        self.compare_dump(item["id"])
        wait_for(lambda: (r := self.retained()) and r[1]["state"] == "closed", "closed, and still told")
        self.tick("2026-04-08T09:01")
        wait_for(lambda: self.retained() is None, "a day later it is emptied")
        self.refold()

    def compare_dump(self, measured):
        """The ledger's rows of the case and its measurements, against what was done above."""
        rows = [row for row in self.street.dump() if row["table"] == "cases"]
        self.assertEqual([row["rev"] for row in rows], list(range(1, 20)))
        self.assertEqual({(row["id"], row["family"], row["site"], row["district"], row["grid"], row["since_ms"]) for row in rows},
                         {(self.id_, "noise", "nice-club", "yudu", "g1", ms("2026-03-07T23:00"))})
        self.assertEqual([row["incidents"] for row in rows], 4 * [1] + 2 * [2] + 5 * [3] + 8 * [4])
        self.assertEqual(rows[-1]["state"], "closed")
        self.assertEqual([i["from"] for i in rows[-1]["body"]["incidents"]],
                         [ms(f"2026-{day}T23:00") for day in ("03-07", "03-14", "03-21", "04-04")])
        self.assertEqual([i.get("worst") for i in rows[-1]["body"]["incidents"]], 4 * [{"judged": 70, "limit": 50}])
        entries = [row for row in self.street.dump() if row.get("kind") == "measurement"]
        self.assertEqual(sorted((row["state"], row["rev"]) for row in entries), [("invalid", 1), ("reviewed", 2), ("valid", 1)])
        body = next(row["body"] for row in entries if row["rev"] == 2)
        # 67.3 - 47.0 = 20.3: more than 10 apart, no correction (table 4); 67.3 rounds to 67
        self.assertEqual((body["id"], body["correction"], body["judged"], body["limit"], body["outcome"], body["grade"]),
                         (measured, 0, 67, 50, "exceeds", "evidence"))

    def refold(self):
        """The same ledger once more, from the journal alone; but that the gateway is heard of anew at the start, and so
        the weeks' audits no longer call it silent."""
        def rows():
            return [row for row in self.street.dump() if row["table"] != "gateways" and row.get("flag") != "gateway-offline"
                    and row.get("kind") != "audit"]
        before = rows()
        self.street.collector.stop()
        for path in glob.glob(f"{self.street.collector.state}/ledger.db*"):
            os.remove(path)
        self.street.collector.start()
        self.street.cli("tick", str(ms("2026-04-08T09:01")))
        self.assertEqual(rows(), before)

    def test_who_complained_is_kept_apart_and_erased(self):
        name, phone = "刘不愿具名", "13800001234"
        self.loud("2026-03-07T23:00")
        done = self.add("complaint", "add", "--site", "nice-club", "--at", "2026-03-07T22:50", "--about", "noise", "--text",
                        "低音很响", "--name", name, "--phone", phone)
        self.street.cli("complaint", "add", "--site", "nowhere", "--at", "2026-03-07", "--about", "noise", "--text", "t",
                        "--name", name, expect=1)
        state = self.street.collector.state
        self.assertEqual(os.listdir(f"{state}/identities"), [f"{done['id']}.json"], "of a refused one nothing is kept")
        self.assertEqual(os.stat(f"{state}/identities/{done['id']}.json").st_mode & 0o777, 0o640)
        shown = json.loads(self.street.cli("complaint", "show", done["id"], "--json").stdout)
        self.assertEqual(shown["complainant"], {"name": name, "phone": phone})
        self.assertEqual([(w["outcome"], w["judged"]) for w in shown["windows"]][:2], [("exceeds", 70), ("exceeds", 70)])
        self.assertEqual([f["flag"] for f in shown["flags"]], ["noise-limit"])
        listed = json.loads(self.street.cli("complaint", "list", "--json").stdout)
        self.assertEqual([(c["id"], c["identity"], len(c["windows"]) > 1) for c in listed], [(done["id"], "kept", True)])
        self.assertIn("低音很响", self.street.cli("complaint", "list").stdout)
        self.assert_nowhere(name, phone, but=f"{state}/identities")
        self.street.cli("complaint", "close", done["id"], "--result", "已测量")
        self.street.cli("complaint", "erase", done["id"])
        self.assert_nowhere(name, phone)
        self.assertNotIn("complainant", json.loads(self.street.cli("complaint", "show", done["id"], "--json").stdout))
        revisions = [row["body"] for row in self.street.dump() if row.get("kind") == "complaint"]
        self.assertEqual([(b["rev"], b["state"], "erased" in b) for b in revisions],
                         [(1, "open", False), (2, "closed", False), (3, "closed", True)])

    def assert_nowhere(self, *texts, but=None):
        """Not in the dump, and not in any file of the state_dir, journal and database with its log included."""
        dump = self.street.cli("dump").stdout
        for text in texts:
            self.assertNotIn(text, dump)
        for path in glob.glob(f"{self.street.collector.state}/**", recursive=True):
            if not os.path.isfile(path) or (but and path.startswith(but)):
                continue
            with open(path, "rb") as f:
                data = f.read()
            for text in texts:
                self.assertNotIn(text.encode(), data, path)


if __name__ == "__main__":
    unittest.main()
