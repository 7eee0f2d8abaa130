/* history: plays weeks of a street into a running collector, as a gateway of its own.  docs/history.md.
 *
 * Step by step, from tick to tick and from command to command: what the meters said up to an instant stands in the
 * collector's journal before the tick of that instant does, and the fold has passed the tick before anything later is
 * sent.  So the journal is in the order of its times, and the same history gives the same ledger, whatever is killed
 * meanwhile: what was not answered is asked again.
 */
#ifndef QUIETAIR_SIM_HISTORY_H
#define QUIETAIR_SIM_HISTORY_H

#include "collector/settings.h"
#include "tests/sim/past.h"

struct history_settings {
    const struct collector_settings *collector; /* clock = journal */
    const char *district, *gateway;
    int64_t until_ms;
};

struct history_figures {
    uint64_t readings, errors, frames, ticks, commands; /* readings: good ones */
    uint64_t unreached;                                 /* commands of the scenario behind the end */
};

int history_play(struct past *, const struct history_settings *, struct history_figures *, struct fault *);
/* `quietair-sim history …`: the exit status. */
int history_main(int argc, char **argv);

#endif
