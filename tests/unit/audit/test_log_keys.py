"""Logs whose key was rotated, and forged rotations: what an auditor with any one of the keys finds."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.certificates import certificate, check_certificate
from ledger.audit.log_keys import MAX_ROTATIONS, next_keys, parse_keys
from ledger.audit.mirror import Mirror
from ledger.audit.opening import open_source_log
from ledger.audit.receipts import check_receipt
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import KEYS, FolderSource
from ledger.book.reputation import Judged
from ledger.errors import CrowdLedgerError, FormatError, NotFoundError, ProofError, SignatureError
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.log import LogKeyRotated
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import LogSigner
from ledger.tree.proofs import TlogProof
from ledger.tree.receipts import verify_log_part
from tests.unit.audit import logs
from tests.unit.book import story

SECOND, THIRD, STRANGER = (logs.log_signer() for _ in range(3))


@pytest.fixture(scope="module")
def before(signer: LogSigner) -> list[bytes]:
    return logs.a_story(signer, 5)


@pytest.fixture(scope="module")
def rotated(before: list[bytes], signer: LogSigner) -> list[bytes]:
    """Two rotations, far enough from each other for a bundle to be full between them."""
    once = logs.ticks([*before, kinds.encode(logs.rotation(before, signer, SECOND))], 300)
    return logs.ticks([*once, kinds.encode(logs.rotation(once, SECOND, THIRD))], 3)


@pytest.fixture(scope="module")
def chain(before: list[bytes], rotated: list[bytes], signer: LogSigner) -> list[tuple[int, LogSigner]]:
    return [(0, signer), (len(before), SECOND), (len(rotated) - 4, THIRD)]


@pytest.fixture(scope="module")
def file(rotated: list[bytes], chain: list[tuple[int, LogSigner]]) -> bytes:
    return logs.keys_file(rotated, chain)


def errors(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.check, finding.entry) for finding in report.findings if finding.severity == "error"]


def keys_of(chain: list[tuple[int, LogSigner]]) -> KeyChain:
    return KeyChain(tuple((entry, signer.verifier_key) for entry, signer in chain))


@pytest.mark.parametrize("published", [False, True])
def test_whoever_trusts_any_of_the_keys_may_read_on(
    tmp_path: Path, rotated: list[bytes], chain: list[tuple[int, LogSigner]], file: bytes, *, published: bool
) -> None:
    """With the published file, and without it from the entries."""
    source = FolderSource(logs.publish(tmp_path, rotated, THIRD))
    if published:
        logs.write(tmp_path / KEYS, file)
    opened = open_source_log(source)
    assert opened.keys == keys_of(chain)
    assert opened.key == THIRD.verifier_key
    for trusted in (None, *(signer for _, signer in chain)):
        report = audit(source, trusted_key=trusted.verifier_key if trusted else None)
        assert (report.verdict, report.findings) == ("pass", [])
        assert report.key == THIRD.verifier_key.vkey
        assert "3 keys" in report.checks[0].evidence
    assert errors(audit(source, trusted_key=STRANGER.verifier_key)) == [("checkpoint", None)]


def test_the_newer_key_does_not_vouch_for_an_older_head(
    tmp_path: Path, before: list[bytes], signer: LogSigner, file: bytes
) -> None:
    """Whoever stole the old key could have made it; an auditor who knows the new one is not content with it."""
    source = FolderSource(logs.publish(tmp_path, before, signer))
    logs.write(tmp_path / KEYS, file)
    assert audit(source, trusted_key=signer.verifier_key).verdict == "pass"
    assert errors(audit(source, trusted_key=SECOND.verifier_key)) == [("checkpoint", None)]


def test_earlier_mirrors_and_receipts_of_every_era(
    tmp_path: Path, before: list[bytes], rotated: list[bytes], chain: list[tuple[int, LogSigner]]
) -> None:
    source = FolderSource(logs.publish(tmp_path / "now", rotated, THIRD))
    held = []
    for number, (entry, signer) in enumerate(chain):
        part = rotated[: entry + 1 if entry else len(before)]
        earlier = FolderSource(logs.publish(tmp_path / str(number), part, signer))
        held.append((str(number), logs.receipt(part, 3, signer).encode()))
        assert audit(source, earlier=earlier, receipts=held).verdict == "pass"
    altered = logs.ticks(before[:5], len(before) - 5)
    earlier = FolderSource(logs.publish(tmp_path / "altered", altered, chain[0][1]))
    report = audit(source, earlier=earlier)
    assert (report.verdict, report.tampered_entry) == ("fail", 5)


@pytest.mark.parametrize("published", [False, True])
def test_a_retired_key_signs_no_later_head(
    tmp_path: Path, before: list[bytes], rotated: list[bytes], signer: LogSigner, file: bytes, *, published: bool
) -> None:
    for number, (retired, size) in enumerate([(signer, len(before) + 1), (signer, len(rotated)), (SECOND, 400)]):
        folder = tmp_path / str(number)
        source = FolderSource(logs.publish(folder, rotated[:size], retired))
        if published:
            logs.write(folder / KEYS, file)
        report = audit(source)
        assert report.verdict == "fail"
        assert errors(report)[0][0] == "checkpoint"
        late = logs.receipt(rotated[:size], 2, retired)
        with pytest.raises(SignatureError) as refused:
            verify_log_part(late, None, parse_keys(file))
        assert refused.value.members["check"] == "key"


def forgeries(before: list[bytes], signer: LogSigner) -> dict[str, LogKeyRotated]:
    """By name: what pretends to rotate the key to SECOND."""
    good = logs.rotation(before, signer, SECOND)
    other = LogSigner.generate("example.org/other")
    return {
        "not endorsed": msgspec.structs.replace(good, endorsed=logs.rotation(before, STRANGER, SECOND).endorsed),
        "not proved": msgspec.structs.replace(good, signature=good.endorsed),
        "other origin": msgspec.structs.replace(good, key=other.verifier_key.vkey),
        "of another key": logs.rotation(before, STRANGER, SECOND),
    }


@pytest.mark.parametrize("name", ["not endorsed", "not proved", "other origin", "of another key"])
def test_a_forged_rotation_has_no_effect_and_is_a_finding(
    name: str, tmp_path: Path, before: list[bytes], signer: LogSigner
) -> None:
    entry = kinds.encode(forgeries(before, signer)[name])
    forged = logs.ticks([*before, entry], 2)
    report = audit(FolderSource(logs.publish(tmp_path / "old", forged, signer)))
    assert errors(report) == [("rules", len(before))]
    thief = audit(FolderSource(logs.publish(tmp_path / "new", forged, SECOND)))
    assert errors(thief) == [("checkpoint", None)]
    keys = KeyChain.single(signer.verifier_key)
    assert next_keys(keys, entry, len(before)) == keys
    with pytest.raises(CrowdLedgerError):
        parse_keys(logs.keys_file(forged, [(0, signer), (len(before), SECOND)]))


def test_a_replayed_rotation_is_a_finding(tmp_path: Path, rotated: list[bytes], before: list[bytes]) -> None:
    replayed = [*rotated, rotated[len(before)]]
    report = audit(FolderSource(logs.publish(tmp_path, replayed, THIRD)))
    assert errors(report) == [("rules", len(rotated))]


def test_a_file_that_hides_the_last_rotation(
    tmp_path: Path, rotated: list[bytes], chain: list[tuple[int, LogSigner]]
) -> None:
    source = FolderSource(logs.publish(tmp_path, rotated, SECOND))
    logs.write(tmp_path / KEYS, logs.keys_file(rotated, chain[:2]))
    report = audit(source)
    assert errors(report) == [("checkpoint", chain[2][0])]


def test_a_file_whose_proofs_are_wrong_fails_the_audit(
    tmp_path: Path, rotated: list[bytes], chain: list[tuple[int, LogSigner]]
) -> None:
    """Or a service could keep every audit from its verdict."""
    source = FolderSource(logs.publish(tmp_path, rotated, THIRD))
    members = json.loads(logs.keys_file(rotated, chain))
    proof = TlogProof.parse(members["keys"][1]["proof"])
    members["keys"][1]["proof"] = replace(proof, hashes=(*proof.hashes[:-1], bytes(32))).format()
    logs.write(tmp_path / KEYS, json.dumps(members).encode())
    report = audit(source)
    assert (report.verdict, errors(report)) == ("fail", [("checkpoint", None)])


def test_a_file_of_another_log(tmp_path: Path, rotated: list[bytes], file: bytes) -> None:
    foreign = logs.a_story(STRANGER, 5)
    longer = [*foreign, kinds.encode(logs.rotation(foreign, STRANGER, SECOND))]
    source = FolderSource(logs.publish(tmp_path, longer, SECOND))
    logs.write(tmp_path / KEYS, file)
    with pytest.raises(SignatureError, match="begin with"):
        open_source_log(source)


def test_receipts_of_every_era_in_words(
    rotated: list[bytes], before: list[bytes], chain: list[tuple[int, LogSigner]], file: bytes
) -> None:
    keys = parse_keys(file)
    old = logs.receipt(before, 2, chain[0][1]).encode()
    new = logs.receipt(rotated, 2, THIRD).encode()
    for trusted in [signer.verifier_key for _, signer in chain]:
        for data in (old, new):
            result = check_receipt(data, trusted_key=trusted, keys=keys)
            assert (result.verdict, result.steps[1].verdict) == ("pass", "ok")
    said = {step.name: step for step in check_receipt(old, keys=keys).steps}
    assert said["key"].verdict == said["retired-key"].verdict == "unproven"
    assert f"Entry {len(before)} retired this key" in said["retired-key"].words
    assert "retired-key" not in [step.name for step in check_receipt(new, keys=keys).steps]
    without = check_receipt(new, trusted_key=chain[0][1].verifier_key)
    assert (without.verdict, without.steps[-1].name) == ("fail", "key")
    with pytest.raises(SignatureError) as refused:
        verify_log_part(logs.receipt(rotated, 2, THIRD), chain[0][1].verifier_key)
    assert "--keys" in refused.value.remedy
    stranger = check_receipt(new, trusted_key=STRANGER.verifier_key, keys=keys)
    assert (stranger.verdict, stranger.steps[-1].name) == ("fail", "key")


def test_a_certificate_of_two_eras(before: list[bytes], rotated: list[bytes], signer: LogSigner, file: bytes) -> None:
    said = [kinds.parse(data) for data in before]
    (opened,) = [index for index, each in enumerate(said) if isinstance(each, CampaignOpened)]
    given = next(index for index, each in enumerate(said) if isinstance(each, ContributionSubmitted))
    work = said[given]
    made = next(
        index for index, each in enumerate(said) if isinstance(each, DecisionMade) and each.contribution == work.id
    )
    judged = Judged.of(given, work.campaign, made, said[made])
    data = certificate(
        log=story.ORIGIN,
        contributor=work.contributor,
        campaign=logs.receipt(before, opened, signer).encode(),
        work=[(logs.receipt(before, given, signer).encode(), logs.receipt(rotated, made, THIRD).encode())],
        judged=[judged],
    )
    for trusted in (None, signer.verifier_key, SECOND.verifier_key, THIRD.verifier_key):
        result = check_certificate(data, trusted, parse_keys(file))
        assert (result.verdict, result.trusted) == ("pass", trusted is not None)
        assert check_certificate(data, trusted).verdict == "fail"


@pytest.mark.parametrize("published", [False, True])
def test_a_mirror_made_before_goes_on(
    tmp_path: Path, before: list[bytes], rotated: list[bytes], chain: list[tuple[int, LogSigner]], *, published: bool
) -> None:
    mirror = Mirror(tmp_path / "mirror")
    sizes = [len(before), len(before) + 1, 290, chain[2][0] + 1, len(rotated)]
    for size, signer in zip(sizes, [chain[0][1], SECOND, SECOND, THIRD, THIRD], strict=True):
        folder = logs.publish(tmp_path / str(size), rotated[:size], signer)
        if published:
            logs.write(folder / KEYS, logs.keys_file(rotated, [each for each in chain if each[0] < size]))
        assert mirror.sync(FolderSource(folder)).key == signer.verifier_key
        assert (mirror.folder / KEYS).exists() == published
    opened = open_source_log(mirror.source(), chain[0][1].verifier_key)
    assert opened.keys == keys_of(chain)
    assert audit(mirror.source(), trusted_key=SECOND.verifier_key).verdict == "pass"


def test_a_mirror_takes_nothing_from_a_retired_key(
    tmp_path: Path, before: list[bytes], rotated: list[bytes], signer: LogSigner, file: bytes
) -> None:
    """Neither a head that covers the rotation nor, once it has mirrored that, a log without it."""
    mirror = Mirror(tmp_path / "mirror")
    mirror.sync(FolderSource(logs.publish(tmp_path / "before", before, signer)))
    held = logs.files(mirror.folder)
    late = FolderSource(logs.publish(tmp_path / "late", rotated[: len(before) + 9], signer))
    with pytest.raises(ProofError, match="not signed by the key"):
        mirror.sync(late)
    assert logs.files(mirror.folder) == held
    mirror.sync(FolderSource(logs.publish(tmp_path / "right", rotated[: len(before) + 2], SECOND)))
    held = logs.files(mirror.folder)
    fork = logs.publish(tmp_path / "fork", logs.ticks(before, 30), signer)
    logs.write(fork / KEYS, file)
    with pytest.raises(ProofError) as forked:
        mirror.sync(FolderSource(fork))
    assert forked.value.members["entry"] == len(before)
    assert logs.files(mirror.folder) == held


class TwoFaced(FolderSource):
    """Gives another file of keys from the second time on."""

    def __init__(self, folder: Path, second: bytes | None) -> None:
        super().__init__(folder)
        self._second = second
        self._asked = 0

    def fetch(self, path: str, limit: int) -> bytes:
        if path == KEYS:
            self._asked += 1
            if self._asked > 1:
                if self._second is None:
                    raise NotFoundError("There is none.")
                return self._second
        return super().fetch(path, limit)


@pytest.mark.parametrize("second", ["none", "the first key", "another rotation", "garbage"])
def test_no_file_of_keys_spoils_a_mirror(
    second: str,
    tmp_path: Path,
    before: list[bytes],
    rotated: list[bytes],
    chain: list[tuple[int, LogSigner]],
    file: bytes,
) -> None:
    """Not one that the mirror has from before, and none that contradicts the entries."""
    other = logs.ticks([*before, kinds.encode(logs.rotation(before, chain[0][1], STRANGER))], 3)
    replies = {
        "none": None,
        "the first key": logs.keys_file(rotated, chain[:1]),
        "another rotation": logs.keys_file(other, [chain[0], (len(before), STRANGER)]),
        "garbage": file.replace(b"index", b"xedni"),
    }
    mirror = Mirror(tmp_path / "mirror")
    old = logs.publish(tmp_path / "before", before, chain[0][1])
    logs.write(old / KEYS, logs.keys_file(rotated, chain[:1]))
    mirror.sync(FolderSource(old))
    source = logs.publish(tmp_path / "rotated", rotated, THIRD)
    logs.write(source / KEYS, file)
    mirror.sync(TwoFaced(source, replies[second]))
    assert open_source_log(mirror.source(), chain[0][1].verifier_key).keys == keys_of(chain)
    assert audit(mirror.source()).verdict == "pass"
    mirror.sync(FolderSource(source))
    assert (mirror.folder / KEYS).read_bytes() == file


# ---- the file of the keys ----


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_byte_of_the_file_is_changed(data: st.DataObject, file: bytes, signer: LogSigner) -> None:
    """It is refused with an error of ours, or says the same."""
    position = data.draw(st.integers(0, len(file) - 1))
    changed = bytearray(file)
    changed[position] = data.draw(st.integers(0, 255))
    with suppress(FormatError, SignatureError, ProofError):
        assert parse_keys(bytes(changed)) == parse_keys(file)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_members_are_moved_or_dropped(data: st.DataObject, file: bytes) -> None:
    members = json.loads(file)["keys"]
    drawn = data.draw(st.lists(st.sampled_from(members), max_size=4))
    encoded = json.dumps({"v": 1, "keys": drawn}).encode()
    if drawn == members[: len(drawn)] and drawn:
        assert parse_keys(encoded).keys == parse_keys(file).keys[: len(drawn)]
    else:
        with pytest.raises((FormatError, SignatureError, ProofError)):
            parse_keys(encoded)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_chains_of_any_keys_in_any_order(data: st.DataObject, before: list[bytes], signer: LogSigner) -> None:
    """The book, the reader of entries and the file agree on which rotations count."""
    signers = [signer, SECOND, THIRD, STRANGER]
    pairs = data.draw(st.lists(st.permutations(signers).map(lambda drawn: drawn[:2]), max_size=6))
    entries, keys = list(before), KeyChain.single(signer.verifier_key)
    told = story.Book()
    for index, entry in enumerate(entries):
        told.fold_bytes(entry, index)
    counted = [(0, signer)]
    for old, new in pairs:
        entries.append(kinds.encode(logs.rotation(entries, old, new)))
        keys = next_keys(keys, entries[-1], len(entries) - 1)
        told.fold_bytes(entries[-1], len(entries) - 1)
        if old is counted[-1][1] and new not in [each for _, each in counted]:
            counted.append((len(entries) - 1, new))
    assert KeyChain.of(told.facts.log_keys) == keys == keys_of(counted)
    assert len(told.findings) == len(pairs) + 1 - len(counted)
    assert parse_keys(logs.keys_file(entries, counted)) == keys


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": "1"},
        {"v": True},
        {"more": 1},
        {"keys": []},
        {"keys": [1]},
        {"keys": None},
        {"keys": [{"key": "no key", "from_index": 0}]},
        {"keys": [{"key": 1, "from_index": 0}]},
        {"keys": [{"key": SECOND.verifier_key.vkey, "from_index": 1}]},
        {"keys": [{"key": SECOND.verifier_key.vkey, "from_index": 0, "proof": ""}]},
        {"keys": [{"key": SECOND.verifier_key.vkey, "from_index": False}]},
        {"keys": [{"key": SECOND.verifier_key.vkey, "from_index": 0}] * (MAX_ROTATIONS + 2)},
    ],
)
def test_what_is_no_file_of_keys(change: dict[str, object], file: bytes) -> None:
    with pytest.raises(FormatError):
        parse_keys(json.dumps(json.loads(file) | change).encode())
    for data in (b"", b"[]", b"\xff", b"[" * 100_000):
        with pytest.raises(FormatError):
            parse_keys(data)
