#include "mounts/testing.h"

#include "mounts/unlock.h"

/* "key" opens the container. */
static void plug_in_container(void)
{
    plug_in_made("sda", "truncate -s 20M image && printf key > key && printf '0123456789keyrest' > "
                        "picture && cryptsetup luksFormat -q --pbkdf pbkdf2 "
                        "--pbkdf-force-iterations 1000 image key");
}

/* What became of one try; `log` is what was said meanwhile. */
static int try_one(const struct unlock_request *request, char **log, struct error *error)
{
    pid_t child = 0;
    int report = -1;
    log_begin();
    int code = unlock_start(request, &child, &report, error);
    assert_int_equal(code, 0);
    assert_true(child > 0);
    code = unlock_result(child, report, error);
    *log = log_end();
    assert_int_equal(kill(child, 0), -1); /* it is gone */
    return code;
}

/* There is no device mapper in the namespace, and the library looks for it before it tries a key:
 * so far comes whatever can be read. Which key fits is for the tests in QEMU. */
#define NO_MAPPER(device)                                                                          \
    "the volume \"one\" on " device                                                                \
    " cannot be unlocked: the kernel cannot do what it needs; see "                                \
    "the lines above, and `ebb check --kernel`"

static void test_passphrase(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    struct world world;
    struct error error = {0};
    auto_string log = NULL;
    plug_in_container();
    begin_world(&world, "volume one /dev/sda { luks; fs ext4 }\n");
    struct unlock_request request = {
        .volume = world.config->volumes[0], .device = "/dev/sda", .passphrase = "key", .length = 3};
    assert_outcome("passphrase", try_one(&request, &log, &error), &error, NO_MAPPER("/dev/sda"));
    assert_contains(log, "ebb: LUKS: Cannot initialize device-mapper. ");
    end_world(&world);
}

/* "@" is the scratch folder. */
static void test_keys(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    static const struct {
        const char *options, *message;
        int code;
    } cases[] = {
        {"keyfile=@/key", NO_MAPPER("/dev/sda"), -ENOTSUP},
        {"keyfile=@/picture keyfile-offset=10 keyfile-size=3", NO_MAPPER("/dev/sda"), -ENOTSUP},
        {"keyfile=@/key keyfile-size=3", NO_MAPPER("/dev/sda"), -ENOTSUP},
        {"keyfile=@/key keyfile-size=4",
         "the key \"@/key\" ends before byte 4; correct keyfile-offset= and keyfile-size=",
         -ENODATA},
        {"keyfile=@/picture keyfile-offset=16 keyfile-size=1", NO_MAPPER("/dev/sda"), -ENOTSUP},
        {"keyfile=@/picture keyfile-offset=17 keyfile-size=1",
         "the key \"@/picture\" ends before byte 18; correct keyfile-offset= and keyfile-size=",
         -ENODATA},
        {"keyfile=@/picture keyfile-offset=1G",
         "the key \"@/picture\" ends before byte 1073741825; correct keyfile-offset= and "
         "keyfile-size=",
         -ENODATA},
        {"keyfile=@/empty", "the key \"@/empty\" is empty; put the key there again", -ENODATA},
        {"keyfile=@/nonesuch", "cannot open \"@/nonesuch\": No such file or directory", -ENOENT},
        {"keyfile=@/folder", "cannot read the key \"@/folder\": Is a directory", -EISDIR},
    };
    struct world world;
    auto_string here = getcwd(NULL, 0);
    plug_in_container();
    must_run(": > empty && mkdir folder");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[400];
        struct error error = {0};
        auto_string log = NULL;
        put("options", cases[i].options);
        put("message", cases[i].message);
        auto_string options = output_of("sed 's|@|%s|g' options", here);
        auto_string message = output_of("sed 's|@|%s|g' message", here);
        snprintf(text, sizeof(text), "volume one /dev/sda { luks %s; fs ext4 }\n", options);
        begin_world(&world, text);
        struct unlock_request request = {.volume = world.config->volumes[0], .device = "/dev/sda"};
        int code = try_one(&request, &log, &error);
        assert_outcome(cases[i].options, code, &error, message);
        assert_int_equal(code, cases[i].code);
        end_world(&world);
    }
}

