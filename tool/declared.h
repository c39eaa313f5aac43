/* What is declared to lie on the state volumes: by the configuration, and by those that generations
 * carry. Where a generation says what cannot be understood, nothing is known, and that is an
 * error: what somebody declares must not be taken for an orphan. */
#ifndef EBB_TOOL_DECLARED_H
#define EBB_TOOL_DECLARED_H

#include "base/path.h"
#include "persist/cover.h"
#include "plan/config.h"

struct declared_volume {
    const struct volume *volume;
    int fd;               /* its root, where the running system has it */
    struct cover stores;  /* the places of persist entries */
    struct cover sources; /* everything on it that is declared; sorted */
};

struct declared {
    struct declared_volume *volumes; /* those that persist entries lie on */
    size_t count;
};

int declared_collect(struct arena *arena, struct target root, const struct config *config,
                     struct declared *declared, struct error *error);
void declared_close(struct declared *declared);
/* The configuration that a generation carries, for config_free; one that carries none leaves
 * `carried` as it is. */
int declared_carried(struct arena *arena, int volume, const struct generations *declared,
                     unsigned number, const char *choice, struct config **carried,
                     struct error *error);
/* Opens the record of boots. -ENOENT: there is none yet. */
int declared_record(struct arena *arena, struct target root, const struct config *config,
                    struct error *error);
/* Opens the root of a state volume where the running system has it, and checks its identity. */
int declared_place(struct arena *arena, struct target root, const struct volume *volume,
                   struct error *error);

#endif
