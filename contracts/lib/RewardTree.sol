// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs of the tree that a settlement pays by
/// @notice OpenZeppelin's `standard-v1` tree of (account, cumulative amount): leaves are hashed twice, so that no inner
/// node passes for a leaf, and a node is the hash of its children in ascending order.
library RewardTree {
    /// @notice `keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))))`.
    function leaf(address account, uint256 cumulative) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0, shr(96, shl(96, account)))
            mstore(0x20, cumulative)
            mstore(0, keccak256(0, 0x40))
            hash := keccak256(0, 0x20)
        }
    }

    /// @notice Whether the leaf stands in the tree, as OpenZeppelin's `MerkleProof.verify` says.
    function verify(address account, uint256 cumulative, bytes32[] calldata proof, bytes32 root)
        internal
        pure
        returns (bool)
    {
        bytes32 hash = leaf(account, cumulative);
        assembly ("memory-safe") {
            let sibling := proof.offset
            let end := add(sibling, shl(5, proof.length))
            // The condition stands at the end of the loop, which saves a jump for each node.
            for { let more := proof.length } more {} {
                let other := calldataload(sibling)
                let greater := shl(5, gt(hash, other))
                mstore(greater, hash)
                mstore(xor(greater, 0x20), other)
                hash := keccak256(0, 0x40)
                sibling := add(sibling, 0x20)
                more := lt(sibling, end)
            }
        }
        return hash == root;
    }

    /// @notice Whether all the leaves stand in the tree: OpenZeppelin's multiproof with its flags packed.
    /// @dev The same walk as OpenZeppelin's `MerkleProof.processMultiProof`, and stricter: a queue that would run empty
    /// and flags that are not used are refused. Lists of accounts and cumulatives must have the same length, not 0.
    /// @param accounts in the order of their sorted leaf hashes; cumulatives go with them.
    /// @param flags flag i is bit `i % 256`, the lowest first, of word `i / 256`; as many words as the flags need. There
    /// is a flag for each node to be made: set, its second child comes from the queue, otherwise from the proof.
    function verifyMany(
        address[] calldata accounts,
        uint256[] calldata cumulatives,
        bytes32[] calldata proof,
        uint256[] calldata flags,
        bytes32 root
    ) internal pure returns (bool) {
        uint256 nodes = accounts.length + proof.length - 1;
        if (flags.length != (nodes + 255) >> 8) return false;
        bytes32 last;
        uint256 wrong; // bits that are set if the proof is not well formed
        assembly ("memory-safe") {
            // The queue lies beyond the memory in use: the leaves, then every node in the order in which it is made.
            let front := mload(0x40)
            let back := front
            let account := accounts.offset
            let cumulative := cumulatives.offset
            for { let end := add(front, shl(5, accounts.length)) } lt(back, end) { back := add(back, 0x20) } {
                mstore(0, calldataload(account))
                mstore(0x20, calldataload(cumulative))
                mstore(0, keccak256(0, 0x40))
                mstore(back, keccak256(0, 0x20))
                account := add(account, 0x20)
                cumulative := add(cumulative, 0x20)
            }
            let sibling := proof.offset
            let word := flags.offset
            for { let end := add(back, shl(5, nodes)) } lt(back, end) { word := add(word, 0x20) } {
                let bits := calldataload(word)
                let upto := add(back, 0x2000) // 256 nodes on
                if gt(upto, end) { upto := end }
                for {} lt(back, upto) { back := add(back, 0x20) } {
                    let a := mload(front)
                    let b
                    switch and(bits, 1)
                    case 0 {
                        b := calldataload(sibling)
                        sibling := add(sibling, 0x20)
                        front := add(front, 0x20)
                    }
                    default {
                        b := mload(add(front, 0x20))
                        front := add(front, 0x40)
                    }
                    wrong := or(wrong, gt(front, back))
                    let greater := shl(5, gt(a, b))
                    mstore(greater, a)
                    mstore(xor(greater, 0x20), b)
                    mstore(back, keccak256(0, 0x40))
                    bits := shr(1, bits)
                }
                wrong := or(wrong, bits)
            }
            // Each node took two from queue and proof: if the queue holds the root alone, all of the proof was read.
            wrong := or(wrong, xor(add(front, 0x20), back))
            last := mload(front)
        }
        return wrong == 0 && last == root;
    }
}
