// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A token that anyone can mint
/// @dev Warning: worthless by design; for development chains, demonstrations and tests only.
contract DevToken is ERC20Permit {
    constructor(string memory name, string memory symbol) ERC20(name, symbol) ERC20Permit(name) {}

    /// @notice Mints to anyone for anyone.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
