/* Public keys as text, and that an SSH key is the recipient that ssh-to-age makes of it. */

#include "secrets/testing.h"

#include "secrets/recipient.h"

#define DATA "secrets/testdata/"
#define AGE "age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw"
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static char *vectors; /* NULL: there are none */

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *text;
    } rows[] = {
        {AGE, AGE},
        {"  " AGE "\r", AGE},
        {SSH, SSH},
        {SSH " root@host", SSH},
        {"no-pty\t" SSH " root@host", SSH},
        {"host,10.0.0.1 " SSH, SSH},
        {"# public key: " AGE, NULL},
        {"#" SSH, NULL},
        {"", NULL},
        {"age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlv", NULL},
        {"ssh-ed25519", NULL},
        {"ssh-ed25519 AAAA", NULL},
        {"ssh-ed25519 BAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", NULL},
        {"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", NULL},
        {SSH "AAAA", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct recipient recipient;
        bool parsed = recipient_parse(rows[i].line, strlen(rows[i].line), &recipient);
        auto_string text = parsed ? recipient_text(&recipient) : NULL;
        if (parsed != (rows[i].text != NULL) || (text && strcmp(text, rows[i].text) != 0))
            fail_msg("%s: %s", rows[i].line, text);
    }
}

/* What the public key gives is what the private one gives, by another way. */
static void assert_public(const char *private, const char *public)
{
    auto_arena arena = arena_new();
    auto_identities identities = {0};
    add_identities(&identities, private);
    auto_secret text = file_of("%s", public);
    struct recipients from_private = {arena, NULL, 0}, from_public = {arena, NULL, 0};
    recipients_add_identities(&from_private, &identities);
    assert_true(recipients_read(&from_public, (const char *)text.bytes, text.length));
    assert_int_equal(from_public.count, 2);
    assert_int_equal(from_private.count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(recipients_have(&from_public, &from_private.items[i]));
}

static void test_ssh(void **state)
{
    (void)state;
    assert_public(DATA "ssh.key", DATA "ssh.pub");
}

static void test_vectors(void **state)
{
    (void)state;
    if (!vectors)
        return;
    static const char *const names[] = {"agenix/system1", "agenix/user1"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char private[4096], public[4100];
        snprintf(private, sizeof(private), "%s/%s", vectors, names[i]);
        snprintf(public, sizeof(public), "%s.pub", private);
        assert_public(private, public);
    }
}

/* The point with y = 1 is that of no key, and has no counterpart. */
static void test_no_counterpart(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct recipients recipients = {arena, NULL, 0};
    const struct recipient one = {RECIPIENT_SSH_ED25519, {1}};
    recipients_add(&recipients, &one);
    assert_int_equal(recipients.count, 1);
}

static void test_list(void **state)
{
    (void)state;
    static const char text[] = "# keys\n" AGE "\nwhat\n" SSH " me\n" AGE;
    auto_arena arena = arena_new();
    struct recipients recipients = {arena, NULL, 0};
    assert_true(recipients_read(&recipients, text, strlen(text)));
    assert_int_equal(recipients.count, 3);
    assert_false(recipients_read(&recipients, "what\n", 5));
    assert_int_equal(recipients.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_ssh),
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_list),
        cmocka_unit_test(test_no_counterpart),
    };
    auto_string folder = vectors = find_vectors();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
