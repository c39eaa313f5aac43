#include "secrets/worker.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "secrets/pin.h"
#include "secrets/sops.h"

enum {
    LARGEST_FILE = 4 << 20, /* of secrets or of keys; no machine has that many */
    LONGEST = 60,           /* seconds of work */
    MOST_MEMORY = 1 << 30,
    SPARE = 64 << 10,
};

/* What the child leaves for PID 1, at the beginning of the shared memory; the values lie behind. */
struct slip {
    enum fault fault;
    char reason[sizeof(((struct error *)0)->text)];
    size_t offset, length;
};

struct desk {
    const struct worker_job *job;
    unsigned char *shared;
    size_t size, used;
    bool *ended; /* well, whatever was found */
    struct slip *slips;
};

int worker_confine(void)
{
#define ALLOW(name)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                                         \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter rules[] = {
#ifdef __x86_64__ /* whose numbers have a second meaning for programs of 32 bits */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
#endif
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(mprotect),
        ALLOW(madvise),
        ALLOW(brk),
        ALLOW(futex),
        ALLOW(getrandom), /* libcrypto blinds what it computes with */
        ALLOW(getpid),
        ALLOW(rt_sigaction),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(exit),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
#undef ALLOW
    const struct sock_fprog program = {ARRAY_LENGTH(rules), rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0
               ? -errno
               : 0;
}

/* Before anything secret is in memory. */
static void harden(void)
{
    const struct rlimit none = {0, 0}, time = {LONGEST, LONGEST},
                        memory = {MOST_MEMORY, MOST_MEMORY};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* cannot fail */
    if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_CPU, &time) < 0)
        log_warning("a file of secrets is read without limits: %s", strerror(errno));
#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
    if (setrlimit(RLIMIT_AS, &memory) < 0 || mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        log_warning("a file of secrets is read in memory that might be swapped out: %s",
                    strerror(errno));
#else
    (void)memory;
#endif
}

static int read_whole(const struct worker_file *file, struct secret *text, struct error *error)
{
    char *bytes = NULL;
    size_t length = 0;
    if (file->text) {
        *text = secret_copy(file->text->bytes, file->text->length);
        return 0;
    }
    if (lseek(file->fd, 0, SEEK_SET) < 0) /* it may have been read before */
        return error_system(error, errno, "cannot read \"%s\"", file->name);
    int code = path_read_fd(file->fd, file->name, LARGEST_FILE, &bytes, &length, error);
    if (code == 0) /* it has a NUL behind it, too */
        *text = (struct secret){(unsigned char *)bytes, length};
    return code;
}

/* One key that fits is enough, so a key that is not there costs nothing yet. */
static int read_keys(const struct worker_job *job, struct identities *identities,
                     struct error *error)
{
    int code = error_set(error, ENOENT, "no key is declared for it");
    if (job->passphrase) {
        identities_add_passphrase(identities, job->passphrase);
        code = 0;
    }
    for (size_t i = 0; i < job->key_count; i++) {
        struct error one;
        auto_secret text = {0};
        int result = read_whole(&job->keys[i], &text, &one);
        if (result == 0)
            result = identities_read(identities, job->keys[i].name, &text, &one);
        if (result < 0 && code < 0)
            *error = one;
        if (result == 0)
            code = 0;
    }
    return code;
}

static void answer(struct desk *desk, size_t number, enum fault fault, const char *reason)
{
    struct slip *slip = &desk->slips[number];
    slip->fault = fault;
    strncpy(slip->reason, reason, sizeof(slip->reason) - 1);
}

static void answer_all(struct desk *desk, enum fault fault, const char *reason)
{
    for (size_t i = 0; i < desk->job->count; i++)
        answer(desk, i, fault, reason);
}

static void deliver(struct desk *desk, size_t number, const struct secret *value)
{
    const struct secret_entry *wanted = desk->job->wanted[number];
    struct slip *slip = &desk->slips[number];
    if (value->length == 0 && !wanted->empty) {
        answer(desk, number, FAULT_REFUSED,
               "it is empty, which anybody could have made it; if it should be, write empty=yes");
        return;
    }
    if (value->length > desk->size - desk->used) {
        answer(desk, number, FAULT_NO_ROOM, "there is no room for it");
        return;
    }
    slip->offset = desk->used;
    slip->length = value->length;
    memcpy(desk->shared + desk->used, value->bytes, value->length);
    desk->used += value->length;
}

static void open_age(struct desk *desk, const struct identities *identities,
                     const struct secret *text)
{
    struct error error;
    enum fault fault = FAULT_NONE;
    auto_secret plain = {0};
    if (age_decrypt(identities, desk->job->file.name, text->bytes, text->length, &plain, &fault,
                    &error) < 0) {
        answer_all(desk, fault, error.text);
        return;
    }
    for (size_t i = 0; i < desk->job->count; i++) {
        if (desk->job->wanted[i]->key)
            answer(desk, i, FAULT_MISSING, "an age file has no keys; write: whole NAME");
        else
            deliver(desk, i, &plain);
    }
}

static bool is_open(const struct sops_leaf *leaf)
{
    return !leaf->encrypted && leaf->value.length;
}

