import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.report import Check, Report
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.errors import NotFoundError, ProofError, SignatureError
from ledger.statements import canonical, kinds
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.settlements import RewardsSettled
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt
from tests.unit.audit import logs


def verdicts(report: Report) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks}


def errors(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.check, finding.entry) for finding in report.findings if finding.severity == "error"]


def test_an_honest_log_passes(published: Path, entries: list[bytes], signer: LogSigner) -> None:
    seen: list[tuple[int, int]] = []
    report = audit(FolderSource(published), progress=lambda done, total: seen.append((done, total)))
    assert report.verdict == "pass"
    assert report.findings == []
    assert (report.entries, report.key) == (len(entries), signer.verifier_key.vkey)
    assert verdicts(report) == {
        "checkpoint": "pass",
        "tiles": "pass",
        "statements": "pass",
        "times": "pass",
        "rules": "pass",
        "settlements": "pass",
        "contents": "pass",
        "mirror": "skipped",
        "anchors": "skipped",
        "signatures": "pass",
    }
    assert seen[-1] == (len(entries), len(entries))
    assert any("--rpc" in sentence for sentence in report.proves)


def test_the_report_is_canonical_and_the_same_again(published: Path) -> None:
    report = audit(FolderSource(published))
    assert report.encode() == audit(FolderSource(published)).encode()
    members = canonical.decode(report.encode())
    assert isinstance(members, dict)
    assert members["verdict"] == "pass"
    assert "tampered_entry" not in members


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_the_operator_rewrites_an_earlier_mirror_names(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, signer: LogSigner, entries: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("tampered")
    mirrored = data.draw(st.integers(3, len(entries)), "mirrored")
    index = data.draw(st.integers(1, mirrored - 2), "index")
    change = data.draw(st.sampled_from(["altered", "removed", "reordered", "inserted", "cut"]), "change")
    bad, where = list(entries), index
    match change:
        case "altered":
            bad[index] = bad[index].replace(b'"at":"2', b'"at":"1', 1)
        case "removed":
            del bad[index]
        case "reordered":
            bad[index], bad[index + 1] = bad[index + 1], bad[index]
        case "inserted":
            bad.insert(index, bad[-1])
        case _:
            del bad[index:]
    earlier = FolderSource(logs.publish(folder / "earlier", entries[:mirrored], signer))
    report = audit(FolderSource(logs.publish(folder / "bad", bad, signer)), earlier=earlier)
    assert report.verdict == "fail"
    assert report.tampered_entry == where
    assert ("mirror", where) in errors(report)
    assert verdicts(report)["checkpoint"] == "pass"


def test_growth_is_no_tampering(tmp_path: Path, published: Path, signer: LogSigner, entries: list[bytes]) -> None:
    earlier = FolderSource(logs.publish(tmp_path / "earlier", entries[:50], signer))
    report = audit(FolderSource(published), earlier=earlier)
    assert report.verdict == "pass"
    assert report.tampered_entry is None
    assert verdicts(report)["mirror"] == "pass"


def test_a_head_signed_by_another_key_fails(tmp_path: Path, published: Path) -> None:
    other = logs.log_signer()
    forged = FolderSource(logs.publish(tmp_path / "forged", logs.a_story(other, 100), other))
    report = audit(forged, earlier=FolderSource(published))
    assert errors(report) == [("checkpoint", None)]
    assert report.verdict == "fail"
    report = audit(FolderSource(published), trusted_key=other.verifier_key)
    assert errors(report) == [("checkpoint", None)]


def test_a_damaged_earlier_mirror_stops_the_audit(
    tmp_path: Path, published: Path, signer: LogSigner, entries: list[bytes]
) -> None:
    earlier = logs.publish(tmp_path / "earlier", entries[:60], signer)
    bundle = earlier / "tile" / "entries" / "000.p" / "60"
    bundle.write_bytes(bundle.read_bytes().replace(b"accepted", b"rejected", 1))
    with pytest.raises(ProofError, match="earlier mirror"):
        audit(FolderSource(published), earlier=FolderSource(earlier))


def test_entries_that_do_not_lead_to_the_head_fail(published: Path) -> None:
    bundle = published / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b"accepted", b"rejected", 1))
    report = audit(FolderSource(published))
    assert {check for check, _ in errors(report)} == {"checkpoint", "tiles"}


def test_wrong_and_missing_tiles_fail(published: Path) -> None:
    tile = published / "tile" / "0" / "000"
    tile.write_bytes(tile.read_bytes()[:-1] + b"!")
    assert errors(audit(FolderSource(published))) == [("tiles", None)]
    tile.unlink()
    assert errors(audit(FolderSource(published))) == [("tiles", None)]


def test_missing_entries_stop_the_audit(published: Path) -> None:
    (published / "tile" / "entries" / "000").unlink()
    with pytest.raises(NotFoundError):
        audit(FolderSource(published))


@pytest.mark.parametrize(
    "bad", [b"{}", b"", b'{"kind":"clock.tick","at":"2026-01-01T00:00:00.000Z","v":1}', b"\xff", b'{"v":2}']
)
def test_an_entry_that_is_no_statement_fails(
    tmp_path: Path, signer: LogSigner, entries: list[bytes], bad: bytes
) -> None:
    report = audit(FolderSource(logs.publish(tmp_path / "bad", [*entries[:9], bad, *entries[9:20]], signer)))
    assert ("statements", 9) in errors(report)


