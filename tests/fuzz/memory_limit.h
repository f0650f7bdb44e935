/* How much memory an input may cost: our allocator, counted. Every target calls begin and end around
 * what it does with an input; more live bytes than allowed, or bytes that are left, end the program. */
#ifndef TESTS_FUZZ_MEMORY_LIMIT_H
#define TESTS_FUZZ_MEMORY_LIMIT_H

#include <stddef.h>

/** What every input is allowed: 4 bytes for each of its own, and room for what has a fixed size. */
#define MEMORY_LIMIT_FACTOR 4
#define MEMORY_LIMIT_FIXED ((size_t)64 * 1024)

/** extra is what the target's code takes whatever the input says, such as buffers and windows: it
 *  has a name and a reason where it is not 0. Installs the allocator when called first;
 *  called again it changes the limit. */
void memory_limit_begin(size_t input_size, size_t extra);
/** Everything was given back. */
void memory_limit_end(void);
/** How often end was called: a target that never does so is not measured. */
unsigned long memory_limit_ends(void);

#endif
