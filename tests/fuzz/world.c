#include "tests/fuzz/world.h"
#include "collector/rules/health.h"
#include "collector/rules/memory.h"
#include "collector/rules/pack.h"
#include "common/civil.h"
#include "common/file.h"
#include "common/json.h"

static const char epoch[] = "00000000000000000000000000000001";

/* ---- what leaves ------------------------------------------------------------------------------------------------- */
/* What is published, stored or answered as JSON can be read as such.  What was found good stays so: most is the same in
 * each world. */
static void look_at(const char *json)
{
    static struct hash good[4096];
    struct hash h = hash_of(json, strlen(json)), *before = &good[(h.b[0] << 8 | h.b[1]) % 4096];
    if (hash_equal(&h, before))
        return;
    struct fault f;
    struct json *root = json_open(json, strlen(json), &f);
    if (!root)
        fprintf(stderr, "%s: %s\n", f.text, json);
    must(root);
    json_close(root);
    *before = h;
}

static void note_json(struct world *w, const char *what, const char *json)
{
    if (json && w->out == &w->log) /* the twin says the same */
        look_at(json);
    buf_print(w->out, "%s %s\n", what, json ? json : "-");
}

static void on_flag(void *ctx, const struct flag_row *r)
{
    struct world *w = ctx;
    buf_print(w->out, "flag %s %d %d %s %s %s %lld %lld %lld\n", r->id, r->rev, (int)r->flag, r->state, r->site,
              r->device, (long long)r->since, (long long)r->until, (long long)r->at);
    note_json(w, "body", r->body);
}

static void on_window(void *ctx, const struct window_row *r)
{
    struct world *w = ctx;
    must(r->from < r->to && r->coverage >= 0 && r->coverage <= 1.000001);
    buf_print(w->out, "window %s %s %s %lld %lld %d %s %.17g %.17g\n", r->site, r->device, r->rule, (long long)r->from,
              (long long)r->to, (int)r->outcome, r->reason, r->measured, r->judged);
}

static void on_noise_day(void *ctx, const struct noise_day_row *r)
{
    struct world *w = ctx;
    buf_print(w->out, "day %s %s %lld %.17g %.17g %.17g\n", r->site, r->device, (long long)r->day, r->ld, r->ln,
              r->ldn);
}

static void on_usage(void *ctx, const struct usage_row *r)
{
    struct world *w = ctx;
    must(r->both_ms >= 0 && r->both_ms <= r->fan_ms && r->fan_ms <= r->covered_ms);
    buf_print(w->out, "usage %s %lld %lld %lld\n", r->site, (long long)r->day, (long long)r->covered_ms,
              (long long)r->fan_ms);
}

static void on_missing(void *ctx, const struct missing_row *r)
{
    struct world *w = ctx;
    must(r->from < r->to);
    buf_print(w->out, "missing %s %s %lld %lld %s\n", r->site, r->device, (long long)r->from, (long long)r->to,
              r->reason);
}

static void on_device(void *ctx, const struct device_row *r)
{
    struct world *w = ctx;
    buf_print(w->out, "device %s %s %s %s %lld\n", r->site, r->device, r->serial, r->calibrated,
              (long long)r->interval_ms);
}

static void on_gateway(void *ctx, const struct gateway_row *r)
{
    (void)ctx;
    must(*r->gateway);
}

static void on_site(void *ctx, const struct site *s)
{
    struct world *w = ctx;
    buf_print(w->out, "site %s\n", s->id);
}

static void on_cleaning(void *ctx, const struct cleaning_row *r)
{
    struct world *w = ctx;
    buf_print(w->out, "cleaning %s %s %s %lld\n", r->id, r->state, r->verdict, (long long)r->cleaned_at);
    note_json(w, "photos", r->photos);
    if (*r->verdict)
        note_json(w, "evidence", r->evidence);
}

