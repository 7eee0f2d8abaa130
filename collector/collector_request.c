/* What the control socket brings: questions answered here, and commands that are journalled and answered by the fold.
 */
#include "collector/collector_private.h"
#include "collector/identity.h"
#include "collector/photo.h"
#include "collector/request.h"
#include "common/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer_error(struct collector *c, uint64_t ticket, const char *id, const char *words)
{
    struct buf b = buf_growing();
    c->refused[REFUSED_REQUEST]++;
    buf_text(&b, "{\"id\":");
    buf_json(&b, id);
    buf_text(&b, ",\"ok\":false,\"error\":");
    buf_json(&b, words);
    buf_char(&b, '}');
    control_answer(c->control, ticket, b.data, b.length);
    buf_free(&b);
}

bool ledger_readable(struct collector *c)
{
    if (!c->ledger)
        ledger_open(&c->ledger, c->set->state_dir, LEDGER_READ, NULL);
    return c->ledger;
}

/* The fold's answer, if it has given one. */
bool ledger_answered(struct collector *c, const char *id, struct buf *said)
{
    return ledger_readable(c) && ledger_answer(c->ledger, id, said) && said->length > 2;
}

/* The fold's answer {"ok":…} with the request's id in front. */
static bool answer_from_ledger(struct collector *c, uint64_t ticket, const char *id, bool *refused)
{
    struct buf said = buf_growing(), b = buf_growing();
    bool known = ledger_answered(c, id, &said);
    if (known) {
        *refused = strncmp(said.data, "{\"ok\":false", 11) == 0;
        buf_text(&b, "{\"id\":");
        buf_json(&b, id);
        buf_char(&b, ',');
        buf_bytes(&b, said.data + 1, said.length - 1);
        control_answer(c->control, ticket, b.data, b.length);
    }
    buf_free(&said);
    buf_free(&b);
    return known;
}

static struct waiting *add_waiting(struct collector *c, uint64_t ticket, uint64_t seq, const char *id)
{
    c->waiting = xrealloc(c->waiting, (c->waiting_count + 1) * sizeof *c->waiting);
    struct waiting *w = &c->waiting[c->waiting_count++];
    *w = (struct waiting){.ticket = ticket, .seq = seq};
    snprintf(w->request, sizeof w->request, "%s", id);
    return w;
}

static struct waiting *wait_for(struct collector *c, uint64_t ticket, uint64_t seq, const char *id)
{
    clerk_ask(c->clerk, seq);
    return add_waiting(c, ticket, seq, id);
}

/* Where the command of this id stands in the journal, if the fold has not passed it yet; 0: nowhere. */
static uint64_t under_way(const struct collector *c, const char *id)
{
    for (size_t i = 0; i < c->waiting_count; i++)
        if (c->waiting[i].command && strcmp(c->waiting[i].request, id) == 0)
            return c->waiting[i].seq;
    return 0;
}

void see_command(struct collector *c, const struct record *r, uint64_t seq)
{
    const char *id = "";
    if (r->kind != RECORD_COMMAND)
        return;
    struct json *root = json_open(r->body, r->body_length, NULL);
    json_text(json_member(root, "id"), &id);
    if (*id && strlen(id) < sizeof c->waiting->request)
        add_waiting(c, 0, seq, id)->command = true;
    json_close(root);
}

/* Not journalled: the entry that will name it is. */
static void put_photo(struct collector *c, uint64_t ticket, const char *id, const struct json *args)
{
    const char *text = "";
    char name[PHOTO_NAME];
    struct fault f = {.text = "a photo comes as base64"};
    size_t length = 0;
    json_text(json_member(args, "base64"), &text);
    uint8_t *bytes = base64_read(text, &length);
    if (bytes && photo_put(c->set->state_dir, bytes, length, name, &f) == 0) {
        struct buf b = buf_growing();
        buf_text(&b, "{\"id\":");
        buf_json(&b, id);
        buf_print(&b, ",\"ok\":true,\"result\":{\"photo\":\"%s\"}}", name);
        control_answer(c->control, ticket, b.data, b.length);
        buf_free(&b);
    } else {
        answer_error(c, ticket, id, f.text);
    }
    free(bytes);
}

/* What a command's args name as photos must be there before it is journalled. */
static bool photos_held(const struct collector *c, const struct json *args)
{
    const struct json *list = json_member(args, "photos");
    for (size_t i = 0; i < json_count(list); i++) {
        const char *name = "";
        json_text(json_at(list, i), &name);
        if (!photo_held(c->set->state_dir, name))
            return false;
    }
    return true;
}

/* What is to be journalled of a command that names people; NULL: as it came.  ERR_*: it must not be journalled. */
static int without_identity(struct collector *c, const char *verb, const struct json *request, struct buf *instead,
                            struct fault *f)
{
    const char *complaint = "";
    if (strcmp(verb, "complaint add") == 0)
        return identity_take(c->set->state_dir, request, instead, f);
    if (strcmp(verb, "complaint erase") != 0)
        return 0;
    json_text(json_member(json_member(request, "args"), "id"), &complaint);
    return identity_erase(c->set->state_dir, complaint, f);
}

