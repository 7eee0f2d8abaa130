/* An intake that knows one site, `s` of gateway gw-1, and the records of a journal; included once by each test. */
#include "collector/intake.h"
#include "collector/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct intake *intake_started(char *const *records, const size_t *lengths, size_t count)
{
    static const char command[] = "{\"id\":\"1\",\"actor\":\"t\",\"verb\":\"site import\",\"args\":{\"csv\":"
                                  "\"id,name,kind,district,grid,gateways\\ns,S,club,yudu,g,gw-1\\n\"}}";
    struct record r = {.kind = RECORD_COMMAND, .body = command, .body_length = sizeof command - 1};
    struct intake *in = intake_new("quietair/v1");
    intake_apply(in, &r);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(record_read(&r, records[i], lengths[i]), 0);
        r.seq = i + 1;
        intake_apply(in, &r);
    }
    return in;
}
