"""``crowdledger seal`` and ``crowdledger reveal``: entries that nobody can read before their author opens them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import open_file, read_file, write_new_file
from ledger.cli.output import AsJson, example, print_json, say
from ledger.cli.services import MAX_TOKEN_BYTES, Url, service_url
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.statements.canonical import JsonValue

_MAX_WORK_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


def register(app: Commands) -> None:
    """Add the commands."""
    app.command(epilog=example("crowdledger seal idea.json --campaign 01900000-... --opening my-opening.json"))(seal)
    app.command(epilog=example("crowdledger reveal my-opening.json --contribution 01900000-... --token-file me.token"))(
        reveal
    )


def seal(
    work: Annotated[Path, typer.Argument(help="Your work: a JSON file; - reads stdin. Any other file with --type.")],
    campaign: Annotated[str, typer.Option(help="The campaign's id.")],
    opening: Annotated[Path, typer.Option(help="Where to keep the opening; without it the entry cannot be opened.")],
    log: Annotated[str | None, typer.Option(help="The log's origin; left out, the service is asked.")] = None,
    task: Annotated[str | None, typer.Option(help="The task's id, if the entry is for one.")] = None,
    contributor: Annotated[
        str | None, typer.Option(help="Your public id, if you have one in this log; else one is made.")
    ] = None,
    type: Annotated[
        str | None, typer.Option(help="The work is a file of this media type: its digest is sealed.")
    ] = None,
    submit_as: Annotated[
        str | None, typer.Option(help="Submit it too, as the platform's contributor of this own id.")
    ] = None,
    api_key_file: Annotated[Path | None, typer.Option(help="The platform's key to submit with.")] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Seal an entry: make salt and commitment, keep the opening, say what to send. The work stays on this machine."""
    from ledger.statements.commitments import Place, commit
    from ledger.statements.values import uuid4

    if (submit_as is None) != (api_key_file is None):
        raise ConfigError("--submit-as and --api-key-file go together.", remedy="Give both, or neither.")
    content = _file_content(work, type) if type else _json_content(work)
    origin = log or _origin(service_url(url))
    who = contributor or uuid4(secrets.token_bytes(16))
    _check_ids(campaign, task, who)
    made = commit(Place("contribution", origin, campaign, task, who), content, secrets.token_bytes(32))
    write_new_file(opening, made.encode(), secret=True)
    send: dict[str, Any] = {"campaign": campaign, "contributor_id": who, "commitment": made.commitment}
    if task is not None:
        send["task"] = task
    said: dict[str, Any] = {"opening": str(opening), "log": origin, "send": send}
    if submit_as is not None and api_key_file is not None:
        said["contribution"] = _submit(service_url(url), api_key_file, submit_as, send)
    if json:
        print_json(said)
        return
    say(f"Sealed. The opening is in {opening}: keep it, and show it to nobody before the deadline.")
    if "contribution" in said:
        say(f"Submitted as contribution {said['contribution']}. Open it in its window with 'crowdledger reveal'.")
        return
    say("Send this with your entry, through your platform:")
    for name, value in send.items():
        say(f"  {name:<15} {value}")


def reveal(
    opening: Annotated[Path, typer.Argument(help="The opening that 'crowdledger seal' kept.")],
    contribution: Annotated[str, typer.Option(help="The contribution's id, as its receipt has it.")],
    token_file: Annotated[Path, typer.Option(help="File with your session's token, or the platform's key.")],
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Open a sealed entry, after the deadline and in its window."""
    from ledger.client import Client
    from ledger.statements.commitments import Opening

    opened = Opening.parse(read_file(opening, 2 * _MAX_WORK_BYTES))
    token = read_file(token_file, MAX_TOKEN_BYTES).decode(errors="replace").strip()
    with Client(service_url(url), token) as client:
        written = client.reveal(contribution, opened)
    if json:
        print_json({"index": written.index, "receipt": written.receipt})
        return
    say(f"Opened in entry {written.index}: {written.url}")


def _json_content(path: Path) -> JsonValue:
    import msgspec

    data = read_file(path, _MAX_WORK_BYTES)
    try:
        content: JsonValue = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigError(
            f"'{path}' is not JSON.", remedy='Write the work as JSON ("a text" is enough), or give --type for a file.'
        ) from None
    return content


def _file_content(path: Path, media_type: str) -> JsonValue:
    """What names a file in a contribution (FORMATS, Commitment)."""
    import hashlib

    digest, size = hashlib.sha256(), 0
    with open_file(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return {"sha256": digest.hexdigest(), "bytes": size, "type": media_type}


def _origin(url: str) -> str:
    from ledger.client import Client

    with Client(url) as client:
        return client.audit_summary().origin


def _check_ids(campaign: str, task: str | None, contributor: str) -> None:
    """A typing error here would bind the commitment to a place that does not exist."""
    import msgspec

    from ledger.statements.values import ContributorId, Id

    for name, value, kind in (
        ("campaign", campaign, Id),
        ("task", task, Id),
        ("contributor", contributor, ContributorId),
    ):
        try:
            if value is not None:
                msgspec.convert(value, kind)
        except msgspec.ValidationError:
            raise ConfigError(f"--{name}: '{value}' is not an id.", remedy="Copy it from the campaign.") from None


def _submit(url: str, api_key_file: Path, own_id: str, send: dict[str, Any]) -> str:
    from ledger.client import Client
    from ledger.wire import NewContribution

    key = read_file(api_key_file, MAX_TOKEN_BYTES).decode(errors="replace").strip()
    with Client(url, key) as client:
        return client.submit(NewContribution(contributor=own_id, external_id=f"sealed-{send['commitment']}", **send)).id
