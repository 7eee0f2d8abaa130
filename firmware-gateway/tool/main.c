/* quietair-bus: the installer's tool: who is on a bus, what do their registers say, does a profile fit, and live
 * values. */
#include "common/service.h"
#include "firmware-gateway/tool/tool.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: quietair-bus scan  LINE [--units 1-32] [--register holding:0]\n"
    "       quietair-bus read  LINE [--unit 1] [--register holding:0] [--count 1]\n"
    "       quietair-bus try   PROFILE LINE [--unit 1]\n"
    "       quietair-bus watch PROFILE LINE [--unit 1] [--interval 1s] [--rounds N]\n"
    "       quietair-bus watch --config gateway.ini [--rounds N]\n"
    "\n"
    "  scan   ask every unit for one register; an exception is an answer too\n"
    "  read   show registers in every plausible decoding, side by side\n"
    "  try    read all metrics of a profile once, as the gateway would\n"
    "  watch  live values with age, quality, answer time and errors\n"
    "\n"
    "LINE is one of\n"
    "  --device PATH [--baud 9600] [--parity none|even|odd] [--stop-bits 1|2] [--rs485 none|kernel|rts-up|rts-down]\n"
    "  --tcp HOST:PORT        Modbus TCP\n"
    "  --rtu-tcp HOST:PORT    a serial line behind a converter\n"
    "scan takes lists, --baud 9600,4800 (its usual) and --parity none,even, and tries them all.\n"
    "\n"
    "  --register TABLE:N     holding, input, coil or discrete; N from 0, decimal or 0x…\n"
    "  --timeout 500ms        until an answer begins; scan: 200ms\n"
    "  --profiles DIR         where profiles are, usual /usr/share/quietair/profiles\n"
    "  --json                 for programs\n"
    "  --help, --version\n"
    "Exit status: 0 done, 1 failed or nobody answered, 2 usage.  A serial line that another program uses is not "
    "touched.\n";

static const struct option options[] = {{"config", required_argument, NULL, TOOL_CONFIG},
                                        {"device", required_argument, NULL, TOOL_DEVICE},
                                        {"tcp", required_argument, NULL, TOOL_TCP},
                                        {"rtu-tcp", required_argument, NULL, TOOL_RTU_TCP},
                                        {"baud", required_argument, NULL, TOOL_BAUD},
                                        {"parity", required_argument, NULL, TOOL_PARITY},
                                        {"stop-bits", required_argument, NULL, TOOL_STOP_BITS},
                                        {"rs485", required_argument, NULL, TOOL_RS485},
                                        {"timeout", required_argument, NULL, TOOL_TIMEOUT},
                                        {"unit", required_argument, NULL, TOOL_UNIT},
                                        {"units", required_argument, NULL, TOOL_UNITS},
                                        {"register", required_argument, NULL, TOOL_REGISTER},
                                        {"count", required_argument, NULL, TOOL_COUNT},
                                        {"profiles", required_argument, NULL, TOOL_PROFILES},
                                        {"interval", required_argument, NULL, TOOL_INTERVAL},
                                        {"rounds", required_argument, NULL, TOOL_ROUNDS},
                                        {"json", no_argument, NULL, 'j'},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, 'v'},
                                        {0}};

/* What belongs to which verb, besides the line, the timeout and --json. */
static const struct verb {
    const char *name;
    int (*run)(const struct tool *);
    unsigned own;
    bool profile;
} verbs[] = {
    {"scan", tool_scan, 1u << TOOL_UNITS | 1u << TOOL_REGISTER, false},
    {"read", tool_read, 1u << TOOL_UNIT | 1u << TOOL_REGISTER | 1u << TOOL_COUNT, false},
    {"try", tool_try, 1u << TOOL_UNIT | 1u << TOOL_PROFILES, true},
    {"watch", tool_watch,
     1u << TOOL_UNIT | 1u << TOOL_PROFILES | 1u << TOOL_CONFIG | 1u << TOOL_INTERVAL | 1u << TOOL_ROUNDS, true},
};

static const unsigned of_all = 1u << TOOL_DEVICE | 1u << TOOL_TCP | 1u << TOOL_RTU_TCP | 1u << TOOL_BAUD |
                               1u << TOOL_PARITY | 1u << TOOL_STOP_BITS | 1u << TOOL_RS485 | 1u << TOOL_TIMEOUT;

static const unsigned beside_config = 1u << TOOL_CONFIG | 1u << TOOL_ROUNDS;

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    fprintf(stderr, "%s: expected scan, read, try or watch\n", name);
    return NULL;
}

static bool belongs(const struct verb *verb, const struct tool *t)
{
    for (int o = 0; o < TOOL_OPTIONS; o++) {
        if (t->values[o] && !((verb->own | of_all) & 1u << o)) {
            fprintf(stderr, "--%s does not belong to %s\n", options[o].name, verb->name);
            return false;
        }
        if (t->values[o] && t->values[TOOL_CONFIG] && !(beside_config & 1u << o)) {
            fprintf(stderr, "--%s does not belong beside --config: the file says it\n", options[o].name);
            return false;
        }
    }
    return true;
}

static int run(struct tool *t, int count, char **words)
{
    const struct verb *verb = count ? find_verb(words[0]) : NULL;
    int most = verb && verb->profile ? 2 : 1;
    if (!verb || !belongs(verb, t))
        return fputs(count ? "" : help, stderr), TOOL_USAGE;
    if (count > most)
        return fprintf(stderr, "%s: one word too many: %s\n", verb->name, words[most]), TOOL_USAGE;
    t->profile = count > 1 ? words[1] : NULL;
    service_begin();
    return verb->run(t);
}

int main(int argc, char **argv)
{
    struct tool t = {.colour = isatty(STDOUT_FILENO)};
    int option;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout), TOOL_DONE;
        if (option == 'v')
            return puts("quietair-bus " QUIETAIR_VERSION), TOOL_DONE;
        if (option == '?')
            return TOOL_USAGE;
        if (option == 'j')
            t.json = true;
        else
            t.values[option == 'c' ? TOOL_CONFIG : option] = optarg;
    }
    return run(&t, argc - optind, argv + optind);
}
