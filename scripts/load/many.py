"""A scene with several logs, each deployed on the chain, in one database and one configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import deployment_path
from ledger.demo.stage import ORIGIN, private_file
from ledger.tree.keys import LogSigner
from scripts.soak.scene import SETTLEMENT_DELAY_SECONDS, Scene


class ManyLogs(Scene):
    """``logs`` of them: the main one and ``log-2``, ``log-3`` ..."""

    def __init__(self, folder: Path, database_url: str, settings: dict[str, Any], logs: int) -> None:
        super().__init__(folder, database_url, settings)
        self.further = [f"log-{number}" for number in range(2, logs + 1)]

    @property
    def bases(self) -> list[str]:
        """The path below which each log answers, the main one's first."""
        return ["", *(f"/logs/{name}" for name in self.further)]

    @property
    def origins(self) -> list[str]:
        """What each log is called, the main one's first."""
        return [ORIGIN, *(f"{ORIGIN}/{name}" for name in self.further)]

    def _deploy(self) -> None:
        super()._deploy()
        for name in self.further:
            origin = f"{ORIGIN}/{name}"
            signer = LogSigner.generate(origin)
            private_file(self._key_of(name), signer.to_pem())
            terms = Terms(
                chain_id=self.chain.chain_id,
                origin=origin,
                vkey=signer.verifier_key.vkey,
                settlement_delay=SETTLEMENT_DELAY_SECONDS,
                admin=self.signers["operator"].address,
                reporter=self.signers["reporter"].address,
                guardian=self.signers["guardian"].address,
            )
            deploy(self.node, self.signers["operator"], terms, self._deployments_of(name))

    def _write_config(self) -> None:
        super()._write_config()
        tables = []
        for name in self.further:
            settings = {
                "origin": f"{ORIGIN}/{name}",
                "log_key_file": str(self._key_of(name)),
                "deployment_file": str(deployment_path(self._deployments_of(name), self.chain.chain_id)),
            }
            tables += [f"[logs.{name}]", *(f"{each} = {json.dumps(value)}" for each, value in settings.items())]
        self.config.write_text(self.config.read_text() + "\n".join(tables) + "\n")

    def _key_of(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def _deployments_of(self, name: str) -> Path:
        return self.folder / "deployments" / name
