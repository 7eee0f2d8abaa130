#include "firmware-gateway/master.h"

#include <string.h>

const char *const refusal_words[REFUSALS] = {"echo",        "foreign", "late",  "function", "length",
                                             "transaction", "crc",     "noise", "short"};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void master_init(struct master *m, const struct master_rules *rules, struct owed *owed)
{
    *m = (struct master){.rules = *rules, .unit = -1, .owed = owed};
}

void master_opened(struct master *m, int64_t now_ns)
{
    m->heard_length = 0;
    m->last_ns = later(m->last_ns, now_ns);
    m->quiet_ns = later(m->quiet_ns, now_ns + later(m->rules.connect_pause_ns, m->rules.silence_ns));
}

/* ---- what is owed ---- */

static bool same_form(const struct question *a, const struct question *b)
{
    return a->unit == b->unit && a->function == b->function && question_bytes(a) == question_bytes(b);
}

static bool same_registers(const struct question *a, const struct question *b)
{
    return a->address == b->address && a->count == b->count;
}

static void strike(struct master *m, size_t at)
{
    m->owed_count--;
    memmove(&m->owed[at], &m->owed[at + 1], (m->owed_count - at) * sizeof m->owed[0]);
}

static void forget_old(struct master *m, int64_t now_ns)
{
    for (size_t i = m->owed_count; i-- > 0;)
        if (m->owed[i].until_ns <= now_ns)
            strike(m, i);
}

/* The question under way was not answered for certain.  There is room: master_ready_ns sees to that. */
static void owe(struct master *m, bool barred)
{
    int64_t patience_ns = MASTER_PATIENCE * m->now.worst_ns;
    if (m->rules.framing != FRAMING_RTU)
        return;
    m->owed[m->owed_count++] = (struct owed){
        .q = m->now.q, .barred = barred, .patience_ns = patience_ns, .until_ns = m->begun_ns + patience_ns};
}

/* Something came late: a device that works off a queue may go on so. */
static void extend(struct master *m)
{
    for (size_t i = 0; i < m->owed_count; i++) {
        struct owed *o = &m->owed[i];
        o->until_ns = later(o->until_ns, m->last_ns + o->patience_ns);
    }
}

static size_t count_owed(const struct master *m, const struct adu *a)
{
    size_t n = 0;
    for (size_t i = 0; i < m->owed_count; i++)
        n += adu_fits(a, &m->owed[i].q);
    return n;
}

/* This message was one of the answers that are owed: of those of its form the first to run out is struck.  Of several
 * that an exception may belong to none is: they need not have one form. */
static void pay(struct master *m, const struct adu *a)
{
    size_t best = MASTER_OWED;
    for (size_t i = 0; i < m->owed_count; i++)
        if (adu_fits(a, &m->owed[i].q) && (best == MASTER_OWED || m->owed[i].until_ns < m->owed[best].until_ns))
            best = i;
    if (best < MASTER_OWED && (!a->exception || count_owed(m, a) == 1))
        strike(m, best);
}

int64_t master_free_ns(const struct master *m, const struct asked *a, int64_t now_ns)
{
    int64_t free_ns = 0;
    for (size_t i = 0; i < m->owed_count; i++) {
        const struct owed *o = &m->owed[i];
        if (o->until_ns > now_ns && same_form(&o->q, &a->q) &&
            (a->rivalled || o->barred || !same_registers(&o->q, &a->q)))
            free_ns = later(free_ns, o->until_ns);
    }
    return free_ns;
}

/* ---- when ---- */

int64_t master_ready_ns(const struct master *m, const struct asked *a)
{
    int64_t pause = later(m->rules.silence_ns, m->rules.frame_pause_ns), first = INT64_MAX;
    if (m->unit >= 0 && m->unit != a->q.unit)
        pause = later(pause, m->rules.unit_pause_ns);
    int64_t ready = later(m->quiet_ns, m->last_ns + pause);
    for (size_t i = 0; i < m->owed_count && m->owed_count == MASTER_OWED; i++)
        first = m->owed[i].until_ns < first ? m->owed[i].until_ns : first;
    return first < INT64_MAX ? later(ready, first) : ready;
}

