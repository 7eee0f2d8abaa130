"""Both ends keep the stream protocol towards a peer of another make: window, resending, refusals, lost, epochs, forks."""
import glob
import hashlib
import json
import unittest

from counted import TALLY
from meters import ModbusServer
from programs import wait_for, wall_ms
from stream import IN_FLIGHT, ROOT, ZERO, ForeignCollector, ForeignGateway, Frame, chain, compact, frames_on_disk
from street import Scenario

ACK = f"{ROOT}/yudu/gateway/gw-1/ack"


class GatewaySide(Scenario):
    """quietair-gateway and a foreign collector."""

    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        s.write("profiles/tally.ini", TALLY)
        self.count = 0
        self.meter = s.peer(ModbusServer, self.register)
        self.collector = s.peer(ForeignCollector, s.broker.port)
        self.tap = s.tap()

    def register(self, _, address):
        self.count += address == 0
        return (0, self.count & 0xFFFF, self.count * 3 & 0xFFFF)[address] if address < 3 else None

    def start(self, **gateway):
        polling = {"bus b": {"type": "tcp", "address": f"127.0.0.1:{self.meter.port}", "timeout": "2s"},
                   "device d": {"bus": "b", "unit": 1, "profile": "tally", "site": "s", "interval": "20ms"}}
        return self.street.gateway({**polling, "gateway": {"flush": "20ms", "resend": "500ms", **gateway}})

    def taken(self):
        return self.collector.taken

    def values(self, frames):
        return [int(r["values"]["n"]) for f in frames for r in f.readings if "values" in r]

    def wait_taken(self, n, what):
        wait_for(lambda: len(self.taken()) >= n, what)

    def test_a_silent_collector_gets_twenty_and_then_the_same_again(self):
        self.collector.silent = True
        self.start()
        wait_for(lambda: len(self.tap.frames("gw-1")) >= 3 * IN_FLIGHT, "it goes back on its timer", 30)
        frames = self.tap.frames("gw-1")
        self.assertEqual([f.seq for f in frames[:2 * IN_FLIGHT]], [*range(1, IN_FLIGHT + 1)] * 2)
        self.assertGreater(frames[IN_FLIGHT].message.mono - frames[0].message.mono, 0.4, "the timer")
        self.collector.silent = False
        self.wait_taken(100, "then all is taken")
        values = self.values(self.taken())
        self.assertEqual(values, list(range(1, len(values) + 1)))

    def test_never_more_than_twenty_ahead_of_the_ack(self):
        self.start()
        self.wait_taken(150, "150 frames")
        acked = sent = 0
        for m in list(self.tap.messages):
            if m.topic == ACK:
                acked = max(acked, json.loads(m.payload)["seq"])
            elif m.topic.endswith("/stream"):
                sent = Frame(m.payload).seq
                self.assertLessEqual(sent - acked, IN_FLIGHT + 10)  # acks on their way to the gateway and to us

    def test_what_is_refused_is_set_aside_and_said_to_be_lost(self):
        self.collector.refuse = lambda payload: b'"n":30,' in payload
        gateway = self.start()
        wait_for(lambda: [f for f in self.taken() if f.kind == "lost"], "a lost")
        lost, = [f for f in self.taken() if f.kind == "lost"]
        self.assertEqual((lost.body["reason"], lost.first), ("refused", lost.seq))
        self.wait_taken(lost.seq + 50, "the rest goes on")
        refused = next(f for f in self.tap.frames("gw-1") if b'"n":30,' in f.payload)
        self.assertEqual((refused.seq, lost.body["head"]), (lost.seq, self.head_of(frames_on_disk(gateway.state), lost.seq)))
        aside, = glob.glob(f"{gateway.state}/journal/*/quarantine/*")
        with open(aside, "rb") as f:
            self.assertIn(refused.payload, f.read())
        held = self.values(self.taken())
        self.assertEqual(held, [n for n in range(1, max(held) + 1) if n not in self.values([refused])])

    @staticmethod
    def head_of(frames, seq):
        head = ZERO
        for f in frames[:seq]:
            head = chain(head, f.payload)
        return head.hex()

    def test_acks_of_others_and_old_ones_are_not_heeded(self):
        self.collector.silent = True
        gateway = self.start()
        wait_for(lambda: self.tap.frames("gw-1"), "the first frames")
        epoch = self.tap.frames("gw-1")[0].epoch
        forged = {"v": 1, "by": "other", "epoch": epoch, "seq": 10, "head": "ab" * 32}
        for wrong in (forged, {**forged, "by": "main", "epoch": "00" * 16}, {**forged, "by": "main", "head": "short"},
                      {**forged, "by": "main", "seq": -1}, {"by": "main"}, [], {"v": 1, "by": "main", "sha256": "00" * 32, "reason": "size"}):
            self.tap.publish(ACK, compact(wrong))
        for junk in (b"", b"\xff", b"{" * 5000):
            self.tap.publish(ACK, junk)
        gateway.alive()
        gateway.kill()
        left = compact({**forged, "by": "main"})
        self.tap.publish(ACK, left, retain=True)  # found when it connects: not meant for this life
        wait_for(lambda: any(m.topic == ACK and m.payload == left for m in list(self.tap.messages)), "the broker holds it")
        gateway.start()
        said = len(self.tap.frames("gw-1"))
        wait_for(lambda: len(self.tap.frames("gw-1")) > said, "it speaks again")
        self.collector.silent = False
        self.wait_taken(60, "all is taken")
        gateway.alive()
        self.assertEqual({f.epoch for f in self.tap.frames("gw-1")}, {epoch}, "none of them opened a new epoch")
        values = self.values(self.taken())
        self.assertEqual(values, sorted(set(values)), "each once, in order")

    def test_another_chain_opens_a_new_epoch_and_loses_nothing(self):
        self.start()
        self.wait_taken(30, "30 frames")
        old = self.taken()[0].epoch
        self.collector.silent = True
        self.tap.publish(ACK, compact({"v": 1, "by": "main", "epoch": old, "seq": 5, "head": "ab" * 32}))
        wait_for(lambda: any(f.epoch != old for f in self.tap.frames("gw-1")), "another epoch")
        self.collector.silent = False
        wait_for(lambda: sum(f.epoch != old for f in self.taken()) >= 30, "its frames are taken")
        new = [f for f in self.taken() if f.epoch != old]
        self.assertEqual(len({f.epoch for f in new}), 1)
        self.assertEqual((new[0].kind, new[0].seq, new[0].after), ("hello", 1, "0" * 16))
        self.assertEqual(new[0].body.get("prev", {"epoch": old})["epoch"], old)
        self.assertTrue(new[0].body["reset"])
        values = self.values(self.taken())
        self.assertEqual(sorted(set(values)), list(range(1, max(values) + 1)), "every value at least once")
        repeated = [n for n in set(values) if values.count(n) > 1]
        anew = self.values(f for f in new if f.body.get("anew"))
        self.assertLessEqual(set(repeated), set(anew), "what comes again is marked")
        self.assertFalse(any(f.body.get("anew") for f in self.taken() if f.epoch == old))


