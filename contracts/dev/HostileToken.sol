// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DevToken} from "./DevToken.sol";

/// @title A token that misbehaves on demand, for tests
/// @dev Each mode is a way in which real tokens, or attackers' own, have broken contracts that hold them.
contract HostileToken is DevToken {
    enum Mode {
        Plain,
        TakesFee,
        ReturnsFalse,
        ReturnsFalseButMoves,
        ReturnsNothing,
        Reenters
    }

    enum Refusal {
        None,
        Reverts,
        BurnsGas,
        ReturnsBomb
    }

    Mode public mode;
    mapping(address recipient => Refusal) public refusals;

    address private _target;
    bytes private _call;
    bool private _inside;

    /// @notice Whether the last reentrant call went through.
    bool public reentered;

    constructor() DevToken("Hostile", "HOST") {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    /// @notice Transfers to `recipient` fail in this way from now on.
    function setRefusal(address recipient, Refusal refusal) external {
        refusals[recipient] = refusal;
    }

    /// @notice In mode `Reenters` every transfer calls `target` with `data`.
    function setReentry(address target, bytes calldata data) external {
        _target = target;
        _call = data;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _refuse(to);
        if (mode == Mode.ReturnsFalse) return false;
        _reenter();
        _transfer(msg.sender, to, _arriving(amount));
        _answer();
        return mode != Mode.ReturnsFalseButMoves;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _reenter();
        _spendAllowance(from, msg.sender, amount);
        _transfer(from, to, _arriving(amount));
        _answer();
        return true;
    }

    function _arriving(uint256 amount) private view returns (uint256) {
        return mode == Mode.TakesFee ? amount - amount / 100 : amount;
    }

    function _reenter() private {
        if (mode != Mode.Reenters || _inside) return;
        _inside = true;
        (bool success,) = _target.call(_call);
        _inside = false;
        reentered = success;
    }

    function _answer() private view {
        if (mode != Mode.ReturnsNothing) return;
        assembly {
            return(0, 0)
        }
    }

    function _refuse(address to) private view {
        Refusal refusal = refusals[to];
        require(refusal != Refusal.Reverts, "refused");
        if (refusal == Refusal.BurnsGas) {
            assembly {
                invalid()
            }
        }
        if (refusal == Refusal.ReturnsBomb) {
            assembly {
                revert(0, 100000)
            }
        }
    }
}
