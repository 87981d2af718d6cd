// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IContributionLog} from "../interfaces/IContributionLog.sol";
import {ISuccession} from "../interfaces/ISuccession.sol";
import {Roles} from "./Roles.sol";

/// @title Succession
/// @notice See {ISuccession}.
abstract contract Succession is ISuccession, Roles {
    /// @inheritdoc ISuccession
    IContributionLog public immutable CONTRIBUTION_LOG;
    /// @inheritdoc ISuccession
    bytes32 public immutable LOG_ID;

    /// @inheritdoc ISuccession
    bytes32 public currentLog;

    bytes32 private _successor;
    uint64 private _executableAt;

    constructor(IContributionLog log, bytes32 logId) {
        if (log.operatorOf(logId) == address(0)) revert IContributionLog.LogNotOpen(logId);
        CONTRIBUTION_LOG = log;
        LOG_ID = logId;
        currentLog = logId;
    }

    /// @inheritdoc ISuccession
    function proposeSuccessor(bytes32 successor) external onlyRole(Role.Admin) {
        _requireOther(successor);
        uint64 executableAt = uint64(block.timestamp) + ROLE_DELAY;
        _successor = successor;
        _executableAt = executableAt;
        emit SuccessorProposed(successor, executableAt);
    }

    /// @inheritdoc ISuccession
    function cancelSuccessor() external onlyRole(Role.Admin) {
        bytes32 successor = _successor;
        if (successor == 0) revert NoSuccessorProposal();
        _dropProposal();
        emit SuccessorProposalCancelled(successor);
    }

    /// @inheritdoc ISuccession
    function followLog(bytes32 successor, bytes32[] calldata proof) external {
        bytes32 previous = currentLog;
        _requireOther(successor);
        // A log names a successor only when it closes, so that the name says both.
        // slither-disable-next-line unused-return
        (, bytes32 named) = CONTRIBUTION_LOG.closing(previous);
        if (named != successor) _requireProposed(successor);
        if (!CONTRIBUTION_LOG.verifyExtension(previous, successor, proof)) revert NotExtension(previous, successor);
        currentLog = successor;
        // A proposal of another log stays: whoever stole the operator's key cannot undo it by closing log after log.
        if (successor == _successor) _dropProposal();
        emit LogFollowed(previous, successor);
    }

    /// @inheritdoc ISuccession
    function proposedSuccessor() external view returns (bytes32 successor, uint256 executableAt) {
        return (_successor, _executableAt);
    }

    function _requireOther(bytes32 successor) private view {
        if (successor == currentLog || CONTRIBUTION_LOG.operatorOf(successor) == address(0)) {
            revert BadSuccessor(successor);
        }
    }

    function _requireProposed(bytes32 successor) private view {
        if (successor != _successor) revert SuccessorNotNamed(successor);
        if (block.timestamp < _executableAt) revert SuccessorDelayNotOver(_executableAt);
    }

    function _dropProposal() private {
        delete _successor;
        delete _executableAt;
    }
}
