from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.mirror import Mirror, first_difference
from ledger.audit.published import path_of
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.errors import ConfigError, NotFoundError, ProofError, SignatureError
from ledger.tree.keys import LogSigner
from tests.unit.audit import logs
from tests.unit.book import story


def test_a_mirror_has_the_files_of_the_service(tmp_path: Path, published: Path, entries: list[bytes]) -> None:
    seen: list[tuple[int, int]] = []
    mirror = Mirror(tmp_path / "mirror")
    done = mirror.sync(FolderSource(published), progress=lambda done, total: seen.append((done, total)))
    assert (done.old_size, done.new_size) == (0, len(entries))
    assert logs.files(mirror.folder) == logs.files(published)
    assert seen[-1] == (len(entries), len(entries))


@pytest.mark.parametrize("sizes", [(1, 2, 255, 256, 257), (100, 100, 310), (256, 512), (3, 307)])
def test_a_mirror_grows_and_keeps_what_its_checkpoints_were_made_for(
    tmp_path: Path, signer: LogSigner, sizes: tuple[int, ...]
) -> None:
    """Partial tiles of the sizes it has had stay until the full one has come (c2sp.org/tlog-tiles)."""
    entries = logs.a_story(signer, 200)
    mirror = Mirror(tmp_path / "mirror")
    old, expected = 0, dict[str, bytes]()
    for size in sizes:
        source = logs.publish(tmp_path / f"at-{size}", entries[:size], signer, {"size": size})
        done = mirror.sync(FolderSource(source))
        assert (done.old_size, done.new_size) == (old, size)
        expected |= logs.files(source)
        full = {path for path in expected if path.startswith("tile/") and ".p/" not in path}
        expected = {path: data for path, data in expected.items() if path.partition(".p/")[0] not in full - {path}}
        assert logs.files(mirror.folder) == expected
        old = size


def test_a_mirror_of_a_mirror_is_the_same(tmp_path: Path, published: Path) -> None:
    first, second = Mirror(tmp_path / "first"), Mirror(tmp_path / "second")
    first.sync(FolderSource(published))
    second.sync(first.source())
    assert logs.files(first.folder) == logs.files(second.folder)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_rewritten_log_changes_nothing_and_is_named(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, signer: LogSigner, entries: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("rewritten")
    mirror = Mirror(folder / "mirror")
    size = data.draw(st.integers(2, len(entries)), "mirrored")
    mirror.sync(FolderSource(logs.publish(folder / "good", entries[:size], signer)))
    before = logs.files(mirror.folder)
    index = data.draw(st.integers(1, size - 1), "altered")
    bad = [*entries[:index], entries[index].replace(b"Z", b"z", 1), *entries[index + 1 :]]
    with pytest.raises(ProofError, match=f"entry {index} differs") as caught:
        mirror.sync(FolderSource(logs.publish(folder / "bad", bad, signer)))
    assert caught.value.members["entry"] == index
    assert logs.files(mirror.folder) == before


def test_a_shorter_log_is_refused(tmp_path: Path, published: Path, signer: LogSigner, entries: list[bytes]) -> None:
    mirror = Mirror(tmp_path / "mirror")
    mirror.sync(FolderSource(published))
    before = logs.files(mirror.folder)
    with pytest.raises(ProofError, match="entries are missing"):
        mirror.sync(FolderSource(logs.publish(tmp_path / "short", entries[:-1], signer)))
    assert logs.files(mirror.folder) == before


def test_entries_must_lead_to_the_signed_root(tmp_path: Path, published: Path) -> None:
    bundle = published / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b"accepted", b"rejected", 1))
    with pytest.raises(ProofError, match="do not lead to the root"):
        Mirror(tmp_path / "mirror").sync(FolderSource(published))
    assert not (tmp_path / "mirror" / "checkpoint").exists()


def test_a_wrong_tile_is_named(tmp_path: Path, published: Path) -> None:
    tile = published / "tile" / "0" / "000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(ProofError, match="'tile/0/000'"):
        Mirror(tmp_path / "mirror").sync(FolderSource(published))


def test_a_wrong_signature_is_refused(tmp_path: Path, published: Path) -> None:
    origin, size, rest = (published / "checkpoint").read_text().split("\n", 2)
    (published / "checkpoint").write_text(f"{origin}\n{int(size) - 1}\n{rest}")
    with pytest.raises((SignatureError, NotFoundError)):
        Mirror(tmp_path / "mirror").sync(FolderSource(published))


