/* The log sink of the process and the one function that writes to it. Without a sink a log call
 * costs one comparison. */
#include "base/log.h"

#include "base/bounded.h"

#define LOG_LINE_SIZE 2048

static struct {
    ms_log_fn sink;
    void *payload;
    ms_log_level level;
} log_target;

void ms_set_log(ms_log_fn sink, void *payload, ms_log_level level)
{
    log_target.sink = sink;
    log_target.payload = payload;
    log_target.level = level;
}

void ms_log(ms_log_level level, const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    va_list arguments;

    if (log_target.sink == NULL || level < log_target.level)
        return;
    va_start(arguments, format);
    (void)ms_bounded_vprintf(line, sizeof(line), format, arguments); /* long lines are cut */
    va_end(arguments);
    /* Names from outside may hold line breaks; a sink that writes lines must not be fooled. */
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    }
    log_target.sink(log_target.payload, level, line);
}
