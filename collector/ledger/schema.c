/* The tables, and every statement that is prepared, in SQL that SQLite and PostgreSQL both take (but for BLOB and
 * WITHOUT ROWID).  Times are ms; absent texts are ''; absent numbers are NULL. */
#include "collector/ledger/ledger_private.h"

const char ledger_schema[] =
    "CREATE TABLE schema_version (version INTEGER NOT NULL);"

    "CREATE TABLE sites ("
    " site TEXT NOT NULL, valid_from BIGINT NOT NULL, district TEXT NOT NULL, grid TEXT NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (site, valid_from));"

    "CREATE TABLE devices ("
    " site TEXT NOT NULL, device TEXT NOT NULL, gateway TEXT NOT NULL, profile TEXT NOT NULL, measurement TEXT NOT "
    "NULL,"
    " serial TEXT NOT NULL, calibrated TEXT NOT NULL, interval_ms BIGINT NOT NULL,"
    " PRIMARY KEY (site, device));"

    "CREATE TABLE gateways ("
    " gateway TEXT NOT NULL PRIMARY KEY, district TEXT NOT NULL, epoch TEXT NOT NULL, seq BIGINT NOT NULL,"
    " newest_ts BIGINT NOT NULL, heard_ms BIGINT NOT NULL);"

    /* By far the largest table: kept in the order in which it is read, one device after the other. */
    "CREATE TABLE windows ("
    " site TEXT NOT NULL, device TEXT NOT NULL, rule TEXT NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL,"
    " district TEXT NOT NULL, grid TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,"
    " coverage DOUBLE PRECISION NOT NULL, measured DOUBLE PRECISION, judged DOUBLE PRECISION,"
    " limit_value DOUBLE PRECISION, l5 DOUBLE PRECISION, l10 DOUBLE PRECISION, l50 DOUBLE PRECISION,"
    " l90 DOUBLE PRECISION, l95 DOUBLE PRECISION, lafmax DOUBLE PRECISION, lafmin DOUBLE PRECISION,"
    " sd DOUBLE PRECISION, statutory INTEGER NOT NULL,"
    " PRIMARY KEY (site, device, rule, from_ms)) WITHOUT ROWID;"

    "CREATE TABLE noise_days ("
    " site TEXT NOT NULL, device TEXT NOT NULL, day_ms BIGINT NOT NULL, ld DOUBLE PRECISION, ln DOUBLE PRECISION,"
    " ldn DOUBLE PRECISION, day_coverage DOUBLE PRECISION NOT NULL, night_coverage DOUBLE PRECISION NOT NULL,"
    " PRIMARY KEY (site, device, day_ms));"

    "CREATE TABLE usage_days ("
    " site TEXT NOT NULL, day_ms BIGINT NOT NULL, covered_ms BIGINT NOT NULL, fan_ms BIGINT NOT NULL,"
    " both_ms BIGINT NOT NULL,"
    " PRIMARY KEY (site, day_ms));"

    "CREATE TABLE missing ("
    " site TEXT NOT NULL, device TEXT NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY (site, device, from_ms));"

    "CREATE TABLE flags ("
    " id TEXT NOT NULL, rev INTEGER NOT NULL, flag TEXT NOT NULL, state TEXT NOT NULL, district TEXT NOT NULL,"
    " grid TEXT NOT NULL, site TEXT NOT NULL, device TEXT NOT NULL, gateway TEXT NOT NULL, since_ms BIGINT NOT NULL,"
    " until_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (id, rev));"
    "CREATE INDEX flags_by_since ON flags (since_ms);"

    "CREATE TABLE cleanings ("
    " id TEXT NOT NULL PRIMARY KEY, site TEXT NOT NULL, cleaned_at BIGINT NOT NULL, kind TEXT NOT NULL,"
    " cleaned_by TEXT NOT NULL, provider TEXT NOT NULL, note TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL,"
    " entered_at BIGINT NOT NULL, verdict TEXT NOT NULL, evidence TEXT NOT NULL, photos TEXT NOT NULL);"
    "CREATE INDEX cleanings_by_site ON cleanings (site, cleaned_at);"

    "CREATE TABLE cases ("
    " id TEXT NOT NULL, rev INTEGER NOT NULL, family TEXT NOT NULL, site TEXT NOT NULL, district TEXT NOT NULL,"
    " grid TEXT NOT NULL, state TEXT NOT NULL, event TEXT NOT NULL, step TEXT NOT NULL, proposed TEXT NOT NULL,"
    " incidents INTEGER NOT NULL, since_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (id, rev));"
    "CREATE INDEX cases_by_site ON cases (site, since_ms);"
    "CREATE INDEX cases_by_event ON cases (at_ms);"

    "CREATE TABLE entries ("
    " kind TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, site TEXT NOT NULL, state TEXT NOT NULL,"
    " actor TEXT NOT NULL, at_ms BIGINT NOT NULL, entered_at BIGINT NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (kind, id, rev));"
    "CREATE INDEX entries_by_time ON entries (kind, at_ms);"

    "CREATE TABLE states (key TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE answers (request TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);"
    "CREATE TABLE alerts (id BIGINT NOT NULL PRIMARY KEY, topic TEXT NOT NULL, payload TEXT, at_ms BIGINT NOT NULL);"
    "CREATE TABLE lines (id BIGINT NOT NULL PRIMARY KEY, line TEXT NOT NULL);"
    "CREATE TABLE retained (topic TEXT NOT NULL PRIMARY KEY, payload TEXT NOT NULL, at_ms BIGINT NOT NULL);"

    /* One row: where in the journal the fold stands, and the newest ids of both outboxes. */
    "CREATE TABLE position ("
    " id INTEGER NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, head TEXT NOT NULL, fold_version INTEGER NOT NULL,"
    " last_alert BIGINT NOT NULL, last_line BIGINT NOT NULL);";

