/* The weekly audit as a page to print, sign and file. */
#include "collector/audit/formats.h"
#include "collector/audit/html.h"
#include "collector/audit/words.h"
#include "common/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BARS_SITES = 15, BARS_GRIDS = 16 };

static double rate(size_t part, size_t whole)
{
    return weekly_rate((double)part, (double)whole);
}

static double in_use(const struct weekly_figures *f)
{
    return weekly_rate((double)f->both_ms, (double)f->fan_ms);
}

static double coverage(const struct weekly_figures *f)
{
    return weekly_rate((double)f->judged_ms, (double)f->expected_ms);
}

static double minutes(int64_t ms)
{
    return (double)ms / 60e3;
}

/* ---- the head ---------------------------------------------------------------------------------------------------- */

static void put_notice(struct buf *out, const char *words, const struct weekly_gateway *list, size_t count)
{
    if (!count)
        return;
    buf_print(out, "<p class=\"notice\">%s", words);
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i ? "、" : "");
        html_text(out, list[i].gateway);
    }
    buf_text(out, "。</p>\n");
}

static void put_head(struct buf *out, const struct weekly *w)
{
    char first[11], last[11];
    civil_date(w->settings.from, first);
    civil_date(w->settings.until - 1, last);
    buf_print(out, "<p class=\"sub\">%.4s 年第 %d 周（%s 至 %s）　第 %d 版</p>\n<hr class=\"rule\">\n",
              w->settings.week, atoi(w->settings.week + 6), first, last, w->settings.revision);
    put_notice(out, "本期数据尚未到齐，待下列网关补传后重新出具：", w->behind, w->behind_count);
    put_notice(out, "下列网关离线，其未上传的数据按缺失处理：", w->silent, w->silent_count);
}

static void put_share(struct buf *out, const char *name, double share, size_t part, size_t whole, const char *of)
{
    html_row_begin(out);
    html_cell(out, name);
    html_cell_percent(out, share);
    buf_print(out, "<td>%zu / %zu　", part, whole);
    html_text(out, of);
    buf_text(out, "</td>");
    html_row_end(out);
}

static void put_amount(struct buf *out, const char *name, double amount, int decimals, const char *of)
{
    html_row_begin(out);
    html_cell(out, name);
    html_cell_number(out, amount, decimals);
    html_cell(out, of);
    html_row_end(out);
}

