/* command: what clerks and officers ask for, each request answered once.  Pure.
 *
 * A record's body is {"id","actor","verb","args"}.  The answer is {"ok":true,"result":{…}} or {"ok":false,"error":"…"},
 * for an import with "errors", one for each fault.  A verb is one function and one row of the table in command.c.
 */
#ifndef QUIETAIR_COMMAND_H
#define QUIETAIR_COMMAND_H

#include "collector/record.h"
#include "common/json.h"

struct fold;

struct command {
    const char *id, *actor;
    const struct json *args; /* NULL: none given */
};

void command_record(struct fold *, const struct record *);

/* A text of args: `otherwise` where it is absent. */
const char *command_text(const struct command *, const char *key, const char *otherwise);
/* {"ok":false,"error":…}; always false. */
bool command_refuse(struct buf *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