class CollectorSide(Scenario):
    """quietair-collector and foreign gateways."""

    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        s.start_collector()
        s.import_sites({"id": "s", "gateways": "gw-1"})
        self.tap = s.tap()
        self.gateway = s.peer(ForeignGateway, s.broker.port, "gw-1")
        self.gateway.hello({"d": ("s", "tally", 1000, {"n": ""})})

    def say(self, n):
        for _ in range(n):
            self.gateway.readings([("d", wall_ms() + len(self.gateway.payloads), {"n": len(self.gateway.payloads)})])
        self.gateway.drain()

    def publish(self, payload):
        self.tap.publish(f"{self.gateway.base}/stream", payload)

    def counted(self, reason, n=1):
        wait_for(lambda: self.street.status()["refused"][reason] >= n, f"{reason} is counted")

    def held(self):
        return [(f.epoch, f.seq) for f in frames_on_disk(self.street.collector.state)]

    def test_the_position_is_told_for_everything_that_is_not_taken(self):
        g = self.gateway
        self.say(10)
        head = g.hashes[11].hex()
        self.publish(g.payloads[4])
        self.counted("repeat")
        ahead = json.loads(g.payloads[10])
        self.publish(compact({**ahead, "seq": 15}))
        self.counted("ahead")
        self.publish(compact({**ahead, "seq": 12, "after": "f" * 16}))
        self.counted("fork")
        self.publish(compact({**json.loads(g.payloads[4]), "readings": []}))
        self.counted("fork", 2)
        last = wait_for(lambda: g.acks[-1], "an ack")
        self.assertEqual((last["seq"], last["head"], last["epoch"], last["by"], last["v"]), (11, head, g.epoch, "main", 1))
        self.assertEqual(self.held(), [(g.epoch, n) for n in range(1, 12)])
        self.assertEqual(self.street.status()["forks"], 2)
        self.say(5)

    def test_an_online_is_answered_also_for_an_epoch_nobody_knows(self):
        self.say(3)
        g = self.gateway
        told = len(g.acks)
        g.online()
        wait_for(lambda: len(g.acks) > told, "the position")
        self.assertEqual((g.acks[-1]["seq"], g.acks[-1]["head"]), (4, g.hashes[4].hex()))
        g.publish(f"{g.base}/status", compact({"state": "online", "ts": 1, "version": "x", "epoch": "ab" * 16, "last": 9}), retain=True)
        wait_for(lambda: g.acks[-1]["epoch"] == "ab" * 16, "the position of an unknown epoch")
        self.assertEqual((g.acks[-1]["seq"], g.acks[-1]["head"]), (0, "00" * 32))

    def test_after_its_own_start_it_tells_everyone_who_is_online(self):
        self.say(3)
        g = self.gateway
        for _ in range(2):
            told = len(g.acks)
            self.street.collector.kill()
            self.street.collector.start()
            wait_for(lambda: len(g.acks) > told, "its position after a start")
            self.assertEqual((g.acks[-1]["seq"], g.acks[-1]["head"]), (4, g.hashes[4].hex()))

    def test_a_lost_leads_over_a_hole(self):
        g = self.gateway
        self.say(3)
        for _ in range(5):  # five frames that are never sent
            payload = compact({"v": 1, "gateway": "gw-1", "epoch": g.epoch, "seq": len(g.payloads) + 1, "after": g.hashes[-1].hex()[:16],
                               "kind": "readings", "readings": []})
            g.payloads.append(payload)
            g.hashes.append(chain(g.hashes[-1], payload))
        lost = {"v": 1, "gateway": "gw-1", "epoch": g.epoch, "seq": 9, "after": g.hashes[4].hex()[:16], "kind": "lost", "from": 5, "to": 9,
                "reason": "quota", "head": g.hashes[9].hex()}
        self.publish(compact({**lost, "from": 6, "after": g.hashes[5].hex()[:16]}))
        self.counted("ahead")
        g.sent = 9
        self.publish(compact(lost))
        wait_for(lambda: g.acked == 9, "the lost is taken and acked")
        self.say(3)
        self.assertEqual([seq for _, seq in self.held()], [1, 2, 3, 4, 9, 10, 11, 12])
        if g.strange:
            self.fail(g.strange)

    def test_refusals_name_the_bytes(self):
        self.say(1)
        for payload, reason in ((b"{broken", "envelope"), (b"x" * 65537, "size")):
            self.publish(payload)
            wait_for(lambda: self.gateway.refusals and self.gateway.refusals[-1]["reason"] == reason, f"refused as {reason}")
            self.assertEqual(self.gateway.refusals[-1]["sha256"], hashlib.sha256(payload).hexdigest())
        self.say(1)

    def test_acks_come_at_most_ten_times_a_second(self):
        for n in range(40):
            for _ in range(25):
                self.gateway.readings([("d", wall_ms() + n, {"n": n})])
        self.gateway.drain(60)
        times = [m.mono for m in self.tap.of("yudu", "gateway", "gw-1", "ack")]
        fastest = min(b - a for a, b in zip(times, times[10:]))
        self.assertGreater(fastest, 0.8, "eleven acks within this time")


if __name__ == "__main__":
    unittest.main()
