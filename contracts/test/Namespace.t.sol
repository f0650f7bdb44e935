// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

contract NamespaceTest is RegistryTest {
    function notAllowed(address publisher, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ChunkedModelRegistry.NotAllowed.selector, publisher, caller);
    }

    function test_a_publisher_acts_for_itself_at_first() public view {
        (address controller, address pending, address successor, uint32 term, uint64 nonce) =
            registry.namespaceOf(ALICE);
        vm.assertEq(controller, ALICE);
        vm.assertEq(pending, address(0));
        vm.assertEq(successor, address(0));
        vm.assertEq(term, 0);
        vm.assertEq(nonce, 0);
    }

    function test_handing_over_takes_both_sides() public {
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.ControllerProposed(ALICE, BOB);
        vm.prank(ALICE);
        registry.proposeController(ALICE, BOB);
        (address controller, address pending,,,) = registry.namespaceOf(ALICE);
        vm.assertEq(controller, ALICE);
        vm.assertEq(pending, BOB);
        publish(ALICE, ID, 1);

        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.ControllerChanged(ALICE, BOB);
        vm.prank(BOB);
        registry.acceptController(ALICE);
        uint32 term;
        uint64 nonce;
        (controller, pending,, term, nonce) = registry.namespaceOf(ALICE);
        vm.assertEq(controller, BOB);
        vm.assertEq(pending, address(0));
        vm.assertEq(term, 1);
        vm.assertEq(nonce, 1);
    }

    function test_the_new_controller_writes_and_the_old_one_does_not() public {
        publish(ALICE, ID, 1);
        handOver(ALICE, ALICE, BOB);
        bytes memory head = headOf(2);
        vm.prank(BOB);
        registry.publish(ALICE, ID, 2, head);
        vm.prank(BOB);
        registry.setStatus(ALICE, ID, 1, INACTIVE, "");

        vm.expectRevert(notAllowed(ALICE, ALICE));
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 3, head);
        vm.expectRevert(notAllowed(ALICE, ALICE));
        vm.prank(ALICE);
        registry.setStatus(ALICE, ID, 1, ACTIVE, "");
        vm.expectRevert(notAllowed(ALICE, ALICE));
        vm.prank(ALICE);
        registry.proposeController(ALICE, ALICE);
        vm.expectRevert(notAllowed(ALICE, ALICE));
        vm.prank(ALICE);
        registry.setOperator(ALICE, ALICE, true);
        vm.expectRevert(notAllowed(ALICE, ALICE));
        vm.prank(ALICE);
        registry.setSuccessor(ALICE, ALICE);
    }

    function test_a_controller_of_one_namespace_is_nobody_in_another() public {
        handOver(ALICE, ALICE, BOB);
        vm.expectRevert(notAllowed(CAROL, BOB));
        vm.prank(BOB);
        registry.setSuccessor(CAROL, BOB);
        vm.prank(BOB);
        registry.setSuccessor(BOB, ALICE);
    }

    function test_only_the_proposed_key_accepts_and_only_once() public {
        bytes4 notProposed = ChunkedModelRegistry.NotProposed.selector;
        vm.expectRevert(abi.encodeWithSelector(notProposed, ALICE, BOB));
        vm.prank(BOB);
        registry.acceptController(ALICE);
        vm.prank(ALICE);
        registry.proposeController(ALICE, BOB);
        vm.expectRevert(abi.encodeWithSelector(notProposed, ALICE, CAROL));
        vm.prank(CAROL);
        registry.acceptController(ALICE);
        vm.expectRevert(abi.encodeWithSelector(notProposed, ALICE, ALICE));
        vm.prank(ALICE);
        registry.acceptController(ALICE);
        vm.prank(BOB);
        registry.acceptController(ALICE);
        vm.expectRevert(abi.encodeWithSelector(notProposed, ALICE, BOB));
        vm.prank(BOB);
        registry.acceptController(ALICE);
    }

    function test_a_proposal_is_replaced_or_taken_back() public {
        vm.prank(ALICE);
        registry.proposeController(ALICE, BOB);
        vm.prank(ALICE);
        registry.proposeController(ALICE, CAROL);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotProposed.selector, ALICE, BOB));
        vm.prank(BOB);
        registry.acceptController(ALICE);
        vm.prank(ALICE);
        registry.proposeController(ALICE, address(0));
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotProposed.selector, ALICE, CAROL));
        vm.prank(CAROL);
        registry.acceptController(ALICE);
    }

    function test_stranger_proposes_nobody() public {
        vm.expectRevert(notAllowed(ALICE, BOB));
        vm.prank(BOB);
        registry.proposeController(ALICE, BOB);
    }

    function test_a_namespace_comes_back() public {
        handOver(ALICE, ALICE, BOB);
        handOver(ALICE, BOB, ALICE);
        publish(ALICE, ID, 1);
        (address controller,,, uint32 term,) = registry.namespaceOf(ALICE);
        vm.assertEq(controller, ALICE);
        vm.assertEq(term, 2);
    }

    function test_an_operator_publishes_and_nothing_else() public {
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.OperatorChanged(ALICE, BOB, true);
        vm.prank(ALICE);
        registry.setOperator(ALICE, BOB, true);
        vm.assertTrue(registry.mayPublish(ALICE, BOB));
        bytes memory head = headOf(1);
        vm.prank(BOB);
        registry.publish(ALICE, ID, 1, head);

        bytes[4] memory denied = [
            abi.encodeCall(registry.setStatus, (ALICE, ID, 1, INACTIVE, "")),
            abi.encodeCall(registry.proposeController, (ALICE, BOB)),
            abi.encodeCall(registry.setOperator, (ALICE, CAROL, true)),
            abi.encodeCall(registry.setSuccessor, (ALICE, BOB))
        ];
        for (uint256 i = 0; i < denied.length; ++i) {
            vm.prank(BOB);
            (bool done, bytes memory why) = address(registry).call(denied[i]);
            vm.assertFalse(done);
            vm.assertEq(why, notAllowed(ALICE, BOB));
        }
        vm.expectRevert(notAllowed(CAROL, BOB));
        vm.prank(BOB);
        registry.publish(CAROL, ID, 1, head);
    }

    function test_an_operator_is_dismissed() public {
        vm.prank(ALICE);
        registry.setOperator(ALICE, BOB, true);
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.OperatorChanged(ALICE, BOB, false);
        vm.prank(ALICE);
        registry.setOperator(ALICE, BOB, false);
        bytes memory head = headOf(1);
        vm.expectRevert(notAllowed(ALICE, BOB));
        vm.prank(BOB);
        registry.publish(ALICE, ID, 1, head);
    }

    function test_operators_end_with_the_controller_that_named_them() public {
        vm.prank(ALICE);
        registry.setOperator(ALICE, CAROL, true);
        handOver(ALICE, ALICE, BOB);
        vm.assertFalse(registry.mayPublish(ALICE, CAROL));
        handOver(ALICE, BOB, ALICE);
        vm.assertFalse(registry.mayPublish(ALICE, CAROL), "a namespace that comes back has no old operators");
        vm.assertTrue(registry.mayPublish(ALICE, ALICE));
        vm.assertFalse(registry.mayPublish(ALICE, BOB));
    }

    function test_a_successor_is_a_notice_and_moves_nothing() public {
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.SuccessorChanged(ALICE, BOB);
        vm.prank(ALICE);
        registry.setSuccessor(ALICE, BOB);
        (address controller,, address successor,,) = registry.namespaceOf(ALICE);
        vm.assertEq(successor, BOB);
        vm.assertEq(controller, ALICE);
        vm.assertFalse(registry.mayPublish(ALICE, BOB));
        vm.prank(ALICE);
        registry.setSuccessor(ALICE, address(0));
        (,, successor,,) = registry.namespaceOf(ALICE);
        vm.assertEq(successor, address(0));
    }

    function testFuzz_nobody_but_the_controller_rules(address caller, address publisher, uint8 which) public {
        vm.assume(caller != publisher);
        bytes[3] memory calls = [
            abi.encodeCall(registry.proposeController, (publisher, caller)),
            abi.encodeCall(registry.setOperator, (publisher, caller, true)),
            abi.encodeCall(registry.setSuccessor, (publisher, caller))
        ];
        vm.prank(caller);
        (bool done, bytes memory why) = address(registry).call(calls[which % 3]);
        vm.assertFalse(done);
        vm.assertEq(why, notAllowed(publisher, caller));
    }
}
