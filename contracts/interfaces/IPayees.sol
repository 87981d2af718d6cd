// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Where an account wants to be paid
/// @notice An account is paid at itself unless it has named a payee, by a transaction or by a signature that anyone may
/// bring. Nobody else can choose for it.
interface IPayees {
    /// @notice `account` is paid at `payee` from now on.
    event PayeeSet(address indexed account, address indexed payee);

    /// @notice The contract itself cannot be a payee.
    error BadPayee(address payee);
    /// @notice The signature was good until `deadline` (block time, seconds).
    error SignatureExpired(uint256 deadline);
    /// @notice The account has not signed this: other values, another contract or chain, or a nonce that is used up.
    error InvalidSignature(address account);

    /// @notice Has the caller's earnings paid to `payee` from now on; zero: to the caller itself.
    function setPayee(address payee) external;

    /// @notice The same for an account that has signed it. Anyone may call it.
    /// @dev EIP-712 `SetPayee(address account,address payee,uint256 nonce,uint256 deadline)` in the domain that
    /// `eip712Domain` (EIP-5267) tells; contract wallets sign by ERC-1271. Warning: an account with code is asked by
    /// ERC-1271 alone, also if the code is an EIP-7702 delegation.
    /// @param deadline last second (block time) at which the signature is good.
    function setPayeeBySignature(address account, address payee, uint256 deadline, bytes calldata signature) external;

    /// @notice Where `account` is paid: at the payee it set, otherwise at itself.
    function payeeOf(address account) external view returns (address);

    /// @notice The nonce that the account's next signature must name. Every choice of a payee uses one up, so that no
    /// older signature can undo a newer choice.
    function payeeNonceOf(address account) external view returns (uint256);
}
