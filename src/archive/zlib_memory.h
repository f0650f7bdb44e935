/* Memory of zlib from base/alloc.h, as all of ours is. */
#ifndef MS_ARCHIVE_ZLIB_MEMORY_H
#define MS_ARCHIVE_ZLIB_MEMORY_H

#include <zlib.h>

/** Before deflateInit2 or inflateInit2. */
void ms_zlib_set_memory(z_stream *stream);

#endif
