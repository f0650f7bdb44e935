/* Row number i is made of i alone, so that two ledgers filled alike say the same but for their
 * times. */
#include "unit/registry/sample_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sha256.h"
#include "doubles/sample_publication.h"

#define PUBLISHERS 2

static void must(bool good)
{
    if (!good)
        abort();
}

static void model_of(unsigned number, char id[32], int *who)
{
    snprintf(id, 32, "model-%u", number / PUBLISHERS);
    *who = (int)(number % PUBLISHERS) + 1;
}

/* Each fifth row sets a status (row 39 takes that of row 9 back), the others publish the next
 * version of one model after the other. */
static void write_row(ms_registry *registry, unsigned row, uint32_t versions[SAMPLE_MODELS])
{
    unsigned number = row % SAMPLE_MODELS;
    ms_error error = MS_ERROR_INIT;
    ms_arena arena;
    ms_signer signer;
    ms_key *key;
    char id[32];
    int who;

    ms_arena_init(&arena, (size_t)1 << 20);
    model_of(number, id, &who);
    key = sample_key((uint8_t)who);
    signer = ms_signer_of_key(key);
    if (row % 5 == 4 && versions[number] > 0) {
        ms_status_change change = {.model_id = id,
                .version = row % 10 == 9 ? 0 : versions[number],
                .status = row > 40    ? MS_RECORD_REVOKED
                          : row == 39 ? MS_RECORD_ACTIVE
                                      : MS_RECORD_INACTIVE,
                .reason = "sample"};
        bool changed;

        must(ms_registry_set_status(registry, &signer, &change, &changed, &error) == MS_OK);
        must(changed);
    } else {
        sample_publication sample;
        ms_record record;

        sample_publication_init_sized(
                &sample, id, ++versions[number], row, row % 7 == 0 ? 5000 : 20);
        must(ms_registry_publish(registry, &signer, &sample.publication, &arena, &record, &error) ==
                MS_OK);
        sample_publication_release(&sample);
    }
    ms_key_free(key);
    ms_arena_release(&arena);
}

void sample_ledger_fill(ms_registry *registry, unsigned first, unsigned rows)
{
    uint32_t versions[SAMPLE_MODELS] = {0};

    for (unsigned row = 0; row < first; row++) {
        unsigned number = row % SAMPLE_MODELS;

        if (row % 5 != 4 || versions[number] == 0)
            versions[number]++;
    }
    for (unsigned row = first; row < rows; row++)
        write_row(registry, row, versions);
}

/* Made once in a program and copied afterwards, because each row waits for the disk. */
void sample_ledger_make(const temporary_folder *folder)
{
    static uint8_t copy[1 << 20];
    static long size;
    ms_registry *registry;

    if (size > 0) {
        temporary_write(folder, "ledger.db", copy, (size_t)size);
        return;
    }
    must(ms_ledger_open(&registry, folder->path, NULL, NULL) == MS_OK);
    sample_ledger_fill(registry, 0, SAMPLE_ROWS);
    ms_registry_close(registry);
    size = temporary_read(folder, "ledger.db", copy, sizeof(copy));
    must(size > 0 && size < (long)sizeof(copy));
}

/* ---- questions ---- */

static ms_status write_record(void *payload, const ms_record *record, ms_error *err)
{
    ms_buffer *out = payload;
    uint8_t digest[32];
    ms_sha256_stream stream;

    ms_sha256_init(&stream);
    ms_sha256_update(&stream, record->publisher.bytes, sizeof(record->publisher.bytes));
    ms_sha256_update(&stream, record->manifest, sizeof(record->manifest));
    ms_sha256_update(&stream, record->head.data, record->head.size);
    ms_sha256_update(&stream, record->info.data, record->info.size);
    ms_sha256_final(&stream, digest);
    return ms_buffer_printf(out, err, "%s@%u %lld %d %d %d %s %lld %u %02x%02x%02x%02x\n",
            record->model_id, record->version, (long long)record->time, (int)record->status,
            (int)record->version_status, (int)record->model_status, record->reason,
            (long long)record->status_time, record->newest, digest[0], digest[1], digest[2],
            digest[3]);
}

