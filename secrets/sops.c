#include "secrets/sops.h"

#include <string.h>

const char *const sops_format_names[] = {
    [SOPS_YAML] = "yaml", [SOPS_JSON] = "json",     [SOPS_DOTENV] = "dotenv",
    [SOPS_INI] = "ini",   [SOPS_BINARY] = "binary",
};

enum sops_format sops_format_of(const char *name)
{
    static const struct {
        const char *extension;
        enum sops_format format;
    } known[] = {
        {".yaml", SOPS_YAML},  {".yml", SOPS_YAML}, {".json", SOPS_JSON},
        {".env", SOPS_DOTENV}, {".ini", SOPS_INI},
    };
    const char *extension = strrchr(name, '.');
    for (size_t i = 0; extension && i < ARRAY_LENGTH(known); i++)
        if (strcmp(extension, known[i].extension) == 0)
            return known[i].format;
    return SOPS_BINARY;
}

void sops_close(struct sops *sops)
{
    for (size_t i = 0; i < sops->count; i++)
        secret_free(&sops->leaves[i].value);
    arena_free(sops->arena);
    *sops = (struct sops){0};
}

const struct sops_leaf *sops_find(const struct sops *sops, const char *key)
{
    for (size_t i = 0; i < sops->count; i++)
        if (strcmp(sops->leaves[i].key, key) == 0)
            return &sops->leaves[i];
    return NULL;
}
