/* The parts of the suite of stores. */
#ifndef CONFORMANCE_STORE_SUITE_PRIV_H
#define CONFORMANCE_STORE_SUITE_PRIV_H

/** The part about sessions, as store_suite_run. */
int store_suite_run_sessions(
        const char *name, int (*setup)(void **state), int (*teardown)(void **state));

#endif
