// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RegistryTest} from "./RegistryTest.sol";

/// Readers take these words through storage proofs, so each is asserted where it stands, bit for bit.
contract LayoutTest is RegistryTest {
    function wordAt(bytes32 slot) internal view returns (uint256) {
        return uint256(vm.load(address(registry), slot));
    }

    function inMap(bytes32 key, bytes32 slot) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, slot));
    }

    function inMap(address key, uint256 slot) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, slot));
    }

    function test_slot_0_head_word() public {
        publish(ALICE, ID, 1);
        publish(ALICE, ID, 88);
        setStatus(ALICE, ID, 0, INACTIVE);
        setStatus(ALICE, ID, 1, INACTIVE);
        setStatus(ALICE, ID, 88, REVOKED);
        uint256 word = wordAt(inMap(keyOf(ALICE, ID), bytes32(uint256(0))));
        uint256 statuses = 1 | (uint256(2) << 174);
        vm.assertEq(word, 88 | (uint256(INACTIVE) << 32) | (NOW << 40) | (statuses << 80));
    }

    function test_slot_1_manifest_of_each_version() public {
        bytes32 manifest = publish(ALICE, ID, 7);
        bytes32 versions = inMap(keyOf(ALICE, ID), bytes32(uint256(1)));
        vm.assertEq(bytes32(wordAt(inMap(bytes32(uint256(7)), versions))), manifest);
    }

    function test_slot_2_statuses_above_version_88() public {
        publish(ALICE, ID, 89);
        publish(ALICE, ID, 127);
        publish(ALICE, ID, 128);
        setStatus(ALICE, ID, 89, INACTIVE);
        setStatus(ALICE, ID, 127, REVOKED);
        setStatus(ALICE, ID, 128, INACTIVE);
        bytes32 words = inMap(keyOf(ALICE, ID), bytes32(uint256(2)));
        vm.assertEq(wordAt(inMap(bytes32(uint256(0)), words)), (uint256(1) << 178) | (uint256(2) << 254));
        vm.assertEq(wordAt(inMap(bytes32(uint256(1)), words)), 1);
    }

    function test_slot_3_list_of_ids() public {
        publish(ALICE, "first", 1);
        publish(ALICE, "second", 1);
        bytes32 list = inMap(ALICE, 3);
        vm.assertEq(wordAt(list), 2);
        uint256 data = uint256(keccak256(abi.encode(list)));
        vm.assertEq(bytes32(wordAt(bytes32(data))), bytes32("first") | bytes32(uint256(10)));
        vm.assertEq(bytes32(wordAt(bytes32(data + 1))), bytes32("second") | bytes32(uint256(12)));
    }

    function test_slot_4_controller_term_and_nonce() public {
        handOver(ALICE, ALICE, BOB);
        handOver(ALICE, BOB, CAROL);
        vm.assertEq(wordAt(inMap(ALICE, 4)), uint256(uint160(CAROL)) | (uint256(2) << 160) | (uint256(2) << 192));
    }

    function test_slot_5_operators_of_a_term() public {
        handOver(ALICE, ALICE, BOB);
        vm.prank(BOB);
        registry.setOperator(ALICE, CAROL, true);
        bytes32 term = inMap(bytes32(uint256(1)), inMap(ALICE, 5));
        vm.assertEq(wordAt(inMap(bytes32(uint256(uint160(CAROL))), term)), 1);
    }

    function test_slot_6_pending_controller() public {
        vm.prank(ALICE);
        registry.proposeController(ALICE, BOB);
        vm.assertEq(wordAt(inMap(ALICE, 6)), uint160(BOB));
    }

    function test_slot_7_successor() public {
        vm.prank(ALICE);
        registry.setSuccessor(ALICE, BOB);
        vm.assertEq(wordAt(inMap(ALICE, 7)), uint160(BOB));
    }

    function test_no_word_outside_the_maps_is_used() public {
        publish(ALICE, ID, 1);
        handOver(ALICE, ALICE, BOB);
        for (uint256 slot = 0; slot < 16; ++slot) {
            vm.assertEq(wordAt(bytes32(slot)), 0);
        }
    }
}
