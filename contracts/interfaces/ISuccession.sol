// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IContributionLog} from "./IContributionLog.sol";

/// @title The log that settlements are computed from, and its successors
/// @notice A pool serves one log and the logs that continue it. It moves on when the log was closed with a successor, or,
/// if the log's operator is lost, to one that the admin named a `ROLE_DELAY` before; both only to a log whose anchored
/// tree extends the present one's, so that nothing that was anchored is left behind.
interface ISuccession {
    /// @notice The admin named the log to follow; the pool can move to it from `executableAt` (block time, seconds).
    event SuccessorProposed(bytes32 indexed successor, uint256 executableAt);
    /// @notice The admin withdrew the proposal.
    event SuccessorProposalCancelled(bytes32 indexed successor);
    /// @notice Settlements are computed from the log `successor` from now on.
    event LogFollowed(bytes32 indexed previous, bytes32 indexed successor);

    /// @notice A successor must be a log that was opened, other than the present one.
    error BadSuccessor(bytes32 successor);
    /// @notice Neither was the present log closed with this successor, nor has the admin proposed it.
    error SuccessorNotNamed(bytes32 successor);
    /// @notice The admin's proposal cannot take effect before `executableAt`.
    error SuccessorDelayNotOver(uint256 executableAt);
    /// @notice The proof does not show that the successor's head extends the present log's.
    error NotExtension(bytes32 previous, bytes32 successor);
    /// @notice No successor is proposed.
    error NoSuccessorProposal();

    /// @notice Where the logs are anchored.
    function CONTRIBUTION_LOG() external view returns (IContributionLog);

    /// @notice The log that the pool was made for; ids of campaigns derive from it for ever.
    function LOG_ID() external view returns (bytes32);

    /// @notice The log whose anchored size bounds what is settled: `LOG_ID` or a successor.
    function currentLog() external view returns (bytes32);

    /// @notice The successor that the admin proposed (zero if none) and the block time from which it can take effect.
    function proposedSuccessor() external view returns (bytes32 successor, uint256 executableAt);

    /// @notice Proposes the log to follow if the present one's operator is lost; replaces an earlier proposal and starts
    /// its delay anew. A proposal stands until it is followed, replaced or withdrawn. Only the admin.
    function proposeSuccessor(bytes32 successor) external;

    /// @notice Withdraws the proposal. Only the admin.
    function cancelSuccessor() external;

    /// @notice Moves to the successor that the closed log names, or that was proposed long enough ago. Anyone.
    /// @param proof RFC 9162 consistency proof from the present log's head to the successor's.
    function followLog(bytes32 successor, bytes32[] calldata proof) external;
}
