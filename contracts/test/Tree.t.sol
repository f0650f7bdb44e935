// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {PlainTree} from "./PlainTree.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// verifyChunk against the recursive definitions of the RFC and against published roots.
contract TreeTest is RegistryTest {
    uint32 internal version;

    function chunk(uint256 i) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(uint8(i)), i > 255 ? abi.encode(i) : bytes("")));
    }

    function leaves(uint256 count) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = PlainTree.leafHash(bytes.concat(chunk(i)));
        }
    }

    /// Publish a version whose chunk root is this one, and return its head.
    function publishRoot(bytes32 root) internal returns (bytes memory head) {
        head = headOf(root, 300);
        vm.prank(ALICE);
        registry.publish(ALICE, ID, ++version, head);
    }

    function verify(bytes memory head, uint64 index, uint64 count, bytes32 digest, bytes32[] memory proof)
        internal
        view
        returns (bool)
    {
        return registry.verifyChunk(ALICE, ID, version, head, index, count, digest, proof);
    }

    /// The leaves and roots that the Certificate Transparency projects test with.
    function test_the_plain_tree_has_the_published_roots() public pure {
        bytes[8] memory data = [
            bytes(""),
            hex"00",
            hex"10",
            hex"2021",
            hex"3031",
            hex"40414243",
            hex"5051525354555657",
            hex"606162636465666768696a6b6c6d6e6f"
        ];
        bytes32[8] memory roots = [
            bytes32(0x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d),
            0xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125,
            0xaeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77,
            0xd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7,
            0x4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4,
            0x76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef,
            0xddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c,
            0x5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
        ];
        bytes32[] memory hashes = new bytes32[](8);
        for (uint256 i = 0; i < 8; ++i) {
            hashes[i] = PlainTree.leafHash(data[i]);
            vm.assertEq(PlainTree.root(hashes, 0, i + 1), roots[i]);
        }
    }

    /// Chunk i is the single byte i.
    function test_chunks_of_one_byte_have_the_known_roots() public {
        uint8[5] memory counts = [1, 2, 3, 5, 7];
        bytes32[5] memory roots = [
            bytes32(0xd9de27625445003d8a9739a851e3ff8d41c0683630b4d63a88327a6aaa37c409),
            0x604d540f09268b91672ab011394d5266ccd7d4484d0d109411a55848126a1b2c,
            0xd1f13800048f5909d4043fc0c152f6643280cba608b672715e56ce159a20629f,
            0x6b313b611b40676b9e1dfd70c4503f2379f88f0f1c2740fb7e1cacc32c113465,
            0xbee2275db16667589a4515f63e0d053a2fa602c1d9f9703e98920a5bdad59baf
        ];
        for (uint256 k = 0; k < counts.length; ++k) {
            bytes memory head = publishRoot(PlainTree.chunkRoot(counts[k], roots[k]));
            bytes32[] memory list = leaves(counts[k]);
            assertAllChunks(head, list);
        }
    }

    function assertAllChunks(bytes memory head, bytes32[] memory list) internal view {
        uint64 count = uint64(list.length);
        for (uint64 i = 0; i < count; ++i) {
            vm.assertTrue(verify(head, i, count, chunk(i), PlainTree.path(list, i, 0, count)));
        }
    }

    function test_every_place_of_every_small_tree() public {
        for (uint64 count = 1; count <= 33; ++count) {
            bytes32[] memory list = leaves(count);
            bytes memory head = publishRoot(PlainTree.chunkRoot(count, PlainTree.root(list, 0, count)));
            for (uint64 i = 0; i < count; ++i) {
                bytes32[] memory proof = PlainTree.path(list, i, 0, count);
                vm.assertTrue(verify(head, i, count, chunk(i), proof), "a true proof");
                for (uint64 other = 0; other < count + 2; ++other) {
                    if (other != i) vm.assertFalse(verify(head, other, count, chunk(i), proof), "another place");
                }
            }
        }
    }

    /// Trees too large to build: any proof of the right length leads to some root, and both must agree on it.
    function testFuzz_large_trees(uint64 count, uint64 index, bytes32 digest, bytes32 seed) public {
        vm.assume(count > 0);
        index %= count;
        uint256 length = PlainTree.pathLength(index, count);
        bytes32[] memory proof = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            proof[i] = keccak256(abi.encode(seed, i));
        }
        bytes32 leaf = PlainTree.leafHash(bytes.concat(digest));
        bytes32 root = PlainTree.rootFromPath(leaf, index, count, proof, length);
        bytes memory head = publishRoot(PlainTree.chunkRoot(count, root));
        vm.assertTrue(verify(head, index, count, digest, proof));
        if (length > 0) {
            proof[uint256(seed) % length] ^= bytes32(uint256(1) << (uint256(seed) >> 248));
            vm.assertFalse(verify(head, index, count, digest, proof));
        }
    }

    function test_proofs_of_the_wrong_length_are_refused() public {
        uint64 count = 13;
        bytes32[] memory list = leaves(count);
        bytes memory head = publishRoot(PlainTree.chunkRoot(count, PlainTree.root(list, 0, count)));
        for (uint64 i = 0; i < count; ++i) {
            bytes32[] memory proof = PlainTree.path(list, i, 0, count);
            vm.assertFalse(verify(head, i, count, chunk(i), PlainTree.append(proof, bytes32(0))), "too long");
            bytes32[] memory cut = new bytes32[](proof.length - 1);
            for (uint256 k = 0; k < cut.length; ++k) {
                cut[k] = proof[k];
            }
            vm.assertFalse(verify(head, i, count, chunk(i), cut), "too short");
            vm.assertFalse(verify(head, i, count, chunk(i), new bytes32[](0)), "none");
        }
        vm.assertFalse(verify(head, 0, count, chunk(0), new bytes32[](5000)), "far too long");
    }

    /// A dishonest publisher can bind any hash to a count; a walk that ends below the root proves nothing of it.
    function test_a_proof_that_stops_early_is_refused() public {
        bytes32[] memory list = leaves(4);
        bytes memory head = publishRoot(PlainTree.chunkRoot(4, list[0]));
        vm.assertFalse(verify(head, 0, 4, chunk(0), new bytes32[](0)));
    }

    function test_a_place_outside_the_tree_is_refused() public {
        bytes32[] memory list = leaves(1);
        bytes memory head = publishRoot(PlainTree.chunkRoot(1, list[0]));
        bytes32[] memory none = new bytes32[](0);
        vm.assertTrue(verify(head, 0, 1, chunk(0), none));
        vm.assertFalse(verify(head, 1, 1, chunk(0), none));
        vm.assertFalse(verify(head, 0, 0, chunk(0), none));
        vm.assertFalse(verify(head, type(uint64).max, type(uint64).max, chunk(0), none));
    }

    /// The proof of place 0 is as long for 5 to 8 chunks; only the count inside the chunk root tells them apart.
    function test_the_number_of_chunks_is_bound() public {
        bytes32[] memory list = leaves(8);
        bytes memory head = publishRoot(PlainTree.chunkRoot(8, PlainTree.root(list, 0, 8)));
        bytes32[] memory proof = PlainTree.path(list, 0, 0, 8);
        vm.assertTrue(verify(head, 0, 8, chunk(0), proof));
        for (uint64 count = 5; count < 8; ++count) {
            vm.assertFalse(verify(head, 0, count, chunk(0), proof));
        }
    }

    /// An inner node passed off as a chunk would need the leaf prefix.
    function test_a_node_is_not_a_chunk() public {
        bytes32[] memory list = leaves(2);
        bytes32 root = PlainTree.root(list, 0, 2);
        bytes memory head = publishRoot(PlainTree.chunkRoot(1, root));
        vm.assertFalse(verify(head, 0, 1, root, new bytes32[](0)));
        bytes memory ownHead = publishRoot(PlainTree.chunkRoot(2, root));
        bytes32[] memory proof = PlainTree.path(list, 0, 0, 2);
        vm.assertFalse(verify(ownHead, 0, 2, list[0], proof), "a leaf hash is not a chunk digest");
    }

    function test_another_chunk_or_head_is_refused() public {
        bytes32[] memory list = leaves(4);
        bytes memory head = publishRoot(PlainTree.chunkRoot(4, PlainTree.root(list, 0, 4)));
        bytes32[] memory proof = PlainTree.path(list, 2, 0, 4);
        vm.assertFalse(verify(head, 2, 4, chunk(3), proof));
        bytes32 published = sha256(head);
        bytes32 digest = chunk(2);
        head[299] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(ChunkedModelRegistry.HeadMismatch.selector, published, sha256(head)));
        registry.verifyChunk(ALICE, ID, version, head, 2, 4, digest, proof);
        vm.expectRevert(
            abi.encodeWithSelector(ChunkedModelRegistry.UnknownVersion.selector, keyOf(ALICE, ID), version + 1)
        );
        registry.verifyChunk(ALICE, ID, version + 1, head, 2, 4, digest, proof);
    }

    function test_a_revoked_version_still_has_its_chunks() public {
        bytes32[] memory list = leaves(1);
        bytes memory head = publishRoot(PlainTree.chunkRoot(1, list[0]));
        setStatus(ALICE, ID, version, REVOKED);
        vm.assertTrue(verify(head, 0, 1, chunk(0), new bytes32[](0)));
    }
}