int64_t master_deadline_ns(const struct master *m)
{
    return m->deadline_ns;
}

/* ---- what was not believed ---- */

static bool is_echo(const struct master *m, const uint8_t *bytes, size_t length)
{
    return m->sent_length && length >= m->sent_length && !memcmp(bytes, m->sent, m->sent_length);
}

/* A good message that is not the answer. */
static enum refusal classify(struct master *m, const struct adu *a)
{
    if (count_owed(m, a)) {
        pay(m, a);
        return REFUSED_LATE;
    }
    if (a->unit != m->now.q.unit)
        return REFUSED_FOREIGN;
    return a->function != m->now.q.function ? REFUSED_FUNCTION : REFUSED_LENGTH;
}

/* By its first three bytes an answer to the question under way.  Of less than three as many as there are. */
static bool begins_like_an_answer(const struct master *m, const uint8_t *bytes, size_t length)
{
    const uint8_t wanted[] = {m->now.q.unit, m->now.q.function, (uint8_t)question_bytes(&m->now.q)};
    return !memcmp(bytes, wanted, length < sizeof wanted ? length : sizeof wanted);
}

struct scrap { /* what stands at one place among bytes that are not believed */
    enum refusal why;
    size_t length;
};

static struct scrap look(struct master *m, const uint8_t *bytes, size_t left)
{
    struct adu a;
    size_t whole = ADU_RTU_AROUND + question_bytes(&m->now.q);
    if (adu_rtu(bytes, left, &a))
        return (struct scrap){classify(m, &a), a.length};
    if (is_echo(m, bytes, left))
        return (struct scrap){REFUSED_ECHO, m->sent_length};
    if (!begins_like_an_answer(m, bytes, left))
        return (struct scrap){REFUSED_NOISE, 1};
    return left < whole ? (struct scrap){REFUSED_SHORT, left} : (struct scrap){REFUSED_CRC, whole};
}

/* Counts what stands in the bytes by reason, a run of noise as one; returns the reasons seen, a bit each. */
static unsigned refuse(struct master *m, const uint8_t *bytes, size_t length)
{
    unsigned seen = 0;
    size_t noise = 0; /* bytes in a row */
    for (size_t at = 0; at < length;) {
        struct scrap s = look(m, bytes + at, length - at);
        m->refused[s.why] += s.why != REFUSED_NOISE || !noise;
        noise = s.why == REFUSED_NOISE ? noise + 1 : 0;
        if (s.why == REFUSED_LATE || s.why == REFUSED_CRC || noise >= ADU_RTU_AROUND)
            extend(m);
        seen |= 1u << s.why;
        at += s.length;
    }
    return seen;
}

/* What an unanswered question is called, by what came instead. */
static enum answer_kind failure_of(unsigned seen)
{
    const unsigned garbage =
        1u << REFUSED_FOREIGN | 1u << REFUSED_FUNCTION | 1u << REFUSED_LENGTH | 1u << REFUSED_NOISE;
    if (seen & 1u << REFUSED_CRC)
        return ANSWER_CRC;
    return seen & garbage ? ANSWER_GARBAGE : ANSWER_TIMEOUT;
}

/* ---- asking ---- */

void master_settle(struct master *m)
{
    if (m->rules.framing == FRAMING_RTU)
        refuse(m, m->heard, m->heard_length);
    m->heard_length = 0;
}

size_t master_ask(struct master *m, const struct asked *a, int64_t now_ns, uint8_t out[ADU_MAX])
{
    master_settle(m);
    forget_old(m, now_ns);
    m->asking = true;
    m->now = *a;
    m->unit = a->q.unit;
    m->sent_length = adu_write(m->rules.framing, &a->q, ++m->transaction, m->sent);
    m->begun_ns = now_ns;
    m->last_ns = now_ns + (int64_t)m->sent_length * m->rules.char_ns;
    m->deadline_ns = m->last_ns + a->timeout_ns;
    if (m->rules.framing == FRAMING_RTU)
        m->deadline_ns += (int64_t)(ADU_RTU_AROUND + question_bytes(&a->q)) * m->rules.char_ns;
    memcpy(out, m->sent, m->sent_length);
    return m->sent_length;
}

