"""``python -m scripts.docs``: the site of docs/ into build/site, every link of it checked.

Exit code: 0 all is well; 1 a link leads nowhere, or the site does not say what the pages say; 2 it could not be built,
or nobody elsewhere could be asked.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.compile_contracts import SetUpError
from scripts.docs import drawings, figures, links, reading, site


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.docs", description="The site of docs/.")
    parser.add_argument("what", nargs="?", choices=("build", "write"), default="build")
    parser.add_argument("--external", action="store_true", help="also ask every address elsewhere whether it is there")
    parser.add_argument("--site", type=Path, default=site.SITE, help="where to build it")
    return parser.parse_args()


def written() -> dict[Path, str]:
    """The files that ``write`` makes anew: drawings, and the figures of the comparison."""
    return drawings.files() | figures.files()


def main() -> int:
    """Run as the arguments say."""
    arguments = _arguments()
    if arguments.what == "write":
        for path, text in written().items():
            path.write_text(text)
        return 0
    folder = arguments.site.resolve()
    found = links.broken()
    try:
        found += links.gone() if arguments.external else []
        if not site.build(folder):
            print("\n".join([*found, "The site could not be built; MkDocs says above why."]), file=sys.stderr)
            return 2
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 2
    found += reading.misread(folder)
    print("\n".join([*found, f"The site is in {folder}: open index.html."]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
