/* The configuration of a generation on the volumes of an image. */
#include "plan/testing.h"

static const char image_text[] =
    "volume state LABEL=state { fs ext4; mount /persist }\n"
    "volume games LABEL=games { fs xfs; mount /srv/games }\n"
    "generations state:/generations\nroot tmpfs\npersist state:/a { dir /srv/a }\n"
    "hook before-switch /etc/hook\nmodule loop\nrescue reboot\n";

static struct config *load(const char *text, struct report *report)
{
    write_file("ebb.conf", text, strlen(text));
    struct config *config = config_load("ebb.conf", NULL, report);
    assert_int_equal(report->errors, 0);
    return config;
}

static void test_join(void **state)
{
    (void)state; /* the scratch folder is the current one */
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    begin();
    auto_config image = load(image_text, &report);
    auto_config own = load("volume old LABEL=x { fs ext4 }\n"
                           "volume state UUID=1 { fs btrfs; mount /state }\n"
                           "generations state:/elsewhere\nroot overlay\n"
                           "persist state:/b { dir /srv/b }\n"
                           "secrets state:/s { key state:/k; secret x }\n"
                           "hook after-root /etc/other\nrescue poweroff\n",
                           &report);
    config_join(own, image, &report);
    assert_int_equal(report.errors, 1); /* nothing is left out in silence */
    assert_non_null(strstr(report.problems[0].text, "without the volume \"old\""));
    assert_int_equal(own->volume_count, 2);
    const struct volume *volume = own->volumes[0];
    assert_string_equal(volume->device, "LABEL=state");
    assert_string_equal(volume->fs.type, "ext4");
    assert_string_equal(volume->mount, "/state");
    assert_string_equal(own->volumes[1]->mount, "/srv/games");
    assert_int_equal(own->volumes[1]->number, 1);
    assert_ptr_equal(own->entries[0]->store->volume, volume);
    assert_ptr_equal(own->secrets[0]->place.volume, volume);
    assert_ptr_equal(own->secrets[0]->keys[0]->place.volume, volume);
    assert_string_equal(own->generations.place.path, "/generations");
    assert_int_equal(own->root.kind, ROOT_OVERLAY);
    assert_int_equal(own->hook_count, 1);
    assert_string_equal(own->hooks[0]->path, "/etc/hook");
    assert_int_equal(own->module_count, 1);
    assert_int_equal(own->rescue.action, RESCUE_REBOOT);
    assert_string_equal(image->volumes[0]->mount, "/persist"); /* as it was */
}

/* Nobody would check that it is the one that it should be. */
static void test_new_state(void **state)
{
    (void)state; /* as above */
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    begin();
    auto_config image = load(image_text, &report);
    auto_config own =
        load("volume games LABEL=games { fs xfs }\nvolume state LABEL=state { fs ext4 }\n"
             "generations state:/generations\npersist games:/p { dir /srv/b }\n",
             &report);
    config_join(own, image, &report);
    assert_int_equal(report.errors, 1);
    assert_non_null(
        strstr(report.problems[0].text, "without the volume \"games\" as one that holds state"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_new_state),
    };
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
