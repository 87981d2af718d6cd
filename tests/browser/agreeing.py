"""What the page's checks and ``ledger`` say of a case, in the same words; the program that asks the page's checks."""

from __future__ import annotations

import io
from typing import Any, Final

from ledger.audit.log_keys import parse_keys
from ledger.audit.receipts import check_receipt
from ledger.errors import CrowdLedgerError
from ledger.tree.keys import VerifierKey
from tests.browser.receipt_maker import Case

Outcome = list[Any]

# Given modules and facts, answers a function from cases to outcomes.
PROGRAM: Final = """
(modules, facts) => async (cases) => {
  const { Refused, checkReceipt, parseKey, parseKeys } = modules;
  const bytes = (text) => text === null ? undefined : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const outcomeOf = async (each) => {
    try {
      const keys = each.keys === null ? null : await parseKeys(bytes(each.keys), facts.shapes);
      const trusted = each.trusted === null ? null : await parseKey(each.trusted);
      const file = each.file === null ? undefined : new Blob([bytes(each.file)]);
      const found = await checkReceipt({
        data: bytes(each.data), opening: bytes(each.opening), file, keys, trusted, facts });
      const wrong = found.steps.find((step) => step.verdict === "failed");
      const steps = found.steps.map((step) => [step.name, step.verdict]);
      return [found.verdict, wrong?.name ?? steps, wrong ? wrong.text : found.state];
    } catch (error) {
      return error instanceof Refused ? ["refused", null, error.message] : ["error", String(error.stack), null];
    }
  };
  return Promise.all(cases.map(outcomeOf));  // WebCrypto works in threads of its own
}
"""


def ours(case: Case) -> Outcome:
    """``ledger``'s outcome: verdict, the step that failed or all steps, the reason or the state."""
    try:
        keys = None if case.keys is None else parse_keys(case.keys)
        trusted = None if case.trusted is None else VerifierKey.parse(case.trusted)
    except CrowdLedgerError as error:
        return ["refused", None, error.detail]
    file = None if case.file is None else io.BytesIO(case.file)
    found = check_receipt(case.data, opening=case.opening, file=file, trusted_key=trusted, keys=keys)
    wrong = next((step for step in found.steps if step.verdict == "failed"), None)
    if wrong is not None:
        return [found.verdict, wrong.name, wrong.words]
    return [found.verdict, [[step.name, step.verdict] for step in found.steps], found.state]


def differences(cases: list[Case], theirs: list[Outcome]) -> list[str]:
    """Where the two differ, a line each; reasons are each one's own words and not compared."""
    assert len(cases) == len(theirs)
    found = []
    for number, (case, their) in enumerate(zip(cases, theirs, strict=True)):
        our = ours(case)
        agree = our[:2] == their[:2] and (our[0] != "pass" or our[2] == their[2])
        if not agree:
            found.append(f"case {number} ({case.how}): ledger {our}, page {their}")
    return found
