"""``crowdledger pull``: asks a platform for work and records it, once or every so often."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example
from ledger.cli.services import Url
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.connectors.connector import Options
    from ledger.connectors.pulling import Platform, Source

MAX_TOKEN_BYTES: Final = 8 * 1024
_CAMPAIGN: Final = "--campaign 01900000-... --api-key-file platform.key"


def register(app: Commands) -> None:
    """Add the command."""
    app.command(
        "pull",
        epilog=example(
            f"crowdledger pull turkle --from https://turkle.example.org --option batch=4 --option account=pay "
            f"--token-file turkle.password {_CAMPAIGN} --every 60",
            f"crowdledger pull mturk --hit 3ZPPDN2SLW8T... --rate 100 {_CAMPAIGN}",
        ),
    )(pull)


def pull(
    connector: Annotated[str, typer.Argument(help="The platform: turkle, pybossa, label-studio, toloka, prolific ...")],
    campaign: Annotated[str, typer.Option(help="The campaign's id.")],
    api_key_file: Annotated[Path, typer.Option(help="Our key of the platform (scopes submit and review).")],
    address: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="The platform's API, where it is not everybody's.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="File with the platform's token for its API.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, what to pull; may be repeated (docs/connectors).")
    ] = None,
    hit: Annotated[list[str] | None, typer.Option(metavar="ID", help="A HIT of MTurk; may be repeated.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="URL", help="An SQS queue that MTurk notifies.")] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="MTurk's sandbox.")] = False,
    every: Annotated[
        int | None, typer.Option(min=1, metavar="SECONDS", help="Ask again so often, until Ctrl-C.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Keep here how far it is: another pull asks only for what is new since.")
    ] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions/--no-decisions", help="Record what the platform decided, too.")
    ] = True,
    rate: Annotated[
        str | None, typer.Option(help="Base units that one unit of the platform's money is, for bonuses; 0: none.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="What cannot be used; by default pull-*.rejects.csv.")] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Record what a platform's API has, once or as it comes. Whatever is recorded already is found again.

    Exit codes: 0 all was used, 1 some was not, 2 it could not be asked, 130 stopped by Ctrl-C within a round.
    """
    from ledger.cli.campaign import campaign_id, connect, read_key
    from ledger.cli.importing.command import options_of
    from ledger.cli.importing.running import needs_order
    from ledger.cli.pulling.rounds import Rounds
    from ledger.cli.pulling.since import Pull, Since
    from ledger.connectors import registry
    from ledger.connectors.connector import Options
    from ledger.connectors.preparing import Preparer, rate_of

    into = campaign_id(campaign)
    known = registry.find(connector)
    source = known.source
    if source is None:
        names = ", ".join(name for name, each in sorted(registry.connectors().items()) if each.source is not None)
        raise ConfigError(f"Nothing can be pulled from {known.title} yet.", remedy=f"These have one: {names}.")
    flags = {"hit": ",".join(hit or []), "queue": queue or "", "sandbox": "yes" if sandbox else ""}
    options = Options(_known(source, options_of(option or []) | {name: said for name, said in flags.items() if said}))
    with ExitStack() as stack:
        client = stack.enter_context(connect(url, api_key_file))
        found = client.campaign(into)
        money = None if rate is None else rate_of(rate)
        preparer = Preparer(found.id, decisions, money, pays_tokens=found.onchain is not None)
        ask, place = _platform(source, address, token_file, options)
        rounds = Rounds(
            connector=known,
            source=source,
            ask=stack.enter_context(ask),
            options=options,
            preparer=preparer,
            since=Since(state, Pull(known.name, place, dict(options.values), found.id, client.base_url)),
            rejects=rejects or Path(f"pull-{known.name}.rejects.csv"),
            json=json,
            in_order=needs_order(found),
        )
        code = rounds.run(client.base_url, read_key(api_key_file), every)
    raise typer.Exit(code)


def _known(source: Source, given: dict[str, str]) -> dict[str, str]:
    """The options. Raises ConfigError for one that the source does not know."""
    for name in given:
        if name not in source.options:
            words = "; ".join(f"{each}: {what}" for each, what in source.options.items())
            raise ConfigError(f"There is no option '{name}' here.", remedy=f"There are: {words}.")
    return given


def _platform(
    source: Source, address: str | None, token_file: Path | None, options: Options
) -> tuple[AbstractContextManager[Platform], str]:
    """The way to ask, and where that is."""
    if source.speaks == "aws":
        from ledger.cli.pulling.aws import AwsPlatform

        if address is not None or token_file is not None:
            raise ConfigError("Amazon is asked with AWS's own settings.", remedy="Leave out --from and --token-file.")
        return AwsPlatform(options), "aws"
    from ledger.cli.pulling.asking import HttpPlatform

    where = address or source.address
    if where is None:
        raise ConfigError("Where is the platform?", remedy="Give the address of your server with --from.")
    token = "" if token_file is None else _token(token_file)
    return HttpPlatform(where, token, source.headers(token) if token else {}), where


def _token(path: Path) -> str:
    """The token, or password, that a file holds. Raises ConfigError."""
    from ledger.cli.files import read_file

    try:
        token = read_file(path, MAX_TOKEN_BYTES).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable():
        raise ConfigError(f"'{path}' holds no token.", remedy="Put the token into the file and nothing else.")
    return token
