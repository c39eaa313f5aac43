/* The builder of an initramfs: a set of things to be put in, written out as one zstd-compressed
 * cpio archive whose bytes depend on nothing but that set.
 *
 * Paths in the image are absolute. The same path may come twice with the same content, which
 * programs that share libraries do; with other content it is an error that names both sources.
 * /dev and /dev/console are always there: without them PID 1 has no voice. */
#ifndef EBB_IMAGE_IMAGE_H
#define EBB_IMAGE_IMAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/memory.h"

struct image;
struct image *image_new(void);
/* Programs are from now on those of the system in this folder; "" is the running one. */
void image_set_root(struct image *image, const char *root);
const char *image_root(const struct image *image);
void image_free(struct image *image); /* accepts NULL */
void image_cleanup(struct image **image);
#define auto_image AUTO(image_cleanup) struct image *

/* The file is read now, and later changes of it do not count. */
int image_add_file(struct image *image, const char *path, const char *source, mode_t mode,
                   struct error *error);
int image_add_bytes(struct image *image, const char *path, const void *data, size_t length,
                    mode_t mode, struct error *error);
int image_add_link(struct image *image, const char *path, const char *target, struct error *error);
int image_add_folder(struct image *image, const char *path, mode_t mode, struct error *error);
/* A kernel module, unpacked, because the whole image is compressed and packing twice costs size and
 * time, and so is its name (module_unpacked). Nothing is stripped: modules are signed. */
int image_add_module(struct image *image, const char *path, const char *source,
                     struct error *error);
/* A program or script and everything it needs to start, links such as /lib -> usr/lib included.
 * `source` is where the system that it is taken from sees it. */
int image_add_program(struct image *image, const char *path, const char *source,
                      struct error *error);

/* Called while the image is written, with the bytes so far and all there will be. */
typedef void image_progress(void *context, size_t done, size_t total);
/* The bytes of the image, which belong to it. What lies below a link of the image is put where the
 * link leads; missing folders are made with mode 0755. */
int image_pack(struct image *image, image_progress *progress, void *context, const char **data,
               size_t *length, struct error *error);
/* The same into a file (image/output.h). */
int image_write(struct image *image, const char *output, image_progress *progress, void *context,
                struct error *error);

#endif
