/* quietair-bus scan: which units answer, at which speed and parity.  An exception is an answer: somebody is there. */
#include "common/service.h"
#include "firmware-gateway/tool/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 256, WORDS = 8 };

struct scan {
    const struct tool *tool;
    bool units[UNITS];
    int unit_count;
    struct question question;
    struct table *table; /* for people, or … */
    struct buf json;     /* … a list of objects */
    int asked, to_ask, found, damaged;
    bool broken; /* the link was not to be had, or lost */
};

/* "1-32", "1,7,20-25".  False: no such list. */
static bool read_units(const char *text, struct scan *s)
{
    for (char *end; *text; text = *end ? end + 1 : end) {
        if (!strchr("0123456789", *text))
            return false;
        unsigned long from = strtoul(text, &end, 10), to = from;
        if (*end == '-' && end[1] && strchr("0123456789", end[1]))
            to = strtoul(end + 1, &end, 10);
        if ((*end && (*end != ',' || !end[1])) || from > to || to > 255)
            return false;
        for (unsigned long u = from; u <= to; u++) {
            s->unit_count += !s->units[u];
            s->units[u] = true;
        }
    }
    return s->unit_count > 0;
}

static size_t read_words(char *text, const char **words)
{
    size_t n = 0;
    for (char *word, *rest = text; n < WORDS && (word = strsep(&rest, ","));)
        words[n++] = word;
    return n;
}

static void progress(const struct scan *s, const struct bus_section *bus, int unit)
{
    struct buf b = buf_growing();
    tool_describe(bus, &b);
    fprintf(stderr, "\r\033[K%3d %%  unit %d, %s; %d found", 100 * s->asked / s->to_ask, unit, b.data, s->found);
    buf_free(&b);
}

static const char *words_of_exception(int code)
{
    static const char *const words[] = {[1] = "does not know this function",
                                        [2] = "has no such register",
                                        [3] = "does not take this count",
                                        [4] = "is at fault",
                                        [6] = "is busy"}; /* MODBUS Application Protocol V1.1b3, 7 */
    return code > 0 && code < (int)(sizeof words / sizeof *words) && words[code] ? words[code] : "says no";
}

static void tell_found(struct scan *s, const struct bus_section *bus, const struct answer *a, const uint16_t *words)
{
    double ms = (double)(a->ended_ns - a->begun_ns) / 1e6;
    struct buf line = buf_growing(), says = buf_growing();
    tool_describe(bus, &line);
    if (a->kind == ANSWER_VALUES)
        buf_print(&says, "%u (0x%04X)", words[0], words[0]);
    else
        buf_print(&says, "exception %d: it %s", a->exception, words_of_exception(a->exception));
    if (s->tool->json) {
        buf_print(&s->json, "%s{\"unit\":%u,\"line\":", s->found ? "," : "", s->question.unit);
        buf_json(&s->json, line.data);
        if (bus->type == BUS_RTU)
            buf_print(&s->json, ",\"baud\":%lld,\"parity\":\"%s\"", (long long)bus->line.baud,
                      line_parities[bus->line.parity]);
        if (a->kind == ANSWER_VALUES)
            buf_print(&s->json, ",\"value\":%u", words[0]);
        else
            buf_print(&s->json, ",\"exception\":%d", a->exception);
        buf_print(&s->json, ",\"answer_ms\":%.1f}", ms);
    } else {
        table_print(s->table, "%u", s->question.unit);
        table_text(s->table, line.data);
        table_text(s->table, says.data);
        table_print(s->table, "%.1f ms", ms);
    }
    s->found++;
    buf_free(&line);
    buf_free(&says);
}

/* 10 and 11 come from a converter that reaches nobody there (MODBUS Application Protocol V1.1b3, 7). */
static bool is_gateways_word(const struct answer *a)
{
    return a->kind == ANSWER_EXCEPTION && (a->exception == 10 || a->exception == 11);
}

