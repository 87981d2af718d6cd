"""Every way to break a receipt that came to mind: bytes, JSON, lines, hashes, numbers, signatures, anchors.

And, from their own modules, statements that are signed and wrong, and what is given beside a receipt.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from ledger.tree.receipts import Receipt
from tests.browser import broken_companions, broken_statements
from tests.browser.receipt_maker import ODD, ORIGIN, SIZES, SPACES, SPELLINGS, Case, Maker, canonical


def cases(seed: int, count: int) -> Iterator[Case]:
    """``count`` cases, always the same ones of a seed; every kind of mutation in turn."""
    maker = Maker(seed)
    for number in range(count):
        yield _WAYS[number % len(_WAYS)](maker)


def _plain(maker: Maker) -> Case:
    return Case("good", maker.good().encode())


def _bytes(maker: Maker) -> Case:
    data = bytearray(maker.good().encode())
    at = maker.chance.randrange(len(data))
    way = maker.chance.randrange(7)
    if way == 0:
        data[at] ^= 1 << maker.chance.randrange(8)
    elif way == 1:
        data[at] = maker.chance.randrange(256)
    elif way == 2:
        del data[at:]
    elif way == 3:
        del data[at : at + maker.chance.randrange(1, 5)]
    elif way == 4:
        data[at:at] = maker.chance.randbytes(maker.chance.randrange(1, 4))
    elif way == 5:
        end = at + maker.chance.randrange(1, 50)
        data[at:at] = data[at:end]
    else:
        data += maker.chance.choice([b"\n", b" ", b"\x00", b"{}", b"\xef\xbb\xbf"])
    return Case(f"bytes {way} at {at}", bytes(data))


def _json(maker: Maker) -> Case:
    """A member of another type or value, missing, or one too many; canonical all the same."""
    members = json.loads(maker.good().encode())
    where = members
    if "anchor" in members and maker.chance.random() < 0.7:
        where = members["anchor"]
    name = maker.chance.choice(sorted(where))
    way = maker.chance.randrange(4)
    if way == 0:
        del where[name]
    elif way == 1:
        where[maker.chance.choice(["x", "__proto__", "constructor", "V", "é", "keys"])] = maker.chance.choice(ODD)
    elif way == 2 and isinstance(where[name], int):
        where[name] += maker.chance.choice([-1, 1, 2**40, 2**53, -(2**40)])
    else:
        where[name] = maker.chance.choice(ODD)
    return Case(f"member {name} {way}", canonical(members))


def _json_text(maker: Maker) -> Case:
    """The same values in another spelling."""
    data = maker.good().encode()
    members = json.loads(data)
    way = maker.chance.randrange(9)
    if way == 0:
        data = json.dumps(members, indent=maker.chance.choice([None, 0, 1])).encode()
    elif way == 1:
        data = json.dumps(dict(reversed(members.items())), separators=(",", ":")).encode()
    elif way == 2:
        data = data.replace(b"o", b"\\u006f", 1)
    elif way == 3:
        data = data.replace(b"/", b"\\/", 1)
    elif way == 4:
        name = maker.chance.choice(sorted(members))
        again = json.dumps({name: maker.chance.choice([members[name], *ODD])}, separators=(",", ":")).encode()
        data = maker.chance.choice([again[:-1] + b"," + data[1:], data[:-1] + b"," + again[1:]])
    elif way == 5:
        data = data[:-2] + maker.chance.choice(SPELLINGS) + b"}"
    elif way == 6:
        data = maker.chance.choice([b"\xef\xbb\xbf", b" ", b"\n", b"[", b"//\n"]) + data
    elif way == 7:
        data = b"[" * maker.chance.choice([1, 1000, 20_000]) + data
    else:
        data = data.replace("—".encode(), b"\\u2014")
    return Case(f"spelling {way}", data)


def _proof_lines(maker: Maker) -> Case:
    """The proof's lines swapped, lost, doubled, respelt."""
    members = json.loads(maker.good().encode())
    lines = members["proof"].split("\n")
    at = maker.chance.randrange(len(lines))
    way = maker.chance.randrange(11)
    if way == 0:
        other = maker.chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 1:
        del lines[at]
    elif way == 2:
        lines.insert(at, lines[maker.chance.randrange(len(lines))])
    elif way == 3:
        lines[at] += maker.chance.choice([*SPACES, "=", "A", "\r"])
    elif way == 4:
        lines[at] = maker.chance.choice(SPACES) + lines[at]
    elif way == 5:
        lines[at] = _respelt(lines[at])
    elif way == 6:
        lines = [_numbered(line, maker.chance) for line in lines]
    elif way == 7:
        lines[at] = base64.b64encode(maker.chance.randbytes(maker.chance.choice([31, 32, 32, 32, 33]))).decode()
    elif way == 8:
        lines[at] = maker.chance.choice(["", "extra ", "index 0", "extra AA==", "c2sp.org/tlog-proof@v1", "—"])
    elif way == 9:
        lines[2:2] = [base64.b64encode(bytes(32)).decode()] * maker.chance.choice([1, 62, 63, 64, 70])
    else:
        lines[at] = "".join(reversed(lines[at]))
    return Case(f"proof {way} line {at}", canonical({**members, "proof": "\n".join(lines)}))


