"""quietair-gateway --once and quietair-bus on a bad day: values that are none, units that are not there, lines that garble."""
import json
import os
import pty
import re
import select
import signal
import socketserver
import struct
import subprocess
import threading
import time
import unittest

from meters import ModbusServer, profile
from programs import BIN, free_port, wait_for
from street import Scenario, ini

HUGE = 2**53 + 1  # more digits than a double has: shown whole
SERIAL = b"SN-0042\0"

# What stands in the registers of unit 1.  Unit 2 has none at all.
REGISTERS = {0: 673, 1: 9000, 2: 7, **dict(zip(range(10, 14), struct.unpack(">4H", struct.pack(">Q", HUGE)))),
             **dict(zip(range(20, 24), struct.unpack(">4H", SERIAL)))}

METER = profile("noise", laeq="holding:0 u16 scale=0.1 unit=dB(A)", la="holding:1 u16 max=140 unit=dB(A)", odd="holding:2 u16 nan=7",
                count="holding:10 u64", gone="holding:40 u16") + "\n[serial]\nregister = holding:20\ntype = string\nlength = 4\n"
SOUND = profile("noise", laeq="holding:0 u16 scale=0.1 unit=dB(A)")


class Garbler:
    """An RTU line behind a converter on which every answer is damaged: the right length, the wrong CRC."""

    def __init__(self):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    while request := self.request.recv(256):
                        self.request.sendall(bytes((request[0], 3, 2, 0, 1, 0xde, 0xad)))
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Terminal:
    """A program on a terminal of its own; `text` is what it has written, on both streams."""

    def __init__(self, *argv):
        ours, theirs = pty.openpty()
        self.ours, self.text = ours, ""
        self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)

    def says(self, words, deadline=20.0):
        def said():
            while select.select([self.ours], [], [], 0)[0]:
                try:
                    more = os.read(self.ours, 65536)
                except OSError:  # it has ended
                    break
                self.text += more.decode(errors="replace")
            return re.search(words, self.text)
        return wait_for(said, lambda: f"{words} in {self.text[-1000:]!r}", deadline)

    def ends(self, deadline=20.0):
        wait_for(lambda: self.process.poll() is not None, "it ends", deadline)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)


