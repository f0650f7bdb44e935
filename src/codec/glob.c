/* Glob patterns, run as a nondeterministic automaton: all ways to match advance together, one
 * character of the path at a time, so no pattern makes it slow. */
#include "codec/glob.h"

#include <string.h>

#include "base/alloc.h"
#include "codec/utf8.h"

typedef enum token_kind {
    TOKEN_CHARACTER, /* exactly this one */
    TOKEN_ANY,       /* ? */
    TOKEN_SET,       /* [...] */
    TOKEN_STAR,      /* * */
    TOKEN_ANYTHING,  /* ** */
    TOKEN_FOLDERS    /* double star and slash: stands at the beginning of a component */
} token_kind;

typedef struct glob_token {
    token_kind kind;
    uint32_t code_point; /* TOKEN_CHARACTER */
    const char *set;     /* TOKEN_SET: after '[' and the mark of negation, within glob->text */
    size_t set_size;     /* without ']' */
    bool negated;
} glob_token;

struct ms_glob {
    bool folders_only;
    bool anchored; /* a '/' stands before the end */
    size_t count;  /* of tokens: the states of the automaton are 0..count, count accepts */
    glob_token *tokens;
    char *text; /* copy of the pattern */
};

typedef struct state_set {
    uint64_t bits[(MS_GLOB_SIZE_MAX + 2 + 63) / 64];
} state_set;

/* Bytes that are no UTF-8 count as one character each, apart from all real ones. */
static size_t read_character(uint32_t *code_point, const char *text, size_t size)
{
    size_t length = ms_utf8_read(code_point, text, size);

    if (length > 0)
        return length;
    *code_point = 0x110000 + (unsigned char)text[0];
    return 1;
}

/* One character of a set, escaped or not. */
static size_t read_member(uint32_t *code_point, const char *text, size_t size)
{
    if (text[0] == '\\' && size > 1)
        return 1 + read_character(code_point, text + 1, size - 1);
    return read_character(code_point, text, size);
}

static bool set_contains(const glob_token *token, uint32_t code_point)
{
    size_t position = 0;

    while (position < token->set_size) {
        const char *text = token->set + position;
        size_t left = token->set_size - position;
        uint32_t first;
        uint32_t last;
        size_t length = read_member(&first, text, left);

        last = first;
        if (left - length >= 2 && text[length] == '-')
            length += 1 + read_member(&last, text + length + 1, left - length - 1);
        if (code_point >= first && code_point <= last)
            return true;
        position += length;
    }
    return false;
}

static ms_status refuse(const char *reason, const char *what, size_t offset, ms_error *err)
{
    ms_status status = ms_fail(err, MS_USAGE, reason, "The pattern %s", what);

    ms_error_set_offset(err, offset);
    return status;
}

/* *position stands after '['; it is left after ']'. */
static ms_status compile_set(ms_glob *glob, glob_token *token, size_t *position, ms_error *err)
{
    const char *text = glob->text;
    size_t start = *position;
    size_t end;

    *token = (glob_token){.kind = TOKEN_SET};
    if (text[start] == '!' || text[start] == '^') {
        token->negated = true;
        start++;
    }
    /* A ']' in the first place is a member. */
    for (end = start; text[end] != '\0' && (text[end] != ']' || end == start); end++) {
        if (text[end] == '[' && text[end + 1] == ':')
            return refuse("glob_bracket", "has a named class of characters in brackets", end, err);
        if (text[end] == '\\' && text[end + 1] != '\0')
            end++;
    }
    if (text[end] == '\0')
        return refuse("glob_bracket", "has a '[' without ']'", *position - 1, err);
    token->set = text + start;
    token->set_size = end - start;
    *position = end + 1;
    return MS_OK;
}

/* *position stands at the first star of a run. */
static void compile_stars(ms_glob *glob, glob_token *token, size_t *position)
{
    size_t start = *position;
    size_t stars = strspn(glob->text + start, "*");
    const glob_token *previous = glob->count > 0 ? token - 1 : NULL;
    bool begins_component = previous == NULL || previous->kind == TOKEN_FOLDERS ||
                            (previous->kind == TOKEN_CHARACTER && previous->code_point == '/');

    *position = start + stars;
    *token = (glob_token){.kind = stars > 1 ? TOKEN_ANYTHING : TOKEN_STAR};
    if (stars > 1 && begins_component && glob->text[*position] == '/') {
        token->kind = TOKEN_FOLDERS;
        (*position)++;
        glob->anchored = true;
    }
}

static ms_status compile_token(ms_glob *glob, glob_token *token, size_t *position, ms_error *err)
{
    const char *text = glob->text + *position;

    switch (*text) {
    case '*':
        compile_stars(glob, token, position);
        return MS_OK;
    case '?':
        *token = (glob_token){.kind = TOKEN_ANY};
        (*position)++;
        return MS_OK;
    case '[':
        (*position)++;
        return compile_set(glob, token, position, err);
    case '\\':
        if (text[1] == '\0')
            return refuse("glob_backslash", "ends in a backslash", *position, err);
        (*position)++;
        text++;
        break;
    default:
        break;
    }
    *token = (glob_token){.kind = TOKEN_CHARACTER};
    *position += read_character(&token->code_point, text, strlen(text));
    if (token->code_point == '/')
        glob->anchored = true;
    return MS_OK;
}

