// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev All that a claim reads and writes of an account, in one word: what it was paid in all (120 bits), whether it has
/// named a payee (8 bits) and, where the contract is a token itself, its balance (120 bits). Written out by hand, so
/// that a claim changes all of it with one addition and one write.
type Account is uint256;

using {claimed, hasPayee, balance, withPayee, paid, unpaid, credited, debited} for Account global;

uint256 constant AMOUNT_MASK = (1 << 120) - 1;
uint256 constant PAYEE_BIT = 1 << 120;
uint256 constant BALANCE_SHIFT = 128;

/// @dev What the account was paid in all.
function claimed(Account account) pure returns (uint256) {
    return Account.unwrap(account) & AMOUNT_MASK;
}

/// @dev Whether it is paid elsewhere than at itself.
function hasPayee(Account account) pure returns (bool) {
    return Account.unwrap(account) & PAYEE_BIT != 0;
}

/// @dev Its tokens.
function balance(Account account) pure returns (uint256) {
    return Account.unwrap(account) >> BALANCE_SHIFT;
}

/// @dev The account with or without a payee.
function withPayee(Account account, bool has) pure returns (Account) {
    uint256 word = Account.unwrap(account) & ~PAYEE_BIT;
    return Account.wrap(has ? word | PAYEE_BIT : word);
}

/// @dev Paid `amount` more. Warning: the sum must stay below 2**120, or whatever follows must revert.
function paid(Account account, uint256 amount) pure returns (Account) {
    unchecked {
        return Account.wrap(Account.unwrap(account) + amount);
    }
}

/// @dev Undoes `paid`.
function unpaid(Account account, uint256 amount) pure returns (Account) {
    return Account.wrap(Account.unwrap(account) - amount);
}

/// @dev `amount` tokens more. Warning: the sum must stay below 2**120.
function credited(Account account, uint256 amount) pure returns (Account) {
    unchecked {
        return Account.wrap(Account.unwrap(account) + (amount << BALANCE_SHIFT));
    }
}

/// @dev `amount` tokens fewer. Warning: there must be as many; from 2**128 on the shift would cut the amount.
function debited(Account account, uint256 amount) pure returns (Account) {
    return Account.wrap(Account.unwrap(account) - (amount << BALANCE_SHIFT));
}
