"""The installer's twenty minutes: quietair-bus finds, reads, tries and watches meters of another make, on TCP and on a line."""
import json
import os
import re
import signal
import struct
import subprocess
import sys
import unittest

import pymodbus_peer
from meters import profile
from null_modem import NullModem
from programs import BIN, ROOT, Program, free_port, wait_for, wall_ms
from street import Scenario


class Installer(Scenario):
    def bus(self, *arguments, expect=0):
        done = subprocess.run([f"{BIN}/quietair-bus", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def foreign(self, place):
        """pymodbus with units 1 to 10; its log says what it served."""
        name = "pymodbus" + str(len(self.street.programs))
        return self.street.add(Program(name, [sys.executable, pymodbus_peer.__file__, str(place)], self.street.dir)).launch()

    def tcp(self):
        port = free_port()
        self.foreign(port)
        where = ("--tcp", f"127.0.0.1:{port}")
        wait_for(lambda: subprocess.run([f"{BIN}/quietair-bus", "read", *where], capture_output=True).returncode == 0, "it serves")
        return where

    def line(self):
        ours, theirs = self.street.path("ours"), self.street.path("theirs")
        self.street.peer(NullModem, ours, theirs)
        self.foreign(theirs)
        where = ("--device", ours)
        wait_for(lambda: subprocess.run([f"{BIN}/quietair-bus", "read", *where], capture_output=True).returncode == 0, "it serves")
        return where

    def test_scan_finds_whom_another_make_serves(self):
        for where, more in ((self.tcp(), ()), (self.line(), ("--baud", "9600", "--timeout", "100ms"))):
            found = json.loads(self.bus("scan", *where, *more, "--units", "1-12,200", "--json").stdout)
            self.assertEqual([f["unit"] for f in found], list(pymodbus_peer.UNITS))
            self.assertTrue(all(f["value"] == 0 for f in found))
            told = self.bus("scan", *where, *more, "--units", "9-11")
            self.assertEqual(re.findall(r"^ +(\d+) ", told.stdout, re.M), ["9", "10"])
            self.assertIn("3 of 3 asked, 2 found", told.stderr)
            self.bus("scan", *where, *more, "--units", "11-12", expect=1)

    def test_an_exception_is_an_answer(self):
        found = json.loads(self.bus("scan", *self.tcp(), "--units", "1", "--register", "holding:700", "--json").stdout)
        self.assertEqual([(f["unit"], f["exception"]) for f in found], [(1, 2)])

    def test_an_interrupted_scan_tells_what_it_found(self):
        where = self.line()
        begun = wall_ms()
        scan = subprocess.Popen([f"{BIN}/quietair-bus", "scan", *where, "--baud", "9600", "--units", "1-10,100-247", "--json"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(scan.kill)
        # the ten answer within milliseconds, the hundred others cost 400 ms each
        wait_for(lambda: wall_ms() - begun > 3000, "the ten have been asked")
        scan.send_signal(signal.SIGINT)
        out, words = scan.communicate(timeout=10)
        self.assertEqual([f["unit"] for f in json.loads(out)], list(pymodbus_peer.UNITS))
        self.assertIn("(interrupted)", words)
        self.assertLess(int(re.search(r"(\d+) of 158 asked", words)[1]), 158)

    def test_read_shows_every_decoding(self):
        for where in (self.tcp(), self.line()):
            read = json.loads(self.bus("read", *where, "--unit", 3, "--register", "holding:0", "--count", 4, "--json").stdout)
            words = read["words"]
            self.assertEqual((read["unit"], read["table"], read["address"], words[3]), (3, "holding", 0, 3))
            self.assertEqual([p["address"] for p in read["pairs"]], [0, 1, 2])
            for pair in read["pairs"]:
                self.check_pair(pair, words[pair["address"]:pair["address"] + 2])
            text = self.bus("read", *where, "--unit", 3, "--count", 4).stdout
            self.assertIn("u64", text)
            self.assertRegex(text, r"(?m)^ +3  0x0003 +3 +3 +3  0000 0000 0000 0011  \.\.$")

    def check_pair(self, pair, words):
        a, b, c, d = struct.pack(">2H", *words)
        for order, data in (("abcd", bytes((a, b, c, d))), ("cdab", bytes((c, d, a, b))), ("badc", bytes((b, a, d, c))),
                            ("dcba", bytes((d, c, b, a)))):
            self.assertEqual(pair["u32"][order], str(struct.unpack(">I", data)[0]))
            self.assertEqual(pair["s32"][order], str(struct.unpack(">i", data)[0]))
            shown = pair["f32"][order]
            if shown != "-":  # what a float shows reads back as the same four bytes
                self.assertEqual(struct.pack(">f", float(shown)), data)
            else:
                value = struct.unpack(">f", data)[0]
                self.assertFalse(value == 0 or 1e-6 <= abs(value) <= 1e12, (data, value))
            digits = data.hex()
            self.assertEqual(pair["bcd32"][order], str(int(digits)) if digits.isdigit() else "-")

    def test_try_and_watch_show_what_is_served(self):
        self.street.write("profiles/tally.ini", profile("x", n="holding:0 u32", m="holding:2 u16 unit=dB", unit_="holding:3 u16"
                                                       ).replace("[unit_]", "[number]"))
        self.street.write("profiles/wrong.ini", profile("x", n="holding:0 u32", gone="holding:40 u16"))
        profiles = ("--profiles", self.street.path("profiles"))
        for make in (self.tcp, self.line):
            where = make()
            metrics = json.loads(self.bus("try", "tally", *profiles, *where, "--unit", 7, "--json").stdout)["devices"]["meter"]["metrics"]
            self.assertEqual(metrics["m"]["value"] - metrics["n"]["value"], 19000)
            self.assertEqual((metrics["number"]["value"], metrics["m"]["unit"], metrics["m"]["quality"]), (7, "dB", "good"))
            self.assertRegex(self.served(), rf"unit-7 n={metrics['n']['value']} m={metrics['m']['value']}\n")
            wrong = self.bus("try", "wrong", *profiles, *where, "--unit", 7, expect=1)
            self.assertIn("1 of 2 metrics have no value", wrong.stderr)
            self.assertRegex(wrong.stdout, r"gone +- +holding:40 .*exception-2")
            lines = self.bus("watch", "tally", *profiles, *where, "--unit", 7, "--interval", "300ms", "--rounds", 8, "--json").stdout
            seen = [json.loads(line)["devices"]["meter"] for line in lines.splitlines()]
            values = [s["metrics"]["n"]["value"] for s in seen if "value" in s["metrics"]["n"]]
            self.assertGreater(len(values), 3)
            self.assertEqual(values, sorted(values))
            self.assertGreater(values[-1], values[0])
            self.assertGreater(seen[-1]["answer_ms"], 0)

    def served(self):
        return self.street.programs[-1].output()

    def test_a_line_in_use_is_left_alone(self):
        where = self.line()
        line = os.open(where[1], os.O_RDONLY | os.O_NOCTTY)  # else the pty becomes our terminal, and its end is ours
        self.addCleanup(os.close, line)
        for verb in (("scan",), ("read",), ("try", "sdm120"), ("watch", "sdm120")):
            more = ("--profiles", f"{ROOT}/config/profiles") if len(verb) > 1 else ()
            held = self.bus(*verb, *where, *more, expect=1)
            self.assertRegex(held.stderr, r"ours is in use by python3[.0-9]* \(pid \d+\)")

    def test_what_is_wrong_is_said(self):
        for words, status, said in (((), 2, "usage:"), (("dance",), 2, "expected scan, read, try or watch"),
                                    (("scan",), 2, "give one of --device, --tcp and --rtu-tcp"),
                                    (("scan", "--tcp", "h:1", "--count", "3"), 2, "--count does not belong to scan"),
                                    (("scan", "--tcp", "h:1", "--units", "5-2"), 2, "--units: expected"),
                                    (("scan", "--tcp", "h:1", "--units", "1,"), 2, "--units: expected"),
                                    (("scan", "--tcp", "h:1", "--baud", "9600"), 2, "--baud, --parity and --stop-bits belong to"),
                                    (("scan", "--tcp", "h:0"), 2, "expected HOST:PORT"),
                                    (("scan", "--device", "/dev/null", "--baud", "9601"), 2, "baud = 9601"),
                                    (("scan", "--device", "/nowhere/tty"), 1, "/nowhere/tty: No such file"),
                                    (("read", "--tcp", "h:1", "--register", "holding:65536"), 2, "--register: expected"),
                                    (("read", "--tcp", "h:1", "--register", "holding:65530", "--count", "9"), 2, "from 1 to 6"),
                                    (("try", "--tcp", "h:1"), 2, "name a profile"),
                                    (("try", "nosuch", "--tcp", "h:1"), 2, "nosuch.ini"),
                                    (("watch",), 2, "gateway.ini with --config"),
                                    (("read", "--tcp", f"127.0.0.1:{free_port()}"), 1, "Connection refused")):
            self.assertIn(said, self.bus(*words, expect=status).stderr, words)


if __name__ == "__main__":
    unittest.main()
