#include "secrets/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/armor.h"
#include "secrets/openssh.h"
#include "secrets/refusal.h"

static int open_age(const struct secret *text, struct look *look, struct error *error)
{
    unsigned char *bytes = NULL;
    size_t count = text->length;
    const char *bare = (const char *)text->bytes, *part = "armor", *objection = NULL;
    bool armored = armor_is(bare, text->length);
    if (armored)
        objection = armor_remove(bare, text->length, &bytes, &count);
    if (!objection) {
        part = "header";
        objection = header_parse(armored ? bytes : text->bytes, count, &look->header);
    }
    free(bytes);
    look->is_age = true;
    return objection ? error_set(error, EBADMSG,
                                 "the %s of \"%s\" is damaged: %s; restore it, or encrypt it again",
                                 part, look->name, objection)
                     : 0;
}

static int open_sops(const struct secret *text, struct look *look, struct error *error)
{
    enum fault fault = FAULT_NONE;
    struct arena *arena = arena_new();
    struct tree tree = {.arena = arena,
                        .name = look->name,
                        .fault = &fault,
                        .error = error,
                        .documents = {.kind = NODE_LIST}};
    int code = sops_read(&tree, sops_format_of(look->name), text, &look->metadata);
    if (code == 0)
        code = sops_list(&tree, &look->metadata, &look->sops);
    if (code < 0)
        arena_free(arena);
    return code;
}

int look_open(const char *name, const struct secret *text, struct look *look, struct error *error)
{
    *look = (struct look){.name = name};
    return age_is_file(text->bytes, text->length) ? open_age(text, look, error)
                                                  : open_sops(text, look, error);
}

void look_close(struct look *look)
{
    header_free(&look->header);
    sops_close(&look->sops);
}

static bool has_kind(const struct header *header, enum stanza_kind kind)
{
    for (size_t i = 0; i < header->count; i++)
        if (header->stanzas[i].kind == kind)
            return true;
    return false;
}

static bool is_tagged(const struct header *header, const struct recipient *recipient)
{
    unsigned char tag[OPENSSH_TAG];
    openssh_tag(recipient->point, tag);
    for (size_t i = 0; i < header->count; i++)
        if (header->stanzas[i].kind == STANZA_SSH_ED25519 &&
            memcmp(header->stanzas[i].tag, tag, sizeof(tag)) == 0)
            return true;
    return false;
}

/* As if somebody with these keys had tried. */
static void refuse_age(const struct look *look, const struct recipients *recipients,
                       struct error *error)
{
    enum fault fault;
    struct identities identities = {calloc(recipients->count + 1, sizeof(struct identity)), 0};
    if (!identities.items)
        memory_exhausted();
    for (size_t i = 0; i < recipients->count; i++) {
        const struct recipient *recipient = &recipients->items[i];
        struct identity *identity = &identities.items[identities.count++];
        bool is_ssh = recipient->kind == RECIPIENT_SSH_ED25519;
        identity->kind = is_ssh ? IDENTITY_SSH_ED25519 : IDENTITY_X25519;
        memcpy(is_ssh ? identity->ed25519 : identity->x25519, recipient->point, KEY_SIZE);
    }
    (void)refusal_explain(ENOENT, &identities, &look->header, look->name, &fault,
                          error); /* the answer is no already */
    identities_free(&identities);
}

static enum look_answer age_is_for(const struct look *look, const struct recipients *recipients,
                                   struct error *error)
{
    const struct header *header = &look->header;
    for (size_t i = 0; i < recipients->count; i++)
        if (recipients->items[i].kind == RECIPIENT_SSH_ED25519 &&
            is_tagged(header, &recipients->items[i]))
            return LOOK_YES;
    if (has_kind(header, STANZA_X25519) ||
        (!recipients->count && has_kind(header, STANZA_SSH_ED25519)))
        return LOOK_UNKNOWN;
    refuse_age(look, recipients, error);
    return LOOK_NO;
}

static bool has_group(const struct key_group *group, const struct recipients *recipients)
{
    for (size_t i = 0; i < group->age_count; i++) {
        const char *text = group->age[i].recipient;
        struct recipient recipient;
        if (recipient_parse(text, strlen(text), &recipient) &&
            recipients_have(recipients, &recipient))
            return true;
    }
    return false;
}

static enum look_answer sops_is_for(const struct look *look, const struct recipients *recipients,
                                    struct error *error)
{
    enum fault fault;
    const struct metadata *metadata = &look->metadata;
    struct tree tree = {.name = look->name, .fault = &fault, .error = error};
    size_t had = 0, age = 0;
    for (size_t i = 0; i < metadata->group_count; i++) {
        had += has_group(&metadata->groups[i], recipients);
        age += metadata->groups[i].age_count;
    }
    if (had && had >= sops_needed_groups(metadata))
        return LOOK_YES;
    if (age && !recipients->count)
        return LOOK_UNKNOWN;
    auto_string ours = recipients->count ? recipient_text(&recipients->items[0]) : NULL;
    (void)sops_fail_no_match(&tree, metadata, had, ours); /* the answer is no already */
    return LOOK_NO;
}

enum look_answer look_is_for(const struct look *look, const struct recipients *recipients,
                             struct error *error)
{
    return look->is_age ? age_is_for(look, recipients, error)
                        : sops_is_for(look, recipients, error);
}
