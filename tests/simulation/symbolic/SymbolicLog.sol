// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IContributionLog} from "../../../contracts/interfaces/IContributionLog.sol";
import {Symbolic} from "./Symbolic.sol";

/// @title A log with one entry anchored, for pools to stand on
abstract contract SymbolicLog is Symbolic {
    uint256 internal constant START = 1_700_000_000;
    uint256 internal constant CAP = 1e24;
    uint64 internal constant DELAY = 1 days;

    function _openLog() internal returns (IContributionLog log, bytes32 logId) {
        MACHINE.warp(START);
        log = IContributionLog(_deploy("ContributionLog.sol:ContributionLog", ""));
        logId = log.openLog("symbolic", "key");
        log.anchor(logId, 1, bytes32(uint256(1)), new bytes32[](0));
    }

    /// @dev A RewardToken whose every role is the property's contract.
    function _deployToken() internal returns (address) {
        (IContributionLog log, bytes32 logId) = _openLog();
        address me = address(this);
        return _deploy("RewardToken.sol:RewardToken", abi.encode(log, logId, "T", "T", CAP, me, me, me, DELAY));
    }
}