static ms_status ask_list(
        ms_registry *registry, unsigned number, ms_arena *arena, ms_buffer *out, ms_error *err)
{
    ms_key *key = sample_key(1);
    ms_record_page page = {.limit = 1000,
            .publisher = (number & 1) != 0 ? ms_key_address(key) : NULL,
            .all_versions = (number & 2) != 0,
            .inactive_too = (number & 4) != 0};
    const char *next;
    ms_status status = ms_registry_list(registry, &page, write_record, out, arena, &next, err);

    ms_key_free(key);
    return status;
}

static ms_status ask_resolve(
        ms_registry *registry, unsigned number, ms_arena *arena, ms_buffer *out, ms_error *err)
{
    ms_record record;
    char id[32];
    int who;
    ms_key *key;
    ms_status status;

    model_of(number, id, &who);
    key = sample_key((uint8_t)who);
    status = ms_registry_resolve(registry, ms_key_address(key), id, 0, arena, &record, err);
    if (status == MS_OK)
        status = write_record(out, &record, err);
    ms_key_free(key);
    return status;
}

static ms_status ask_history(ms_registry *registry, unsigned number, ms_buffer *out, ms_error *err)
{
    char id[32];
    int who;
    ms_key *key;
    ms_status status;

    model_of(number, id, &who);
    key = sample_key((uint8_t)who);
    status = ms_registry_history(registry, ms_key_address(key), id, write_record, out, err);
    ms_key_free(key);
    return status;
}

/* The manifests of rows 0 and 1 of the sample, and that of nothing. */
static ms_status ask_find(ms_registry *registry, unsigned number, ms_buffer *out, ms_error *err)
{
    sample_publication sample;
    ms_status status;

    sample_publication_init_sized(
            &sample, "m", 1, number == 2 ? 1000 : number, number == 0 ? 5000 : 20);
    status = ms_registry_find(registry, sample.manifest, write_record, out, err);
    sample_publication_release(&sample);
    return status;
}

static ms_status ask(
        ms_registry *registry, unsigned question, ms_arena *arena, ms_buffer *out, ms_error *err)
{
    if (question < 8)
        return ask_list(registry, question, arena, out, err);
    if (question < 14)
        return ask_resolve(registry, question - 8, arena, out, err);
    if (question < 20)
        return ask_history(registry, question - 14, out, err);
    if (question < 23)
        return ask_find(registry, question - 20, out, err);
    return ms_registry_find_id(registry, "model-1", write_record, out, err);
}

void sample_answers_take(sample_answer answers[SAMPLE_QUESTIONS], ms_registry *registry)
{
    for (unsigned i = 0; i < SAMPLE_QUESTIONS; i++) {
        ms_error error = MS_ERROR_INIT;
        ms_arena arena;
        ms_buffer out;
        const char *text;

        ms_arena_init(&arena, (size_t)1 << 20);
        ms_buffer_init(&out, (size_t)1 << 20);
        answers[i].status = ask(registry, i, &arena, &out, &error);
        text = ms_buffer_text(&out);
        must(text != NULL);
        answers[i].text = strdup(text);
        ms_buffer_release(&out);
        ms_arena_release(&arena);
    }
}

void sample_answers_release(sample_answer answers[SAMPLE_QUESTIONS])
{
    for (unsigned i = 0; i < SAMPLE_QUESTIONS; i++)
        free(answers[i].text);
}

static ms_status count_fault(void *payload, const ms_registry_fault *fault, ms_error *err)
{
    sample_faults *faults = payload;

    (void)err;
    if (faults->count++ == 0)
        snprintf(faults->first, sizeof(faults->first), "%s", fault->text);
    faults->last_sequence = fault->sequence;
    return MS_OK;
}

ms_status sample_check(
        ms_registry *registry, uint64_t *entries, sample_faults *faults, ms_error *err)
{
    memset(faults, 0, sizeof(*faults));
    return ms_registry_check(registry, NULL, entries, count_fault, faults, err);
}
