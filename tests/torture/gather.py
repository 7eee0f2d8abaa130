"""A Run out of what a street left behind: files read as they lie, the database's answers, what taps heard."""
import glob
import json
import os
import sqlite3
from decimal import Decimal

import invariants
import journal_file
from checker import parse_served


def gateway_journals(state):
    """{epoch: Journal}, the one written last as the last."""
    folders = [p for p in glob.glob(f"{state}/journal/*") if glob.glob(f"{p}/*.seg")]
    newest = lambda folder: max(os.path.getmtime(p) for p in glob.glob(f"{folder}/*.seg"))
    return {os.path.basename(p): journal_file.read(p) for p in sorted(folders, key=newest)}


def ledger(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        db.row_factory = sqlite3.Row
        rows = lambda columns, table: [tuple(r) for r in db.execute(f"SELECT {columns} FROM {table}")]
        flags = [invariants.Flag(*r[:5], r[5] or r[6], *r[7:9], json.loads(r[9], parse_float=Decimal))
                 for r in rows("id, rev, flag, state, site, device, gateway, since_ms, until_ms, body", "flags")]
        windows = [invariants.Window(*r) for r in rows("site, device, rule, from_ms, to_ms, measured, judged, limit_value", "windows")]
        missing = [invariants.Missing(*r) for r in rows("site, device, from_ms, to_ms, reason", "missing")]
        gateways = {g: (epoch, seq) for g, epoch, seq in rows("gateway, epoch, seq", "gateways")}
        position = rows("seq, head", "position")[0]
        wrong = db.execute("PRAGMA integrity_check").fetchone()[0]
        assert wrong == "ok", f"{path}: {wrong}"
    finally:
        db.close()
    return invariants.Ledger(flags, windows, missing, gateways, position)


def heard(messages):
    """(acks, alerts) of a tap's messages."""
    acks, alerts = [], []
    for m in messages:
        parts = m.topic.split("/")
        if parts[-1] == "ack":
            acks.append((parts[-2], json.loads(m.payload)))
        elif "alert" in parts and m.payload:
            alerts.append(json.loads(m.payload, parse_float=Decimal))
    return acks, alerts


def run(places, served_log, gateway_states, collector_state, messages, late_messages, points, protected, **more):
    acks, alerts = heard(messages)
    return invariants.Run(places=places, served=parse_served(served_log), acks=acks, alerts=alerts, points=points,
                          gateways={name: gateway_journals(state) for name, state in gateway_states.items()},
                          collector=journal_file.read(f"{collector_state}/journal"), ledger=ledger(f"{collector_state}/ledger.db"),
                          retained=heard(late_messages)[1], protected=protected, **more)
