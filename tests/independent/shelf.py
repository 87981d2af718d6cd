"""A log on a shelf in memory, made by the verifier's own functions, in which faults can be planted."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.independent.verifier import tiles, trees
from tests.independent.verifier.examination import Examination, Fault
from tests.independent.verifier.places import Reply

ORIGIN = "example.com/shelf"
_CHECKPOINT = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-cache"}
_TILE = {"content-type": "application/octet-stream", "cache-control": "public, max-age=31536000, immutable"}
_BUNDLE = _TILE | {"content-encoding": "gzip"}


def entry_of(number: int) -> bytes:
    return b"" if number == 3 else f'{{"number":{number}}}'.encode()


@dataclass
class Shelf:
    """The files of a log by path. As a place it serves them with the headers that are asked for."""

    entries: list[bytes]
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32)))
    files: dict[str, Reply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.leaves = [trees.leaf(entry) for entry in self.entries]
        self.note = self.sign(len(self.leaves))
        self.put("checkpoint", self.note)
        level, row = 0, self.leaves
        while row:
            for name in tiles.names_of("0", len(row)):
                begin, end = name.index * 256, name.index * 256 + name.width
                if level == 0:
                    bundle = b"".join(len(each).to_bytes(2, "big") + each for each in self.entries[begin:end])
                    self.put(tiles.Name("entries", name.index, name.width).path, bundle)
                self.put(tiles.Name(str(level), name.index, name.width).path, b"".join(row[begin:end]))
            whole = range(0, len(row) // 256 * 256, 256)
            level, row = level + 1, [trees.mth_of(row)(begin, begin + 256) for begin in whole]

    @property
    def vkey(self) -> str:
        """The verifier key, by the formula of signed-note."""
        public = b"\x01" + self.key.public_key().public_bytes_raw()
        key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + public).hexdigest()[:8]
        return f"{ORIGIN}+{key_id}+{base64.b64encode(public).decode()}"

    def sign(self, size: int, origin: str = ORIGIN) -> bytes:
        """The checkpoint of the first ``size`` entries."""
        root = base64.b64encode(trees.mth_of(self.leaves)(0, size)).decode()
        return self.sign_text(f"{origin}\n{size}\n{root}\n")

    def sign_text(self, text: str) -> bytes:
        """A note with the log's signature."""
        signature = bytes.fromhex(self.vkey.split("+")[1]) + self.key.sign(text.encode())
        return f"{text}\n\u2014 {ORIGIN} {base64.b64encode(signature).decode()}\n".encode()

    def put(self, path: str, body: bytes, **headers: str) -> None:
        """Serve a file; headers in the keywords, dashes as underscores, replace the usual ones."""
        usual = _CHECKPOINT if path == "checkpoint" else _BUNDLE if "entries" in path else _TILE
        self.files[path] = Reply(200, body, usual | {name.replace("_", "-"): each for name, each in headers.items()})

    def get(self, path: str, *, gzip: bool = False) -> Reply:
        """See :class:`tests.independent.verifier.places.Place`."""
        return self.files.get(path, Reply(404, b"", {}))

    def proof(self, index: int) -> Reply:
        """The tlog-proof of an entry in the whole log."""
        path = trees.inclusion_path(index, len(self.leaves), trees.mth_of(self.leaves))
        lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *(base64.b64encode(each).decode() for each in path)]
        return Reply(200, ("\n".join(lines) + "\n\n").encode() + self.note, {})

    def examine(self, **options: object) -> list[Fault]:
        """What the verifier says of it."""
        return Examination(self, [self.vkey], **options).run()  # type: ignore[arg-type]
