#include "generations/record.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

static const char magic[8] = "ebb-rec1";

const char *const record_stage_names[] = {"started", "failed", "left", "good", "waits"};
const char *const record_end_names[] = {"unknown", "clean", "busy"};

/* Little-endian, as it lies on the disk. */
struct slot_attempt {
    uint64_t time;
    uint32_t generation, stage;
    unsigned char boot[RECORD_BOOT];
    char text[RECORD_TEXT];
};

struct slot {
    char magic[sizeof(magic)];
    uint64_t sequence;
    uint32_t chosen, last_good, count, ends; /* the last: two bits for each attempt */
    struct slot_attempt attempts[RECORD_ATTEMPTS];
    uint32_t trial_state, trial_generation, trial_seconds, trial_back;
    uint32_t bad[RECORD_BAD];
    uint32_t trial_by_loader, forgiven; /* the last: a bit for each attempt */
    uint32_t chosen_over;
    char rest[RECORD_SLOT - 64 - 4 * RECORD_BAD - RECORD_ATTEMPTS * sizeof(struct slot_attempt)];
    uint32_t checksum; /* CRC-32C of all before it */
};
_Static_assert(sizeof(struct slot) == RECORD_SLOT, "a slot has no gaps");

static uint32_t checksum_of(const struct slot *slot)
{
    const unsigned char *at = (const unsigned char *)slot, *end = (const void *)&slot->checksum;
    uint32_t sum = ~0U;
    for (; at < end; at++) {
        sum ^= *at;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
    }
    return ~sum;
}

static bool is_whole(const struct slot *slot)
{
    return memcmp(slot->magic, magic, sizeof(magic)) == 0 &&
           le32toh(slot->checksum) == checksum_of(slot) && le32toh(slot->count) <= RECORD_ATTEMPTS;
}

static void unpack_trial(const struct slot *slot, struct record *record)
{
    uint32_t state = le32toh(slot->trial_state);
    record->trial = (struct record_trial){.state = state < TRIAL_STATES ? state : TRIAL_NONE,
                                          .generation = le32toh(slot->trial_generation),
                                          .seconds = le32toh(slot->trial_seconds),
                                          .back = le32toh(slot->trial_back),
                                          .by_loader = le32toh(slot->trial_by_loader)};
    for (size_t i = 0; i < RECORD_BAD; i++)
        record->bad[i] = le32toh(slot->bad[i]);
}

static void pack_trial(const struct record *record, struct slot *slot)
{
    slot->trial_state = htole32(record->trial.state);
    slot->trial_generation = htole32(record->trial.generation);
    slot->trial_seconds = htole32(record->trial.seconds);
    slot->trial_back = htole32(record->trial.back);
    slot->trial_by_loader = htole32(record->trial.by_loader);
    for (size_t i = 0; i < RECORD_BAD; i++)
        slot->bad[i] = htole32(record->bad[i]);
}

static void unpack(const struct slot *slot, struct record *record)
{
    unpack_trial(slot, record);
    record->sequence = le64toh(slot->sequence);
    record->chosen = le32toh(slot->chosen);
    record->chosen_over = le32toh(slot->chosen_over);
    record->last_good = le32toh(slot->last_good);
    record->count = le32toh(slot->count);
    for (size_t i = 0; i < record->count; i++) {
        const struct slot_attempt *from = &slot->attempts[i];
        struct record_attempt *to = &record->attempts[i];
        to->generation = le32toh(from->generation);
        to->stage = le32toh(from->stage) < RECORD_STAGES ? le32toh(from->stage) : RECORD_FAILED;
        to->end = le32toh(slot->ends) >> 2 * i & 3;
        to->end = to->end < RECORD_ENDS ? to->end : RECORD_END_UNKNOWN;
        to->forgiven = le32toh(slot->forgiven) >> i & 1;
        to->time = le64toh(from->time);
        memcpy(to->boot, from->boot, RECORD_BOOT);
        memcpy(to->text, from->text, RECORD_TEXT - 1);
    }
}

