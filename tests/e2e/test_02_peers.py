"""The foreign peers that the other scenarios rely on keep the protocols among themselves, and leave no process behind."""
import os
import random
import signal
import struct
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from decimal import Decimal

import influx
import pymodbus_peer
from checker import parse_served
from meters import ModbusServer, profile, words
from programs import Program, free_port, port_open, wait_for
from stream import ForeignCollector, ForeignGateway, chain, frames_on_disk, ZERO
from street import Scenario, ini, merged, sites_csv

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))


class Stream(Scenario):
    def setUp(self):
        super().setUp()
        self.broker = self.street.start_broker()

    def pair(self):
        collector = self.street.peer(ForeignCollector, self.broker.port)
        gateway = self.street.peer(ForeignGateway, self.broker.port, "gw-1")
        return collector, gateway

    def assert_chain(self, frames):
        head = ZERO
        for n, frame in enumerate(frames, 1):
            self.assertEqual((frame.seq, frame.after), (n, head.hex()[:16]))
            head = chain(head, frame.payload)

    def test_frames_arrive_once_in_order_with_at_most_twenty_in_flight(self):
        collector, gateway = self.pair()
        gateway.hello({"noise-1": ("nice-club", "noise", 1000, {"laeq": "dB(A)"})})
        for i in range(300):
            gateway.readings([("noise-1", 1764000000000 + i, {"laeq": 50 + i / 10})])
            self.assertLessEqual(gateway.sent - gateway.acked, 20)
        gateway.drain()
        self.assertEqual([f.seq for f in collector.taken], list(range(1, 302)))
        self.assert_chain(collector.taken)

    def test_a_killed_broker_costs_nothing(self):
        collector, gateway = self.pair()
        rng = random.Random(SEED)
        for _ in range(4):
            for _ in range(rng.randrange(5, 80)):
                gateway.readings([("noise-1", 1764000000000, {"laeq": 50})])
            self.broker.kill()
            gateway.readings([("noise-1", 1764000000000, {"laeq": 51})])
            self.broker.start()
        gateway.drain()
        self.assert_chain(collector.taken)
        self.assertEqual(len(collector.taken), len(gateway.payloads))

    def test_a_wiped_collector_is_sent_everything_again(self):
        collector, gateway = self.pair()
        for _ in range(40):
            gateway.readings([])
        gateway.drain()
        collector.wipe()
        gateway.online()
        wait_for(lambda: len(collector.taken) == 40, "all is sent again")
        self.assert_chain(collector.taken)

    def test_forks_strangers_and_unreadable_frames_are_told_apart(self):
        collector, gateway = self.pair()
        gateway.readings([])
        gateway.readings([])
        gateway.drain()
        twin = self.street.peer(ForeignGateway, self.broker.port, "gw-1", client_id="twin", epoch=gateway.epoch)
        twin.append("readings", readings=[], other=True)  # same seq, other bytes
        wait_for(lambda: collector.counts["fork"], "a fork is seen")
        wait_for(lambda: twin.strange, "the twin hears a foreign head")
        collector.refuse = lambda payload: b"poison" in payload
        gateway.append("readings", poison=1)
        wait_for(lambda: gateway.refusals, "a refusal")
        self.assertEqual(collector.counts["take"], 2)

    def test_the_will_tells_who_vanished(self):
        tap = self.street.tap()
        gateway = ForeignGateway(self.broker.port, "gw-1")
        tap.wait(lambda t: [s for s in t.json("yudu", "gateway", "gw-1", "status") if s["state"] == "online"], "online")
        gateway.vanish()
        tap.wait(lambda t: t.json("yudu", "gateway", "gw-1", "status")[-1]["state"] == "offline", "offline")

    def test_frames_are_found_on_disk_by_their_bytes(self):
        gateway = self.street.peer(ForeignGateway, self.broker.port, "gw-1")
        gateway.readings([("noise-1", 1764000000000, {"laeq": Decimal("67.3").__float__()})])
        gateway.append("readings", readings=[], note='清静 "{"v":1,"gateway":')
        blob = b"\0\1head" + gateway.payloads[0] + b"\xff\xfe" + gateway.payloads[1] + b"trailer" + gateway.payloads[0][:50]
        self.street.write("box/journal/1", blob, "wb")
        found = frames_on_disk(self.street.path("box"))
        self.assertEqual([f.payload for f in found], gateway.payloads)
        self.assertEqual(found[0].readings[0]["values"]["laeq"], Decimal("67.3"))


