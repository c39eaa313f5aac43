/* What all verbs of `ebb boot` work on, and what they share of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generations/identity.h"
#include "tool/boot.h"
#include "tool/boot_grub.h"
#include "tool/boot_place.h"

static int open_all(struct arena *arena, struct target root, const struct boot_wish *wish,
                    struct boot_run *run, struct error *error)
{
    const struct place_wish place = {.config = wish->config};
    char identity[IDENTITY_SIZE];
    int code = place_open(arena, root, &place, false, &run->place, error);
    if (code == 0)
        code = identity_read(run->place.volume, identity, error);
    if (code < 0)
        return code;
    run->esp = boot_place_open(run->place.config, wish->esp, error);
    if (run->esp < 0)
        return run->esp;
    if (wish->efivars && run->place.config->boot.loader == BOOT_SYSTEMD_BOOT)
        run->efivars = open(wish->efivars, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return boot_look(arena, run->esp, &run->place.config->boot, entry_token(arena, identity),
                     &run->state, error);
}

int boot_open(struct arena *arena, struct target root, const struct boot_wish *wish, bool change,
              struct boot_run *run, struct error *error)
{
    *run = (struct boot_run){.place = {.volume = -1, .store = -1}, .esp = -1, .efivars = -1};
    int code = open_all(arena, root, wish, run, error);
    if (code == 0 && change && run->state.has_menu && !wish->install)
        code = error_set(error, EEXIST,
                         "the boot partition has a menu for GRUB, which is not declared any more, "
                         "and which would find no kernels; run `ebb boot install`, or write "
                         "loader=grub again");
    if (code == 0 && change)
        code = esp_lock(run->esp, error);
    if (code == 0 && change)
        code = boot_clean(arena, run->esp, &run->place.config->boot, &run->state, error);
    run->source = (struct boot_source){.place = &run->place,
                                       .state = &run->state,
                                       .esp = run->esp,
                                       .init_program = wish->init_program,
                                       .universal = wish->universal,
                                       .rebuild = wish->rebuild,
                                       .progress = isatty(STDERR_FILENO)};
    /* Images are made in a folder of their own, for they may hold keys. */
    char *scratch = arena_string(arena, "/tmp/ebb-boot-XXXXXX");
    if (code == 0 && change && !(run->source.scratch = mkdtemp(scratch)))
        code = error_system(error, errno, "cannot make a folder in /tmp");
    return code;
}

void boot_close(const struct boot_run *run)
{
    if (run->source.scratch)
        path_remove_tree(run->source.scratch);
    memory_close_fd(&run->efivars);
    memory_close_fd(&run->esp);
    place_close(&run->place);
}

const char *boot_default(struct arena *arena, const struct boot_run *run)
{
    const struct boot_entries *declared = &run->place.config->boot;
    return declared->loader == BOOT_SYSTEMD_BOOT
               ? entry_default(arena, run->state.token)
               : entry_id(arena, declared, entry_name(arena, run->state.token, 0, ENTRY_DEFAULT));
}

bool boot_is_default(struct arena *arena, const struct boot_run *run, const char *text)
{
    const char *name = entry_name(arena, run->state.token, 0, ENTRY_DEFAULT);
    return strcasecmp(text, boot_default(arena, run)) == 0 ||
           strcasecmp(text, entry_id(arena, &run->place.config->boot, name)) == 0;
}

int boot_follow(struct arena *arena, const struct boot_run *run, const struct boot_want *wants,
                size_t want_count, struct boot_put **puts, size_t *count, struct error *error)
{
    return run->place.config->boot.loader == BOOT_GRUB
               ? boot_grub_puts(arena, run->esp, &run->place.config->boot, run->state.token, wants,
                                want_count, puts, count, error)
               : 0;
}
