/* The sites in all their versions, and the gateways that the versions in force list. */
#include "collector/intake_private.h"
#include "common/json.h"

#include <stdlib.h>
#include <string.h>

/* Where the version of this site from this moment on is, or would stand. */
static size_t site_place(const struct intake *in, const char *id, int64_t from)
{
    size_t low = 0, high = in->site_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(in->sites[middle].id, id);
        if (order < 0 || (order == 0 && in->sites[middle].valid_from_ms < from))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct site *site_at(const struct intake *in, size_t at, const char *id)
{
    return at < in->site_count && strcmp(in->sites[at].id, id) == 0 ? &in->sites[at] : NULL;
}

const struct site *intake_site(const struct intake *in, const char *id, int64_t now)
{
    size_t after = site_place(in, id, now + 1);
    const struct site *in_force = after ? site_at(in, after - 1, id) : NULL;
    return in_force ? in_force : site_at(in, after, id); /* before the first the first */
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The gateways of all versions that are in force now, and from when until when that is so. */
static void list_gateways(struct intake *in, int64_t now)
{
    in->listed = xrealloc(in->listed, in->site_count * SITE_GATEWAYS * sizeof *in->listed);
    in->listed_count = 0;
    in->listed_from = INT64_MIN;
    in->listed_until = INT64_MAX;
    for (size_t i = 0; i < in->site_count; i++) {
        const struct site *s = &in->sites[i];
        if (s->valid_from_ms <= now && s->valid_from_ms > in->listed_from)
            in->listed_from = s->valid_from_ms;
        if (s->valid_from_ms > now && s->valid_from_ms < in->listed_until)
            in->listed_until = s->valid_from_ms;
        for (size_t k = 0; k < s->gateway_count && intake_site(in, s->id, now) == s; k++)
            strcpy(in->listed[in->listed_count++], s->gateways[k]);
    }
    qsort(in->listed, in->listed_count, sizeof *in->listed, by_text);
}

bool intake_knows(struct intake *in, const char *gateway, int64_t now)
{
    if (in->site_count && (now < in->listed_from || now >= in->listed_until))
        list_gateways(in, now);
    return in->listed_count && bsearch(gateway, in->listed, in->listed_count, sizeof *in->listed, by_text);
}

void intake_put_site(struct intake *in, const struct site *version)
{
    size_t at = site_place(in, version->id, version->valid_from_ms);
    const struct site *same = site_at(in, at, version->id);
    if (!same || same->valid_from_ms != version->valid_from_ms) {
        in->sites = xrealloc(in->sites, (in->site_count + 1) * sizeof *in->sites);
        memmove(in->sites + at + 1, in->sites + at, (in->site_count++ - at) * sizeof *in->sites);
    }
    in->sites[at] = *version;
    in->listed_until = in->listed_from; /* listed anew when it is asked for */
}

/* As the register takes it (rules/register.c): what changes nothing is no version. */
static void take_row(struct intake *in, const struct site *row, int64_t now)
{
    struct site s = *row;
    s.valid_from_ms = row->valid_from_ms ? row->valid_from_ms : now;
    const struct site *known = intake_site(in, s.id, s.valid_from_ms);
    if (known && row->valid_from_ms && row->valid_from_ms < known->valid_from_ms)
        known = NULL;
    if (known && !row->valid_from_ms && !s.closed_ms)
        s.closed_ms = known->closed_ms;
    if (!known || !site_equal(known, &s))
        intake_put_site(in, &s);
}

void intake_apply_sites(struct intake *in, const struct record *r)
{
    struct json *root = json_open(r->body, r->body_length, NULL);
    const char *verb = "", *csv = NULL;
    struct site *rows = NULL;
    size_t count = 0;
    struct faults faults = {0};
    json_text(json_member(root, "verb"), &verb);
    json_text(json_member(json_member(root, "args"), "csv"), &csv);
    if (strcmp(verb, "site import") == 0 && csv && site_csv_read(csv, strlen(csv), &rows, &count, &faults) == 0)
        for (size_t i = 0; i < count; i++)
            take_row(in, &rows[i], r->receipt_ms);
    free(rows);
    faults_free(&faults);
    json_close(root);
}
