/* List all models of a home, page by page, one callback a model.
 *
 *   list_models HOME */
#include <model_storage.h>
#include <stdio.h>
#include <string.h>

static ms_status on_model(void *payload, const ms_model_entry *entry)
{
    unsigned long *count = (unsigned long *)payload;
    (*count)++;
    printf("%s@%u %s %llu bytes %s\n", entry->model_id, (unsigned)entry->version, entry->status,
            (unsigned long long)entry->total_size, entry->manifest_cid);
    return MS_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: list_models HOME\n");
        return 2;
    }
    ms_error error = MS_ERROR_INIT;
    ms_storage_options storage_options = MS_STORAGE_OPTIONS_INIT;
    storage_options.home = argv[1];
    ms_storage *storage = NULL;
    ms_status status = ms_storage_open(&storage, &storage_options, &error);
    unsigned long count = 0;
    char after[1024] = "";
    bool more = status == MS_OK;
    while (more) {
        ms_list_options options = MS_LIST_OPTIONS_INIT;
        options.on_model = on_model;
        options.payload = &count;
        options.after = after[0] == '\0' ? NULL : after;
        ms_operation *list = NULL;
        status = ms_model_list(&list, storage, &options, NULL, &error);
        const char *next = status == MS_OK ? ms_operation_list_result(list)->next : NULL;
        more = next != NULL && strlen(next) < sizeof(after);
        if (more)
            memcpy(after, next, strlen(next) + 1);
        ms_operation_free(list);
    }
    ms_storage_close(storage);
    if (status != MS_OK) {
        fprintf(stderr, "%s\n", error.message);
        return ms_status_exit_code(status);
    }
    printf("%lu models\n", count);
    return 0;
}
