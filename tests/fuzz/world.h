/* world: a collector without its shell, intake and fold in a row, told what happens line by line; time is its own.
 *
 *   F 60 gw-01 "kind":"readings",…    60 s later a frame of gw-01: what follows its envelope, which is made here
 *   C 0 {"id":…,"verb":…,"args":…}    a request
 *   P 0 {"gateway":…,"state":…}       what intake makes of a gateway's status
 *   L 0 {"state":"down"}              the collector's own link
 *   T 600                             a tick
 *   R 0                               saved, thrown away and restored
 * Other lines are passed over.
 */
#ifndef QUIETAIR_FUZZ_WORLD_H
#define QUIETAIR_FUZZ_WORLD_H

#include "collector/intake.h"
#include "collector/rules/fold.h"
#include "tests/fuzz/fuzz.h"

enum { WORLD_PIECES = 400 };

struct world_piece {
    char *key, *bytes;
    size_t length;
    bool key_lent, bytes_lent; /* the first world's, which stays */
};

struct world {
    struct fold *fold, *twin; /* twin: told the same, once world_twin was called */
    struct intake *intake;
    int64_t now;
    struct buf log, twin_log; /* all that left them */
    struct buf *out;          /* that of the two which is being told */
    uint64_t records;         /* frames that came */
    unsigned answers;
    struct world_piece pieces[WORLD_PIECES]; /* its memory, as saved */
    size_t piece_count;
};

/* Configured, with two sites and their gateways, ten minutes old, and with what `more` has told it (NULL: nothing),
 * which is asked once and must be the same each time. */
struct world *world_new(void (*more)(struct world *));
void world_free(struct world *);
void world_line(struct world *, const char *line, size_t length);
void world_restore(struct world *);
/* From now on another fold, which was restored from what this one saves, is told the same. */
void world_twin(struct world *);
/* The body must stay until the call returns. */
void world_record(struct world *, enum record_kind, const char *body, size_t length);

#endif
