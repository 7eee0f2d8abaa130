#include "collector/audit/words.h"

#include <stddef.h>
#include <string.h>

static const struct word {
    const char *name, *zh;
} words[] = {
    /* kinds of sites */
    {"restaurant", "餐馆"},
    {"breakfast", "早餐店"},
    {"barbecue", "烧烤店"},
    {"canteen", "食堂"},
    {"ktv", "KTV"},
    {"club", "俱乐部"},
    {"bar", "酒吧"},
    {"other", "其他"},
    /* a cleaning */
    {"ok", "期内"},
    {"due", "临期"},
    {"overdue", "超期"},
    {"none", "—"},
    {"contradicted", "存疑"},
    /* cases */
    {"notice", "告知"},
    {"warning", "警告"},
    {"penalty", "处罚"},
    {"proposed", "系统提出"},
    {"confirmed", "已确认"},
    {"served", "已送达"},
    {"closed", "已结案"},
    {"lapsed", "已失效"},
    {"noise", "噪声"},
    {"fume", "油烟"},
    {"purifier", "净化器停用"},
    {"cleaning", "清洗"},
    {"install", "安装"},
    /* flags */
    {"noise-limit", "噪声超标"},
    {"fume-limit", "油烟超标"},
    /* missing data */
    {"killed", "采集中断"},
    {"power", "断电"},
    {"stopped", "停机"},
    {"lost", "数据丢失"},
    {"epoch", "网关更换"},
    {"clock", "时间未知"},
    {"gateway-offline", "网关离线"},
    {"timeout", "无应答"},
    {"crc", "校验错误"},
    {"garbage", "应答无法识别"},
    {"unplugged", "线路断开"},
    {"suspended", "暂停轮询"},
};

const char *word_zh(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].name, word) == 0)
            return words[i].zh;
    }
    return word;
}
