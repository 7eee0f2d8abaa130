#include "collector/cli/ask.h"
#include "collector/cli/show.h"
#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024 * 1024, WAIT_MS = 120000 };

static int open_socket(const char *path, struct faults *faults)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        faults_add(faults, "socket = %s: longer than the %zu bytes that a Unix socket may have", path,
                   sizeof address.sun_path - 1);
        return ERR_LINK;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        faults_add(faults, "the collector does not run (nobody listens at %s)", path);
    else
        faults_add(faults, "the collector cannot be reached at %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ERR_LINK;
}

static void write_request(struct buf *out, const struct cli *cli, const char *verb, const char *args)
{
    uint8_t id[16];
    if (getentropy(id, sizeof id) != 0)
        memset(id, 0, sizeof id); /* never: the pool is filled long before anybody types */
    buf_text(out, "{\"id\":\"");
    buf_hex(out, id, sizeof id);
    buf_text(out, "\",\"actor\":");
    buf_json(out, cli->actor);
    buf_text(out, ",\"verb\":");
    buf_json(out, verb);
    buf_print(out, ",\"args\":%s}\n", args);
}

static bool send_all(int fd, const struct buf *text)
{
    for (size_t done = 0; done < text->length;) {
        ssize_t n = send(fd, text->data + done, text->length - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Up to the newline; false: none came in time. */
static bool receive_line(int fd, struct buf *line)
{
    char piece[16384];
    int64_t deadline = clock_mono_ms() + WAIT_MS;
    while (line->length < ANSWER_MAX) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_mono_ms();
        if (left <= 0 || (poll(&ready, 1, (int)left) < 0 && errno != EINTR))
            return false;
        ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        if (n > 0)
            buf_bytes(line, piece, (size_t)n);
        if (line->length && line->data[line->length - 1] == '\n')
            return true;
    }
    return false;
}

static int read_answer(const struct buf *line, struct answer *answer, struct faults *faults)
{
    bool ok = false;
    const char *text;
    answer->root = json_open(line->data, line->length, NULL);
    if (!json_bool(json_member(answer->root, "ok"), &ok)) {
        faults_add(faults, "the collector's answer cannot be read");
        return ERR_IO;
    }
    if (ok) {
        answer->result = json_member(answer->root, "result");
        return 0;
    }
    const struct json *errors = json_member(answer->root, "errors");
    for (size_t i = 0; i < json_count(errors); i++) {
        if (json_text(json_at(errors, i), &text))
            faults_add(faults, "%s", text);
    }
    faults_add(faults, "refused: %s", json_text(json_member(answer->root, "error"), &text) ? text : "no reason given");
    return ERR_DENIED;
}

int ask(const struct cli *cli, const char *verb, const char *args, struct answer *answer, struct faults *faults)
{
    struct buf request = buf_growing(), line = buf_growing();
    *answer = (struct answer){0};
    int code = open_socket(cli->settings.socket, faults);
    if (code >= 0) {
        int fd = code;
        write_request(&request, cli, verb, args);
        if (send_all(fd, &request) && receive_line(fd, &line)) {
            code = read_answer(&line, answer, faults);
        } else {
            faults_add(faults, "the collector gave no answer: whether it was done is not known");
            code = ERR_IO;
        }
        close(fd);
    }
    buf_free(&request);
    buf_free(&line);
    return code;
}

void ask_free(struct answer *answer)
{
    json_close(answer->root);
    *answer = (struct answer){0};
}

int ask_or_say(const struct cli *cli, const char *verb, const char *args, struct answer *answer)
{
    struct faults faults = {0};
    int code = ask(cli, verb, args, answer, &faults);
    cli_print_faults(&faults);
    faults_free(&faults);
    if (code)
        ask_free(answer);
    return code ? CLI_FAILED : CLI_DONE;
}

void ask_commit(const struct cli *cli)
{
    struct faults faults = {0};
    struct answer answer;
    int code = ask(cli, "commit", "{}", &answer, &faults);
    if (code && code != ERR_LINK)
        cli_print_faults(&faults);
    faults_free(&faults);
    ask_free(&answer);
}

int ask_print_result(const struct cli *cli, struct answer *answer)
{
    struct buf json = buf_growing();
    if (json_is_object(answer->result))
        json_print(answer->result, &json);
    else
        buf_text(&json, "{}");
    ask_free(answer);
    return show_print(cli, &json);
}
