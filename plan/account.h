/* Who a name is. Names are looked up in the generation's own /etc/passwd and /etc/group, in those
 * of the new root (a hook may have made them), in those that persist, and in NixOS's maps
 * /var/lib/nixos/{uid,gid}-map, if they persist. */
#ifndef EBB_PLAN_ACCOUNT_H
#define EBB_PLAN_ACCOUNT_H

#include "plan/context.h"
#include "plan/owner.h"

/* In a database; false: nobody knows the name there. */
bool account_find(const struct context *context, bool is_user, const char *name,
                  struct account *account);
/* The number alone, which `name` may be itself, and which the maps know, too. */
bool account_number(const struct context *context, bool is_user, const char *name,
                    unsigned *number);

#endif
