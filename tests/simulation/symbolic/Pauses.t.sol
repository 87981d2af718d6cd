// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RewardToken} from "../../../contracts/RewardToken.sol";
import {SymbolicLog} from "./SymbolicLog.sol";

/// @title A settlement waits its delay in time that is not paused, whatever happens
/// @dev One step from every state of the storage in which the clock can be read, at any time below 2**39: what is read
/// first in a property is what it takes for granted, and that it can be read again at the end carries on to the next
/// step. So this holds for sequences of any length; the first state, all zero, is one of them.
contract PausesTest is SymbolicLog {
    RewardToken private _pool;

    function setUp() public {
        _pool = RewardToken(_deployToken());
        SYMBOLS.enableSymbolicStorage(address(_pool));
    }

    function check_readyAtMovesByPausedTimeAlone(uint40 start, uint32 wait, bool pausing, bool unpausing) external {
        MACHINE.assume(start < 1 << 39);
        MACHINE.warp(start);
        (uint256 number,, uint256 readyAt) = _pool.pending();
        MACHINE.assume(number != 0);
        if (pausing) _tryAsGuardian(abi.encodeCall(_pool.pause, ()));
        if (unpausing) _tryAsGuardian(abi.encodeCall(_pool.unpause, ()));
        assert(_readyAt() == readyAt);
        bool paused = _pool.paused();
        MACHINE.warp(uint256(start) + wait);
        uint256 later = _readyAt();
        assert(later >= readyAt && later - readyAt <= wait);
        if (!paused) assert(later == readyAt && !_pool.paused());
        else if (_pool.paused()) assert(later - readyAt == wait);
    }

    function check_aPauseIsBoundedAndThenCoolsDown(uint40 start, uint32 wait) external {
        MACHINE.assume(start < 1 << 39);
        MACHINE.warp(start);
        (uint256 number,,) = _pool.pending();
        MACHINE.assume(number != 0);
        address guardian = _pool.guardian();
        MACHINE.prank(guardian);
        _pool.pause();
        MACHINE.warp(uint256(start) + wait);
        assert(_pool.paused() == (wait < _pool.MAX_PAUSE()));
        MACHINE.prank(guardian);
        try _pool.pause() {
            assert(wait >= _pool.MAX_PAUSE() + _pool.PAUSE_COOLDOWN());
        } catch {
            assert(wait < _pool.MAX_PAUSE() + _pool.PAUSE_COOLDOWN());
        }
    }

    /// @custom:halmos --array-lengths campaigns={0,1},totals={0,1},finals={0,1}
    function check_onlyWhatWasProposedAndWaitedIsActivated(
        uint40 time,
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external {
        MACHINE.warp(time);
        (uint256 active,,) = _pool.lastActivated();
        MACHINE.assume(_pool.count() >= active);
        (uint256 waiting, bytes32 proposal, uint256 readyAt) = _pool.pending();
        bool paused = _pool.paused();
        _pool.activate(number, parent, root, logSize, campaigns, totals, finals);
        assert(waiting != 0 && number == waiting);
        assert(proposal == _pool.proposalHash(number, parent, root, logSize, campaigns, totals, finals));
        assert(!paused && time >= readyAt);
        assert(_pool.activeRoot() == root);
    }

    function _tryAsGuardian(bytes memory call) private {
        address guardian = _pool.guardian();
        MACHINE.prank(guardian);
        (bool done,) = address(_pool).call(call);
        done;
    }

    function _readyAt() private view returns (uint256) {
        try _pool.pending() returns (uint256 number, bytes32, uint256 readyAt) {
            assert(number != 0);
            return readyAt;
        } catch {
            assert(false);
            return 0;
        }
    }
}
