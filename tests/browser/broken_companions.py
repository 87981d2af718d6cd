"""What is given beside a receipt, right and wrong: trusted keys, the keys of a log, openings, files."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from ledger.statements.commitments import Opening, Place, commit
from tests.browser.receipt_maker import ODD, ORIGIN, SPELLINGS, Case, Maker, canonical


def _trusted(maker: Maker) -> Case:
    vkey = maker.chance.choice([maker.signer, maker.other]).verifier_key.vkey
    return Case("trusted key", maker.good().encode(), trusted=maker.chance.choice([vkey, vkey, vkey[:-2], "x", ""]))


def _rotations(maker: Maker) -> Case:
    """Receipts of a log with two keys, signed by the right and the wrong one."""
    keys, signers, at, count = maker.rotated
    size = maker.chance.choice([1, at, at + 1, count])
    right = signers[size > at]
    signer = right if maker.chance.random() < 0.7 else maker.chance.choice(signers)
    trusted = maker.chance.choice([None, *(each.verifier_key.vkey for each in signers)])
    given = maker.chance.choice([keys, keys, keys, None])
    anchored = maker.chance.choice([None, count])
    receipt = maker.receipt(maker.chance.randrange(size), size, anchored, signer=signer)
    return Case("rotation", receipt.encode(), keys=given, trusted=trusted)


def _keys_text(maker: Maker) -> Case:
    """A keys.json that was altered."""
    keys, signers, _, count = maker.rotated
    document = json.loads(keys)
    way = maker.chance.randrange(8)
    each = maker.chance.choice(document["keys"])
    name = maker.chance.choice(sorted(each))
    if way == 0:
        each[name] = maker.chance.choice(ODD)
    elif way == 1:
        each.pop(name)
    elif way == 2:
        document["keys"].reverse()
    elif way == 3:
        document["keys"].append(maker.chance.choice(document["keys"]))
    elif way == 4:
        document["v"] = maker.chance.choice(ODD)
    elif way == 5 and "proof" in document["keys"][-1]:
        lines = document["keys"][-1]["proof"].split("\n")
        lines.pop(maker.chance.randrange(len(lines)))
        document["keys"][-1]["proof"] = "\n".join(lines)
    elif way == 6:
        data = bytearray(keys)
        data[maker.chance.randrange(len(data))] ^= 1 << maker.chance.randrange(8)
        return Case("keys byte", maker.receipt(0, count, signer=signers[1]).encode(), keys=bytes(data))
    else:
        document["keys"][-1]["from_index"] += maker.chance.choice([-1, 1, 0.0, 2**53])
    receipt = maker.receipt(0, count, signer=signers[1]).encode()
    return Case(f"keys {way} {name}", receipt, keys=canonical(document))


def _opened(maker: Maker) -> Case:
    opening = maker.chance.choice(maker.openings)
    return Case("opening", maker.of_commitment().encode(), opening=opening.encode())


def _opening_text(maker: Maker) -> Case:
    """Openings in other spellings, cut, with other members or numbers; some commit to what they hold."""
    good = maker.chance.choice(maker.openings)
    way = maker.chance.randrange(7)
    data = good.encode()
    if way == 0:
        at = maker.chance.randrange(len(data))
        data = data[:at] + bytes([data[at] ^ (1 << maker.chance.randrange(8))]) + data[at + 1 :]
    elif way == 1:
        members = json.loads(data)
        members[maker.chance.choice(sorted(members))] = maker.chance.choice(ODD)
        data = canonical(members)
    elif way == 2:
        data = data[: maker.chance.randrange(len(data))]
    elif way == 3:
        data = data.replace(b'"v":1', b'"v":' + maker.chance.choice([*SPELLINGS, b"true", b"2"]))
    else:
        return _committed_anyhow(maker)
    return Case(f"opening {way}", maker.of_commitment(good).encode(), opening=data)


def _committed_anyhow(maker: Maker) -> Case:
    """A preimage of any spelling, to which the statement does commit."""
    values = [
        "1", "1.0", "true", "-0", "1e21", "1e+21", "123456789012345680000", "1000000000000000000000", "1e400",
        "9007199254740993", "9007199254740992", "0.1", "1e-7", "0.0000001", '"\\ud800"', '"\\u0061"', '"\\/"', "[]",
        "[" * 62 + "]" * 62, "[" * 63 + "]" * 63, "[" * 64 + "]" * 64, "[" * 65 + "]" * 65,
        '{"b":1,"a":2}', '{"a":1,"a":1}', '{"__proto__":1}', '{"10":1,"9":2}', '{"\ufb33":2,"\U0001f600":3}',
        '{"\U0001f600":3,"\ufb33":2}', "NaN", "1,", "",
    ]  # fmt: skip
    content = maker.chance.choice(values)
    version = maker.chance.choice(["1", "1", "1", "1", "true", "2", "1.0"])
    preimage = maker.chance.choice(
        [f'{{"content":{content},"v":{version}}}', f'{{"v":{version},"content":{content}}}', content]
    )
    opening = Opening(maker.chance.randbytes(32), preimage.encode())
    return Case(f"preimage {preimage[:40]}", maker.of_commitment(opening).encode(), opening=opening.encode())


def _filed(maker: Maker) -> Case:
    """A file beside the opening that names it, or another one."""
    digest = hashlib.sha256(maker.work).hexdigest()
    named = {"sha256": digest, "bytes": len(maker.work), "type": "image/png"}
    content = maker.chance.choice(
        [
            named,
            named,
            named | {"bytes": 7},
            named | {"bytes": True},
            named | {"x": 1},
            named | {"sha256": 5},
            "words",
            None,
        ]
    )
    place = Place("contribution", ORIGIN, "01900000-0000-7000-8000-000000000001")
    opening = commit(place, content, maker.chance.randbytes(32))
    work = maker.chance.choice([maker.work, maker.work, maker.work[:-1], b""])
    return Case("file", maker.of_commitment(opening).encode(), opening=opening.encode(), file=work)


WAYS: Final = (_trusted, _rotations, _opened, _opening_text, _filed, _keys_text)
