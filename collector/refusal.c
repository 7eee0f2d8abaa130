#include "collector/refusal.h"

#include <string.h>

const char *const refusal_reasons[REFUSALS] = {"unknown-device", "unknown-site", "not-permitted", "reading",
                                               "body",           "kind",         "status",        "now",
                                               "retained",       "request"};

static enum refusal why_of(const struct frame *f, size_t i, const struct judged *j)
{
    const struct permit *p = f->refused[i] ? NULL : judged_permit(j, f->readings[i].device);
    enum refusal why = 0;
    while (why < REFUSED_READING && (!p || strcmp(p->refused, refusal_reasons[why]) != 0))
        why++;
    return why;
}

void refusal_count(uint64_t counts[static REFUSALS], const struct frame *f, const struct judged *j)
{
    for (size_t i = 0; i < f->reading_count; i++)
        if (j->marks[i] == MARK_REFUSED)
            counts[why_of(f, i, j)]++;
    counts[REFUSED_BODY] += f->unread;
    counts[REFUSED_KIND] += f->kind == FRAME_OTHER && !f->unread;
}
