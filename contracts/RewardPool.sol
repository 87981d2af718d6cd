// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Settlements} from "./Settlements.sol";
import {Claims} from "./base/Claims.sol";
import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {IRewardPool} from "./interfaces/IRewardPool.sol";
import {Account} from "./lib/Account.sol";
import {Unchecked} from "./lib/Unchecked.sol";

/// @title RewardPool
/// @notice See {IRewardPool}.
contract RewardPool is IRewardPool, Settlements {
    using SafeERC20 for IERC20;
    using Unchecked for *;

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
    ) EIP712("CrowdLedger", "1") Settlements(log, logId, admin, reporter, guardian, settlementDelay) {
        if (address(token).code.length == 0) revert NotContract(address(token));
        TOKEN = token;
    }

    /// @inheritdoc IRewardPool
    function fundWithPermit(bytes32 campaign, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // Whoever copies the permit and sends it first only spends gas: the allowance is there all the same.
        // The token is called before anything is booked, but `nonReentrant` keeps out whatever it calls here.
        // slither-disable-next-line reentrancy-benign
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _fund(campaign, amount);
    }

    function _collect(address backer, uint256 amount) internal override {
        uint256 before = TOKEN.balanceOf(address(this));
        // The backer is always the caller of `fund` or `fundWithPermit`.
        // slither-disable-next-line arbitrary-send-erc20
        TOKEN.safeTransferFrom(backer, address(this), amount);
        uint256 arrived = TOKEN.balanceOf(address(this)) - before;
        if (arrived != amount) revert WrongAmountArrived(amount, arrived);
    }

    function _giveBack(address backer, uint256 amount) internal override {
        TOKEN.safeTransfer(backer, amount);
    }

    /// @inheritdoc Claims
    function _payOne(address account, uint256 cumulative) internal override returns (uint256 amount) {
        Account state;
        (amount, state) = _book(account, cumulative);
        if (amount == 0) return 0;
        _takeFromOwed(amount);
        emit Claimed(account, amount);
        TOKEN.safeTransfer(_payeeOf(account, state), amount);
    }

    /// @inheritdoc Claims
    function _payMany(address[] calldata accounts, uint256[] calldata cumulatives)
        internal
        override
        returns (uint256 paid)
    {
        // All is booked before the first payment, so that no token can see or change a half-booked batch.
        uint256[] memory due = new uint256[](accounts.length);
        for (uint256 i = 0; i < due.length; ++i) {
            (uint256 amount, Account state) = _book(accounts.read(i), cumulatives.read(i));
            paid += amount;
            due.store(i, amount << 1 | (state.hasPayee() ? 1 : 0));
        }
        _takeFromOwed(paid);
        uint256 unpaid = paid;
        for (uint256 i = 0; i < due.length; ++i) {
            uint256 item = due.load(i);
            if (item < 2) continue;
            uint256 amount = item >> 1;
            address account = accounts.read(i);
            address payee = item & 1 == 0 ? account : payeeOf(account);
            if (_tryPay(account, payee, amount, unpaid)) {
                unchecked {
                    unpaid -= amount;
                }
            }
        }
        if (unpaid == 0) return paid;
        _owed += uint120(unpaid);
        return paid - unpaid;
    }

    /// @dev Pays what is booked, or unbooks it. `unpaid` is what the batch has booked and not paid, this included.
    function _tryPay(address account, address payee, uint256 amount, uint256 unpaid) private returns (bool) {
        // A call gets at most 63/64 of what is left (EIP-150); without this a relayer could starve payments.
        if (gasleft() < PAY_GAS * 64 / 63 + 5_000) revert NotEnoughGas();
        (bool done, bool answered) = _transfer(TOKEN, payee, amount);
        if (done && answered) {
            emit Claimed(account, amount);
            return true;
        }
        // A token that says no and moves nothing is believed; if it may have moved, nobody knows what was paid. A batch
        // calls the token for each account, which is what it is for; a call that fails stops no other.
        // slither-disable-next-line calls-loop
        if (done && TOKEN.balanceOf(address(this)) < _mustHold() + unpaid) revert PaymentUnclear(payee);
        _accounts[account].account = _accounts[account].account.unpaid(amount);
        emit ClaimSkipped(account, payee, amount);
        return false;
    }

    /// @dev Books what the account has earned beyond what it was paid: 0 if there is nothing.
    function _book(address account, uint256 cumulative) private returns (uint256 amount, Account state) {
        Slot storage slot = _accounts[account];
        state = slot.account;
        uint256 before = state.claimed();
        if (cumulative <= before) return (0, state);
        unchecked {
            amount = cumulative - before;
        }
        slot.account = state.paid(amount);
    }

    /// @dev Calls `transfer` with bounded gas and looks at 32 bytes of its answer at most.
    /// @return done whether the call went through.
    /// @return answered whether it answered true, or nothing at all, as older tokens do.
    function _transfer(IERC20 token, address to, uint256 amount) private returns (bool done, bool answered) {
        bytes4 selector = IERC20.transfer.selector;
        uint256 limit = PAY_GAS;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), to)
            mstore(add(free, 0x24), amount)
            mstore(0, 0)
            done := call(limit, token, 0, free, 0x44, 0, 0x20)
            answered := or(iszero(returndatasize()), eq(mload(0), 1))
        }
    }
}
