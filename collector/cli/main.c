/* quietair: the clerk's and the integrator's command. */
#include "collector/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_verb *const verbs[] = {
    &verb_site_import,
    &verb_site_list,
    &verb_site_show,
    &verb_site_close,
    &verb_cleaning_add,
    &verb_cleaning_list,
    &verb_case_list,
    &verb_case_show,
    &verb_case_confirm,
    &verb_case_dismiss,
    &verb_case_serve,
    &verb_case_close,
    &verb_measurement_add,
    &verb_measurement_review,
    &verb_measurement_list,
    &verb_inspection_add,
    &verb_inspection_review,
    &verb_inspection_list,
    &verb_complaint_add,
    &verb_complaint_list,
    &verb_complaint_show,
    &verb_complaint_close,
    &verb_complaint_erase,
    &verb_audit_weekly,
    &verb_audit_issue,
    &verb_report_quarterly,
    &verb_draw_list,
    &verb_draw_show,
    &verb_draw_verify,
    &verb_draw,
    &verb_dump,
    &verb_status,
    &verb_tick,
    &verb_verify,
    &verb_replay,
    &verb_backup,
    &verb_restore,
    NULL,
};

static const char default_config[] = "/etc/quietair/collector.ini";

/* ---- saying things ----------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list args)
{
    fputs("quietair: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_FAILED;
}

int cli_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    fputs("`quietair --help` lists the verbs, `quietair VERB --help` the options of one.\n", stderr);
    return CLI_USAGE;
}

void cli_print_faults(const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        cli_fail("%s", faults->text[i]);
}

int cli_print(struct buf *text)
{
    bool failed = fwrite(text->data, 1, text->length, stdout) != text->length || fflush(stdout) != 0;
    buf_free(text);
    return failed ? cli_fail("standard output: %s", strerror(errno)) : CLI_DONE;
}

int cli_print_to(const char *path, struct buf *text)
{
    if (!path)
        return cli_print(text);
    FILE *file = fopen(path, "wbe");
    bool failed = !file || fwrite(text->data, 1, text->length, file) != text->length;
    if (file && fclose(file) != 0)
        failed = true;
    buf_free(text);
    return failed ? cli_fail("%s: %s", path, strerror(errno)) : CLI_DONE;
}

static void print_options(const struct cli_option *options)
{
    for (; options && options->name; options++) {
        char both[64];
        snprintf(both, sizeof both, "--%s %s", options->name, options->value ? options->value : "");
        printf("  %-22s %s%s%s\n", both, options->help, options->mandatory ? " (mandatory)" : "",
               options->many ? " (may be given again)" : "");
    }
}

static void print_common_options(void)
{
    printf("  -c, --config FILE      collector.ini (default %s)\n"
           "  --actor NAME           in whose name things are entered (default: the login name)\n"
           "  --json                 JSON instead of a table\n"
           "  --help, --version\n"
           "Exit status: 0 done, 1 failed, 2 usage, 3 faults in the configuration.\n",
           default_config);
}

static void print_help(void)
{
    printf("Usage: quietair [-c FILE] VERB…\n\n");
    for (const struct cli_verb *const *v = verbs; *v; v++) {
        char call[64];
        snprintf(call, sizeof call, "%s %s", (*v)->name, (*v)->argument ? (*v)->argument : "");
        printf("  %-22s %s\n", call, (*v)->help);
    }
    printf("\n");
    print_common_options();
}

static void print_verb_help(const struct cli_verb *v)
{
    printf("Usage: quietair [-c FILE] %s%s%s [OPTION…]\n%s\n\n", v->name, v->argument ? " " : "",
           v->argument ? v->argument : "", v->help);
    print_options(v->options);
    print_common_options();
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum { COMMON_CONFIG = 'c', COMMON_ACTOR = 0x100, COMMON_JSON, COMMON_HELP, COMMON_VERSION, VERB_OPTION };
enum { COMMON_COUNT = 5 };

static const struct option common[COMMON_COUNT] = {
    {"config", required_argument, NULL, COMMON_CONFIG}, {"actor", required_argument, NULL, COMMON_ACTOR},
    {"json", no_argument, NULL, COMMON_JSON},           {"help", no_argument, NULL, COMMON_HELP},
    {"version", no_argument, NULL, COMMON_VERSION},
};

struct command_line {
    const char *config;
    const struct cli_verb *verb; /* NULL: none yet */
    bool help, version;
};

static bool take_value(struct cli *cli, const struct cli_option *option, int index, const char *value)
{
    cli->values[index] = value;
    if (!option->many)
        return true;
    if (cli->given_count == CLI_GIVEN) {
        cli_fail("--%s: given more than %d times", option->name, CLI_GIVEN);
        return false;
    }
    cli->given[cli->given_count++] = (struct cli_given){index, value};
    return true;
}

const char *cli_next(const struct cli *cli, int option, size_t *at)
{
    while (*at < cli->given_count && cli->given[*at].option != option)
        ++*at;
    return *at < cli->given_count ? cli->given[(*at)++].value : NULL;
}

