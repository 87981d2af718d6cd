// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Memory as a caller may have left it, for tests
/// @notice Code with assembly must not count on zeroed memory, nor touch what others keep there.
abstract contract UsedMemory {
    uint256 private constant DIRTY_WORDS = 64;

    /// @dev Memory in another's use around the function's body: it reverts if that is not as it was afterwards.
    modifier amidUsedMemory() {
        bytes32[] memory kept = new bytes32[](8);
        for (uint256 i = 0; i < kept.length; ++i) {
            kept[i] = keccak256(abi.encode(i));
        }
        uint256 freeBefore;
        assembly ("memory-safe") {
            freeBefore := mload(0x40)
            mstore(0x00, not(0))
            mstore(0x20, not(0))
            for { let i := 0 } lt(i, DIRTY_WORDS) { i := add(i, 1) } { mstore(add(freeBefore, shl(5, i)), not(i)) }
        }
        _;
        uint256 freeAfter;
        uint256 zeroSlot;
        assembly ("memory-safe") {
            freeAfter := mload(0x40)
            zeroSlot := mload(0x60)
        }
        assert(zeroSlot == 0 && freeAfter >= freeBefore && kept.length == 8);
        for (uint256 i = 0; i < kept.length; ++i) {
            assert(kept[i] == keccak256(abi.encode(i)));
        }
    }
}
