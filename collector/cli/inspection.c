/* quietair inspection add | review | list */
#include "collector/cli/args.h"
#include "collector/cli/cli.h"
#include "collector/cli/pick.h"

static const struct cli_option add_options[] = {
    {"site", "ID", true, "the site"},
    {"at", "DATE", true, "when: YYYY-MM-DD or YYYY-MM-DDTHH:MM"},
    {"officers", "A;B", true, "who was there, two names"},
    {"result", "ok|fault", true, "what came of it"},
    {"installed", "yes|no", false, "is a purifier installed?"},
    {"in-use", "yes|no", false, "is it in use?"},
    {"cleaned", "yes|no", false, "is it clean?"},
    {"draw", "ID", false, "the draw that it belongs to"},
    {"reviewed-by", "NAME", false, "a second or third person"},
    {"note", "TEXT", false, "anything else"},
    {NULL, NULL, false, NULL},
};

static int add(const struct cli *cli, const char *argument)
{
    (void)argument;
    return args_ask(cli, "inspection add", add_options, NULL, NULL);
}

const struct cli_verb verb_inspection_add = {
    .name = "inspection add",
    .help = "enter an inspection on site",
    .options = add_options,
    .run = add,
};

static int review(const struct cli *cli, const char *id)
{
    return args_ask(cli, "inspection review", args_review, "id", id);
}

const struct cli_verb verb_inspection_review = {
    .name = "inspection review",
    .argument = "ID",
    .help = "enter that a valid inspection was reviewed",
    .options = args_review,
    .run = review,
};

static int list(const struct cli *cli, const char *argument)
{
    static const char *const keys[] = {"id",      "site",     "at",          "result", "installed", "in_use",
                                       "cleaned", "officers", "reviewed_by", "state",  "draw",      NULL};
    (void)argument;
    return pick_entries(cli, "inspection", cli->values[0], keys);
}

const struct cli_verb verb_inspection_list = {
    .name = "inspection list",
    .help = "the inspections entered, by time",
    .options = pick_of_site,
    .run = list,
};
