#include "mounts/prove.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void prove_plan(const struct config *config, const struct generation *generation, const char *init,
                struct plan *plan)
{
    struct origin kernel = {"kernel command line", 0, 0};
    struct step *step = plan_add(plan, STEP_PROVE, init ? kernel : config->generations.origin);
    bool is_unknown = config->generations.kind == STORE_NIX && !generation->number;
    step->init = init               ? init
                 : generation->init ? generation->init
                 : is_unknown       ? NULL
                                    : "/sbin/init";
    step->generation = generation;
}

void prove_sentence(const struct step *step, FILE *stream)
{
    fputs("prove that ", stream);
    if (step->init)
        fputs(step->init, stream);
    else
        fputs("the init that the generation names", stream);
    fputs(" can be executed in the new root", stream);
}

/* The processor that this program runs on, as ELF headers call it. */
static unsigned own_machine(void)
{
    ElfW(Ehdr) header;
    auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool whole = self >= 0 && pread(self, &header, sizeof(header), 0) == sizeof(header);
    return whole ? header.e_machine : EM_NONE;
}

/* What the kernel starts in front of the init, "" for nothing: the program in the first line of a
 * script, or the loader of a dynamic program. Without it, execve would only say "no such file". */
static int find_interpreter(const struct proof *proof, int program, char *interpreter, size_t size,
                            struct error *error)
{
    ElfW(Ehdr) header;
    ElfW(Phdr) part;
    ssize_t length = pread(program, interpreter, size - 1, 0);
    interpreter[length > 0 ? length : 0] = '\0';
    const char *name =
        strncmp(interpreter, "#!", 2) == 0 ? interpreter + 2 + strspn(interpreter + 2, " \t") : "";
    if (*name && *name != '\n') {
        length = (ssize_t)strcspn(name, " \t\n");
        memmove(interpreter, name, (size_t)length);
    } else if (pread(program, &header, sizeof(header), 0) == sizeof(header) &&
               memcmp(header.e_ident, ELFMAG, SELFMAG) == 0) {
        length = 0;
        bool native = header.e_ident[EI_CLASS] == (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32);
        if (native && header.e_machine != own_machine())
            return error_set(error, ENOEXEC,
                             "the init \"%s\" of %s was built for another kind of "
                             "processor; %s",
                             proof->init, proof->subject, proof->remedy);
        for (size_t i = 0; native && i < header.e_phnum; i++)
            if (pread(program, &part, sizeof(part), (off_t)(header.e_phoff + i * sizeof(part))) ==
                    sizeof(part) &&
                part.p_type == PT_INTERP)
                length =
                    pread(program, interpreter, part.p_filesz < size ? part.p_filesz : size - 1,
                          (off_t)part.p_offset);
    } else {
        return error_set(error, ENOEXEC,
                         "the init \"%s\" of %s is neither a program nor a script that "
                         "begins with \"#!\"; %s",
                         proof->init, proof->subject, proof->remedy);
    }
    interpreter[length > 0 ? length : 0] = '\0';
    return 0;
}

static int prove_interpreter(const struct proof *proof, int program, struct error *error)
{
    char interpreter[256];
    int code = find_interpreter(proof, program, interpreter, sizeof(interpreter), error);
    if (code < 0)
        return code;
    if (!*interpreter)
        return 0;
    struct stat status = {0};
    auto_fd found = path_open_in_root(proof->root, interpreter, O_PATH);
    int reason = found < 0 ? -found : fstat(found, &status) < 0 ? errno : 0;
    if (!reason && (!S_ISREG(status.st_mode) || !(status.st_mode & 0111)))
        reason = EACCES;
    if (reason)
        return error_set(error, reason,
                         "the init \"%s\" of %s needs \"%s\", which cannot be opened in "
                         "the new root (%s); %s",
                         proof->init, proof->subject, interpreter, strerror(reason), proof->remedy);
    return 0;
}

int prove_init(const struct proof *proof, struct error *error)
{
    const char *init = proof->init, *subject = proof->subject, *remedy = proof->remedy;
    struct stat status;
    struct statvfs system;
    auto_fd program = path_open_in_root(proof->root, init, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (program == -ENOENT)
        return error_set(error, ENOENT, "%s has no init \"%s\"; %s", subject, init, remedy);
    if (program < 0)
        return error_set(error, -program,
                         "the init \"%s\" of %s cannot be opened in the new root (%s); %s", init,
                         subject, strerror(-program), remedy);
    if (fstat(program, &status) < 0 || fstatvfs(program, &system) < 0)
        return error_system(error, errno, "the init \"%s\" cannot be looked at", init);
    if (!S_ISREG(status.st_mode) || !(status.st_mode & 0111))
        return error_set(error, EACCES, "the init \"%s\" of %s is not an executable file; %s", init,
                         subject, remedy);
    if (system.f_flag & ST_NOEXEC)
        return error_set(error, EACCES,
                         "the init \"%s\" lies on a volume mounted noexec; remove that from its "
                         "options",
                         init);
    return prove_interpreter(proof, program, error);
}

/* A generation is never changed, so there is nothing to mend in it. */
int prove_apply(const struct step *step, struct context *context, struct error *error)
{
    char subject[32];
    snprintf(subject, sizeof(subject), "generation %u", step->generation->number);
    const struct proof proof = {
        context->root.fd, step->init, subject,
        "boot another generation with ebb.generation=, or name another init with init="};
    int code = prove_init(&proof, error);
    if (code == 0)
        context->init = step->init;
    return code;
}
