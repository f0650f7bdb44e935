// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChunkedModelRegistry} from "../ChunkedModelRegistry.sol";
import {Vm} from "./Vm.sol";

/// What every test of the registry starts from: a fresh contract, a few keys, heads and digests made without it.
abstract contract RegistryTest {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    uint256 internal constant ALICE_KEY = 0xa11ce;
    uint256 internal constant BOB_KEY = 0xb0b;
    uint256 internal constant CAROL_KEY = 0xca201;
    uint256 internal constant NOW = 1_800_000_000;
    uint256 internal constant DEADLINE = NOW + 1 hours;
    string internal constant ID = "my-model";

    uint8 internal constant ACTIVE = 0;
    uint8 internal constant INACTIVE = 1;
    uint8 internal constant REVOKED = 2;

    address internal immutable ALICE = vm.addr(ALICE_KEY);
    address internal immutable BOB = vm.addr(BOB_KEY);
    address internal immutable CAROL = vm.addr(CAROL_KEY);

    ChunkedModelRegistry internal registry;

    function setUp() public virtual {
        // The contract is compiled for paris and runs on chains of today.
        vm.setEvmVersion("osaka");
        vm.warp(NOW);
        registry = deploy();
    }

    /// The mutant runner hands in the creation code of a broken registry; everybody else tests the real one.
    function deploy() internal returns (ChunkedModelRegistry made) {
        bytes memory code = vm.envOr("REGISTRY_CODE", bytes(""));
        if (code.length == 0) return new ChunkedModelRegistry();
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(address(made) != address(0), "REGISTRY_CODE does not deploy");
    }

    /// A head of `length` bytes as a manifest has it; `root` is the chunk root.
    function headOf(bytes32 root, uint256 length) internal pure returns (bytes memory head) {
        head = abi.encodePacked(hex"a66176016263745820", root, new bytes(length - 41));
        for (uint256 i = 41; i < length; ++i) {
            head[i] = bytes1(uint8(uint256(keccak256(abi.encode(root, i)))));
        }
    }

    function headOf(uint256 seed) internal pure returns (bytes memory) {
        return headOf(keccak256(abi.encode(seed)), 200);
    }

    function publish(address publisher, string memory id, uint32 version) internal returns (bytes32 manifest) {
        bytes memory head = headOf(version);
        vm.prank(publisher);
        registry.publish(publisher, id, version, head);
        return sha256(head);
    }

    function setStatus(address publisher, string memory id, uint32 version, uint8 status) internal {
        vm.prank(publisher);
        registry.setStatus(publisher, id, version, status, "");
    }

    function keyOf(address publisher, string memory id) internal pure returns (bytes32) {
        return keccak256(abi.encode(publisher, keccak256(bytes(id))));
    }

    function handOver(address publisher, address from, address to) internal {
        vm.prank(from);
        registry.proposeController(publisher, to);
        vm.prank(to);
        registry.acceptController(publisher);
    }

    function typed(bytes32 message) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ChunkedModelRegistry"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function sign(uint256 key, bytes32 message) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, typed(message));
        return abi.encodePacked(r, s, v);
    }

    function publishMessage(address publisher, string memory id, uint32 version, bytes memory head, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("Publish(address publisher,string modelId,uint32 version,bytes32 manifest,uint256 deadline)"),
                publisher,
                keccak256(bytes(id)),
                version,
                sha256(head),
                deadline
            )
        );
    }
}
