#include "collector/site_pack.h"

#include <stdlib.h>
#include <string.h>

void site_pack(struct pack *p, struct site *s)
{
    struct buf text = buf_growing();
    char *json = NULL;
    if (p->out) {
        site_write(&text, s);
        pack_string(p, &text.data);
    } else {
        pack_string(p, &json);
        struct json *root = json_open(json, strlen(json), NULL);
        p->bad = !root || !site_read(s, root) || p->bad;
        json_close(root);
        free(json);
    }
    buf_free(&text);
}
