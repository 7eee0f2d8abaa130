"""What stands in a time series database, and a stand-in for one that answers as it is told.

Numbers are read as Decimal from the JSON text, so that comparing is comparing what was written, digit for digit.
"""
import collections
import gzip
import http.server
import json
import threading
import time
import urllib.parse
import urllib.request
from decimal import Decimal

Point = collections.namedtuple("Point", "measurement tags ts fields")  # tags: {name: value}; fields: {name: Decimal or text}


def query(url, text, database="quietair"):
    """The series of an InfluxQL answer; AssertionError on an error in it."""
    parameters = urllib.parse.urlencode({"db": database, "epoch": "ms", "q": text})
    with urllib.request.urlopen(f"{url}/query?{parameters}", timeout=30) as answer:
        result = json.loads(answer.read(), parse_float=Decimal, parse_int=Decimal)["results"][0]
    assert "error" not in result, result
    return result.get("series", [])


def points(url, measurement=None, where="", database="quietair"):
    """All points of a measurement (None: of all), by series and time."""
    source = f'"{measurement}"' if measurement else "/.*/"
    try:
        series = query(url, f"SELECT * FROM {source} {where} GROUP BY *", database)
    except AssertionError as e:
        if "database not found" in str(e):
            return []
        raise
    found = []
    for s in series:
        names = s["columns"][1:]
        for ts, *values in s["values"]:
            fields = {name: value for name, value in zip(names, values) if value is not None}
            found.append(Point(s["name"], dict(s.get("tags", {})), int(ts), fields))
    return found


def count(url, measurement, field, where="", database="quietair"):
    try:
        series = query(url, f'SELECT COUNT("{field}") FROM "{measurement}" {where}', database)
    except AssertionError:
        return 0
    return int(series[0]["values"][0][1]) if series else 0


# ---- a stand-in ------------------------------------------------------------------------------------------------------

def parse_line(line):
    """One line of the line protocol as a Point.  No escapes: ids and metric names need none."""
    head, fields, ts = line.split(" ")
    measurement, *tags = head.split(",")
    values = dict(f.split("=", 1) for f in fields.split(","))
    return Point(measurement, dict(t.split("=", 1) for t in tags), int(ts),
                 {k: Decimal(v[:-1] if v.endswith("i") else v) for k, v in values.items()})


class InfluxStub:
    """An HTTP server in the place of InfluxDB.  `answer(lines)` decides about each write: (status, headers, body text);
    `delay` s go by before it.  Lines of writes answered by 204 are kept in `stored`, all requests in `requests`."""

    Request = collections.namedtuple("Request", "at path query lines status encoding authorization")

    def __init__(self, port):
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.answer = lambda lines: (204, {}, "")
        self.delay = 0.0
        self.requests, self.stored, self.queries = [], [], []
        self.closed = False
        self.bad = []  # requests that no InfluxDB would understand
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._say(204, {}, "")

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if stub.closed:
                    self.close_connection = True
                    return None
                path, _, text = self.path.partition("?")
                if path.endswith("/query"):  # CREATE DATABASE
                    stub.queries.append(urllib.parse.parse_qs(text or body.decode()))
                    return self._say(200, {"Content-Type": "application/json"}, '{"results":[{"statement_id":0}]}')
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                lines = body.decode().splitlines()
                try:
                    kept = [parse_line(line) for line in lines]
                except ValueError as e:
                    stub.bad.append((str(e), body))
                    return self._say(400, {}, json.dumps({"error": f"unable to parse: {e}"}))
                if stub.delay:
                    time.sleep(stub.delay)
                status, headers, message = stub.answer(lines)
                stub.requests.append(stub.Request(time.monotonic(), path, urllib.parse.parse_qs(text), lines, status,
                                                  self.headers.get("Content-Encoding"), self.headers.get("Authorization")))
                if status == 204:
                    stub.stored.extend(kept)
                return self._say(status, headers, message)

            def _say(self, status, headers, text):
                data = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # the other side went away
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.closed = True
        self.server.shutdown()
        self.server.server_close()
