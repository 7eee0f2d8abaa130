#include "collector/rules/deadline.h"
#include "collector/rules/memory.h"

enum { DAY_MS = 24 * 3600 * 1000 };
enum { DECIDE_DAYS = 90, HEARING_WORKING_DAYS = 5, SERVE_WORKING_DAYS = 7, PAY_DAYS = 15 };

int64_t deadline_term(int64_t served, int64_t term_ms)
{
    if (term_ms && term_ms % DAY_MS == 0)
        return calendar_days_end(served, (int)(term_ms / DAY_MS));
    return served + term_ms - 1;
}

int64_t deadline_payment(int64_t served)
{
    return calendar_days_end(served, PAY_DAYS);
}

static int64_t working(const struct fold *f, int64_t from, int days)
{
    return from ? calendar_work_end(f->config.calendars, f->config.calendar_count, from, days) : 0;
}

void deadlines_of(const struct fold *f, const struct casefile *c, struct deadline out[static DEADLINES])
{
    const struct stage *notice = &c->stages[STEP_NOTICE], *warning = &c->stages[STEP_WARNING],
                       *penalty = &c->stages[STEP_PENALTY];
    out[DEADLINE_NOTICE] =
        (struct deadline){"correct after the notice", "[rules] notice_deadline", notice->due, 0, false};
    out[DEADLINE_WARNING] =
        (struct deadline){"correct after the warning", "[rules] warning_deadline", warning->due, 0, false};
    out[DEADLINE_DECIDE] = (struct deadline){"decide on the penalty", "行政处罚法 第六十条",
                                             penalty->proposed ? calendar_days_end(penalty->proposed, DECIDE_DAYS) : 0,
                                             penalty->confirmed, true};
    out[DEADLINE_HEARING] = (struct deadline){"ask for a hearing", "行政处罚法 第六十四条, 第八十五条",
                                              working(f, penalty->told, HEARING_WORKING_DAYS), 0, false};
    out[DEADLINE_SERVE] = (struct deadline){"serve the penalty", "行政处罚法 第六十一条, 第八十五条",
                                            working(f, penalty->confirmed, SERVE_WORKING_DAYS), penalty->served, true};
    out[DEADLINE_PAY] = (struct deadline){"pay", "行政处罚法 第六十七条", penalty->due, 0, false};
}
