"""A street in which every answer of every meter is a new number, so that each can be followed to the end.

Each gateway has a TCP bus of its own with some meters; each meter serves `n` (u32) and `m` (u16), both counting.
"""
import os
import random
import time

from checker import Place, check, check_wire, clip, contradictions, excuses_of, parse_served
from influx import count
from meters import profile
from programs import free_port, wait_for, wall_ms
from stream import frames_on_disk
from street import Street, merged

FLUSH_MS = 100
TALLY = profile("tally", n="holding:0 u32", m="holding:2 u16")


class CountedStreet(Street):
    """Everything of a counted street, not yet started: start() does that, in the order in which a street is built."""

    def build(self, gateways=1, meters=4, interval="100ms", persistence=False, journal=None, collector=None, gateway=None):
        self.write("profiles/tally.ini", TALLY)
        self.start_broker(persistence=persistence)
        self.start_influx()
        self.tapped = self.tap()
        self.ports = [free_port() for _ in range(gateways)]
        self.places = {f"meter-{g}-{m}": Place("tally", f"site-{g}", f"tally-{m}", f"gw-{g}", {"n": "n", "m": "m"})
                       for g in range(1, gateways + 1) for m in range(1, meters + 1)}
        self.meters = self.sim(self.scenario(self.ports, meters))
        self.start_collector(collector)
        self.import_all()
        self.gateways = [self.gateway(merged(self.polling(port, meters, interval, f"site-{g}"),
                                             {"gateway": gateway or {}, "journal": journal or {}}), f"gw-{g}")
                         for g, port in enumerate(self.ports, 1)]
        return self

    @staticmethod
    def scenario(ports, meters, first=100000, second=3000):
        """The meters of one bus on each port; their numbers start at multiples of first and second."""
        street = {"sim": {"seed": 1}, "model tally": {"n": "holding:0 u32", "m": "holding:2 u16"}}
        for g, port in enumerate(ports, 1):
            street[f"bus b{g}"] = {"type": "tcp", "address": f"127.0.0.1:{port}"}
            for m in range(1, meters + 1):
                street[f"meter meter-{g}-{m}"] = {"bus": f"b{g}", "unit": m, "model": "tally", "n": f"counter {first * m}",
                                                  "m": f"counter {second * m}"}
        return street

    @staticmethod
    def polling(port, meters, interval, site):
        """The sections of the gateway that polls them."""
        return {"gateway": {"flush": f"{FLUSH_MS}ms"},
                "bus b": {"type": "tcp", "address": f"127.0.0.1:{port}", "timeout": "2s", "retries": 0},
                **{f"device tally-{m}": {"bus": "b", "unit": m, "profile": "tally", "site": site, "interval": interval}
                   for m in range(1, meters + 1)}}

    def import_all(self):
        self.import_sites(*({"id": f"site-{g}", "kind": "other", "gateways": f"gw-{g}"} for g in range(1, len(self.ports) + 1)))

    def arrived(self, site=None, since=0):
        """How many answers stand in the time series (of this site, after this wall ms)."""
        which = f" AND site = '{site}'" if site else ""
        return count(self.influx.url, "tally", "n", f"WHERE time > {since}ms{which}")

    def wait_flowing(self, more=1, deadline=20.0):
        """Until of each gateway so many more answers stand in the time series than now, up to the newest."""
        sites = {place.site for place in self.places.values()}
        begun, now = {site: self.arrived(site) for site in sites}, wall_ms()

        def flowing():
            for program in (self.meters, self.broker, self.influx, self.collector, *self.gateways):
                program.alive()
            return all(self.arrived(site, now) > 0 and self.arrived(site) - begun[site] >= more for site in sites)
        wait_for(flowing, "new answers of each gateway reach the time series", deadline, every=0.1)

    def stop_gateways(self):
        for gateway in self.gateways:
            gateway.stop()

    def drained(self, gateway):
        """All that stands in the present epoch of the gateway's journal stands in the collector's."""
        own, held = frames_on_disk(gateway.state), {f.payload for f in frames_on_disk(self.collector.state)}
        return own != [] and all(f.payload in held for f in own if f.epoch == own[-1].epoch)

    def held(self):
        """The frames in the collector's journal that are to be judged."""
        return frames_on_disk(self.collector.state)

    def settle(self, deadline=60.0):
        """After the gateways were stopped: until what the collector holds stands in the time series."""
        for gateway in self.gateways:
            wait_for(lambda g=gateway: self.drained(g), lambda g=gateway: f"{g.name} is drained", deadline, every=0.2)
        good = sum(1 for f in self.held() for r in f.readings if r.get("values"))
        last = [0, time.monotonic()]

        def still():
            now = self.arrived()
            if now != last[0]:
                last[:] = [now, time.monotonic()]
            return now >= good or time.monotonic() - last[1] > 5  # the checker says what is missing
        wait_for(still, "the time series holds what the collector holds", deadline, every=0.1)
        # What was stored before a collector was wiped makes that count true too early: the reader itself must be done.
        wait_for(lambda: self.status()["readers"]["lines"]["lag_ms"] == 0, "all lines are written", deadline, every=0.1)

    def kill_often(self, victims, kills, rng):
        """Kills one of the victims at random moments, sometimes while it is still starting, and starts it again.
        What was killed: (name, wall ms of the kill, wall ms of the next start)."""
        history = []
        for _ in range(kills):
            self.let_run(rng.uniform(0.0, 0.3) if rng.random() < 0.2 else rng.uniform(0.6, 2.8))
            victim = rng.choice(victims)
            victim.kill()
            at = victim.ends[-1][0]
            self.let_run(rng.uniform(0.0, 0.6))
            victim.launch()
            history.append((victim.name, at, victim.starts[-1]))
        for victim in victims:
            if victim.ready:
                wait_for(lambda v=victim: v.alive() and v.ready(), f"{victim.name} is ready")
        return history

    def verdict(self, kills=(), tolerance_ms=500):
        """Checks served, declared and stored against each other.  kills: of gateways, as kill_often tells them; what was served
        more than a flush and a second before one, or after the start that followed, cannot be excused by it."""
        frames = self.held()
        served, points = parse_served(self.meters.log_of_answers), self.points()
        protected = []
        for name in {place.gateway for place in self.places.values()}:
            since = 0
            for _, killed, started in (k for k in kills if k[0] == name):
                protected.append((name, since, killed - FLUSH_MS - 1000))
                since = started
            protected.append((name, since, 1 << 62))
        report = check(served, points, self.places, clip(excuses_of(frames), protected), tolerance_ms)
        for more in (contradictions(frames), check_wire(self.tapped.frames(), points, self.places)):
            report.violations += more.violations
        return report


def kills_wanted():
    return int(os.environ.get("KILLS", 20))


def seed():
    return int(os.environ.get("SEED", random.randrange(1 << 32)))
