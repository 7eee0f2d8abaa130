/* The wall clock as the gateway sees it: when it gets known, a `time` frame says what that makes of the frames before.
 *
 * STATE/clock names the boot in which it was believed: a start in the same boot believes it again, though the network,
 * and with it the time service, may be gone meanwhile. */
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "firmware-gateway/gateway_private.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void file_path(const struct gateway *g, char out[static PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/clock", g->newest->set.state_dir);
}

static bool believed_before(const struct gateway *g)
{
    char path[PATH_MAX];
    size_t length;
    file_path(g, path);
    char *before = file_read(path, 256, &length, NULL);
    bool same = before && strcmp(before, g->boot) == 0;
    free(before);
    return same;
}

static void keep_belief(const struct gateway *g)
{
    char path[PATH_MAX];
    struct fault f;
    file_path(g, path);
    if (!believed_before(g) && file_replace(path, g->boot, strlen(g->boot), 0600, &f) != 0)
        log_warn("clock", "%s", f.text);
}

void gateway_clock_begin(struct gateway *g)
{
    struct clock_look look;
    clock_boot_id(g->boot);
    clock_look(&look);
    g->batch = batch_new(g->boot);
    g->wall.trusted = g->newest->set.clock == CLOCK_TRUSTED || believed_before(g);
    if (walltime_turn(&g->wall, &look) == WALLTIME_KNOWN)
        batch_clock(g->batch, g->wall.offset_ms);
    else
        log_warn("clock", "the wall clock is not set yet: readings are kept by the boot's clock until it is");
}

/* What names the boot goes first, then the `time` that says what is to be added to it; behind that all has a ts. */
static int become_known(struct gateway *g)
{
    struct buf *body = &g->body;
    int64_t wall_ms = gateway_clock_ms(g), mono_ms = clock_mono_ms();
    int r = 0;
    batch_clock(g->batch, g->wall.offset_ms);
    for (buf_clear(body); !r && batch_undated(g->batch); buf_clear(body)) {
        batch_take(g->batch, body);
        r = keeper_put(&g->keeper, body->data, body->length, wall_ms, mono_ms);
    }
    if (!r)
        r = keeper_turn(&g->keeper, true, wall_ms, mono_ms);
    if (r < 0)
        return r;
    spool_time_body(g->spool, body, g->boot, g->wall.offset_ms, g->wall.error_ms);
    log_info("clock", "the wall clock is set: %" PRId64 " ms are added to what was kept by the boot's clock",
             g->wall.offset_ms);
    return keeper_put(&g->keeper, body->data, body->length, wall_ms, mono_ms);
}

int gateway_clock_turn(struct gateway *g)
{
    struct clock_look look;
    clock_look(&look);
    g->wall.trusted |= g->newest->set.clock == CLOCK_TRUSTED; /* it may have come with a reload */
    enum walltime_event event = walltime_turn(&g->wall, &look);
    if (event == WALLTIME_KNOWN)
        return become_known(g);
    if (event == WALLTIME_STEPPED)
        log_warn("clock", "the wall clock was set %s by %" PRId64 " ms", g->wall.step_ms < 0 ? "back" : "forward",
                 g->wall.step_ms < 0 ? -g->wall.step_ms : g->wall.step_ms);
    if (g->wall.known)
        batch_clock(g->batch, g->wall.offset_ms);
    if (g->wall.known && !g->believed) {
        keep_belief(g);
        g->believed = true;
    }
    return 0;
}

int64_t gateway_clock_ms(const struct gateway *g)
{
    return g->wall.known ? clock_boot_ms() + g->wall.offset_ms : 0;
}