static void pack(const struct record *record, struct slot *slot)
{
    memcpy(slot->magic, magic, sizeof(magic));
    slot->sequence = htole64(record->sequence);
    slot->chosen = htole32(record->chosen);
    slot->chosen_over = htole32(record->chosen_over);
    slot->last_good = htole32(record->last_good);
    slot->count = htole32(record->count);
    uint32_t ends = 0, forgiven = 0;
    for (size_t i = 0; i < record->count; i++) {
        const struct record_attempt *from = &record->attempts[i];
        struct slot_attempt *to = &slot->attempts[i];
        ends |= from->end << 2 * i;
        forgiven |= (uint32_t)from->forgiven << i;
        to->generation = htole32(from->generation);
        to->stage = htole32(from->stage);
        to->time = htole64(from->time);
        memcpy(to->boot, from->boot, RECORD_BOOT);
        memcpy(to->text, from->text, RECORD_TEXT);
    }
    slot->ends = htole32(ends);
    slot->forgiven = htole32(forgiven);
    pack_trial(record, slot);
    slot->checksum = htole32(checksum_of(slot));
}

/* All of it is written once, so that later nothing but these blocks changes. */
static int make(int volume, const char *path, struct error *error)
{
    static const char nothing[2 * RECORD_SLOT];
    auto_fd folder = -1;
    const char *name;
    int code = path_make_parent(volume, path, &folder, &name, error);
    return code < 0 ? code : path_write(folder, name, nothing, sizeof(nothing), 0600, error);
}

int record_open(int volume, const char *path, bool make_it, struct error *error)
{
    int fd = path_open(volume, path, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT && make_it) {
        int code = make(volume, path, error);
        if (code < 0)
            return error_prefix(error, "cannot make the record of boots");
        fd = path_open(volume, path, O_RDWR | O_NONBLOCK | O_NOCTTY);
    }
    return fd < 0 ? error_system(error, -fd, "cannot open the record of boots, \"%s\"", path) : fd;
}

/* What we do not know of, we would take away from whoever does. */
static bool is_later(const struct slot *slot)
{
    char version = slot->magic[sizeof(magic) - 1];
    return memcmp(slot->magic, magic, sizeof(magic) - 1) == 0 && version > '1' && version <= '9';
}

int record_read(int fd, struct record *record, struct error *error)
{
    struct slot slots[2] = {0};
    ssize_t length = pread(fd, slots, sizeof(slots), 0);
    if (length < 0)
        return error_system(error, errno, "cannot read the record of boots");
    *record = (struct record){0};
    bool any = false;
    for (size_t i = 0; i < 2; i++) {
        if (is_later(&slots[i]))
            return error_set(error, ENOTSUP,
                             "the record of boots is one of a later Ebb; boot an image of that, or "
                             "remove the record to begin anew");
        any |= slots[i].magic[0] != 0;
        if (is_whole(&slots[i]) && le64toh(slots[i].sequence) > record->sequence)
            unpack(&slots[i], record);
    }
    record->damaged = any && !record->sequence;
    return 0;
}

int record_write(int fd, struct record *record, struct error *error)
{
    struct slot slot = {0};
    record->sequence++;
    pack(record, &slot);
    off_t at = (off_t)(record->sequence % 2) * RECORD_SLOT;
    if (pwrite(fd, &slot, sizeof(slot), at) != sizeof(slot) || fdatasync(fd) < 0)
        return error_system(error, errno ? errno : EIO, "cannot write the record of boots");
    record->damaged = false;
    return 0;
}

/* All zero where it is not known. A kernel that was started by another one's PID 1 goes on with the
 * boot of that. */
static void read_boot(unsigned char boot[static RECORD_BOOT])
{
    struct error ignored;
    auto_string line = NULL;
    auto_string text = NULL;
    unsigned byte;
    memset(boot, 0, RECORD_BOOT);
    const char *at = access(RECORD_ANEW, F_OK) == 0 || path_read(AT_FDCWD, "/proc/cmdline", 1 << 16,
                                                                 &line, NULL, &ignored) < 0
                         ? NULL
                         : strstr(line, RECORD_CONTINUES);
    if (at)
        at += strlen(RECORD_CONTINUES);
    else if (path_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL, &ignored) == 0)
        at = text;
    for (size_t count = 0; at && count < RECORD_BOOT && sscanf(at, "%2x", &byte) == 1;) {
        boot[count++] = (unsigned char)byte;
        at += at[2] == '-' ? 3 : 2;
    }
}

void record_boot_id(char text[static RECORD_BOOT_TEXT])
{
    unsigned char boot[RECORD_BOOT];
    read_boot(boot);
    for (size_t i = 0; i < RECORD_BOOT; i++)
        snprintf(text + 2 * i, 3, "%02x", boot[i]);
}

