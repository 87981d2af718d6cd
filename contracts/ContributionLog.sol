// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {TransparencyTree} from "./lib/TransparencyTree.sol";

/// @title ContributionLog
/// @notice See {IContributionLog}.
contract ContributionLog is IContributionLog {
    /// @dev Two slots: the root, and all that an anchor changes beside it.
    struct Head {
        bytes32 root;
        address operator;
        uint48 size;
        uint40 anchoredAt;
        bool closed;
    }

    /// @inheritdoc IContributionLog
    uint256 public constant MAX_GROWTH = 1 << 24;

    uint256 private constant MAX_ORIGIN_BYTES = 255;
    uint256 private constant MAX_VKEY_BYTES = 511;

    mapping(bytes32 logId => Head) private _heads;
    mapping(bytes32 logId => address) private _pendingOperators;
    mapping(bytes32 logId => bytes32) private _successors;

    /// @inheritdoc IContributionLog
    function openLog(string calldata origin, string calldata vkey) external returns (bytes32 logId) {
        if (!_lengthWithin(origin, MAX_ORIGIN_BYTES) || !_lengthWithin(vkey, MAX_VKEY_BYTES)) revert BadLength();
        logId = keccak256(abi.encode(msg.sender, origin));
        if (_heads[logId].operator != address(0)) revert LogAlreadyOpen(logId);
        _heads[logId].operator = msg.sender;
        emit LogOpened(logId, msg.sender, origin, vkey);
    }

    /// @inheritdoc IContributionLog
    function anchor(bytes32 logId, uint256 newSize, bytes32 newRoot, bytes32[] calldata proof) external {
        Head storage stored = _operated(logId);
        uint256 oldSize = stored.size;
        if (newSize <= oldSize) revert NotForward(oldSize, newSize);
        if (newSize - oldSize > MAX_GROWTH || newSize > type(uint48).max) revert TooMuchGrowth(oldSize, newSize);
        if (!TransparencyTree.verifyConsistency(oldSize, newSize, stored.root, newRoot, proof)) {
            revert InconsistentHead(logId, oldSize, newSize);
        }
        stored.root = newRoot;
        // Both casts are exact: the size was compared above, 40 bits of seconds last for 34,000 years.
        stored.size = uint48(newSize);
        stored.anchoredAt = uint40(block.timestamp);
        emit Anchored(logId, oldSize, newSize, newRoot);
    }

    /// @inheritdoc IContributionLog
    function transferOperator(bytes32 logId, address newOperator) external {
        _operated(logId);
        _pendingOperators[logId] = newOperator;
        emit OperatorTransferStarted(logId, msg.sender, newOperator);
    }

    /// @inheritdoc IContributionLog
    function acceptOperator(bytes32 logId) external {
        if (_pendingOperators[logId] != msg.sender) revert NotPendingOperator(logId, msg.sender);
        address previous = _heads[logId].operator;
        delete _pendingOperators[logId];
        _heads[logId].operator = msg.sender;
        emit OperatorTransferred(logId, previous, msg.sender);
    }

    /// @inheritdoc IContributionLog
    function closeLog(bytes32 logId, bytes32 successor) external {
        Head storage stored = _operated(logId);
        if (successor != 0) {
            Head storage next = _heads[successor];
            if (successor == logId || next.operator == address(0) || next.closed) revert BadSuccessor(successor);
        }
        stored.closed = true;
        _successors[logId] = successor;
        delete _pendingOperators[logId];
        emit LogClosed(logId, successor, stored.size, stored.root);
    }

    /// @inheritdoc IContributionLog
    function head(bytes32 logId) external view returns (uint256 entries, bytes32 root, uint256 anchoredAt) {
        Head storage stored = _heads[logId];
        return (stored.size, stored.root, stored.anchoredAt);
    }

    /// @inheritdoc IContributionLog
    function size(bytes32 logId) external view returns (uint256) {
        return _heads[logId].size;
    }

    /// @inheritdoc IContributionLog
    function operatorOf(bytes32 logId) external view returns (address) {
        return _heads[logId].operator;
    }

    /// @inheritdoc IContributionLog
    function pendingOperatorOf(bytes32 logId) external view returns (address) {
        return _pendingOperators[logId];
    }

    /// @inheritdoc IContributionLog
    function closing(bytes32 logId) external view returns (bool closed, bytes32 successor) {
        return (_heads[logId].closed, _successors[logId]);
    }

    /// @inheritdoc IContributionLog
    function verifyInclusion(bytes32 logId, bytes32 leafHash, uint256 index, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        Head storage stored = _heads[logId];
        return TransparencyTree.verifyInclusion(leafHash, index, stored.size, proof, stored.root);
    }

    /// @inheritdoc IContributionLog
    function verifyExtension(bytes32 logId, bytes32 successor, bytes32[] calldata proof) external view returns (bool) {
        Head storage older = _heads[logId];
        Head storage newer = _heads[successor];
        return TransparencyTree.verifyConsistency(older.size, newer.size, older.root, newer.root, proof);
    }

    /// @dev The head of an open log that the caller operates.
    function _operated(bytes32 logId) private view returns (Head storage stored) {
        stored = _heads[logId];
        if (stored.operator == address(0)) revert LogNotOpen(logId);
        if (stored.operator != msg.sender) revert NotOperator(logId, msg.sender);
        if (stored.closed) revert LogIsClosed(logId);
    }

    function _lengthWithin(string calldata text, uint256 limit) private pure returns (bool) {
        return bytes(text).length != 0 && bytes(text).length <= limit;
    }
}
