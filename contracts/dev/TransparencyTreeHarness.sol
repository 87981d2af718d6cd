// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TransparencyTree} from "../lib/TransparencyTree.sol";

/// @title The proof library as calls, for tests
contract TransparencyTreeHarness {
    function verifyInclusion(bytes32 leafHash, uint256 index, uint256 size, bytes32[] calldata proof, bytes32 root)
        external
        pure
        returns (bool)
    {
        return TransparencyTree.verifyInclusion(leafHash, index, size, proof, root);
    }

    function verifyConsistency(
        uint256 oldSize,
        uint256 newSize,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) external pure returns (bool) {
        return TransparencyTree.verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof);
    }
}
