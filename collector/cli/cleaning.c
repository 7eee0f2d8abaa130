/* quietair cleaning add | list */
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "collector/cli/pick.h"
#include "collector/cli/rows.h"
#include "collector/cli/show.h"
#include "collector/photo.h"
#include "common/base64.h"
#include "common/civil.h"
#include "common/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- add --------------------------------------------------------------------------------------------------------- */

enum { ADD_SITE, ADD_DATE, ADD_BY, ADD_PROVIDER, ADD_KIND, ADD_NOTE, ADD_TEXTS, ADD_PHOTO = ADD_TEXTS };

static const struct cli_option add_options[] = {
    [ADD_SITE] = {"site", "ID", true, "the site"},
    [ADD_DATE] = {"date", "DATE", true, "when: YYYY-MM-DD or YYYY-MM-DDTHH:MM"},
    [ADD_BY] = {"by", "NAME", true, "who did it"},
    [ADD_PROVIDER] = {"provider", "NAME", false, "the cleaning company"},
    [ADD_KIND] = {"kind", "KIND", false, "clean (default), maintain, filter"},
    [ADD_NOTE] = {"note", "TEXT", false, "anything else"},
    [ADD_PHOTO] = {"photo", "FILE", false, "JPEG or PNG; or several, with commas between them", true},
    {NULL, NULL, false, NULL},
};

static bool is_kind(const char *kind)
{
    return strcmp(kind, "clean") == 0 || strcmp(kind, "maintain") == 0 || strcmp(kind, "filter") == 0;
}

/* Hands one file to the collector, which keeps it; its name there goes into the list. */
static int put_photo(const struct cli *cli, const char *path, struct buf *list)
{
    struct fault f;
    size_t length;
    struct answer answer;
    const char *name = "";
    char *bytes = file_read(path, PHOTO_MOST, &length, &f);
    if (!bytes)
        return cli_fail("%s", f.text);
    struct buf args = buf_growing();
    int code = photo_suffix(bytes, length) ? CLI_DONE : cli_fail("%s: neither JPEG nor PNG", path);
    if (!code) {
        buf_text(&args, "{\"base64\":\"");
        base64_put(&args, bytes, length);
        buf_text(&args, "\"}");
        code = ask_or_say(cli, "photo put", args.data, &answer);
    }
    if (!code) {
        json_text(json_member(answer.result, "photo"), &name);
        buf_text(list, list->length ? "," : "");
        buf_json(list, name);
        ask_free(&answer);
    }
    buf_free(&args);
    free(bytes);
    return code;
}

/* Every value is a file, or several names with commas or spaces between them. */
static int put_photos(const struct cli *cli, struct buf *list)
{
    int code = CLI_DONE;
    const char *value;
    for (size_t at = 0; !code && (value = cli_next(cli, ADD_PHOTO, &at));) {
        if (access(value, F_OK) == 0) {
            code = put_photo(cli, value, list);
            continue;
        }
        char *names = xstrdup(value), *rest = names;
        for (char *name; !code && (name = strsep(&rest, ", "));)
            code = *name ? put_photo(cli, name, list) : CLI_DONE;
        free(names);
    }
    return code;
}

static int add(const struct cli *cli, const char *argument)
{
    const char *kind = cli->values[ADD_KIND] ? cli->values[ADD_KIND] : "clean";
    int64_t at;
    struct answer answer;
    (void)argument;
    if (!id_valid(cli->values[ADD_SITE]))
        return cli_usage("--site %s: not an id", cli->values[ADD_SITE]);
    if (!civil_parse(cli->values[ADD_DATE], &at))
        return cli_usage("--date %s: not a date (YYYY-MM-DD or YYYY-MM-DDTHH:MM)", cli->values[ADD_DATE]);
    if (!is_kind(kind))
        return cli_usage("--kind %s: clean, maintain or filter", kind);
    struct buf args = buf_growing(), photos = buf_growing();
    for (int i = 0; i < ADD_TEXTS; i++) {
        const char *value = i == ADD_KIND ? kind : cli->values[i],
                   *name = i == ADD_DATE ? "cleaned_at" : add_options[i].name;
        buf_print(&args, "%s\"%s\":", i ? "," : "{", name);
        buf_json(&args, value ? value : "");
    }
    int code = put_photos(cli, &photos);
    if (photos.length)
        buf_print(&args, ",\"photos\":[%s]", photos.data);
    buf_char(&args, '}');
    if (!code)
        code = ask_or_say(cli, "cleaning add", args.data, &answer);
    buf_free(&args);
    buf_free(&photos);
    return code ? code : ask_print_result(cli, &answer);
}

const struct cli_verb verb_cleaning_add = {
    .name = "cleaning add",
    .help = "enter a cleaning into the ledger",
    .options = add_options,
    .run = add,
};

/* ---- list -------------------------------------------------------------------------------------------------------- */

static int list(const struct cli *cli, const char *argument)
{
    struct ledger *ledger = cli_ledger(cli);
    (void)argument;
    if (!ledger)
        return CLI_FAILED;
    struct buf out = buf_growing();
    struct rows rows = {.out = &out, .brief = !cli->json};
    buf_char(&out, '[');
    if (ledger_cleanings(ledger, cli->values[0], &(struct sink){.ctx = &rows, .cleaning = rows_put_cleaning}) != 0) {
        buf_free(&out);
        return cli_ledger_failed(ledger);
    }
    buf_char(&out, ']');
    ledger_close(ledger);
    return show_print(cli, &out);
}

const struct cli_verb verb_cleaning_list = {
    .name = "cleaning list",
    .help = "the cleanings entered, by site and date",
    .options = pick_of_site,
    .run = list,
};
