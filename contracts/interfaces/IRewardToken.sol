// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlements} from "./ISettlements.sol";

/// @title Settlements inside an ERC-20
/// @notice The token is its own pool. Funding a campaign is a mint allowance that the admin grants within `CAP`, a
/// refund cancels allowance, a claim mints; there is no other way to mint and none to burn.
/// @dev Every mint is a claim, which `Transfer` from the zero address says; `Claimed` comes right before it only if the
/// payee is not the account itself.
interface IRewardToken is ISettlements {
    /// @notice Allowances, used and unused, would exceed the cap.
    error CapExceeded(uint256 allowance, uint256 cap);

    /// @notice Base units that can ever exist, below 2**120.
    function CAP() external view returns (uint256);
}
