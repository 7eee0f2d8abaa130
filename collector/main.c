/* quietair-collector: takes the gateways' readings in, judges them, keeps the ledger, feeds alerts and time series. */
#include "collector/calendars.h"
#include "collector/collector.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sdnotify.h"
#include "common/service.h"

#include <getopt.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_FAULTS = 3 };

static const char help[] = "usage: quietair-collector -c FILE [--check]\n"
                           "  -c, --config FILE  collector.ini\n"
                           "      --check        say all that is wrong with it; exit 0 or 3\n"
                           "      --help, --version\n";

/* A frame as read is some thousand small pieces, taken and given back together.  By itself glibc hands their memory to the
 * system after each frame and asks for it again (mallopt(3)): with several threads on several processors that was half of
 * the time of a start that reads its journal. */
static void keep_memory(void)
{
    mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
    mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
}

int main(int argc, char **argv)
{
    enum { CHECK = 256, HELP, VERSION };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, CHECK},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {0}};
    const char *path = NULL;
    int what = 0, option;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == '?')
            return fputs(help, stderr), EXIT_USAGE;
        else
            what = option;
    }
    if (what == HELP)
        return fputs(help, stdout), EXIT_DONE;
    if (what == VERSION)
        return puts("quietair-collector " QUIETAIR_VERSION), EXIT_DONE;
    if (!path || optind < argc)
        return fputs(help, stderr), EXIT_USAGE;
    if (sodium_init() < 0)
        return EXIT_FAILED;

    struct collector_settings set;
    struct faults faults = {0};
    struct fault f = {0};
    int status = EXIT_FAULTS;
    if (collector_settings_load(&set, path, &faults) == 0) {
        status = EXIT_DONE;
        if (what == CHECK) {
            printf("%s: good\n", path);
            calendars_warn(set.calendars_path, clock_wall_ms(), &faults);
        } else {
            keep_memory();
            service_begin();
            sdnotify_begin();
            if (collector_run(&set, &f) != 0) {
                log_error("collector", "%s", f.text);
                status = EXIT_FAILED;
            }
        }
    }
    for (size_t i = 0; i < faults.count; i++)
        fprintf(stderr, "%s\n", faults.text[i]);
    faults_free(&faults);
    collector_settings_free(&set);
    return status;
}
