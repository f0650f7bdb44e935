// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {Vm} from "./Vm.sol";
import {CutWallet, OddWallet, ReentrantWallet, Wallet} from "./Wallets.sol";

/// Signatures of contract wallets (ERC-1271) and of accounts that delegated to code (EIP-7702).
contract RelayWalletTest is RegistryTest {
    bytes4 internal constant GOOD = 0x1626ba7e;

    function publishFor(address publisher, bytes memory signature) internal {
        vm.prank(CAROL);
        registry.publishBySig(publisher, ID, 1, headOf(1), DEADLINE, publisher, signature);
    }

    function signFor(uint256 key, address publisher) internal view returns (bytes memory) {
        return sign(key, publishMessage(publisher, ID, 1, headOf(1), DEADLINE));
    }

    function refused(address publisher, bytes memory signature) internal {
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadSignature.selector, publisher));
        registry.publishBySig(publisher, ID, 1, headOf(1), DEADLINE, publisher, signature);
    }

    function test_a_contract_wallet_publishes_itself_and_by_signature() public {
        Wallet wallet = new Wallet(ALICE);
        publishFor(address(wallet), signFor(ALICE_KEY, address(wallet)));
        bytes memory call_ = abi.encodeCall(registry.publish, (address(wallet), ID, 2, headOf(2)));
        vm.prank(ALICE);
        wallet.act(address(registry), call_);
        vm.assertEq(registry.record(address(wallet), ID, 0).version, 2);
    }

    function test_a_contract_wallet_refuses_what_its_owner_did_not_sign() public {
        Wallet wallet = new Wallet(ALICE);
        refused(address(wallet), signFor(BOB_KEY, address(wallet)));
        refused(address(wallet), signFor(ALICE_KEY, ALICE));
        refused(address(wallet), "");
    }

    function test_a_contract_wallet_rules_as_controller() public {
        Wallet team = new Wallet(BOB);
        publish(ALICE, ID, 1);
        vm.prank(ALICE);
        registry.proposeController(ALICE, address(team));
        vm.prank(BOB);
        team.act(address(registry), abi.encodeCall(registry.acceptController, (ALICE)));
        bytes32 message = keccak256(
            abi.encode(
                keccak256("SetSuccessor(address publisher,address successor,uint256 nonce,uint256 deadline)"),
                ALICE,
                CAROL,
                1,
                DEADLINE
            )
        );
        registry.setSuccessorBySig(ALICE, CAROL, 1, DEADLINE, sign(BOB_KEY, message));
        (address controller,, address successor,,) = registry.namespaceOf(ALICE);
        vm.assertEq(controller, address(team));
        vm.assertEq(successor, CAROL);
    }

    function test_only_the_magic_word_of_a_wallet_counts() public {
        bytes32 magic = bytes32(GOOD);
        refused(address(new OddWallet("", false)), "x");
        refused(address(new OddWallet(abi.encodePacked(GOOD), false)), "x");
        refused(address(new OddWallet(abi.encodePacked(bytes31(magic)), false)), "x");
        refused(address(new OddWallet(abi.encodePacked(uint256(uint32(GOOD))), false)), "x");
        refused(address(new OddWallet(abi.encodePacked(magic | bytes32(uint256(1))), false)), "x");
        refused(address(new OddWallet(abi.encodePacked(magic), true)), "x");
        refused(address(new OddWallet(abi.encodePacked(bytes4(0xffffffff), bytes28(0)), false)), "x");
        publishFor(address(new OddWallet(abi.encodePacked(magic), false)), "x");
        publishFor(address(new OddWallet(abi.encodePacked(magic, new bytes(4096)), false)), "x");
    }

    /// What stood in memory before must not complete an answer, whatever its last byte is.
    function test_a_cut_answer_of_a_wallet_is_no_answer() public {
        bytes memory code = address(new CutWallet()).code;
        for (uint160 last = 0; last < 256; ++last) {
            address wallet = address((uint160(0x1111) << 8) | last);
            vm.etch(wallet, code);
            refused(wallet, "x");
        }
    }

    function test_an_empty_account_has_no_wallet_to_ask() public {
        refused(address(0xdead), "x");
        // The identity precompile answers without having code; its echo is not the magic word either.
        refused(address(4), abi.encodePacked(GOOD));
    }

    function test_a_wallet_can_not_write_while_it_is_asked() public {
        ReentrantWallet wallet = new ReentrantWallet(address(registry), headOf(9));
        refused(address(wallet), "x");
        (, uint256 total) = registry.models(address(wallet), 0, 1);
        vm.assertEq(total, 0);
    }

    function delegate() internal {
        Vm.SignedDelegation memory delegation = vm.signDelegation(address(new Wallet(BOB)), ALICE_KEY);
        vm.attachDelegation(delegation);
        vm.prank(ALICE);
        (bool done,) = address(0xbeef).call("");
        vm.assertTrue(done);
        vm.assertEq(ALICE.code, abi.encodePacked(hex"ef0100", delegation.implementation));
    }

    function test_a_delegated_account_keeps_its_key() public {
        delegate();
        publishFor(ALICE, signFor(ALICE_KEY, ALICE));
        vm.prank(ALICE);
        registry.publish(ALICE, ID, 2, headOf(2));
    }

    function test_a_delegated_account_answers_by_its_code_too() public {
        delegate();
        publishFor(ALICE, signFor(BOB_KEY, ALICE));
        bytes memory byCarol = signFor(CAROL_KEY, ALICE);
        refused(ALICE, byCarol);
    }
}
