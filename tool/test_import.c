/* `ebb import`: what comes out of each format, word for word, and reads back; where it is written;
 * and that nothing of what people keep is lost. */
#include "base/testdata/scratch.h"

#include "plan/make.h"
#include "tool/verb.h"

static char *repository;

#define IM "impermanence"
#define PR "preservation"

/* The verb in a process of its own: its exit status, and what it wrote into the files "out" and
 * "err" of the current folder. */
static int run_verb(const char *const *arguments)
{
    char *argv[16] = {"import"};
    int argc = 1, status;
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)arguments[argc - 1];
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        bool ready = freopen("out", "w", stdout) && freopen("err", "w", stderr);
        int code = ready ? verb_import(argc, argv) : 99;
        fflush(NULL);
        _exit(code);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define VERB(...) run_verb((const char *const[]){__VA_ARGS__, NULL})

/* UPDATE=1 rewrites what is expected. */
static void assert_golden(const char *format, const char *input, const char *golden,
                          const char *store, int code)
{
    must_run("cp '%s/tool/testdata/%s' .", repository, input);
    assert_int_equal(VERB(format, input, "--volume", store), code);
    if (getenv("UPDATE"))
        must_run("cp out '%s/tool/testdata/%s'", repository, golden);
    must_run("diff -u '%s/tool/testdata/%s' out >&2", repository, golden);
    /* what is lost is told twice: to who runs it, and to who reads the file */
    must_run("sed -n 's/^#   \\(.*: \".*\\)/ebb: not carried over: \\1/p' out | diff -u - err >&2");
}

static void test_golden(void **state)
{
    (void)state;
    assert_golden(IM, "workstation.json", "workstation.conf", "/persist=state", EXIT_NO);
    assert_golden(PR, "server.json", "server.conf", "/persist=state:/os", EXIT_NO);
    assert_golden("live-boot", "persistence.conf", "live.conf", "persistence=state", EXIT_NO);
}

static void test_output(void **state)
{
    (void)state;
    put("in", "/var/log\n");
    put("lost", "/a union\n");
    put("kept", "mine\n");
    assert_int_equal(VERB("live-boot", "in", "-o", "kept"), EXIT_NO);
    assert_content("kept", "mine\n");
    assert_content("err", "ebb: \"kept\" exists already, and is left as it is; name another file, "
                          "or add --force\n");
    assert_int_equal(VERB("live-boot", "in", "-o", "kept", "--force", "--volume", "persistence=a"),
                     EXIT_DONE);
    assert_content("kept", "# From in, by `ebb import live-boot`. ebb.conf(5) tells what it means."
                           "\n\npersist a:/ {   # persistence\n    dir /var/log\n}\n");
    assert_content("out", "");
    assert_int_equal(VERB("live-boot", "in", "-o", "./new"), EXIT_DONE);
    must_run("grep -q '^persist persistence:/' new && grep -q '^# volume persistence LABEL' new");
    assert_int_equal(VERB("live-boot", "in", "-o", "none/new"), EXIT_NO);
    assert_int_equal(VERB("live-boot", "lost"), EXIT_NO);
    assert_int_equal(VERB("live-boot", "none"), EXIT_USAGE);
    assert_int_equal(VERB("live-boot", "."), EXIT_USAGE);
    assert_int_equal(VERB("live-boot"), EXIT_USAGE);
    assert_int_equal(VERB("dead-boot", "in"), EXIT_USAGE);
    assert_int_equal(VERB("live-boot", "in", "--volume", "state"), EXIT_USAGE);
    assert_int_equal(VERB("live-boot", "in", "--volume", "/x=a"), EXIT_DONE);
    assert_content("err", "ebb: ignoring --volume /x=a: no store of \"in\" with anything to keep "
                          "has this name\n");
    must_run("truncate -s 17M huge");
    assert_int_equal(VERB(IM, "huge"), EXIT_USAGE);
}

static const char head[] = "volume state LABEL=s { fs ext4; }\ngenerations state:/generations\n";

/* The configuration in the file "conf" has no errors, and so many entries. */
static void assert_loads(size_t entries)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load("conf", NULL, &report);
    config_check(config, &report);
    for (size_t i = 0; i < report.count; i++)
        print_error("%u: %s\n", report.problems[i].origin.line, report.problems[i].text);
    assert_int_equal(report.errors, 0);
    assert_int_equal(config->entry_count, entries);
}

