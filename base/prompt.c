#include "base/prompt.h"

#include <errno.h>
#include <linux/kd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/keyboard.h"
#include "base/locked.h"

/* Somebody who has a working keyboard has begun to type by then. */
enum { KEYBOARDS_MILLISECONDS = 5000, QUESTION_SIZE = 256, USUAL_COLUMNS = 80 };

struct line {
    char text[PROMPT_MAX + 1];
    size_t length;
    bool refused;   /* the last character had no room, so its other bytes have none either */
    bool hidden;    /* Tab: no stars */
    bool drawn;     /* the question is on the screen, and its row not ended */
    bool caps_lock; /* as the person was told last */
};

struct prompt {
    struct console_input *input;
    char question[QUESTION_SIZE];
    unsigned long begun;
    bool keyboards_told;
    struct line *answer; /* the one that won */
    struct line lines[CONSOLE_MAX];
};

/* Whether a byte of UTF-8 goes on with a character, rather than to begin one. */
static bool goes_on(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += !goes_on(*text);
    return count;
}

static size_t count_stars(const struct prompt *prompt, size_t console)
{
    const struct line *line = &prompt->lines[console];
    if (line->hidden)
        return 0;
    struct winsize size = {0};
    (void)ioctl(console_fd(prompt->input, console), TIOCGWINSZ,
                &size); /* a serial line does not know */
    size_t columns = size.ws_col ? size.ws_col : USUAL_COLUMNS;
    size_t room = columns - 1 - count_characters(prompt->question) % columns;
    size_t characters = count_characters(line->text);
    return characters < room ? characters : room;
}

/* One write for a row, or lines of the kernel come between. */
static void draw(struct prompt *prompt, size_t console, const char *before)
{
    char text[1024 + QUESTION_SIZE + PROMPT_MAX], stars[PROMPT_MAX + 1];
    size_t count = count_stars(prompt, console);
    memset(stars, '*', count);
    stars[count] = '\0';
    snprintf(text, sizeof(text), "%s%s%s", before, prompt->question, stars);
    console_write(prompt->input, console, text);
    prompt->lines[console].drawn = true;
}

static void redraw(const struct prompt *prompt, size_t console, size_t stars)
{
    char text[3 * PROMPT_MAX + 1] = "", *end = text;
    size_t wanted = count_stars(prompt, console);
    for (; stars < wanted; stars++)
        end = stpcpy(end, "*");
    for (; stars > wanted; stars--)
        end = stpcpy(end, "\b \b");
    console_write(prompt->input, console, text);
}

static void say_on(struct prompt *prompt, size_t console, const char *news)
{
    char text[1024];
    snprintf(text, sizeof(text), "\r\033[K%s\n", news);
    if (!prompt->answer) {
        draw(prompt, console, text);
        return;
    }
    console_write(prompt->input, console, text);
    prompt->lines[console].drawn = false;
}

static void say(struct prompt *prompt, const char *news)
{
    for (size_t i = 0; i < CONSOLE_MAX; i++)
        if (console_fd(prompt->input, i) >= 0)
            say_on(prompt, i, news);
}

static void shorten(struct line *line, size_t length)
{
    explicit_bzero(line->text + length, line->length - length);
    line->length = length;
    line->refused = false;
}

static void erase_character(struct line *line)
{
    size_t length = line->length;
    while (length > 0 && goes_on(line->text[length - 1]))
        length--;
    shorten(line, length > 0 ? length - 1 : 0);
}

/* False if there is no room for the whole character that begins with this byte. */
static bool append(struct line *line, char byte)
{
    unsigned char lead = (unsigned char)byte;
    size_t bytes = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    line->refused = (line->refused && goes_on(byte)) || line->length + bytes > PROMPT_MAX;
    if (!line->refused)
        line->text[line->length++] = byte;
    return !line->refused;
}

static void enter(struct prompt *prompt, size_t console)
{
    struct line *line = &prompt->lines[console];
    if (line->length == 0) {
        draw(prompt, console, "\n");
        return;
    }
    prompt->answer = line;
    prompt->keyboards_told = true;               /* one works */
    console_write(prompt->input, console, "\n"); /* checking it may take a moment */
    line->drawn = false;
}

