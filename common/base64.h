/* base64: bytes as text in JSON (RFC 4648, standard alphabet, padded). */
#ifndef QUIETAIR_BASE64_H
#define QUIETAIR_BASE64_H

#include "common/buf.h"

void base64_put(struct buf *, const void *bytes, size_t length);
uint8_t *base64_read(const char *text, size_t *length); /* to be freed; NULL: it is none */

#endif
