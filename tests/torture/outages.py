"""What is done to the chain without killing anything: outages, load, and want of room, descriptors, memory, names or time.

Each fault ends, and then all must flow again within a minute, with nothing lost that no declared gap explains; a program may
end upon some of them with a message and status 1, and is then started again after 2 s, as its service does it.
"""
import collections
import fcntl
import json
import os
import signal
import subprocess
import time

import invariants
from chain_street import ChainStreet, Traced
from nets import Gate, Resolver
from programs import wait_for, wall_ms

RESTART_S = 2.0  # RestartSec of the services
FLAT_KB = 6 * 1024  # what a journal's segments and a batch may take more
LATE_MS = 1500  # from the meter's log to the gateway's stamp, on a machine that is short of processors; no two answers are alike
DRAIN_PER_S = 100  # readings of a gateway: a hundred times the usual one a second
FRESH_MS = 2000  # how old `now` may be
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
WAYS = "vanished", "mute", "shut", "cutting"


class OutageStreet(ChainStreet):
    """A chain with a gate on each way: from the gateways and the collector to the broker, to InfluxDB, to the meters."""

    named = False  # broker, database and meters are known by name, to a resolver of ours

    def prepare(self, **kind):
        self.gates, self.resolver, self.supervised, self.statuses = {}, None, [], {}
        if self.named:
            self.resolver = self.peer(Resolver, **dict.fromkeys(("broker.test", "influx.test", "meter.test"), "127.0.0.1"))
        return super().prepare(**kind)

    def through(self, name, port):
        """host:port of a gate before what listens on `port`."""
        gate = self.gates.get(name)
        if not gate:
            gate = self.gates[name] = self.peer(Gate, port)
        return f"{name.split('-')[0]}.test:{gate.port}" if self.named else f"127.0.0.1:{gate.port}"

    def of_collector(self):
        return {"mqtt": {"url": f"mqtt://{self.through('broker', self.broker.port)}"},
                "influx": {"url": f"http://{self.through('influx', self.influx.port)}"}}

    def of_gateway(self, g):
        return {"mqtt": {"url": f"mqtt://{self.through('broker', self.broker.port)}"},
                "bus b": {"address": self.through(f"meter-{g}", self.ports[g - 1])}}

    def before_start(self, program):
        if self.named:
            program.argv = self.resolver.asking(self.dir, program.argv)

    @property
    def ours(self):
        return [self.collector, *self.gateways]

    # ---- faults that end ---------------------------------------------------------------------------------------------

    def go_on(self, seconds, may_end=()):
        """Lets all run; what may end does so with a message and status 1, and is started again."""
        end, due = time.monotonic() + seconds, {}
        while time.monotonic() < end:
            time.sleep(0.1)
            for program in self.ours:
                if program.running():
                    continue
                if program not in may_end:
                    program.alive()
                if program not in due:
                    self.ended_well(program)
                    due[program] = time.monotonic() + RESTART_S
                elif time.monotonic() >= due[program]:
                    del due[program]
                    program.launch()
        return due

    def ended_well(self, program):
        program.ends.append((wall_ms(), "end"))
        self.supervised.append(program.name)
        if program.process.returncode not in self.statuses.get(program, (1,)) or not program.log().strip():
            raise AssertionError(f"I8 {program.name} ended with {program.process.returncode}\n{program.tail()}")

    def back(self, what, may_end=()):
        """All is well again: whatever has ended is started, and what was waiting comes."""
        began = time.monotonic()
        self.go_on(RESTART_S + 0.2, may_end) if any(not p.running() for p in self.ours) else None
        for program in self.ours:
            if not program.running():
                if len(program.ends) < len(program.starts):
                    self.ended_well(program)
                program.launch()
        self.recovered(what, began)

    def wait_caught_up(self, deadline):
        """Until the newest answer of each gateway in the time series is as young as `now` may be."""
        sites = {place.site for place in self.places.values()}
        wait_for(lambda: all(self.arrived(site, wall_ms() - FRESH_MS) for site in sites), "nothing waits any more", deadline)

    def examine(self):
        if self.supervised:
            print(f"  ended with a message, as they may: {dict(collections.Counter(self.supervised))}", flush=True)
        return super().examine()

    def judge(self, run):
        run.tolerance_ms = LATE_MS
        return super().judge(run)

    def spoil_meters(self, began_ms):
        """From then till now the way to the meters was not sound: an answer may have been served and not have come; the poll
        under way then is said to have failed, a time-out after it was asked."""
        self.spoilt.append((began_ms - 3000, wall_ms() + 3000))


