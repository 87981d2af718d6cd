"""The deployment file ``deployments/{chainId}.json``: which contracts serve which log on which chain."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import msgspec

from ledger.errors import ConfigError
from ledger.statements.campaigns import ChainId
from ledger.statements.log import Origin
from ledger.statements.values import Address, ChainHash, Count, Seconds

MAX_FILE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One log and one pool on one chain. Addresses and ids are ``0x`` and lower case."""

    chain_id: ChainId
    contribution_log: Address
    log_id: ChainHash
    origin: Origin
    pool: Address
    token: Address
    settlement_delay: Seconds
    """Seconds from a proposal to its earliest activation, as the pool has it."""
    dev: bool
    """Whether it is a development chain, where a delay may be seconds."""
    block: Count
    """The block in which the log was opened: none of its events is older."""

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a file. Raises ConfigError where it is missing or not exactly a deployment."""
        data = read_small_file(path, "deployment file", "Run 'crowdledger deploy', or give its path.")
        try:
            members = msgspec.json.decode(data)
            if not isinstance(members, dict) or members.keys() != {each.name for each in fields(cls)}:
                wanted = ", ".join(each.name for each in fields(cls))
                raise ConfigError(f"The deployment file {path} has not exactly the members {wanted}.", remedy=_REMEDY)
            return msgspec.convert(members, cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"The deployment file {path} is wrong: {error}.", remedy=_REMEDY) from None

    def save(self, path: Path) -> None:
        """Write the file at once or not at all."""
        write_file(path, json.dumps(asdict(self), indent=2) + "\n")


_REMEDY = "Restore it, or move it away and run 'crowdledger deploy' again."


def deployment_path(folder: Path, chain_id: int) -> Path:
    """Where the deployment of a chain is kept."""
    return folder / f"{chain_id}.json"


def read_small_file(path: Path, what: str, remedy: str) -> bytes:
    """The bytes of a file that must be there and small. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"The {what} {path} cannot be read: {error.strerror}.", remedy=remedy) from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"The {what} {path} has more than {MAX_FILE_BYTES} bytes.", remedy=remedy)
    return data


def write_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file by way of a temporary one beside it, flushed, so that a crash leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
