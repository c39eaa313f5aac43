#include "generations/keep.h"

#include <string.h>

static void set(struct keep_item *item, enum keep_reason reason)
{
    if (item->reason == KEEP_NOT)
        item->reason = reason;
}

struct period {
    char name[16]; /* "" before the first one */
};

static struct period period_of(time_t made, enum keep_reason reason)
{
    struct period period = {""};
    struct tm time;
    if (!localtime_r(&made, &time))
        return period;
    if (reason == KEEP_DAY)
        strftime(period.name, sizeof(period.name), "%Y-%m-%d", &time);
    else if (reason == KEEP_WEEK)
        strftime(period.name, sizeof(period.name), "%G-W%V", &time);
    else
        strftime(period.name, sizeof(period.name), "%Y-%m", &time);
    return period;
}

/* Of the newest `wanted` periods that have a generation, the last one stays. */
static void keep_periods(unsigned wanted, enum keep_reason reason, struct keep_item *items,
                         size_t count)
{
    struct period last = {""};
    for (size_t i = count; wanted > 0 && i-- > 0;) {
        struct period period = items[i].dated ? period_of(items[i].made, reason) : last;
        if (strcmp(period.name, last.name) == 0)
            continue;
        last = period;
        set(&items[i], reason);
        wanted--;
    }
}

void keep_apply(const struct keep *keep, time_t now, struct keep_item *items, size_t count)
{
    bool by_date = keep->daily || keep->weekly || keep->monthly || keep->age;
    size_t last = keep->last ? keep->last : 1;
    for (size_t i = 0; i < count; i++)
        items[i].reason = i + last >= count ? KEEP_LAST : KEEP_NOT;
    keep_periods(keep->daily, KEEP_DAY, items, count);
    keep_periods(keep->weekly, KEEP_WEEK, items, count);
    keep_periods(keep->monthly, KEEP_MONTH, items, count);
    for (size_t i = 0; i < count; i++) {
        if (by_date && !items[i].dated)
            set(&items[i], KEEP_UNDATED);
        else if (keep->age && items[i].made > now - (time_t)keep->age)
            set(&items[i], KEEP_YOUNG);
    }
}
