#include "persist/existing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "persist/late.h"

/* The entry as it is found, and as it is to become. */
struct found {
    const struct persist_entry *entry;
    int fd; /* with O_PATH */
    struct stat status;
    uid_t user;
    gid_t group;
    mode_t mode;
};

/* One inode may have names elsewhere, which are nobody's declaration: a user who can make links
 * would else have root give them a file. */
static int refuse_links(const struct found *found, struct error *error)
{
    if (S_ISDIR(found->status.st_mode) || found->status.st_nlink == 1)
        return 0;
    return error_set(error, EMLINK,
                     "\"%s:%s\" has %lu names, so that its owner or mode would change elsewhere "
                     "too; remove the others, or declare existing=keep",
                     found->entry->store->volume_name, found->entry->source,
                     (unsigned long)found->status.st_nlink);
}

static int change(const struct found *found, struct error *error)
{
    char path[32];
    bool chown = found->user != found->status.st_uid || found->group != found->status.st_gid;
    bool chmod_ = found->mode != (found->status.st_mode & 07777);
    if (!chown && !chmod_)
        return 0;
    if (refuse_links(found, error) < 0)
        return -error->code;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", found->fd);
    /* Owner before mode, because a change of owner clears set-user-ID. */
    if ((chown && fchownat(found->fd, "", found->user, found->group, AT_EMPTY_PATH) < 0) ||
        chmod(path, found->mode) < 0)
        return error_set(error, errno,
                         "cannot give \"%s:%s\" its declared %s: %s; declare existing=report",
                         found->entry->store->volume_name, found->entry->source,
                         chown ? "owner" : "mode", strerror(errno));
    log_info("\"%s:%s\" was %u:%u %04o, and is %u:%u %04o as declared",
             found->entry->store->volume_name, found->entry->source, found->status.st_uid,
             found->status.st_gid, found->status.st_mode & 07777, found->user, found->group,
             found->mode);
    return 0;
}

/* What is left as it is although it is not as declared. */
static void tell(const struct found *found, const struct owner *owner, mode_t mode)
{
    const struct persist_entry *entry = found->entry;
    bool wrong_user = entry->owner_said && !owner->late_user && found->user != owner->user;
    bool wrong_group = entry->group_said && !owner->late_group && found->group != owner->group;
    if (wrong_user || wrong_group)
        log_warning("\"%s:%s\" belongs to %u:%u, not to %s:%s as declared; existing=correct would "
                    "give it to them",
                    entry->store->volume_name, entry->source, found->user, found->group,
                    entry->owner, entry->group ? entry->group : "their group");
    if (entry->existing == EXISTING_REPORT && found->mode != mode)
        log_warning("\"%s:%s\" has mode %04o, not %04o as declared; existing=correct would set it",
                    entry->store->volume_name, entry->source, found->mode, mode);
}

/* As it was made for an owner whom nobody knew, in a boot that ended before they got it. */
static bool waits_for_owner(const struct found *found, const struct owner *owner)
{
    bool is_dir = S_ISDIR(found->status.st_mode);
    return found->entry->owner_said && (owner->user || owner->late_user) &&
           found->status.st_uid == 0 && found->status.st_gid == 0 &&
           (found->status.st_mode & 07777) == (is_dir ? 0700 : 0600);
}

/* By the policy: how it should become. */
static void choose(struct found *found, const struct owner *owner, mode_t declared)
{
    const struct persist_entry *entry = found->entry;
    bool waits = waits_for_owner(found, owner);
    switch ((enum persist_existing)entry->existing) {
    case EXISTING_TIGHTEN:
        found->user = waits ? owner->user : found->user;
        found->group = waits ? owner->group : found->group;
        found->mode = waits ? declared : found->mode & declared;
        break;
    case EXISTING_CORRECT:
        found->user = entry->owner_said ? owner->user : found->user;
        found->group = entry->group_said || waits ? owner->group : found->group;
        found->mode = declared;
        break;
    case EXISTING_KEEP:
    case EXISTING_REPORT:
        break;
    }
}

int existing_apply(const struct persist_entry *entry, struct context *context, int source,
                   struct error *error)
{
    struct found found = {.entry = entry, .fd = source};
    struct owner owner;
    if (entry->existing == EXISTING_KEEP ||
        !(entry->owner_said || entry->group_said || entry->mode_said))
        return 0;
    if (fstat(source, &found.status) < 0)
        return error_system(error, errno, "cannot look at \"%s:%s\"", entry->store->volume_name,
                            entry->source);
    found.user = found.status.st_uid;
    found.group = found.status.st_gid;
    found.mode = found.status.st_mode & 07777;
    owner_resolve(entry, context, &owner);
    bool waits = waits_for_owner(&found, &owner);
    mode_t declared = entry->mode_said || waits ? (mode_t)entry->mode : found.mode;
    if ((owner.late_user || owner.late_group) &&
        (entry->existing == EXISTING_CORRECT || (entry->existing == EXISTING_TIGHTEN && waits))) {
        if (refuse_links(&found, error) < 0) /* systemd would give the file away */
            return -error->code;
        late_entry(entry, &owner, declared, context);
        return 0;
    }
    choose(&found, &owner, declared);
    int code = change(&found, error);
    if (code == 0)
        tell(&found, &owner, declared);
    return code;
}
