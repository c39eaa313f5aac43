/* The words of ebb.conf(5), and which fields the parameters and options of each directive fill. */

#include "plan/keyword.h"

#include "plan/directive.h"

const char *const no_yes_names[] = {"no", "yes", NULL};
const char *const damaged_names[] = {"rescue", "ask", "memory", NULL};
const char *const root_kind_names[] = {"tmpfs", "overlay", "subvolume", NULL};
const char *const store_kind_names[] = {"ebb", "nix", NULL};
const char *const store_enter_names[] = {"auto", "init", "prepare-root", NULL};
const char *const tree_image_names[] = {"erofs", "squashfs", NULL};
static const char *const boot_loader_names[] = {"systemd-boot", "grub", NULL};
const char *const persist_method_names[] = {"bind", "symlink", "copy", NULL};
const char *const persist_option_names[] = {"ro",   "noexec", "nosuid", "nodev",
                                            "hide", "trash",  NULL};
const char *const persist_required_names[] = {"fail", "degrade", "ignore", NULL};
const char *const persist_existing_names[] = {"tighten", "keep", "correct", "report", NULL};
const char *const secret_class_names[] = {"normal", "required", "optional", NULL};
const char *const secret_failure_names[] = {"rescue", "previous", NULL};
const char *const hook_point_names[] = {"before-volumes", "on-passphrase",  "after-volumes",
                                        "after-root",     "before-persist", "after-persist",
                                        "before-switch",  "on-rescue",      NULL};
const char *const hook_failure_names[] = {"fail", "warn", "degrade", NULL};
const char *const rescue_action_names[] = {"wait", "reboot", "poweroff", NULL};

#define FIELDS(array) array, ARRAY_LENGTH(array)
#define NO_FIELDS NULL, 0

static const struct field volume_parameters[] = {
    {"name", FIELD_NAME, offsetof(struct volume, name), NULL},
    {"device", FIELD_DEVICE, offsetof(struct volume, device), NULL},
};
static const struct field volume_options[] = {
    {"wait", FIELD_DURATION, offsetof(struct volume, wait), NULL},
};
static const struct field raid_options[] = {
    {"degraded", FIELD_DEGRADED, offsetof(struct volume, on.degraded), NULL},
};
static const struct field luks_options[] = {
    {"name", FIELD_NAME, offsetof(struct luks, name), NULL},
    {"tries", FIELD_COUNT, offsetof(struct luks, tries), NULL},
    {"keyfile", FIELD_LUKS_FILE, offsetof(struct luks, key), NULL},
    {"keyfile-offset", FIELD_BYTES, offsetof(struct luks, key_offset), NULL},
    {"keyfile-size", FIELD_BYTES, offsetof(struct luks, key_size), NULL},
    {"header", FIELD_LUKS_FILE, offsetof(struct luks, header), NULL},
    {"discard", FIELD_CHOICE, offsetof(struct luks, discard), no_yes_names},
    {"no-read-workqueue", FIELD_CHOICE, offsetof(struct luks, no_read_workqueue), no_yes_names},
    {"no-write-workqueue", FIELD_CHOICE, offsetof(struct luks, no_write_workqueue), no_yes_names},
};
static const struct field fs_parameters[] = {
    {"type", FIELD_NAME, offsetof(struct volume, fs.type), NULL},
};
static const struct field fs_options[] = {
    {"options", FIELD_TEXT, offsetof(struct volume, fs.options), NULL},
    {"check", FIELD_CHOICE, offsetof(struct volume, fs.check), no_yes_names},
    {"degraded", FIELD_DEGRADED, offsetof(struct volume, fs.degraded), NULL},
    {"damaged", FIELD_CHOICE, offsetof(struct volume, fs.damaged), damaged_names},
};
static const struct field mount_parameters[] = {
    {"path", FIELD_PATH, offsetof(struct volume, mount), NULL},
};
static const struct field identity_parameters[] = {
    {"identity", FIELD_NAME, offsetof(struct volume, identity), NULL},
};
static const struct keyword volume_rows[] = {
    {"lvm", "lvm", NO_FIELDS, NO_FIELDS, NULL, 0, false, lvm_object, NULL},
    {"raid", "raid degraded=no", NO_FIELDS, FIELDS(raid_options), NULL, 0, false, raid_object,
     NULL},
    {"luks", "luks keyfile=VOLUME:/path tries=0 discard=no", NO_FIELDS, FIELDS(luks_options), NULL,
     0, false, luks_object, NULL},
    {"fs", "fs TYPE options=LIST check=no degraded=no damaged=rescue", FIELDS(fs_parameters),
     FIELDS(fs_options), NULL, 0, false, fs_object, NULL},
    {"mount", "mount /path", FIELDS(mount_parameters), NO_FIELDS, NULL, 0, false, mount_object,
     NULL},
    {"identity", "identity ID", FIELDS(identity_parameters), NO_FIELDS, NULL, 0, false,
     identity_object, NULL},
};