/* False: the link is not to be had, or a stop was asked for. */
static bool ask_units(struct scan *s, const struct bus_section *bus, struct link *link)
{
    struct answer a;
    uint16_t words[BITS_MAX];
    bool terminal = isatty(STDERR_FILENO);
    for (int unit = 0; unit < UNITS; unit++) {
        if (!s->units[unit])
            continue;
        if (terminal)
            progress(s, bus, unit);
        s->question.unit = (uint8_t)unit;
        if (!tool_ask(link, bus, &s->question, &a, words) && !tool_ask(link, bus, &s->question, &a, words)) {
            s->broken = !service_stopping();
            return false;
        }
        s->asked++;
        if (answer_is_alive(&a) && !is_gateways_word(&a))
            tell_found(s, bus, &a, words);
        else
            s->damaged += a.kind == ANSWER_CRC || a.kind == ANSWER_GARBAGE;
    }
    return true;
}

static int scan_line(struct scan *s, struct tool_line line)
{
    struct gateway_settings set;
    struct fault f = {0};
    int status = TOOL_USAGE;
    if (tool_settings(s->tool, line, NULL, &set)) {
        struct bus_section *bus = &set.buses[0];
        struct link *link = tool_line_is_free(bus) ? link_new(bus, service_fd(), &f) : NULL;
        s->broken = s->broken || !link;
        status = link && ask_units(s, bus, link) ? TOOL_DONE : TOOL_FAILED;
        link_free(link);
    }
    gateway_settings_free(&set);
    return status;
}

/* What to look at when the answers are bad, or none. */
static void advise(const struct scan *s)
{
    bool tcp = s->tool->values[TOOL_TCP];
    const char *damaged = tcp ? "a converter that wants --rtu-tcp, or no Modbus TCP at all"
                              : "another speed or parity, or the wires A and B crossed or not terminated";
    const char *silent = tcp ? "at power, at the lines behind the address, at --units"
                             : "at power, at the wires A and B, at speed and parity, at --units";
    if (s->damaged)
        fprintf(stderr, "%d answer%s damaged: %s\n", s->damaged, s->damaged == 1 ? " was" : "s were", damaged);
    else if (!s->found && !s->broken && !service_stopping())
        fprintf(stderr, "nobody answers: look %s\n", silent);
}

static void print_found(struct scan *s)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (s->tool->json)
        printf("[%s]\n", s->json.data);
    else if (s->found)
        tool_print(s->tool, s->table);
    fprintf(stderr, "%d of %d asked, %d found%s\n", s->asked, s->to_ask, s->found,
            service_stopping() ? " (interrupted)" : "");
    advise(s);
}

int tool_scan(const struct tool *as_given)
{
    struct tool quick = *as_given, *t = &quick;
    static const char *const headings[] = {">unit", "line", "says", ">answer", NULL};
    bool serial = t->values[TOOL_DEVICE];
    if (!t->values[TOOL_TIMEOUT])
        t->values[TOOL_TIMEOUT] = "200ms"; /* most who are asked are not there */
    char *bauds = xstrdup(serial ? t->values[TOOL_BAUD] ? t->values[TOOL_BAUD] : "9600,4800" : "9600");
    char *parities = xstrdup(serial && t->values[TOOL_PARITY] ? t->values[TOOL_PARITY] : "none");
    const char *baud[WORDS], *parity[WORDS], *first = t->values[TOOL_REGISTER];
    size_t baud_count = read_words(bauds, baud), parity_count = read_words(parities, parity);
    struct scan s = {.tool = t, .question.count = 1, .json = buf_growing(), .table = table_new(headings)};
    enum profile_table table = TABLE_HOLDING;
    int status = TOOL_USAGE;
    if (!read_units(t->values[TOOL_UNITS] ? t->values[TOOL_UNITS] : "1-32", &s))
        fputs("--units: expected units and ranges from 0 to 255, as in 1-32,100\n", stderr);
    else if (first && !tool_register(first, &table, &s.question.address))
        fputs("--register: expected TABLE:ADDRESS, as in holding:0 or input:0x10\n", stderr);
    else
        status = TOOL_DONE;
    s.question.function = tool_function(table);
    s.to_ask = s.unit_count * (int)(baud_count * parity_count);
    for (size_t i = 0; status == TOOL_DONE && i < baud_count * parity_count; i++)
        status = scan_line(&s, (struct tool_line){baud[i / parity_count], parity[i % parity_count]});
    if (status != TOOL_USAGE)
        print_found(&s);
    table_free(s.table);
    buf_free(&s.json);
    free(bauds);
    free(parities);
    return status == TOOL_DONE && !s.found ? TOOL_FAILED : status;
}
