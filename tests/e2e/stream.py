"""The stream protocol in Python, written from its rules (docs/message-format.md): a tap, a foreign gateway, a foreign collector."""
import collections
import glob
import hashlib
import json
import os
import threading
import time
from decimal import Decimal

import paho.mqtt.client as mqtt

from programs import wait_for, wall_ms

ROOT = "quietair/v1"
ZERO = bytes(32)
IN_FLIGHT = 20

Message = collections.namedtuple("Message", "at mono topic payload retained")  # at: wall ms


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def chain(before, payload):
    return hashlib.sha256(before + payload).digest()


class Client:
    """A paho client with a thread of its own that connects again by itself."""

    def __init__(self, port, client_id="", subscriptions=(), will=None, clean=True, tls_ca=None):
        self.client = mqtt.Client(client_id=client_id, clean_session=clean)
        self.subscriptions, self.subscribed = subscriptions, threading.Event()
        self.client.reconnect_delay_set(0.05, 0.2)
        self.client.on_connect = self._connected
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._message
        if will:
            self.client.will_set(*will)
        if tls_ca:
            self.client.tls_set(ca_certs=tls_ca)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if subscriptions and not self.subscribed.wait(10):
            raise AssertionError("no answer to a subscription")

    def _connected(self, client, _userdata, _flags, rc):
        assert rc == 0, mqtt.connack_string(rc)
        if self.subscriptions:
            client.subscribe([(s, 1) for s in self.subscriptions])
        self.connected()

    def connected(self):
        pass

    def _message(self, _client, _userdata, m):
        self.message(Message(wall_ms(), time.monotonic(), m.topic, m.payload, bool(m.retain)))

    def message(self, m):
        raise NotImplementedError

    def publish(self, topic, payload, qos=1, retain=False):
        return self.client.publish(topic, payload, qos, retain)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        """Goes without a goodbye, as a killed process does: the broker sends the will."""
        self.client.loop_stop()
        self.client.socket().close()


class Tap(Client):
    """Records every message under `topics`."""

    def __init__(self, port, topics=(ROOT + "/#",), **kind):
        self.messages, self.changed = [], threading.Condition()
        super().__init__(port, subscriptions=topics, **kind)

    def message(self, m):
        with self.changed:
            self.messages.append(m)
            self.changed.notify_all()

    def of(self, *parts, since=0):
        """Messages whose topic, root left out, has these parts ('+' is any one, '#' as the last is the rest)."""
        return [m for m in self.messages[since:] if mqtt.topic_matches_sub("/".join((ROOT, *parts)), m.topic)]

    def json(self, *parts, since=0):
        return [json.loads(m.payload, parse_float=Decimal) for m in self.of(*parts, since=since) if m.payload]

    def frames(self, gateway="+", since=0):
        return [Frame(m.payload, m) for m in self.of("+", "gateway", gateway, "stream", since=since)]

    def wait(self, condition, what, deadline=20.0):
        return wait_for(lambda: condition(self), what, deadline)


class Frame:
    """A frame as it came, and its fields as attributes."""

    def __init__(self, payload, message=None):
        self.payload, self.message = payload, message
        self.body = json.loads(payload, parse_float=Decimal)
        self.gateway, self.epoch, self.seq = self.body["gateway"], self.body["epoch"], self.body["seq"]
        self.kind, self.after = self.body["kind"], self.body["after"]
        self.first = self.body.get("from", self.seq) if self.kind == "lost" else self.seq

    @property
    def readings(self):
        return self.body.get("readings", [])

    def __repr__(self):
        return f"<{self.kind} {self.gateway} {self.epoch[:6]}:{self.seq}>"


def frames_on_disk(state_dir):
    """The frames that stand in a journal, in order (the folder written to last comes last): found by their bytes, so that
    the journal's own form does not matter."""
    found, decoder = [], json.JSONDecoder(parse_float=Decimal)
    paths = [p for p in glob.glob(f"{state_dir}/journal/**", recursive=True)
             if os.path.isfile(p) and "quarantine" not in p and "cursor" not in p]
    newest = collections.defaultdict(float)
    for p in paths:
        newest[os.path.dirname(p)] = max(newest[os.path.dirname(p)], os.path.getmtime(p))
    for path in sorted(paths, key=lambda p: (newest[os.path.dirname(p)], p)):
        with open(path, "rb") as f:
            text = f.read().decode("utf-8", "surrogateescape")
        at = text.find('{"v":1,"gateway":')
        while at >= 0:
            try:
                _, end = decoder.raw_decode(text, at)
            except ValueError:  # a torn tail
                end = at + 1
            else:
                found.append(Frame(text[at:end].encode("utf-8", "surrogateescape")))
            at = text.find('{"v":1,"gateway":', end)
    return found


