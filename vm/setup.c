#include "vm/setup.h"

#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "image/build.h"
#include "vm/firmware.h"
#include "vm/kernel.h"

int setup_extra(struct arena *arena, const struct setup *setup, const char **extra,
                struct error *error)
{
    struct scfg_word module[] = {{.text = "module"}, {.text = "virtio_console"}};
    struct scfg_word hook[] = {{.text = "hook"},
                               {.text = "before-switch"},
                               {.text = setup->agent},
                               {.text = "timeout=1min"},
                               {.text = "failure=warn"}};
    struct scfg_word variables[] = {{.text = "module"}, {.text = "efivarfs"}};
    const struct scfg_directive lines[] = {
        {.words = module, .word_count = ARRAY_LENGTH(module)},
        {.words = hook, .word_count = ARRAY_LENGTH(hook)},
        {.words = variables, .word_count = ARRAY_LENGTH(variables)},
    };
    size_t count = ARRAY_LENGTH(lines) - (setup->uefi ? 0 : 1);
    const char *path = arena_printf(arena, "%s/agent.conf", setup->folder);
    auto_file file = fopen(path, "we");
    if (!file)
        return error_system(error, errno, "cannot write \"%s\"", path);
    for (size_t i = 0; i < count; i++)
        scfg_print(&lines[i], 0, file);
    if (fflush(file) != 0)
        return error_system(error, errno, "cannot write \"%s\"", path);
    *extra = path;
    return 0;
}

static int make_image(const struct setup *setup, const struct config *config, const char *version,
                      const char *image, struct error *error)
{
    const struct build_request build = {.config = config,
                                        .kernel = version,
                                        .init_program = setup->init,
                                        .output = image,
                                        .progress = setup->progress};
    return build_image(&build, error);
}

int setup_image(struct arena *arena, const struct setup *setup, const struct config *config,
                const char *image, struct error *error)
{
    struct kernel kernel;
    int code = kernel_find(arena, setup->kernel, &kernel, error);
    return code < 0 ? code : make_image(setup, config, kernel.version, image, error);
}

int setup_make(struct arena *arena, const struct setup *setup, const struct config *config,
               struct vm_request *request, struct error *error)
{
    struct kernel kernel;
    struct vm_disk *disks = NULL;
    struct scratch scratch = {.config = config,
                              .folder = setup->folder,
                              .tree = setup->tree,
                              .passphrase = setup->passphrase,
                              .given = setup->given,
                              .given_count = setup->given_count,
                              .bus = setup->bus};
    if (kernel_find(arena, setup->kernel, &kernel, error) < 0)
        return -error->code;
    request->kernel = kernel.path;
    request->agent = setup->agent;
    request->image = arena_printf(arena, "%s/image", setup->folder);
    request->log = arena_printf(arena, "%s/serial.log", setup->folder);
    request->append = arena_printf(arena, "%s%s %s", setup->generation ? "ebb.generation=" : "",
                                   setup->generation ? setup->generation : "",
                                   setup->append ? setup->append : "");
    int code = make_image(setup, config, kernel.version, request->image, error);
    if (code == 0 && setup->uefi)
        code = firmware_make(arena, setup->folder, request, &scratch.boot, error);
    if (code == 0)
        code = scratch_make(arena, &scratch, &disks, &request->disk_count, error);
    if (scratch.boot)
        path_remove_tree(scratch.boot);
    request->disks = disks;
    return code;
}
