"""Weeks of history through the real path: what the law makes of them, and that the same history gives the same ledger."""
import random
import subprocess
import sys
import unittest

from counted import seed
from programs import BIN, ROOT
from street import Scenario, ini

sys.path.insert(0, f"{ROOT}/tests/law")
from law import NODELAY, Law, compare, doubted, finish, found_in, history, names  # noqa: E402

DEMO = f"{ROOT}/config/demo/history.ini"


class LawScenarios(unittest.TestCase):
    maxDiff = None

    def test_every_scenario_gives_what_its_expectation_says(self):
        law = Law()
        self.addCleanup(law.close)
        for name in names():
            with self.subTest(name):
                expectation, _, rows = law.play(name)
                self.assertEqual(compare(expectation, rows), [])
                self.doubt(expectation, rows)

    def doubt(self, expectation, rows):
        """No word of an expectation may be changed without being missed."""
        for words, wrong in doubted(expectation):
            self.assertNotEqual(compare(wrong, rows), [], f"not noticed: {words}")

    def test_a_runner_that_can_fail(self):
        """One flag less, one more, and one with another member are told apart."""
        law = Law()
        self.addCleanup(law.close)
        expectation, _, rows = law.play("purifier-off-at-dinner")
        lost = next(f.row for f in found_in(rows, set()) if f.words[0] == "purifier-off")
        self.assertRegex("\n".join(compare(expectation, [r for r in rows if r.get("id") != lost["id"]])),
                         r"^missing +flag purifier-off cleared river-house hood-1 since=2025-09-01T18:00 [^\n]*$")
        more = {**lost, "id": "0" * 16, "since_ms": lost["since_ms"] - 86400000}
        self.assertRegex("\n".join(compare(expectation, rows + [more])),
                         r"^unexpected +flag purifier-off cleared river-house hood-1 since=2025-08-31T18:00 [^\n]*$")
        next(t for t in expectation.things if t.members.get("purifier") == "under-current").members["purifier"] = "off"
        self.assertRegex("\n".join(compare(expectation, rows)), r"^missing [^\n]*\n +but purifier is under-current, not off$")


class SameHistory(Scenario):
    """The demo's weeks on fixed dates."""

    WHEN = {"from": "2025-09-01", "weeks": 5}

    def collector(self, name):
        return self.street.start_collector({"collector": {"clock": "journal"}}, name)

    def dump(self, collector):
        lines = self.street.cli("dump", config=collector.config).stdout
        collector.stop()
        return lines

    def test_twice_and_with_five_kills(self):
        rng_seed = seed()
        print(f"SEED={rng_seed}")
        rng = random.Random(rng_seed)
        self.street.start_broker(extra=NODELAY)
        dumps = []
        for name in ("once", "twice"):
            collector = self.collector(name)
            figures = finish(history(DEMO, collector.config, **self.WHEN))
            dumps.append(self.dump(collector))
        self.assertGreater(dumps[0].count('"table":"flags"'), 20)
        self.assertGreaterEqual(dumps[0].count('{"table":"entries","kind":"audit"'), 4, "a week, an audit")
        self.assertGreater(figures["readings"], 300000)
        self.assertTrue(dumps[0] == dumps[1], "the same history twice gives another ledger")
        killed = self.collector("killed")
        playing = history(DEMO, killed.config, **self.WHEN)
        self.addCleanup(playing.kill)
        for _ in range(5):
            self.street.let_run(rng.uniform(0.1, 1.5))
            self.assertIsNone(playing.poll(), "it was over before it was disturbed")
            killed.kill()
            killed.start()
        self.assertEqual(finish(playing)["readings"], figures["readings"])
        disturbed = self.dump(killed)
        for one, other in zip(dumps[0].splitlines(), disturbed.splitlines()):
            self.assertEqual(one, other)
        self.assertTrue(dumps[0] == disturbed, "a killed collector has another ledger")


