/* A gateway whose journal, cursor or epoch was damaged, against a collector that holds its first frames: what was not
 * touched is sent as it was made, what was touched is said to be lost, and nothing else is.  The collector here is the
 * test's own: it takes a frame where the rules of the stream (docs/architecture.md) say so, by bytes that the test has
 * kept. */
#include "tests/unit/gateway/spool_kit.h"

/* The first frames are short and more than may be under way; the others are long, a few a segment. */
enum { SHORT_ONES = 24, READINGS = 36, LONG = 20000, FRAMES_MOST = 128, SEGMENTS_MOST = 8 };

static struct world { /* as it was before the harm */
    char epoch[EPOCH_SIZE];
    uint64_t last, first[SEGMENTS_MOST + 1]; /* of each segment; behind the last one: last + 1 */
    size_t segments;
    char *payload[FRAMES_MOST];
    size_t length[FRAMES_MOST];
    struct hash head[FRAMES_MOST];
    uint64_t reading[FRAMES_MOST]; /* which one stands in that frame; 0: none */
    struct {
        char path[200];
        char *bytes;
        size_t length;
    } files[24];
    size_t file_count;
} world;

static void keep_file(const char *path)
{
    size_t i = world.file_count++;
    snprintf(world.files[i].path, sizeof world.files[i].path, "%s", path);
    world.files[i].bytes = file_read(path, 1 << 24, &world.files[i].length, NULL);
    assert_non_null(world.files[i].bytes);
}

static void segment_path_of(size_t i, char out[static 200])
{
    snprintf(out, 200, "%s/journal/%s/%020llu.seg", dir, world.epoch, (unsigned long long)world.first[i]);
}

static void file_in_state(const char *name, char out[static 200])
{
    snprintf(out, 200, "%.60s/%s", dir, name);
}

static void cursor_path(char out[static 200])
{
    snprintf(out, 200, "%s/journal/%s/acked.cursor", dir, world.epoch);
}

static void keep_all(void)
{
    struct journal_record rec;
    char path[200];
    strcpy(world.epoch, spool_epoch(spool));
    world.last = spool_last(spool);
    for (uint64_t seq = 1; seq <= world.last; seq++) {
        struct told t = {0};
        assert_int_equal(spool_read(spool, seq, &rec), 1);
        world.payload[seq] = xmalloc(rec.length);
        memcpy(world.payload[seq], rec.bytes, world.length[seq] = rec.length);
        world.head[seq] = chain_next(&world.head[seq - 1], rec.bytes, rec.length);
        tell(&t, rec.bytes, rec.length);
        for (uint64_t n = 1; n <= READINGS; n++)
            world.reading[seq] = t.held[n] ? n : world.reading[seq];
    }
    snprintf(path, sizeof path, "%s/journal/%s", dir, world.epoch);
    DIR *d = opendir(path);
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".seg"))
            world.first[world.segments++] = strtoull(e->d_name, NULL, 10);
    closedir(d);
    for (size_t i = 0; i < world.segments; i++) /* a few: sorted by looking */
        for (size_t k = i + 1; k < world.segments; k++)
            if (world.first[k] < world.first[i]) {
                uint64_t f = world.first[i];
                world.first[i] = world.first[k];
                world.first[k] = f;
            }
    world.first[world.segments] = world.last + 1;
    for (size_t i = 0; i < world.segments; i++) {
        segment_path_of(i, path);
        keep_file(path);
    }
    file_in_state("epoch", path);
    keep_file(path);
}

static void put_readings(uint64_t above)
{
    for (uint64_t n = 1; n <= READINGS; n++) {
        padding = n > SHORT_ONES ? LONG : 0;
        assert_int_equal(put_reading(above + n), 0);
    }
}

static bool thorough(void) /* JOURNAL_LONG=1: every case, not a share of them */
{
    return getenv("JOURNAL_LONG") != NULL;
}

static int begin(void **state)
{
    (void)state;
    make_dir();
    memset(&world, 0, sizeof world);
    max_bytes = 512 * 1024; /* segments of 64 KiB */
    assert_int_equal(try_start(0), 0);
    put_readings(0);
    keep_all();
    end_life(false);
    assert_true(world.segments >= 4);
    return 0;
}

