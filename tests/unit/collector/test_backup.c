/* A backup made, checked and put back, on a small state; manifests that lie, and paths that lead elsewhere. */
#include "collector/backup.h"
#include "collector/ledger/ledger.h"
#include "collector/rules/fold.h"
#include "common/buf.h"
#include "common/file.h"
#include "common/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], state_dir[96], dest[96], ini[96];
static struct collector_settings set;

static void put(const char *name, const char *text, unsigned mode)
{
    char path[160];
    struct fault f;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_replace(path, text, strlen(text), mode, &f) != 0)
        fail_msg("%s", f.text);
}

static bool is_there(const char *name)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return lstat(path, &st) == 0;
}

static struct hash write_journal(int records)
{
    char path[128];
    struct journal *j;
    struct fault f;
    snprintf(path, sizeof path, "%s/journal", state_dir);
    struct journal_settings settings = {.dir = path, .mode = 0750};
    if (journal_open(&j, &settings, &f) != 0)
        fail_msg("%s", f.text);
    for (int i = 0; i < records; i++)
        assert_int_equal(journal_append(j, "tick 1 0\n\n1", 11, 1000, NULL), 0);
    assert_int_equal(journal_sync(j), 0);
    struct hash head = journal_head(j);
    journal_close(j);
    return head;
}

static void write_ledger(uint64_t seq, const struct hash *head)
{
    struct ledger *l;
    struct fault f;
    if (ledger_open(&l, state_dir, LEDGER_WRITE, &f) != 0)
        fail_msg("%s", f.text);
    const struct sink *to = ledger_sink(l);
    to->answer(to->ctx, "r1", "{\"ok\":true}");
    assert_int_equal(ledger_commit(l, seq, head, FOLD_VERSION), 0);
    ledger_close(l);
}

