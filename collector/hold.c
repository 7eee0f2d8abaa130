#include "collector/hold.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { MODE = 0640 };

static int open_hold(const char *state_dir, int flags)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/journal/hold", state_dir);
    return open(path, flags | O_CLOEXEC, MODE);
}

int hold_make(const char *state_dir)
{
    return open_hold(state_dir, O_RDONLY | O_CREAT);
}

bool hold_alone(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void hold_done(int fd)
{
    flock(fd, LOCK_UN);
}

int hold_take(const char *state_dir)
{
    int fd = open_hold(state_dir, O_RDONLY);
    if (fd >= 0 && flock(fd, LOCK_SH) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}
