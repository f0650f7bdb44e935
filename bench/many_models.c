/* Store one file under many model ids, in one process: the ledger for the measurement of `list`.
 *
 *   many_models HOME FILE COUNT */
#include <model_storage.h>
#include <stdio.h>
#include <stdlib.h>

static ms_status store_one(ms_storage *storage, const char *path, long number, ms_error *error)
{
    char id[64];
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation *store = NULL;
    (void)snprintf(id, sizeof(id), "family-%02ld/model-%06ld", number % 100, number);
    options.path = path;
    options.model_id = id;
    const ms_status status = ms_model_store(&store, storage, &options, NULL, error);
    ms_operation_free(store);
    return status;
}

int main(int argc, char **argv)
{
    ms_error error = MS_ERROR_INIT;
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_storage *storage = NULL;
    const long count = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    if (count < 1) {
        fprintf(stderr, "usage: many_models HOME FILE COUNT\n");
        return 2;
    }
    options.home = argv[1];
    ms_status status = ms_storage_open(&storage, &options, &error);
    for (long i = 0; status == MS_OK && i < count; i++)
        status = store_one(storage, argv[2], i, &error);
    ms_storage_close(storage);
    if (status != MS_OK)
        fprintf(stderr, "%s\n", error.message);
    return ms_status_exit_code(status);
}
