// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ContributionLog} from "../../../contracts/ContributionLog.sol";
import {Symbolic} from "./Symbolic.sol";

/// @title Whoever calls whatever: a log only grows, and only by its operator
/// @dev One call of any function with any arguments, from every state of the storage.
contract ContributionLogTest is Symbolic {
    ContributionLog private _log;

    function setUp() public {
        _log = new ContributionLog();
        SYMBOLS.enableSymbolicStorage(address(_log));
    }

    /// @custom:halmos --default-array-lengths 0,1 --default-bytes-lengths 0,32 --loop 4
    function check_aLogOnlyGrowsAndOnlyByItsOperator(address caller, bytes32 logId) external {
        (uint256 size, bytes32 root,) = _log.head(logId);
        (bool closed, bytes32 successor) = _log.closing(logId);
        address operator = _log.operatorOf(logId);
        address pendingOperator = _log.pendingOperatorOf(logId);
        bytes memory data = SYMBOLS.createCalldata(address(_log));
        MACHINE.prank(caller);
        (bool done,) = address(_log).call(data);
        MACHINE.assume(done);
        (uint256 sizeAfter, bytes32 rootAfter,) = _log.head(logId);
        (bool closedAfter, bytes32 successorAfter) = _log.closing(logId);
        assert(sizeAfter > size || (sizeAfter == size && rootAfter == root));
        assert(sizeAfter - size <= _log.MAX_GROWTH());
        if (sizeAfter != size) assert(caller == operator && !closed);
        if (closed) assert(closedAfter && successorAfter == successor);
        else if (closedAfter) assert(caller == operator);
        if (_log.operatorOf(logId) != operator) {
            assert(caller == _log.operatorOf(logId) && (operator == address(0) || caller == pendingOperator));
        }
    }
}