static void on_case(void *ctx, const struct case_row *r)
{
    struct world *w = ctx;
    buf_print(w->out, "case %s %d %s %s %lld\n", r->id, r->rev, r->state, r->step, (long long)r->at);
    note_json(w, "body", r->body);
}

static void on_entry(void *ctx, const struct entry_row *r)
{
    struct world *w = ctx;
    buf_print(w->out, "entry %s %s %d %s %lld\n", r->kind, r->id, r->rev, r->state, (long long)r->at);
    note_json(w, "body", r->body);
}

static void on_alert(void *ctx, const char *topic, const char *payload, int64_t at)
{
    struct world *w = ctx;
    must(!strpbrk(topic, "+#"));
    buf_print(w->out, "alert %lld ", (long long)at);
    note_json(w, topic, payload);
}

static void on_line(void *ctx, const char *line)
{
    struct world *w = ctx;
    must(*line && !strchr(line, '\n'));
    buf_print(w->out, "line %s\n", line);
}

static void on_answer(void *ctx, const char *request, const char *json)
{
    struct world *w = ctx;
    w->answers += w->out == &w->log;
    buf_print(w->out, "answer %s ", request);
    note_json(w, "", json);
}

static void forget_bytes(struct world_piece *p)
{
    if (!p->bytes_lent)
        free(p->bytes);
}

static void forget_piece(struct world_piece *p)
{
    forget_bytes(p);
    if (!p->key_lent)
        free(p->key);
}

static void on_state(void *ctx, const char *key, const void *bytes, size_t length)
{
    struct world *w = ctx;
    size_t i = 0;
    while (i < w->piece_count && strcmp(w->pieces[i].key, key) != 0)
        i++;
    if (i == w->piece_count) {
        must(i < WORLD_PIECES);
        w->pieces[w->piece_count++] = (struct world_piece){.key = xstrdup(key)};
    }
    struct world_piece *p = &w->pieces[i];
    forget_bytes(p);
    p->bytes_lent = false;
    p->bytes = xmalloc(length + 1);
    memcpy(p->bytes, length ? bytes : "", length);
    p->length = length;
    if (length)
        return;
    forget_piece(p);
    *p = w->pieces[--w->piece_count];
}

static struct sink sink_of(struct world *w)
{
    return (struct sink){w,       on_flag,     on_window, on_noise_day, on_usage, on_missing, on_device, on_gateway,
                         on_site, on_cleaning, on_case,   on_entry,     on_alert, on_line,    on_answer, on_state};
}

static void fold_in(struct world *w, const struct record *r)
{
    struct sink sink = sink_of(w);
    fold_record(w->fold, r, &sink);
    if (!w->twin)
        return;
    w->out = &w->twin_log;
    fold_record(w->twin, r, &sink);
    w->out = &w->log;
}

/* ---- what comes -------------------------------------------------------------------------------------------------- */
static void take(struct world *w, const struct record *r)
{
    intake_apply(w->intake, r);
    fold_in(w, r);
}

void world_record(struct world *w, enum record_kind kind, const char *body, size_t length)
{
    struct hash chain = hash_of(body, length);
    struct record r = {.kind = kind, .receipt_ms = w->now, .head = "", .body = body, .body_length = length};
    r.chain = kind == RECORD_TICK ? &chain : NULL;
    take(w, &r);
}

/* A frame as the collector takes it: judged, and read back as from its journal. */
static void frame(struct world *w, const char *line, size_t length)
{
    char gateway[ID_SIZE], topic[120];
    struct buf payload = buf_growing(), bytes = buf_growing();
    struct intake_result result;
    struct record r;
    struct hash head;
    const char *blank = memchr(line, ' ', length);
    snprintf(gateway, sizeof gateway, "%.*s", blank ? (int)(blank - line) : 0, line);
    snprintf(topic, sizeof topic, "quietair/v1/yudu/gateway/%s/stream", gateway);
    uint64_t seq = intake_position(w->intake, gateway, epoch, &head);
    frame_begin(&payload, gateway, epoch, seq + 1, &head);
    buf_char(&payload, ',');
    if (blank)
        buf_bytes(&payload, blank + 1, length - (size_t)(blank + 1 - line));
    frame_end(&payload);
    intake_judge(w->intake, topic, payload.data, payload.length, w->now, ++w->records, &bytes, &result);
    if (result.verdict == INTAKE_TAKEN) {
        must(record_read(&r, bytes.data, bytes.length) == 0);
        fold_in(w, &r);
    }
    frame_close(result.frame);
    judged_free(&result.judged);
    buf_free(&payload);
    buf_free(&bytes);
}

