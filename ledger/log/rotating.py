"""Rotating the log's key: one statement that both keys sign, under a checkpoint that the new one signs.

The statement, the checkpoint and the head's key are one transaction, so that there is no moment at which two keys sign.
A service that still has the old key cannot write any more from then on; it can be stopped before or after.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.db import Database
from ledger.errors import ConfigError
from ledger.log.items import Record
from ledger.log.reader import Reader
from ledger.log.writer import Clock, Writer, system_clock_ms
from ledger.statements.log import LogKeyRotated
from ledger.statements.values import format_time
from ledger.tree.key_chain import sign_rotation
from ledger.tree.keys import LogSigner, VerifierKey


@dataclass(frozen=True, slots=True)
class Rotated:
    """The entry that put ``key`` in force; ``repeated`` where it stood there before."""

    index: int
    key: VerifierKey
    repeated: bool


async def rotate_key(
    database: Database,
    log: str,
    old: LogSigner,
    new: LogSigner,
    *,
    clock: Clock = system_clock_ms,
    confirmed_ms: int = 0,
    own_clock: bool = False,
) -> Rotated:
    """Put ``new`` in force; safe to repeat. The log must have been compared with its anchor.

    ``confirmed_ms`` and ``own_clock`` as for the writer. Raises ConfigError where neither key is the log's, RuleError
    where ``new`` was the log's before, UnavailableError where the log cannot be written now.
    """
    reader = Reader(database, log)
    keys = await reader.log_keys()
    if keys.newest == new.verifier_key and len(keys.keys) > 1:
        return Rotated(keys.keys[-1][0], keys.newest, True)
    if keys.newest != old.verifier_key:
        raise ConfigError(
            f"The log's key is '{keys.newest.vkey}', not '{old.verifier_key.vkey}'.",
            remedy="Set log_key_file to the file of the key in force: it must endorse the new one.",
        )
    signature, endorsed = sign_rotation(old, new)
    statement = LogKeyRotated(
        v=1,
        at=format_time(clock()),
        key=new.verifier_key.vkey,
        previous=old.verifier_key.vkey,
        signature=signature.hex(),
        endorsed=endorsed.hex(),
    )
    async with Writer(database, log, old, clock=clock, own_clock=own_clock, successor=new) as writer:
        writer.confirm_time(confirmed_ms)
        writer.allow_writes()
        written = await writer.write(Record(statement=statement))
    return Rotated(written.index, new.verifier_key, False)
