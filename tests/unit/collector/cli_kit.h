/* cli_kit: runs the program quietair itself, in a folder of the test's own, and plays the collector that it asks. */
#ifndef QUIETAIR_CLI_KIT_H
#define QUIETAIR_CLI_KIT_H

#include "common/json.h"

#include <libgen.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], program[4096];

static inline void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static inline int setup(void **state)
{
    char ini[256], self[4000], standards[4096], link[128];
    (void)state;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return -1;
    self[n] = 0;
    snprintf(program, sizeof program, "%s/../../bin/quietair", dirname(self));
    if (access(program, X_OK) != 0) {
        print_error("%s is not built\n", program);
        return -1;
    }
    strcpy(dir, "/tmp/quietair-cli-XXXXXX");
    if (!mkdtemp(dir) || !realpath("config/standards", standards)) /* from the top of the tree */
        return -1;
    snprintf(link, sizeof link, "%s/standards", dir);
    if (symlink(standards, link) != 0)
        return -1;
    snprintf(ini, sizeof ini,
             "[collector]\nname = main\ndistricts = yudu\nstate_dir = %s\ntimezone = Asia/Shanghai\nclock = journal\n"
             "[mqtt]\nurl = mqtt://127.0.0.1:1\n",
             dir);
    write_file("collector.ini", ini);
    return 0;
}

static inline int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static char output[65536];

/* Runs `quietair -c … WORDS`; its exit status; stdout (and stderr behind it) in output. */
static inline int run(const char *words)
{
    char command[8192];
    snprintf(command, sizeof command, "cd %s && { %s -c collector.ini --actor 王 %s; } 2>err; s=$?; cat err; exit $s",
             dir, program, words);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(output, 1, sizeof output - 1, f);
    output[n] = 0;
    return WEXITSTATUS(pclose(f));
}

static inline void expect(const char *words, int status, const char *part)
{
    int code = run(words);
    if (code != status || !strstr(output, part))
        fail_msg("quietair %s: status %d, expected %d, and in the output: %s\n%s", words, code, status, part, output);
}

/* ---- a collector of one answer ----------------------------------------------------------------------------------- */

/* Listens at control.sock, keeps the first request in the file `request`, answers, and ends.  The socket listens before
 * this returns.  NULL: ends without an answer. */
static inline pid_t answer_with(const char *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/control.sock", dir);
    unlink(address.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        int fd = accept(listener, NULL, NULL);
        FILE *stream = fdopen(fd, "r+");
        char *line = NULL;
        size_t room = 0;
        if (getline(&line, &room, stream) > 0) {
            write_file("request", line);
            if (answer && send(fd, answer, strlen(answer), 0) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(listener);
    return child;
}

static inline void join(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The request that was kept: of the right form, for this verb, with these args. */
static inline void expect_request(const char *verb, const char *args)
{
    char path[128], text[8192];
    snprintf(path, sizeof path, "%s/request", dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *id, *actor, *named;
    struct json *root = json_open(text, strlen(text), NULL);
    assert_true(json_text(json_member(root, "id"), &id) && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32);
    assert_true(json_text(json_member(root, "actor"), &actor));
    assert_string_equal(actor, "王");
    assert_true(json_text(json_member(root, "verb"), &named));
    assert_string_equal(named, verb);
    struct buf sent = buf_growing();
    json_print(json_member(root, "args"), &sent);
    assert_string_equal(sent.data, args);
    buf_free(&sent);
    json_close(root);
}

#endif
