#include "tests/sim/wire.h"

#include <string.h>

enum { SHORT_REQUEST = 8, LAST_SHORT_FUNCTION = 6, BAUD_OF_FIXED_SILENCE = 19200, FIXED_T35_NS = 1750000 };

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void wire_init(struct wire *w, int64_t baud, int bits_per_character)
{
    memset(w, 0, sizeof *w);
    w->char_ns = bits_per_character * INT64_C(1000000000) / baud;
    w->t35_ns = baud > BAUD_OF_FIXED_SILENCE ? FIXED_T35_NS : w->char_ns * 7 / 2;
    w->free_ns = INT64_MIN / 2;
    w->figures.shortest_ns = INT64_MAX;
}

/* ---- the master's frames ----------------------------------------------------------------------------------------- */

static void count_frame(struct wire *w, size_t length, int64_t begin_ns, int64_t end_ns)
{
    struct wire_figures *f = &w->figures;
    if (f->first_ns == 0)
        f->first_ns = begin_ns;
    f->last_ns = end_ns;
    f->legal_ns += (int64_t)length * w->char_ns + w->t35_ns;
}

static void count_silence(struct wire *w, int64_t begin_ns)
{
    struct wire_figures *f = &w->figures;
    if (f->first_ns == 0)
        return; /* the first frame of all */
    int64_t silence = begin_ns - w->free_ns;
    f->shortest_ns = sooner(f->shortest_ns, silence);
    f->violations += silence < w->t35_ns - WIRE_TOLERANCE_NS;
}

static bool whole(const struct wire_frame *f)
{
    return f->length == SHORT_REQUEST && f->bytes[1] >= 1 && f->bytes[1] <= LAST_SHORT_FUNCTION;
}

static void finish(struct wire *w, bool by_silence)
{
    w->rx.by_silence = by_silence;
    count_frame(w, w->rx.length, w->rx.end_ns - (int64_t)w->rx.length * w->char_ns, w->rx.end_ns);
    w->figures.requests++;
    if (w->heard_count < WIRE_QUEUE)
        w->heard[w->heard_count++] = w->rx;
    w->rx.length = 0;
}

static void end_by_silence(struct wire *w, int64_t now_ns)
{
    if (w->rx.length && now_ns >= w->rx.end_ns + w->t35_ns)
        finish(w, true);
}

void wire_hear(struct wire *w, const uint8_t *bytes, size_t length, int64_t now_ns)
{
    end_by_silence(w, now_ns);
    for (size_t i = 0; i < length; i++) {
        int64_t begin_ns = later(now_ns, w->free_ns);
        if (w->rx.length == 0)
            count_silence(w, begin_ns);
        w->free_ns = begin_ns + w->char_ns;
        w->rx.end_ns = w->free_ns;
        w->rx.bytes[w->rx.length++] = bytes[i];
        if (whole(&w->rx) || w->rx.length == ADU_MAX)
            finish(w, false);
    }
}

bool wire_request(struct wire *w, int64_t now_ns, struct wire_frame *out)
{
    end_by_silence(w, now_ns);
    if (w->heard_count == 0 || w->heard[0].end_ns > now_ns)
        return false;
    *out = w->heard[0];
    w->heard_count--;
    memmove(&w->heard[0], &w->heard[1], w->heard_count * sizeof w->heard[0]);
    return true;
}

/* ---- the meters' answers ----------------------------------------------------------------------------------------- */

void wire_reply(struct wire *w, const struct answer *answer, int64_t end_ns, int64_t turnaround_ns)
{
    int64_t due_ns = end_ns + later(turnaround_ns, w->t35_ns);
    size_t at = w->waiting_count;
    if (at == WIRE_QUEUE)
        return;
    for (; at > 0 && w->waiting[at - 1].due_ns > due_ns; at--)
        w->waiting[at] = w->waiting[at - 1];
    w->waiting[at].due_ns = due_ns;
    w->waiting[at].answer = *answer;
    w->waiting_count++;
}

/* When the first waiting answer may begin, as things stand. */
static int64_t begin_of_waiting(const struct wire *w)
{
    return later(w->waiting[0].due_ns, w->free_ns + w->t35_ns);
}

static void begin_answer(struct wire *w, int64_t begin_ns)
{
    w->tx = w->waiting[0].answer;
    w->waiting_count--;
    memmove(&w->waiting[0], &w->waiting[1], w->waiting_count * sizeof w->waiting[0]);
    w->sending = true;
    w->sent = 0;
    w->send_ns = begin_ns;
    w->free_ns = begin_ns + (int64_t)w->tx.length * w->char_ns;
}

static int64_t end_of_byte(const struct wire *w)
{
    return w->send_ns + (int64_t)(w->sent + 1) * w->char_ns;
}

int wire_byte(struct wire *w, int64_t now_ns, bool *last)
{
    if (!w->sending && w->waiting_count && now_ns >= begin_of_waiting(w))
        begin_answer(w, begin_of_waiting(w));
    if (!w->sending || now_ns < end_of_byte(w))
        return -1;
    int byte = w->tx.bytes[w->sent++];
    *last = w->sent == w->tx.length;
    if (*last) {
        w->sending = false;
        w->figures.answers++;
        w->figures.exceptions += w->tx.exception != 0;
        count_frame(w, w->tx.length, w->send_ns, w->free_ns);
    }
    return byte;
}

int64_t wire_due(const struct wire *w)
{
    int64_t due_ns = INT64_MAX;
    if (w->heard_count)
        due_ns = sooner(due_ns, w->heard[0].end_ns);
    if (w->rx.length)
        due_ns = sooner(due_ns, w->rx.end_ns + w->t35_ns);
    if (w->sending)
        due_ns = sooner(due_ns, end_of_byte(w));
    else if (w->waiting_count)
        due_ns = sooner(due_ns, begin_of_waiting(w));
    return due_ns;
}
