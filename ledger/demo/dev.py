"""``crowdledger dev``: a stage that stays, with a platform and a funded campaign on it."""

from __future__ import annotations

import contextlib
import shutil
import signal
from pathlib import Path
from types import FrameType

from rich.console import Console

from ledger.client import Client
from ledger.demo.people import fund_on_chain
from ledger.demo.platform import brief
from ledger.demo.stage import Stage, private_file, require_free
from ledger.errors import ConfigError
from ledger.wire import NewCampaign, PieceRate

SETTLEMENT_DELAY_SECONDS = 10
WALLET_DELAY_SECONDS = 10
APPEAL_WINDOW_SECONDS = 60
RATE = 10**18
BUDGET = 1_000 * RATE
_MARK = "made-by-crowdledger-dev"


def run_dev(folder: Path, port: int, chain_port: int) -> None:
    """Run until interrupted. ``folder`` is made anew at each start. Raises ConfigError if it is not one of ours."""
    console = Console()
    folder = folder.resolve()
    require_free(port)  # before the folder is emptied, which may be that of a service which runs on the port
    _empty(folder)
    signal.signal(signal.SIGTERM, _interrupt)
    console.print("Starting chain, contracts, service and worker ...")
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(
            Stage(
                folder,
                settlement_delay=SETTLEMENT_DELAY_SECONDS,
                wallet_delay=WALLET_DELAY_SECONDS,
                chain_port=chain_port,
                settle_automatically=True,
            )
        )
        server = stack.enter_context(stage.server(port))
        env = _prepare(stage, server.url)
        console.print(
            f"The service is at [bold]{server.url}[/] (its interface at {server.url}/docs), "
            f"the chain at {stage.chain.url}.\n"
            f"In another terminal:  [bold]. {_short(env)}[/]  and then the lines of the README. Ctrl-C ends it.",
            soft_wrap=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
        console.print("Stopping.")


def _empty(folder: Path) -> None:
    """An empty folder with our mark, whatever an earlier run left there."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigError(f"{folder} holds other things.", remedy="Name another folder with --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _prepare(stage: Stage, url: str) -> Path:
    """Register a platform and open a funded campaign; the file of shell variables to reach them."""
    with Client(url, stage.admin_key) as operator:
        key = operator.register_platform("My platform").key
    assert key is not None
    with Client(url, key) as client:
        campaign = client.open_campaign(
            NewCampaign(
                title="What is on the photo?",
                type="processing",
                brief=brief(
                    "Name the animal on each photo.",
                    "One label a photo, the common name in English.",
                    {"label": "cat"},
                    {"label": "something with fur"},
                ),
                terms="Labels may be published.",
                policy=PieceRate(amount=str(RATE)),
                budget=str(BUDGET),
                appeal_window=APPEAL_WINDOW_SECONDS,
                opener=stage.signers["platform"].address,
            )
        )
        fund_on_chain(stage, campaign, BUDGET)
    lines = {
        "URL": url,
        "RPC": stage.chain.url,
        "KEY": key,
        "AUTH": f"Authorization: Bearer {key}",
        "CAMPAIGN": campaign.id,
    }
    return private_file(stage.folder / "env", "".join(f"{name}='{value}'\n" for name, value in lines.items()).encode())


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
