/* Section [mqtt]: its keys, and what of them belongs together. */
#include "common/file.h"
#include "common/mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PASSWORD_FILE_MOST = 4096 };

#define AT(member) offsetof(struct mqtt_settings, member)
const struct conf_option mqtt_options[] = {
    {"url", CONF_TEXT, AT(url), .mandatory = true, .help = "mqtt://host[:1883] or mqtts://host[:8883]"},
    {"root", CONF_TEXT, AT(root), "quietair/v1", .help = "prefix of all topics"},
    {"username", CONF_TEXT, AT(username), .help = "user at the broker"},
    {"password_file", CONF_TEXT, AT(password_file), .help = "file whose first line is the password"},
    {"ca_file", CONF_TEXT, AT(ca_file), .help = "certificates that may sign the broker's"},
    {"cert_file", CONF_TEXT, AT(cert_file), .help = "own certificate"},
    {"key_file", CONF_TEXT, AT(key_file), .help = "key of the own certificate"},
    {NULL}};
#undef AT

static void check_file(const struct conf *c, int section, const char *key, const char *path, struct faults *faults)
{
    if (path && access(path, R_OK) != 0)
        conf_fault(c, section, key, faults, "%s cannot be read", path);
}

char *mqtt_password(const struct mqtt_settings *s, struct fault *f)
{
    size_t length;
    char *password = file_read(s->password_file, PASSWORD_FILE_MOST, &length, f);
    if (!password)
        return NULL;
    password[strcspn(password, "\r\n")] = 0;
    if (*password)
        return password;
    fault(f, ERR_RANGE, "%s: its first line is empty, and should be the password", s->password_file);
    free(password);
    return NULL;
}

static void check_password(const struct conf *c, int section, const struct mqtt_settings *s, struct faults *faults)
{
    struct fault f = {0};
    if (!s->password_file)
        return;
    char *password = mqtt_password(s, &f);
    if (!password)
        conf_fault(c, section, "password_file", faults, "%s", f.text);
    free(password);
    if (!conf_has(c, section, "username"))
        conf_fault(c, section, "password_file", faults, "a password needs username beside it");
}

/* HOST, HOST:PORT, [2001:db8::1], [2001:db8::1]:PORT.  False: none of these. */
static bool split_host(const char *text, struct mqtt_settings *s)
{
    char port[8] = "", rest;
    if (sscanf(text, "[%255[0-9a-fA-F:.]]:%6[0-9]%c", s->host, port, &rest) == 2 ||
        sscanf(text, "%255[A-Za-z0-9.-]:%6[0-9]%c", s->host, port, &rest) == 2) {
        s->port = atoi(port);
        return s->port >= 1 && s->port <= 65535;
    }
    int end = 0;
    if (sscanf(text, "[%255[0-9a-fA-F:.]]%n", s->host, &end) == 1 && end && !text[end])
        return true;
    return sscanf(text, "%255[A-Za-z0-9.-]%c", s->host, &rest) == 1;
}

static void check_url(const struct conf *c, int section, struct mqtt_settings *s, struct faults *faults)
{
    const char *host = NULL;
    if (strncmp(s->url, "mqtt://", 7) == 0)
        host = s->url + 7;
    else if (strncmp(s->url, "mqtts://", 8) == 0)
        host = s->url + 8, s->tls = true;
    s->port = s->tls ? 8883 : 1883;
    if (!host || !split_host(host, s))
        conf_fault(c, section, "url", faults, "allowed are mqtt://host[:port] and mqtts://host[:port]");
    if (s->tls && !conf_has(c, section, "ca_file"))
        conf_fault(c, section, "ca_file", faults, "mqtts needs the file of certificates to verify the broker by");
    static const char *const of_tls[] = {"ca_file", "cert_file", "key_file"};
    for (size_t i = 0; host && !s->tls && i < sizeof of_tls / sizeof *of_tls; i++)
        if (conf_has(c, section, of_tls[i]))
            conf_fault(c, section, of_tls[i], faults, "url is mqtt://, which encrypts nothing: expected mqtts://");
}

bool mqtt_check(const struct conf *c, int section, struct mqtt_settings *s, struct faults *faults)
{
    size_t before = faults->count;
    bool whole = conf_fill(c, section, mqtt_options, s, faults);
    if (s->url)
        check_url(c, section, s, faults);
    if (!*s->root || strpbrk(s->root, "#+ .") || s->root[0] == '/' || s->root[strlen(s->root) - 1] == '/')
        conf_fault(c, section, "root", faults, "expected a topic without wildcards, dots, spaces, outer slashes");
    if (conf_has(c, section, "cert_file") != conf_has(c, section, "key_file"))
        conf_fault(c, section, "cert_file", faults, "cert_file and key_file go together");
    check_password(c, section, s, faults);
    check_file(c, section, "ca_file", s->ca_file, faults);
    check_file(c, section, "cert_file", s->cert_file, faults);
    check_file(c, section, "key_file", s->key_file, faults);
    return whole && faults->count == before;
}
