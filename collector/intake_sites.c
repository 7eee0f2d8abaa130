/* The sites in their newest versions, and the gateways that they list. */
#include "collector/intake_private.h"
#include "common/json.h"

#include <stdlib.h>
#include <string.h>

static size_t site_place(const struct intake *in, const char *id)
{
    size_t low = 0, high = in->site_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(in->sites[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct site *intake_site(const struct intake *in, const char *id)
{
    size_t at = site_place(in, id);
    return at < in->site_count && strcmp(in->sites[at].id, id) == 0 ? &in->sites[at] : NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Does some site list it? */
bool intake_knows(const struct intake *in, const char *gateway)
{
    return in->listed_count && bsearch(gateway, in->listed, in->listed_count, sizeof *in->listed, by_text);
}

void intake_list_gateways(struct intake *in)
{
    size_t room = 0;
    for (size_t i = 0; i < in->site_count; i++)
        room += in->sites[i].gateway_count;
    in->listed = xrealloc(in->listed, room * sizeof *in->listed);
    in->listed_count = 0;
    for (size_t i = 0; i < in->site_count; i++)
        for (size_t k = 0; k < in->sites[i].gateway_count; k++)
            strcpy(in->listed[in->listed_count++], in->sites[i].gateways[k]);
    qsort(in->listed, in->listed_count, sizeof *in->listed, by_text);
}

void intake_put_site(struct intake *in, const struct site *row)
{
    size_t at = site_place(in, row->id);
    if (at == in->site_count || strcmp(in->sites[at].id, row->id) != 0) {
        in->sites = xrealloc(in->sites, (in->site_count + 1) * sizeof *in->sites);
        memmove(in->sites + at + 1, in->sites + at, (in->site_count++ - at) * sizeof *in->sites);
    }
    in->sites[at] = *row;
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
            intake_put_site(in, &rows[i]);
    intake_list_gateways(in);
    free(rows);
    faults_free(&faults);
    json_close(root);
}
