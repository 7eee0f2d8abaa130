#include "firmware-gateway/tool/holder.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same(const struct stat *a, const struct stat *b)
{
    if (S_ISCHR(a->st_mode))
        return S_ISCHR(b->st_mode) && a->st_rdev == b->st_rdev; /* one line, whatever it is called */
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool has_open(const char *pid, const struct stat *wanted)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    bool found = false;
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        struct stat is;
        found = *e->d_name != '.' && fstatat(dirfd(dir), e->d_name, &is, 0) == 0 && is_same(wanted, &is);
    }
    if (dir)
        closedir(dir);
    return found;
}

static void read_name(struct holder *h)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", h->pid);
    FILE *f = fopen(path, "re");
    snprintf(h->name, sizeof h->name, "?");
    if (f && fgets(h->name, sizeof h->name, f))
        h->name[strcspn(h->name, "\n")] = 0;
    if (f)
        fclose(f);
}

bool holder_find(const char *path, struct holder *h)
{
    struct stat wanted;
    DIR *proc = stat(path, &wanted) == 0 ? opendir("/proc") : NULL;
    bool found = false;
    for (struct dirent *e; proc && !found && (e = readdir(proc));) {
        h->pid = atoi(e->d_name);
        found = h->pid > 0 && h->pid != getpid() && has_open(e->d_name, &wanted);
    }
    if (proc)
        closedir(proc);
    if (found)
        read_name(h);
    return found;
}
