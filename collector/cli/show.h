/* show: JSON as text for a terminal: scalars a line each, objects of objects and lists of objects as tables. */
#ifndef QUIETAIR_CLI_SHOW_H
#define QUIETAIR_CLI_SHOW_H

#include "collector/cli/cli.h"
#include "common/json.h"

/* Of an object, or a list of objects (one table).  Instants of this century, in ms, are shown as civil time. */
void show_json(const struct json *, struct buf *out, bool colour);

/* The JSON text to stdout, as it is or (without --json) shown; frees it; the exit status. */
int show_print(const struct cli *, struct buf *json);

#endif
