// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The Merkle tree of RFC 9162 section 2.1, word for word as its recursive definitions say it, for comparison with
/// the walk of the registry. `leaves` are leaf hashes; a range is [from, to).
library PlainTree {
    function leafHash(bytes memory data) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", data));
    }

    function nodeHash(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"01", left, right));
    }

    /// The largest power of two below n, for n > 1.
    function split(uint256 n) internal pure returns (uint256 k) {
        k = 1;
        while (k * 2 < n) k *= 2;
    }

    /// MTH(D[n]).
    function root(bytes32[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32) {
        if (to - from == 1) return leaves[from];
        uint256 middle = from + split(to - from);
        return nodeHash(root(leaves, from, middle), root(leaves, middle, to));
    }

    /// PATH(m, D[n]), leaf side first.
    function path(bytes32[] memory leaves, uint256 index, uint256 from, uint256 to)
        internal
        pure
        returns (bytes32[] memory)
    {
        if (to - from == 1) return new bytes32[](0);
        uint256 middle = from + split(to - from);
        return index < middle
            ? append(path(leaves, index, from, middle), root(leaves, middle, to))
            : append(path(leaves, index, middle, to), root(leaves, from, middle));
    }

    /// The length of the path, without the leaves.
    function pathLength(uint256 index, uint256 count) internal pure returns (uint256) {
        if (count == 1) return 0;
        uint256 k = split(count);
        return 1 + (index < k ? pathLength(index, k) : pathLength(index - k, count - k));
    }

    /// The root that a path leads to, from the top down: its last element is the other half of the whole.
    function rootFromPath(bytes32 leaf, uint256 index, uint256 count, bytes32[] memory proof, uint256 length)
        internal
        pure
        returns (bytes32)
    {
        if (count == 1) return leaf;
        uint256 k = split(count);
        bytes32 other = proof[length - 1];
        return index < k
            ? nodeHash(rootFromPath(leaf, index, k, proof, length - 1), other)
            : nodeHash(other, rootFromPath(leaf, index - k, count - k, proof, length - 1));
    }

    /// The chunk root of a manifest: the tree's root bound to the number of its leaves.
    function chunkRoot(uint64 count, bytes32 treeRoot) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"02", bytes8(count), treeRoot));
    }

    function append(bytes32[] memory list, bytes32 last) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }
}