static const struct field root_parameters[] = {
    {"kind", FIELD_CHOICE, offsetof(struct root, kind), root_kind_names},
    {"place", FIELD_PLACE_IF_ANY, offsetof(struct root, place), NULL},
};
static const struct field root_options[] = {
    {"size", FIELD_SIZE, offsetof(struct root, size), NULL},
    {"inodes", FIELD_INODES, offsetof(struct root, inodes), NULL},
    {"mode", FIELD_MODE, offsetof(struct root, mode), NULL},
    {"keep", FIELD_AGE, offsetof(struct root, keep), NULL},
    {"blank", FIELD_PLACE, offsetof(struct root, blank), NULL},
};

static const struct field generations_parameters[] = {
    {"place", FIELD_PLACE, offsetof(struct generations, place), NULL},
};
static const struct field generations_options[] = {
    {"default", FIELD_CHOSEN, offsetof(struct generations, default_choice), NULL},
    {"record", FIELD_PLACE, offsetof(struct generations, record), NULL},
    {"tries", FIELD_COUNT, offsetof(struct generations, tries), NULL},
    {"keep", FIELD_KEEP, offsetof(struct generations, keep), NULL},
    {"menu", FIELD_DURATION, offsetof(struct generations, menu), NULL},
    {"trees", FIELD_FLAGS, offsetof(struct generations, trees), tree_image_names},
    {"kind", FIELD_CHOICE, offsetof(struct generations, kind), store_kind_names},
    {"enter", FIELD_CHOICE, offsetof(struct generations, enter), store_enter_names},
};

static const struct field boot_parameters[] = {
    {"place", FIELD_PLACE, offsetof(struct boot_entries, place), NULL},
};
static const struct field boot_options[] = {
    {"options", FIELD_TEXT, offsetof(struct boot_entries, options), NULL},
    {"timeout", FIELD_DURATION, offsetof(struct boot_entries, timeout), NULL},
    {"loader", FIELD_CHOICE, offsetof(struct boot_entries, loader), boot_loader_names},
    {"uki", FIELD_CHOICE, offsetof(struct boot_entries, uki), no_yes_names},
    {"key", FIELD_PATH, offsetof(struct boot_entries, key), NULL},
    {"certificate", FIELD_PATH, offsetof(struct boot_entries, certificate), NULL},
};

