"""Good and broken certificates, made from a number, as ``receipt_maker`` makes receipts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ledger.audit.certificates import certificate
from ledger.book.reputation import Judged
from ledger.statements import kinds
from ledger.statements.decisions import DecisionMade
from tests.browser.receipt_maker import EXAMPLES, ORIGIN, Case, Maker

_ODD = (None, True, 0, 1, "1", "0.5", [], {}, "x")


def certificates(seed: int, count: int) -> Iterator[Case]:
    """``count`` cases, every third one as it should be."""
    maker = Maker(seed)
    for number in range(count):
        good = _good(maker)
        if number % 3 == 0:
            yield Case("good certificate", good)
        else:
            yield _broken(maker, good)


def _good(maker: Maker) -> bytes:
    chance = maker.chance
    opened = json.loads((EXAMPLES / "campaign.opened.json").read_text())
    contributor, work, judged = "5f0c7d3e-1111-4aaa-9bbb-000000000001", [], []
    for number in range(chance.randrange(1, 6)):
        submitted = json.loads((EXAMPLES / "contribution.submitted.json").read_text())
        submitted |= {"campaign": opened["id"], "contributor": contributor, "id": _id(chance.randbytes(10))}
        decided = _decision(maker, submitted["id"])
        given = maker.receipt(2 * number, 30, chance.choice([None, 33]), entry=_bytes(submitted)).encode()
        made = maker.receipt(2 * number + 1, 30, chance.choice([None, 33]), entry=_bytes(decided)).encode()
        statement = kinds.parse(_bytes(decided))
        assert isinstance(statement, DecisionMade)
        piece = Judged.of(2 * number, opened["id"], 2 * number + 1, statement)
        work.append((given, made))
        judged += [piece] if piece else []
    campaign = maker.receipt(0, 1, entry=_bytes(opened)).encode()
    name = chance.choice([None, "Ana", "ٱنا", ""])
    return certificate(log=ORIGIN, contributor=contributor, campaign=campaign, work=work, judged=judged, name=name)


def _decision(maker: Maker, contribution: str) -> dict[str, Any]:
    chance = maker.chance
    decided: dict[str, Any] = json.loads((EXAMPLES / "decision.made.json").read_text())
    decided |= {
        "contribution": contribution,
        "verdict": chance.choice(["accepted", "accepted", "rejected"]),
        "score": chance.choice(["0", "1", "0.5", "0.333333", "0.000001", "0.999999"]),
    }
    decided["method"] = {"type": chance.choice(["human", "consensus", "gold", "model"])}
    return decided


def _broken(maker: Maker, good: bytes) -> Case:
    chance = maker.chance
    members: dict[str, Any] = json.loads(good)
    way = chance.randrange(9)
    if way == 0:
        data = bytearray(good)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return Case("certificate byte", bytes(data))
    if way == 1:
        members[chance.choice(sorted(members))] = chance.choice(_ODD)
    elif way == 2:
        members["figures"][chance.choice(sorted(members["figures"]))] = chance.choice(_ODD)
    elif way == 3:
        members["work"].append(chance.choice(members["work"]))
    elif way == 4:
        piece = chance.choice(members["work"])
        piece["contribution"], piece["decision"] = piece["decision"], piece["contribution"]
    elif way == 5:
        chance.choice(members["work"])["decision"] = chance.choice(members["work"])["decision"]
    elif way == 6:
        members["work"].pop()
    elif way == 7:
        members["campaign"] = members["work"][0]["contribution"]
    else:
        foreign = maker.receipt(0, 3, entry=json.dumps(members["campaign"]).encode(), signer=maker.other)
        members["work"][0]["contribution"] = json.loads(foreign.encode())
    return Case(f"certificate {way}", _bytes(members))


def _bytes(members: object) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _id(random: bytes) -> str:
    digits = random.hex()
    return f"01900000-0000-7{digits[:3]}-8{digits[3:6]}-{digits[6:18]}"
