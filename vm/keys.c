#include "vm/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

/* Of a key whose size is not declared; and bytes behind each key, so that a size that is declared
 * makes a difference. */
enum { KEY_SIZE = 64, BEHIND = 16, KEY_LIMIT = 1 << 26 };

static const char *stage_of(struct arena *arena, const struct scratch *scratch,
                            const struct volume *volume)
{
    return arena_printf(arena, "%s/%s.content", scratch->folder, volume->name);
}

const char *keys_content(struct arena *arena, const struct scratch *scratch,
                         const struct volume *volume)
{
    const char *stage = stage_of(arena, scratch, volume);
    return access(stage, F_OK) == 0 ? stage : NULL;
}

/* Several containers may share a file of keys, each with its own part. */
static uint64_t length_of(const struct config *config, const struct place *place)
{
    uint64_t length = 0;
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct luks *luks = config->volumes[i]->luks;
        if (!luks || luks->key.place.volume != place->volume ||
            strcmp(luks->key.place.path, place->path) != 0)
            continue;
        uint64_t end = luks->key_offset + (luks->key_size ? luks->key_size : KEY_SIZE);
        length = end > length ? end : length;
    }
    return length + BEHIND;
}

/* The same for the same name, and different at every offset: scratch disks can be made again. */
static void fill(unsigned char *bytes, size_t length, const char *name)
{
    uint64_t state = 0xcbf29ce484222325;
    for (; *name; name++)
        state = (state ^ (unsigned char)*name) * 0x100000001b3;
    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (unsigned char)(state >> 32);
    }
}

static int open_stage(const char *stage, int *fd, struct error *error)
{
    if (mkdir(stage, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make the folder \"%s\"", stage);
    *fd = open(stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? error_system(error, errno, "cannot open the folder \"%s\"", stage) : 0;
}

/* Makes the way to a file of the key volume; *path is where it waits for the disk. */
static int prepare(struct arena *arena, const struct scratch *scratch, const struct place *place,
                   const char **path, struct error *error)
{
    const char *name, *stage = stage_of(arena, scratch, place->volume);
    auto_fd top = -1;
    auto_fd parent = -1;
    if (open_stage(stage, &top, error) < 0 ||
        path_make_parent(top, place->path, &parent, &name, error) < 0)
        return -error->code;
    *path = arena_printf(arena, "%s%s", stage, place->path);
    return 0;
}

static int make_key(struct arena *arena, const struct scratch *scratch, const struct luks *luks,
                    struct encryption *encryption, struct error *error)
{
    const struct place *place = &luks->key.place;
    uint64_t length = length_of(scratch->config, place);
    if (length > KEY_LIMIT)
        return error_set(error, EFBIG,
                         "the key \"%s:%s\" would lie too far into its file; correct "
                         "keyfile-offset= and keyfile-size=",
                         place->volume_name, place->path);
    if (prepare(arena, scratch, place, &encryption->key_file, error) < 0)
        return -error->code;
    unsigned char *bytes = arena_alloc(arena, length);
    fill(bytes, length, arena_printf(arena, "%s:%s", place->volume_name, place->path));
    return path_write(AT_FDCWD, encryption->key_file, bytes, length, 0600, error);
}

static int refuse_header(const struct volume *volume, const char *reason, struct error *error)
{
    return error_set(error, ENOTSUP,
                     "the header of its container %s; give its own image with --disk %s=FILE",
                     reason, volume->name);
}

/* A detached header leaves no tag on the device but those of the partition. */
static int place_header(struct arena *arena, const struct scratch *scratch,
                        const struct volume *volume, struct encryption *encryption,
                        struct error *error)
{
    const struct luks_file *header = &volume->luks->header;
    if (header->path)
        return refuse_header(volume, "is a file of this machine", error);
    if (!header->place.volume)
        return 0;
    if (scratch_is_given(scratch, header->place.volume))
        return refuse_header(volume, "is on an image that is given", error);
    if (encryption->uuid || encryption->label)
        return error_set(error, ENOTSUP,
                         "a container whose header is elsewhere has neither UUID nor label of its "
                         "own; name its partition with PARTUUID=");
    return prepare(arena, scratch, &header->place, &encryption->header, error);
}

int keys_make(struct arena *arena, const struct scratch *scratch, const struct volume *volume,
              struct encryption *encryption, struct error *error)
{
    const struct luks *luks = volume->luks;
    encryption->passphrase = scratch->passphrase ? scratch->passphrase : SCRATCH_PASSPHRASE;
    encryption->key_offset = luks->key_offset;
    encryption->key_size = luks->key_size;
    int code = place_header(arena, scratch, volume, encryption, error);
    if (code < 0)
        return code;
    if (luks->key.path) /* the image has it, if it is there */
        encryption->key_file = access(luks->key.path, R_OK) == 0 ? luks->key.path : NULL;
    else if (luks->key.place.volume && !scratch_is_given(scratch, luks->key.place.volume))
        return make_key(arena, scratch, luks, encryption, error);
    return 0;
}
