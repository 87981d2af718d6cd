"""An audit whose work is spread over processes finds what one process finds, byte for byte."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from coincurve import PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.audit import reading, run
from ledger.audit.processes import Processes
from ledger.audit.reading import Reader
from ledger.audit.run import audit
from ledger.audit.signed import wrong_signatures
from ledger.audit.source import FolderSource, Source, UrlSource
from ledger.errors import CrowdLedgerError, NotFoundError, ProofError
from ledger.statements import kinds, signatures
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.decisions import DecisionMade
from ledger.statements.signatures import Domain
from ledger.statements.wallets import WalletLinked
from ledger.tree.keys import LogSigner
from ledger.tree.tiles import decode_entries, encode_entries
from tests.unit.audit import logs
from tests.unit.audit.test_source import Service, service  # noqa: F401
from tests.unit.book import story

SIZE = 900


@dataclass
class Pool:
    """Two processes, started anew where an error has ended them."""

    processes: Processes

    def get(self) -> Processes:
        if not self.processes._children:
            self.processes = Processes(2)
        return self.processes


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(Processes(2))
    yield made
    made.processes.close()


@pytest.fixture(scope="module")
def busy(signer: LogSigner) -> list[bytes]:
    """The entries of a log with runs of one moment, over the ends of bundles too, and with links of wallets."""
    told = story.Story()
    told.entries[0] = msgspec.structs.replace(told.entries[0], key=signer.verifier_key.vkey)
    campaigns = [told.campaign(decision=50, appeal=20) for _ in range(2)]
    tasks = [told.task(campaign) for campaign in campaigns]
    for person in range(3):
        told.submit(campaigns[0], person)
        told.link(person, story.wallet(person))
    while len(told.entries) < SIZE:
        told.wait(3)
        which = len(told.entries) % 2
        made = [told.submit(campaigns[which], each % 9, task=tasks[which]) for each in range(35)]
        told.wait(2)
        for number, contribution in enumerate(made[:30]):
            told.decide(contribution, "rejected" if number % 5 else "accepted")
    return [kinds.encode(statement) for statement in told.entries[:SIZE]]


def outcome(work: Callable[[], bytes]) -> tuple[str, str]:
    """A report's bytes, or the error that kept it from being made."""
    try:
        return "report", work().decode()
    except CrowdLedgerError as error:
        return type(error).__name__, str(error)


def both(pool: Pool, source: Callable[[], Source], **more: object) -> tuple[str, str]:
    """The outcome of one process and of several, which must be the same."""
    with source() as alone:
        expected = outcome(lambda: audit(alone, **more).encode())
    with pytest.MonkeyPatch.context() as patch, source() as shared:
        patch.setattr(run, "started", lambda entries, count: nullcontext(pool.get()))
        patch.setattr(reading, "STRETCH", 1)
        assert outcome(lambda: audit(shared, **more).encode()) == expected
    return expected


PLACES = st.integers(1, SIZE - 5)
CHANGES = ("altered", "removed", "reordered", "doubled", "garbage", "early", "copied", "unsigned")


def damaged(entries: list[bytes], change: str, place: int, other: int) -> list[bytes]:
    bad = list(entries)
    match change:
        case "altered":
            bad[place] = bad[place].replace(b"accepted", b"rejected").replace(b"-7", b"-8", 1)
        case "removed":
            del bad[place]
        case "reordered":
            bad[place], bad[other] = bad[other], bad[place]
        case "doubled":
            bad.insert(place, bad[other])
        case "garbage":
            bad[place : place + other % 3 + 1] = [b"{}"] * (other % 3 + 1)
        case "early":
            bad[place] = bad[place].replace(b'"at":"2', b'"at":"1', 1)
        case "copied":
            bad[place] = bad[other]
        case "unsigned":
            bad = [each.replace(b"1b", b"1c") if b'"wallet.linked"' in each else each for each in bad]
    return bad


