/* What becomes of each part of a system that is adopted. */
#include "tool/adopting.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "persist/machine_id.h"
#include "tool/name.h"

enum { INODE = 512 /* bytes that a file takes besides its blocks, about */ };

/* What no generation needs. */
static const struct left useless[] = {
    {"/dev", "made anew at every boot", COPY_FOLDER, {0}},
    {"/lost+found", "belongs to the file system", COPY_NOTHING, {0}},
    {"/proc", "made anew at every boot", COPY_FOLDER, {0}},
    {"/run", "made anew at every boot", COPY_FOLDER, {0}},
    {"/sys", "made anew at every boot", COPY_FOLDER, {0}},
    {"/tmp", "made anew at every boot", COPY_FOLDER, {0}},
    {"/var/cache/apt/archives", "packages that can be fetched again", COPY_FOLDER, {0}},
    {"/var/cache/dnf", "packages that can be fetched again", COPY_FOLDER, {0}},
    {"/var/cache/pacman/pkg", "packages that can be fetched again", COPY_FOLDER, {0}},
    {"/var/cache/zypp/packages", "packages that can be fetched again", COPY_FOLDER, {0}},
};

/* Whatever has one of these in it is a part of the system, which `ebb new` changes. */
static const char *const vital[] = {"/etc/passwd", "/usr", "/var/lib/dpkg", "/var/lib/rpm"};

static bool is_same_file(int one, int other)
{
    struct stat a, b;
    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static int by_path(const void *left, const void *right)
{
    const struct left *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static enum copy_part choose(const struct copy_choice *choice, const char *path)
{
    const struct adopting *adopting = (const struct adopting *)choice;
    size_t begin = 0, end = adopting->left_count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        int order = strcmp(path, adopting->lefts[middle].path + 1);
        if (order == 0)
            return adopting->lefts[middle].part;
        if (order < 0)
            end = middle;
        else
            begin = middle + 1;
    }
    return COPY_WHOLE;
}

/* What lies there, but not in what is mounted there. */
static void measure(const struct adopting *adopting, struct left *left)
{
    struct stat status;
    auto_fd fd = path_open(adopting->root.fd, left->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0 || copy_mount(fd) != copy_mount(adopting->root.fd))
        return;
    left->size = (struct copy_size){1, (uint64_t)status.st_size, (uint64_t)status.st_blocks * 512};
    if (S_ISDIR(status.st_mode))
        copy_measure(fd, NULL, &left->size);
}

static void add(struct adopting *adopting, const char *path, enum copy_part part, const char *why)
{
    for (size_t i = 0; i < adopting->left_count; i++)
        if (strcmp(adopting->lefts[i].path, path) == 0)
            return;
    struct left *left = ARENA_PUSH(adopting->arena, adopting->lefts, adopting->left_count);
    *left = (struct left){.path = path, .why = why, .part = part};
    if (why)
        measure(adopting, left);
}

static void add_found(struct adopting *adopting, const char *path, enum copy_part part,
                      const char *why)
{
    struct stat status;
    auto_fd fd = path_open(adopting->root.fd, path, O_PATH | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &status) == 0 && (part != COPY_FOLDER || S_ISDIR(status.st_mode)))
        add(adopting, path, part, why);
}

/* Programs that run in the generation want to read it, and it is nobody's secret. */
static bool is_shared(const struct persist_entry *entry, const struct stat *status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(vital); i++)
        if (entry->kind == PERSIST_DIR && path_is_within(vital[i], entry->target))
            return true;
    return entry->kind == PERSIST_FILE && (status->st_mode & S_IROTH) && !machine_id_is(entry);
}

