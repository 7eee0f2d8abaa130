/* What the lines reader passed over, because the journal no longer holds it: on record before the reader goes on. */
#include "collector/collector_private.h"
#include "common/json.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>

void skips_record(struct collector *c)
{
    uint64_t from, to;
    char text[192];
    if (!c->writer || !writer_skipping(c->writer, &from, &to) || to <= c->skip_to)
        return;
    from = from > c->skip_to ? from : c->skip_to + 1;
    const char *why = to < journal_first(c->journal) ? "deleted" : "damaged";
    snprintf(text, sizeof text, "{\"reader\":\"lines\",\"from\":%llu,\"to\":%llu,\"records\":%llu,\"why\":\"%s\"}",
             (unsigned long long)from, (unsigned long long)to, (unsigned long long)(to - from + 1), why);
    append_words(c, RECORD_SKIP, text);
    log_warn("lines", "records %llu to %llu are not held any more (%s): their readings are missing in the time series",
             (unsigned long long)from, (unsigned long long)to, why);
    c->skip_to = to;
    c->skipped += to - from + 1;
}

void skips_recorded(struct collector *c)
{
    if (c->writer && c->skip_to && !c->failed)
        writer_skip(c->writer, c->skip_to);
}

uint64_t skip_read(const struct record *r, uint64_t *to)
{
    int64_t n = 0, last = 0;
    struct json *body = r->kind == RECORD_SKIP ? json_open(r->body, r->body_length, NULL) : NULL;
    json_int64(json_member(body, "records"), &n);
    json_int64(json_member(body, "to"), &last);
    json_close(body);
    if (last > 0 && (uint64_t)last > *to)
        *to = (uint64_t)last;
    return n > 0 ? (uint64_t)n : 0;
}