DAMAGE = given(
    changes=st.lists(
        st.tuples(st.sampled_from(CHANGES), st.integers(1, SIZE - 5), st.integers(1, SIZE - 5)), max_size=4
    ),
    file=st.sampled_from(["", "", "tile/0/001", "tile/entries/001", "tile/1/000.p/3", "tile/0/000", "checkpoint"]),
    how=st.sampled_from(["missing", "cut", "flipped", "longer"]),
    mirrored=st.sampled_from([0, 0, 300, 700]),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@DAMAGE
def test_the_same_findings(
    changes: list[tuple[str, int, int]],
    file: str,
    how: str,
    mirrored: int,
    pool: Pool,
    busy: list[bytes],
    signer: LogSigner,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    check_damage(changes, file, how, mirrored, pool, busy, signer, tmp_path_factory.mktemp("spread"))


@pytest.mark.long
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@DAMAGE
def test_the_same_findings_long(
    changes: list[tuple[str, int, int]],
    file: str,
    how: str,
    mirrored: int,
    pool: Pool,
    busy: list[bytes],
    signer: LogSigner,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    check_damage(changes, file, how, mirrored, pool, busy, signer, tmp_path_factory.mktemp("spread"))


def check_damage(
    changes: list[tuple[str, int, int]],
    file: str,
    how: str,
    mirrored: int,
    pool: Pool,
    busy: list[bytes],
    signer: LogSigner,
    folder: Path,
) -> None:
    bad = busy
    for change, place, other in changes:
        bad = damaged(bad, change, min(place, len(bad) - 4), min(other, len(bad) - 4))
    log = logs.publish(folder / "log", bad, signer)
    if file and (log / file).exists():
        spoil(log / file, how)
    earlier = FolderSource(logs.publish(folder / "earlier", busy[:mirrored], signer)) if mirrored else None
    both(pool, lambda: FolderSource(log), earlier=earlier)


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "flipped":
            path.write_bytes(bytes([data[0] ^ 1, *data[1:]]))
        case _:
            path.write_bytes(data * 2)


def test_an_honest_log_passes(pool: Pool, busy: list[bytes], signer: LogSigner, tmp_path: Path) -> None:
    kind, report = both(pool, lambda: FolderSource(logs.publish(tmp_path, busy, signer)))
    assert kind == "report"
    assert '"verdict":"pass"' in report


def test_two_faults_are_told_in_the_order_of_the_log(
    pool: Pool, busy: list[bytes], signer: LogSigner, tmp_path: Path
) -> None:
    """What ends the comparison of tiles ends it at the same one, and the first bundle that is missing is named."""
    log = logs.publish(tmp_path, busy, signer)
    spoil(log / "tile/0/000", "flipped")
    spoil(log / "tile/0/001", "missing")
    spoil(log / "tile/0/002", "flipped")
    spoil(log / "tile/1/000.p/3", "flipped")
    kind, report = both(pool, lambda: FolderSource(log))
    assert kind == "report"
    assert "tile/0/000' is not" in report
    assert "has no file 'tile/0/001'" in report
    assert "tile/0/002" not in report
    spoil(log / "tile/entries/001", "missing")
    spoil(log / "tile/entries/002", "cut")
    assert "tile/entries/001" in both(pool, lambda: FolderSource(log))[1]


class Late(FolderSource):
    """Bundle 0 comes only when it is known that tile 1 cannot be had."""

    parallel = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.refused = threading.Event()

    def fetch(self, path: str, limit: int) -> bytes:
        if path == "tile/entries/000":
            assert self.refused.wait(10)
            time.sleep(0.1)
        if path == "tile/0/001":
            self.refused.set()
        return super().fetch(path, limit)


def test_a_tile_that_cannot_be_had_keeps_none_before_it_from_being_compared(
    busy: list[bytes], signer: LogSigner, tmp_path: Path
) -> None:
    log = logs.publish(tmp_path, busy, signer)
    spoil(log / "tile/0/000", "flipped")
    spoil(log / "tile/0/001", "missing")
    faults = [bundle.fault for bundle in Reader(Late(log), SIZE, 2, with_tiles=True)(range(4))]
    assert isinstance(faults[0], ProofError)
    assert isinstance(faults[1], NotFoundError)
    assert faults[2:] == [None, None]


def test_over_http(pool: Pool, service: Service) -> None:  # noqa: F811
    assert both(pool, lambda: UrlSource(service.url))[0] == "report"


@pytest.mark.long
def test_a_tile_that_is_not_answered_is_told_alike(pool: Pool, service: Service) -> None:  # noqa: F811
    service.replies["/logs/main/tile/0/000"] = [(503, b"", {})] * 100
    assert both(pool, lambda: UrlSource(service.url))[0] == "UnavailableError"


DOMAIN = Domain(31337, "0x" + 40 * "1", "0x" + 64 * "2")


def test_the_same_wrong_signatures(pool: Pool, busy: list[bytes]) -> None:
    keys = [PrivateKey(bytes([number]) * 32) for number in (1, 2)]
    signed: list[tuple[int, ContributionSubmitted | DecisionMade]] = []
    for index, data in enumerate(busy[:700]):
        statement = kinds.parse(data)
        if isinstance(statement, ContributionSubmitted | DecisionMade):
            digest = signatures.statement_digest(DOMAIN, statement)
            raw = keys[index % 7 == 0].sign_recoverable(digest, hasher=None)
            value = f"0x{raw[:64].hex()}{raw[64] + 27:02x}"
            address = signatures.recover(signatures.statement_digest(DOMAIN, statement), value)
            signed.append(
                (index, msgspec.structs.replace(statement, signature=Signature(address=address, value=value)))
            )
    assert list(wrong_signatures(DOMAIN, signed, pool.get())) == []
    elsewhere = Domain(1, DOMAIN.contract, DOMAIN.log_id)
    expected = list(wrong_signatures(elsewhere, signed, None))
    assert len(expected) == len(signed) > 250
    assert list(wrong_signatures(elsewhere, signed, pool.get())) == expected


def test_what_the_fold_would_parse_and_verify_is_known_before_it(
    busy: list[bytes], signer: LogSigner, tmp_path: Path
) -> None:
    source = FolderSource(logs.publish(tmp_path, busy, signer))
    (bundle,) = Reader(source, SIZE, 1, ahead_of_fold=True)(range(1))
    links = [link for data in bundle.entries if isinstance(link := kinds.parse(data), WalletLinked)]
    assert len(links) == 3
    assert bundle.signers == {(signatures.message_digest(link.message), link.signature): link.address for link in links}
    for place, plain in bundle.plain:
        assert [kinds.parse(data).id for data in bundle.entries[place : place + len(plain)]] == plain.ids
    assert sum(len(plain) for _, plain in bundle.plain) > 150


def test_a_bundle_that_says_fewer_entries_is_refused_alike(
    pool: Pool, busy: list[bytes], signer: LogSigner, tmp_path: Path
) -> None:
    log = logs.publish(tmp_path, busy, signer)
    bundle = log / "tile/entries/001"
    bundle.write_bytes(encode_entries(decode_entries(bundle.read_bytes())[:200]))
    assert "holds 200 entries, not 256" in both(pool, lambda: FolderSource(log))[1]
