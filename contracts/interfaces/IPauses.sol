// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Pauses that end by themselves
/// @notice The guardian can stop proposals, activations and claims for `MAX_PAUSE` at most, and not again before
/// `PAUSE_COOLDOWN` has passed. Delays run on a clock that stands still while paused.
interface IPauses {
    /// @notice A pause began; it ends by itself at `until` (block time, seconds).
    event Paused(uint256 until);
    /// @notice The guardian ended the pause early.
    event Unpaused();

    /// @notice Not while paused.
    error IsPaused(uint256 until);
    /// @notice Nothing to end: no pause is running.
    error NotPaused();
    /// @notice The next pause cannot begin before `notBefore` (block time, seconds).
    error PauseCooldown(uint256 notBefore);

    /// @notice Seconds after which a pause ends by itself.
    function MAX_PAUSE() external view returns (uint64);

    /// @notice Seconds from the end of a pause to the earliest begin of the next.
    function PAUSE_COOLDOWN() external view returns (uint64);

    /// @notice Whether a pause is running.
    function paused() external view returns (bool);

    /// @notice Begins a pause of `MAX_PAUSE` seconds. Only the guardian.
    function pause() external;

    /// @notice Ends the running pause. Only the guardian.
    function unpause() external;
}
