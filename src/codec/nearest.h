/* The known word that a mistyped one was meant to be. */
#ifndef MS_CODEC_NEAREST_H
#define MS_CODEC_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#define MS_NEAREST_SIZE_MAX 128 /* bytes of a word; a longer one is near to nothing */

/** A search over known words, offered one after the other. No resources. */
typedef struct ms_nearest {
    const char *wanted;
    size_t edits; /* a word has to need fewer to be the nearest so far */
} ms_nearest;

/** wanted stays the caller's. */
void ms_nearest_begin(ms_nearest *search, const char *wanted);
/** Whether word is nearer than all before it, and near at all: at most a third of the letters of wanted, and
 *  one more, are inserted, left out or replaced. Case does not count. */
bool ms_nearest_offer(ms_nearest *search, const char *word);

#endif
