#include "plan/kinds.h"

#include <stdlib.h>

#include "generations/attempt.h"
#include "generations/choice.h"
#include "generations/identity.h"
#include "generations/kexec.h"
#include "hooks/run.h"
#include "kconfig/step.h"
#include "mounts/check.h"
#include "mounts/device.h"
#include "mounts/hibernation.h"
#include "mounts/image.h"
#include "mounts/luks.h"
#include "mounts/old_roots.h"
#include "mounts/prepare.h"
#include "mounts/prove.h"
#include "mounts/root.h"
#include "mounts/subvolume.h"
#include "mounts/volume.h"
#include "persist/copied.h"
#include "persist/entry.h"
#include "persist/link.h"
#include "persist/machine_id.h"
#include "persist/restore.h"
#include "secrets/step.h"
#include "secrets/template.h"

const struct step_kind_row step_kinds[STEP_KINDS] = {
    [STEP_DRIVERS] = {"drivers", drivers_sentence, drivers_apply},
    [STEP_MODULE] = {"module", module_sentence, module_apply},
    [STEP_RECORD] = {"record", record_sentence, record_apply},
    [STEP_DEVICE] = {"device", device_sentence, device_apply},
    [STEP_UNLOCK] = {"unlock", unlock_sentence, unlock_apply},
    [STEP_HIBERNATION] = {"hibernation", hibernation_sentence, hibernation_apply},
    [STEP_CHECK] = {"check", check_sentence, check_apply},
    [STEP_MOUNT] = {"mount", volume_sentence, volume_apply},
    [STEP_IDENTITY] = {"identity", identity_sentence, identity_apply},
    [STEP_GENERATION] = {"generation", choice_sentence, choice_apply},
    [STEP_KERNEL] = {"kernel", kexec_sentence, kexec_apply},
    [STEP_IMAGE] = {"image", image_sentence, image_apply},
    [STEP_STATE] = {"state", restore_sentence, restore_apply},
    [STEP_ROOT] = {"root", root_sentence, root_apply},
    [STEP_TREE] = {"tree", tree_sentence, tree_apply},
    [STEP_PLACE] = {"place", place_sentence, place_apply},
    [STEP_BIND] = {"bind", entry_sentence, entry_apply},
    [STEP_LINK] = {"link", link_sentence, link_apply},
    [STEP_COPY] = {"copy", copied_sentence, copied_apply},
    [STEP_MACHINE_ID] = {"machine-id", machine_id_sentence, machine_id_apply},
    [STEP_SECRETS] = {"secrets", secrets_sentence, secrets_apply},
    [STEP_TEMPLATE] = {"template", template_sentence, template_apply},
    [STEP_SHOW] = {"show", show_sentence, show_apply},
    [STEP_HOOK] = {"hook", hook_sentence, hook_apply},
    [STEP_PREPARE] = {"prepare", prepare_sentence, prepare_apply},
    [STEP_PROVE] = {"prove", prove_sentence, prove_apply},
    [STEP_RESET] = {"reset", reset_sentence, reset_apply},
    [STEP_EXPIRE] = {"expire", expire_sentence, expire_apply},
};

const char *step_sentence(struct arena *arena, const struct step *step)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        memory_exhausted();
    step_kinds[step->kind].sentence(step, stream);
    fclose(stream);
    char *copy = arena_copy(arena, text, length);
    free(text);
    return copy;
}