bool record_is_of_this_boot(const struct record_attempt *attempt)
{
    unsigned char boot[RECORD_BOOT];
    read_boot(boot);
    return memcmp(attempt->boot, boot, RECORD_BOOT) == 0;
}

struct record_attempt *record_current(struct record *record, uint32_t generation)
{
    struct record_attempt *last = record->count ? &record->attempts[record->count - 1] : NULL;
    bool is_it =
        last && (!generation || last->generation == generation) && record_is_of_this_boot(last);
    return is_it ? last : NULL;
}

uint32_t record_newest(const struct record *record)
{
    size_t i = record->count;
    while (i > 0 && !record->attempts[i - 1].generation)
        i--;
    return i > 0 ? record->attempts[i - 1].generation : 0;
}

const struct record_attempt *record_before(const struct record *record)
{
    for (size_t i = record->count; i-- > 0;)
        if (!record_is_of_this_boot(&record->attempts[i]))
            return &record->attempts[i];
    return NULL;
}

bool record_has_left(const struct record_attempt *attempt)
{
    return attempt->stage == RECORD_LEFT || attempt->stage == RECORD_GOOD;
}

bool record_boot_has_left(const struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (record_has_left(&record->attempts[i]) && record_is_of_this_boot(&record->attempts[i]))
            return true;
    return false;
}

bool record_attempted(const struct record *record, uint32_t generation)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->attempts[i].generation == generation &&
            record_is_of_this_boot(&record->attempts[i]))
            return true;
    return false;
}

struct record_attempt *record_add(struct record *record, uint32_t generation)
{
    if (record->count == RECORD_ATTEMPTS)
        memmove(record->attempts, record->attempts + 1,
                --record->count * sizeof(*record->attempts));
    struct record_attempt *attempt = &record->attempts[record->count++];
    *attempt = (struct record_attempt){.generation = generation, .time = (uint64_t)time(NULL)};
    read_boot(attempt->boot);
    return attempt;
}

void record_choose(struct record *record, uint32_t generation)
{
    record->chosen = generation;
    record->chosen_over = 0;
}

/* Returns how many others have the mark. */
static size_t remove_mark(struct record *record, uint32_t generation)
{
    size_t kept = 0;
    for (size_t i = 0; i < RECORD_BAD; i++)
        if (record->bad[i] && record->bad[i] != generation)
            record->bad[kept++] = record->bad[i];
    for (size_t i = kept; i < RECORD_BAD; i++)
        record->bad[i] = 0;
    return kept;
}

void record_mark_bad(struct record *record, uint32_t generation)
{
    size_t others = remove_mark(record, generation);
    if (others == RECORD_BAD) /* the oldest goes */
        memmove(record->bad, record->bad + 1, --others * sizeof(*record->bad));
    record->bad[others] = generation;
}

void record_forgive(struct record *record, uint32_t generation)
{
    remove_mark(record, generation);
    for (size_t i = 0; i < record->count; i++)
        if (record->attempts[i].generation == generation)
            record->attempts[i].forgiven = true;
}

bool record_was_used(const struct record *record, const struct record_attempt *attempt)
{
    return attempt->generation == record->last_good && attempt->end == RECORD_END_CLEAN &&
           !*attempt->text;
}

static bool is_failure(const struct record *record, const struct record_attempt *attempt)
{
    if (attempt->forgiven)
        return false;
    return attempt->stage == RECORD_STARTED || attempt->stage == RECORD_FAILED ||
           (attempt->stage == RECORD_LEFT && record->last_good &&
            !record_was_used(record, attempt));
}

unsigned record_failures(const struct record *record, uint32_t generation)
{
    unsigned failures = 0;
    for (size_t i = record->count; i-- > 0;) {
        const struct record_attempt *attempt = &record->attempts[i];
        if (attempt->generation != generation)
            continue;
        if (attempt->stage == RECORD_GOOD)
            break;
        failures += is_failure(record, attempt);
    }
    return failures;
}

bool record_boot_failed(const struct record *record)
{
    const struct record_attempt *before = record_before(record);
    return before && is_failure(record, before);
}

static bool is_marked(const struct record *record, uint32_t generation)
{
    for (size_t i = 0; i < RECORD_BAD; i++)
        if (generation && record->bad[i] == generation)
            return true;
    return false;
}

bool record_is_bad(const struct record *record, uint32_t generation, unsigned tries)
{
    if (is_marked(record, generation))
        return true;
    return tries && record_failures(record, generation) >= tries;
}
