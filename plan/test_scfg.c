/* The syntax: what is a word, where it stands, that printing and reading are inverse, and that no
 * text whatsoever brings the parser down. */

#include "plan/testing.h"

#include <sys/mman.h>

struct parsed {
    struct arena *arena;
    struct scfg_directive *list;
    size_t count;
    struct report report;
};

static void parsed_cleanup(struct parsed *parsed)
{
    arena_free(parsed->arena);
}
#define auto_parsed AUTO(parsed_cleanup) struct parsed

static struct parsed parse(const char *text, size_t length)
{
    struct parsed parsed = {.arena = arena_new()};
    parsed.report.arena = parsed.arena;
    scfg_parse(parsed.arena, "x", text, length, &parsed.list, &parsed.count, &parsed.report);
    return parsed;
}

/* `line:column:word`, with quotes where there were some, and braces. */
static void dump(const struct scfg_directive *list, size_t count, FILE *stream)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < list[i].word_count; j++) {
            const struct scfg_word *word = &list[i].words[j];
            assert_string_equal(word->origin.file, "x");
            fprintf(stream, word->quoted ? "%u:%u:'%s' " : "%u:%u:%s ", word->origin.line,
                    word->origin.column, word->text);
        }
        if (list[i].has_block) {
            fputs("{ ", stream);
            dump(list[i].children, list[i].child_count, stream);
            fputs("} ", stream);
        } else {
            fputs("; ", stream);
        }
    }
}

/* clang-format off */
static const struct {
    const char *text, *dump;
} good[] = {
    {"", ""},
    {" \t\n\r\n# only a comment", ""},
    {"a", "1:1:a ; "},
    {"a b\tc  d", "1:1:a 1:3:b 1:5:c 1:8:d ; "},
    {"  a\n\n b\n", "1:3:a ; 3:2:b ; "},
    {"a\r\nb c\r\n", "1:1:a ; 2:1:b 2:3:c ; "},
    {"a; b;;c;", "1:1:a ; 1:4:b ; 1:7:c ; "},
    {"a #b\nc#d #\n", "1:1:a ; 2:1:c#d ; "},
    {"a ;#b\nc", "1:1:a ; 2:1:c ; "},
    {"# a { \"\nb", "2:1:b ; "},
    {"a {}", "1:1:a { } "},
    {"a { b; c } ; d", "1:1:a { 1:5:b ; 1:8:c ; } 1:14:d ; "},
    {"a { b { c } }", "1:1:a { 1:5:b { 1:9:c ; } } "},
    {"a b {\n  c d\n}\n", "1:1:a 1:3:b { 2:3:c 2:5:d ; } "},
    {"a { # why\n} # so\nb", "1:1:a { } 3:1:b ; "},
    {"a {b\n}", "1:1:a { 1:4:b ; } "},
    {"\"a\" 'b'", "1:1:'a' 1:5:'b' ; "},
    {"a \"\" ''", "1:1:a 1:3:'' 1:6:'' ; "},
    {"a \"b # c; d { }\"", "1:1:a 1:3:'b # c; d { }' ; "},
    {"a \"b'c\" 'd\"e'", "1:1:a 1:3:'b'c' 1:9:'d\"e' ; "},
    {"a \"b\\\"c\\\\d\\e\" 'f\\g'", "1:1:a 1:3:'b\"c\\de' 1:15:'f\\g' ; "},
    {"a b\\ c \\#d \\\"e \\\\f \\{ \\n", "1:1:a 1:3:b c 1:8:#d 1:12:\"e 1:16:\\f 1:20:{ 1:23:n ; "},
    {"a b=\"c d\"e'f g'", "1:1:a 1:3:b=c def g ; "},
    {"a \"b\"c", "1:1:a 1:3:'bc' ; "},
    {"é \"ü ö\" x\n", "1:1:é 1:3:'ü ö' 1:9:x ; "},
    {"\xf0\x9f\x8c\x8a x", "1:1:\xf0\x9f\x8c\x8a 1:3:x ; "},
    {"\xef\xbb\xbf" "a", "1:1:a ; "},
    {"a \xef\xbb\xbf", "1:1:a 1:3:\xef\xbb\xbf ; "},
    {"\xc2\xa0 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf",
     "1:1:\xc2\xa0 1:3:\xed\x9f\xbf 1:5:\xee\x80\x80 1:7:\xf4\x8f\xbf\xbf ; "},
};

