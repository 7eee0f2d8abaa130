#include "collector/rules/register.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/command.h"
#include "collector/rules/fold.h"
#include "collector/rules/install.h"
#include "collector/rules/late.h"
#include "collector/rules/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FAULTS_SHOWN = 100 };

static void tell_site(struct fold *f, const struct site *s)
{
    const struct sink *out = fold_out(f);
    out->site(out->ctx, s);
}

static void put_version(struct place *p, const struct site *s)
{
    size_t at = 0;
    while (at < p->count && p->versions[at].valid_from_ms < s->valid_from_ms)
        at++;
    if (at == p->count || p->versions[at].valid_from_ms != s->valid_from_ms) {
        p->versions = xrealloc(p->versions, (p->count + 1) * sizeof *p->versions);
        memmove(p->versions + at + 1, p->versions + at, (p->count - at) * sizeof *p->versions);
        p->count++;
    }
    p->versions[at] = *s;
}

/* What is known of the moment that a row speaks of; NULL: nothing.  A row without a date speaks of now, and before the
 * first version the first holds. */
static const struct site *known_version(const struct place *p, const struct site *row, int64_t now)
{
    if (!p->count || (row->valid_from_ms && row->valid_from_ms < p->versions[0].valid_from_ms))
        return NULL;
    return place_at(p, row->valid_from_ms ? row->valid_from_ms : now);
}

void register_put(struct fold *f, struct place *p, const struct site *s)
{
    struct site version = *s;
    version.imported_ms = p->imported_ms;
    put_version(p, &version);
    touch(f, &p->item);
    tell_site(f, &version);
}

enum change { ADDED, CHANGED, UNCHANGED, CHANGES };

void fold_hindsight(struct fold *f, const struct site *versions, size_t count)
{
    f->hindsight = versions;
    f->hindsight_count = count;
}

/* A replay with hindsight: the site's versions as they came to be known, with its first import. */
static enum change take_known(struct fold *f, struct place *p)
{
    if (p->count)
        return UNCHANGED;
    p->imported_ms = f->time;
    for (size_t i = 0; i < f->hindsight_count; i++) {
        if (strcmp(f->hindsight[i].id, p->id) == 0)
            register_put(f, p, &f->hindsight[i]);
    }
    return ADDED;
}

static enum change take_row(struct fold *f, const struct command *c, const struct site *row, struct buf *late)
{
    struct site s = *row;
    struct place *p = place_get(f, s.id);
    bool new = !p->count;
    if (f->hindsight)
        return take_known(f, p);
    const struct site *known = known_version(p, row, f->time);
    if (known && !s.valid_from_ms && !s.closed_ms)
        s.closed_ms = known->closed_ms;
    if (known && site_equal(known, &s))
        return UNCHANGED;
    if (!s.valid_from_ms)
        s.valid_from_ms = f->time;
    if (new)
        p->imported_ms = f->time;
    else if (row->valid_from_ms)
        late_note(f, c, p, &s, late);
    register_put(f, p, &s);
    cleaning_changed(f, p);
    install_changed(f, p);
    case_changed(f, p);
    return new ? ADDED : CHANGED;
}

static void refuse(struct buf *answer, const struct faults *faults)
{
    size_t shown = faults->count < FAULTS_SHOWN ? faults->count : FAULTS_SHOWN;
    buf_clear(answer);
    buf_print(answer, "{\"ok\":false,\"error\":\"nothing was imported: %zu faults\",\"errors\":[", faults->count);
    for (size_t i = 0; i < shown; i++) {
        buf_text(answer, i ? "," : "");
        buf_json(answer, faults->text[i]);
    }
    buf_text(answer, "]}");
}

bool register_import(struct fold *f, const struct command *c, struct buf *answer)
{
    const char *csv = command_text(c, "csv", NULL);
    struct faults faults = {0};
    struct site *rows = NULL;
    size_t count = 0, changes[CHANGES] = {0};
    if (!csv)
        return command_refuse(answer, "csv is missing: the text of the file");
    bool good = site_csv_read(csv, strlen(csv), &rows, &count, &faults) == 0;
    struct buf late = buf_growing();
    for (size_t i = 0; good && i < count; i++)
        changes[take_row(f, c, &rows[i], &late)]++;
    if (good)
        buf_print(answer,
                  late.length ? "{\"added\":%zu,\"changed\":%zu,\"unchanged\":%zu,\"rows\":%zu,\"late\":[%s]}"
                              : "{\"added\":%zu,\"changed\":%zu,\"unchanged\":%zu,\"rows\":%zu%s}",
                  changes[ADDED], changes[CHANGED], changes[UNCHANGED], count, late.data);
    else
        refuse(answer, &faults);
    buf_free(&late);
    free(rows);
    faults_free(&faults);
    return good;
}
