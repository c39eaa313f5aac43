/* The declaration: what ebb.conf says, checked word by word, with the place that said it.
 *
 * Everything belongs to the arena of the configuration and is never changed once loaded. What the
 * declarations mean together is judged by each subject's X_check (plan/make.h). */
#ifndef EBB_PLAN_CONFIG_H
#define EBB_PLAN_CONFIG_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/report.h"
#include "plan/scfg.h"

/* VOLUME:/path */
struct place {
    struct origin origin;
    const char *volume_name;
    const char *path;
    struct volume *volume; /* NULL only in a configuration that has errors */
};

/* A key or the header of a container. */
struct luks_file {
    bool said;          /* even if it could not be understood */
    const char *path;   /* in the image; NULL where `place` says it, or nothing does */
    struct place place; /* on another volume; its volume_name is NULL for none */
};

/* The LUKS container that a volume lies in. */
struct luks {
    struct origin origin;
    const char *name; /* in /dev/mapper; NULL: that of the volume */
    unsigned tries;   /* wrong passphrases before giving up; 0: never */
    struct luks_file key, header;
    uint64_t key_offset, key_size; /* in bytes; a size of 0 is all of it */
    int discard, no_read_workqueue, no_write_workqueue;
};

/* What is done about members of an array or a file system that do not appear. */
struct degraded {
    enum { DEGRADED_NO, DEGRADED_READ_ONLY, DEGRADED_AFTER } policy;
    unsigned after; /* milliseconds */
};

/* What is done about a file system that cannot be used for writing. */
enum damaged { DAMAGED_RESCUE, DAMAGED_ASK, DAMAGED_MEMORY };

struct volume {
    struct origin origin;
    const char *name;
    const char *device; /* UUID=…, LABEL=…, PARTUUID=…, PARTLABEL=… or a path below /dev */
    unsigned wait;      /* milliseconds for the device */
    struct {            /* what the device lies on */
        bool lvm, raid;
        struct degraded degraded; /* of the array */
    } on;
    struct luks *luks; /* what the device is, NULL: the file system itself */
    struct {
        const char *type;    /* NULL: a container in which other volumes are found */
        const char *options; /* mount options, NULL for none */
        int check;
        struct degraded degraded;
        int damaged; /* enum damaged */
    } fs;
    const char *mount; /* where the running system sees it, NULL for nowhere */
    struct origin mount_origin;
    const char *identity; /* the store-id it must have, NULL for any */
    bool holds_state;     /* generations or persistent paths live here; set when loaded */
    bool holds_keys;      /* of other volumes; set when loaded */
    bool holds_record;    /* of boots, and no generations; set when loaded */
    size_t number;        /* its place in the configuration's list */
};

enum root_kind { ROOT_TMPFS, ROOT_OVERLAY, ROOT_SUBVOLUME };

/* systemd's own limits for a volatile root */
#define ROOT_SIZE "25%"
#define ROOT_INODES "1m"
enum { ROOT_KEEP = 30 * 24 * 3600 };

struct root {
    struct origin origin;
    int kind;                  /* enum root_kind */
    const char *size, *inodes; /* NULL for a subvolume */
    int mode;
    struct place place;    /* of a subvolume; with an origin even if it could not be understood */
    struct place blank;    /* what it is a snapshot of; its volume_name is NULL for nothing */
    uint64_t keep;         /* seconds that an old root is kept */
    struct origin keep_at; /* its file is NULL if keep= was not said */
};

/* Which generations `ebb gc` leaves alone. */
struct keep {
    bool said;
    unsigned last;                   /* so many of the newest; the latest stays in any case */
    unsigned daily, weekly, monthly; /* the last one of so many days, weeks and months */
    uint64_t age;                    /* seconds; what is younger */
};

/* What the tree of a generation may be instead of a folder: a set of these bits, in the order of
 * their names. */
enum tree_image { IMAGE_EROFS = 1 << 0, IMAGE_SQUASHFS = 1 << 1 };

/* Ebb's own numbered folders, or the links of a Nix profile. */
enum store_kind { STORE_EBB, STORE_NIX };

/* How a system of a Nix profile is entered: by what it has, by its init alone, or never without its
 * prepare-root. */
enum store_enter { ENTER_AUTO, ENTER_INIT, ENTER_PREPARE_ROOT };

enum { GENERATIONS_TRIES = 3 };
struct generations {
    struct origin origin;
    struct place place;
    struct place record;        /* of boots; in .ebb on the same volume unless declared */
    int kind;                   /* enum store_kind */
    int enter;                  /* enum store_enter */
    const char *default_choice; /* a number, a label, "latest" or "previous" */
    unsigned tries;             /* failed boots of it until another one is booted; 0: for ever */
    unsigned trees;             /* of enum tree_image: what the image can mount */
    struct keep keep;
    unsigned menu; /* milliseconds for a person to choose one; 0: only after a failed boot */
};

