#include "model/keystore_shape_priv.h"

#include <string.h>

#define KEYSTORE_SIZE_MAX 65536

static bool contains(ms_span text, const char *word)
{
    const size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, word, size) == 0)
            return true;
    return false;
}

bool ms_keystore_shape(ms_span start, uint64_t file_size)
{
    if (file_size > KEYSTORE_SIZE_MAX || start.size < file_size)
        return false;
    size_t i = 0;
    while (i < start.size && strchr(" \t\r\n", start.data[i]) != NULL && start.data[i] != '\0')
        i++;
    if (i == start.size || start.data[i] != '{')
        return false;
    return contains(start, "\"ciphertext\"") && contains(start, "\"kdf\"") && contains(start, "\"mac\"");
}
