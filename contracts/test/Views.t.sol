// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

contract ViewsTest is RegistryTest {
    function test_version_zero_means_the_newest() public {
        publish(ALICE, ID, 1);
        bytes32 newest = publish(ALICE, ID, 5);
        setStatus(ALICE, ID, 5, INACTIVE);
        ChunkedModelRegistry.Record memory found = registry.record(ALICE, ID, 0);
        vm.assertEq(found.manifest, newest);
        vm.assertEq(found.version, 5);
        vm.assertEq(found.versionStatus, INACTIVE);
    }

    function test_a_record_is_found_by_its_key() public {
        bytes32 manifest = publish(ALICE, ID, 4);
        vm.assertEq(registry.recordByKey(keyOf(ALICE, ID), 4).manifest, manifest);
        vm.assertEq(registry.modelKey(ALICE, ID), keyOf(ALICE, ID));
    }

    function test_what_does_not_exist_is_never_answered_with_zeros() public {
        bytes4 unknown = ChunkedModelRegistry.UnknownVersion.selector;
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 0));
        registry.record(ALICE, ID, 0);
        publish(ALICE, ID, 3);
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 2));
        registry.record(ALICE, ID, 2);
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 4));
        registry.recordByKey(keyOf(ALICE, ID), 4);
    }

    function test_ids_of_up_to_31_bytes_are_listed_as_text() public {
        string memory id = "a-model-id-of-thirty-one-bytes!";
        vm.assertEq(bytes(id).length, 31);
        publish(ALICE, id, 1);
        publish(ALICE, "x", 1);
        (bytes32[] memory page,) = registry.models(ALICE, 0, 2);
        vm.assertEq(page[0], bytes32("a-model-id-of-thirty-one-bytes!") | bytes32(uint256(62)));
        vm.assertEq(page[1], bytes32("x") | bytes32(uint256(2)));
    }

    function test_longer_ids_are_listed_by_key() public {
        string memory id = "a-model-id-of-thirty-two-bytes!!";
        vm.assertEq(bytes(id).length, 32);
        publish(ALICE, id, 1);
        (bytes32[] memory page,) = registry.models(ALICE, 0, 1);
        vm.assertEq(page[0], keyOf(ALICE, id) | bytes32(uint256(1)));
    }

    function test_pages_are_cut_at_the_end() public {
        for (uint256 i = 0; i < 5; ++i) {
            publish(ALICE, string(abi.encodePacked("m", bytes1(uint8(0x30 + i)))), 1);
        }
        uint256[3][8] memory cases = [
            [uint256(0), 5, 5],
            [uint256(0), 6, 5],
            [uint256(0), 0, 0],
            [uint256(3), 1, 1],
            [uint256(3), 9, 2],
            [uint256(5), 1, 0],
            [uint256(6), 1, 0],
            [type(uint256).max, type(uint256).max, 0]
        ];
        for (uint256 i = 0; i < cases.length; ++i) {
            (bytes32[] memory page, uint256 total) = registry.models(ALICE, cases[i][0], cases[i][1]);
            vm.assertEq(total, 5);
            vm.assertEq(page.length, cases[i][2]);
            for (uint256 k = 0; k < page.length; ++k) {
                vm.assertEq(page[k][1], bytes1(uint8(0x30 + cases[i][0] + k)));
            }
        }
        (, uint256 none) = registry.models(BOB, 0, 5);
        vm.assertEq(none, 0);
    }

    function test_a_page_has_at_most_1000_ids() public {
        publish(ALICE, ID, 1);
        bytes32 length = keccak256(abi.encode(ALICE, uint256(3)));
        vm.store(address(registry), length, bytes32(uint256(1500)));
        (bytes32[] memory page, uint256 total) = registry.models(ALICE, 0, type(uint256).max);
        vm.assertEq(page.length, 1000);
        vm.assertEq(total, 1500);
        (page,) = registry.models(ALICE, 600, 5000);
        vm.assertEq(page.length, 900);
    }
}
