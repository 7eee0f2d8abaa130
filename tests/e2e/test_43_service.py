"""A service among others: systemd knows how it does, counters are told in two forms that agree, a change is logged once."""
import json
import os
import signal
import time
import unittest
from decimal import Decimal

from meters import ModbusServer, profile
from metrics_text import parse_metrics, read_metrics, value
from notified import Hung, Manager
from programs import free_port, wait_for, wall_ms
from stream import ForeignCollector
from street import Scenario, merged

WATCHDOG = 1.0  # s


class Base(Scenario):
    def setUp(self):
        super().setUp()
        s = self.street
        s.write("profiles/tally.ini", profile("tally", n="holding:0 u16"))
        self.server = s.peer(ModbusServer, lambda unit, address: 7)
        self.broker = s.start_broker()
        self.collector = s.peer(ForeignCollector, self.broker.port)
        self.polling = {"bus b": {"type": "tcp", "address": f"127.0.0.1:{self.server.port}", "timeout": "100ms"},
                        "device d": {"bus": "b", "unit": 1, "profile": "tally", "site": "s", "interval": "100ms"}}

    def gateway(self, more=None, start=True):
        return self.street.gateway(merged(self.polling, more or {}), start=start)

    def managed(self, program, address=None):
        manager = self.street.peer(Manager, address or self.street.path("notify"), watchdog_s=WATCHDOG)
        program.environment = manager.environment()
        program.launch()
        wait_for(lambda: manager.all("READY"), "READY=1")
        return manager


class Notify(Base):
    def check_life(self, program, manager):
        wait_for(lambda: len(manager.pings()) > 6, "pings")
        at = manager.pings()
        self.assertLess(max(b - a for a, b in zip(at, at[1:])), WATCHDOG / 2, "the longest pause between two pings")
        self.assertLess(len(at), 8 * (at[-1] - at[0]) / WATCHDOG + 2, "more often than makes sense")
        wait_for(lambda: any("connected to the broker" in s for s in manager.all("STATUS")), lambda: f"{manager.all('STATUS')}")
        self.assertEqual(manager.all("STOPPING"), [])
        program.stop()
        wait_for(lambda: manager.all("STOPPING") == ["1"], "STOPPING=1")
        self.assertEqual(manager.all("READY"), ["1"])

    def test_the_gateway(self):
        gateway = self.gateway(start=False)
        self.check_life(gateway, self.managed(gateway))

    def test_the_collector_on_an_abstract_socket(self):
        collector = self.street.start_collector({"collector": {"name": "second"}}, start=False)
        self.check_life(collector, self.managed(collector, f"@quietair-e2e-{os.getpid()}"))

    def test_a_reload(self):
        gateway = self.gateway(start=False)
        manager = self.managed(gateway)
        os.kill(gateway.pid, signal.SIGHUP)
        wait_for(lambda: len(manager.all("READY")) == 2, "READY=1 again")
        words = [w for _, w in manager.said]
        reloading = next(i for i, w in enumerate(words) if "RELOADING" in w)
        self.assertTrue(words[reloading]["MONOTONIC_USEC"].isdigit())
        self.assertGreater([i for i, w in enumerate(words) if "READY" in w][1], reloading)

    def test_the_collector_takes_a_hangup_for_what_it_is(self):
        collector = self.street.start_collector({"collector": {"name": "second"}}, start=False)
        self.managed(collector)
        os.kill(collector.pid, signal.SIGHUP)
        wait_for(lambda: "restart it" in collector.log(), "it says so")
        collector.alive()

    def test_a_worker_that_hangs_stops_the_pings(self):
        gateway = self.gateway(start=False)
        manager = self.managed(gateway)
        wait_for(lambda: self.server.served and manager.pings(), "it works")
        worker = sorted(int(tid) for tid in os.listdir(f"/proc/{gateway.pid}/task") if int(tid) != gateway.pid)[0]
        with Hung(worker):
            wait_for(lambda: "the worker of bus b hangs" in gateway.log(), "it is seen")
            since = time.monotonic()
            self.street.let_run(3 * WATCHDOG)
            self.assertEqual(manager.pings(since), [], "systemd would have acted")
            polled = len(self.server.served)
        wait_for(lambda: manager.pings(since), "pings again")
        wait_for(lambda: len(self.server.served) > polled, "polls again")
        self.assertEqual(gateway.log().count("hangs"), 1)

    def test_a_meter_that_is_silent_or_seldom_asked_is_no_hang(self):
        self.server.delay = 60
        gateway = self.gateway({"device d": {"interval": "1h"}}, start=False)
        manager = self.managed(gateway)
        self.street.let_run(4 * WATCHDOG)
        self.assertGreater(len(manager.pings()), 12)


