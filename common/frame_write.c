/* Frames as text: the envelope, a reading, and a frame of our own framed anew. */
#include "common/frame.h"

#include <string.h>

void frame_begin(struct buf *b, const char *gateway, const char *epoch, uint64_t seq, const struct hash *before)
{
    char after[AFTER_HEX];
    hash_after(before, after);
    buf_text(b, "{\"v\":1,\"gateway\":\"");
    buf_text(b, gateway);
    buf_text(b, "\",\"epoch\":\"");
    buf_text(b, epoch);
    buf_text(b, "\",\"seq\":");
    buf_int(b, (int64_t)seq);
    buf_text(b, ",\"after\":\"");
    buf_text(b, after);
    buf_char(b, '"');
}

void frame_end(struct buf *b)
{
    buf_char(b, '}');
}

static void put_values(struct buf *b, const struct datum *values, size_t count)
{
    buf_char(b, '{');
    for (size_t i = 0; i < count; i++) {
        const struct value *v = &values[i].value;
        buf_text(b, i ? ",\"" : "\"");
        buf_text(b, values[i].metric);
        buf_text(b, "\":");
        if (v->kind == VALUE_TEXT)
            buf_json(b, v->text);
        else if (v->kind == VALUE_HUGE)
            buf_int(b, v->integer);
        else
            buf_number(b, v->number);
    }
    buf_char(b, '}');
}

static void put_why(struct buf *b, unsigned quality)
{
    static const char *const words[] = {"range", "stuck", "jump", "clock", "calibration"};
    const char *comma = "";
    buf_text(b, ",\"quality\":\"suspect\",\"why\":[");
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (quality & 1u << i) {
            buf_print(b, "%s\"%s\"", comma, words[i]);
            comma = ",";
        }
    buf_char(b, ']');
}

void frame_put_reading(struct buf *b, const struct reading *r)
{
    buf_text(b, "{\"device\":\"");
    buf_text(b, r->device);
    if (r->boot)
        buf_print(b, "\",\"boot\":\"%s\",\"mono\":", r->boot);
    else
        buf_text(b, "\",\"ts\":");
    buf_int(b, r->boot ? r->mono : r->ts);
    if (r->error) {
        buf_text(b, ",\"error\":");
        buf_json(b, r->error);
        if (r->slots)
            buf_print(b, ",\"from\":%lld,\"until\":%lld,\"slots\":%lld", (long long)r->from, (long long)r->until,
                      (long long)r->slots);
    } else {
        buf_text(b, ",\"values\":");
        put_values(b, r->values, r->value_count);
    }
    for (size_t i = 0; i < r->error_count; i++) {
        buf_print(b, "%s\"%s\":", i ? "," : ",\"errors\":{", r->errors[i].metric);
        buf_json(b, r->errors[i].error);
    }
    if (r->error_count)
        buf_char(b, '}');
    if (r->quality)
        put_why(b, r->quality);
    buf_char(b, '}');
}

bool frame_anew(struct buf *b, const char *payload, size_t length, const char *gateway, const char *epoch, uint64_t seq,
                const struct hash *before)
{
    static const char start[] = "{\"v\":1,\"gateway\":\"", turn[] = ",\"kind\":";
    static const char already[] = ",\"anew\":true";
    if (length < sizeof start || memcmp(payload, start, sizeof start - 1) != 0)
        return false;
    const char *rest =
        memmem(payload, length, turn, sizeof turn - 1); /* ids hold no quotes: the first one is the key */
    if (!rest)
        return false;
    frame_begin(b, gateway, epoch, seq, before);
    buf_text(b, already);
    buf_bytes(b, rest, length - (size_t)(rest - payload));
    return !b->overflow;
}
