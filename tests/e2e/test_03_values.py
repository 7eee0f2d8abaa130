"""Every value stands in the time series exactly as the meter served it: digits, tags, and time within 50 ms."""
import os
import random
import struct
import sys
import unittest
from decimal import Decimal

import pymodbus_peer
from checker import Place, check, parse_served
from influx import query
from meters import ModbusServer, profile, words
from programs import Program, free_port, port_open, wait_for
from street import Scenario

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
ORDERS = ("abcd", "cdab", "badc", "dcba")


def shortest(single):
    """The shortest text that reads back as the same 32-bit float, by trying."""
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.unpack(">f", struct.pack(">f", float(text)))[0] == single:
            return Decimal(text)
    raise AssertionError(single)


class Register:
    """One metric: how it lies in the registers, and what value its raw content means, computed by hand."""

    def __init__(self, kind, order="abcd", scale=None, offset=None, decimals=None, bit=None):
        self.kind, self.order, self.scale, self.offset, self.decimals, self.bit = kind, order, scale, offset, decimals, bit
        self.size = 2 if kind.endswith("32") else 1

    def draw(self, rng):
        """(words, value)"""
        if self.kind == "f32":
            single = struct.unpack(">f", struct.pack(">f", rng.choice((1.31, 67.3, -0.05, 1e-7, 16777216.0, 0.0,
                                                                      rng.uniform(-1000, 1000), rng.uniform(0, 5)))))[0]
            return words("f", single, self.order), shortest(single)
        low, high = {"u16": (0, 0xFFFF), "s16": (-0x8000, 0x7FFF), "u32": (0, 0xFFFFFFFF), "s32": (-0x80000000, 0x7FFFFFFF),
                     "bit": (0, 0xFFFF)}[self.kind]
        raw = rng.choice((low, high, 0, rng.randint(low, high), rng.randint(max(low, -2000), 2000)))
        if self.kind == "bit":
            return (raw,), Decimal(raw >> self.bit & 1)
        placed = words("i" if self.kind == "s32" else "I", raw, self.order) if self.size == 2 else (raw & 0xFFFF,)
        value = Decimal(raw) * Decimal(self.scale or 1) + Decimal(self.offset or 0)
        if self.decimals is not None:
            value = value.quantize(Decimal(1).scaleb(-self.decimals))  # half to even, the default context's rounding
        return placed, value

    def line(self, address):
        text = f"holding:{address} {self.kind}"
        text += f" order={self.order}" if self.size == 2 else ""
        return text + "".join(f" {key}={getattr(self, key)}" for key in ("scale", "offset", "decimals", "bit")
                              if getattr(self, key) is not None)


METRICS = {"plain": Register("u16"), "tenths": Register("u16", scale="0.1"), "signed": Register("s16", scale="0.1"),
           "shifted": Register("s16", scale="0.01", offset="-273.15"), "tens": Register("u16", scale="10"),
           "rounded": Register("u16", scale="0.001", decimals=2), "fan": Register("bit", bit=3)}
for order in ORDERS:
    METRICS[f"f32_{order}"] = Register("f32", order)
    METRICS[f"u32_{order}"] = Register("u32", order, scale="0.01")
    METRICS[f"s32_{order}"] = Register("s32", order)


class Contents:
    """New contents for each request of the whole block; `values` are what they mean, in the order served."""

    def __init__(self):
        self.rng, self.values = random.Random(SEED), []

    def __call__(self, unit, address):
        if address == 0:
            self.words, values = [], {}
            for name, register in METRICS.items():
                placed, values[name] = register.draw(self.rng)
                self.words += placed
            self.values.append(values)
        return self.words[address] if address < len(self.words) else None