class Counters(Base):
    def leaves(self, node):
        if isinstance(node, dict):
            return [leaf for member in node.values() for leaf in self.leaves(member)]
        return [node]

    def test_health_and_the_file_say_the_same(self):
        gone = free_port()
        file = self.street.path("metrics.prom")
        tap = self.street.tap("quietair/v1/yudu/gateway/gw-1/health")
        self.gateway({"gateway": {"metrics_file": file}, "bus gone": {"type": "tcp", "address": f"127.0.0.1:{gone}"},
                      "device e": {"bus": "gone", "unit": 1, "profile": "tally", "site": "s"}})
        health = lambda: json.loads(tap.messages[-1].payload, parse_float=Decimal) if tap.messages else {}
        wait_for(lambda: (h := health()) and h["stream"]["connected"] and h["buses"]["gone"]["devices"]["e"]["errors"],
                 "a health with a broker and errors", 30)
        families = wait_for(lambda: (f := read_metrics(file)) and value(f, "health_timestamp_seconds") * 1000 == health()["ts"] and f,
                            "the file of the same moment", 15)
        h = health()
        # every leaf of the one is a sample of the other
        self.assertEqual(sum(len(samples) for _, samples in families.values()), len(self.leaves(h)))
        self.assertIn(h["clock"], ("synced", "unsynced", "trusted"))
        expected = {("uptime_seconds",): h["uptime"], ("journal_last_seq",): h["journal"]["last"], ("broker_connected",): 1,
                    ("broker_connects_total",): 1, ("resends_total",): h["stream"]["resends"], ("refused_frames_total",): 0,
                    ("dropped_readings_total",): 0, ("sessions_taken_over_total",): 0, ("journal_bytes",): h["journal"]["bytes"]}
        for (name,), number in expected.items():
            self.assertEqual(value(families, name), number, name)
        self.assertEqual(value(families, "polls_total", bus="b", device="d"), h["buses"]["b"]["devices"]["d"]["polls"])
        self.assertEqual(value(families, "errors_total", bus="gone", device="e", error="unplugged"),
                         h["buses"]["gone"]["devices"]["e"]["errors"]["unplugged"])
        self.assertEqual(value(families, "answer_median_seconds", bus="b", device="d"),
                         h["buses"]["b"]["devices"]["d"]["latency_ms"]["p50"] / 1000)
        self.assertEqual(value(families, "info", version=h["version"]), 1)
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o644)

    def test_never_half_a_file(self):
        """Read as often as can be while every reload writes it: always whole, and gone after a stop."""
        file = self.street.path("metrics.prom")
        gateway = self.gateway({"gateway": {"metrics_file": file}})
        wait_for(lambda: read_metrics(file), "the file")
        for _ in range(10):
            os.kill(gateway.pid, signal.SIGHUP)
            end = time.monotonic() + 0.2
            while time.monotonic() < end:
                with open(file) as f:
                    parse_metrics(f.read())
        gateway.stop()
        self.assertFalse(os.path.exists(file))

    def test_a_file_that_cannot_be_written_is_said_once_and_costs_nothing_else(self):
        gateway = self.gateway({"gateway": {"metrics_file": self.street.path("no/such/folder/metrics.prom")}})
        wait_for(lambda: "metrics_file: " in gateway.log(), "it says so")
        wait_for(lambda: len(self.collector.taken) > 10, "frames go on")
        self.street.let_run(11)  # the next writing
        self.assertEqual(gateway.log().count("metrics_file"), 1)


