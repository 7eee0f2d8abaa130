/* Requests as the control socket brings them, one a line: each that has an id is answered, once. */
#include "common/json.h"
#include "tests/fuzz/world.h"

static void open_house(struct world *w)
{
    static const char hello[] = "F 0 gw-01 "
                                "\"kind\":\"hello\",\"ts\":1772294400000,\"version\":\"t\",\"district\":\"yudu\","
                                "\"devices\":[{\"device\":\"n\",\"site\":"
                                "\"club\",\"profile\":\"p\",\"measurement\":\"noise\",\"interval\":1000,\"metrics\":[{"
                                "\"name\":\"laeq\",\"unit\":\"dB(A)\","
                                "\"type\":\"number\"}]}]";
    world_line(w, hello, sizeof hello - 1);
    world_line(w, "T 864000", 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *w = world_new(open_house);
    struct feed f = {data, size};
    size_t length;
    const char *line;
    for (unsigned i = 0; i < 16 && (line = feed_line(&f, &length)); i++) {
        struct json *root = json_open(line, length, NULL);
        unsigned before = w->answers;
        const char *id = "";
        json_text(json_member(root, "id"), &id);
        w->now += 60000;
        world_record(w, RECORD_COMMAND, line, length);
        must(w->answers == before + (*id ? 1 : 0));
        json_close(root);
    }
    world_line(w, "T 5000000", 9);
    world_free(w);
    return 0;
}
