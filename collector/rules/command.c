#include "collector/rules/command.h"
#include "collector/rules/audit.h"
#include "collector/rules/case_verb.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/closing.h"
#include "collector/rules/complaint.h"
#include "collector/rules/draw.h"
#include "collector/rules/evidence.h"
#include "collector/rules/inspection.h"
#include "collector/rules/measurement.h"
#include "collector/rules/memory.h"
#include "collector/rules/register.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True: *answer is the result, an object.  False: the refusal, from command_refuse. */
static const struct verb {
    const char *name;
    bool (*run)(struct fold *, const struct command *, struct buf *answer);
} verbs[] = {
    {"site import", register_import},
    {"site close", closing_command},
    {"cleaning add", cleaning_add},
    {"case confirm", case_confirm},
    {"case dismiss", case_dismiss},
    {"case serve", case_serve},
    {"case close", case_close},
    {"measurement add", measurement_add},
    {"measurement review", measurement_review},
    {"inspection add", inspection_add},
    {"inspection review", inspection_review},
    {"complaint add", complaint_add},
    {"complaint close", complaint_close},
    {"complaint erase", complaint_erase},
    {"audit issue", audit_issue},
    {"draw", draw_command},
};

const char *command_text(const struct command *c, const char *key, const char *otherwise)
{
    const char *text = otherwise;
    json_text(json_member(c->args, key), &text);
    return text;
}

bool command_refuse(struct buf *answer, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    buf_clear(answer);
    buf_text(answer, "{\"ok\":false,\"error\":");
    buf_json(answer, text ? text : "");
    buf_char(answer, '}');
    free(text);
    return false;
}

static void run(struct fold *f, const char *name, const struct command *c, struct buf *answer)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        struct buf result = buf_growing();
        bool done = verbs[i].run(f, c, &result);
        buf_print(answer, done ? "{\"ok\":true,\"result\":%s}" : "%s", result.data);
        buf_free(&result);
        return;
    }
    command_refuse(answer, "unknown command %s", name);
}

void command_record(struct fold *f, const struct record *r)
{
    const char *verb = "";
    struct command c = {.id = "", .actor = ""};
    struct json *root = json_open(r->body, r->body_length, NULL);
    json_text(json_member(root, "id"), &c.id);
    json_text(json_member(root, "actor"), &c.actor);
    json_text(json_member(root, "verb"), &verb);
    c.args = json_member(root, "args");
    if (*c.id) { /* else nobody waits for an answer */
        struct buf answer = buf_growing();
        run(f, verb, &c, &answer);
        const struct sink *out = fold_out(f);
        out->answer(out->ctx, c.id, answer.data);
        buf_free(&answer);
    }
    json_close(root);
}
