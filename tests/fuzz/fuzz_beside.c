/* What gateways say beside their stream: the first byte is `s` for a `status`, else it is a `now` of gw-1. */
#include "collector/output/live.h"
#include "collector/presence.h"
#include "common/json.h"
#include "tests/fuzz/fuzz.h"

static struct intake *street(void)
{
    static const char import[] = "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":"
                                 "\"id,name,kind,district,grid,gateways\\ns,S,club,yudu,g,gw-1\\n\"}}",
                      hello[] =
                          "{\"v\":1,\"gateway\":\"gw-1\",\"epoch\":\"00000000000000000000000000000001\",\"seq\":1,"
                          "\"after\":\"0000000000000000\",\"kind\":\"hello\",\"devices\":[{\"device\":\"n\",\"site\":"
                          "\"s\",\"measurement\":\"noise\",\"metrics\":[{\"name\":\"laeq\",\"unit\":\"dB(A)\"}]}]}";
    struct record r = {.kind = RECORD_COMMAND, .body = import, .body_length = sizeof import - 1};
    struct intake *in = intake_new("quietair/v1");
    struct buf record = buf_growing();
    struct intake_result result;
    intake_apply(in, &r);
    intake_judge(in, "quietair/v1/yudu/gateway/gw-1/stream", hello, sizeof hello - 1, 1772294400000, 1, &record,
                 &result);
    must(result.verdict == INTAKE_TAKEN);
    frame_close(result.frame);
    judged_free(&result.judged);
    buf_free(&record);
    return in;
}

/* What is shown is JSON, of the one device that there is. */
static void say(void *ctx, const char *topic, const char *payload, size_t length)
{
    struct json *root = json_open(payload, length, NULL);
    must(root && strcmp(topic, "yudu/live/s/n") == 0);
    must(json_is_object(json_member(root, "values")));
    json_close(root);
    ++*(unsigned *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct intake *in; /* is only read */
    struct presence p;
    unsigned said = 0;
    struct live_sink out = {&said, say};
    const char *text = size ? (const char *)data + 1 : "";
    size_t length = size ? size - 1 : 0;
    in = in ? in : street();
    if (!size || *data != 's') {
        live_put(in, "gw-1", text, length, INT64_MAX / 2, &out);
        must(said <= 1);
    } else if (presence_read(&p, text, length)) {
        must(p.online ? epoch_valid(p.epoch) && p.last <= FRAME_EXACT : !*p.epoch && !p.last);
    }
    return 0;
}
