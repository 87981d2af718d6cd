// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The calls of the symbolic machine that the properties use; it answers them itself at these two addresses.
interface IMachine {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function warp(uint256 time) external;
    function getCode(string calldata name) external view returns (bytes memory);
}

interface ISymbols {
    function createUint(uint256 bits, string calldata name) external returns (uint256);
    function createBool(string calldata name) external returns (bool);
    function createCalldata(address target) external returns (bytes memory);
    function enableSymbolicStorage(address target) external;
}

/// @title What every file of properties starts from
abstract contract Symbolic {
    IMachine internal constant MACHINE = IMachine(address(uint160(uint256(keccak256("hevm cheat code")))));
    ISymbols internal constant SYMBOLS = ISymbols(address(uint160(uint256(keccak256("svm cheat code")))));

    /// @dev A contract as it is compiled for deployment, by the name `File.sol:Contract`.
    function _deploy(string memory name, bytes memory arguments) internal returns (address made) {
        bytes memory code = bytes.concat(MACHINE.getCode(name), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        assert(made != address(0));
    }
}
