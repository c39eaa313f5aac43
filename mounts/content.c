#include "mounts/content.h"

#include <blkid/blkid.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

static const struct {
    const char *name;   /* as libblkid calls it */
    const char *prefix; /* as it is written in ebb.conf; NULL for what nobody writes */
    size_t offset, size;
    bool of_partition;
} values[] = {
    {"TYPE", NULL, offsetof(struct content, type), sizeof(((struct content *)0)->type), false},
    {"UUID", "UUID=", offsetof(struct content, uuid), sizeof(((struct content *)0)->uuid), false},
    {"LABEL", "LABEL=", offsetof(struct content, label), sizeof(((struct content *)0)->label),
     false},
    {"UUID_SUB", NULL, offsetof(struct content, member), sizeof(((struct content *)0)->member),
     false},
    {"PART_ENTRY_UUID", "PARTUUID=", offsetof(struct content, partuuid),
     sizeof(((struct content *)0)->partuuid), true},
    {"PART_ENTRY_NAME", "PARTLABEL=", offsetof(struct content, partlabel),
     sizeof(((struct content *)0)->partlabel), true},
};

/* Fills in what the superblocks say, or what the partition table does. False: it cannot be read. */
static bool read_part(const char *path, bool of_partition, struct content *content)
{
    blkid_probe probe = blkid_new_probe_from_filename(path);
    if (!probe)
        return false;
    blkid_probe_enable_superblocks(probe, !of_partition);
    blkid_probe_set_superblocks_flags(probe,
                                      BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE);
    blkid_probe_enable_partitions(probe, of_partition);
    blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
    /* 1 means "nothing known", -2 "more than one" */
    int found = blkid_do_safeprobe(probe);
    for (size_t i = 0; found == 0 && i < ARRAY_LENGTH(values); i++) {
        const char *value;
        if (values[i].of_partition == of_partition &&
            blkid_probe_lookup_value(probe, values[i].name, &value, NULL) == 0)
            snprintf((char *)content + values[i].offset, values[i].size, "%s", value);
    }
    blkid_free_probe(probe);
    return found != -1;
}

/* Two probes: superblocks that contradict each other would end one before it came to the
 * partition. */
bool content_read(const char *path, struct content *content)
{
    struct content read = {0};
    if (!read_part(path, false, &read))
        return false;
    (void)read_part(path, true, &read); /* a whole disk has no entry anywhere */
    *content = read;
    return true;
}

bool content_matches(const struct content *content, const char *tag)
{
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        const char *prefix = values[i].prefix, *value = (const char *)content + values[i].offset;
        if (!prefix || strncmp(tag, prefix, strlen(prefix)) != 0 || !*value)
            continue;
        tag += strlen(prefix);
        /* identifiers are hexadecimal, in whichever case they were written */
        return (strstr(prefix, "UUID") ? strcasecmp : strcmp)(value, tag) == 0;
    }
    return false;
}

void content_print(const struct content *content, FILE *stream)
{
    if (*content->type)
        fprintf(stream, " %s", content->type);
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        if (values[i].prefix && ((const char *)content)[values[i].offset])
            fprintf(stream, " %s%s", values[i].prefix, (const char *)content + values[i].offset);
}

/* A probe for whatever wipefs(8) would find, and in *found what libblkid says: 0 something, 1
 * nothing, -2 things that contradict each other, -1 an error. The entry of a partition in the table
 * of its disk is not asked for: it is not on the partition. */
static blkid_probe probe_all(const char *path, int *found)
{
    *found = -1;
    blkid_probe content = blkid_new_probe_from_filename(path);
    if (!content)
        return NULL;
    blkid_probe_enable_superblocks(content, 1);
    blkid_probe_set_superblocks_flags(content, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_BADCSUM);
    blkid_probe_enable_partitions(content, 1);
    blkid_probe_set_partitions_flags(content, BLKID_PARTS_FORCE_GPT);
    *found = blkid_do_safeprobe(content);
    return content;
}

bool content_is_empty(const char *path)
{
    int found;
    blkid_free_probe(probe_all(path, &found));
    return found == 1;
}

void content_name(const char *path, char name[static CONTENT_NAME_SIZE])
{
    int found;
    const char *value;
    blkid_probe probed = probe_all(path, &found);
    if (found == 1)
        snprintf(name, CONTENT_NAME_SIZE, "nothing");
    else if (found == -2)
        snprintf(name, CONTENT_NAME_SIZE, "more than one kind of content");
    else if (found == 0 && blkid_probe_lookup_value(probed, "TYPE", &value, NULL) == 0)
        snprintf(name, CONTENT_NAME_SIZE, "%s", value);
    else if (found == 0 && blkid_probe_lookup_value(probed, "PTTYPE", &value, NULL) == 0)
        snprintf(name, CONTENT_NAME_SIZE, "a %s partition table", value);
    else
        snprintf(name, CONTENT_NAME_SIZE, "something that cannot be read");
    blkid_free_probe(probed);
}
