"""What the constructors of our contracts write into their code, computed anew and compared byte by byte.

The artifacts leave these places empty. A contract with the right code and a wrong delay, token or log is as dangerous
as a foreign one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import PoolTerms
from ledger.chain.deployments import Deployment
from ledger.chain.rpc import Node
from ledger.errors import WrongContractError
from ledger.statements.onchain import address_word, keccak256, uint256

DOMAIN_VERSION = "1"
POOL_DOMAIN = "CrowdLedger"
"""The EIP-712 domain name of a RewardPool; a RewardToken's is the token's name."""
MAX_NAME_BYTES = 31
"""What OpenZeppelin's ShortString holds."""
_HOUR, _DAY = 3_600, 86_400
_MAX_PAUSE = 3 * _DAY
_DOMAIN_TYPE = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def role_delay(settlement_delay: int) -> int:
    """Seconds that a change of a role waits in a pool with this settlement delay."""
    return 2 * settlement_delay + _MAX_PAUSE + _HOUR


def grace(settlement_delay: int) -> int:
    """Seconds from a backer's notice until the campaign can be closed."""
    return role_delay(settlement_delay) + 2 * settlement_delay + _DAY


def domain_immutables(name: str, chain_id: int, contract: str) -> dict[str, bytes]:
    """Immutables of OpenZeppelin's ``EIP712`` at an address: the cached domain and its parts (EIP-712)."""
    hashed_name, hashed_version = keccak256(name.encode()), keccak256(DOMAIN_VERSION.encode())
    chain, this = uint256(chain_id), address_word(contract)
    return {
        "_cachedDomainSeparator": keccak256(_DOMAIN_TYPE + hashed_name + hashed_version + chain + this),
        "_cachedChainId": chain,
        "_cachedThis": this,
        "_hashedName": hashed_name,
        "_hashedVersion": hashed_version,
        "_name": _short_string(name),
        "_version": _short_string(DOMAIN_VERSION),
    }


def settlement_immutables(contribution_log: str, log_id: str, settlement_delay: int) -> dict[str, bytes]:
    """Immutables that both kinds of pools have."""
    return {
        "CONTRIBUTION_LOG": address_word(contribution_log),
        "LOG_ID": bytes.fromhex(log_id[2:]),
        "SETTLEMENT_DELAY": uint256(settlement_delay),
        "ROLE_DELAY": uint256(role_delay(settlement_delay)),
        "GRACE": uint256(grace(settlement_delay)),
    }


def pool_immutables(chain_id: int, pool: str, terms: PoolTerms, name: str) -> dict[str, bytes]:
    """What must stand in the code of the pool at an address. ``name`` is its EIP-712 domain's."""
    pays = {"TOKEN": address_word(terms.token)} if terms.cap is None else {"CAP": uint256(terms.cap)}
    return (
        settlement_immutables(terms.contribution_log, terms.log_id, terms.settlement_delay)
        | domain_immutables(name, chain_id, pool)
        | pays
    )


def deployed_terms(deployment: Deployment) -> PoolTerms:
    """What the deployment says of its pool; of a RewardToken it does not say the cap."""
    return PoolTerms(deployment.contribution_log, deployment.log_id, deployment.token, deployment.settlement_delay)


def check_pool(node: Node, chain_id: int, pool: str, terms: PoolTerms) -> None:
    """Check that the pool at an address is ours to the last byte, with the values of ``terms`` wherever it uses them.

    A RewardToken is its own token; its name and cap are what it says itself. Raises WrongContractError, which names
    what differs.
    """
    name, domain = contracts.POOL_CONTRACT, POOL_DOMAIN
    if terms.token == pool:
        name = contracts.TOKEN_CONTRACT
    contracts.check_contract(node, pool, name)
    if name == contracts.TOKEN_CONTRACT:
        domain = str(read_member(node, pool, "name"))
        terms = replace(terms, cap=int(read_member(node, pool, "CAP")))
    wrong = artifact(name).wrong_immutables(node.code(pool), pool_immutables(chain_id, pool, terms, domain))
    if wrong:
        raise WrongContractError(
            f"The {name} at {pool} was made with other values: {', '.join(wrong)}.", check=wrong[0]
        )


def read_member(node: Node, token: str, member: str) -> Any:
    """What a RewardToken says of itself, such as ``symbol()``."""
    shape = artifact(contracts.TOKEN_CONTRACT).abi.functions[member]
    return shape.decode(node.call(token, shape.encode()))[0]


def _short_string(text: str) -> bytes:
    """OpenZeppelin's ``ShortString``: the text, and its length in the last byte.

    Raises WrongContractError for a longer one, which would stand elsewhere.
    """
    data = text.encode()
    if len(data) > MAX_NAME_BYTES:
        raise WrongContractError(f"A name of {len(data)} bytes; ours have {MAX_NAME_BYTES} at most.", check="name")
    return data.ljust(MAX_NAME_BYTES, b"\0") + bytes([len(data)])