def turns(chain, until, most):
    """So many, but none is begun behind `until` except the first, or when the clubs have come to rest."""
    for n in range(most):
        if n and (time.monotonic() > until or not chain.varied()):
            return
        yield n


# ---- outages ---------------------------------------------------------------------------------------------------------

def _now_ages(chain, since):
    """{gateway: age of the newest value in its newest `now`}."""
    ages = {}
    for g in chain.gateways:
        heard = chain.tapped.of("yudu", "gateway", g.name, "now", since=since)
        if heard:
            newest = max(device["ts"] for device in json.loads(heard[-1].payload)["devices"].values())
            ages[g.name] = wall_ms() - newest
    return ages


def _spool_bytes(gateway):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(f"{gateway.state}/journal") for name in names
               if name.endswith(".seg"))


class _Answers:
    """How many the meters have given since, by their own log."""

    def __init__(self, chain):
        self.path, self.gateways, self.lines = chain.meters.log_of_answers, len(chain.gateways), 0
        self.at = os.path.getsize(self.path)

    def of_a_gateway(self):
        with open(self.path, "rb") as f:
            f.seek(self.at)
            text = f.read()
        self.at += len(text)
        self.lines += text.count(b"\n")
        return self.lines / self.gateways


def outage(readings):
    """Broker, database or both away until so many readings have piled up at each gateway (or, of a database, at the collector)."""
    def strike(chain, rng, faults, until):
        for what in rng.sample((("broker",), ("influx",), ("broker", "influx")), 3):
            _away(chain, rng, what, readings, faults)
            if time.monotonic() > until or not chain.varied():
                break
    return strike


def _away(chain, rng, what, readings, faults):
    way = rng.choice(("killed", "frozen", "vanished"))
    programs = [{"broker": chain.broker, "influx": chain.influx}[name] for name in what]
    before = {p: p.rss_kb() for p in chain.ours}
    most = dict(before)
    chain.deaf = True  # a broker that was away may have dropped alerts which the collector had sent
    for name, program in zip(what, programs):
        if way == "killed":
            program.kill()
        elif way == "frozen":
            program.pause()
        else:
            chain.gates[name].set("vanished")
    began, answers = time.monotonic(), _Answers(chain)
    while answers.of_a_gateway() < readings:
        chain.go_on(0.5)
        for p in chain.ours:
            most[p] = max(most[p], p.rss_kb())
    took, since, piled = time.monotonic() - began, len(chain.tapped.messages), answers.of_a_gateway()
    held = max(map(_spool_bytes, chain.gateways))
    back = time.monotonic()
    for name, program in zip(what, programs):
        if way == "killed":
            program.launch()
        elif way == "frozen":
            program.resume()
        else:
            chain.gates[name].set("open")
    if way == "killed":
        if "broker" in what:
            chain.broker_serves()
        if "influx" in what:
            wait_for(lambda: chain.influx.alive() and chain.influx.ready(), "influxd serves again", 60)
    name = f"{'+'.join(what)} {way}"
    wait_for(lambda: len(_now_ages(chain, since)) == len(chain.gateways), f"I7 {name}: `now` of each gateway", invariants.RECOVERY_MS / 1000)
    now_ms = int(1000 * (time.monotonic() - back))
    chain.recoveries.append(invariants.Recovery(name, now_ms, False))
    chain.wait_flowing(1, deadline=max(invariants.RECOVERY_MS / 1000, piled / DRAIN_PER_S))  # a new answer stands behind all others
    drained = time.monotonic() - back
    ages = _now_ages(chain, since)
    chain.wait_caught_up(max(invariants.RECOVERY_MS / 1000, drained))  # with what came while the backlog went
    for p in chain.ours:
        most[p] = max(most[p], p.rss_kb())
    grown = {p.name: most[p] - before[p] for p in chain.ours}
    print(f"  {name}: {piled:.0f} readings a gateway in {took:.0f} s; spool {held / 1e6:.1f} MB; first now after {now_ms} ms, then "
          f"{max(ages.values())} ms old; all drained after {drained:.1f} s, {took / drained:.1f} times the live rate here; memory + {grown} kB",
          flush=True)
    if max(grown.values()) > FLAT_KB:
        raise AssertionError(f"I8 {name}: memory grew by {grown} kB")
    faults[f"outage {name}"] += 1