class Values(Scenario):
    def setUp(self):
        super().setUp()
        self.street.start_broker()
        self.street.start_influx()
        self.tap = self.street.tap()

    def start(self, measurement, metrics, port, interval="100ms", unit=5):
        self.street.write("profiles/made.ini", profile(measurement, **metrics))
        self.street.start_collector()
        self.street.import_sites({"id": "nice-club", "kind": "club", "gateways": "gw-1"})
        return self.street.gateway({"bus b": {"type": "tcp", "address": f"127.0.0.1:{port}", "timeout": "2s", "retries": 0},
                                    "device it-is": {"bus": "b", "unit": unit, "profile": "made", "site": "nice-club",
                                                     "interval": interval}})

    def test_every_type_and_order_from_a_foreign_server(self):
        addresses, at = {}, 0
        for name, register in METRICS.items():
            addresses[name], at = at, at + register.size
        contents = Contents()
        server = self.street.peer(ModbusServer, contents)
        gateway = self.start("exact", {name: r.line(addresses[name]) for name, r in METRICS.items()}, server.port)
        wait_for(lambda: len(self.street.points("exact")) >= 60, "60 points")
        gateway.stop()
        points = wait_for(lambda: len(p := self.street.points("exact")) == len(server.served) and p, "every answer is a point")
        for answer, values, point in zip(server.served, contents.values, points):
            self.assertEqual({k: v for k, v in point.fields.items() if k != "q"}, values, f"SEED={SEED}")
            self.assertEqual(point.tags, {"district": "yudu", "site": "nice-club", "device": "it-is"})
            self.assertTrue(-2 <= point.ts - answer.at_ms <= 50, f"{point.ts - answer.at_ms} ms from the serving")
            self.assertEqual(point.fields["q"], 0)
        self.assertEqual(len({p.ts for p in points}), len(points))
        types = dict(query(self.street.influx.url, 'SHOW FIELD KEYS FROM "exact"')[0]["values"])
        self.assertEqual(types, {name: "integer" if r.kind == "bit" else "float" for name, r in METRICS.items()} | {"q": "integer"})
        for frame in self.tap.frames():  # no needless zero and no rounding dust: 71, not 71.0; 67.3, not 67.30000000000001
            self.assertNotRegex(frame.payload.decode(), r"\d\.\d*0[,}]|\d\.[,}]|:-0[,}]|\.\d{12}")

    def test_four_meters_behind_pymodbus(self):
        port = free_port()
        server = self.street.add(Program("pymodbus", [sys.executable, pymodbus_peer.__file__, str(port)], self.street.dir,
                                         ready=lambda: port_open(port))).start()
        self.street.write("profiles/made.ini", profile("tally", n="holding:0 u32", m="holding:2 u16", unit="holding:3 u16"))
        self.street.start_collector()
        self.street.import_sites({"id": "nice-club", "gateways": "gw-1"})
        devices = {f"device t-{u}": {"bus": "b", "unit": u, "profile": "made", "site": "nice-club", "interval": "100ms"} for u in range(1, 5)}
        gateway = self.street.gateway({"bus b": {"type": "tcp", "address": f"127.0.0.1:{port}", "timeout": "2s"}, **devices})
        wait_for(lambda: len(self.street.points("tally")) >= 100, "100 points")
        gateway.stop()
        served = parse_served(server.out_path)
        wait_for(lambda: len(self.street.points("tally")) >= len(served), "every answer is a point")
        points = self.street.points("tally")
        self.assertTrue(all(p.fields.pop("unit") == int(p.tags["device"][2:]) for p in points))
        places = {f"unit-{u}": Place("tally", "nice-club", f"t-{u}", "gw-1", {"n": "n", "m": "m"}) for u in range(1, 5)}
        report = check(served, points, places).assert_clean()
        self.assertEqual(report.matched, len(served))

    def test_a_meter_says_what_it_is(self):
        """Its serial number and model, from its registers, in a further hello, and so in the ledger."""
        text = {100: b"SN-7", 104: b"T-1 "}
        registers = {at + i: int.from_bytes(t[2 * i:2 * i + 2], "big") for at, t in text.items() for i in range(2)} | {0: 7}
        server = self.street.peer(ModbusServer, lambda unit, address: registers.get(address))
        gateway = self.start("tally", {"n": "holding:0 u16", "serial": "holding:100 string length=2",
                                       "model": "holding:104 string length=2"}, server.port)
        def hellos():
            return [f.body["devices"][0] for f in self.tap.frames() if f.body["kind"] == "hello"]
        wait_for(lambda: hellos() and "model" in hellos()[-1], "a hello with the meter's words")
        gateway.stop()
        self.assertNotIn("serial", hellos()[0])
        self.assertEqual((hellos()[-1]["serial"], hellos()[-1]["model"]), ("SN-7", "T-1"))
        self.assertEqual([m["name"] for m in hellos()[-1]["metrics"]], ["n"])
        wait_for(lambda: '"serial":"SN-7"' in self.street.cli("dump").stdout, "the ledger to know it")


if __name__ == "__main__":
    unittest.main()
