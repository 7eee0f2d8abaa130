/* collector.ini as a whole: what it says and what is at fault, each fault with its place. */
#include "collector/calendars.h"
#include "collector/rules/standard.h"
#include "collector/settings.h"
#include "common/civil.h"
#include "common/file.h"
#include "common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[32], path[96];

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct fault f;
    if (file_replace(at(name), text, strlen(text), 0640, &f) != 0)
        fail_msg("%s", f.text);
}

static void copy_standard(const char *name)
{
    char from[80], to[80];
    size_t length;
    snprintf(from, sizeof from, "config/standards/%s.ini", name);
    snprintf(to, sizeof to, "standards/%s.ini", name);
    char *text = file_read(from, 1 << 20, &length, NULL);
    assert_non_null(text);
    put(to, text);
    free(text);
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/quietair-settings-XXXXXX");
    if (!mkdtemp(dir) || mkdir(at("standards"), 0750) != 0 || mkdir(at("calendars"), 0750) != 0)
        return -1;
    copy_standard("gb22337-2008");
    copy_standard("gb18483-2001");
    copy_standard("cleaning-policy");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir);
}

#define CALENDARS "calendars_dir = /nowhere\n" /* so that those beside the file count, whatever is installed */
#define SMALLEST  "[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://broker\n"

static void print_all(const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        print_error("said: %s\n", faults->text[i]);
}

static struct collector_settings loaded(const char *text)
{
    struct collector_settings s;
    struct faults faults = {0};
    put("collector.ini", text);
    int code = collector_settings_load(&s, at("collector.ini"), &faults);
    print_all(&faults);
    assert_int_equal(code, 0);
    assert_int_equal(faults.count, 0);
    return s;
}

static bool says(const struct faults *faults, const char *said)
{
    for (size_t i = 0; i < faults->count; i++)
        if (strstr(faults->text[i], said))
            return true;
    print_all(faults);
    return false;
}

/* One fault, and only this one; the text is free to be at fault in no other way. */
static void faulty(const char *text, const char *said)
{
    struct collector_settings s;
    struct faults faults = {0};
    put("collector.ini", text);
    int code = collector_settings_load(&s, at("collector.ini"), &faults);
    if (code != ERR_RANGE || !says(&faults, said) || faults.count != 1) {
        print_all(&faults);
        fail_msg("code %d, %zu faults, wanted: %s\n%s", code, faults.count, said, text);
    }
    faults_free(&faults);
    collector_settings_free(&s);
}

/* docs/operating.md and config/collector.ini have them. */
static void the_shortest_file_has_the_documented_defaults(void **state)
{
    (void)state;
    struct collector_settings s = loaded(SMALLEST);
    assert_string_equal(s.name, "main");
    assert_int_equal(s.districts.count, 0);
    assert_string_equal(s.state_dir, "/var/lib/quietair/collector");
    assert_string_equal(s.socket, "/var/lib/quietair/collector/control.sock");
    assert_string_equal(s.timezone, "Asia/Shanghai");
    assert_int_equal(s.clock, COLLECTOR_CLOCK_WALL);
    assert_int_equal(s.audit_after, 2 * 3600 * 1000);
    assert_string_equal(s.mqtt.host, "broker");
    assert_int_equal(s.mqtt.port, 1883);
    assert_false(s.mqtt.tls);
    assert_string_equal(s.mqtt.root, "quietair/v1");
    assert_false(s.influx.on);
    assert_int_equal(s.journal.max_age_ms, 1830LL * 86400 * 1000);
    assert_int_equal(s.journal.min_age_ms, 1827LL * 86400 * 1000);
    assert_int_equal(s.journal.max_bytes, 0);
    assert_string_equal(s.rules_text, "[rules]\n");
    assert_string_equal(s.calendars_json, "{}");
    collector_settings_free(&s);
}

