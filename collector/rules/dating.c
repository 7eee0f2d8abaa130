#include "collector/rules/dating.h"

#include <stdio.h>
#include <string.h>

void dating_frame(struct dating *d, const struct frame *f)
{
    if (f->boot) {
        d->untold |= d->waits && strcmp(d->boot, f->boot) != 0;
        d->waits = true;
        memset(d->boot, 0, sizeof d->boot);
        snprintf(d->boot, sizeof d->boot, "%s", f->boot);
    }
    if (f->kind == FRAME_TIME && strcmp(d->boot, f->time.boot) == 0)
        d->waits = false;
}

bool dating_told(struct dating *d)
{
    bool untold = d->untold || d->waits;
    d->untold = d->waits = false;
    return untold;
}

void dating_pack(struct pack *p, struct dating *d)
{
    pack_text(p, d->boot, sizeof d->boot);
    pack_bool(p, &d->waits);
    pack_bool(p, &d->untold);
}
