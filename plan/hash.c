#include "plan/hash.h"

#include <string.h>

#include "base/memory.h"

bool hash_is_known(const char *hash)
{
    static const char *const methods[] = {"$y$", "$7$", "$2b$", "$2y$", "$6$", "$5$", "$1$"};
    for (size_t i = 0; i < ARRAY_LENGTH(methods); i++)
        if (strncmp(hash, methods[i], strlen(methods[i])) == 0)
            return true;
    return false;
}

size_t hash_method_length(const char *hash)
{
    size_t end = 1 + strcspn(hash + 1, "$");
    return hash[end] ? end + 1 : 1;
}
