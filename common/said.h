/* said: which words were said lately, so that the same cause is logged once and not with each retry.  Pure. */
#ifndef QUIETAIR_SAID_H
#define QUIETAIR_SAID_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SAID_KEPT = 6, SAID_LENGTH = 160 };

struct said { /* zeroed: nothing yet */
    char words[SAID_KEPT][SAID_LENGTH];
    unsigned count;
};

/* True the first time since said_clear.  After SAID_KEPT different ones everything counts as said: silence is kinder
 * than a log that fills a disk. */
static inline bool said_first(struct said *s, const char *words)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strncmp(s->words[i], words, SAID_LENGTH - 1) == 0)
            return false;
    if (s->count == SAID_KEPT)
        return false;
    snprintf(s->words[s->count++], SAID_LENGTH, "%.*s", SAID_LENGTH - 1, words);
    return true;
}

static inline void said_clear(struct said *s)
{
    s->count = 0;
}

#endif
