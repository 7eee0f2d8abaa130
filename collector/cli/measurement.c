/* quietair measurement add | review | list */
#include "collector/cli/args.h"
#include "collector/cli/cli.h"
#include "collector/cli/pick.h"

static const struct cli_option add_options[] = {
    {"site", "ID", true, "the site"},
    {"at", "DATE", true, "when: YYYY-MM-DD or YYYY-MM-DDTHH:MM"},
    {"kind", "KIND", false, "noise (default) or fume"},
    {"value", "NUMBER", false, "noise: LAeq in dB(A); fume: mg/m3 at reference air volume"},
    {"values", "LIST", false, "fume: a run such as 2.1;1.9;2.4;2.2;2.0"},
    {"instrument", "TEXT", false, "model and number (noise: mandatory)"},
    {"class", "1|2", false, "of the sound level meter (noise: mandatory)"},
    {"calibration-before", "NUMBER", false, "calibrator reading before, dB"},
    {"calibration-after", "NUMBER", false, "and after"},
    {"officers", "A;B", true, "who measured, two names"},
    {"wind", "NUMBER", false, "m/s"},
    {"rain", "yes|no", false, "rain, snow or thunder"},
    {"background", "NUMBER", false, "background level, dB(A)"},
    {"position", "PLACE", false, "boundary, window, indoor …; default: the site's"},
    {"band", "day|night", false, "default: by the time"},
    {"case", "ID", false, "the case that it is made for"},
    {"reviewed-by", "NAME", false, "a second or third person"},
    {"note", "TEXT", false, "anything else"},
    {NULL, NULL, false, NULL},
};

static int add(const struct cli *cli, const char *argument)
{
    (void)argument;
    return args_ask(cli, "measurement add", add_options, NULL, NULL);
}

const struct cli_verb verb_measurement_add = {
    .name = "measurement add",
    .help = "enter an on-site measurement or a sample",
    .options = add_options,
    .run = add,
};

static int review(const struct cli *cli, const char *id)
{
    return args_ask(cli, "measurement review", args_review, "id", id);
}

const struct cli_verb verb_measurement_review = {
    .name = "measurement review",
    .argument = "ID",
    .help = "enter that a valid measurement was reviewed",
    .options = args_review,
    .run = review,
};

static int list(const struct cli *cli, const char *argument)
{
    static const char *const keys[] = {"id",    "site",    "at",       "quantity",    "value", "correction", "judged",
                                       "limit", "outcome", "officers", "reviewed_by", "state", "invalid",    NULL};
    (void)argument;
    return pick_entries(cli, "measurement", cli->values[0], keys);
}

const struct cli_verb verb_measurement_list = {
    .name = "measurement list",
    .help = "the measurements entered, by time",
    .options = pick_of_site,
    .run = list,
};
