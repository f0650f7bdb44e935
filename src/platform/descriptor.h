/* Where descriptors stand in the table of the process. Internal to platform. */
#ifndef MS_PLATFORM_DESCRIPTOR_H
#define MS_PLATFORM_DESCRIPTOR_H

/** Move a new descriptor out of 0 to 2, which whoever prints writes to: text must not land in a
 * file when the program was started with one of them closed. Negative values pass through. -1 and
 * errno when it cannot be moved; fd is then closed. */
int ms_descriptor_raise(int fd);

#endif
