/* Streaming JSON writer: a document of any length through one buffer of fixed size. */
#ifndef MS_CODEC_JSON_WRITER_H
#define MS_CODEC_JSON_WRITER_H

#include "base/buffer.h"

#define MS_JSON_DEPTH_MAX 16 /* asserted: the shape of a document is the program's, not foreign */
#define MS_JSON_BUFFER_SIZE ((size_t)16 * 1024)

/** Receives the document piece by piece; called by the thread that writes. */
typedef ms_status (*ms_json_write_fn)(void *payload, const char *text, size_t size, ms_error *err);

/** Initialised by ms_json_init, nothing to release, too large for the stack of deep calls (about
 *  19 KiB). The calls below return nothing: after the first failed write they do nothing more, and
 *  ms_json_flush reports that failure. Values in the wrong place are asserted. */
typedef struct ms_json_writer {
    ms_json_write_fn write;
    void *payload;
    bool pretty;
    bool after_key;    /* a value is due */
    unsigned depth;    /* open objects and arrays */
    uint32_t objects;  /* bit i: the container at depth i + 1 is an object */
    uint32_t occupied; /* bit i: something stands at depth i already */
    ms_status status;
    ms_error error; /* of the first failure */
    size_t size;    /* bytes in text */
    char text[MS_JSON_BUFFER_SIZE];
} ms_json_writer;

/** pretty: two spaces for each depth and one member a line; otherwise no space at all. */
void ms_json_init(ms_json_writer *json, ms_json_write_fn write, void *payload, bool pretty);

void ms_json_begin_object(ms_json_writer *json);
void ms_json_end_object(ms_json_writer *json);
void ms_json_begin_array(ms_json_writer *json);
void ms_json_end_array(ms_json_writer *json);

/** Keys of one object must differ: that is the caller's business. */
void ms_json_key(ms_json_writer *json, const char *key);
void ms_json_key_span(ms_json_writer *json, ms_span key);

/** Escapes of RFC 8259 section 7; each byte that belongs to no UTF-8 character becomes U+FFFD. */
void ms_json_string(ms_json_writer *json, ms_span text);
void ms_json_text(ms_json_writer *json, const char *text);
void ms_json_u64(ms_json_writer *json, uint64_t value);
void ms_json_i64(ms_json_writer *json, int64_t value);
void ms_json_bool(ms_json_writer *json, bool value);
void ms_json_null(ms_json_writer *json);
/** One JSON value as it stands; the caller knows that it is valid. */
void ms_json_raw(ms_json_writer *json, ms_span value);

/** End a whole document with a newline; another one may follow (JSON lines). */
void ms_json_end_line(ms_json_writer *json);

/** MS_OK so far, or the first failure: what loops that write much look at. */
ms_status ms_json_status(const ms_json_writer *json);
/** Hand all text to the callback. The first failure of this writer, if any. */
MS_MUST_CHECK ms_status ms_json_flush(ms_json_writer *json, ms_error *err);

#endif
