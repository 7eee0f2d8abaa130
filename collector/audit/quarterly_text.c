/* The two paragraphs of the quarterly report: sentences with {figure} in them; {warning} is the second of the three
 * steps as [rules] warning_wording has it. */
#include "collector/audit/quarterly.h"
#include "common/civil.h"

#include <string.h>

static const char *const paragraphs[][2] = {
    [REPORT_ZH] =
        {
            "治理城区噪音扰民。对城区 {noise_sites} 家俱乐部、KTV、酒吧进行音量分贝测试，现场监测 {noise_measurements} "
            "次，"
            "涉及 {noise_measured_sites} 家，其中超标 {noise_measured_exceeding} 次；在线监测设备 {noise_meters} 台，"
            "监测到 {noise_exceeding_sites} 家超标，累计 {noise_exceedance_minutes} "
            "分钟。按照“一次告知、二次{warning}、三次处罚”，"
            "告知 {noise_notices} 起，{warning} {noise_warnings} 起，处罚 {noise_penalties} 起，结案 {noise_closed} "
            "起。"
            "受理噪音投诉 {noise_complaints} 件，办结 {noise_complaints_closed} 件。",
            "治理城区餐饮业油烟。对城区 {catering} 家餐饮单位（酒店、餐馆 {restaurants} 家，早餐店 {breakfasts} 家，"
            "烧烤店 {barbecues} 家，食堂 {canteens} 家）油烟净化及安装情况进行排查，检查 {inspections} 次，涉及 "
            "{inspected_sites} 家，发现问题 {inspected_faults} 次。已安装油烟净化器 {installed} 家，安装率达 "
            "{installation_rate}；应定期清洗 {cleaning_required} 家，按期清洗 {cleaned} 家，清洗率达 {cleaning_rate}，"
            "超期未清洗 {cleaning_overdue} 家；油烟净化设施开机率 {operating_rate}。对未安装油烟净化器的 "
            "{not_installed} 家，已要求其中 {install_deadlines} 家在规定时间内安装，逾期未安装 {install_overdue} 家。"
            "现场监测油烟 {fume_measurements} 次，其中超标 {fume_measured_exceeding} 次；在线监测设备 {fume_meters} "
            "台，"
            "监测到 {fume_exceeding_sites} 家超标，累计 {fume_exceedance_minutes} "
            "分钟。按照“一次告知、二次{warning}、三次处罚”，"
            "告知 {fume_notices} 起，{warning} {fume_warnings} 起，处罚 {fume_penalties} 起，结案 {fume_closed} 起。"
            "受理油烟投诉 {fume_complaints} 件，办结 {fume_complaints_closed} 件。",
        },
    [REPORT_EN] =
        {
            "Noise nuisance in town. Sound levels were tested at the {noise_sites} clubs, KTVs and bars: "
            "{noise_measurements} measurements at {noise_measured_sites} sites, {noise_measured_exceeding} of them "
            "over "
            "the limit. {noise_meters} meters saw {noise_exceeding_sites} sites over the limit, for "
            "{noise_exceedance_minutes} minutes. Notices: {noise_notices}, warnings: {noise_warnings}, penalties: "
            "{noise_penalties}, cases closed: {noise_closed}. Complaints about noise: {noise_complaints}, closed: "
            "{noise_complaints_closed}.",
            "Cooking fumes in town. The {catering} caterers ({restaurants} restaurants, {breakfasts} breakfast shops, "
            "{barbecues} barbecues, {canteens} canteens) were surveyed: {inspections} inspections at {inspected_sites} "
            "sites, {inspected_faults} with faults. Purifiers installed: {installed}, a rate of {installation_rate}. "
            "To "
            "be cleaned: {cleaning_required}, cleaned in time: {cleaned}, a rate of {cleaning_rate}; overdue: "
            "{cleaning_overdue}. Purifiers were in use for {operating_rate} of the fans' time. Without a purifier: "
            "{not_installed}, with a deadline: {install_deadlines}, of these past it: {install_overdue}. Fume "
            "measurements: {fume_measurements}, over the limit: {fume_measured_exceeding}. {fume_meters} meters saw "
            "{fume_exceeding_sites} sites over the limit, for {fume_exceedance_minutes} minutes. Notices: "
            "{fume_notices}, warnings: {fume_warnings}, penalties: {fume_penalties}, cases closed: {fume_closed}. "
            "Complaints about fumes: {fume_complaints}, closed: {fume_complaints_closed}.",
        },
};

static const char *const reasons[][UNKNOWNS] = {
    [REPORT_ZH] = {[UNKNOWN_NOT_ENTERED] = "系统中没有此类记录",
                   [UNKNOWN_NO_SITES] = "没有可计算的单位",
                   [UNKNOWN_NO_METERS] = "没有在线监测设备",
                   [UNKNOWN_NO_USAGE] = "没有风机运行数据"},
    [REPORT_EN] = {[UNKNOWN_NOT_ENTERED] = "nothing of this kind has been entered",
                   [UNKNOWN_NO_SITES] = "there is no site that it could be a share of",
                   [UNKNOWN_NO_METERS] = "there are no meters",
                   [UNKNOWN_NO_USAGE] = "there are no data of running fans"},
};

