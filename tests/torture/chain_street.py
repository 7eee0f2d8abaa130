"""The chain that is tortured: meters whose every answer is new, clubs that go over the limit again and again, so that all
that QuietAir writes (journals, acks, ledger, series, alerts) is being written all the time.  And the faults done to it."""
import collections
import os
import random
import signal
import sqlite3
import subprocess
import time

import gather
import invariants
from checker import Place
from counted import FLUSH_MS, TALLY, CountedStreet
from influx import count
from meters import profile
from programs import BIN, Program, free_port, wait_for, wall_ms
from stream import frames_on_disk
from street import ini, merged

CLUB = profile("noise", laeq="holding:0 u16 scale=0.1 unit=dB(A)", n="holding:2 u32")
STEPS, PERIOD_S = 47, 4  # changes of level that a club goes through, and how long each lasts
# The checker takes it as given that one window raises a flag and one clears it.
RULES = {"noise_window": "1s", "clear_after": 1, "raise_after": 1}
LAST_FLUSH_MS = FLUSH_MS + 1000  # what a kill may cost on a busy machine
REACH_S = 4.0  # a system call that is not made so often within this time never will be
FARTHEST = 60


def wandering(quiet, loud, offset_s, period_s=PERIOD_S, steps=STEPS):
    return " ".join(f"{i * period_s + (offset_s if i else 0)}s:{loud if i % 2 else quiet}" for i in range(steps))


Point = collections.namedtuple("Point", "call injection n")  # the n-th call of a kind, and what strace does then
SPELLINGS = {"rename": "?rename,?renameat,?renameat2", "unlink": "?unlink,?unlinkat"}  # of one call on all processors