const char *const ledger_write_texts[WRITE_STATEMENTS] = {
    [WRITE_SITE] = "INSERT INTO sites (site, valid_from, district, grid, body) VALUES (?, ?, ?, ?, ?)"
                   " ON CONFLICT (site, valid_from) DO UPDATE SET"
                   " district = excluded.district, grid = excluded.grid, body = excluded.body",
    [WRITE_DEVICE] =
        "INSERT INTO devices (site, device, gateway, profile, measurement, serial, calibrated, interval_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (site, device) DO UPDATE SET"
        " gateway = excluded.gateway, profile = excluded.profile, measurement = excluded.measurement,"
        " serial = excluded.serial, calibrated = excluded.calibrated, interval_ms = excluded.interval_ms",
    [WRITE_GATEWAY] =
        "INSERT INTO gateways (gateway, district, epoch, seq, newest_ts, heard_ms) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (gateway) DO UPDATE SET"
        " district = excluded.district, epoch = excluded.epoch, seq = excluded.seq,"
        " newest_ts = excluded.newest_ts, heard_ms = excluded.heard_ms",
    [WRITE_WINDOW] =
        "INSERT INTO windows (site, device, rule, from_ms, to_ms, district, grid, outcome, reason, coverage, measured,"
        " judged, limit_value, l5, l10, l50, l90, l95, lafmax, lafmin, sd, statutory)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (site, device, rule, from_ms) DO UPDATE SET"
        " to_ms = excluded.to_ms, district = excluded.district, grid = excluded.grid, outcome = excluded.outcome,"
        " reason = excluded.reason, coverage = excluded.coverage, measured = excluded.measured,"
        " judged = excluded.judged, limit_value = excluded.limit_value, l5 = excluded.l5, l10 = excluded.l10,"
        " l50 = excluded.l50, l90 = excluded.l90, l95 = excluded.l95, lafmax = excluded.lafmax,"
        " lafmin = excluded.lafmin, sd = excluded.sd, statutory = excluded.statutory",
    [WRITE_NOISE_DAY] = "INSERT INTO noise_days (site, device, day_ms, ld, ln, ldn, day_coverage, night_coverage)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT (site, device, day_ms) DO UPDATE SET"
                        " ld = excluded.ld, ln = excluded.ln, ldn = excluded.ldn,"
                        " day_coverage = excluded.day_coverage, night_coverage = excluded.night_coverage",
    [WRITE_USAGE] = "INSERT INTO usage_days (site, day_ms, covered_ms, fan_ms, both_ms) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (site, day_ms) DO UPDATE SET"
                    " covered_ms = excluded.covered_ms, fan_ms = excluded.fan_ms, both_ms = excluded.both_ms",
    [WRITE_MISSING] = "INSERT INTO missing (site, device, from_ms, to_ms, reason) VALUES (?, ?, ?, ?, ?)"
                      " ON CONFLICT (site, device, from_ms) DO UPDATE SET"
                      " to_ms = excluded.to_ms, reason = excluded.reason",
    [WRITE_FLAG] = "INSERT INTO flags (id, rev, flag, state, district, grid, site, device, gateway, since_ms, until_ms,"
                   " at_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                   " ON CONFLICT (id, rev) DO UPDATE SET"
                   " flag = excluded.flag, state = excluded.state, district = excluded.district, grid = excluded.grid,"
                   " site = excluded.site, device = excluded.device, gateway = excluded.gateway,"
                   " since_ms = excluded.since_ms, until_ms = excluded.until_ms, at_ms = excluded.at_ms,"
                   " body = excluded.body",
    [WRITE_CLEANING] =
        "INSERT INTO cleanings (id, site, cleaned_at, kind, cleaned_by, provider, note, actor, state, entered_at,"
        " verdict, evidence, photos) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET"
        " site = excluded.site, cleaned_at = excluded.cleaned_at, kind = excluded.kind,"
        " cleaned_by = excluded.cleaned_by, provider = excluded.provider, note = excluded.note,"
        " actor = excluded.actor, state = excluded.state, entered_at = excluded.entered_at,"
        " verdict = excluded.verdict, evidence = excluded.evidence, photos = excluded.photos",
    [WRITE_CASE] =
        "INSERT INTO cases (id, rev, family, site, district, grid, state, event, step, proposed, incidents, since_ms,"
        " at_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id, rev) DO UPDATE SET"
        " family = excluded.family, site = excluded.site, district = excluded.district, grid = excluded.grid,"
        " state = excluded.state, event = excluded.event, step = excluded.step, proposed = excluded.proposed,"
        " incidents = excluded.incidents, since_ms = excluded.since_ms, at_ms = excluded.at_ms, body = excluded.body",
    [WRITE_ENTRY] = "INSERT INTO entries (kind, id, rev, site, state, actor, at_ms, entered_at, body)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (kind, id, rev) DO UPDATE SET"
                    " site = excluded.site, state = excluded.state, actor = excluded.actor, at_ms = excluded.at_ms,"
                    " entered_at = excluded.entered_at, body = excluded.body",
    [WRITE_ALERT] = "INSERT INTO alerts (id, topic, payload, at_ms) VALUES (?, ?, ?, ?)",
    [WRITE_RETAINED] = "INSERT INTO retained (topic, payload, at_ms) VALUES (?, ?, ?)"
                       " ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, at_ms = excluded.at_ms",
    [WRITE_UNRETAINED] = "DELETE FROM retained WHERE topic = ?",
    [WRITE_LINE] = "INSERT INTO lines (id, line) VALUES (?, ?)",
    [WRITE_ANSWER] = "INSERT INTO answers (request, body) VALUES (?, ?)"
                     " ON CONFLICT (request) DO UPDATE SET body = excluded.body",
    [WRITE_STATE] = "INSERT INTO states (key, bytes) VALUES (?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes",
    [WRITE_STATE_GONE] = "DELETE FROM states WHERE key = ?",
    [WRITE_POSITION] = "INSERT INTO position (id, seq, head, fold_version, last_alert, last_line)"
                       " VALUES (1, ?, ?, ?, ?, ?)"
                       " ON CONFLICT (id) DO UPDATE SET"
                       " seq = excluded.seq, head = excluded.head, fold_version = excluded.fold_version,"
                       " last_alert = excluded.last_alert, last_line = excluded.last_line",
    [WRITE_ALERTS_GONE] = "DELETE FROM alerts WHERE id <= ?",
    [WRITE_LINES_GONE] = "DELETE FROM lines WHERE id <= ?",
    [WRITE_BEGIN] = "BEGIN",
    [WRITE_COMMIT] = "COMMIT",
};