enum { BOOT_TIMEOUT = 3000 };
enum boot_loader { BOOT_SYSTEMD_BOOT, BOOT_GRUB };
/* The entries of the boot loader, one for each generation. */
struct boot_entries {
    struct origin origin;
    struct place place;            /* its volume_name is NULL where none are wanted */
    const char *options;           /* of the kernel; NULL for none */
    unsigned timeout;              /* milliseconds that the menu is shown */
    int loader;                    /* enum boot_loader */
    int uki;                       /* unified images in the place of entries */
    const char *key, *certificate; /* to sign them with; NULL: they are not signed */
};

enum persist_kind { PERSIST_DIR, PERSIST_FILE };

/* Options of an entry's mount: a set of these bits, in the order of their names. */
enum persist_option {
    OPTION_RO = 1 << 0,
    OPTION_NOEXEC = 1 << 1,
    OPTION_NOSUID = 1 << 2,
    OPTION_NODEV = 1 << 3,
    OPTION_HIDE = 1 << 4,
    OPTION_TRASH = 1 << 5,
};

/* What is done about an owner or a mode on the volume that is not as declared. */
enum persist_existing { EXISTING_TIGHTEN, EXISTING_KEEP, EXISTING_CORRECT, EXISTING_REPORT };

/* A user's entries, which are named from the home on. */
struct home {
    struct origin origin;
    const struct place *store;
    const char *user;
    const char *path; /* NULL if the declaration has errors */
};

/* What a boot does without an entry that does not come back. */
enum persist_required { REQUIRED_FAIL, REQUIRED_DEGRADE, REQUIRED_IGNORE };
/* How an entry appears in the root. */
enum persist_method { METHOD_BIND, METHOD_SYMLINK, METHOD_COPY };

struct persist_entry {
    struct origin origin;
    int kind; /* enum persist_kind */
    const struct place *store;
    const char *target;      /* the path in the running system */
    const char *source;      /* the path on the store's volume */
    const struct home *home; /* NULL outside of such a block */
    const char *owner, *group;
    int mode;
    bool owner_said, group_said, mode_said; /* else they only count when the entry is made */
    int existing;                           /* enum persist_existing */
    const char
        *seed; /* "none", "generation" or a path in its tree; NULL: as the generation has it */
    unsigned options; /* of enum persist_option */
    int required;     /* enum persist_required */
    int method;       /* enum persist_method */
};

enum { SECRETS_WAIT = 120000 };

/* A private key that a file of secrets may be encrypted to. */
struct secrets_key {
    struct place place;
    int generate;  /* it is made where it is missing */
    unsigned wait; /* milliseconds for the first key of its passphrase; 0: for ever */
};

/* An encrypted file, and the private keys that may open it. */
struct secrets {
    struct origin origin;
    struct place place; /* without a volume: in the tree of the generation */
    const char *sha256; /* that the file must have, in lower case; NULL: any */
    struct secrets_key **keys;
    size_t key_count;
};

/* What a boot does without a secret that could not be had. */
enum secret_class { SECRET_NORMAL, SECRET_REQUIRED, SECRET_OPTIONAL };
enum secret_failure { SECRET_RESCUE, SECRET_PREVIOUS };

struct secret_entry {
    struct origin origin;
    const struct secrets *file; /* NULL: it is rendered from a template */
    struct place template;      /* without a volume: in the tree of the generation; or no path */
    const char *key;            /* in the file; NULL: all of it */
    const char *name;           /* below /run/secrets */
    const char *path;           /* of a link to it, NULL for none */
    const char *credential;     /* its name as one of systemd's; NULL: it is none */
    const char *owner, *group;
    int mode;
    int class;        /* enum secret_class */
    int failure;      /* enum secret_failure: what a boot does without a required one */
    int early;        /* it is there before users are: below /run/secrets-for-users */
    int empty, plain; /* allowed to be nothing, or to stand in the file unencrypted */
};

enum hook_point {
    HOOK_BEFORE_VOLUMES,
    HOOK_ON_PASSPHRASE,
    HOOK_AFTER_VOLUMES,
    HOOK_AFTER_ROOT,
    HOOK_BEFORE_PERSIST,
    HOOK_AFTER_PERSIST,
    HOOK_BEFORE_SWITCH,
    HOOK_ON_RESCUE,
};
enum hook_failure { HOOK_FAILS_BOOT, HOOK_WARNS, HOOK_DEGRADES };

