/* Who may open a file has its data key: whole, or in shares of several groups. */

#include <string.h>

#include "secrets/shamir.h"
#include "secrets/sops_values.h"

struct search {
    const struct identities *identities;
    struct tree *tree;
    const struct metadata *metadata;
    size_t others; /* age files that are for somebody else */
    /* The last failure that is more than that, to be told if nothing succeeds. */
    enum fault fault;
    struct error error;
};

/* What a group has, by whichever of its recipients we are. */
static bool open_group(struct search *search, const struct key_group *group, struct secret *part)
{
    for (size_t i = 0; i < group->age_count; i++) {
        const char *file = group->age[i].file;
        const char *name =
            arena_printf(search->tree->arena, "%s, recipient %zu", search->tree->name, i + 1);
        enum fault fault = FAULT_NONE;
        struct error error;
        if (age_decrypt(search->identities, name, file, strlen(file), part, &fault, &error) == 0)
            return true;
        if (fault == FAULT_NO_MATCH) {
            search->others++;
        } else if (fault != FAULT_UNSUPPORTED || search->fault == FAULT_NONE) {
            search->fault = fault;
            search->error = error;
        }
    }
    return false;
}

static size_t count_age(const struct metadata *metadata)
{
    size_t count = 0;
    for (size_t i = 0; i < metadata->group_count; i++)
        count += metadata->groups[i].age_count;
    return count;
}

size_t sops_needed_groups(const struct metadata *metadata)
{
    if (metadata->group_count == 1)
        return 1;
    return metadata->threshold ? metadata->threshold : metadata->group_count;
}

int sops_fail_no_match(struct tree *tree, const struct metadata *metadata, size_t had,
                       const char *ours)
{
    size_t count = count_age(metadata);
    if (had)
        return tree_fail(tree, FAULT_NO_MATCH, 0,
                         "needs keys of %zu of its %zu key groups, and we have those of %zu; lower "
                         "shamir_threshold, or join the groups if a stray \"-\" in .sops.yaml made "
                         "them",
                         sops_needed_groups(metadata), metadata->group_count, had);
    if (count == 0)
        return tree_fail(tree, FAULT_UNSUPPORTED, 0,
                         "is encrypted to PGP keys or key services only, which Ebb does not have; "
                         "add an age recipient with `sops updatekeys`");
    if (!ours)
        return tree_fail(tree, FAULT_NO_MATCH, 0,
                         "is encrypted to %zu age recipient%s, and there is no key to be one of "
                         "them; give this machine a key",
                         count, count == 1 ? "" : "s");
    return tree_fail(tree, FAULT_NO_MATCH, 0,
                     "is encrypted to %zu age recipient%s, none of which is ours; add \"%s\" with "
                     "`sops updatekeys`",
                     count, count == 1 ? "" : "s", ours);
}

static int fail(struct search *search, size_t had)
{
    struct tree *tree = search->tree;
    auto_string ours = NULL;
    if (!had && search->fault != FAULT_NONE &&
        (search->fault != FAULT_UNSUPPORTED || !search->others)) {
        *tree->fault = search->fault;
        *tree->error = search->error;
        return -search->error.code;
    }
    for (size_t i = 0; i < search->identities->count && !ours; i++)
        ours = identity_recipient(&search->identities->items[i]);
    return sops_fail_no_match(tree, search->metadata, had, ours);
}

struct shares {
    struct secret items[METADATA_MOST_GROUPS];
    size_t count;
};

static void free_shares(struct shares *shares)
{
    for (size_t i = 0; i < shares->count; i++)
        secret_free(&shares->items[i]);
}

static int join_groups(struct search *search, struct secret *data_key)
{
    const struct metadata *metadata = search->metadata;
    AUTO(free_shares) struct shares shares = {.count = 0};
    for (size_t i = 0; i < metadata->group_count; i++)
        if (open_group(search, &metadata->groups[i], &shares.items[shares.count]))
            shares.count++;
    if (shares.count == 0 || shares.count < sops_needed_groups(metadata))
        return fail(search, shares.count);
    if (!shamir_combine(shares.items, shares.count, data_key))
        return tree_fail(search->tree, FAULT_CORRUPT, 0,
                         "has key groups that do not belong together; restore it");
    return 0;
}

static int recover_key(const struct identities *identities, struct tree *tree,
                       const struct metadata *metadata, struct secret *data_key)
{
    struct search search = {.identities = identities, .tree = tree, .metadata = metadata};
    if (metadata->group_count > 1)
        return join_groups(&search, data_key);
    return open_group(&search, &metadata->groups[0], data_key) ? 0 : fail(&search, 0);
}

int sops_open(const struct identities *identities, const char *name, enum sops_format format,
              const struct secret *text, struct sops *sops, enum fault *fault, struct error *error)
{
    struct arena *arena = arena_new();
    auto_secret data_key = {0};
    struct tree tree = {.arena = arena,
                        .name = name,
                        .fault = fault,
                        .error = error,
                        .documents = {.kind = NODE_LIST}};
    struct metadata metadata = {0};
    int code = sops_read(&tree, format, text, &metadata);
    if (code == 0)
        code = recover_key(identities, &tree, &metadata, &data_key);
    if (code == 0)
        code = sops_release(&tree, &metadata, &data_key, sops);
    if (code < 0)
        arena_free(arena);
    return code;
}