static void pick(struct desk *desk, size_t number, const struct sops *sops)
{
    const struct secret_entry *wanted = desk->job->wanted[number];
    const struct sops_leaf *leaf = sops_find(sops, wanted->key);
    if (!leaf)
        answer(desk, number, FAULT_MISSING, "the file has no such key");
    else if (!wanted->plain && is_open(leaf))
        answer(desk, number, FAULT_REFUSED,
               "it is not encrypted, so that anybody could have written it; if it should not be, "
               "write plain=yes");
    else
        deliver(desk, number, &leaf->value);
}

static void pick_all(struct desk *desk, size_t number, const struct sops *sops,
                     enum sops_format format)
{
    struct error error;
    auto_secret text = {0};
    for (size_t i = 0; i < sops->count && !desk->job->wanted[number]->plain; i++)
        if (is_open(&sops->leaves[i])) {
            (void)error_set(&error, EPERM,
                            "its value \"%.100s\" is not encrypted, so that anybody could have "
                            "written it; if it should not be, write plain=yes",
                            sops->leaves[i].key);
            answer(desk, number, FAULT_REFUSED, error.text);
            return;
        }
    sops_write(sops, format, &text);
    deliver(desk, number, &text);
}

static void open_sops(struct desk *desk, const struct identities *identities,
                      const struct secret *text)
{
    struct error error;
    enum fault fault = FAULT_NONE;
    const char *name = desk->job->file.name;
    auto_sops sops = {0};
    if (sops_open(identities, name, sops_format_of(name), text, &sops, &fault, &error) < 0) {
        answer_all(desk, fault, error.text);
        return;
    }
    for (size_t i = 0; i < desk->job->count; i++)
        if (desk->job->wanted[i]->key)
            pick(desk, i, &sops);
        else
            pick_all(desk, i, &sops, sops_format_of(name));
}

_Noreturn static void work(struct desk *desk)
{
    struct error error;
    struct identities identities = {0};
    struct secret text = {0};
    harden();
    int code = read_keys(desk->job, &identities, &error);
    if (code == 0)
        code = read_whole(&desk->job->file, &text, &error);
    if (code == 0) {
        code = worker_confine();
        if (code < 0)
            (void)error_system(&error, -code, "the kernel cannot take system calls away");
    }
    if (code < 0)
        answer_all(desk, FAULT_MISSING, error.text);
    else if (pin_check(desk->job->sha256, desk->job->file.name, &text, &error) < 0)
        answer_all(desk, FAULT_TAMPERED, error.text);
    else if (age_is_file(text.bytes, text.length))
        open_age(desk, &identities, &text);
    else
        open_sops(desk, &identities, &text);
    secret_free(&text);
    identities_free(&identities);
    *desk->ended = true;
    _exit(0);
}

/* Why a child that did not end well did not. */
static const char *tell_end(struct arena *arena, int status)
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return number == SIGXCPU || number == SIGKILL
               ? "it takes too long, or too much memory, to read"
               : arena_printf(arena, "the child that read it ended, with status 0x%x",
                              (unsigned)status);
}

static void collect(struct arena *arena, const struct desk *desk, int status,
                    struct worker_result *result)
{
    size_t count = desk->job->count;
    result->answers = arena_alloc(arena, (count + 1) * sizeof(*result->answers));
    for (size_t i = 0; i < count; i++) {
        struct slip *slip = &desk->slips[i];
        struct worker_answer *answer = &result->answers[i];
        /* The child may be in the hands of whoever wrote the file. */
        bool sound = slip->length <= desk->size && slip->offset <= desk->size - slip->length &&
                     (unsigned)slip->fault <= FAULT_NO_ROOM;
        slip->reason[sizeof(slip->reason) - 1] = '\0';
        if (!*desk->ended || !sound)
            *answer = (struct worker_answer){FAULT_CORRUPT, tell_end(arena, status), {0}};
        else if (slip->fault != FAULT_NONE)
            *answer = (struct worker_answer){slip->fault, arena_string(arena, slip->reason), {0}};
        else
            answer->value = (struct secret){desk->shared + slip->offset, slip->length};
    }
}

int worker_run(struct arena *arena, const struct worker_job *job, struct worker_result *result,
               struct error *error)
{
    struct stat file;
    int status = 0;
    if (fstat(job->file.fd, &file) < 0)
        return error_system(error, errno, "cannot look at \"%s\"", job->file.name);
    size_t text = file.st_size > LARGEST_FILE ? 0 : (size_t)file.st_size;
    size_t head = (job->count + 1) * sizeof(struct slip); /* the first place is that of `ended` */
    size_t size = head + 2 * text + SPARE;
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return error_system(error, errno, "cannot reserve memory for secrets");
    if (mlock(shared, size) < 0 || madvise(shared, size, MADV_DONTDUMP) < 0)
        log_warning("secrets are in memory that might be swapped out: %s", strerror(errno));
    struct desk desk = {.job = job,
                        .shared = shared,
                        .size = size,
                        .used = head,
                        .ended = shared,
                        .slips = (struct slip *)shared + 1};
    *result = (struct worker_result){.shared = shared, .size = size};
    pid_t child = fork();
    if (child == 0)
        work(&desk);
    int code = child < 0 ? errno : 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (code == 0)
        collect(arena, &desk, status, result);
    return code ? error_system(error, code, "cannot begin a child that decrypts") : 0;
}

void worker_end(struct worker_result *result)
{
    if (!result->shared)
        return;
    explicit_bzero(result->shared, result->size);
    munmap(result->shared, result->size);
    *result = (struct worker_result){0};
}
