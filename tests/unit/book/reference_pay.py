"""Money in the slow reference: what is shared out, how far queues are paid, what a settlement says."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from ledger.statements import onchain, settlements
from ledger.statements.values import score_millionths


@dataclass
class Queued:
    """An award in the queue of its campaign."""

    campaign: str
    entry: int
    contribution: str
    who: str
    units: int
    source: str
    void: int | None = None


@dataclass
class Till:
    """How far the queue of a campaign is paid: per award, and what people owe."""

    covered: Counter = field(default_factory=Counter)
    owed: Counter = field(default_factory=Counter)
    void: frozenset = frozenset()
    total: int = 0
    final: bool = False


def units_of(policy, score):
    """What one accepted contribution earns at once, and the name of the rule."""
    name = policy.__struct_config__.tag
    if name == "piece_rate":
        return int(policy.amount), name
    if name == "score_rate":
        return floor(Fraction(int(policy.max_amount) * score, 10**6)), name
    return 0, name


def share_out(policy, scored):
    """(work, units, source) of what is paid once for all; ``scored`` is in the order of the log."""
    name = policy.__struct_config__.tag
    if name == "pool":
        whole = sum(score for _, score in scored)
        shares = divided(int(policy.total), [Fraction(score, whole or 1) for _, score in scored]) if whole else []
        return [(work, units, name) for (work, _), units in zip(scored, shares, strict=False)]
    if name != "prizes":
        return []
    won, amounts = [], list(map(int, policy.amounts))
    able = [(work, score) for work, score in scored if score >= score_millionths(policy.min_score)]
    for best in sorted({score for _, score in able}, reverse=True):
        tied = [work for work, score in able if score == best]
        taken, amounts = amounts[: len(tied)], amounts[len(tied) :]
        shares = divided(sum(taken), [Fraction(1, len(tied))] * len(tied))
        won += [(work, units, name) for work, units in zip(tied, shares, strict=True)]
    return won


def divided(total, parts):
    """``total`` in these parts of 1, whole units, what is left over to the largest fractions and the first of those."""
    exact = [total * part for part in parts]
    units = [floor(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda place: (units[place] - exact[place], place))
    for place in order[: total - sum(units)]:
        units[place] += 1
    return units


def pay(queue, before, limit):
    """The till after paying on, and what each person newly gets."""
    till = Till(Counter(before.covered), Counter(before.owed), before.void, before.total)
    for place, award in enumerate(queue):
        if award.void is not None and place not in till.void:
            till.void |= {place}
            till.owed[award.who] += till.covered.pop(place, 0)
    gains = Counter()
    for place, award in enumerate(queue):
        if award.void is not None:
            continue
        worked_off = min(till.owed[award.who], award.units - till.covered[place])
        till.owed[award.who] -= worked_off
        till.covered[place] += worked_off
        paid = max(min(limit - till.total, award.units - till.covered[place]), 0)
        till.covered[place] += paid
        till.total += paid
        gains[award.who] += paid
        if till.covered[place] < award.units:
            return till, gains, False
    return till, gains, True


class Money:
    """A part of ``Reference``: what was settled, and what would be settled next."""

    def settled(self, index, at, said):
        if said.size > index or not any(call.opened.onchain for call in self.calls.values()):
            return False
        then = self.at_size(said.size)
        made = then.settlement()
        if made is None or len(then.endings) != len(self.endings):
            return False
        lines = [(line.campaign, int(line.total), line.final) for line in said.campaigns]
        claimed = (said.number, said.parent, said.proposal, said.root, int(said.total), lines)
        told = [(name, total, final) for _, name, total, final in made["lines"]]
        if claimed != (made["number"], made["parent"], made["hash"], made["root"], made["total"], told):
            return False
        self.recorded[said.proposal] = made["number"], said.size
        return True

    def ended(self, index, at, said):
        if said.number != len(self.endings) + 1:
            return False
        activated = isinstance(said, settlements.SettlementActivated)
        number, size = self.recorded.get(said.proposal, (None, None))
        known = number == said.number
        self.endings.append(size if activated and known else None)
        self.halted = self.halted or (activated and not known)
        return known

    def published(self):
        """Number and contents of the last activated settlement."""
        for number in range(len(self.endings), 0, -1):
            size = self.endings[number - 1]
            if size is not None:
                return number, self.at_size(size).settlement()
        return 0, {"accounts": {}, "waiting": {}, "tills": {}}

    def settlement(self):
        """The next one, as a dictionary; None if there is nothing to settle."""
        if self.halted:
            return None
        size = len(self.statements)
        parent, before = self.published()
        tills, gained, lines = dict(before["tills"]), Counter(before["waiting"]), []
        for name, call in self.calls.items():
            old = tills.get(name, Till())
            if call.opened.onchain is None or call.funds is None or call.funds.closed or old.final:
                continue
            budget, record = int(call.version(size)["budget"]), call.funds
            funds = int(record.funded) - int(record.returned) if record.goal_reached else 0
            queue = [award for award in self.queue if award.campaign == name]
            tills[name], gains, whole = pay(queue, old, min(budget, funds))
            tills[name].final = call.over_at is not None and (whole or tills[name].total >= budget)
            gained += gains
            if (tills[name].total, tills[name].final) != (old.total, old.final):
                lines.append((call.opened.onchain.id, name, tills[name].total, tills[name].final))
        accounts, waiting = Counter(before["accounts"]), {}
        for who, units in gained.items():
            if who in self.in_force:
                accounts[self.in_force[who]] += units
            else:
                waiting[who] = units
        if not lines and accounts == before["accounts"]:
            return None
        lines.sort()
        number, root = len(self.endings) + 1, root_of(accounts)
        columns = [[line[place] for line in lines] for place in (0, 2, 3)]
        proposal = onchain.proposal_hash(number, parent, root, size, *columns)
        made = {"number": number, "parent": parent, "hash": proposal, "root": root, "total": sum(accounts.values())}
        return made | {"lines": lines, "accounts": dict(accounts), "waiting": waiting, "tills": tills}


def root_of(accounts):
    """OpenZeppelin's tree, by recursion over the array's positions."""
    word = 32
    leaves = sorted(
        onchain.keccak256(onchain.keccak256(bytes.fromhex(who[2:]).rjust(word, b"\0") + units.to_bytes(word, "big")))
        for who, units in accounts.items()
    )
    if not leaves:
        return onchain.ZERO_HASH
    inner = len(leaves) - 1

    def node(position):
        if position >= inner:
            return leaves[2 * inner - position]
        return onchain.keccak256(b"".join(sorted([node(2 * position + 1), node(2 * position + 2)])))

    return "0x" + node(0).hex()
