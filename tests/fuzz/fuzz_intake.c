/* Messages of a broker, `TOPIC PAYLOAD` a line: what is taken is a record from which another intake learns the same. */
#include "collector/intake.h"
#include "tests/fuzz/fuzz.h"

static struct intake *begin(void)
{
    static const char import[] = "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":"
                                 "\"id,name,kind,district,grid,gateways\\ns,S,club,yudu,g,gw-1\\n\"}}";
    struct record r = {.kind = RECORD_COMMAND, .body = import, .body_length = sizeof import - 1};
    struct intake *in = intake_new("quietair/v1");
    intake_apply(in, &r);
    return in;
}

static void taken(struct intake *in, struct intake **learns, const struct buf *bytes,
                  const struct intake_result *result)
{
    struct record r;
    struct judged j;
    struct hash a, b;
    struct intake *other = *learns = *learns ? *learns : begin();
    must(record_read(&r, bytes->data, bytes->length) == 0 && judged_read(&j, r.head, r.head_length) == 0);
    must(strlen(j.marks) == result->frame->reading_count && j.permit_count == result->judged.permit_count);
    judged_free(&j);
    intake_apply(other, &r);
    must(intake_position(in, result->gateway, result->epoch, &a) ==
         intake_position(other, result->gateway, result->epoch, &b));
    must(hash_equal(&a, &b));
}

static void message(struct intake *in, struct intake **other, const char *line, size_t length)
{
    const char *blank = memchr(line, ' ', length);
    size_t before = blank ? (size_t)(blank - line) : length;
    char *topic = xstrndup(line, before);
    struct buf bytes = buf_growing();
    struct intake_result r;
    size_t skip = before + (blank ? 1 : 0);
    intake_judge(in, topic, line + skip, length - skip, 1772294400000, 1, &bytes, &r);
    must(r.verdict < INTAKE_VERDICTS && (r.verdict == INTAKE_TAKEN) == (bytes.length > 0));
    if (r.verdict == INTAKE_TAKEN)
        taken(in, other, &bytes, &r);
    frame_close(r.frame);
    judged_free(&r.judged);
    buf_free(&bytes);
    free(topic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct intake *in = begin(), *other = NULL; /* most inputs have nothing to learn from */
    struct feed f = {data, size};
    size_t length;
    for (const char *line; (line = feed_line(&f, &length));)
        message(in, &other, line, length);
    intake_free(in);
    intake_free(other);
    return 0;
}
