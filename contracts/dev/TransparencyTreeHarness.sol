// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TransparencyTree} from "../lib/TransparencyTree.sol";
import {PlainTransparencyTree} from "./PlainTransparencyTree.sol";
import {UsedMemory} from "./UsedMemory.sol";

/// @title The proof library and its plain reference as calls, for tests
contract TransparencyTreeHarness is UsedMemory {
    function verifyInclusion(bytes32 leafHash, uint256 index, uint256 size, bytes32[] calldata proof, bytes32 root)
        external
        view
        amidUsedMemory
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
    ) external view amidUsedMemory returns (bool) {
        return TransparencyTree.verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof);
    }

    function verifyInclusionPlainly(
        bytes32 leafHash,
        uint256 index,
        uint256 size,
        bytes32[] calldata proof,
        bytes32 root
    ) external pure returns (bool) {
        return PlainTransparencyTree.verifyInclusion(leafHash, index, size, proof, root);
    }

    function verifyConsistencyPlainly(
        uint256 oldSize,
        uint256 newSize,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) external pure returns (bool) {
        return PlainTransparencyTree.verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof);
    }
}
