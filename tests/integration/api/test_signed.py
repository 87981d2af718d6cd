"""Work that a wallet signed, computed and signed with other people's code."""

from __future__ import annotations

import hashlib
import secrets
import uuid

import rfc8785
from eth_account import Account
from eth_account.messages import encode_typed_data

from ledger.statements import canonical, kinds
from ledger.statements.contributions import ContributionSubmitted
from ledger.tree.receipts import Receipt
from tests.integration.api.beside_chain import CHAIN_ID
from tests.integration.api.running import ORIGIN, Api

CONTRIBUTION_TYPE = {
    "Contribution": [
        {"name": name, "type": kind}
        for name, kind in {
            "logId": "bytes32",
            "campaign": "string",
            "task": "string",
            "contributor": "string",
            "commitment": "bytes32",
            "terms": "bytes32",
            "replaces": "string",
        }.items()
    ]
}


async def test_a_first_contribution_can_be_signed_by_the_contributors_wallet(beside: Api) -> None:
    """Computed and signed with other people's code: what a wallet needs is known before the contribution is sent."""
    platform = await beside.platform()
    campaign = await platform.campaign()
    terms = (await platform.get(f"/v1/campaigns/{campaign}")).json()["terms_digest"]
    deployment = beside.service.deployment
    assert deployment is not None
    account, salt, public_id = Account.create(), secrets.token_bytes(32), str(uuid.uuid4())
    place = {"v": 1, "purpose": "contribution", "log": ORIGIN, "campaign": campaign, "contributor": public_id}
    commitment = hashlib.sha256(b"\x43" + salt + rfc8785.dumps(place | {"content": "yes"})).digest()
    domain = {
        "name": "CrowdLedger",
        "version": "1",
        "chainId": CHAIN_ID,
        "verifyingContract": deployment.contribution_log,
    }
    message = {
        "logId": bytes.fromhex(deployment.log_id[2:]),
        "campaign": campaign,
        "task": "",
        "contributor": public_id,
        "commitment": commitment,
        "terms": bytes.fromhex(terms),
        "replaces": "",
    }
    signed = account.sign_message(encode_typed_data(domain, CONTRIBUTION_TYPE, message))
    body = {
        "campaign": campaign,
        "contributor": "ann",
        "contributor_id": public_id,
        "content": "yes",
        "salt": salt.hex(),
        "signature": {"address": account.address.lower(), "value": "0x" + bytes(signed.signature).hex()},
    }
    forged = await platform.post("/v1/contributions", body | {"content": "no"})
    assert forged.status_code == 422
    written = await platform.post("/v1/contributions", body)
    assert written.status_code == 201, written.text
    statement = kinds.parse(Receipt.parse(canonical.encode(written.json()["receipt"])).statement)
    assert isinstance(statement, ContributionSubmitted)
    assert (statement.contributor, statement.commitment) == (public_id, commitment.hex())
    other = await platform.post("/v1/contributions", body | {"contributor_id": str(uuid.uuid4()), "signature": None})
    assert other.status_code == 422
    unsigned = {name: value for name, value in body.items() if name != "signature"}
    wrong = await platform.post("/v1/contributions", unsigned | {"contributor_id": str(uuid.uuid4())})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "contributor_id")
    taken = await platform.post("/v1/contributions", unsigned | {"contributor": "bob"})
    assert (taken.status_code, taken.json()["rule"]) == (409, "id-unused")
