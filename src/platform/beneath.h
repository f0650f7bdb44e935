/* Opening a path so that no part of it is a link and none leads above its start. Internal to
 * platform. */
#ifndef MS_PLATFORM_BENEATH_H
#define MS_PLATFORM_BENEATH_H

#include <sys/types.h>

/** Like openat, with -1 and errno: ELOOP when a part is a link, EXDEV when the path is absolute or
 *  has a part "..". Uses openat2 and, where the kernel has none or a filter forbids it, the walk.
 */
int ms_beneath_open(int dirfd, const char *path, int flags, mode_t mode);
/** The same by opening part after part with O_NOFOLLOW. */
int ms_beneath_walk(int dirfd, const char *path, int flags, mode_t mode);
/** openat with O_NOFOLLOW: a link at the end is ELOOP, also where a folder is wanted, for which the
 *  system says ENOTDIR. */
int ms_open_nofollow(int dirfd, const char *path, int flags, mode_t mode);

#endif
