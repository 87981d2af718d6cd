// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoles} from "../interfaces/IRoles.sol";

/// @title Roles
/// @notice See {IRoles}.
abstract contract Roles is IRoles {
    struct Proposal {
        address account;
        uint64 executableAt;
    }

    /// @inheritdoc IRoles
    uint64 public immutable ROLE_DELAY;

    mapping(Role role => address) private _holders;
    mapping(Role role => Proposal) private _proposals;

    constructor(address admin_, address reporter_, address guardian_, uint64 roleDelay) {
        ROLE_DELAY = roleDelay;
        _setRole(Role.Admin, admin_);
        _setRole(Role.Reporter, reporter_);
        _setRole(Role.Guardian, guardian_);
    }

    modifier onlyRole(Role role) {
        if (msg.sender != _holders[role]) revert NotRole(role, msg.sender);
        _;
    }

    /// @inheritdoc IRoles
    function proposeRole(Role role, address account) external onlyRole(Role.Admin) {
        if (account == address(0)) revert ZeroAccount();
        uint64 executableAt = uint64(block.timestamp) + ROLE_DELAY;
        _proposals[role] = Proposal(account, executableAt);
        emit RoleProposed(role, account, executableAt);
    }

    /// @inheritdoc IRoles
    function cancelRole(Role role) external onlyRole(Role.Admin) {
        address account = _proposals[role].account;
        if (account == address(0)) revert NoRoleProposal(role);
        delete _proposals[role];
        emit RoleProposalCancelled(role, account);
    }

    /// @inheritdoc IRoles
    function executeRole(Role role) external {
        Proposal memory proposal = _proposals[role];
        if (proposal.account == address(0)) revert NoRoleProposal(role);
        if (block.timestamp < proposal.executableAt) revert RoleDelayNotOver(role, proposal.executableAt);
        if (role == Role.Admin && msg.sender != proposal.account) revert NotProposedAdmin(msg.sender);
        delete _proposals[role];
        _setRole(role, proposal.account);
    }

    /// @inheritdoc IRoles
    // Constructors of pools name their first holder so; they do not ask who holds it.
    // slither-disable-next-line shadowing-local
    function admin() public view returns (address) {
        return _holders[Role.Admin];
    }

    /// @inheritdoc IRoles
    // Constructors of pools name their first holder so; they do not ask who holds it.
    // slither-disable-next-line shadowing-local
    function reporter() external view returns (address) {
        return _holders[Role.Reporter];
    }

    /// @inheritdoc IRoles
    // Constructors of pools name their first holder so; they do not ask who holds it.
    // slither-disable-next-line shadowing-local
    function guardian() external view returns (address) {
        return _holders[Role.Guardian];
    }

    /// @inheritdoc IRoles
    function proposedRole(Role role) external view returns (address account, uint256 executableAt) {
        Proposal memory proposal = _proposals[role];
        return (proposal.account, proposal.executableAt);
    }

    function _setRole(Role role, address account) private {
        if (account == address(0)) revert ZeroAccount();
        address previous = _holders[role];
        _holders[role] = account;
        emit RoleChanged(role, previous, account);
    }
}
