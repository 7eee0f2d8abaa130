#include "firmware-gateway/tail.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_BACK = 64 }; /* records behind the first that tells a time: one set back may stand at the end */

static bool span_of(struct span *s, const struct frame *f)
{
    *s = (struct span){.oldest = INT64_MAX};
    snprintf(s->boot, sizeof s->boot, "%s", f->boot ? f->boot : "");
    for (size_t i = 0; i < f->reading_count; i++) {
        int64_t at = f->readings[i].boot ? f->readings[i].mono : f->readings[i].ts;
        s->oldest = at < s->oldest ? at : s->oldest;
        s->newest = at > s->newest ? at : s->newest;
    }
    if (f->kind == FRAME_GAP)
        s->oldest = s->newest = f->until;
    return f->reading_count || f->kind == FRAME_GAP;
}

bool span_read(struct span *s, const char *bytes, size_t length)
{
    struct frame *f = frame_open(bytes, length, NULL);
    bool any = f && span_of(s, f);
    frame_close(f);
    return any;
}

static void keep_known(struct tail *t, int64_t ms)
{
    t->known_ms = ms > t->known_ms ? ms : t->known_ms;
}

static void see_boot(struct tail *t, const struct span *s, uint64_t seq)
{
    if (!*t->boot) {
        memcpy(t->boot, s->boot, sizeof t->boot);
        t->last = seq;
    }
    if (strcmp(t->boot, s->boot) != 0) {
        t->untold = true;
        return;
    }
    t->first = seq;
    t->mono_ms = s->newest > t->mono_ms ? s->newest : t->mono_ms;
}

void tail_read(struct tail *t, struct journal *j, uint64_t upto)
{
    struct journal_reader *reader = journal_reader_new(j);
    struct journal_record rec;
    char repaired[BOOT_SIZE] = "";
    int64_t offset = 0;
    int further = LOOK_BACK;
    *t = (struct tail){0};
    for (uint64_t n = upto; n >= journal_first(j) && n && further; n--) {
        struct span s;
        struct frame *f = journal_read(reader, n, &rec) == 1 ? frame_open(rec.bytes, rec.length, NULL) : NULL;
        if (f && f->kind == FRAME_TIME) {
            snprintf(repaired, sizeof repaired, "%s", f->time.boot);
            offset = f->time.offset;
        } else if (f && span_of(&s, f)) {
            if (!*s.boot || strcmp(s.boot, repaired) == 0)
                keep_known(t, s.newest + (*s.boot ? offset : 0));
            else if (!t->known_ms)
                see_boot(t, &s, n);
        }
        further -= t->known_ms != 0;
        frame_close(f);
    }
    journal_reader_free(reader);
}

struct moment tail_newest(const struct tail *t)
{
    return *t->boot ? (struct moment){t->mono_ms, t->boot} : (struct moment){t->known_ms, NULL};
}
