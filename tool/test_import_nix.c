/* What the readers of `ebb import` make of each field, and of input that is strange: it is carried
 * over or listed, and never too much for them. */
#include "base/testdata/scratch.h"

#include "plan/scfg.h"
#include "tool/import.h"

static struct import new_import(struct arena *arena, const char *format)
{
    return (struct import){.arena = arena, .format = format, .from = "test"};
}

static int read_text(struct import *import, const char *text, size_t length, struct error *error)
{
    bool live = strcmp(import->format, "live-boot") == 0;
    int code = (live ? import_live : import_nix)(import, text, length, error);
    if (code == 0)
        import_settle(import);
    return code;
}

/* Everything from the first persist block on, and a line "!" for each loss; for free(3). */
static char *imported(const char *format, const char *text)
{
    auto_arena arena = arena_new();
    struct import import = new_import(arena, format);
    struct import_volume volume = {.store = "/p", .name = "v", .path = "/"};
    struct error error;
    char *written = NULL, *result = NULL;
    size_t size;
    if (strcmp(format, "live-boot") == 0)
        volume.store = "persistence";
    import.volumes = &volume;
    import.volume_count = 1;
    if (read_text(&import, text, strlen(text), &error) < 0)
        fail_msg("%s: %s", text, error.text);
    FILE *stream = open_memstream(&written, &size);
    import_write(&import, stream);
    fclose(stream);
    stream = open_memstream(&result, &size);
    for (size_t i = 0; i < import.loss_count; i++)
        fprintf(stream, "! %s: %s %s\n", import.losses[i].store, import.losses[i].object,
                import.losses[i].reason);
    char *block = strstr(written, "\n\n");
    fputs(block ? block + 2 : "", stream);
    fclose(stream);
    free(written);
    return result;
}

struct example {
    const char *format, *input, *result;
};

static void assert_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        auto_string result = imported(examples[i].format, examples[i].input);
        if (strcmp(result, examples[i].result) != 0)
            fail_msg("%s:\n%s, not\n%s", examples[i].input, result, examples[i].result);
    }
}

#define STORE(inside) "{\"/p\": {" inside "}}"
#define DIRS(list) STORE("\"directories\": [" list "]")
#define FILES(list) STORE("\"files\": [" list "]")
#define BLOCK(inside) "persist v:/ {   # /p\n" inside "}\n"
#define IM "impermanence"
#define PR "preservation"

