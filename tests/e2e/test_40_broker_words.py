"""The broker's word counts: client certificates, MQTT 3.1.1 where there is no 5, reason codes in words, a session taken over."""
import os
import re
import unittest

from metrics_text import read_metrics, value
from one_meter import OneMeter
from programs import wait_for
from stream import ForeignCollector
from wire import Authority, Relay


class Words(OneMeter):
    def says(self, program, *words):
        """All of these, in one line of its log."""
        line = "[^\n]*".join(map(re.escape, words))
        wait_for(lambda: re.search(line, program.log()), lambda: f"{program.name} says {words}: {program.log()}")

    def once(self, program, words):
        self.assertEqual(program.log().count(words), 1, f"{words!r} in {program.log()}")


class Certificates(Words):
    """A broker that wants a certificate of its clients (mosquitto's require_certificate)."""

    def setUp(self):
        super().setUp()
        s = self.street
        self.tls = s.path("tls")
        os.mkdir(self.tls)
        ours, self.theirs = Authority(self.tls), Authority(self.tls, "other")
        ours.issue("server")
        self.good, self.old, self.foreign = ours.issue("gw-1"), ours.issue("old", days=-1), self.theirs.issue("foreign")
        self.ca = ours.crt
        self.broker = s.start_broker(tls=self.tls, extra="require_certificate true\nuse_identity_as_username true\n")

    def mqtt(self, pair=None, **more):
        return {"mqtt": {"ca_file": self.ca, **({"cert_file": pair[0], "key_file": pair[1]} if pair else {}), **more}}

    def test_the_right_one(self):
        gateway = self.gateway(self.mqtt(self.good))
        self.says(gateway, "connected to mqtts://", "(MQTT 5)")

    def turned_away(self, sections, words, or_else="may not take our certificate"):
        """The broker's words; or, where the connection was reset before they were read, a guess."""
        gateway = self.gateway(sections)
        wait_for(lambda: re.search(f"no link to the broker.*({words}|{or_else})", gateway.log()), gateway.log)
        self.street.let_run(1.5)
        self.assertNotIn("connected to", gateway.log())
        said = [line.split("uplink: ")[1] for line in gateway.log().splitlines() if "no link" in line]
        self.assertEqual(len(said), len(set(said)), said)

    def test_none(self):
        self.turned_away(self.mqtt(), "certificate required", or_else="may want a certificate")

    def test_an_expired_one(self):
        self.turned_away(self.mqtt(self.old), "certificate expired")

    def test_one_of_another_authority(self):
        self.turned_away(self.mqtt(self.foreign), "unknown ca")

    def test_a_broker_of_another_authority(self):
        self.turned_away(self.mqtt(self.good, ca_file=self.theirs.crt), "certificate verify failed")

    def test_a_broker_of_another_name(self):
        self.turned_away(self.mqtt(self.good, url=f"mqtts://localhost:{self.broker.port}"), "certificate verify failed")


class Versions(Words):
    def falls_back(self, how):
        s = self.street
        broker = s.start_broker()
        collector = s.peer(ForeignCollector, broker.port)
        relay = s.peer(Relay, broker.port, refuse_5=how)
        gateway = self.gateway({"mqtt": {"url": f"mqtt://127.0.0.1:{relay.port}"}})
        self.says(gateway, "connected to", "(MQTT 3.1.1)")
        wait_for(lambda: len(collector.taken) > 5, "frames arrive")
        self.assertEqual(relay.versions, [4])
        return gateway, relay

    def test_a_broker_of_3_1_1_that_says_so(self):
        gateway, relay = self.falls_back("in words")
        self.assertEqual(relay.refused, 1)
        self.assertNotIn("no link", gateway.log())

    def test_a_broker_of_3_1_1_that_just_closes(self):
        gateway, _ = self.falls_back("silently")
        self.once(gateway, "no link")

    def test_a_broker_that_learnt_5(self):
        gateway, relay = self.falls_back("in words")
        relay.refuse_5 = None
        self.street.broker.kill()
        self.says(gateway, "no link")
        self.street.broker.start()
        self.says(gateway, "(MQTT 5)")


