/* Secret memory: zeroed at the start, wiped at the end, guarded on both sides, not in children. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "crypto/secret.h"

#if defined(__SANITIZE_ADDRESS__)
#define MS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MS_SANITIZED
#endif
#endif

static void test_a_secret_starts_as_zeros_and_holds_its_copy(void **state)
{
    static const uint8_t zeros[MS_SECRET_SIZE_MAX];
    ms_secret secret;

    (void)state;
    assert_int_equal(ms_secret_init(&secret, MS_SECRET_SIZE_MAX, NULL), MS_OK);
    assert_int_equal(secret.size, MS_SECRET_SIZE_MAX);
    assert_memory_equal(secret.bytes, zeros, sizeof(zeros));
    memset(secret.bytes, 0xa5, secret.size);
    ms_secret_release(&secret);
    assert_null(secret.bytes);
    assert_int_equal(ms_secret_init_copy(&secret, "password", 8, NULL), MS_OK);
    assert_true(ms_span_equal(ms_secret_span(&secret), ms_span_of("password", 8)));
    ms_secret_release(&secret);
    ms_secret_release(&secret);
    ms_secret_release(NULL);
}

static void test_an_empty_secret_is_a_secret(void **state)
{
    ms_secret secret;

    (void)state;
    assert_int_equal(ms_secret_init_copy(&secret, NULL, 0, NULL), MS_OK);
    assert_non_null(secret.bytes);
    assert_int_equal(secret.size, 0);
    ms_secret_release(&secret);
}

static void test_a_secret_that_is_too_large_is_refused(void **state)
{
    ms_secret secret;
    ms_error error = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_secret_init(&secret, MS_SECRET_SIZE_MAX + 1, &error), MS_LIMIT);
    assert_string_equal(error.reason, "secret_too_large");
    assert_null(secret.bytes);
}

/* How a child ends that does what run does with a secret of 32 bytes. */
static int child_status(void (*run)(ms_secret *secret))
{
    ms_secret secret;
    int status;

    assert_int_equal(ms_secret_init_copy(&secret, "0123456789abcdef0123456789abcdef", 32, NULL), MS_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGSEGV, SIG_DFL);
        run(&secret);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    ms_secret_release(&secret);
    return status;
}

static void exit_1_unless_wiped(ms_secret *secret)
{
    static const uint8_t zeros[32];
    _exit(memcmp(secret->bytes, zeros, 32) == 0 ? 0 : 1);
}

static void read_before_the_page(ms_secret *secret)
{
    uintptr_t page = (uintptr_t)secret->bytes & ~((uintptr_t)getpagesize() - 1);
    _exit(*(volatile uint8_t *)(page - 1) == 1 ? 2 : 3);
}

static void read_after_the_page(ms_secret *secret)
{
    uintptr_t page = (uintptr_t)secret->bytes & ~((uintptr_t)getpagesize() - 1);
    _exit(*(volatile uint8_t *)(page + (uintptr_t)getpagesize()) == 1 ? 2 : 3);
}

static void read_after_release(ms_secret *secret)
{
    volatile uint8_t *bytes = secret->bytes;
    ms_secret_release(secret);
    _exit(*bytes == 1 ? 2 : 3);
}

static void test_a_child_does_not_inherit_a_secret(void **state)
{
    (void)state;
    assert_int_equal(child_status(exit_1_unless_wiped), 0);
}

static void test_reading_beyond_a_secret_or_after_its_end_is_a_fault(void **state)
{
    void (*const runs[])(ms_secret *) = {read_before_the_page, read_after_the_page, read_after_release};

    (void)state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        int status = child_status(runs[i]);
        /* A sanitizer reports the fault and exits; nobody returns 2 or 3. */
        assert_true(WIFSIGNALED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 2 &&
                                                   WEXITSTATUS(status) != 3));
    }
}

/* The flags of the mapping that holds address, from /proc/self/smaps. */
static void mapping_flags(char *flags, size_t size, const void *address)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false;

    flags[0] = '\0';
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = start <= (uintptr_t)address && (uintptr_t)address < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            (void)snprintf(flags, size, "%s", line);
    }
    (void)fclose(file);
}

static void test_a_secret_stays_out_of_core_dumps_and_swap(void **state)
{
    ms_secret secret;
    char flags[512];

    (void)state;
    assert_int_equal(ms_secret_init(&secret, 32, NULL), MS_OK);
    mapping_flags(flags, sizeof(flags), secret.bytes);
    ms_secret_release(&secret);
    if (flags[0] == '\0')
        skip();
    assert_non_null(strstr(flags, " dd"));
    assert_non_null(strstr(flags, " wf"));
#ifndef MS_SANITIZED /* sanitizers make mlock a call that does nothing */
    struct rlimit locked;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &locked), 0);
    if (locked.rlim_cur >= 65536)
        assert_non_null(strstr(flags, " lo"));
#endif
}

static void test_equal_secrets_are_found_equal(void **state)
{
    uint8_t a[32], b[32];

    (void)state;
    memset(a, 7, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++) {
        memcpy(b, a, sizeof(b));
        assert_true(ms_secret_equal(a, b, sizeof(a)));
        b[i] ^= 0x80;
        assert_false(ms_secret_equal(a, b, sizeof(a)));
        assert_true(ms_secret_equal(a, b, i));
    }
    assert_true(ms_secret_equal(a, b, 0));
}

static void test_wiped_bytes_are_zero(void **state)
{
    static const uint8_t zeros[64];
    uint8_t data[64];

    (void)state;
    memset(data, 1, sizeof(data));
    ms_wipe(data + 1, 62);
    assert_int_equal(data[0], 1);
    assert_memory_equal(data + 1, zeros, 62);
    assert_int_equal(data[63], 1);
    ms_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_secret_starts_as_zeros_and_holds_its_copy),
        cmocka_unit_test(test_an_empty_secret_is_a_secret),
        cmocka_unit_test(test_a_secret_that_is_too_large_is_refused),
        cmocka_unit_test(test_a_child_does_not_inherit_a_secret),
        cmocka_unit_test(test_reading_beyond_a_secret_or_after_its_end_is_a_fault),
        cmocka_unit_test(test_a_secret_stays_out_of_core_dumps_and_swap),
        cmocka_unit_test(test_equal_secrets_are_found_equal),
        cmocka_unit_test(test_wiped_bytes_are_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
