"""The build step of setuptools that puts into a wheel what stands outside the packages in a checkout.

pyproject.toml names ``BuildWithData`` under ``[tool.setuptools.cmdclass]``; setuptools loads this file alone, so it
imports nothing of ours. Files inside a package reach every kind of installation (``--user`` and ``--target`` too),
which setuptools' ``data-files`` do not. An editable installation copies nothing: the code then finds the checkout's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from setuptools.command.build_py import build_py

SHIPPED: Final[dict[str, tuple[str, ...]]] = {
    "ledger/chain/compiled": (
        "contracts/artifacts/ContributionLog.json",
        "contracts/artifacts/DevToken.json",
        "contracts/artifacts/RewardPool.json",
        "contracts/artifacts/RewardToken.json",
    ),
    "ledger/chain/compiled/sources": (
        "contracts/artifacts/sources/ContributionLog.standard-input.json",
        "contracts/artifacts/sources/RewardPool.standard-input.json",
        "contracts/artifacts/sources/RewardToken.standard-input.json",
    ),
    "ledger/demo/data": ("tests/data/README.md", "tests/data/snow2008-rte.csv"),
    "ledger/demo/data/labels": ("tests/data/labels/bluebirds.csv", "tests/data/labels/snow2008-temporal.csv"),
    "ledger/demo/data/surveys": ("tests/data/surveys/frackfinder-oh-2014-task_run.json",),
}
"""Folder in the wheel -> files of the checkout."""


class BuildWithData(build_py):  # type: ignore[misc]  # setuptools tells no types
    """``build_py`` that copies ``SHIPPED`` as well, and names it to the source archive."""

    def run(self) -> None:
        """Build the packages and add the files."""
        super().run()
        if not self.editable_mode:
            for source, target in self._copies():
                target.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(str(source), str(target), preserve_mode=False)

    def get_source_files(self) -> list[str]:
        """What a source archive needs, so that the same wheel can be built from it."""
        copied = [str(source) for source, _ in self._copies()]
        return [*super().get_source_files(), *copied, "scripts/release/shipping.py"]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """What stands in the build folder afterwards."""
        return [*super().get_outputs(include_bytecode), *(str(target) for _, target in self._copies())]

    def _copies(self) -> list[tuple[Path, Path]]:
        return [
            (Path(name), Path(self.build_lib, folder, Path(name).name))
            for folder, names in SHIPPED.items()
            for name in names
        ]