class Refusals(Scenario):
    """A scenario is checked as a whole before anything is sent."""

    def say(self, scenario, *more, expect=3):
        path = self.street.write("scenario.ini", scenario if isinstance(scenario, str) else ini(scenario))
        done = subprocess.run([f"{BIN}/quietair-sim", "history", "--scenario", path, "--collector-config", self.config, *more],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done.stderr

    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.config = self.street.collector_config({"collector": {"clock": "journal"}})

    def test_every_fault_is_named(self):
        meter = {"site": "a", "measurement": "noise"}
        said = self.say({"meter one": {**meter, "leaq": "45"}, "meter two": {**meter, "laeq": "45, sa 25:00-01:30 = 68"},
                         "meter three": {**meter, "laeq": "45, sa 22:30-01:30 = loud"}, "times sa": {"at": "18:00-20:00"},
                         "times open": {"at": "2025-13-01 18:00-20:00"}, "command c": {"at": "d0x", "verb": "tick", "args": "{'a':}"}},
                        "--from", "2025-09-01", "--weeks", "1", "--check")
        for words in (r"\[meter one\] leaq.*laeq", r"\[meter two\] laeq.*25:00-01:30", r"\[meter three\] laeq.*loud", r"\[times sa\].*name",
                      r"\[times open\] at.*2025-13-01", r"\[command c\] at.*d0x", r"\[command c\] args"):
            self.assertRegex(said, words)

    def test_usage(self):
        good = {"meter one": {"site": "a", "measurement": "noise", "laeq": "45"}}
        self.assertIn("future", self.say(good, "--from", "2099-01-01", "--weeks", "1", expect=2))
        self.assertIn("--weeks 0", self.say(good, "--weeks", "0", expect=2))
        self.assertIn("--gateway", self.say(good, "--gateway", "Box 1", expect=2))
        self.config = self.street.collector_config({"collector": {"clock": "wall"}})
        self.assertIn("clock = journal", self.say(good, "--weeks", "1"))

    def test_a_refused_command_ends_it_by_name(self):
        self.street.start_collector({"collector": {"clock": "journal"}})
        site = {"name": "甲", "kind": "club", "district": "yudu", "grid": "g1", "gateways": "gw-past"}
        scenario = {"site a": site, "meter one": {"site": "a", "measurement": "noise", "laeq": "45"},
                    "command wrong": {"at": "d2 09:00", "verb": "cleaning add", "args": "{'site':'nowhere'}"}}
        said = self.say(scenario, "--from", "2025-09-01", "--weeks", "1", expect=1)
        self.assertRegex(said, r"\[command wrong\], 2025-09-02 09:00.*cleaning add was refused.*nowhere")

    def test_other_refusals_and_names_that_stand_for_nothing(self):
        self.street.start_collector({"collector": {"clock": "journal"}})
        site = {"name": "甲", "kind": "club", "district": "yudu", "grid": "g1", "gateways": "gw-past"}
        base = {"site a": site, "meter one": {"site": "a", "measurement": "noise", "laeq": "45"}}
        add = {"at": "d1 09:00", "verb": "cleaning add", "args": "{'site':'nowhere'}"}
        commands = (({**add, "refused": "in the future"}, "was refused for another reason: .*nowhere"),
                    ({**add, "args": "{'site':'a','cleaned_at':'${d1}','by':'x'}", "refused": "yes"}, "was not refused"),
                    ({**add, "args": "{'case':'${case:a:noise}'}"}, r"\$\{case:a:noise\} stands for nothing"),
                    ({**add, "args": "{'id':'${entry:measurement:a}'}"}, r"\$\{entry:measurement:a\} stands for nothing"))
        for week, (command, words) in enumerate(commands):
            said = self.say({"history": {"seed": week + 1}, **base, "command c": command},
                            "--from", f"2025-09-{1 + 7 * week:02}", "--weeks", "1", expect=1)
            self.assertRegex(said, rf"\[command c\].*{words}")


if __name__ == "__main__":
    unittest.main()