static void edit(struct prompt *prompt, const struct console_key *key)
{
    struct line *line = &prompt->lines[key->console];
    size_t stars = count_stars(prompt, key->console);
    switch (key->kind) {
    case CONSOLE_BYTE:
        if (!append(line, key->byte) && !goes_on(key->byte))
            console_write(prompt->input, key->console, "\a");
        break;
    case CONSOLE_ENTER:
        enter(prompt, key->console);
        return;
    case CONSOLE_BACKSPACE:
        erase_character(line);
        break;
    case CONSOLE_CLEAR:
    case CONSOLE_ESCAPE:
        shorten(line, 0);
        break;
    case CONSOLE_TAB:
        line->hidden = !line->hidden;
        break;
    case CONSOLE_CONTROL:
        break;
    }
    redraw(prompt, key->console, stars);
}

/* Only a virtual terminal knows; what is behind a serial line has told its person already. */
static void tell_caps_lock(struct prompt *prompt, size_t console)
{
    struct line *line = &prompt->lines[console];
    char flags = 0;
    if (ioctl(console_fd(prompt->input, console), KDGKBLED, &flags) < 0)
        return;
    bool on = flags & K_CAPSLOCK;
    if (on != line->caps_lock)
        say_on(prompt, console, on ? "Caps Lock is on" : "Caps Lock is off");
    line->caps_lock = on;
}

static void tell_keyboards(struct prompt *prompt)
{
    char names[400], news[512] = "no keyboard was found";
    size_t count = keyboards_find(names, sizeof(names));
    if (count)
        snprintf(news, sizeof(news), "%s: %s", count == 1 ? "keyboard" : "keyboards", names);
    prompt->keyboards_told = true;
    say(prompt, news);
}

int prompt_begin(struct console_input *input, const char *question, struct prompt **prompt,
                 struct error *error)
{
    void *memory;
    int code = locked_new(sizeof(**prompt), &memory, error);
    if (code < 0)
        return code;
    struct prompt *begun = memory;
    begun->input = input;
    begun->begun = clock_microseconds();
    snprintf(begun->question, sizeof(begun->question), "%s", question);
    for (size_t i = 0; i < CONSOLE_MAX; i++)
        if (console_fd(input, i) >= 0)
            draw(begun, i, "");
    *prompt = begun;
    return 0;
}

void prompt_from_afar(struct prompt *prompt)
{
    prompt->keyboards_told = true;
}

void prompt_end(struct prompt *prompt)
{
    for (size_t i = 0; prompt && i < CONSOLE_MAX; i++)
        if (prompt->lines[i].drawn)
            console_write(prompt->input, i, "\n");
    locked_free(prompt, sizeof(*prompt));
}

size_t prompt_pollfds(const struct prompt *prompt, struct pollfd *fds, size_t room)
{
    return prompt->answer ? 0 : console_pollfds(prompt->input, fds, room);
}

int prompt_timeout(const struct prompt *prompt)
{
    if (prompt->answer || prompt->keyboards_told)
        return -1;
    unsigned long passed = (clock_microseconds() - prompt->begun) / 1000;
    return passed < KEYBOARDS_MILLISECONDS ? KEYBOARDS_MILLISECONDS - (int)passed : 0;
}

enum prompt_state prompt_feed(struct prompt *prompt)
{
    if (prompt->answer)
        return PROMPT_ANSWERED;
    if (prompt_timeout(prompt) == 0)
        tell_keyboards(prompt);
    struct console_key key;
    int code;
    while ((code = console_key(prompt->input, &key)) == 0) {
        edit(prompt, &key);
        if (prompt->answer)
            return PROMPT_ANSWERED;
        tell_caps_lock(prompt, key.console);
    }
    return code == -ENODEV ? PROMPT_GONE : PROMPT_WAITING;
}

const char *prompt_answer(const struct prompt *prompt, size_t *length)
{
    if (!prompt->answer)
        return NULL;
    *length = prompt->answer->length;
    return prompt->answer->text;
}

void prompt_say(struct prompt *prompt, const char *format, ...)
{
    char news[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(news, sizeof(news), format, arguments);
    va_end(arguments);
    say(prompt, news);
}

void prompt_again(struct prompt *prompt, const char *format, ...)
{
    char news[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(news, sizeof(news), format, arguments);
    va_end(arguments);
    if (prompt->answer)
        shorten(prompt->answer, 0);
    prompt->answer = NULL;
    say(prompt, news);
}
