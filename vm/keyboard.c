/* The guest's screen and keyboard, for what a person sees and does who sits before it. */
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "vm/machine.h"

enum { CODE_SIZE = 16 };

/* The name of a key as QEMU knows it, on a keyboard of the United States. False: there is none. */
static bool name_key(char character, char name[static CODE_SIZE])
{
    static const struct {
        char character;
        const char *name;
    } keys[] = {
        {' ', "spc"},        {'-', "minus"}, {'\n', "ret"}, {'\r', "ret"},
        {'\b', "backspace"}, {'\t', "tab"},  {27, "esc"},   {VM_CAPS_LOCK[0], "caps_lock"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (keys[i].character == character)
            return snprintf(name, CODE_SIZE, "%s", keys[i].name) > 0;
    if (!isalnum((unsigned char)character))
        return false;
    return snprintf(name, CODE_SIZE, "%c", tolower((unsigned char)character)) > 0;
}

/* In bytes of UTF-8, at least one. */
static int character_length(const char *text)
{
    int length = 1;
    while (((unsigned char)text[length] & 0xc0) == 0x80)
        length++;
    return length;
}

int vm_send_keys(struct vm *vm, const char *text, struct error *error)
{
    for (; *text; text++) {
        char name[CODE_SIZE], command[256];
        if (!name_key(*text, name))
            return error_set(error, EINVAL,
                             "there is no key for \"%.*s\"; type it on the serial line",
                             character_length(text), text);
        snprintf(command, sizeof(command),
                 "{\"execute\": \"send-key\", \"arguments\": {\"keys\": [%s{\"type\": \"qcode\", "
                 "\"data\": \"%s\"}]}}",
                 isupper((unsigned char)*text) ? "{\"type\": \"qcode\", \"data\": \"shift\"}, "
                                               : "",
                 name);
        if (vm_qmp(vm, command, NULL, error) < 0)
            return -error->code;
    }
    return 0;
}

int vm_screendump(struct vm *vm, const char *path, struct error *error)
{
    struct json_object *name = json_object_new_string(path);
    auto_arena arena = arena_new();
    const char *command =
        arena_printf(arena,
                     "{\"execute\": \"screendump\", \"arguments\": {\"filename\": "
                     "%s, \"format\": \"png\"}}",
                     json_object_to_json_string(name));
    json_object_put(name);
    return vm_qmp(vm, command, NULL, error);
}
