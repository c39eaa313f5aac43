/* ebb boot status: what of the boot partition is not as `ebb boot sync` would leave it. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/log.h"
#include "generations/loader.h"
#include "tool/boot.h"
#include "tool/boot_grub.h"
#include "tool/boot_loader.h"
#include "tool/boot_wants.h"
#include "tool/name.h"
#include "tool/verb.h"

struct row {
    const struct boot_found *found;
    const char *fault; /* NULL: it is whole */
};

struct view {
    struct arena *arena;
    const struct boot_run *run;
    struct row *rows;
    unsigned *missing; /* generations without an entry */
    size_t missing_count;
    struct boot_plan plan;      /* what `ebb boot sync` would write and remove, without those */
    uint64_t needed;            /* bytes for all of it; for what must be built first, a guess */
    const char *intended, *set; /* the default of loader.conf that ought to be, and is */
    const char *next;           /* what GRUB is told to boot once; NULL: nothing */
    const char *variable;       /* what LoaderEntryDefault says instead; NULL: nothing */
    size_t faults;
};

/* Entries share kernels, and reading takes time. */
static const char *verify(struct view *view, size_t row, const struct entry_file *file)
{
    struct error error;
    for (size_t i = 0; i < row; i++) {
        const struct entry *other = &view->rows[i].found->entry;
        bool is_same = !view->rows[i].fault &&
                       ((other->kernel.path && strcmp(other->kernel.path, file->path) == 0) ||
                        (other->image.path && strcmp(other->image.path, file->path) == 0));
        if (is_same)
            return NULL;
    }
    return boot_verify(view->run->esp, file, &error) < 0 ? arena_string(view->arena, error.text)
                                                         : NULL;
}

static void look_at_entries(struct view *view)
{
    const struct boot_state *state = &view->run->state;
    view->rows = arena_alloc(view->arena, (state->entry_count + 1) * sizeof(*view->rows));
    for (size_t i = 0; i < state->entry_count; i++) {
        struct row *row = &view->rows[i];
        row->found = &state->entries[i];
        row->fault = row->found->fault;
        if (!row->fault)
            row->fault = verify(view, i, &row->found->entry.kernel);
        if (!row->fault && row->found->entry.image.path)
            row->fault = verify(view, i, &row->found->entry.image);
        view->faults += row->fault != NULL;
    }
}

/* As much as the largest kernel and the largest image take. */
static uint64_t guess(const struct boot_state *state)
{
    uint64_t kernel = 0, image = 0;
    for (size_t i = 0; i < state->payload_count; i++) {
        uint64_t *largest = strstr(state->payloads[i].name, "kernel-") ? &kernel : &image;
        if (state->payloads[i].size > *largest)
            *largest = state->payloads[i].size;
    }
    return esp_rounded(&state->space, kernel) + esp_rounded(&state->space, image);
}

static int compare(struct view *view, struct error *error)
{
    const struct boot_run *run = view->run;
    struct boot_items items;
    struct boot_want *wants = NULL;
    struct boot_put *puts = NULL;
    struct error ignored;
    size_t count = 0, put_count = 0;
    int code = boot_items_list(&run->source, &items, error);
    if (code < 0)
        return code;
    view->faults += items.failed;
    for (size_t i = 0; i < items.count; i++)
        if (!items.list[i].is_known)
            *ARENA_PUSH(view->arena, view->missing, view->missing_count) =
                items.list[i].generation->number;
    const struct boot_choice choice = {.tried = boot_tried(&run->state, &run->place)};
    /* Where the default has no entry either, it is among those that are missing. */
    if (boot_wants_make(&run->source, &items, &choice, &wants, &count, &ignored) == 0)
        code = boot_follow(view->arena, run, wants, count, &puts, &put_count, error);
    if (code < 0)
        return code;
    if (wants)
        (void)boot_plan_make(view->arena, &run->state, wants, count, puts, put_count, &view->plan,
                             &ignored); /* that it does not fit, the numbers tell */
    view->needed = view->plan.entry_count || view->plan.payload_count || view->plan.put_count
                       ? view->plan.needed
                       : 0;
    view->needed += view->missing_count * guess(&run->state);
    view->faults += view->missing_count + view->plan.entry_count + view->plan.put_count +
                    view->plan.late_count + run->state.leftover_count;
    return 0;
}

static int look_at_default(struct view *view, struct error *error)
{
    const struct boot_run *run = view->run;
    char text[LOADER_TEXT];
    view->intended = boot_default(view->arena, run);
    if (run->place.config->boot.loader == BOOT_GRUB) {
        bool is_told = boot_grub_is_there(view->arena, run->esp, run->state.token);
        view->set = is_told ? view->intended : NULL;
        view->next = boot_grub_next(view->arena, run->esp, run->state.token);
    } else {
        view->set = boot_loader_default(view->arena, run->esp);
    }
    int code =
        run->efivars < 0 ? -ENOENT : loader_read(run->efivars, "LoaderEntryDefault", text, error);
    if (code == 0 && !boot_is_default(view->arena, run, text))
        view->variable = arena_string(view->arena, text);
    view->faults += !view->set || strcasecmp(view->set, view->intended) != 0;
    view->faults += view->variable != NULL;
    return code == -ENOENT ? 0 : code;
}

