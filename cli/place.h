/* Whether paths lead to the same place, whatever they are called on the way. */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <stdbool.h>

/** The absolute path without links; what is not there (yet) stands behind the folders that are.
 * NULL with errno when the way cannot be followed. The caller frees it. */
char *cli_place_resolve(const char *path);
/** Whether path is place or lies in it; both resolved. Also when place has several names there. */
bool cli_place_holds(const char *place, const char *path);

#endif
