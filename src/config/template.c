/* The configuration file that "config init" writes: the embedded backends with their defaults. */
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "platform/folder.h"

/* Only what may be wanted differently: a value that is not written follows the defaults of later
 * versions. */
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

static ms_status write_new(int fd, ms_error *err)
{
    ms_status status = ms_file_write(fd, template, sizeof(template) - 1, err);

    if (status == MS_OK)
        status = ms_file_sync(fd, err);
    return status;
}

/* Half a file would be in use from now on. The first failure is the one to be told. */
static ms_status forget(const char *path, ms_status status)
{
    if (ms_file_remove(MS_DIR_CURRENT, path, NULL) != MS_OK)
        ms_log(MS_LOG_WARNING, "Cannot remove %s again", path);
    return status;
}

ms_status ms_config_write_template(const char *path, ms_error *err)
{
    ms_file_status there;
    int fd = -1;
    ms_status status;

    /* Opening would fail too, without telling why. */
    if (ms_file_status_at(MS_DIR_CURRENT, path, false, &there, NULL) == MS_OK) {
        (void)ms_fail(err, MS_USAGE, "config_exists", "There is a configuration %s already", path);
        ms_error_set_hint(err, "Edit it, or move it away first");
        ms_error_set_path(err, path);
        return MS_USAGE;
    }
    status = make_folder(path, err);
    if (status == MS_OK)
        status = ms_file_open(&fd, MS_DIR_CURRENT, path,
                MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE, 0600, err);
    if (status != MS_OK)
        return status;
    status = write_new(fd, err);
    ms_file_close(fd);
    if (status != MS_OK)
        status = forget(path, status);
    return status;
}
