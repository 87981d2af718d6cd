// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IPayees} from "../interfaces/IPayees.sol";
import {Account} from "../lib/Account.sol";

/// @title Payees
/// @notice See {IPayees}.
abstract contract Payees is IPayees, EIP712 {
    /// @dev Where an account's word is stored.
    struct Slot {
        Account account;
    }

    /// @dev One slot. `nonce` counts the choices.
    struct Choice {
        address payee;
        uint96 nonce;
    }

    bytes32 private constant SET_PAYEE_TYPEHASH =
        keccak256("SetPayee(address account,address payee,uint256 nonce,uint256 deadline)");

    mapping(address account => Slot) internal _accounts;
    mapping(address account => Choice) private _choices;

    /// @inheritdoc IPayees
    function setPayee(address payee) external {
        _choose(msg.sender, payee);
    }

    /// @inheritdoc IPayees
    function setPayeeBySignature(address account, address payee, uint256 deadline, bytes calldata signature) external {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(SET_PAYEE_TYPEHASH, account, payee, uint256(_choices[account].nonce), deadline))
        );
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) revert InvalidSignature(account);
        _choose(account, payee);
    }

    /// @inheritdoc IPayees
    function payeeOf(address account) public view returns (address) {
        return _payeeOf(account, _accounts[account].account);
    }

    /// @inheritdoc IPayees
    function payeeNonceOf(address account) external view returns (uint256) {
        return _choices[account].nonce;
    }

    function _payeeOf(address account, Account state) internal view returns (address) {
        return state.hasPayee() ? _choices[account].payee : account;
    }

    function _choose(address account, address payee) private {
        if (payee == address(this)) revert BadPayee(payee);
        if (payee == address(0)) payee = account;
        Choice storage choice = _choices[account];
        choice.payee = payee;
        ++choice.nonce;
        _accounts[account].account = _accounts[account].account.withPayee(payee != account);
        emit PayeeSet(account, payee);
    }
}