static void test_paths_of_any_kind(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {IM, DIRS("\"/a/./b//c/\", \"rel\""), BLOCK("    dir /a/b/c\n    dir /rel\n")},
        {PR, DIRS("\"rel\""), "! /p: rel is relative; write the whole path\n"},
        {IM, DIRS("\"/a/../b\""), "! /p: /a/../b contains \"..\"; write the path that it means\n"},
        {IM, DIRS("\"/a b\", \"/a'\\\"\\\\\", \"/a=b\", \"/%s\", \"/-\", \"/#\", \"/\u00fc\""),
         BLOCK("    dir \"/a b\"\n    dir \"/a'\\\"\\\\\"\n    dir \"/a=b\"\n    dir /%s\n    dir "
               "/-\n"
               "    dir /#\n    dir /\u00fc\n")},
        {IM, FILES("\"/a\\nb\""),
         "! /p: /a\\x0ab has a control character, such as a new line, so it cannot be written; "
         "rename it\n"},
        {IM, FILES("\"/a\\u0000b\""),
         "! /p: /a has a control character, such as a new line, so it cannot be written; rename "
         "it\n"},
        {IM, FILES("\"/\xff\""), "! /p: /\\xff is not UTF-8, so it cannot be written; rename it\n"},
        {IM, FILES("\"/\\ud800\""),
         "! /p: /\uFFFD has U+FFFD, the mark of a character that JSON could not tell; write it "
         "yourself\n"},
        {IM, FILES("\"\""), "! /p:  is empty; name the path\n"},
        {IM, DIRS("\"/\""),
         "! /p: / is the root, which is thrown away at every boot; name the folders to keep\n"},
        {IM, DIRS("\"/run/x\""),
         "! /p: /run/x lies in a folder that is made anew at every boot; "
         "leave it out\n"},
        {IM, "{\"p\": {\"files\": [\"/a\"]}}",
         "! p: /a lies in a store whose path is relative; correct it\n"},
        {IM, "{\"/p\\nx\": {\"files\": [\"/a\"]}}",
         "! /p\\x0ax: /a lies in a store whose path has a control character, such as a new line, "
         "so "
         "it cannot be written; rename it\n"},
        {IM, DIRS("\"/a\", \"/a/\", {\"directory\": \"/a\", \"mode\": \"0700\"}"),
         "! /p: /a is declared again and otherwise than in \"/p\", which holds; decide for one of "
         "the two\n" BLOCK("    dir /a\n")},
        {IM,
         DIRS("{\"directory\": \"/a/b\", \"hideMount\": true}, \"/a\", {\"directory\": "
              "\"/a/c\", \"mode\": \"0700\"}"),
         "! /p: /a/c is kept as part of \"/a\", without the owner, mode or options that are "
         "declared for it alone; see the comment in its place\n" BLOCK(
             "    # dir /a/b options=hide   # part of /a\n    dir /a\n"
             "    # dir /a/c mode=0700   # part of /a\n")},
        {IM, STORE("\"directories\": [\"/a/b\"], \"files\": [\"/a\"]"),
         "! /p: /a/b lies below \"/a\", which is declared as a file; correct one of the "
         "two\n" BLOCK("    file /a\n")},
        {IM,
         DIRS("\"/a\", \"/a/b/c\", {\"directory\": \"/a/b\", \"persistentStoragePath\": "
              "\"/p/2\"}"),
         "! /p: /a/b/c lies in \"/a/b\" of another store, which lies in \"/a\" of this one; keep "
         "it in the other store\n" BLOCK("    dir /a\n") "\npersist v:/2 {   # /p/2\n    dir "
                                                         "/a/b\n}\n"},
    };
    assert_examples(examples, ARRAY_LENGTH(examples));
}

#define HOME(user, lists) STORE("\"users\": {\"" user "\": {" lists "}}")