class Reasons(Words):
    def test_a_stream_that_nobody_hears(self):
        self.street.start_broker()
        gateway = self.gateway({"gateway": {"resend": "200ms"}})
        self.says(gateway, "nobody for our stream", "No matching subscribers", "16")
        self.street.let_run(2)
        self.once(gateway, "No matching subscribers")

    def test_a_stream_that_is_not_allowed(self):
        acl = self.street.write("acl", "topic readwrite quietair/v1/yudu/gateway/gw-1/status\n")
        self.street.start_broker(extra=f"acl_file {acl}\n")
        gateway = self.gateway({"gateway": {"resend": "200ms"}})
        self.says(gateway, "refuses our stream", "Not authorized", "135")
        self.street.let_run(2)
        self.once(gateway, "Not authorized")

    def test_what_the_collector_may_not_say_holds_up_nothing_else(self):
        """Cases are denied, and there are more of them than may be under way; the alerts all come."""
        allowed = "".join(f"topic readwrite quietair/v1/+/{leaf}/#\n" for leaf in ("gateway", "alert", "collector"))
        self.street.start_broker(extra=f"acl_file {self.street.write('acl', allowed)}\n")
        tap = self.street.tap("quietair/v1/yudu/alert/#")
        self.street.start_collector({"collector": {"clock": "journal"}, "rules": {"cleaning_grace": "0d"}})
        self.street.import_sites(*({"id": f"kitchen-{n}", "kind": "restaurant", "purifier_installed": "yes", "cleaning_days": 30,
                                    "last_cleaned": "2026-01-02", "valid_from": "2026-01-01"} for n in range(50)))
        self.street.cli("tick", "1780272000000")  # 2026-06-01
        def overdue():
            return {m.topic for m in tap.messages if "/cleaning-overdue/" in m.topic}

        wait_for(lambda: len(overdue()) == 50, lambda: f"50 alerts, not {len(overdue())}")
        wait_for(lambda: self.street.status()["broker"]["refused"] >= 50, lambda: f"each refusal counts: {self.street.status()}")
        self.says(self.street.collector, "the broker refuses a message of ours", "Not authorized", "135")
        self.once(self.street.collector, "a message of ours")

    def test_a_client_that_is_not_allowed(self):
        passwords = self.street.write("passwords", "")
        self.street.start_broker(extra=f"password_file {passwords}\n", anonymous=False)
        gateway = self.gateway()
        self.says(gateway, "no link to the broker", "the broker refuses: Not authorized")
        self.street.let_run(2)
        self.once(gateway, "Not authorized")

    def test_a_frame_beyond_what_the_broker_takes(self):
        self.street.start_broker(extra="max_packet_size 200\n")
        gateway = self.gateway({"gateway": {"resend": "200ms"}})
        self.says(gateway, "refuses our stream", "Packet too large")
        self.street.let_run(2)
        self.once(gateway, "Packet too large")

    def test_a_broker_that_goes_and_comes_is_told_once(self):
        broker = self.street.start_broker()
        gateway = self.gateway()
        self.says(gateway, "connected to")
        broker.kill()
        self.street.let_run(6)
        self.assertLessEqual(gateway.log().count("no link"), 2, gateway.log())  # lost, then refused by the port
        broker.start()
        wait_for(lambda: gateway.log().count("connected to") == 2, "it is back")


class TakenOver(Words):
    FIGHT = 12  # s; who fights back is there again after 0.2 s

    def test_told_by_the_broker(self):
        """DISCONNECT with reason code 142, MQTT 5, 3.14.2.1."""
        s = self.street
        relay, file = s.peer(Relay, s.start_broker().port), s.path("one.prom")
        gateway = self.gateway({"gateway": {"metrics_file": file}, "mqtt": {"url": f"mqtt://127.0.0.1:{relay.port}"}})
        self.says(gateway, "connected to")
        relay.say_and_close(b"\xe0\x02\x8e\x00")
        self.says(gateway, "another client connected as quietair-gw-1", "took our place", "ids must be unique")
        s.let_run(self.FIGHT)
        self.assertEqual(relay.connections, 1)
        self.once(gateway, "took our place")
        wait_for(lambda: value(read_metrics(file), "sessions_taken_over_total") == 1, "it is counted")
        self.assertEqual(value(read_metrics(file), "broker_connected"), 0)
        wait_for(lambda: relay.connections == 2, "it tries again, 30 s and up to a quarter later", 40)

    def test_told_of_something_else(self):
        """Server shutting down (139) is no reason to stay away."""
        relay = self.street.peer(Relay, self.street.start_broker().port)
        gateway = self.gateway({"mqtt": {"url": f"mqtt://127.0.0.1:{relay.port}"}})
        self.says(gateway, "connected to")
        relay.say_and_close(b"\xe0\x02\x8b\x00")
        self.says(gateway, "the broker ended the connection", "Server shutting down")
        wait_for(lambda: relay.connections == 2, "it is back", 5)

    def test_two_boxes_of_one_id(self):
        """By a broker that only closes, as mosquitto 2.0.11 does."""
        s = self.street
        broker = s.start_broker()
        relays = [s.peer(Relay, broker.port) for _ in range(2)]
        boxes = [self.gateway({"gateway": {"id": "gw-1"}, "mqtt": {"url": f"mqtt://127.0.0.1:{relay.port}"}}, box)
                 for box, relay in zip(("one", "two"), relays)]
        yields = lambda: [box for box in boxes if "another client" in box.log()]
        wait_for(yields, "one of them yields")
        before = sum(r.connections for r in relays)
        s.let_run(self.FIGHT)
        self.assertLessEqual(sum(r.connections for r in relays) - before, 1)
        self.assertLess(before, 20)
        self.assertEqual(len(yields()), 1)


if __name__ == "__main__":
    unittest.main()
