/* The configuration file that "config init" writes: the embedded backends with their defaults. */
#include <string.h>

#include "config/config.h"
#include "platform/folder.h"

/* The text of config.template.json at the top of the project. Only what may be wanted differently:
 * a value that is not written follows the defaults of later versions. */
static const char template[] = "{\n"
                               "  \"storage\": {\n"
                               "    \"chunkSize\": 1048576,\n"
                               "    \"tempDir\": \"\",\n"
                               "    \"parallel\": 0,\n"
                               "    \"directIO\": \"auto\",\n"
                               "    \"require\": \"any\",\n"
                               "    \"trustedPublishers\": []\n"
                               "  }\n"
                               "}\n";

static ms_status make_folder(const char *path, ms_error *err)
{
    char folder[MS_FILE_PATH_SIZE_MAX];
    size_t size = (size_t)(strrchr(path, '/') - path);

    if (size == 0)
        return MS_OK; /* the root is there */
    if (size >= sizeof(folder))
        return ms_fail(err, MS_LIMIT, "path_long", "The path %s is too long", path);
    memcpy(folder, path, size);
    folder[size] = '\0';
    return ms_folder_make_all(MS_DIR_CURRENT, folder, 0700, err);
}

ms_status ms_config_write_template(const char *path, ms_error *err)
{
    bool existed = false;
    ms_status status = make_folder(path, err);

    if (status == MS_OK)
        status = ms_file_place_new(MS_DIR_CURRENT, path,
                ms_span_of(template, sizeof(template) - 1), 0600, &existed, err);
    if (status != MS_OK || !existed)
        return status;
    (void)ms_fail(err, MS_USAGE, "config_exists", "There is a configuration %s already", path);
    ms_error_set_hint(err, "Edit it, or move it away first");
    ms_error_set_path(err, path);
    return MS_USAGE;
}
