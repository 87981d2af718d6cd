"""``crowdledger campaign``: a platform's campaigns from a file, what becomes of them, and what comes out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, emit, example, pairs, print_json, progress, say, table
from ledger.cli.services import MAX_TOKEN_BYTES, Url, service_url
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.client import Client
    from ledger.wire import Campaign, CampaignCosts, Written

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

KeyFile = Annotated[Path, typer.Option("--api-key-file", help="File with the platform's key (scope admin).")]
CampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")]


def register(app: Commands) -> None:
    """Add the commands."""
    key = "--api-key-file platform.key"
    commands = Commands(
        help="A platform's campaigns: open, change, close, publish.",
        epilog=example("crowdledger campaign list --help"),
    )
    for name, command, text in (
        ("template", template, "template --type solving > sign.toml"),
        ("open", open_campaign, f"open sign.toml {key}"),
        ("list", list_campaigns, f"list {key}"),
        ("show", show, f"show 01900000-... {key} --json"),
        ("costs", costs, f"costs 01900000-... {key}"),
        ("amend", amend, f"amend 01900000-... higher-pay.toml {key}"),
        ("notice", notice, f'notice 01900000-... "Photos of dogs count too." --answer {key}'),
        ("pause", pause, f"pause 01900000-... {key}"),
        ("resume", resume, f"resume 01900000-... {key}"),
        ("close", close, f"close 01900000-... {key}"),
        ("results", results, f"results 01900000-... --make tally --field answer {key}"),
        ("export", export, f"export 01900000-... accepted.jsonl {key}"),
    ):
        commands.command(name, epilog=example(f"crowdledger campaign {text}"))(command)
    app.add_typer(commands, name="campaign")


def connect(url: str | None, key_file: Path) -> Client:
    """The service with the key that a file holds."""
    from ledger.client import Client

    return Client(service_url(url), read_key(key_file))


def read_key(key_file: Path) -> str:
    """The API key that a file holds. Raises ConfigError."""
    from ledger.cli.files import read_file

    key = read_file(key_file, MAX_TOKEN_BYTES).decode(errors="replace").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"'{key_file}' holds no API key.", remedy="Put the key into the file and nothing else.")
    return key


def campaign_id(text: str) -> str:
    """A campaign's id as it was typed. Raises ConfigError."""
    if not _ID.fullmatch(text):
        raise ConfigError(f"'{text}' is not a campaign's id.", remedy="'crowdledger campaign list' shows the ids.")
    return text


def template(
    type: Annotated[str, typer.Option(help="rating, processing, solving or creation.")] = "processing",
    json: AsJson = False,
) -> None:
    """Print a commented campaign file to begin with."""
    from ledger.cli.campaign_template import TYPES
    from ledger.cli.campaign_template import template as text

    if type not in TYPES:
        raise ConfigError(f"There is no type '{type}' of campaign.", remedy=f"The types are {', '.join(TYPES)}.")
    if json:
        print_json({"type": type, "template": text(type)})
    else:
        emit(text(type))


