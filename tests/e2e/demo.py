#!/usr/bin/python3
"""The demo street: real broker, real InfluxDB, simulated meters behind real Modbus, on private ports in a private folder.

First DEMO_WEEKS (8; 0: none) weeks of its past go through the collector; then it prints what happens while it happens.
DEMO_SECONDS=n stops by itself: exit 0 only if a loud club, a fume excess and a switched-off purifier were flagged live and
the time series hold exactly what the meters served, and of the past as many readings as it had.  Ctrl-C stops clean.
"""
import collections
import datetime
import json
import os
import re
import shutil
import signal
import sys
import time
import unicodedata
import zoneinfo

from checker import Place, check, excuses_of, parse_served
from influx import count, points
from programs import BIN, ROOT, Program, wait_for, wall_ms
from street import Street, socket_open
from stream import frames_on_disk

WANTED = {"noise-limit": "a loud club", "fume-limit": "a fume excess", "purifier-off": "a switched-off purifier"}
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
COLOUR = {"raised": "\033[31m", "cleared": "\033[32m"} if sys.stdout.isatty() else {}


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cell(text, columns):
    return text + " " * max(columns - width(text), 0)


def say(*words):
    print(*words, flush=True)


class Demo:
    def __init__(self):
        self.street, self.states, self.topic_of = Street(), collections.OrderedDict(), {}
        self.seen, self.begun, self.live_ms = 0, time.monotonic(), 0
        self.past = None  # what the history said of itself
        self.standing = set()  # flags raised when the live street began
        self.before = set()  # what was told of flags until then

    def write(self, name, **words):
        with open(f"{ROOT}/config/demo/{name}") as f:
            text = f.read()
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        return self.street.write(name, text)

    def start(self, weeks):
        s = self.street
        say("broker and InfluxDB …")
        s.start_broker(extra="set_tcp_nodelay true\n")
        s.start_influx()
        self.words = {"MQTT_PORT": s.broker.port, "INFLUX_PORT": s.influx.url.rsplit(":", 1)[1], "STATE": s.dir, "RUN": s.dir,
                      "PROFILES": f"{ROOT}/config/profiles", "STANDARDS": f"{ROOT}/config/standards"}
        self.tap = s.tap("quietair/v1/+/alert/#")
        if weeks:
            self.play_past(weeks)
        self.start_street()

    def start_collector(self, config):
        collector = Program("collector", [f"{BIN}/quietair-collector", "-c", self.write(config, **self.words)], self.street.dir)
        collector.ready = lambda: socket_open(self.street.path("collector/control.sock"))
        return self.street.add(collector).start(60)  # it reads the journal of weeks first

    def start_street(self):
        s = self.street
        shutil.copytree(f"{ROOT}/config/demo/profiles", s.path("profiles"))
        scenario = self.write("street.ini", **self.words)
        with open(scenario) as f:
            text = f.read().replace("link = kitchen", f"link = {s.dir}/kitchen")
        s.write("street.ini", text)
        self.served = s.path("served.log")
        self.sim = s.add(Program("sim", [f"{BIN}/quietair-sim", "-c", scenario, "--log", self.served], s.dir))
        self.sim.ready = lambda: self.sim.output().startswith("ready")
        self.live_ms, self.before = wall_ms(), set(self.states)
        self.collector = self.start_collector("collector.ini")
        s.cli("site", "import", f"{ROOT}/config/demo/sites.csv", config=s.path("collector.ini"))
        for site in () if self.past else ("lotus-hotel", "river-house", "canteen", "old-grill"):
            s.cli("cleaning", "add", "--site", site, "--date", time.strftime("%Y-%m-%d", time.localtime(time.time() - 3 * 86400)),
                  "--by", "王秀英", config=s.path("collector.ini"))
        self.sim.start()
        self.words["TCP_PORT"] = re.search(r"cabinet=127.0.0.1:(\d+)", self.sim.output())[1]
        self.gateways = []
        for n in (1, 2):
            gateway = s.add(Program(f"gateway-{n}", [f"{BIN}/quietair-gateway", "-c", self.write(f"gateway-{n}.ini", **self.words)],
                                    s.dir))
            self.gateways.append(gateway.start())
        self.begun = time.monotonic()
        say(f"the street runs: mqtt://127.0.0.1:{s.broker.port}  {s.influx.url}  {s.dir}\n")
        say(cell("time", 10), cell("state", 9), cell("flag", 18), cell("site", 18), "judged > limit  basis")

    # ---- the past ----------------------------------------------------------------------------------------------------

    def play_past(self, weeks):
        """Up to the last minute before the present ten: no window of the past is left open for the live street."""
        s = self.street
        say(f"{weeks} weeks of the street's past …")
        collector = self.start_collector("history-collector.ini")
        config = s.path("history-collector.ini")
        now = datetime.datetime.now(ZONE)
        until = now.replace(minute=now.minute // 10 * 10, second=0) - datetime.timedelta(minutes=1)
        playing = s.add(Program("history", [f"{BIN}/quietair-sim", "history", "--scenario", f"{ROOT}/config/demo/history.ini",
                                            "--collector-config", config, "--weeks", str(weeks),
                                            "--until", until.strftime("%Y-%m-%dT%H:%M")], s.dir)).launch()
        while playing.running():
            time.sleep(0.1)
            collector.alive()
        if playing.process.returncode != 0:
            raise AssertionError(f"the past could not be played\n{playing.tail()}{collector.tail()}")
        self.past = json.loads(playing.output())
        self.wait_written(config)
        flags = self.wait_told(config)
        self.past["flags"] = collections.Counter((row["flag"], row["site"] or row["gateway"]) for row in flags if row["rev"] == 1)
        self.past["audit"] = s.cli("audit", "weekly", config=config).stdout
        newest = {row["id"]: row["state"] for row in flags}
        self.standing = {row["flag"] for row in flags if newest[row["id"]] == "raised"}
        collector.stop()
        say(f"{self.past['readings']} readings in {self.past['took_ms'] / 1000:.1f} s, {len(newest)} flags")

    def tell_past(self):
        """Prints what it was; true if the time series hold each of its readings."""
        past, url = self.past, self.street.influx.url
        where = f"WHERE time < {self.live_ms}ms"
        stored = count(url, "noise", "laeq", where) + count(url, "hood", "fan", where)
        begin = datetime.datetime.fromtimestamp(past["from"] / 1000, ZONE)
        say(f"\nhistory    since {begin:%Y-%m-%d}: {past['readings']} readings, {stored} points in the time series, "
            f"{past['errors']} errors, {past['commands']} entries, played in {past['took_ms'] / 1000:.1f} s")
        for (flag, about), n in sorted(past["flags"].items()):
            say(f"           {n:4}  {flag:20} {about}")
        say("\n" + past["audit"])
        return stored == past["readings"]

    # ---- the present -------------------------------------------------------------------------------------------------

    def alerts(self, quiet=False):
        while self.seen < len(self.tap.messages):
            message = self.tap.messages[self.seen]
            self.seen += 1
            if not message.payload:
                continue
            alert = json.loads(message.payload)
            self.topic_of[alert["id"]] = message.topic
            key = alert["id"], alert["rev"]
            if key in self.states:
                continue
            self.states[key] = alert
            if quiet:
                continue
            basis, colour = alert.get("basis") or {}, COLOUR.get(alert["state"], "")
            figures = f"{alert['judged']} > {alert['limit']} {alert['unit']}  {basis.get('document', '')} {basis.get('clause', '')}" \
                if alert.get("limit") is not None else ""
            say(cell(time.strftime("%H:%M:%S"), 10), colour + cell(alert["state"], 9) + ("\033[0m" if colour else ""),
                cell(alert["flag"], 18), cell(alert.get("name") or alert.get("gateway") or "", 18), figures)

    def run(self, seconds):
        while not seconds or time.monotonic() - self.begun < seconds:
            time.sleep(0.2)  # the demo's own pace, nothing is waited for
            for program in [self.sim, self.collector, *self.gateways]:
                program.alive()
            self.alerts()

    def places(self):
        with open(f"{ROOT}/config/demo/gateway-1.ini") as one, open(f"{ROOT}/config/demo/gateway-2.ini") as two:
            texts = {"gw-01": one.read(), "gw-02": two.read()}
        places = {}
        for gateway, text in texts.items():
            device = None
            for line in text.splitlines():
                if line.startswith("["):
                    device = line[8:-1] if line.startswith("[device ") else None
                elif device and line.startswith("profile"):
                    profile = line.split("=")[1].strip()
                elif device and line.startswith("site"):
                    site = line.split("=")[1].strip()
                    noise = profile == "renke-noise"
                    names = {"laeq": "laeq"} if noise else {m: m for m in self.metrics(profile)}
                    places[site] = Place("noise" if noise else "hood", site, device, gateway, names)
        return places

    @staticmethod
    def metrics(profile):
        path = f"{ROOT}/config/profiles/{profile}.ini"
        with open(path if os.path.exists(path) else f"{ROOT}/config/demo/profiles/{profile}.ini") as f:
            return [line.strip()[1:-1] for line in f if line.startswith("[") and not line.startswith("[profile")]

    def wait_written(self, config):
        def written():
            readers = json.loads(self.street.cli("status", "--json", config=config).stdout)["readers"]
            return readers["lines"]["lag_ms"] == 0
        wait_for(written, "the time series to be written", 60)

    def wait_told(self, config, quiet=True):
        """Until every change of a flag was told; the flags of the ledger."""
        rows = [json.loads(line) for line in self.street.cli("dump", config=config).stdout.splitlines() if '"table":"flags"' in line]
        judged = {(row["id"], row["rev"]) for row in rows}

        def told():
            self.alerts(quiet)
            return judged <= set(self.states)
        wait_for(told, "every change of a flag to be told")
        return rows

    def verdict(self):
        """Stops the gateways cleanly, waits until everything is written, compares.  True: all as it must be."""
        for gateway in self.gateways:
            gateway.stop()
        s = self.street
        config = s.path("collector.ini")
        self.wait_written(config)
        self.wait_told(config, quiet=False)
        self.sim.stop()
        stored = points(s.influx.url, where=f"WHERE time >= {self.live_ms}ms")
        readings = [p for p in stored if p.measurement in ("noise", "hood")]
        excuses = excuses_of([f for g in ("gw-01", "gw-02") for f in frames_on_disk(s.path(g))])
        report = check(parse_served(self.served), readings, self.places(), excuses)
        good = self.tell_past() if self.past else True
        live = [a for key, a in self.states.items() if key not in self.before]
        raised = {a["flag"] for a in live if a["state"] == "raised"} | self.standing
        counts = collections.Counter(a["state"] for a in live)
        say(f"\nlive flags {counts['raised']} raised, {counts['cleared']} cleared")
        for flag, words in WANTED.items():
            say(f"           {'yes' if flag in raised else 'NO '}  {words} ({flag})")
        say("alert topics")
        for topic in sorted({self.topic_of[a["id"]] for a in live}):
            say("           " + topic)
        for measurement, n in sorted(collections.Counter(p.measurement for p in stored).items()):
            say(f"InfluxDB   {measurement:14} {n:7} points")
        say(f"compared   {report}")
        return good and set(WANTED) <= raised and not report.violations and report.matched > 0


def main():
    seconds = int(os.environ.get("DEMO_SECONDS", 0))
    demo = Demo()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        demo.start(int(os.environ.get("DEMO_WEEKS", 8)))
        say(f"(stops by itself after {seconds} s)\n" if seconds else "(Ctrl-C stops)\n")
        demo.run(seconds)
        return 0 if demo.verdict() else 1
    except KeyboardInterrupt:
        return 0
    finally:
        demo.street.close()


sys.exit(main())
