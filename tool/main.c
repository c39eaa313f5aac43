#include <stdio.h>
#include <string.h>

#include "plan/suggest.h"
#include "tool/verb.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"adopt", "make a generation from an installed system", verb_adopt},
    {"arm", "go back to the good generation unless a change is confirmed", verb_arm},
    {"boot", "keep the boot loader's entries of the generations", verb_boot},
    {"build", "make the initramfs of a configuration", verb_build},
    {"check", "say everything that is wrong with a configuration", verb_check},
    {"confirm", "say that this boot is good", verb_confirm},
    {"diff", "tell what differs between two generations", verb_diff},
    {"drop", "end what `ebb keep` began", verb_drop},
    {"extend", "give a trial more time", verb_extend},
    {"gc", "delete old generations", verb_gc},
    {"health", "run the checks that a confirmation asks", verb_health},
    {"image", "look inside an initramfs", verb_image},
    {"import", "write the ebb.conf of what another tool was told to keep", verb_import},
    {"init", "make a state volume with its first generation", verb_init},
    {"keep", "make a path of the running system persist", verb_keep},
    {"label", "give a generation a label", verb_label},
    {"list", "list the generations", verb_list},
    {"lost", "tell what the next boot takes away", verb_lost},
    {"new", "make a generation by a command in another one's copy", verb_new},
    {"orphans", "tell what on the state volumes nobody declares", verb_orphans},
    {"pin", "have `ebb gc` never delete a generation", verb_pin},
    {"plan", "print the steps of the next boot", verb_plan},
    {"rollback", "boot another generation from the next boot on", verb_rollback},
    {"secrets", "tell of secrets, prove them, and decrypt them anew", verb_secrets},
    {"status", "tell how this system was booted", verb_status},
    {"try", "boot a generation once, and go back unless it is confirmed", verb_try},
    {"vm", "boot a configuration in QEMU", verb_vm},
    {"why", "tell what went wrong in the boots before", verb_why},
    {"write-back", "keep what changed in files that were copied", verb_write_back},
};

static void usage(FILE *stream)
{
    fputs("usage: ebb VERB [OPTION]... [CONF]\n\n", stream);
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    fputs("\n`ebb VERB --help` tells more; the manual is ebb(8). CONF is /etc/ebb/ebb.conf unless "
          "given.\n",
          stream);
}

int main(int argc, char **argv)
{
    const char *known[ARRAY_LENGTH(verbs)];
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ebb " EBB_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        known[i] = verbs[i].name;
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    }
    const char *near = suggest(argv[1], known, ARRAY_LENGTH(known));
    fprintf(stderr, "ebb: unknown verb \"%s\"%s%s%s\n", argv[1],
            near ? "; did you mean \"" : "; see `ebb --help`", near ? near : "", near ? "\"?" : "");
    return EXIT_USAGE;
}