/* The message that is believed for the question under way. */
static void believe(struct master *m, const struct adu *a, struct verdict *v)
{
    bool owed = count_owed(m, a) > 0;
    m->asking = false;
    *v = (struct verdict){.kind = ANSWER_VALUES, .data = a->data, .sure = true};
    if (a->exception)
        *v = (struct verdict){.kind = ANSWER_EXCEPTION, .exception = a->exception, .sure = !owed};
    if (!owed)
        return;
    extend(m); /* it may have been the earlier one's: then this one's is still to come */
    if (!a->exception)
        pay(m, a);
    owe(m, a->exception);
}

/* RTU: the answer may stand behind noise, an echo, or somebody else's message. */
static bool find_rtu(struct master *m, struct verdict *v)
{
    for (size_t at = 0; at + ADU_RTU_AROUND <= m->heard_length; at++) {
        struct adu a;
        if (!adu_rtu(m->heard + at, m->heard_length - at, &a) || !adu_fits(&a, &m->now.q))
            continue;
        size_t behind = at + a.length;
        believe(m, &a, v);
        refuse(m, m->heard, at);
        refuse(m, m->heard + behind, m->heard_length - behind);
        m->heard_length = 0;
        return true;
    }
    return false;
}

static bool find_tcp(struct master *m, struct verdict *v)
{
    struct adu a;
    size_t at = 0;
    int r;
    while ((r = adu_tcp(m->heard + at, m->heard_length - at, &a)) > 0 && a.transaction != m->transaction) {
        m->refused[REFUSED_TRANSACTION]++;
        at += a.length;
    }
    if (r > 0 && adu_fits(&a, &m->now.q)) {
        believe(m, &a, v);
        m->heard_length = 0;
        return true;
    }
    if (r > 0)
        m->refused[a.unit != m->now.q.unit                         ? REFUSED_FOREIGN
                   : a.function && a.function != m->now.q.function ? REFUSED_FUNCTION
                                                                   : REFUSED_LENGTH]++;
    if (r < 0)
        m->refused[REFUSED_NOISE]++;
    m->heard_length -= at;
    memmove(m->heard, m->heard + at, m->heard_length);
    m->asking = r == 0;
    *v = (struct verdict){.kind = ANSWER_GARBAGE};
    return r != 0;
}

/* Room for more: what is there is too long to be an answer. */
static void make_room(struct master *m, size_t length)
{
    if (m->heard_length + length <= MASTER_HEARD)
        return;
    if (m->rules.framing == FRAMING_RTU)
        refuse(m, m->heard, m->heard_length);
    m->heard_length = 0;
}

bool master_hear(struct master *m, const uint8_t *bytes, size_t length, int64_t now_ns, struct verdict *v)
{
    m->last_ns = later(m->last_ns, now_ns);
    while (length) {
        size_t n = length < MASTER_HEARD / 2 ? length : MASTER_HEARD / 2;
        make_room(m, n);
        memcpy(m->heard + m->heard_length, bytes, n);
        m->heard_length += n;
        bytes += n;
        length -= n;
        if (m->asking && (m->rules.framing == FRAMING_RTU ? find_rtu(m, v) : find_tcp(m, v)))
            return true;
    }
    return false;
}

void master_end(struct master *m, bool broken, int64_t now_ns, struct verdict *v)
{
    unsigned seen = 0;
    m->asking = false;
    if (m->rules.framing == FRAMING_RTU) {
        seen = refuse(m, m->heard, m->heard_length);
        m->quiet_ns =
            later(m->quiet_ns, m->begun_ns + m->now.worst_ns + later(m->rules.silence_ns, m->rules.frame_pause_ns));
    } else if (m->heard_length) {
        m->refused[REFUSED_SHORT]++;
    }
    m->heard_length = 0;
    m->last_ns = later(m->last_ns, now_ns);
    owe(m, false);
    *v = (struct verdict){.kind = broken ? ANSWER_UNPLUGGED : failure_of(seen)};
}