static void all_that_can_be_said_is_read(void **state)
{
    char text[1024];
    (void)state;
    put("token", "secret\n");
    put("calendars/cn-2026.ini", "[calendar]\nyear = 2026\ndocument = d\nholidays = 2026-01-01\nconfirmed = no\n");
    put("calendars/cn-26.ini", "not looked at");
    put("calendars/notes.txt", "not looked at");
    snprintf(
        text, sizeof text,
        "[collector]\nname = yudu-1\ndistricts = yudu jinjiang\nsocket = /run/c.sock\nclock = journal\n" CALENDARS
        "[mqtt]\nurl = mqtts://[2001:db8::1]:18883\nca_file = %s\nroot = city/quietair\n"
        "[influx]\nurl = https://tsdb:8086/\napi = v2\norg = o\nbucket = b\ntoken_file = %s/token\ngzip = yes\n"
        "[journal]\nmax_bytes = 10G\nmax_age = 30d\nmin_age = 0s\n[rules]\nstandards = cleaning-policy gb22337-2008\ncleaning_grace = 3d\n",
        "/etc/hostname", dir);
    struct collector_settings s = loaded(text);
    assert_int_equal(s.districts.count, 2);
    assert_string_equal(s.socket, "/run/c.sock");
    assert_true(s.mqtt.tls);
    assert_string_equal(s.mqtt.host, "2001:db8::1");
    assert_int_equal(s.mqtt.port, 18883);
    assert_true(s.influx.on);
    assert_int_equal(s.influx.batch, 5000);
    assert_true(s.influx.gzip);
    assert_int_equal(s.journal.max_bytes, 10LL << 30);
    assert_int_equal(s.journal.max_age_ms, 30LL * 86400 * 1000);
    assert_int_equal(s.journal.min_age_ms, 0);
    assert_string_equal(s.rules_text,
                        "[rules]\nstandards = \"cleaning-policy gb22337-2008\"\ncleaning_grace = \"3d\"\n");
    struct buf record = buf_growing();
    const char *name;
    collector_config_put(&s, COLLECTOR_CLOCK_JOURNAL, &record);
    struct json *root = json_open(record.data, record.length, NULL);
    assert_non_null(root);
    assert_true(json_text(json_member(root, "clock"), &name));
    assert_string_equal(name, "journal");
    assert_true(json_text(json_member(json_member(root, "standards"), "cleaning-policy"), &name));
    assert_non_null(strstr(name, "kind = cleaning"));
    assert_true(json_text(json_member(json_member(root, "calendars"), "cn-2026"), &name));
    assert_null(json_member(json_member(root, "calendars"), "cn-26"));
    json_close(root);
    buf_free(&record);
    collector_settings_free(&s);
}

