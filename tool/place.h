/* The store that a verb about generations works on: the declared one, where the running system has
 * it, or any folder; and which of its generations the system runs on. */
#ifndef EBB_TOOL_PLACE_H
#define EBB_TOOL_PLACE_H

#include "base/path.h"
#include "generations/record.h"
#include "generations/store.h"
#include "tool/options.h"

struct place_wish {
    const char *store;  /* the folder of the generations; NULL: the declared one */
    const char *config; /* that declares it; NULL: /etc/ebb/ebb.conf */
};
/* The rows of the options that fill a wish. */
#define PLACE_OPTIONS(wish)                                                                        \
    OPTION_TEXT("store", "DIR", "the folder of the generations, if not the declared one",          \
                &(wish).store),                                                                    \
        OPTION_TEXT("config", "CONF", "the configuration; /etc/ebb/ebb.conf unless given",         \
                    &(wish).config)

struct store_place {
    struct arena *arena;
    struct config *config; /* NULL: only the folder was named */
    int volume;
    struct generations declared; /* or the folder that was named, as the top of the volume */
    int store;                   /* the same, open; locked if it was asked for */
    const char *default_choice;  /* which is booted unless another is asked for */
    struct record record;        /* of boots from the declared store; else nothing is in it */
    int record_fd;               /* -1: there is none */
    unsigned booted;             /* 0: none of these */
};

/* `lock`: to make or delete generations. */
int place_open(struct arena *arena, struct target root, const struct place_wish *wish, bool lock,
               struct store_place *place, struct error *error);
/* Refuses the store of somebody else, to which nothing may be written. */
int place_check_own(const struct store_place *place, struct error *error);
/* From the next boot on, what is declared is booted again, whatever `ebb rollback` has chosen. */
int place_clear_choice(struct store_place *place, struct error *error);
void place_close(const struct store_place *place);
/* The generation of that number or label, latest or previous, if it is whole. */
int place_choose(const struct store_place *place, const char *choice,
                 const struct generation **generation, struct error *error);
/* The same, and booted. */
int place_find(const struct store_place *place, const char *word,
               const struct generation **generation, struct error *error);

#endif
