#include "tool/secrets.h"

#include "tool/subverb.h"
#include "tool/verb.h"

int verb_secrets(int argc, char **argv)
{
    static const struct subverb verbs[] = {
        {"apply", "decrypt what is declared anew", verb_secrets_apply},
        {"check", "prove that a boot can decrypt what is declared", verb_secrets_check},
        {"list", "tell what is declared, and what became of it", verb_secrets_list},
        {"recipient", "tell to which recipients files for this machine are encrypted",
         verb_secrets_recipient},
    };
    return subverb_run(verbs, ARRAY_LENGTH(verbs), argc, argv);
}
