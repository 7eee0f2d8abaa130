#include "tests/fuzz/folder.h"
#include "common/file.h"
#include "tests/fuzz/fuzz.h"

#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void leave(void)
{
    file_remove_tree(path);
}

const char *folder(void)
{
    if (*path) {
        must(file_remove_tree(path) == 0 && mkdir(path, 0700) == 0);
        return path;
    }
    snprintf(path, sizeof path, "%s/quietair-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(path));
    atexit(leave);
    return path;
}