const char *const ledger_read_texts[READ_STATEMENTS] = {
    [READ_POSITION] = "SELECT seq, head, fold_version, last_alert, last_line FROM position WHERE id = 1",
    [READ_STATES] = "SELECT key, bytes FROM states ORDER BY key",
    [READ_ANSWER] = "SELECT body FROM answers WHERE request = ?",
    [READ_ALERT] = "SELECT id, topic, payload, at_ms FROM alerts WHERE id > ? ORDER BY id LIMIT 1",
    [READ_LINE] = "SELECT id, line FROM lines WHERE id > ? ORDER BY id LIMIT 1",
    [READ_RETAINED] = "SELECT topic, payload, at_ms FROM retained WHERE topic > ? ORDER BY topic LIMIT 1",
    [READ_SITES] = "SELECT body FROM sites AS s WHERE valid_from = COALESCE("
                   "(SELECT MAX(valid_from) FROM sites WHERE site = s.site AND valid_from <= ?),"
                   " (SELECT MIN(valid_from) FROM sites WHERE site = s.site)) ORDER BY site",
    [READ_VERSIONS] = "SELECT body FROM sites ORDER BY site, valid_from",
    [READ_SITE_VERSIONS] = "SELECT body FROM sites WHERE site = ? ORDER BY valid_from",
    [READ_DEVICES] = "SELECT site, device, gateway, profile, measurement, serial, calibrated, interval_ms FROM devices"
                     " ORDER BY site, device",
    [READ_SITE_DEVICES] = "SELECT site, device, gateway, profile, measurement, serial, calibrated, interval_ms"
                          " FROM devices WHERE site = ? ORDER BY device",
    [READ_GATEWAYS] = "SELECT gateway, district, epoch, seq, newest_ts, heard_ms FROM gateways ORDER BY gateway",
    [READ_CLEANINGS] = "SELECT id, site, cleaned_at, kind, cleaned_by, provider, note, actor, state, entered_at,"
                       " verdict, evidence, photos FROM cleanings ORDER BY site, cleaned_at, id",
    [READ_SITE_CLEANINGS] = "SELECT id, site, cleaned_at, kind, cleaned_by, provider, note, actor, state, entered_at,"
                            " verdict, evidence, photos FROM cleanings WHERE site = ? ORDER BY cleaned_at, id",
    [READ_USAGE] = "SELECT site, day_ms, covered_ms, fan_ms, both_ms FROM usage_days"
                   " WHERE day_ms >= ? AND day_ms < ? ORDER BY site, day_ms",
    [READ_SITE_USAGE] = "SELECT site, day_ms, covered_ms, fan_ms, both_ms FROM usage_days"
                        " WHERE day_ms >= ? AND day_ms < ? AND site = ? ORDER BY day_ms",
    [READ_MISSING] = "SELECT site, device, from_ms, to_ms, reason FROM missing"
                     " WHERE to_ms > ? AND from_ms < ? ORDER BY site, device, from_ms",
    [READ_SITE_MISSING] = "SELECT site, device, from_ms, to_ms, reason FROM missing"
                          " WHERE to_ms > ? AND from_ms < ? AND site = ? ORDER BY device, from_ms",
    [READ_FLAGS] = "SELECT id, rev, flag, state, district, grid, site, device, gateway, since_ms, until_ms, at_ms, body"
                   " FROM flags AS f WHERE rev = (SELECT MAX(rev) FROM flags WHERE id = f.id)"
                   " AND (until_ms = 0 OR until_ms > ?) AND since_ms < ? ORDER BY since_ms, id",
    [READ_WINDOWS] = "SELECT site, device, rule, from_ms, to_ms, district, grid, outcome, reason, coverage, measured,"
                     " judged, limit_value, l5, l10, l50, l90, l95, lafmax, lafmin, sd, statutory FROM windows"
                     " WHERE site = ? AND device = ? AND rule = ? AND from_ms > ? AND to_ms > ? AND from_ms < ?"
                     " ORDER BY from_ms",
    [READ_FIRST_WINDOW] = "SELECT MIN(from_ms) FROM windows WHERE site = ? AND device = ? AND rule = ?",
    [READ_CASES] = "SELECT id, rev, family, site, district, grid, state, event, step, proposed, incidents, since_ms,"
                   " at_ms, body FROM cases AS c WHERE rev = (SELECT MAX(rev) FROM cases WHERE id = c.id)"
                   " ORDER BY site, since_ms, id",
    [READ_SITE_CASES] = "SELECT id, rev, family, site, district, grid, state, event, step, proposed, incidents,"
                        " since_ms, at_ms, body FROM cases AS c"
                        " WHERE site = ? AND rev = (SELECT MAX(rev) FROM cases WHERE id = c.id) ORDER BY since_ms, id",
    [READ_CASE_EVENTS] = "SELECT id, rev, family, site, district, grid, state, event, step, proposed, incidents,"
                         " since_ms, at_ms, body FROM cases WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id, rev",
    [READ_OLDEST_CASE] = "SELECT since_ms, id FROM cases AS c WHERE rev = (SELECT MAX(rev) FROM cases WHERE id = c.id)"
                         " AND state <> 'closed' ORDER BY since_ms, id LIMIT 1",
    [READ_CHECK] = "PRAGMA integrity_check(1)",
    [READ_ENTRIES] = "SELECT kind, id, rev, site, state, actor, at_ms, entered_at, body FROM entries AS e"
                     " WHERE kind = ? AND at_ms >= ? AND at_ms < ?"
                     " AND rev = (SELECT MAX(rev) FROM entries WHERE kind = e.kind AND id = e.id)"
                     " ORDER BY at_ms, id",
    [READ_SITE_ENTRIES] = "SELECT kind, id, rev, site, state, actor, at_ms, entered_at, body FROM entries AS e"
                          " WHERE kind = ? AND at_ms >= ? AND at_ms < ? AND site = ?"
                          " AND rev = (SELECT MAX(rev) FROM entries WHERE kind = e.kind AND id = e.id)"
                          " ORDER BY at_ms, id",
    [READ_BEGIN] = "BEGIN",
    [READ_ALL_CASES] = "SELECT * FROM cases ORDER BY id, rev",
    [READ_ALL_CLEANINGS] = "SELECT * FROM cleanings ORDER BY id",
    [READ_ALL_DEVICES] = "SELECT * FROM devices ORDER BY site, device",
    [READ_ALL_ENTRIES] = "SELECT * FROM entries ORDER BY kind, id, rev",
    [READ_ALL_FLAGS] = "SELECT * FROM flags ORDER BY id, rev",
    [READ_ALL_GATEWAYS] = "SELECT * FROM gateways ORDER BY gateway",
    [READ_ALL_MISSING] = "SELECT * FROM missing ORDER BY site, device, from_ms",
    [READ_ALL_NOISE_DAYS] = "SELECT * FROM noise_days ORDER BY site, device, day_ms",
    [READ_ALL_SITES] = "SELECT * FROM sites ORDER BY site, valid_from",
    [READ_ALL_USAGE_DAYS] = "SELECT * FROM usage_days ORDER BY site, day_ms",
    [READ_ALL_WINDOWS] = "SELECT * FROM windows ORDER BY site, device, rule, from_ms",
};

/* Sorted by name. */
const struct ledger_table ledger_tables[] = {
    {"cases", READ_ALL_CASES},           {"cleanings", READ_ALL_CLEANINGS},   {"devices", READ_ALL_DEVICES},
    {"entries", READ_ALL_ENTRIES},       {"flags", READ_ALL_FLAGS},           {"gateways", READ_ALL_GATEWAYS},
    {"missing", READ_ALL_MISSING},       {"noise_days", READ_ALL_NOISE_DAYS}, {"sites", READ_ALL_SITES},
    {"usage_days", READ_ALL_USAGE_DAYS}, {"windows", READ_ALL_WINDOWS},       {NULL, READ_STATEMENTS},
};
