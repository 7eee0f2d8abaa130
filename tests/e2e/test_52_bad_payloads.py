"""Everything in tests/bad over a real broker: refused and counted to the last one, while a live stream loses nothing."""
import collections
import hashlib
import itertools
import json
import re
import socket
import struct
import unittest

from bad import cases, counted, expand
from counted import CountedStreet
from programs import wait_for, wall_ms
from stream import ROOT, ZERO, ForeignGateway, Tap, chain, compact, frames_on_disk
from street import Scenario

SITE, DEVICE = "s", "noise-9"


class Speaker(ForeignGateway):
    """gw-9: says what it is told; good frames are acked in their turn, as nothing is lost within one connection."""

    def __init__(self, port):
        self.good = []  # (ts, level) of the readings that must be stored
        self.ts = wall_ms() - 100_000
        super().__init__(port, "gw-9")

    def word(self, word):
        """As the heads of the files say."""
        n, after = len(self.payloads) + 1, self.hashes[-1].hex()[:16]
        keys = {"v": '"v":1', "gateway": '"gateway":"gw-9"', "epoch": f'"epoch":"{self.epoch}"', "seq": f'"seq":{n}', "after": f'"after":"{after}"'}
        words = {**keys, "envelope": ",".join(keys.values()), "R": '"kind":"readings","readings":[]', "E": self.epoch, "A": after}
        if word == "t":
            self.ts += 1
            return str(self.ts)
        if m := re.fullmatch(r"n([+-]\d+)?", word):
            return str(n + int(m[1] or 0))
        return words.get(word)

    def payload(self, case):
        return expand(case.payload, self.word)

    def good_reading(self):
        self.ts += 1
        self.good.append((self.ts, 40 + len(self.good) % 50))
        return {"device": DEVICE, "ts": self.ts, "values": {"laeq": self.good[-1][1]}}

    def say_good(self):
        self.append("readings", readings=[self.good_reading()])

    def say_body(self, rest):
        """A frame with this behind its envelope."""
        self.append_raw(b"{" + self.word("envelope").encode() + b"," + rest + b"}")

    def wait_acked(self):
        wait_for(lambda: self.acked == len(self.payloads), lambda: f"gw-9: {self.acked} of {len(self.payloads)} acked", 60)


class StreetOfBoth(CountedStreet):
    """What is heard and checked is gw-1's; gw-9 is the one that speaks badly."""

    def tap(self, *topics, **kind):
        return super().tap(*(topics or (f"{ROOT}/yudu/gateway/gw-1/#",)), **kind)

    def points(self, measurement=None, where=""):
        return [p for p in super().points(measurement, where) if p.tags["site"] != SITE]

    def held(self):
        return [f for f in super().held() if f.gateway == "gw-1"]

    def spoken(self):
        return sorted((p.ts, float(p.fields["laeq"])) for p in super().points("noise") if p.tags["device"] == DEVICE)


def say_raw(port, topic, payload):
    """One PUBLISH of MQTT 3.1.1 by hand, for topics that no library lets pass; the broker hangs up or passes it over."""
    def packet(kind, body):
        length, digits = len(body), b""
        while True:
            length, digit = divmod(length, 128)
            digits += bytes([digit | (128 if length else 0)])
            if not length:
                return bytes([kind]) + digits + body

    def text(t):
        return struct.pack(">H", len(t)) + t
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(packet(0x10, text(b"MQTT") + bytes([4, 2, 0, 60]) + text(b"raw")))
        assert s.recv(4) == b"\x20\x02\x00\x00"
        try:
            s.sendall(packet(0x30, text(topic) + payload) + packet(0xC0, b""))
            while s.recv(4096) not in (b"", b"\xd0\x00"):  # it hung up, or answered the ping behind
                pass
        except ConnectionError:
            pass


