"""A street of real programs on private ports in a private folder, and the base of all scenarios."""
import atexit
import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from influx import points
from programs import BIN, ROOT, Broker, InfluxServer, Program
from stream import Tap

KEEP = os.environ.get("KEEP")  # keep the folders

SITE_COLUMNS = ("id,name,kind,district,grid,officer,address,lon,lat,noise_class,noise_position,background_day,background_night,night_start,stoves,"
                "airflow,fume_standard,purifier_installed,install_deadline,cleaning_days,cleaning_hours,last_cleaned,opening_hours,weather,"
                "gateways,closed,valid_from").split(",")


def ini(sections):
    """{"bus kitchen": {"type": "rtu"}} as the text of an INI file; a value None leaves its key out."""
    return "\n".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)
                     for name, keys in sections.items())


def merged(base, more):
    return {name: {**base.get(name, {}), **more.get(name, {})} for name in {**base, **more}}


def sites_csv(*sites):
    """Sites as dicts; what a dict does not say stands as in a small restaurant of district yudu."""
    usual = {"name": "无名", "kind": "restaurant", "district": "yudu", "grid": "g1"}
    rows = [{**usual, **site} for site in sites]
    columns = [c for c in SITE_COLUMNS if any(c in row for row in rows)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *([row.get(c, "") for c in columns] for row in rows)])
    return text.getvalue()


class Street:
    """Starts what a scenario asks for, in a temporary folder, and ends it all in reverse order."""

    open = []

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="quietair-e2e-")
        self.programs, self.closers, self.taps = [], [], []
        self.broker = self.influx = self.collector = None
        Street.open.append(self)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode="w"):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), mode) as f:
            f.write(text)
        return self.path(name)

    def add(self, program):
        self.programs.append(program)
        return program

    # ---- servers -----------------------------------------------------------------------------------------------------

    def start_broker(self, **kind):
        broker = self.add(Broker(self.dir, **kind)).start()
        self.broker = self.broker or broker
        return broker

    def start_influx(self):
        self.influx = self.add(InfluxServer(self.dir)).start()
        return self.influx

    def tap(self, *topics, port=None, **kind):
        tap = Tap(port or self.broker.port, *([topics] if topics else []), **kind)
        self.closers.append(tap.close)
        self.taps.append(tap)
        return tap

    def peer(self, kind, *arguments, **more):
        """A foreign gateway, collector or server, closed at the end."""
        peer = kind(*arguments, **more)
        self.closers.append(peer.close)
        return peer

    # ---- programs ----------------------------------------------------------------------------------------------------

    def sim(self, scenario, name="sim"):
        """quietair-sim; its `log_of_answers` is what the checker reads."""
        config = self.write(f"{name}.ini", scenario if isinstance(scenario, str) else ini(scenario))
        sim = self.add(Program(name, [f"{BIN}/quietair-sim", "-c", config, "--log", self.path(f"{name}.served")], self.dir))
        sim.ready = lambda: sim.output().startswith("ready")
        sim.log_of_answers = self.path(f"{name}.served")
        sim.start()
        with open(sim.log_of_answers) as f:
            sim.ready_ms = int(f.readline().split()[0])  # `<ms> # ready`
        return sim

    def gateway_config(self, sections, name):
        base = {"gateway": {"id": name, "district": "yudu", "state_dir": self.path(name), "flush": "100ms",
                            "profiles_dir": self.path("profiles")},
                "mqtt": {"url": self.broker.url}}
        return self.write(f"{name}.ini", ini(merged(base, sections)))

    def gateway(self, sections, name="gw-1", start=True):
        """quietair-gateway under this id; sections come on top of what every gateway here has."""
        config = self.gateway_config(sections, name)
        gateway = self.add(Program(name, [f"{BIN}/quietair-gateway", "-c", config], self.dir))
        gateway.config, gateway.state = config, self.path(name)
        return gateway.start() if start else gateway

    def collector_config(self, sections=None, name="collector"):
        base = {"collector": {"name": "main", "districts": "yudu", "state_dir": self.path(name), "timezone": "Asia/Shanghai",
                              "standards_dir": f"{ROOT}/config/standards"},
                "mqtt": {"url": self.broker.url},
                "rules": {"standards": "gb22337-2008 gb18483-2001"}}
        if self.influx:
            base["influx"] = {"url": self.influx.url, "api": "v1", "database": "quietair", "flush": "200ms"}
        return self.write(f"{name}.ini", ini(merged(base, sections or {})))

    def start_collector(self, sections=None, name="collector", start=True):
        config = self.collector_config(sections, name)
        collector = self.add(Program(name, [f"{BIN}/quietair-collector", "-c", config], self.dir))
        collector.config, collector.state = config, self.path(name)
        collector.ready = lambda: socket_open(f"{collector.state}/control.sock")
        self.collector = self.collector or collector
        return collector.start() if start else collector

    def cli(self, *arguments, config=None, expect=0, stdin=None):
        """quietair -c collector.ini …: the finished process, whose exit status must be `expect` (None: any)."""
        command = [f"{BIN}/quietair", "-c", config or self.collector.config, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, input=stdin)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"quietair {' '.join(arguments)} ended with {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
        return done

    def import_sites(self, *sites, expect=0):
        return self.cli("site", "import", self.write("sites.csv", sites_csv(*sites)), expect=expect)

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def dump(self, *arguments, config=None):
        return [json.loads(line) for line in self.cli("dump", *arguments, config=config).stdout.splitlines()]

    def points(self, measurement=None, where=""):
        return points(self.influx.url, measurement, where)

    # ---- time --------------------------------------------------------------------------------------------------------

    def let_run(self, seconds):
        """Lets everything work for so long (the length of an experiment, not a wait for something); nobody may end meanwhile."""
        alive = [p for p in self.programs if p.running()]
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.25))
            for program in alive:
                program.alive()

    # ---- the end -----------------------------------------------------------------------------------------------------

    def tails(self):
        text = "".join(p.tail() for p in self.programs)
        for tap in self.taps[:1]:
            text += "---- last messages\n" + "".join(f"{m.at} {m.topic} {m.payload[:120].decode(errors='replace')}\n"
                                                    for m in tap.messages[-25:])
        return text

    def close(self):
        if self not in Street.open:
            return
        Street.open.remove(self)
        for closer in reversed(self.closers):
            try:
                closer()
            except (OSError, AttributeError):
                pass
        for program in reversed(self.programs):
            program.end()
        if KEEP:
            print(f"kept {self.dir}", file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def close_all():
    for street in list(Street.open):
        street.close()


def _terminated(*_):
    raise KeyboardInterrupt


atexit.register(close_all)
signal.signal(signal.SIGTERM, _terminated)


def socket_open(path):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
            return True
        except OSError:
            return False


class Scenario(unittest.TestCase):
    """A test with a street of its own.  Of a failed one the last lines of every program's output are shown."""

    maxDiff = None
    kind = Street

    def setUp(self):
        self.street = self.kind()
        self.tails = None
        self.addCleanup(self.street.close)
        self.addCleanup(self._keep_tails)  # runs before the street is closed
        self.addCleanup(self._none_died)

    def _none_died(self):
        for program in self.street.programs:
            program.not_dead()

    def _keep_tails(self):
        self.tails = self.street.tails()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before and self.tails:
            print(f"==== output of the programs of {self.id()}\n{self.tails}====", file=sys.stderr)
        return result
