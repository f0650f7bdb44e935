/* Where home, configuration file and the paths inside it lie. */
#include <string.h>

#include "config/config_priv.h"
#include "platform/file.h"
#include "platform/process.h"

#define HOME_NAME "model-storage"

const char *ms_config__environment(const ms_config *config, const char *name)
{
    const char *text = config->ignores_environment ? NULL : ms_environment_get(name);

    return text != NULL && *text != '\0' ? text : NULL;
}

static ms_status without_slashes(
        ms_config *config, const char **path, const char *text, ms_error *err)
{
    size_t size = strlen(text);

    while (size > 1 && text[size - 1] == '/')
        size--;
    *path = ms_arena_strndup(&config->arena, text, size);
    return *path != NULL ? MS_OK : ms_fail_memory(err, size);
}

ms_status ms_config__absolute(
        ms_config *config, const char **path, const char *base, const char *text, ms_error *err)
{
    char folder[MS_FILE_PATH_SIZE_MAX];
    const char *joined;

    if (text[0] == '/')
        return without_slashes(config, path, text, err);
    if (text[0] == '~' && (text[1] == '/' || text[1] == '\0')) {
        base = ms_config__environment(config, "HOME");
        if (base == NULL || base[0] != '/')
            return ms_fail(err, MS_USAGE, "home_unknown",
                    "\"%s\" cannot be told without the variable HOME", text);
        text += text[1] == '/' ? 2 : 1;
    } else if (base == NULL) {
        ms_status status = ms_process_working_folder(folder, sizeof(folder), err);

        if (status != MS_OK)
            return status;
        base = folder;
    }
    joined = ms_arena_printf(&config->arena, "%s/%s", strcmp(base, "/") == 0 ? "" : base, text);
    if (joined == NULL)
        return ms_fail_memory(err, strlen(base) + strlen(text) + 2);
    return without_slashes(config, path, joined, err);
}

ms_status ms_config__default_home(ms_config *config, const char **home, ms_error *err)
{
    const char *data = ms_config__environment(config, "XDG_DATA_HOME");
    const char *user = ms_config__environment(config, "HOME");

    *home = NULL;
    /* The XDG base directory specification says that a relative path in it is to be ignored. */
    if (data != NULL && data[0] == '/')
        *home = ms_arena_printf(&config->arena, "%s/" HOME_NAME, data);
    else if (user != NULL && user[0] == '/')
        *home = ms_arena_printf(&config->arena, "%s/.local/share/" HOME_NAME, user);
    else {
        (void)ms_fail(err, MS_USAGE, "home_unknown",
                "No home: neither XDG_DATA_HOME nor HOME is an absolute path");
        ms_error_set_hint(err, "Name one with --home or MODEL_STORAGE_HOME");
        return MS_USAGE;
    }
    return *home != NULL ? MS_OK : ms_fail_memory(err, MS_FILE_PATH_SIZE_MAX);
}
