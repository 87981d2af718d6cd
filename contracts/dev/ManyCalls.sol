// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Many calls in one, for tests
/// @notice Each call has calldata of its own, so that what is called sees nothing of the others.
contract ManyCalls {
    bytes1 private constant FALSE = 0x00;
    bytes1 private constant TRUE = 0x01;
    bytes1 private constant REVERTED = 0x02;

    /// @notice What each of `calls` answers that returns a bool: one byte a call, 0 false, 1 true, 2 reverted.
    /// @param gasEach What one call may use; a call that needs more counts as reverted.
    function ask(address target, uint256 gasEach, bytes[] calldata calls) external view returns (bytes memory answers) {
        answers = new bytes(calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool success, bytes memory answer) = target.staticcall{gas: gasEach}(calls[i]);
            answers[i] = !success ? REVERTED : abi.decode(answer, (bool)) ? TRUE : FALSE;
        }
    }
}
