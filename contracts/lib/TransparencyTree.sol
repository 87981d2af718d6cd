// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs of a transparency log's tree
/// @notice RFC 9162 section 2.1 over SHA-256: a node is `SHA256(0x01 || left || right)`.
/// @dev A proof must have exactly the length that its sizes call for. Instead of walking level by level as the RFC
/// does, the path is taken apart at once: below the level at which it meets the tree's right edge (`inner` levels)
/// every level has a sibling, on the side that the path's bit says; above it only left siblings are left, one for each
/// bit that is set. The RFC's own walk stands in contracts/dev, and the tests compare the two.
library TransparencyTree {
    /// @notice Sizes from here on are refused.
    uint256 internal constant SIZE_LIMIT = 1 << 63;

    /// @notice Whether the leaf stands at `index` of the tree of `size` entries (RFC 9162 section 2.1.3.2).
    /// @param leafHash `SHA256(0x00 || entry)`.
    function verifyInclusion(bytes32 leafHash, uint256 index, uint256 size, bytes32[] calldata proof, bytes32 root)
        internal
        view
        returns (bool)
    {
        if (size >= SIZE_LIMIT) return false;
        if (index >= size) return false;
        uint256 inner;
        unchecked {
            inner = _bitLength(index ^ (size - 1));
            uint256 above = index >> inner;
            // One left sibling or none is the usual case.
            if (above > 1) above = _countOnes(above);
            if (proof.length != inner + above) return false;
        }
        return _climb(leafHash, index, inner, proof) == root;
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
    ) internal view returns (bool) {
        if (oldSize > newSize || newSize >= SIZE_LIMIT) return false;
        if (oldSize == newSize) return oldRoot == newRoot && proof.length == 0;
        if (oldSize == 0) return proof.length == 0;

        // The largest complete subtree that ends at the old tree's right edge. If it is the whole old tree, its hash is
        // the old root, which the proof leaves out.
        uint256 level = _bitLength(oldSize & (~oldSize + 1)) - 1;
        uint256 path = (oldSize - 1) >> level;
        uint256 inner = _bitLength(path ^ ((newSize - 1) >> level));
        uint256 length = inner + _countOnes(path >> inner);
        bytes32 oldHash = oldRoot;
        bytes32[] calldata siblings = proof;
        if (path != 0) {
            if (proof.length == 0) return false;
            oldHash = proof[0];
            siblings = proof[1:];
        }
        if (siblings.length != length) return false;
        bytes32 newHash;
        (oldHash, newHash) = _climbBoth(oldHash, path, inner, siblings);
        return oldHash == oldRoot && newHash == newRoot;
    }

    /// @dev The root that a leaf leads to.
    function _climb(bytes32 leafHash, uint256 path, uint256 inner, bytes32[] calldata siblings)
        private
        view
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            // 0x01 at 0x1f, left at 0x20, right at 0x40, where the pointer to free memory lies and is put back below.
            let free := mload(0x40)
            mstore(0, 1)
            // Above the inner levels every node is a right child: its bits read as ones. Shifted, a bit is an offset.
            let bits := shl(5, or(path, shl(inner, not(0))))
            let place := and(bits, 0x20)
            mstore(add(0x20, place), leafHash)
            let sibling := siblings.offset
            let end := add(sibling, shl(5, siblings.length))
            // Level by level: the sibling goes beside the node, and the new node where the next level reads it. Singly,
            // then by fours, then by eights, which saves most of what the loop itself costs. The precompile fails for
            // want of gas only; the 64th of too little that is left then ends the call at once.
            for {} and(sub(end, sibling), 0x60) { sibling := add(sibling, 0x20) } {
                mstore(sub(0x40, place), calldataload(sibling))
                bits := shr(1, bits)
                place := and(bits, 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
            }
            if and(sub(end, sibling), 0x80) {
                mstore(sub(0x40, place), calldataload(sibling))
                place := and(shr(1, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x20)))
                place := and(shr(2, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x40)))
                place := and(shr(3, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x60)))
                bits := shr(4, bits)
                place := and(bits, 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                sibling := add(sibling, 0x80)
            }
            for {} lt(sibling, end) { sibling := add(sibling, 0x100) } {
                mstore(sub(0x40, place), calldataload(sibling))
                place := and(shr(1, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x20)))
                place := and(shr(2, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x40)))
                place := and(shr(3, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x60)))
                place := and(shr(4, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0x80)))
                place := and(shr(5, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0xa0)))
                place := and(shr(6, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0xc0)))
                place := and(shr(7, bits), 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
                mstore(sub(0x40, place), calldataload(add(sibling, 0xe0)))
                bits := shr(8, bits)
                place := and(bits, 0x20)
                pop(staticcall(gas(), 2, 0x1f, 0x41, add(0x20, place), 0x20))
            }
            hash := mload(add(0x20, place))
            mstore(0x40, free)
        }
    }

    /// @dev The roots of the old and the new tree that a node of both leads to: a left child's sibling belongs to the
    /// new tree alone, a right child's to both.
    function _climbBoth(bytes32 start, uint256 path, uint256 inner, bytes32[] calldata siblings)
        private
        view
        returns (bytes32 oldHash, bytes32 newHash)
    {
        assembly ("memory-safe") {
            // As above; hashes are written to the zero slot at 0x60, which is cleared below.
            let free := mload(0x40)
            mstore(0, 1)
            path := or(path, shl(inner, not(0)))
            oldHash := start
            newHash := start
            let sibling := siblings.offset
            let end := add(sibling, shl(5, siblings.length))
            for { let more := siblings.length } more {} {
                switch and(path, 1)
                case 0 {
                    mstore(0x20, newHash)
                    mstore(0x40, calldataload(sibling))
                }
                default {
                    mstore(0x20, calldataload(sibling))
                    mstore(0x40, oldHash)
                    pop(staticcall(gas(), 2, 0x1f, 0x41, 0x60, 0x20))
                    oldHash := mload(0x60)
                    mstore(0x40, newHash)
                }
                pop(staticcall(gas(), 2, 0x1f, 0x41, 0x60, 0x20))
                newHash := mload(0x60)
                path := shr(1, path)
                sibling := add(sibling, 0x20)
                more := lt(sibling, end)
            }
            mstore(0x40, free)
            mstore(0x60, 0)
        }
    }

    /// @dev Bits that it takes to write a number below 2**64: 0 for zero. Halves down to four bits, which are looked up.
    function _bitLength(uint256 value) private pure returns (uint256 length) {
        assembly ("memory-safe") {
            length := shl(5, gt(value, 0xffffffff))
            length := or(length, shl(4, gt(shr(length, value), 0xffff)))
            length := or(length, shl(3, gt(shr(length, value), 0xff)))
            length := or(length, shl(2, gt(shr(length, value), 0xf)))
            length := add(length, byte(add(16, shr(length, value)), 0x00010202030303030404040404040404))
        }
    }

    /// @dev How many of the lowest 64 bits are set: pairs, fours and bytes are summed side by side, then all bytes.
    function _countOnes(uint256 number) private pure returns (uint256) {
        unchecked {
            number -= (number >> 1) & 0x5555555555555555;
            number = (number & 0x3333333333333333) + ((number >> 2) & 0x3333333333333333);
            number = (number + (number >> 4)) & 0x0f0f0f0f0f0f0f0f;
            return (number * 0x0101010101010101) >> 56 & 0xff;
        }
    }
}
