// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISettlements} from "../interfaces/ISettlements.sol";
import {RewardTree} from "../lib/RewardTree.sol";
import {Pauses} from "./Pauses.sol";
import {Payees} from "./Payees.sol";

/// @title Claims
/// @notice The part of {ISettlements} that pays what the active root promises.
/// @dev All that is due is booked before anything is paid. `Pauses` comes last of the bases that have storage, so that
/// `_owed` shares the slot of its times.
abstract contract Claims is ISettlements, Payees, Pauses, ReentrancyGuardTransient {
    /// @dev Awarded and not yet paid, over all campaigns: what claims together can never exceed.
    uint120 internal _owed;
    /// @dev Root of the active settlement, zero before the first; no leaf hashes up to zero, so that it proves nothing.
    bytes32 internal _root;

    /// @inheritdoc ISettlements
    function claim(address account, uint256 cumulative, bytes32[] calldata proof)
        external
        nonReentrant
        whenNotPaused
        returns (uint256)
    {
        if (!RewardTree.verify(account, cumulative, proof, _root)) revert InvalidProof();
        return _payOne(account, cumulative);
    }

    /// @inheritdoc ISettlements
    function claimMany(
        address[] calldata accounts,
        uint256[] calldata cumulatives,
        bytes32[] calldata proof,
        uint256[] calldata proofFlags
    ) external nonReentrant whenNotPaused returns (uint256) {
        if (accounts.length == 0 || accounts.length != cumulatives.length) revert BadLength();
        if (!RewardTree.verifyMany(accounts, cumulatives, proof, proofFlags, _root)) revert InvalidProof();
        return _payMany(accounts, cumulatives);
    }

    /// @inheritdoc ISettlements
    function activeRoot() external view returns (bytes32) {
        return _root;
    }

    /// @inheritdoc ISettlements
    function claimed(address account) external view returns (uint256) {
        return _accounts[account].account.claimed();
    }

    /// @dev Books and pays what the account has earned beyond what it was paid, and returns it, or reverts.
    function _payOne(address account, uint256 cumulative) internal virtual returns (uint256);

    /// @dev Books and pays each account what it has earned beyond what it was paid; returns the sum. A payment that fails
    /// changes nothing and is announced; it uses bounded gas and return data.
    function _payMany(address[] calldata accounts, uint256[] calldata cumulatives) internal virtual returns (uint256);

    /// @dev Sum of all awards.
    function _totalAwarded() internal view virtual returns (uint256);

    /// @dev Takes from what is owed; reverts if it is less. What passes here was awarded, and so was all that was paid
    /// before: every account's sum is below 2**120.
    function _takeFromOwed(uint256 amount) internal {
        uint256 owed = _owed;
        if (amount > owed) revert AwardsExceeded(_totalAwarded() - owed + amount, _totalAwarded());
        unchecked {
            _owed = uint120(owed - amount);
        }
    }
}
