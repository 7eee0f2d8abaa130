"""What `make install` lays down stands: units that systemd takes without a word, samples that the programs take."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from programs import BIN, ROOT


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="quietair-install-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={cls.root}"], check=True, capture_output=True)

    def path(self, name):
        return os.path.join(self.root, name)

    def test_units_pass_without_a_word(self):
        units = self.path("lib/systemd/system")
        for target in glob.glob("/lib/systemd/system/*.target"):  # what the units order themselves by is the system's
            shutil.copy(target, units)
        os.makedirs(self.path("bin"), exist_ok=True)
        for program in ("bin/kill", "bin/sh", "usr/bin/find"):  # likewise
            shutil.copy(f"/{program}", self.path(program))
        for unit in ("quietair-gateway.service", "quietair-collector.service", "quietair-backup.service", "quietair-backup.timer"):
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={self.root}", unit],
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), unit)

    def test_a_wrong_unit_would_be_seen(self):
        units = self.path("lib/systemd/system")
        for target in glob.glob("/lib/systemd/system/*.target"):
            shutil.copy(target, units)
        with open(f"{units}/quietair-gateway.service") as f:
            text = f.read()
        with open(f"{units}/wrong.service", "w") as f:
            f.write(text.replace("[Service]\n", "[Service]\nNoSuchKey=yes\n"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={self.root}", "wrong.service"],
                              capture_output=True, text=True)
        self.assertIn("NoSuchKey", done.stderr)

    def test_samples_pass_the_check(self):
        """With the folders where they stand here, which are /usr/share and /var/lib once installed."""
        secret = self.path("secret")
        with open(secret, "w") as f:
            f.write("x\n")
        for program in ("gateway", "collector"):
            with open(self.path(f"etc/quietair/{program}.ini")) as f:
                text = f.read()
            text = text.replace("/usr/share/quietair", self.path("usr/share/quietair"))
            text = re.sub(r"^(\w+_file = ).*", rf"\g<1>{secret}", text, flags=re.M)
            sample = self.path(f"{program}.ini")
            with open(sample, "w") as f:
                f.write(text)
            done = subprocess.run([f"{BIN}/quietair-{program}", "-c", sample, "--check"], capture_output=True, text=True)
            said = [line for line in done.stderr.splitlines() if not line.startswith("warning: there is no ")]  # of a year's calendar
            self.assertEqual((done.returncode, said), (0, []), program)

    def test_an_edited_file_in_etc_is_kept(self):
        sample = self.path("etc/quietair/gateway.ini")
        with open(sample, "a") as f:
            f.write("; edited\n")
        subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={self.root}"], check=True, capture_output=True)
        with open(sample) as f:
            self.assertTrue(f.read().endswith("; edited\n"))


if __name__ == "__main__":
    unittest.main()