static int find_fate(struct adopting *adopting, struct seed *seed, struct error *error)
{
    const struct persist_entry *entry = seed->entry;
    seed->fate = SEED_LEFT;
    if (entry->seed && strcmp(entry->seed, "generation") != 0)
        return 0;
    int code = live_open(adopting->context, entry->target, &seed->live, error);
    if (code == -ENOENT || code == -ENOTDIR)
        seed->fate = SEED_MISSING;
    if (code == -ENOENT || code == -ENOTDIR || code == -ELOOP || code == -EINVAL)
        return 0;
    if (code < 0)
        return code;
    if ((entry->kind == PERSIST_DIR) != S_ISDIR(seed->live.status.st_mode))
        return error_set(error, EINVAL, "\"%s\" is declared as a %s, and is a %s; correct that",
                         entry->target, entry->kind == PERSIST_DIR ? "folder" : "file",
                         entry->kind == PERSIST_DIR ? "file" : "folder");
    auto_fd source = live_source(entry, adopting->context, error);
    if (source < 0 && source != -ENOENT)
        return source;
    seed->fate = source == -ENOENT                     ? SEED_COPIED
                 : is_same_file(source, seed->live.fd) ? SEED_HERE
                 : adopting->wish->replace             ? SEED_COPIED
                                                       : SEED_KEPT;
    seed->replaces = source >= 0 && seed->fate == SEED_COPIED;
    if (seed->fate == SEED_KEPT &&
        !context_volume(adopting->context, entry->store->volume)->identity)
        return error_set(error, EEXIST,
                         "\"%s:%s\" is there already, though that is no state volume yet, perhaps "
                         "from an adoption that was cut off; have it moved to the volume's trash "
                         "with --replace",
                         entry->store->volume_name, entry->source);
    return 0;
}

static int find_seeds(struct adopting *adopting, struct error *error)
{
    for (size_t i = 0; i < adopting->config->entry_count; i++) {
        const struct persist_entry *entry = adopting->config->entries[i];
        struct seed *seed = ARENA_PUSH(adopting->arena, adopting->seeds, adopting->seed_count);
        *seed = (struct seed){.entry = entry, .live = {.fd = -1}};
        int code = find_fate(adopting, seed, error);
        if (code < 0)
            return code;
        if (seed->fate == SEED_MISSING || seed->fate == SEED_LEFT)
            continue;
        const struct stat *status = &seed->live.status;
        seed->is_shared = is_shared(entry, status);
        seed->size =
            (struct copy_size){1, (uint64_t)status->st_size, (uint64_t)status->st_blocks * 512};
        if (entry->kind == PERSIST_DIR)
            copy_measure(seed->live.fd, NULL, &seed->size);
        if (!seed->is_shared)
            add(adopting, entry->target, entry->kind == PERSIST_DIR ? COPY_FOLDER : COPY_NOTHING,
                NULL);
    }
    return 0;
}

/* Where the root is itself the top of a state volume; there may be nothing of this yet. */
static int leave_volumes(struct adopting *adopting, struct error *error)
{
    static const char why[] = "belongs to the state volume";
    const struct config *config = adopting->config;
    const struct place *store = &config->generations.place;
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        int fd = context_volume(adopting->context, volume)->fd;
        if (fd < 0 || !is_same_file(fd, adopting->root.fd))
            continue;
        add(adopting, "/.ebb", COPY_NOTHING, why);
        if (store->volume == volume) {
            if (strcmp(store->path, "/") == 0)
                return error_set(error, EINVAL,
                                 "the root is the top of the volume \"%s\", where the generations "
                                 "are declared to be; declare a folder, such as %s:/generations",
                                 volume->name, volume->name);
            adopting->is_same = true;
            add(adopting, store->path, COPY_NOTHING, why);
        }
        for (size_t j = 0; j < config->entry_count; j++) {
            const struct persist_entry *entry = config->entries[j];
            if (entry->store->volume == volume)
                add(adopting,
                    strcmp(entry->store->path, "/") == 0 ? entry->source : entry->store->path,
                    COPY_NOTHING, why);
        }
    }
    return 0;
}

static void leave_swap(struct adopting *adopting)
{
    struct stat own, host;
    bool runs = fstat(adopting->root.fd, &own) == 0 && stat("/", &host) == 0 &&
                own.st_dev == host.st_dev && own.st_ino == host.st_ino;
    const char *files[] = {
        arena_printf(adopting->arena, "/proc/self/fd/%d/etc/fstab", adopting->root.fd),
        "/proc/swaps"};
    for (size_t i = 0; i < (runs ? 2 : 1); i++) {
        struct libmnt_table *table = mnt_new_table();
        struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
        if (!table || !place)
            memory_exhausted();
        if (i == 0)
            (void)mnt_table_parse_fstab(table, files[0]); /* there may be none */
        else
            (void)mnt_table_parse_swaps(table, files[1]); /* as above */
        for (struct libmnt_fs *fs; mnt_table_next_fs(table, place, &fs) == 0;) {
            const char *file = mnt_fs_get_srcpath(fs);
            if (mnt_fs_is_swaparea(fs) && file && !path_objection(file) &&
                !path_is_within(file, "/dev"))
                add_found(adopting, arena_string(adopting->arena, file), COPY_NOTHING, "swap");
        }
        mnt_free_iter(place);
        mnt_unref_table(table);
    }
}

