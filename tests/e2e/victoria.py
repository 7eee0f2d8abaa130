"""VictoriaMetrics in the place of InfluxDB: the server, a guard that wants a token before it, and what the server holds.

It makes of each field a series `measurement_field` and keeps nothing but floats.  What it holds is read through its export
as the same points that influx.py reads, so that the same checker compares them.
"""
import json
import re
import urllib.parse
import urllib.request
from decimal import Decimal

from counted import CountedStreet
from influx import Point
from programs import Program, free_port, port_open
from street import merged

MEASUREMENTS = ("tally", "exact", "noise", "noise_window", "flag")  # those that scenarios here write


class VictoriaServer(Program):
    """Debian's VictoriaMetrics as docs/operating.md wants it: years are kept, and what is written twice is read once."""

    def __init__(self, folder, name="victoria"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(name, ["victoria-metrics", f"-storageDataPath={folder}/{name}", "-retentionPeriod=100y",
                                "-dedup.minScrapeInterval=1ms", f"-httpListenAddr=127.0.0.1:{self.port}"], folder,
                         ready=lambda: port_open(self.port))

    def get(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
            return answer.read().decode()

    def export(self, match='{__name__!=""}', **parameters):
        """Series as exported, up to the newest sample: what was taken is searchable only after a flush."""
        self.get("/internal/force_flush")
        rows = self.get("/api/v1/export", **{"match[]": match}, **parameters).splitlines()
        return [json.loads(row, parse_float=Decimal, parse_int=Decimal) for row in rows]

    def written(self, match):
        """Samples as written, repeats too: this way of exporting leaves deduplication out."""
        return sum(len(row["values"]) for row in self.export(match, reduce_mem_usage=1))

    def counter(self, name):
        """One of its own counters since its start, by its full name with labels."""
        found = re.search(rf"^{re.escape(name)} (\d+)$", self.get("/metrics"), re.M)
        assert found, f"VictoriaMetrics has no counter {name}"
        return int(found[1])

    def dropped(self):
        """Rows that it answered with 204 and did not keep."""
        return sum(self.counter(name) for name in ('vm_rows_invalid_total{type="influx"}',
                                                   'vm_rows_ignored_total{reason="big_timestamp"}',
                                                   'vm_rows_ignored_total{reason="small_timestamp"}'))


class Guard(Program):
    """vmauth: lets through to the server only who writes by the v2 API and shows the token."""

    def __init__(self, folder, server, token, name="vmauth"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        path = f"{folder}/{name}.yml"
        with open(path, "w") as f:
            f.write(f"""users:
- bearer_token: {token}
  url_map:
  - src_paths: ["/api/v2/write"]
    url_prefix: {server.url}
""")
        super().__init__(name, ["vmauth", f"-auth.config={path}", f"-httpListenAddr=127.0.0.1:{self.port}"], folder,
                         ready=lambda: port_open(self.port))


def points_of(rows):
    """Points from exported series.  A second value of a field at one time begins a second point, so that it is seen."""
    held = {}  # (measurement, tags, ts): [fields, …]
    for row in rows:
        tags = dict(row["metric"])
        measurement, field = split(tags.pop("__name__"))
        for ts, value in zip(row["timestamps"], row["values"]):
            layers = held.setdefault((measurement, tuple(sorted(tags.items())), int(ts)), [])
            layer = next((fields for fields in layers if field not in fields), None)
            if layer is None:
                layers.append(layer := {})
            layer[field] = value
    return [Point(measurement, dict(tags), ts, fields)
            for (measurement, tags, ts), layers in sorted(held.items()) for fields in layers]


def split(name):
    """(measurement, field): `noise_window_judged` is of noise_window, not of noise."""
    for measurement in sorted(MEASUREMENTS, key=len, reverse=True):
        if name.startswith(f"{measurement}_"):
            return measurement, name[len(measurement) + 1:]
    raise AssertionError(f"a series of no measurement: {name}")


class VictoriaStreet(CountedStreet):
    """A counted street that writes by the v1 API straight to VictoriaMetrics."""

    tags = {"db": "quietair"}  # what the server adds to the tags

    def start_influx(self):
        self.influx = self.add(VictoriaServer(self.dir)).start()
        return self.influx

    def influx_section(self):
        return {}

    def collector_config(self, sections=None, name="collector"):
        return super().collector_config(merged({"influx": self.influx_section()}, sections or {}), name)

    def arrived(self, site=None, since=0):
        which = f'{{site="{site}"}}' if site else ""
        return sum(len(row["values"]) for row in self.influx.export(f"tally_n{which}", start=f"{(since + 1) / 1000:.3f}"))

    def points(self, measurement=None, where=""):
        assert not where, "no InfluxQL here"
        return [p for p in points_of(self.influx.export()) if measurement in (None, p.measurement)]


class GuardedStreet(VictoriaStreet):
    """One that writes by the v2 API, through a guard that wants the token."""

    tags = {}
    token = "s3cret"

    def start_influx(self):
        server = super().start_influx()
        self.guard = self.add(Guard(self.dir, server, self.token)).start()
        return server

    def token_file(self, token):
        return self.write("token", token + "\n")

    def influx_section(self):
        return {"url": self.guard.url, "api": "v2", "database": None, "org": "yudu county", "bucket": "air",
                "token_file": self.token_file(self.token)}
