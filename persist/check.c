/* What persist entries may not mean, alone and together. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "persist/entry.h"
#include "persist/machine_id.h"
#include "persist/method.h"

static void check_target(const struct persist_entry *entry, struct report *report)
{
    const char *kernels = path_kernel_folder(entry->target);
    if (strcmp(entry->target, "/") == 0)
        report_error(report, entry->origin,
                     "\"/\" cannot persist as a whole: the root is thrown away at every boot; name "
                     "the folders to keep");
    if (kernels)
        report_error(report, entry->origin,
                     "\"%s\" belongs to \"%s\", which is made anew at every boot; remove it",
                     entry->target, kernels);
    if (entry->source && strlen(entry->source) >= PATH_MAX)
        report_error(
            report, entry->origin,
            "the path on the volume \"%s\" is longer than the kernel's 4095 bytes; shorten "
            "the entry or its store",
            entry->store->volume_name);
}

/* Its owner and mode are systemd's choice, not ours. */
static void check_machine_id(const struct persist_entry *entry, struct report *report)
{
    bool plain = strcmp(entry->owner, "0") == 0 && entry->group && strcmp(entry->group, "0") == 0 &&
                 entry->mode == 0644 && !entry->options && !entry->required && !entry->existing &&
                 !entry->seed;
    if (machine_id_is(entry) && !plain)
        report_error(report, entry->origin,
                     "\"%s\" is always root's, with mode 0444; leave its options out",
                     entry->target);
}

static void check_volumes(const struct config *config, const struct persist_entry *entry,
                          struct report *report)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (!volume->mount || !path_is_within(volume->mount, entry->target))
            continue;
        const char *place = origin_text(report->arena, volume->mount_origin);
        if (strcmp(volume->mount, entry->target) == 0)
            report_error(
                report, entry->origin,
                "\"%s\" is where the volume \"%s\" is mounted, at %s; remove one of the two",
                entry->target, volume->name, place);
        else if (entry->kind == PERSIST_FILE)
            report_error(report, entry->origin,
                         "\"%s\" is declared as a file, but the volume \"%s\" is mounted below "
                         "it, at %s; correct one",
                         entry->target, volume->name, place);
    }
}

/* `inner` lies below `outer`. */
static void check_nesting(const struct persist_entry *outer, const struct persist_entry *inner,
                          struct report *report)
{
    const char *place = origin_text(report->arena, outer->origin);
    if (outer->kind == PERSIST_FILE)
        report_error(report, inner->origin,
                     "\"%s\" lies below \"%s\", which is declared as a file at %s; correct one",
                     inner->target, outer->target, place);
    else if (outer->method == METHOD_SYMLINK)
        report_error(
            report, inner->origin,
            "\"%s\" lies below \"%s\", which is a symbolic link by its method at %s; write "
            "method=bind there",
            inner->target, outer->target, place);
    else if (outer->store->volume && outer->store->volume == inner->store->volume &&
             path_is_within(inner->source, outer->source))
        report_error(report, inner->origin,
                     "\"%s\" persists already as part of \"%s\", at %s; remove one of the two",
                     inner->target, outer->target, place);
}

static int by_target(const void *left, const void *right)
{
    const struct persist_entry *const *a = left, *const *b = right;
    return strcmp((*a)->target, (*b)->target);
}

/* The declared entry for each folder above this one, by halving the sorted list. */
static void check_parents(struct persist_entry *const *sorted, size_t count,
                          const struct persist_entry *entry, struct report *report)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", entry->target);
    for (char *slash; (slash = strrchr(parent, '/')) && slash != parent;) {
        *slash = '\0';
        const struct persist_entry key = {.target = parent}, *wanted = &key;
        struct persist_entry *const *outer =
            bsearch(&wanted, sorted, count, sizeof(struct persist_entry *), by_target);
        if (outer)
            check_nesting(*outer, entry, report);
    }
}

void persist_check(const struct config *config, struct report *report)
{
    size_t count = config->entry_count;
    auto_arena arena = arena_new();
    struct persist_entry **sorted = arena_alloc(arena, count * sizeof(struct persist_entry *) + 1);
    if (count) {
        memcpy(sorted, config->entries, count * sizeof(struct persist_entry *));
        qsort(sorted, count, sizeof(struct persist_entry *), by_target);
    }
    for (size_t i = 0; i < count; i++) {
        check_target(config->entries[i], report);
        check_machine_id(config->entries[i], report);
        check_volumes(config, config->entries[i], report);
        method_check(config->entries[i], report);
        check_parents(sorted, count, config->entries[i], report);
    }
}
