// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Items of lists without a look at their length
/// @dev Warning: the index must be below the length. For loops that a batch pays for by the item: the compiler's own
/// check costs about 60 gas each time.
library Unchecked {
    function read(address[] calldata list, uint256 index) internal pure returns (address item) {
        assembly ("memory-safe") {
            item := shr(96, shl(96, calldataload(add(list.offset, shl(5, index)))))
        }
    }

    function read(uint256[] calldata list, uint256 index) internal pure returns (uint256 item) {
        assembly ("memory-safe") {
            item := calldataload(add(list.offset, shl(5, index)))
        }
    }

    function load(uint256[] memory list, uint256 index) internal pure returns (uint256 item) {
        assembly ("memory-safe") {
            item := mload(add(add(list, 0x20), shl(5, index)))
        }
    }

    function store(uint256[] memory list, uint256 index, uint256 item) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(list, 0x20), shl(5, index)), item)
        }
    }
}
