"""A collector restored from a backup that was taken under load is refilled; a backup with one byte changed is refused."""
import collections
import hashlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest

from counted import CountedStreet, seed
from programs import wait_for
from street import Scenario, sites_csv

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "torture"))

import journal_file  # noqa: E402
from chain_street import ChainStreet  # noqa: E402

# Everybody may do all; the witness only listens: what it says would hide what the restored collector does not say.
ACL = "topic readwrite #\nuser witness\ntopic read #\n"


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def position(ledger):
    db = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", ledger
        return db.execute("SELECT seq, head FROM position").fetchone()
    finally:
        db.close()


class WitnessedStreet(ChainStreet):
    """Beside the collector there is a witness: one of another name, whose acks nobody heeds, and which is never restored."""

    def start_broker(self, **kind):
        return super().start_broker(extra=f"acl_file {self.write('acl', ACL)}\n", **kind)

    def start_collector(self, sections=None, name="collector", start=True):
        collector = super().start_collector(sections, name, start)
        influx, self.influx = self.influx, None
        self.witness = super().start_collector({**(sections or {}), "collector": {"name": "witness"},
                                                "mqtt": {"username": "witness"}}, "witness")
        self.influx = influx
        return collector

    def import_sites(self, *sites, expect=0):
        file = self.write("sites.csv", sites_csv(*({"valid_from": "2026-01-01", **site} for site in sites)))
        for collector in (self.collector, self.witness):
            self.cli("site", "import", file, config=collector.config, expect=expect)

    def folded(self):
        self.cli("dump")  # has the collector commit what it has folded: the next tick is up to a minute away
        return super().folded()


class Restored(Scenario):
    kind = WitnessedStreet

    def assert_consistent(self, backup):
        """By other means than the product's: every sum, the chain, and the ledger's place in it."""
        with open(f"{backup}/manifest.json") as f:
            manifest = json.load(f)
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "manifest.sha256"], cwd=backup, check=True)
        named = {f["path"]: (f["bytes"], f["sha256"]) for f in manifest["files"]}
        held = {path: (os.path.getsize(f"{backup}/{path}"), sha256(f"{backup}/{path}"))
                for path in files_below(backup) if not path.startswith("manifest.")}
        self.assertEqual(named, held)
        journal = journal_file.read(f"{backup}/state/journal")
        self.assertEqual(journal.faults, [])
        seq, head = position(f"{backup}/state/ledger.db")
        self.assertLessEqual(seq, journal.records[-1].seq, "the ledger stands past its journal")
        self.assertEqual(journal.heads[seq].hex(), head)
        self.assertEqual((manifest["ledger"]["seq"], manifest["journal"]["last"]), (seq, journal.records[-1].seq))
        self.assertNotIn("-wal", "".join(held))
        return seq, journal.records[-1].seq

    def rows(self, collector, *tables):
        """What a ledger says that does not depend on when the collector heard of it."""
        rows = [row for row in self.street.dump(config=collector.config) if row["table"] in tables]
        for row in rows:
            row.pop("at_ms", None)
            if row["table"] == "sites":
                row["body"].pop("imported")
            if row["table"] == "flags":
                row["body"] = {k: row["body"].get(k) for k in ("id", "rev", "flag", "state", "since", "until", "judged", "limit", "excess")}
        return [row for row in rows if row["table"] != "flags" or row["flag"] == "noise-limit"]

    def folded_anew(self, collector):
        """The dump of a collector that has nothing but this one's journal."""
        kept = self.street.path("kept")
        self.street.cli("replay", "--keep", kept, config=collector.config)
        with open(collector.config) as f:
            text = f.read().replace(f"state_dir = {collector.state}", f"state_dir = {kept}")
        return self.street.dump(config=self.street.write("kept.ini", text))

    def test_one_restored_is_refilled_and_none_the_wiser(self):
        rng_seed = seed()
        rng, s = random.Random(rng_seed), self.street.prepare(gateways=2, meters=8)
        backups = []
        for n in range(6):
            backups.append(s.path(f"backups/{n}"))
            os.makedirs(os.path.dirname(backups[-1]), exist_ok=True)
            said = json.loads(s.cli("backup", backups[-1], "--json").stdout)
            places = self.assert_consistent(backups[-1])
            self.assertEqual((said["ledger"]["seq"], said["journal"]["last"]), places)
            self.assertEqual(said["damage"], "")
            s.cli("restore", "--check", backups[-1])
            s.let_run(rng.uniform(0.5, 3))
        self.assertEqual(sorted(os.listdir(s.path("backups"))), sorted(map(os.path.basename, backups)), "nothing unfinished is left")
        s.wait_flowing(100, deadline=60)
        chosen = rng.choice(backups)
        print(f"SEED={rng_seed}, backup {os.path.basename(chosen)}")
        s.collector.kill()
        shutil.rmtree(s.collector.state)
        self.assertIn("restored", s.cli("restore", chosen).stdout)
        self.assertEqual(files_below(s.collector.state), files_below(f"{chosen}/state"))
        s.collector.start()
        s.wait_flowing(100, deadline=60)
        run, report = s.examine()
        report.assert_clean()
        self.assertGreater(report.matched, 500)
        self.assertFalse(report.excused, "nothing was lost, so nothing is excused")
        status = {name: acked for name, (_, acked) in run.ledger.gateways.items()}
        self.assertEqual(set(status), {"gw-1", "gw-2"})
        self.assertIn("continue one another", s.cli("verify").stdout)
        self.compare()

    def compare(self):
        s = self.street
        tables = ("windows", "missing", "flags", "sites", "devices", "noise_days")
        wait_for(lambda: self.rows(s.witness, *tables) == self.rows(s.collector, *tables) or None,
                 lambda: self.differences(tables), 30, every=1.0)
        counts = collections.Counter(row["table"] for row in self.rows(s.collector, *tables))
        print(dict(counts))
        self.assertGreater(counts["windows"], 20)
        self.assertGreater(counts["flags"], 2)
        self.assertEqual(self.folded_anew(s.collector), s.dump(config=s.collector.config))

    def differences(self, tables):
        one, other = ([json.dumps(row, sort_keys=True) for row in self.rows(c, *tables)] for c in (self.street.witness, self.street.collector))
        return "the same ledger as the witness:\n" + "\n".join(
            [f"witness  {row}" for row in one if row not in other][:9] + [f"restored {row}" for row in other if row not in one][:9])


