"""The verifier itself: it finds nothing in a log as the specifications have it, and every fault that is planted."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.independent.shelf import Shelf, entry_of
from tests.independent.verifier import __main__ as program
from tests.independent.verifier import notes, tiles, trees
from tests.independent.verifier.canonical import check_canonical
from tests.independent.verifier.examination import MUST, SHOULD, Examination
from tests.independent.verifier.places import Folder, Reply, Url
from tests.independent.verifier.proofs import check_proof
from tests.independent.verifier.text import Broken
from tests.unit.tree import others

SIZE = 600
WHOLE = Shelf([entry_of(number) for number in range(SIZE)])


@pytest.fixture
def shelf() -> Shelf:
    """A log of three bundles, the last of them partial, to plant faults in."""
    return replace(WHOLE, files=dict(WHOLE.files))


# The roots of RFC 6962's reference implementation over its eight test leaves.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def test_the_published_roots() -> None:
    mth = trees.mth_of([trees.leaf(bytes.fromhex(each)) for each in LEAVES])
    assert {size: mth(0, size).hex() for size in ROOTS} == ROOTS


def test_all_proofs_of_small_trees() -> None:
    leaves = [trees.leaf(bytes([number])) for number in range(34)]
    mth = trees.mth_of(leaves)
    for size in range(1, 34):
        root = mth(0, size)
        for index in range(size):
            path = trees.inclusion_path(index, size, mth)
            trees.check_inclusion(leaves[index], index, size, path, root)
            for wrong in ([*path, root], path[:-1], path[::-1], [root, *path[1:]]):
                if wrong != path:
                    with pytest.raises(Broken):
                        trees.check_inclusion(leaves[index], index, size, wrong, root)
        for old in range(1, size):
            path = trees.consistency_path(old, size, mth)
            trees.check_consistency(old, size, mth(0, old), root, path)
            for wrong in ([*path, root], path[:-1], [root, *path[1:]]):
                with pytest.raises(Broken):
                    trees.check_consistency(old, size, mth(0, old), root, wrong)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, SIZE])
def test_nothing_is_wrong_with_a_right_log(size: int) -> None:
    shelf = Shelf([entry_of(number) for number in range(size)])
    earlier = [old for old in (0, 1, 2, 255, 256, 300, size) if old <= size]
    for old in earlier:
        add_partial(shelf, old)
    assert shelf.examine(earlier=[shelf.sign(old) for old in earlier], proof=shelf.proof) == []


def add_partial(shelf: Shelf, size: int) -> None:
    """Serve the partial tiles of an earlier size, too."""
    before = Shelf(shelf.entries[:size])
    shelf.files |= {path: reply for path, reply in before.files.items() if ".p/" in path}


def test_three_levels() -> None:
    shelf = Shelf([number.to_bytes(3, "big") for number in range(65_536 + 300)])
    assert "tile/2/000.p/1" in shelf.files
    assert shelf.examine(samples=8) == []


def test_every_flipped_byte_is_found(shelf: Shelf) -> None:
    for path, right in list(shelf.files.items()):
        for at in {0, 1, len(right.body) // 3, len(right.body) - 1}:
            body = bytearray(right.body)
            body[at] ^= 1
            shelf.files[path] = replace(right, body=bytes(body))
            faults = shelf.examine()
            assert faults, f"byte {at} of {path}"
            assert any(path in str(fault) for fault in faults), f"byte {at} of {path}: {faults}"
        shelf.files[path] = right
    assert shelf.examine() == []


@pytest.mark.parametrize("change", [lambda body: body + b"\0", lambda body: body[:-1], lambda _: b"", lambda b: b * 2])
def test_every_wrong_length_is_found(shelf: Shelf, change: Callable[[bytes], bytes]) -> None:
    for path, right in list(shelf.files.items()):
        shelf.files[path] = replace(right, body=change(right.body))
        assert path in {fault.path for fault in shelf.examine()}
        shelf.files[path] = right


@pytest.mark.parametrize("status", [404, 301, 302, 307, 500, 206])
def test_every_file_that_is_not_served_is_found(shelf: Shelf, status: int) -> None:
    for path, right in list(shelf.files.items()):
        shelf.files[path] = Reply(status, right.body, right.headers)
        assert path in {fault.path for fault in shelf.examine() if fault.duty == MUST}
        shelf.files[path] = right


@pytest.mark.parametrize(
    ("header", "value", "duty"),
    [
        ("content_type", "text/html", MUST),
        ("content_type", "", MUST),
        ("content_encoding", "br", MUST),
        ("cache_control", "public, max-age=600", SHOULD),
        ("cache_control", "", SHOULD),
    ],
)
def test_every_wrong_header_is_found(shelf: Shelf, header: str, value: str, duty: str) -> None:
    for path, right in list(shelf.files.items()):
        shelf.put(path, right.body, **{header: value})
        found = {(fault.duty, fault.path) for fault in shelf.examine()}
        if header == "content_encoding":  # of a checkpoint it says nothing; a bundle shall be compressed with gzip
            assert found <= {(MUST, path), (SHOULD, path)}
            assert path == "checkpoint" or found
        else:
            assert found == {(duty, path)}
        shelf.files[path] = right


def test_headers_of_their_own_kind(shelf: Shelf) -> None:
    shelf.put("checkpoint", shelf.note, cache_control="max-age=5")
    assert shelf.examine() == []
    shelf.put("checkpoint", shelf.note, content_type="text/plain")
    shelf.put("tile/0/001", shelf.files["tile/0/001"].body, cache_control="no-store")
    shelf.put("tile/entries/000", shelf.files["tile/entries/000"].body, content_encoding="identity")
    assert {(fault.duty, fault.path) for fault in shelf.examine()} == {
        (MUST, "checkpoint"),
        (SHOULD, "tile/0/001"),
        (SHOULD, "tile/entries/000"),
    }


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/002", "tile/0/002.p/89", "tile/0/003.p/1", "tile/1/000", "tile/1/000.p/3", "tile/2/000.p/1"),
        *("tile/entries/002", "tile/entries/002.p/89", "tile/0/000.p/0", "tile/0/0", "tile/0/000.p/256", "tile/64/000"),
    ],
)
def test_what_is_beyond_the_tree_is_found(shelf: Shelf, path: str, tmp_path: Path) -> None:
    shelf.put(path, bytes(32))
    assert [(fault.duty, fault.path) for fault in shelf.examine()] == [(MUST, path)]
    write(shelf, tmp_path)
    assert [(fault.duty, fault.path) for fault in Examination(Folder(tmp_path), [shelf.vkey]).run()] == [(MUST, path)]


def test_a_partial_tile_that_is_no_beginning_is_found(shelf: Shelf, tmp_path: Path) -> None:
    for path in ("tile/0/000.p/128", "tile/0/000.p/255", "tile/0/002.p/44", "tile/1/000.p/1", "tile/entries/000.p/1"):
        shelf.put(path, bytes(32 * int(path.partition(".p/")[2])))
        assert path in {fault.path for fault in shelf.examine()}
        write(shelf, tmp_path / path)
        assert [each.path for each in Examination(Folder(tmp_path / path), [shelf.vkey]).run()] == [path]
        del shelf.files[path]


def test_an_earlier_size_must_still_be_readable(shelf: Shelf) -> None:
    before = shelf.sign(530)
    missing = {fault.path for fault in shelf.examine(earlier=[before])}
    assert missing == {"tile/0/002.p/18", "tile/entries/002.p/18"}
    add_partial(shelf, 530)
    assert shelf.examine(earlier=[before]) == []
    assert {fault.path for fault in shelf.examine(earlier=[before, shelf.sign(300)])} == {"tile/1/000.p/1"}
    add_partial(shelf, 300)
    assert shelf.examine(earlier=[before, shelf.sign(300)]) == []


def test_a_checkpoint_of_another_history_is_found(shelf: Shelf) -> None:
    other = Shelf([b"other", *shelf.entries[1:]], shelf.key)
    longer = Shelf([*shelf.entries, b"more"], shelf.key)
    for note in (other.sign(256), other.sign(SIZE), other.sign(1), longer.sign(SIZE + 1)):
        assert [fault.path for fault in shelf.examine(earlier=[note])] == ["checkpoint"]


def test_a_log_that_goes_back_is_found(shelf: Shelf) -> None:
    class Back(Shelf):
        asked = 0

        def get(self, path: str, *, gzip: bool = False) -> Reply:
            self.asked += path == "checkpoint"
            reply = super().get(path)
            return replace(reply, body=self.sign(300)) if path == "checkpoint" and self.asked > 1 else reply

    assert ["went back" in fault.words for fault in Back(shelf.entries, shelf.key).examine()] == [True]


def test_a_log_may_grow_while_it_is_read(shelf: Shelf) -> None:
    class Growing(Shelf):
        def get(self, path: str, *, gzip: bool = False) -> Reply:
            reply = super().get(path)
            if path == "checkpoint" and self.examined is None:
                self.examined = reply
                self.files |= Shelf([*self.entries, *self.entries], self.key).files
            return reply

        examined: Reply | None = None

    growing = Growing(shelf.entries, shelf.key)
    assert growing.examine() == []
    assert growing.examine(earlier=[shelf.note]) == []


def test_a_root_or_an_entry_that_is_another_is_found(shelf: Shelf) -> None:
    root = base64.b64encode(bytes(32)).decode()
    shelf.put("checkpoint", shelf.sign_text(f"example.com/shelf\n{SIZE}\n{root}\n"))
    assert ["root" in fault.words for fault in shelf.examine()] == [True]
    shelf.put("checkpoint", shelf.sign_text(f"an origin\n{SIZE}\n{root}\nmore\n"))
    assert [fault.duty for fault in shelf.examine()] == [SHOULD] * 3 + [MUST]
    assert Shelf([b'{"b":1}', b'{"b": 1}']).examine(check_entry=check_canonical)[0].path == "tile/entries/000.p/2"


def test_wrong_proofs_are_found(shelf: Shelf) -> None:
    right = shelf.proof

    def served(change: Callable[[bytes], bytes], status: int = 200) -> Callable[[int], Reply]:
        return lambda index: Reply(status, change(right(index).body), {})

    for proof in (
        served(lambda body: body, 404),
        served(lambda body: body.replace(b"index ", b"index 0")),
        served(lambda body: body.replace(b"\n\n", b"\n" + base64.b64encode(bytes(32)) + b"\n\n", 1)),
        served(lambda body: body.replace(b"@v1", b"@v2")),
        lambda index: right(index ^ 1),
    ):
        assert {fault.path for fault in shelf.examine(proof=proof, samples=2)} >= {"proof of entry 0"}


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda note: note.replace(b"\n", b"\r\n"),
        lambda note: note[:-1],
        lambda note: note + b"\n",
        lambda note: b"\xef\xbb\xbf" + note,
        lambda note: note.replace(b"\n600\n", b"\n0600\n"),
        lambda note: note.replace("\u2014".encode(), b"-"),
        lambda note: note.replace(b"\n\n", b"\n"),
        lambda note: note.replace(b"=\n", b"\n"),
        lambda note: note.replace(b"example.com/shelf ", b"example.com/other "),
        lambda _: b"",
    ],
)
def test_what_is_no_note_is_found(shelf: Shelf, spoilt: Callable[[bytes], bytes]) -> None:
    shelf.put("checkpoint", spoilt(shelf.note))
    assert [(fault.duty, fault.path) for fault in shelf.examine()] == [(MUST, "checkpoint")]


def test_signatures_of_others_are_ignored_and_spoilt_ones_of_the_log_are_not(shelf: Shelf) -> None:
    other = f"\u2014 witness.example {base64.b64encode(bytes(76)).decode()}\n".encode()
    shelf.put("checkpoint", shelf.note + other)
    assert shelf.examine() == []
    line = shelf.note.rpartition(b"\n\n")[2]
    spoilt = line.replace(base64.b64decode(line.split()[2]).hex().encode(), b"")
    data = bytearray(base64.b64decode(spoilt.split()[2]))
    data[-1] ^= 1
    shelf.put("checkpoint", shelf.note + b"\xe2\x80\x94 example.com/shelf " + base64.b64encode(data) + b"\n")
    assert [fault.path for fault in shelf.examine()] == ["checkpoint"]


def test_the_notes_and_proofs_of_other_logs() -> None:
    keys = [notes.read_key(vkey) for vkey in (others.PETER_KEY, others.SUMDB_KEY, others.REKOR_KEY)]
    assert notes.open_note(f"{others.TEXT}\n{others.PETER}{others.ENOCH}".encode(), keys)[1] == b"PeterNeumann"
    for size, note in others.SUMDB.items():
        assert notes.open_tree_head(note.encode(), keys).size == size
    assert notes.open_tree_head(others.REKOR_COSIGNED.encode(), keys).size == 139911860
    proof = check_proof(others.REKOR_PROOF.encode(), keys, trees.leaf(others.REKOR_ENTRY))
    assert (proof.index, proof.head.size) == (others.REKOR_INDEX, others.REKOR_INDEX + 1)
    with pytest.raises(Broken):
        check_proof(others.REKOR_PROOF.encode(), keys, trees.leaf(b""))
    for vkey in ("PeterNeumann+c74f20a3", others.PETER_KEY.replace("a3", "a4"), others.WITNESS_KEY, ""):
        with pytest.raises(Broken):
            notes.read_key(vkey)


@pytest.mark.parametrize("path", ["tile/0/x001/x234/067", "tile/entries/000.p/255", "tile/63/999", "tile/7/x001/000"])
def test_paths(path: str) -> None:
    assert tiles.read_path(path).path == path


def test_canonical_entries() -> None:
    right = {"b": [1, None, True, -7], "a": '\u20ac"\\\n\u001f\u007f', "\U0001f600": {}, "\ufb33": ""}
    text = '{"a":"\u20ac\\"\\\\\\n\\u001f\u007f","b":[1,null,true,-7],"\U0001f600":{},"\ufb33":""}'
    assert json.loads(text) == right
    check_canonical(text.encode())
    for wrong in (
        text + " ",
        text.replace("[1", "[1.0"),
        text.replace('"b"', '"a"'),
        text.replace("-7", "-0"),
        "{",
        "\ud800",
    ):
        with pytest.raises(Broken):
            check_canonical(wrong.encode("utf-8", "surrogatepass"))


def write(shelf: Shelf, folder: Path) -> None:
    for path, reply in shelf.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(reply.body)


def test_a_folder_and_the_program(shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shelf, tmp_path)
    assert program.main([str(tmp_path), shelf.vkey]) == 0
    assert "size 600" in capsys.readouterr().out
    (tmp_path / "tile/0/notes.txt").write_text("x")
    assert program.main([str(tmp_path), shelf.vkey]) == 1
    assert "MUST tile/0/notes.txt" in capsys.readouterr().out
    assert program.main([]) == 2


@pytest.fixture
def served(shelf: Shelf) -> Iterator[tuple[Shelf, str]]:
    """The shelf behind a real web server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = shelf.get(self.path.removeprefix("/log/"))
            packed = "gzip" in self.headers["Accept-Encoding"] and "entries" in self.path
            body = zlib.compress(reply.body, wbits=31) if packed and reply.body != b"spoilt" else reply.body
            self.send_response(reply.status)
            for name, value in (reply.headers or {}).items():
                if name != "content-encoding":
                    self.send_header(name, value)
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield shelf, f"http://127.0.0.1:{server.server_port}/log/"
        server.shutdown()
        thread.join()


def test_over_http(served: tuple[Shelf, str]) -> None:
    shelf, prefix = served
    place = Url(prefix)
    try:
        assert Examination(place, [shelf.vkey]).run() == []
        shelf.files["tile/0/000"] = Reply(302, b"", {"location": "/log/tile/0/001"})
        shelf.put("tile/entries/001", b"spoilt")
        found = {fault.path for fault in Examination(place, [shelf.vkey]).run() if fault.duty == MUST}
        assert found == {"tile/0/000", "tile/entries/001"}
    finally:
        place.close()
