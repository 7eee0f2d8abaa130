#include "collector/audit/issue.h"
#include "common/civil.h"

#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, SHARE = 60 };

void issue_week(int64_t now, int64_t after, int back, struct weekly_settings *out)
{
    int64_t ended = now - after;
    out->until = civil_midnight(ended, 1 - civil_of(ended).weekday - 7 * back);
    out->from = civil_midnight(out->until, -7);
    civil_week_of(out->from, out->week);
}

bool issue_is_due(const struct issued *issued, const struct issue_check *last, bool behind, uint64_t seq, int64_t now)
{
    if (last->seq && (seq == last->seq || now < last->at + SHARE * last->took))
        return false;
    if (!issued->revision || (issued->behind && !behind))
        return true;
    return now >= issued->at + HOUR_MS;
}

void issue_digest(const struct weekly *w, char out[static HASH_HEX])
{
    struct weekly bare = *w;
    struct buf text = buf_growing();
    bare.settings.revision = 0;
    weekly_json(&text, &bare);
    struct hash h = hash_of(text.data, text.length);
    hash_hex(&h, out);
    buf_free(&text);
}

int issue_revision(const struct issued *issued, const char *digest)
{
    return issued->revision + (!issued->revision || strcmp(issued->sha256, digest) != 0);
}

void issue_request_id(const struct weekly *w, const char *digest, char out[static ISSUE_ID])
{
    snprintf(out, ISSUE_ID, "audit-%s-%d-%.32s", w->settings.week, w->settings.revision, digest);
}

/* The summaries travel as text: what is issued are these bytes. */
void issue_request(struct buf *args, const struct weekly *w, const char *digest)
{
    struct buf text = buf_growing();
    weekly_summary(&text, w);
    buf_print(args, "{\"week\":\"%s\",\"revision\":%d,\"sha256\":\"%s\",\"behind\":%zu,\"summary\":", w->settings.week,
              w->settings.revision, digest, w->behind_count);
    buf_json(args, text.data);
    buf_text(args, ",\"districts\":{");
    for (size_t i = 0; i < w->district_count; i++) {
        buf_clear(&text);
        weekly_district_summary(&text, w, &w->districts[i]);
        buf_print(args, "%s\"%s\":", i ? "," : "", w->districts[i].district);
        buf_json(args, text.data);
    }
    buf_text(args, "}}");
    buf_free(&text);
}
