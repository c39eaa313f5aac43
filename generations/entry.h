/* The entries of a boot loader, as the Boot Loader Specification (UAPI.1, type 1) has them: one
 * small file each in /loader/entries of the boot partition. Ours say in comments how large their
 * kernel and image are, and what their digests are, so that a half of one is found. Where unified
 * images stand in their place (type 2), the same files lie beside them for us alone.
 *
 * Several systems may share the partition; each has a token, by which its files are known. */
#ifndef EBB_GENERATIONS_ENTRY_H
#define EBB_GENERATIONS_ENTRY_H

#include "plan/config.h"

#define ENTRY_FOLDER "/loader/entries"
#define ENTRY_PAYLOADS "/EFI/ebb"
#define ENTRY_UNIFIED "/EFI/Linux" /* type 2, which loaders find by themselves */

/* What of an entry's name follows the token. */
#define ENTRY_DEFAULT "default" /* PID 1 decides by its record of boots */
#define ENTRY_ROLLBACK                                                                             \
    "rollback"                    /* the generation before, with a kernel and an image of its own  \
                                   */
#define ENTRY_RECOVERY "recovery" /* the same, but a person chooses */
/* In front of the default until the loader has started it once; then behind all others. */
#define ENTRY_TRIAL ENTRY_DEFAULT "-trial+1-0"

struct entry_file {
    const char *path; /* from the top of the partition */
    uint64_t size;
    const char *sha256;
};

/* NULL leaves a line out. */
struct entry {
    const char *title, *sort_key, *version, *machine_id, *options;
    struct entry_file kernel, image;
    /* Of a unified image, which is `kernel` then: what it was made of, without paths. */
    struct entry_file inner_kernel, inner_image;
    const char *uname; /* the version of that kernel; NULL: it is none */
};

const char *entry_write(struct arena *arena, const struct entry *entry);
/* -EBADMSG: it lacks what every entry of ours has. */
int entry_parse(struct arena *arena, const char *text, struct entry *entry);
/* Opens what an entry of the partition `esp` names. -EBADMSG: there is something else in it than
 * the entry says. */
int entry_open_file(int esp, const struct entry_file *file, struct error *error);

/* What the files of a system are known by; `identity` is that of its state volume. */
const char *entry_token(struct arena *arena, const char *identity);
/* The name of the entry of a generation; that of another one if the number is 0. */
const char *entry_name(struct arena *arena, const char *token, unsigned number, const char *other);
/* Where the unified image lies that stands in the place of an entry, and what loaders call either.
 */
const char *entry_unified_path(struct arena *arena, const char *name);
const char *entry_id(struct arena *arena, const struct boot_entries *boot, const char *name);
/* What loader.conf(5) calls the default: our entry, and the one of a trial before it. */
const char *entry_default(struct arena *arena, const char *token);
/* How often a loader that counts will start an entry, and has done so ("a+LEFT-DONE.conf"). False:
 * it is not counted. */
bool entry_counter(const char *name, unsigned *left, unsigned *done);
/* Whether an entry belongs to the system; its generation is `number`, or 0. */
bool entry_is_ours(const char *token, const char *name, unsigned *number);

void entry_check(const struct config *config, struct report *report);

#endif
