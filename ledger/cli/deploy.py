"""``crowdledger deploy``: put the contracts on a chain and open the log there."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.cli.commands import Commands
from ledger.cli.output import STYLES, AsJson, emit, example, pairs, print_json, say
from ledger.cli.services import LogName

if TYPE_CHECKING:
    from ledger.chain.deploy import Plan, Sending, Standing, Terms
    from ledger.chain.rpc import Node
    from ledger.chain.signers import Signer
    from ledger.cli.deploy_file import Confirmations, DeployFile
    from ledger.config import Config

DEFAULT_DELAY_SECONDS = 2 * 86_400
_MOST_TIMES = 4
"""Unless told otherwise, gas may cost this many times what it costs when the plan is shown."""
_REPLACE_SECONDS, _LOST_SECONDS, _PATIENCE_SECONDS = 180.0, 30.0, 3_600.0


def register(app: Commands) -> None:
    """Add the command."""
    examples = example("crowdledger deploy --template > deploy.toml", "crowdledger deploy --config deploy.toml")
    app.command(epilog=examples)(deploy)


def deploy(
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="What to deploy (TOML); --template prints one.")
    ] = None,
    chain_id: Annotated[int | None, typer.Option(help="The chain to deploy on; the node must serve it.")] = None,
    settlement_delay: Annotated[
        int | None, typer.Option(help="Seconds in which a settlement can be vetoed; 172800 by default.")
    ] = None,
    token: Annotated[str | None, typer.Option(help="ERC-20 to pay in; on a dev chain one is made.")] = None,
    admin: Annotated[str | None, typer.Option(help="Address that appoints roles; by default the operator's.")] = None,
    reporter: Annotated[str | None, typer.Option(help="Address that settles; by default its signer's.")] = None,
    guardian: Annotated[str | None, typer.Option(help="Address that vetoes; by default its signer's.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC URL, instead of the configured ones.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where {chainId}.json is written: deployments, or deployments/NAME of a --log.")
    ] = None,
    log: LogName = None,
    max_fee_gwei: Annotated[str | None, typer.Option(help="The most that gas may cost, such as 40 or 0.05.")] = None,
    confirmations: Annotated[
        str | None, typer.Option(help="How many blocks deep all must lie, or 'finalized' (default on real chains).")
    ] = None,
    accept_one_key: Annotated[
        bool, typer.Option("--accept-one-key", help="Allow one key as admin, operator and reporter on a real chain.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking; needed on real chains in scripts.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only compare what is deployed with the contracts.")] = False,
    template: Annotated[bool, typer.Option("--template", help="Print a commented deploy.toml.")] = False,
    json: AsJson = False,
) -> None:
    """Deploy the contracts and open the log; run again after a break, it goes on where it stopped.

    What is deployed, its gas and its price are told before anything is sent. A file for --config, in short:

    \b
    chain_id = 11155111
    admin = "0x..."
    reporter = "0x..."
    guardian = "0x..."
    token = "0x..."
    max_fee_gwei = "40"

    docs/deploying.md has the whole way.
    """
    from ledger.chain.deploy import deploy as run_deploy
    from ledger.chain.deploy import plan
    from ledger.chain.deployments import deployment_path
    from ledger.chain.rpc import connect
    from ledger.cli.deploy_file import TEMPLATE, DeployFile, parse_confirmations, parse_gwei, read_deploy_file
    from ledger.config import Config

    if template:
        print_json({"template": TEMPLATE}) if json else emit(TEMPLATE)
        return
    given = read_deploy_file(config_file) if config_file else DeployFile()
    main = Config()
    config = main.of_log(log)
    folder = folder or Path("deployments", *([] if config is main else [config.log]))
    chain = _require(chain_id if chain_id is not None else given.chain_id, "chain", "--chain-id or chain_id")
    urls = [rpc] if rpc else list(given.rpc_urls or config.rpc_urls)
    named = {"admin": admin, "reporter": reporter, "guardian": guardian}
    with connect(urls, chain) as node:
        asked = (config_file, settlement_delay, token, admin, reporter, guardian)
        if check and all(each is None for each in asked):
            _check(node, folder, None, json)
            return
        terms = _terms(config, given, chain, settlement_delay, token, named, accept_one_key)
        if check:
            _check(node, folder, terms, json)
            return
        operator = _signer(config, "operator")
        depth = parse_confirmations(confirmations) if confirmations else given.confirmations
        most = max_fee_gwei or given.max_fee_gwei
        sending = _sending(node, parse_gwei(most) if most else None, depth)
        planned = plan(node, operator, terms, folder, sending)
        _tell(planned, json=json, dry_run=dry_run)
        if dry_run:
            return
        _agree(planned, yes=yes)
        deployment = run_deploy(node, operator, terms, folder, sending)
    path = deployment_path(folder, chain)
    if json:
        print_json({**asdict(deployment), "deployment_file": str(path)})
        return
    say(f"Log contract {deployment.contribution_log}, pool {deployment.pool}, token {deployment.token}.")
    where = f" under [logs.{config.log}]" if config is not main else " above its tables" if main.logs else ""
    say(f'Written to {path}. Set in crowdledger.toml{where}: deployment_file = "{path}"')


def _terms(
    config: Config,
    given: DeployFile,
    chain_id: int,
    settlement_delay: int | None,
    token: str | None,
    named: dict[str, str | None],
    accept_one_key: bool,
) -> Terms:
    """What options, file and configuration ask for together."""
    from ledger.chain.deploy import NewToken, Terms
    from ledger.cli.addresses import parse_address

    def account(role: str, signer: str) -> str:
        address = named[role] or getattr(given, role)
        return parse_address(address) if address else _signer(config, signer).address

    delays = (settlement_delay, given.settlement_delay, DEFAULT_DELAY_SECONDS)
    pays = token or given.token
    made = given.reward_token if token is None else None
    joined = given.log.contribution_log
    return Terms(
        chain_id=chain_id,
        origin=given.origin or config.origin,
        vkey=given.vkey or config.log_signer().verifier_key.vkey,
        settlement_delay=next(delay for delay in delays if delay is not None),
        admin=account("admin", "operator"),
        reporter=account("reporter", "reporter"),
        guardian=account("guardian", "guardian"),
        token=parse_address(pays) if pays else None,
        new_token=NewToken(name=made.name, symbol=made.symbol, cap=int(made.cap)) if made else None,
        contribution_log=parse_address(joined) if joined else None,
        log_id=given.log.log_id,
        log_block=given.log.block,
        one_key_accepted=accept_one_key,
    )


def _sending(node: Node, fee_cap: int | None, depth: Confirmations | None) -> Sending:
    """How to send: on a real chain with patience, until it is final, and never for a price that nobody has seen."""
    from ledger.chain.deploy import Sending, is_dev_chain
    from ledger.chain.transactions import present_fees

    dev = is_dev_chain(node)
    if depth is None:
        depth = 1 if dev else "finalized"
    if fee_cap is None and not dev:
        fee_cap = _MOST_TIMES * present_fees(node).price
    return Sending(
        fee_cap=fee_cap,
        confirmations=None if depth == "finalized" else int(depth),
        replace_after=_REPLACE_SECONDS,
        lost_after=_LOST_SECONDS,
        patience=_PATIENCE_SECONDS,
        say=lambda words: say(words, error=True),
    )


def _tell(planned: Plan, *, json: bool, dry_run: bool) -> None:
    if json and dry_run:
        print_json({**asdict(planned), "gas": planned.gas, "cost": str(planned.cost)})
    else:
        for line in planned.lines():
            say(line, error=json)


def _agree(planned: Plan, *, yes: bool) -> None:
    """Ask before money is spent. Raises ConfigError where nobody can be asked, and typer.Abort at a no."""
    from ledger.errors import ConfigError

    if planned.dev or yes or not planned.steps:
        return
    if not sys.stdin.isatty():
        raise ConfigError(
            f"Chain {planned.chain_id} has real money and nobody is here to agree to the plan.",
            remedy="Look at it with --dry-run, then run this with --yes.",
        )
    typer.confirm("Send this?", abort=True, err=True)


def _check(node: Node, folder: Path, terms: Terms | None, json: bool) -> None:
    """Tell what stands; exit code 1 where it is not ours or not what is asked for."""
    from ledger.chain.deploy import differences, read_standing
    from ledger.chain.deployments import Deployment, deployment_path
    from ledger.errors import WrongContractError

    path = deployment_path(folder, node.chain_id())
    deployment = Deployment.load(path)
    found: dict[str, Any] = {}
    try:
        standing = read_standing(node, deployment)
        wrong = differences(deployment, standing, terms) if terms else []
        found = _found(standing)
    except WrongContractError as error:
        wrong = [error.detail]
    if json:
        print_json({**asdict(deployment), **found, "deployment_file": str(path), "wrong": wrong})
    elif wrong:
        say(f"{path}: what stands on chain {deployment.chain_id} is not right:", STYLES["error"])
        for each in wrong:
            say(each)
    else:
        say(f"{path}: what stands on chain {deployment.chain_id} is ours, to the last byte.")
    if not json:
        pairs([(f"{what}:", value) for what, value in found.items()], indent=2)
    if wrong:
        raise typer.Exit(1)


def _found(standing: Standing) -> dict[str, Any]:
    members = {role: getattr(standing, role) for role in ("current_log", "operator", "admin", "reporter", "guardian")}
    token = standing.new_token
    made = {**asdict(token), "cap": str(token.cap)} if token else None
    return {**members, "vkey": standing.opened.vkey, "reward_token": made}


def _require(value: int | None, what: str, where: str) -> int:
    from ledger.errors import ConfigError

    if value is None:
        raise ConfigError(f"The {what} is not said.", remedy=f"Give it as {where}.")
    return value


def _signer(config: Config, role: str) -> Signer:
    from ledger.chain.signers import load_signer
    from ledger.errors import ConfigError

    spec = getattr(config, f"{role}_signer")
    if spec is None:
        raise ConfigError(
            f"The signer of the {role} is not set.",
            remedy=f"Set {role}_signer in crowdledger.toml: file:PATH, keystore:PATH or rpc:URL#ADDRESS"
            + ("." if role == "operator" else f"; or give the address as --{role}."),
        )
    return load_signer(spec, config.keystore_password_file)
