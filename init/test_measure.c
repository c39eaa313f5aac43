/* The phases of a boot, as a TPM in software understands them. */
#include "mounts/testing.h"

#include <openssl/sha.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "init/measure.h"

#define SIGNATURES "mkdir -p extra && echo {} > extra/tpm2-pcr-signature.json"

enum { DIGEST_AT = 30 };

/* The value of PCR 11 behind this one, if `phase` is measured. */
static void extend(uint8_t value[SHA256_DIGEST_LENGTH], const char *phase)
{
    uint8_t both[2 * SHA256_DIGEST_LENGTH];
    memcpy(both, value, SHA256_DIGEST_LENGTH);
    SHA256((const uint8_t *)phase, strlen(phase), both + SHA256_DIGEST_LENGTH);
    SHA256(both, sizeof(both), value);
}

static void assert_value(int tpm, const uint8_t value[SHA256_DIGEST_LENGTH])
{
    static const uint8_t order[] = {
        0x80, 0x01, 0, 0, 0,    20, 0, 0, 0x01, 0x7e, /* TPM2_PCR_Read */
        0,    0,    0, 1, 0x00, 11, 3, 0, 8,    0};
    uint8_t answer[256];
    assert_int_equal(write(tpm, order, sizeof(order)), sizeof(order));
    assert_int_equal(read(tpm, answer, sizeof(answer)), DIGEST_AT + SHA256_DIGEST_LENGTH);
    assert_memory_equal(answer + DIGEST_AT, value, SHA256_DIGEST_LENGTH);
}

/* It ends with the connection. */
static int start_tpm(void)
{
    int ends[2];
    char number[16];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    snprintf(number, sizeof(number), "%d", ends[1]);
    if (fork() == 0) {
        close(ends[0]);
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--fd", number, "--tpmstate", "dir=.",
               "--flags", "startup-clear,not-need-init", "--terminate", NULL);
        _exit(127);
    }
    close(ends[1]);
    return ends[0];
}

static void test_event(void **state)
{
    (void)state; /* the scratch folder is the current one */
    uint8_t value[SHA256_DIGEST_LENGTH] = {0};
    struct error error;
    int status;
    need_tool("swtpm");
    int tpm = start_tpm();
    assert_value(tpm, value);
    assert_int_equal(measure_by(tpm, "enter-initrd", &error), 0);
    extend(value, "enter-initrd");
    assert_value(tpm, value);
    assert_int_equal(measure_by(tpm, "leave-initrd", &error), 0);
    extend(value, "leave-initrd");
    assert_value(tpm, value);
    close(tpm);
    assert_true(wait(&status) > 0);
    assert_int_equal(measure_by(-1, "late", &error), -EBADF);
    assert_string_equal(error.text, "the TPM takes no order: Bad file descriptor");
}

static void test_refused(void **state)
{
    (void)state; /* as above */
    static const uint8_t refusal[] = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x22};
    struct error error;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(write(ends[1], refusal, sizeof(refusal)), sizeof(refusal));
    assert_int_equal(measure_by(ends[0], "enter-initrd", &error), -EIO);
    assert_string_equal(error.text, "the TPM answers with the error 0x922");
    close(ends[0]);
    close(ends[1]);
}

static void test_phase(void **state)
{
    (void)state; /* as above */
    need_namespace();
    log_begin();
    measure_phase("extra", "enter-initrd"); /* nobody has signed anything */
    must_run(SIGNATURES);
    measure_phase("extra", "leave-initrd");
    auto_string log = log_end();
    assert_string_equal(log,
                        "ebb: ignoring that the phase \"leave-initrd\" is not measured: cannot "
                        "open \"/dev/tpmrm0\": No such file or directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_MACHINE(test_event), ON_MACHINE(test_refused),
                                       ON_MACHINE(test_phase)};
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
