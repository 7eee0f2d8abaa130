#include "firmware-gateway/nameplate.h"
#include "common/err.h"
#include "firmware-gateway/profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct plate {
    char *texts[PROFILE_TEXTS]; /* NULL where not said */
    bool changed;
};

struct nameplates {
    pthread_mutex_t lock;
    size_t count;
    struct plate plates[];
};

struct nameplates *nameplates_new(size_t device_count)
{
    struct nameplates *n = xcalloc(1, sizeof *n + device_count * sizeof n->plates[0]);
    pthread_mutex_init(&n->lock, NULL);
    n->count = device_count;
    return n;
}

static void clear(struct plate *plate)
{
    for (size_t i = 0; i < PROFILE_TEXTS; i++) {
        free(plate->texts[i]);
        plate->texts[i] = NULL;
    }
}

void nameplates_free(struct nameplates *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->count; i++)
        clear(&n->plates[i]);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

static const char *said(const struct plate *plate, size_t which)
{
    return plate->texts[which] ? plate->texts[which] : "";
}

void nameplates_put(struct nameplates *n, size_t device, const char *name, const char *text)
{
    struct plate *plate = &n->plates[device];
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < PROFILE_TEXTS; i++)
        if (!strcmp(profile_text_names[i], name) && strcmp(said(plate, i), text) != 0) {
            free(plate->texts[i]);
            plate->texts[i] = xstrdup(text);
            plate->changed = true;
        }
    pthread_mutex_unlock(&n->lock);
}

void nameplates_copy(struct nameplates *to, size_t device, struct nameplates *from, size_t as)
{
    pthread_mutex_lock(&from->lock);
    struct plate *plate = &to->plates[device];
    clear(plate);
    plate->changed = from->plates[as].changed;
    for (size_t i = 0; i < PROFILE_TEXTS; i++)
        if (from->plates[as].texts[i])
            plate->texts[i] = xstrdup(from->plates[as].texts[i]);
    pthread_mutex_unlock(&from->lock);
}

bool nameplates_take_changed(struct nameplates *n, size_t *device)
{
    bool any = false;
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < n->count && !any; i++)
        if (n->plates[i].changed) {
            n->plates[i].changed = false;
            *device = i;
            any = true;
        }
    pthread_mutex_unlock(&n->lock);
    return any;
}

void nameplates_print(struct nameplates *n, size_t device, const char *serial, struct buf *b)
{
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < PROFILE_TEXTS; i++) {
        const char *text = said(&n->plates[device], i);
        if (!*text && i == PROFILE_TEXT_SERIAL)
            text = serial;
        if (!*text)
            continue;
        buf_print(b, ",\"%s\":", profile_text_names[i]);
        buf_json(b, text);
    }
    pthread_mutex_unlock(&n->lock);
}
