// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

contract StatusTest is RegistryTest {
    /// Both sides of every border between the words that hold statuses.
    uint32[10] internal borders = [1, 2, 87, 88, 89, 127, 128, 129, 255, 256];

    function publishBorders() internal {
        for (uint256 i = 0; i < borders.length; ++i) {
            publish(ALICE, ID, borders[i]);
        }
    }

    function test_every_change_of_a_version_and_of_a_model() public {
        publishBorders();
        for (uint256 i = 0; i <= borders.length; ++i) {
            uint32 version = i == borders.length ? 0 : borders[i];
            setStatus(ALICE, ID, version, INACTIVE);
            vm.assertEq(registry.status(ALICE, ID, version), INACTIVE);
            setStatus(ALICE, ID, version, ACTIVE);
            vm.assertEq(registry.status(ALICE, ID, version), ACTIVE);
            setStatus(ALICE, ID, version, INACTIVE);
            setStatus(ALICE, ID, version, REVOKED);
            vm.assertEq(registry.status(ALICE, ID, version), REVOKED);
        }
    }

    function test_a_change_is_told_in_an_event() public {
        publish(ALICE, ID, 1);
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.StatusChanged(ALICE, keyOf(ALICE, ID), 1, REVOKED, "key leaked");
        vm.prank(ALICE);
        registry.setStatus(ALICE, ID, 1, REVOKED, "key leaked");
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.StatusChanged(ALICE, keyOf(ALICE, ID), 0, INACTIVE, "");
        setStatus(ALICE, ID, 0, INACTIVE);
    }

    function test_one_transaction_deactivates_a_whole_model() public {
        publishBorders();
        setStatus(ALICE, ID, 0, INACTIVE);
        for (uint256 i = 0; i < borders.length; ++i) {
            vm.assertEq(registry.status(ALICE, ID, borders[i]), INACTIVE);
        }
        setStatus(ALICE, ID, 0, ACTIVE);
        vm.assertEq(registry.status(ALICE, ID, 256), ACTIVE);
    }

    function test_the_stricter_status_counts() public {
        publish(ALICE, ID, 1);
        for (uint8 model = 0; model < 3; ++model) {
            string memory id = string(abi.encodePacked("m", bytes1(0x30 + model)));
            for (uint32 v = 1; v <= 3; ++v) {
                publish(ALICE, id, v);
                if (v > 1) setStatus(ALICE, id, v, uint8(v - 1));
            }
            if (model > 0) setStatus(ALICE, id, 0, model);
            for (uint32 v = 1; v <= 3; ++v) {
                vm.assertEq(registry.status(ALICE, id, v), model > v - 1 ? model : v - 1);
            }
            vm.assertEq(registry.status(ALICE, id, 0), model);
        }
    }

    function test_revoked_is_final() public {
        publishBorders();
        for (uint256 i = 0; i <= borders.length; ++i) {
            uint32 version = i == borders.length ? 0 : borders[i];
            setStatus(ALICE, ID, version, REVOKED);
            for (uint8 status = 0; status < 3; ++status) {
                vm.expectRevert(
                    abi.encodeWithSelector(ChunkedModelRegistry.Revoked.selector, keyOf(ALICE, ID), version)
                );
                setStatus(ALICE, ID, version, status);
            }
            vm.assertEq(registry.status(ALICE, ID, version), REVOKED);
        }
    }

    function test_revoked_version_leaves_the_model_open() public {
        publish(ALICE, ID, 1);
        setStatus(ALICE, ID, 1, REVOKED);
        publish(ALICE, ID, 2);
        vm.assertEq(registry.status(ALICE, ID, 2), ACTIVE);
        vm.assertEq(registry.status(ALICE, ID, 0), ACTIVE);
    }

    function test_same_status_again_is_refused() public {
        publish(ALICE, ID, 1);
        vm.expectRevert(
            abi.encodeWithSelector(ChunkedModelRegistry.StatusUnchanged.selector, keyOf(ALICE, ID), 1, ACTIVE)
        );
        setStatus(ALICE, ID, 1, ACTIVE);
        setStatus(ALICE, ID, 0, INACTIVE);
        vm.expectRevert(
            abi.encodeWithSelector(ChunkedModelRegistry.StatusUnchanged.selector, keyOf(ALICE, ID), 0, INACTIVE)
        );
        setStatus(ALICE, ID, 0, INACTIVE);
    }

    function test_a_status_above_2_is_refused() public {
        publish(ALICE, ID, 1);
        uint8[3] memory bad = [3, 4, 255];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadStatus.selector, bad[i]));
            setStatus(ALICE, ID, 1, bad[i]);
        }
    }

    function test_what_does_not_exist_has_no_status() public {
        bytes4 unknown = ChunkedModelRegistry.UnknownVersion.selector;
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 0));
        setStatus(ALICE, ID, 0, INACTIVE);
        publish(ALICE, ID, 3);
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 2));
        setStatus(ALICE, ID, 2, INACTIVE);
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 4));
        setStatus(ALICE, ID, 4, INACTIVE);
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(ALICE, ID), 4));
        registry.status(ALICE, ID, 4);
        vm.expectRevert(abi.encodeWithSelector(unknown, keyOf(BOB, ID), 0));
        registry.status(BOB, ID, 0);
    }

    function test_reason_has_at_most_256_bytes() public {
        publish(ALICE, ID, 1);
        vm.prank(ALICE);
        registry.setStatus(ALICE, ID, 1, INACTIVE, string(new bytes(256)));
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.ReasonTooLong.selector, 257));
        vm.prank(ALICE);
        registry.setStatus(ALICE, ID, 1, ACTIVE, string(new bytes(257)));
    }

    function test_stranger_sets_no_status() public {
        publish(ALICE, ID, 1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotAllowed.selector, ALICE, BOB));
        vm.prank(BOB);
        registry.setStatus(ALICE, ID, 1, INACTIVE, "");
    }

    function testFuzz_a_status_touches_no_other_version(uint32 a, uint32 b, uint8 statusA, uint8 statusB) public {
        a = 1 + a % 600;
        b = 1 + b % 600;
        vm.assume(a < b);
        statusA %= 3;
        statusB %= 3;
        publish(ALICE, ID, a);
        publish(ALICE, ID, b);
        if (statusA != ACTIVE) setStatus(ALICE, ID, a, statusA);
        if (statusB != ACTIVE) setStatus(ALICE, ID, b, statusB);
        vm.assertEq(registry.record(ALICE, ID, a).versionStatus, statusA);
        vm.assertEq(registry.record(ALICE, ID, b).versionStatus, statusB);
        vm.assertEq(registry.record(ALICE, ID, a).newest, b);
        vm.assertEq(registry.record(ALICE, ID, a).newestAt, NOW);
        vm.assertEq(registry.record(ALICE, ID, a).modelStatus, ACTIVE);
    }
}
