"""Answers that come late, in any order, with echoes and strangers between: in 2,000 real requests no wrong register."""
import collections
import os
import random
import unittest

from late import LatePeer, content
from meters import profile
from programs import wait_for
from stream import frames_on_disk
from street import Scenario

TIMEOUT_MS, REQUESTS = 20, int(os.environ.get("REQUESTS", 2000))
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(10 ** 6)))
# Three questions have one form, two others have another, one is alone.
METRICS = {"a": ("u16", 0x10), "b": ("u16", 0x20), "c": ("u16", 0x30), "d": ("u32", 0x100), "e": ("u32", 0x200), "f": ("u64", 0x300)}
WORDS = {"u16": 1, "u32": 2, "u64": 4}


def expected(unit, metric):
    kind, address = METRICS[metric]
    value = 0
    for i in range(WORDS[kind]):
        value = value << 16 | content(unit, address + i)
    return value


class LateAnswers(Scenario):
    def test_no_wrong_register(self):
        s = self.street
        s.start_broker()
        print(f"seed {SEED} (SEED=… to repeat)")
        s.write("profiles/many.ini", profile("x", **{m: f"holding:{address} {kind}" for m, (kind, address) in METRICS.items()}))
        s.write("profiles/few.ini", profile("x", a="holding:16 u16", d="holding:256 u32", f="holding:768 u64"))
        kinds = [("pty", 0.25, True, 0.0), ("pty", 0.5, False, 0.02), ("pty", 0.01, False, 0.1), ("rtu-tcp", 0.1, False, 0.02),
                 ("rtu-tcp", 0.35, True, 0.0), ("tcp", 0.25, False, 0.0), ("tcp", 0.5, True, 0.0)]
        sections, peers = {}, []
        for n, (kind, late, in_order, noise) in enumerate(kinds):
            path = s.path(f"line{n}")
            peer = s.peer(LatePeer, kind, TIMEOUT_MS / 1000, late, in_order, noise, SEED + n, path)
            peers.append(peer)
            where = {"type": "rtu", "device": path} if kind == "pty" else {"type": kind, "address": f"127.0.0.1:{peer.port}"}
            sections[f"bus b{n}"] = {**where, "timeout": f"{TIMEOUT_MS}ms", **({} if kind == "tcp" else {"baud": 115200})}
            for unit in (1, 2):
                sections[f"device d{n}-{unit}"] = {"bus": f"b{n}", "unit": unit, "profile": ("many", "few")[unit - 1], "site": "s",
                                                   "interval": "20ms"}
        gateway = s.gateway(sections)
        wait_for(lambda: sum(p.requests for p in peers) >= REQUESTS and min(p.requests for p in peers) >= REQUESTS // 50,
                 f"{REQUESTS} requests", 120, every=0.2)
        gateway.stop()
        values, errors, wrong = collections.Counter(), collections.Counter(), []
        for frame in frames_on_disk(gateway.state):
            for r in frame.readings:
                bus, unit = r["device"][1:].split("-")
                for metric, value in r.get("values", {}).items():
                    values[bus] += 1
                    if value != expected(int(unit), metric):
                        wrong.append((r["device"], metric, value))
                errors.update([r["error"]] if "error" in r else r.get("errors", {}).values())
        print(f"{sum(p.requests for p in peers)} requests, values by bus {dict(sorted(values.items()))}, errors {dict(errors)}")
        self.assertEqual(wrong, [])
        for n in range(len(kinds)):
            self.assertGreater(values[str(n)], 20, kinds[n])
        self.assertGreater(errors["timeout"], 100, "too punctual to prove anything")


if __name__ == "__main__":
    unittest.main()