def load(what):
    """Nothing but more to do, for two minutes."""
    return lambda chain, _rng, faults, until: _loaded(chain, what, faults, until)


def _loaded(chain, what, faults, until):
    end = min(time.monotonic() + 120, until)
    before = {p: p.rss_kb() for p in chain.ours}
    while time.monotonic() < end and chain.varied():
        chain.go_on(1)
        ages = _now_ages(chain, 0)
        if ages and max(ages.values()) > 5 * FRESH_MS:
            raise AssertionError(f"I7 {what}: `now` is {ages} ms old")
    chain.recovered(what, time.monotonic())
    grown = {p.name: p.rss_kb() - before[p] for p in chain.ours}
    print(f"  {what}: memory + {grown} kB", flush=True)
    if max(grown.values()) > FLAT_KB:
        raise AssertionError(f"I8 {what}: memory grew by {grown} kB")
    faults[what] += 1


# ---- want ------------------------------------------------------------------------------------------------------------

def _limit(program, what, value=None):
    subprocess.run(["prlimit", f"--pid={program.pid}", f"--{what}={'unlimited' if value is None else value}:"], check=True)


def _bounce(chain, rng):
    """So that sockets and memory are asked for again."""
    for name in rng.sample(("broker", "influx"), rng.randint(1, 2)):
        chain.gates[name].set("shut")
        chain.go_on(0.3, chain.ours)
        chain.gates[name].set("open")


def descriptors(chain, rng, faults, until):
    """No further descriptor for some seconds, of a running program; or only so many from the start on."""
    for _ in turns(chain, until, 8):
        victim = rng.choice(chain.ours)
        if rng.random() < 0.5:
            what, low = "descriptors", victim.fds() + rng.randrange(3)
            _limit(victim, "nofile", low)
            before = victim.pid
            _bounce(chain, rng)
            victim.process.send_signal(signal.SIGHUP)
            chain.go_on(rng.uniform(2, 6), [victim])
            if victim.running() and victim.pid == before:
                _limit(victim, "nofile", 1024)
        else:
            what, argv = "few descriptors at the start", victim.argv
            chain.statuses[victim] = (1, 3)  # 3: its configuration could not be read
            chain.stop_in_order(victim)
            victim.argv = ["prlimit", f"--nofile={rng.randrange(4, 24)}", *argv]
            victim.launch()
            chain.go_on(rng.uniform(1, 4), [victim])
            victim.argv = argv
            if victim.running():
                chain.stop_in_order(victim)
                victim.launch()
        chain.back(what, [victim])
        chain.statuses.clear()
        faults[what] += 1


def memory(chain, rng, faults, until):
    """Some more megabytes of address space and no more; so malloc fails somewhere."""
    for _ in turns(chain, until, 8):
        victim = rng.choice(chain.ours)
        before, room = victim.pid, rng.choice((0, 0, 1 << 18, 1 << 20, 4 << 20))
        with open(f"/proc/{victim.pid}/statm") as f:
            size = int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _limit(victim, "as", size + room)
        _bounce(chain, rng)
        if victim is chain.collector:
            for _ in range(3):
                subprocess.run([*chain.status_command()], capture_output=True, timeout=30, check=False)
        chain.go_on(rng.uniform(2, 6), [victim])
        if victim.running() and victim.pid == before:
            _limit(victim, "as")
        chain.back("memory", [victim])
        faults["memory"] += 1


def file_size(chain, rng, faults, until):
    """No file may grow any more, or not beyond some KiB (setrlimit's RLIMIT_FSIZE), until it is ended or allowed again."""
    for _ in turns(chain, until, 6):
        victim = rng.choice(chain.ours)
        before = victim.pid
        _limit(victim, "fsize", rng.choice((0, 4096, 1 << 16, 1 << 18)))
        chain.go_on(rng.uniform(2, 6), [victim])
        if victim.running() and victim.pid == before:
            _limit(victim, "fsize")
        chain.back("file size", [victim])
        faults["file size"] += 1


class Unread(Traced):
    """A program whose stderr is a pipe that is full, and that nobody reads."""

    def launch(self):
        read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
        try:
            while True:
                os.write(write_end, b"x" * 1024)
        except BlockingIOError:
            pass
        fcntl.fcntl(write_end, fcntl.F_SETFL, 0)
        self.read_end = read_end
        self.out_from = self.log_from = 0
        with open(self.out_path, "ab") as out:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=write_end, start_new_session=True, env=self.environment)
        os.close(write_end)
        self.starts.append(wall_ms())
        return self

    def drain(self):
        """What it said, from the first newline behind what filled the pipe."""
        fcntl.fcntl(self.read_end, fcntl.F_SETFL, os.O_NONBLOCK)
        text = b""
        try:
            while more := os.read(self.read_end, 65536):
                text += more
        except BlockingIOError:
            pass
        return text.lstrip(b"x").decode()