class Tools(Scenario):
    def setUp(self):
        super().setUp()
        self.server = self.street.peer(ModbusServer, lambda unit, address: REGISTERS.get(address) if unit == 1 else None)
        self.where = ("--tcp", f"127.0.0.1:{self.server.port}")
        self.street.write("profiles/meter.ini", METER)
        self.street.write("profiles/sound.ini", SOUND)
        self.profiles = ("--profiles", self.street.path("profiles"))

    def run_program(self, program, *arguments, expect=0):
        done = subprocess.run([f"{BIN}/quietair-{program}", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def gateway(self, *arguments, expect=0):
        return self.run_program("gateway", *arguments, expect=expect)

    def bus(self, *arguments, expect=0):
        return self.run_program("bus", *arguments, expect=expect)

    def terminal(self, *arguments):
        return self.street.peer(Terminal, f"{BIN}/quietair-bus", *map(str, arguments))

    def config(self, **devices):
        """A gateway.ini: devices on the server's bus, those whose name begins with `dead` on a port where nobody is."""
        buses = {"bus b": {"type": "tcp", "address": f"127.0.0.1:{self.server.port}"}}
        if any(name.startswith("dead") for name in devices):
            buses["bus dead"] = {"type": "tcp", "address": f"127.0.0.1:{free_port()}", "timeout": "200ms"}
        return self.street.write("once.ini", ini({
            "gateway": {"id": "gw-1", "district": "yudu", "state_dir": self.street.path("state"),
                        "profiles_dir": self.street.path("profiles")},
            "mqtt": {"url": "mqtt://127.0.0.1:1"}, **buses,
            **{f"device {name}": {"bus": "dead" if name.startswith("dead") else "b", "unit": 1, "site": "s", "interval": "1s", **device}
               for name, device in devices.items()}}))

    # ---- quietair-gateway --once -------------------------------------------------------------------------------------

    def test_once_tells_each_value_and_what_is_wrong_with_the_others(self):
        table = self.gateway("-c", self.config(a={"profile": "meter"}, mute={"profile": "sound", "unit": 2}), "--once", expect=1).stdout
        lines = [line.split() for line in table.splitlines()]
        self.assertEqual(lines[0], ["device", "metric", "value", "unit"])
        self.assertIn(["a", "laeq", "67.3", "dB(A)", "(suspect)"], lines)  # its reading has a value out of range
        self.assertIn(["a", "la", "9000", "dB(A)", "(suspect)"], lines)
        self.assertIn(["a", "count", str(HUGE)], lines)
        self.assertIn(["a", "serial", "SN-0042"], lines)
        self.assertTrue(any(line[:3] == ["a", "odd", "garbage"] for line in lines), table)
        self.assertTrue(any(line[:3] == ["a", "gone", "exception-2"] for line in lines), table)
        self.assertTrue(any(line[0] == "mute" and "exception-2" in line for line in lines), table)
        self.assertFalse(os.path.exists(self.street.path("state")))  # it journals nothing

    def test_once_lines_up_whatever_is_said(self):
        name = "the-longest-name-of-a-device-32c"
        table = self.gateway("-c", self.config(**{name: {"profile": "meter"}, "b": {"profile": "sound"}}), "--once", expect=1).stdout
        lines = table.splitlines()
        values = {line.split()[1]: line.split()[2] for line in lines[1:]}
        end = lines[0].index("value") + len("value")
        for line in lines[1:]:
            self.assertEqual(line[:end].split()[-1], values[line.split()[1]], table)
            self.assertIn(line[end:end + 1], ("", " "), table)

    def test_once_speaks_json(self):
        said = self.gateway("-c", self.config(a={"profile": "meter"}, mute={"profile": "sound", "unit": 2}), "--once", "--json", expect=1)
        said = json.loads(said.stdout)
        values, errors = {}, {}
        for reading in said["readings"]:
            self.assertLess(abs(reading["ts"] / 1000 - time.time()), 60)
            if reading["device"] == "a":
                values.update(reading.get("values", {}))
                errors.update(reading.get("errors", {}))
        self.assertEqual((values["laeq"], values["count"]), (67.3, HUGE))
        self.assertEqual((errors["odd"], errors["gone"]), ("garbage", "exception-2"))
        self.assertEqual([r["error"] for r in said["readings"] if r["device"] == "mute"], ["exception-2"])
        self.assertEqual(said["texts"], [{"device": "a", "serial": "SN-0042"}])
        self.gateway("-c", self.config(a={"profile": "sound"}), "--json", expect=2)

    def test_once_ends_with_0_only_if_all_answer(self):
        sound = self.gateway("-c", self.config(a={"profile": "sound"}), "--once")
        self.assertIn(["a", "laeq", "67.3", "dB(A)"], [line.split() for line in sound.stdout.splitlines()])
        self.assertNotIn("suspect", sound.stdout)
        dead = self.gateway("-c", self.config(a={"profile": "sound"}, dead={"profile": "sound"}), "--once", expect=1)
        self.assertIn(["a", "laeq", "67.3", "dB(A)"], [line.split() for line in dead.stdout.splitlines()])
        self.assertRegex(dead.stdout, r"(?m)^dead +- +\S+")
        self.gateway("-c", self.config(a={"profile": "nosuch"}), "--once", expect=3)

    def test_words(self):
        for program in ("gateway", "bus", "collector"):
            self.assertIn(f"usage: quietair-{program}", self.run_program(program, "--help").stdout)
            self.assertRegex(self.run_program(program, "--version").stdout, rf"^quietair-{program} \d+\.\d+\.\d+\n$")
            self.run_program(program, "--dance", expect=2)
        for program in ("gateway", "collector"):
            self.assertIn("usage:", self.run_program(program, expect=2).stderr)
            self.assertIn("usage:", self.run_program(program, "-c", "a.ini", "b.ini", expect=2).stderr)
        for words, said in ((("scan", "h", *self.where), "scan: one word too many: h"),
                            (("try", "meter", "sound", *self.where), "try: one word too many: sound"),
                            (("scan", *self.where, "--register", "holdings:1"), "--register: expected TABLE:ADDRESS"),
                            (("scan", *self.where, "--register", "holding:"), "--register: expected TABLE:ADDRESS"),
                            (("scan", *self.where, "--register", "input:0x"), "--register: expected TABLE:ADDRESS"),
                            (("scan", *self.where, "--units", "1-"), "--units: expected"),
                            (("scan", *self.where, "--units", "x"), "--units: expected"),
                            (("scan", *self.where, "--units", "256"), "--units: expected"),
                            (("scan", *self.where, "--units", ""), "--units: expected"),
                            (("read", *self.where, "--unit", "one"), "--unit"),
                            (("read", *self.where, "--unit", "256"), "from 0 to 255"),
                            (("read", *self.where, "--count", "126"), "from 1 to 125"),
                            (("read", *self.where, "--timeout", "1ms\nretries = 9"), "an option has a line break in it"),
                            (("try", "meter\n[x]", *self.where), "an option has a line break in it"),
                            (("watch", "meter", *self.where, *self.profiles, "--rounds", "0"), "--rounds: expected a number from 1"),
                            (("watch", "meter", *self.where, *self.profiles, "--rounds", "2x"), "--rounds: expected a number from 1"),
                            (("watch", "meter", "-c", "gateway.ini"), "name a profile and a line, or a gateway.ini"),
                            (("watch", "-c", "gateway.ini", *self.where), "--tcp does not belong beside --config"),
                            (("watch", "-c", "gateway.ini", "--unit", "3"), "--unit does not belong beside --config"),
                            (("read", *self.where, "--stop-bits", "2"), "--stop-bits belong to --device and --rtu-tcp"),
                            (("watch", "-c", "/nowhere/gateway.ini"), "/nowhere/gateway.ini")):
            self.assertIn(said, self.bus(*words, expect=2).stderr, words)

    # ---- quietair-bus ------------------------------------------------------------------------------------------------

    def test_try_tells_what_is_wrong_with_each(self):
        done = self.bus("try", "meter", *self.profiles, *self.where, expect=1)
        self.assertRegex(done.stdout, r"(?m)^ +la +9000 +dB\(A\) .* suspect: range")
        self.assertRegex(done.stdout, rf"(?m)^ +count +{HUGE} .* good")
        self.assertRegex(done.stdout, r"(?m)^ +odd +- .* garbage: the meter says that it has no value")
        self.assertIn("meter: serial SN-0042\n", done.stdout)
        self.assertIn("2 of 5 metrics have no value", done.stderr)
        meter = json.loads(self.bus("try", "meter", *self.profiles, *self.where, "--json", expect=1).stdout)["devices"]["meter"]
        self.assertEqual((meter["serial"], meter["metrics"]["count"]["value"]), ("SN-0042", HUGE))
        self.assertEqual(meter["metrics"]["la"]["quality"], "suspect: range")
        self.assertTrue(meter["metrics"]["gone"]["error"].startswith("exception-2"), meter)

    def test_watch_on_a_terminal(self):
        watch = self.terminal("watch", "sound", *self.profiles, *self.where, "--interval", "200ms")
        watch.says(r"(?s)\x1b\[H\x1b\[J.*Ctrl-C ends.*\x1b\[H\x1b\[J.*Ctrl-C ends")  # drawn anew in place
        watch.says(r"(?s)laeq +67\.3 .*good")
        os.kill(watch.process.pid, signal.SIGINT)
        self.assertEqual(watch.ends(), 0)

    def test_watch_a_whole_configuration(self):
        config = self.config(a={"profile": "sound", "interval": "300ms"}, dead={"profile": "sound"})
        rounds = [json.loads(line)["devices"] for line in self.bus("watch", "--config", config, "--rounds", 4, "--json").stdout.splitlines()]
        self.assertEqual(len(rounds), 4)
        self.assertEqual(rounds[-1]["a"]["metrics"]["laeq"]["value"], 67.3)
        self.assertIn("error", rounds[-1]["dead"]["metrics"]["laeq"])
        self.assertIn("dead", self.bus("watch", "--config", config, "--rounds", 2).stdout)

    def test_scan_on_a_terminal_says_how_far_it_is(self):
        scan = self.terminal("scan", *self.where, "--units", "1-4")
        self.assertEqual(scan.ends(), 0)
        scan.says(r"75 %  unit 4, TCP 127\.0\.0\.1:\d+; 3 found")
        scan.says(r"673 \(0x02A1\)")
        scan.says(r"exception 2: it has no such register")
        scan.says(r"4 of 4 asked, 4 found")

    def test_scan_of_a_line_that_garbles(self):
        garbler = self.street.peer(Garbler)
        done = self.bus("scan", "--rtu-tcp", f"127.0.0.1:{garbler.port}", "--units", "1-3", expect=1)
        self.assertIn("3 of 3 asked, 0 found", done.stderr)
        self.assertIn("3 answers were damaged: another speed or parity", done.stderr)
        done = self.bus("scan", "--tcp", f"127.0.0.1:{garbler.port}", "--units", "1", expect=1)
        self.assertIn("1 answer was damaged: a converter that wants --rtu-tcp", done.stderr)

    def test_read_of_one_register(self):
        read = json.loads(self.bus("read", *self.where, "--unit", "1", "--register", "holding:0x0000", "--json").stdout)
        self.assertEqual((read["words"], read["pairs"], read["quads"]), ([673], [], []))
        read = json.loads(self.bus("read", *self.where, "--unit", "1", "--register", "holding:10", "--count", "4", "--json").stdout)
        self.assertEqual([run["address"] for run in read["pairs"]], [10, 11, 12])
        self.assertEqual([(run["address"], run["u64"]["abcd"]) for run in read["quads"]], [(10, str(HUGE))])
        self.assertIn("unit 2, holding:0+1: exception-2", self.bus("read", *self.where, "--unit", "2", expect=1).stderr)
        self.assertIn("coil:0+8: exception-1", self.bus("read", *self.where, "--register", "coil:0", "--count", "8", expect=1).stderr)


if __name__ == "__main__":
    unittest.main()
