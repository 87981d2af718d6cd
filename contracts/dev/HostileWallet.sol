// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A contract wallet that does what anyone tells it and signs as it pleases, for tests
/// @dev Its answers to ERC-1271 are those by which wallets have broken contracts that asked them.
contract HostileWallet {
    enum Verdict {
        Refuses,
        Approves,
        ApprovesOne,
        Reverts,
        BurnsGas,
        AnswersTooLittle,
        AnswersTooMuch
    }

    bytes4 private constant MAGIC = 0x1626ba7e;
    uint256 private constant MAX_ANSWER_BYTES = 1024;

    Verdict public verdict;
    bytes32 public approved;

    /// @notice How it answers from now on; `hash` is the one that `ApprovesOne` is about.
    function setVerdict(Verdict verdict_, bytes32 hash) external {
        verdict = verdict_;
        approved = hash;
    }

    /// @notice Calls `target` and hands back how that ended: of what came back, the first kilobyte.
    function perform(address target, bytes calldata data, uint256 gasLimit)
        external
        returns (bool success, bytes memory answer)
    {
        answer = new bytes(MAX_ANSWER_BYTES);
        bytes memory input = data;
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, add(input, 32), mload(input), add(answer, 32), MAX_ANSWER_BYTES)
            let size := returndatasize()
            if lt(size, MAX_ANSWER_BYTES) { mstore(answer, size) }
        }
    }

    /// @notice ERC-1271. Anything but exactly the magic value, padded with zeros to 32 bytes, is no.
    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        require(verdict != Verdict.Reverts, "no signature");
        if (verdict == Verdict.BurnsGas) {
            assembly {
                invalid()
            }
        }
        if (verdict == Verdict.AnswersTooLittle) {
            assembly {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (verdict == Verdict.AnswersTooMuch) {
            assembly {
                mstore(0, shl(224, 0x1626ba7f))
                return(0, 100000)
            }
        }
        bool yes = verdict == Verdict.Approves || (verdict == Verdict.ApprovesOne && hash == approved);
        return yes ? MAGIC : bytes4(0xffffffff);
    }
}