/* The init must come along: prove_apply looks at the copy, but that would be late. */
static int check_init(struct adopting *adopting, int *init, struct error *error)
{
    struct stat status;
    auto_fd fd = path_open_in_root(adopting->root.fd, "/sbin/init", O_RDONLY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || !(status.st_mode & 0111))
        return error_set(error, ENOENT,
                         "\"%s/sbin/init\" is no program, so this is no system that could boot; "
                         "name the root of one with --root",
                         adopting->root.name);
    if (copy_mount(fd) != copy_mount(adopting->root.fd))
        return error_set(error, EXDEV,
                         "\"%s/sbin/init\" lies on another file system than the root, which is "
                         "left out; copy both into one folder, and name that with --root",
                         adopting->root.name);
    *init = TAKE_FD(fd);
    return 0;
}

/* A file without a name says it: neither tables of features nor equal devices do. */
static int try_clone(struct adopting *adopting, int init, struct error *error)
{
    const struct volume *volume = adopting->config->generations.place.volume;
    auto_fd made = openat(context_volume(adopting->context, volume)->fd, ".",
                          O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0 && errno == EROFS)
        return error_set(error, EROFS, "the volume \"%s\" is mounted read-only; mount it writable",
                         volume->name);
    adopting->shares_blocks = made >= 0 && ioctl(made, FICLONE, init) == 0;
    return 0;
}

static void need(struct adopting *adopting, const struct volume *volume,
                 const struct copy_size *size)
{
    bool shares = adopting->shares_blocks && volume == adopting->config->generations.place.volume;
    uint64_t room = shares ? 0 : size->room + size->room / 100;
    adopting->needed[volume->number] += room + size->files * INODE;
}

static int check_room(struct adopting *adopting, struct error *error)
{
    const struct config *config = adopting->config;
    adopting->needed = arena_alloc(adopting->arena, config->volume_count * sizeof(uint64_t));
    need(adopting, config->generations.place.volume, &adopting->tree);
    for (size_t i = 0; i < adopting->seed_count; i++)
        if (adopting->seeds[i].fate == SEED_COPIED)
            need(adopting, adopting->seeds[i].entry->store->volume, &adopting->seeds[i].size);
    for (size_t i = 0; i < config->volume_count; i++) {
        struct statvfs system;
        int fd = context_volume(adopting->context, config->volumes[i])->fd;
        if (fd < 0 || fstatvfs(fd, &system) < 0)
            continue;
        uint64_t free = (uint64_t)system.f_bavail * system.f_frsize;
        if (adopting->needed[i] > free)
            return error_set(error, ENOSPC,
                             "the volume \"%s\" has %s free, and %s are needed; free some, or "
                             "declare a larger one",
                             config->volumes[i]->name, name_size(free).text,
                             name_size(adopting->needed[i]).text);
    }
    return 0;
}

int adopt_look(struct adopting *adopting, struct error *error)
{
    auto_fd init = -1;
    adopting->choice.choose = choose;
    int code = check_init(adopting, &init, error);
    if (code == 0)
        code = try_clone(adopting, init, error);
    if (code == 0)
        code = find_seeds(adopting, error);
    if (code == 0)
        code = leave_volumes(adopting, error);
    if (code < 0)
        return code;
    leave_swap(adopting);
    for (size_t i = 0; i < ARRAY_LENGTH(useless); i++)
        add_found(adopting, useless[i].path, useless[i].part, useless[i].why);
    qsort(adopting->lefts, adopting->left_count, sizeof(*adopting->lefts), by_path);
    code = adopt_fstab(adopting, error);
    if (code < 0)
        return code;
    copy_measure(adopting->root.fd, &adopting->choice, &adopting->tree);
    return check_room(adopting, error);
}