struct hook {
    struct origin origin;
    int point; /* enum hook_point */
    const char *path;
    const char *needs; /* what else comes into the image: paths with commas between; or NULL */
    unsigned timeout;  /* milliseconds; 0: none, in the background only */
    int failure;       /* enum hook_failure */
    int background;    /* it goes on beside the boot, until the switch */
};

struct wanted_module {
    struct origin origin;
    const char *name;
};

enum rescue_action { RESCUE_WAIT, RESCUE_REBOOT, RESCUE_POWEROFF };

/* What PID 1 does when it cannot go on. */
struct rescue {
    struct origin origin;
    int action;        /* enum rescue_action */
    unsigned after;    /* milliseconds */
    const char *shell; /* "no", "yes", or the hash of the password that opens one */
};

/* The keyboard layout of the boot. */
struct keymap {
    struct origin origin;
    const char *name; /* as loadkeys knows it, a path, or "none"; NULL: the building machine's */
};

/* One thing that was declared, whichever kind it is; the ones that won fill the lists of struct
 * config. Things with the same key are the same thing, and only one of them can hold. */
enum declared_kind {
    DECLARED_VOLUME,
    DECLARED_ROOT,
    DECLARED_GENERATIONS,
    DECLARED_STORE,
    DECLARED_ENTRY,
    DECLARED_SECRETS,
    DECLARED_SECRET,
    DECLARED_HOOK,
    DECLARED_MODULE,
    DECLARED_RESCUE,
    DECLARED_KEYMAP,
    DECLARED_BOOT,
};

struct declaration {
    enum declared_kind kind;
    void *object;
    const char *key; /* NULL: may be said any number of times */
    struct scfg_directive *directive;
    unsigned depth;
    size_t order;
};

/* A declaration that lost against one of the same thing in a less included file. */
struct override {
    const char *what;
    struct origin winner, loser;
};

/* A file that was read, with its text; the image carries them all. */
struct source_file {
    const char *name; /* as in origins: what the user typed, or what follows from it */
    const char *text;
    size_t length;
    const char *real; /* without symbolic links, so that each file is read once */
    unsigned depth;   /* how many includes lead to it, by the shortest way */
    bool added;       /* given beside ebb.conf, and included by nobody */
};

/* An include that was followed. */
struct include {
    size_t from, to;     /* places in the list of files */
    const char *written; /* as the including file says it, with a glob filled in */
};

struct config {
    struct arena *arena;
    const char *file;
    struct volume **volumes;
    size_t volume_count;
    struct root root;
    struct generations generations;
    struct boot_entries boot;
    struct persist_entry **entries;
    size_t entry_count;
    struct secrets **secrets;
    size_t secrets_count;
    struct secret_entry **secret_entries;
    size_t secret_entry_count;
    struct hook **hooks;
    size_t hook_count;
    struct wanted_module **modules;
    size_t module_count;
    struct rescue rescue;
    struct keymap keymap;
    struct declaration **declarations;
    size_t declaration_count;
    struct override *overrides;
    size_t override_count;
    struct source_file *files;
    size_t file_count;
    struct include *includes;
    size_t include_count;
    struct scfg_directive *directives;
    size_t directive_count;
    bool incomplete; /* some of it could not be understood, so what is missing may stand there */
};

extern const char *const no_yes_names[],
    *const damaged_names[], *const tree_image_names[],
                                *const store_kind_names[],
                                    *const store_enter_names[],
                                        *const persist_method_names[],
                                            *const persist_option_names[],
                                                *const persist_required_names[],
                                                    *const persist_existing_names[],
                                                        *const root_kind_names[],
                                                            *const hook_point_names[],
                                                                *const secret_class_names[],
                                                                    *const rescue_action_names[],
                                                                        *const hook_failure_names[];

/* Reads `file` and what it includes, and then each of `extra` (NULL-terminated, may be NULL), as if
 * the file had included it. Never fails: what is wrong is in the report, and the configuration
 * holds whatever could be understood. */
struct config *config_load(const char *file, const char *const *extra, struct report *report);
/* What a generation declares, for a boot of an image that was made of another configuration: the
 * volumes, hooks, modules and what is done in a rescue stay those of the image. */
void config_join(struct config *config, const struct config *image, struct report *report);
void config_free(struct config *config); /* accepts NULL */
void config_cleanup(struct config **config);
#define auto_config AUTO(config_cleanup) struct config *

/* "VOLUME:/path", or "/path" in the tree of the generation. */
const char *place_text(struct arena *arena, const struct place *place);
/* The merged configuration, in a form that reads back the same. */
void config_print(const struct config *config, FILE *stream);
const struct volume *config_volume(const struct config *config, const char *name);
const struct persist_entry *config_entry(const struct config *config, const char *target);

#endif
