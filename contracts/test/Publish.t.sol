// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

contract PublishTest is RegistryTest {
    function test_first_version_registers_the_model() public {
        bytes memory head = headOf(1);
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.ModelRegistered(ALICE, keyOf(ALICE, ID), ID);
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.VersionPublished(ALICE, keyOf(ALICE, ID), sha256(head), 1, head);
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 1, head);

        ChunkedModelRegistry.Record memory found = registry.record(ALICE, ID, 1);
        vm.assertEq(found.manifest, sha256(head));
        vm.assertEq(found.version, 1);
        vm.assertEq(found.newest, 1);
        vm.assertEq(found.newestAt, NOW);
        vm.assertEq(found.modelStatus, ACTIVE);
        vm.assertEq(found.versionStatus, ACTIVE);
    }

    function test_next_version_keeps_the_older_ones() public {
        bytes32 first = publish(ALICE, ID, 1);
        vm.warp(NOW + 60);
        vm.recordLogs();
        bytes32 second = publish(ALICE, ID, 2);
        vm.assertEq(vm.getRecordedLogs().length, 1, "a model is registered once");
        vm.assertEq(registry.record(ALICE, ID, 1).manifest, first);
        vm.assertEq(registry.record(ALICE, ID, 2).manifest, second);
        vm.assertEq(registry.record(ALICE, ID, 1).newest, 2);
        vm.assertEq(registry.record(ALICE, ID, 1).newestAt, NOW + 60);
    }

    function test_gap_of_65536_is_the_widest() public {
        publish(ALICE, ID, 65_536);
        bytes memory head = headOf(1);
        vm.expectRevert(
            abi.encodeWithSelector(ChunkedModelRegistry.VersionOutOfRange.selector, keyOf(ALICE, ID), 65_536, 131_073)
        );
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 131_073, head);
        publish(ALICE, ID, 131_072);
        vm.assertEq(registry.record(ALICE, ID, 0).version, 131_072);
    }

    function test_first_version_is_within_the_gap_too() public {
        bytes memory head = headOf(1);
        vm.expectRevert(
            abi.encodeWithSelector(ChunkedModelRegistry.VersionOutOfRange.selector, keyOf(ALICE, ID), 0, 65_537)
        );
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 65_537, head);
    }

    function test_version_zero_is_refused() public {
        bytes memory head = headOf(1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.VersionOutOfRange.selector, keyOf(ALICE, ID), 0, 0));
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 0, head);
    }

    function test_repeat_names_the_digest_that_stands() public {
        bytes32 first = publish(ALICE, ID, 1);
        publish(ALICE, ID, 2);
        for (uint256 seed = 1; seed < 3; ++seed) {
            bytes memory head = headOf(seed);
            vm.expectRevert(
                abi.encodeWithSelector(ChunkedModelRegistry.VersionExists.selector, keyOf(ALICE, ID), 1, first)
            );
            vm.prank(ALICE);
            registry.publish(ALICE, ID, 1, head);
        }
        vm.assertEq(registry.record(ALICE, ID, 1).manifest, first);
    }

    function test_repeat_is_told_apart_also_when_revoked() public {
        bytes32 first = publish(ALICE, ID, 1);
        setStatus(ALICE, ID, 0, REVOKED);
        bytes memory head = headOf(1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.VersionExists.selector, keyOf(ALICE, ID), 1, first));
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 1, head);
    }

    function test_skipped_version_is_never_filled() public {
        publish(ALICE, ID, 3);
        bytes memory head = headOf(2);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.VersionOutOfRange.selector, keyOf(ALICE, ID), 3, 2));
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 2, head);
    }

    function test_last_version_number_works_and_ends_the_model() public {
        publish(ALICE, ID, 1);
        bytes32 slot = keccak256(abi.encode(keyOf(ALICE, ID), uint256(0)));
        uint256 word = uint256(vm.load(address(registry), slot));
        vm.store(address(registry), slot, bytes32((word >> 32 << 32) | (type(uint32).max - 1)));
        publish(ALICE, ID, type(uint32).max);
        vm.assertEq(registry.record(ALICE, ID, 0).version, type(uint32).max);
        bytes memory head = headOf(7);
        vm.expectRevert(
            abi.encodeWithSelector(
                ChunkedModelRegistry.VersionOutOfRange.selector, keyOf(ALICE, ID), type(uint32).max, 5
            )
        );
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 5, head);
    }

    function test_every_small_map_header_is_taken_and_no_other() public {
        bytes memory head = headOf(1);
        uint32 version = 0;
        for (uint256 first = 0; first < 256; ++first) {
            head[0] = bytes1(uint8(first));
            bool good = first >= 0xa0 && first <= 0xb7;
            if (good) ++version;
            else vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadHead.selector, 200));
            vm.prank(ALICE);
            registry.publish(ALICE, ID, good ? version : version + 1, head);
        }
        vm.assertEq(registry.record(ALICE, ID, 0).version, 24);
    }

    function test_every_bit_of_the_prefix_is_checked() public {
        for (uint256 bit = 0; bit < 64; ++bit) {
            bytes memory head = headOf(1);
            head[1 + bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
            vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadHead.selector, 200));
            vm.prank(ALICE);
            registry.publish(ALICE, ID, 1, head);
        }
    }

    function test_head_has_41_to_1024_bytes() public {
        bytes memory whole = headOf(keccak256("root"), 1025);
        uint16[5] memory lengths = [0, 40, 41, 1024, 1025];
        uint32 version = 0;
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory head = new bytes(lengths[i]);
            for (uint256 k = 0; k < head.length; ++k) {
                head[k] = whole[k];
            }
            bool good = lengths[i] >= 41 && lengths[i] <= 1024;
            if (good) ++version;
            else vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadHead.selector, lengths[i]));
            vm.prank(ALICE);
            registry.publish(ALICE, ID, good ? version : version + 1, head);
        }
        vm.assertEq(registry.record(ALICE, ID, 0).version, 2);
    }

    function test_model_id_has_1_to_128_bytes() public {
        uint8[6] memory lengths = [0, 1, 31, 32, 128, 129];
        bytes memory head = headOf(1);
        for (uint256 i = 0; i < lengths.length; ++i) {
            string memory id = string(new bytes(lengths[i]));
            bool good = lengths[i] >= 1 && lengths[i] <= 128;
            if (!good) vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadModelId.selector, lengths[i]));
            vm.prank(ALICE);
            registry.publish(ALICE, id, 1, head);
        }
        (, uint256 total) = registry.models(ALICE, 0, 10);
        vm.assertEq(total, 4);
    }

    function test_stranger_publishes_nothing() public {
        bytes memory head = headOf(1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotAllowed.selector, ALICE, BOB));
        vm.prank(BOB);
        registry.publish(ALICE, ID, 1, head);
    }

    function test_same_id_of_two_publishers_is_two_models() public {
        publish(ALICE, ID, 1);
        vm.prank(BOB);
        registry.publish(BOB, ID, 7, headOf(70));
        setStatus(BOB, ID, 0, REVOKED);
        vm.assertEq(registry.record(ALICE, ID, 1).newest, 1);
        vm.assertEq(registry.status(ALICE, ID, 1), ACTIVE);
        vm.assertEq(registry.status(BOB, ID, 7), REVOKED);
        publish(ALICE, ID, 2);
    }

    function test_revoked_model_takes_no_version() public {
        publish(ALICE, ID, 1);
        setStatus(ALICE, ID, 0, REVOKED);
        bytes memory head = headOf(2);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.Revoked.selector, keyOf(ALICE, ID), 0));
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 2, head);
    }

    function test_inactive_model_takes_versions_and_stays_inactive() public {
        publish(ALICE, ID, 1);
        setStatus(ALICE, ID, 0, INACTIVE);
        setStatus(ALICE, ID, 1, REVOKED);
        publish(ALICE, ID, 2);
        vm.assertEq(registry.record(ALICE, ID, 2).modelStatus, INACTIVE);
        vm.assertEq(registry.record(ALICE, ID, 2).versionStatus, ACTIVE);
        vm.assertEq(registry.record(ALICE, ID, 1).versionStatus, REVOKED);
    }

    function test_ether_is_refused_everywhere() public {
        vm.deal(ALICE, 1 ether);
        bytes[4] memory calls = [
            abi.encodeCall(registry.publish, (ALICE, ID, 1, headOf(1))),
            abi.encodeCall(registry.proposeController, (ALICE, BOB)),
            bytes(""),
            bytes(hex"12345678")
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(ALICE);
            (bool taken,) = address(registry).call{value: 1}(calls[i]);
            vm.assertFalse(taken);
        }
        vm.assertEq(address(registry).balance, 0);
    }

    function testFuzz_a_version_is_published_once_and_reads_back(
        uint256 who,
        string calldata id,
        uint32 version,
        bytes calldata rest
    ) public {
        vm.assume(bytes(id).length > 0 && bytes(id).length <= 128 && rest.length <= 983);
        address publisher = vm.addr(1 + who % 5);
        version = 1 + version % 65_536;
        bytes memory head = abi.encodePacked(hex"a76176016263745820", keccak256(rest), rest);
        vm.prank(publisher);
        registry.publish(publisher, id, version, head);
        vm.assertEq(registry.record(publisher, id, 0).manifest, sha256(head));
        vm.assertEq(registry.record(publisher, id, version).version, version);
        vm.expectRevert(
            abi.encodeWithSelector(
                ChunkedModelRegistry.VersionExists.selector, keyOf(publisher, id), version, sha256(head)
            )
        );
        vm.prank(publisher);
        registry.publish(publisher, id, version, head);
    }

    function testFuzz_only_the_publisher_writes(address caller, address publisher) public {
        vm.assume(caller != publisher);
        bytes memory head = headOf(1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotAllowed.selector, publisher, caller));
        vm.prank(caller);
        registry.publish(publisher, ID, 1, head);
    }
}