def blocked_log(chain, rng, faults, until):
    """stderr is a full pipe while links break, configurations are read again and all meters fail: a storm that is not heard."""
    for program in chain.ours:
        chain.stop_in_order(program)
        program.__class__ = Unread
        program.launch()
    chain.recovered("blocked log, at the start", time.monotonic())
    for _ in turns(chain, until, 4):
        for g in chain.gateways:
            g.process.send_signal(signal.SIGHUP)
        _bounce(chain, rng)
        began = wall_ms()
        for g in range(1, len(chain.gateways) + 1):
            chain.gates[f"meter-{g}"].set(rng.choice(WAYS), rng.randrange(12))
        chain.go_on(rng.uniform(1, 4))
        for g in range(1, len(chain.gateways) + 1):
            chain.gates[f"meter-{g}"].set("open")
        chain.recovered("blocked log", time.monotonic())
        chain.spoil_meters(began)
        faults["blocked log"] += 1
    for program in chain.ours:
        program.drain()
    for g in chain.gateways:  # and now that somebody reads, it is said what was not
        g.process.send_signal(signal.SIGHUP)
        said = []
        wait_for(lambda g=g: said.append(g.drain()) or "could not be written" in "".join(said), f"{g.name} owns up", 20)
    for program in chain.ours:
        chain.stop_in_order(program)
        program.__class__ = Traced
        program.launch()


# ---- networks --------------------------------------------------------------------------------------------------------

def network(chain, rng, faults, until):
    """Half-open, mute, refused and cut connections on each of the three ways; peers that stand still."""
    for _ in turns(chain, until, 10):
        name = rng.choice(list(chain.gates))
        way, began = rng.choice((*WAYS, "frozen")), wall_ms()
        seconds = rng.choice((1, 3, 8, 20))
        if way == "frozen":
            program = chain.meters if name.startswith("meter") else {"broker": chain.broker, "influx": chain.influx}[name]
            program.pause()
            chain.go_on(seconds)
            program.resume()
        elif way == "cutting":
            for _ in range(seconds):
                chain.gates[name].set("cutting", rng.randrange(400 if not name.startswith("meter") else 12))
                chain.go_on(1)
            chain.gates[name].set("open")
        else:
            chain.gates[name].set(way)
            chain.go_on(seconds)
            chain.gates[name].set("open")
        what = f"{name.split('-')[0]} {way}"
        chain.recovered(f"{what} for {seconds} s", time.monotonic())
        if name.startswith("meter"):
            chain.spoil_meters(began)
        chain.deaf |= name == "broker"
        faults[what] += 1


def names(chain, rng, faults, until):
    """The resolver hangs, or knows none of the names, while connections are cut."""
    known = dict(chain.resolver.addresses)
    for _ in turns(chain, until, 6):
        what, began = rng.choice(("resolver silent", "no such name")), wall_ms()
        chain.resolver.silent = what == "resolver silent"
        if what == "no such name":
            chain.resolver.addresses.clear()
        for gate in chain.gates.values():
            gate.set("shut")
            gate.set("open")
        stop = rng.random() < 0.3 and rng.choice(chain.ours)
        chain.go_on(rng.choice((2, 6, 15)))
        if stop:
            begun = time.monotonic()
            stop.stop(deadline=10)
            print(f"  {what}: {stop.name} stopped within {time.monotonic() - begun:.1f} s", flush=True)
        chain.resolver.silent = False
        chain.resolver.addresses.update(known)
        if stop:
            stop.launch()
        chain.recovered(what, time.monotonic())
        chain.spoil_meters(began)
        faults[what] += 1


# ---- room ------------------------------------------------------------------------------------------------------------

class SmallDisks(OutageStreet):
    """State folders on file systems of their own: gateways' (16 MiB), the collector's, and apart from it that one's journal."""

    def before_start(self, program):
        super().before_start(program)
        if program.name == "collector":
            self.disk(program.state, 32)
            self.disk(f"{program.state}/journal", 64)
        else:
            self.disk(program.state, 16)

    def disk(self, path, megabytes):
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", path], check=True)
        self.disks = [*getattr(self, "disks", []), path]

    def close(self):
        super_close, disks = super().close, getattr(self, "disks", [])
        self.disks = []
        for program in reversed(self.programs):
            program.end()
        for path in reversed(disks):
            subprocess.run(["umount", "-l", path], check=False)
        super_close()