class ForeignGateway(Client):
    """A gateway of another make: keeps its frames in memory, sends at most 20 ahead of the ack, goes back when it stands still."""

    def __init__(self, port, gateway, district="yudu", collector="main", client_id=None, epoch=None):
        self.gateway, self.collector = gateway, collector
        self.base = f"{ROOT}/{district}/gateway/{gateway}"
        self.epoch = epoch or os.urandom(16).hex()
        self.payloads, self.hashes = [], [ZERO]  # hashes[n] is h(n)
        self.acked, self.sent, self.acks, self.refusals, self.strange = 0, 0, [], [], []
        self.changed = threading.RLock()
        super().__init__(port, client_id or f"quietair-{gateway}", [f"{self.base}/ack"],
                         will=(f"{self.base}/status", compact({"state": "offline"}), 1, True))

    def connected(self):
        self.online()
        with self.changed:
            self.sent = self.acked
            self.pump()

    def online(self):
        self.publish(f"{self.base}/status", compact({"state": "online", "ts": wall_ms(), "version": "foreign", "epoch": self.epoch,
                                                     "last": len(self.payloads)}), retain=True)

    def append(self, kind, **body):
        """One more frame; its seq.  It is sent when its turn comes."""
        with self.changed:
            head = self.hashes[-1]
            payload = compact({"v": 1, "gateway": self.gateway, "epoch": self.epoch, "seq": len(self.payloads) + 1,
                               "after": head.hex()[:16], "kind": kind, **body})
            return self.append_raw(payload)

    def append_raw(self, payload):
        with self.changed:
            self.payloads.append(payload)
            self.hashes.append(chain(self.hashes[-1], payload))
            self.pump()
            return len(self.payloads)

    def hello(self, devices, reset=True):
        """devices: {device: (site, measurement, interval ms, {metric: unit})}."""
        return self.append("hello", ts=wall_ms(), version="foreign", district=self.base.split("/")[2], reset=reset, devices=[
            {"device": device, "site": site, "profile": "foreign", "measurement": measurement, "interval": interval,
             "metrics": [{"name": name, "unit": unit, "type": "bit" if unit == "" else "number"}
                         for name, unit in metrics.items()]}
            for device, (site, measurement, interval, metrics) in devices.items()])

    def readings(self, readings):
        """readings: (device, ts, {metric: value}) …"""
        return self.append("readings", readings=[{"device": d, "ts": ts, "values": v} for d, ts, v in readings])

    def now(self, devices):
        """devices: {device: (ts, {metric: value})}"""
        self.publish(f"{self.base}/now", compact({"ts": wall_ms(), "devices": {d: {"ts": ts, "values": v} for d, (ts, v) in devices.items()}}),
                     qos=0)

    def pump(self):
        while self.sent < min(len(self.payloads), self.acked + IN_FLIGHT):
            self.publish(f"{self.base}/stream", self.payloads[self.sent])
            self.sent += 1

    def message(self, m):
        ack = json.loads(m.payload)
        if ack.get("by") != self.collector:
            return
        if "sha256" in ack:
            self.refusals.append(ack)
            return
        with self.changed:
            self.acks.append(ack)
            n = ack["seq"]
            if ack["epoch"] != self.epoch or n >= len(self.hashes) or ack["head"] != self.hashes[n].hex():
                self.strange.append(ack)
                return
            self.sent = n if n < self.acked else max(n, self.sent)
            self.acked = n
            self.pump()

    def drain(self, deadline=30.0):
        """Waits until all is acked; goes back to acked + 1 after 2 s without progress."""
        progress = [self.acked, time.monotonic()]

        def done():
            if self.acked != progress[0]:
                progress[:] = [self.acked, time.monotonic()]
            elif time.monotonic() - progress[1] > 2:
                progress[1] = time.monotonic()
                with self.changed:
                    self.sent = self.acked
                    self.pump()
            return self.acked == len(self.payloads)
        wait_for(done, lambda: f"{self.gateway}: {self.acked} of {len(self.payloads)} acked, {self.refusals[-1:]}", deadline)


class ForeignCollector(Client):
    """A collector of another make: takes frames in order (rule 4), acks them (rule 5), keeps them in memory.

    `silent`: takes nothing and says nothing.  `refuse`: payloads for which it is true are refused as unreadable."""

    REMEMBERED = 256

    def __init__(self, port, name="main", **kind):
        self.name, self.silent, self.refuse = name, False, lambda payload: False
        self.wipe()
        self.counts = collections.Counter()
        self.dropped = []
        super().__init__(port, f"quietair-collector-{name}", [f"{ROOT}/+/gateway/+/stream", f"{ROOT}/+/gateway/+/status"], **kind)

    def wipe(self):
        self.taken = []  # Frame
        self.positions = {}  # (gateway, epoch): (last, {seq: h})

    def position(self, key):
        return self.positions.get(key, (0, {0: ZERO}))

    def message(self, m):
        if self.silent:
            return
        *base, kind = m.topic.split("/")
        base = "/".join(base)
        if kind == "status":
            status = json.loads(m.payload)
            if status["state"] == "online":
                self.tell(base, (base.split("/")[-1], status["epoch"]))
            return
        if self.refuse(m.payload):
            self.counts["refused"] += 1
            self.publish(f"{base}/ack", compact({"v": 1, "by": self.name, "sha256": hashlib.sha256(m.payload).hexdigest(),
                                                 "reason": "envelope"}))
            return
        frame = Frame(m.payload, m)
        key = frame.gateway, frame.epoch
        verdict = self.judge(frame, *self.position(key))
        self.counts[verdict] += 1
        if verdict == "take":
            self.take(frame, key)
        else:
            self.dropped.append((verdict, frame))
        self.tell(base, key)

    def judge(self, frame, last, heads):
        if frame.seq <= last:
            before = heads.get(frame.seq - 1)
            known = heads.get(frame.seq)
            if frame.kind != "lost" and before and known and chain(before, frame.payload) != known:
                return "fork"
            return "repeat"
        if frame.first > last + 1:
            return "ahead"
        before = heads.get(frame.first - 1)
        if frame.after and before and not before.hex().startswith(frame.after):
            return "fork"
        return "take"

    def take(self, frame, key):
        last, heads = self.position(key)
        head = bytes.fromhex(frame.body["head"]) if frame.kind == "lost" else chain(heads[last], frame.payload)
        heads = {n: h for n, h in heads.items() if n > frame.seq - self.REMEMBERED}
        self.positions[key] = frame.seq, {**heads, frame.seq: head}
        self.taken.append(frame)

    def tell(self, base, key):
        last, heads = self.position(key)
        self.publish(f"{base}/ack", compact({"v": 1, "by": self.name, "epoch": key[1], "seq": last, "head": heads[last].hex()}))
