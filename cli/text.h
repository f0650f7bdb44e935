/* Text being put together: growable, and the forms in which people and programs read things. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CLI_PRINTF(format_index, first_index)                                                      \
    __attribute__((format(printf, format_index, first_index)))
#else
#define CLI_PRINTF(format_index, first_index)
#endif

#define CLI_TEXT_SIZE_MAX ((size_t)1024 * 1024) /* what would pass it is left out */

/** Zeroed is empty. data is NUL terminated once something was appended. When memory is short the
 * rest is dropped: this text is for reading, and whoever reads it is told what went wrong
 * elsewhere. */
typedef struct cli_text {
    char *data;
    size_t size;
    size_t capacity;
} cli_text;

void cli_text_release(cli_text *text);
void cli_text_clear(cli_text *text);
/** The text; "" when nothing was appended. */
const char *cli_text_get(const cli_text *text);

void cli_text_append(cli_text *text, const char *data, size_t size);
void cli_text_add(cli_text *text, const char *more);
void cli_text_printf(cli_text *text, const char *format, ...) CLI_PRINTF(2, 3);
void cli_text_vprintf(cli_text *text, const char *format, va_list arguments) CLI_PRINTF(2, 0);
void cli_text_pad(cli_text *text, size_t count); /* spaces */

/** For a terminal: C0, C1, DEL, bidirectional controls and bytes that are no UTF-8 become \x1b or
 *  \u202e, so that a stranger's name can neither move the cursor nor reorder what is read. NULL is
 * "-". */
void cli_text_escaped(cli_text *text, const char *name);
/** A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. NULL is null. */
void cli_text_json(cli_text *text, const char *value);

/** "1.2 GiB (1288490189 bytes)", "17 bytes". */
void cli_text_size(cli_text *text, uint64_t bytes);
/** "1.2 GiB" alone. */
void cli_text_short_size(cli_text *text, uint64_t bytes);
/** "2026-01-31 08:00:00" UTC. */
void cli_text_time(cli_text *text, int64_t seconds);
/** "1 file", "2 files". */
void cli_text_count(cli_text *text, uint64_t count, const char *noun);

#endif
