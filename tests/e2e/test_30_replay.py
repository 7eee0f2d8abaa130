"""A period judged again from the journal: by the rules as recorded nothing differs, by others exactly what must."""
import json
import os
import subprocess
import unittest

from programs import BIN, wait_for
from stream import ForeignGateway
from street import Scenario
from test_05_window import ms

START = ms("2026-11-20 23:00")
WINDOW = 600000
# Means of six windows of a class 2 boundary by night: limit 50, judged by whole decibels.
RULES = {"collector": {"clock": "journal"}}
LEVELS = [50.4, 50.5, 50.6, 60.0, 45.0, 45.0]


class Replay(Scenario):
    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        self.collector = s.start_collector(RULES)
        s.import_sites({"id": "nice-club", "kind": "club", "noise_class": 2, "gateways": "gw-9"})
        gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})
        for n, level in enumerate(LEVELS + [45.0]):
            gateway.readings([("noise-1", START + n * WINDOW + 1000 * i, {"laeq": level}) for i in range(600)])
        gateway.drain()

    def replay(self, *more):
        return self.street.cli("replay", "--from", "2026-11-20", "--until", "2026-11-22", *more).stdout

    def other_rules(self, name, rules):
        return self.street.collector_config({**RULES, "rules": rules}, name)

    def test_by_the_same_rules_nothing_differs_and_the_bytes_are_the_same(self):
        first = self.replay("--json")
        found = json.loads(first)
        self.assertEqual((found["flags"]["changed"], found["cases"]["changed"], found["windows"]["changed"]), ([], [], []))
        self.assertEqual((found["flags"]["same"], found["windows"]["same"]), (1, len(LEVELS)))
        self.assertEqual(self.replay("--json"), first)

    def test_the_ledger_of_a_replay_is_the_ledger(self):
        kept = self.street.path("kept")
        self.replay("--keep", kept)
        of_ledger = self.street.cli("dump").stdout
        with open(self.collector.config) as f:
            text = f.read().splitlines()
        place = [f"state_dir = {kept}" if line.startswith("state_dir") else line for line in text]
        config = self.street.write("kept.ini", "\n".join(place) + "\n")
        self.assertEqual(self.street.cli("dump", config=config).stdout, of_ledger)
        self.assertNotEqual(self.street.cli("replay", "--keep", kept, expect=None).returncode, 0)

    def test_by_other_rules_what_must_change_changes(self):
        # Unrounded 50.4 and 50.5 (half to even: 50) exceed too; the flag begins two windows earlier and is another.
        found = json.loads(self.replay("--json", "--rules", self.other_rules("exact", {"rounding": "none"})))
        changed = {(w["from"] - START) // WINDOW: w for w in found["windows"]["changed"]}
        self.assertEqual([w["after"]["outcome"] for n, w in sorted(changed.items()) if n < 2], ["exceeds", "exceeds"])
        self.assertEqual({n: (w["before"]["judged"], w["after"]["judged"]) for n, w in changed.items()},
                         {0: (50, 50.4), 1: (50, 50.5), 2: (51, 50.6)})
        device, = found["windows"]["devices"]
        self.assertEqual((device["before"]["exceeding"], device["after"]["exceeding"]), (2, 4))
        self.assertEqual((device["before"]["exceeding_ms"], device["after"]["exceeding_ms"]), (2 * WINDOW, 4 * WINDOW))
        before = [c["before"] for c in found["flags"]["changed"] if c["before"]]
        after = [c["after"] for c in found["flags"]["changed"] if c["after"]]
        self.assertEqual([f["since"] for f in before], [START + 2 * WINDOW])
        self.assertEqual([f["since"] for f in after], [START])
        shown = self.replay("--rules", self.other_rules("exact", {"rounding": "none"}))
        self.assertIn("Windows: 3 the same, 3 not.", shown)

    def test_a_register_corrected_afterwards(self):
        # The club stood in class 2 by mistake. By night class 3 has 55 dB(A) (GB 22337-2008, table 1): 60.0 alone exceeds.
        before = [row for row in self.street.dump() if row["table"] in ("windows", "flags")]
        path = self.street.write("corrected.csv", "id,name,kind,district,grid,noise_class,gateways,valid_from\n"
                                                  "nice-club,nice-club,club,yudu,g1,3,gw-9,2026-11-01\n")
        said = self.street.cli("site", "import", path).stderr
        self.assertRegex(said, r"nice-club: valid from 2026-11-01.00:00, .* up to 2026-11-2\d.* replay --register now --from 2026-11-01")
        rows = self.street.dump()
        self.assertEqual([row for row in rows if row["table"] in ("windows", "flags")], before, "nothing changes silently")
        note, = (row for row in rows if row["table"] == "entries" and row["kind"] == "register")
        self.assertEqual((note["site"], note["state"], note["at_ms"]), ("nice-club", "late", ms("2026-11-01")))
        self.assertEqual(json.loads(self.replay("--json"))["windows"]["changed"], [], "as it was known then")
        found = json.loads(self.replay("--json", "--register", "now"))
        device, = found["windows"]["devices"]
        self.assertEqual((device["before"]["exceeding"], device["after"]["exceeding"]), (2, 1))
        self.assertEqual({w["after"]["limit"] for w in found["windows"]["changed"]}, {55})
        self.assertEqual([f["since"] for c in found["flags"]["changed"] if (f := c["after"])], [START + 3 * WINDOW])
        self.street.cli("replay", "--register", "then", expect=2)

    def test_wrong_rules_and_periods_are_refused(self):
        bad = self.street.cli("replay", "--rules", self.other_rules("bad", {"rounding": "up"}), expect=3)
        self.assertIn("rounding", bad.stderr)
        self.street.cli("replay", "--from", "2026-02-30", expect=2)
        self.street.cli("replay", "--from", "2026-11-22", "--until", "2026-11-21", expect=2)

    def judged(self):
        """The ledger but for when gateways were last heard: each start sees them online anew."""
        return [row for row in self.street.dump() if row["table"] != "gateways"]

    def test_killing_the_collector_meanwhile_leaves_no_trace(self):
        before = self.judged()
        expected = self.replay("--json")
        for _ in range(5):
            run = subprocess.Popen([f"{BIN}/quietair", "-c", self.collector.config, "replay", "--json", "--from",
                                    "2026-11-20", "--until", "2026-11-22"], stdout=subprocess.PIPE, text=True)
            self.collector.kill()
            self.assertEqual(run.communicate(timeout=60)[0], expected)
            self.collector.start()
        self.assertEqual(self.judged(), before)
        self.collector.kill()
        os.unlink(f"{self.collector.state}/ledger.db")  # folded anew from the journal
        self.collector.start()
        wait_for(lambda: self.judged() == before, "the same ledger, folded anew", 20)


if __name__ == "__main__":
    unittest.main()
