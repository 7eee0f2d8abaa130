#include "collector/audit/html.h"
#include "common/civil.h"

#include <math.h>
#include <string.h>

/* Generic families come last: a page that is opened anywhere finds a font with Chinese characters. */
static const char style[] =
    "@page{size:A4;margin:18mm 14mm 16mm}"
    "@page wide{size:A4 landscape;margin:14mm 12mm}"
    "@page{@bottom-center{content:counter(page) \" / \" counter(pages);font-size:9pt;color:#444}}"
    ":root{color-scheme:light}"
    "body{font:10.5pt/1.55 \"Songti SC\",SimSun,\"Noto Serif CJK SC\",\"Source Han Serif SC\",\"WenQuanYi Zen "
    "Hei\",serif;"
    "color:#111;background:#fff;max-width:190mm;margin:0 auto;padding:4mm}"
    "h1{font:700 18pt/1.3 \"Heiti SC\",SimHei,\"Noto Sans CJK SC\",\"WenQuanYi Zen Hei\",sans-serif;text-align:center;"
    "margin:0 0 2mm}"
    "h2{font:700 12pt/1.4 \"Heiti SC\",SimHei,\"Noto Sans CJK SC\",\"WenQuanYi Zen Hei\",sans-serif;"
    "margin:7mm 0 2mm;break-after:avoid}"
    "p{margin:1mm 0 2mm}"
    ".sub{text-align:center;color:#333}"
    ".rule{border:0;border-top:1.5pt solid #111;margin:2mm 0 3mm}"
    ".notice{border:1pt solid #111;padding:1.5mm 3mm;margin:2mm 0}"
    ".notes{font-size:9pt;color:#333}"
    "table{border-collapse:collapse;width:100%;font-size:9pt;line-height:1.35}"
    "thead{display:table-header-group}"
    "tr{break-inside:avoid}"
    "th,td{border:.5pt solid #666;padding:.8mm 1.4mm;text-align:left;overflow-wrap:anywhere}"
    "th{background:#eceff1;text-align:center;font-weight:700;overflow-wrap:normal;print-color-adjust:exact}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "td.d{text-align:center;white-space:nowrap}"
    ".wide{page:wide}"
    "figure{margin:3mm 0;break-inside:avoid}"
    "figcaption{font-size:9pt;color:#333;text-align:center}"
    "svg{display:block;width:100%;height:auto}"
    "svg text{font-size:11px;font-family:inherit;fill:#111}"
    "svg text.v{font-size:9px}"
    ".signed{display:flex;justify-content:space-between;margin-top:12mm;break-inside:avoid}"
    ".signed span{flex:1}"
    "@media print{body{max-width:none;margin:0;padding:0}}";

