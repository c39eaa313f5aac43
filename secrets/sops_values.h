/* The part of SOPS below the data key: with it, a file is read, verified and released. */
#ifndef EBB_SECRETS_SOPS_VALUES_H
#define EBB_SECRETS_SOPS_VALUES_H

#include "secrets/metadata.h"
#include "secrets/sops.h"

/* Makes a tree of the text, takes the metadata out of it, and refuses what stands in it twice. */
int sops_read(struct tree *tree, enum sops_format format, const struct secret *text,
              struct metadata *metadata);
/* Decrypts and verifies all of it. When it succeeds, the tree's arena is that of `sops`. */
int sops_release(struct tree *tree, const struct metadata *metadata, const struct secret *data_key,
                 struct sops *sops);
/* Lists the leaves without a key, so that nothing is verified: a value that is encrypted is as it
 * stands in the file. Likewise of the arena. */
int sops_list(struct tree *tree, const struct metadata *metadata, struct sops *sops);
/* Says that we have the keys of too few groups; `ours` is a recipient that we have, or NULL. */
int sops_fail_no_match(struct tree *tree, const struct metadata *metadata, size_t had,
                       const char *ours);
/* How many groups it takes. */
size_t sops_needed_groups(const struct metadata *metadata);
/* Reads and releases. */
int sops_open_with_key(const struct secret *data_key, const char *name, enum sops_format format,
                       const struct secret *text, struct sops *sops, enum fault *fault,
                       struct error *error);

#endif
