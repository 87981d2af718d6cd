// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Settlements} from "./Settlements.sol";
import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {IRewardToken} from "./interfaces/IRewardToken.sol";

/// @title RewardToken
/// @notice See {IRewardToken}.
contract RewardToken is IRewardToken, Settlements, ERC20Permit {
    /// @inheritdoc IRewardToken
    uint256 public immutable CAP;

    constructor(
        IContributionLog log,
        bytes32 logId,
        string memory name,
        string memory symbol,
        uint256 cap,
        address admin,
        address reporter,
        address guardian,
        uint64 settlementDelay
    ) ERC20(name, symbol) ERC20Permit(name) Settlements(log, logId, admin, reporter, guardian, settlementDelay) {
        if (cap == 0 || cap >= 1 << 120) revert BadAmount(cap);
        CAP = cap;
    }

    /// @dev The caller has already booked `amount`.
    function _collect(address backer, uint256) internal view override {
        if (backer != admin()) revert NotRole(Role.Admin, backer);
        (uint256 funded, uint256 returned,,) = books();
        if (funded - returned > CAP) revert CapExceeded(funded - returned, CAP);
    }

    /// @dev Nothing to move: what was returned does not count towards the cap.
    function _giveBack(address, uint256) internal override {}

    function _pay(address to, uint256 amount) internal override {
        _mint(to, amount);
    }

    function _tryPay(address to, uint256 amount) internal override returns (bool) {
        if (to == address(0)) return false;
        _mint(to, amount);
        return true;
    }
}