def _fill(path):
    """Takes all the room there is; the file that does so."""
    ballast = f"{path}/ballast"
    with open(ballast, "ab", buffering=0) as f:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    f.write(b"\0" * size)
                    if size == 1 and os.statvfs(path).f_bavail == 0:
                        break
            except OSError:
                continue
    return ballast


def disk(chain, rng, faults, until):
    """No room for some seconds: at a gateway, for the collector's journal, or for its ledger (and all else but the journal)."""
    for _ in turns(chain, until, 6):
        what, path, victim = rng.choice([*(("gateway's disk full", g.state, g) for g in chain.gateways),
                                         ("journal's disk full", f"{chain.collector.state}/journal", chain.collector),
                                         ("ledger's disk full", chain.collector.state, chain.collector)])
        ballast = _fill(path)
        chain.go_on(rng.choice((2, 6, 12)), [victim])
        os.unlink(ballast)
        chain.back(what, [victim])
        faults[what] += 1


# ---- time ------------------------------------------------------------------------------------------------------------

STEPS_S = 1, -1, 3600, -3600, 86400, -86400
LAG_MS = 400  # a step is noticed at the next turn of a loop, on a busy machine


class FakedStreet(OutageStreet):
    """The wall clocks of the gateways and of the collector are libfaketime's; the monotonic ones are the machine's."""

    def before_start(self, program):
        super().before_start(program)
        self.clocks = getattr(self, "clocks", {})
        self.clocks[program.name] = clock = FakeClock(self.path(f"{program.name}.clock"))
        program.environment = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": clock.path,
                               "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def arrived(self, site=None, since=0):
        return super().arrived(site)  # new ones may bear any time

    def wait_flowing(self, more=1, deadline=20.0):
        super().wait_flowing(max(more, 5), deadline)

    def judge(self, run):
        """By the gateways' clocks, which is what their readings are told by."""
        newest = {(h.place.key, tuple(sorted(h.reading["values"].items()))): h.reading["ts"] for h in invariants.Taken(run).held
                  if h.reading.get("values")}
        run.served = [self.by_its_clock(run, s, newest) for s in run.served]
        run.protected = [(g.name, -1 << 62, 1 << 62) for g in self.gateways]  # a step is no reason to miss anything
        run.unlived = {g.name: self.clocks[g.name].unlived(g.ends[-1][0]) for g in self.gateways}
        run.tolerance_ms = LATE_MS + 1000  # a clock set back by a second is caught up with, not followed
        report = invariants.check(run)
        suspect = {(h.gateway, h.place.device, h.reading["ts"]) for h in invariants.Taken(run).held if "clock" in h.reading.get("why", [])}
        report.violations = [v for v in report.violations  # a time that nobody believes contradicts no gap
                             if not (v.kind == "I3 contradiction" and (*v.key, v.at_ms) in suspect)]
        _suspects(run, report)
        _only_noise(run, report)
        return report

    def by_its_clock(self, run, s, newest):
        """What was served at the moment of a step may have been dated before or after it: as its reading says, else after."""
        place = run.places.get(s.meter)
        if not place:
            return s
        said = newest.get((place.key, tuple(sorted((place.names[n], v) for n, v in s.values.items() if n in place.names))))
        times = [s.at_ms + offset for offset in self.clocks[place.gateway].offsets_about(s.at_ms)]
        not_after = [t for t in times if said is not None and t <= said + 2]  # no reading is told before it was served
        return s._replace(at_ms=max(not_after, default=times[-1]))