uint64_t append_command(struct collector *c, const char *text, size_t length)
{
    uint64_t seq = append_record(c, RECORD_COMMAND, text, length);
    struct record r;
    if (record_read(&r, c->record.data, c->record.length) == 0)
        intake_apply(c->intake, &r);
    return seq;
}

static void take_command(struct collector *c, uint64_t ticket, const char *id, const char *verb,
                         const struct json *request, const char *text, size_t length)
{
    struct buf instead = buf_growing();
    struct fault f;
    if (without_identity(c, verb, request, &instead, &f) != 0) {
        answer_error(c, ticket, id, f.text);
    } else {
        bool rewritten = instead.length;
        uint64_t seq = append_command(c, rewritten ? instead.data : text, rewritten ? instead.length : length);
        struct waiting *w = wait_for(c, ticket, seq, id);
        w->command = true;
        w->complaint = rewritten;
    }
    buf_free(&instead);
}

static void answer_done(struct collector *c, uint64_t ticket, const char *id)
{
    struct buf b = buf_growing();
    buf_text(&b, "{\"id\":");
    buf_json(&b, id);
    buf_text(&b, ",\"ok\":true,\"result\":{}}");
    control_answer(c->control, ticket, b.data, b.length);
    buf_free(&b);
}

static void answer_status(struct collector *c, uint64_t ticket, const char *id)
{
    struct buf b = buf_growing();
    buf_text(&b, "{\"id\":");
    buf_json(&b, id);
    buf_text(&b, ",\"ok\":true,\"result\":");
    status_put(c, &b, true);
    buf_char(&b, '}');
    control_answer(c->control, ticket, b.data, b.length);
    buf_free(&b);
}

static void take_tick(struct collector *c, uint64_t ticket, const char *id, const struct json *args)
{
    int64_t ts;
    if (c->set->clock != COLLECTOR_CLOCK_JOURNAL || !json_int64(json_member(args, "ts"), &ts)) {
        answer_error(c, ticket, id, "tick needs clock = journal and ts in ms");
        return;
    }
    append_tick(c, ts);
    wait_for(c, ticket, c->tick_seq, id)->audits = true;
}

void on_request(void *ctx, uint64_t ticket, const struct json *request, const char *text, size_t length)
{
    struct collector *c = ctx;
    const struct json *args = json_member(request, "args");
    const char *id = "", *verb = "", *actor;
    struct fault f;
    bool refused;
    uint64_t seq;
    json_text(json_member(request, "id"), &id);
    json_text(json_member(request, "verb"), &verb);
    if (!*id || strlen(id) >= sizeof c->waiting->request)
        answer_error(c, ticket, "", "a request needs an id of 1 to 63 bytes");
    else if (request_check(verb, args, &f) != 0)
        answer_error(c, ticket, id, f.text);
    else if (strcmp(verb, "status") == 0)
        answer_status(c, ticket, id);
    else if (strcmp(verb, "commit") == 0)
        wait_for(c, ticket, journal_last(c->journal), id);
    else if (strcmp(verb, "tick") == 0)
        take_tick(c, ticket, id, args);
    else if (strcmp(verb, "photo put") == 0)
        put_photo(c, ticket, id, args);
    else if (!photos_held(c, args))
        answer_error(c, ticket, id, "photos: one of them is not held here; put it first");
    else if (!json_text(json_member(request, "actor"), &actor) || !*actor)
        answer_error(c, ticket, id, "a command needs an actor");
    else if ((seq = under_way(c, id)))
        wait_for(c, ticket, seq, id)->command = true;
    else if (!answer_from_ledger(c, ticket, id, &refused))
        take_command(c, ticket, id, verb, request, text, length);
}

/* Every audit that this tick makes due stands in the journal: from here on it is a matter of the fold. */
static void see_audits(struct collector *c, struct waiting *w)
{
    if (!w->audits || !auditor_done(c->auditor, w->seq))
        return;
    w->audits = false;
    w->seq = journal_last(c->journal);
    clerk_ask(c->clerk, w->seq);
}

void answer_waiting(struct collector *c)
{
    uint64_t committed = clerk_committed(c->clerk);
    size_t kept = 0;
    for (size_t i = 0; i < c->waiting_count; i++) {
        bool refused = false;
        see_audits(c, &c->waiting[i]);
        struct waiting w = c->waiting[i];
        if (w.seq > committed || w.audits)
            c->waiting[kept++] = w;
        else if (!w.command)
            answer_done(c, w.ticket, w.request);
        else if (w.ticket && !answer_from_ledger(c, w.ticket, w.request, &refused))
            answer_error(c, w.ticket, w.request, "the command was recorded, but has no answer");
        if (refused && w.complaint)
            identity_drop(c->set->state_dir, w.request);
    }
    c->waiting_count = kept;
}
