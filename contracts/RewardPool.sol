// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Settlements} from "./Settlements.sol";
import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {IRewardPool} from "./interfaces/IRewardPool.sol";

/// @title RewardPool
/// @notice See {IRewardPool}.
contract RewardPool is IRewardPool, Settlements {
    using SafeERC20 for IERC20;

    /// @inheritdoc IRewardPool
    IERC20 public immutable TOKEN;
    /// @inheritdoc IRewardPool
    uint256 public constant PAY_GAS = 200_000;

    constructor(
        IContributionLog log,
        bytes32 logId,
        IERC20 token,
        address admin,
        address reporter,
        address guardian,
        uint64 settlementDelay
    ) Settlements(log, logId, admin, reporter, guardian, settlementDelay) {
        if (address(token).code.length == 0) revert NotContract(address(token));
        TOKEN = token;
    }

    /// @inheritdoc IRewardPool
    function fundWithPermit(bytes32 campaign, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // Whoever copies the permit and sends it first only spends gas: the allowance is there all the same.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _fund(campaign, amount);
    }

    /// @notice One payment of a batch. Only the pool itself.
    /// @dev A call of its own, so that a payment that fails leaves nothing behind and its gas and return data are bounded.
    function payOut(address to, uint256 amount) external {
        if (msg.sender != address(this)) revert NotSelf(msg.sender);
        _pay(to, amount);
    }

    function _collect(address backer, uint256 amount) internal override {
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(backer, address(this), amount);
        uint256 arrived = TOKEN.balanceOf(address(this)) - before;
        if (arrived != amount) revert WrongAmountArrived(amount, arrived);
    }

    function _giveBack(address backer, uint256 amount) internal override {
        _pay(backer, amount);
    }

    function _pay(address to, uint256 amount) internal override {
        TOKEN.safeTransfer(to, amount);
    }

    function _tryPay(address to, uint256 amount) internal override returns (bool) {
        // A call gets at most 63/64 of what is left (EIP-150); without this a relayer could starve payments.
        if (gasleft() < PAY_GAS * 64 / 63 + 5_000) revert NotEnoughGas();
        try this.payOut{gas: PAY_GAS}(to, amount) {
            return true;
        } catch {
            return false;
        }
    }
}
