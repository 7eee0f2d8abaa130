"""The chain with its journals and its ledger on disks whose power is cut."""
import signal
import time

from chain_street import ChainStreet
from cut_disk import Disk
from programs import wall_ms, wait_for

FARTHEST_REQUEST = 12  # about what a box does in 0.3 s


class CutStreet(ChainStreet):
    def prepare(self, **kind):
        self.disks = {}
        for name in ("collector", "gw-1", "gw-2"):
            self.disks[name] = Disk(self.dir, name, self.path(name))
        return super().prepare(**kind)

    def strike(self, kind, rng):
        """The power of one box, or of the whole street, goes: now, or at one of the next writes and flushes of its disk."""
        self.let_run(rng.uniform(0.0, 0.3) if rng.random() < 0.2 else rng.uniform(0.5, 2.0))
        victims = {"gateway-cuts": [rng.choice(self.gateways)], "collector-cuts": [self.collector],
                   "all-cuts": [self.collector, *self.gateways]}[kind]
        disks = [self.disks[v.name] for v in victims]
        if rng.random() < 0.7:
            for disk in disks:
                disk.cut_at(rng.randrange(1 << 30), rng.randint(1, FARTHEST_REQUEST))
            self.let_run(rng.uniform(0.0, 0.4))
        for disk in disks:
            disk.cut_now()
        for victim in victims:
            victim.alive()
            victim.ends.append((wall_ms(), "kill"))
            victim.process.send_signal(signal.SIGKILL)
        for victim, disk in zip(victims, disks):
            disk.forget()
            victim.process.wait(20)
            disk.come_back()
        began = time.monotonic()
        for victim in rng.sample(victims, len(victims)):
            victim.launch()
            if victim.ready:
                wait_for(lambda v=victim: v.alive() and v.ready(), f"{victim.name} is ready again", 60)
        if rng.random() < 0.2:
            self.recovered(kind, began)
        return kind[:-1]

    def cached(self):
        """(writes that a cut threw away, writes that it let through) of what stood in the disks' caches."""
        return sum(d.lost for d in self.disks.values()), sum(d.kept for d in self.disks.values())

    def close(self):
        for program in reversed(self.programs):
            program.end()
        for disk in getattr(self, "disks", {}).values():
            disk.close()
        super().close()
