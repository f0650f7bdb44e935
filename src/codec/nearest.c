/* The known word that a mistyped one was meant to be. */
#include "codec/nearest.h"

#include <stdint.h>
#include <string.h>

#include "base/checked.h"

static char lower(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte - 'A' + 'a');
    return byte;
}

/* Insertions, deletions and replacements that turn a into b, by rows of the table of all beginnings
 * (Wagner and Fischer). */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[MS_NEAREST_SIZE_MAX + 1];
    const size_t a_size = strlen(a);
    const size_t b_size = strlen(b);

    if (a_size > MS_NEAREST_SIZE_MAX || b_size > MS_NEAREST_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t replaced = diagonal + (lower(a[i - 1]) != lower(b[j - 1]) ? 1 : 0);

            diagonal = row[j];
            row[j] = MS_MIN(MS_MIN(row[j], row[j - 1]) + 1, replaced);
        }
    }
    return row[b_size];
}

void ms_nearest_begin(ms_nearest *search, const char *wanted)
{
    *search = (ms_nearest){.wanted = wanted, .edits = strlen(wanted) / 3 + 2};
}

bool ms_nearest_offer(ms_nearest *search, const char *word)
{
    const size_t edits = edit_distance(search->wanted, word);

    if (edits >= search->edits)
        return false;
    search->edits = edits;
    return true;
}