def test_time_that_goes_back_fails(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    early = kinds.encode(msgspec.structs.replace(kinds.parse(entries[-1]), at="2020-01-01T00:00:00.000Z"))
    report = audit(FolderSource(logs.publish(tmp_path / "bad", [*entries, early], signer)))
    assert errors(report) == [("times", len(entries))]


def test_a_statement_without_effect_is_listed(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    at = kinds.parse(entries[-1]).at
    again = kinds.encode(msgspec.structs.replace(kinds.parse(entries[1]), at=at))
    report = audit(FolderSource(logs.publish(tmp_path / "twice", [*entries, again], signer)))
    assert report.verdict == "pass"
    assert [(f.severity, f.check, f.entry) for f in report.findings] == [("warning", "rules", len(entries))]


def test_a_settlement_that_does_not_follow_fails(tmp_path: Path, signer: LogSigner) -> None:
    good = logs.a_story(signer, 30, paid=True)
    assert audit(FolderSource(logs.publish(tmp_path / "good", good, signer))).verdict == "pass"
    settled = kinds.parse(good[-1])
    assert isinstance(settled, RewardsSettled)
    line = settled.campaigns[0]
    for number, change in enumerate(
        [
            {"total": str(int(settled.total) + 1)},
            {"root": "0x" + 64 * "1"},
            {"proposal": "0x" + 64 * "1"},
            {"size": settled.size - 1},
            {"size": settled.size + 1},
            {"number": 2},
            {"parent": 1},
            {"campaigns": []},
            {"campaigns": [msgspec.structs.replace(line, total=str(int(line.total) - 1))]},
            {"campaigns": [msgspec.structs.replace(line, final=not line.final)]},
        ]
    ):
        lie = kinds.encode(msgspec.structs.replace(settled, **change))
        bad = FolderSource(logs.publish(tmp_path / f"bad-{number}", [*good[:-1], lie], signer))
        assert set(errors(audit(bad))) == {("settlements", len(good) - 1)}, change


def test_signatures_wait_for_their_contract(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    index, first = next(
        (index, statement)
        for index, data in enumerate(entries)
        if isinstance(statement := kinds.parse(data), ContributionSubmitted)
    )
    mark = Signature(address="0x" + 40 * "1", value="0x" + 64 * "1" + 64 * "2" + "1b")
    signed = [*entries[:index], kinds.encode(msgspec.structs.replace(first, signature=mark)), *entries[index + 1 :]]
    report = audit(FolderSource(logs.publish(tmp_path / "signed", signed, signer)))
    assert verdicts(report)["signatures"] == "skipped"


def receipt_of(entries: list[bytes], signer: LogSigner, index: int, size: int) -> bytes:
    leaves = [merkle.leaf_hash(entry) for entry in entries[:size]]
    note = sign(Checkpoint(signer.name, size, merkle.root(leaves)), signer)
    proof = merkle.inclusion_proof(index, size, leaves)
    return Receipt.issue(signer.verifier_key, entries[index], index, proof, note).encode()


def test_receipts_name_what_was_rewritten(
    tmp_path: Path, published: Path, signer: LogSigner, entries: list[bytes]
) -> None:
    held = [(f"{index}.json", receipt_of(entries, signer, index, 60)) for index in (5, 20, 40)]
    report = audit(FolderSource(published), receipts=held)
    assert (report.verdict, verdicts(report)["receipts"]) == ("pass", "pass")
    for index in (20, 40, 41):
        bad = [*entries[:index], entries[index].replace(b"-7", b"-8", 1), *entries[index + 1 :]]
        report = audit(FolderSource(logs.publish(tmp_path / f"bad-{index}", bad, signer)), receipts=held)
        assert report.tampered_entry == (index if index != 41 else None)
        assert ("receipts", None) in errors(report)  # the head of size 60, whichever entry was rewritten
    short = logs.publish(tmp_path / "short", entries[:30], signer)
    assert audit(FolderSource(short), receipts=held).tampered_entry == 40


def test_a_receipt_that_does_not_verify_stops_the_audit(published: Path, entries: list[bytes]) -> None:
    other = logs.log_signer()
    with pytest.raises(SignatureError):
        audit(FolderSource(published), receipts=[("other.json", receipt_of(entries, other, 5, 60))])


def test_a_check_keeps_fifty_findings_and_counts_the_rest() -> None:
    check = Check("name", "title")
    for number in range(60):
        check.add("warning", "w", entry=number)
    check.error("the one that counts")
    assert (len(check.findings), check.more, check.verdict) == (51, 10, "fail")
    report = Report("s", "o", "k", 0, "r", [check])
    assert report.members()["more_findings"] == 10
    assert report.findings[0].severity == "error"
    assert json.loads(report.encode())["verdict"] == "fail"


def test_two_receipts_of_one_size_are_both_compared(published: Path, entries: list[bytes], signer: LogSigner) -> None:
    """One of them is of a fork in which its own entry is the same: the other must not hide that."""
    fork = [*entries[:30], entries[31], entries[30], *entries[32:60]]
    held = [("fork", receipt_of(fork, signer, 5, 60)), ("right", receipt_of(entries, signer, 5, 60))]
    for receipts in (held, held[::-1]):
        report = audit(FolderSource(published), receipts=receipts)
        (error,) = [finding for finding in report.findings if finding.severity == "error"]
        assert "'fork'" in error.detail


def test_a_receipt_of_a_retired_key_may_be_a_thiefs(tmp_path: Path, signer: LogSigner) -> None:
    before, new = logs.a_story(signer, 5), logs.log_signer()
    rotated = logs.ticks([*before, kinds.encode(logs.rotation(before, signer, new))], 3)
    forged = logs.receipt(logs.ticks(before[:4], 5), 6, signer).encode()
    report = audit(FolderSource(logs.publish(tmp_path, rotated, new)), receipts=[("forged", forged)])
    assert report.verdict == "fail"
    assert all(f"entry {len(before)} retired" in each.detail for each in report.findings if each.severity == "error")
