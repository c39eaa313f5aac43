#include "qemu-tests/cuts.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/run.h"
#include "vm/writes.h"

enum { SECTOR = 512 };

/* A check while it goes on. */
struct check {
    struct arena *arena;
    struct cuts *cuts;
    struct writes writes;
    const char *image;
    int fd;
    uint64_t state; /* of the random numbers */
};

static int copy_disk(const char *from, const char *to, struct error *error)
{
    const char *const words[] = {"cp", "--sparse=always", from, to, NULL};
    const struct run run = {.arguments = words, .package = "coreutils"};
    return run_program(&run, NULL, error);
}

void cuts_log(struct scene *scene, size_t disk, struct cuts *cuts)
{
    struct error error;
    cuts->before = arena_printf(scene->arena, "%s/before-%zu", scene->folder, disk);
    cuts->log = arena_printf(scene->arena, "%s/writes-%zu", scene->folder, disk);
    assert_null(scene->vm);
    if (copy_disk(scene->disks[disk].path, cuts->before, &error) < 0)
        fail_msg("%s", error.text);
    scene->disks[disk].writes = cuts->log;
}

size_t cuts_count(const struct cuts *cuts)
{
    struct error error;
    auto_arena arena = arena_new();
    AUTO(writes_close) struct writes writes = {.log = -1};
    if (writes_open(arena, cuts->log, &writes, &error) < 0)
        fail_msg("%s", error.text);
    return writes.count;
}

static int judge(struct check *check, const char *moment, struct error *error)
{
    check->cuts->judged++;
    int code = check->cuts->judge(check->image, check->cuts->context, error);
    return code < 0 ? error_prefix(error, "%s", moment) : 0;
}

/* Knuth's MMIX; its upper bits are the good ones. */
static unsigned draw(struct check *check, unsigned limit)
{
    check->state = check->state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(check->state >> 33) % limit;
}

/* What a write is going to change, to be put back afterwards. */
struct saved {
    uint64_t at;
    size_t length;
    char *data;
};

static int save(const struct check *check, struct arena *arena, const struct write *write,
                struct saved *saved, struct error *error)
{
    *saved = (struct saved){write->at, write->length, arena_alloc(arena, write->length)};
    ssize_t got = pread(check->fd, saved->data, saved->length, (off_t)saved->at);
    return got < 0 ? error_system(error, errno, "cannot read \"%s\"", check->image) : 0;
}

static int put_back(const struct check *check, const struct saved *saved, size_t count,
                    struct error *error)
{
    while (count-- > 0) {
        const struct saved *one = &saved[count];
        if (pwrite(check->fd, one->data, one->length, (off_t)one->at) != (ssize_t)one->length)
            return error_system(error, errno, "cannot write \"%s\"", check->image);
    }
    return 0;
}

/* A third of them is lost, and a third is there in part. */
static uint64_t choose_length(struct check *check, const struct write *write)
{
    switch (draw(check, 3)) {
    case 0:
        return 0;
    case 1:
        return draw(check, (unsigned)(write->length / SECTOR)) * (uint64_t)SECTOR;
    default:
        return WRITE_WHOLE;
    }
}

/* Any of the writes from `first` to the next flush. */
static int try_choice(struct check *check, size_t first, size_t end, struct error *error)
{
    auto_arena arena = arena_new();
    struct saved *saved = NULL;
    size_t count = 0;
    for (size_t i = first; i < end; i++) {
        const struct write *write = &check->writes.list[i];
        if (!write_changes(write))
            continue;
        struct saved *one = ARENA_PUSH(arena, saved, count);
        if (save(check, arena, write, one, error) < 0 ||
            writes_apply(&check->writes, i, choose_length(check, write), check->fd, error) < 0)
            return -error->code;
    }
    const char *moment =
        arena_printf(arena, "with some of the writes from %zu to %zu", first + 1, end);
    int code = judge(check, moment, error);
    return code < 0 ? code : put_back(check, saved, count, error);
}

static int try_choices(struct check *check, size_t first, size_t until, struct error *error)
{
    size_t end = first;
    while (end < until && !(check->writes.list[end].flags & WRITE_FLUSH))
        end++;
    for (unsigned i = 0; end > first && i < check->cuts->choices; i++)
        if (try_choice(check, first, end, error) < 0)
            return -error->code;
    return 0;
}

static bool is_shown(const struct check *check, size_t number)
{
    size_t every = check->cuts->every;
    return write_changes(&check->writes.list[number]) && (every == 0 || number % every == 0);
}

static int bring_to(const struct check *check, size_t number, struct error *error)
{
    for (size_t i = 0; i < number; i++)
        if (writes_apply(&check->writes, i, WRITE_WHOLE, check->fd, error) < 0)
            return -error->code;
    return 0;
}

static int go_through(struct check *check, struct error *error)
{
    const struct writes *writes = &check->writes;
    size_t from = check->cuts->from;
    size_t until = check->cuts->until ? check->cuts->until : writes->count;
    if (bring_to(check, from, error) < 0 || judge(check, "before the first write", error) < 0)
        return -error->code;
    for (size_t i = from; i < until && i < writes->count; i++) {
        if ((i == from || writes->list[i - 1].flags & WRITE_FLUSH) &&
            try_choices(check, i, until, error) < 0)
            return -error->code;
        if (writes_apply(writes, i, WRITE_WHOLE, check->fd, error) < 0)
            return -error->code;
        const char *moment =
            arena_printf(check->arena, "after %s", writes_tell(check->arena, writes, i));
        if (is_shown(check, i) && judge(check, moment, error) < 0)
            return -error->code;
    }
    return 0;
}

int cuts_check(struct cuts *cuts, struct error *error)
{
    auto_arena arena = arena_new();
    AUTO(writes_close) struct writes writes = {.log = -1};
    const char *image = arena_printf(arena, "%s.cut", cuts->before);
    cuts->judged = 0;
    if (writes_open(arena, cuts->log, &writes, error) < 0 ||
        copy_disk(cuts->before, image, error) < 0)
        return -error->code;
    auto_fd fd = open(image, O_RDWR | O_CLOEXEC);
    struct check check = {.arena = arena,
                          .cuts = cuts,
                          .writes = writes,
                          .image = image,
                          .fd = fd,
                          .state = cuts->seed};
    int code = fd < 0 ? error_system(error, errno, "cannot open \"%s\"", image)
                      : go_through(&check, error);
    if (code == 0) /* what a judge did not like is left to be looked at */
        unlink(image);
    return code;
}
