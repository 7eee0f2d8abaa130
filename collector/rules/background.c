#include "collector/rules/background.h"
#include "collector/rules/acoustics.h"
#include "collector/rules/standard.h"

#include <math.h>

struct correction background_correct(const struct standard *s, double level, double background, int64_t at)
{
    if (isnan(background) || !standard_corrects(s, at))
        return (struct correction){0};
    const struct provision *p = standard_correction(s, rounded(level - background, 0), at);
    return (struct correction){.known = true, .too_close = !p, .background = background, .value = p ? p->value : 0};
}
