/* bare: a payload read by jansson and dropped again, with its usual settings and the C library's memory: the measure
 * that others are put beside. */
#ifndef QUIETAIR_BARE_H
#define QUIETAIR_BARE_H

#include <stddef.h>

void bare_begin(void);
void bare_parse(const char *json, size_t length); /* between bare_begin and bare_end; aborts when it cannot be read */
void bare_end(void);

#endif
