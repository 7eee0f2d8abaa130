/* id: the names of districts, grids, sites, gateways, devices and metrics: [a-z0-9][a-z0-9_-]{0,31}. */
#ifndef QUIETAIR_ID_H
#define QUIETAIR_ID_H

#include <stdbool.h>
#include <stddef.h>

enum { ID_MAX = 32, ID_SIZE = ID_MAX + 1 };

static inline bool id_valid_n(const char *s, size_t length)
{
    if (length < 1 || length > ID_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = s[i];
        bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!inside && (i == 0 || (c != '_' && c != '-')))
            return false;
    }
    return true;
}

static inline bool id_valid(const char *s)
{
    size_t n = 0;
    while (s && n <= ID_SIZE && s[n])
        n++;
    return s && id_valid_n(s, n);
}

#endif
