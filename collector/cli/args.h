/* args: the options of a verb as the args of its request, and the request itself. */
#ifndef QUIETAIR_CLI_ARGS_H
#define QUIETAIR_CLI_ARGS_H

#include "collector/cli/cli.h"

/* Asks the collector for `verb` with the options that were given, as texts ("calibration-before" is called
 * calibration_before), and with the argument under `key` (NULL: the verb has none); prints the result.  The exit
 * status. */
int args_ask(const struct cli *, const char *verb, const struct cli_option *, const char *key, const char *argument);

extern const struct cli_option args_review[]; /* of `measurement review` and `inspection review` */

#endif
