/* site_pack: a version of a site among what is saved (rules/pack.h).  Pure. */
#ifndef QUIETAIR_SITE_PACK_H
#define QUIETAIR_SITE_PACK_H

#include "collector/rules/pack.h"
#include "collector/site.h"

void site_pack(struct pack *, struct site *);

#endif