static void tick(struct world *w)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)w->now);
    world_record(w, RECORD_TICK, text, (size_t)n);
}

/* `60 ` from the front of a line: how many seconds later, at most four months. */
static void pass(struct world *w, const char **line, size_t *length)
{
    int64_t seconds = 0;
    for (; *length && **line >= '0' && **line <= '9'; ++*line, --*length)
        seconds = seconds < 10000000 ? 10 * seconds + (**line - '0') : seconds;
    if (*length)
        ++*line, --*length;
    w->now += seconds % 10000000 * 1000;
}

void world_line(struct world *w, const char *line, size_t length)
{
    if (length < 3 || line[1] != ' ')
        return;
    const char *rest = line + 2;
    length -= 2;
    pass(w, &rest, &length);
    if (*line == 'F')
        frame(w, rest, length);
    else if (*line == 'C')
        world_record(w, RECORD_COMMAND, rest, length);
    else if (*line == 'P')
        world_record(w, RECORD_PRESENCE, rest, length);
    else if (*line == 'L')
        world_record(w, RECORD_LINK, rest, length);
    else if (*line == 'T')
        tick(w);
    else if (*line == 'R')
        world_restore(w);
}

/* ---- its beginning ----------------------------------------------------------------------------------------------- */
/* Comments, and limits of other classes and positions than the street has, would only be read again and again: what is
 * left of a standard as text. */
static void shorten(char *text)
{
    bool keep = true;
    char *to = text;
    for (char *line, *at = text; (line = strsep(&at, "\n"));) {
        if (*line == '[')
            keep = strncmp(line, "[limit structure", 16) != 0 && strncmp(line, "[limit window", 13) != 0 &&
                   (strncmp(line, "[limit boundary", 15) != 0 || strncmp(line, "[limit boundary-2", 17) == 0);
        if (!keep || !*line || *line == ';')
            continue;
        size_t length = strlen(line);
        memmove(to, line, length);
        to += length;
        *to++ = '\n';
    }
    *to = 0;
}

static void put_file(struct buf *body, const char *folder, const char *id)
{
    char path[120];
    size_t length;
    snprintf(path, sizeof path, "config/%s/%s.ini", folder, id);
    char *text = file_read(path, 1 << 20, &length, NULL);
    must(text);
    shorten(text);
    buf_json(body, id);
    buf_char(body, ':');
    buf_json(body, text);
    free(text);
}

static void put_config(struct buf *body)
{
    buf_text(body,
             "{\"name\":\"main\",\"timezone\":\"Asia/Shanghai\",\"clock\":\"wall\",\"rules\":\"[rules]\\nstandards = "
             "gb22337-2008 gb18483-2001 cleaning-policy\\n\",\"standards\":{");
    put_file(body, "standards", "gb22337-2008");
    buf_char(body, ',');
    put_file(body, "standards", "gb18483-2001");
    buf_char(body, ',');
    put_file(body, "standards", "cleaning-policy");
    buf_text(body, "},\"calendars\":{");
    put_file(body, "calendars", "cn-2026");
    buf_text(body, "}}");
}

