/* holder: which program has a file open, found in /proc (proc(5)).  Linux lets see only one's own processes, root all.
 */
#ifndef QUIETAIR_HOLDER_H
#define QUIETAIR_HOLDER_H

#include <stdbool.h>

struct holder {
    int pid;
    char name[32];
};

/* False: none that can be seen, other than this process itself. */
bool holder_find(const char *path, struct holder *);

#endif
