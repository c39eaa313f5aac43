#include "persist/resolve.h"

#include <errno.h>
#include <string.h>

#include "plan/account.h"

void owner_of_home(const struct home *home, const struct context *context, struct owner *owner)
{
    struct account account;
    unsigned number = 0;
    *owner = (struct owner){0};
    if (account_find(context, true, home->user, &account)) {
        owner->user = account.number;
        owner->group = account.has_group ? account.group : 0;
    } else if (account_number(context, true, home->user, &number)) {
        owner->user = number;
    } else {
        owner->late_user = home->user;
    }
}

void owner_resolve(const struct persist_entry *entry, const struct context *context,
                   struct owner *owner)
{
    unsigned number = 0;
    *owner = (struct owner){0};
    if (!entry->group)
        owner_of_home(entry->home, context, owner);
    owner->late_user = account_number(context, true, entry->owner, &number) ? NULL : entry->owner;
    owner->user = owner->late_user ? 0 : number;
    if (!entry->group)
        return;
    owner->late_group = account_number(context, false, entry->group, &number) ? NULL : entry->group;
    owner->group = owner->late_group ? 0 : number;
}

int home_verify(const struct home *home, const struct context *context, struct error *error)
{
    struct account account;
    if (!account_find(context, true, home->user, &account) || !*account.home ||
        strcmp(account.home, home->path) == 0)
        return 0;
    return error_set(error, EINVAL,
                     "the home of \"%s\" is \"%.150s\" in /etc/passwd, not \"%.150s\"; write: home "
                     "%s path=%.150s",
                     home->user, account.home, home->path, home->user, account.home);
}
