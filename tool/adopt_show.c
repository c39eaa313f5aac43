/* What `ebb adopt` tells before it does anything, and what remains to be done after it. */
#include "tool/adopting.h"

#include <dirent.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tool/name.h"

/* What many machines miss after their first boot. */
static const char *const often_kept[] = {
    "/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key", "/home", "/root", "/srv", "/var/log"};

static void print_size(const struct copy_size *size, FILE *out)
{
    fprintf(out, "%ju file%s, %s", (uintmax_t)size->files, size->files == 1 ? "" : "s",
            name_size(size->bytes).text);
}

static void print_path(const char *path, FILE *out)
{
    fputs("  ", out);
    name_print(path, true, out);
}

static void show_lefts(const struct adopting *adopting, FILE *out)
{
    for (size_t i = 0; i < adopting->left_count; i++) {
        const struct left *left = &adopting->lefts[i];
        if (!left->why)
            continue;
        print_path(left->path, out);
        fprintf(out, ": %s", left->why);
        if (left->size.files) {
            fputs(", ", out);
            print_size(&left->size, out);
        }
        fputc('\n', out);
    }
}

/* Not those in folders that are made anew at every boot. */
static bool is_told(const char *path)
{
    return !path_kernel_folder(path) && !path_is_within(path, "/run") &&
           !path_is_within(path, "/tmp");
}

static void show_mounts(const struct adopting *adopting, FILE *out)
{
    char link[64], top[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", adopting->root.fd);
    ssize_t length = readlink(link, top, sizeof(top) - 1);
    top[length < 0 ? 0 : length] = '\0';
    size_t begin = strcmp(top, "/") == 0 ? 0 : strlen(top);
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
    if (!table || !place)
        memory_exhausted();
    for (struct libmnt_fs *fs; mnt_table_next_fs(table, place, &fs) == 0;) {
        const char *target = mnt_fs_get_target(fs), *source = mnt_fs_get_source(fs);
        if (!target || !path_is_within(target, top) || strcmp(target, top) == 0 ||
            !is_told(target + begin))
            continue;
        print_path(target + begin, out);
        fprintf(out, ": %s is mounted there, from ", mnt_fs_get_fstype(fs));
        name_print(source ? source : "nothing", true, out);
        fputc('\n', out);
    }
    mnt_free_iter(place);
    mnt_unref_table(table);
}

static void show_seed(const struct seed *seed, FILE *out)
{
    const struct persist_entry *entry = seed->entry;
    print_path(entry->target, out);
    switch (seed->fate) {
    case SEED_COPIED:
        fprintf(out, " goes to %s:", entry->store->volume_name);
        name_print(entry->source, true, out);
        fputs(": ", out);
        print_size(&seed->size, out);
        if (seed->replaces)
            fputs("; what is there goes to the volume's trash", out);
        break;
    case SEED_HERE:
        fputs(" stays where it is", out);
        break;
    case SEED_KEPT:
        fprintf(out, " is not taken, for there is another on the volume, as %s:",
                entry->store->volume_name);
        name_print(entry->source, true, out);
        fputs("; --replace moves that to the trash", out);
        break;
    case SEED_MISSING:
        fputs(" is not there; the first boot makes it", out);
        break;
    case SEED_LEFT:
        fputs(" is left to the first boot", out);
        break;
    }
    fputs(seed->is_shared ? "; the generation has it, too\n" : "\n", out);
}

static void show_undeclared(const struct adopting *adopting, FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < ARRAY_LENGTH(often_kept); i++) {
        bool declared = false;
        auto_fd fd = path_open(adopting->root.fd, often_kept[i], O_PATH | O_NOFOLLOW);
        for (size_t j = 0; j < adopting->config->entry_count; j++) {
            const char *target = adopting->config->entries[j]->target;
            declared |=
                path_is_within(target, often_kept[i]) || path_is_within(often_kept[i], target);
        }
        if (fd < 0 || declared)
            continue;
        fputs(any ? ", "
                  : "not declared to persist, so that every boot begins with it as it is "
                    "now: ",
              out);
        fputs(often_kept[i], out);
        any = true;
    }
    if (any)
        fputc('\n', out);
}

