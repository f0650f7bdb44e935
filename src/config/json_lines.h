/* On which line each member of a JSON object stands: a cursor that follows jansson's tree through
 * the text it was made from, because the tree does not remember. */
#ifndef MS_CONFIG_JSON_LINES_H
#define MS_CONFIG_JSON_LINES_H

#include "base/buffer.h"

/** text is JSON that jansson accepted; the cursor stays inside it whatever it is. */
typedef struct ms_json_lines {
    ms_span text;
    size_t position;
    unsigned line; /* of position, from 1 */
} ms_json_lines;

void ms_json_lines_init(ms_json_lines *lines, ms_span text);
/** Go into the object or array that begins next. */
void ms_json_lines_enter(ms_json_lines *lines);
/** Behind the key of the next member, to its value; the line of the key. */
unsigned ms_json_lines_key(ms_json_lines *lines);
/** Over one whole value, and over the end of what was entered with ms_json_lines_leave. */
void ms_json_lines_skip(ms_json_lines *lines);
void ms_json_lines_leave(ms_json_lines *lines);

/** How deep brackets stand in each other; text may be anything. */
size_t ms_json_depth(ms_span text);

#endif