def open_campaign(
    file: Annotated[Path, typer.Argument(help="The campaign as TOML or JSON; - reads stdin.")],
    api_key_file: KeyFile,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Open the campaign that a file describes: its call, terms, pay, judges, limits and dates."""
    from ledger.cli.campaign_files import check, read_document
    from ledger.wire import NewCampaign

    new = check(str(file), read_document(file), NewCampaign)
    with connect(url, api_key_file) as client:
        written = client.open_campaign(new)
    place = written.onchain
    if json:
        members = _members(written) | {"onchain": None if place is None else place.model_dump()}
        print_json(members)
        return
    say(f"Campaign {written.id} is entry {written.index}: {written.url}")
    if place is None:
        say("It pays points.")
    else:
        say(f"Now {place.opener} opens it in the pool {place.pool} of chain {place.chain_id} as {place.id}:")
        say(f"  openCampaign({place.charter}, {place.goal}, {place.funding_deadline}, {place.closing_date})")


def list_campaigns(api_key_file: KeyFile, url: Url = None, json: AsJson = False) -> None:
    """List the platform's campaigns."""
    with connect(url, api_key_file) as client:
        lines = list(client.campaigns())
    if json:
        print_json({"items": [line.model_dump() for line in lines]})
        return
    table(("id", "title", ""), [(line.id, line.title, "closed" if line.closed else "") for line in lines])


def show(campaign: CampaignId, api_key_file: KeyFile, url: Url = None, json: AsJson = False) -> None:
    """Show what a campaign promises and how far it is."""
    with connect(url, api_key_file) as client:
        found = client.campaign(campaign_id(campaign))
    if json:
        print_json(found.model_dump())
        return
    pairs(_lines(found))


def costs(campaign: CampaignId, api_key_file: KeyFile, url: Url = None, json: AsJson = False) -> None:
    """Show what the service has paid for a campaign on the chain, in gas and in wei."""
    with connect(url, api_key_file) as client:
        found = client.campaign_costs(campaign_id(campaign))
    if json:
        print_json(found.model_dump())
        return
    for line in cost_lines(found):
        say(line)


def cost_lines(found: CampaignCosts) -> list[str]:
    """What a campaign has cost, one line a kind of transaction and one for all."""
    if found.chain_id is None:
        return ["This log has no chain."]
    lines = [
        f"{line.intent:<9} {line.transactions:>7,} transactions {line.gas:>15,} gas {int(line.wei):>27,} wei"
        for line in found.intents
    ]
    return [*lines, f"all on chain {found.chain_id}: {found.gas:,} gas, {int(found.wei):,} wei"]


def _lines(found: Campaign) -> list[tuple[str, object]]:
    state = "closed" if found.closed else "paused" if found.paused else "open"
    open_ = found.contributions - found.decided
    lines: list[tuple[str, object]] = [
        ("campaign", found.title),
        ("type", f"{found.type}, version {found.version} of its call, {state}"),
        ("pay", found.pay.replace("\u00a0", " ")),
        ("budget", f"{found.budget} base units" if found.onchain else f"{found.budget} points"),
        ("contributions", f"{found.contributions}: {found.accepted} accepted, {open_} undecided"),
        ("closes", found.closing_date),
    ]
    if found.onchain is not None:
        lines += [("on chain", found.onchain.id), ("funded", found.funded or "nothing is recorded yet")]
        lines.append(("settled", found.settled or "nothing yet"))
    return [*lines, ("page", found.url)]


def amend(
    campaign: CampaignId,
    file: Annotated[Path, typer.Argument(help="What changes (brief, terms, policy, budget, reviewer_rate).")],
    api_key_file: KeyFile,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Change what holds from now on; what was submitted before keeps at least its pay."""
    from ledger.cli.campaign_files import check, read_document
    from ledger.wire import NewAmendment

    document = read_document(file)
    with connect(url, api_key_file) as client:
        document.setdefault("version", client.campaign(campaign_id(campaign)).version + 1)
        new = check(str(file), document, NewAmendment)
        written = client.amend_campaign(campaign, new)
    _say(written, json, f"Version {new.version} holds from entry {written.index} on.")


def notice(
    campaign: CampaignId,
    text: Annotated[str, typer.Argument(help="What every entrant reads.")],
    api_key_file: KeyFile,
    answer: Annotated[bool, typer.Option("--answer", help="It answers a question that somebody asked.")] = False,
    external_id: Annotated[str | None, typer.Option(help="Your own id of it, so that it is published once.")] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Tell every entrant of a campaign something."""
    from ledger.cli.campaign_files import check
    from ledger.wire import NewNotice

    if not text.strip():
        raise ConfigError("A notice says something.", remedy="Give the text in quotes.")
    asked = {"type": "answer" if answer else "notice", "text": text, "external_id": external_id}
    new = check("The notice", asked, NewNotice)
    with connect(url, api_key_file) as client:
        written = client.publish_notice(campaign_id(campaign), new)
    _say(written, json, f"Published as entry {written.index}: {written.url}")


def pause(campaign: CampaignId, api_key_file: KeyFile, url: Url = None, json: AsJson = False) -> None:
    """Take no contributions for now; the deadlines of what was submitted go on."""
    with connect(url, api_key_file) as client:
        written = client.pause_campaign(campaign_id(campaign))
    _say(written, json, f"Paused from entry {written.index} on; 'crowdledger campaign resume' opens it again.")


def resume(campaign: CampaignId, api_key_file: KeyFile, url: Url = None, json: AsJson = False) -> None:
    """Take contributions again; after a pilot this opens the campaign fully."""
    with connect(url, api_key_file) as client:
        written = client.resume_campaign(campaign_id(campaign))
    _say(written, json, f"Open again from entry {written.index} on.")


def close(campaign: CampaignId, api_key_file: KeyFile, url: Url = None, json: AsJson = False) -> None:
    """Take no more contributions, for good; what is open is still decided and paid."""
    with connect(url, api_key_file) as client:
        written = client.close_campaign(campaign_id(campaign))
    _say(written, json, f"Closed from entry {written.index} on.")


def results(
    campaign: CampaignId,
    api_key_file: KeyFile,
    make: Annotated[
        str | None, typer.Option(help="Publish one, made of what is accepted: tally, labels, ranking or assembly.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="The member of the contents that holds the answer.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Publish its digest only.")] = False,
    external_id: Annotated[str | None, typer.Option(help="Your own id of it, so that it is published once.")] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List a campaign's published results, or publish one."""
    from ledger.cli.campaign_files import check
    from ledger.wire import NewResult

    if make is None:
        if field or private or external_id:
            raise ConfigError("--field, --private and --external-id go with --make.", remedy="Give --make too.")
        with connect(url, api_key_file) as client:
            _list_results(list(client.results(campaign_id(campaign))), json)
        return
    asked = {"make": make, "field": field, "public": not private, "external_id": external_id}
    new = check("--make", {name: value for name, value in asked.items() if value is not None}, NewResult)
    with connect(url, api_key_file) as client:
        written = client.publish_result(campaign_id(campaign), new)
    if json:
        print_json(_members(written) | {"document": written.document})
    else:
        say(f"Result {written.id} is entry {written.index}. Its document: {written.document}")


def _list_results(lines: list[Any], json: bool) -> None:
    if json:
        print_json({"items": [line.model_dump() for line in lines]})
        return
    rows = [
        (line.id, line.method, f"{line.count} contributions", line.at, "" if line.public else "not public")
        for line in lines
    ]
    table(("id", "method", "of", "published", ""), rows)


def export(
    campaign: CampaignId,
    file: Annotated[Path, typer.Argument(help="A new file for the lines; - writes them to stdout.")],
    api_key_file: KeyFile,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Save all that stands as accepted, a JSON object a line: content, author, decision and place in the log."""
    if str(file) == "-":
        if json:
            raise ConfigError("--json says how much was saved, so it needs a file.", remedy="Give a file's name.")
        with connect(url, api_key_file) as client:
            _copy(client, campaign_id(campaign), sys.stdout.buffer)
        sys.stdout.flush()
        return
    part = file.with_name(f"{file.name}.part")
    if file.exists():
        raise ConfigError(f"'{file}' exists already.", remedy="Nothing was changed; choose another path.")
    try:
        with connect(url, api_key_file) as client, part.open("wb") as target:
            count = _copy(client, campaign_id(campaign), target)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    if json:
        print_json({"count": count, "file": str(file)})
    else:
        say(f"{count} accepted contributions are in {file}.")


def _copy(client: Client, campaign: str, target: BinaryIO) -> int:
    """Copy an export; how many it held. Raises FormatError where it is not whole."""
    from ledger.statements import canonical

    count = 0
    with progress("export") as tell:
        for count, line in enumerate(client.export_accepted(campaign), 1):
            target.write(canonical.encode(line) + b"\n")
            tell(count, count)
    return count


def _members(written: Written) -> dict[str, Any]:
    return {"id": written.id, "index": written.index, "url": written.url, "receipt": written.receipt}


def _say(written: Written, json: bool, text: str) -> None:
    if json:
        print_json(_members(written))
    else:
        say(text)
