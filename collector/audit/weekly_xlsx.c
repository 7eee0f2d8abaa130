/* The weekly audit as a workbook. */
#include "collector/audit/book.h"
#include "collector/audit/formats.h"
#include "collector/audit/words.h"
#include "common/civil.h"

#include <stdio.h>
#include <string.h>

#define FIGURE_COLUMNS                                                                                                 \
    {"场所数", 8}, {"餐饮单位", 9}, {"已装净化器", 11}, {"安装率", 9}, {"应清洗", 8}, {"期内清洗", 9}, {"清洗率", 9},  \
        {"清洗超期", 9}, {"开机率", 9}, {"噪声超标(分钟)", 15}, {"油烟超标(分钟)", 15},                                \
    {                                                                                                                  \
        "监测覆盖率", 11                                                                                               \
    }

static double rate(size_t part, size_t whole)
{
    return weekly_rate((double)part, (double)whole);
}

static void put_figures(struct book *b, const struct weekly_figures *f)
{
    book_number(b, (double)f->sites);
    book_number(b, (double)f->catering);
    book_number(b, (double)f->installed);
    book_percent(b, rate(f->installed, f->catering));
    book_number(b, (double)f->cleaning_required);
    book_number(b, (double)f->cleaned);
    book_percent(b, rate(f->cleaned, f->cleaning_required));
    book_number(b, (double)f->overdue);
    book_percent(b, weekly_rate((double)f->both_ms, (double)f->fan_ms));
    book_minutes(b, f->noise_ms);
    book_minutes(b, f->fume_ms);
    book_percent(b, weekly_rate((double)f->judged_ms, (double)f->expected_ms));
}

static void put_worst(struct book *b, const struct weekly_worst *w)
{
    book_text(b, w->flag ? word_zh(w->flag) : "");
    book_text(b, w->device);
    if (w->flag)
        book_stamp(b, w->from);
    else
        book_text(b, "");
    book_number(b, w->flag ? w->judged : NAN);
    book_number(b, w->flag ? w->limit : NAN);
    book_text(b, w->flag ? w->unit : "");
}

/* How many of these gateways are of a district; NULL: of any. */
static double gateways_of(const struct weekly_group *district, const struct weekly_gateway *list, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += !district || !strcmp(list[i].district, district->district);
    return (double)sum;
}

static void put_summary(struct book *b, const struct weekly *w)
{
    static const struct book_column columns[] = {{"区县", 14},     {"周", 11},     {"起", 12},
                                                 {"止", 12},       {"版次", 7},    {"未到齐网关", 12},
                                                 {"离线网关", 12}, FIGURE_COLUMNS, {NULL, 0}};
    book_sheet(b, "汇总", columns);
    for (size_t i = 0; i <= w->district_count; i++) {
        const struct weekly_group *g = i ? &w->districts[i - 1] : NULL;
        book_row(b);
        book_text(b, g ? g->district : "合计");
        book_text(b, w->settings.week);
        book_date(b, w->settings.from);
        book_date(b, w->settings.until - 1);
        book_number(b, w->settings.revision);
        book_number(b, gateways_of(g, w->behind, w->behind_count));
        book_number(b, gateways_of(g, w->silent, w->silent_count));
        put_figures(b, g ? &g->figures : &w->totals);
    }
}

static void put_grids(struct book *b, const struct weekly *w)
{
    static const struct book_column columns[] = {{"区县", 12}, {"网格", 14}, FIGURE_COLUMNS, {NULL, 0}};
    book_sheet(b, "网格", columns);
    for (size_t i = 0; i < w->grid_count; i++) {
        book_row(b);
        book_text(b, w->grids[i].district);
        book_text(b, w->grids[i].grid);
        put_figures(b, &w->grids[i].figures);
    }
}

static void put_name(struct book *b, const struct site *s)
{
    book_row(b);
    book_text(b, s->id);
    book_text(b, s->name);
    book_text(b, s->grid);
}

