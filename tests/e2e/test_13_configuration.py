"""A configuration that cannot be right is refused with exit 3: every fault named, in one run, never a crash."""
import os
import re
import subprocess
import unittest

from meters import profile
from programs import BIN, ROOT
from street import Scenario

GATEWAY = """[gateway]
id = gw-1
district = yudu
state_dir = @DIR@/gw-1
profiles_dir = @DIR@/profiles
[mqtt]
url = mqtt://127.0.0.1:1883
[bus b]
type = tcp
address = 127.0.0.1:502
[device noise-1]
bus = b
unit = 1
profile = good
site = nice-club
interval = 1s
"""
COLLECTOR = f"""[collector]
name = main
districts = yudu
state_dir = @DIR@/collector
timezone = Asia/Shanghai
standards_dir = {ROOT}/config/standards
[mqtt]
url = mqtt://127.0.0.1:1883
[influx]
url = http://127.0.0.1:8086
[rules]
standards = gb22337-2008 gb18483-2001
"""

# (what is wrong, (old, new) in the sound file, what the message must say)
BOTH = [
    ("an unknown key", ("[mqtt]\n", "[mqtt]\nurk = 5\n"), r"\[mqtt\].*urk.*url"),
    ("an unknown section", ("[mqtt]\n", "[mqqt]\nx = 1\n[mqtt]\n"), r"mqqt.*mqtt"),
    ("a key twice", ("[mqtt]\n", "[mqtt]\nurl = mqtt://other\n"), r"\[mqtt\].*url.*before.*line"),
    ("a section twice", ("[mqtt]\n", "[mqtt]\nurl = mqtt://other\n[mqtt]\n"), r"\[mqtt\].*before.*line"),
    ("a key before any section", ("", "early = 1\n"), r"early.*section"),
    ("no value", ("url = mqtt", "username =\nurl = mqtt"), None),
    ("a byte order mark", ("", "\ufeff"), r"(byte order mark|BOM)"),
    ("a NUL", ("url = mqtt", "ur\0l = mqtt"), r"NUL"),
    ("a line of 1,100 characters", ("[mqtt]\n", "[mqtt]\nusername = " + "x" * 1100 + "\n"), r"(long|characters|bytes)"),
    ("# in a value", ("url = mqtt://127.0.0.1:1883", "url = mqtt://127.0.0.1:1883 # broker"), r"\[mqtt\].*url.*#"),
    ("; in a value", ("url = mqtt://127.0.0.1:1883", "url = mqtt://127.0.0.1:1883 ; broker"), r"\[mqtt\].*url.*;"),
    ("neither key nor section", ("[mqtt]\n", "[mqtt]\njust words\n"), r"just words|(expected|neither)"),
    ("a section that is not closed", ("[mqtt]\n", "[mqtt\n"), r"\[mqtt|\]"),
    ("not a broker's address", ("mqtt://127.0.0.1:1883", "http://127.0.0.1"), r"\[mqtt\].*url.*mqtts?://"),
    ("a port out of range", ("127.0.0.1:1883", "127.0.0.1:70000"), r"\[mqtt\].*url.*(70000|port|65535)"),
    ("a file that is not there", ("url = mqtt", "ca_file = @DIR@/nothing.pem\nurl = mqtts"), r"\[mqtt\].*ca_file.*nothing.pem"),
    ("a mandatory key is missing", ("url = mqtt://127.0.0.1:1883\n", ""), r"\[mqtt\].*url.*(missing|mandatory)"),
]
FOR_GATEWAY = BOTH + [
    ("5x", ("interval = 1s", "interval = 5x"), r"\[device noise-1\].*interval.*5x.*(ms|s|min)"),
    ("010, which is no octal here", ("unit = 1", "unit = 010"), r"\[device noise-1\].*unit.*010"),
    ("a unit out of range", ("unit = 1", "unit = 256"), r"\[device noise-1\].*unit.*256.*255"),
    ("half a number", ("unit = 1", "unit = 1.5"), r"\[device noise-1\].*unit.*1\.5"),
    ("an interval too short", ("interval = 1s", "interval = 9ms"), r"\[device noise-1\].*interval.*9ms.*10 ?ms"),
    ("an id with capitals", ("id = gw-1", "id = GW-1"), r"\[gateway\].*id.*GW-1.*a-z"),
    ("a device id with a dot", ("[device noise-1]", "[device noise.1]"), r"noise\.1"),
    ("a section's name as a key", ("[gateway]\n", "[gateway]\nmqtt = 1\n"), r"\[gateway\].*mqtt"),
    ("a bus that is not there", ("bus = b\n", "bus = c\n"), r"\[device noise-1\].*bus.*c"),
    ("a profile that is not there", ("profile = good", "profile = gone"), r"\[device noise-1\].*profile.*gone"),
    ("a profile that is wrong", ("profile = good", "profile = bad"), r"bad\.ini.*type.*u17.*u16"),
    ("an unknown type of bus", ("type = tcp", "type = udp"), r"\[bus b\].*type.*udp.*rtu.*tcp"),
    ("a bus without its address", ("address = 127.0.0.1:502\n", ""), r"\[bus b\].*address"),
    ("a bus with a device as well", ("type = tcp\n", "type = tcp\nbaud = 9600\n"), None),
    ("a size that is none", ("[bus b]", "[journal]\nmax_bytes = 1Q\n[bus b]"), r"\[journal\].*max_bytes.*1Q.*(K|M|G)"),
    ("a rename of nothing", ("interval = 1s", "interval = 1s\nrename = nope:la"), r"\[device noise-1\].*rename.*nope"),
]
FOR_COLLECTOR = BOTH + [
    ("5x", ("[rules]\n", "[rules]\nnoise_window = 5x\n"), r"\[rules\].*noise_window.*5x.*(ms|s|min)"),
    ("010, which is no octal here", ("[rules]\n", "[rules]\nraise_after = 010\n"), r"\[rules\].*raise_after.*010"),
    ("an unknown rule", ("[rules]\n", "[rules]\nraise_aftr = 1\n"), r"\[rules\].*raise_aftr.*raise_after"),
    ("a coverage above 1", ("[rules]\n", "[rules]\nnoise_min_coverage = 1.5\n"), r"\[rules\].*noise_min_coverage.*1\.5.*1"),
    ("no time of day", ("[rules]\n", "[rules]\nnight_start = 25:00\n"), r"\[rules\].*night_start.*25:00"),
    ("a standard that is not there", ("gb18483-2001", "gb18483-2099"), r"\[rules\].*standards.*gb18483-2099"),
    ("a zone that is not there", ("Asia/Shanghai", "Asia/Yudu"), r"\[collector\].*timezone.*Asia/Yudu"),
    ("an unknown clock", ("[collector]\n", "[collector]\nclock = sun\n"), r"\[collector\].*clock.*sun.*wall.*journal"),
    ("not a database's address", ("http://127.0.0.1:8086", "ftp://x"), r"\[influx\].*url.*http"),
    ("v2 without its bucket", ("[influx]\n", "[influx]\napi = v2\norg = o\n"), r"\[influx\].*(bucket|api)"),
    ("a section's name as a key", ("[collector]\n", "[collector]\nrules = 1\n"), r"\[collector\].*rules"),
    ("no number", ("[influx]\n", "[influx]\nbatch = many\n"), r"\[influx\].*batch.*many"),
]


