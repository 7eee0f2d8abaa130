"""The simulated street itself: what the other scenarios rely on when they compare with its log.

Masters here are raw sockets and a raw pty, frames and register contents are made by hand (struct, CRC-16 of MODBUS over
Serial Line V1.02, 6.2.2), so that nothing under test says what is right.
"""
import concurrent.futures
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import tty
import unittest

BIN = os.path.abspath(os.environ.get("QUIETAIR_BIN", "build/bin"))
DEADLINE = 10.0


def crc(frame):
    c = 0xFFFF
    for byte in frame:
        c ^= byte
        for _ in range(8):
            c = (c >> 1) ^ (0xA001 if c & 1 else 0)
    return struct.pack("<H", c)


class Sim:
    """quietair-sim with a scenario; `bus` holds the address of each bus."""

    def __init__(self, scenario):
        self.dir = tempfile.TemporaryDirectory(prefix="qa-sim-")
        self.ini = os.path.join(self.dir.name, "street.ini")
        self.log_path = os.path.join(self.dir.name, "log")
        with open(self.ini, "w") as f:
            f.write(scenario.replace("@DIR@", self.dir.name))
        self.process = subprocess.Popen([f"{BIN}/quietair-sim", "-c", self.ini, "--log", self.log_path],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith("ready "):
            self.process.kill()
            raise AssertionError(f"not ready: {line!r} {self.process.communicate()[1].decode()}")
        self.started = time.monotonic()
        self.bus = dict(item.split("=", 1) for item in line.split()[1:])

    def stop(self):
        """Ends it; the figures of each bus as it printed them."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=DEADLINE)
        self.status, self.err = self.process.returncode, err.decode()
        figures = {}
        for line in out.decode().splitlines():
            words = line.split()
            figures[words[1]] = {k: float(v) for k, v in (w.split("=") for w in words[2:])}
        return figures

    def answers(self, meter):
        """What the log says that this meter answered: a list of (wall ms, {point: text})."""
        with open(self.log_path) as f:
            lines = [line.split() for line in f]
        return [(int(w[0]), dict(p.split("=") for p in w[2:])) for w in lines if w[1] == meter]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.dir.cleanup()


class Tcp:
    """A Modbus TCP master."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE)
        self.tid = 0

    def send(self, unit, pdu):
        self.tid = (self.tid + 1) & 0xFFFF
        self.socket.sendall(struct.pack(">HHHB", self.tid, 0, len(pdu) + 1, unit) + pdu)

    def receive(self, timeout=DEADLINE):
        """The answering PDU and its transaction id; None when nothing came."""
        self.socket.settimeout(timeout)
        try:
            head = self._exactly(7)
            return self._exactly(struct.unpack(">HHHB", head)[2] - 1), struct.unpack(">H", head[:2])[0]
        except socket.timeout:
            return None

    def ask(self, unit, pdu, timeout=DEADLINE):
        self.send(unit, pdu)
        answer = self.receive(timeout)
        if answer:
            assert answer[1] == self.tid, "an answer to another request"
        return answer and answer[0]

    def words(self, unit, function, address, count):
        pdu = self.ask(unit, struct.pack(">BHH", function, address, count))
        assert pdu[0] == function, pdu.hex()
        return struct.unpack(f">{pdu[1] // 2}H", pdu[2:])

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise ConnectionError("closed by the simulator")
            data += more
        return data

    def close(self):
        self.socket.close()


class Rtu:
    """A Modbus RTU master on a raw pty, which keeps the silence that it is told to keep."""

    def __init__(self, path, silence=0.005):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.silence = silence
        self.free = 0.0

    def send(self, frame):
        while time.monotonic() < self.free + self.silence:
            time.sleep(max(0.0, self.free + self.silence - time.monotonic()))
        begun = time.monotonic()
        os.write(self.fd, frame)
        return begun

    def receive(self, length, timeout):
        """Up to `length` bytes, and the time at which each was there."""
        data, times, end = b"", [], time.monotonic() + timeout
        while len(data) < length:
            if not select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            more = os.read(self.fd, length - len(data))
            times += [time.monotonic()] * len(more)
            data += more
        self.free = time.monotonic()
        return data, times

    def words(self, unit, address, count, timeout=DEADLINE):
        """Registers read by function 3, or None when nobody answered."""
        request = struct.pack(">BBHH", unit, 3, address, count)
        self.send(request + crc(request))
        data, _ = self.receive(5 + 2 * count, timeout)
        if not data:
            return None
        assert data[:3] == bytes([unit, 3, 2 * count]) and crc(data[:-2]) == data[-2:], data.hex()
        return struct.unpack(f">{count}H", data[3:-2])

    def close(self):
        os.close(self.fd)


TCP = "[bus cabinet]\ntype = tcp\naddress = 127.0.0.1:0\n"


def line(baud):
    return f"[bus kitchen]\ntype = rtu\nlink = @DIR@/kitchen\nbaud = {baud}\n"


class Registers(unittest.TestCase):
    def test_every_type_and_order_lies_as_computed_by_hand(self):
        model, meter, expected, texts = "", "", {}, {}
        rows = [("u16", "", "x0.1", "67.3", [673], "67.3"), ("s16", "", "x0.1", "-12.5", [65411], "-12.5"),
                ("u16", "", "x10", "1230", [123], "1230"), ("u16", "", "", "71", [71], "71")]
        raw = struct.pack(">I", 12345678)
        single = struct.pack(">f", 1.31)
        for order in ("abcd", "cdab", "badc", "dcba"):
            places = ["abcd".index(c) for c in order]
            shuffled = lambda b: list(struct.unpack(">2H", bytes(b[i] for i in places)))
            rows.append(("u32", order, "x0.01", "123456.78", shuffled(raw), "123456.78"))
            rows.append(("s32", order, "", "-2", shuffled(struct.pack(">i", -2)), "-2"))
            rows.append(("f32", order, "", "1.31", shuffled(single), "1.31"))
        address = 7
        for i, (kind, order, scale, value, words, text) in enumerate(rows):
            model += f"p{i} = holding:{address} {kind} {order} {scale}\n"
            meter += f"p{i} = {value}\n"
            texts[f"p{i}"] = text
            for w in words:
                expected[address] = w
                address += 1
        scenario = f"{TCP}[model m]\n{model}[meter one]\nbus = cabinet\nunit = 1\nmodel = m\n{meter}"
        with Sim(scenario) as sim:
            master = Tcp(sim.bus["cabinet"])
            words = master.words(1, 3, 7, address - 7)
            self.assertEqual(dict(zip(range(7, address), words)), expected)
            self.assertEqual(sim.answers("one")[0][1], texts)
            master.words(1, 3, 8, 1)  # p1 alone
            master.words(1, 3, 11, 1)  # half of p4
            self.assertEqual([values for _, values in sim.answers("one")[1:]], [{"p1": "-12.5"}, {}])
            master.close()

    def test_all_four_tables(self):
        scenario = (f"{TCP}[model m]\ncoil = coil:3 bit\ncontact = discrete:0x10 bit\nwatts = input:12 f32\n"
                    "[meter one]\nbus = cabinet\nunit = 9\nmodel = m\ncoil = 1\ncontact = 0\nwatts = 1500.5\n")
        with Sim(scenario) as sim:
            master = Tcp(sim.bus["cabinet"])
            self.assertEqual(master.ask(9, struct.pack(">BHH", 1, 3, 1)), b"\x01\x01\x01")
            self.assertEqual(master.ask(9, struct.pack(">BHH", 2, 16, 1)), b"\x02\x01\x00")
            self.assertEqual(struct.pack(">2H", *master.words(9, 4, 12, 2)), struct.pack(">f", 1500.5))
            self.assertEqual([v for _, v in sim.answers("one")], [{"coil": "1"}, {"contact": "0"}, {"watts": "1500.5"}])
            master.close()


class Behaviour(unittest.TestCase):
    def test_a_schedule_steps_jitters_and_repeats(self):
        scenario = (f"{TCP}[model m]\nla = holding:0 u16 x0.1\n[meter one]\nbus = cabinet\nunit = 1\nmodel = m\n"
                    "la = 0s:58 400ms:86~0.8 800ms:57 repeat 1200ms\n")
        with Sim(scenario) as sim:
            master = Tcp(sim.bus["cabinet"])
            seen = []
            while time.monotonic() < sim.started + 2.6:
                value = master.words(1, 3, 0, 1)[0] / 10
                seen.append((time.monotonic() - sim.started, value))
                time.sleep(0.01)
            for at, value in seen:
                phase = at % 1.2
                if any(abs(phase - edge) < 0.1 for edge in (0, 0.4, 0.8, 1.2)):
                    continue  # around a step: the two clocks began a little apart
                level, jitter = (58, 0) if phase < 0.4 else (86, 0.8) if phase < 0.8 else (57, 0)
                self.assertLessEqual(abs(value - level), jitter + 0.051, f"after {at:.3f} s")
            loud = [value for _, value in seen if value > 80]
            self.assertGreater(len(set(loud)), 10)
            self.assertTrue(85.1 <= min(loud) < 85.6 and 86.4 < max(loud) <= 86.9, (min(loud), max(loud)))
            master.close()

    def test_time_of_day(self):
        now = time.gmtime()
        hour = now.tm_hour
        scenario = ("[sim]\ntimezone = UTC\n" + TCP + "[model m]\na = holding:0 u16\nb = holding:1 u16\n"
                    "[meter one]\nbus = cabinet\nunit = 1\nmodel = m\n"
                    + f"a = {hour:02}:{now.tm_min:02}=41\n"  # begun this minute
                    + ("b = 00:00=12 23:59=42\n" if (hour, now.tm_min) >= (23, 58) else "b = 23:59=42\n"))
        with Sim(scenario) as sim:
            master = Tcp(sim.bus["cabinet"])
            a, b = master.words(1, 3, 0, 2)
            self.assertEqual(a, 41)
            self.assertIn(b, (42, 12))  # 42 reaches over midnight
            master.close()

    def test_the_same_seed_draws_the_same_numbers(self):
        def draw(seed):
            scenario = (f"[sim]\nseed = {seed}\n{TCP}[model m]\nla = holding:0 u16 x0.1\n[meter one]\nbus = cabinet\n"
                        "unit = 1\nmodel = m\nla = 60~5\n")
            with Sim(scenario) as sim:
                master = Tcp(sim.bus["cabinet"])
                words = [master.words(1, 3, 0, 1)[0] for _ in range(50)]
                master.close()
                return words
        self.assertEqual(draw(7), draw(7))
        self.assertNotEqual(draw(7), draw(8))

    def test_silent_refusing_and_absent_meters(self):
        scenario = (f"{TCP}[model m]\na = holding:0 u16\nb = holding:1 u16\n"
                    "[meter gone]\nbus = cabinet\nunit = 1\nmodel = m\ndead = yes\na = 1\nb = 1\n"
                    "[meter ill]\nbus = cabinet\nunit = 2\nmodel = m\na = 5\nb = exception 4\n"
                    "[meter nap]\nbus = cabinet\nunit = 3\nmodel = m\ndead = 600ms-1200ms\na = 1\nb = 2\n")
        with Sim(scenario) as sim:
            master = Tcp(sim.bus["cabinet"])
            read = struct.pack(">BHH", 3, 0, 1)
            self.assertIsNone(master.ask(1, read, timeout=0.2))
            self.assertEqual(master.ask(2, read), b"\x03\x02\x00\x05")
            self.assertEqual(master.ask(2, struct.pack(">BHH", 3, 0, 2)), b"\x83\x04")
            self.assertEqual(master.ask(2, struct.pack(">BHH", 3, 1, 2)), b"\x83\x04", "outranks the address")
            self.assertEqual(master.ask(2, struct.pack(">BHH", 3, 2, 1)), b"\x83\x02")
            self.assertEqual(master.ask(2, struct.pack(">BHH", 3, 0, 126)), b"\x83\x04")
            self.assertEqual(master.ask(3, struct.pack(">BHH", 3, 0, 126)), b"\x83\x03")
            self.assertEqual(master.ask(2, struct.pack(">BHH", 6, 0, 7)), b"\x86\x01", "meters are not written to")
            self.assertEqual(master.ask(2, read), b"\x03\x02\x00\x05")
            self.assertEqual(master.ask(77, read), b"\x83\x0b")
            answered = []
            while time.monotonic() < sim.started + 1.5:
                if master.ask(3, read, timeout=0.1):
                    answered.append(time.monotonic() - sim.started)
            self.assertFalse([t for t in answered if 0.65 < t < 1.15])
            self.assertTrue([t for t in answered if t < 0.6] and [t for t in answered if t > 1.2])
            with open(sim.log_path) as f:
                self.assertRegex(f.read(), r"\n\d{13} # meter ill exception=4\n")
            master.close()


class ManyMasters(unittest.TestCase):
    def test_64_connections_never_share_a_value(self):
        meters = "".join(f"[meter c{u}]\nbus = cabinet\nunit = {u}\nmodel = m\nn = counter {u * 100000}\n"
                         for u in range(1, 5))
        with Sim(f"{TCP}[model m]\nn = holding:0 u32\n{meters}") as sim:
            def poll(i):
                master = Tcp(sim.bus["cabinet"])
                unit = 1 + i % 4
                got = [(unit, struct.unpack(">I", struct.pack(">2H", *master.words(unit, 3, 0, 2)))[0])
                       for _ in range(50)]
                master.close()
                return got
            with concurrent.futures.ThreadPoolExecutor(64) as pool:
                got = [pair for result in pool.map(poll, range(64)) for pair in result]
            self.assertEqual(len(set(got)), 64 * 50)
            logged = [(u, int(values["n"])) for u in range(1, 5) for _, values in sim.answers(f"c{u}")]
            self.assertEqual(sorted(got), logged)
            self.assertEqual(logged, [(u, u * 100000 + i) for u in range(1, 5) for i in range(800)])
            self.assertEqual(sim.stop()["cabinet"], {"requests": 3200, "answers": 3200, "exceptions": 0,
                                                     "connections": 64})

    def test_pieces_pipelines_and_nonsense(self):
        with Sim(f"{TCP}[model m]\nn = holding:0 u16\n[meter one]\nbus = cabinet\nunit = 1\nmodel = m\nn = counter 5\n"
                 "[meter slow]\nbus = cabinet\nunit = 2\nmodel = m\nturnaround = 300ms\nn = 9\n") as sim:
            slow, master = Tcp(sim.bus["cabinet"]), Tcp(sim.bus["cabinet"])
            begun = time.monotonic()
            slow.send(2, b"\x03\x00\x00\x00\x01")
            request = bytes.fromhex("000100000006010300000001")
            for byte in request:  # one at a time
                master.socket.sendall(bytes([byte]))
            self.assertEqual(master.receive(), (b"\x03\x02\x00\x05", 1))
            master.socket.sendall(request + request.replace(b"\x00\x01\x00", b"\x00\x02\x00", 1) + request[:7])
            self.assertEqual(master.receive(), (b"\x03\x02\x00\x06", 1))
            self.assertEqual(master.receive(), (b"\x03\x02\x00\x07", 2))
            self.assertLess(time.monotonic() - begun, 0.25, "another connection's turnaround was waited for")
            self.assertEqual(slow.receive()[0], b"\x03\x02\x00\x09")
            self.assertGreaterEqual(time.monotonic() - begun, 0.3)
            stranger = Tcp(sim.bus["cabinet"])
            stranger.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with self.assertRaises(ConnectionError):
                stranger.receive()
            master.socket.sendall(request[7:])
            self.assertEqual(master.receive(), (b"\x03\x02\x00\x08", 1))
            for m in (slow, master, stranger):
                m.close()


class Line(unittest.TestCase):
    """RTU: 9600 8N1 is ten bits a character: 1.0417 ms; t3.5 is 3.646 ms."""

    CHAR = 10 / 9600

    def test_bytes_take_their_time(self):
        meter = ("[meter {0}]\nbus = kitchen\nunit = {1}\nmodel = m\nturnaround = {2}\n" +
                 "".join(f"p{i} = {i + 1}\n" for i in range(10)))
        scenario = (line(9600) + "[model m]\n" + "".join(f"p{i} = holding:{i} u16\n" for i in range(10)) +
                    meter.format("quick", 1, "0") + meter.format("slow", 2, "20ms"))
        with Sim(scenario) as sim:
            master = Rtu(sim.bus["kitchen"])
            for unit, pause in ((1, 3.5 * self.CHAR), (2, 0.020)):
                legal = (8 + 25) * self.CHAR + pause
                took = []
                request = struct.pack(">BBHH", unit, 3, 0, 10)
                for _ in range(15):
                    begun = master.send(request + crc(request))
                    data, times = master.receive(25, DEADLINE)
                    self.assertEqual(struct.unpack(">10H", data[3:-2]), tuple(range(1, 11)))
                    took.append(times[-1] - begun)
                    for i, at in enumerate(times):  # no byte before it has left the wire
                        self.assertGreaterEqual(at - begun, (8 + i + 1) * self.CHAR + pause - 1e-6, f"byte {i}")
                self.assertGreaterEqual(min(took), legal - 1e-6)
                self.assertLess(min(took), legal * 1.03)  # pacing that drifts is late always; a busy machine not
            self.assertEqual(sim.stop()["kitchen"]["violations"], 0)
            master.close()

    def test_eight_units_are_told_apart_and_none_is_swallowed(self):
        meters = "".join(f"[meter u{u}]\nbus = kitchen\nunit = {u}\nmodel = m\nn = counter {u * 1000}\n"
                         for u in range(1, 9))
        with Sim(f"{line(115200)}[model m]\nn = holding:0 u16\n{meters}") as sim:
            master = Rtu(sim.bus["kitchen"])
            got = {u: [] for u in range(1, 9)}
            for turn in range(10):
                for unit in (range(1, 9) if turn % 2 else reversed(range(1, 9))):
                    got[unit].append(master.words(unit, 0, 1)[0])
            for unit in range(1, 9):
                self.assertEqual(got[unit], [unit * 1000 + i for i in range(10)])
                self.assertEqual([int(v["n"]) for _, v in sim.answers(f"u{unit}")], got[unit])
            master.close()

    def test_silences_and_utilisation_are_measured(self):
        scenario = f"{line(9600)}[model m]\nn = holding:0 u16\n[meter one]\nbus = kitchen\nunit = 1\nmodel = m\nn = 1\n"
        request = struct.pack(">BBHH", 1, 3, 0, 1)
        request += crc(request)
        legal = (8 + 7 + 7) * self.CHAR
        for at_once in (1, 2):  # the second of two requests in one write begins without any silence
            with Sim(scenario) as sim:
                master = Rtu(sim.bus["kitchen"], silence=0.0042)
                begun = time.monotonic()
                for _ in range(20):
                    master.send(at_once * request)
                    self.assertEqual(len(master.receive(at_once * 7, DEADLINE)[0]), at_once * 7)
                elapsed = time.monotonic() - begun + 3.5 * self.CHAR
                figures = sim.stop()["kitchen"]
                self.assertEqual((figures["requests"], figures["answers"]), (20 * at_once, 20 * at_once))
                self.assertEqual(figures["violations"], 20 * (at_once - 1))
                self.assertAlmostEqual(figures["utilisation"], 20 * at_once * legal / elapsed, delta=0.02)
                if at_once == 1:
                    self.assertGreaterEqual(figures["silence_min_ms"], 3.646)
                else:
                    self.assertEqual(figures["silence_min_ms"], 0)
                master.close()

    def test_damage_strangers_and_late_answers(self):
        scenario = (f"{line(115200)}[model m]\nn = holding:0 u16\n"
                    "[meter one]\nbus = kitchen\nunit = 1\nmodel = m\nn = 11\n"
                    "[meter late]\nbus = kitchen\nunit = 2\nmodel = m\nturnaround = 300ms\nn = 22\n"
                    "[meter gone]\nbus = kitchen\nunit = 3\nmodel = m\ndead = yes\nn = 33\n")
        with Sim(scenario) as sim:
            master = Rtu(sim.bus["kitchen"])
            good = struct.pack(">BBHH", 1, 3, 0, 1)
            for frame in (good + b"\x00\x00", good[:5], b"\xff" * 11, struct.pack(">BBHH", 1, 0x41, 0, 1) + b"\x00\x00"):
                master.send(frame)
                self.assertEqual(master.receive(1, 0.05)[0], b"", frame.hex())
                self.assertEqual(master.words(1, 0, 1), (11,))
            self.assertIsNone(master.words(3, 0, 1, timeout=0.05))
            self.assertIsNone(master.words(44, 0, 1, timeout=0.05))
            write = struct.pack(">BBHH", 1, 6, 0, 7)
            master.send(write + crc(write))
            self.assertEqual(master.receive(5, DEADLINE)[0][:3], b"\x01\x86\x01")
            begun = time.monotonic()
            self.assertIsNone(master.words(2, 0, 1, timeout=0.1))  # given up …
            self.assertEqual(master.words(1, 0, 1), (11,))  # … the line is free for others meanwhile …
            self.assertEqual(master.receive(7, DEADLINE)[0][:5], b"\x02\x03\x02\x00\x16")  # … and then it comes
            self.assertTrue(0.3 <= time.monotonic() - begun < 0.4)
            master.close()

    def test_a_master_that_comes_and_goes(self):
        scenario = f"{line(1200)}[model m]\nn = holding:0 u16\n[meter one]\nbus = kitchen\nunit = 1\nmodel = m\nn = counter 1\n"
        with Sim(scenario) as sim:
            request = struct.pack(">BBHH", 1, 3, 0, 1)
            for n in (1, 2, 3):
                master = Rtu(sim.bus["kitchen"])
                self.assertEqual(master.words(1, 0, 1), (2 * n - 1,))
                master.send(request + crc(request))
                master.receive(2, DEADLINE)  # leaves in the middle of an answer
                master.close()
                time.sleep(6 * 10 / 1200)  # the rest of the answer goes over the wire, and nobody is there
            master = Rtu(sim.bus["kitchen"])
            self.assertEqual(master.receive(1, 0.1)[0], b"", "bytes for one master reached the next")
            self.assertEqual([int(v["n"]) for _, v in sim.answers("one")], [1, 3, 5])
            master.close()


class Program(unittest.TestCase):
    def run_sim(self, *arguments):
        return subprocess.run([f"{BIN}/quietair-sim", *arguments], capture_output=True, text=True, timeout=DEADLINE)

    def test_ends_clean(self):
        with Sim(line(9600) + TCP + "[model m]\nn = holding:0 u16\n[meter one]\nbus = kitchen\nunit = 1\nmodel = m\n"
                 "n = 1\n") as sim:
            link = sim.bus["kitchen"]
            self.assertTrue(os.path.islink(link))
            self.assertRegex(sim.bus["cabinet"], r"^127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual(set(sim.stop()), {"kitchen", "cabinet"})
            self.assertEqual((sim.status, sim.err), (0, ""))
            self.assertFalse(os.path.lexists(link))
            with open(sim.log_path) as f:
                log = f.read()
            self.assertRegex(log, r"\A\d{13} # ready\n")
            self.assertRegex(log, r"\n\d{13} # bus kitchen requests=0 ")

    def test_usage(self):
        self.assertEqual(self.run_sim("--help").returncode, 0)
        self.assertRegex(self.run_sim("--version").stdout, r"^quietair-sim \d")
        for wrong in ((), ("-c",), ("--bogus",), ("-c", "x", "more")):
            self.assertEqual(self.run_sim(*wrong).returncode, 2, wrong)

    def test_all_faults_of_a_scenario_are_named(self):
        bad = {"u = holding:0 u16\nv = holding:0 u32": "overlap", "v = holding:65535 u32": "65535",
               "v = coil:1 u16": "bits", "v = holding:1": "type", "v = bolding:1 u16": "register",
               "v = holding:1 u16 cdab": "32-bit", "v = holding:1 u16 x0": "scale", "unit = holding:1 u16": "key of every meter"}
        model = "".join(f"[model bad{i}]\n{text}\n" for i, text in enumerate(bad))
        says = {"70000": "outside", "1~2": "outside", "0s:1 0s:2": "not after", "5s:1": "begins at 0s",
                "0s:1 06:00=2": "do not mix", "0s:1 9s:2 repeat 5s": "behind the repetition", "06:60=1": "time of day",
                "exception 12": "1 to 11", "counter x": "whole number", "loud": "level", "0s:1 20x:3": "20x:3"}
        meters = "".join(f"[meter m{i}]\nbus = b\nunit = {i + 1}\nmodel = good\nn = {text}\n"
                         for i, text in enumerate(says))
        scenario = (f"[bus b]\ntype = tcp\naddress = nowhere\n{model}[model good]\nn = holding:0 u16\n{meters}"
                    "[meter twin]\nbus = b\nunit = 1\nmodel = good\nn = 1\ndead = 5s-2s\n"
                    "[meter lost]\nbus = nobus\nunit = 1\nmodel = nomodel\n[meter mute]\nbus = b\nunit = 40\nmodel = good\n"
                    "[meter odd]\nbus = b\nunit = 41\nmodel = good\nn = 1\nm = 2\n")
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as f:
            f.write(scenario)
            f.flush()
            result = self.run_sim("-c", f.name, "--check")
            self.assertEqual(result.returncode, 3)
            for i, word in enumerate(bad.values()):
                self.assertRegex(result.stderr, rf"bad{i}\W.*{re.escape(word)}")
            for i, word in enumerate(says.values()):
                self.assertRegex(result.stderr, rf"m{i}\W.*{re.escape(word)}")
            for pattern in (r"\bb\W.*IPv4", r"twin\W.*m0", r"twin\W.*5s-2s", r"lost\W.*nobus", r"lost\W.*nomodel",
                            r"mute\W.*missing", r"odd\W.*\bm\b"):
                self.assertRegex(result.stderr, pattern)
            self.assertEqual(self.run_sim("-c", f.name).returncode, 3)

    def test_the_demo_street_has_no_fault(self):
        result = self.run_sim("-c", os.path.join(os.path.dirname(__file__), "../../config/demo/street.ini"), "--check")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_check_prints_the_plan(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as f:
            f.write(f"{TCP}[model m]\nn = holding:0 u16 value 5\n[meter one]\nbus = cabinet\nunit = 17\nmodel = m\n")
            f.flush()
            result = self.run_sim("-c", f.name, "--check")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertRegex(result.stdout, r"unit +17 +one")


if __name__ == "__main__":
    unittest.main()