class Traced(Program):
    """A program to which strace can do something at its n-th call of a kind (counted in each thread)."""

    def plain(self):
        self.argv = self.untraced = getattr(self, "untraced", self.argv)

    def trace(self, point):
        self.plain()
        calls = SPELLINGS.get(point.call, f"?{point.call}")
        self.trace_path = f"{self.log_path}.trace"
        self.argv = ["strace", "-f", "-qq", "-o", self.trace_path, "-e", f"trace={calls}", "-e",
                     f"inject={calls}:{point.injection}:when={point.n}", "setpriv", "--pdeathsig", "KILL", *self.untraced]

    def live_through(self, point):
        """One life: it goes on a second after an error, and is stopped when it does not come so far.  "" if it did not."""
        self.trace(point)
        self.launch()
        kills, end = point.injection == "signal=KILL", time.monotonic() + REACH_S
        while self.running() and time.monotonic() < end:
            if not kills and self.struck():
                end = min(end, time.monotonic() + 1)
                kills = True  # no need to look again
            time.sleep(0.01)
        asked = self.running()
        if asked:
            self.signal_inner(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise AssertionError(f"{self.name} did not end within 20 s of SIGTERM under {point}\n{self.tail()}") from None
        status = self.process.returncode
        killed = status == -signal.SIGKILL and point.injection == "signal=KILL"
        self.ends.append((wall_ms(), "kill" if killed else "stop"))
        if killed:
            return "killed"
        struck = self.struck()
        if status < 0 or (status and not struck):
            raise AssertionError(f"{self.name} ended with {status} under {point}\n{self.tail()}")
        return ("ended" if status else "went on") if struck else ""

    def struck(self):
        try:
            return "INJECTED" in read(self.trace_path)
        except FileNotFoundError:
            return False

    def signal_inner(self, number):
        with open(f"/proc/{self.pid}/task/{self.pid}/children") as f:
            for pid in f.read().split():
                os.kill(int(pid), number)


class ChainStreet(CountedStreet):
    def prepare(self, gateways=2, meters=2, clubs=1, journal=None, interval="100ms", flush=f"{FLUSH_MS}ms", period_s=PERIOD_S):
        self.begun, self.deaf, self.recoveries, self.spoilt = time.monotonic(), False, [], []
        self.varies_s, self.interval_ms = (STEPS - 4) * period_s, int(interval.removesuffix("ms"))
        self.write("profiles/tally.ini", TALLY)
        self.write("profiles/club.ini", CLUB)
        self.start_broker(persistence=True)
        self.start_influx()
        self.tapped = self.tap()
        self.ports = [free_port() for _ in range(gateways)]
        ids = range(1, gateways + 1)
        self.places = {f"meter-{g}-{m}": Place("tally", f"site-{g}", f"tally-{m}", f"gw-{g}", {"n": "n", "m": "m"})
                       for g in ids for m in range(1, meters + 1)}
        names = [f"club-{k}" if k else "club" for k in range(clubs)]
        self.places |= {f"{name}-of-{g}": Place("noise", f"site-{g}", name, f"gw-{g}", {"laeq": "laeq", "n": "n"})
                        for g in ids for name in names}
        scenario = merged(self.scenario(self.ports, meters), {"model club": {"laeq": "holding:0 u16 x0.1", "n": "holding:2 u32"}})
        for g in ids:
            for k, name in enumerate(names):
                scenario[f"meter {name}-of-{g}"] = {"bus": f"b{g}", "unit": 100 + k, "model": "club", "n": f"counter {5000000 * g + 100000 * k}",
                                                    "laeq": wandering("44~1", "81~1", g + k % period_s, period_s)}
        self.meters = self.sim(ini(scenario))
        self.start_collector(merged({"rules": RULES}, self.of_collector()))
        self.sites = [{"id": f"site-{g}", "kind": "club", "noise_class": 2, "gateways": f"gw-{g}"} for g in ids]
        self.import_sites(*self.sites)
        self.gateways = []
        for g, port in enumerate(self.ports, 1):
            clubs_of = {f"device {name}": {"bus": "b", "unit": 100 + k, "profile": "club", "site": f"site-{g}", "interval": interval}
                        for k, name in enumerate(names)}
            sections = merged(self.polling(port, meters, interval, f"site-{g}"), {**clubs_of, "journal": journal or {},
                                                                                  "gateway": {"flush": flush}})
            self.gateways.append(self.gateway(merged(sections, self.of_gateway(g)), f"gw-{g}", start=False))
            self.before_start(self.gateways[-1])
            self.gateways[-1].start()
        for program in (self.collector, *self.gateways):
            program.__class__ = Traced
        self.wait_flowing(20, deadline=60)
        return self

    def stop_in_order(self, program):
        program.stop(deadline=20)

    def status_command(self):
        return [f"{BIN}/quietair", "-c", self.collector.config, "status", "--json"]

    # What another kind of street has otherwise: where peers are found, what a program runs in.

    def of_collector(self):
        return {}

    def of_gateway(self, _g):
        return {}

    def before_start(self, program):
        pass

    def start_collector(self, sections=None, name="collector", start=True):
        collector = super().start_collector(sections, name, start=False)
        self.before_start(collector)
        return collector.start()

    def came_in(self):
        return count(self.influx.url, "tally", "n") + count(self.influx.url, "noise", "n")

    def varied(self):
        """As long as the clubs still go over the limit and come back."""
        return time.monotonic() - self.begun < self.varies_s

    # ---- faults --------------------------------------------------------------------------------------------------------

    def strike(self, kind, rng):
        """Kills, waits a little, starts again; now and then measures how long until all flows."""
        self.let_run(rng.uniform(0.0, 0.3) if rng.random() < 0.2 else rng.uniform(0.5, 2.0))
        everything = [self.broker, self.influx, self.collector, *self.gateways]
        victims = {"gateway": [rng.choice(self.gateways)], "collector": [self.collector], "influx": [self.influx],
                   "broker": [self.broker], "all": rng.sample(everything, len(everything))}[kind]
        for victim in victims:
            victim.kill()
        what = kind
        if self.broker in victims:
            self.deaf = True
            what += self.spoil_broker(rng)
        if kind != "all":
            self.let_run(rng.uniform(0.0, 0.5))
        began = time.monotonic()
        for victim in rng.sample(victims, len(victims)):
            victim.launch()
        if self.broker in victims:
            self.broker_serves()
        if self.influx in victims:
            wait_for(lambda: self.influx.alive() and self.influx.ready(), "influxd serves again", 60)
        if rng.random() < 0.2:
            self.recovered(what, began)
        return what

    def recovered(self, what, began):
        try:
            self.wait_flowing(1, deadline=invariants.RECOVERY_MS / 1000)
        except AssertionError as e:
            raise AssertionError(f"I7 {what}: {e}") from None
        self.recoveries.append(invariants.Recovery(what, int(1000 * (time.monotonic() - began)), False))

    def spoil_broker(self, rng):
        """Its database as the kill left it, gone, or full of zeros as a power cut may leave it."""
        path, how = self.path("broker/mosquitto.db"), rng.choice(("", " wiped", " zeroed"))
        if not how or not os.path.exists(path):
            return ""
        if how == " wiped":
            os.unlink(path)
        else:
            with open(path, "r+b") as f:
                f.write(bytes(os.path.getsize(path)))
        return how

    def broker_serves(self):
        """A mosquitto that does not start on its database has it set aside by its service, as docs/torture.md says."""
        def serves():
            if not self.broker.running():
                self.broker.ends.append((wall_ms(), "end"))
                os.replace(self.path("broker/mosquitto.db"), self.path("broker/mosquitto.db.bad"))
                self.broker.launch()
            return self.broker.ready()
        wait_for(serves, "the broker serves again", 30)

    def sweep(self, victim, plan, most):
        """Lets `victim` live through the points of the plan, one life each; how many were reached, by what came of them."""
        counts = collections.Counter()
        victim.stop()
        while plan and sum(counts.values()) < most and self.varied():
            point = plan[0]
            outcome = victim.live_through(point)
            if outcome:
                words = "" if outcome == "killed" else f" {point.injection[6:]}: {outcome}"
                counts[point.call + words] += 1
                plan[0] = point._replace(n=point.n + 1)
            if not outcome or point.n >= FARTHEST:
                plan.pop(0)
        victim.plain()
        began = time.monotonic()
        victim.launch()
        self.recovered(f"{victim.name} under strace", began)
        return counts

    # ---- the end -------------------------------------------------------------------------------------------------------

    def protected(self):
        """(gateway, from, to): while it ran and its way to the meters was sound, but for the last flush before it ended."""
        spans = []
        for g in self.gateways:
            ends = [at for at, _ in g.ends]
            for started, ended in zip(g.starts, [*ends, None]):
                spans += without(self.spoilt, g.name, started, (ended or wall_ms()) - LAST_FLUSH_MS)
        return spans

    def drained(self, gateway):
        """As in CountedStreet, but for what stands behind a failed fdatasync: that was never said."""
        journals = gather.gateway_journals(gateway.state)
        own = list(journals.values())[-1].records if journals else []
        held = {f.payload for f in frames_on_disk(self.collector.state)}
        return own != [] and all(r.body in held for r in own)

    def folded(self):
        """The ledger has taken in the last frame, and both its outboxes are empty."""
        frames = [r.seq for r in gather.journal_file.read(f"{self.collector.state}/journal").records if r.body.startswith(b"frame ")]
        db = sqlite3.connect(f"file:{self.collector.state}/ledger.db?mode=ro", uri=True)
        try:
            at, = db.execute("SELECT seq FROM position").fetchone()
            rest, = db.execute("SELECT (SELECT COUNT(*) FROM lines) + (SELECT COUNT(*) FROM alerts)").fetchone()
        except sqlite3.OperationalError:
            return False
        finally:
            db.close()
        return at >= frames[-1] and rest == 0

    def pressed(self):
        """Folded: the ledger commits when something happens or a minute is over, and at once when it is asked for something."""
        if not self.folded():
            self.import_sites(*self.sites)
        return self.folded()

    def vitals(self):
        return [invariants.Vitals(p.name, p.rss_kb(), p.fds(), os.path.getsize(p.log_path), read(p.log_path) + read(p.out_path))
                for p in (self.collector, *self.gateways)]

    def examine(self):
        """Brings everything to rest and judges the whole record."""
        self.recovered("the end", time.monotonic())
        vitals = self.vitals()
        self.stop_gateways()
        self.settle(deadline=90)
        wait_for(self.pressed, "the ledger has folded all, and its outboxes are empty", 60, every=0.3)
        late = self.tap("quietair/v1/+/alert/#")
        ledger = gather.ledger(f"{self.collector.state}/ledger.db")
        topics = {(f.flag, f.site, f.device) for f in ledger.flags}
        try:
            wait_for(lambda: len({m.topic for m in late.messages}) >= len(topics), "the retained alerts", 10)
        except AssertionError:
            pass  # the checker says which
        self.collector.stop()
        run = gather.run(self.places, self.meters.log_of_answers, {g.name: g.state for g in self.gateways}, self.collector.state,
                         self.tapped.messages, late.messages, self.points(), self.protected(), recoveries=self.recoveries,
                         vitals=vitals, deaf=self.deaf, interval_ms=self.interval_ms)
        return run, self.judge(run)

    def judge(self, run):
        return invariants.check(run)


def without(spoilt, name, start, end):
    """(name, from, to): what of start to end lies in no (from, to) of `spoilt`."""
    for since, until in sorted(spoilt):
        if start < since and start < end:
            yield name, start, min(since, end)
        start = max(start, until)
    if start < end:
        yield name, start, end


def read(path):
    with open(path, errors="replace") as f:
        return f.read()


def rng_of(seed, batch):
    return random.Random(f"{seed}/{batch}")