static void put_entity(struct buf *out, char c)
{
    static const char marked[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const char *at = strchr(marked, c);
    if (at)
        buf_text(out, entities[at - marked]);
    else if ((unsigned char)c >= 0x20 && c != 0x7f)
        buf_char(out, c);
}

void html_text(struct buf *out, const char *text)
{
    for (; *text; text++)
        put_entity(out, *text);
}

static void element(struct buf *out, const char *open, const char *text, const char *close)
{
    buf_text(out, open);
    html_text(out, text);
    buf_text(out, close);
}

void html_begin(struct buf *out, const char *title)
{
    buf_text(
        out,
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    element(out, "<title>", title, "</title>\n");
    element(out, "<style>", "", style);
    element(out, "</style>\n</head>\n<body>\n<h1>", title, "</h1>\n");
}

void html_end(struct buf *out)
{
    buf_text(out, "</body>\n</html>\n");
}

void html_heading(struct buf *out, const char *text)
{
    element(out, "<h2>", text, "</h2>\n");
}

void html_paragraph(struct buf *out, const char *text)
{
    element(out, "<p>", text, "</p>\n");
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

void html_table_begin(struct buf *out, const char *const *headings)
{
    buf_text(out, "<table>\n<thead><tr>");
    for (; *headings; headings++)
        element(out, "<th>", *headings, "</th>");
    buf_text(out, "</tr></thead>\n<tbody>\n");
}

void html_table_end(struct buf *out)
{
    buf_text(out, "</tbody>\n</table>\n");
}

void html_row_begin(struct buf *out)
{
    buf_text(out, "<tr>");
}

void html_row_end(struct buf *out)
{
    buf_text(out, "</tr>\n");
}

void html_cell(struct buf *out, const char *text)
{
    element(out, "<td>", text, "</td>");
}

void html_cell_number(struct buf *out, double x, int decimals)
{
    if (isnan(x))
        buf_text(out, "<td class=\"n\">—</td>");
    else
        buf_print(out, "<td class=\"n\">%.*f</td>", x == 0 ? 0 : decimals, x);
}

void html_cell_percent(struct buf *out, double share)
{
    if (isnan(share))
        buf_text(out, "<td class=\"n\">—</td>");
    else
        buf_print(out, "<td class=\"n\">%.1f %%</td>", 100 * share);
}

void html_cell_date(struct buf *out, int64_t ms)
{
    char text[11];
    civil_date(ms, text);
    buf_print(out, "<td class=\"d\">%s</td>", ms ? text : "—");
}

void html_cell_stamp(struct buf *out, int64_t ms)
{
    char text[20];
    civil_stamp(ms, text);
    buf_print(out, "<td class=\"d\">%.16s</td>", ms ? text : "—");
}

/* ---- bars -------------------------------------------------------------------------------------------------------- */

enum { WIDTH = 720, LABELS = 190, VALUES = 80, BAR = 11, BETWEEN = 9, LEGEND = 22 };

/* They differ in grey as well: most offices print without colour. */
static const char *const fills[HTML_SERIES] = {"#23415f", "#8aa0b4", "#d3dbe2"};

static size_t series_of(const struct html_chart *c)
{
    size_t n = 0;
    while (n < HTML_SERIES && c->series[n])
        n++;
    return n;
}

static double greatest(const struct html_chart *c, const struct html_bar *bars, size_t count)
{
    double most = c->most;
    for (size_t i = 0; i < count && c->most <= 0; i++) {
        for (size_t k = 0; k < series_of(c); k++)
            most = bars[i].values[k] > most ? bars[i].values[k] : most;
    }
    return most > 0 ? most : 1;
}

static void put_legend(struct buf *out, const struct html_chart *c)
{
    for (size_t k = 0; k < series_of(c); k++) {
        size_t x = LABELS + k * 150;
        buf_print(out, "<rect x=\"%zu\" y=\"3\" width=\"11\" height=\"11\" fill=\"%s\" stroke=\"#23415f\"/>", x,
                  fills[k]);
        buf_print(out, "<text x=\"%zu\" y=\"13\">", x + 16);
        element(out, "", c->series[k], "</text>");
    }
}

static void put_bar(struct buf *out, const struct html_chart *c, double value, double most, size_t y, size_t k)
{
    double length = isnan(value) ? 0 : value / most * (WIDTH - LABELS - VALUES);
    buf_print(
        out,
        "<rect x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"#23415f\" stroke-width=\".5\"/>",
        LABELS, y, length, BAR - 1, fills[k]);
    buf_print(out, "<text class=\"v\" x=\"%.1f\" y=\"%zu\">", LABELS + length + 5, y + BAR - 2);
    if (isnan(value))
        buf_text(out, "—");
    else
        buf_print(out, "%.*f", value == 0 ? 0 : c->decimals, value);
    element(out, "", isnan(value) ? "" : c->unit, "</text>\n");
}

void html_bars(struct buf *out, const struct html_chart *c, const struct html_bar *bars, size_t count)
{
    size_t series = series_of(c), step = series * BAR + BETWEEN;
    double most = greatest(c, bars, count);
    buf_print(out, "<figure><svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"", WIDTH, LEGEND + count * step);
    element(out, "", c->caption, "\">\n");
    put_legend(out, c);
    for (size_t i = 0; i < count; i++) {
        size_t y = LEGEND + i * step;
        buf_print(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LABELS - 6, y + series * BAR / 2 + 4);
        element(out, "", bars[i].label, "</text>");
        for (size_t k = 0; k < series; k++)
            put_bar(out, c, bars[i].values[k], most, y + k * BAR, k);
    }
    element(out, "</svg><figcaption>", c->caption, "</figcaption></figure>\n");
}
