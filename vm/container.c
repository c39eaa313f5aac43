#include "vm/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/run.h"

/* Data moves behind a header of 16 MiB, and cryptsetup wants the same again to move it in. */
enum { HEADER_ROOM = 32 * 1024 * 1024 };
#define REDUCE "32M"

static bool is_luks1(const struct encryption *encryption)
{
    return encryption->type && strcmp(encryption->type, "luks1") == 0;
}

int container_check(const struct encryption *encryption, struct error *error)
{
    if (encryption->type && !is_luks1(encryption) && strcmp(encryption->type, "luks2") != 0)
        return error_set(error, ENOTSUP,
                         "cannot make a container of the type \"%s\"; luks2 and "
                         "luks1 can be made",
                         encryption->type);
    if (is_luks1(encryption) && encryption->label)
        return error_set(error, ENOTSUP,
                         "a luks1 container cannot have the label \"%s\"; use luks2, or a UUID",
                         encryption->label);
    if (!encryption->passphrase || !*encryption->passphrase)
        return error_set(error, EINVAL, "a container needs a passphrase");
    return 0;
}

/* Arguments that end with the file, with an option left out where there is nothing to say. */
struct words {
    struct arena *arena;
    const char **list;
    size_t count;
};

static void add(struct words *words, const char *option, const char *value)
{
    *ARENA_PUSH(words->arena, words->list, words->count) = option;
    if (value)
        *ARENA_PUSH(words->arena, words->list, words->count) = value;
}

static void add_number(struct words *words, const char *option, uint64_t value)
{
    if (value)
        add(words, option, arena_printf(words->arena, "%llu", (unsigned long long)value));
}

static void add_derivation(struct words *words, const struct encryption *encryption)
{
    add(words, "--pbkdf", is_luks1(encryption) ? "pbkdf2" : "argon2id");
    if (is_luks1(encryption)) {
        add(words, "--pbkdf-force-iterations", "1000");
        return;
    }
    add(words, "--pbkdf-memory", "65536");
    add(words, "--pbkdf-force-iterations", "4");
    add(words, "--pbkdf-parallel", "2");
}

/* The passphrase is what the program reads. */
static int run(struct words *words, const struct encryption *encryption, struct error *error)
{
    add(words, NULL, NULL);
    const struct run run = {
        .arguments = words->list, .package = "cryptsetup", .input = encryption->passphrase};
    return run_program(&run, NULL, error);
}

static int make_room(const char *file, struct error *error)
{
    struct stat status;
    if (stat(file, &status) < 0 || truncate(file, status.st_size + HEADER_ROOM) < 0)
        return error_system(error, errno, "cannot make room for a LUKS header in \"%s\"", file);
    return 0;
}

/* cryptsetup encrypts in place without device mapper only in the format of LUKS2. */
static int encrypt(struct arena *arena, const struct encryption *encryption, const char *file,
                   struct error *error)
{
    struct words words = {.arena = arena};
    add(&words, "cryptsetup", encryption->empty ? "luksFormat" : "reencrypt");
    add(&words, "--batch-mode", NULL);
    add(&words, "--type", "luks2");
    add(&words, "--key-file", "-");
    add_derivation(&words, encryption);
    if (!encryption->empty)
        add(&words, "--encrypt", NULL);
    if (encryption->header)
        add(&words, "--header", encryption->header);
    else if (!encryption->empty)
        add(&words, "--reduce-device-size", REDUCE);
    if (encryption->uuid)
        add(&words, "--uuid", encryption->uuid);
    if (encryption->label)
        add(&words, "--label", encryption->label);
    add(&words, file, NULL);
    return run(&words, encryption, error);
}

/* Where the header is, which is all that matters to what follows. */
static const char *head(const struct encryption *encryption, const char *file)
{
    return encryption->header ? encryption->header : file;
}

static int convert(struct arena *arena, const struct encryption *encryption, const char *file,
                   struct error *error)
{
    struct words words = {.arena = arena};
    add(&words, "cryptsetup", "convert");
    add(&words, "--batch-mode", NULL);
    add(&words, "--type", "luks1");
    add(&words, head(encryption, file), NULL);
    return run(&words, encryption, error);
}

static int add_key(struct arena *arena, const struct encryption *encryption, const char *file,
                   struct error *error)
{
    struct words words = {.arena = arena};
    add(&words, "cryptsetup", "luksAddKey");
    add(&words, "--batch-mode", NULL);
    add(&words, "--key-file", "-");
    add_derivation(&words, encryption);
    add_number(&words, "--new-keyfile-offset", encryption->key_offset);
    add_number(&words, "--new-keyfile-size", encryption->key_size);
    add(&words, head(encryption, file), encryption->key_file);
    return run(&words, encryption, error);
}

int container_make(const struct encryption *encryption, const char *file, struct error *error)
{
    auto_arena arena = arena_new();
    int code = encryption->header ? 0 : make_room(file, error);
    if (code == 0)
        code = encrypt(arena, encryption, file, error);
    if (code == 0 && is_luks1(encryption))
        code = convert(arena, encryption, file, error);
    if (code == 0 && encryption->key_file)
        code = add_key(arena, encryption, file, error);
    return code < 0 ? error_prefix(error, "cannot encrypt \"%s\"", file) : 0;
}
