/* Folders as data: made from a seed, copied, compared, searched. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

static void give_up(const char *doing, const char *path)
{
    dprintf(STDOUT_FILENO, "Bail out! cannot %s %s: %s\n", doing, path, strerror(errno));
    _exit(2);
}

static void join(char *path, const char *folder, const char *name)
{
    if ((size_t)snprintf(path, TREE_PATH_SIZE, "%s/%s", folder, name) >= TREE_PATH_SIZE) {
        errno = ENAMETOOLONG;
        give_up("name", folder);
    }
}

static void make_parents(const char *path)
{
    char part[TREE_PATH_SIZE];
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            give_up("make", part);
    }
}

void tree_write(const char *folder, const char *name, uint32_t seed, size_t size)
{
    char path[TREE_PATH_SIZE];
    uint8_t piece[4096];
    join(path, folder, name);
    make_parents(path);
    if (unlink(path) != 0 && errno != ENOENT)
        give_up("replace", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        give_up("make", path);
    while (size > 0) {
        size_t part = size < sizeof(piece) ? size : sizeof(piece);
        for (size_t i = 0; i < part; i++) {
            seed = seed * 1664525u + 1013904223u;
            piece[i] = (uint8_t)(seed >> 24);
        }
        if (write(fd, piece, part) != (ssize_t)part)
            give_up("write", path);
        size -= part;
    }
    close(fd);
}

void tree_damage(const char *path, size_t offset)
{
    struct stat status;
    uint8_t byte;
    if (stat(path, &status) != 0 || chmod(path, 0600) != 0)
        give_up("change", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || pread(fd, &byte, 1, (off_t)offset) != 1)
        give_up("read", path);
    byte ^= 0x10;
    if (pwrite(fd, &byte, 1, (off_t)offset) != 1 || fchmod(fd, status.st_mode & 07777) != 0)
        give_up("write", path);
    close(fd);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
    static char piece[PIECE];
    ssize_t got;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in < 0 || out < 0)
        give_up("copy", in < 0 ? from : to);
    while ((got = read(in, piece, sizeof(piece))) > 0)
        if (write(out, piece, (size_t)got) != got)
            give_up("write", to);
    if (got != 0 || fchmod(out, mode) != 0)
        give_up("copy", from);
    close(in);
    close(out);
}

/* The next entry but "." and "..". */
static const struct dirent *next_entry(DIR *dir)
{
    const struct dirent *entry;
    do {
        entry = readdir(dir);
    } while (
            entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry;
}

void tree_copy(const char *from, const char *to)
{
    char inner_from[TREE_PATH_SIZE];
    char inner_to[TREE_PATH_SIZE];
    struct stat status;
    if (lstat(from, &status) != 0)
        give_up("look at", from);
    if (S_ISREG(status.st_mode)) {
        copy_file(from, to, status.st_mode & 07777);
        return;
    }
    if (!S_ISDIR(status.st_mode) || mkdir(to, 0700) != 0)
        give_up("make", to);
    DIR *dir = opendir(from);
    if (dir == NULL)
        give_up("list", from);
    for (const struct dirent *entry = next_entry(dir); entry != NULL; entry = next_entry(dir)) {
        join(inner_from, from, entry->d_name);
        join(inner_to, to, entry->d_name);
        tree_copy(inner_from, inner_to);
    }
    closedir(dir);
    if (chmod(to, status.st_mode & 07777) != 0)
        give_up("change", to);
}

void tree_remove(const char *path)
{
    char inner[TREE_PATH_SIZE];
    struct stat status;
    if (lstat(path, &status) != 0) {
        if (errno != ENOENT)
            give_up("look at", path);
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        if (unlink(path) != 0)
            give_up("remove", path);
        return;
    }
    if ((status.st_mode & 0700) != 0700 && chmod(path, 0700) != 0)
        give_up("change", path);
    DIR *dir = opendir(path);
    if (dir == NULL)
        give_up("list", path);
    for (const struct dirent *entry = next_entry(dir); entry != NULL; entry = next_entry(dir)) {
        join(inner, path, entry->d_name);
        tree_remove(inner);
    }
    closedir(dir);
    if (rmdir(path) != 0)
        give_up("remove", path);
}

bool tree_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

size_t tree_size(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        give_up("stat", path);
    return (size_t)status.st_size;
}

static bool say_where(char *where, const char *path, const char *what)
{
    snprintf(where, TREE_PATH_SIZE, "%.900s: %s", path, what);
    return true;
}

static bool bytes_differ(const char *a, const char *b, char *where)
{
    static char piece_a[PIECE];
    static char piece_b[PIECE];
    bool differ = false;
    ssize_t got;
    int fd_a = open(a, O_RDONLY | O_CLOEXEC);
    int fd_b = open(b, O_RDONLY | O_CLOEXEC);
    if (fd_a < 0 || fd_b < 0)
        give_up("open", fd_a < 0 ? a : b);
    do {
        got = read(fd_a, piece_a, sizeof(piece_a));
        differ = got < 0 || read(fd_b, piece_b, sizeof(piece_b)) != got ||
                 memcmp(piece_a, piece_b, (size_t)got) != 0;
    } while (!differ && got > 0);
    close(fd_a);
    close(fd_b);
    return differ ? say_where(where, a, "other bytes") : false;
}

static bool folders_differ(const char *a, const char *b, char *where)
{
    char inner_a[TREE_PATH_SIZE];
    char inner_b[TREE_PATH_SIZE];
    bool differ = false;
    DIR *dir = opendir(a);
    if (dir == NULL)
        give_up("list", a);
    for (const struct dirent *entry = next_entry(dir); entry != NULL && !differ;
            entry = next_entry(dir)) {
        join(inner_a, a, entry->d_name);
        join(inner_b, b, entry->d_name);
        differ = tree_differs(inner_a, inner_b, where);
    }
    closedir(dir);
    if (differ || tree_count(a) == tree_count(b))
        return differ;
    dir = opendir(b);
    for (const struct dirent *entry = dir == NULL ? NULL : next_entry(dir);
            entry != NULL && !differ; entry = next_entry(dir)) {
        join(inner_a, a, entry->d_name);
        if (!tree_exists(inner_a))
            differ = say_where(where, inner_a, "only the other one has it");
    }
    closedir(dir);
    return differ;
}

bool tree_differs(const char *a, const char *b, char *where)
{
    struct stat status_a;
    struct stat status_b;
    bool has_a = lstat(a, &status_a) == 0;
    bool has_b = lstat(b, &status_b) == 0;
    if (!has_a || !has_b)
        return has_a == has_b
                       ? false
                       : say_where(where, a,
                                 has_a ? "the other one has it not" : "only the other one has it");
    if (status_a.st_mode != status_b.st_mode)
        return say_where(where, a, "another kind or mode");
    if (S_ISDIR(status_a.st_mode))
        return folders_differ(a, b, where);
    return bytes_differ(a, b, where);
}

bool tree_find(const char *folder, const char *text, char *found)
{
    char inner[TREE_PATH_SIZE];
    bool is_found = false;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return false;
    for (const struct dirent *entry = next_entry(dir); entry != NULL && !is_found;
            entry = next_entry(dir)) {
        join(inner, folder, entry->d_name);
        is_found = strstr(entry->d_name, text) != NULL;
        if (is_found)
            memcpy(found, inner, sizeof(inner));
        else
            is_found = tree_find(inner, text, found);
    }
    closedir(dir);
    return is_found;
}

unsigned tree_count(const char *folder)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return 0;
    while (next_entry(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

void tree_each_file(
        const char *folder, void (*visit)(void *payload, const char *path), void *payload)
{
    char inner[TREE_PATH_SIZE];
    struct stat status;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (const struct dirent *entry = next_entry(dir); entry != NULL; entry = next_entry(dir)) {
        join(inner, folder, entry->d_name);
        if (lstat(inner, &status) != 0)
            give_up("look at", inner);
        if (S_ISDIR(status.st_mode))
            tree_each_file(inner, visit, payload);
        else if (S_ISREG(status.st_mode))
            visit(payload, inner);
    }
    closedir(dir);
}
