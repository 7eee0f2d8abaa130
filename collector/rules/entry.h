/* entry: what people enter beside cleanings: measurements, inspections, complaints.  Pure.
 *
 * An entry is never edited: a review, an end, an erasure is its next revision, which says all that was said before and
 * adds to it.  It is remembered for two years after it came in (Administrative Penalty Law, art. 36: what is not found
 * within two years is not penalised), a complaint at least until it is closed.
 */
#ifndef QUIETAIR_RULES_ENTRY_H
#define QUIETAIR_RULES_ENTRY_H

#include "collector/rules/command.h"
#include "collector/rules/pack.h"
#include "collector/rules/store.h"

struct fold;

enum { ENTRY_NAME = 64, ENTRY_TEXT = 1000 }; /* bytes, with NUL */

struct entry {
    struct item item; /* entry/SITE/ID */
    char kind[16], id[17], site[ID_SIZE];
    char state[16]; /* measurement, inspection: invalid valid reviewed; complaint: open closed */
    int rev;
    int64_t at, entered;
    int about, proves;      /* bit per enum case_family: what it speaks of, and what it shows to be broken */
    char first[ENTRY_NAME]; /* the first officer, who cannot review it */
    char *why;              /* of invalid, in words; else "" */
    char *facts;            /* JSON members, each with a comma before it; grows with each revision */
};

/* The id: first 16 hex digits of SHA-256 of `kind|request`; the identity of a complainant is filed under it. */
void entry_id(char out[static 17], const char *kind, const char *request);

struct entry *entry_new(struct fold *, const char *kind, const struct command *, const char *site, int64_t at);
struct entry *entry_find(const struct fold *, const char *kind, const char *id); /* NULL: not remembered */
void entry_tell(struct fold *, struct entry *, const char *actor);               /* its next revision */
void entry_tick(struct fold *, int64_t now);

/* ---- reading what was asked -------------------------------------------------------------------------------------- */

/* `site`, which must be in the register, and `at`, which must not lie in the future.  False: refused. */
bool entry_place(const struct fold *, const struct command *, const char **site, int64_t *at, struct buf *answer);
/* A number, as such or as text; absent: NAN.  False: refused. */
bool entry_number(const struct command *, const char *key, double *x, struct buf *answer);
/* One of these words (NULL ends); absent: -1.  False: refused. */
bool entry_choice(const struct command *, const char *key, const char *const *words, int *choice, struct buf *answer);
/* A text of at most so many bytes.  False: refused. */
bool entry_text(const struct command *, const char *key, size_t most, const char **text, struct buf *answer);

/* `,"key":…` for the facts: what is not given is left out. */
void entry_put_text(struct buf *, const char *key, const char *text);
void entry_put_number(struct buf *, const char *key, double x);

struct item *entry_make(struct fold *, const char *key);
void entry_pack(struct pack *, struct entry *);
void entry_free(struct item *);

#endif
