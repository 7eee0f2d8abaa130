#include "collector/cli/args.h"
#include "collector/cli/ask.h"

static void put(struct buf *out, const char *key, const char *value)
{
    buf_text(out, out->length > 1 ? ",\"" : "\"");
    for (; *key; key++)
        buf_char(out, *key == '-' ? '_' : *key);
    buf_text(out, "\":");
    buf_json(out, value);
}

int args_ask(const struct cli *cli, const char *verb, const struct cli_option *options, const char *key,
             const char *argument)
{
    struct answer answer;
    struct buf args = buf_growing();
    buf_char(&args, '{');
    if (key)
        put(&args, key, argument);
    for (int i = 0; options[i].name; i++) {
        if (cli->values[i])
            put(&args, options[i].name, cli->values[i]);
    }
    buf_char(&args, '}');
    int code = ask_or_say(cli, verb, args.data, &answer);
    buf_free(&args);
    return code ? code : ask_print_result(cli, &answer);
}

const struct cli_option args_review[] = {
    {"by", "NAME", true, "who reviewed it: not the first officer"},
    {NULL, NULL, false, NULL},
};
