"""``python -m scripts.pages world`` keeps a world running to look at; ``... pictures`` takes the screenshots.

Examples::

    python -m scripts.pages world
    python -m scripts.pages pictures --only me --only verify --out /tmp/pictures
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from scripts.pages.pictures import PICTURES, take_pictures
from scripts.pages.world import NAMES, World, running_world

_ROOT = Path(__file__).parents[2]
_ANSWERS = _ROOT / "tests" / "data" / "snow2008-rte.csv"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.pages", description="The pages, to look at.")
    parser.add_argument("--port", type=int, help="of the service (a free one)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("world", help="a service with a world in many states, until Ctrl-C")
    pictures = commands.add_parser("pictures", help="a screenshot of each page")
    pictures.add_argument("--out", type=Path, default=_ROOT / "docs" / "pictures", help="folder (docs/pictures)")
    pictures.add_argument("--only", action="append", choices=[each.name for each in PICTURES], help="one of them")
    return parser.parse_args()


def _tell(world: World) -> None:
    told = {
        "url": world.url,
        "rpc": world.rpc,
        "chain_id": world.stage.chain.chain_id,
        "key": world.key,
        "admin_key": world.stage.admin_key,
        "folder": str(world.stage.folder),
        "campaigns": {name: each.id for name, each in world.campaigns.items()},
        "wallets": {name: each.wallet.key.hex() for name, each in world.people.items()},
        "links": {name: f"{world.url}/me#link={world.sign_in_token(name)}" for name in NAMES for _ in range(3)},
    }
    print(json.dumps(told, indent=1), flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run as the arguments say."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores SIGINT otherwise
        signal.signal(number, _interrupt)
    with (
        tempfile.TemporaryDirectory(prefix="crowdledger-world-") as folder,
        running_world(Path(folder), _ANSWERS, port=arguments.port) as world,
    ):
        if arguments.command == "pictures":
            for path in take_pictures(world, arguments.out, set(arguments.only or ())):
                print(path, flush=True)
            return 0
        _tell(world)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
