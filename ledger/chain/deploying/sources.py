"""What explorers (Etherscan, Blockscout) and Sourcify ask for to verify the source of a contract, written as files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ledger.chain.artifacts import artifact, compiler_input
from ledger.chain.deploying.creations import Creation
from ledger.chain.deployments import write_file

_LICENCE = re.compile(r"SPDX-License-Identifier: (\S+)")


def sources_folder(deployment_file: Path) -> Path:
    """Where the files of a deployment stand: ``1.sources`` beside ``1.json``."""
    return deployment_file.with_suffix(".sources")


def write_sources(folder: Path, chain_id: int, address: str, creation: Creation) -> None:
    """Write the compiler input of one contract, and what an explorer's form asks for beside it."""
    name = creation.contract
    text = compiler_input(name)
    write_file(folder / f"{name}.standard-input.json", text)
    compiled = artifact(name)
    licence = _LICENCE.search(json.loads(text)["sources"][compiled.source]["content"])
    form: dict[str, Any] = {
        "address": address,
        "chain_id": chain_id,
        "contract": f"{compiled.source}:{name}",
        "compiler": f"v{compiled.version}",
        "constructor_arguments": creation.encoded.hex(),
        "licence": licence[1] if licence else "",
        "input": f"{name}.standard-input.json",
    }
    write_file(folder / f"{name}.verify.json", json.dumps(form, indent=2) + "\n")