static void print_line(const char *before, const char *name, const char *after, FILE *out)
{
    fputs(before, out);
    name_print(name, true, out);
    fprintf(out, "%s\n", after);
}

static void print_default(const struct view *view, FILE *out)
{
    fputs("default: ", out);
    name_print(view->variable ? view->variable : view->set ? view->set : "none", true, out);
    if (view->variable)
        fputs(", by the EFI variable LoaderEntryDefault; `ebb boot install` unsets it", out);
    else if (!view->set || strcasecmp(view->set, view->intended) != 0)
        fprintf(out, ", and not %s; `ebb boot install` sets it", view->intended);
    fputc('\n', out);
    if (view->next)
        print_line("next boot: ", view->next, ", once", out);
}

static void print(const struct view *view, FILE *out)
{
    const struct boot_state *state = &view->run->state;
    for (size_t i = 0; i < state->entry_count; i++) {
        fprintf(out, "%s: ", view->rows[i].found->name);
        name_print(view->rows[i].fault ? view->rows[i].fault : "whole", true, out);
        fputc('\n', out);
    }
    for (size_t i = 0; i < view->missing_count; i++)
        fprintf(out, "missing: generation %u\n", view->missing[i]);
    for (size_t i = 0; i < view->plan.entry_count; i++)
        print_line("to be written anew: ", view->plan.entries[i]->name, "", out);
    for (size_t i = 0; i < view->plan.put_count; i++)
        print_line("to be written anew: ", view->plan.puts[i].path, "", out);
    for (size_t i = 0; i < view->plan.late_count; i++)
        print_line("of no use: ", view->plan.late[i], "", out);
    for (size_t i = 0; i < state->leftover_count; i++)
        print_line("left half done: ", state->leftovers[i], "", out);
    print_default(view, out);
    fprintf(out, "free: %s", name_size(state->space.free).text);
    if (view->needed)
        fprintf(out, ", needed: about %s", name_size(view->needed).text);
    fputs(view->faults ? "\nwhat is not as it should be: see `ebb boot sync`\n" : "\n", out);
}

static struct json_object *rows_json(const struct view *view)
{
    struct json_object *rows = json_object_new_array();
    for (size_t i = 0; i < view->run->state.entry_count; i++) {
        const struct row *row = &view->rows[i];
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "name", name_json(view->arena, row->found->name));
        if (row->found->generation)
            json_object_object_add(object, "generation",
                                   json_object_new_int((int)row->found->generation));
        json_object_object_add(object, "whole", json_object_new_boolean(!row->fault));
        if (row->fault)
            json_object_object_add(object, "error", name_json(view->arena, row->fault));
        json_object_array_add(rows, object);
    }
    return rows;
}

static void add_text(const struct view *view, struct json_object *object, const char *key,
                     const char *text)
{
    if (text)
        json_object_object_add(object, key, name_json(view->arena, text));
}

static void print_json(const struct view *view, FILE *out)
{
    const struct boot_state *state = &view->run->state;
    struct json_object *object = json_object_new_object(), *missing = json_object_new_array(),
                       *outdated = json_object_new_array(), *useless = json_object_new_array();
    for (size_t i = 0; i < view->missing_count; i++)
        json_object_array_add(missing, json_object_new_int((int)view->missing[i]));
    for (size_t i = 0; i < view->plan.entry_count; i++)
        json_object_array_add(outdated, name_json(view->arena, view->plan.entries[i]->name));
    for (size_t i = 0; i < view->plan.put_count; i++)
        json_object_array_add(outdated, name_json(view->arena, view->plan.puts[i].path));
    for (size_t i = 0; i < view->plan.late_count; i++)
        json_object_array_add(useless, name_json(view->arena, view->plan.late[i]));
    for (size_t i = 0; i < state->leftover_count; i++)
        json_object_array_add(useless, name_json(view->arena, state->leftovers[i]));
    json_object_object_add(object, "format", json_object_new_int(1));
    json_object_object_add(object, "good", json_object_new_boolean(view->faults == 0));
    json_object_object_add(object, "entries", rows_json(view));
    json_object_object_add(object, "missing", missing);
    json_object_object_add(object, "outdated", outdated);
    json_object_object_add(object, "useless", useless);
    json_object_object_add(object, "free", json_object_new_uint64(state->space.free));
    json_object_object_add(object, "needed", json_object_new_uint64(view->needed));
    add_text(view, object, "intended", view->intended);
    add_text(view, object, "default", view->set);
    add_text(view, object, "next", view->next);
    add_text(view, object, "variable", view->variable);
    fprintf(out, "%s\n",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

static int look(struct view *view, struct error *error)
{
    look_at_entries(view);
    int code = compare(view, error);
    return code < 0 ? code : look_at_default(view, error);
}

int boot_status(struct target root, const struct boot_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct boot_run run;
    struct view view = {.arena = arena, .run = &run};
    struct error error;
    int code = boot_open(arena, root, wish, false, &run, &error);
    if (code == 0)
        code = look(&view, &error);
    if (code == 0 && wish->json)
        print_json(&view, out);
    else if (code == 0)
        print(&view, out);
    else
        log_error("%s", error.text);
    boot_close(&run);
    return code < 0 || view.faults ? EXIT_NO : EXIT_DONE;
}
