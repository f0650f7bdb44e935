/* Digests of statements and of the example in EIP-712. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/checked.h"
#include "codec/text.h"
#include "eth/eip712.h"
#include "eth/statement.h"

#define MANIFEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PUBLISHER "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"

static void from_hex(uint8_t *bytes, size_t size, const char *hex)
{
    assert_int_equal(ms_hex_decode(bytes, size, hex, 2 * size, NULL), MS_OK);
}

static ms_span text(const char *c_text)
{
    return ms_span_of(c_text, strlen(c_text));
}

static ms_address publisher(void)
{
    ms_address address;
    assert_int_equal(ms_address_parse(&address, PUBLISHER, 42, NULL), MS_OK);
    return address;
}

/* The first row stands in contracts/test/Statement.t.sol, where the contract gives the same; the
 * others were made with TypedDataEncoder.hash of ethers 6.17.0. */
static void test_statements_have_the_digests_of_the_contract_and_of_ethers(void **state)
{
    static const struct {
        const char *model_id;
        uint32_t version;
        const char *digest;
    } rows[] = {
        {"my-model", 3, "c5d5843536be5a44053d33a25ba29d205801c12cc52afe97fa6f48e305865848"},
        {"", 0, "d843919febfb3895a834a29865ad942cc1fcc9e1fce2e9b76ab04806ffa54db1"},
        {"模型 🙂", UINT32_MAX, "4cbdc098da131fdf30722c56da84bc841381bae5389a287b78b68568d7b0c221"},
        {"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", 88,
                "14eb8ff0124580e3ce2443d12f8bbc9a90b1f96f8dd930178e71b34a3118a673"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t digest[32], expected[32];
        ms_statement statement = {.publisher = publisher(),
                .model_id = text(rows[i].model_id),
                .version = rows[i].version};
        from_hex(statement.manifest, 32, MANIFEST);
        from_hex(expected, 32, rows[i].digest);
        ms_statement_digest(digest, &statement);
        assert_memory_equal(digest, expected, 32);
    }
}

/* As above: the first row is the contract's. */
static void test_status_statements_have_the_digests_of_the_contract_and_of_ethers(void **state)
{
    char long_reason[257] = "";
    const struct {
        const char *model_id;
        uint32_t version;
        uint8_t status;
        const char *reason;
        uint64_t sequence;
        const char *digest;
    } rows[] = {
        {"my-model", 0, 2, "key leaked", 7,
                "c5c8362e402a7b4812f753a4774c87b8bead5fe095eafd0a5e218eaa4d5ac1b0"},
        {"模型", UINT32_MAX, 1, "", UINT64_MAX,
                "70357688b2aeb07f87d93e2c33b1c4e4f6a2f143267e08328cb910e2dd226357"},
        {"a", 1, 0, long_reason, (uint64_t)1 << 32,
                "aa06f9aa22664de8e7fd51d37ec479930777b4e87fb2a469dfc61d51b9377da4"},
    };

    (void)state;
    memset(long_reason, 'r', 256);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t digest[32], expected[32];
        ms_status_statement statement = {.publisher = publisher(),
                .model_id = text(rows[i].model_id),
                .version = rows[i].version,
                .status = rows[i].status,
                .reason = text(rows[i].reason),
                .sequence = rows[i].sequence};
        from_hex(expected, 32, rows[i].digest);
        ms_status_statement_digest(digest, &statement);
        assert_memory_equal(digest, expected, 32);
    }
}

static void hash_person(uint8_t hash[32], const char *name, const char *wallet)
{
    ms_eip712_struct person;
    ms_address address;

    assert_int_equal(ms_address_parse(&address, wallet, 42, NULL), MS_OK);
    ms_eip712_begin(&person, "Person(string name,address wallet)");
    ms_eip712_bytes(&person, text(name));
    ms_eip712_address(&person, &address);
    ms_eip712_end(&person, hash);
}

/* EIP-712, file "Example.js" beside the proposal. */
static void test_the_mail_of_the_proposal_has_its_hashes(void **state)
{
    static const char type[] =
            "Mail(Person from,Person to,string contents)Person(string name,address wallet)";
    ms_eip712_struct data;
    ms_address contract;
    uint8_t separator[32], from[32], to[32], mail[32], digest[32], expected[32];

    (void)state;
    memset(contract.bytes, 0xcc, sizeof(contract.bytes));
    ms_eip712_begin(&data,
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    ms_eip712_bytes(&data, text("Ether Mail"));
    ms_eip712_bytes(&data, text("1"));
    ms_eip712_unsigned(&data, 1);
    ms_eip712_address(&data, &contract);
    ms_eip712_end(&data, separator);
    from_hex(expected, 32, "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
    assert_memory_equal(separator, expected, 32);

    hash_person(from, "Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
    hash_person(to, "Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB");
    ms_eip712_begin(&data, type);
    ms_eip712_bytes32(&data, from);
    ms_eip712_bytes32(&data, to);
    ms_eip712_bytes(&data, text("Hello, Bob!"));
    ms_eip712_end(&data, mail);
    from_hex(expected, 32, "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
    assert_memory_equal(mail, expected, 32);

    ms_eip712_digest(digest, separator, mail);
    from_hex(expected, 32, "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
    assert_memory_equal(digest, expected, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_have_the_digests_of_the_contract_and_of_ethers),
        cmocka_unit_test(test_status_statements_have_the_digests_of_the_contract_and_of_ethers),
        cmocka_unit_test(test_the_mail_of_the_proposal_has_its_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
