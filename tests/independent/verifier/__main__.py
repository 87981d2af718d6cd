"""``python -m tests.independent.verifier PLACE VKEY...``: prints every fault; ends with 1 if there is one."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.independent.verifier.examination import Examination
from tests.independent.verifier.places import Folder, Url


def main(arguments: list[str]) -> int:
    """Examine the log at a URL prefix or in a folder."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    place, *vkeys = arguments
    examination = Examination(Url(place) if "://" in place else Folder(Path(place)), vkeys)
    faults = examination.run()
    for fault in faults:
        print(fault)
    if examination.head is not None:
        head = examination.head
        print(f"{head.origin.decode()}: size {head.size}, root {head.root.hex()}, {len(faults)} exceptions")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