/* What is written reads back as what was meant, whatever the name. */
static void test_reads_back(void **state)
{
    (void)state;
    static const char *const names[] = {"/a b", "/a'\\\"\\\\c", "/mode=0700", "/{",
                                        "/#x",  "/;",           "/\u00fc",    "/%s",
                                        "/-",   "/$HOME",       "/`x`",       "/*"};
    FILE *stream = fopen("in", "we");
    fputs("{\"/p\": {\"directories\": [\"/x\"", stream);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        fprintf(stream, ", {\"directory\": \"%s\", \"user\": \"u\", \"mode\": \"1770\"}", names[i]);
    fputs("]}}", stream);
    fclose(stream);
    put("conf", head);
    assert_int_equal(VERB(IM, "in", "--volume", "/p=state"), EXIT_DONE);
    must_run("cat out >> conf");
    assert_loads(1 + ARRAY_LENGTH(names));
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load("conf", NULL, &report);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const struct persist_entry *entry = config->entries[i + 1];
        assert_string_equal(entry->target, i == 1 ? "/a'\"\\c" : names[i]);
        assert_string_equal(entry->owner, "u");
        assert_int_equal(entry->mode, 01770);
    }
}

/* Columns of the list of what people keep: repos, scope, kind, path, mode, user, group. */
static void print_path(FILE *stream, char **columns, const char *scope, bool file, bool *first)
{
    if (strcmp(columns[1], scope) != 0 || (strcmp(columns[2], "file") == 0) != file)
        return;
    fprintf(stream, "%s{\"%s\": \"%s\"", *first ? "" : ",\n", columns[2], columns[3]);
    if (!file && *columns[4])
        fprintf(stream, ", \"mode\": \"%s\"", columns[4]);
    if (!file && *columns[5])
        fprintf(stream, ", \"user\": \"%s\"", columns[5]);
    if (!file && *columns[6])
        fprintf(stream, ", \"group\": \"%s\"", columns[6]);
    fputc('}', stream);
    *first = false;
}

static void print_list(FILE *stream, const char *list, const char *scope, bool file)
{
    char row[4096];
    bool first = true;
    auto_file rows = fopen(list, "re");
    assert_non_null(rows);
    while (fgets(row, sizeof(row), rows)) {
        char *columns[8] = {0}, *rest = row;
        row[strcspn(row, "\n")] = '\0';
        for (size_t i = 0; i < 7 && rest; i++)
            columns[i] = strsep(&rest, "\t");
        if (columns[6])
            print_path(stream, columns, scope, file, &first);
    }
}

/* All paths that a survey of public configurations found: each is a line in the end, or a comment
 * that says which folder it is part of, or that it is a folder for one and a file for another. */
static void test_what_people_keep(void **state)
{
    (void)state;
    const char *places[] = {"../shared", "../../shared"};
    auto_string list = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(places) && !list; i++) {
        assert_true(asprintf(&list, "%s/%s/data/persistence-paths.tsv", repository, places[i]) > 0);
        if (access(list, R_OK) < 0)
            memory_free_string(&list), list = NULL;
    }
    if (!list) { /* no part of the repository, and nothing that MUST_WORK could have installed */
        print_message("SKIP: ../shared/data/persistence-paths.tsv is not there\n");
        return;
    }
    for (size_t users = 0; users < 2; users++) {
        FILE *stream = fopen("in", "we");
        fputs("{\"/p\": {\"directories\": [", stream);
        print_list(stream, list, "system", false);
        fputs("], \"files\": [", stream);
        print_list(stream, list, "system", true);
        fputs("], \"users\": {\"alice\": {\"directories\": [", stream);
        if (users)
            print_list(stream, list, "user", false);
        fputs("], \"files\": [", stream);
        if (users)
            print_list(stream, list, "user", true);
        fputs("]}}}}\n", stream);
        fclose(stream);
        int code = VERB(IM, "in", "--volume", "/p=state");
        assert_true(code == EXIT_DONE || code == EXIT_NO);
        auto_string lines = output_of("grep -cE '^ +(# )?(dir|file) |\" is declared again ' out");
        auto_string rows = output_of("grep -cP '^[0-9]+\\t%s' '%s'", users ? "" : "system", list);
        assert_string_equal(lines, rows);
        if (users)
            continue;
        put("conf", head);
        must_run("cat out >> conf");
        auto_string entries = output_of("grep -cE '^ +(dir|file) ' out");
        assert_loads((size_t)atoi(entries));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_golden),
        TEST(test_output),
        TEST(test_reads_back),
        TEST(test_what_people_keep),
    };
    auto_string here = repository = getcwd(NULL, 0);
    return here ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
