// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Settlements} from "./Settlements.sol";
import {Claims} from "./base/Claims.sol";
import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {IRewardToken} from "./interfaces/IRewardToken.sol";
import {Account} from "./lib/Account.sol";
import {Unchecked} from "./lib/Unchecked.sol";

/// @title RewardToken
/// @notice See {IRewardToken}.
/// @dev Balances stand beside what was claimed, in the account's one slot, instead of where {ERC20} keeps them. The
/// supply is what was paid: there is no other way to mint, and none to burn.
contract RewardToken is IRewardToken, Settlements, ERC20Permit {
    using Unchecked for *;

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

    /// @inheritdoc ERC20
    function totalSupply() public view override returns (uint256) {
        (,,, uint256 paid) = books();
        return paid;
    }

    /// @inheritdoc ERC20
    function balanceOf(address account) public view override returns (uint256) {
        return _accounts[account].account.balance();
    }

    /// @dev Only transfers come here: mints are claims, and nothing is burnt.
    function _update(address from, address to, uint256 value) internal override {
        Account source = _accounts[from].account;
        uint256 held = source.balance();
        if (held < value) revert ERC20InsufficientBalance(from, held, value);
        _accounts[from].account = source.debited(value);
        // All balances together are what was paid, which is below 2**120.
        _accounts[to].account = _accounts[to].account.credited(value);
        emit Transfer(from, to, value);
    }

    /// @dev The caller has already booked `amount`.
    function _collect(address backer, uint256) internal view override {
        if (backer != admin()) revert NotRole(Role.Admin, backer);
        (uint256 funded, uint256 returned,,) = books();
        if (funded - returned > CAP) revert CapExceeded(funded - returned, CAP);
    }

    /// @dev Nothing to move: what was returned does not count towards the cap.
    function _giveBack(address, uint256) internal override {}

    /// @inheritdoc Claims
    function _payOne(address account, uint256 cumulative) internal override returns (uint256 amount) {
        if (account == address(0)) revert ERC20InvalidReceiver(account);
        amount = _mintDue(account, cumulative);
        _takeFromOwed(amount);
    }

    /// @inheritdoc Claims
    function _payMany(address[] calldata accounts, uint256[] calldata cumulatives)
        internal
        override
        returns (uint256 paid)
    {
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts.read(i);
            if (account == address(0)) emit ClaimSkipped(account, account, cumulatives.read(i));
            else paid += _mintDue(account, cumulatives.read(i));
        }
        _takeFromOwed(paid);
    }

    /// @dev Warning: what is minted must be taken from what is owed before the call ends. Nothing is called in between,
    /// so nobody sees it otherwise.
    function _mintDue(address account, uint256 cumulative) private returns (uint256 amount) {
        Slot storage slot = _accounts[account];
        Account state = slot.account;
        uint256 before = state.claimed();
        if (cumulative <= before) return 0;
        unchecked {
            amount = cumulative - before;
        }
        if (!state.hasPayee()) {
            slot.account = state.paid(amount).credited(amount);
            emit Transfer(address(0), account, amount);
            return amount;
        }
        slot.account = state.paid(amount);
        address payee = _payeeOf(account, state);
        _accounts[payee].account = _accounts[payee].account.credited(amount);
        emit Claimed(account, amount);
        emit Transfer(address(0), payee, amount);
    }
}
