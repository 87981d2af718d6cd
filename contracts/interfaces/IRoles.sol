// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Three roles, each changed only after a delay
/// @notice The admin appoints. Every change waits `ROLE_DELAY`, which is longer than any settlement waits, however often
/// the guardian pauses meanwhile, so that whoever disagrees with a new reporter or guardian has seen the old one's
/// settlements through.
interface IRoles {
    /// @notice Admin appoints; reporter proposes settlements; guardian vetoes them and pauses.
    enum Role {
        Admin,
        Reporter,
        Guardian
    }

    /// @notice The admin proposed `account` for `role`; it can take effect from `executableAt` (block time, seconds).
    event RoleProposed(Role indexed role, address indexed account, uint256 executableAt);
    /// @notice The admin withdrew the proposal of `account` for `role`.
    event RoleProposalCancelled(Role indexed role, address indexed account);
    /// @notice `role` went from `previous` to `account`.
    event RoleChanged(Role indexed role, address indexed previous, address indexed account);

    /// @notice The caller does not hold the role that this needs.
    error NotRole(Role role, address caller);
    /// @notice A role cannot be given to the zero address.
    error ZeroAccount();
    /// @notice No change of this role is proposed.
    error NoRoleProposal(Role role);
    /// @notice The proposed change cannot take effect before `executableAt`.
    error RoleDelayNotOver(Role role, uint256 executableAt);
    /// @notice A new admin must accept the role itself.
    error NotProposedAdmin(address caller);

    /// @notice Seconds that a change of a role waits.
    function ROLE_DELAY() external view returns (uint64);

    /// @notice Who appoints.
    function admin() external view returns (address);

    /// @notice Who proposes settlements.
    function reporter() external view returns (address);

    /// @notice Who vetoes and pauses.
    function guardian() external view returns (address);

    /// @notice The proposed change of a role: account (zero if none) and the block time from which it can take effect.
    function proposedRole(Role role) external view returns (address account, uint256 executableAt);

    /// @notice Proposes a change; replaces an earlier proposal for the role and starts its delay anew. A proposal stands
    /// until it is executed, replaced or withdrawn. Only the admin.
    function proposeRole(Role role, address account) external;

    /// @notice Withdraws a proposed change. Only the admin.
    function cancelRole(Role role) external;

    /// @notice Makes a proposed change take effect after its delay. Anyone; for the admin role only the new admin.
    function executeRole(Role role) external;
}
