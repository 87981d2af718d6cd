// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PlainTransparencyTree} from "../../../contracts/dev/PlainTransparencyTree.sol";
import {TransparencyTree} from "../../../contracts/lib/TransparencyTree.sol";
import {Symbolic} from "./Symbolic.sol";

/// @title The proof library says what its plain reference says
/// @dev All sizes and indexes below the limit, one by one; all hashes, roots and proofs. SHA-256 is any function.
contract TransparencyTreeTest is Symbolic {
    uint256 private constant LIMIT = 18;

    /// @custom:halmos --array-lengths proof={0,1,2,3,4,5,6} --loop 18
    function check_inclusionAgrees(
        bytes32 leafHash,
        uint256 index,
        uint256 size,
        bytes32[] calldata proof,
        bytes32 root
    ) external view {
        index = _eachBelowLimit(index);
        size = _eachBelowLimit(size);
        assert(
            TransparencyTree.verifyInclusion(leafHash, index, size, proof, root)
                == PlainTransparencyTree.verifyInclusion(leafHash, index, size, proof, root)
        );
    }

    /// @dev Proofs long enough for the loop that goes up by eights, alone and after one level or four.
    /// @custom:halmos --array-lengths proof={8,9,12} --loop 18
    function check_longInclusionAgrees(bytes32 leafHash, bytes32[] calldata proof, bytes32 root, bool larger)
        external
        view
    {
        uint256 index = larger ? 1_234 : 123;
        uint256 size = larger ? 4_096 : 300;
        assert(
            TransparencyTree.verifyInclusion(leafHash, index, size, proof, root)
                == PlainTransparencyTree.verifyInclusion(leafHash, index, size, proof, root)
        );
    }

    /// @custom:halmos --array-lengths proof={0,1,2,3,4,5,6} --loop 18
    function check_consistencyAgrees(
        uint256 oldSize,
        uint256 newSize,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) external view {
        oldSize = _eachBelowLimit(oldSize);
        newSize = _eachBelowLimit(newSize);
        assert(
            TransparencyTree.verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof)
                == PlainTransparencyTree.verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof)
        );
    }

    /// @dev Makes a path of its own of every value, on which it is a plain number: memory has no unknown addresses.
    function _eachBelowLimit(uint256 number) private pure returns (uint256) {
        for (uint256 i = 0; i < LIMIT; ++i) {
            if (number == i) return i;
        }
        MACHINE.assume(false);
        return 0;
    }
}
