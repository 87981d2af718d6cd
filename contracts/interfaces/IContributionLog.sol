// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Append-only heads of transparency logs
/// @notice Keeps the newest head (size and RFC 9162 root over SHA-256) of every log and accepts a new one only with a
/// proof that it extends the stored one. Nobody, the operator included, can rewrite, remove or reorder what is anchored.
interface IContributionLog {
    /// @notice A log was opened. `logId` is `keccak256(abi.encode(operator, origin))`.
    /// @param origin the name that the log's checkpoints carry.
    /// @param vkey the log's C2SP verifier key.
    event LogOpened(bytes32 indexed logId, address indexed operator, string origin, string vkey);

    /// @notice The head of a log moved forward from `oldSize` to `newSize` entries, whose root is `root`.
    event Anchored(bytes32 indexed logId, uint256 oldSize, uint256 newSize, bytes32 root);

    /// @notice The operator named who may take over; `newOperator` zero withdraws an earlier offer.
    event OperatorTransferStarted(bytes32 indexed logId, address indexed operator, address indexed newOperator);

    /// @notice The named account took over.
    event OperatorTransferred(bytes32 indexed logId, address indexed previousOperator, address indexed newOperator);

    /// @notice The log ended for good at its last head; `successor` is the log that continues it, zero if none.
    event LogClosed(bytes32 indexed logId, bytes32 indexed successor, uint256 size, bytes32 root);

    /// @notice An origin must have 1 to 255 bytes, a verifier key 1 to 511.
    error BadLength();
    /// @notice This account has already opened a log of this origin.
    error LogAlreadyOpen(bytes32 logId);
    /// @notice No such log was opened.
    error LogNotOpen(bytes32 logId);
    /// @notice The log was closed; it cannot be changed any more.
    error LogIsClosed(bytes32 logId);
    /// @notice Only the log's operator may do this.
    error NotOperator(bytes32 logId, address caller);
    /// @notice Only the account that the operator named may do this.
    error NotPendingOperator(bytes32 logId, address caller);
    /// @notice The new head is not ahead of the stored one.
    error NotForward(uint256 size, uint256 newSize);
    /// @notice The new head is more than `MAX_GROWTH` entries ahead of the stored one, or beyond what fits.
    error TooMuchGrowth(uint256 size, uint256 newSize);
    /// @notice The proof does not show that the new head extends the stored one.
    error InconsistentHead(bytes32 logId, uint256 size, uint256 newSize);
    /// @notice A successor must be another open log.
    error BadSuccessor(bytes32 successor);

    /// @notice Entries by which one anchor may extend a log at most: what a stolen operator key can add in one call.
    function MAX_GROWTH() external view returns (uint256);

    /// @notice Opens a log with the caller as its operator. It has no entries until the first anchor.
    /// @param origin name of the log, 1 to 255 bytes.
    /// @param vkey C2SP verifier key of the log's checkpoints, 1 to 511 bytes; announced only.
    /// @return logId `keccak256(abi.encode(msg.sender, origin))`, so nobody can take another's id first.
    function openLog(string calldata origin, string calldata vkey) external returns (bytes32 logId);

    /// @notice Moves the head forward. Only the operator.
    /// @param newSize entries in the new tree: more than now, by `MAX_GROWTH` at most.
    /// @param newRoot root of the new tree.
    /// @param proof RFC 9162 consistency proof from the stored head; empty at the first anchor.
    function anchor(bytes32 logId, uint256 newSize, bytes32 newRoot, bytes32[] calldata proof) external;

    /// @notice Names who may take over as the operator; zero withdraws the offer. Only the operator.
    function transferOperator(bytes32 logId, address newOperator) external;

    /// @notice Takes over. Only the account that the operator named.
    function acceptOperator(bytes32 logId) external;

    /// @notice Ends the log for good at its present head. Only the operator.
    /// @dev Warning: final. Pools that pay from this log can still activate settlements of what is anchored.
    /// @param successor the log that continues this one, zero if none; it must be open.
    function closeLog(bytes32 logId, bytes32 successor) external;

    /// @notice The newest head.
    /// @return entries size of the tree; 0 before the first anchor.
    /// @return root RFC 9162 root; zero (not the hash of the empty string) before the first anchor.
    /// @return anchoredAt block time of the last anchor in seconds; 0 before the first.
    function head(bytes32 logId) external view returns (uint256 entries, bytes32 root, uint256 anchoredAt);

    /// @notice Anchored entries; 0 for a log that is not open.
    function size(bytes32 logId) external view returns (uint256);

    /// @notice The operator; zero for a log that is not open.
    function operatorOf(bytes32 logId) external view returns (address);

    /// @notice The account that may take over; zero if none was named.
    function pendingOperatorOf(bytes32 logId) external view returns (address);

    /// @notice Whether the log ended, and the log that continues it (zero if none).
    function closing(bytes32 logId) external view returns (bool closed, bytes32 successor);

    /// @notice Whether the entry with `leafHash` stands at `index` of the anchored tree.
    /// @param leafHash `SHA256(0x00 || statement)`.
    /// @param proof RFC 9162 inclusion proof against the newest head.
    function verifyInclusion(bytes32 logId, bytes32 leafHash, uint256 index, bytes32[] calldata proof)
        external
        view
        returns (bool);

    /// @notice Whether the head of `successor` extends the head of `logId`: what a log that continues another must show.
    /// @param proof RFC 9162 consistency proof; empty if `logId` has no entries, or both heads are the same.
    function verifyExtension(bytes32 logId, bytes32 successor, bytes32[] calldata proof) external view returns (bool);
}
