#include "collector/rules/draw_list.h"
#include "common/err.h"

#include <stdlib.h>
#include <string.h>

static bool read_lot(const struct json *node, struct lot *lot)
{
    lot->weight = 1;
    if (json_text(node, &lot->name))
        return true;
    return json_text(json_member(node, "site"), &lot->name) && json_int64(json_member(node, "weight"), &lot->weight) &&
           lot->weight >= 1 && lot->weight <= 1 << 30;
}

static bool read_lots(const struct json *list, struct lot **lots, size_t *count)
{
    *count = json_count(list);
    *lots = xcalloc(*count + 1, sizeof **lots);
    bool good = json_is_list(list);
    for (size_t i = 0; i < *count && good; i++)
        good = read_lot(json_at(list, i), &(*lots)[i]) && (!i || strcmp((*lots)[i - 1].name, (*lots)[i].name) < 0);
    return good;
}

static bool read_wanted(const struct json *body, const char *key, size_t count, size_t *wanted)
{
    int64_t n;
    if (!json_int64(json_member(json_member(body, "wanted"), key), &n) || n < 0 || (uint64_t)n > count)
        return false;
    *wanted = (size_t)n;
    return true;
}

bool draw_list_read(struct draw_list *l, const struct json *body)
{
    *l = (struct draw_list){0};
    bool good = read_lots(json_member(body, "candidates"), &l->sites, &l->site_count);
    good &= read_lots(json_member(body, "officer_list"), &l->officers, &l->officer_count);
    return good && read_wanted(body, "sites", l->site_count, &l->sites_wanted) &&
           read_wanted(body, "officers", l->officer_count, &l->officers_wanted);
}

void draw_list_free(struct draw_list *l)
{
    free(l->sites);
    free(l->officers);
    *l = (struct draw_list){0};
}

struct hash draw_list_hash(const struct draw_list *l)
{
    struct buf text = buf_growing();
    buf_print(&text, "draw %zu %zu\n", l->sites_wanted, l->officers_wanted);
    for (size_t i = 0; i < l->site_count; i++)
        buf_print(&text, "site %s %lld\n", l->sites[i].name, (long long)l->sites[i].weight);
    for (size_t i = 0; i < l->officer_count; i++)
        buf_print(&text, "officer %s\n", l->officers[i].name);
    struct hash h = hash_of(text.data, text.length);
    buf_free(&text);
    return h;
}

static void put_drawn(struct buf *out, const struct hash *seed, const char *label, const struct lot *lots, size_t count,
                      size_t wanted)
{
    size_t *picks = xcalloc(wanted + 1, sizeof *picks);
    lottery_draw(seed, label, lots, count, wanted, picks);
    buf_print(out, "\"%ss\":[", label);
    for (size_t i = 0; i < wanted; i++) {
        buf_text(out, i ? "," : "");
        buf_json(out, lots[picks[i]].name);
    }
    buf_char(out, ']');
    free(picks);
}

void draw_list_draw(const struct draw_list *l, const struct hash *seed, struct buf *out)
{
    put_drawn(out, seed, "site", l->sites, l->site_count, l->sites_wanted);
    buf_char(out, ',');
    put_drawn(out, seed, "officer", l->officers, l->officer_count, l->officers_wanted);
}

/* ---- verifying --------------------------------------------------------------------------------------------------- */

static void compare(const char *key, const struct json *said, const struct json *drawn, struct buf *differs)
{
    const char *a, *b;
    if (json_count(said) != json_count(drawn))
        buf_print(differs, "%s: %zu are said to be drawn, %zu are\n", key, json_count(said), json_count(drawn));
    for (size_t i = 0; i < json_count(drawn); i++) {
        if (json_text(json_at(drawn, i), &a) && json_text(json_at(said, i), &b) && strcmp(a, b) != 0)
            buf_print(differs, "%s, number %zu: said to be %s, drawn is %s\n", key, i + 1, b, a);
    }
}

static void verify_result(const struct draw_list *l, const struct json *body, const struct hash *seed,
                          struct buf *differs)
{
    static const char *const keys[] = {"sites", "officers"};
    struct buf text = buf_growing();
    buf_char(&text, '{');
    draw_list_draw(l, seed, &text);
    buf_char(&text, '}');
    struct json *drawn = json_open(text.data, text.length, NULL);
    for (size_t i = 0; i < 2; i++)
        compare(keys[i], json_member(body, keys[i]), json_member(drawn, keys[i]), differs);
    json_close(drawn);
    buf_free(&text);
}

void draw_list_verify(const struct json *body, struct buf *differs)
{
    struct draw_list l;
    struct hash seed;
    char hex[HASH_HEX];
    const char *said = "", *seed_text = "";
    json_text(json_member(body, "list_sha256"), &said);
    json_text(json_member(body, "seed"), &seed_text);
    if (!draw_list_read(&l, body)) {
        buf_text(differs, "its lists cannot be read\n");
    } else {
        struct hash h = draw_list_hash(&l);
        hash_hex(&h, hex);
        if (strcmp(hex, said) != 0)
            buf_print(differs, "list_sha256: announced was %s, the list has %s\n", said, hex);
        if (hash_parse(&seed, seed_text))
            verify_result(&l, body, &seed, differs);
        else
            buf_text(differs, "seed: there is none that can be read\n");
    }
    draw_list_free(&l);
}