class Configuration(Scenario):
    def setUp(self):
        super().setUp()
        self.street.write("profiles/good.ini", profile("noise", laeq="holding:0 u16"))
        self.street.write("profiles/bad.ini", profile("noise", laeq="holding:0 u17"))

    def check(self, program, text, *more, name="made.ini"):
        """(exit status, stderr) of PROGRAM --check with this text as its configuration."""
        path = self.street.path(name)
        if text is not None:
            self.street.write(name, text.replace("@DIR@", self.street.dir).encode(), "wb")
        try:
            done = subprocess.run([f"{BIN}/quietair-{program}", "-c", path, *more], capture_output=True, timeout=5)
        except subprocess.TimeoutExpired:  # it took the file and went to work
            return None, "", ""
        return done.returncode, done.stderr.decode(errors="replace"), done.stdout.decode(errors="replace")

    def sound(self, program):
        return GATEWAY if program == "gateway" else COLLECTOR

    def assert_refused(self, program, what, text, pattern, name="made.ini"):
        for options in (["--check"], []):
            status, said, _ = self.check(program, text, *options, name=name)
            with self.subTest(program=program, what=what, options=options, said=said):
                self.assertEqual(status, 3)
                self.assertIn("bad.ini" if "bad" in pattern else name, said)
                self.assertTrue(re.search(pattern, said), f"/{pattern}/ in what it said")
        self.assertFalse(os.path.exists(self.street.path("gw-1")) or os.path.exists(self.street.path("collector")),
                         "a refused configuration made a state_dir")

    def test_the_sound_files_are_sound_and_print_a_plan(self):
        for program in ("gateway", "collector"):
            status, said, plan = self.check(program, self.sound(program), "--check")
            said = [line for line in said.splitlines() if not line.startswith("warning: there is no ")]  # of a year's calendar
            self.assertEqual((status, said), (0, []))
            self.assertIn("noise-1" if program == "gateway" else "good", plan)

    def test_each_fault_alone(self):
        for program, faults in (("gateway", FOR_GATEWAY), ("collector", FOR_COLLECTOR)):
            for what, (old, new), pattern in faults:
                text = self.sound(program)
                self.assertIn(old, text)
                damaged = text.replace(old, new, 1) if old else new + text
                if pattern:
                    self.assert_refused(program, what, damaged, pattern)
                else:  # whatever it says, it must say it and not crash
                    self.assertIn(self.check(program, damaged, "--check")[0], (0, 3), what)

    TOGETHER = {  # one in each section: what only sound keys of a section allow to see is not looked for behind a fault in it
        "gateway": ("an unknown key", "an id with capitals", "010, which is no octal here", "an interval too short",
                    "an unknown type of bus", "a size that is none", "a section's name as a key"),
        "collector": ("an unknown key", "5x", "an unknown rule", "a zone that is not there", "no number", "a section's name as a key"),
    }

    def test_all_faults_in_one_run(self):
        for program, faults in (("gateway", FOR_GATEWAY), ("collector", FOR_COLLECTOR)):
            chosen = [fault for fault in faults if fault[0] in self.TOGETHER[program]]
            self.assertEqual(len(chosen), len(self.TOGETHER[program]))
            text = self.sound(program)
            for _, (old, new), _ in chosen:
                self.assertIn(old, text)
                text = text.replace(old, new, 1)
            status, said, _ = self.check(program, text, "--check")
            self.assertEqual(status, 3)
            for what, _, pattern in chosen:
                with self.subTest(program=program, what=what, said=said):
                    self.assertRegex(said, pattern)

    def test_files_that_are_none(self):
        os.mkdir(self.street.path("folder.ini"))
        os.mkfifo(self.street.path("fifo.ini"))
        self.street.write("empty.ini", "")
        for program in ("gateway", "collector"):
            self.assert_refused(program, "a folder", None, r"(folder|director|regular)", "folder.ini")
            self.assert_refused(program, "a fifo", None, r"not a file", "fifo.ini")
            self.assert_refused(program, "nothing there", None, r"(No such file|not there)", "gone.ini")
            self.assert_refused(program, "an empty file", None, r"(\[mqtt\]|url.*missing)", "empty.ini")

    def test_noise_never_crashes(self):
        for program in ("gateway", "collector"):
            for n in range(40):
                text = bytearray(self.sound(program).replace("@DIR@", self.street.dir).encode())
                for k in range(1 + n % 7):
                    text[(n * 7919 + k * 104729) % len(text)] = (n * 31 + k * 17) % 256
                with open(self.street.path("noise.ini"), "wb") as f:
                    f.write(text)
                self.assertIn(self.check(program, None, "--check", name="noise.ini")[0], (0, 3), bytes(text))

    def test_usage(self):
        for program in ("gateway", "collector"):
            for arguments, status in ((["--help"], 0), (["--version"], 0), ([], None), (["--nonsense"], 2), (["-c"], 2)):
                done = subprocess.run([f"{BIN}/quietair-{program}", *arguments], capture_output=True, text=True, timeout=20)
                if status is not None:
                    self.assertEqual(done.returncode, status, (program, arguments))
        for arguments, status in ((["--help"], 0), (["--version"], 0), ([], 2), (["nonsense"], 2), (["site"], 2), (["status", "--x"], 2)):
            self.assertEqual(subprocess.run([f"{BIN}/quietair", *arguments], capture_output=True, timeout=20).returncode, status, arguments)

    def test_the_shipped_samples_are_sound(self):
        for name in ("gateway", "collector"):
            path = f"{ROOT}/config/{name}.ini"
            if os.path.exists(path):
                done = subprocess.run([f"{BIN}/quietair-{name}", "-c", path, "--check"], capture_output=True, text=True, timeout=20)
                self.assertNotIn("crash", done.stderr)
                self.assertIn(done.returncode, (0, 3), done.stderr)  # 3: password files of the sample are not here


if __name__ == "__main__":
    unittest.main()