static const struct field persist_parameters[] = {
    {"place", FIELD_PLACE, 0, NULL},
};
static const struct field entry_parameters[] = {
    {"path", FIELD_PATH, offsetof(struct persist_entry, target), NULL},
};
static const struct field entry_options[] = {
    {"owner", FIELD_OWNER, offsetof(struct persist_entry, owner), NULL},
    {"group", FIELD_OWNER, offsetof(struct persist_entry, group), NULL},
    {"mode", FIELD_MODE, offsetof(struct persist_entry, mode), NULL},
    {"method", FIELD_CHOICE, offsetof(struct persist_entry, method), persist_method_names},
    {"options", FIELD_FLAGS, offsetof(struct persist_entry, options), persist_option_names},
    {"required", FIELD_CHOICE, offsetof(struct persist_entry, required), persist_required_names},
    {"existing", FIELD_CHOICE, offsetof(struct persist_entry, existing), persist_existing_names},
    {"seed", FIELD_SEED, offsetof(struct persist_entry, seed), NULL},
};
static const struct field home_parameters[] = {
    {"user", FIELD_USER, offsetof(struct home, user), NULL},
};
static const struct field home_options[] = {
    {"path", FIELD_PATH, offsetof(struct home, path), NULL},
};
static const struct field home_entry_parameters[] = {
    {"path", FIELD_RELATIVE, offsetof(struct persist_entry, target), NULL},
};
static const struct keyword home_rows[] = {
    {"dir", "dir PATH owner=NAME group=NAME mode=0700", FIELDS(home_entry_parameters),
     FIELDS(entry_options), NULL, 0, true, home_dir_object, entry_stored},
    {"file", "file PATH owner=NAME group=NAME mode=0600", FIELDS(home_entry_parameters),
     FIELDS(entry_options), NULL, 0, true, home_file_object, entry_stored},
};
static const struct keyword persist_rows[] = {
    {"dir", "dir /path owner=NAME group=NAME mode=0755", FIELDS(entry_parameters),
     FIELDS(entry_options), NULL, 0, true, dir_object, entry_stored},
    {"file", "file /path owner=NAME group=NAME mode=0644 method=bind", FIELDS(entry_parameters),
     FIELDS(entry_options), NULL, 0, true, file_object, entry_stored},
    {"home", "home NAME path=/home/NAME { dir PATH; file PATH }", FIELDS(home_parameters),
     FIELDS(home_options), FIELDS(home_rows), true, home_object, home_stored},
};

static const struct field secrets_parameters[] = {
    {"file", FIELD_PLACE_OR_TREE, offsetof(struct secrets, place), NULL},
};
static const struct field secrets_options[] = {
    {"sha256", FIELD_SHA256, offsetof(struct secrets, sha256), NULL},
};
static const struct field secrets_key_parameters[] = {
    {"key", FIELD_PLACE_OR_TREE, offsetof(struct secrets_key, place), NULL},
};
static const struct field secrets_key_options[] = {
    {"generate", FIELD_CHOICE, offsetof(struct secrets_key, generate), no_yes_names},
    {"wait", FIELD_DURATION, offsetof(struct secrets_key, wait), NULL},
};
static const struct field secret_parameters[] = {
    {"key", FIELD_WITHIN, offsetof(struct secret_entry, key), NULL},
};
static const struct field whole_parameters[] = {
    {"name", FIELD_WITHIN, offsetof(struct secret_entry, name), NULL},
};
/* The first of them is not for what has its name as a parameter, nor the last for all of a file. */
static const struct field secret_options[] = {
    {"name", FIELD_WITHIN, offsetof(struct secret_entry, name), NULL},
    {"path", FIELD_PATH, offsetof(struct secret_entry, path), NULL},
    {"credential", FIELD_WITHIN, offsetof(struct secret_entry, credential), NULL},
    {"owner", FIELD_OWNER, offsetof(struct secret_entry, owner), NULL},
    {"group", FIELD_OWNER, offsetof(struct secret_entry, group), NULL},
    {"mode", FIELD_MODE, offsetof(struct secret_entry, mode), NULL},
    {"class", FIELD_CHOICE, offsetof(struct secret_entry, class), secret_class_names},
    {"failure", FIELD_CHOICE, offsetof(struct secret_entry, failure), secret_failure_names},
    {"early", FIELD_CHOICE, offsetof(struct secret_entry, early), no_yes_names},
    {"empty", FIELD_CHOICE, offsetof(struct secret_entry, empty), no_yes_names},
    {"plain", FIELD_CHOICE, offsetof(struct secret_entry, plain), no_yes_names},
};
static const struct field template_parameters[] = {
    {"name", FIELD_WITHIN, offsetof(struct secret_entry, name), NULL},
    {"file", FIELD_PLACE_OR_TREE, offsetof(struct secret_entry, template), NULL},
};
static const struct keyword secrets_rows[] = {
    {"key", "key FILE generate=no wait=2min", FIELDS(secrets_key_parameters),
     FIELDS(secrets_key_options), NULL, 0, true, secrets_key_object, NULL},
    {"secret", "secret KEY name=NAME owner=NAME group=NAME mode=0400 class=normal early=no",
     FIELDS(secret_parameters), FIELDS(secret_options), NULL, 0, true, secret_object,
     secret_stored},
    {"whole", "whole NAME owner=NAME group=NAME mode=0400 class=normal early=no",
     FIELDS(whole_parameters), secret_options + 1, ARRAY_LENGTH(secret_options) - 1, NULL, 0, true,
     secret_object, secret_stored},
};

