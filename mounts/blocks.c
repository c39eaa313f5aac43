#include "mounts/blocks.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "mounts/links.h"

static const char folder_path[] = "/sys/class/block";

struct blocks *blocks_new(void)
{
    struct blocks *blocks = calloc(1, sizeof(*blocks));
    if (!blocks)
        memory_exhausted();
    return blocks;
}

void blocks_free(struct blocks *blocks)
{
    for (size_t i = 0; blocks && i < blocks->count; i++)
        free(blocks->list[i]);
    if (blocks)
        free(blocks->list);
    free(blocks);
}

static struct block *find(const struct blocks *blocks, const char *name)
{
    for (size_t i = 0; i < blocks->count; i++)
        if (strcmp(blocks->list[i]->name, name) == 0)
            return blocks->list[i];
    return NULL;
}

/* Loop devices that nobody has set up, and floppies, would only cost time. */
static bool is_interesting(const char *name)
{
    return name[0] != '.' && strncmp(name, "loop", 4) != 0 && strncmp(name, "fd", 2) != 0 &&
           strncmp(name, "ram", 3) != 0;
}

static struct block *add(struct blocks *blocks, const char *name)
{
    struct block *block = calloc(1, sizeof(*block));
    struct block **list =
        realloc(blocks->list, (blocks->count + 1) * sizeof(struct block *)); /* a handful */
    if (!block || !list)
        memory_exhausted();
    snprintf(block->name, sizeof(block->name), "%s", name);
    snprintf(block->path, sizeof(block->path), "/dev/%s", name);
    for (char *at = block->path; (at = strchr(at, '!')); at++)
        *at = '/'; /* sysfs writes "cciss!c0d0" for /dev/cciss/c0d0 */
    block->dirty = true;
    blocks->list = list;
    blocks->list[blocks->count++] = block;
    return block;
}

static void drop(struct blocks *blocks, struct block *block)
{
    for (size_t i = 0; i < blocks->count; i++) {
        if (blocks->list[i] != block)
            continue;
        memmove(&blocks->list[i], &blocks->list[i + 1],
                (blocks->count - i - 1) * sizeof(struct block *));
        blocks->count--;
        break;
    }
    free(block);
    blocks->changes++;
}

static int name_order(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

void blocks_scan(struct blocks *blocks)
{
    struct dirent **entries = NULL;
    int count = scandir(folder_path, &entries, NULL, name_order);
    for (size_t i = 0; i < blocks->count; i++)
        blocks->list[i]->seen = false;
    for (int i = 0; i < count; i++) {
        if (is_interesting(entries[i]->d_name)) {
            struct block *block = find(blocks, entries[i]->d_name);
            if (!block)
                block = add(blocks, entries[i]->d_name);
            block->seen = block->dirty = true;
        }
        free(entries[i]);
    }
    free(entries);
    for (size_t i = blocks->count; i-- > 0;)
        if (!blocks->list[i]->seen)
            drop(blocks, blocks->list[i]);
}

bool blocks_note(struct blocks *blocks, const struct uevent *event)
{
    if (!event->subsystem || strcmp(event->subsystem, "block") != 0 || !event->path)
        return false;
    const char *name = strrchr(event->path, '/') + 1; /* as in sysfs */
    if (!is_interesting(name))
        return false;
    struct block *block = find(blocks, name);
    bool gone = strcmp(event->action, "remove") == 0;
    if (gone && block)
        drop(blocks, block);
    else if (!gone && !block)
        (void)add(blocks, name); /* it is dirty from the start */
    else if (block)
        block->dirty = true;
    return true;
}

void blocks_read(struct blocks *blocks, bool again)
{
    for (size_t i = 0; i < blocks->count; i++) {
        struct block *block = blocks->list[i];
        if (!block->dirty && !(again && block->unread))
            continue;
        block->dirty = false;
        block->unread = !content_read(block->path, &block->content);
        if (block->unread)
            block->content = (struct content){0};
        block->changed = ++blocks->changes;
    }
}

bool blocks_have_unread(const struct blocks *blocks)
{
    for (size_t i = 0; i < blocks->count; i++)
        if (blocks->list[i]->unread)
            return true;
    return false;
}

bool block_matches(const struct block *block, const char *device)
{
    struct stat wanted, own;
    if (device[0] != '/')
        return content_matches(&block->content, device);
    if (strcmp(device, block->path) == 0 || links_match(block, device))
        return true;
    /* Such as the names that LVM makes: /dev/GROUP/NAME. */
    return stat(device, &wanted) == 0 && S_ISBLK(wanted.st_mode) && stat(block->path, &own) == 0 &&
           own.st_rdev == wanted.st_rdev;
}

bool block_is_held(const struct block *block)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s/holders", folder_path, block->name);
    auto_dir folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            return true;
    return false;
}

void blocks_print(const struct blocks *blocks, FILE *stream)
{
    for (size_t i = 0; i < blocks->count; i++) {
        fprintf(stream, "  %s", blocks->list[i]->path);
        content_print(&blocks->list[i]->content, stream);
        fputc('\n', stream);
    }
    if (!blocks->count)
        fprintf(stream, "  no block device: a driver is missing, or no disk is attached\n");
}
