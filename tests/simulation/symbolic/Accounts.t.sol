// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RewardToken} from "../../../contracts/RewardToken.sol";
import {SymbolicLog} from "./SymbolicLog.sol";

/// @title What an account was paid, holds and chose share a slot and never touch one another
/// @dev From every state of the token's storage in which no two balances exceed the cap together.
contract AccountsTest is SymbolicLog {
    RewardToken private _token;

    function setUp() public {
        _token = RewardToken(_deployToken());
        SYMBOLS.enableSymbolicStorage(address(_token));
    }

    function check_choosingAPayeeMovesNothing(address account, address payee, address other) external {
        uint256 claimed = _token.claimed(other);
        uint256 balance = _token.balanceOf(other);
        address payeeOfOther = _token.payeeOf(other);
        MACHINE.prank(account);
        _token.setPayee(payee);
        assert(_token.claimed(other) == claimed);
        assert(_token.balanceOf(other) == balance);
        if (other != account) assert(_token.payeeOf(other) == payeeOfOther);
        else assert(_token.payeeOf(other) == (payee == address(0) ? account : payee));
    }

    function check_aTransferMovesBalancesAlone(address from, address to, uint256 amount, address other) external {
        uint256 sum = _token.balanceOf(from) + _token.balanceOf(to);
        MACHINE.assume(from != to && sum <= CAP);
        uint256 claimed = _token.claimed(other);
        uint256 balance = _token.balanceOf(other);
        address payee = _token.payeeOf(other);
        uint256 held = _token.balanceOf(from);
        MACHINE.prank(from);
        _token.transfer(to, amount);
        assert(held >= amount && _token.balanceOf(from) == held - amount);
        assert(_token.balanceOf(from) + _token.balanceOf(to) == sum);
        assert(_token.claimed(other) == claimed);
        assert(_token.payeeOf(other) == payee);
        if (other != from && other != to) assert(_token.balanceOf(other) == balance);
    }

    /// @custom:halmos --array-lengths proof=0
    function check_aClaimPaysExactlyWhatIsNew(
        address account,
        uint256 cumulative,
        bytes32[] calldata proof,
        address other
    ) external {
        address payee = _token.payeeOf(account);
        uint256 claimed = _token.claimed(account);
        uint256 claimedByOther = _token.claimed(other);
        uint256 balance = _token.balanceOf(payee);
        uint256 balanceOfOther = _token.balanceOf(other);
        (,, uint256 awarded, uint256 paid) = _token.books();
        MACHINE.assume(balance <= paid && claimed <= paid && paid <= awarded && awarded <= CAP);
        uint256 amount = _token.claim(account, cumulative, proof);
        assert(amount == (cumulative > claimed ? cumulative - claimed : 0));
        assert(_token.claimed(account) == claimed + amount);
        assert(_token.balanceOf(payee) == balance + amount);
        (,, uint256 awardedAfter, uint256 paidAfter) = _token.books();
        assert(awardedAfter == awarded && paidAfter == paid + amount && paidAfter <= awarded);
        if (other != account) assert(_token.claimed(other) == claimedByOther);
        if (other != payee) assert(_token.balanceOf(other) == balanceOfOther);
        assert(_token.payeeOf(account) == payee);
    }
}
