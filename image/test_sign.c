#include "image/craft_pe.h"

#include "image/sign.h"

/* Two keys with their certificates, an encrypted one, and one of another kind. */
static void make_keys(void)
{
    need_tool("openssl");
    must_run("for i in one two; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $i.key -out "
             "$i.pem -subj /CN=$i -days 30 2>/dev/null || exit 1; done && "
             "openssl pkey -in one.key -aes256 -passout pass:x -out locked.key && "
             "openssl genpkey -algorithm ED25519 -out odd.key");
}

static int sign(const char *input, const char *key, const char *certificate, const char *output,
                struct error *error)
{
    size_t length;
    auto_arena arena = arena_new();
    auto_string program = content_of(input, &length);
    const void *data = program;
    if (sign_program(arena, key, certificate, &data, &length, error) < 0)
        return -error->code;
    make_file(output, data, length);
    return 0;
}

/* sbverify judges as firmware does. */
static void test_witness(void **state)
{
    (void)state;
    need_tool("sbverify");
    struct error error;
    make_keys();
    craft_pe_file("program", &(struct craft_pe){0});
    if (sign("program", "one.key", "one.pem", "signed", &error) < 0)
        fail_msg("%s", error.text);
    must_run("sbverify --cert one.pem signed >/dev/null 2>&1 && "
             "! sbverify --cert two.pem signed >/dev/null 2>&1 && "
             "! sbverify --cert one.pem program >/dev/null 2>&1");
    /* Every byte counts, in the first section and in the headers. */
    must_run("for at in 1030 300; do cp signed changed && "
             "printf x | dd of=changed bs=1 seek=$at conv=notrunc status=none && "
             "! sbverify --cert one.pem changed >/dev/null 2>&1 || exit 1; done");
}

/* There is no time in a signature, and the program before it is as it was. */
static void test_same_bytes(void **state)
{
    (void)state;
    struct error error;
    struct pe pe;
    size_t length, plain;
    auto_arena arena = arena_new();
    make_keys();
    craft_pe_file("program", &(struct craft_pe){0});
    assert_int_equal(sign("program", "one.key", "one.pem", "a", &error), 0);
    assert_int_equal(sign("program", "one.key", "one.pem", "b", &error), 0);
    assert_int_equal(sign("program", "two.key", "two.pem", "c", &error), 0);
    must_run("cmp a b && ! cmp -s a c");
    auto_string made = content_of("a", &length);
    auto_string program = content_of("program", &plain);
    assert_int_equal(pe_read(arena, "a", made, length, &pe, &error), 0);
    const unsigned char *place = pe.data + pe_certificates(&pe), *table = pe.data + plain;
    assert_int_equal(pe_get(place, 4), plain);
    assert_int_equal(pe_get(place + 4, 4), length - plain);
    assert_int_equal(length % 8, 0);
    assert_true(pe_get(table, 4) > length - plain - 8 && pe_get(table, 4) <= length - plain);
    assert_int_equal(pe_get(table + 4, 2), 0x200);
    assert_int_equal(pe_get(table + 6, 2), 2);
    memset(made + pe_certificates(&pe), 0, PE_DIRECTORY);
    assert_memory_equal(made, program, plain);
    must_run("tail -c +$((%zu + 8 + 1)) a | openssl pkcs7 -inform DER -print 2>/dev/null > told && "
             "grep -q 'messageDigest' told && ! grep -q signingTime told",
             plain);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct craft_pe program;
        const char *key, *certificate, *message;
    } cases[] = {
        {{0}, "nonesuch", "one.pem", "cannot read the key \"nonesuch\": No such file or directory"},
        {{0},
         "one.key",
         "nonesuch",
         "cannot read the certificate \"nonesuch\": No such file or directory"},
        {{0}, "one.pem", "one.pem", "\"one.pem\" holds no private key in PEM format"},
        {{0}, "one.key", "one.key", "\"one.key\" holds no certificate in PEM format"},
        {{0},
         "locked.key",
         "one.pem",
         "the key \"locked.key\" is encrypted; write it in the clear with `openssl pkey -in "
         "locked.key -out /dev/shm/key`, sign with that, and remove it"},
        {{0},
         "odd.key",
         "one.pem",
         "the key \"odd.key\" is no RSA key, and firmware knows no others"},
        {{0},
         "one.key",
         "two.pem",
         "the key \"one.key\" is not that of the certificate \"two.pem\"; name the two that belong "
         "together"},
        {{.hole = 512},
         "one.key",
         "one.pem",
         "what is to be signed has no place for a signature; name another stub with --stub"},
        {{.directories = 4},
         "one.key",
         "one.pem",
         "what is to be signed has no place for a signature; name another stub with --stub"},
    };
    make_keys();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        craft_pe_file("program", &cases[i].program);
        assert_true(sign("program", cases[i].key, cases[i].certificate, "signed", &error) < 0);
        assert_string_equal(error.text, cases[i].message);
        must_run("test ! -e signed");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_witness), TEST(test_same_bytes),
                                       TEST(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
