/* What no honest clerk asks (tests/bad): refused in words that say what is wrong, and the next one is done.  Requests whose
 * args are wrong in kind stand in command.txt too: journals of before have them. */
#include "collector/request.h"
#include "collector/site.h"
#include "tests/unit/collector/fold_kit.h"
#include "tests/unit/stream/bad_cases.h"

static void done_as_asked(struct kit *k, const char *name)
{
    kit_command(k, "cleaning add", "{\"site\":\"s\",\"cleaned_at\":\"2026-03-01\",\"by\":\"a\"}");
    if (strncmp(k->answer, "{\"ok\":true", 10) != 0)
        bad_fail("command.txt", name, k->answer);
}

static void refused(void *ctx, const struct bad_case *c)
{
    struct kit *k = ctx;
    struct buf body = buf_growing();
    size_t entries = k->entry_count, cleanings = k->cleaning_count, sites = k->site_count;
    buf_print(&body, "{\"id\":\"r%u\",\"actor\":\"clerk\",", ++k->request);
    buf_bytes(&body, c->payload.data, c->payload.length);
    buf_char(&body, '}');
    kit_record(k, RECORD_COMMAND, "", 0, body.data, body.length);
    if (strncmp(k->answer, "{\"ok\":false", 11) != 0 || !strstr(k->answer, c->expected))
        bad_fail("command.txt", c->name, k->answer);
    assert_true(k->entry_count == entries && k->cleaning_count == cleanings && k->site_count == sites);
    done_as_asked(k, c->name);
    buf_free(&body);
}

static void commands_are_refused_and_the_next_one_done(void **state)
{
    struct kit *k = kit_new("[rules]\nstandards = gb22337-2008 gb18483-2001\n",
                            SITES_HEAD "s,S,restaurant,yudu,g,,,,4,,yes,60,,,gw-01,\n");
    (void)state;
    kit_tick(k, kit_time(5, 12, 0, 0));
    done_as_asked(k, "the first");
    assert_true(bad_each("command.txt", NULL, refused, k) >= 70);
    kit_free(k);
}

static void args_refused(void *ctx, const struct bad_case *c)
{
    struct buf text = buf_growing();
    struct fault f = {.text = "it is taken"};
    const char *verb = "";
    (void)ctx;
    buf_char(&text, '{');
    buf_bytes(&text, c->payload.data, c->payload.length);
    buf_char(&text, '}');
    struct json *request = json_open(text.data, text.length, NULL);
    assert_non_null(request);
    assert_true(json_text(json_member(request, "verb"), &verb));
    if (request_check(verb, json_member(request, "args"), &f) == 0 || !strstr(f.text, c->expected))
        bad_fail("args.txt", c->name, f.text);
    json_close(request);
    buf_clear(&text);
    buf_char(&text, '[');
    buf_json(&text, f.text); /* it goes into an answer */
    buf_char(&text, ']');
    request = json_open(text.data, text.length, &f);
    if (!request)
        bad_fail("args.txt", c->name, f.text);
    json_close(request);
    buf_free(&text);
}

static void args_are_refused_by_type_and_by_name(void **state)
{
    (void)state;
    assert_true(bad_each("args.txt", NULL, args_refused, NULL) >= 40);
}

static void row_refused(void *ctx, const struct bad_case *c)
{
    struct faults faults = {0};
    struct site *rows = NULL;
    size_t count = 0;
    bool found = false;
    (void)ctx;
    char *exact = xmalloc(c->payload.length + !c->payload.length); /* reading on is an error */
    memcpy(exact, c->payload.length ? c->payload.data : "", c->payload.length);
    if (site_csv_read(exact, c->payload.length, &rows, &count, &faults) == 0)
        bad_fail("sites.txt", c->name, "it is taken");
    for (size_t i = 0; i < faults.count; i++)
        found |= strstr(faults.text[i], c->expected) != NULL;
    if (!found)
        bad_fail("sites.txt", c->name, faults.count ? faults.text[0] : "no fault is told");
    free(exact);
    faults_free(&faults);
}

static void registers_are_refused_by_row_and_column(void **state)
{
    (void)state;
    civil_zone("Asia/Shanghai", NULL);
    assert_true(bad_each("sites.txt", NULL, row_refused, NULL) >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_refused_and_the_next_one_done),
        cmocka_unit_test(args_are_refused_by_type_and_by_name),
        cmocka_unit_test(registers_are_refused_by_row_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
