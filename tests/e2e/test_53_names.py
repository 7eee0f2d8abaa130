"""A name server that never answers, knows no such name, or has moved it: polling, ticks and a stop wait for none of it."""
import time
import unittest

from counted import CountedStreet
from nets import Gate, Resolver, may_resolve
from programs import wait_for
from stream import frames_on_disk
from street import Scenario, merged

STOP = 5.0  # s that a stop may take
BACK = 60.0  # s after which all must flow again
NAMES = "broker.test", "influx.test", "meter.test"


class NamedStreet(CountedStreet):
    """Broker, database and meters are known by name only; whoever asks stands in a namespace with a resolver of ours."""

    def build(self, **kind):
        self.resolver = self.peer(Resolver, **dict.fromkeys(NAMES, "127.0.0.1"))
        super().build(**kind)
        self.wait_flowing(20, deadline=60)
        return self

    def gateway(self, sections, name="gw-1", start=True):
        sections = merged(sections, {"mqtt": {"url": f"mqtt://broker.test:{self.broker.port}"},
                                     "bus b": {"address": f"meter.test:{self.ports[0]}"}})
        return self.begun(super().gateway(sections, name, start=False))

    def start_collector(self, sections=None, name="collector", start=True):
        sections = merged(sections or {}, {"mqtt": {"url": f"mqtt://broker.test:{self.broker.port}"},
                                           "influx": {"url": f"http://influx.test:{self.influx.port}"}})
        return self.begun(super().start_collector(sections, name, start=False))

    def begun(self, program):
        program.argv = self.resolver.asking(self.dir, program.argv)
        return program.start()


@unittest.skipUnless(may_resolve(), "a name server of its own needs root")
class Names(Scenario):
    kind = NamedStreet

    def setUp(self):
        super().setUp()
        self.street.build(gateways=1, meters=2)
        self.gateway, = self.street.gateways

    def stop_quickly(self, program):
        begun = time.monotonic()
        program.stop(deadline=STOP)
        return time.monotonic() - begun

    def flows_again(self, kills=()):
        self.street.wait_flowing(20, deadline=BACK)
        self.street.stop_gateways()
        self.street.settle()
        self.street.verdict(kills).assert_clean()

    def test_a_resolver_that_falls_silent(self):
        s, resolver = self.street, self.street.resolver
        resolver.silent = True
        s.broker.kill()
        s.influx.kill()
        asked = resolver.asked
        wait_for(lambda: resolver.asked > asked + 2, "they look for what has gone")
        held = len(frames_on_disk(self.gateway.state))
        wait_for(lambda: len(frames_on_disk(self.gateway.state)) > held + 10, "the gateway goes on polling and journalling")
        for _ in range(10):  # the control socket is served all the time, by the thread that also ticks and journals
            begun = time.monotonic()
            self.assertEqual(s.status()["forks"], 0)
            self.assertLess(time.monotonic() - begun, 3.0)
            s.let_run(0.3)
        s.import_sites({"id": "another", "kind": "other"})  # a command is journalled, folded and answered
        stopped = []
        for _ in range(2):  # the second time nobody has ever answered, as after a power cut of the whole street
            took = [self.stop_quickly(p) for p in (self.gateway, s.collector)]
            stopped.append((self.gateway.name, self.gateway.ends[-1][0]))
            print(f"stops: {', '.join(f'{t:.2f} s' for t in took)}")
            s.collector.start()
            self.gateway.start()
            stopped[-1] += (self.gateway.starts[-1],)
            s.let_run(1)
        s.broker.start()
        s.influx.start()
        resolver.silent = False
        self.flows_again(stopped)

    def test_a_name_that_does_not_exist_for_a_while_and_then_is_elsewhere(self):
        s, resolver = self.street, self.street.resolver
        resolver.addresses.clear()
        s.broker.kill()
        s.influx.kill()
        wait_for(lambda: "no link to the broker" in self.gateway.log(), "it is told")
        s.let_run(2)
        self.assertLessEqual(self.gateway.log().count("no link to the broker"), 3)  # each cause once
        s.broker.start()
        s.influx.start()
        places = {"broker.test": s.broker.port, "influx.test": s.influx.port}
        for address in ("127.0.53.2", "127.0.53.3"):  # they move, and then once more, under open connections
            gates = [s.peer(Gate, port, address) for port in places.values()]
            resolver.addresses.update(dict.fromkeys(places, address))
            s.wait_flowing(20, deadline=BACK)
            if address != "127.0.53.3":
                for gate in gates:
                    gate.set("shut")
        self.flows_again()


if __name__ == "__main__":
    unittest.main()