/* Slashes at both ends are no tokens: they only say what the rest is compared with. */
static ms_status compile(ms_glob *glob, ms_error *err)
{
    size_t position = 0;
    size_t size = strlen(glob->text);
    ms_status status = MS_OK;

    if (size > 1 && glob->text[size - 1] == '/') {
        glob->folders_only = true;
        glob->text[--size] = '\0';
    }
    if (glob->text[0] == '/') {
        glob->anchored = true;
        position = 1;
    }
    if (position == size)
        return refuse("glob_empty", "is empty", 0, err);
    while (position < size && status == MS_OK) {
        status = compile_token(glob, &glob->tokens[glob->count], &position, err);
        glob->count++;
    }
    /* Within one component both kinds of stars are the same. */
    for (size_t i = 0; i < glob->count && !glob->anchored; i++) {
        if (glob->tokens[i].kind == TOKEN_ANYTHING)
            glob->tokens[i].kind = TOKEN_STAR;
    }
    return status;
}

ms_status ms_glob_new(ms_glob **glob, const char *pattern, ms_error *err)
{
    size_t size = strlen(pattern);
    ms_glob *made;
    ms_status status;

    *glob = NULL;
    if (size > MS_GLOB_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "glob_too_long",
                "A pattern has at most %d bytes, this has %zu", MS_GLOB_SIZE_MAX, size);
    made = ms_calloc(1, sizeof(*made));
    if (made == NULL)
        return ms_fail_memory(err, sizeof(*made));
    made->text = ms_strdup(pattern);
    made->tokens = ms_calloc(size + 1, sizeof(*made->tokens));
    if (made->text == NULL || made->tokens == NULL)
        status = ms_fail_memory(err, size * sizeof(*made->tokens));
    else
        status = compile(made, err);
    if (status == MS_OK) {
        *glob = made;
        made = NULL;
    }
    ms_glob_free(made);
    return status;
}

void ms_glob_free(ms_glob *glob)
{
    if (glob == NULL)
        return;
    ms_free(glob->tokens);
    ms_free(glob->text);
    ms_free(glob);
}

/* Enter state, and with it those that are reached without a character. */
static void enter(const ms_glob *glob, state_set *states, size_t state)
{
    for (;;) {
        states->bits[state / 64] |= (uint64_t)1 << (state % 64);
        if (state == glob->count || glob->tokens[state].kind < TOKEN_STAR)
            return;
        state++;
    }
}

static bool token_matches(const glob_token *token, uint32_t code_point)
{
    switch (token->kind) {
    case TOKEN_CHARACTER:
        return code_point == token->code_point;
    case TOKEN_SET:
        return code_point != '/' && set_contains(token, code_point) != token->negated;
    case TOKEN_ANY:
    case TOKEN_STAR:
        return code_point != '/';
    case TOKEN_ANYTHING:
    case TOKEN_FOLDERS:
        return true;
    }
    return false;
}

static void step(const ms_glob *glob, state_set *next, size_t state, uint32_t code_point)
{
    const glob_token *token = &glob->tokens[state];

    if (state == glob->count || !token_matches(token, code_point))
        return;
    switch (token->kind) {
    case TOKEN_CHARACTER:
    case TOKEN_ANY:
    case TOKEN_SET:
        enter(glob, next, state + 1);
        break;
    case TOKEN_STAR:
    case TOKEN_ANYTHING:
        enter(glob, next, state);
        break;
    case TOKEN_FOLDERS:
        /* Within a folder's name nothing else can begin; after its slash the rest can. */
        next->bits[state / 64] |= (uint64_t)1 << (state % 64);
        if (code_point == '/')
            enter(glob, next, state + 1);
        break;
    }
}

static void step_all(const ms_glob *glob, state_set *states, uint32_t code_point)
{
    state_set next = {0};

    for (size_t word = 0; word <= glob->count / 64; word++) {
        for (uint64_t bits = states->bits[word]; bits != 0; bits &= bits - 1)
            step(glob, &next, word * 64 + (size_t)__builtin_ctzll(bits), code_point);
    }
    *states = next;
}

bool ms_glob_match(const ms_glob *glob, const char *path, bool is_folder)
{
    state_set states = {0};
    size_t size = strlen(path);
    size_t position = 0;

    enter(glob, &states, 0);
    while (position < size) {
        uint32_t code_point;

        position += read_character(&code_point, path + position, size - position);
        step_all(glob, &states, code_point);
        /* A pattern for base names begins anew with every component. */
        if (code_point == '/' && !glob->anchored)
            enter(glob, &states, 0);
        if ((states.bits[glob->count / 64] >> (glob->count % 64) & 1) == 0)
            continue;
        if (path[position] == '/' || (position == size && (is_folder || !glob->folders_only)))
            return true;
    }
    return false;
}
