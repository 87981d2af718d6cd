// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RewardTree} from "../../../contracts/lib/RewardTree.sol";
import {Symbolic} from "./Symbolic.sol";

/// @title A leaf is hashed as OpenZeppelin's standard tree hashes it
/// @dev All accounts and amounts; Keccak-256 is any function without collisions.
contract RewardTreeTest is Symbolic {
    function check_leafAgrees(address account, uint256 cumulative) external pure {
        assert(RewardTree.leaf(account, cumulative) == keccak256(bytes.concat(keccak256(abi.encode(account, cumulative)))));
    }
}