class Once(Base):
    def test_a_bus_that_goes_and_comes(self):
        port = free_port()
        sim = self.street.sim({"sim": {"seed": 1}, "model tally": {"n": "holding:0 u16"},
                               "bus b": {"type": "tcp", "address": f"127.0.0.1:{port}"},
                               "meter m": {"bus": "b", "unit": 1, "model": "tally", "n": "counter 1"}})
        gateway = self.gateway({"bus b": {"address": f"127.0.0.1:{port}"}})
        values = lambda: sum("values" in r for f in self.collector.taken for r in f.readings)
        wait_for(values, "it is polled")
        sim.kill()
        lines = lambda: [line for line in gateway.log().splitlines() if " bus: " in line]
        wait_for(lines, "it is gone", 10)
        self.street.let_run(5)
        self.assertEqual(len(lines()), 1, lines())
        sim.start()
        wait_for(lambda: len(lines()) > 1, "it is back", 40)
        had = values()
        wait_for(lambda: values() > had + 10, "it is polled")
        self.assertEqual(len(lines()), 2, lines())
        self.assertIn("is there again", lines()[1])


class Sync(Base):
    """[journal] sync = 2s: frames are appended with each flush and made durable together."""

    SYNC = 2.0

    def test_fewer_syncs_and_frames_in_groups(self):
        file = self.street.path("metrics.prom")
        tap = self.street.tap()
        gateway = self.gateway({"gateway": {"metrics_file": file}, "journal": {"sync": f"{self.SYNC:g}s"}})
        wait_for(lambda: len(self.collector.taken) > 60, "frames arrive", 30)
        frames = tap.frames("gw-1")
        at = [f.message.mono for f in frames if f.kind == "readings" and f.readings]
        pauses = [b - a for a, b in zip(at, at[1:]) if b - a > self.SYNC / 2]
        self.assertGreater(len(pauses), 1)
        self.assertLess(len(pauses) * 8, len(at), "they come in groups")
        self.assertLess(max(pauses), self.SYNC + 1)
        for m in tap.of("yudu", "gateway", "gw-1", "now")[2:]:
            self.assertLess(m.at - max(d["ts"] for d in json.loads(m.payload)["devices"].values()), 2000)
        os.kill(gateway.pid, signal.SIGHUP)  # has the file written
        families = wait_for(lambda: (f := read_metrics(file)) and value(f, "journal_last_seq") > 60 and f, "counters", 15)
        syncs, uptime = value(families, "journal_syncs_total"), value(families, "uptime_seconds")
        self.assertLess(syncs, uptime / Decimal(self.SYNC) + 2)
        self.assertGreater(value(families, "journal_last_seq"), 8 * syncs)

    def test_a_kill_costs_a_flush_and_a_stop_nothing(self):
        """What was appended and not synced is in the kernel's hands: only a power cut takes it."""
        self.server.registers = lambda unit, address, n=iter(range(1, 60000)): next(n)
        gateway = self.gateway({"journal": {"sync": "30s"}, "gateway": {"flush": "50ms"}})
        wait_for(lambda: len(self.server.served) > 20, "polls")
        killed = wall_ms()
        gateway.kill()
        self.assertEqual([f for f in self.collector.taken if f.kind == "readings"], [], "nothing was due to be sent")
        gateway.start()
        wait_for(lambda: len(self.server.served) > 40, "polls")
        gateway.stop()
        arrived = lambda: {r["values"]["n"] for f in self.collector.taken for r in f.readings if "values" in r}
        wait_for(lambda: len(arrived()) > 30, "what there was is sent at the stop")
        missing = [a for a in self.server.served if a.values[0] not in arrived()]
        self.assertLessEqual(len(missing), 3, missing)
        self.assertTrue(all(killed - 500 < a.at_ms <= killed + 50 for a in missing), (killed, missing))


if __name__ == "__main__":
    unittest.main()
