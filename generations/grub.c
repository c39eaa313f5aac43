#include "generations/grub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *grub_menu_path(struct arena *arena, const char *token)
{
    return arena_printf(arena, ENTRY_PAYLOADS "/%s.cfg", token);
}

const char *grub_block_path(struct arena *arena, const char *token)
{
    return arena_printf(arena, ENTRY_PAYLOADS "/%s.env", token);
}

/* Between single quotes, GRUB takes all but these literally. */
static void write_quoted(FILE *stream, const char *text, size_t length)
{
    fputc('\'', stream);
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\'')
            fputs("'\\''", stream);
        else
            fputc(text[i], stream);
    fputc('\'', stream);
}

static void write_word(FILE *stream, const char *before, const char *text)
{
    fputs(before, stream);
    write_quoted(stream, text, strlen(text));
}

/* GRUB puts double quotes around a parameter that has blanks, and a backslash before its own: so it
 * gets the parameter without them, and the kernel the same as from other loaders. Before other
 * marks it would put one, too, so entry_check refuses those. */
static void write_options(FILE *stream, const char *options)
{
    while (*(options += strspn(options, " \t"))) {
        auto_string word = NULL;
        size_t length = 0;
        FILE *bare = open_memstream(&word, &length);
        if (!bare)
            memory_exhausted();
        for (bool quoted = false; *options && (quoted || !strchr(" \t", *options)); options++)
            if (*options == '"')
                quoted = !quoted;
            else
                fputc(*options, bare);
        if (fclose(bare) != 0)
            memory_exhausted();
        fputc(' ', stream);
        write_quoted(stream, word, length);
    }
}

static void write_entry(FILE *stream, const struct grub_entry *row)
{
    const struct entry *entry = &row->entry;
    bool is_unified = !entry->image.path;
    write_word(stream, "if [ -f ($ebb)", entry->kernel.path);
    if (!is_unified)
        write_word(stream, " -a -f ($ebb)", entry->image.path);
    write_word(stream, " ]; then\nmenuentry ", entry->title ? entry->title : row->id);
    write_word(stream, " \"$ebb\" --id ", row->id);
    /* What the menu does later knows this file's variables no more, but the words of its line. */
    fputs(" {\n    set root=\"$2\"\n", stream);
    write_word(stream, is_unified ? "    chainloader " : "    linux ", entry->kernel.path);
    if (!is_unified) {
        write_options(stream, entry->options ? entry->options : "");
        write_word(stream, "\n    initrd ", entry->image.path);
    }
    fputs("\n}\nfi\n", stream);
}

/* What is to be booted once is so only if GRUB could write down that it was. */
static void write_default(FILE *stream, const char *id, const char *block)
{
    write_word(stream, "set default=", id);
    write_word(stream, "\nset next_entry=\nload_env --file ($ebb)", block);
    fputs(" next_entry\nif [ -n \"$next_entry\" ]; then\n    set ebb_next=\"$next_entry\"\n"
          "    set next_entry=\n",
          stream);
    write_word(stream, "    if save_env --file ($ebb)", block);
    fputs(" next_entry; then\n        set default=\"$ebb_next\"\n    fi\nfi\n", stream);
}

const char *grub_menu(struct arena *arena, const char *token, const char *id,
                      const struct grub_entry *entries, size_t count)
{
    auto_string text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        memory_exhausted();
    fputs("# by `ebb boot`, which writes it anew; $ebb is the partition it lies on\n", stream);
    write_default(stream, id, grub_block_path(arena, token));
    for (size_t i = 0; i < count; i++)
        write_entry(stream, &entries[i]);
    if (fclose(stream) != 0)
        memory_exhausted();
    return arena_string(arena, text);
}
