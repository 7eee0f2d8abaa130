"""Programs and servers that a scenario starts: known by pid, logged to files, gone when the scenario is gone.

Each child is started through setpriv(1) with a parent-death signal, so that even a killed test leaves nothing behind, and
in a session of its own, so that Ctrl-C reaches only the test, which then stops its children in order.
"""
import os
import random
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.abspath(os.environ.get("QUIETAIR_BIN", f"{ROOT}/build/bin"))
DEADLINE = 20.0  # s: for what should be there at once, on a machine that may be busy


def wait_for(condition, what, deadline=DEADLINE, every=0.02):
    """The first true value of condition(); an AssertionError that says `what` (text, or a function of none) after `deadline`."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline:g} s: {what() if callable(what) else what}")
        time.sleep(every)


_ports = []


def free_port():
    """A port that no other scenario gets.  Outside the range from which the kernel draws the ports of clients; an abstract
    Unix socket held as long as this process lives keeps other test processes off it."""
    for port in random.SystemRandom().sample(range(20000, 32000), 12000):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0quietair-e2e-port-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _ports.append(claim)
        return port
    raise AssertionError("no free port")


class Program:
    """One child process that can be started, stopped, killed and started again; its output is appended to files."""

    def __init__(self, name, argv, folder, ready=None, environment=None):
        self.name, self.argv, self.environment = name, argv, environment
        self.out_path, self.log_path = f"{folder}/{name}.out", f"{folder}/{name}.log"
        self.ready = ready  # true once it serves
        self.process = None
        self.starts = []  # wall ms
        self.ends = []  # (wall ms, "stop" or "kill")

    def launch(self):
        """Starts it, without waiting."""
        assert not self.running(), f"{self.name} runs already"
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self.out_from, self.log_from = out.tell(), log.tell()
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.argv], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=log, start_new_session=True, env=self.environment)
        self.starts.append(wall_ms())
        return self

    def start(self, deadline=DEADLINE):
        self.launch()
        if self.ready:
            wait_for(lambda: self.alive() and self.ready(), f"{self.name} is ready", deadline)
        return self

    def alive(self):
        """True, or an AssertionError: nothing here may end on its own."""
        if self.process is None or self.process.poll() is not None:
            status = self.process and self.process.returncode
            raise AssertionError(f"{self.name} ended by itself (status {status})\n{self.tail()}")
        return True

    def ends_with(self, status, deadline=DEADLINE):
        """It ends by itself, as it should."""
        wait_for(lambda: not self.running(), f"{self.name} ends", deadline)
        self.ends.append((wall_ms(), "end"))
        if self.process.returncode != status:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}, not {status}\n{self.tail()}")

    def not_dead(self):
        """An AssertionError, once, if it was started and ended without having been told to."""
        if self.process is not None and self.process.poll() is not None and len(self.ends) < len(self.starts):
            self.ends.append((wall_ms(), "died"))
            raise AssertionError(f"{self.name} ended by itself (status {self.process.returncode})\n{self.tail()}")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, deadline=10.0, expect=0):
        """SIGTERM; its exit status, which must be `expect` (None: any), within the deadline."""
        if not self.running():
            self.not_dead()
            return None
        self.process.send_signal(signal.SIGTERM)
        self.resume()  # if it was paused
        try:
            status = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {deadline:g} s of SIGTERM\n{self.tail()}") from None
        self.ends.append((wall_ms(), "stop"))
        if expect is not None and status != expect:
            raise AssertionError(f"{self.name} ended with {status}, not {expect}\n{self.tail()}")
        return status

    def kill(self):
        """SIGKILL.  It must have been running: a crash before it would be hidden."""
        self.alive()
        self.ends.append((wall_ms(), "kill"))
        self.process.kill()
        self.process.wait()

    def end(self):
        """At the very end, whatever the state: gentle, then not."""
        try:
            self.stop(expect=None)
        except AssertionError:
            pass

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def pid(self):
        return self.process.pid

    def rss_kb(self):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def output(self):
        """stdout since the last start."""
        return self._since(self.out_path, self.out_from)

    def log(self):
        """stderr since the last start."""
        return self._since(self.log_path, self.log_from)

    @staticmethod
    def _since(path, position):
        with open(path, "rb") as f:
            f.seek(position)
            return f.read().decode(errors="replace")

    def tail(self, lines=25):
        text = ""
        for path in (self.out_path, self.log_path):
            try:
                with open(path, errors="replace") as f:
                    last = f.readlines()[-lines:]
            except FileNotFoundError:
                continue
            if last:
                text += f"---- {os.path.basename(path)}\n" + "".join(last)
        return text or f"---- {self.name}: no output\n"


def wall_ms():
    return time.time_ns() // 1_000_000


def port_open(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


# ---- servers ---------------------------------------------------------------------------------------------------------

class Broker(Program):
    """mosquitto.  Without persistence it forgets everything when it ends, retained messages too."""

    def __init__(self, folder, persistence=False, extra="", name="broker", tls=None, anonymous=True):
        self.port = free_port()
        home = f"{folder}/{name}"
        os.makedirs(home, exist_ok=True)
        conf = ["user root" if os.getuid() == 0 else "", f"listener {self.port} 127.0.0.1",
                f"allow_anonymous {str(anonymous).lower()}", "log_dest stderr", "log_type error", "log_type warning"]
        if persistence:
            conf += ["persistence true", f"persistence_location {home}/", "autosave_interval 1"]
        if tls:  # a folder with ca.crt, server.crt and server.key
            conf += [f"cafile {tls}/ca.crt", f"certfile {tls}/server.crt", f"keyfile {tls}/server.key"]
        self.url = f"{'mqtts' if tls else 'mqtt'}://127.0.0.1:{self.port}"
        path = f"{home}/mosquitto.conf"
        with open(path, "w") as f:
            f.write("\n".join(conf) + "\n" + extra)
        super().__init__(name, ["mosquitto", "-c", path], folder, ready=lambda: port_open(self.port))


class InfluxServer(Program):
    """Debian's InfluxDB 1.6 on private ports."""

    def __init__(self, folder, name="influxd"):
        self.port, rpc = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        home = f"{folder}/{name}"
        os.makedirs(home, exist_ok=True)
        path = f"{home}/influxdb.conf"
        with open(path, "w") as f:
            f.write(f"""reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{home}/meta"
[data]
  dir = "{home}/data"
  wal-dir = "{home}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[ifql]
  enabled = false
[http]
  bind-address = "127.0.0.1:{self.port}"
  log-enabled = false
[logging]
  level = "warn"
  suppress-logo = true
""")
        super().__init__(name, ["influxd", "run", "-config", path], folder, ready=self._ping)

    def _ping(self):
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:
                return answer.status == 204
        except OSError:
            return False
