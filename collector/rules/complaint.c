#include "collector/rules/complaint.h"
#include "collector/rules/entry.h"
#include "collector/rules/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 4000 };

static const char *const subjects[] = {"noise", "fume", "other", NULL};

bool complaint_add(struct fold *f, const struct command *c, struct buf *answer)
{
    const char *site, *text;
    int64_t at;
    int about;
    if (!entry_place(f, c, &site, &at, answer) || !entry_choice(c, "about", subjects, &about, answer) ||
        !entry_text(c, "text", TEXT_BYTES, &text, answer))
        return false;
    if (about < 0)
        return command_refuse(answer, "about is missing: noise, fume or other");
    if (!*text)
        return command_refuse(answer, "text is missing: what was complained of");
    struct entry *e = entry_new(f, "complaint", c, site, at);
    struct buf facts = buf_growing();
    entry_put_text(&facts, "about", subjects[about]);
    entry_put_text(&facts, "text", text);
    entry_put_text(&facts, "identity", strcmp(command_text(c, "identity", ""), "kept") == 0 ? "kept" : "none");
    free(e->facts);
    e->facts = facts.data; /* on the heap: the entry's now */
    snprintf(e->state, sizeof e->state, "open");
    entry_tell(f, e, c->actor);
    buf_print(answer, "{\"id\":\"%s\",\"site\":\"%s\",\"state\":\"open\"}", e->id, site);
    return true;
}

static struct entry *find(const struct fold *f, const struct command *c, struct buf *answer)
{
    const char *id = command_text(c, "id", "");
    struct entry *e = entry_find(f, "complaint", id);
    if (!e)
        command_refuse(answer, "complaint %s: not known", id);
    return e;
}

/* The next revision says this as well. */
static void add(struct fold *f, struct entry *e, const struct command *c, const char *members, struct buf *answer)
{
    struct buf facts = buf_growing();
    buf_print(&facts, "%s%s", e->facts, members);
    free(e->facts);
    e->facts = facts.data;
    entry_tell(f, e, c->actor);
    buf_print(answer, "{\"id\":\"%s\",\"site\":\"%s\",\"state\":\"%s\"}", e->id, e->site, e->state);
}

bool complaint_close(struct fold *f, const struct command *c, struct buf *answer)
{
    const char *result;
    struct entry *e = find(f, c, answer);
    if (!e || !entry_text(c, "result", TEXT_BYTES, &result, answer))
        return false;
    if (strcmp(e->state, "open") != 0)
        return command_refuse(answer, "complaint %s: is closed already", e->id);
    if (!*result)
        return command_refuse(answer, "result is missing: what came of it");
    struct buf members = buf_growing();
    entry_put_text(&members, "result", result);
    entry_put_text(&members, "closed_by", c->actor);
    buf_print(&members, ",\"closed_at\":%lld", (long long)f->time);
    snprintf(e->state, sizeof e->state, "closed");
    add(f, e, c, members.data, answer);
    buf_free(&members);
    return true;
}

bool complaint_erase(struct fold *f, const struct command *c, struct buf *answer)
{
    char members[48];
    struct entry *e = find(f, c, answer);
    if (!e)
        return false;
    if (strstr(e->facts, ",\"erased\":")) /* quotes in texts are escaped: this is a member */
        return command_refuse(answer, "complaint %s: its identity was erased already", e->id);
    snprintf(members, sizeof members, ",\"erased\":%lld", (long long)f->time);
    add(f, e, c, members, answer);
    return true;
}
