/* folder: one temporary folder of this process: on a file system, in memory where there is such a place, removed at its
 * end (folder.c); or, under libFuzzer, within the process (folder_memory.c).
 */
#ifndef QUIETAIR_FUZZ_FOLDER_H
#define QUIETAIR_FUZZ_FOLDER_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

const char *folder(void); /* emptied */

/* False: a name that no file can have. */
static inline bool folder_put(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return false;
    bool whole = write(fd, bytes, length) == (ssize_t)length;
    return close(fd) == 0 && whole;
}

#endif
