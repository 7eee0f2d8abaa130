#include "tests/sim/asking.h"
#include "common/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_WAIT_S = 120 };

struct asking {
    struct sockaddr_un at;
    int fd; /* -1: not connected */
    struct buf line;
};

struct asking *asking_new(const char *socket_path)
{
    struct asking *a = xcalloc(1, sizeof *a);
    a->at.sun_family = AF_UNIX;
    snprintf(a->at.sun_path, sizeof a->at.sun_path, "%s", socket_path);
    a->fd = -1;
    a->line = buf_growing();
    return a;
}

static int hang_up(struct asking *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    return ERR_LINK;
}

void asking_free(struct asking *a)
{
    if (!a)
        return;
    hang_up(a);
    buf_free(&a->line);
    free(a);
}

static bool send_line(struct asking *a)
{
    for (size_t done = 0; done < a->line.length;) {
        ssize_t n = send(a->fd, a->line.data + done, a->line.length - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool receive_line(struct asking *a)
{
    char piece[65536];
    buf_clear(&a->line);
    do {
        ssize_t n = recv(a->fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf_bytes(&a->line, piece, (size_t)n);
    } while (!a->line.length || a->line.data[a->line.length - 1] != '\n');
    return true;
}

int asking_ask(struct asking *a, const char *id, const char *actor, const char *verb, const char *args,
               struct json **answer)
{
    *answer = NULL;
    if (a->fd < 0)
        return ERR_LINK;
    buf_clear(&a->line);
    buf_text(&a->line, "{\"id\":");
    buf_json(&a->line, id);
    buf_text(&a->line, ",\"actor\":");
    buf_json(&a->line, actor);
    buf_text(&a->line, ",\"verb\":");
    buf_json(&a->line, verb);
    buf_print(&a->line, ",\"args\":%s}\n", args);
    if (!send_line(a) || !receive_line(a))
        return hang_up(a);
    *answer = json_open(a->line.data, a->line.length, NULL);
    return *answer ? 0 : hang_up(a);
}

int asking_connect(struct asking *a)
{
    struct json *answer;
    const struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
    if (a->fd >= 0)
        return 0;
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (a->fd < 0 || setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        connect(a->fd, (const struct sockaddr *)&a->at, sizeof a->at) != 0)
        return hang_up(a);
    int r = asking_ask(a, "commit", "history", "commit", "{}", &answer);
    json_close(answer);
    return r;
}
