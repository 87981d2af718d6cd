// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs of a transparency log's tree, in plain Solidity
/// @notice What {TransparencyTree} must agree with: the RFC's own steps, one after another, for reading.
/// @notice RFC 9162 section 2.1 over SHA-256: a node is `SHA256(0x01 || left || right)`.
/// @dev A proof must have exactly the length that its sizes call for. Sizes stay below 2**63, which bounds every loop.
library PlainTransparencyTree {
    /// @notice Sizes from here on are refused.
    uint256 internal constant SIZE_LIMIT = 1 << 63;

    /// @notice Whether the leaf stands at `index` of the tree of `size` entries (RFC 9162 section 2.1.3.2).
    /// @param leafHash `SHA256(0x00 || entry)`.
    function verifyInclusion(bytes32 leafHash, uint256 index, uint256 size, bytes32[] calldata proof, bytes32 root)
        internal
        pure
        returns (bool)
    {
        if (index >= size || size >= SIZE_LIMIT) return false;
        uint256 node = index;
        uint256 last = size - 1; // the rightmost node of the level that `node` is on
        bytes32 hash = leafHash;
        for (uint256 i = 0; i < proof.length; ++i) {
            if (last == 0) return false;
            if (node & 1 == 1 || node == last) {
                hash = _nodeHash(proof[i], hash);
                (node, last) = _skipLevelsWithoutSibling(node, last);
            } else {
                hash = _nodeHash(hash, proof[i]);
            }
            node >>= 1;
            last >>= 1;
        }
        return last == 0 && hash == root;
    }

    /// @notice Whether the tree of `newSize` entries extends the tree of `oldSize` (RFC 9162 section 2.1.4.2).
    /// @dev Equal sizes need equal roots and an empty proof. Everything extends the empty tree: `oldSize` 0 needs an
    /// empty proof and says nothing about `oldRoot`.
    function verifyConsistency(
        uint256 oldSize,
        uint256 newSize,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) internal pure returns (bool) {
        if (oldSize > newSize || newSize >= SIZE_LIMIT) return false;
        if (oldSize == newSize) return oldRoot == newRoot && proof.length == 0;
        if (oldSize == 0) return proof.length == 0;

        // Climb to the largest complete subtree that ends at the old tree's right edge. If it is the whole old tree,
        // its hash is the old root, which the proof leaves out.
        uint256 node = oldSize - 1;
        uint256 last = newSize - 1;
        while (node & 1 == 1) {
            node >>= 1;
            last >>= 1;
        }
        uint256 next = 0;
        bytes32 oldHash = oldRoot;
        if (node != 0) {
            if (proof.length == 0) return false;
            oldHash = proof[0];
            next = 1;
        }
        bytes32 newHash = oldHash;

        for (; next < proof.length; ++next) {
            if (last == 0) return false;
            bytes32 sibling = proof[next];
            if (node & 1 == 1 || node == last) {
                oldHash = _nodeHash(sibling, oldHash);
                newHash = _nodeHash(sibling, newHash);
                (node, last) = _skipLevelsWithoutSibling(node, last);
            } else {
                newHash = _nodeHash(newHash, sibling);
            }
            node >>= 1;
            last >>= 1;
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot;
    }

    /// @dev A rightmost node without a left sibling goes up unchanged until it is itself a right child, or the root.
    function _skipLevelsWithoutSibling(uint256 node, uint256 last) private pure returns (uint256, uint256) {
        while (node & 1 == 0 && node != 0) {
            node >>= 1;
            last >>= 1;
        }
        return (node, last);
    }

    function _nodeHash(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