static void put_sites(struct book *b, const struct weekly *w)
{
    static const struct book_column columns[] = {{"编号", 16},
                                                 {"名称", 24},
                                                 {"网格", 12},
                                                 {"区县", 10},
                                                 {"类别", 9},
                                                 {"负责人", 10},
                                                 {"净化器", 8},
                                                 {"上次清洗", 12},
                                                 {"应清洗日", 12},
                                                 {"清洗状态", 10},
                                                 {"超期天数", 9},
                                                 {"开机率", 9},
                                                 {"噪声超标(分钟)", 15},
                                                 {"油烟超标(分钟)", 15},
                                                 {"监测覆盖率", 11},
                                                 {"最严重一项", 11},
                                                 {"设备", 12},
                                                 {"起", 17},
                                                 {"判定值", 9},
                                                 {"限值", 8},
                                                 {"单位", 9},
                                                 {NULL, 0}};
    book_sheet(b, "场所", columns);
    for (size_t i = 0; i < w->site_count; i++) {
        const struct weekly_site *s = &w->sites[i];
        const struct weekly_figures *f = &s->figures;
        put_name(b, s->site);
        book_text(b, s->site->district);
        book_text(b, word_zh(site_kinds[s->site->kind]));
        book_text(b, s->site->officer);
        book_text(b, s->installed == NOT_GIVEN ? "" : s->installed ? "有" : "无");
        book_date(b, s->last);
        book_date(b, s->due);
        book_text(b, word_zh(weekly_cleaning_names[s->cleaning]));
        book_number(b, s->overdue_days);
        book_percent(b, weekly_rate((double)f->both_ms, (double)f->fan_ms));
        book_minutes(b, f->noise_ms);
        book_minutes(b, f->fume_ms);
        book_percent(b, weekly_rate((double)f->judged_ms, (double)f->expected_ms));
        put_worst(b, &s->worst);
    }
}

static void put_overdue(struct book *b, const struct weekly *w)
{
    static const struct book_column columns[] = {{"编号", 16},     {"名称", 24},     {"网格", 12},    {"负责人", 10},
                                                 {"上次清洗", 12}, {"应清洗日", 12}, {"超期天数", 9}, {NULL, 0}};
    book_sheet(b, "清洗超期", columns);
    for (size_t i = 0; i < w->site_count; i++) {
        const struct weekly_site *s = &w->sites[i];
        if (s->cleaning != CLEANING_OVERDUE)
            continue;
        put_name(b, s->site);
        book_text(b, s->site->officer);
        book_date(b, s->last);
        book_date(b, s->due);
        book_number(b, s->overdue_days);
    }
}

static void put_missing(struct book *b, const struct weekly *w)
{
    static const struct book_column columns[] = {{"编号", 16},       {"名称", 24}, {"网格", 12},
                                                 {"设备", 14},       {"起", 17},   {"止", 17},
                                                 {"时长(分钟)", 12}, {"原因", 14}, {NULL, 0}};
    book_sheet(b, "数据缺失", columns);
    for (size_t i = 0; i < w->site_count; i++) {
        for (size_t k = 0; k < w->sites[i].missing_count; k++) {
            const struct weekly_missing *m = &w->sites[i].missing[k];
            put_name(b, w->sites[i].site);
            book_text(b, m->device);
            book_stamp(b, m->from);
            book_stamp(b, m->to);
            book_minutes(b, m->to - m->from);
            book_text(b, word_zh(m->reason));
        }
    }
}

static void put_steps(struct book *b, const struct weekly *w)
{
    static const struct book_column columns[] = {{"编号", 16}, {"名称", 24}, {"网格", 12}, {"案件", 20}, {"事由", 12},
                                                 {"步骤", 9},  {"进展", 11}, {"时间", 17}, {NULL, 0}};
    book_sheet(b, "案件步骤", columns);
    for (size_t i = 0; i < w->site_count; i++) {
        for (size_t k = 0; k < w->sites[i].step_count; k++) {
            const struct weekly_step *s = &w->sites[i].steps[k];
            put_name(b, w->sites[i].site);
            book_text(b, s->id);
            book_text(b, word_zh(s->family));
            book_text(b, word_zh(s->step));
            book_text(b, word_zh(s->event));
            book_stamp(b, s->at);
        }
    }
}

bool weekly_xlsx(struct buf *out, const struct weekly *w)
{
    char title[64];
    snprintf(title, sizeof title, "监管周报 %s", w->settings.week);
    struct book *b = book_new(title, w->settings.until);
    if (!b)
        return false;
    put_summary(b, w);
    put_grids(b, w);
    put_sites(b, w);
    put_overdue(b, w);
    put_missing(b, w);
    put_steps(b, w);
    return book_close(b, out);
}