static int end(void **state)
{
    (void)state;
    end_life(false);
    while (world.file_count)
        free(world.files[--world.file_count].bytes);
    for (uint64_t seq = 1; seq <= world.last; seq++)
        free(world.payload[seq]);
    return file_remove_tree(dir);
}

static void put_back(void)
{
    char path[200];
    end_life(false);
    assert_int_equal(file_remove_tree(dir), 0);
    snprintf(path, sizeof path, "%s/journal/%s", dir, world.epoch);
    assert_int_equal(file_make_dirs(path, 0700, NULL), 0);
    for (size_t i = 0; i < world.file_count; i++) {
        int fd = open(world.files[i].path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_int_equal(write(fd, world.files[i].bytes, world.files[i].length), world.files[i].length);
        close(fd);
    }
}

/* ---- the collector --------------------------------------------------------------------------------------------------
 */
struct collector {
    uint64_t last; /* of the epoch that it hears */
    char epoch[EPOCH_SIZE];
    struct hash head;
    unsigned epochs;
    bool lost[FRAMES_MOST]; /* of the first epoch, as said */
    struct told told;
    unsigned wrong; /* taken under the number of a frame that is whole, with other bytes */
    const bool *touched;
};

/* It holds the first `seq` frames. */
static void collector_holds(struct collector *c, uint64_t seq)
{
    memset(c, 0, sizeof *c);
    strcpy(c->epoch, world.epoch);
    c->last = seq;
    c->head = world.head[seq];
    for (uint64_t n = 1; n <= seq; n++)
        tell(&c->told, world.payload[n], world.length[n]);
}

static void collector_hears(struct collector *c, const char *bytes, size_t length)
{
    char after[AFTER_HEX];
    struct frame *f = frame_open(bytes, length, NULL);
    assert_non_null(f);
    if (strcmp(f->epoch, c->epoch) != 0) {
        strcpy(c->epoch, f->epoch);
        c->last = 0;
        c->head = (struct hash){0};
        c->epochs++;
    }
    hash_after(&c->head, after);
    bool fits = f->from > c->last + 1 ? false : f->from <= c->last ? true : !*f->after || strcmp(after, f->after) == 0;
    if (!fits || f->seq <= c->last) {
        frame_close(f);
        return;
    }
    for (uint64_t seq = c->last + 1; f->kind == FRAME_LOST && !c->epochs && seq <= f->seq; seq++)
        c->lost[seq] = true;
    if (f->kind != FRAME_LOST) {
        tell(&c->told, bytes, length);
        if (!c->epochs && f->seq <= world.last && !c->touched[f->seq])
            c->wrong += length != world.length[f->seq] || memcmp(bytes, world.payload[f->seq], length) != 0;
    }
    c->head = f->kind == FRAME_LOST ? f->head : chain_next(&c->head, bytes, length);
    c->last = f->seq;
    frame_close(f);
}

static enum sender_heard say_position(struct sender *s, const struct collector *c, int64_t now)
{
    char text[320], hex[HASH_HEX];
    bool known = strcmp(c->epoch, spool_epoch(spool)) == 0;
    hash_hex(known ? &c->head : &(struct hash){0}, hex);
    int n = snprintf(text, sizeof text, "{\"v\":1,\"by\":\"main\",\"epoch\":\"%s\",\"seq\":%llu,\"head\":\"%s\"}",
                     spool_epoch(spool), known ? (unsigned long long)c->last : 0, hex);
    return sender_hear(s, text, (size_t)n, now);
}

/* Until all is acked.  `early`: the gateway sends before it has heard the collector. */
static uint64_t drain(struct collector *c, bool early)
{
    struct sender s;
    char *memory = xmalloc(FRAME_MAX + 1);
    struct buf out = buf_fixed(memory, FRAME_MAX + 1);
    sender_init(&s, spool, "gw-1", "main", 100);
    sender_connected(&s, 0);
    int64_t now = 0;
    for (unsigned turn = 0; turn == 0 || !sender_done(&s); turn++, now += 1000) {
        if (turn > 400)
            fail_msg("no end: acked %llu of %llu", (unsigned long long)s.acked, (unsigned long long)spool_last(spool));
        if (!early || turn)
            if (say_position(&s, c, now) == SENDER_ANEW)
                assert_int_equal(sender_anew(&s, (struct moment){.ms = T0 + READINGS * 1000 + 900}), 0);
        while (sender_next(&s, now, &out) == 1)
            collector_hears(c, out.data, out.length);
        say_position(&s, c, now);
        sender_timer(&s, now);
    }
    free(memory);
    return s.lost_said;
}

/* ---- what must hold -------------------------------------------------------------------------------------------------
 */
/* touched: of the first epoch's frames.  Whatever stands in others is held; in these, declared. */
static void check(const bool *touched, uint64_t acked, bool early)
{
    struct collector c;
    collector_holds(&c, acked);
    c.touched = touched;
    assert_int_equal(try_start(READINGS), 0);
    drain(&c, early);
    assert_int_equal(c.wrong, 0);
    for (uint64_t seq = 1; seq <= world.last; seq++) {
        uint64_t n = world.reading[seq];
        if (c.lost[seq] && !touched[seq])
            fail_msg("frame %d is whole, and said to be lost", (int)seq);
        if (!n)
            continue;
        unsigned held = c.told.held[n] + c.told.anew[n];
        assert_true(c.told.held[n] <= 1 && c.told.anew[n] <= 1); /* framed anew it may come again: readers skip it */
        if (!held && (!touched[seq] || !(c.lost[seq] || c.told.gap[n])))
            fail_msg("reading %d in frame %d is %s", (int)n, (int)seq, touched[seq] ? "not declared" : "not sent");
    }
    assert_true(c.epochs <= 1);
    end_life(true);
    assert_int_equal(try_start(READINGS + 1), 0); /* once is enough: the next start has nothing to say */
    assert_int_equal(drain(&c, false), 0);
    assert_int_equal(epochs_lying(), 1);
    end_life(true);
}

static void save_cursor(uint64_t acked)
{
    char path[200], text[32];
    int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long)acked);
    cursor_path(path);
    assert_int_equal(file_replace(path, text, (size_t)n, 0600, NULL), 0);
}

