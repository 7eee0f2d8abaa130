/* Section [mqtt]: its keys, and what of them belongs together. */
#include "common/mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

bool mqtt_check(const struct conf *c, int section, struct mqtt_settings *s, struct faults *faults)
{
    size_t before = faults->count;
    char port[8] = "", rest;
    const char *host = NULL;
    if (!conf_fill(c, section, mqtt_options, s, faults))
        return false;
    if (strncmp(s->url, "mqtt://", 7) == 0)
        host = s->url + 7;
    else if (strncmp(s->url, "mqtts://", 8) == 0)
        host = s->url + 8, s->tls = true;
    s->port = s->tls ? 8883 : 1883;
    if (host && (sscanf(host, "[%255[0-9a-fA-F:.]]:%6[0-9]%c", s->host, port, &rest) == 2 ||
                 sscanf(host, "%255[A-Za-z0-9.-]:%6[0-9]%c", s->host, port, &rest) == 2))
        s->port = atoi(port);
    else if (!host || sscanf(host, "%255[A-Za-z0-9.-]%c", s->host, &rest) != 1)
        s->port = 0;
    if (s->port < 1 || s->port > 65535)
        conf_fault(c, section, "url", faults, "allowed are mqtt://host[:port] and mqtts://host[:port]");
    if (!*s->root || strpbrk(s->root, "#+ .") || s->root[0] == '/' || s->root[strlen(s->root) - 1] == '/')
        conf_fault(c, section, "root", faults, "expected a topic without wildcards, dots, spaces, outer slashes");
    if (s->tls && !s->ca_file)
        conf_fault(c, section, "ca_file", faults, "mqtts needs the file of certificates to verify the broker by");
    if (!s->cert_file != !s->key_file)
        conf_fault(c, section, "cert_file", faults, "cert_file and key_file go together");
    check_file(c, section, "password_file", s->password_file, faults);
    check_file(c, section, "ca_file", s->ca_file, faults);
    check_file(c, section, "cert_file", s->cert_file, faults);
    check_file(c, section, "key_file", s->key_file, faults);
    return faults->count == before;
}
