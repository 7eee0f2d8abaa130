"""SIGHUP brings another configuration in: a faulty one changes nothing, a good one touches only what changed."""
import os
import signal
import threading
import time
import unittest

from meters import ModbusServer, profile
from metrics_text import read_metrics, value
from programs import wait_for, wall_ms
from stream import ForeignCollector
from street import Scenario, merged

INTERVAL = 50  # ms, of the bus that is to be left alone


class Heartbeat:
    """How long this machine keeps a thread waiting that wants to run every few milliseconds: what a pause is measured by."""

    def __init__(self):
        self.worst, self.stopping = 0.0, False
        self.thread = threading.Thread(target=self._beat, daemon=True)
        self.thread.start()

    def _beat(self):
        last = time.monotonic()
        while not self.stopping:
            time.sleep(0.005)
            now = time.monotonic()
            self.worst, last = max(self.worst, (now - last) * 1000), now

    def close(self):
        self.stopping = True
        self.thread.join()


class Reload(Scenario):
    def setUp(self):
        super().setUp()
        s = self.street
        s.write("profiles/tally.ini", profile("tally", n="holding:0 u16"))
        self.still = s.peer(ModbusServer, lambda unit, address: 7)
        self.other = s.peer(ModbusServer, lambda unit, address: 8)
        self.broker = s.start_broker()
        self.collector = s.peer(ForeignCollector, self.broker.port)
        self.sections = {
            "bus still": {"type": "tcp", "address": f"127.0.0.1:{self.still.port}"},
            "bus other": {"type": "tcp", "address": f"127.0.0.1:{self.other.port}", "timeout": "2s"},
            "device a": {"bus": "still", "unit": 1, "profile": "tally", "site": "s", "interval": f"{INTERVAL}ms"},
            "device b": {"bus": "other", "unit": 1, "profile": "tally", "site": "s", "interval": "100ms"}}
        self.heartbeat = s.peer(Heartbeat)
        self.gateway = s.gateway(self.sections)
        wait_for(lambda: len(self.still.served) > 5 and len(self.other.served) > 5, "both are polled")

    def reload(self, more=None, without=(), expect="reload: "):
        """Writes the file anew and says so; what the log said of it."""
        before = len(self.gateway.log())
        self.sections = {name: keys for name, keys in merged(self.sections, more or {}).items() if name not in without}
        self.street.gateway_config(self.sections, "gw-1")
        os.kill(self.gateway.pid, signal.SIGHUP)
        said = lambda: self.gateway.log()[before:]
        wait_for(lambda: expect in said(), lambda: f"it says {expect!r}: {said()}")
        return said()

    DONE = "untouched"

    def polls(self, server, since):
        return [a.at_ms for a in list(server.served) if a.at_ms >= since]

    def check_no_slot_missed(self, since):
        """Polls one interval apart, as many as the time holds, on one connection; but for what the machine itself lost."""
        until, lost = wall_ms(), 2 * self.heartbeat.worst
        at = self.polls(self.still, since)
        self.assertLess(max(b - a for a, b in zip(at, at[1:])), 2 * INTERVAL + lost, "the longest pause between two polls")
        self.assertGreaterEqual(len(at), (until - since - 4 * lost) // INTERVAL - 1)
        self.assertEqual(self.still.connections, 1)

    def hellos(self):
        return [f for f in self.collector.taken if f.kind == "hello"]

    def test_a_bus_of_which_nothing_changed_misses_no_slot(self):
        """Though the other's meter takes a second to answer, and the worker cannot end before."""
        self.other.delay = 1.0
        since = wall_ms()
        self.street.let_run(0.5)
        said = self.reload({"device b": {"interval": "200ms"}, "device c": {"bus": "other", "unit": 2, "profile": "tally", "site": "s",
                                                                             "interval": "200ms"}}, expect=self.DONE)
        self.other.delay = 0.0
        self.assertIn("1 bus started, 1 untouched", said)
        wait_for(lambda: any(a.unit == 2 for a in list(self.other.served)), "the new device is polled")
        self.check_no_slot_missed(since)
        self.assertNotIn("connected to", said)
        wait_for(lambda: len(self.hellos()) == 2, "another hello")
        hello = self.hellos()[-1]
        self.assertIs(hello.body["reset"], True)
        self.assertEqual([(d["device"], d["interval"]) for d in hello.body["devices"]], [("a", INTERVAL), ("b", 200), ("c", 200)])
        wait_for(lambda: any(r["device"] == "c" for f in self.collector.taken if f.seq > hello.seq for r in f.readings), "c's readings")
        self.assertFalse(any(r["device"] == "c" for f in self.collector.taken if f.seq < hello.seq for r in f.readings))

    def test_the_same_file_again(self):
        since = wall_ms()
        for _ in range(3):
            self.assertIn("0 buses started, 2 untouched", self.reload(expect=self.DONE))
        self.street.let_run(0.5)
        self.check_no_slot_missed(since)
        self.assertEqual(self.other.connections, 1)

    def test_a_profile_that_changed(self):
        self.street.write("profiles/tally.ini", profile("tally", n="holding:0 u16", m="holding:1 u16"))
        self.assertIn("2 buses started, 0 untouched", self.reload(expect=self.DONE))
        wait_for(lambda: any("m" in r.get("values", {}) for f in self.collector.taken for r in f.readings), "the new metric")

    def test_a_device_and_its_bus_that_are_gone(self):
        self.reload(without=("bus other", "device b"), expect=self.DONE)
        since = wall_ms() + 50
        self.street.let_run(1)
        self.assertEqual(self.polls(self.other, since), [])
        self.check_no_slot_missed(since)
        self.assertEqual([d["device"] for d in self.hellos()[-1].body["devices"]], ["a"])

    def test_a_faulty_file_changes_nothing_and_all_is_said(self):
        since = wall_ms()
        said = self.reload({"device b": {"interval": "soon", "unit": 300}, "bus still": {"bauds": 5}}, expect="stays in force")
        for fault in ("interval", "unit", "bauds"):
            self.assertIn(fault, said)
        self.assertIn("3 faults in the new configuration", said)
        self.street.let_run(0.5)
        self.check_no_slot_missed(since)
        self.assertEqual(len(self.hellos()), 1)
        self.sections["bus still"].pop("bauds")
        self.reload({"device b": {"interval": "100ms", "unit": 1}}, expect=self.DONE)

    def test_what_cannot_change_is_refused(self):
        said = self.reload({"gateway": {"id": "gw-9", "state_dir": self.street.path("elsewhere")}}, expect="stays in force")
        self.assertIn("gw-1 cannot become gw-9", said)
        self.assertIn("state_dir: the journal cannot move", said)
        self.assertFalse(os.path.exists(self.street.path("elsewhere")))

    def test_another_broker(self):
        second = self.street.start_broker(name="second")
        there = self.street.peer(ForeignCollector, second.port)
        tap = self.street.tap("quietair/v1/yudu/gateway/gw-1/status")
        since = wall_ms()
        self.assertIn("connected to anew", self.reload({"mqtt": {"url": second.url}}, expect=self.DONE))
        wait_for(lambda: len(there.taken) > 5, "frames arrive there, from the first on")
        self.assertEqual([f.seq for f in there.taken], list(range(1, len(there.taken) + 1)))
        wait_for(lambda: tap.messages and b"offline" in tap.messages[-1].payload, "the first broker was told")
        self.check_no_slot_missed(since)

    def test_settings_of_its_own(self):
        file = self.street.path("metrics.prom")
        self.reload({"gateway": {"flush": "1s", "resend": "2s", "metrics_file": file}, "journal": {"sync": "2s", "max_bytes": "1M"}},
                    expect=self.DONE)
        wait_for(lambda: value(read_metrics(file), "polls_total", bus="still", device="a"), "the file of counters")
        self.reload({"gateway": {"metrics_file": None}}, expect=self.DONE)
        wait_for(lambda: not os.path.exists(file), "a file that nobody keeps is gone")

    def test_many_and_a_stop_in_the_middle(self):
        self.other.delay = 0.3
        for n in range(10):
            self.sections["device b"]["interval"] = f"{100 + n}ms"
            self.street.gateway_config(self.sections, "gw-1")
            os.kill(self.gateway.pid, signal.SIGHUP)
            self.street.let_run(0.1)
        self.gateway.stop(deadline=5)


if __name__ == "__main__":
    unittest.main()
