/* Whose model a bare name means, and which version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "doubles/memory_registry.h"
#include "doubles/sample_publication.h"
#include "names/resolve.h"

typedef struct scene {
    ms_registry *registry;
    ms_key *keys[4]; /* 1 = own, 2 = own too, 3 = trusted by some tests, 0 not used */
    ms_address addresses[4];
    ms_name_scope scope;
    ms_arena arena;
} scene;

static void publish(scene *here, size_t key, const char *id, uint32_t version)
{
    sample_publication sample;
    ms_record record;
    const ms_signer signer = ms_signer_of_key(here->keys[key]);
    sample_publication_init(&sample, id, version, (uint32_t)(key * 100 + version));
    assert_int_equal(ms_registry_publish(here->registry, &signer, &sample.publication, &here->arena, &record, NULL), MS_OK);
    sample_publication_release(&sample);
}

static void set_status(scene *here, size_t key, const char *id, uint32_t version, ms_record_status status)
{
    const ms_signer signer = ms_signer_of_key(here->keys[key]);
    const ms_status_change change = {.model_id = id, .version = version, .status = status, .reason = "because"};
    bool changed = false;
    assert_int_equal(ms_registry_set_status(here->registry, &signer, &change, &changed, NULL), MS_OK);
    assert_true(changed);
}

static ms_status resolve(scene *here, const char *text, ms_name_purpose purpose, ms_resolved_name *found, ms_error *err)
{
    ms_ref ref;
    *err = (ms_error)MS_ERROR_INIT;
    assert_int_equal(ms_ref_parse(&ref, text, err), MS_OK);
    return ms_name_resolve(here->registry, &here->scope, &ref, purpose, &here->arena, found, err);
}

static int set_up(void **state)
{
    static scene here;
    here = (scene){0};
    ms_arena_init(&here.arena, (size_t)64 << 20);
    for (uint8_t i = 1; i < 4; i++) {
        here.keys[i] = sample_key(i);
        here.addresses[i] = *ms_key_address(here.keys[i]);
    }
    here.scope = (ms_name_scope){.own = &here.addresses[1], .own_count = 2};
    *state = &here;
    return memory_registry_open(&here.registry, NULL) == MS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    scene *here = *state;
    ms_registry_close(here->registry);
    for (size_t i = 1; i < 4; i++)
        ms_key_free(here->keys[i]);
    ms_arena_release(&here->arena);
    return 0;
}

static void test_own_publishers_come_first_in_their_order(void **state)
{
    scene *here = *state;
    ms_resolved_name found;
    ms_error err;
    publish(here, 3, "model", 1);
    publish(here, 2, "model", 1);
    here->scope.trusted = &here->addresses[3];
    here->scope.trusted_count = 1;
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_OK);
    assert_true(ms_address_equal(&found.record.publisher, &here->addresses[2]));
    publish(here, 1, "model", 1);
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_OK);
    assert_true(ms_address_equal(&found.record.publisher, &here->addresses[1]));
}

static void test_a_stranger_is_never_chosen_but_named(void **state)
{
    scene *here = *state;
    ms_resolved_name found;
    ms_error err;
    char address[MS_ADDRESS_TEXT_SIZE];
    publish(here, 3, "model", 1);
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_NOT_FOUND);
    assert_string_equal(err.reason, "publisher_unknown");
    ms_address_format(address, &here->addresses[3]);
    assert_non_null(strstr(err.message, address));
    here->scope.trusted = &here->addresses[3];
    here->scope.trusted_count = 1;
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_OK);
    /* To write is another thing than to trust. */
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_WRITE, &found, &err), MS_NOT_FOUND);
}

static void test_the_newest_active_version_is_taken(void **state)
{
    scene *here = *state;
    ms_resolved_name found;
    ms_error err;
    for (uint32_t version = 1; version <= 3; version++)
        publish(here, 1, "model", version);
    set_status(here, 1, "model", 3, MS_RECORD_INACTIVE);
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_OK);
    assert_int_equal(found.record.version, 2);
    assert_int_equal(found.passed_over, 3);
    assert_int_equal(resolve(here, "model@3", MS_NAME_FOR_USE, &found, &err), MS_OK);
    assert_int_equal(found.record.version, 3);
    assert_int_equal(found.record.status, MS_RECORD_INACTIVE);
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_WRITE, &found, &err), MS_OK);
    assert_int_equal(found.record.version, 3);
    assert_int_equal(resolve(here, "model@4", MS_NAME_FOR_USE, &found, &err), MS_NOT_FOUND);
    assert_string_equal(err.reason, "version_unknown");
}

static void test_a_model_that_is_out_of_use_says_why(void **state)
{
    scene *here = *state;
    ms_resolved_name found;
    ms_error err;
    publish(here, 1, "model", 1);
    set_status(here, 1, "model", 0, MS_RECORD_INACTIVE);
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_NOT_FOUND);
    assert_string_equal(err.reason, "inactive");
    assert_non_null(strstr(err.message, "because"));
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_CARE, &found, &err), MS_OK);
    set_status(here, 1, "model", 0, MS_RECORD_REVOKED);
    assert_int_equal(resolve(here, "model", MS_NAME_FOR_USE, &found, &err), MS_OK);
    assert_int_equal(found.record.status, MS_RECORD_REVOKED);
}

static void test_the_nearest_known_name_is_offered(void **state)
{
    scene *here = *state;
    ms_resolved_name found;
    ms_error err;
    publish(here, 1, "org/llama-7b", 1);
    publish(here, 1, "other", 1);
    assert_int_equal(resolve(here, "org/lama-7b", MS_NAME_FOR_USE, &found, &err), MS_NOT_FOUND);
    assert_string_equal(err.reason, "model_unknown");
    assert_non_null(strstr(err.hint, "org/llama-7b"));
    assert_int_equal(resolve(here, "nothing-like-it", MS_NAME_FOR_USE, &found, &err), MS_NOT_FOUND);
    assert_null(strstr(err.hint, "did you mean"));
}

static void test_foreign_models_are_not_written(void **state)
{
    scene *here = *state;
    ms_resolved_name found;
    ms_error err;
    char text[MS_ADDRESS_TEXT_SIZE + 8];
    publish(here, 3, "model", 1);
    ms_address_format(text, &here->addresses[3]);
    memcpy(text + strlen(text), "/model", 7);
    assert_int_equal(resolve(here, text, MS_NAME_FOR_USE, &found, &err), MS_OK);
    assert_int_equal(resolve(here, text, MS_NAME_FOR_WRITE, &found, &err), MS_KEY);
    assert_string_equal(err.reason, "publisher_foreign");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_own_publishers_come_first_in_their_order, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_a_stranger_is_never_chosen_but_named, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_the_newest_active_version_is_taken, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_a_model_that_is_out_of_use_says_why, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_the_nearest_known_name_is_offered, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_foreign_models_are_not_written, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
