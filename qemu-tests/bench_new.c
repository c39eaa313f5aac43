/* The part of `make bench` that is about `ebb new`: with a command that changes nothing, beside
 * what cp(1) does of the same tree. All of them end with the disk written: a generation that has
 * its number is on the disk. */

#include "qemu-tests/bench_files.h"

enum { ROUNDS = 5 };

static char ebb[PATH_MAX];

static double time_synced(const char *command, const char *undo)
{
    char whole[PATH_MAX + 200];
    snprintf(whole, sizeof(whole), "%s && sync -f volume", command);
    must_run("sync -f volume");
    double seconds = time_of(whole);
    must_run(undo);
    return seconds;
}

static void measure(void)
{
    char command[PATH_MAX + 100];
    double new = 1e9, links = 1e9, copies = 1e9;
    enter("100%");
    must_run("mkdir -p volume/1");
    make_source("volume/1/tree");
    must_run("cd volume/1 && mkdir tree/bin tree/etc && cp $(command -v busybox) tree/bin/true &&"
             "echo '{\"format\": 1}' > generation.json");
    snprintf(command, sizeof(command), "%s new --store volume -- true > said", ebb);
    for (int i = 0; i < ROUNDS; i++) {
        new = least(new, time_synced(command, "rm -r volume/2"));
        links = least(links, time_synced("cp -al volume/1/tree volume/copy", "rm -r volume/copy"));
        copies = least(copies, time_synced("cp -a volume/1/tree volume/copy", "rm -r volume/copy"));
    }
    puts("a new generation of 50,000 files of 1 GiB on ext4, nothing changed, with a sync behind "
         "it (the least of each):");
    printf("  ebb new -- true %.2f s; cp -al %.2f s, ratio %.2f; cp -a %.2f s, ratio %.2f\n", new,
           links, new / links, copies, new / copies);
}

int main(void)
{
    if (!realpath("build/ebb", ebb)) {
        fputs("bench: build/ebb is not there\n", stderr);
        return 1;
    }
    if (!begin())
        return 0;
    apart(measure);
    rmdir(folder);
    return 0;
}
