"""Strategies for statements, made from the structs themselves: whatever their members allow."""

from hypothesis import strategies as st
from msgspec import inspect, structs

from ledger.statements import kinds, values
from ledger.statements.campaigns import CampaignOpened, Onchain, Prizes
from ledger.statements.wallets import WalletLinked

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
AMOUNT = st.integers(0, 2**112).map(str)
TIME = st.integers(0, 253_402_300_799_999).map(values.format_time)


def digits(size, form):
    return st.binary(min_size=size, max_size=size).map(form)


BY_VALUE = [
    (values.Amount, AMOUNT),
    (values.Timestamp, TIME),
    (values.Score, st.integers(0, 10**6).map(values.format_score)),
    (values.Digest, digits(32, bytes.hex)),
    (values.ChainHash, digits(32, lambda raw: "0x" + raw.hex())),
    (values.Address, digits(20, lambda raw: "0x" + raw.hex())),
    (values.Id, digits(18, lambda raw: values.uuid7(int.from_bytes(raw[:6], "big"), raw[6:]))),
    (values.ContributorId, digits(16, values.uuid4)),
]
PATTERNS = {kind.__metadata__[0].pattern: strategy for kind, strategy in BY_VALUE}


def of(kind):
    """Any value of a type, as ``msgspec.inspect`` describes it."""
    match kind:
        case inspect.StrType(pattern=str() as pattern):
            return PATTERNS[pattern] if pattern in PATTERNS else st.from_regex(pattern)
        case inspect.StrType():
            least, most = kind.min_length or 0, min(kind.max_length or 20, 20)
            return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most)
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.BoolType():
            return st.booleans()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.UnionType():
            return st.one_of([st.none() if isinstance(each, inspect.NoneType) else of(each) for each in kind.types])
        case inspect.ListType():
            return st.lists(of(kind.item_type), min_size=kind.min_length or 0, max_size=min(kind.max_length or 3, 3))
        case inspect.DictType():
            return st.dictionaries(of(kind.key_type), of(kind.value_type), max_size=3)
        case inspect.StructType():
            members = {member.name: of(member.type) for member in kind.fields}
            return st.builds(kind.cls, **members)
    raise TypeError(f"No strategy for {kind}.")


def statements(kind):
    """Any statement of a kind that the parser takes."""
    struct = kinds.KINDS[kind]
    return of(inspect.type_info(struct)).map(agree)


def agree(statement):
    """Its parts do not contradict one another."""
    match statement:
        case WalletLinked(erc1271=None):
            return structs.replace(statement, signature="0x" + 128 * "a" + "1b")
        case CampaignOpened():
            return agree_campaign(statement)
    return statement


def agree_campaign(said):
    changes = {"budget": str(2**120 - 1)} if isinstance(said.policy, Prizes) else {}
    if said.policy.__struct_config__.tag == "pool":
        changes["budget"] = said.policy.total
    if said.sealed is not None:
        times = sorted([said.sealed.deadline, said.sealed.reveal_until])
        if times[0] == times[1]:
            times = [values.format_time(0), values.format_time(1)]
        changes["sealed"] = structs.replace(said.sealed, deadline=times[0], reveal_until=times[1])
    if said.judging is not None:
        named = {each.name: each for each in said.judging.criteria or []}
        changes["judging"] = structs.replace(
            said.judging, agree=min(said.judging.agree, said.judging.judges), criteria=list(named.values()) or None
        )
    if said.goal is not None or said.funding_deadline is not None:
        place = {"pool": "0x" + 40 * "a", "opener": "0x" + 40 * "b", "log_id": "0x" + 64 * "c", "id": "0x" + 64 * "d"}
        changes |= {"goal": said.goal or "1", "funding_deadline": said.funding_deadline or values.format_time(0)}
        changes["onchain"] = said.onchain or Onchain(chain_id=1, **place)
    return structs.replace(said, **changes)