/* What is kept of a text with errors, so that whatever else is wrong is found in the same run. */
static const struct {
    const char *text, *dump;
    size_t errors;
} bad[] = {
    {"a \"b\nc", "2:1:c ; ", 1},
    {"a 'b {\nc\n}\nd", "4:1:d ; ", 1},
    {"a { b \"c }\nd", "1:1:a { } 2:1:d ; ", 1},
    {"a { \"b }\n} c\n", "1:1:a { } 2:3:c ; ", 2},
    {"a \"b } \nc", "2:1:c ; ", 2},
    {"a \\\n b\nc", "3:1:c ; ", 1},
    {"a \\", "", 1},
    {"a {\nb", "1:1:a { 2:1:b ; } ", 1},
    {"a { b {", "1:1:a { 1:5:b { } } ", 2},
    {"}\na", "2:1:a ; ", 1},
    {"{\na\n}\nb", "4:1:b ; ", 1},
    {"a b{c }d", "1:1:a 1:3:b{c ; 1:8:d ; ", 1},
    {"a { } b\nc", "1:1:a { } 2:1:c ; ", 1},
    {"a\x01", "", 1},
    {"a\xff\nb", "", 1},
};
/* clang-format on */

static void check(const char *text, const char *expected, size_t errors)
{
    auto_string told = NULL;
    size_t length = 0;
    auto_parsed parsed = parse(text, strlen(text));
    FILE *stream = open_memstream(&told, &length);
    assert_non_null(stream);
    dump(parsed.list, parsed.count, stream);
    fclose(stream);
    assert_string_equal(told, expected);
    assert_int_equal(parsed.report.errors, errors);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        check(good[i].text, good[i].dump, 0);
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        check(bad[i].text, bad[i].dump, bad[i].errors);
}

/* The text need not end with a NUL, and nothing behind its end is looked at. */
static void test_end(void **state)
{
    (void)state;
    static const char text[] = "a \"b\" c\\d {e\n}";
    for (size_t length = 0; length < sizeof(text); length++) {
        auto_string exact = malloc(length + 1); /* malloc(0) may be NULL */
        assert_non_null(exact);
        char *end = exact + 1;
        memcpy(end, text, length);
        auto_parsed parsed = parse(end, length);
        assert_true(parsed.count <= 1);
    }
}

/* What a directive is printed as, for free(3). */
static char *printed(const struct scfg_directive *list, size_t count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    for (size_t i = 0; i < count; i++)
        scfg_print(&list[i], 0, stream);
    fclose(stream);
    return text;
}

/* clang-format off */
static const struct {
    const char *text, *printed;
} forms[] = {
    {"a   b;c", "a b\nc\n"},
    {"a { b { c }; d }", "a {\n    b {\n        c\n    }\n    d\n}\n"},
    {"a \"b\" 'c d'", "a \"b\" \"c d\"\n"},
    {"a b=c 'b=c' b=\"c d\"", "a b=c \"b=c\" b=\"c d\"\n"},
    {"a \\#b b#c \\{ b{} \\}", "a \"#b\" b#c \"{\" b{} \"}\"\n"},
    {"a \"\\\\\" \\\" 'x\"y'", "a \"\\\\\" \"\\\"\" \"x\\\"y\"\n"},
    {"a ''", "a \"\"\n"},
    {"a UUID=1 LABEL=\"x y\"", "a UUID=1 LABEL=\"x y\"\n"},
};
/* clang-format on */

static void test_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        auto_parsed parsed = parse(forms[i].text, strlen(forms[i].text));
        auto_string text = printed(parsed.list, parsed.count);
        assert_string_equal(text, forms[i].printed);
    }
    auto_parsed parsed = parse("a\nb {\n c\n d\n}\n", 14);
    parsed.list[0].dropped = parsed.list[1].children[0].dropped = true;
    auto_string text = printed(parsed.list, parsed.count);
    assert_string_equal(text, "b {\n    d\n}\n");
}

static uint64_t random_state;

static size_t below(size_t limit)
{
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (size_t)(random_state >> 33) % limit;
}

static bool is_option(const struct scfg_word *word)
{
    size_t length = strspn(word->text, "abcdefghijklmnopqrstuvwxyz-");
    return !word->quoted && length > 0 && word->text[length] == '=';
}

/* Words of nasty characters come back as they were, an option as an option, and printing the
 * result again changes nothing. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a", "mode", "=", " ", "\t", "\"", "'", "\\",
                                         "#", ";",    "{", "}", "/",  "é",  "-", "="};
    random_state = 1;
    for (unsigned round = 0; round < 20000; round++) {
        char texts[4][64] = {"name"};
        struct scfg_word words[4] = {{.text = texts[0]}};
        struct scfg_directive directive = {.words = words, .word_count = 1 + below(4)};
        for (size_t i = 1; i < directive.word_count; i++) {
            for (size_t pieces_left = below(7); pieces_left > 0; pieces_left--)
                strcat(texts[i], pieces[below(ARRAY_LENGTH(pieces))]);
            words[i] = (struct scfg_word){.text = texts[i], .quoted = below(2) || !*texts[i]};
        }
        auto_string first = printed(&directive, 1);
        auto_parsed parsed = parse(first, strlen(first));
        assert_int_equal(parsed.report.count, 0);
        assert_int_equal(parsed.count, 1);
        assert_int_equal(parsed.list->word_count, directive.word_count);
        for (size_t i = 0; i < directive.word_count; i++) {
            assert_string_equal(parsed.list->words[i].text, words[i].text);
            assert_int_equal(is_option(&parsed.list->words[i]), is_option(&words[i]));
        }
        auto_string second = printed(parsed.list, 1);
        assert_string_equal(second, first);
    }
}

/* ebb.conf in memory: ten thousand files would wait for the disk. */
static int memory = -1;

