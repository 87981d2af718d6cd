"""What a node means when it does not take a signed transaction: that it has it, that nobody ever can, or neither.

JSON-RPC has no codes for it that nodes agree on, so that their words are read. Only what is known to be final counts as
refused; whatever else a node says, the transaction may still be mined, by it or by another. The words come from
- geth: core/txpool/errors.go, core/txpool/validation.go, core/error.go, internal/ethapi/api.go;
- reth: crates/rpc/rpc-eth-types/src/error/mod.rs, crates/transaction-pool/src/error.rs;
- erigon: txnprovider/txpool/txpoolcfg/txpoolcfg.go;
- Nethermind: Nethermind.TxPool/AcceptTxResult.cs, Nethermind.Core/Messages/TxErrorMessages.cs;
- Besu: ethereum/api/.../internal/response/RpcErrorType.java;
- anvil: crates/anvil/src/eth/error.rs;
- OpenEthereum, whose words live on in chains that came from it: rpc/src/v1/helpers/errors.rs.
"""

from __future__ import annotations

from typing import Literal

Verdict = Literal["accepted", "refused", "no-funds", "unknown"]
"""``no-funds`` is refused too: the account cannot pay for it as it is."""

_HAS_IT = (
    "already known",  # geth, reth, erigon ("ALREADY_EXISTS: already known"), Nethermind
    "alreadyknown",  # older Nethermind
    "already_exists",  # gateways before erigon
    "known transaction",  # Besu, older geth ("known transaction: 0x...")
    "already imported",  # anvil, reth's pool, OpenEthereum ("... with the same hash was already imported")
    "existing txn with same hash",  # erigon
)
_NO_FUNDS = (
    "insufficient funds for gas",  # geth, reth, Nethermind, anvil (in capitals)
    "insufficient funds for transfer",  # geth, reth, anvil
    "internal_error: insufficient funds",  # erigon
    "insufficientfunds",  # older Nethermind
    "transaction overdraws from account",  # reth's pool
    "upfront cost exceeds account balance",  # Besu
    "insufficient funds. the account you tried to send transaction from",  # OpenEthereum
)
_NEVER = (
    "invalid sender",  # geth, reth, erigon: the signature is not of this chain, or none
    "failedtoresolvesender",  # older Nethermind
    "invalidtxsignature",  # Nethermind
    "invalid signature",  # Besu
    "invalid chain id",  # geth and anvil ("... for signer"), reth
    "invalidtxchainid",  # Nethermind
    "wrong chainid",  # Besu
    "incompatible eip-155 transaction",  # anvil
    "transaction type not supported",  # geth, reth
    "invalid transaction type",  # Besu
    "invalidtxtype",  # Nethermind
    "fork supporting this transaction type is not activated",  # erigon
    "eip-1559 style fee params",  # anvil before London
    "intrinsic gas too low",  # geth, reth, Nethermind, anvil
    "intrinsicgas",  # erigon
    "intrinsic gas exceeds gas limit",  # Besu
    "insufficient gas for floor data gas cost",  # geth since EIP-7623
    "exceeds block gas limit",  # geth, reth, Besu
    "gas limit too high",  # geth (EIP-7825), reth
    "gas limit is too high",  # erigon
    "exceeds max transaction gas limit",  # reth
    "txgaslimitcapexceeded",  # Nethermind
    "gaslimitexceeded",  # older Nethermind
    "intrinsic gas too high",  # reth, anvil
    "transaction gas limit is greater than the block gas limit",  # anvil
    "exceeds the configured cap",  # geth, reth: gas times price is more than this node passes on
    "transaction fee cap exceeded",  # Besu
    "max priority fee per gas higher than max fee per gas",  # geth, reth, anvil
    "max priority fee per gas exceeds max fee per gas",  # Besu
    "invalidmaxpriorityfeepergas",  # Nethermind
    "oversized data",  # geth, reth, erigon
    "rlptoolong",  # erigon
    "max initcode size exceeded",  # geth, reth, Nethermind, anvil
    "initcode too large",  # erigon
    "nonce has max value",  # geth, reth, anvil
    "gas uint64 overflow",  # geth, reth, anvil
    "gasuintoverflow",  # erigon
    "sender not an eoa",  # geth, anvil
    "sender is not an eoa",  # reth
    "failed to decode signed transaction",  # anvil, reth
)


def read_refusal(words: str) -> Verdict:
    """What a node's words on ``eth_sendRawTransaction`` mean; ``unknown`` is the rest, such as a nonce that is too low,
    a price that is too low, a full pool, a limit on requests, an outage."""
    said = words.casefold()
    if any(each in said for each in _HAS_IT):
        return "accepted"
    if any(each in said for each in _NO_FUNDS) or said.strip() == "insufficient funds":  # erigon without a prefix
        return "no-funds"
    return "refused" if any(each in said for each in _NEVER) else "unknown"
