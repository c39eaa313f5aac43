/* The part of `make bench` that is about many files: `ebb lost` beside find(1), and the copy that
 * seeding and `ebb keep` make beside cp(1). */

#include "qemu-tests/bench_files.h"

#include <time.h>

#include "base/copy.h"
#include "persist/lost.h"

enum { LOOKS = 9, COPIES = 3 };

/* 192,000 files of a few KiB in 18,020 folders, as distributions have them. */
static void make_generation(void)
{
    char path[128];
    must(mkdir("volume/tree", 0755), "mkdir");
    for (int a = 0; a < 20; a++) {
        snprintf(path, sizeof(path), "volume/tree/part-%d", a);
        must(mkdir(path, 0755), path);
        for (int b = 0; b < 2000 / 20; b++) {
            snprintf(path, sizeof(path), "volume/tree/part-%d/package-%d", a, b);
            must(mkdir(path, 0755), path);
            for (int c = 0; c < 8; c++) {
                snprintf(path, sizeof(path), "volume/tree/part-%d/package-%d/share-%d", a, b, c);
                must(mkdir(path, 0755), path);
                size_t length = strlen(path);
                for (size_t d = 0; d < 12; d++) {
                    snprintf(path + length, sizeof(path) - length, "/file-%zu.conf", d);
                    put(path, d * 100);
                }
            }
        }
    }
}

/* What came since: 8,000 new files, most of them in folders that are new, and 100 changed ones. */
static void make_changes(void)
{
    char path[128];
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "root/part-%d/package-%d/share-1/file-1.conf", i % 20, i);
        put(path, 10);
        for (int j = 0; j < 20; j++) {
            snprintf(path, sizeof(path), "root/part-%d/package-%d/share-2/new-%d", i % 20, i, j);
            put(path, 10);
        }
    }
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "root/part-1/new-%d", i);
        must(mkdir(path, 0755), path);
        for (int j = 0; j < 20; j++) {
            snprintf(path, sizeof(path), "root/part-1/new-%d/%d", i, j);
            put(path, 10);
        }
    }
}

static double time_lost(int tree, time_t made)
{
    struct error error;
    auto_arena arena = arena_new();
    auto_fd root = open_folder("root");
    unsigned long start = clock_microseconds();
    struct lost_request request = {
        .root = {root, "root"}, .tree = tree, .noise = noise_new(arena), .made.tv_sec = made};
    auto_lost lost = {0};
    must(lost_find(&request, &lost, &error), "lost");
    must(lost.files == 8100 ? 0 : -1, "counting what is lost");
    return seconds_since(start);
}

static void measure_lost(void)
{
    struct error error;
    enter("100%");
    must_run("mkdir root && mount -t tmpfs -o nr_inodes=0,mode=0755 root root");
    make_generation();
    auto_fd tree = open_folder("volume/tree"), root = open_folder("root");
    must(copy_tree(tree, root, &error), "laying out");
    /* Change times are whole ticks; as if the machine had run for a while. */
    must_run("sleep 2");
    time_t made = time(NULL);
    make_changes();
    double lost = 1e9, compared = 1e9, names = 1e9, stats = 1e9;
    for (int i = 0; i < LOOKS; i++) {
        lost = least(lost, time_lost(tree, made));
        compared = least(compared, time_lost(tree, 0));
        names = least(names, time_of("find root -xdev > found"));
        stats = least(stats, time_of("find root -xdev -size +0 -newermt 2020-01-01 > found"));
    }
    puts("what is lost in a root of 200,000 files, of which 8,100 are (the least of each):");
    printf("  ebb lost, by up to 4 threads on %d processors: %.3f s\n", get_nprocs(), lost);
    printf("  find -xdev, which looks at names: %.3f s; ratio %.2f, the limit is 1.5\n", names,
           lost / names);
    printf("  find -xdev -size -newermt, which looks at files: %.3f s; ratio %.2f\n", stats,
           lost / stats);
    printf("  ebb lost after the clock was set back, which compares all: %.3f s; ratio %.2f\n",
           compared, compared / names);
}

/* How long a copy into volume/copy took, and how long until it was on the volume. */
struct times {
    double copied, synced;
};

static struct times time_copy(const char *source, const char *rival)
{
    struct error error;
    auto_fd volume = open_folder("volume");
    must(mkdir("volume/copy", 0755), "mkdir");
    must(syncfs(volume), "syncfs");
    unsigned long start = clock_microseconds();
    if (rival) {
        must_run(rival);
    } else {
        auto_fd from = open_folder(source), to = open_folder("volume/copy");
        must(copy_tree(from, to, &error), "copying");
    }
    struct times times = {.copied = seconds_since(start)};
    must(syncfs(volume), "syncfs");
    times.synced = seconds_since(start);
    must_run("rm -r volume/copy");
    return times;
}

static void compare_copies(const char *source, const char *what)
{
    char rival[128];
    snprintf(rival, sizeof(rival), "cp -a %s/. volume/copy", source);
    struct times ebb = {1e9, 1e9}, cp = ebb;
    (void)time_copy(source, rival); /* the first one fills what the file system knows by heart */
    for (int i = 0; i < COPIES; i++) {
        struct times one = time_copy(source, NULL), other = time_copy(source, rival);
        ebb = (struct times){least(ebb.copied, one.copied), least(ebb.synced, one.synced)};
        cp = (struct times){least(cp.copied, other.copied), least(cp.synced, other.synced)};
    }
    printf("  %s: ebb %.2f s, cp -a %.2f s; ratio %.2f, the limit is 1.1\n", what, ebb.copied,
           cp.copied, ebb.copied / cp.copied);
    printf("    with a sync behind it: ebb %.2f s, cp -a %.2f s; ratio %.2f\n", ebb.synced,
           cp.synced, ebb.synced / cp.synced);
}

static void measure_copy(void)
{
    enter("100%");
    puts("a copy of 50,000 files of 1 GiB, as of seeding and keeping (the least of each):");
    make_source("source");
    compare_copies("source", "from a tmpfs to ext4");
    must_run("umount volume && rm image");
    if (system("mkfs.btrfs --version >found 2>&1") != 0) /* NOLINT(cert-env33-c): only asked */
        return;
    must_run("truncate -s 3G image && mkfs.btrfs -q image > found && mount -o loop image volume &&"
             "cp -a source volume/source");
    compare_copies("volume/source", "within a btrfs, by reflink");
}

int main(void)
{
    if (!begin())
        return 0;
    apart(measure_lost);
    apart(measure_copy);
    rmdir(folder);
    return 0;
}
