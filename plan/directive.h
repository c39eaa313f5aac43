/* What each directive of ebb.conf(5) makes, for the rows in language.c that name them. */
#ifndef EBB_PLAN_DIRECTIVE_H
#define EBB_PLAN_DIRECTIVE_H

#include "plan/config.h"

/* The object of a directive, or that of the block around it, which the fields are stored in. */
typedef void *directive_object(struct config *config, void *parent,
                               const struct scfg_directive *directive);
/* What follows from the fields once they are stored. */
typedef void directive_stored(struct config *config, void *object,
                              const struct scfg_directive *directive);

extern directive_object volume_object, fs_object, luks_object, lvm_object, raid_object,
    identity_object, mount_object, root_object, generations_object, boot_object, store_object,
    dir_object, file_object, home_object, home_dir_object, home_file_object, secrets_object,
    secrets_key_object, secret_object, hook_object, module_object, rescue_object, keymap_object;
extern directive_stored volume_stored, root_stored, home_stored, entry_stored, secret_stored,
    template_stored, hook_stored;

#endif
