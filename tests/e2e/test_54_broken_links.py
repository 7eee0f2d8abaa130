"""Connections that are half-open, mute, refused, cut in a frame, to peers that stand still; and a stderr that nobody reads."""
import time
import unittest

from counted import CountedStreet
from nets import Gate
from programs import wait_for
from share import Share
from stream import frames_on_disk
from street import Scenario, merged

STOP, ANSWER, BACK = 5.0, 5.0, 60.0  # s that a stop, a request and a recovery may take


class BrokenLinks(Share):
    def test_each_way_in_each_way(self):
        self.share("network", 6)

    def test_nobody_reads_what_is_logged(self):
        self.share("blocked-log", 4)


class SilentStreet(CountedStreet):
    """The broker is called through a gate that is a silent address at first: a connect() there would take two minutes."""

    def start_broker(self, **kind):
        broker = super().start_broker(**kind)
        self.gate = self.peer(Gate, broker.port)
        self.gate.set("vanished")
        self.to_broker = {"mqtt": {"url": f"mqtt://127.0.0.1:{self.gate.port}"}}
        return broker

    def start_collector(self, sections=None, name="collector", start=True):
        return super().start_collector(merged(sections or {}, self.to_broker), name, start)

    def gateway(self, sections, name="gw-1", start=True):
        return super().gateway(merged(sections, self.to_broker), name, start)


class SilentAddress(Scenario):
    kind = SilentStreet

    def test_nobody_waits_for_it(self):
        s = self.street.build(gateways=1, meters=2)  # a command was answered already
        gateway, = s.gateways
        wait_for(lambda: len(frames_on_disk(gateway.state)) > 20, "it polls and journals")
        for _ in range(8):
            begun = time.monotonic()
            s.status()
            self.assertLess(time.monotonic() - begun, ANSWER)
            s.let_run(0.3)
        for program in (gateway, s.collector):
            program.stop(deadline=STOP)
        s.collector.start()
        gateway.start()
        for program in (gateway, s.collector):  # it is given up after a while; else a second address would never be tried
            wait_for(lambda p=program: "Connection timed out" in p.log(), f"{program.name} gives it up", 40)
        s.gate.set("open")
        s.wait_flowing(20, deadline=BACK)
        s.stop_gateways()
        s.settle()
        s.verdict([(gateway.name, gateway.ends[0][0], gateway.starts[1])]).assert_clean()


if __name__ == "__main__":
    unittest.main()