def test_another_key_than_the_trusted_one_is_refused(tmp_path: Path, published: Path) -> None:
    with pytest.raises(SignatureError, match="you trust"):
        Mirror(tmp_path / "mirror").sync(FolderSource(published), trusted_key=logs.log_signer().verifier_key)


def test_another_log_of_the_same_name_is_refused(tmp_path: Path, published: Path) -> None:
    mirror = Mirror(tmp_path / "mirror")
    mirror.sync(FolderSource(published))
    other = logs.log_signer()
    with pytest.raises(SignatureError):
        mirror.sync(FolderSource(logs.publish(tmp_path / "other", logs.a_story(other, 100), other)))


def test_a_damaged_mirror_says_so(tmp_path: Path, published: Path, signer: LogSigner, entries: list[bytes]) -> None:
    mirror = Mirror(tmp_path / "mirror")
    mirror.sync(FolderSource(logs.publish(tmp_path / "part", entries[:100], signer)))
    tile = mirror.folder / "tile" / "0" / "000.p" / "100"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(ProofError, match="is damaged"):
        mirror.sync(FolderSource(published))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, published: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ConfigError, match="not a mirror"):
        Mirror(tmp_path / "mine").sync(FolderSource(published))


def test_a_sync_that_is_cut_off_leaves_the_mirror(tmp_path: Path, signer: LogSigner, entries: list[bytes]) -> None:
    class Cut(FolderSource):
        def fetch(self, path: str, limit: int) -> bytes:
            if path.startswith("tile/1"):
                raise NotFoundError("cut off")
            return super().fetch(path, limit)

    mirror = Mirror(tmp_path / "mirror")
    mirror.sync(FolderSource(logs.publish(tmp_path / "part", entries[:100], signer)))
    before = logs.files(mirror.folder)
    whole = logs.publish(tmp_path / "whole", entries, signer)
    with pytest.raises(NotFoundError):
        mirror.sync(Cut(whole))
    assert {path: data for path, data in logs.files(mirror.folder).items() if path[:9] != ".incoming"} == before
    mirror.sync(FolderSource(whole))
    assert logs.files(mirror.folder) == logs.files(whole)


def test_first_difference(tmp_path: Path, published: Path, signer: LogSigner, entries: list[bytes]) -> None:
    one = FolderSource(published)
    short = FolderSource(logs.publish(tmp_path / "short", entries[:260], signer))
    assert first_difference(one, len(entries), short, 260) is None
    swapped = [*entries[:257], entries[258], entries[257], *entries[259:]]
    other = FolderSource(logs.publish(tmp_path / "other", swapped, signer))
    assert first_difference(one, len(entries), other, len(entries)) == 257
    assert first_difference(short, 260, other, len(entries)) == 257


# ---- the accounts of settlements ----


@pytest.fixture
def settled(signer: LogSigner) -> list[bytes]:
    return logs.a_story(signer, 20, paid=True)


def test_the_accounts_of_settlements_are_kept(tmp_path: Path, signer: LogSigner, settled: list[bytes]) -> None:
    path = path_of(story.CHAIN, story.POOL, 1)
    data = b'{"v":1,"accounts":[["0x' + 40 * b"1" + b'","5"]]}'
    source = logs.publish(tmp_path / "source", settled[:-1], signer)
    mirror = Mirror(tmp_path / "mirror")
    logs.write(source / path, data)
    mirror.sync(FolderSource(source))
    assert not (mirror.folder / path).exists()  # nothing records that settlement yet
    logs.publish(source, settled, signer)
    mirror.sync(FolderSource(source))
    assert (mirror.folder / path).read_bytes() == data
    mirror.sync(FolderSource(source))
    assert audit(mirror.source()).verdict == "pass"


@pytest.mark.parametrize("data", [None, b"no accounts", b'{"v":1,"accounts":[["0x1","5"]]}'])
def test_a_source_without_good_accounts_is_mirrored_all_the_same(
    tmp_path: Path, signer: LogSigner, settled: list[bytes], data: bytes | None
) -> None:
    source = logs.publish(tmp_path / "source", settled, signer)
    if data is not None:
        logs.write(source / path_of(story.CHAIN, story.POOL, 1), data)
    mirror = Mirror(tmp_path / "mirror")
    assert mirror.sync(FolderSource(source)).new_size == len(settled)
    assert not (mirror.folder / "settlements").exists()
