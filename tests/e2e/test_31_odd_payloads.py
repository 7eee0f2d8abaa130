"""Whatever strangers send, the collector stays up, counts its refusals, and goes on with those who speak well."""
import json
import os
import random
import socket
import unittest

from counted import seed
from programs import wait_for
from stream import ZERO, Client, ForeignGateway, chain
from street import Scenario
from test_05_window import ms

FRAMES = int(os.environ.get("FRAMES", "15000"))
START = ms("2026-11-20 20:00")
ODD = [None, True, -1, 0, 1, 2**53, 2**53 + 1, 2**64, -2**63, 1e308, -1e308, 0.1, "", "x" * 300, "\u0000", "\ud83d\ude00", "\ud800",
       [], {}, [[]], {"a": 1}, "2026-13-45", 1764000000123, "../x", "a b", "+/#", "油烟"]


def readable(text):
    """Strict JSON: UTF-8, no NUL, no half of a surrogate pair, no integer beyond 64 bits."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return not any(odd in text for odd in (b"\\u0000", b"\\ud800", str(2**64).encode()))


class Speaker(Client):
    def message(self, m):
        pass


class Mutation:
    """Well-formed values turned odd: members left out, doubled, of another kind; bytes flipped, cut, put in between."""

    def __init__(self, rng):
        self.rng = rng

    def value(self, v):
        rng = self.rng
        if rng.random() < 0.15 or not isinstance(v, (dict, list)):
            return rng.choice(ODD)
        if isinstance(v, list):
            return [self.value(x) if rng.random() < 0.3 else x for x in v] + v[:rng.random() < 0.2]
        return {k if rng.random() > 0.03 else rng.choice(("", k + "x", "ts")): self.value(x) if rng.random() < 0.3 else x
                for k, x in v.items() if rng.random() > 0.04}

    def bytes(self, text):
        rng, b = self.rng, bytearray(text)
        for _ in range(rng.randrange(1, 4)):
            at, what = rng.randrange(len(b) + 1), rng.random()
            if what < 0.4 and at < len(b):
                b[at] = rng.randrange(256)
            elif what < 0.6:
                del b[at:at + rng.randrange(1, 20)]
            elif what < 0.8:
                b[at:at] = rng.randbytes(rng.randrange(1, 8))
            else:
                del b[at:]
        return bytes(b)

    def text(self, v):
        return json.dumps(v, separators=(",", ":"), ensure_ascii=self.rng.random() < 0.5).encode("utf-8", "surrogatepass")


class OddPayloads(Scenario):
    def setUp(self):
        super().setUp()
        s, start = self.street, seed()
        print(f"SEED={start}, {FRAMES} frames")
        self.rng = random.Random(start)
        self.odd = Mutation(self.rng)
        s.start_broker()
        self.collector = s.start_collector({"collector": {"clock": "journal"}})
        s.import_sites({"id": "nice-club", "kind": "club", "noise_class": 2, "gateways": "gw-8 gw-9"},
                       {"id": "house", "stoves": 4, "purifier_installed": "yes", "cleaning_days": 30, "gateways": "gw-8"})
        self.speaker = s.peer(Speaker, s.broker.port, subscriptions=("quietair/v1/yudu/gateway/gw-8/ack",))
        self.epoch, self.seq, self.head, self.now = self.rng.randbytes(16).hex(), 0, ZERO, START

    def body(self):
        rng = self.rng
        self.now += rng.choice((1000, 1000, 60000))
        devices = [{"device": "noise-1", "site": "nice-club", "profile": "p", "measurement": "noise", "interval": 1000,
                    "calibrated": "2026-01-31", "metrics": [{"name": "laeq", "unit": "dB(A)", "type": "number"}]},
                   {"device": "hood-1", "site": "house", "profile": "p", "measurement": "hood", "interval": 10000,
                    "metrics": [{"name": "fume"}, {"name": "fan"}, {"name": "purifier"}, {"name": "dp"}]}]
        readings = [{"device": "noise-1", "ts": self.now + 1000 * i, "values": {"laeq": rng.choice((50.1, 60, 194, 1e9, -3))}}
                    for i in range(5)]
        readings += [{"device": "hood-1", "ts": self.now, "values": {"fume": 1.3, "fan": 1, "purifier": 0}, "errors": {"dp": "crc"}},
                     {"device": "hood-2", "ts": self.now, "error": "timeout"}]
        return rng.choice(({"kind": "hello", "ts": self.now, "version": "1", "district": "yudu", "devices": devices},
                           {"kind": "readings", "readings": readings},
                           {"kind": "gap", "since": self.now - 1000, "until": self.now, "reason": "killed"},
                           {"kind": "time", "boot": "x", "offset": 1, "error": 2, "from": 1, "to": 2},
                           {"kind": "seal", "head": "ab", "key": "k", "signature": "s"}, {"kind": "song"}))

    def frame(self):
        """Half of the frames keep their place in the stream and are odd inside; a fifth, far ahead of it, may be odd all over."""
        body, dice = self.body(), self.rng.random()
        envelope = {"v": 1, "gateway": "gw-8", "epoch": self.epoch, "seq": self.seq + 1, "after": self.head.hex()[:16]}
        inner = self.odd.value(body) if dice < 0.5 else body
        whole = {**(inner if isinstance(inner, dict) else {}), **envelope, "kind": body["kind"]}
        if dice >= 0.8:
            whole["seq"] += 1000
            return self.odd.bytes(self.odd.text(whole)) if dice > 0.9 else self.odd.text(self.odd.value(whole))
        text = self.odd.text(whole)
        if not readable(text):
            return text  # refused, and not part of the chain
        self.seq, self.head = self.seq + 1, chain(self.head, text)
        return text

    def ask(self, n):
        request = {"id": f"r{n}", "actor": "a", "verb": self.rng.choice(("site import", "cleaning add", "status", "tick", "x", "replay")),
                   "args": {"csv": "id,name,kind,district,grid\nx,y,club,d,g\n", "site": "house", "cleaned_at": "2026-11-01", "by": "x"}}
        text = self.odd.text(self.odd.value(request) if self.rng.random() < 0.7 else request)
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(0.3)
            try:
                s.connect(f"{self.collector.state}/control.sock")
                s.sendall((self.odd.bytes(text) if self.rng.random() < 0.3 else text) + b"\n")
                s.recv(4096)
            except OSError:
                pass  # hung up on, or left waiting for more: either is an answer to nonsense

    def judged(self):
        """The ledger but for when gateways were last heard: each start sees them online anew."""
        return [row for row in self.street.dump() if row["table"] != "gateways"]

    def settled(self):
        """Everything that was published has been journalled and folded."""
        seen = []

        def quiet():
            status = self.street.status()
            seen.append((status["journal"]["last"], status["refused"]))
            return len(seen) > 5 and seen[-1] == seen[-5]
        wait_for(quiet, "quiet", 20)

    def test_nothing_sent_ends_the_collector_or_another_stream(self):
        s = self.street
        good = s.peer(ForeignGateway, s.broker.port, "gw-9")
        good.hello({"noise-2": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})
        for n in range(FRAMES):
            self.last = self.speaker.publish("quietair/v1/yudu/gateway/gw-8/stream", self.frame())
            if n % 250 == 0:
                self.speaker.publish("quietair/v1/yudu/gateway/gw-8/status", self.odd.bytes(b'{"state":"online","ts":1,"epoch":"e","last":3}'))
                self.speaker.publish("quietair/v1/yudu/gateway/gw-8/now", self.odd.bytes(b'{"ts":1,"devices":{"noise-1":{"ts":1,"values":{"laeq":3}}}}'))
                self.ask(n)
                good.readings([("noise-2", START + 10 * n + i, {"laeq": 45.0}) for i in range(10)])
                good.drain()
                self.assertTrue(self.collector.alive())
        self.last.wait_for_publish(20)
        self.settled()
        refused = s.status()["refused"]
        print(refused)
        for reason in ("envelope", "ahead", "reading", "unknown-device"):
            self.assertGreater(refused[reason], 0, reason)
        before = self.judged()
        self.collector.kill()
        self.collector.start()
        self.assertEqual(self.judged(), before)
        same = json.loads(s.cli("replay", "--json").stdout)
        self.assertEqual((same["flags"]["changed"], same["windows"]["changed"]), ([], []))


if __name__ == "__main__":
    unittest.main()
