"""The command, its options, and what it says in the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import AsJson, example, pairs, print_json, progress, say
from ledger.cli.services import Url
from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.cli.importing.choosing import Choice
    from ledger.cli.importing.keeping import Job, Progress
    from ledger.cli.importing.running import Batch
    from ledger.connectors.connector import Options
    from ledger.connectors.preparing import Prepared, Preparer
    from ledger.connectors.records import Refused

SOME_REFUSED: Final = 1
STOPPED: Final = 130
_SHOWN: Final = 10
_SAMPLE: Final = 3
_CAMPAIGN: Final = "--campaign 01900000-... --api-key-file platform.key"


def register(app: Commands) -> None:
    """Add the command."""
    app.command(
        "import",
        epilog=example(
            f"crowdledger import mturk Batch_4711_results.csv {_CAMPAIGN} --rate 100",
            f"crowdledger import leaderboard.csv {_CAMPAIGN} --mapping kaggle.toml --dry-run",
        ),
    )(import_file)


def import_file(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[FORMAT] FILE", help="A platform's export; left out, the format is told by its columns."
        ),
    ],
    campaign: Annotated[str, typer.Option(help="The campaign's id.")],
    api_key_file: Annotated[Path, typer.Option(help="The platform's key (scopes submit and review).")],
    mapping: Annotated[
        Path | None, typer.Option(help="What the columns are, as TOML; asked for and kept here if it is not there.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, an option of the format; may be repeated.")
    ] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions/--no-decisions", help="Record what the platform decided, too.")
    ] = True,
    rate: Annotated[
        str | None, typer.Option(help="Base units that one unit of the platform's money is, for bonuses; 0: none.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rows go that cannot be used; by default FILE.rejects.csv.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read all and say what would be sent.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Record what a platform exported, row by row. Again, or after a stop, it records only what is new.

    Exit codes: 0 all rows were used, 1 some were not, 2 the file could not be read, 130 stopped by Ctrl-C.
    """
    from ledger.cli.campaign import campaign_id, connect, read_key
    from ledger.cli.files import open_file
    from ledger.cli.importing.choosing import choose, fitting
    from ledger.cli.importing.running import needs_order
    from ledger.connectors.preparing import Preparer, rate_of

    if len(words) > 2:
        raise ConfigError("A format and one file are taken.", remedy="Give several files one after the other.")
    file, into = Path(words[-1]), campaign_id(campaign)
    given = options_of(option or [])
    with ExitStack() as stack:
        source = stack.enter_context(open_file(file))
        choice = choose(words[0] if len(words) == 2 else None, file, mapping)
        options = fitting(given, choice)
        client = stack.enter_context(connect(url, api_key_file))
        found = client.campaign(into)
        money = None if rate is None else rate_of(rate)
        preparer = Preparer(found.id, decisions, money, pays_tokens=found.onchain is not None)
        say(f"{file}: {choice.connector.title}, {choice.how}.", error=True)
        if dry_run:
            _try(source, choice, options, preparer, json)
            return
        beside = rejects or file.with_name(f"{file.name}.rejects.csv")
        run = _Import(file, source, choice, options, preparer, beside, json, needs_order(found))
        code = run.run(client.base_url, read_key(api_key_file), decisions)
    raise typer.Exit(code)


