"""``crowdledger guard``: watch a log and the pool that pays by it, and with the guardian's key stop what is wrong."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import example

_EXAMPLE = (
    "crowdledger guard https://crowd.example.org --deployment 1.json --rpc https://rpc.example.org --folder ./watch"
)
MAX_INTERVAL_SHARE = 6
"""A look at least so many times in a settlement's delay."""


def register(app: Commands) -> None:
    """Add the command."""
    app.command(epilog=example(_EXAMPLE))(guard)


def guard(
    source: Annotated[str, typer.Argument(metavar="URL|FOLDER", help="The service, or a mirror that others keep.")],
    deployment: Annotated[Path, typer.Option(help="The deployment file: which pool, which log, which chain.")],
    rpc: Annotated[list[str], typer.Option(help="RPC URL of a node; give several, of different people.")],
    folder: Annotated[Path, typer.Option(help="The guard's own folder: its mirror, its veto under way.")],
    signer: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="The guardian's key: file:PATH, keystore:PATH or rpc:URL#ADDRESS."),
    ] = None,
    keystore_password_file: Annotated[Path | None, typer.Option(help="File with the keystore's password.")] = None,
    pass_unjudged: Annotated[
        bool,
        typer.Option(
            "--no-veto-unjudged",
            help="Let pass what could not be judged; by default it is vetoed in the last third of the delay, since "
            "silence must not become payment.",
        ),
    ] = False,
    log: Annotated[str | None, typer.Option(metavar="NAME", help="The log, if it is not the main one.")] = None,
    key: Annotated[str | None, typer.Option(help="The log's verifier key, if you know it: name+id+base64.")] = None,
    fee_cap_wei: Annotated[int, typer.Option(min=1, help="The most that a veto may cost, in wei a gas.")] = 10**12,
    replace_after: Annotated[
        float, typer.Option(min=1, help="Seconds after which a veto that is not mined is sent with higher fees.")
    ] = 60.0,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between looks; never more than a sixth of the delay.")
    ] = 30.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look once. Exit 0: sound; 1: something is wrong; 3: it cannot be told.")
    ] = False,
    on_alarm: Annotated[
        str | None, typer.Option(metavar="COMMAND", help="Run this at every alarm, with its JSON line on stdin.")
    ] = None,
) -> None:
    """Watch a pool's settlements against the log, from a machine of your own; with the guardian's key veto wrong ones.

    Tells one JSON line an alarm, or words on a terminal.
    """
    from ledger.audit.landing import alone_in
    from ledger.audit.source import open_source
    from ledger.chain.deployments import Deployment
    from ledger.chain.fees import FeePolicy
    from ledger.chain.nodes import Nodes
    from ledger.chain.rpc import Node
    from ledger.chain.signers import load_signer
    from ledger.guard.alarms import Speaker
    from ledger.guard.run import look_once, watch_on
    from ledger.guard.veto import Vetoing
    from ledger.guard.watch import Watch
    from ledger.tree.keys import VerifierKey

    place = Deployment.load(deployment)
    trusted = VerifierKey.parse(key) if key else None
    loaded = load_signer(signer, keystore_password_file) if signer is not None else None
    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(alone_in(folder))
        shown = stack.enter_context(open_source(source, log))
        speaker = Speaker(on_alarm, _now_ms)
        stack.callback(speaker.close)
        nodes = [stack.enter_context(Node(url)) for url in rpc]
        vetoing = None
        if loaded is not None:
            senders = Nodes(rpc, place.chain_id)
            stack.callback(senders.close)
            policy = FeePolicy(cap=fee_cap_wei, replace_after=replace_after)
            vetoing = Vetoing(senders, place, loaded, folder, policy, tell=speaker.tell, now_ms=_now_ms)
        watch = Watch(
            shown,
            nodes,
            place,
            folder,
            trusted_key=trusted,
            vetoing=vetoing,
            veto_unjudged=not pass_unjudged,
            tell=speaker.tell,
            now_ms=_now_ms,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if once:
            raise typer.Exit(look_once(watch, stop))
        watch_on(watch, stop, min(interval, place.settlement_delay / MAX_INTERVAL_SHARE))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
