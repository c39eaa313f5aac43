#include "mounts/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"

void image_plan(const struct config *config, const struct generation *generation, struct plan *plan)
{
    bool is_possible = !generation->number && config->generations.trees;
    if (generation->image || is_possible)
        plan_add(plan, STEP_IMAGE, config->generations.origin)->generation = generation;
}

void image_sentence(const struct step *step, FILE *stream)
{
    fputs("mount the tree of ", stream);
    generation_print(step->generation, stream);
    if (step->generation->image)
        fprintf(stream, ": %s, read-only", step->generation->image);
    else
        fputs(", if it is an image", stream);
}

/* No volume can be called so. */
const char *image_place(const struct context *context)
{
    return arena_printf(context->arena, "%s/.tree", context->volumes);
}

int image_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct generation *generation = step->generation;
    const struct volume *volume = context->config->generations.place.volume;
    const char *place = image_place(context);
    auto_fd file = path_open(context_volume(context, volume)->fd, generation->tree,
                             O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return error_system(error, -file, "cannot open the image \"%s:%s\" of generation %u",
                            volume->name, generation->tree, generation->number);
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    auto_fd mounted = loop_mount(file, generation->image, error);
    if (mounted < 0)
        return error_prefix(error, "the image \"%s:%s\" of generation %u", volume->name,
                            generation->tree, generation->number);
    if (move_mount(mounted, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot mount it on \"%s\"", place);
    context->tree = TAKE_FD(mounted);
    return 0;
}

void image_discard(struct context *context)
{
    if (context->tree < 0)
        return;
    close(TAKE_FD(context->tree));
    (void)umount2(image_place(context), MNT_DETACH); /* nothing is lost if it stays */
}
