/* conf_file: what conf.c (file to sections and keys), conf_scan.c (line by line) and conf_fill.c (keys to structs)
 * share. Nobody else includes it. */
#ifndef QUIETAIR_CONF_FILE_H
#define QUIETAIR_CONF_FILE_H

#include "common/buf.h"
#include "common/conf.h"

enum { CONF_NAME_LIMIT = 64 }; /* of a section's kind, its label, a key */

struct conf_entry {
    const char *key;
    const char *value; /* NULL: the line could not be read, and a fault has said so */
    int line;
};

struct conf_section {
    const char *title; /* "bus kitchen", as between the brackets */
    const char *kind, *label;
    int line;
    struct conf_entry *entries;
    size_t count;
};

struct conf {
    const char *name;
    const char *source;
    size_t length;
    struct conf_section *sections;
    size_t count;
    struct conf_pool *pool;
};

/* Memory that lives as long as the conf. */
void *conf_alloc(const struct conf *, size_t size);

/* Fills in sections and keys without their values; *clean is the text that iniparser may have, line for line. */
void conf_scan(struct conf *, const char *text, size_t length, struct buf *clean, struct faults *);
int conf_shown(const char *text, size_t length); /* how much of it a message quotes: whole characters */

const struct conf_entry *conf_entry(const struct conf *, int section, const char *key);

#endif