class BadPayloads(Scenario):
    kind = StreetOfBoth

    def setUp(self):
        super().setUp()
        s = self.street.build(collector={"collector": {"districts": None}}, gateway={"resend": "60s", "health": "1s"})
        s.import_sites({"id": SITE, "kind": "restaurant", "gateways": "gw-9"})
        s.wait_flowing(5)
        self.expected, self.ids = collections.Counter(), itertools.count(1)
        self.speaker = s.peer(Speaker, s.broker.port)
        self.live = s.peer(Tap, s.broker.port, (f"{ROOT}/+/live/{SITE}/#",))
        self.speaker.hello({DEVICE: (SITE, "noise", 1000, {"laeq": "dB(A)"})})
        self.speaker.say_good()
        self.speaker.wait_acked()

    # ---- counting ----------------------------------------------------------------------------------------------------

    def refused(self):
        return collections.Counter({k: n for k, n in self.street.status()["refused"].items() if n})

    def all_counted(self, what):
        """Exactly what was said badly is counted: nothing left out, nothing twice."""
        wait_for(lambda: sum(self.refused().values()) >= sum(self.expected.values()),
                 lambda: f"{what}: {self.refused()}, not {self.expected}", 60, every=0.2)
        self.assertEqual(self.refused(), self.expected, what)

    def each(self, name, say):
        """Says every case of a file, ten at a time, so that never more than twenty frames are under way."""
        for i, case in enumerate(cases(name)):
            say(case)
            if i % 5 == 4:
                self.speaker.wait_acked()
        self.speaker.wait_acked()
        self.all_counted(name)

    # ---- saying ------------------------------------------------------------------------------------------------------

    def say_whole(self, case):
        g = self.speaker
        g.publish(f"{g.base}/stream", g.payload(case))
        self.expected[case.expected] += 1
        g.say_good()

    def say_reading(self, case):
        g = self.speaker
        before = compact(g.good_reading())
        bad = g.payload(case)
        g.say_body(b'"kind":"readings","readings":[' + before + b"," + bad + b"," + compact(g.good_reading()) + b"]")
        self.expected["reading"] += 1

    def say_body(self, case):
        g = self.speaker
        g.say_body(g.payload(case))
        self.expected += counted(case.expected)
        g.say_good()

    def say_topic(self, case):
        g = self.speaker
        frame = expand("{<envelope>,<R>}", g.word)
        topic = ROOT.encode() + b"/" + g.payload(case)
        if case.expected == "broker":
            say_raw(self.street.broker.port, topic, frame)
        else:
            g.publish(topic.decode(), frame)
            self.expected["topic"] += case.expected == "topic"
        g.say_good()

    def say_at(self, leaf):
        def say(case):
            g = self.speaker
            g.publish(f"{g.base}/{leaf}", g.payload(case))
            self.expected += counted(case.expected)
            g.say_good()
        return say

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(f"{self.street.collector.state}/control.sock")
            s.sendall(line + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = s.recv(65536)
                self.assertTrue(more, f"hung up on {line[:80]}")
                answer += more
        return answer.decode()

    def ask_badly(self, case):
        line = self.speaker.payload(case)
        self.assertIn(case.expected, self.ask(line), case.name)
        self.expected["request"] += 1

    def ask_as_clerk(self, case):
        line = b'{"id":"c-%d","actor":"a",%s}' % (next(self.ids), self.speaker.payload(case))
        answer = json.loads(self.ask(line))
        self.assertIs(answer["ok"], False, case.name)
        return answer

    def args_badly(self, case):
        self.assertIn(case.expected, self.ask_as_clerk(case)["error"], case.name)
        self.expected["request"] += 1

    def command_badly(self, case):
        answer = self.ask_as_clerk(case)
        if answer["error"].startswith("args: "):  # of another type: refused at the door, where args.txt has the words
            self.expected["request"] += 1
        else:
            self.assertIn(case.expected, json.dumps(answer, ensure_ascii=False), case.name)

    def import_badly(self, case):
        text = expand(case.payload)
        try:
            csv = text.decode()
        except UnicodeDecodeError:
            return  # a request is UTF-8; the unit test has them
        if "\0" in csv:
            return
        answer = json.loads(self.ask(compact({"id": f"s-{next(self.ids)}", "actor": "a", "verb": "site import", "args": {"csv": csv}})))
        self.assertIs(answer["ok"], False, case.name)
        shown = " ".join([answer["error"], *answer.get("errors", [])])
        self.assertIn(case.expected, shown, case.name)

    # ---- tests -------------------------------------------------------------------------------------------------------

    def the_live_stream_lost_nothing(self):
        s, g = self.street, self.speaker
        g.wait_acked()
        s.wait_flowing(20, deadline=60)
        s.stop_gateways()
        s.settle()
        report = s.verdict().assert_clean()
        self.assertFalse(report.excused)
        self.assertGreater(report.matched, 40)
        wait_for(lambda: len(s.spoken()) >= len(g.good), "gw-9's good readings are stored", 60)
        self.assertEqual(s.spoken(), [(ts, float(level)) for ts, level in g.good])
        held = [f.payload for f in frames_on_disk(s.collector.state) if f.gateway == "gw-9"]
        self.assertEqual(held, g.payloads, "each taken frame stands there as it came, once, and no other")
        self.assertEqual([ack for ack in g.strange if ack["epoch"] == g.epoch or ack["seq"]], [], "an epoch that nobody knows stands at 0")

    def test_a_stream_full_of_nonsense(self):
        g = self.speaker
        self.each("stream.txt", self.say_whole)
        told = collections.Counter(r["reason"] for r in g.refusals)
        self.assertEqual(told, {k: self.expected[k] for k in ("envelope", "size")}, "each is answered as it is counted")
        self.each("reading.txt", self.say_reading)
        self.each("body.txt", self.say_body)
        self.each("topic.txt", self.say_topic)
        self.assertGreater(sum(self.expected.values()), 300)
        shown = self.live_status()
        self.assertEqual({k: n for k, n in shown["refused"].items() if n}, self.expected)
        self.the_live_stream_lost_nothing()
        self.kept_by_the_broker()

    def live_status(self):
        """The newest status of the collector that the broker has, once it says what the control socket says."""
        tap = self.street.tap(f"{ROOT}/+/collector/main/status")
        same = self.street.status()["refused"]
        wait_for(lambda: tap.messages and json.loads(tap.messages[-1].payload).get("refused") == same, "its status says so too", 30)
        return json.loads(tap.messages[-1].payload)

    def kept_by_the_broker(self):
        """A frame that somebody left with the broker is old whenever it comes."""
        s, g = self.street, self.speaker
        g.publish(f"{g.base}/stream", g.payloads[0], retain=True)
        self.expected["repeat"] += 1
        self.all_counted("it came as news once")
        s.collector.stop()
        s.collector.start()
        self.expected = collections.Counter(retained=1)
        self.all_counted("and then as what was kept")

    def test_status_now_and_requests(self):
        s = self.street
        self.each("status.txt", self.say_at("status"))
        self.each("now.txt", self.say_at("now"))
        self.assertEqual(self.live.messages, [], "nothing of it is shown as live")
        self.each("request.txt", self.ask_badly)
        self.each("args.txt", self.args_badly)
        for case in cases("command.txt"):
            self.command_badly(case)
        for case in cases("sites.txt"):
            self.import_badly(case)
        listed = json.loads(s.cli("site", "list", "--json").stdout)
        self.assertEqual(sorted(row["id"] for row in listed), ["s", "site-1"], "no import left anything")
        self.all_counted("the rest is answered by the rules")
        self.speaker.now({DEVICE: (wall_ms(), {"laeq": 50})})
        wait_for(lambda: self.live.messages, "a good `now` is shown")
        self.the_live_stream_lost_nothing()

    def test_answers_that_are_none(self):
        s = self.street
        frames = wait_for(s.tapped.frames, "gw-1 has said something")
        first = next(f for f in frames if f.seq == 1)
        words = {"E": first.epoch, "n": "1", "H": chain(ZERO, first.payload).hex(),
                 "S": hashlib.sha256(first.payload).hexdigest()}
        expected = collections.Counter()
        topic = f"{ROOT}/yudu/gateway/gw-1/ack"
        for case in cases("ack.txt"):
            self.speaker.publish(topic, expand(case.payload, words.get))
            expected[case.expected] += 1

        def unheeded():
            said = s.tapped.json("yudu", "gateway", "gw-1", "health")
            return collections.Counter({k: int(n) for k, n in said[-1]["stream"]["unheeded"].items() if n}) if said else None
        wait_for(lambda: unheeded() and sum(unheeded().values()) >= sum(expected.values()), lambda: f"{unheeded()}, not {expected}", 60)
        self.assertEqual(unheeded(), expected)
        self.assertEqual({f.epoch for f in s.tapped.frames("gw-1")}, {first.epoch}, "none opened a new epoch")
        self.the_live_stream_lost_nothing()
        self.speaker.publish(topic, b"nonsense", retain=True)
        said = len(s.tapped.of("yudu", "gateway", "gw-1", "health"))
        s.gateways[0].start()
        wait_for(lambda: any(json.loads(m.payload)["stream"]["unheeded"]["retained"] == 1
                             for m in s.tapped.of("yudu", "gateway", "gw-1", "health")[said:]), "what the broker kept is counted too", 30)


if __name__ == "__main__":
    unittest.main()
