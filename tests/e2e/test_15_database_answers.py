"""Whatever the database answers, nothing is dropped: the cursor moves only on success, and one bad point is set aside alone."""
import json
import time
import unittest

from influx import InfluxStub, parse_line
from programs import free_port, wait_for
from stream import ForeignGateway
from street import Scenario

START = 1764000000000
POISON = ("laeq=13.13", "laeq=77.13")


class Answers(Scenario):
    def setUp(self):
        super().setUp()
        s = self.street
        s.start_broker()
        self.stub = s.peer(InfluxStub, free_port())
        self.sent, self.without = 0, []

    def start(self, **influx):
        s = self.street
        s.start_collector({"influx": {"url": self.stub.url, "api": "v1", "database": "quietair", "flush": "100ms", **influx}})
        s.import_sites({"id": "nice-club", "gateways": "gw-9"})
        self.gateway = s.peer(ForeignGateway, s.broker.port, "gw-9")
        self.gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})

    def send(self, frames=5, poison=None):
        """Frames of 20 readings; poison: the last reading of the middle frame has this value."""
        for f in range(frames):
            readings = []
            for _ in range(20):
                self.sent += 1
                readings.append(("noise-1", START + 1000 * self.sent, {"laeq": round(40 + self.sent % 400 / 10, 1)}))
            if poison and f == frames // 2:
                readings[-1][2]["laeq"] = float(poison.split("=")[1])
            self.gateway.readings(readings)

    def stored(self):
        return {p.ts for p in self.stub.stored if p.measurement == "noise"}

    def wanted(self, without=()):
        return {START + 1000 * n for n in range(1, self.sent + 1)} - set(without)

    def wait_all(self, without=(), deadline=40):
        wait_for(lambda: self.stored() >= self.wanted(without), lambda: f"{len(self.stored())} of {self.sent} stored", deadline)
        self.assertEqual(self.stored(), self.wanted(without))
        self.assertEqual(self.stub.bad, [], "what no database would understand")

    def refuses_for(self, seconds, answer):
        """The stub answers so for some seconds, then sound."""
        until = time.monotonic() + seconds
        self.stub.answer = lambda lines: answer if time.monotonic() < until else (204, {}, "")
        return until

    def test_errors_that_pass(self):
        self.start()
        for status in (500, 502, 503):
            self.refuses_for(1.5, (status, {}, "a bad day"))
            self.send()
            self.wait_all()
        self.assertGreater(sum(r.status >= 500 for r in self.stub.requests), 3)

    def test_retry_after_is_heeded(self):
        self.start()
        self.send(1)
        self.wait_all()
        self.refuses_for(1, (429, {"Retry-After": "4"}, "slow down"))
        self.send()
        self.wait_all()
        refused = next(r for r in self.stub.requests if r.status == 429)
        following = next(r for r in self.stub.requests if r.at > refused.at)
        self.assertTrue(3.9 <= following.at - refused.at <= 8, following.at - refused.at)

    def test_a_server_that_asks_for_a_day_is_asked_after_ten_minutes(self):
        self.start()
        self.stub.answer = lambda lines: (503, {"Retry-After": "100000"}, "back tomorrow")
        self.send()
        wait_for(lambda: "tried again in 600 s" in self.street.collector.log(), "the wait is said", 20)

    def test_refusals_that_a_person_must_mend(self):
        self.start()
        for status, text in ((401, '{"error":"authorization failed"}'), (403, '{"error":"authorization failed"}'),
                             (400, 'cannot find the provided auth token "Token s3cret" in config')):  # vmauth 1.79
            self.refuses_for(2, (status, {}, text))
            self.send()
            self.wait_all()
        self.assertIn("401", self.street.collector.log())
        self.assertIn("does not know the token", self.street.collector.log())
        self.assertNotIn("s3cret", self.street.collector.log())

    def test_a_missing_database_is_made(self):
        self.stub.answer = lambda lines: (204, {}, "") if self.stub.queries else (404, {}, '{"error":"database not found"}')
        self.start()
        self.send()
        self.wait_all()
        made = [q["q"][0] for q in self.stub.queries]
        self.assertEqual(made[:1], ['CREATE DATABASE "quietair"'])

    def refuse_poison(self, kept):
        """As InfluxDB does with a point that it cannot take: `kept` says whether it stores the rest of the batch."""
        def answer(lines):
            bad = [line for line in lines if any(p in line for p in POISON)]
            if not bad:
                return 204, {}, ""
            if kept:
                self.stub.stored += [parse_line(line) for line in lines if line not in bad]
            return 400, {}, json.dumps({"error": f"partial write: field type conflict dropped={len(bad)}" if kept else "unable to parse"})
        self.stub.answer = answer

    def test_a_poisoned_point_is_set_aside_alone(self):
        self.start()
        for n, kept in enumerate((False, True)):
            self.refuse_poison(kept)
            self.send(9, POISON[n])
            poisoned = START + 1000 * (self.sent - 4 * 20)
            self.without.append(poisoned)
            self.wait_all(self.without)
            wait_for(lambda: self.street.status()["readers"]["lines"]["refused"] == n + 1, "it is counted")
        with open(f"{self.street.collector.state}/lines-refused.log") as f:
            aside = [line for line in f if not line.startswith("#")]
        self.assertEqual([parse_line(line).ts for line in aside], self.without)
        self.assertEqual(self.sent, len(self.stored()) + 2)

    def test_slow_answers_and_a_kill_in_the_middle(self):
        self.start()
        self.stub.delay = 1.0
        self.send()
        wait_for(lambda: self.stub.requests, "a first answer")
        self.send(20)
        self.gateway.drain()
        self.street.collector.kill()
        self.street.collector.start()
        self.wait_all()

    def test_nobody_there_for_a_while(self):
        self.start()
        self.send()
        self.wait_all()
        self.stub.close()
        self.send(20)
        self.gateway.drain()
        self.assertGreater(self.sent, len(self.stored()))
        port, kept = self.stub.port, self.stub.stored
        self.stub = self.street.peer(InfluxStub, port)
        self.stub.stored += kept
        self.wait_all()

    def test_compressed(self):
        self.start(gzip="yes")
        self.send()
        self.wait_all()
        self.assertTrue(all(r.encoding == "gzip" for r in self.stub.requests))

    def test_the_other_interface_with_a_token(self):
        token = self.street.write("token", "s3cret\n")
        self.start(api="v2", org="yudu county", bucket="air", database=None, token_file=token)
        self.send()
        self.wait_all()
        request = self.stub.requests[0]
        self.assertEqual((request.path, request.query["org"], request.query["bucket"], request.query["precision"]),
                         ("/api/v2/write", ["yudu county"], ["air"], ["ms"]))
        self.assertEqual(request.authorization, "Token s3cret")

    def test_order_and_batches(self):
        self.start(batch=100)
        self.send(40)
        self.wait_all()
        for r in self.stub.requests:
            self.assertLessEqual(len(r.lines), 100 + 20, "a batch, and the rest of a frame at most")
        times = [parse_line(line).ts for r in self.stub.requests for line in r.lines if line.startswith("noise,")]
        self.assertEqual(times, sorted(times))


if __name__ == "__main__":
    unittest.main()
