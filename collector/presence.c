#include "collector/presence.h"
#include "common/json.h"

#include <string.h>

static bool read_place(struct presence *p, const struct json *root)
{
    const char *epoch;
    int64_t last;
    if (!json_text(json_member(root, "epoch"), &epoch) || !json_int64(json_member(root, "last"), &last) ||
        !epoch_valid(epoch) || last < 0 || last > FRAME_EXACT)
        return false;
    memcpy(p->epoch, epoch, EPOCH_SIZE);
    p->last = (uint64_t)last;
    return true;
}

bool presence_read(struct presence *p, const char *payload, size_t length)
{
    struct json *root = json_open(payload, length, NULL);
    const char *state = "";
    *p = (struct presence){0};
    json_text(json_member(root, "state"), &state);
    p->online = strcmp(state, "online") == 0;
    bool valid = p->online ? read_place(p, root) : strcmp(state, "offline") == 0;
    json_close(root);
    return valid;
}
