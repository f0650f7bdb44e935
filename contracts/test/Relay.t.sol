// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// Writes that a stranger (CAROL) carries to the chain with somebody else's signature.
contract RelayTest is RegistryTest {
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function badSignature(address signer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ChunkedModelRegistry.BadSignature.selector, signer);
    }

    function statusMessage(uint32 version, uint8 status, string memory reason, uint256 nonce)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256(
                    "SetStatus(address publisher,string modelId,uint32 version,uint8 status,string reason,uint256 nonce,uint256 deadline)"
                ),
                ALICE,
                keccak256(bytes(ID)),
                version,
                status,
                keccak256(bytes(reason)),
                nonce,
                DEADLINE
            )
        );
    }

    function pairMessage(string memory type_, address who, uint256 nonce) internal view returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(type_)), ALICE, who, nonce, DEADLINE));
    }

    function proposeMessage(address who, uint256 nonce) internal view returns (bytes32) {
        return pairMessage(
            "ProposeController(address publisher,address controller,uint256 nonce,uint256 deadline)", who, nonce
        );
    }

    function acceptMessage(address who, uint256 nonce) internal view returns (bytes32) {
        return pairMessage(
            "AcceptController(address publisher,address controller,uint256 nonce,uint256 deadline)", who, nonce
        );
    }

    function successorMessage(address who, uint256 nonce) internal view returns (bytes32) {
        return
            pairMessage("SetSuccessor(address publisher,address successor,uint256 nonce,uint256 deadline)", who, nonce);
    }

    function operatorMessage(address who, bool allowed, uint256 nonce) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "SetOperator(address publisher,address operator,bool allowed,uint256 nonce,uint256 deadline)"
                ),
                ALICE,
                who,
                allowed,
                nonce,
                DEADLINE
            )
        );
    }

    function relayPublish(uint32 version, uint256 deadline, address signer, bytes memory signature) internal {
        vm.prank(CAROL);
        registry.publishBySig(ALICE, ID, version, headOf(1), deadline, signer, signature);
    }

    function goodPublish(uint256 key) internal view returns (bytes memory) {
        return sign(key, publishMessage(ALICE, ID, 1, headOf(1), DEADLINE));
    }

    function nonceOf(address publisher) internal view returns (uint64 nonce) {
        (,,,, nonce) = registry.namespaceOf(publisher);
    }

    // ----------------------------------------------------------------------------------------------- publish

    function test_a_signed_version_is_carried_by_anyone() public {
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.ModelRegistered(ALICE, keyOf(ALICE, ID), ID);
        relayPublish(1, DEADLINE, ALICE, goodPublish(ALICE_KEY));
        vm.assertEq(registry.record(ALICE, ID, 1).manifest, sha256(headOf(1)));
        vm.assertEq(nonceOf(ALICE), 0, "a version is its own nonce");
    }

    function test_a_signed_version_is_good_once() public {
        bytes memory signature = goodPublish(ALICE_KEY);
        relayPublish(1, DEADLINE, ALICE, signature);
        vm.expectRevert(
            abi.encodeWithSelector(ChunkedModelRegistry.VersionExists.selector, keyOf(ALICE, ID), 1, sha256(headOf(1)))
        );
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
    }

    function test_a_signature_covers_every_field_of_a_version() public {
        bytes memory signature = goodPublish(ALICE_KEY);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, "my-mode1", 1, headOf(1), DEADLINE, ALICE, signature);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 2, headOf(1), DEADLINE, ALICE, signature);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(2), DEADLINE, ALICE, signature);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE + 1, ALICE, signature);
        vm.prank(BOB);
        registry.setOperator(BOB, ALICE, true);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(BOB, ID, 1, headOf(1), DEADLINE, ALICE, signature);
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
    }

    function test_a_signature_holds_on_one_chain_and_contract_only() public {
        bytes memory signature = goodPublish(ALICE_KEY);
        // A literal, since the compiler may read block.chainid once more after it was changed.
        vm.chainId(31_338);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
        vm.chainId(31_337);
        ChunkedModelRegistry other = deploy();
        vm.expectRevert(badSignature(ALICE));
        other.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
    }

    function test_the_deadline_is_the_last_second() public {
        bytes memory signature = goodPublish(ALICE_KEY);
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.SignatureExpired.selector, DEADLINE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
        vm.warp(DEADLINE);
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
    }

    function test_an_operator_signs_versions() public {
        vm.prank(ALICE);
        registry.setOperator(ALICE, BOB, true);
        relayPublish(1, DEADLINE, BOB, goodPublish(BOB_KEY));
        vm.assertEq(registry.record(ALICE, ID, 1).version, 1);
    }

    function test_a_strangers_signature_is_refused() public {
        bytes memory byBob = goodPublish(BOB_KEY);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotAllowed.selector, ALICE, BOB));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, BOB, byBob);
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, byBob);
    }

    function test_a_former_controllers_signature_is_void() public {
        handOver(ALICE, ALICE, BOB);
        bytes memory byAlice = goodPublish(ALICE_KEY);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotAllowed.selector, ALICE, ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, byAlice);
        relayPublish(1, DEADLINE, BOB, goodPublish(BOB_KEY));
    }

    // -------------------------------------------------------------------------------------------- signatures

    function test_the_mirror_image_of_a_signature_is_refused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(ALICE_KEY, typed(publishMessage(ALICE, ID, 1, headOf(1), DEADLINE)));
        bytes memory mirror = abi.encodePacked(r, ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, mirror);
    }

    function test_only_65_bytes_with_v_27_or_28_are_a_keys_signature() public {
        bytes memory good = goodPublish(ALICE_KEY);
        for (uint256 length = 0; length < 65; ++length) {
            bytes memory cut = new bytes(length);
            for (uint256 i = 0; i < length; ++i) {
                cut[i] = good[i];
            }
            vm.expectRevert(badSignature(ALICE));
            registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, cut);
        }
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, abi.encodePacked(good, hex"00"));
        bytes1 v = good[64];
        for (uint256 other = 0; other < 256; ++other) {
            good[64] = bytes1(uint8(other));
            if (good[64] == v) continue;
            vm.expectRevert(badSignature(ALICE));
            registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, good);
        }
    }

    function test_the_zero_address_never_signs() public {
        bytes memory nonsense = abi.encodePacked(bytes32(uint256(1)), bytes32(uint256(1)), uint8(99));
        vm.expectRevert(badSignature(address(0)));
        registry.publishBySig(address(0), ID, 1, headOf(1), DEADLINE, address(0), nonsense);
        vm.prank(ALICE);
        registry.setOperator(ALICE, address(0), true);
        vm.expectRevert(badSignature(address(0)));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, address(0), nonsense);
        vm.expectRevert(badSignature(address(0)));
        registry.acceptControllerBySig(ALICE, address(0), 0, DEADLINE, nonsense);
    }

    function testFuzz_no_flipped_bit_passes(uint16 bit) public {
        bytes memory signature = goodPublish(ALICE_KEY);
        uint256 place = bit % 520;
        signature[place / 8] ^= bytes1(uint8(1 << (place % 8)));
        vm.expectRevert(badSignature(ALICE));
        registry.publishBySig(ALICE, ID, 1, headOf(1), DEADLINE, ALICE, signature);
    }

    // ------------------------------------------------------------------------------------------------ status

    function test_a_signed_status_is_carried_and_spends_the_nonce() public {
        publish(ALICE, ID, 1);
        bytes memory signature = sign(ALICE_KEY, statusMessage(1, INACTIVE, "old", 0));
        vm.expectEmit(true, true, true, true, address(registry));
        emit ChunkedModelRegistry.StatusChanged(ALICE, keyOf(ALICE, ID), 1, INACTIVE, "old");
        vm.prank(CAROL);
        registry.setStatusBySig(ALICE, ID, 1, INACTIVE, "old", 0, DEADLINE, signature);
        vm.assertEq(registry.status(ALICE, ID, 1), INACTIVE);
        vm.assertEq(nonceOf(ALICE), 1);

        setStatus(ALICE, ID, 1, ACTIVE);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadNonce.selector, ALICE, 1, 0));
        registry.setStatusBySig(ALICE, ID, 1, INACTIVE, "old", 0, DEADLINE, signature);
        vm.expectRevert(badSignature(ALICE));
        registry.setStatusBySig(ALICE, ID, 1, INACTIVE, "old", 1, DEADLINE, signature);
    }

    function test_a_signature_covers_every_field_of_a_status() public {
        publish(ALICE, ID, 1);
        publish(ALICE, ID, 2);
        publish(ALICE, "my-mode1", 1);
        bytes memory signature = sign(ALICE_KEY, statusMessage(1, INACTIVE, "old", 0));
        bytes[5] memory changed = [
            abi.encodeCall(registry.setStatusBySig, (ALICE, "my-mode1", 1, INACTIVE, "old", 0, DEADLINE, signature)),
            abi.encodeCall(registry.setStatusBySig, (ALICE, ID, 2, INACTIVE, "old", 0, DEADLINE, signature)),
            abi.encodeCall(registry.setStatusBySig, (ALICE, ID, 1, REVOKED, "old", 0, DEADLINE, signature)),
            abi.encodeCall(registry.setStatusBySig, (ALICE, ID, 1, INACTIVE, "odd", 0, DEADLINE, signature)),
            abi.encodeCall(registry.setStatusBySig, (ALICE, ID, 1, INACTIVE, "old", 0, DEADLINE + 1, signature))
        ];
        for (uint256 i = 0; i < changed.length; ++i) {
            (bool done, bytes memory why) = address(registry).call(changed[i]);
            vm.assertFalse(done);
            vm.assertEq(why, badSignature(ALICE));
        }
        vm.assertEq(nonceOf(ALICE), 0);
        registry.setStatusBySig(ALICE, ID, 1, INACTIVE, "old", 0, DEADLINE, signature);
    }

    function test_an_operators_signature_sets_no_status() public {
        publish(ALICE, ID, 1);
        vm.prank(ALICE);
        registry.setOperator(ALICE, BOB, true);
        bytes memory signature = sign(BOB_KEY, statusMessage(1, INACTIVE, "", 0));
        vm.expectRevert(badSignature(ALICE));
        registry.setStatusBySig(ALICE, ID, 1, INACTIVE, "", 0, DEADLINE, signature);
    }

    function test_an_expired_status_is_refused() public {
        publish(ALICE, ID, 1);
        bytes memory signature = sign(ALICE_KEY, statusMessage(1, INACTIVE, "", 0));
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.SignatureExpired.selector, DEADLINE));
        registry.setStatusBySig(ALICE, ID, 1, INACTIVE, "", 0, DEADLINE, signature);
    }

    // ------------------------------------------------------------------------------------------- controllers

    function test_a_namespace_is_handed_over_by_two_signatures() public {
        bytes memory offer = sign(ALICE_KEY, proposeMessage(BOB, 0));
        bytes memory taking = sign(BOB_KEY, acceptMessage(BOB, 1));
        vm.startPrank(CAROL);
        registry.proposeControllerBySig(ALICE, BOB, 0, DEADLINE, offer);
        registry.acceptControllerBySig(ALICE, BOB, 1, DEADLINE, taking);
        vm.stopPrank();
        (address controller,,, uint32 term, uint64 nonce) = registry.namespaceOf(ALICE);
        vm.assertEq(controller, BOB);
        vm.assertEq(term, 1);
        vm.assertEq(nonce, 2);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadNonce.selector, ALICE, 2, 1));
        registry.acceptControllerBySig(ALICE, BOB, 1, DEADLINE, taking);
    }

    function test_a_change_of_controller_voids_what_was_signed_before() public {
        publish(ALICE, ID, 1);
        bytes memory signature = sign(ALICE_KEY, statusMessage(1, REVOKED, "", 0));
        handOver(ALICE, ALICE, BOB);
        handOver(ALICE, BOB, ALICE);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadNonce.selector, ALICE, 2, 0));
        registry.setStatusBySig(ALICE, ID, 1, REVOKED, "", 0, DEADLINE, signature);
    }

    function test_acceptance_is_signed_by_the_proposed_key() public {
        vm.prank(ALICE);
        registry.proposeController(ALICE, BOB);
        bytes memory byAlice = sign(ALICE_KEY, acceptMessage(BOB, 0));
        vm.expectRevert(badSignature(BOB));
        registry.acceptControllerBySig(ALICE, BOB, 0, DEADLINE, byAlice);
        bytes memory byCarol = sign(CAROL_KEY, acceptMessage(CAROL, 0));
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.NotProposed.selector, ALICE, CAROL));
        registry.acceptControllerBySig(ALICE, CAROL, 0, DEADLINE, byCarol);
        bytes memory offer = sign(BOB_KEY, proposeMessage(BOB, 0));
        vm.expectRevert(badSignature(BOB));
        registry.acceptControllerBySig(ALICE, BOB, 0, DEADLINE, offer);
    }

    function test_signed_offers_name_their_namespace_and_key() public {
        bytes memory offer = sign(ALICE_KEY, proposeMessage(BOB, 0));
        vm.expectRevert(badSignature(ALICE));
        registry.proposeControllerBySig(ALICE, CAROL, 0, DEADLINE, offer);
        vm.expectRevert(badSignature(BOB));
        registry.proposeControllerBySig(BOB, BOB, 0, DEADLINE, offer);
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.BadNonce.selector, ALICE, 0, 1));
        registry.proposeControllerBySig(ALICE, BOB, 1, DEADLINE, offer);
        vm.expectRevert(badSignature(ALICE));
        registry.setSuccessorBySig(ALICE, BOB, 0, DEADLINE, offer);
    }

    function test_operators_and_successor_by_signature() public {
        bytes memory operator = sign(ALICE_KEY, operatorMessage(BOB, true, 0));
        vm.expectRevert(badSignature(ALICE));
        registry.setOperatorBySig(ALICE, BOB, false, 0, DEADLINE, operator);
        vm.expectRevert(badSignature(ALICE));
        registry.setOperatorBySig(ALICE, CAROL, true, 0, DEADLINE, operator);
        vm.prank(CAROL);
        registry.setOperatorBySig(ALICE, BOB, true, 0, DEADLINE, operator);
        vm.assertTrue(registry.mayPublish(ALICE, BOB));

        bytes memory successor = sign(ALICE_KEY, successorMessage(BOB, 1));
        vm.expectRevert(badSignature(ALICE));
        registry.setSuccessorBySig(ALICE, CAROL, 1, DEADLINE, successor);
        vm.prank(CAROL);
        registry.setSuccessorBySig(ALICE, BOB, 1, DEADLINE, successor);
        (,, address named,, uint64 nonce) = registry.namespaceOf(ALICE);
        vm.assertEq(named, BOB);
        vm.assertEq(nonce, 2);
    }
}
