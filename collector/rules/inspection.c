#include "collector/rules/inspection.h"
#include "collector/rules/entry.h"
#include "collector/rules/evidence.h"
#include "collector/rules/memory.h"

#include <string.h>

static const struct question {
    const char *key;
    enum case_family family; /* `no` shows what this family is about */
} questions[] = {{"installed", FAMILY_INSTALL}, {"in_use", FAMILY_PURIFIER}, {"cleaned", FAMILY_CLEANING}};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static bool read_answers(const struct command *c, struct entry *e, struct buf *facts, struct buf *answer)
{
    static const char *const yes[] = {"no", "yes", NULL}, *const results[] = {"ok", "fault", NULL};
    int result, said;
    if (!entry_choice(c, "result", results, &result, answer))
        return false;
    if (result < 0)
        return command_refuse(answer, "result is missing: ok or fault");
    entry_put_text(facts, "result", results[result]);
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (!entry_choice(c, questions[i].key, yes, &said, answer))
            return false;
        if (said < 0)
            continue;
        entry_put_text(facts, questions[i].key, yes[said]);
        e->about |= 1 << questions[i].family;
        e->proves |= said ? 0 : 1 << questions[i].family;
        if (!said && !result)
            return command_refuse(answer, "result ok: does not go with %s no", questions[i].key);
    }
    return true;
}

bool inspection_add(struct fold *f, const struct command *c, struct buf *answer)
{
    const char *site, *note, *draw;
    int64_t at;
    struct entry draft = {0};
    struct buf facts = buf_growing(), why = buf_growing();
    bool good = entry_place(f, c, &site, &at, answer) && read_answers(c, &draft, &facts, answer) &&
                entry_text(c, "note", ENTRY_TEXT, &note, answer) && entry_text(c, "draw", ENTRY_NAME, &draw, answer) &&
                evidence_officers(&draft, c, &facts, &why, answer);
    if (good) {
        struct entry *e = entry_new(f, "inspection", c, site, at);
        memcpy(e->first, draft.first, sizeof e->first);
        e->about = draft.about;
        e->proves = draft.proves;
        entry_put_text(&facts, "draw", draw);
        entry_put_text(&facts, "note", note);
        evidence_tell(f, e, c, &facts, &why, answer);
    }
    buf_free(&facts);
    buf_free(&why);
    return good;
}
