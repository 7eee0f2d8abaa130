/* Files of configuration that are none (tests/bad/ini.txt): refused with a fault that says where and what. */
#include "collector/rules/calendar.h"
#include "collector/rules/standard.h"
#include "common/civil.h"
#include "firmware-gateway/profile.h"
#include "tests/unit/stream/bad_cases.h"

static bool word(void *ctx, const char *word, struct buf *out)
{
    (void)ctx;
    if (strcmp(word, "P") == 0)
        buf_text(out, "[profile]\nmeasurement = noise\n");
    else if (strcmp(word, "M") == 0)
        buf_text(out, "[laeq]\nregister = holding:0\n");
    else
        return false;
    return true;
}

/* True: it is taken. */
static bool read_as(const char *what, struct conf *conf, struct faults *faults)
{
    if (strncmp(what, "profile ", 8) == 0) {
        struct profile *p = profile_read(conf, "bad", faults);
        profile_free(p);
        return p;
    }
    if (strncmp(what, "standard ", 9) == 0) {
        struct standard *s = standard_open("bad", conf, faults);
        if (s)
            standard_close(s);
        return s;
    }
    assert_int_equal(strncmp(what, "calendar ", 9), 0);
    struct calendar *c = calendar_open(conf, faults);
    if (c)
        calendar_close(c);
    return c;
}

static void refused(void *ctx, const struct bad_case *c)
{
    struct faults faults = {0};
    struct buf said = buf_growing();
    (void)ctx;
    char *exact = xmalloc(c->payload.length + !c->payload.length); /* reading on is an error */
    memcpy(exact, c->payload.length ? c->payload.data : "", c->payload.length);
    struct conf *conf = conf_open_text("bad.ini", exact, c->payload.length, &faults);
    bool taken = conf && read_as(c->name, conf, &faults);
    for (size_t i = 0; i < faults.count; i++)
        buf_print(&said, "%.400s\n", faults.text[i]);
    if ((taken && !faults.count) || !said.length)
        bad_fail("ini.txt", c->name, "it is taken");
    if (!strstr(said.data, c->expected))
        bad_fail("ini.txt", c->name, said.data);
    if (getenv("SHOW"))
        printf("%s: %s", c->name, said.data);
    free(exact);
    buf_free(&said);
    faults_free(&faults);
}

static void files_are_refused_with_a_fault(void **state)
{
    (void)state;
    civil_zone("Asia/Shanghai", NULL);
    assert_true(bad_each("ini.txt", word, refused, NULL) >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_refused_with_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