static const struct example fields[] = {
    {IM,
     DIRS("{\"directory\": \"/a\", \"user\": \"u\", \"group\": \"0\", \"mode\": "
          "\"u=rwx,g=rx,o=\"}"),
     BLOCK("    dir /a owner=u mode=0750\n")},
    {IM,
     DIRS("{\"directory\": \"/a\", \"mode\": \"rwx\", \"user\": \"j.d\", \"odd\": 1, "
          "\"no\": false}"),
     "! /p: /a its \"odd\" is not known here; see what it means for you\n"
     "! /p: /a its user \"j.d\" is more than letters, digits, - and _; write the number\n"
     "! /p: /a its mode \"rwx\" is not understood; write octal digits\n" BLOCK("    dir /a\n")},
    {IM,
     STORE("\"hideMounts\": true, \"allowTrash\": true, \"directories\": [\"/a\", "
           "{\"directory\": \"/b\", \"hideMount\": false}], \"files\": "
           "[\"/etc/machine-id\"]"),
     BLOCK("    dir /a options=hide,trash\n    dir /b options=trash\n"
           "    file /etc/machine-id\n")},
    {IM, FILES("{\"file\": \"/a\", \"method\": \"symlink\"}, \"/etc/shadow\""),
     BLOCK("    file /a method=symlink\n"
           "    file /etc/shadow   # replaced by renaming; method=copy survives that\n")},
    {IM, FILES("{\"file\": \"/a/b\", \"parentDirectory\": {\"mode\": \"0700\"}}"),
     "! /p: /a was to be made with owner root, group root, mode 0700; Ebb makes parents "
     "root's, "
     "0755: declare it as a folder, or let the generation have it\n" BLOCK("    file /a/b\n")},
    {IM, STORE("\"enable\": false, \"files\": [\"/a\"]"), ""},
    {IM,
     HOME("u", "\"directories\": [\"a\", {\"directory\": \"b\", \"home\": \"/h\", "
               "\"mode\": \"0700\"}], \"files\": [\"c\"]"),
     BLOCK("    home u path=/h {\n        dir a mode=0755\n        dir b\n"
           "        file c\n    }\n")},
    {IM,
     DIRS("{\"directory\": \"b\", \"dirPath\": \"/home/u/b\", \"home\": \"/home/u\", "
          "\"user\": \"u\", \"group\": \"g\", \"mode\": \"0700\"}"),
     BLOCK("    home u {\n        dir b group=g\n    }\n")},
    {IM, HOME("j.d", "\"files\": [\"c\"]"),
     "! /p: c belongs to a user whose name is a number, or more than letters, digits, - and _; "
     "keep the "
     "whole home as a folder\n"},
    {PR,
     HOME("u", "\"home\": \"/h\", \"homeGroup\": \"g\", \"directories\": ["
               "{\"directory\": \"/h/.x\", \"how\": \"_intermediate\", \"user\": \"u\"}, "
               "{\"directory\": \"/h/.x/y\", \"user\": \"u\", \"group\": \"g\", \"mode\": "
               "\"0700\"}, {\"directory\": \"/h\", \"user\": \"u\", \"group\": \"g\"}]"),
     "! /p: /h/.x/y is kept as part of \"/h\", without the owner, mode or options that are "
     "declared for it alone; see the comment in its place\n" BLOCK(
         "    dir /h owner=u group=g\n    home u path=/h {\n"
         "        # dir .x/y   # part of /h\n    }\n")},
    {PR, HOME("u", "\"home\": \"/h\", \"files\": [{\"file\": \"/h/f\"}, {\"file\": \"/g/f\"}]"),
     BLOCK("    file /g/f owner=u\n    home u path=/h {\n        file f mode=0644\n"
           "    }\n")},
    {PR,
     DIRS("{\"directory\": \"/a\", \"mode\": \":0700\", \"mountOptions\": [\"bind\", "
          "\"ro,nodev\", {\"name\": \"size\", \"value\": \"3\"}, 4]}"),
     "! /p: /a its mount option \"size=3\" has no counterpart; Ebb has ro, noexec, nosuid, "
     "nodev, hide and trash\n"
     "! /p: /a mount option 4 is neither text nor an object with a name; correct it\n" BLOCK(
         "    dir /a mode=0700 options=ro,nodev existing=keep\n")},
    {PR,
     STORE("\"commonMountOptions\": [{\"name\": \"x-gvfs-hide\", \"value\": null}], "
           "\"directories\": [\"/a\", {\"directory\": \"/b\", \"how\": \"symlink\"}]"),
     "! /p: /b is to be a link; Ebb links files only, so the folder is bound\n" BLOCK(
         "    dir /a options=hide\n    dir /b\n")},
    {PR,
     FILES("{\"file\": \"/etc/machine-id\", \"how\": \"symlink\", \"inInitrd\": true, "
           "\"mode\": \"0444\", \"createLinkTarget\": true}"),
     BLOCK("    file /etc/machine-id\n")},
    {IM, STORE("\"directories\": {}, \"files\": [3, {\"file\": 3}], \"users\": {\"u\": 3}"),
     "! /p: directories its \"directories\" is an object, not a list; correct it\n"
     "! /p: file 1 is neither a path nor an object with a \"file\"; correct it\n"
     "! /p: file 2 is neither a path nor an object with a \"file\"; correct it\n"
     "! /p: u is no object of a user; correct it\n"},
};

static void test_fields(void **state)
{
    (void)state;
    assert_examples(fields, ARRAY_LENGTH(fields));
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int from, mode;
    } cases[] = {
        {"0755", 0, 0755},    {"7777", 0, 07777},       {"17777", 0, -1},
        {"0788", 0, -1},      {"", 0755, -1},           {"u=rwx,g=,o=", 0755, 0700},
        {"a=rx", 0777, 0555}, {"=", 0777, 0},           {"go-rx", 0755, 0700},
        {"+t", 0755, 01755},  {"u+s,g+s", 0755, 06755}, {"ug=rwX,o=", 0, 0770},
        {"u=rwx,", 0755, -1}, {"u", 0755, -1},          {"g=u", 0755, -1},
        {"u=r+w-r", 0, 0200}, {"o=t", 0755, 01750},     {"u=rwx;g=", 0755, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int mode = import_mode(cases[i].text, cases[i].from);
        if (mode != cases[i].mode)
            fail_msg("\"%s\": %o, not %o", cases[i].text, (unsigned)mode, (unsigned)cases[i].mode);
    }
}

