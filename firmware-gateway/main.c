/* quietair-gateway: polls meters, journals what they said, and sends it to the collector until it says it has it. */
#include "common/log.h"
#include "common/sdnotify.h"
#include "common/service.h"
#include "firmware-gateway/gateway.h"
#include "firmware-gateway/once.h"

#include <getopt.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_FAULTS = 3 };

static const char help[] = "usage: quietair-gateway -c FILE [--check] [--once [--json]]\n"
                           "  -c, --config FILE  gateway.ini\n"
                           "      --check        say all that is wrong with it, print the plan, exit 0 or 3\n"
                           "      --once         poll each device once, print a table, publish nothing\n"
                           "      --json         … as JSON, for programs\n"
                           "      --help, --version\n";

static int load(struct gateway_settings *set, const char *path)
{
    struct faults faults = {0};
    int r = gateway_settings_load(set, path, &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.text[i]);
    faults_free(&faults);
    return r;
}

static int print_plan(const struct gateway_settings *set)
{
    struct buf b = buf_growing();
    plan_print(set, &b);
    fputs(b.data, stdout);
    buf_free(&b);
    return EXIT_DONE;
}

static int run(struct gateway_settings *set)
{
    struct fault f = {0};
    service_begin();
    sdnotify_begin();
    if (gateway_run(set, &f) == 0)
        return EXIT_DONE;
    log_error("gateway", "%s", f.text);
    return EXIT_FAILED;
}

/* Workers take no memory per poll: heaps of their own would lie idle.  What a stall of the disk or the broker takes
 * goes back to the system: set by hand, glibc's thresholds stay as they are (mallopt(3); else they grow with what is
 * freed). */
static void keep_heap_small(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 32 * 1024);
    mallopt(M_TOP_PAD, 4 * 1024);
}

int main(int argc, char **argv)
{
    enum { CHECK = 256, ONCE, JSON, HELP, VERSION };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, CHECK},
                                            {"once", no_argument, NULL, ONCE},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {0}};
    const char *path = NULL;
    bool json = false;
    int what = 0, option;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == '?')
            return fputs(help, stderr), EXIT_USAGE;
        else if (option == JSON)
            json = true;
        else
            what = option;
    }
    if (what == HELP)
        return fputs(help, stdout), EXIT_DONE;
    if (what == VERSION)
        return puts("quietair-gateway " QUIETAIR_VERSION), EXIT_DONE;
    if (!path || optind < argc || (json && what != ONCE))
        return fputs(help, stderr), EXIT_USAGE;
    if (sodium_init() < 0)
        return EXIT_FAILED;
    keep_heap_small();

    struct gateway_settings set = {0};
    int status = EXIT_FAULTS;
    if (load(&set, path) == 0)
        status = what == CHECK ? print_plan(&set) : what == ONCE ? once_print(&set, json) : run(&set);
    gateway_settings_free(&set);
    return status;
}
