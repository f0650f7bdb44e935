/* Reading the command line by tables of options: each option says its kind and where its value
 * goes. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model_storage/status.h"

typedef enum cli_option_kind {
    CLI_FLAG = 1,   /* bool */
    CLI_TEXT,       /* const char *; the last one counts */
    CLI_TEXTS,      /* cli_texts; every one counts */
    CLI_CHOICE,     /* const char *; one of choices */
    CLI_NUMBER,     /* cli_number, at most maximum */
    CLI_DESCRIPTOR, /* cli_descriptor */
    CLI_RANGE       /* cli_range: "A-B", or "A" for A-A */
} cli_option_kind;

typedef struct cli_texts {
    const char **items;
    size_t count;
} cli_texts;

typedef struct cli_number {
    bool is_set;
    uint64_t value;
} cli_number;

typedef struct cli_descriptor {
    bool is_set;
    bool was_open; /* when the option was read: before the program opened any of its own */
    int number;
} cli_descriptor;

typedef struct cli_range {
    bool is_set;
    uint64_t first;
    uint64_t last; /* not less than first */
} cli_range;

typedef struct cli_option {
    const char *name; /* without dashes */
    char letter;      /* 0 = none */
    cli_option_kind kind;
    const char *argument; /* what help calls the value; NULL for flags */
    size_t offset;        /* of the value in the struct of values */
    const char *help;     /* lines */
    const char *choices;  /* CHOICE: "a|b" */
    uint64_t maximum;     /* NUMBER; 0 = any */
    bool is_path;         /* TEXT, TEXTS: the value leads to a file */
} cli_option;

/** Options that every command has, before or after it. */
typedef struct cli_globals {
    const char *output; /* -o */
    const char *config;
    const char *home;
    cli_texts settings;
    bool json;
    bool quiet;
    bool verbose;
    const char *progress;
    cli_number jobs;
    const char *password_file;
    cli_descriptor password_fd;
    bool yes;
    bool help;
    bool version;
} cli_globals;

extern const cli_option cli_global_options[];

typedef struct cli_command cli_command;

#define CLI_VALUES_SIZE_MAX 512

/** One command line after reading; all text is that of argv. Released by cli_input_release. */
typedef struct cli_input {
    cli_globals globals;
    const cli_command *command; /* NULL: none was given */
    const char **operands;
    size_t operand_count;
    int argc;
    char **argv;
    bool is_whole; /* all of it was understood */
    union {        /* the command's own struct of values */
        max_align_t alignment;
        unsigned char bytes[CLI_VALUES_SIZE_MAX];
    } values;
} cli_input;

/** Read argv. MS_USAGE with the nearest known word as hint; where the failure is to be told is read
 *  also then: --json, wherever it stands, and --output. */
MS_MUST_CHECK ms_status cli_input_read(cli_input *input, int argc, char **argv, ms_error *err);
void cli_input_release(cli_input *input);

/** NULL when there is none. */
const cli_command *cli_command_find(const char *name);

/** Of the words that differ from word by few edits the one that differs least; begin with *nearest
 *  NULL and *edits 0, offer one after the other. */
void cli_offer_nearest(
        const char *word, const char *candidate, const char **nearest, size_t *edits);

#endif
