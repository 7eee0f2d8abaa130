#include "collector/rules/fold.h"
#include "collector/rules/calibration.h"
#include "collector/rules/cleaning.h"
#include "collector/rules/command.h"
#include "collector/rules/draw.h"
#include "collector/rules/entry.h"
#include "collector/rules/flag.h"
#include "collector/rules/gateway.h"
#include "collector/rules/health.h"
#include "collector/rules/install.h"
#include "collector/rules/memory.h"
#include "collector/rules/missing.h"
#include "collector/rules/stream.h"
#include "collector/rules/usage.h"

#include <stdlib.h>
#include <string.h>

const char *const flag_names[] = {
    [FLAG_NOISE_LIMIT] = "noise-limit",
    [FLAG_NOISE_PEAK] = "noise-peak",
    [FLAG_FUME_LIMIT] = "fume-limit",
    [FLAG_FUME_EFFICIENCY] = "fume-efficiency",
    [FLAG_PURIFIER_OFF] = "purifier-off",
    [FLAG_DUCT_BLOCKED] = "duct-blocked",
    [FLAG_CLEANING_DUE] = "cleaning-due",
    [FLAG_CLEANING_OVERDUE] = "cleaning-overdue",
    [FLAG_CLEANING_UNVERIFIED] = "cleaning-unverified",
    [FLAG_INSTALL_OVERDUE] = "install-overdue",
    [FLAG_DEVICE_SILENT] = "device-silent",
    [FLAG_DEVICE_FAULT] = "device-fault",
    [FLAG_DEVICE_STUCK] = "device-stuck",
    [FLAG_GATEWAY_OFFLINE] = "gateway-offline",
    [FLAG_CALIBRATION_DUE] = "calibration-due",
    [FLAG_FUME_NEAR] = "fume-near",
    [FLAG_KINDS] = NULL,
};

const char *const outcome_names[] = {"compliant", "exceeds", "not-judged", NULL};

const char *const window_rules[] = {"noise", "fume", "fume_run", "efficiency", NULL};

/* What cannot be read was refused before it was journalled: nothing changes. */
static void take_config(struct fold *f, const struct record *r)
{
    struct faults faults = {0};
    if (rules_config_read(&f->config, r->body, r->body_length, &faults)) {
        touch(f, &f->config_item);
        health_settings(f);
        for (size_t i = 0; i < f->places.count; i++)
            ((struct place *)f->places.items[i])->cleaning_check_ms = 0;
        calibration_changed(f);
        case_recheck(f);
    }
    faults_free(&faults);
}

static bool read_ms(const struct record *r, int64_t *ms)
{
    char text[24], *end;
    if (!r->body_length || r->body_length >= sizeof text)
        return false;
    memcpy(text, r->body, r->body_length);
    text[r->body_length] = 0;
    *ms = strtoll(text, &end, 10);
    return !*end;
}

/* "Now is at least this": never backwards. */
static void take_tick(struct fold *f, const struct record *r)
{
    int64_t now;
    if (!read_ms(r, &now) || now < f->watch.now)
        return;
    f->watch.now = now;
    f->time = now;
    if (f->watch.link_ms > now) /* clock = journal: told by a receipt, before there was a tick */
        f->watch.link_ms = now;
    touch(f, &f->watch.item);
    gateway_tick(f, now);
    cleaning_tick(f, now);
    install_tick(f, now);
    calibration_tick(f, now);
    incident_tick(f, now);
    case_tick(f, now);
    entry_tick(f, now);
    missing_tick(f);
    usage_tick(f);
    draw_tick(f, now, r->chain);
    flag_tick(f, now);
    f->left = true;
}

bool fold_clock_is_journal(const struct fold *f)
{
    return f->config.journal_clock;
}

enum fold_result fold_record(struct fold *f, const struct record *r, const struct sink *sink)
{
    f->sink = sink;
    f->left = false;
    f->receipt_ms = r->receipt_ms;
    f->time = f->config.journal_clock && f->watch.now ? f->watch.now : r->receipt_ms;
    switch (r->kind) {
    case RECORD_FRAME:
    case RECORD_REPAIR:
        stream_frame(f, r);
        break;
    case RECORD_COMMAND:
        command_record(f, r);
        break;
    case RECORD_CONFIG:
        take_config(f, r);
        break;
    case RECORD_PRESENCE:
        gateway_presence(f, r);
        break;
    case RECORD_TICK:
        take_tick(f, r);
        break;
    case RECORD_START:
    case RECORD_STOP:
    case RECORD_LINK:
        gateway_link(f, r);
        break;
    case RECORD_SKIP:
    case RECORD_KINDS:
        break;
    }
    f->sink = NULL;
    return f->left ? FOLD_COMMIT : FOLD_QUIET;
}