static void show_room(const struct adopting *adopting, FILE *out)
{
    for (size_t i = 0; i < adopting->config->volume_count; i++) {
        struct statvfs system;
        const struct volume *volume = adopting->config->volumes[i];
        int fd = context_volume(adopting->context, volume)->fd;
        if (adopting->needed[i] && fstatvfs(fd, &system) == 0)
            fprintf(out, "room on \"%s\": %s needed, %s free\n", volume->name,
                    name_size(adopting->needed[i]).text,
                    name_size((uint64_t)system.f_bavail * system.f_frsize).text);
    }
}

void adopt_show(const struct adopting *adopting, FILE *out)
{
    const struct place *store = &adopting->config->generations.place;
    fprintf(out, "the system in \"%s\" becomes a generation in %s:%s: ",
            *adopting->root.name ? adopting->root.name : "/", store->volume_name, store->path);
    print_size(&adopting->tree, out);
    fputs(adopting->shares_blocks ? ", which share their blocks with it\n" : ", copied\n", out);
    fputs("left out of it:\n", out); /* there are /dev, /proc and the like in every system */
    show_lefts(adopting, out);
    show_mounts(adopting, out);
    if (adopting->seed_count)
        fputs("kept on state volumes:\n", out);
    for (size_t i = 0; i < adopting->seed_count; i++)
        show_seed(&adopting->seeds[i], out);
    show_undeclared(adopting, out);
    if (adopting->fstab)
        fprintf(out, "lines of /etc/fstab that become comments:\n%s", adopting->fstab_cut);
    if (faccessat(adopting->root.fd, "etc/ebb/ebb.conf", F_OK, 0) < 0)
        fprintf(out,
                "without /etc/ebb/ebb.conf in it: copy \"%s\" there first, so that `ebb` finds it "
                "in the new system\n",
                adopting->config->file);
    show_room(adopting, out);
}

/* What the new boot does not need; the boot loader and Ebb have the rest. */
static bool is_old(const struct adopting *adopting, const char *name)
{
    static const char *const kept[] = {".", "..", ".ebb", "boot", "efi", "lost+found"};
    auto_arena arena = arena_new();
    const char *path = arena_printf(arena, "/%s", name);
    const struct config *config = adopting->config;
    bool is_kept = path_is_within(config->generations.place.path, path);
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        is_kept |= strcmp(kept[i], name) == 0;
    for (size_t i = 0; i < config->entry_count; i++)
        is_kept |= path_is_within(config->entries[i]->source, path);
    return !is_kept;
}

static void show_removal(const struct adopting *adopting, FILE *out)
{
    const struct volume *volume = adopting->config->generations.place.volume;
    int fd = openat(adopting->root.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    fprintf(out,
            "  4. the old system lies beside it, and still boots; once nobody misses it:\n"
            "     cd %s%s && rm -r --one-file-system",
            volume->mount ? "" : "/run/ebb/volumes/", volume->mount ? volume->mount : volume->name);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_old(adopting, entry->d_name)) {
            fputc(' ', out);
            name_print(entry->d_name, true, out);
        }
    fputc('\n', out);
}

void adopt_show_rest(const struct adopting *adopting, unsigned number, FILE *out)
{
    fprintf(out,
            "generation %u is made; what remains to be done:\n"
            "  1. ebb build -o /boot/ebb.img %s\n"
            "  2. an entry of the boot loader, with that image and the kernel that runs now; "
            "ebb-init(8) shows one\n"
            "  3. boot it; then `ebb status` tells how it was booted, and `ebb lost` what the next "
            "boot takes away\n",
            number, adopting->config->file);
    if (adopting->is_same)
        show_removal(adopting, out);
}