static void each_fault_is_named(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {SMALLEST "[influx]\nurl = tsdb:8086\n", "url = tsdb:8086: allowed are http://… and https://…"},
        {SMALLEST "[influx]\nurl = http://t\napi = v2\nbucket = b\n", "[influx] api = v2: v2 needs org and bucket"},
        {SMALLEST "[influx]\nurl = http://t\napi = v2\norg = o\n", "[influx] api = v2: v2 needs org and bucket"},
        {SMALLEST "[influx]\nurl = http://t\ntoken_file = /nowhere/token\n", "/nowhere/token cannot be read"},
        {SMALLEST "[influx]\nbatch = 5\n", "[influx] url"},
        {SMALLEST "[journal]\nmax_bytes = 1000\n", "[journal] max_bytes"},
        {SMALLEST "[journal]\nmax_age = 1826d\n", "[journal] max_age = 1826d: is below min_age"},
        {SMALLEST "[journal]\nmin_age = 1831d\n", "[journal] max_age: is below min_age"},
        {SMALLEST "[journal]\nmax_age = 30d\nmin_age = 31d\n", "is below min_age"},
        {SMALLEST "[rules]\nnight_start = 22:60\n", ": expected a time of day such as 22:00"},
        {SMALLEST "[rules]\nnight_start = 9:00\n", ": expected a time of day such as 22:00"},
        {SMALLEST "[rules]\nnight_start = 22h00\n", ": expected a time of day such as 22:00"},
        {SMALLEST "[rules]\nnight_start = 22:0x\n", ": expected a time of day such as 22:00"},
        {SMALLEST "[rules]\nstandards = gb22337-2008 gone-1\n", "gone-1: "},
        {SMALLEST "[rules]\npeak_margin = frequent\n", "peak_margin = frequent: expected STANDARD:MARGIN"},
        {SMALLEST "[rules]\npeak_margin = gb12348-2008:frequent\n", "gb12348-2008 is not among the standards"},
        {SMALLEST "[rules]\npeak_margin = gb18483-2001:frequent\n", "knows no such margin; it has none"},
        {SMALLEST "[rules]\npeak_margin = gb22337-2008:often\n", "knows no such margin; it has "},
        {SMALLEST "[rulez]\nx = 1\n", "rulez"},
        {"[collector]\n" CALENDARS "timezone = ../etc/passwd\n[mqtt]\nurl = mqtt://b\n",
         "timezone = ../etc/passwd: not an IANA name such as Asia/Shanghai"},
        {"[collector]\n" CALENDARS "timezone = /etc/passwd\n[mqtt]\nurl = mqtt://b\n", "not an IANA name"},
        {"[collector]\n" CALENDARS "timezone = Asia\n[mqtt]\nurl = mqtt://b\n", "[collector] timezone"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtts://b\n",
         "[mqtt] ca_file: mqtts needs the file of certificates to verify the broker by"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtts://b\nca_file = /etc/hostname\ncert_file = /etc/hostname\n",
         "cert_file and key_file go together"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtts://b\nca_file = /etc/hostname\nkey_file = /etc/hostname\n",
         "cert_file and key_file go together"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b\nca_file = /etc/hostname\n",
         "[mqtt] ca_file = /etc/hostname: url is mqtt://, which encrypts nothing: expected mqtts://"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b\nusername = u\npassword_file = /nowhere/p\n",
         "/nowhere/p: cannot open: No such file"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b:0\n",
         "[mqtt] url = mqtt://b:0: allowed are mqtt://host[:port]"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b:65536\n", "[mqtt] url = mqtt://b:65536: allowed are"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b:1883/x\n", "[mqtt] url = mqtt://b:1883/x: allowed are"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://\n", "[mqtt] url = mqtt://: allowed are"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = tcp://b\n", "[mqtt] url = tcp://b: allowed are"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b\nroot = a/+/b\n",
         "root = a/+/b: expected a topic without wildcards"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b\nroot = /a\n", "root = /a: expected a topic without"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b\nroot = a/\n", "root = a/: expected a topic without"},
        {"[collector]\n" CALENDARS "[mqtt]\nurl = mqtt://b\nroot = \"\"\n", "root"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        faulty(cases[i].text, cases[i].said);
}

static void standards_and_calendars_are_checked(void **state)
{
    (void)state;
    put("standards/odd-1.ini", "[standard]\ndocument = d\ntitle = t\nkind = smell\n");
    faulty(SMALLEST "[rules]\nstandards = odd-1\n", "smell");
    char *large = malloc(300000);
    memset(large, '#', 299999);
    large[299999] = 0;
    put("standards/odd-1.ini", large);
    free(large);
    faulty(SMALLEST "[rules]\nstandards = odd-1\n", "299999 bytes, at most 262144 are allowed");

    put("calendars/cn-2027.ini", "[calendar]\nyear = 2027\ndocument = d\nholidays = 2026-12-31\nconfirmed = no\n");
    faulty(SMALLEST, ": 2026-12-31: expected YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD, days of 2027");
    put("calendars/cn-2027.ini",
        "[calendar]\nyear = 2027\ndocument = d\nholidays = 2027-10-03..2027-10-01\nconfirmed = no\n");
    faulty(SMALLEST, ": 2027-10-03..2027-10-01: expected");
    put("calendars/cn-2027.ini", "[calendar]\nyear = 2027\ndocument = d\nholidays = 2027-02-29\nconfirmed = no\n");
    faulty(SMALLEST, ": 2027-02-29: expected");
    put("calendars/cn-2027.ini",
        "[calendar]\nyear = 2027\ndocument = d\nholidays = 2027-01-01--2027-01-03\nconfirmed = no\n");
    faulty(SMALLEST, ": 2027-01-01--2027-01-03: expected");
    put("calendars/cn-2027.ini",
        "[calendar]\nyear = 2027\ndocument = d\nholidays = 2027-01-01\nworkdays = 2028-01-02\nconfirmed = no\n");
    faulty(SMALLEST, ": 2028-01-02: expected");
    put("calendars/cn-2027.ini", "[calender]\nyear = 2027\n");
    struct collector_settings s;
    struct faults faults = {0};
    put("collector.ini", SMALLEST);
    assert_int_equal(collector_settings_load(&s, at("collector.ini"), &faults), ERR_RANGE);
    assert_true(says(&faults, "section [calendar] is missing"));
    assert_true(says(&faults, "[calender]"));
    faults_free(&faults);
    collector_settings_free(&s);
    assert_int_equal(unlink(at("calendars/cn-2027.ini")), 0);
    assert_int_equal(mkdir(at("calendars/cn-2027.ini"), 0750), 0);
    faulty(SMALLEST, "cn-2027.ini: is a folder, not a regular file");
}

/* Each for its users: quietair's need neither the credentials nor, unless they judge, the rules. */
static void no_more_is_read_than_needed(void **state)
{
    struct collector_settings s;
    struct faults faults = {0};
    (void)state;
    put("collector.ini",
        "[collector]\nstate_dir = here\n" CALENDARS "[mqtt]\nurl = smoke://\n[rules]\ncleaning_grace = soon\n");
    assert_int_equal(collector_settings_place(&s, at("collector.ini"), &faults), 0);
    assert_string_equal(s.socket, "here/control.sock");
    collector_settings_free(&s);
    assert_int_equal(collector_settings_judging(&s, at("collector.ini"), &faults), ERR_RANGE);
    assert_int_equal(faults.count, 1);
    assert_true(says(&faults, "cleaning_grace"));
    collector_settings_free(&s);
    faults_free(&faults);
    faults = (struct faults){0};
    assert_int_equal(collector_settings_load(&s, at("none.ini"), &faults), ERR_RANGE);
    assert_true(says(&faults, "none.ini"));
    collector_settings_free(&s);
    assert_int_equal(collector_settings_judging(&s, at("none.ini"), &faults), ERR_RANGE);
    collector_settings_free(&s);
    faults_free(&faults);
}

static void the_policy_of_cleaning(void **state)
{
    struct faults faults = {0};
    (void)state;
    struct collector_settings s = loaded(SMALLEST "[rules]\nstandards = gb22337-2008 gb18483-2001\n");
    const char *none[] = {"gb22337-2008", "gb18483-2001"}, *some[] = {"gb22337-2008", "cleaning-policy"},
               *gone[] = {"gone-1"};
    assert_null(collector_settings_policy(&s, &(struct conf_list){2, none}, &faults));
    assert_int_equal(faults.count, 0);
    struct standard *policy = collector_settings_policy(&s, &(struct conf_list){2, some}, &faults);
    assert_non_null(policy);
    assert_string_equal(policy->id, "cleaning-policy");
    standard_close(policy);
    assert_int_equal(faults.count, 0);
    assert_null(collector_settings_policy(&s, &(struct conf_list){1, gone}, &faults));
    assert_true(says(&faults, "gone-1.ini"));
    faults_free(&faults);
    collector_settings_free(&s);
}

/* 2026-11-24 */
static void a_year_without_a_calendar_is_told(void **state)
{
    struct faults warnings = {0};
    (void)state;
    assert_int_equal(civil_zone("Asia/Shanghai", NULL), 0);
    put("calendars/cn-2026.ini", "[calendar]\n");
    snprintf(path, sizeof path, "%s/calendars", dir);
    calendars_warn(path, 1795449600000, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_true(says(&warnings, "cn-2027.ini: of the days of 2027 only Saturdays and Sundays count as days off"));
    faults_free(&warnings);
    warnings = (struct faults){0};
    calendars_warn(path, 1798732800000, &warnings); /* 2027-01-01 00:00 in Shanghai */
    assert_int_equal(warnings.count, 2);
    assert_true(says(&warnings, "cn-2028.ini"));
    faults_free(&warnings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_shortest_file_has_the_documented_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_can_be_said_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(each_fault_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(standards_and_calendars_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_is_read_than_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_policy_of_cleaning, setup, teardown),
        cmocka_unit_test_setup_teardown(a_year_without_a_calendar_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
