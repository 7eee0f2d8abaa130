"""A thin uplink: the backlog of an outage drains in order, faster than the live rate, beside fresh values, and bytes are few."""
import json
import os
import unittest

from counted import CountedStreet
from meters import ModbusServer, profile
from programs import wait_for
from stream import ForeignCollector
from street import Scenario, merged
from wire import Authority, Relay

OUTAGE = float(os.environ.get("OUTAGE", 20))  # s
WINDOW = float(os.environ.get("WINDOW", 40))  # s of steady state that are counted
HEADERS = 52  # bytes of one segment without its payload: IPv4 20, TCP 20 with 12 of timestamps (RFC 791, 9293, 7323)


class Backlog(Scenario):
    kind = CountedStreet

    def test_ten_times_the_live_rate(self):
        street = self.street.build(gateways=1, meters=4, interval="100ms", gateway={"flush": "200ms"})
        gateway, = street.gateways
        street.wait_flowing(100)
        street.let_run(5)
        live = street.tapped.frames(gateway.name)[-20:]
        live_rate = (live[-1].seq - live[0].seq) / (live[-1].message.mono - live[0].message.mono)
        street.broker.kill()
        street.let_run(OUTAGE)
        since = len(street.tapped.messages)
        street.broker.start()
        frames = lambda: street.tapped.frames(gateway.name, since=since)
        wait_for(frames, "the backlog begins", 30)
        status = wait_for(lambda: [m for m in street.tapped.of("yudu", "gateway", gateway.name, "status", since=since) if b"online" in m.payload],
                          "it is online")[-1]
        newest = json.loads(status.payload)["last"]
        wait_for(lambda: max(f.seq for f in frames()) > newest + 50, "the backlog is through", 60)
        first = {}
        for f in frames():
            first.setdefault(f.seq, f)
        self.assertEqual(list(first), sorted(first), "in order")
        # From the first ack on: who is connected first, gateway or collector, is chance.
        acks = [(m.mono, json.loads(m.payload)["seq"]) for m in street.tapped.of("yudu", "gateway", gateway.name, "ack", since=since)]
        begun, behind = acks[0]
        took = next(at for at, seq in acks if seq >= newest) - begun
        backlog = range(behind + 1, newest + 1)
        ratio = len(backlog) / took / live_rate
        print(f"live {live_rate:.1f} frames/s; backlog of {len(backlog)} frames in {took:.2f} s: {ratio:.1f} times the live rate")
        self.assertGreater(len(backlog), 3 * OUTAGE)
        self.assertGreater(ratio, 2, "an idle machine gives 28 (docs/uplink.md); one that is starved keeps up all the same")
        nows = street.tapped.of("yudu", "gateway", gateway.name, "now", since=since)
        self.assertGreater(len(nows), 2)
        for m in nows:
            self.assertLess(m.at - max(d["ts"] for d in json.loads(m.payload)["devices"].values()), 2000, "age of the newest value")
        for one, other in zip(nows, nows[1:]):
            self.assertLess(other.at - one.at, 2000, "pause between two of them")


class Bytes(Scenario):
    """Eight meters of a street, one reading a second each; several gateways side by side, each with another way of sending."""

    METERS = 8
    WAYS = {"1 s, MQTT 3.1.1": {"health": "1h"}, "1 s": {"health": "1h"}, "1 s, TLS": {"health": "1h"},
            "1 s, health 10 s": {},
            "10 s, now 10 s": {"flush": "10s", "now": "10s", "health": "1h"},
            "10 s, now off": {"flush": "10s", "now": "off", "health": "1h"}}

    def setUp(self):
        super().setUp()
        s = self.street
        s.write("profiles/noise.ini", profile("noise", laeq="holding:0 u16 scale=0.1", lafmax="holding:1 u16 scale=0.1"))
        self.server = s.peer(ModbusServer, lambda unit, address, n=iter(range(1 << 30)): 500 + next(n) % 300)
        self.plain = s.start_broker()
        tls = s.path("tls")
        os.mkdir(tls)
        authority = Authority(tls)
        authority.issue("server")
        self.ca = authority.crt
        self.tls = s.start_broker(name="tls-broker", tls=tls)
        self.heard = [s.tap(port=self.plain.port), s.tap(port=self.tls.port, tls_ca=self.ca)]
        self.collectors = {"plain": s.peer(ForeignCollector, self.plain.port),
                           "tls": s.peer(ForeignCollector, self.tls.port, tls_ca=self.ca)}

    def start(self, name, way):
        s = self.street
        broker = self.tls if "TLS" in way else self.plain
        relay = s.peer(Relay, broker.port, refuse_5="in words" if "3.1.1" in way else None)
        mqtt = {"url": f"{'mqtts' if 'TLS' in way else 'mqtt'}://127.0.0.1:{relay.port}", "ca_file": self.ca if "TLS" in way else None}
        devices = {f"device noise-{n}": {"bus": "b", "unit": n, "profile": "noise", "site": "nice-club", "interval": "1s"}
                   for n in range(1, self.METERS + 1)}
        s.gateway(merged({"bus b": {"type": "tcp", "address": f"127.0.0.1:{self.server.port}"}, **devices,
                          "gateway": {"id": name, "flush": "1s", **self.WAYS[way]}, "mqtt": mqtt}, {}), name)
        return relay

    def readings(self, name):
        return sum(len(f.readings) for c in self.collectors.values() for f in c.taken if f.gateway == name)

    def told(self, name):
        """(messages, bytes of their payloads) that came of this gateway."""
        sizes = [len(m.payload) for tap in self.heard for m in tap.of("yudu", "gateway", name, "+") if not m.topic.endswith("/ack")]
        return len(sizes), sum(sizes)

    def counted(self, name, relay):
        """(readings, messages, their bytes, bytes and segments on the wire) a moment after a frame: what is sent with each
        frame stands on one side."""
        had = self.readings(name)
        wait_for(lambda: self.readings(name) > had, f"a frame of {name}")
        self.street.let_run(0.3)
        return (self.readings(name), *self.told(name), *relay.counts())

    def test_on_the_wire(self):
        relays = {way: (f"gw-{n}", self.start(f"gw-{n}", way)) for n, way in enumerate(self.WAYS, 1)}
        wait_for(lambda: all(self.readings(name) > 100 for name, _ in relays.values()), "all send", 40)
        before = {way: self.counted(*relays[way]) for way in relays}
        self.street.let_run(WINDOW)
        per, around = {}, {}
        for way in relays:
            n, messages, payloads, up, down, segments_up, segments_down = (b - a for a, b in zip(before[way], self.counted(*relays[way])))
            per[way] = (up / n, down / n, (up + HEADERS * segments_up) / n, (down + HEADERS * segments_down) / n)
            around[way] = (up - payloads) / messages
            print(f"{way:16} {n:4} readings, {messages:3} messages, {around[way]:5.1f} bytes around each; payload {per[way][0]:6.1f} up {per[way][1]:6.1f} down; with TCP and IP "
                  f"{per[way][2]:6.1f} up {per[way][3]:6.1f} down; bytes a reading")
        # By message: how many frames carry the readings of a second is a matter of when the gateway began.
        topic = len("quietair/v1/yudu/gateway/gw-1/now")
        self.assertGreater(around["1 s, MQTT 3.1.1"] - around["1 s"], 0.7 * topic, "an alias stands for the topic")
        self.assertLess(per["10 s, now 10 s"][0], 0.7 * per["1 s"][0])
        self.assertLess(per["10 s, now off"][2], 0.5 * per["1 s"][2])


if __name__ == "__main__":
    unittest.main()
