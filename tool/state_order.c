/* What persists is to be as it was, from the next boot on. */
#include <errno.h>
#include <string.h>

#include "tool/state.h"

int state_choose(const struct states *states, const char *name, unsigned generation,
                 const struct state **state, struct error *error)
{
    const struct state *found = NULL;
    for (size_t i = 0; i < states->count; i++) {
        const struct state_volume *volume = &states->volumes[i];
        for (size_t j = 0; !found && j < volume->count; j++)
            if (name ? strcmp(volume->list[j].name, name) == 0
                     : volume->list[j].moment.generation == generation)
                found = &volume->list[j];
    }
    if (!found && name)
        return error_set(error, ENOENT, "no state is called \"%.100s\"; `ebb list` shows them",
                         name);
    if (!found)
        return error_set(error, ENOENT,
                         "no state of generation %u is kept; `ebb list` shows those that are, and "
                         "`ebb rollback --with-state=NAME` brings one back",
                         generation);
    *state = found;
    return 0;
}

static void print_age(int64_t seconds, FILE *out)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"days", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(units) && seconds < 2 * units[i].seconds)
        i++;
    fprintf(out, "%lld %s", (long long)(seconds < 0 ? 0 : seconds / units[i].seconds),
            units[i].unit);
}

/* An order from before must not outlive this one. */
static int drop_order(const struct state_volume *volume, struct error *error)
{
    int code = state_write_order(volume->fd, NULL, error);
    return code < 0 && code != -ENOENT
               ? error_prefix(error, "the volume \"%s\"", volume->volume->name)
               : code;
}

int state_order(const struct states *states, const struct state *state, unsigned running,
                time_t now, FILE *out, struct error *error)
{
    struct state_order order;
    strcpy(order.name, state->name);
    states_new_name(states, running, now, order.aside);
    for (size_t i = 0; i < states->count; i++) {
        const struct state_volume *volume = &states->volumes[i];
        if (states_find(volume, state->name)) {
            if (state_write_order(volume->fd, &order, error) < 0)
                return error_prefix(error, "the volume \"%s\"", volume->volume->name);
            continue;
        }
        int code = drop_order(volume, error);
        if (code < 0 && code != -ENOENT)
            return code;
        fprintf(out, "the volume \"%s\" has no state %s, and stays as it is\n",
                volume->volume->name, state->name);
    }
    fprintf(out, "the next boot brings the state %s back, which is ", state->name);
    print_age(now - state->moment.time, out);
    fprintf(out,
            " old; what was changed since is put aside as %s, and `ebb rollback --with-state=%s` "
            "brings that back\n",
            order.aside, order.aside);
    return 0;
}

int state_take_back(const struct states *states, FILE *out, struct error *error)
{
    bool any = false;
    for (size_t i = 0; i < states->count; i++) {
        int code = drop_order(&states->volumes[i], error);
        if (code < 0 && code != -ENOENT)
            return code;
        any |= code == 0;
    }
    if (any)
        fputs("what persists stays as it is, and the order to bring another state back is void\n",
              out);
    return 0;
}
