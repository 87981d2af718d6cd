"""``crowdledger deploy``: put the contracts on a chain and open the log there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.cli.addresses import parse_address
from ledger.cli.output import AsJson, example, print_json

if TYPE_CHECKING:
    from ledger.chain.signers import Signer
    from ledger.config import Config


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=example("crowdledger deploy --chain-id 11155111 --settlement-delay 172800 --token 0x... --admin 0x...")
    )(deploy)


def deploy(
    chain_id: Annotated[int, typer.Option(help="The chain to deploy on; the node must serve it.")],
    settlement_delay: Annotated[int, typer.Option(help="Seconds in which a settlement can be vetoed.")] = 2 * 86_400,
    token: Annotated[str | None, typer.Option(help="ERC-20 to pay in; on a dev chain one is made.")] = None,
    admin: Annotated[str | None, typer.Option(help="Address that appoints roles; by default the operator's.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC URL, instead of the configured ones.")] = None,
    folder: Annotated[Path, typer.Option(help="Where {chainId}.json is written.")] = Path("deployments"),
    json: AsJson = False,
) -> None:
    """Deploy the contracts and open the log; run again after a break, it goes on where it stopped."""
    from ledger.chain.deploy import Terms
    from ledger.chain.deploy import deploy as run_deploy
    from ledger.chain.deployments import deployment_path
    from ledger.chain.rpc import connect
    from ledger.config import Config

    config = Config()
    operator = _signer(config, "operator")
    terms = Terms(
        chain_id=chain_id,
        origin=config.origin,
        vkey=config.log_signer().verifier_key.vkey,
        settlement_delay=settlement_delay,
        admin=parse_address(admin) if admin else operator.address,
        reporter=_signer(config, "reporter").address,
        guardian=_signer(config, "guardian").address,
        token=parse_address(token) if token else None,
    )
    with connect([rpc] if rpc else config.rpc_urls, chain_id) as node:
        deployment = run_deploy(node, operator, terms, folder)
    path = deployment_path(folder, chain_id)
    if json:
        print_json({**asdict(deployment), "deployment_file": str(path)})
        return
    print(f"Log contract {deployment.contribution_log}, pool {deployment.pool}, token {deployment.token}.")
    print(f'Written to {path}. Set in crowdledger.toml: deployment_file = "{path}"')


def _signer(config: Config, role: str) -> Signer:
    from ledger.chain.signers import load_signer
    from ledger.errors import ConfigError

    spec = getattr(config, f"{role}_signer")
    if spec is None:
        raise ConfigError(
            f"The signer of the {role} is not set.",
            remedy=f"Set {role}_signer in crowdledger.toml: file:PATH, keystore:PATH or rpc:URL#ADDRESS.",
        )
    return load_signer(spec, config.keystore_password_file)
