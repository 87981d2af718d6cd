// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DevToken} from "./DevToken.sol";

/// @title A token that treats each account as it was told to, for tests
/// @dev A payment follows the conduct towards its recipient, a collection that towards its payer.
contract FickleToken is DevToken {
    enum Conduct {
        Honest,
        Reverts,
        BurnsGas,
        RevertsBomb,
        AnswersFalse,
        AnswersFalseButMoves,
        AnswersNothing,
        AnswersBomb,
        TakesFee,
        Reenters
    }

    error Refused();

    mapping(address account => Conduct) public conductOf;

    address private _target;
    bytes private _call;
    bool private _inside;

    /// @notice Whether the last reentrant call went through.
    bool public reentered;

    constructor() DevToken("Fickle", "FICK") {}

    function setConduct(address account, Conduct conduct) external {
        conductOf[account] = conduct;
    }

    /// @notice What a transfer of conduct `Reenters` calls.
    function setReentry(address target, bytes calldata data) external {
        _target = target;
        _call = data;
    }

    /// @notice Sets a balance, up or down, as rebasing tokens do.
    function rebase(address account, uint256 balance) external {
        uint256 before = balanceOf(account);
        if (balance > before) _mint(account, balance - before);
        else _burn(account, before - balance);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _act(conductOf[to], msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        return _act(conductOf[from], from, to, amount);
    }

    function _act(Conduct conduct, address from, address to, uint256 amount) private returns (bool) {
        if (conduct == Conduct.Reverts) revert Refused();
        if (conduct == Conduct.BurnsGas) {
            assembly {
                invalid()
            }
        }
        if (conduct == Conduct.RevertsBomb) {
            assembly {
                revert(0, 100000)
            }
        }
        if (conduct == Conduct.AnswersFalse) return false;
        if (conduct == Conduct.Reenters) _reenter();
        _transfer(from, to, conduct == Conduct.TakesFee ? amount - (amount / 100 + 1) : amount);
        if (conduct == Conduct.AnswersNothing) {
            assembly {
                return(0, 0)
            }
        }
        if (conduct == Conduct.AnswersBomb) {
            assembly {
                mstore(0, 1)
                return(0, 100000)
            }
        }
        return conduct != Conduct.AnswersFalseButMoves;
    }

    function _reenter() private {
        if (_inside || _target == address(0)) return;
        _inside = true;
        (bool success,) = _target.call(_call);
        _inside = false;
        reentered = success;
    }
}
