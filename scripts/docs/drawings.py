"""The drawings of docs/how-it-works.md, each a function; ``python -m scripts.docs write`` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from scripts.compile_contracts import ROOT
from scripts.docs.drawing import Drawing, column, style_of_the_site

_DOCS: Final = ROOT / "docs"


def flow() -> Drawing:
    """Who sends what to whom."""
    made = Drawing(
        "flow",
        566,
        "Who sends what to whom",
        "A platform sends contributions and decisions to CrowdLedger and gets receipts, which contributors "
        "keep. Contents stay in the database; salted hashes go into the public log. The log's head is "
        "anchored at the contract ContributionLog; what everybody earned is settled at RewardPool, which pays "
        "contributors. An auditor reads the log and the chain and compares them.",
    )
    made.box(10, 10, 190, 62, "", "Platform", "its people, its judges")
    made.box(280, 10, 190, 62, "", "Contributor", "work, appeal, pay")
    made.arrow((200, 34), (276, 34))
    made.words(238, 27, "receipt", "quiet", "middle")
    made.arrow((70, 72), (70, 136))
    made.words(80, 100, "contributions,", "quiet")
    made.words(80, 118, "decisions", "quiet")
    made.arrow((220, 140), (220, 50), (204, 50))
    made.words(230, 118, "receipt", "quiet")
    made.frame(10, 140, 420, 142, "CrowdLedger")
    made.box(24, 176, 186, 92, "", "Database", "private: contents,", "salts, whose id is whose")
    made.box(230, 176, 186, 92, "own", "Log", "public: salted hashes,", "verdicts, amounts")
    made.arrow((210, 222), (226, 222))
    made.arrow((120, 282), (120, 366))
    made.words(130, 318, "anchors: the log's", "quiet")
    made.words(130, 336, "signed head", "quiet")
    made.arrow((320, 282), (320, 366))
    made.words(330, 318, "settlements:", "quiet")
    made.words(330, 336, "pay by account", "quiet")
    made.frame(10, 370, 420, 96, "Chain")
    made.box(24, 402, 186, 52, "own", "ContributionLog", "only forward")
    made.box(230, 402, 186, 52, "own", "RewardPool", "waits, then pays")
    made.arrow((416, 428), (456, 428), (456, 76))
    made.words(446, 128, "tokens", "quiet", "end")
    made.box(120, 510, 240, 46, "sought", "Auditor", "replays all, compares both")
    made.arrow((240, 466), (240, 506), kind="dashed")
    made.words(250, 492, "log and chain, read by anybody", "quiet")
    return made


def commitment() -> Drawing:
    """What is private and what is public of one contribution."""
    made = Drawing(
        "commitment",
        330,
        "What is private and what is public of one contribution",
        "The content, a random salt of 32 bytes, and the contribution's purpose, log, campaign, task and "
        "contributor are hashed to a commitment. Only the commitment stands in the statement, which is hashed "
        "into the log. Whoever holds salt and content can show that they belong to it; nobody else can guess "
        "them.",
    )
    made.frame(10, 10, 460, 116, "Private: the opening, for the contributor")
    made.box(24, 46, 130, 64, "", "Salt", "32 random bytes")
    made.box(166, 46, 130, 64, "", "Content", '{"label": "cat"}')
    made.box(308, 46, 148, 64, "", "Place", "log, campaign, task,", "contributor")
    made.arrow((89, 110), (89, 150), (240, 150), (240, 172))
    made.line((231, 110), (231, 150))
    made.line((382, 110), (382, 150), (240, 150))
    made.words(252, 168, "SHA-256", "quiet")
    made.frame(10, 176, 460, 144, "Public: the statement, an entry of the log")
    column(made, 28, 226, ["kind: contribution.submitted", "at, id, campaign, contributor (a random id)"], "")
    made.box(24, 262, 432, 44, "own", "commitment: bdad7047c9bc…")
    return made


def tree() -> Drawing:
    """An inclusion proof."""
    made = Drawing(
        "tree",
        366,
        "An inclusion proof",
        "A tree over eight entries. To show that entry 5 is in it, three hashes are enough: that of entry 4, "
        "that of entries 6 and 7 together, that of entries 0 to 3. Hashed with entry 5 step by step they give "
        "the root, which is signed and anchored.",
    )
    spots: dict[tuple[int, int], tuple[float, float]] = {}
    for level, (count, top) in enumerate(((8, 282), (4, 208), (2, 134), (1, 60))):
        step = 456 / count
        for number in range(count):
            spots[level, number] = (12 + step * (number + 0.5), top)
    path, proof = {(0, 5), (1, 2), (2, 1), (3, 0)}, {(0, 4), (1, 3), (2, 0)}
    for (level, number), (x, y) in spots.items():
        if level < 3:
            own = (level, number) in path
            up = spots[level + 1, number // 2]
            made.line((x, y - 17), (up[0], up[1] + 17), kind="own" if own else "")
    for (level, number), (x, y) in spots.items():
        place = (level, number)
        kind = "own" if place in path else "sought" if place in proof else ""
        wide = 44 if level == 0 else 60
        covered = 2**level
        first = number * covered
        name = str(first) if level == 0 else "root" if level == 3 else f"{first}-{first + covered - 1}"
        made.box(x - wide / 2, y - 17, wide, 34, kind, name)
    made.words(240, 22, "signed by the log's key, anchored on the chain", "quiet", "middle")
    made.box(14, 322, 20, 20, "own")
    made.words(42, 337, "entry 5 and what is computed from it", "quiet")
    made.box(308, 322, 20, 20, "sought")
    made.words(336, 337, "the proof: 3 hashes", "quiet")
    made.words(240, 362, "For a million entries it is 20 hashes.", "quiet", "middle")
    return made


def anchors() -> Drawing:
    """Why a rewritten log cannot be anchored."""
    made = Drawing(
        "anchors",
        372,
        "Why a rewritten log cannot be anchored",
        "First anchor: 5 entries. Second anchor: 9 entries, with a proof that the first 5 are the same; the "
        "contract checks it and accepts. A third try, with entry 2 changed: no proof leads from the old head "
        "to this one, and the contract refuses.",
    )

    def row(y: float, size: int, grown: int, changed: int | None, *words: str) -> None:
        for number in range(size):
            kind = "bad" if number == changed else "own" if number < grown else ""
            made.box(10 + 40 * number, y, 34, 34, kind, str(number))
        for number, line in enumerate(words):
            made.words(10, y + 58 + 19 * number, line, "title" if number == 0 else "quiet")

    row(10, 5, 5, None, "Anchor at 5 entries", "The contract keeps size and root.")
    row(132, 9, 5, None, "Anchor at 9 entries: accepted", "With a proof that the first 5 are the same entries.")
    row(
        *(254, 11, 9, 2),
        "Anchor at 11 with entry 2 changed: refused",
        "No proof leads there: it would need two inputs with one SHA-256.",
    )
    made.words(10, 366, "Nor can the log become shorter, or its order change.", "quiet")
    return made


_LIFE: Final = (
    ("", "Recorded", "the log's signed head has it; a receipt says so", "until the deadline for a decision"),
    ("", "Decided", "by a person or a method; by the declared default if nobody did", "the appeal window"),
    ("sought", "Appealed, perhaps", "another person judges; pay waits meanwhile", "answered, or the declared default"),
    ("own", "Final", "it earns; now it counts in the next settlement", "the next settlement"),
    (
        "sought",
        "Settled, waiting",
        "anybody can compute it again; the guardian may veto",
        "the delay, which no role can shorten",
    ),
    ("own", "Payable", "for good: it neither expires nor can be taken back", "whenever somebody claims"),
    ("own", "Paid", "to the account, or to the payee that it chose", ""),
)


def life() -> Drawing:
    """The way of one contribution to its pay."""
    made = Drawing(
        "life",
        10 + 84 * len(_LIFE) - 24,
        "The way of one contribution to its pay",
        " ".join(f"{name}: {words}." + (f" Then: {time}." if time else "") for _, name, words, time in _LIFE),
    )
    for number, (kind, name, words, time) in enumerate(_LIFE):
        y = 10 + 84 * number
        made.box(10, y, 460, 56, kind, name, words)
        if number + 1 < len(_LIFE):
            made.arrow((240, y + 56), (240, y + 81))
            made.words(252, y + 74, time, "quiet")
    return made


def settlement() -> Drawing:
    """From the log to the account."""
    made = Drawing(
        "settlement",
        356,
        "From the log to the account",
        "The same fold of the same log gives everybody the same amounts. The service puts them into a tree "
        "and proposes its root; a watchman computes it too. It waits its delay. If it is not what follows "
        "from the log, the guardian vetoes and nothing is paid. If it is, anybody activates it, and every "
        "account can claim what it earned so far less what it was paid.",
    )
    made.box(160, 10, 160, 46, "own", "Log", "the same for all")
    made.arrow((160, 33), (90, 33), (90, 84))
    made.arrow((320, 33), (390, 33), (390, 84))
    made.words(100, 74, "fold", "quiet")
    made.words(380, 74, "fold", "quiet", "end")
    made.box(10, 88, 170, 56, "", "Service", "proposes a root")
    made.box(300, 88, 170, 56, "sought", "Watchman", "computes it again")
    made.arrow((95, 144), (95, 190))
    made.arrow((385, 144), (385, 190))
    made.words(105, 172, "proposal", "quiet")
    made.words(375, 172, "veto, if it differs", "quiet", "end")
    made.frame(10, 194, 460, 66, "RewardPool")
    made.words(240, 240, "waits the delay, which no role can shorten", "quiet", "middle")
    made.arrow((240, 260), (240, 300))
    made.words(250, 286, "activated by anybody", "quiet")
    made.box(90, 304, 300, 46, "own", "Claim", "earned so far − paid so far, by proof")
    return made


DRAWINGS: Final = (flow, commitment, tree, anchors, life, settlement)


def files() -> dict[Path, str]:
    """Every file that is written, and its text."""
    made = [each() for each in DRAWINGS]
    return {_DOCS / "drawings" / f"{each.name}.svg": each.svg() for each in made} | {
        _DOCS / "assets" / "drawings.css": style_of_the_site()
    }
