"""The Python on the pages of docs/campaigns, run as it stands against a running service with a chain.

With the rest of the pages it runs once more in tests/acceptance/docs/snippets; a refund needs the chain's time to pass.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import pytest
from eth_account import Account

from ledger.chain import contracts
from ledger.client import Client
from ledger.demo.people import open_on_chain
from ledger.demo.stage import Stage
from ledger.errors import TransactionError
from tests.acceptance.conftest import Staged
from tests.acceptance.docs.snippets.programs import cast
from tests.services import snippets

PAGES = Path(__file__).parents[2] / "docs" / "campaigns"


@pytest.fixture
def service(staged: Staged) -> Iterator[dict[str, Any]]:
    """What the pages say that one has, but for the platform's key."""
    with Client(staged.server.url, staged.stage.admin_key) as operator:
        yield names_of(staged.stage, staged.server.url, operator)


def names_of(stage: Stage, url: str, operator: Client) -> dict[str, Any]:
    """The pages' names for a service."""
    return {"URL": url, "OPENER": stage.signers["platform"].address, "operator": operator}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("rating", ["{'pad': 2, 'unknown': 1}"]),
        ("processing", ["3 2"]),
        ("solving", ["0.828333"]),
        ("creation", ["3"]),
        ("funding", ["goal='39000000000000000000'"]),
    ],
)
def test_the_python_on_the_page_runs(service: dict[str, Any], page: str, said: list[str]) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL))
    names, output = {**service, "KEY": service["operator"].register_platform(page).key}, io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, f"{page}.md", "exec"), names)
    names["client"].close()
    for words in said:
        assert words in output.getvalue()


@pytest.mark.long
def test_a_backer_of_a_missed_goal_takes_the_money_back(tmp_path: Path) -> None:
    """On a stage of its own, whose chain's time goes on by 31 days."""
    with (
        Stage(tmp_path, settlement_delay=3, wallet_delay=3) as stage,
        stage.server() as server,
        Client(server.url, stage.admin_key) as operator,
    ):
        take_back(stage, names_of(stage, server.url, operator))


def take_back(stage: Stage, service: dict[str, Any]) -> None:
    """Fund, wait until the goal is missed, and take all of it back."""
    (refund,) = snippets.run_by(__file__)
    page = [each for each in snippets.snippets() if each.page == refund.page]
    fund = next(each.code for each in page if each.language == "sh")
    opening = "\n".join(each.code for each in page if each.language == "python")
    names = {**service, "KEY": service["operator"].register_platform("missed").key}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(opening, names)
    names["client"].close()
    campaign, backer = names["campaign"], Account.create()
    address, token, pool = str(backer.address).lower(), stage.deployment.token, stage.deployment.pool
    open_on_chain(stage, campaign)
    stage.chain.rpc("anvil_setBalance", address, hex(10**18))
    stage.send("platform", token, contracts.mint_call(address, 50))
    variables = {"TOKEN_CONTRACT": token, "POOL": pool, "AMOUNT": "50", "ONCHAIN_ID": campaign.onchain.id}
    variables |= {"RPC": stage.chain.url, "BACKER": "0x" + bytes(backer.key).hex()}

    def run(code: str) -> int:
        for program, *words in snippets.commands(Template(code).substitute(variables)):
            assert program == "cast"
            cast(words)
        return contracts.read_balance(stage.node, token, address)

    assert run(fund) == 0
    with pytest.raises(TransactionError, match="NotRefundable"):
        run(refund.code)
    stage.chain.rpc("evm_increaseTime", 31 * 86_400)
    stage.chain.rpc("evm_mine")
    assert run(refund.code) == 50


def test_every_type_of_campaign_has_its_page() -> None:
    from ledger.demo.run import SCENES

    assert {path.stem for path in PAGES.glob("*.md")} == {"README", *SCENES}
