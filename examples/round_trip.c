/* Store a file or folder, and bring it back somewhere else.
 *
 *   round_trip HOME PATH MODEL_ID OUTPUT */
#include <model_storage.h>
#include <stdio.h>

static int failed(const char *doing, const ms_error *error)
{
    fprintf(stderr, "%s: %s\n", doing, error->message);
    if (error->hint[0] != '\0')
        fprintf(stderr, "  hint: %s\n", error->hint);
    return ms_status_exit_code(error->status);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: round_trip HOME PATH MODEL_ID OUTPUT\n");
        return 2;
    }
    ms_error error = MS_ERROR_INIT;
    ms_storage_options storage_options = MS_STORAGE_OPTIONS_INIT;
    storage_options.home = argv[1];
    ms_storage *storage = NULL;
    if (ms_storage_open(&storage, &storage_options, &error) != MS_OK)
        return failed("open", &error);

    ms_store_options store_options = MS_STORE_OPTIONS_INIT;
    store_options.path = argv[2];
    store_options.model_id = argv[3];
    ms_operation *store = NULL;
    ms_status status = ms_model_store(&store, storage, &store_options, NULL, &error);
    if (status != MS_OK) {
        ms_operation_free(store);
        ms_storage_close(storage);
        return failed("store", &error);
    }
    const ms_store_result *stored = ms_operation_store_result(store);
    printf("stored %s version %u as %s\n", stored->model_id, (unsigned)stored->version, stored->manifest_cid);

    /* The name of the version, so that a newer one stored meanwhile changes nothing. */
    ms_retrieve_options retrieve_options = MS_RETRIEVE_OPTIONS_INIT;
    retrieve_options.ref = stored->manifest_cid;
    retrieve_options.output = argv[4];
    ms_operation *retrieve = NULL;
    status = ms_model_retrieve(&retrieve, storage, &retrieve_options, NULL, &error);
    if (status == MS_OK) {
        const ms_retrieve_result *retrieved = ms_operation_retrieve_result(retrieve);
        printf("retrieved %llu bytes to %s\n", (unsigned long long)retrieved->total_size, retrieved->output_path);
    }
    ms_operation_free(retrieve);
    ms_operation_free(store);
    ms_storage_close(storage);
    return status == MS_OK ? 0 : failed("retrieve", &error);
}
