/* difference_private: what difference.c finds and difference_print.c shows. */
#ifndef QUIETAIR_DIFFERENCE_PRIVATE_H
#define QUIETAIR_DIFFERENCE_PRIVATE_H

#include "collector/audit/difference.h"

struct thing { /* a flag or a case as one side has it */
    char id[17], name[24], site[ID_SIZE], device[ID_SIZE], state[12], step[12];
    int64_t since, until;
    double judged, limit; /* of a flag, NAN: none */
    char *body;
};

struct things {
    struct thing *items;
    size_t count;
};

struct pair { /* of one id; NULL: that side has none */
    const struct thing *before, *after;
};

struct pairs { /* those that differ, by id */
    struct pair *items;
    size_t count, same;
};

struct window { /* as one side judged it */
    int64_t from, to;
    enum outcome outcome;
    char reason[16];
    double judged, limit;
};

struct windows {
    struct window *items;
    size_t count, capacity;
};

struct tally { /* of one device under one rule */
    char site[ID_SIZE], device[ID_SIZE], rule[16];
    size_t windows[2], exceeding[2], changed;
    int64_t exceeding_ms[2];
};

struct change { /* of one window; to 0: that side has none that begins there */
    size_t tally;
    struct window side[2];
};

struct difference {
    int64_t from, until;
    struct sink sinks[2];
    struct taker {
        struct difference *difference;
        enum side side;
    } takers[2];
    struct things flags[2], cases[2];
    struct pairs flag_pairs, case_pairs;
    struct windows windows[2]; /* under way */
    struct tally present;
    struct tally *tallies;
    struct change *changes;
    size_t tally_count, change_count, change_capacity, same_windows;
};

#endif
