// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The cheat codes of forge that these tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    struct SignedDelegation {
        uint8 v;
        bytes32 r;
        bytes32 s;
        uint64 nonce;
        address implementation;
    }

    function addr(uint256 key) external pure returns (address);
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata what) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata what) external pure;
    function assertEq(bool left, bool right) external pure;
    function assertEq(bool left, bool right, string calldata what) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertTrue(bool fact) external pure;
    function assertTrue(bool fact, string calldata what) external pure;
    function assertFalse(bool fact) external pure;
    function assertFalse(bool fact, string calldata what) external pure;
    function assertLe(uint256 left, uint256 right) external pure;
    function assertLe(uint256 left, uint256 right, string calldata what) external pure;
    function assertApproxEqRel(uint256 left, uint256 right, uint256 share) external pure;
    function assertNotEq(bytes32 left, bytes32 right) external pure;
    function assume(bool fact) external pure;
    function attachDelegation(SignedDelegation calldata delegation) external;
    function chainId(uint256 id) external;
    function deal(address who, uint256 wei_) external;
    function envOr(string calldata name, bytes calldata otherwise) external view returns (bytes memory);
    function etch(address where, bytes calldata code) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;
    function expectRevert() external;
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external;
    function getRecordedLogs() external returns (Log[] memory);
    function lastCallGas() external view returns (Gas memory);
    function load(address where, bytes32 slot) external view returns (bytes32);
    function prank(address who) external;
    function recordLogs() external;
    function setEvmVersion(string calldata version) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function signDelegation(address implementation, uint256 key) external returns (SignedDelegation memory);
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256);
    function startPrank(address who) external;
    function stopPrank() external;
    function store(address where, bytes32 slot, bytes32 value) external;
    function warp(uint256 time) external;
}
