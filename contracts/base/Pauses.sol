// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPauses} from "../interfaces/IPauses.sol";
import {Roles} from "./Roles.sol";

/// @title Pauses
/// @notice See {IPauses}.
/// @dev Who inherits can declare 136 bits right behind these to share their slot: {Claims} does, so that a claim reads
/// one slot for both.
abstract contract Pauses is IPauses, Roles {
    /// @inheritdoc IPauses
    uint64 public constant MAX_PAUSE = 3 days;
    /// @inheritdoc IPauses
    uint64 public constant PAUSE_COOLDOWN = 7 days;

    /// @dev Begin of the latest pause, its end, which may lie ahead, and the seconds of all earlier pauses.
    uint40 private _pausedAt;
    uint40 private _pauseEndsAt;
    uint40 private _pausedBefore;

    modifier whenNotPaused() {
        if (paused()) revert IsPaused(_pauseEndsAt);
        _;
    }

    /// @inheritdoc IPauses
    function pause() external onlyRole(Role.Guardian) {
        // No pause was ever if the end is zero; then there is nothing to cool down from.
        uint256 notBefore = _pauseEndsAt == 0 ? 0 : _pauseEndsAt + PAUSE_COOLDOWN;
        if (block.timestamp < notBefore) revert PauseCooldown(notBefore);
        _pausedBefore += _pauseEndsAt - _pausedAt;
        _pausedAt = uint40(block.timestamp);
        _pauseEndsAt = uint40(block.timestamp + MAX_PAUSE);
        emit Paused(_pauseEndsAt);
    }

    /// @inheritdoc IPauses
    function unpause() external onlyRole(Role.Guardian) {
        if (!paused()) revert NotPaused();
        _pauseEndsAt = uint40(block.timestamp);
        emit Unpaused();
    }

    /// @inheritdoc IPauses
    function paused() public view returns (bool) {
        return block.timestamp < _pauseEndsAt;
    }

    /// @dev Seconds on the clock that stands still while paused.
    function _clock() internal view returns (uint256) {
        uint256 end = block.timestamp < _pauseEndsAt ? block.timestamp : _pauseEndsAt;
        return block.timestamp - _pausedBefore - (end - _pausedAt);
    }

    /// @dev The block time at which the clock reads `clockTime`, if no pause begins and a running one ended now.
    function _blockTimeOf(uint256 clockTime) internal view returns (uint256) {
        return clockTime + block.timestamp - _clock();
    }
}
