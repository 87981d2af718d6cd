"""Whatever is sent, in whatever groups: what the planner lets in takes effect in every replay."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import rules
from ledger.book.facts import Facts
from ledger.errors import CrowdLedgerError
from ledger.log.items import Record
from ledger.log.plan import Planned
from ledger.statements.kinds import KINDS, parse
from ledger.statements.log import LogKeyRotated, LogOpened
from ledger.statements.values import format_time
from ledger.tree.key_chain import sign_rotation
from ledger.tree.keys import LogSigner
from tests.unit.log.memory import MemoryLog
from tests.unit.log.samples import DAY_MS, ORIGIN, START_MS
from tests.unit.log.script import Script

STEPS_MS = [0, 1, 1, 500, 1_000, 3_000, 3_001, 61_000, DAY_MS // 4, DAY_MS // 2, DAY_MS // 2 + 1]
KEYS = [LogSigner.generate(ORIGIN) for _ in range(3)]


def rotation(old: LogSigner, new: LogSigner) -> LogKeyRotated:
    """A change of the log's key, which is refused unless ``old`` is in force."""
    signature, endorsed = (value.hex() for value in sign_rotation(old, new))
    vkeys = {"previous": old.verifier_key.vkey, "key": new.verifier_key.vkey}
    return LogKeyRotated(v=1, at=format_time(0), **vkeys, signature=signature, endorsed=endorsed)


def play(random: Random, log: MemoryLog) -> None:
    """Write some groups of what the script draws; the log's key changes now and then."""
    script = Script(random)
    opened = LogOpened(v=1, at=format_time(0), origin=ORIGIN, key=KEYS[0].verifier_key.vkey, wallet_delay=60)
    log.write(Record(statement=opened), *script.begin())
    script.facts = log.loaded.facts
    now_ms, written = START_MS, len(log.entries)
    for _ in range(random.randint(4, 16)):
        now_ms += random.choice(STEPS_MS)
        group = [script.draw() for _ in range(random.randint(1, 20))]
        if random.randint(0, 7) == 0:
            group.append(Record(statement=rotation(*random.choice(list(pairwise(KEYS))))))
        made = log.write(*group, now_ms=now_ms, confirmed_ms=now_ms)
        assert len(made.outcomes) == len(group)
        assert not any(type(each) is CrowdLedgerError for each in made.outcomes)  # none met a fault of ours
        accepted = [outcome for outcome in made.outcomes if isinstance(outcome, Planned)]
        assert [outcome.index for outcome in accepted] == list(range(written, written + len(accepted)))
        written += len(accepted)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=True))
def test_what_is_accepted_takes_effect_when_replayed(random: Random) -> None:
    log = MemoryLog()
    play(random, log)
    facts = Facts()
    for entry in log.entries:
        statement = parse(entry.statement)
        try:
            rules.check(statement, entry.entry_index, facts)
        except CrowdLedgerError as error:
            raise AssertionError(f"entry {entry.entry_index} was accepted but has no effect") from error
        facts.apply(statement, entry.entry_index)
    assert facts == log.loaded.facts


def test_the_script_reaches_every_kind() -> None:
    """A test of the test: what is drawn is not refused for the most part."""
    kinds: Counter[str] = Counter()
    for number in range(30):
        log = MemoryLog()
        play(Random(number), log)
        kinds.update(entry.kind for entry in log.entries)
    assert set(KINDS) - set(kinds) == {"rewards.settled", "settlement.activated", "settlement.vetoed"}
