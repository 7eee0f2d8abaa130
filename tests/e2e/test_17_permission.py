"""Who may report for a site is the register's word: strangers wait, what is not permitted is counted, the rest goes on."""
import unittest

from counted import CountedStreet
from programs import wait_for, wall_ms
from stream import ROOT, ForeignGateway, compact, frames_on_disk
from street import Scenario


class Permission(Scenario):
    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        s.start_influx()
        self.tap = s.tap()
        s.start_collector()
        s.import_sites({"id": "nice-club", "kind": "club", "grid": "g1", "gateways": "gw-1"},
                       {"id": "moon-ktv", "kind": "ktv", "grid": "g1", "gateways": "gw-2"})

    def gateway(self, name="gw-1", **more):
        gateway = self.street.peer(ForeignGateway, self.street.broker.port, name, **more)
        gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"}), "noise-2": ("moon-ktv", "noise", 1000, {"laeq": "dB(A)"}),
                       "noise-3": ("nowhere", "noise", 1000, {"laeq": "dB(A)"})})
        return gateway

    def stored(self):
        return sorted((p.tags["site"], p.tags["device"], float(p.fields["laeq"])) for p in self.street.points("noise"))

    def refused(self):
        return {k: v for k, v in self.street.status()["refused"].items() if v}

    def test_only_what_is_permitted_is_stored_and_the_rest_counted(self):
        gateway, now = self.gateway(), wall_ms()
        gateway.readings([("noise-1", now, {"laeq": 51}), ("noise-2", now, {"laeq": 52}), ("noise-3", now, {"laeq": 53}),
                          ("noise-4", now, {"laeq": 54}), ("noise-1", now + 1000, {"laeq": 55})])
        gateway.drain()
        wait_for(lambda: len(self.stored()) >= 2, "what is permitted is stored")
        refused = self.refused()
        self.assertGreaterEqual(refused.pop("not-permitted"), 1)
        self.assertGreaterEqual(refused.pop("unknown-site"), 1)
        self.assertGreaterEqual(refused.pop("unknown-device"), 1)
        self.assertEqual(refused, {})
        self.assertEqual(self.stored(), [("nice-club", "noise-1", 51), ("nice-club", "noise-1", 55)])
        held = [f.payload for f in frames_on_disk(self.street.collector.state)]
        self.assertEqual(held, gateway.payloads, "the frame is evidence as a whole")
        gateway.now({"noise-2": (now, {"laeq": 52}), "noise-3": (now, {"laeq": 53}), "noise-4": (now, {"laeq": 54}),
                     "noise-1": (now + 1000, {"laeq": 55})})
        wait_for(lambda: self.tap.of("yudu", "live", "nice-club", "noise-1"), "its live values")
        self.assertEqual({m.topic for m in self.tap.of("yudu", "live", "#")}, {f"{ROOT}/yudu/live/nice-club/noise-1"})
        live = self.tap.json("yudu", "live", "nice-club", "noise-1")[0]
        self.assertEqual(live, {"site": "nice-club", "device": "noise-1", "ts": now + 1000, "values": {"laeq": 55}, "units": {"laeq": "dB(A)"},
                                "quality": "good"})
        shown = wait_for(lambda: [s for s in self.tap.json("yudu", "collector", "main", "status") if s["refused"]["not-permitted"]],
                         "the refusals are shown", 15)
        self.assertEqual(shown[-1]["forks"], 0)

    def test_what_now_may_not_show_counts_by_device(self):
        def live_refused():
            return self.street.status()["readers"]["live"]["refused"]

        def tell(ts):
            gateway.now({f"noise-{n}": (ts, {"laeq": 50}) for n in (1, 2, 3, 4)})
            return wait_for(lambda: [m for m in self.tap.json("yudu", "live", "nice-club", "noise-1") if m["ts"] == ts], "its live values")

        gateway, now = self.gateway(), wall_ms()
        gateway.drain()
        self.assertEqual(live_refused(), 0)
        tell(now)
        tell(now + 1000)
        self.assertEqual(live_refused(), 3)  # of another gateway's site, of no site, never named; each once
        self.street.import_sites({"id": "moon-ktv", "kind": "ktv", "grid": "g1", "gateways": "gw-1;gw-2"})
        tell(now + 2000)
        self.assertEqual(live_refused(), 2)
        gateway.publish(f"{gateway.base}/status", compact({"state": "offline"}))
        wait_for(lambda: live_refused() == 0, "a gateway that has gone tells of nothing")
        self.assertEqual(self.refused(), {})  # which counts what was to be kept

    def test_a_new_register_opens_the_way(self):
        gateway = self.gateway()
        gateway.readings([("noise-2", wall_ms(), {"laeq": 52})])
        gateway.drain()
        self.street.import_sites({"id": "moon-ktv", "kind": "ktv", "grid": "g1", "gateways": "gw-1;gw-2"})
        gateway.readings([("noise-2", wall_ms(), {"laeq": 62})])
        gateway.drain()
        wait_for(self.stored, "it is stored")
        self.assertEqual(self.stored(), [("moon-ktv", "noise-2", 62)])

    def test_an_unknown_gateway_waits_until_the_clerk_lists_it(self):
        stranger = self.gateway("gw-7")
        now = wall_ms()
        for i in range(30):
            stranger.readings([("noise-1", now + i, {"laeq": 40 + i})])
        wait_for(lambda: self.refused().get("unknown-gateway"), "it is counted")
        self.assertEqual(stranger.acked, 0)
        self.assertEqual(frames_on_disk(self.street.collector.state), [])
        known = self.gateway()
        known.readings([("noise-1", now - 1, {"laeq": 35})])
        known.drain()  # the others are not held up
        self.street.import_sites({"id": "nice-club", "kind": "club", "grid": "g1", "gateways": "gw-1;gw-7"})
        stranger.drain()
        wait_for(lambda: len(self.stored()) == 31, "all that waited is there")
        self.assertEqual([f.payload for f in frames_on_disk(self.street.collector.state) if f.gateway == "gw-7"], stranger.payloads)

    def test_what_no_gateway_would_say(self):
        """Foreign topics, broken JSON, a body that lies about its sender: refused, counted, answered; the sound ones go on."""
        gateway = self.gateway()
        gateway.drain()
        base, now = gateway.base, wall_ms()
        sound = {"v": 1, "gateway": "gw-1", "epoch": gateway.epoch, "seq": 2, "after": gateway.hashes[1].hex()[:16], "kind": "readings",
                 "readings": []}
        texts = [b"", b"{", b"nonsense", b"[]", b"null", b"\xff\xfe", compact({**sound, "v": 2}), compact({**sound, "gateway": "gw-2"}),
                 compact({**sound, "epoch": "short"}), compact({**sound, "seq": -1}), compact({**sound, "seq": "2"}),
                 compact({**sound, "after": 7}), compact(sound)[:-1], compact(sound) + b"x", compact(sound)[:-1] + b',"seq":3}',
                 compact({**sound, "readings": ["x" * 70000]}), b"{" * 100000]
        for text in texts:
            gateway.publish(f"{base}/stream", text)
        wait_for(lambda: len(gateway.refusals) >= len(texts), lambda: f"{len(gateway.refusals)} of {len(texts)} refusals, {self.refused()}")
        self.assertLessEqual({r["reason"] for r in gateway.refusals}, {"envelope", "size"})
        gateway.publish(f"{ROOT}/elsewhere/gateway/gw-1/stream", compact(sound))
        odd = {"readings": [{"device": "noise-1", "ts": now, "values": {"laeq": 50}}, {"device": "noise-1"}, {"ts": now}, 7, None, {},
                            {"device": "noise-1", "ts": "x", "values": {"laeq": 1}}, {"device": "noise-1", "ts": now + 1, "values": 3},
                            {"device": "noise-1", "ts": now + 2, "values": {"laeq": 52}}]}
        gateway.append("readings", **odd)
        gateway.append("something-of-next-year", what=1)
        gateway.readings([("noise-1", now + 3, {"laeq": 53})])
        gateway.drain()
        wait_for(lambda: len(self.stored()) >= 3, "the good ones are stored")
        self.assertEqual([v for _, _, v in self.stored()], [50, 52, 53])
        self.assertGreater(self.refused().get("reading", 0), 3)
        self.street.collector.alive()


class RealGateway(Scenario):
    kind = CountedStreet

    def test_the_installer_comes_before_the_clerk(self):
        street = self.street.build(gateways=2)
        street.import_sites({"id": "site-1", "kind": "other", "gateways": ""}, {"id": "site-2", "kind": "other", "gateways": "gw-2"})
        wait_for(lambda: street.status()["refused"].get("unknown-gateway"), "gw-1 is unknown now", 30)
        street.let_run(3)
        street.import_all()
        street.wait_flowing(40, deadline=90)
        street.stop_gateways()
        street.settle()
        report = street.verdict().assert_clean()
        self.assertFalse(report.excused)


if __name__ == "__main__":
    unittest.main()
