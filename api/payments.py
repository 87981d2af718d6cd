"""What people were paid, as they see it: payments of the chain, and what they do not add up to."""

from __future__ import annotations

import asyncio

from api.reads.people_payments import Paid, Sum, accounts_of, claimed_by, read_payments
from api.service import Service
from api.sessions import SignedIn
from ledger.errors import ChainError
from ledger.statements.values import format_time
from ledger.wire.people import Payment, Payments


async def my_payments(service: Service, who: SignedIn) -> Payments:
    """The payments to all wallets of whoever is signed in, the newest first."""
    accounts = await accounts_of(service.reads, who.ids())
    if who.wallet is not None and who.wallet not in accounts:
        accounts.append(who.wallet)  # it may have been replaced: what was published for it stays its own
    if service.deployment is None:
        return Payments(accounts=accounts, items=[], unlisted="0")
    place = (service.deployment.chain_id, service.deployment.pool)
    found: list[Paid] = []
    unlisted = 0
    for each in await claimed_by(service.reads, place, accounts):
        paid = await _payments(service, each)
        found += paid
        unlisted += max(0, each.units - sum(payment.units for payment in paid))
    found.sort(key=lambda payment: payment.block, reverse=True)
    return Payments(accounts=accounts, items=[_line(place, each) for each in found], unlisted=str(unlisted))


async def _payments(service: Service, claimed: Sum) -> list[Paid]:
    """What the chain says of an account; nothing where it does not answer."""
    deployment, urls = service.deployment, service.config.rpc_urls
    assert deployment is not None
    if not urls:
        return []
    try:
        return await service.payments.get(claimed, lambda: asyncio.to_thread(read_payments, urls, deployment, claimed))
    except ChainError:
        return []


def _line(place: tuple[int, str], paid: Paid) -> Payment:
    chain_id, pool = place
    return Payment(
        chain_id=chain_id,
        pool=pool,
        account=paid.account,
        amount=str(paid.units),
        at=format_time(paid.at_ms),
        block=paid.block,
        transaction=paid.transaction,
    )
