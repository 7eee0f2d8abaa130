"""Whatever is sent to the control socket is answered, in words where it is refused, and counts once."""
import base64
import hashlib
import json
import os
import socket
import sqlite3
import unittest

from street import Scenario, sites_csv

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


class Client:
    """One connection; each line of an answer is an object."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def send(self, *requests):
        self.socket.sendall(b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in requests))

    def answer(self):
        line = self.lines.readline()
        assert line.endswith(b"\n"), line
        return json.loads(line)

    def ask(self, request):
        self.send(request)
        return self.answer()

    def close(self):
        self.lines.close()
        self.socket.close()


class Requests(Scenario):
    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.street.start_collector({"collector": {"clock": "wall"}})
        self.street.import_sites({"id": "club", "kind": "club"})
        self.client = self.connected()

    def connected(self):
        return self.street.peer(Client, f"{self.street.collector.state}/control.sock")

    def refused(self, request, words):
        answer = self.client.ask(request)
        self.assertIs(answer["ok"], False, answer)
        self.assertIn(words, answer["error"])
        if isinstance(request, dict) and 0 < len(str(request.get("id", ""))) < 64 and isinstance(request["id"], str):
            self.assertEqual(answer["id"], request["id"])

    def rows(self, table):
        return [row for row in self.street.dump() if row["table"] == table]

    def test_what_is_refused_before_it_is_journalled(self):
        add = {"verb": "cleaning add", "actor": "clerk", "args": {"site": "club", "cleaned_at": "2026-01-02", "by": "b"}}
        for request, words in ((b"{", ""), (b"[]", "a request is a JSON object"), (b"\xff", ""),
                               ({}, "a request needs an id of 1 to 63 bytes"), ({"id": 7}, "a request needs an id"),
                               ({**add, "id": ""}, "a request needs an id"), ({**add, "id": "x" * 64}, "a request needs an id"),
                               ({**add, "id": "r1", "actor": ""}, "a command needs an actor"),
                               ({**add, "id": "r1", "actor": 7}, "a command needs an actor"),
                               ({"id": "r1", "verb": "tick", "args": {"ts": 1795449600000}}, "tick needs clock = journal"),
                               ({"id": "r1", "verb": "photo put", "actor": "clerk"}, "a photo is a JPEG or a PNG"),
                               ({"id": "r1", "verb": "photo put", "args": {"base64": "%%%"}}, "a photo comes as base64"),
                               ({"id": "r1", "verb": "photo put", "args": {"base64": "AAAA"}}, "a photo is a JPEG or a PNG"),
                               ({**add, "id": "r1", "args": {**add["args"], "photos": ["../../etc/passwd"]}}, "put it first"),
                               ({**add, "id": "r1", "args": {**add["args"], "photos": ["0" * 64 + ".jpg"]}}, "put it first"),
                               ({"id": "r1", "verb": "complaint add", "actor": "clerk"}, "args is missing"),
                               ({"id": "r1", "verb": "complaint add", "actor": "clerk", "args": {"site": "club", "name": "n" * 5000}},
                                "name and phone: too long"),
                               ({"id": "r1", "verb": "complaint erase", "actor": "clerk", "args": {"id": "../../x"}}, "not an id")):
            self.refused(request, words)
        self.assertEqual(self.client.ask({**add, "id": "x" * 63})["ok"], True)  # and the longest id that is one
        self.assertEqual(len(self.rows("cleanings")), 1)

    def test_what_the_rules_refuse(self):
        self.refused({"id": "r1", "verb": "fly", "actor": "clerk", "args": {}}, "fly")
        self.refused({"id": "r2", "verb": "cleaning add", "actor": "clerk"}, "")
        self.refused({"id": "r3", "verb": "complaint add", "actor": "clerk",
                      "args": {"site": "nowhere", "at": "2026-01-02", "about": "noise", "text": "t", "name": "张三"}}, "nowhere")
        folder = f"{self.street.collector.state}/identities"
        self.assertEqual(os.listdir(folder), [])  # of whom nobody will ever ask is not kept
        self.assertNotIn("张三", json.dumps(self.street.dump(), ensure_ascii=False))

    def test_the_same_id_counts_once(self):
        request = {"id": "once", "verb": "cleaning add", "actor": "clerk", "args": {"site": "club", "cleaned_at": "2026-01-02", "by": "b"}}
        other = self.connected()
        self.client.send(request, request)  # the second before the first is answered
        other.send(request)
        answers = [self.client.answer(), self.client.answer(), other.answer(), self.client.ask(request)]
        self.assertEqual(answers[0]["ok"], True, answers)
        self.assertEqual(answers, 4 * answers[:1])
        self.assertEqual(len(self.rows("cleanings")), 1)

    def test_the_same_id_counts_once_before_it_is_answered_and_after_a_kill(self):
        """The fold cannot commit; who gets no answer asks again, and what it asks then must not be done besides."""
        def ask_for(site):
            csv = sites_csv({"id": site, "kind": "club"})
            return {"id": "once", "verb": "site import", "actor": "clerk", "args": {"csv": csv}}

        ledger = sqlite3.connect(f"{self.street.collector.state}/ledger.db", isolation_level=None)
        ledger.execute("BEGIN IMMEDIATE")
        self.client.send(ask_for("first"), ask_for("second"))
        for n in range(2):  # when the second is answered, what came before the first stands in the journal
            self.assertEqual(self.client.ask({"id": f"s{n}", "verb": "status"})["ok"], True)
        self.street.collector.kill()
        self.street.collector.start()
        again = self.connected()
        again.send(ask_for("third"), {"id": "s3", "verb": "status"})
        self.assertEqual(again.answer()["id"], "s3")
        ledger.execute("ROLLBACK")
        ledger.close()
        self.assertEqual(again.answer(), {"id": "once", "ok": True, "result": {"added": 1, "changed": 0, "unchanged": 0, "rows": 1}})
        self.assertEqual(sorted(row["site"] for row in self.rows("sites")), ["club", "first"])

    def test_each_answer_bears_the_id_of_its_request(self):
        self.client.send({"id": "c1", "verb": "commit"}, {"id": "c2", "verb": "status"}, {"id": "c3", "verb": "commit"})
        answers = [self.client.answer() for _ in range(3)]
        self.assertEqual({a["id"] for a in answers}, {"c1", "c2", "c3"})
        self.assertEqual([a["result"] for a in answers if a["id"] == "c3"], [{}])

    def test_a_photo_is_kept_once_under_its_hash(self):
        name = f"{hashlib.sha256(JPEG).hexdigest()}.jpg"
        put = {"id": "p", "verb": "photo put", "actor": "clerk", "args": {"base64": base64.b64encode(JPEG).decode()}}
        for _ in range(2):
            self.assertEqual(self.client.ask(put), {"id": "p", "ok": True, "result": {"photo": name}})
        folder = f"{self.street.collector.state}/photos"
        self.assertEqual(os.listdir(folder), [name])
        with open(f"{folder}/{name}", "rb") as f:
            self.assertEqual(f.read(), JPEG)
        self.assertEqual(os.stat(f"{folder}/{name}").st_mode & 0o777, 0o640)
        too_long = b"\xff\xd8\xff" + bytes(8 * 1024 * 1024)
        self.refused({**put, "args": {"base64": base64.b64encode(too_long).decode()}}, "at most 8388608 bytes, not 8388611")

    def test_who_complained_can_be_erased(self):
        added = self.client.ask({"id": "c", "verb": "complaint add", "actor": "clerk",
                                 "args": {"site": "club", "at": "2026-01-02", "about": "noise", "text": "t", "phone": "138"}})["result"]
        path = f"{self.street.collector.state}/identities/{added['id']}.json"
        with open(path) as f:
            self.assertEqual(json.load(f), {"name": "", "phone": "138"})
        self.assertIn("138", self.street.cli("complaint", "show", added["id"]).stdout)
        self.assertEqual(self.client.ask({"id": "e", "verb": "complaint erase", "actor": "clerk", "args": {"id": added["id"]}})["ok"], True)
        self.assertFalse(os.path.exists(path))
        self.assertNotIn("138", self.street.cli("complaint", "show", added["id"]).stdout)
        self.refused({"id": "e2", "verb": "complaint erase", "actor": "clerk", "args": {"id": added["id"]}}, "was erased already")


if __name__ == "__main__":
    unittest.main()