class Meters(Scenario):
    def test_the_raw_server_answers_another_masters_questions(self):
        server = ModbusServer(lambda unit, address: 100 * unit + address if address < 50 else None)
        self.addCleanup(server.close)
        master = pymodbus_peer.client("127.0.0.1", port=server.port, timeout=5)
        self.addCleanup(master.close)
        self.assertEqual(master.read_holding_registers(3, 4, slave=2).registers, [203, 204, 205, 206])
        self.assertEqual(master.read_input_registers(0, 1, slave=1).registers, [100])
        self.assertEqual(master.read_holding_registers(49, 2, slave=1).exception_code, 2)
        self.assertEqual(master.read_coils(0, 2, slave=1).exception_code, 1)
        self.assertEqual([(a.unit, a.first, a.values) for a in server.served], [(2, 3, [203, 204, 205, 206]), (1, 0, [100])])

    def test_pymodbus_serves_a_new_number_in_every_answer(self):
        port = free_port()
        server = self.street.add(Program("pymodbus", [sys.executable, pymodbus_peer.__file__, str(port)], self.street.dir,
                                         ready=lambda: port_open(port))).start()
        master = pymodbus_peer.client("127.0.0.1", port=port, timeout=5)
        self.addCleanup(master.close)
        read = [master.read_holding_registers(0, 4, slave=7).registers for _ in range(3)]
        self.assertEqual(read, [[0, 1000 + i, 20000 + i, 7] for i in (0, 1, 2)])
        self.assertEqual([(s.meter, s.values) for s in parse_served(server.out_path)],
                         [("unit-7", {"n": 1000 + i, "m": 20000 + i}) for i in (0, 1, 2)])

    def test_words_in_each_order(self):
        raw = struct.pack(">I", 0x01020304)
        self.assertEqual(words("I", 0x01020304), struct.unpack(">2H", raw))
        self.assertEqual(words("I", 0x01020304, "cdab"), (0x0304, 0x0102))
        self.assertEqual(words("I", 0x01020304, "badc"), (0x0201, 0x0403))
        self.assertEqual(words("I", 0x01020304, "dcba"), (0x0403, 0x0201))

    def test_files(self):
        self.assertEqual(ini(merged({"a": {"x": 1, "y": 2}}, {"a": {"y": None}, "b c": {"z": "ü"}})), "[a]\nx = 1\n\n[b c]\nz = ü\n")
        self.assertIn("[la]\nregister = holding:0\ntype = u16\nscale = 0.1\n", profile("noise", la="holding:0 u16 scale=0.1"))
        self.assertEqual(sites_csv({"id": "a", "gateways": "gw-1"}), "id,name,kind,district,grid,gateways\na,无名,restaurant,yudu,g1,gw-1\n")


class Series(Scenario):
    LINE = "noise,district=yudu,site=nice-club,device=noise-1 laeq=67.3,q=0i 1764000000123"

    def write(self, url, text, path="/write?db=quietair&precision=ms"):
        with urllib.request.urlopen(urllib.request.Request(url + path, text.encode(), method="POST"), timeout=10) as answer:
            return answer.status

    def known(self, url):
        """InfluxDB 1.6 may answer 404 to a write for a moment after CREATE DATABASE."""
        try:
            return self.write(url, "") == 204
        except urllib.error.HTTPError as refused:
            return refused.code == 400  # an empty body, to a database that is there

    def test_numbers_come_back_digit_for_digit(self):
        server = self.street.start_influx()
        self.assertEqual(influx.points(server.url), [])
        self.write(server.url, "", "/query?q=CREATE+DATABASE+quietair")
        wait_for(lambda: self.known(server.url), "the database made just now to be known to writers")
        self.write(server.url, self.LINE + "\n" + self.LINE.replace("67.3", "123456.78").replace("123 ", "124 ").replace("0123", "0124"))
        first, second = influx.points(server.url)
        tags = {"district": "yudu", "site": "nice-club", "device": "noise-1"}
        self.assertEqual(first, influx.Point("noise", tags, 1764000000123, {"laeq": Decimal("67.3"), "q": 0}))
        self.assertEqual(str(second.fields["laeq"]), "123456.78")
        self.assertEqual(influx.count(server.url, "noise", "laeq"), 2)
        self.assertEqual(influx.parse_line(self.LINE), first)

    def test_the_stand_in_answers_as_told_and_keeps_what_it_took(self):
        stub = self.street.peer(influx.InfluxStub, free_port())
        self.assertEqual(self.write(stub.url, self.LINE), 204)
        stub.answer = lambda lines: (429, {"Retry-After": "2"}, "slow down")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.write(stub.url, self.LINE)
        self.assertEqual((refused.exception.code, refused.exception.headers["Retry-After"]), (429, "2"))
        self.assertEqual([p.fields["laeq"] for p in stub.stored], [Decimal("67.3")])
        with self.assertRaises(urllib.error.HTTPError):
            self.write(stub.url, "no line")
        self.assertEqual(len(stub.bad), 1)


class Children(Scenario):
    def test_one_that_ends_by_itself_is_noticed(self):
        program = self.street.add(Program("brief", ["sh", "-c", "echo last words >&2; exit 7"], self.street.dir))
        program.launch().process.wait()
        with self.assertRaisesRegex(AssertionError, r"(?s)status 7.*last words"):
            program.alive()
        with self.assertRaises(AssertionError):
            program.kill()
        with self.assertRaisesRegex(AssertionError, "ended by itself"):
            program.stop()
        self.assertIsNone(program.stop(), "told once")

    def test_a_deaf_one_is_killed_and_told_of(self):
        program = self.street.add(Program("deaf", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"], self.street.dir))
        program.ready = lambda: program.output() == "up\n"
        program.start()
        with self.assertRaisesRegex(AssertionError, "did not end"):
            program.stop(deadline=0.3)
        self.assertFalse(program.running())

    def test_nothing_survives_a_killed_test(self):
        code = ("import street, time\ns = street.Street()\np = s.start_broker(), s.start_influx()\n"
                "print(s.dir, *(q.pid for q in p), flush=True)\ntime.sleep(60)\n")
        for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            test = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL,
                                    env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))})
            folder, *pids = test.stdout.readline().split()
            test.send_signal(how)
            test.wait(20)
            test.stdout.close()
            wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), f"its children are gone after {how.name}")
            if how == signal.SIGKILL:
                subprocess.run(["rm", "-r", folder], check=True)
            self.assertFalse(os.path.exists(folder))


if __name__ == "__main__":
    unittest.main()
