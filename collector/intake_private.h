/* intake_private: what the files of intake share.
 *
 * intake.c judges a payload and applies a record as a whole, by intake_order.c (is it next?), intake_content.c (what in
 * it may count?) and intake_sites.c (what does the register say?);
 * intake_base.c saves all that.
 */
#ifndef QUIETAIR_INTAKE_PRIVATE_H
#define QUIETAIR_INTAKE_PRIVATE_H

#include "collector/held.h"
#include "collector/intake.h"
#include "collector/site.h"

struct device {
    char name[ID_SIZE], site[ID_SIZE], measurement[ID_SIZE];
    bool present; /* named by the newest hello */
    int64_t newest_ts;
    char *units; /* JSON object */
    char bits[sizeof(((struct permit *)0)->bits)];
};

struct stream { /* one epoch of one gateway */
    char epoch[EPOCH_SIZE];
    uint64_t last;
    struct {
        uint64_t seq;
        struct hash hash;
    } heads[INTAKE_HEADS]; /* by seq modulo; seq 0: empty */
};

struct gateway {
    char district[ID_SIZE], name[ID_SIZE];
    struct stream **streams;
    size_t stream_count, newest; /* index of the stream that spoke last */
    struct device *devices;
    size_t device_count;
    int64_t heard_ms;
    struct held held;
};

struct intake {
    char root[128];
    struct gateway **gateways; /* sorted by name */
    size_t gateway_count;
    struct site *sites; /* all versions, sorted by id and valid_from_ms, which is always given */
    size_t site_count;
    char (*listed)[ID_SIZE]; /* gateways that some version in force lists, sorted */
    size_t listed_count;
    int64_t listed_from, listed_until; /* that is so from … until before */
    size_t owing;                      /* gateways of which frames are owed */
};

/* intake.c */
struct gateway *intake_gateway(const struct intake *, const char *name); /* NULL: it has never been heard */
struct gateway *intake_gateway_get(struct intake *, const char *name);   /* made if it is not there */

/* intake_order.c; a stream that is not there (NULL) stands at 0 */
struct stream *intake_stream(const struct gateway *, const char *epoch);
enum intake_verdict intake_judge_order(const struct stream *, const struct frame *, const char *payload, size_t length);
void intake_apply_order(struct gateway *, const struct frame *, const char *payload, size_t length);

/* intake_sites.c */
/* The version in force; NULL: none. */
const struct site *intake_site(const struct intake *, const char *id, int64_t now);
bool intake_knows(struct intake *, const char *gateway, int64_t now); /* does a version in force list it? */
void intake_put_site(struct intake *, const struct site *version);
void intake_apply_sites(struct intake *, const struct record *command); /* of another verb: nothing happens */

/* intake_content.c: marks and permits of a frame are put into judged */
void intake_judge_content(const struct intake *, struct gateway *, const struct frame *, int64_t receipt_ms,
                          struct judged *);
void intake_judge_repaired(struct gateway *, const struct frame *, int64_t receipt_ms, struct judged *);
void intake_apply_hello(struct gateway *, const struct frame *);
void intake_apply_readings(struct gateway *, const struct frame *, const struct judged *);

#endif
