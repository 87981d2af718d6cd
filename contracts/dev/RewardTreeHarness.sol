// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {RewardTree} from "../lib/RewardTree.sol";
import {UsedMemory} from "./UsedMemory.sol";

/// @title The reward tree's library and OpenZeppelin's as calls, for tests
contract RewardTreeHarness is UsedMemory {
    function verify(address account, uint256 cumulative, bytes32[] calldata proof, bytes32 root)
        external
        pure
        amidUsedMemory
        returns (bool)
    {
        return RewardTree.verify(account, cumulative, proof, root);
    }

    function verifyPlainly(address account, uint256 cumulative, bytes32[] calldata proof, bytes32 root)
        external
        pure
        returns (bool)
    {
        return MerkleProof.verifyCalldata(proof, root, _plainLeaf(account, cumulative));
    }

    /// @dev Its caller must look at the lengths, as {Claims-claimMany} does.
    function verifyMany(
        address[] calldata accounts,
        uint256[] calldata cumulatives,
        bytes32[] calldata proof,
        uint256[] calldata flags,
        bytes32 root
    ) external pure amidUsedMemory returns (bool) {
        if (accounts.length == 0 || accounts.length != cumulatives.length) return false;
        return RewardTree.verifyMany(accounts, cumulatives, proof, flags, root);
    }

    function verifyManyPlainly(
        address[] calldata accounts,
        uint256[] calldata cumulatives,
        bytes32[] calldata proof,
        bool[] calldata flags,
        bytes32 root
    ) external pure returns (bool) {
        if (accounts.length != cumulatives.length) return false;
        bytes32[] memory leaves = new bytes32[](accounts.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = _plainLeaf(accounts[i], cumulatives[i]);
        }
        return MerkleProof.multiProofVerifyCalldata(proof, flags, root, leaves);
    }

    function _plainLeaf(address account, uint256 cumulative) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))));
    }
}