/* Where there is no container, or none that can be read. */
static void test_containers(void **state)
{
    (void)state;
    need_namespace();
    need_tool("cryptsetup");
    static const struct {
        const char *options, *device, *message;
    } cases[] = {
        {"", "/dev/sdb",
         "/dev/sdb, the volume \"one\", holds no LUKS header that can be read; "
         "see the lines above"},
        {"", "/dev/sdz",
         "/dev/sdz, the volume \"one\", cannot be read as LUKS: Block device "
         "required"},
        {"header=/run/header", "/dev/sdb", NO_MAPPER("/dev/sdb")},
        {"header=/run/nonesuch", "/dev/sdb",
         "cannot open \"/run/nonesuch\": No such file or directory"},
        {"header=/run/bad", "/dev/sdb",
         "the header \"/run/bad\" of /dev/sdb, the volume \"one\", holds no LUKS header that can "
         "be "
         "read; see the lines above"},
        {"header=/run/bad", "/dev/sdz",
         "the header \"/run/bad\" of /dev/sdz, the volume \"one\", cannot be read as LUKS: Block "
         "device required"},
    };
    struct world world;
    plug_in("sdb", 20);
    must_run(SBIN "printf key > key && truncate -s 1M /run/bad && truncate -s 20M image && "
                  "cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "
                  "--header /run/header image key");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[400];
        struct error error = {0};
        auto_string log = NULL;
        snprintf(text, sizeof(text), "volume one %s { luks %s; fs ext4 }\n", cases[i].device,
                 cases[i].options);
        begin_world(&world, text);
        struct unlock_request request = {.volume = world.config->volumes[0],
                                         .device = cases[i].device,
                                         .passphrase = "key",
                                         .length = 3};
        int code = try_one(&request, &log, &error);
        assert_outcome(cases[i].message, code, &error, cases[i].message);
        end_world(&world);
    }
}

/* On a stick; a namespace can mount nothing but memory. */
static void test_key_volumes(void **state)
{
    (void)state;
    need_namespace();
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"volume one /dev/sda { luks keyfile=keys:/sub/key; fs ext4 }\n"
         "volume keys /dev/sdk { fs tmpfs }\n",
         "cannot open \"keys:/sub/key\": No such file or directory"},
        {"volume one /dev/sda { luks keyfile=keys:/key; fs ext4 }\n"
         "volume keys /dev/sdk { fs vfat }\n",
         "cannot mount /dev/sdk, the volume \"keys\", as vfat: "},
        {"volume one /dev/sda { luks header=keys:/key; fs ext4 }\n"
         "volume keys /dev/sdk { fs tmpfs }\n",
         "cannot open \"keys:/key\": No such file or directory"},
    };
    must_run("mkdir /run/ebb");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct world world;
        struct error error = {0};
        auto_string log = NULL;
        begin_world(&world, cases[i].text);
        bool by_key = world.config->volumes[0]->luks->key.place.path != NULL;
        struct unlock_request request = {.volume = world.config->volumes[0],
                                         .device = "/dev/sda",
                                         .key_device = "/dev/sdk",
                                         .header_device = "/dev/sdk",
                                         .passphrase = by_key ? NULL : "key",
                                         .length = 3};
        assert_true(try_one(&request, &log, &error) < 0);
        assert_contains(error.text, cases[i].message);
        end_world(&world);
    }
    must_run("! grep -q /run/ebb /proc/self/mounts"); /* only the child has seen it */
}

/* A child that does not come to its report. */
static void test_ends(void **state)
{
    (void)state;
    static const struct {
        int signal, status;
        const char *message;
        int code;
    } cases[] = {
        {SIGKILL, 0, "there is too little memory to derive a key, or the child that did was killed",
         -ENOMEM},
        {SIGSEGV, 0, "the child that unlocks has ended, with status 0xb", -EIO},
        {0, 3, "the child that unlocks has ended, with status 0x300", -EIO},
        {0, 0, "the child that unlocks has ended, with status 0x0", -EIO},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int ends[2];
        struct error error = {0};
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t child = fork();
        if (child == 0) {
            (void)signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own idea */
            if (cases[i].signal)
                raise(cases[i].signal);
            _exit(cases[i].status);
        }
        close(ends[1]);
        assert_outcome(cases[i].message, unlock_result(child, ends[0], &error), &error,
                       cases[i].message);
        assert_int_equal(error.code, -cases[i].code);
    }
}

static void test_name(void **state)
{
    (void)state;
    struct world world;
    begin_world(&world, "volume one LABEL=a { luks; fs ext4 }\n"
                        "volume two LABEL=b { luks name=other; fs ext4 }\n");
    assert_string_equal(unlock_name(world.config->volumes[0]), "one");
    assert_string_equal(unlock_name(world.config->volumes[1]), "other");
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_passphrase),  ON_MACHINE(test_keys), ON_MACHINE(test_containers),
        ON_MACHINE(test_key_volumes), ON_MACHINE(test_ends), ON_MACHINE(test_name),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