struct notes { /* numbered in the order in which they are first needed */
    int numbers[UNKNOWNS], count;
};

static bool is_rate(enum figure f)
{
    return f == FIGURE_INSTALLATION_RATE || f == FIGURE_CLEANING_RATE || f == FIGURE_OPERATING_RATE;
}

static void put_figure(struct buf *out, const struct quarterly *q, enum figure f, struct notes *notes)
{
    if (isnan(q->values[f])) {
        int *number = &notes->numbers[q->unknown[f]];
        *number = *number ? *number : ++notes->count;
        buf_print(out, "—[%d]", *number);
    } else if (is_rate(f)) {
        buf_print(out, "%.1f%%", 100 * q->values[f]);
    } else {
        buf_print(out, "%.0f", q->values[f]);
    }
}

static enum figure figure_named(const char *name, size_t length)
{
    enum figure f = 0;
    while (f < FIGURES && (strlen(figure_names[f]) != length || strncmp(figure_names[f], name, length) != 0))
        f++;
    return f;
}

static void put_paragraph(struct buf *out, const struct quarterly *q, const char *text, struct notes *notes)
{
    for (const char *brace; (brace = strchr(text, '{'));) {
        size_t length = strcspn(brace + 1, "}");
        enum figure f = figure_named(brace + 1, length);
        buf_bytes(out, text, (size_t)(brace - text));
        if (f < FIGURES)
            put_figure(out, q, f, notes);
        else
            buf_text(out, q->audit->settings.warning_wording);
        text = brace + length + 2;
    }
    buf_text(out, text);
    buf_char(out, '\n');
}

static void put_gateways(struct buf *out, const char *words, const struct weekly_gateway *list, size_t count,
                         enum report_language language)
{
    if (!count)
        return;
    buf_text(out, words);
    for (size_t i = 0; i < count; i++)
        buf_print(out, " %s", list[i].gateway);
    buf_text(out, language == REPORT_ZH ? "。\n" : ".\n");
}

static void put_list(struct buf *out, const struct weekly_gateway *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_print(out, "%s\"%s\"", i ? "," : "", list[i].gateway);
}

static void put_notes(struct buf *out, const struct quarterly *q, enum report_language language,
                      const struct notes *notes)
{
    char date[11];
    for (int n = 1; n <= notes->count; n++) {
        for (int why = 0; why < UNKNOWNS; why++) {
            if (notes->numbers[why] == n)
                buf_print(out, "[%d] %s%s\n", n, reasons[language][why], language == REPORT_ZH ? "。" : ".");
        }
    }
    if (q->as_of < q->until) {
        civil_date(q->as_of, date);
        buf_print(out,
                  language == REPORT_ZH ? "本季度尚未结束，数据截至 %s。\n" : "The quarter has not ended: as of %s.\n",
                  date);
    }
    if (q->as_of < q->until)
        return;
    put_gateways(out, language == REPORT_ZH ? "数据尚未到齐的网关：" : "Not final: the data have not all come from",
                 q->audit->behind, q->audit->behind_count, language);
    put_gateways(out, language == REPORT_ZH ? "离线、数据缺失的网关：" : "Offline, their data are missing:",
                 q->audit->silent, q->audit->silent_count, language);
}

void quarterly_text(struct buf *out, const struct quarterly *q, enum report_language language)
{
    struct notes notes = {0};
    if (language == REPORT_ZH)
        buf_print(out, "%.4s 年第%s季度\n\n", q->quarter,
                  (const char *const[]){"一", "二", "三", "四"}[q->quarter[6] - '1']);
    else
        buf_print(out, "%s\n\n", q->quarter);
    put_paragraph(out, q, paragraphs[language][0], &notes);
    buf_char(out, '\n');
    put_paragraph(out, q, paragraphs[language][1], &notes);
    if (notes.count || q->as_of < q->until || q->audit->behind_count || q->audit->silent_count)
        buf_char(out, '\n');
    put_notes(out, q, language, &notes);
}

void quarterly_json(struct buf *out, const struct quarterly *q)
{
    const char *comma = "";
    buf_print(out, "{\"quarter\":\"%s\",\"from\":%lld,\"until\":%lld,\"as_of\":%lld,\"behind\":[", q->quarter,
              (long long)q->from, (long long)q->until, (long long)q->as_of);
    put_list(out, q->audit->behind, q->audit->behind_count);
    buf_text(out, "],\"silent\":[");
    put_list(out, q->audit->silent, q->audit->silent_count);
    buf_text(out, "],\"figures\":{");
    for (enum figure f = 0; f < FIGURES; f++) {
        buf_print(out, "%s\"%s\":", f ? "," : "", figure_names[f]);
        buf_number(out, q->values[f]);
    }
    buf_text(out, "},\"notes\":[");
    for (enum figure f = 0; f < FIGURES; f++) {
        if (!q->unknown[f])
            continue;
        buf_print(out, "%s{\"figure\":\"%s\",\"why\":\"%s\"}", comma, figure_names[f],
                  reasons[REPORT_EN][q->unknown[f]]);
        comma = ",";
    }
    buf_text(out, "]}\n");
}
