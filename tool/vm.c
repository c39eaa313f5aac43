#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "plan/value.h"
#include "tool/options.h"
#include "tool/verb.h"
#include "vm/program.h"
#include "vm/setup.h"

#define MIB (1024ULL * 1024)
enum { LEAST_MEMORY = 64 };

/* What is to be done in the guest, in the order of the command line. */
struct action {
    const char *command;
    bool reboots;
};

struct job {
    struct arena *arena;
    const char *conf, *memory, *keep, *bus, *timeout;
    bool console;
    struct action *actions;
    size_t action_count;
    struct scratch_given *given;
    size_t given_count;

    char agent[4096], init[4096];
    struct setup setup; /* the folder is NULL until it is made */
    struct config *config;
    struct vm_request request;
    struct timespec started;
};

static void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void progress(const char *format, ...)
{
    if (!isatty(STDERR_FILENO))
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\r\n", stderr); /* the terminal may be the console, and raw */
}

static double seconds_since(struct timespec start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
}

static void add_action(struct job *job, const char *command, bool reboots)
{
    *ARENA_PUSH(job->arena, job->actions, job->action_count) = (struct action){command, reboots};
}

static void take_exec(void *context, const char *value)
{
    add_action(context, value, false);
}

static void take_reboot(void *context, const char *value)
{
    add_action(context, value, true);
}

static void take_disk(void *context, const char *value)
{
    struct job *job = context;
    size_t length = strcspn(value, "=");
    *ARENA_PUSH(job->arena, job->given, job->given_count) = (struct scratch_given){
        arena_copy(job->arena, value, length), value[length] ? value + length + 1 : ""};
}

static int wrong(const char *option, const char *value, const char *remedy)
{
    fprintf(stderr, "ebb: \"%s %s\": %s\n", option, value, remedy);
    return EXIT_USAGE;
}

static int judge_options(struct job *job)
{
    struct vm_request *request = &job->request;
    uint64_t memory = 0;
    if (job->memory && options_size(job->memory, &memory) < 0)
        return wrong("--memory", job->memory, "is no size; write for example 1G");
    if (job->memory && (memory < LEAST_MEMORY * MIB || memory / MIB > UINT32_MAX))
        return wrong("--memory", job->memory, "a kernel needs at least 64M");
    request->memory = (unsigned)(memory / MIB);
    const char *objection = job->timeout ? value_duration(job->timeout, &request->timeout) : NULL;
    if (objection)
        return wrong("--timeout", job->timeout, objection);
    for (size_t i = 0; i < job->given_count; i++)
        if (!*job->given[i].volume || !*job->given[i].path)
            return wrong("--disk", job->given[i].volume, "write VOLUME=FILE");
    for (; job->bus && vm_bus_names[job->setup.bus]; job->setup.bus++)
        if (strcmp(vm_bus_names[job->setup.bus], job->bus) == 0)
            break;
    if (job->bus && !vm_bus_names[job->setup.bus])
        return wrong("--bus", job->bus, "choose virtio, ahci, nvme or usb");
    if (job->setup.passphrase && !*job->setup.passphrase)
        return wrong("--passphrase", "", "an empty one cannot be typed");
    if (job->console && !isatty(STDIN_FILENO))
        return wrong("--console", "", "standard input is no terminal");
    return -1;
}

/* -1 to go on, or the exit status. */
static int read_options(struct job *job, int argc, char **argv)
{
    struct setup *setup = &job->setup;
    const struct option_row options[] = {
        OPTION_TEXT("kernel", "VERSION|PATH", "to boot (the running one, or the newest)",
                    &setup->kernel),
        OPTION_TEXT("generation", "N", "a number, latest or previous", &setup->generation),
        OPTION_TEXT("append", "WORDS", "more kernel parameters", &setup->append),
        OPTION_TEXT("memory", "SIZE", "of the machine (1G)", &job->memory),
        OPTION_EACH("disk", "VOLUME=FILE", "an image instead of a scratch disk", take_disk),
        OPTION_TEXT("passphrase", "TEXT", "of the encrypted volumes (" SCRATCH_PASSPHRASE ")",
                    &setup->passphrase),
        OPTION_TEXT("bus", "BUS", "of the disks: virtio, ahci, nvme or usb", &job->bus),
        OPTION_TEXT("tree", "DIR", "the system of the first generation (busybox)", &setup->tree),
        OPTION_FLAG("uefi", "boot with UEFI firmware and systemd-boot", &setup->uefi),
        OPTION_FLAG("snapshot", "leave the disks as they were", &job->request.snapshot),
        OPTION_TEXT("keep", "DIR", "keep image, disks and serial log in this folder", &job->keep),
        OPTION_EACH("exec", "COMMAND", "run it in the guest, as often as given", take_exec),
        OPTION_EACH("reboot-then", "COMMAND", "reboot the guest, then run it", take_reboot),
        OPTION_FLAG("console", "join this terminal to the serial line (C-a x ends)", &job->console),
        OPTION_TEXT("timeout", "TIME", "limit of each wait for the guest (5min)", &job->timeout),
    };
    const struct usage usage = {
        .synopsis = "vm [OPTION]... [CONF]",
        .about = "Boots a configuration in QEMU, on scratch disks made to match its volumes, runs "
                 "commands in it and powers it off.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1,
        .context = job};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    job->conf = words ? argv[1] : NULL;
    /* A person who is at the console from the beginning is asked, too. */
    if (!job->console || job->action_count > 0)
        job->request.passphrase = setup->passphrase ? setup->passphrase : SCRATCH_PASSPHRASE;
    return judge_options(job);
}

