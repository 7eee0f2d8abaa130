#include "collector/audit/book.h"
#include "common/civil.h"
#include "common/err.h"
#include "common/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum { MOST_BYTES = 1 << 30 };

enum look { LOOK_HEADING, LOOK_TEXT, LOOK_NUMBER, LOOK_MINUTES, LOOK_PERCENT, LOOK_DATE, LOOK_STAMP, LOOKS };

struct book {
    lxw_workbook *workbook;
    lxw_worksheet *sheet;
    lxw_format *looks[LOOKS];
    char path[256];
    lxw_row_t row;
    lxw_col_t column;
};

static const char *folder(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && *dir ? dir : "/tmp";
}

static void make_looks(struct book *b)
{
    static const char *const formats[LOOKS] = {
        [LOOK_NUMBER] = "General",
        [LOOK_MINUTES] = "#,##0.0",
        [LOOK_PERCENT] = "0.0%",
        [LOOK_DATE] = "yyyy\\-mm\\-dd",
        [LOOK_STAMP] = "yyyy\\-mm\\-dd hh:mm",
    };
    for (int i = 0; i < LOOKS; i++) {
        b->looks[i] = workbook_add_format(b->workbook);
        format_set_border(b->looks[i], LXW_BORDER_HAIR);
        format_set_align(b->looks[i], LXW_ALIGN_VERTICAL_CENTER);
        if (formats[i])
            format_set_num_format(b->looks[i], formats[i]);
    }
    format_set_bold(b->looks[LOOK_HEADING]);
    format_set_text_wrap(b->looks[LOOK_HEADING]);
    format_set_align(b->looks[LOOK_HEADING], LXW_ALIGN_CENTER);
    format_set_bg_color(b->looks[LOOK_HEADING], 0xE7ECEF);
    format_set_num_format(b->looks[LOOK_TEXT], "@");
}

struct book *book_new(const char *title, int64_t created_ms)
{
    struct book *b = xcalloc(1, sizeof *b);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = (char *)(uintptr_t)folder()};
    snprintf(b->path, sizeof b->path, "%.200s/quietair-XXXXXX", folder());
    int fd = mkstemp(b->path);
    if (fd < 0) {
        free(b);
        return NULL;
    }
    close(fd);
    b->workbook = workbook_new_opt(b->path, &options);
    lxw_doc_properties properties = {.title = (char *)(uintptr_t)title, .created = (time_t)(created_ms / 1000)};
    workbook_set_properties(b->workbook, &properties);
    make_looks(b);
    return b;
}

bool book_close(struct book *b, struct buf *out)
{
    size_t length;
    struct fault f;
    bool good = workbook_close(b->workbook) == LXW_NO_ERROR;
    char *bytes = good ? file_read(b->path, MOST_BYTES, &length, &f) : NULL;
    if (bytes)
        buf_bytes(out, bytes, length);
    good = bytes != NULL;
    free(bytes);
    unlink(b->path);
    free(b);
    return good;
}

void book_sheet(struct book *b, const char *name, const struct book_column *columns)
{
    b->sheet = workbook_add_worksheet(b->workbook, name);
    b->row = 0;
    b->column = 0;
    worksheet_set_paper(b->sheet, 9); /* A4 */
    worksheet_set_landscape(b->sheet);
    worksheet_fit_to_pages(b->sheet, 1, 0);
    worksheet_set_footer(b->sheet, "&C&P / &N");
    worksheet_freeze_panes(b->sheet, 1, 0);
    worksheet_repeat_rows(b->sheet, 0, 0);
    for (lxw_col_t i = 0; columns[i].heading; i++)
        worksheet_set_column(b->sheet, i, i, columns[i].width, NULL);
    for (lxw_col_t i = 0; columns[i].heading; i++)
        worksheet_write_string(b->sheet, 0, i, columns[i].heading, b->looks[LOOK_HEADING]);
}

void book_row(struct book *b)
{
    b->row++;
    b->column = 0;
}

static void put_number(struct book *b, double x, enum look look)
{
    if (isnan(x))
        worksheet_write_blank(b->sheet, b->row, b->column++, b->looks[LOOK_TEXT]);
    else
        worksheet_write_number(b->sheet, b->row, b->column++, x, b->looks[look]);
}

void book_text(struct book *b, const char *text)
{
    if (*text)
        worksheet_write_string(b->sheet, b->row, b->column++, text, b->looks[LOOK_TEXT]);
    else
        put_number(b, NAN, LOOK_TEXT);
}

void book_number(struct book *b, double x)
{
    put_number(b, x, LOOK_NUMBER);
}

void book_minutes(struct book *b, int64_t ms)
{
    put_number(b, (double)ms / 60e3, LOOK_MINUTES);
}

void book_percent(struct book *b, double share)
{
    put_number(b, share, LOOK_PERCENT);
}

static void put_time(struct book *b, int64_t ms, enum look look)
{
    struct civil c = civil_of(ms);
    lxw_datetime at = {c.year, c.month, c.day, 0, 0, 0};
    if (look == LOOK_STAMP) {
        at.hour = c.hour;
        at.min = c.minute;
        at.sec = c.second;
    }
    if (ms)
        worksheet_write_datetime(b->sheet, b->row, b->column++, &at, b->looks[look]);
    else
        put_number(b, NAN, look);
}

void book_date(struct book *b, int64_t ms)
{
    put_time(b, ms, LOOK_DATE);
}

void book_stamp(struct book *b, int64_t ms)
{
    put_time(b, ms, LOOK_STAMP);
}
