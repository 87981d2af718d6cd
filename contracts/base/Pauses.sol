// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPauses} from "../interfaces/IPauses.sol";
import {Roles} from "./Roles.sol";

/// @title Pauses
/// @notice See {IPauses}.
abstract contract Pauses is IPauses, Roles {
    /// @param startedAt begin of the latest pause.
    /// @param endsAt its end, which may lie ahead.
    /// @param before seconds of all earlier pauses.
    struct Pause {
        uint64 startedAt;
        uint64 endsAt;
        uint64 before;
    }

    /// @inheritdoc IPauses
    uint64 public constant MAX_PAUSE = 3 days;
    /// @inheritdoc IPauses
    uint64 public constant PAUSE_COOLDOWN = 7 days;

    Pause private _latest;

    modifier whenNotPaused() {
        if (paused()) revert IsPaused(_latest.endsAt);
        _;
    }

    /// @inheritdoc IPauses
    function pause() external onlyRole(Role.Guardian) {
        Pause memory latest = _latest;
        // No pause was ever if `endsAt` is zero; then there is nothing to cool down from.
        uint64 notBefore = latest.endsAt == 0 ? 0 : latest.endsAt + PAUSE_COOLDOWN;
        if (block.timestamp < notBefore) revert PauseCooldown(notBefore);
        uint64 time = uint64(block.timestamp);
        _latest = Pause(time, time + MAX_PAUSE, latest.before + latest.endsAt - latest.startedAt);
        emit Paused(time + MAX_PAUSE);
    }

    /// @inheritdoc IPauses
    function unpause() external onlyRole(Role.Guardian) {
        if (!paused()) revert NotPaused();
        _latest.endsAt = uint64(block.timestamp);
        emit Unpaused();
    }

    /// @inheritdoc IPauses
    function paused() public view returns (bool) {
        return block.timestamp < _latest.endsAt;
    }

    /// @dev Seconds on the clock that stands still while paused.
    function _clock() internal view returns (uint256) {
        Pause memory latest = _latest;
        uint256 end = block.timestamp < latest.endsAt ? block.timestamp : latest.endsAt;
        return block.timestamp - latest.before - (end - latest.startedAt);
    }

    /// @dev The block time at which the clock reads `clockTime`, if no pause begins and a running one ended now.
    function _blockTimeOf(uint256 clockTime) internal view returns (uint256) {
        return clockTime + block.timestamp - _clock();
    }
}