class Refused(Scenario):
    kind = CountedStreet

    def setUp(self):
        super().setUp()
        s = self.street.build(gateways=1)
        s.cli("complaint", "add", "--site", "site-1", "--at", "2026-11-20T22:00", "--about", "noise", "--text", "loud", "--name", "李四", "--phone", "123")
        s.write("collector/key", "secret\n")
        os.chmod(s.path("collector/key"), 0o600)
        s.wait_flowing(20)
        s.collector.stop()
        self.backup = s.path("copy")

    def make(self):
        self.street.cli("backup", self.backup)

    def restore(self, *more, expect=0):
        return self.street.cli("restore", *more, self.backup, expect=expect)

    def bare(self):
        shutil.move(self.street.collector.state, self.street.path("gone"))

    def test_of_a_stopped_collector_all_is_there_and_comes_back(self):
        s = self.street
        before = s.dump()
        self.make()
        paths = files_below(self.backup)
        for wanted in ("state/ledger.db", "state/key", "config/collector.ini", "config/standards/gb22337-2008.ini", "manifest.json"):
            self.assertIn(wanted, paths)
        self.assertEqual([p for p in paths if p.startswith("state/identities/")] != [], True)
        self.assertFalse([p for p in paths if "sock" in p or "hold" in p], "what lives only while it runs")
        self.bare()
        self.restore()
        self.assertEqual(os.stat(f"{s.collector.state}/key").st_mode & 0o777, 0o600)
        self.assertEqual(s.dump(), before)
        s.cli("verify")
        s.collector.start()
        s.wait_flowing(20, deadline=60)
        self.assertNotIn("folded anew", s.collector.log())

    def test_nothing_is_overwritten(self):
        s = self.street
        self.make()
        said = s.cli("backup", self.backup, expect=1).stderr
        self.assertIn("exists already", said)
        said = self.restore(expect=1).stderr
        self.assertIn("is not empty", said)
        self.assertEqual([n for n in os.listdir(s.dir) if ".part" in n], [])

    def test_one_byte_changed_anywhere_is_refused_by_name(self):
        s, rng = self.street, random.Random(seed())
        self.make()
        self.bare()
        tried = 0
        for path in files_below(self.backup):
            full = f"{self.backup}/{path}"
            with open(full, "rb") as f:
                good = f.read()
            for at in sorted({0, len(good) // 2, len(good) - 1, rng.randrange(max(len(good), 1))}) if good else []:
                bad = bytearray(good)
                bad[at] ^= 1 << rng.randrange(8)
                self.spoil(full, bytes(bad))
                self.assert_refused(path, f"byte {at}")
                tried += 1
            for what, text in (("one byte more", good + b"x"), ("cut", good[:-1]), ("empty", b""), ("gone", None)):
                if text != good:
                    self.spoil(full, text)
                    self.assert_refused(path, what)
                    tried += 1
            self.spoil(full, good)
        self.spoil(f"{self.backup}/state/more", b"x")
        self.assert_refused("state/more", "a file that is not named")
        os.unlink(f"{self.backup}/state/more")
        os.symlink("/etc/passwd", f"{self.backup}/state/more")
        self.assert_refused("state/more", "a link")
        os.unlink(f"{self.backup}/state/more")
        print(f"{tried} changes refused")
        self.assertGreater(tried, 60)
        self.assertFalse(os.path.exists(s.collector.state), "nothing was written")
        self.restore()
        self.assertTrue(os.path.exists(f"{s.collector.state}/ledger.db"))

    def spoil(self, path, text):
        if text is None:
            os.unlink(path)
        else:
            with open(path, "wb") as f:
                f.write(text)

    def assert_refused(self, path, what):
        done = self.restore(expect=None)
        self.assertEqual(done.returncode, 1, f"{path}: {what}\n{done.stdout}{done.stderr}")
        self.assertIn(path, done.stderr, what)

    def test_a_journal_that_is_damaged_is_copied_and_told(self):
        s = self.street
        path, = (p for p in files_below(s.collector.state) if p.endswith(".seg"))
        full = f"{s.collector.state}/{path}"
        with open(full, "rb") as f:
            text = bytearray(f.read())
        text[text.index(b"QREC", 200) + 40] ^= 1  # in the second record's header, or a later one's
        self.spoil(full, bytes(text))
        self.assertRegex(s.cli("verify", expect=3).stderr, r"record \d+: .*seg")
        done = s.cli("backup", self.backup, expect=3)
        self.assertRegex(done.stderr, r"record \d+: .*copied as it is")
        self.bare()
        self.restore(expect=3)

    def test_a_ledger_of_another_journal_is_not_copied(self):
        s = self.street
        shutil.rmtree(f"{s.collector.state}/journal")
        s.collector.start()  # sets its ledger aside
        s.collector.stop()
        for name in os.listdir(s.collector.state):
            if aside := re.fullmatch(r"ledger\.db\.aside-\d+(.*)", name):
                os.replace(f"{s.collector.state}/{name}", f"{s.collector.state}/ledger.db{aside[1]}")
        said = s.cli("backup", self.backup, expect=1).stderr
        self.assertRegex(said, "ledger (stands at|is of another)")
        self.assertFalse(os.path.exists(self.backup))
        self.assertRegex(s.cli("verify", expect=3).stderr, r"record \d+")

    def test_an_unfinished_restore_keeps_the_collector_from_starting(self):
        s = self.street
        self.make()
        self.bare()
        s.write("collector/restore.part/ledger.db", "half\n")
        s.collector.launch()
        s.collector.ends_with(1)
        self.assertIn("not finished", s.collector.log())
        self.assertEqual(os.listdir(s.collector.state), ["restore.part"])
        self.restore()
        self.assertNotIn("restore.part", os.listdir(s.collector.state))
        s.collector.start()
        s.wait_flowing(20, deadline=60)


if __name__ == "__main__":
    unittest.main()
