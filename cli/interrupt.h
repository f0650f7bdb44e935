/* Signals: the first asks the running operation to stop, and ends the process when that takes more
 * than a second; the second ends it at once. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <termios.h>

#include "model_storage/operation.h"

/** Ignore SIGPIPE and SIGXFSZ, take SIGINT, SIGTERM and SIGHUP, unless whoever started us had them ignored. */
void cli_interrupt_init(void);
bool cli_interrupted(void);
/** A descriptor that becomes readable with the first signal: what waits for input waits for it too.
 */
int cli_interrupt_descriptor(void);
/** The operation that a signal cancels; NULL = none. One that was interrupted before is cancelled
 * now. */
void cli_interrupt_watch(ms_operation *operation);
/** Settings of the terminal to restore if the process ends at once; NULL = none. */
void cli_interrupt_restores(int fd, const struct termios *settings);

#endif