def options_of(given: list[str]) -> dict[str, str]:
    """Options as they were typed. Raises ConfigError."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals or name in found:
            raise ConfigError(f"--option: '{text}' is not NAME=VALUE, once each.", remedy="Write answers=label.")
        found[name] = value
    return found


class _Import:
    """One file into one campaign."""

    def __init__(
        self,
        file: Path,
        source: BinaryIO,
        choice: Choice,
        options: Options,
        preparer: Preparer,
        rejects: Path,
        json: bool,
        in_order: bool,
    ) -> None:
        self._file = file
        self._source = source
        self._choice = choice
        self._options = options
        self._preparer = preparer
        self._rejects = rejects
        self._json = json
        self._in_order = in_order

    def run(self, url: str, key: str, decisions: bool) -> int:
        """Import it; the exit code."""
        from ledger.cli.importing.keeping import Progress, Rejects, StateFile, hold
        from ledger.cli.importing.running import Run
        from ledger.cli.importing.sending import Sender
        from ledger.cli.importing.telling import Teller, begun

        hold(self._source, f"Another import of '{self._file}' is going on.", "Wait for it, or stop it with Ctrl-C.")
        state = StateFile(self._file.with_name(f"{self._file.name}.crowdledger-import"))
        job = self._job(url, decisions)
        before = state.load(job, self._source)
        done = before or Progress()
        if before is not None:
            say(f"Going on after row {done.rows}, where an earlier run stopped.", error=True)
        elif state.path.exists():
            say("The file was changed since an earlier run stopped: it is read from its beginning.", error=True)
        with (
            closing(Rejects(self._rejects, done.rejects_bytes)) as rejects,
            Sender(url, key, self._preparer.campaign) as sender,
            progress("import") as bar,
        ):
            size = self._file.stat().st_size

            def tell(rows: int) -> None:
                expected = max(rows, rows * size // max(1, self._source.tell()))  # how many rows it may have
                bar(rows, expected)
                teller.tell(expected)

            start = time.monotonic()
            try:
                with Teller(url, key, begun(job.campaign, job.connector, job.form, self._file.name), done) as teller:
                    run = Run(sender, done, rejects, lambda *_: state.save(job, done), tell, self._in_order)
                    run.over(self._batches(done.rows))
            except KeyboardInterrupt:
                say(f"Stopped after row {done.rows}. The same command goes on from there.", error=True)
                self._show(done, time.monotonic() - start, stopped=True)
                return STOPPED
            finally:
                state.note(done.told)
            seconds = time.monotonic() - start
        state.remove()
        self._show(done, seconds, stopped=False)
        return SOME_REFUSED if done.refused else 0

    def _job(self, url: str, decisions: bool) -> Job:
        from ledger.cli.importing.keeping import Job, beginning_of

        digest, beginning = beginning_of(self._source)
        file = os.fstat(self._source.fileno())
        return Job(
            connector=self._choice.connector.name,
            form=self._choice.form.name,
            campaign=self._preparer.campaign,
            url=url,
            options=dict(self._options.values),
            decisions=decisions,
            rate="" if self._preparer.rate is None else str(self._preparer.rate),
            mapping=self._choice.mapping,
            digest=digest,
            beginning=beginning,
            size=file.st_size,
            changed_ns=file.st_mtime_ns,
        )

    def _batches(self, done: int) -> Iterator[Batch]:
        from ledger.cli.importing.running import batches

        reads = self._choice.connector.read(self._source, self._choice.form, self._options)
        return batches(islice(reads, done, None), self._preparer)

    def _show(self, done: Progress, seconds: float, *, stopped: bool) -> None:
        rejects = str(self._rejects) if done.refused else None
        if self._json:
            counts: dict[str, Any] = {"rows": done.rows, "used": done.used, "refused": done.refused}
            things = {"written": done.written, "known": done.known, "skipped": done.skipped}
            said = {"rejects": rejects, "stopped": stopped, "seconds": round(seconds, 3)}
            print_json(counts | things | said | self._members())
            return
        pairs([("rows", done.rows), ("used", done.used), *things_of(done)])
        if rejects is not None:
            say(f"{done.refused} rows could not be used; {rejects} says why.")

    def _members(self) -> dict[str, Any]:
        return {
            "format": self._choice.connector.name,
            "form": self._choice.form.name,
            "campaign": self._preparer.campaign,
            "dry_run": False,
        }


def things_of(done: Progress) -> list[tuple[str, object]]:
    """What became of the rows, to be shown."""
    rows: list[tuple[str, object]] = []
    for kind in ("task", "contribution", "decision"):
        new, known = done.written.get(kind, 0), done.known.get(kind, 0)
        if new or known:
            rows.append((f"{kind}s", f"{new} new, {known} known"))
    rows += [("left out", f"{count}: {reason}") for reason, count in sorted(done.skipped.items())]
    return rows


def _try(source: BinaryIO, choice: Choice, options: Options, preparer: Preparer, json: bool) -> None:
    """Read all, send nothing: counts, the first rows as they would be sent, the first that are refused."""
    import msgspec

    from ledger.cli.importing.keeping import Progress
    from ledger.cli.importing.running import batches

    done = Progress()
    sample: list[Prepared] = []
    refused: list[Refused] = []
    for batch in batches(choice.connector.read(source, choice.form, options), preparer):
        done.rows += batch.reads
        done.used += len(batch.rows)
        done.refused += len(batch.refused)
        sample += batch.rows[: _SAMPLE - len(sample)]
        refused += batch.refused[: _SHOWN - len(refused)]
        for row in batch.rows:
            for kind, pieces in (("task", row.tasks), ("contribution", row.contributions), ("decision", row.decisions)):
                done.written[kind] = done.written.get(kind, 0) + len(pieces)
        for reason, count in batch.skipped.items():
            done.skipped[reason] = done.skipped.get(reason, 0) + count
    bodies = [piece.body for row in sample for piece in (*row.tasks, *row.contributions, *row.decisions)]
    if json:
        print_json(
            {"rows": done.rows, "used": done.used, "refused": done.refused, "things": done.written}
            | {"skipped": done.skipped, "first": [msgspec.json.decode(body) for body in bodies], "dry_run": True}
            | {"format": choice.connector.name, "form": choice.form.name, "campaign": preparer.campaign}
            | {"first_refused": [{"line": each.line, "reason": each.reason} for each in refused]}
        )
    else:
        counts = [(f"{kind}s", f"{count} in its rows") for kind, count in done.written.items() if count]
        left_out = [("left out", f"{count}: {reason}") for reason, count in sorted(done.skipped.items())]
        pairs([("rows", done.rows), ("would be used", done.used), *counts, *left_out, ("refused", done.refused)])
        for each in refused:
            say(f"  line {each.line}: {each.reason} {each.remedy}")
        say("\nThe first, as they would be sent:")
        for body in bodies:
            say(f"  {body.decode()}")
        say("\nNothing was written (--dry-run).")
    if done.refused:
        raise typer.Exit(SOME_REFUSED)