static const struct field hook_parameters[] = {
    {"point", FIELD_CHOICE, offsetof(struct hook, point), hook_point_names},
    {"path", FIELD_PATH, offsetof(struct hook, path), NULL},
};
static const struct field hook_options[] = {
    {"timeout", FIELD_DURATION, offsetof(struct hook, timeout), NULL},
    {"failure", FIELD_CHOICE, offsetof(struct hook, failure), hook_failure_names},
    {"background", FIELD_CHOICE, offsetof(struct hook, background), no_yes_names},
    {"needs", FIELD_PATHS, offsetof(struct hook, needs), NULL},
};

static const struct field module_parameters[] = {
    {"name", FIELD_NAME, offsetof(struct wanted_module, name), NULL},
};

static const struct field rescue_parameters[] = {
    {"action", FIELD_CHOICE, offsetof(struct rescue, action), rescue_action_names},
};
static const struct field rescue_options[] = {
    {"after", FIELD_DURATION, offsetof(struct rescue, after), NULL},
    {"shell", FIELD_SHELL, offsetof(struct rescue, shell), NULL},
};

static const struct field keymap_parameters[] = {
    {"name", FIELD_KEYMAP, offsetof(struct keymap, name), NULL},
};

const struct keyword language[] = {
    {"volume", "volume NAME UUID=ID wait=90s { ... }", FIELDS(volume_parameters),
     FIELDS(volume_options), FIELDS(volume_rows), true, volume_object, volume_stored},
    {"root",
     "root tmpfs|overlay size=25% inodes=1m mode=0755, or: root subvolume VOLUME:/path keep=30d",
     FIELDS(root_parameters), FIELDS(root_options), NULL, 0, true, root_object, root_stored},
    {"generations", "generations VOLUME:/path default=latest tries=3 keep=5",
     FIELDS(generations_parameters), FIELDS(generations_options), NULL, 0, true, generations_object,
     NULL},
    {"boot", "boot VOLUME:/ options=TEXT timeout=3s loader=systemd-boot", FIELDS(boot_parameters),
     FIELDS(boot_options), NULL, 0, true, boot_object, NULL},
    {"persist", "persist VOLUME:/path { dir /path; file /path }", FIELDS(persist_parameters),
     NO_FIELDS, FIELDS(persist_rows), true, store_object, NULL},
    {"secrets", "secrets FILE { key VOLUME:/path; secret KEY; whole NAME }",
     FIELDS(secrets_parameters), FIELDS(secrets_options), FIELDS(secrets_rows), true,
     secrets_object, NULL},
    {"template", "template NAME FILE owner=NAME group=NAME mode=0400 class=normal early=no",
     FIELDS(template_parameters), secret_options + 1, ARRAY_LENGTH(secret_options) - 3, NULL, 0,
     true, secret_object, template_stored},
    {"hook", "hook POINT /path timeout=30s failure=fail needs=/path,/path background=no",
     FIELDS(hook_parameters), FIELDS(hook_options), NULL, 0, true, hook_object, hook_stored},
    {"module", "module NAME", FIELDS(module_parameters), NO_FIELDS, NULL, 0, true, module_object,
     NULL},
    {"rescue", "rescue wait|reboot|poweroff after=30s shell=no", FIELDS(rescue_parameters),
     FIELDS(rescue_options), NULL, 0, true, rescue_object, NULL},
    {"keymap", "keymap NAME|/path|none", FIELDS(keymap_parameters), NO_FIELDS, NULL, 0, true,
     keymap_object, NULL},
};

const size_t language_length = ARRAY_LENGTH(language);
