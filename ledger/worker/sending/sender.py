"""Sends for all roles of one worker, and looks after what it sent until it is permanent.

What is sent is saved before, under a nonce that belongs to one intent for ever. An account has one transaction under
way at a time: the next one waits until the chain counts the one before. Whether something must be sent at all is for
the caller to see from the contract's state, so that what got lost, or was undone by a reorganisation, is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from itertools import groupby
from typing import TYPE_CHECKING

from ledger import spans
from ledger.chain import fees as policy
from ledger.chain.answers import Block, TransactionReceipt
from ledger.chain.fees import Bid
from ledger.chain.nodes import Answer
from ledger.chain.signers import Signer
from ledger.errors import NodeError, TransactionError
from ledger.worker import costs
from ledger.worker.ports import Attempt
from ledger.worker.sending import attempts
from ledger.worker.sending.attempts import FILL, Move, Place
from ledger.worker.sending.brake import Brake
from ledger.worker.sending.signatory import Signatory

if TYPE_CHECKING:
    from ledger.worker.context import Context

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 0.05
_MOST_POLL_SECONDS = 1.0
_MOST_JUMP = 100
"""Nonces by which an account may be ahead of all that we and the permanent blocks know of it."""


class Sender:
    """Sends for all roles of one worker. Nothing here runs twice at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._signatory = Signatory(context)
        self._waiting: dict[tuple[str, int], str] = {}
        """Intents by account and nonce, of what is not mined."""
        self._stuck: dict[tuple[str, int], str] = {}
        self._since: dict[str, int] = {}
        """By hash: when we began to wait for it, whatever a clock that steps back says of the time since."""
        self._doubted: dict[tuple[str, int], int] = {}
        self._blocked: dict[str, int] = {}
        """By account: since when a saved nonce keeps it waiting that is not under way here, such as another log's."""
        self._brake = Brake()
        self._replaced = 0

    @property
    def found_altered(self) -> bool:
        """Whether rows of transactions were found that do not say what was signed, since the start."""
        return self._signatory.found_altered

    async def open_attempts(self) -> list[Attempt]:
        """The rows of what is not settled for good, as far as they say what was signed."""
        genuine, _ = await self._signatory.tell_apart(await self._context.rows.open_attempts())
        return genuine

    def report(self) -> tuple[int, int, list[str]]:
        """Nonces that wait to be mined, attempts that were replaced since the start, and intents that are stuck."""
        now_ms = self._context.clock.now_ms()
        blocked = [
            f"{account} waits for a nonce that this log does not have under way"
            for account, since_ms in self._blocked.items()
            if attempts.is_late(now_ms - since_ms, self._context.fees)
        ]
        stuck = sorted([*self._stuck.values(), *self._brake.held(now_ms), *blocked])
        return len(self._waiting), self._replaced, stuck

    # ---- sending ----

    async def send(
        self, signer: Signer, intent: str, to: str, data: bytes, *, ceiling: int | None = None
    ) -> TransactionReceipt | None:
        """Send one transaction and wait a little; its receipt, or None while it, or one before it, is not mined.

        None as well, with nothing sent, where gas costs more than ``ceiling`` (wei a gas), or where its like failed too
        often in a row just now. Raises TransactionError with the reason if it is refused, before it is sent (then no
        nonce is used), by all nodes, or once it is mined.
        """
        context = self._context
        if self._brake.holds(signer.address, intent, context.clock.now_ms()):
            return None
        nonce = await self._free_nonce(signer.address)
        if nonce is None:
            return None
        gas = policy.gas_limit(await context.chain.estimate_gas(signer.address, to, data), context.fees)
        market = await context.chain.fees()
        if ceiling is not None and market.price > ceiling:
            return None
        bid = policy.first_fees(market, context.fees)
        await self._require_funds(signer.address, intent, gas * bid.max_fee)
        with spans.span("transaction", intent=intent, nonce=nonce, max_fee=bid.max_fee):
            attempt = await self._signatory.sign(signer, nonce, intent, to, data, gas, bid)
            if not await self._save(attempt):
                return None
            answer = await self._broadcast(attempt)
            spans.note(transaction=attempt.hash, answer=answer.kind)
            if answer.kind == "refused":
                if not answer.no_funds:
                    self._note_failed(attempt)
                await context.rows.set_attempts([attempts.as_answered(attempt, answer.reason or attempts.NO_REASON)])
                raise TransactionError(f"No node takes {intent}: {answer.reason}.", reason=answer.reason)
            _LOGGER.info("Sent %s in transaction %s.", intent, attempt.hash)
            return await self._wait(attempt)

    async def _free_nonce(self, account: str) -> int | None:
        """The nonce that comes next; None while one that was saved, for whatever log, may still be mined.

        One without a receipt may be, whatever a node counts, until the permanent blocks hold its nonce.
        """
        chain = self._context.chain
        count, saved = await chain.nonce(account, "latest"), await self._context.rows.next_nonce(account)
        ours = any(sender == account for sender, _ in self._waiting.keys() - self._doubted.keys())
        if count >= saved or ours:
            self._blocked.pop(account, None)
        else:
            self._blocked.setdefault(account, self._context.clock.now_ms())
        if count < saved or ours:
            return None
        if count > saved + _MOST_JUMP:
            # A false nonce would leave a gap that nobody can fill, and with it the account unusable.
            known = await chain.nonce(account, (await chain.finalized()).number)
            if count > known + _MOST_JUMP:
                raise NodeError(
                    f"The node says that {account} sent {count} transactions; its permanent blocks hold {known}.",
                    remedy="Wait until its transactions are permanent, or ask another node.",
                )
        return count

    async def _require_funds(self, account: str, intent: str, needed: int) -> None:
        balance = await self._context.chain.balance(account)
        if balance < needed:
            raise TransactionError(
                f"{account} has {balance} wei; {intent} may cost up to {needed} wei.",
                reason=policy.LOW_BALANCE,
                remedy=f"Send coins to {account}.",
            )

    async def _save(self, attempt: Attempt) -> bool:
        """Save it; False where its nonce is another's by now, which the next step will see."""
        try:
            await self._context.rows.save_attempt(attempt)
        except TransactionError as error:
            _LOGGER.warning("%s is not sent: %s", attempt.intent, error)
            return False
        self._waiting.setdefault((attempt.sender, attempt.nonce), attempt.intent)
        return True

    async def _broadcast(self, attempt: Attempt) -> Answer:
        return await self._context.chain.broadcast(attempt.raw, attempt.hash)

    async def _wait(self, attempt: Attempt) -> TransactionReceipt | None:
        context, waited, pause = self._context, 0.0, _POLL_SECONDS
        while (receipt := await context.chain.receipt(attempt.hash)) is None:
            if waited >= context.pace.mining_wait:
                return None
            await context.clock.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _MOST_POLL_SECONDS)
        spans.note(block=receipt.block, gas=receipt.gas_used)
        mined = await self._as_mined(attempt, receipt)
        await context.rows.set_attempts([mined])
        self._waiting.pop((attempt.sender, attempt.nonce), None)
        self._note_mined(mined)
        if not receipt.succeeded:
            raise TransactionError(
                f"The transaction {attempt.hash} failed in block {receipt.block}: {mined.detail}.", reason=mined.detail
            )
        return receipt

    def _note_mined(self, mined: Attempt) -> None:
        if mined.state == "failed":
            self._note_failed(mined)
        elif mined.intent != FILL:
            self._brake.worked(mined.sender, mined.intent)

    def _note_failed(self, attempt: Attempt) -> None:
        self._brake.failed(attempt.sender, attempt.intent, attempt.hash, self._context.clock.now_ms())

    async def _as_mined(self, attempt: Attempt, receipt: TransactionReceipt) -> Attempt:
        if receipt.succeeded:
            return attempts.as_mined(attempt, receipt, "")
        if (
            attempt.state == "failed" and attempt.block_hash == receipt.block_hash
        ):  # the reason is known, or was looked for
            return attempt
        return attempts.as_mined(attempt, receipt, await self._context.chain.failure(receipt, attempt.data))

    # ---- looking after ----

    async def look_after(self, finalized: Block) -> None:
        """Look after every nonce that is not settled for good; once a step, before anything is sent.

        ``finalized`` is the newest permanent block. The book must hold what the log holds: costs are told from it.
        Raises NodeError where the chain cannot be asked: what was seen until then is kept.
        """
        genuine, altered = await self._signatory.tell_apart(await self._context.rows.open_attempts())
        places, doubtful = attempts.places(genuine), attempts.places(altered)
        self._forget([*places, *doubtful])
        for account, some in groupby(places, key=lambda each: each.sender):
            waiting = [left for place in some if (left := await self._follow(place, finalized)) is not None]
            if not waiting:
                continue
            count = await self._context.chain.nonce(account, "latest")
            for place in waiting:
                await self._push(place, count, finalized)
            if waiting[0].nonce > count:
                await self._fill_gap(waiting[0], count)
        for place in doubtful:
            await self._settle_altered(place, {each.spot for each in places}, finalized)
        for account in [*self._blocked]:  # whoever sends nothing more would be told of for ever
            if await self._context.chain.nonce(account, "latest") >= await self._context.rows.next_nonce(account):
                del self._blocked[account]

    def _forget(self, places: Sequence[Place]) -> None:
        """What we remember of places that are settled."""
        spots, hashes = {place.spot for place in places}, {place.newest.hash for place in places}
        for known in (self._waiting, self._stuck, self._doubted):
            for spot in known.keys() - spots:
                del known[spot]
        for hash_ in self._since.keys() - hashes:
            del self._since[hash_]

    async def _follow(self, place: Place, finalized: Block) -> Place | None:
        """Bring a place up to what its receipts say; the place as it is then if none of its attempts is mined."""
        rows, found = self._context.rows, await self._mined(place)
        changed = attempts.observed(place, found[0] if found else None)
        if found is None:
            if changed:
                _LOGGER.warning("%s was in a block that is gone; it is sent again.", place.intent)
                await rows.set_attempts(changed)
            return place.with_(changed)
        mined, receipt = found
        self._since[place.newest.hash] = self._context.clock.now_ms()
        for known in (self._waiting, self._stuck, self._doubted):
            known.pop(place.spot, None)
        if changed:
            self._note_mined(mined)
        if changed and not receipt.succeeded:
            _LOGGER.warning("%s failed in block %d: %s.", mined.intent, receipt.block, mined.detail)
        if await self._is_permanent(receipt, finalized):
            await rows.save_costs(await costs.costs_of(self._context, mined, receipt))
            changed = attempts.settled(place.with_(changed), mined)
        if changed:
            await rows.set_attempts(changed)
        return None

    async def _mined(self, place: Place) -> tuple[Attempt, TransactionReceipt] | None:
        """The attempt that has a receipt, and what it says; first of all the one that had one before."""
        for attempt in sorted(place.attempts, key=lambda each: (each is not place.mined, -each.max_fee)):
            receipt = await self._context.chain.receipt(attempt.hash)
            if receipt is not None:
                return await self._as_mined(attempt, receipt), receipt
        return None

    async def _is_permanent(self, receipt: TransactionReceipt, finalized: Block) -> bool:
        """Whether a receipt's block is at or below ``finalized``, and the chain's own block of that number."""
        if receipt.block >= finalized.number:
            return receipt.block_hash == finalized.hash
        return (await self._context.chain.block(receipt.block)).hash == receipt.block_hash

    async def _push(self, place: Place, count: int, finalized: Block) -> None:
        """Do what gets a place mined of which nothing is."""
        now_ms, hash_ = self._context.clock.now_ms(), place.newest.hash
        self._since[hash_] = min(self._since.get(hash_, place.newest.at_ms), now_ms)
        waited, doubted = now_ms - self._since[hash_], await self._doubt(place, count, finalized, now_ms)
        move = attempts.next_move(place, count, waited, doubted, self._context.fees)
        if move is Move.LOSE:
            _LOGGER.error("Another transaction took nonce %d of %s (%s).", place.nonce, place.sender, place.intent)
            await self._context.rows.set_attempts(attempts.lost(place))
            self._waiting.pop(place.spot, None)
            self._stuck.pop(place.spot, None)
            return
        self._waiting[place.spot] = place.intent
        raised = await self._raised(place) if move is Move.RAISE else None
        if raised is not None:
            self._replaced += 1
            place = place.with_([raised])
        place, is_poor = await self._send_again(place)
        late = attempts.is_late(waited, self._context.fees)
        if place.is_refused and place.nonce >= count and (not place.is_filled or (late and not is_poor)):
            place = await self._fill(place)
        self._note_stuck(place, late and (place.is_refused or (raised is None and place.nonce <= count)))

    def _note_stuck(self, place: Place, is_stuck: bool) -> None:
        if not is_stuck:
            self._stuck.pop(place.spot, None)
            return
        if place.spot not in self._stuck:
            _LOGGER.warning("%s of %s waits longer than it should.", place.intent, place.sender)
        self._stuck[place.spot] = place.intent

    async def _doubt(self, place: Place, count: int, finalized: Block, now_ms: int) -> int | None:
        """For how long the permanent blocks are said to hold a nonce of which no attempt is mined; None if not."""
        if count <= place.nonce or await self._context.chain.nonce(place.sender, finalized.number) <= place.nonce:
            self._doubted.pop(place.spot, None)
            return None
        self._doubted[place.spot] = min(self._doubted.get(place.spot, now_ms), now_ms)
        return now_ms - self._doubted[place.spot]

    async def _send_again(self, place: Place) -> tuple[Place, bool]:
        """Hand the newest attempt to the nodes; if all refuse it, the one before. The place with their answers, and
        whether coins are all that is missing."""
        changed, is_poor = [], False
        for attempt in place.sendable:
            answer = await self._broadcast(attempt)
            refusal = (answer.reason or attempts.NO_REASON) if answer.kind == "refused" else ""
            if attempt.detail != refusal:
                changed.append(attempts.as_answered(attempt, refusal))
            is_poor = is_poor or answer.no_funds
            if not refusal:
                break
        if changed:
            await self._context.rows.set_attempts(changed)
        return place.with_(changed), is_poor

    async def _raised(self, place: Place) -> Attempt | None:
        """A new attempt for more money, saved; None where the cap, or a signer, is in the way."""
        bid = policy.raised_fees(place.bid, await self._context.chain.fees(), self._context.fees)
        if bid is None:
            return None
        newest = place.newest
        return await self._made(place.sender, place.nonce, newest.intent, newest.to, newest.data, newest.gas, bid)

    async def _fill(self, place: Place) -> Place:
        """Give up what no node takes and fill its place with a transfer of nothing; the place as it is then.

        A fill that is refused too, and not for want of coins, is tried again for more money. At the cap it may cost
        what it replaces, which no node has.
        """
        bid = policy.raised_fees(place.bid, await self._context.chain.fees(), self._context.fees)
        if bid is None and place.is_filled:
            return place
        fill = await self._made(place.sender, place.nonce, FILL, place.sender, b"", policy.FILL_GAS, bid or place.bid)
        if fill is None:
            return place
        if not place.is_filled:
            self._note_failed(place.newest)
            _LOGGER.error("No node takes %s (%s): its place is filled.", place.intent, place.newest.detail)
        self._replaced += 1
        place, _ = await self._send_again(place.with_([fill]))
        return place

    async def _made(
        self, account: str, nonce: int, intent: str, to: str, data: bytes, gas: int, bid: Bid
    ) -> Attempt | None:
        """An attempt, signed and saved; None where the account's signer is not ours any more, or does not answer."""
        signer = self._signatory.signer(account)
        if signer is None:
            return None
        try:
            attempt = await self._signatory.sign(signer, nonce, intent, to, data, gas, bid)
        except NodeError as error:  # a remote signer that does not answer; the others go on
            _LOGGER.warning("Nonce %d of %s cannot be replaced: %s", nonce, account, error)
            return None
        return attempt if await self._save(attempt) else None

    async def _fill_gap(self, first: Place, count: int) -> None:
        """Fill the account's next nonce where nobody holds it and a later one waits for it: a node told a false count.

        One a step; a node that tells a false count now is believed only once the later one is late.
        """
        waited = self._context.clock.now_ms() - self._since[first.newest.hash]
        if not attempts.is_late(waited, self._context.fees):
            return
        fill = await self._gap_filler(first, count)
        if fill is not None:
            await self._send_again(Place((fill,)))
        self._note_stuck(first, fill is None)

    async def _settle_altered(self, place: Place, held: Set[tuple[str, int]], finalized: Block) -> None:
        """Settle a place's rows that do not say what was signed; what they were for is made anew where it is needed.

        They keep their nonce from being used: it is filled if it is the account's next and nothing that we signed holds
        it. Once the permanent blocks hold it the rows are lost. A nonce further on would have us fill all before it.
        """
        chain, now_ms, hash_ = self._context.chain, self._context.clock.now_ms(), place.newest.hash
        if self._signatory.signer(place.sender) is None:
            return
        self._since[hash_] = min(self._since.get(hash_, now_ms), now_ms)
        if await chain.nonce(place.sender, finalized.number) > place.nonce:
            await self._context.rows.set_attempts(attempts.lost(place, "its row was altered"))
        elif place.spot not in held and await chain.nonce(place.sender, "latest") == place.nonce:
            await self._fill_gap(place, place.nonce)

    async def _gap_filler(self, first: Place, count: int) -> Attempt | None:
        try:
            bid = policy.first_fees(await self._context.chain.fees(), self._context.fees)
        except TransactionError:  # gas costs more than the cap
            return None
        return await self._made(first.sender, count, FILL, first.sender, b"", policy.FILL_GAS, bid)