/* ---- harms
 * ------------------------------------------------------------------------------------------------------------ */
static void missing(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static void empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void short_header(const char *path)
{
    assert_int_equal(truncate(path, 40), 0);
}

static void noise(const char *path)
{
    struct stat st;
    unsigned x = 7;
    int fd = open(path, O_WRONLY);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at += 16) {
        x = x * 1103515245 + 12345;
        assert_int_equal(pwrite(fd, &x, 4, at), 4);
    }
    close(fd);
}

static void folder(const char *path)
{
    missing(path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void a_link(const char *path)
{
    missing(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
}

static void (*const harms[])(const char *) = {missing, empty, short_header, noise, folder, a_link};
enum { HARMS = sizeof harms / sizeof *harms };

static void touch(bool *touched, size_t segment)
{
    for (uint64_t seq = world.first[segment]; seq < world.first[segment + 1]; seq++)
        touched[seq] = true;
}

static void each_segment(void **state)
{
    char path[200];
    unsigned tried = 0;
    (void)state;
    for (size_t k = 0; k < HARMS; k++)
        for (size_t i = 0; i < world.segments; i++) {
            const uint64_t acked[] = {0, world.first[i] - 1, world.first[i] + 1, world.last - 1, world.last};
            for (size_t a = 0; a < 5; a++)
                for (int early = 0; early < 2; early++) {
                    if (!thorough() && (k + a + (size_t)early) % 5)
                        continue;
                    bool touched[FRAMES_MOST] = {0};
                    put_back();
                    save_cursor(acked[a]);
                    segment_path_of(i, path);
                    harms[k](path);
                    touch(touched, i);
                    check(touched, acked[a], early);
                    tried++;
                }
        }
    print_message("%u cases\n", tried);
}

static void every_pair_of_segments(void **state)
{
    char path[200], other[200], between[200];
    (void)state;
    for (size_t i = 0; i < world.segments; i++)
        for (size_t k = i + 1; k < world.segments; k++)
            for (int swapped = 0; swapped < 2; swapped++)
                for (uint64_t acked = 0; acked <= world.last; acked += world.last / 2) {
                    bool touched[FRAMES_MOST] = {0};
                    if (!thorough() && (acked + i + k + (uint64_t)swapped) % 2)
                        continue;
                    put_back();
                    save_cursor(acked);
                    segment_path_of(i, path);
                    segment_path_of(k, other);
                    file_in_state("between", between);
                    if (swapped)
                        assert_true(rename(path, between) == 0 && rename(other, path) == 0 &&
                                    rename(between, other) == 0);
                    else
                        assert_true(unlink(path) == 0 && unlink(other) == 0);
                    touch(touched, i);
                    touch(touched, k);
                    check(touched, acked, false);
                }
}

/* A byte anywhere: the record that it belongs to, by the published form. */
static void a_byte_of_any_record(void **state)
{
    char path[200];
    (void)state;
    for (size_t i = 0; i < world.segments; i++) {
        off_t at = 64;
        for (uint64_t seq = world.first[i]; seq < world.first[i + 1]; seq++) {
            const off_t places[] = {at + 5, at + 70, at + 63 + (off_t)world.length[seq]};
            for (size_t p = 0; p < 3; p++) {
                bool touched[FRAMES_MOST] = {0};
                uint64_t acked = p == 0 ? 0 : p == 1 ? seq - 1 : seq;
                char byte;
                if (!thorough() && (seq + p) % 3)
                    continue;
                put_back();
                save_cursor(acked);
                segment_path_of(i, path);
                int fd = open(path, O_RDWR);
                assert_int_equal(pread(fd, &byte, 1, places[p]), 1);
                byte ^= 1;
                assert_int_equal(pwrite(fd, &byte, 1, places[p]), 1);
                close(fd);
                touched[seq] = true;
                check(touched, acked, seq % 2);
            }
            at += 64 + (off_t)world.length[seq];
        }
    }
}

/* ---- cursors
 * ---------------------------------------------------------------------------------------------------------- */
static void the_acked_cursor(void **state)
{
    static const char *const texts[] = {"", "7", "x\n", "-1\n", "99999999999999999999\n", "1000000\n", "0\n", "5\n"};
    char path[200];
    (void)state;
    for (size_t i = 0; i <= sizeof texts / sizeof *texts; i++)
        for (uint64_t acked = 0; acked <= world.last; acked += 9) {
            bool touched[FRAMES_MOST] = {0};
            if (!thorough() && (acked / 9 + i) % 3)
                continue;
            put_back();
            cursor_path(path);
            if (i < sizeof texts / sizeof *texts)
                assert_int_equal(file_replace(path, texts[i], strlen(texts[i]), 0600, NULL), 0);
            check(touched, acked, i % 2);
        }
}

/* ---- the epoch
 * -------------------------------------------------------------------------------------------------------- */
static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void a_damaged_epoch_file_loses_nothing(void **state)
{
    char path[200];
    (void)state;
    for (int k = 0; k < HARMS + 34; k++) {
        bool touched[FRAMES_MOST] = {0};
        char text[EPOCH_SIZE];
        if (!thorough() && k > HARMS && k < HARMS + 32 && k % 7)
            continue;
        put_back();
        file_in_state("epoch", path);
        strcpy(text, world.epoch);
        if (k < HARMS && harms[k] != folder)
            harms[k](path);
        else if (k < HARMS + 32)
            text[k < HARMS ? 0 : k - HARMS] =
                text[k < HARMS ? 0 : k - HARMS] == '0' ? '1' : '0'; /* still an epoch, of nobody */
        else
            text[k == HARMS + 32 ? 20 : 32] = 0; /* torn; as it was */
        if (k >= HARMS)
            write_text(path, text);
        check(touched, 5, false);
        assert_int_equal(try_start(READINGS + 2), 0);
        assert_string_equal(spool_epoch(spool), world.epoch);
        end_life(true);
    }
}

/* What a spool_anew that was cut off leaves behind. */
static void folders_of_other_epochs_go(void **state)
{
    char path[200];
    bool touched[FRAMES_MOST] = {0};
    (void)state;
    put_back();
    snprintf(path, sizeof path, "%s/journal/0123456789abcdef0123456789abcdef", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/00000000000000000001.seg");
    write_text(path, "QAJSEG1\n");
    check(touched, 0, false);
}

/* ---- quarantine
 * ------------------------------------------------------------------------------------------------------- */
static void only_what_was_set_aside_counts_as_that(void **state)
{
    static const char *const names[] = {"5.json.new", "json", "6", "x.json", "7.txt"};
    char path[200];
    bool touched[FRAMES_MOST] = {0};
    (void)state;
    put_back();
    snprintf(path, sizeof path, "%s/journal/%s/quarantine", dir, world.epoch);
    assert_int_equal(mkdir(path, 0700), 0);
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path + length, sizeof path - length, "/%s", names[i]);
        write_text(path, "{}");
    }
    check(touched, 0, false);
    put_back();
    path[length] = 0;
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/8.json");
    write_text(path, "{}");
    touched[8] = true;
    check(touched, 0, false);
}

/* ---- segments of another life
 * ----------------------------------------------------------------------------------------- */
/* A segment with the same numbers, whole, of a box that was cloned after the first segment: it does not belong to the
 * chain. The stream does not stand still at it, and whatever is in the others is sent. */
static void a_segment_of_a_clone(void **state)
{
    char path[200], *foreign[SEGMENTS_MOST];
    size_t lengths[SEGMENTS_MOST];
    (void)state;
    put_back();
    for (size_t i = 1; i < world.segments; i++) {
        segment_path_of(i, path);
        missing(path);
    }
    assert_int_equal(try_start(2), 0);
    put_readings(300);
    for (size_t i = 1; i < world.segments; i++) {
        segment_path_of(i, path);
        foreign[i] = file_read(path, 1 << 20, &lengths[i], NULL); /* NULL: it rolled over elsewhere */
    }
    unsigned tried = 0;
    for (size_t i = 1; i + 1 < world.segments; i++) {
        struct collector c;
        if (!foreign[i])
            continue;
        put_back();
        segment_path_of(i, path);
        missing(path);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, foreign[i], lengths[i]), lengths[i]);
        close(fd);
        bool touched[FRAMES_MOST] = {0};
        touch(touched, i);
        touched[world.first[i + 1]] = true;
        collector_holds(&c, 0);
        c.touched = touched;
        assert_int_equal(try_start(READINGS), 0);
        drain(&c, false);
        for (uint64_t seq = 1; seq <= world.last; seq++)
            if (world.reading[seq] && (seq < world.first[i] || seq > world.first[i + 1]))
                assert_int_equal(c.told.held[world.reading[seq]] + c.told.anew[world.reading[seq]], 1);
        bool said = false; /* where it begins, or where the true chain begins again */
        for (uint64_t seq = world.first[i]; seq <= world.first[i + 1]; seq++)
            said |= c.lost[seq];
        assert_true(said);
        end_life(true);
        tried++;
    }
    assert_true(tried > 0);
    for (size_t i = 1; i < world.segments; i++)
        free(foreign[i]);
}

/* And one whose frames name another epoch is not sent at all. */
static void a_segment_of_another_epoch(void **state)
{
    char path[200], *bytes;
    size_t length;
    bool touched[FRAMES_MOST] = {0};
    (void)state;
    assert_int_equal(file_remove_tree(dir), 0);
    assert_int_equal(try_start(0), 0);
    put_readings(0);
    char other[EPOCH_SIZE];
    strcpy(other, spool_epoch(spool));
    snprintf(path, sizeof path, "%s/journal/%s/%020llu.seg", dir, other, (unsigned long long)world.first[1]);
    bytes = file_read(path, 1 << 20, &length, NULL);
    assert_non_null(bytes);
    put_back();
    segment_path_of(1, path);
    missing(path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
    free(bytes);
    touch(touched, 1);
    check(touched, 3, false);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {CASE(each_segment),
                                       CASE(every_pair_of_segments),
                                       CASE(a_byte_of_any_record),
                                       CASE(the_acked_cursor),
                                       CASE(a_damaged_epoch_file_loses_nothing),
                                       CASE(folders_of_other_epochs_go),
                                       CASE(only_what_was_set_aside_counts_as_that),
                                       CASE(a_segment_of_a_clone),
                                       CASE(a_segment_of_another_epoch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
