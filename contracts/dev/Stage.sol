// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IContributionLog} from "../interfaces/IContributionLog.sol";
import {IPauses} from "../interfaces/IPauses.sol";
import {IPayees} from "../interfaces/IPayees.sol";
import {IRoles} from "../interfaces/IRoles.sol";
import {ISettlements} from "../interfaces/ISettlements.sol";
import {ISuccession} from "../interfaces/ISuccession.sol";
import {FickleToken} from "./FickleToken.sol";
import {HostileWallet} from "./HostileWallet.sol";

/// @title Acts and looks in one transaction, for tests
/// @dev The state machines of tests/simulation send one transaction a step; all that they compare comes back with it.
contract Stage {
    /// @notice What is looked at after each act.
    struct Watched {
        IContributionLog log;
        bytes32[] logIds;
        FickleToken token;
        address[] pools;
        address[] tokens;
        bytes32[][] campaigns;
        address[] people;
    }

    /// @notice How the act ended, and the state after it: answers of views, one after the other.
    event Seen(uint256 time, bool success, bytes answer, bytes state);

    /// @notice Has `wallet` call `target`, then looks.
    function play(HostileWallet wallet, address target, bytes calldata data, uint256 gasLimit, Watched calldata watched)
        external
    {
        (bool success, bytes memory answer) = wallet.perform(target, data, gasLimit);
        emit Seen(block.timestamp, success, answer, look(watched));
    }

    /// @notice Every watched word.
    function look(Watched calldata watched) public view returns (bytes memory state) {
        state = abi.encode(watched.token.reentered());
        for (uint256 i = 0; i < watched.logIds.length; ++i) {
            state = bytes.concat(state, _ofLog(watched.log, watched.logIds[i]));
        }
        for (uint256 i = 0; i < watched.pools.length; ++i) {
            address pool = watched.pools[i];
            state = bytes.concat(
                state,
                _ofRoles(pool),
                _ofSettlements(pool),
                _ofCampaigns(ISettlements(pool), watched.campaigns[i], watched.people),
                _ofPeople(pool, IERC20(watched.tokens[i]), watched.people)
            );
        }
    }

    function _ofLog(IContributionLog log, bytes32 logId) private view returns (bytes memory) {
        (uint256 size, bytes32 root, uint256 anchoredAt) = log.head(logId);
        (bool closed, bytes32 successor) = log.closing(logId);
        return abi.encode(
            size, root, anchoredAt, log.operatorOf(logId), log.pendingOperatorOf(logId), closed, successor
        );
    }

    function _ofRoles(address pool) private view returns (bytes memory state) {
        IRoles roles = IRoles(pool);
        state = abi.encode(roles.admin(), roles.reporter(), roles.guardian());
        for (uint256 i = 0; i < 3; ++i) {
            (address account, uint256 executableAt) = roles.proposedRole(IRoles.Role(i));
            state = bytes.concat(state, abi.encode(account, executableAt));
        }
    }

    function _ofSettlements(address pool) private view returns (bytes memory) {
        return bytes.concat(
            _answer(pool, abi.encodeCall(IPauses.paused, ())),
            _answer(pool, abi.encodeCall(ISettlements.count, ())),
            _answer(pool, abi.encodeCall(ISettlements.pending, ())),
            _answer(pool, abi.encodeCall(ISettlements.lastActivated, ())),
            _answer(pool, abi.encodeCall(ISettlements.books, ())),
            _answer(pool, abi.encodeCall(ISettlements.activeRoot, ())),
            _answer(pool, abi.encodeCall(ISuccession.currentLog, ())),
            _answer(pool, abi.encodeCall(ISuccession.proposedSuccessor, ()))
        );
    }

    function _ofCampaigns(ISettlements pool, bytes32[] calldata campaigns, address[] calldata people)
        private
        view
        returns (bytes memory state)
    {
        for (uint256 i = 0; i < campaigns.length; ++i) {
            uint256[] memory backing = new uint256[](people.length);
            for (uint256 j = 0; j < people.length; ++j) {
                backing[j] = pool.backingOf(campaigns[i], people[j]);
            }
            state = bytes.concat(state, abi.encode(pool.campaignOf(campaigns[i])), abi.encodePacked(backing));
        }
    }

    function _ofPeople(address pool, IERC20 token, address[] calldata people)
        private
        view
        returns (bytes memory state)
    {
        state = abi.encode(token.totalSupply());
        for (uint256 i = 0; i < people.length; ++i) {
            address person = people[i];
            state = bytes.concat(
                state,
                abi.encode(
                    ISettlements(pool).claimed(person),
                    IPayees(pool).payeeOf(person),
                    IPayees(pool).payeeNonceOf(person),
                    token.balanceOf(person)
                )
            );
        }
    }

    /// @dev The answer of a view as it is; a view that reverts shows as words too few.
    function _answer(address target, bytes memory data) private view returns (bytes memory) {
        (bool success, bytes memory answer) = target.staticcall(data);
        return success ? answer : bytes("");
    }
}
