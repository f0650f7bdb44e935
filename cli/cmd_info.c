#include <string.h>

#include "output.h"
#include "session.h"

typedef struct info_values {
    bool chunks;
    bool files;
    cli_range range;
} info_values;

static const cli_option options[] = {
        {.name = "chunks", .letter = 'c', .kind = CLI_FLAG, .offset = offsetof(info_values, chunks), .help = "list its chunks"},
        {.name = "range", .kind = CLI_RANGE, .argument = "A-B", .offset = offsetof(info_values, range),
                .help = "only chunks A to B (with --chunks)"},
        {.name = "files", .kind = CLI_FLAG, .offset = offsetof(info_values, files), .help = "list its files"},
        {0},
};

typedef struct showing {
    cli_session *session;
    cli_text text;
    bool has_files;
    bool has_chunks;
} showing;

static ms_status on_file(void *payload, const ms_file_entry *file)
{
    showing *show = payload;

    if (!cli_session_is_for_people(show->session))
        return MS_OK;
    if (!show->has_files)
        cli_text_add(&show->text, "Files:\n");
    show->has_files = true;
    cli_text size = {0};
    cli_text_short_size(&size, file->size);
    cli_text_printf(&show->text, "%12s  %s  ", cli_text_get(&size), file->cid);
    cli_text_release(&size);
    cli_text_escaped(&show->text, file->path);
    cli_text_add(&show->text, "\n");
    return cli_session_print(show->session, &show->text);
}

static ms_status on_chunk(void *payload, const ms_chunk_entry *chunk)
{
    showing *show = payload;

    if (!cli_session_is_for_people(show->session))
        return MS_OK;
    if (!show->has_chunks)
        cli_text_add(&show->text, "Chunks:\n");
    show->has_chunks = true;
    cli_text_printf(&show->text, "%8llu  %8llu bytes at %-12llu  %s  ", (unsigned long long)chunk->index,
            (unsigned long long)chunk->size, (unsigned long long)chunk->offset, chunk->cid);
    cli_text_escaped(&show->text, chunk->path);
    cli_text_add(&show->text, "\n");
    return cli_session_print(show->session, &show->text);
}

static void tell(cli_text *text, const ms_info_result *result)
{
    const ms_model_entry *entry = &result->entry;

    cli_text_escaped(text, entry->model_id != NULL ? entry->model_id : entry->root_cid);
    if (entry->version != 0)
        cli_text_printf(text, " version %lu", (unsigned long)entry->version);
    cli_text_add(text, "\n");
    cli_field(text, "name", entry->name);
    cli_field(text, "about", entry->description);
    cli_field(text, "publisher", entry->publisher);
    cli_field(text, "status", entry->status);
    if (entry->timestamp != 0) {
        cli_text_add(text, "  stored    ");
        cli_text_time(text, entry->timestamp);
        cli_text_add(text, "\n");
    }
    if (entry->has_manifest) {
        cli_text_add(text, "  size      ");
        cli_text_size(text, entry->total_size);
        cli_text_add(text, "\n  content   ");
        if (entry->has_file_count) {
            cli_text_count(text, entry->file_count, "file");
            cli_text_add(text, ", ");
        }
        cli_text_count(text, entry->chunk_count, "chunk");
        cli_text_add(text, "\n");
    }
    cli_field(text, "as", result->stored_name);
    cli_field(text, "chunker", result->chunker);
    cli_field(text, "root", entry->root_cid);
    cli_field(text, "manifest", entry->manifest_cid);
    cli_field(text, "chunkRoot", entry->chunk_root);
    if (entry->metadata_json != NULL && strcmp(entry->metadata_json, "{}") != 0)
        cli_field(text, "metadata", entry->metadata_json);
    cli_field(text, "here", entry->is_local ? "yes" : "no");
    for (size_t i = 0; i < result->version_count; i++) {
        const ms_version_entry *version = &result->versions[i];

        cli_text_printf(text, "%s%lu  ", i == 0 ? "  versions  " : "            ", (unsigned long)version->version);
        cli_text_time(text, version->timestamp);
        cli_text_printf(text, "  %s", version->status);
        if (version->reason != NULL && version->reason[0] != '\0') {
            cli_text_add(text, " (");
            cli_text_escaped(text, version->reason);
            cli_text_add(text, ")");
        }
        cli_text_add(text, "\n");
    }
    cli_reference_line(text, entry->publisher, entry->model_id, entry->version, entry->manifest_cid);
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const info_values *values = (const void *)&input->values;
    showing show = {.session = session};
    ms_info_options what = MS_INFO_OPTIONS_INIT;
    ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    ms_status status;

    if (values->range.is_set && !values->chunks)
        return cli_fail(&session->error, MS_USAGE, "range_chunks", "--range goes with --chunks");
    what.ref = input->operands[0];
    what.files = values->files;
    what.chunks = values->chunks;
    what.has_range = values->range.is_set;
    what.range_first = values->range.first;
    what.range_last = values->range.last;
    what.on_file = on_file;
    what.on_chunk = on_chunk;
    what.payload = &show;
    status = ms_model_info_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        tell(&show.text, ms_operation_info_result(operation));
        status = cli_session_print(session, &show.text);
    }
    cli_text_release(&show.text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_info = {
        .name = "info",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Show everything known about one version",
        .details = "",
        .options = options,
        .values_size = sizeof(info_values),
        .examples = "model-storage info org/llama\n"
                    "model-storage info org/llama@2 --chunks --range 0-9",
        .exit_codes = "0 2 4 5 9 130",
        .run = run,
};