static void put_totals(struct buf *out, const struct weekly_figures *f)
{
    static const char *const headings[] = {"项目", "本周", "说明", NULL};
    html_heading(out, "一、总体情况");
    html_table_begin(out, headings);
    put_amount(out, "登记场所（家）", (double)f->sites, 0, "登记册中的全部场所");
    put_share(out, "油烟净化器安装率", rate(f->installed, f->catering), f->installed, f->catering,
              "已装净化器 / 餐饮单位");
    put_share(out, "清洗率", rate(f->cleaned, f->cleaning_required), f->cleaned, f->cleaning_required,
              "在清洗周期内 / 装有净化器并定有周期");
    put_amount(out, "清洗超期（家）", (double)f->overdue, 0, "周末时已过应清洗日");
    html_row_begin(out);
    html_cell(out, "净化器开机率");
    html_cell_percent(out, in_use(f));
    html_cell(out, "风机与净化器同时运行的时间 / 风机运行的时间");
    html_row_end(out);
    put_amount(out, "噪声超标（分钟）", minutes(f->noise_ms), 1, "各场所超标时段之和，同一场所重叠的只计一次");
    put_amount(out, "油烟超标（分钟）", minutes(f->fume_ms), 1, "同上");
    html_row_begin(out);
    html_cell(out, "监测覆盖率");
    html_cell_percent(out, coverage(f));
    html_cell(out, "可判定的时间 / 应判定的时间");
    html_row_end(out);
    html_table_end(out);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static void put_groups(struct buf *out, const struct weekly_group *groups, size_t count, const char *name, bool grids)
{
    const char *headings[] = {
        name,     "场所", "餐饮", "安装率", "清洗率", "清洗超期", "开机率", "噪声超标（分钟）", "油烟超标（分钟）",
        "覆盖率", NULL};
    html_table_begin(out, headings);
    for (size_t i = 0; i < count; i++) {
        const struct weekly_figures *f = &groups[i].figures;
        html_row_begin(out);
        html_cell(out, grids ? groups[i].grid : groups[i].district);
        html_cell_number(out, (double)f->sites, 0);
        html_cell_number(out, (double)f->catering, 0);
        html_cell_percent(out, rate(f->installed, f->catering));
        html_cell_percent(out, rate(f->cleaned, f->cleaning_required));
        html_cell_number(out, (double)f->overdue, 0);
        html_cell_percent(out, in_use(f));
        html_cell_number(out, minutes(f->noise_ms), 1);
        html_cell_number(out, minutes(f->fume_ms), 1);
        html_cell_percent(out, coverage(f));
        html_row_end(out);
    }
    html_table_end(out);
}

static void put_grid_bars(struct buf *out, const struct weekly *w)
{
    static const struct html_chart chart = {
        "各网格安装率、清洗率、开机率", {"安装率", "清洗率", "开机率"}, " %", 100, 1};
    struct html_bar bars[BARS_GRIDS];
    size_t count = w->grid_count < BARS_GRIDS ? w->grid_count : BARS_GRIDS;
    for (size_t i = 0; i < count; i++) {
        const struct weekly_figures *f = &w->grids[i].figures;
        bars[i] = (struct html_bar){
            w->grids[i].grid,
            {100 * rate(f->installed, f->catering), 100 * rate(f->cleaned, f->cleaning_required), 100 * in_use(f)}};
    }
    if (count)
        html_bars(out, &chart, bars, count);
    if (count < w->grid_count)
        html_paragraph(out, "图中为前 16 个网格，其余见表。");
}

static void put_grids(struct buf *out, const struct weekly *w)
{
    html_heading(out, "二、网格情况");
    if (w->district_count > 1)
        put_groups(out, w->districts, w->district_count, "区县", false);
    put_groups(out, w->grids, w->grid_count, "网格", true);
    put_grid_bars(out, w);
}

/* ---- what was over its limit ------------------------------------------------------------------------------------- */

static int by_minutes(const void *left, const void *right)
{
    const struct weekly_site *a = *(const struct weekly_site *const *)left,
                             *b = *(const struct weekly_site *const *)right;
    int64_t x = a->figures.noise_ms + a->figures.fume_ms, y = b->figures.noise_ms + b->figures.fume_ms;
    return x != y ? (x < y) - (x > y) : strcmp(a->site->id, b->site->id);
}

static void put_exceeding(struct buf *out, const struct weekly_site **over, size_t count)
{
    static const char *const headings[] = {"名称",   "网格", "噪声（分钟）", "油烟（分钟）", "最严重一项", "起",
                                           "判定值", "限值", "单位",         "覆盖率",       NULL};
    html_table_begin(out, headings);
    for (size_t i = 0; i < count; i++) {
        const struct weekly_site *s = over[i];
        html_row_begin(out);
        html_cell(out, s->site->name);
        html_cell(out, s->site->grid);
        html_cell_number(out, minutes(s->figures.noise_ms), 1);
        html_cell_number(out, minutes(s->figures.fume_ms), 1);
        html_cell(out, word_zh(s->worst.flag));
        html_cell_stamp(out, s->worst.from);
        html_cell_number(out, s->worst.judged, strcmp(s->worst.unit, "dB(A)") == 0 ? 0 : 3);
        html_cell_number(out, s->worst.limit, s->worst.limit == floor(s->worst.limit) ? 0 : 1);
        html_cell(out, s->worst.unit);
        html_cell_percent(out, coverage(&s->figures));
        html_row_end(out);
    }
    html_table_end(out);
}

static void put_exceedance(struct buf *out, const struct weekly *w)
{
    static const struct html_chart chart = {"超标时间最长的场所", {"噪声（分钟）", "油烟（分钟）"}, "", 0, 1};
    struct html_bar bars[BARS_SITES];
    const struct weekly_site **over = xcalloc(w->site_count, sizeof *over);
    size_t count = 0;
    html_heading(out, "三、超标情况");
    for (size_t i = 0; i < w->site_count; i++) {
        if (w->sites[i].worst.flag)
            over[count++] = &w->sites[i];
    }
    if (count) {
        size_t shown = count < BARS_SITES ? count : BARS_SITES;
        qsort(over, count, sizeof *over, by_minutes);
        for (size_t i = 0; i < shown; i++)
            bars[i] = (struct html_bar){over[i]->site->name,
                                        {minutes(over[i]->figures.noise_ms), minutes(over[i]->figures.fume_ms)}};
        html_bars(out, &chart, bars, shown);
        put_exceeding(out, over, count);
    } else {
        html_paragraph(out, "本周没有超标时段。");
    }
    free(over);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static void put_overdue(struct buf *out, const struct weekly *w)
{
    static const char *const headings[] = {"编号", "名称", "网格", "负责人", "上次清洗", "应清洗日", "超期天数", NULL};
    html_heading(out, "四、清洗超期名单");
    if (!w->totals.overdue) {
        html_paragraph(out, "无。");
        return;
    }
    html_table_begin(out, headings);
    for (size_t i = 0; i < w->site_count; i++) {
        const struct weekly_site *s = &w->sites[i];
        if (s->cleaning != CLEANING_OVERDUE)
            continue;
        html_row_begin(out);
        html_cell(out, s->site->id);
        html_cell(out, s->site->name);
        html_cell(out, s->site->grid);
        html_cell(out, *s->site->officer ? s->site->officer : "—");
        html_cell_date(out, s->last);
        html_cell_date(out, s->due);
        html_cell_number(out, s->overdue_days, 0);
        html_row_end(out);
    }
    html_table_end(out);
}

static void put_steps(struct buf *out, const struct weekly *w)
{
    static const char *const headings[] = {"编号", "名称", "案件", "事由", "步骤", "进展", "时间", NULL};
    size_t count = 0;
    html_heading(out, "五、案件进展（三步走）");
    for (size_t i = 0; i < w->site_count; i++) {
        for (size_t k = 0; k < w->sites[i].step_count; k++) {
            const struct weekly_step *s = &w->sites[i].steps[k];
            if (!count++)
                html_table_begin(out, headings);
            html_row_begin(out);
            html_cell(out, w->sites[i].site->id);
            html_cell(out, w->sites[i].site->name);
            html_cell(out, s->id);
            html_cell(out, word_zh(s->family));
            html_cell(out, word_zh(s->step));
            html_cell(out, word_zh(s->event));
            html_cell_stamp(out, s->at);
            html_row_end(out);
        }
    }
    if (count)
        html_table_end(out);
    else
        html_paragraph(out, "本周无案件进展。");
}

/* One line for each site, device and reason: paper has no room for every interval. */
static void put_missing_of(struct buf *out, const struct weekly_site *s)
{
    for (size_t i = 0; i < s->missing_count; i++) {
        const struct weekly_missing *m = &s->missing[i];
        size_t times = 0;
        int64_t sum = 0, first = m->from, last = m->to;
        bool told = false;
        for (size_t k = 0; k < s->missing_count; k++) {
            const struct weekly_missing *n = &s->missing[k];
            if (strcmp(n->device, m->device) != 0 || strcmp(n->reason, m->reason) != 0)
                continue;
            told |= k < i;
            times++;
            sum += n->to - n->from;
            last = n->to > last ? n->to : last;
        }
        if (told)
            continue;
        html_row_begin(out);
        html_cell(out, s->site->name);
        html_cell(out, m->device);
        html_cell(out, word_zh(m->reason));
        html_cell_number(out, (double)times, 0);
        html_cell_number(out, minutes(sum), 1);
        html_cell_stamp(out, first);
        html_cell_stamp(out, last);
        html_row_end(out);
    }
}

static void put_missing(struct buf *out, const struct weekly *w)
{
    static const char *const headings[] = {"名称", "设备", "原因", "次数", "合计（分钟）", "最早", "最晚", NULL};
    size_t count = 0;
    html_heading(out, "六、数据缺失");
    for (size_t i = 0; i < w->site_count; i++) {
        if (w->sites[i].missing_count && !count++)
            html_table_begin(out, headings);
        put_missing_of(out, &w->sites[i]);
    }
    if (count)
        html_table_end(out);
    else
        html_paragraph(out, "无。");
}

static void put_sites(struct buf *out, const struct weekly *w)
{
    static const char *const headings[] = {"编号",
                                           "名称",
                                           "类别",
                                           "网格",
                                           "净化器",
                                           "上次清洗",
                                           "应清洗日",
                                           "清洗状态",
                                           "开机率",
                                           "噪声超标（分钟）",
                                           "油烟超标（分钟）",
                                           "覆盖率",
                                           NULL};
    buf_text(out, "<section class=\"wide\">\n");
    html_heading(out, "附表　各场所明细");
    html_table_begin(out, headings);
    for (size_t i = 0; i < w->site_count; i++) {
        const struct weekly_site *s = &w->sites[i];
        html_row_begin(out);
        html_cell(out, s->site->id);
        html_cell(out, s->site->name);
        html_cell(out, word_zh(site_kinds[s->site->kind]));
        html_cell(out, s->site->grid);
        html_cell(out, s->installed == NOT_GIVEN ? "—" : s->installed ? "有" : "无");
        html_cell_date(out, s->last);
        html_cell_date(out, s->due);
        html_cell(out, word_zh(weekly_cleaning_names[s->cleaning]));
        html_cell_percent(out, in_use(&s->figures));
        html_cell_number(out, minutes(s->figures.noise_ms), 1);
        html_cell_number(out, minutes(s->figures.fume_ms), 1);
        html_cell_percent(out, coverage(&s->figures));
        html_row_end(out);
    }
    html_table_end(out);
    buf_text(out, "</section>\n");
}

void weekly_html(struct buf *out, const struct weekly *w)
{
    html_begin(out, "餐饮油烟与噪声扰民监管周报");
    put_head(out, w);
    put_totals(out, &w->totals);
    put_grids(out, w);
    put_exceedance(out, w);
    put_overdue(out, w);
    put_steps(out, w);
    put_missing(out, w);
    buf_text(out, "<p class=\"notes\">附注：本周报按出具时已知的数据计算，其后补传的数据和补录的清洗记录使版次递增。"
                  "“—”表示没有可供计算的对象。在线监测结果是执法线索，不替代现场监测。</p>\n"
                  "<p class=\"signed\"><span>编制：</span><span>审核：</span><span>日期：</span></p>\n");
    put_sites(out, w);
    html_end(out);
}