def _note(maker: Maker) -> Case:
    """Signature lines of others, of none, twice, under other names, of odd keys."""
    good = maker.good()
    text, _, signatures = good.proof.checkpoint.rpartition("\n\n")
    value = signatures.rstrip("\n").rpartition(" ")[2]
    name = maker.chance.choice([ORIGIN, "other", "a b", "a+b", "é", "", *(f"a{space}b" for space in SPACES)])
    foreign = f"— {name} {base64.b64encode(maker.chance.randbytes(maker.chance.choice([4, 5, 68, 200]))).decode()}\n"
    way = maker.chance.randrange(8)
    raw = base64.b64decode(value)
    order = 2**252 + 27742317777372353535851937790883648493
    larger = raw[:36] + (int.from_bytes(raw[36:], "little") + order).to_bytes(33, "little")[:32]
    changed = {
        0: signatures + foreign,
        1: foreign + signatures,
        2: foreign,
        3: signatures * maker.chance.choice([2, 16, 17]),
        4: f"— {ORIGIN} {base64.b64encode(larger).decode()}\n",
        5: f"— {ORIGIN} {base64.b64encode(raw[: maker.chance.randrange(4, 68)]).decode()}\n",
        6: f"— {ORIGIN} {base64.b64encode(raw + b'x').decode()}\n",
        7: signatures.replace("— ", maker.chance.choice(["- ", "—", "—  ", " — "])),
    }[way]
    note = f"{text}{maker.chance.choice(['', '', '', chr(10), chr(10) + 'more', chr(10) * 2])}\n\n{changed}"
    return Case(f"note {way}", _raw_receipt(good, note=note))


def _heads(maker: Maker) -> Case:
    """Signed again, so that the signature is right and something else is not."""
    good = maker.good()
    size = good.checkpoint.size
    way = maker.chance.randrange(8)
    by, origin = maker.signer, ORIGIN
    lines = [origin, str(size), base64.b64encode(good.checkpoint.root).decode()]
    index = good.proof.index
    if way == 0:
        lines[1] = str(max(0, size + maker.chance.choice([-1, 1, 2, -size, 2**40, 2**63 - 1 - size, 2**63 - size])))
    elif way == 1:
        lines[2] = base64.b64encode(maker.chance.randbytes(32)).decode()
    elif way == 2:
        index = max(0, index + maker.chance.choice([-1, 1, 5, 2**62, size]))
    elif way == 3:
        lines += maker.chance.choice([["an extension"], ["one", "two"], [""], ["\t"], ["é\u2028"]])
    elif way == 4:
        lines[0] = maker.chance.choice(["other.example/log", "", "a b", ORIGIN + " "])
    elif way == 5:
        by = maker.other
    elif way == 6:
        hashes = list(good.proof.hashes)
        maker.chance.shuffle(hashes)
        good = replace(good, proof=replace(good.proof, hashes=tuple(hashes)))
    else:
        return _odd_key(maker, good)
    text = "".join(f"{line}\n" for line in lines)
    value = base64.b64encode(maker.signer.verifier_key.key_id + by.sign_bytes(text.encode())).decode()
    return Case(f"head {way}", _raw_receipt(good, note=f"{text}\n— {ORIGIN} {value}\n", index=index))


