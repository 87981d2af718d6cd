"""``crowdledger key``: the log's key, made and rotated, and the keys under which secrets are stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import read_file, replace_file, write_new_file
from ledger.cli.output import AsJson, example, print_json, say
from ledger.cli.services import LogName
from ledger.cli.setup import check_origin

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.log.rotating import Rotated
    from ledger.tree.keys import LogSigner

_MAX_KEY_BYTES = 16 * 1024


def register(app: Commands) -> None:
    """Add the commands."""
    keys = Commands(
        help="The log's key, and the key for stored secrets.",
        epilog=example("crowdledger key new secrets/log-key-2.pem --origin example.org/crowd"),
    )
    keys.command(epilog=example("crowdledger key new secrets/log-key-2.pem --origin example.org/crowd"))(new)
    keys.command(epilog=example("crowdledger key rotate secrets/log-key-2.pem"))(rotate)
    keys.command(epilog=example("crowdledger key sealing secrets/sealing.key"))(sealing)
    app.add_typer(keys, name="key")


def new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the private key (PEM).")],
    origin: Annotated[str, typer.Option(help="The log's name, which the key bears.")],
    json: AsJson = False,
) -> None:
    """Make a log key in a new file that only its owner can read."""
    from ledger.tree.keys import LogSigner

    check_origin(origin)
    signer = LogSigner.generate(origin)
    write_new_file(path, signer.to_pem(), secret=True)
    if json:
        print_json({"file": str(path), "key": signer.verifier_key.vkey})
        return
    say(f"{path}\n{signer.verifier_key.vkey}")


def sealing(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file of secrets_key_file; made, or added to.")],
    json: AsJson = False,
) -> None:
    """Put a new sealing key in front of a file's: it seals from the next start on, the others still open.

    Take the old ones away once every process has started with the new one, the workers last: they seal all anew.
    """
    from ledger.db.sealed import SealedSecrets, new_key

    before = read_file(path, _MAX_KEY_BYTES) if path.exists() else b""
    text = new_key() + before
    SealedSecrets(text)
    if before:
        replace_file(path, text)
    else:
        write_new_file(path, text, secret=True)
    count = len(text.splitlines())
    if json:
        print_json({"file": str(path), "keys": count})
        return
    say(f"{path} has {count} {'key' if count == 1 else 'keys'}, the newest first. Set secrets_key_file to its path.")


def rotate(
    path: Annotated[Path, typer.Argument(metavar="NEW_KEY_FILE", help="The new private key (PEM).")],
    log: LogName = None,
    json: AsJson = False,
) -> None:
    """Put a new log key in force, endorsed by the configured one. Safe to repeat; then set log_key_file and restart."""
    import asyncio

    from ledger.config import Config
    from ledger.tree.keys import LogSigner

    config = Config().of_log(log)
    signer = LogSigner.from_pem(config.origin, read_file(path, _MAX_KEY_BYTES))
    done = asyncio.run(_rotate(config, signer))
    if json:
        print_json({"key": done.key.vkey, "index": done.index, "repeated": done.repeated, "log_key_file": str(path)})
        return
    say(f"Entry {done.index} {'had put' if done.repeated else 'has put'} this key in force:\n{done.key.vkey}")
    where = "" if log is None else f" under [logs.{log}]"
    say(f'Now set log_key_file = "{path}"{where} and start the service anew: the old key writes nothing more.')
    say("Publish the new key where you published the old one; docs/keys.md says what else to do if that was stolen.")


async def _rotate(config: Config, new_signer: LogSigner) -> Rotated:
    from ledger.cli.direct import compare_with_anchor
    from ledger.db import open_database
    from ledger.log.reader import Reader
    from ledger.log.rotating import rotate_key

    old = config.log_signer()
    async with open_database(config.database_url) as database:
        block_ms = await compare_with_anchor(config, Reader(database, config.log))
        return await rotate_key(
            database, config.log, old, new_signer, confirmed_ms=block_ms, own_clock=config.deployment_file is None
        )