static void leave_folder(const struct job *job)
{
    if (!job->setup.folder)
        return;
    if (job->keep)
        fprintf(stderr, "ebb: image, disks and serial log are in \"%s\"\n", job->setup.folder);
    else
        path_remove_tree(job->setup.folder);
}

/* Without --keep it is not in /tmp, which may be memory: disks are large. */
static int make_folder(struct job *job, struct error *error)
{
    const char *place = getenv("TMPDIR");
    char *folder = arena_printf(job->arena, "%s/ebb-vm-XXXXXX", place ? place : "/var/tmp");
    if (!job->keep && !mkdtemp(folder))
        return error_system(error, errno, "cannot make the folder \"%s\"", folder);
    /* one that exists must be empty, which rmdir finds out */
    if (job->keep && mkdir(job->keep, 0700) < 0 &&
        (errno != EEXIST || rmdir(job->keep) < 0 || mkdir(job->keep, 0700) < 0))
        return error_system(error, errno, "cannot use \"%s\"; name a new folder", job->keep);
    auto_string path = realpath(job->keep ? job->keep : folder, NULL);
    if (!path)
        return error_system(error, errno, "cannot find the folder \"%s\"", folder);
    job->setup.folder = arena_string(job->arena, path);
    return 0;
}

/* EXIT_DONE: job->config is there. */
static int load(struct job *job, struct error *error)
{
    const char *extra;
    if (setup_extra(job->arena, &job->setup, &extra, error) < 0)
        return EXIT_NO;
    job->config = verb_config(job->conf, (const char *const[]){extra, NULL});
    if (!job->config)
        return EXIT_USAGE;
    for (size_t i = 0; i < job->given_count; i++)
        if (!config_volume(job->config, job->given[i].volume))
            return wrong("--disk", job->given[i].volume, "no such volume is declared");
    return EXIT_DONE;
}

/* What PID 1 says of itself, where it says anything. */
static void tell_speed(struct vm *vm)
{
    char *text = NULL;
    size_t length;
    struct error error;
    int status = 1;
    auto_file output = open_memstream(&text, &length);
    if (!output)
        memory_exhausted();
    if (vm_exec(vm, "cat /run/ebb/status.json", output, NULL, &status, &error) == 0 && !status) {
        struct json_object *told = json_tokener_parse(text), *time = NULL;
        if (json_object_object_get_ex(told, "microseconds", &time))
            printf("the system came up; the initramfs took %.3f s of it\n",
                   (double)json_object_get_int64(time) / 1e6);
        else
            puts("the system came up");
        json_object_put(told);
    } else {
        puts("the system came up");
    }
    fclose(TAKE_PTR(output));
    free(text);
}

static int act(struct job *job, struct vm *vm, struct error *error)
{
    if (vm_wait_ready(vm, error) < 0)
        return -error->code;
    progress("ready (%s) after %.1f s", vm_readiness(vm), seconds_since(job->started));
    for (size_t i = 0; i < job->action_count; i++) {
        int status;
        if (job->actions[i].reboots) {
            progress("rebooting");
            if (vm_reboot(vm, error) < 0)
                return -error->code;
        }
        if (vm_exec(vm, job->actions[i].command, stdout, stderr, &status, error) < 0)
            return -error->code;
        if (status != 0)
            return error_set(error, ECANCELED, "status %d from the guest's \"%.200s\"", status,
                             job->actions[i].command);
    }
    if (job->action_count == 0 && !job->console)
        tell_speed(vm);
    return 0;
}

static int run(struct job *job, struct error *error)
{
    auto_vm vm = NULL;
    clock_gettime(CLOCK_MONOTONIC, &job->started);
    if (vm_start(&job->request, &vm, error) < 0)
        return -error->code;
    progress("booting (%s)", vm_accelerator(vm));
    int code = job->console && job->action_count == 0 ? 0 : act(job, vm, error);
    if (code == 0 && job->console)
        return vm_console(vm, error);
    if (vm_readiness(vm)) { /* also after a command that failed: its disks may be kept */
        struct error power;
        progress("powering off");
        int end = vm_power_off(vm, code < 0 ? &power : error);
        return code < 0 ? code : end;
    }
    return code;
}

static void catch_signals(struct job *job)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* the machine ends before we do, whoever reads us */
    job->request.interrupt = signalfd(-1, &signals, SFD_CLOEXEC);
}

int verb_vm(int argc, char **argv)
{
    auto_arena arena = arena_new();
    struct job job = {.arena = arena};
    struct error error = {0};
    int status = read_options(&job, argc, argv);
    if (status >= 0)
        return status;
    catch_signals(&job);
    status = EXIT_NO;
    job.setup.agent = job.agent;
    job.setup.init = job.init;
    job.setup.given = job.given;
    job.setup.given_count = job.given_count;
    job.setup.progress = isatty(STDERR_FILENO);
    if (program_find("ebb-agent", job.agent, sizeof(job.agent), &error) == 0 &&
        program_find("ebb-init", job.init, sizeof(job.init), &error) == 0 &&
        make_folder(&job, &error) == 0)
        status = load(&job, &error);
    if (status == EXIT_DONE &&
        (setup_make(arena, &job.setup, job.config, &job.request, &error) < 0 ||
         run(&job, &error) < 0))
        status = EXIT_NO;
    if (status == EXIT_NO)
        log_error("%s", error.text);
    leave_folder(&job);
    config_free(job.config);
    return status;
}
