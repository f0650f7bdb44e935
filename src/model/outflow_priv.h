/* A model as a stream in order: one file, or a folder as an archive. Every byte was proven before it leaves. */
#ifndef MS_MODEL_OUTFLOW_PRIV_H
#define MS_MODEL_OUTFLOW_PRIV_H

#include "archive/archive_writer.h"
#include "model/placing_priv.h"

typedef struct ms_outflow {
    ms_run *run;
    ms_store *store;
    const ms_opened_model *model;
    const ms_path_filter *filter;
    bool is_folder_model;
    ms_archive_format format; /* NONE: the bytes of the one file */
    ms_archive_output output; /* receives the stream, by the calling thread */
    const ms_copy *copies;
    size_t copy_count;
    /* out */
    uint64_t fetched_bytes;
    uint64_t reused_bytes;
    uint64_t chunks;
} ms_outflow;

/** MS_USAGE "nothing_selected" when the filter wants no file: by then folders may have been written. */
MS_MUST_CHECK ms_status ms_outflow_run(ms_outflow *outflow, ms_error *err);

#endif
