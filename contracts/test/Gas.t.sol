// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PlainTree} from "./PlainTree.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// Gas of each write as a transaction of its own (run with --isolate), kept in the gas folder and compared there.
/// The node tests measure the same writes on real nodes; here it is quick enough for every change.
contract GasTest is RegistryTest {
    function cost(string memory name, uint256 most) internal {
        vm.assertLe(vm.snapshotGasLastCall("ChunkedModelRegistry", name), most, name);
    }

    function publishGas(address publisher, string memory id, uint32 version, bytes memory head)
        internal
        returns (uint256)
    {
        vm.prank(publisher);
        registry.publish(publisher, id, version, head);
        return vm.lastCallGas().gasTotalUsed;
    }

    /// 300 bytes are what a head takes; the size and the number of chunks only change its numbers.
    function head300(uint256 seed) internal pure returns (bytes memory) {
        return headOf(keccak256(abi.encode(seed)), 300);
    }

    function test_gas_of_publishing() public {
        publishGas(ALICE, "earlier", 1, head300(0));
        publishGas(ALICE, ID, 1, head300(1));
        cost("publish, first version of a model", 135_000);
        publishGas(ALICE, ID, 2, head300(2));
        cost("publish, next version", 75_000);
        publishGas(BOB, ID, 1, head300(1));
        cost("publish, first model of a publisher", 152_100);
    }

    function test_gas_of_a_relayed_version() public {
        publishGas(ALICE, "earlier", 1, head300(0));
        bytes memory head = head300(1);
        bytes memory signature = sign(ALICE_KEY, publishMessage(ALICE, ID, 1, head, DEADLINE));
        registry.publishBySig(ALICE, ID, 1, head, DEADLINE, ALICE, signature);
        cost("publishBySig, first version of a model", 145_000);
    }

    function test_gas_of_a_status() public {
        for (uint32 version = 1; version <= 90; ++version) {
            publishGas(ALICE, ID, version, head300(version));
        }
        vm.startPrank(ALICE);
        registry.setStatus(ALICE, ID, 88, REVOKED, "weights leaked by a former host");
        cost("setStatus, version 88, reason of 31 bytes", 40_000);
        registry.setStatus(ALICE, ID, 0, INACTIVE, "");
        cost("setStatus, whole model", 40_000);
        registry.setStatus(ALICE, ID, 89, INACTIVE, "");
        cost("setStatus, first one above version 88", 60_000);
        registry.setStatus(ALICE, ID, 90, INACTIVE, string(new bytes(256)));
        cost("setStatus, above version 88, reason of 256 bytes", 60_000);
        vm.stopPrank();
    }

    function test_gas_of_an_id_of_128_bytes() public {
        publishGas(ALICE, "earlier", 1, head300(0));
        uint256 short = publishGas(ALICE, "a-model", 1, head300(1));
        string memory id = string(abi.encodePacked(ID, new bytes(0)));
        for (uint256 i = 0; i < 4; ++i) {
            id = string.concat(id, id);
        }
        vm.assertEq(bytes(id).length, 128);
        uint256 long = publishGas(ALICE, id, 1, head300(1));
        vm.assertApproxEqRel(long, short, 0.04e18);
    }

    function test_others_never_change_the_price() public {
        publishGas(ALICE, "earlier", 1, head300(0));
        uint256 before = publishGas(ALICE, "x", 1, head300(1));
        for (uint256 i = 0; i < 200; ++i) {
            publishGas(BOB, string(abi.encodePacked("spam", i)), 1, head300(i));
        }
        vm.assertEq(publishGas(ALICE, "y", 1, head300(1)), before);
        vm.assertEq(publishGas(ALICE, "x", 2, head300(2)), publishGas(ALICE, "y", 2, head300(2)));
    }

    function test_ones_own_models_never_change_the_price() public {
        publishGas(ALICE, "earlier", 1, head300(0));
        uint256 before = publishGas(ALICE, "a-model", 1, head300(1));
        for (uint32 i = 0; i < 200; ++i) {
            publishGas(ALICE, string(abi.encodePacked("more", i)), 1, head300(i));
        }
        vm.assertEq(publishGas(ALICE, "b-model", 1, head300(1)), before);
    }

    function test_gas_of_a_chunk_proof_of_18_steps() public {
        uint64 count = 1 << 18;
        bytes32[] memory proof = new bytes32[](18);
        for (uint256 i = 0; i < 18; ++i) {
            proof[i] = keccak256(abi.encode(i));
        }
        bytes32 leaf = PlainTree.leafHash(bytes.concat(bytes32(uint256(7))));
        bytes32 root = PlainTree.rootFromPath(leaf, 140_000, count, proof, 18);
        bytes memory head = headOf(PlainTree.chunkRoot(count, root), 300);
        publishGas(ALICE, ID, 1, head);
        vm.assertTrue(registry.verifyChunk(ALICE, ID, 1, head, 140_000, count, bytes32(uint256(7)), proof));
        cost("verifyChunk, 18 steps", 150_000);
    }
}
