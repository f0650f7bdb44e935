/* Verify a model without blocking: the descriptor of the operation stands in a poll() loop beside whatever else a program waits
 * for, progress is shown, and a second argument cancels after that many progress reports.
 *
 *   event_loop HOME REF [CANCEL_AFTER] */
#include <model_storage.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct watching {
    ms_operation *operation;
    long cancel_after; /* reports; negative = never */
    long reports;
} watching;

/* Called by a thread of the operation. Cancelling is the one thing that may be done to it here. */
static void on_progress(void *payload, const ms_progress *progress)
{
    watching *watch = (watching *)payload;
    printf("%s: %llu of %llu bytes\n", progress->phase, (unsigned long long)progress->bytes_done,
            (unsigned long long)progress->bytes_total);
    if (++watch->reports == watch->cancel_after && watch->operation != NULL)
        ms_operation_cancel(watch->operation);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: event_loop HOME REF [CANCEL_AFTER]\n");
        return 2;
    }
    ms_error error = MS_ERROR_INIT;
    ms_storage_options storage_options = MS_STORAGE_OPTIONS_INIT;
    storage_options.home = argv[1];
    ms_storage *storage = NULL;
    if (ms_storage_open(&storage, &storage_options, &error) != MS_OK) {
        fprintf(stderr, "%s\n", error.message);
        return ms_status_exit_code(error.status);
    }

    watching watch = {.cancel_after = argc > 3 ? strtol(argv[3], NULL, 10) : -1};
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    how.on_progress = on_progress;
    how.payload = &watch;
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    options.ref = argv[2];
    ms_status status = ms_model_verify_start(&watch.operation, storage, &options, &how, &error);
    if (status == MS_OK && watch.cancel_after == 0)
        ms_operation_cancel(watch.operation);
    while (status == MS_OK && !ms_operation_is_done(watch.operation)) {
        struct pollfd waiting = {.fd = ms_operation_descriptor(watch.operation), .events = POLLIN};
        (void)poll(&waiting, 1, 1000);
    }
    if (status == MS_OK)
        status = ms_operation_finish(watch.operation, &error);
    if (status == MS_OK)
        printf("valid: %llu chunks\n", (unsigned long long)ms_operation_verify_result(watch.operation)->valid_chunks);
    else
        fprintf(stderr, "%s\n", error.message);
    ms_operation_free(watch.operation);
    ms_storage_close(storage);
    return ms_status_exit_code(status);
}
