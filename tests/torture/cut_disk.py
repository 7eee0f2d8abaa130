#!/usr/bin/python3
"""A disk whose power can be cut: ext4 on a loop device over a file that this program serves through FUSE, so that it sees
each write and each flush that the kernel sends.

What has been written since the last flush is in the disk's cache.  At a cut each of those writes, in any order, is there or
not or torn between two sectors; what was flushed is there.  From that instant nothing is answered any more, so nobody can
have told anybody of what did not last; only when the writers are dead the rest is swallowed, and the disk comes back as it
was at the cut.  Needs root, /dev/fuse, /dev/loop*, and the Debian package python3-fusepy.

As a program: `cut_disk.py IMAGE MOUNTPOINT`, with orders on its standard input (Disk writes them) and a line for each done.
"""
import os
import random
import stat
import subprocess
import sys
import threading
import time

SECTOR = 512
SLOWEST_FLUSH_S = 0.03


# ---- the side that serves --------------------------------------------------------------------------------------------

class Platter:
    """The bytes, and what of them is sure."""

    def __init__(self, image):
        self.now, self.sure, self.cache = bytearray(image), bytearray(image), []
        self.changed = threading.Condition()
        self.state = "on"  # "dead": nothing is answered; "void": everything is, and forgotten
        self.left = 0  # requests until the cut that was ordered; 0: none was
        self.rng = random.Random(0)
        self.turn = 1  # how often it was switched on; who still has it from before writes to nothing

    def read(self, size, offset):
        with self.changed:
            self.changed.wait_for(lambda: self.state != "dead")
            return bytes(self.now[offset:offset + size])

    def write(self, turn, data, offset):
        with self.changed:
            self._request(turn)
            if self.state == "on" and turn == self.turn:
                self.now[offset:offset + len(data)] = data
                self.cache.append((offset, bytes(data)))
        return len(data)

    def flush(self, turn):
        time.sleep(random.uniform(0, SLOWEST_FLUSH_S))
        with self.changed:
            self._request(turn)
            if self.state == "on" and turn == self.turn:
                for offset, data in self.cache:
                    self.sure[offset:offset + len(data)] = data
                self.cache.clear()

    def _request(self, turn):
        """With the lock: may be the one at which the power goes; waits while there is none."""
        if self.state == "on" and turn == self.turn and self.left:
            self.left -= 1
            if not self.left:
                self._cut()
        self.changed.wait_for(lambda: self.state != "dead")

    def _cut(self):
        self.left, self.state = 0, "dead"
        share = self.rng.choice((0.0, 0.0, 1.0, self.rng.random()))
        kept = [write for write in self.cache if self.rng.random() < share]
        self.rng.shuffle(kept)
        for offset, data in kept:
            whole = self.rng.random() < 0.8
            length = len(data) if whole else SECTOR * self.rng.randrange(len(data) // SECTOR + 1)
            self.sure[offset:offset + length] = data[:length]
        say(f"cut {len(self.cache)} {len(kept)}")

    def order(self, word, *numbers):
        with self.changed:
            if word == "cut":  # SEED N: at the N-th write or flush from now
                self.rng, self.left = random.Random(numbers[0]), numbers[1]
            elif word == "now":  # unless it has happened
                if self.state == "on":
                    self._cut()
            elif word == "void":
                self.state = "void"
            elif word == "revive":
                self.now, self.state, self.turn = bytearray(self.sure), "on", self.turn + 1
                self.cache.clear()
            self.changed.notify_all()
        say(word)


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(image, mountpoint):
    import fusepy

    class Folder(fusepy.Operations):
        """The disk has a new name after each cut, diskN, since the kernel remembers pages by name, and another mount namespace
        may hold the old file system (unshare(1) copies all mounts) and write to it."""

        def getattr(self, path, fh=None):
            if path == "/":
                return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": len(platter.now)}

        def read(self, path, size, offset, fh):
            return platter.read(size, offset)

        def write(self, path, data, offset, fh):
            return platter.write(turn_of(path), data, offset)

        def fsync(self, path, datasync, fh):
            platter.flush(turn_of(path))

        def truncate(self, path, length, fh=None):
            pass

        def init(self, path):
            threading.Thread(target=listen, daemon=True).start()
            say("ready")

    def turn_of(path):
        return int(path.removeprefix("/disk"))

    def listen():
        for line in sys.stdin:
            word, *numbers = line.split()
            platter.order(word, *map(int, numbers))
        platter.order("void")  # the tester is gone: nobody may wait for ever

    with open(image, "rb") as f:
        platter = Platter(f.read())
    fusepy.FUSE(Folder(), mountpoint, foreground=True, fsname="quietair-cut-disk")


# ---- the side that cuts ----------------------------------------------------------------------------------------------

class Disk:
    """An ext4 file system at `where`."""

    def __init__(self, folder, name, where, megabytes=64):
        self.where, self.behind, self.loop, self.turn = where, f"{folder}/{name}.disk", None, 0
        self.lost, self.kept = 0, 0  # writes that a cut found in the cache and threw away, and that it let through
        os.makedirs(self.behind)
        os.makedirs(where, exist_ok=True)
        image = f"{folder}/{name}.img"
        with open(image, "wb") as f:
            f.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", image)
        self.server = subprocess.Popen([sys.executable, os.path.abspath(__file__), image, self.behind], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self._hear("ready")
        self._attach()

    def _attach(self):
        self.turn += 1
        self.loop = run("losetup", "--find", "--show", f"{self.behind}/disk{self.turn}").strip()
        run("mount", "-t", "ext4", self.loop, self.where)

    def _detach(self):
        run("umount", self.where)
        run("losetup", "--detach", self.loop)
        self.loop = None

    def cut_at(self, seed, request):
        """Orders a cut at the next, second … write or flush."""
        self._order(f"cut {seed} {request}")

    def cut_now(self):
        """If the ordered one has not happened; nothing on this disk is answered from here."""
        self._order("now")

    def forget(self):
        """What the dead writers still wait for is answered, and forgotten."""
        self._order("void")

    def come_back(self):
        self._detach()
        self._order("revive")
        self._attach()

    def close(self):
        try:
            self.forget()
            if self.loop:
                self._detach()
        except (OSError, AssertionError):
            pass
        subprocess.run(["umount", "--lazy", self.behind], capture_output=True, check=False)
        self.server.stdin.close()
        try:
            self.server.wait(5)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def _order(self, line):
        self.server.stdin.write(line + "\n")
        self.server.stdin.flush()
        self._hear(line.split()[0])

    def _hear(self, word):
        for line in self.server.stdout:
            heard, *numbers = line.split()
            if heard == "cut" and numbers:
                self.lost += int(numbers[0]) - int(numbers[1])
                self.kept += int(numbers[1])
            elif heard == word:
                return
        raise AssertionError(f"{self.behind}: its server is gone")


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr}"
    return done.stdout


if __name__ == "__main__":
    serve(*sys.argv[1:])
