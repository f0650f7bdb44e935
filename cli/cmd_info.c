/* info: everything known about one version. */
#include "failure.h"
#include "fields.h"

typedef struct info_values {
    bool chunks;
    cli_range range;
    bool files;
} info_values;

static const cli_option info_options[] = {
        {.name = "chunks",
                .letter = 'c',
                .kind = CLI_FLAG,
                .offset = offsetof(info_values, chunks),
                .help = "every chunk: file, place, size, CID"},
        {.name = "range",
                .kind = CLI_RANGE,
                .argument = "A-B",
                .offset = offsetof(info_values, range),
                .help = "with --chunks: only A to B, counted from 0"},
        {.name = "files",
                .kind = CLI_FLAG,
                .offset = offsetof(info_values, files),
                .help = "every file: size, chunks, CID, path"},
        {0},
};

typedef struct info_listing {
    cli_session *session;
    uint64_t files;
    uint64_t chunks;
} info_listing;

/* A model of one file has no path inside. */
static const char *shown_path(const char *path)
{
    return *path != '\0' ? path : "(the file)";
}

static ms_status print_file(void *payload, const ms_file_entry *file)
{
    info_listing *listing = payload;
    cli_text *line = &listing->session->line;

    if (listing->files++ == 0) {
        cli_text_printf(line, "%16s %8s  %-59s  %s", "BYTES", "CHUNKS", "CID", "FILE");
        (void)cli_session_print(listing->session);
    }
    cli_text_printf(line, "%16llu %8llu  %-59s  ", (unsigned long long)file->size,
            (unsigned long long)file->chunk_count, file->cid);
    cli_text_escaped(line, shown_path(file->path));
    if (file->sha256 != NULL)
        cli_text_printf(line, "  sha256 %s", file->sha256);
    return cli_session_print(listing->session);
}

static ms_status print_chunk(void *payload, const ms_chunk_entry *chunk)
{
    info_listing *listing = payload;
    cli_text *line = &listing->session->line;

    if (listing->chunks++ == 0) {
        cli_text_printf(
                line, "%10s %16s %8s  %-59s  %s", "CHUNK", "OFFSET", "BYTES", "CID", "FILE");
        (void)cli_session_print(listing->session);
    }
    cli_text_printf(line, "%10llu %16llu %8llu  %-59s  ", (unsigned long long)chunk->index,
            (unsigned long long)chunk->offset, (unsigned long long)chunk->size, chunk->cid);
    cli_text_escaped(line, shown_path(chunk->path));
    return cli_session_print(listing->session);
}

static void print_versions(cli_session *session, const ms_info_result *result)
{
    for (size_t i = 0; i < result->version_count; i++) {
        const ms_version_entry *version = &result->versions[i];

        cli_text_printf(&session->line, "  %-13s@%-5u ", i == 0 ? "versions" : "",
                (unsigned)version->version);
        cli_text_time(&session->line, version->timestamp);
        cli_text_printf(&session->line, "  %-8s  ", version->status);
        cli_text_escaped(&session->line, version->manifest_cid);
        if (version->reason != NULL && *version->reason != '\0') {
            cli_text_add(&session->line, "  ");
            cli_text_escaped(&session->line, version->reason);
        }
        (void)cli_session_print(session);
    }
}

static void print_info(cli_session *session, const ms_info_result *result)
{
    const ms_model_entry *entry = &result->entry;

    cli_add_name(&session->line, entry->model_id, entry->version, entry->manifest_cid);
    (void)cli_session_print(session);
    cli_field(session, "name", entry->name);
    cli_field(session, "description", entry->description);
    cli_field(session, "publisher", entry->publisher);
    cli_field(session, "status", entry->status);
    cli_field(session, "state", entry->state);
    cli_field(session, "here", entry->is_local ? "yes" : "no");
    if (entry->timestamp != 0)
        cli_field_time(session, "stored", entry->timestamp);
    if (entry->has_manifest) {
        cli_field_size(session, "size", entry->total_size);
        cli_field_counts(
                session, "content", entry->file_count, entry->has_file_count, entry->chunk_count);
    }
    cli_field(session, "stored name", result->stored_name);
    cli_field(session, "chunker", result->chunker);
    cli_field(session, "root", entry->root_cid);
    cli_field(session, "chunk root", entry->chunk_root);
    cli_field(session, "metadata", entry->metadata_json);
    print_versions(session, result);
    cli_paste_line(session, entry->publisher, entry->model_id, entry->version, entry->manifest_cid);
}

static ms_status run_info(cli_session *session, const cli_input *input)
{
    const info_values *values = (const info_values *)(const void *)&input->values;
    info_listing listing = {.session = session};
    ms_info_options options = MS_INFO_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_info_result *result;
    ms_status status;

    if (values->range.is_set && !values->chunks)
        return cli_fail(&session->error, MS_USAGE, "option_conflict", "--range goes with --chunks");
    options.ref = input->operands[0];
    options.files = values->files;
    options.chunks = values->chunks;
    options.has_range = values->range.is_set;
    options.range_first = values->range.first;
    options.range_last = values->range.last;
    if (cli_session_is_human(session)) {
        options.on_file = print_file;
        options.on_chunk = print_chunk;
        options.payload = &listing;
    }
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, info, &operation, &options);
    result = ms_operation_info_result(operation);
    if (status == MS_OK && result != NULL && cli_session_is_human(session))
        print_info(session, result);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_info = {
        .name = "info",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Show everything known about one version",
        .details = "Files and chunks are listed first. The last line is for a colleague: the full\n"
                   "name, and the CID of the manifest. Either of the two is a REF.",
        .options = info_options,
        .values_size = sizeof(info_values),
        .examples = "model-storage info llama\n"
                    "model-storage info llama@2 --files\n"
                    "model-storage info llama --chunks --range 0-99 --json",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_info,
};