/* The street's configuration: read once, since reading it takes longer than all else that happens to a street. */
static const struct rules_config *street_config(void)
{
    static struct rules_config config;
    if (!config.body) {
        struct buf body = buf_growing();
        struct faults faults = {0};
        put_config(&body);
        must(civil_zone("Asia/Shanghai", NULL) == 0);
        must(rules_config_read(&config, body.data, body.length, &faults));
        buf_free(&body);
    }
    return &config;
}

/* Nothing but a `config` record changes a configuration, and none comes: it is lent to each fold. */
static struct fold *open_fold(void)
{
    struct fold *f = fold_new();
    rules_config_free(&f->config);
    f->config = *street_config();
    health_settings(f);
    return f;
}

static void close_fold(struct fold *f)
{
    if (f)
        f->config = (struct rules_config){0};
    fold_free(f);
}

static struct fold *restored(struct world *w)
{
    struct fold *f = open_fold();
    for (size_t i = w->piece_count; i-- > 0;)
        if (strcmp(w->pieces[i].key, "config") != 0)
            must(fold_restore(f, w->pieces[i].key, w->pieces[i].bytes, w->pieces[i].length) == 0);
    return f;
}

void world_restore(struct world *w)
{
    struct sink sink = sink_of(w);
    fold_save(w->fold, &sink);
    close_fold(w->fold);
    w->fold = restored(w);
}

void world_twin(struct world *w)
{
    struct sink sink = sink_of(w);
    fold_save(w->fold, &sink);
    close_fold(w->twin);
    w->twin = restored(w);
    buf_clear(&w->log);
    buf_clear(&w->twin_log);
}

static struct world *begin(void)
{
    struct world *w = xcalloc(1, sizeof *w);
    w->now = civil_ms(2026, 3, 1, 0, 0, 0);
    w->intake = intake_new("quietair/v1");
    w->log = buf_growing();
    w->twin_log = buf_growing();
    w->out = &w->log;
    return w;
}

/* That which all others begin as: the register is imported, and a tick has told what was due. */
static struct world *first_world(void (*more)(struct world *), struct buf *intake)
{
    static const char import[] =
        "{\"id\":\"0\",\"actor\":\"clerk\",\"verb\":\"site "
        "import\",\"args\":{\"csv\":\"id,name,kind,district,grid,officer,"
        "noise_class,noise_position,stoves,purifier_installed,cleaning_days,opening_hours,gateways\\n"
        "club,尚座,club,yudu,g-1,李建国,2,boundary,,,,,gw-01\\n"
        "house,贡江,restaurant,yudu,g-2,陈志强,,,4,2023-11-08,60,mo-su 10:00-21:30,gw-01 gw-02\\n\"}}";
    struct world *w = begin();
    struct sink sink = sink_of(w);
    w->fold = open_fold();
    world_record(w, RECORD_COMMAND, import, sizeof import - 1);
    world_line(w, "T 600", 5);
    if (more)
        more(w);
    fold_save(w->fold, &sink);
    struct pack p = pack_writer(intake);
    intake_pack(&p, w->intake);
    return w;
}

struct world *world_new(void (*more)(struct world *))
{
    static struct world *first;
    static struct buf intake;
    if (!first) {
        intake = buf_growing();
        first = first_world(more, &intake);
    }
    struct world *w = begin();
    w->now = first->now;
    memcpy(w->pieces, first->pieces, first->piece_count * sizeof *w->pieces);
    w->piece_count = first->piece_count;
    for (size_t i = 0; i < w->piece_count; i++)
        w->pieces[i].key_lent = w->pieces[i].bytes_lent = true;
    w->fold = restored(w);
    struct pack p = pack_reader(intake.data, intake.length);
    intake_pack(&p, w->intake);
    must(pack_done(&p));
    return w;
}

void world_free(struct world *w)
{
    for (size_t i = 0; i < w->piece_count; i++)
        forget_piece(&w->pieces[i]);
    close_fold(w->fold);
    close_fold(w->twin);
    intake_free(w->intake);
    buf_free(&w->log);
    buf_free(&w->twin_log);
    free(w);
}