def _odd_key(maker: Maker, good: Receipt) -> Case:
    """Points of small order and encodings that are none, under which some verifiers take any signature."""
    odd = [
        "01" + "00" * 31,
        "00" * 32,
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ff" * 32,
        "02" + "00" * 31,
    ]
    public = bytes.fromhex(maker.chance.choice(odd))
    name = maker.chance.choice([ORIGIN, "x" * 255, "x" * 256, "é" * 128, "a+b"])
    key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    vkey = f"{name}+{key_id.hex()}+{base64.b64encode(bytes([1]) + public).decode()}"
    signature = bytes.fromhex(maker.chance.choice(odd)) + bytes(32)
    text = good.proof.checkpoint.rpartition("\n\n")[0].replace(ORIGIN, name)
    value = base64.b64encode(key_id + signature).decode()
    return Case(
        f"odd key {public.hex()[:4]} {signature.hex()[:4]}",
        _raw_receipt(good, note=f"{text}\n\n— {name} {value}\n", key=vkey),
    )


def _anchor(maker: Maker) -> Case:
    """Anchors that are well formed and do not follow."""
    size = maker.chance.choice(SIZES)
    good = maker.receipt(maker.chance.randrange(size), size, size + maker.chance.choice([0, 1, 1, 5, 17, 30]))
    assert good.anchor is not None
    members: dict[str, Any] = good.anchor.members()
    proof = list(members["consistency"])
    way = maker.chance.randrange(8)
    if way == 0 and proof:
        proof.pop(maker.chance.randrange(len(proof)))
    elif way == 1:
        proof.insert(maker.chance.randrange(len(proof) + 1), maker.chance.choice([*proof, "00" * 32]))
    elif way == 2:
        maker.chance.shuffle(proof)
    elif way == 3:
        members["root"] = maker.chance.randbytes(32).hex()
    elif way == 4:
        members["size"] = max(1, members["size"] + maker.chance.choice([-1, 1, -size, 2**52, 7]))
    elif way == 5:
        members["root"] = members["root"].upper()
    elif way == 6:
        proof = ["00" * 32] * maker.chance.choice([63, 64, 65])
    else:
        members["contract"] = maker.chance.choice([members["contract"].upper(), "0x" + "A" * 40, "0x12", "a" * 42])
    whole = json.loads(good.encode())
    return Case(f"anchor {way}", canonical({**whole, "anchor": {**members, "consistency": proof}}))


def _raw_receipt(good: Receipt, *, note: str, index: int | None = None, key: str | None = None) -> bytes:
    """A receipt's bytes around a note of any kind."""
    members = json.loads(good.encode())
    head = members["proof"].partition("\n\n")[0]
    if index is not None:
        head = head.replace(f"\nindex {good.proof.index}", f"\nindex {index}")
    return canonical({**members, "key": key or members["key"], "proof": f"{head}\n\n{note}"})


def _respelt(line: str) -> str:
    """The last letter of base64 with stray bits, or white space inside."""
    if line.endswith("="):
        body = line.rstrip("=")
        return body[:-1] + chr(ord(body[-1]) + 1) + "=" * (len(line) - len(body))
    return line[:3] + " " + line[3:]


def _numbered(line: str, chance: random.Random) -> str:
    """Numbers of the proof in other spellings."""
    word, space, number = line.rpartition(" ")
    if not number.isdigit():
        return line
    other = chance.choice([f"0{number}", f"+{number}", f"{number}.0", "٣", f"{int(number) + 1}", "9223372036854775808"])
    return f"{word}{space}{other}"


_WAYS: Final[tuple[Callable[[Maker], Case], ...]] = (
    _plain, _bytes, _bytes, _json, _json_text, _proof_lines, _proof_lines, _note, _heads, _anchor,
    *broken_statements.WAYS, *broken_companions.WAYS,
)  # fmt: skip
