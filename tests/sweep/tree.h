/* Folders as data: made from a seed, copied, compared, searched. Straight calls of the system, none
 * of the code under test, for what looks at the outcome of a fault must not meet it. Paths are
 * absolute. */
#ifndef SWEEP_TREE_H
#define SWEEP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_PATH_SIZE 1024

/** All of these but tree_difference end the process when the system refuses: no test can go on
 * without its files. */

/** Make a file of size bytes that follow from the seed, and the folders above it. An older one is
 * replaced. */
void tree_write(const char *folder, const char *name, uint32_t seed, size_t size);
/** Flip one bit of the file at the offset; its mode is kept. */
void tree_damage(const char *path, size_t offset);
/** Copy a file or folder with its modes to a name that is free. */
void tree_copy(const char *from, const char *to);
/** Remove a file or folder; nothing there is success. */
void tree_remove(const char *path);
bool tree_exists(const char *path);
/** Bytes of a file. */
size_t tree_size(const char *path);

/** Whether the two differ in names, kinds, modes or bytes, or only one is there; where
 * (TREE_PATH_SIZE) then names the first difference. Two that are both absent are equal.
 * Modification times do not count. */
bool tree_differs(const char *a, const char *b, char *where);
/** The first path below the folder whose last name contains text; false when there is none. */
bool tree_find(const char *folder, const char *text, char *found);
/** Number of names in the folder itself; 0 when it is not there. */
unsigned tree_count(const char *folder);
/** Call visit with the path of every regular file below folder. */
void tree_each_file(
        const char *folder, void (*visit)(void *payload, const char *path), void *payload);

#endif