static void put(const char *text, size_t length)
{
    assert_int_equal(ftruncate(memory, 0), 0);
    assert_int_equal(pwrite(memory, text, length, 0), length);
}

/* The whole way of one text, true if nothing is wrong with it. Then its merged form is good, too,
 * and final. */
static bool digest(const char *text, size_t length)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    put(text, length);
    auto_config config = config_load("ebb.conf", NULL, &report);
    config_check(config, &report);
    for (size_t i = 0; i < report.count; i++)
        assert_true(*report.problems[i].text && *report.problems[i].origin.file);
    auto_string merged = printed(config->directives, config->directive_count);
    if (report.errors)
        return false;
    put(merged, strlen(merged));
    auto_config again = config_load("ebb.conf", NULL, &report);
    config_check(again, &report);
    auto_string final = printed(again->directives, again->directive_count);
    if (report.errors || strcmp(final, merged) != 0)
        fail_msg("of\n%s\nwas printed\n%s\nand then\n%s", text, merged, final);
    assert_int_equal(again->override_count, 0);
    return true;
}

/* One to four edits: a byte set, a piece put in, taken out, or copied from elsewhere. */
static size_t mutate(char *text, size_t length, size_t room)
{
    static const char *const pieces[] = {
        "\"", "'",    "\\",  "{",  "}", "#", ";",     "\n",     " ",        "=",
        "é",  "\xff", "../", "//", "*", "-", "mode=", "dir /a", "include ", "persist state:/ {\n"};
    for (size_t edits = 1 + below(4); edits > 0; edits--) {
        size_t at = below(length + 1), kind = below(4), span = 1 + below(30);
        if (span > length - at)
            span = length - at;
        if (kind == 0 && at < length) {
            text[at] = (char)below(256);
        } else if (kind == 1) {
            memmove(text + at, text + at + span, length - at - span);
            length -= span;
        } else {
            char copy[32];
            const char *piece = pieces[below(ARRAY_LENGTH(pieces))];
            size_t size = 0;
            for (; piece[size]; size++)
                copy[size] = piece[size];
            if (kind == 3) {
                size = below(length < sizeof(copy) ? length + 1 : sizeof(copy));
                memcpy(copy, text + below(length - size + 1), size);
            }
            if (length + size > room)
                continue;
            memmove(text + at + size, text + at, length - at);
            memcpy(text + at, copy, size);
            length += size;
        }
    }
    return length;
}

static const char *const seeds[] = {"minimal", "workstation", "overlay",
                                    "volumes", "hooks",       "tree"};

static void test_mutations(void **state)
{
    (void)state;
    random_state = 1;
    char *texts[ARRAY_LENGTH(seeds)];
    size_t lengths[ARRAY_LENGTH(seeds)];
    for (size_t i = 0; i < ARRAY_LENGTH(seeds); i++) {
        char name[64];
        snprintf(name, sizeof(name), "plan/testdata/%s.conf", seeds[i]);
        texts[i] = content_of(name, &lengths[i]);
    }
    assert_int_equal(enter_cases(state), 0);
    write_files("=== common.inc\nroot overlay\ninclude ebb.conf\n"
                "=== tree/role.conf\ninclude ../common.inc\nvolume state LABEL=x { fs xfs }\n"
                "=== tree/conf.d/a.conf\n");
    char place[64];
    memory = memfd_create("ebb.conf", MFD_CLOEXEC);
    snprintf(place, sizeof(place), "/proc/self/fd/%d", memory);
    assert_int_equal(unlink("ebb.conf"), 0);
    assert_int_equal(symlink(place, "ebb.conf"), 0);
    unsigned rounds = 10000, whole = 0;
    for (unsigned round = 0; round < rounds; round++) {
        char text[4096];
        size_t seed = round % ARRAY_LENGTH(seeds);
        assert_true(lengths[seed] <= sizeof(text) / 2);
        memcpy(text, texts[seed], lengths[seed]);
        whole += digest(text, mutate(text, lengths[seed], sizeof(text) - 1));
    }
    assert_in_range(whole, rounds / 20, rounds / 2); /* both ways were gone */
    for (size_t i = 0; i < ARRAY_LENGTH(seeds); i++)
        free(texts[i]);
    memory_close_fd(&memory);
    assert_int_equal(leave_scratch(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_bad),
        cmocka_unit_test(test_end),        cmocka_unit_test(test_print),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
