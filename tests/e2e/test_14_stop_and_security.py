"""A stop is clean and quick whatever is broken around, a death is told by the last will, TLS and passwords mean something."""
import os
import subprocess
import time
import unittest

from counted import CountedStreet
from meters import ModbusServer, profile
from one_meter import OneMeter
from programs import wait_for
from street import Scenario
from wire import Authority

LIMIT = 5.0  # s that a stop may take


class Stops(Scenario):
    kind = CountedStreet

    def stop_quickly(self, program):
        begun = time.monotonic()
        program.stop(deadline=LIMIT)
        return time.monotonic() - begun

    def status_of(self, who):
        return self.street.tapped.json("yudu", *who, "status")[-1]["state"]

    def test_all_is_delivered_and_offline_is_retained(self):
        street = self.street.build(gateways=1)
        street.wait_flowing(40)
        gateway, = street.gateways
        self.stop_quickly(gateway)
        self.assertTrue(street.drained(gateway), "a stop sends what is there")
        wait_for(lambda: self.status_of(("gateway", "gw-1")) == "offline", "the gateway is offline")
        self.stop_quickly(street.collector)
        wait_for(lambda: self.status_of(("collector", "main")) == "offline", "the collector is offline")
        late = street.tap("quietair/v1/+/gateway/+/status", "quietair/v1/+/collector/+/status")
        wait_for(lambda: len(late.messages) >= 2, "retained states")
        self.assertTrue(all(m.retained and b'"offline"' in m.payload for m in late.messages))
        street.collector.start()
        street.settle()
        street.verdict().assert_clean()

    def test_a_killed_one_is_told_by_its_will(self):
        street = self.street.build(gateways=1)
        street.wait_flowing(20)
        for who, program in ((("gateway", "gw-1"), street.gateways[0]), (("collector", "main"), street.collector)):
            self.assertEqual(self.status_of(who), "online")
            program.kill()
            wait_for(lambda: self.status_of(who) == "offline", f"the will of {who}")
            program.start()
            wait_for(lambda: self.status_of(who) == "online", f"{who} is back")

    def test_a_second_one_on_the_same_folder_is_refused_and_changes_nothing(self):
        street = self.street.build(gateways=1)
        street.wait_flowing(20)
        for program in (*street.gateways, street.collector):
            again = subprocess.run(program.argv, capture_output=True, text=True, timeout=30)
            self.assertEqual(again.returncode, 1, again.stderr)
            self.assertIn(": another process has it", again.stderr)
            program.not_dead()
            street.wait_flowing(20)
        street.stop_gateways()
        street.settle()
        street.verdict().assert_clean()
        self.assertEqual(os.stat(street.collector.state).st_mode & 0o777, 0o750)

    def test_without_broker_and_database(self):
        street = self.street.build(gateways=1)
        street.wait_flowing(20)
        street.broker.kill()
        street.influx.kill()
        street.let_run(1)
        for program in (*street.gateways, street.collector):
            self.stop_quickly(program)

    def test_with_a_broker_and_a_database_that_do_not_move(self):
        street = self.street.build(gateways=1)
        street.wait_flowing(20)
        street.broker.pause()
        street.influx.pause()
        street.let_run(1)
        for program in (*street.gateways, street.collector):
            self.stop_quickly(program)

    def test_with_a_meter_that_never_answers(self):
        street = self.street
        street.write("profiles/tally.ini", profile("tally", n="holding:0 u32"))
        street.start_broker()
        server = street.peer(ModbusServer, lambda unit, address: 1, delay=60)
        gateway = street.gateway({"bus b": {"type": "tcp", "address": f"127.0.0.1:{server.port}", "timeout": "2s"},
                                  "device d": {"bus": "b", "unit": 1, "profile": "tally", "site": "s", "interval": "100ms"}})
        street.let_run(1)
        self.stop_quickly(gateway)

    def test_right_after_the_start(self):
        street = self.street.build(gateways=1)
        street.wait_flowing(4)
        for program in (*street.gateways, street.collector):
            program.stop()
            for wait in (0.0, 0.02, 0.1):
                program.launch()
                time.sleep(wait)  # into its start; SIGTERM before its handler stands is a death by SIGTERM
                self.assertIn(program.stop(deadline=LIMIT, expect=None), (0, -15))


class Security(OneMeter):
    def setUp(self):
        super().setUp()
        self.street.start_influx()

    def tls(self):
        """The folder of a broker's certificate for 127.0.0.1, of the authority that signed it, and of another."""
        folder = self.street.path("tls")
        os.mkdir(folder)
        Authority(folder).issue("server")
        Authority(folder, "other")
        return folder

    def arrives(self):
        self.street.import_sites({"id": "s", "gateways": "gw-1"})
        wait_for(lambda: self.street.points("tally"), "readings arrive")

    def test_tls_with_the_right_authority_and_not_with_another(self):
        s = self.street
        tls = self.tls()
        s.start_broker(tls=tls)
        s.start_collector({"mqtt": {"ca_file": f"{tls}/ca.crt"}})
        stranger = self.gateway({"mqtt": {"ca_file": f"{tls}/other.crt"}})
        wait_for(lambda: "TLS" in stranger.log(), lambda: f"it says why: {stranger.log()}")
        self.assertEqual(self.street.points("tally"), [])
        stranger.stop()
        config = s.gateway_config({**self.polling, "mqtt": {"ca_file": f"{tls}/ca.crt"}}, "gw-1")
        self.assertEqual(config, stranger.config)
        stranger.start()
        self.arrives()

    def test_a_name_that_is_not_in_the_certificate(self):
        s = self.street
        tls = self.tls()
        broker = s.start_broker(tls=tls)
        gateway = self.gateway({"mqtt": {"url": f"mqtts://localhost:{broker.port}", "ca_file": f"{tls}/ca.crt"}})
        wait_for(lambda: "no link to the broker" in gateway.log(), lambda: f"it says why: {gateway.log()}")
        self.assertNotIn("connected", gateway.log())

    def test_a_wrong_password_is_said_and_nothing_is_lost(self):
        s = self.street
        passwords = s.path("passwords")
        for n, (user, word) in enumerate((("gw-1", "secret one"), ("main", "secret two"))):
            subprocess.run(["mosquitto_passwd", *(["-c"] if n == 0 else []), "-b", passwords, user, word], check=True, capture_output=True)
        s.start_broker(extra=f"password_file {passwords}\n", anonymous=False)
        secret, wrong, other = s.write("one", "secret one\n"), s.write("wrong", "nonsense"), s.write("two", "secret two\n")
        s.start_collector({"mqtt": {"username": "main", "password_file": other}})
        gateway = self.gateway({"mqtt": {"username": "gw-1", "password_file": wrong}})
        wait_for(lambda: "uthori" in gateway.log() or "password" in gateway.log(), lambda: f"it says why: {gateway.log()}")
        self.assertNotIn("nonsense", gateway.log())
        gateway.stop()
        s.gateway_config({**self.polling, "mqtt": {"username": "gw-1", "password_file": secret}}, "gw-1")
        gateway.start()
        self.arrives()
        gateway.stop()
        wait_for(lambda: len(s.points("tally")) == len(self.server.served), "what was read meanwhile arrived too")


if __name__ == "__main__":
    unittest.main()
