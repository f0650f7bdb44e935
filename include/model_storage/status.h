/* Status codes and the caller's error struct: how every function of the library reports failure. */
#ifndef MODEL_STORAGE_STATUS_H
#define MODEL_STORAGE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MS_API __attribute__((visibility("default")))
#define MS_MUST_CHECK __attribute__((warn_unused_result))
#else
#define MS_API
#define MS_MUST_CHECK
#endif

/** The outcome of a call. The numbers are fixed for ever; up to 12 and 130 they are also the exit
 *  codes of the command line. A status never carries a count. */
typedef enum ms_status {
    MS_OK = 0,
    MS_INTERNAL = 1,       /* a defect of the library or the machine it runs on */
    MS_USAGE = 2,          /* the caller asked for something that makes no sense; nothing changed */
    MS_PARTIAL = 3,        /* part of what was asked is done and kept, the rest is not */
    MS_INTEGRITY = 4,      /* bytes or a record are not what their hash or signature says */
    MS_NOT_FOUND = 5,      /* no such model, version, file or block */
    MS_NETWORK = 6,        /* no answer, or an answer that is no answer */
    MS_CHAIN_MISMATCH = 7, /* another chain, or two records that disagree */
    MS_LOCKED = 8,         /* another process holds what is needed */
    MS_IO = 9,             /* disk, file system, permissions, space: see os_errno */
    MS_KEY = 10,           /* a key or password is missing, wrong or not protected well enough */
    MS_MALFORMED = 11,     /* bytes that do not follow their format: see offset */
    MS_LIMIT = 12,         /* a named limit is exceeded */
    MS_NO_MEMORY = 13,     /* an allocation failed; exit code and code word are those of MS_LIMIT */
    MS_INTERRUPTED = 130   /* cancelled by the caller */
} ms_status;

#define MS_ERROR_REASON_SIZE 48
#define MS_ERROR_MESSAGE_SIZE 768
#define MS_ERROR_HINT_SIZE 384
#define MS_ERROR_CID_SIZE 80
#define MS_ERROR_PATH_SIZE 1088
#define MS_ERROR_URL_SIZE 256

/** What went wrong, in the caller's memory: it works without allocation and across threads.
 *  Start with MS_ERROR_INIT. Text is UTF-8 and NUL terminated, cut at the end of its array. Empty
 *  text and -1 mean "not known". A function that returns MS_OK leaves the struct as it was. */
typedef struct ms_error {
    uint32_t size; /* sizeof(ms_error) of the caller */
    ms_status status;
    int os_errno;    /* 0 when the failure is not one of the operating system */
    int http_status; /* 0 when not known */
    int rpc_code;    /* 0 when not known */
    int64_t chunk_index;
    int64_t offset;                       /* bytes, in the input or file the message names */
    char reason[MS_ERROR_REASON_SIZE];    /* stable id such as path_reserved, see docs/errors.md */
    char message[MS_ERROR_MESSAGE_SIZE];  /* one sentence that names the thing */
    char hint[MS_ERROR_HINT_SIZE];        /* what to do next */
    char cid[MS_ERROR_CID_SIZE];
    char path[MS_ERROR_PATH_SIZE];
    char url[MS_ERROR_URL_SIZE];
} ms_error;

#define MS_ERROR_INIT {.size = sizeof(ms_error), .chunk_index = -1, .offset = -1}

/** The word of a status in JSON results ("integrity", "not_found", ...); never NULL. */
MS_API const char *ms_status_code(ms_status status);
/** The exit code of a status: 0..12 or 130. */
MS_API int ms_status_exit_code(ms_status status);
/** Whether the same call may succeed later without a change by the caller. */
MS_API bool ms_status_retryable(ms_status status);

/** The library's version, "MAJOR.MINOR.PATCH". */
MS_API const char *ms_version(void);

#ifdef __cplusplus
}
#endif
#endif
