// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISettlements} from "../interfaces/ISettlements.sol";
import {Pauses} from "./Pauses.sol";

/// @title Claims
/// @notice The part of {ISettlements} that pays what the active root promises.
abstract contract Claims is ISettlements, Pauses, ReentrancyGuardTransient {
    /// @dev Two slots. The sums cannot overflow: `funded` is checked and bounds the others.
    struct Books {
        uint128 funded;
        uint128 returned;
        uint128 awarded;
        uint128 paid;
    }

    /// @dev Root of the active settlement, zero before the first; no leaf hashes up to zero, so that it proves nothing.
    bytes32 internal _root;
    Books internal _books;

    mapping(address account => uint256) private _claimed;
    mapping(address account => address) private _payees;

    /// @inheritdoc ISettlements
    function claim(address account, uint256 cumulative, bytes32[] calldata proof)
        external
        nonReentrant
        whenNotPaused
        returns (uint256 amount)
    {
        if (!MerkleProof.verifyCalldata(proof, _root, _leaf(account, cumulative))) revert InvalidProof();
        amount = _take(account, cumulative);
        if (amount == 0) return 0;
        address payee = payeeOf(account);
        emit Claimed(account, payee, amount, cumulative);
        _pay(payee, amount);
    }

    /// @inheritdoc ISettlements
    function claimMany(
        address[] calldata accounts,
        uint256[] calldata cumulatives,
        bytes32[] calldata proof,
        bool[] calldata proofFlags
    ) external nonReentrant whenNotPaused returns (uint256 amount) {
        if (accounts.length == 0 || accounts.length != cumulatives.length) revert BadLength();
        bytes32[] memory leaves = new bytes32[](accounts.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = _leaf(accounts[i], cumulatives[i]);
        }
        if (!MerkleProof.multiProofVerifyCalldata(proof, proofFlags, _root, leaves)) revert InvalidProof();
        for (uint256 i = 0; i < leaves.length; ++i) {
            amount += _claimOrSkip(accounts[i], cumulatives[i]);
        }
    }

    /// @inheritdoc ISettlements
    function setPayee(address payee) external {
        if (payee == address(this)) revert BadPayee(payee);
        _payees[msg.sender] = payee;
        emit PayeeSet(msg.sender, payeeOf(msg.sender));
    }

    /// @inheritdoc ISettlements
    function activeRoot() external view returns (bytes32) {
        return _root;
    }

    /// @inheritdoc ISettlements
    function claimed(address account) external view returns (uint256) {
        return _claimed[account];
    }

    /// @inheritdoc ISettlements
    function payeeOf(address account) public view returns (address) {
        address payee = _payees[account];
        return payee == address(0) ? account : payee;
    }

    /// @inheritdoc ISettlements
    function books() public view returns (uint256 funded, uint256 returned, uint256 awarded, uint256 paid) {
        Books memory sums = _books;
        return (sums.funded, sums.returned, sums.awarded, sums.paid);
    }

    /// @dev Pays `amount` to `to`, or reverts.
    function _pay(address to, uint256 amount) internal virtual;

    /// @dev Pays `amount` to `to`, or changes nothing and returns false; uses bounded gas and return data.
    function _tryPay(address to, uint256 amount) internal virtual returns (bool);

    /// @dev Books what the account has earned and not been paid; 0 if there is nothing.
    function _take(address account, uint256 cumulative) private returns (uint256 amount) {
        uint256 before = _claimed[account];
        if (cumulative <= before) return 0;
        amount = cumulative - before;
        uint256 paid = _books.paid + amount;
        if (paid > _books.awarded) revert AwardsExceeded(paid, _books.awarded);
        _claimed[account] = cumulative;
        _books.paid = uint128(paid);
    }

    function _claimOrSkip(address account, uint256 cumulative) private returns (uint256 amount) {
        amount = _take(account, cumulative);
        if (amount == 0) return 0;
        address payee = payeeOf(account);
        if (_tryPay(payee, amount)) {
            emit Claimed(account, payee, amount, cumulative);
            return amount;
        }
        _claimed[account] = cumulative - amount;
        _books.paid -= uint128(amount);
        emit ClaimSkipped(account, payee, amount);
        return 0;
    }

    /// @dev Hashed twice, so that no inner node of the tree can pass for a leaf.
    function _leaf(address account, uint256 cumulative) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))));
    }
}
