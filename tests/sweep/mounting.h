/* File systems of a test's own, below a folder in memory. Mounts are made in a name space of this process and end with it.
 * Where the system allows none, the program says so and counts as skipped. */
#ifndef SWEEP_MOUNTING_H
#define SWEEP_MOUNTING_H

#include "harness.h"

/** harness_begin, and a place for mounts; false (told) when this user may not mount. */
bool mounting_begin(const char *kind);
/** Instead of harness_end, when there was a place. */
int mounting_end(void);
/** A folder to mount on. */
const char *mounting_folder(const char *name);

bool mount_tmpfs(const char *folder, const char *options);
bool mount_overlay(const char *folder);
/** Each in an image of its own in memory; one at a time. */
bool mount_ext4(const char *folder);
bool mount_xfs(const char *folder);
bool mount_btrfs(const char *folder);

/** Run test in a process of its own with a folder, which it may mount on; one case of TAP. */
void mounting_run_case(const char *name, void (*test)(const char *folder));

#endif