/* The common options and those of the verb, up to the first word that is none (`+`).  False: said what is wrong. */
static bool read_options(int argc, char **argv, struct command_line *line, struct cli *cli)
{
    struct option known[COMMON_COUNT + CLI_OPTIONS + 1] = {0};
    const struct cli_option *own = line->verb ? line->verb->options : NULL;
    memcpy(known, common, sizeof common);
    for (int i = 0; own && own[i].name; i++)
        known[COMMON_COUNT + i] =
            (struct option){own[i].name, own[i].value ? required_argument : no_argument, NULL, VERB_OPTION + i};
    for (int c; (c = getopt_long(argc, argv, "+c:", known, NULL)) != -1;) {
        if (c == COMMON_CONFIG)
            line->config = optarg;
        else if (c == COMMON_ACTOR)
            cli->actor = optarg;
        else if (c == COMMON_JSON)
            cli->json = true;
        else if (c == COMMON_HELP)
            line->help = true;
        else if (c == COMMON_VERSION)
            line->version = true;
        else if (c < VERB_OPTION || !take_value(cli, &own[c - VERB_OPTION], c - VERB_OPTION, optarg ? optarg : ""))
            return false; /* it has been said why */
    }
    return true;
}

/* The verb whose one or two words stand at `words`; how many they are. */
static const struct cli_verb *find_verb(char **words, int count, int *taken)
{
    char two[128];
    snprintf(two, sizeof two, "%s %s", words[0], count > 1 ? words[1] : "");
    for (const struct cli_verb *const *v = verbs; *v; v++) {
        *taken = strchr((*v)->name, ' ') ? 2 : 1;
        if (strcmp((*v)->name, *taken == 2 ? two : words[0]) == 0)
            return *v;
    }
    return NULL;
}

/* The options of a verb stand before and after its argument.  CLI_DONE, or an exit status after having said why. */
static int read_verb(int argc, char **argv, struct command_line *line, struct cli *cli, const char **argument)
{
    int taken;
    line->verb = find_verb(argv + optind, argc - optind, &taken);
    if (!line->verb)
        return cli_usage("%s%s%s: no such verb", argv[optind], optind + 1 < argc ? " " : "",
                         optind + 1 < argc ? argv[optind + 1] : "");
    optind += taken;
    for (;;) {
        if (!read_options(argc, argv, line, cli))
            return cli_usage("%s: wrong options", line->verb->name);
        if (optind >= argc)
            break;
        if (*argument || !line->verb->argument)
            return cli_usage("%s: one word too many: %s", line->verb->name, argv[optind]);
        *argument = argv[optind++];
    }
    if (line->help || line->version)
        return CLI_DONE;
    if (line->verb->argument && !*argument)
        return cli_usage("%s: %s is missing", line->verb->name, line->verb->argument);
    for (int i = 0; line->verb->options && line->verb->options[i].name; i++) {
        if (line->verb->options[i].mandatory && !cli->values[i])
            return cli_usage("%s: --%s is missing", line->verb->name, line->verb->options[i].name);
    }
    return CLI_DONE;
}

/* ---- around a verb ----------------------------------------------------------------------------------------------- */

struct ledger *cli_ledger(const struct cli *cli)
{
    struct ledger *l;
    struct fault f;
    int code = ledger_open(&l, cli->settings.state_dir, LEDGER_READ, &f);
    if (code) {
        cli_fail("%s%s", f.text, code == ERR_MISSING ? ": the collector has not run yet" : "");
        return NULL;
    }
    if (ledger_freeze(l) != 0) {
        cli_ledger_failed(l);
        return NULL;
    }
    return l;
}

int cli_ledger_failed(struct ledger *l)
{
    cli_fail("the ledger: %s", ledger_error(l));
    ledger_close(l);
    return CLI_FAILED;
}

static const char *login_name(void)
{
    static char number[32];
    const struct passwd *user = getpwuid(getuid());
    if (user)
        return user->pw_name;
    snprintf(number, sizeof number, "uid-%u", (unsigned)getuid());
    return number;
}

static int load_settings(struct cli *cli, const char *path)
{
    struct faults faults = {0};
    int code = collector_settings_place(&cli->settings, path, &faults);
    cli_print_faults(&faults);
    faults_free(&faults);
    return code ? CLI_FAULTS : CLI_DONE;
}

int main(int argc, char **argv)
{
    struct cli cli = {.colour = isatty(STDOUT_FILENO)};
    struct command_line line = {.config = default_config};
    const char *argument = NULL;
    if (!read_options(argc, argv, &line, &cli))
        return cli_usage("wrong options");
    if (optind < argc) {
        int code = read_verb(argc, argv, &line, &cli, &argument);
        if (code)
            return code;
    } else if (!line.help && !line.version) {
        return cli_usage("a verb is missing");
    }
    if (line.version) {
        puts("quietair " QUIETAIR_VERSION);
        return CLI_DONE;
    }
    if (line.help) {
        if (line.verb)
            print_verb_help(line.verb);
        else
            print_help();
        return CLI_DONE;
    }
    if (!cli.actor)
        cli.actor = login_name();
    int code = load_settings(&cli, line.config);
    if (!code)
        code = line.verb->run(&cli, argument);
    collector_settings_free(&cli.settings);
    return code;
}
