/* decoding: a profile against words that a meter might answer, request by request as planned. */
#ifndef QUIETAIR_FUZZ_DECODING_H
#define QUIETAIR_FUZZ_DECODING_H

#include "firmware-gateway/decode.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

static inline void decode_planned(const struct profile *p, const struct plan *plan, struct feed *f)
{
    static struct datum values[PROFILE_METRICS_MAX];
    static struct metric_error errors[PROFILE_METRICS_MAX];
    for (size_t b = 0; b < plan->count; b++) {
        const struct plan_block *block = &plan->blocks[b];
        bool bits = block->table >= TABLE_COIL;
        must(block->count && block->count <= (bits ? BITS_MAX : REGISTERS_MAX));
        must(block->address + block->count <= 65536);
        uint16_t *words = malloc(block->count * sizeof *words); /* as many as there are: reading on is an error */
        for (size_t i = 0; i < block->count; i++)
            words[i] = (uint16_t)(bits ? feed_byte(f) & 1 : feed_word(f));
        struct decoded d = {.values = values, .errors = errors};
        decode_block(p->metrics, block, words, &d);
        must(d.value_count + d.error_count == block->metric_count);
        for (size_t i = 0; i < d.value_count; i++)
            must(d.values[i].value.kind != VALUE_NUMBER || isfinite(d.values[i].value.number));
        free(words);
    }
}

static inline void decode_texts(const struct profile *p, struct feed *f)
{
    for (size_t t = 0; t < p->text_count; t++) {
        char text[DECODE_STRING_SIZE];
        uint16_t words[REGISTERS_MAX];
        must(p->texts[t].count <= REGISTERS_MAX);
        for (size_t i = 0; i < p->texts[t].count; i++)
            words[i] = (uint16_t)feed_word(f);
        if (decode_string(&p->texts[t], words, text))
            must(*text && strlen(text) < DECODE_STRING_SIZE);
    }
}

static inline void decode_all(const struct profile *p, struct feed *f)
{
    struct plan plan;
    plan_make(&plan, p->metrics, p->metric_count, &p->limits);
    decode_planned(p, &plan, f);
    decode_texts(p, f);
    plan_free(&plan);
}

#endif
