#include "base/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char form[] = "%Y%m%dT%H%M%S";
enum { LENGTH = sizeof("20260131T235959") - 1 };
/* The years that four digits can say. */
static const int64_t last_second = 253402300799;

void stamp_write(char text[static STAMP_SIZE], int64_t time, unsigned number)
{
    char suffix[16] = "";
    struct tm parts;
    time_t seconds = time < 0 ? 0 : time > last_second ? last_second : time;
    *text = '\0';
    if (gmtime_r(&seconds, &parts))
        (void)strftime(text, STAMP_SIZE, form, &parts); /* it fits */
    if (number > 1)
        snprintf(suffix, sizeof(suffix), "-%u", number);
    strcat(text, suffix);
}

bool stamp_read(const char *text, int64_t *time, unsigned *number)
{
    char again[STAMP_SIZE];
    struct tm parts = {0};
    const char *end = strptime(text, form, &parts);
    if (!end || end - text != LENGTH)
        return false;
    int64_t seconds = timegm(&parts);
    unsigned count = *end == '-' ? (unsigned)strtoul(end + 1, NULL, 10) : 1;
    /* Only what we would have written ourselves: no blanks, no 31st of February, no "-01". */
    stamp_write(again, seconds, count);
    if (strcmp(again, text) != 0)
        return false;
    *time = seconds;
    *number = count;
    return true;
}

bool stamp_is_newer(int64_t time, unsigned number, int64_t than_time, unsigned than_number)
{
    return time != than_time ? time > than_time : number > than_number;
}