class FakeClock:
    def __init__(self, path):
        self.path, self.steps = path, [(0, 0)]  # (from this wall ms on, ms that it is ahead)
        self.set(0)

    def set(self, ahead_s):
        with open(f"{self.path}.new", "w") as f:
            f.write(f"{ahead_s:+d}\n")
        os.replace(f"{self.path}.new", self.path)
        self.steps.append((wall_ms(), 1000 * ahead_s))

    @property
    def ahead_s(self):
        return self.steps[-1][1] // 1000

    def offsets_about(self, at_ms):
        """That before a step which was just made, and that which holds."""
        current = max(i for i, (since, _) in enumerate(self.steps) if since <= at_ms)
        return [offset for i, (since, offset) in enumerate(self.steps[:current + 2])
                if i >= current or (i == current - 1 and at_ms - self.steps[current][0] < 3 * LAG_MS)
                if i <= current or since - at_ms < LAG_MS]

    def unlived(self, stopped_ms):
        """(from, to) of this clock that lie between the spans which it went through until then."""
        ends = [since for since, _ in self.steps[2:]] + [stopped_ms]
        lived = sorted((since + offset, end + offset) for (since, offset), end in zip(self.steps[1:], ends))
        spans, reached = [], lived[0][1]
        for start, end in lived[1:]:
            if start > reached:
                spans.append((reached, start))
            reached = max(reached, end)
        return spans


def _suspects(run, report):
    """Which readings are suspect by their clock, told from the order of their times alone (docs/message-format.md): at the
    gateway those that are not after all before them, at the collector also those 5 min ahead of their receipt."""
    receipts = {r.seq: r.time_ms for r in run.collector.records}
    highest, good = {}, {}
    for h in invariants.Taken(run).held:
        key, ts, receipt = h.place.key, h.reading["ts"], receipts[h.at]
        at_gateway = ts <= highest.get(key, 0)
        if ("clock" in h.reading.get("why", [])) != at_gateway:
            report.add("I3 clock", key, ts, f"{h.reading.get('why')}, while the newest before is {highest.get(key)}")
        ahead = ts - receipt - 300000
        due = "c" if ts <= good.get(key, 0) or ahead > 0 else "."
        if h.mark != due and abs(ahead) > 2000:
            report.add("I3 clock", key, ts, f"marked {h.mark}, while the newest good one is {good.get(key)}, received at {receipt}")
        highest[key] = max(highest.get(key, 0), ts)
        if h.mark == ".":
            good[key] = ts


def _only_noise(run, report):
    """No flag but those of the levels, whose windows are looked at one by one."""
    for f in run.ledger.flags:
        if f.flag != "noise-limit":
            report.add("I5 by a step", (f.flag, f.site, f.device), f.since_ms, f"{f.state}, while nothing but clocks was wrong")


def clocks(chain, rng, faults, until):
    """Steps of a second, an hour, a day, of a gateway's clock or of the collector's, and back again."""
    for _ in turns(chain, until, 8):
        who, step = rng.choice(list(chain.clocks)), rng.choice(STEPS_S)
        clock = chain.clocks[who]
        clock.set(clock.ahead_s + step)
        chain.go_on(rng.uniform(3, 8))
        chain.recovered(f"{who} set by {step:+d} s", time.monotonic())
        clock.set(clock.ahead_s - step)
        chain.go_on(rng.uniform(3, 8))
        faults[f"{who.rstrip('-0123456789')}'s clock {step:+d} s and back"] += 1


Kind = collections.namedtuple("Kind", "strike street settings")
USUAL = {"journal": {"max_bytes": "4M"}}
FAST = {"gateways": 1, "interval": "10ms", "flush": "20ms", "journal": {"max_bytes": "64M"}}


class NamedStreet(OutageStreet):
    named = True


KINDS = {
    "outage-hour": Kind(outage(3600), OutageStreet, FAST),
    "outage-day": Kind(outage(86400), OutageStreet, {**FAST, "period_s": 24}),
    "load": Kind(load("load"), OutageStreet, {"interval": "10ms", "journal": {"max_bytes": "64M"}}),
    "alert-storm": Kind(load("alert storm"), OutageStreet, {"clubs": 20, "period_s": 2, **USUAL}),
    "descriptors": Kind(descriptors, OutageStreet, USUAL),
    "memory": Kind(memory, OutageStreet, USUAL),
    "file-size": Kind(file_size, OutageStreet, USUAL),
    "blocked-log": Kind(blocked_log, OutageStreet, USUAL),
    "network": Kind(network, OutageStreet, USUAL),
    "names": Kind(names, NamedStreet, USUAL),
    "clocks": Kind(clocks, FakedStreet, USUAL),
    "disk": Kind(disk, SmallDisks, {"journal": {"max_bytes": "4M"}}),
}
ROOTS = "names", "disk"  # a name server's port, a file system


def wants(kind):
    """What is not here that this kind needs, or None."""
    if kind in ROOTS and os.getuid() != 0:
        return "root"
    if kind == "clocks" and not os.path.exists(FAKETIME):
        return "the Debian package libfaketime"
    return None
