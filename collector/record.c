#include "collector/record.h"
#include "common/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[RECORD_KINDS] = {"frame", "command", "config", "presence", "tick",
                                                "start", "stop",    "link",   "repair",   "skip"};

void record_write(struct buf *b, enum record_kind kind, int64_t receipt_ms, const char *head, size_t head_length,
                  const void *body, size_t body_length)
{
    buf_print(b, "%s %lld %zu\n", kinds[kind], (long long)receipt_ms, head_length);
    buf_bytes(b, head, head_length);
    buf_char(b, '\n');
    buf_bytes(b, body, body_length);
}

static bool read_kind(const char *word, enum record_kind *kind)
{
    for (int k = 0; k < RECORD_KINDS; k++) {
        *kind = (enum record_kind)k;
        if (strcmp(word, kinds[k]) == 0)
            return true;
    }
    return false;
}

/* `KIND RECEIPT HEADLENGTH`, which is cut at the first blank. */
static bool read_line(char *line, struct record *r)
{
    char *receipt = strchr(line, ' '), *head, *end;
    if (!receipt)
        return false;
    *receipt++ = 0;
    r->receipt_ms = strtoll(receipt, &head, 10);
    r->head_length = strtoull(head, &end, 10);
    return head != receipt && end != head && !*end && read_kind(line, &r->kind);
}

int record_read(struct record *out, const void *bytes, size_t length)
{
    const char *text = bytes, *line_end = memchr(bytes, '\n', length < 80 ? length : 80);
    char line[81];
    struct record r = {0};
    if (!line_end)
        return ERR_SYNTAX;
    size_t at = (size_t)(line_end - text);
    memcpy(line, text, at);
    line[at++] = 0;
    if (!read_line(line, &r) || r.head_length >= length || at + r.head_length >= length ||
        text[at + r.head_length] != '\n')
        return ERR_SYNTAX;
    r.head = text + at;
    r.body = r.head + r.head_length + 1;
    r.body_length = length - at - r.head_length - 1;
    *out = r;
    return 0;
}

/* The head of a frame: a line each for topic, district and gateway, marks, what a repair repairs, and each permit. */
void judged_write(struct buf *b, const struct judged *j)
{
    buf_print(b, "topic %s\nfrom %s %s\nmarks %s", j->topic, j->district, j->gateway, j->marks ? j->marks : "");
    if (j->repairs)
        buf_print(b, "\ntime %llu %lld", (unsigned long long)j->repairs, (long long)j->offset);
    for (size_t i = 0; i < j->permit_count; i++) {
        const struct permit *p = &j->permits[i];
        buf_print(b, "\ndevice %s %s %s %s %s %s", p->device, *p->site ? p->site : "-",
                  *p->district ? p->district : "-", *p->measurement ? p->measurement : "-",
                  *p->refused ? p->refused : "-", *p->bits ? p->bits : "-");
    }
}

/* The next word of the line, into a field it must fit; "-" is the empty text.  False: there is none, or it is too long.
 */
static bool take_word(const char **line, char *out, size_t size)
{
    const char *from = *line + strspn(*line, " ");
    size_t length = strcspn(from, " ");
    if (!length || length >= size)
        return false;
    *line = from + length;
    length = length == 1 && *from == '-' ? 0 : length;
    memcpy(out, from, length);
    out[length] = 0;
    return true;
}

static bool judged_device(struct judged *j, const char *words)
{
    struct permit *p = &j->permits[j->permit_count++];
    return take_word(&words, p->device, sizeof p->device) && take_word(&words, p->site, sizeof p->site) &&
           take_word(&words, p->district, sizeof p->district) &&
           take_word(&words, p->measurement, sizeof p->measurement) &&
           take_word(&words, p->refused, sizeof p->refused) &&
           (!*words || take_word(&words, p->bits, sizeof p->bits)); /* records of old have none */
}

static bool judged_time(struct judged *j, const char *words)
{
    char *rest, *end;
    j->repairs = strtoull(words, &rest, 10);
    j->offset = strtoll(rest, &end, 10);
    return j->repairs && end != rest && !*end;
}

/* NULL: the line does not begin so. */
static const char *behind(const char *line, const char *name)
{
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 ? line + length : NULL;
}

static bool judged_line(struct judged *j, const char *line)
{
    const char *rest;
    if ((rest = behind(line, "device ")))
        return judged_device(j, rest);
    if ((rest = behind(line, "topic ")))
        return take_word(&rest, j->topic, sizeof j->topic);
    if ((rest = behind(line, "from ")))
        return take_word(&rest, j->district, sizeof j->district) && take_word(&rest, j->gateway, sizeof j->gateway);
    if ((rest = behind(line, "time ")))
        return judged_time(j, rest);
    if (!(rest = behind(line, "marks ")))
        return false;
    free(j->marks);
    j->marks = xstrdup(rest);
    return true;
}

static size_t lines_of(const char *text, size_t length)
{
    size_t lines = 1;
    for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

int judged_read(struct judged *j, const char *head, size_t length)
{
    *j = (struct judged){.permits = xcalloc(lines_of(head, length), sizeof *j->permits)};
    char *text = xstrndup(head, length), *rest = text;
    bool good = true;
    for (char *line; good && (line = strsep(&rest, "\n"));)
        good = judged_line(j, line);
    free(text);
    if (good && j->marks && *j->topic)
        return 0;
    judged_free(j);
    return ERR_SYNTAX;
}

struct frame *judged_open(struct judged *j, const struct record *r)
{
    bool repair = r->kind == RECORD_REPAIR;
    if ((r->kind != RECORD_FRAME && !repair) || judged_read(j, r->head, r->head_length) != 0)
        return NULL;
    struct frame *f = repair == (j->repairs != 0) ? frame_open(r->body, r->body_length, NULL) : NULL;
    if (f && repair)
        frame_repair(f, j->offset);
    if (!f)
        judged_free(j);
    return f;
}

void judged_free(struct judged *j)
{
    free(j->permits);
    free(j->marks);
    *j = (struct judged){0};
}

const struct permit *judged_permit(const struct judged *j, const char *device)
{
    if (!device)
        return NULL;
    for (size_t i = 0; i < j->permit_count; i++)
        if (strcmp(j->permits[i].device, device) == 0)
            return &j->permits[i];
    return NULL;
}
