// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ISettlements} from "./ISettlements.sol";

/// @title Settlements that pay any ERC-20 out of escrow
interface IRewardPool is ISettlements {
    /// @notice What arrived is not what was sent: tokens that take a fee are refused.
    error WrongAmountArrived(uint256 expected, uint256 arrived);
    /// @notice In a batch the token answered that it did not pay, and yet the pool holds less than it must.
    error PaymentUnclear(address payee);
    /// @notice No contract stands at this address.
    error NotContract(address account);

    /// @notice What it pays in.
    function TOKEN() external view returns (IERC20);
    /// @notice Gas that one payment of a batch may use.
    function PAY_GAS() external view returns (uint256);

    /// @notice `fund` with an ERC-2612 permit from the caller to the pool.
    /// @dev A permit that fails is no error as long as the allowance is there: somebody else may have used it first.
    function fundWithPermit(bytes32 campaign, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
}
