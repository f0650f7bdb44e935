// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// The chain-less digests that ledgers sign. The constants were computed with ethers 6.17.0; the node tests repeat
/// the comparison with ethers and cast on other values.
contract StatementTest is RegistryTest {
    bytes32 internal constant MANIFEST = 0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff;
    bytes32 internal constant STATEMENT = 0xc5d5843536be5a44053d33a25ba29d205801c12cc52afe97fa6f48e305865848;
    bytes32 internal constant STATUS = 0xc5c8362e402a7b4812f753a4774c87b8bead5fe095eafd0a5e218eaa4d5ac1b0;
    bytes32 internal constant DOMAIN = 0x5110d3350b134565785f55a93456c26e0a0623d7e3f072acad0f68eeeb4fc941;
    address internal constant PUBLISHER = 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F;

    function chainless(bytes32 message) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version)"), keccak256("model-storage"), keccak256("1")
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function test_statement_of_a_version() public view {
        vm.assertEq(registry.statementDigest(PUBLISHER, "my-model", 3, MANIFEST), STATEMENT);
    }

    function test_statement_of_a_status() public view {
        vm.assertEq(registry.statusDigest(PUBLISHER, "my-model", 0, 2, "key leaked", 7), STATUS);
    }

    function test_domain_of_relayed_writes() public {
        ChunkedModelRegistry elsewhere = ChunkedModelRegistry(0x1111111111111111111111111111111111111111);
        vm.etch(address(elsewhere), address(registry).code);
        vm.chainId(1);
        vm.assertEq(elsewhere.domainSeparator(), DOMAIN);
    }

    function test_a_statement_is_the_same_on_every_chain() public {
        bytes32 here = registry.statementDigest(ALICE, ID, 1, MANIFEST);
        vm.chainId(424242);
        vm.assertEq(registry.statementDigest(ALICE, ID, 1, MANIFEST), here);
        vm.assertEq(deploy().statementDigest(ALICE, ID, 1, MANIFEST), here);
    }

    function testFuzz_statement(address publisher, string calldata id, uint32 version, bytes32 manifest) public view {
        bytes32 type_ = keccak256("Statement(address publisher,string modelId,uint32 version,bytes32 manifest)");
        bytes32 message = keccak256(abi.encode(type_, publisher, keccak256(bytes(id)), version, manifest));
        vm.assertEq(registry.statementDigest(publisher, id, version, manifest), chainless(message));
    }

    function testFuzz_status(
        address publisher,
        string calldata id,
        uint32 version,
        uint8 status,
        string calldata reason,
        uint64 sequence
    ) public view {
        bytes32 type_ = keccak256(
            "Status(address publisher,string modelId,uint32 version,uint8 status,string reason,uint64 sequence)"
        );
        bytes32 idHash = keccak256(bytes(id));
        bytes32 reasonHash = keccak256(bytes(reason));
        bytes32 message = keccak256(abi.encode(type_, publisher, idHash, version, status, reasonHash, sequence));
        vm.assertEq(registry.statusDigest(publisher, id, version, status, reason, sequence), chainless(message));
    }
}