static int setup(void **state)
{
    (void)state;
    struct faults faults = {0};
    char text[256];
    strcpy(dir, "/tmp/quietair-backup-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(state_dir, sizeof state_dir, "%s/state", dir);
    snprintf(dest, sizeof dest, "%s/copy", dir);
    snprintf(ini, sizeof ini, "%s/collector.ini", dir);
    if (mkdir(state_dir, 0750) != 0)
        return -1;
    snprintf(text, sizeof text, "[collector]\nname = main\nstate_dir = %s\n", state_dir);
    put("collector.ini", text, 0600);
    struct hash head = write_journal(5);
    write_ledger(5, &head);
    put("state/key", "secret", 0600);
    return collector_settings_place(&set, ini, &faults);
}

static int teardown(void **state)
{
    (void)state;
    collector_settings_free(&set);
    return file_remove_tree(dir);
}

static int make(struct backup_summary *s, struct fault *f)
{
    return backup_make(&set, dest, NULL, s, f);
}

static int restore(struct fault *f)
{
    struct backup_summary s;
    return backup_restore(dest, state_dir, NULL, &s, f);
}

static void empty_state(void)
{
    assert_int_equal(file_remove_tree(state_dir), 0);
}

static void it_says_what_it_holds(void **state)
{
    (void)state;
    struct backup_summary made, read;
    struct fault f = {0};
    if (make(&made, &f) != 0)
        fail_msg("%s", f.text);
    assert_int_equal(made.ledger_seq, 5);
    assert_int_equal(made.journal_first, 1);
    assert_int_equal(made.journal_last, 5);
    assert_string_equal(made.damage, "");
    assert_int_equal(backup_check(dest, NULL, &read, &f), 0);
    assert_memory_equal(&read.ledger_head, &made.ledger_head, sizeof made.ledger_head);
    assert_memory_equal(&read.journal_head, &made.ledger_head, sizeof made.ledger_head);
    assert_int_equal(read.files, made.files);
    assert_int_equal(read.bytes, made.bytes);
    assert_int_equal(read.made_ms, made.made_ms);
    assert_string_equal(read.name, "main");
}

static void it_comes_back_as_it_was(void **state)
{
    (void)state;
    struct backup_summary s;
    struct fault f = {0};
    struct stat st;
    struct ledger *l;
    struct buf answer = buf_growing();
    char path[128];
    assert_int_equal(make(&s, &f), 0);
    empty_state();
    if (restore(&f) != 0)
        fail_msg("%s", f.text);
    snprintf(path, sizeof path, "%s/key", state_dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(ledger_open(&l, state_dir, LEDGER_WRITE, &f), 0);
    assert_true(ledger_answer(l, "r1", &answer));
    assert_string_equal(answer.data, "{\"ok\":true}");
    ledger_close(l);
    buf_free(&answer);
    assert_false(is_there("state/restore.part"));
}

static void it_overwrites_nothing(void **state)
{
    (void)state;
    struct backup_summary s;
    struct fault f = {0};
    assert_int_equal(make(&s, &f), 0);
    assert_int_equal(make(&s, &f), ERR_DENIED);
    assert_int_equal(restore(&f), ERR_DENIED);
    assert_non_null(strstr(f.text, "not empty"));
}

static void an_unfinished_restore_is_begun_anew(void **state)
{
    (void)state;
    struct backup_summary s;
    struct fault f = {0};
    assert_int_equal(make(&s, &f), 0);
    empty_state();
    assert_int_equal(mkdir(state_dir, 0750), 0);
    assert_false(backup_unfinished(state_dir));
    char part[128];
    snprintf(part, sizeof part, "%s/restore.part", state_dir);
    assert_int_equal(mkdir(part, 0750), 0);
    put("state/restore.part/ledger.db", "half", 0600);
    put("state/restore.part/old", "half", 0600);
    assert_true(backup_unfinished(state_dir));
    assert_int_equal(restore(&f), 0);
    assert_false(backup_unfinished(state_dir));
    assert_false(is_there("state/old"));
}

/* The ledger ahead of its journal, or of another one: the copy would start with a ledger that is then set aside. */
static void a_ledger_that_is_not_of_this_journal_is_not_copied(void **state)
{
    (void)state;
    struct backup_summary s;
    struct fault f = {0};
    struct hash other = {{1}};
    write_ledger(6, &other);
    assert_int_equal(make(&s, &f), ERR_CORRUPT);
    assert_non_null(strstr(f.text, "record 6"));
    write_ledger(4, &other);
    assert_int_equal(make(&s, &f), ERR_CORRUPT);
    assert_non_null(strstr(f.text, "another journal"));
    assert_false(is_there("copy"));
}

static void without_a_ledger_there_is_nothing_to_copy(void **state)
{
    (void)state;
    struct backup_summary s;
    struct fault f = {0};
    empty_state();
    assert_int_equal(make(&s, &f), ERR_MISSING);
}

/* ---- manifests whose sum is right and whose words are not -------------------------------------------------------- */

static void forge(const char *old, const char *new)
{
    char path[160], hex[HASH_HEX], line[128];
    size_t length;
    struct fault f;
    snprintf(path, sizeof path, "%s/manifest.json", dest);
    char *text = file_read(path, 1 << 20, &length, &f);
    assert_non_null(text);
    char *at = strstr(text, old);
    assert_non_null(at);
    struct buf b = buf_growing();
    buf_bytes(&b, text, (size_t)(at - text));
    buf_text(&b, new);
    buf_text(&b, at + strlen(old));
    struct hash sum = hash_of(b.data, b.length);
    hash_hex(&sum, hex);
    snprintf(line, sizeof line, "%s  manifest.json\n", hex);
    assert_int_equal(file_replace(path, b.data, b.length, 0600, &f), 0);
    put("copy/manifest.sha256", line, 0600);
    buf_free(&b);
    free(text);
}

static void forged_manifests_are_refused(void **state)
{
    (void)state;
    static const char *const forgeries[][2] = {
        {"\"format\":1", "\"format\":2"},
        {"\"format\":1", "\"form\":1"},
        {"\"path\":\"state/key\"", "\"path\":\"state/../../key\""},
        {"\"path\":\"state/key\"", "\"path\":\"/tmp/key\""},
        {"\"path\":\"state/key\"", "\"path\":\"state//key\""},
        {"\"path\":\"state/key\"", "\"path\":\"./state/key\""},
        {"\"path\":\"state/key\"", "\"path\":\"state/key/\""},
        {"\"path\":\"state/key\"", "\"path\":\"\""},
        {"\"path\":\"state/key\"", "\"path\":7"},
        {"{\"path\":\"state/key\"", "{\"path\":\"state/ledger.db\""},
        {"\"bytes\":", "\"bytes\":-"},
        {"\"mode\":", "\"mode\":1"},
        {"\"sha256\":\"", "\"sha256\":\"0"},
        {"\"files\":[", "\"files\":7,\"x\":["},
        {"\"seq\":5", "\"seq\":-5"},
        {"\"head\":\"", "\"head\":\"x"},
        {"{\"format\"", "[{\"format\""},
        {"\"name\":\"main\"",
         "\"name\":\"mainmainmainmainmainmainmainmainmainmainmainmainmainmainmainmainmainmainmainmain\""},
    };
    struct backup_summary s;
    struct fault f = {0};
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        assert_int_equal(make(&s, &f), 0);
        assert_int_equal(backup_check(dest, NULL, &s, &f), 0);
        forge(forgeries[i][0], forgeries[i][1]);
        int code = backup_check(dest, NULL, &s, &f);
        if (code != ERR_CORRUPT && code != ERR_RANGE)
            fail_msg("%s: %d", forgeries[i][1], code);
        assert_int_equal(file_remove_tree(dest), 0);
    }
}

static void links_are_not_followed(void **state)
{
    (void)state;
    struct backup_summary s;
    struct fault f = {0};
    char path[160];
    assert_int_equal(make(&s, &f), 0);
    snprintf(path, sizeof path, "%s/state/key", dest);
    assert_int_equal(unlink(path), 0);
    put("outside", "secret", 0600);
    assert_int_equal(symlink("../../outside", path), 0);
    assert_int_equal(backup_check(dest, NULL, &s, &f), ERR_CORRUPT);
    assert_non_null(strstr(f.text, "state/key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_it_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(it_comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(it_overwrites_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unfinished_restore_is_begun_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ledger_that_is_not_of_this_journal_is_not_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_ledger_there_is_nothing_to_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(forged_manifests_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