static void test_unreadable(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } cases[] = {
        {"", "unexpected end of data"},
        {"[]", "is no object of stores"},
        {"null", "is no object of stores"},
        {"{\"/p\": {}", "unexpected end of data"},
        {"{\"/p\": {}} {}", "unexpected"},
        {"{\"/p\": {\"files\": [\"/a\"], \"files\": [\":\\\":\"]}}", "two fields of one name"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "nesting too deep"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        struct import import = new_import(arena, IM);
        struct error error;
        size_t length = strlen(cases[i].text);
        assert_int_equal(read_text(&import, cases[i].text, length, &error), -EINVAL);
        assert_contains(error.text, cases[i].what);
    }
    auto_arena arena = arena_new();
    struct import import = new_import(arena, IM), live = new_import(arena, "live-boot");
    struct error error;
    assert_int_equal(read_text(&import, "{}\0", 3, &error), -EINVAL);
    assert_contains(error.text, "has a NUL or more than one value, at byte 2");
    assert_int_equal(read_text(&live, "/a\0b", 4, &error), -EINVAL);
}

/* What is written has the syntax of ebb.conf, whatever was read. */
static void assert_syntax(struct arena *arena, const struct import *import)
{
    struct report report = {.arena = arena};
    struct scfg_directive *directives = NULL;
    size_t count = 0, size = 0;
    char *written = NULL;
    FILE *stream = open_memstream(&written, &size);
    import_write(import, stream);
    fclose(stream);
    scfg_parse(arena, "conf", written, size, &directives, &count, &report);
    if (report.count)
        fail_msg("%s, in:\n%s", report.problems[0].text, written);
    free(written);
    assert_true(!import->entry_count || import->loss_count || count > 0);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(directives[i].words[0].text, "persist");
}

/* Cut off anywhere, or with any byte changed, it is read or refused. */
static void test_damaged(void **state)
{
    (void)state;
    static const char bytes[] = "\"\\{}[]:,0u\xff\n";
    struct error error;
    auto_string text = NULL;
    size_t length = 0, whole = 0, refused = 0;
    assert_int_equal(
        path_read(AT_FDCWD, "tool/testdata/server.json", SIZE_MAX, &text, &length, &error), 0);
    for (size_t i = 0; i < 2 * length; i += 7) {
        auto_arena arena = arena_new();
        struct import import = new_import(arena, i % 2 ? PR : IM);
        char *copy = arena_copy(arena, text, length);
        size_t size = i < length ? i : length;
        if (i >= length)
            copy[i - length] = bytes[i % strlen(bytes)];
        else
            copy[size] = '\0';
        int code = read_text(&import, copy, size, &error);
        refused += code < 0;
        if (code == 0)
            assert_syntax(arena, &import);
        whole += code == 0 && import.entry_count > 0;
        if (i < length && code == 0)
            fail_msg("%zu bytes of it are read as if it were all", i);
    }
    assert_true(whole > 100 && refused > length / 7);
}

static void test_damaged_lines(void **state)
{
    (void)state;
    static const char bytes[] = "\n \t#,/.\\\"{};=\xff\x01\xc3";
    struct error error;
    auto_string text = NULL;
    size_t length = 0, kept = 0;
    assert_int_equal(
        path_read(AT_FDCWD, "tool/testdata/persistence.conf", SIZE_MAX, &text, &length, &error), 0);
    for (size_t i = 0; i < length * strlen(bytes); i++) {
        auto_arena arena = arena_new();
        struct import import = new_import(arena, "live-boot");
        char *copy = arena_copy(arena, text, length);
        copy[i / strlen(bytes)] = bytes[i % strlen(bytes)];
        assert_int_equal(read_text(&import, copy, length, &error), 0);
        assert_syntax(arena, &import);
        kept += import.entry_count;
    }
    assert_true(kept > length * strlen(bytes) * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_of_any_kind),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_damaged_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
