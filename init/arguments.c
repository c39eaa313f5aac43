#include "init/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "plan/suggest.h"

enum { USUAL_MENU = 10000 };

static void set_init(struct arguments *arguments, const char *value)
{
    if (path_objection(value))
        log_warning("ignoring init=%s: it %s", value, path_objection(value));
    else
        arguments->init = value;
}

static void set_generation(struct arguments *arguments, const char *value)
{
    arguments->generation = value; /* judged when the store is known */
}

/* PID 1 itself has written it. */
static void set_continues(struct arguments *arguments, const char *value)
{
    const char *number = strchr(value, ':');
    arguments->continues = number ? (unsigned)strtoul(number + 1, NULL, 10) : 0;
}

static void set_rescue(struct arguments *arguments, const char *value)
{
    for (int i = 0; rescue_action_names[i]; i++) {
        if (strcmp(rescue_action_names[i], value) == 0) {
            arguments->rescue = i;
            return;
        }
    }
    log_warning("ignoring ebb.rescue=%s: it is none of wait, reboot and poweroff", value);
}

static void set_read_only(struct arguments *arguments, const char *value)
{
    (void)value; /* a flag */
    arguments->read_only = true;
}

static void set_writable(struct arguments *arguments, const char *value)
{
    (void)value; /* a flag */
    arguments->read_only = false;
}

static void set_wait(struct arguments *arguments, const char *value)
{
    (void)value; /* a flag */
    arguments->wait_for_ever = true;
}

static void set_debug(struct arguments *arguments, const char *value)
{
    (void)value; /* a flag */
    arguments->debug = true;
}

static void set_menu(struct arguments *arguments, const char *value)
{
    if (!value)
        arguments->menu = USUAL_MENU;
    else if (*value && strlen(value) < 6 && !value[strspn(value, "0123456789")])
        arguments->menu = (unsigned)strtoul(value, NULL, 10) * 1000;
    else
        log_warning("ignoring ebb.menu=%s: it is no number of seconds", value);
}

enum value { NO_VALUE, ANY_VALUE, PERHAPS_VALUE };

static void set_analyze(struct arguments *arguments, const char *value)
{
    (void)value; /* a flag */
    arguments->analyze = true;
}

static const struct {
    const char *name;
    enum value value;
    void (*set)(struct arguments *arguments, const char *value);
} known[] = {
    {"init", ANY_VALUE, set_init},
    {"ro", NO_VALUE, set_read_only},
    {"rw", NO_VALUE, set_writable},
    {"rootwait", NO_VALUE, set_wait},
    {"ebb.analyze", NO_VALUE, set_analyze},
    {"ebb.generation", ANY_VALUE, set_generation},
    {"ebb.continues", ANY_VALUE, set_continues},
    {"ebb.menu", PERHAPS_VALUE, set_menu},
    {"ebb.rescue", ANY_VALUE, set_rescue},
    {"ebb.debug", NO_VALUE, set_debug},
};

static void take(struct arguments *arguments, const char *name, const char *value)
{
    const char *names[ARRAY_LENGTH(known)];
    bool is_ours = strncmp(name, "ebb.", 4) == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        names[i] = known[i].name;
        if (strcmp(known[i].name, name) != 0)
            continue;
        if (known[i].value == PERHAPS_VALUE || known[i].value == (value ? ANY_VALUE : NO_VALUE))
            known[i].set(arguments, value);
        else if (is_ours)
            log_warning("ignoring the kernel parameter \"%s%s%s\": write %s%s", name,
                        value ? "=" : "", value ? value : "", name, value ? " alone" : "=VALUE");
        return;
    }
    if (!is_ours)
        return;
    const char *near = suggest(name, names, ARRAY_LENGTH(known));
    log_warning("ignoring the kernel parameter \"%s%s%s\": %s%s%s", name, value ? "=" : "",
                value ? value : "", near ? "did you mean \"" : "see ebb-init(8)", near ? near : "",
                near ? "\"?" : "");
}

void arguments_parse(struct arena *arena, const char *line, struct arguments *arguments)
{
    *arguments = (struct arguments){.rescue = -1};
    while (*line) {
        line += strspn(line, " \t\n");
        char *word = arena_string(arena, line), *out = word;
        bool quoted = false;
        for (; *line && (quoted || !strchr(" \t\n", *line)); line++) {
            if (*line == '"')
                quoted = !quoted;
            else
                *out++ = *line;
        }
        *out = '\0';
        if (strcmp(word, "--") == 0)
            return; /* what follows is for the real init */
        char *value = strchr(word, '=');
        if (value)
            *value++ = '\0';
        if (*word)
            take(arguments, word, value);
    }
}
