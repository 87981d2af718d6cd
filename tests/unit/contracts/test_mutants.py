"""No check of the contracts escapes the search for checks, and the copy differs from the contracts by switches only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from web3 import Web3

from ledger.chain.devchain import DevChain
from ledger.errors import NodeError
from scripts.compile_contracts import CONTRACTS, ROOT
from scripts.mutants.__main__ import explanations, unexplained
from scripts.mutants.campaign import Verdict, likely_killers
from scripts.mutants.checks import Check, Edit, Search, UnknownShape
from scripts.mutants.entries import find_entries
from scripts.mutants.schemata import SWITCH_SOURCE, Mutant, all_mutants, edited_sources
from scripts.mutants.suite import Outcome, is_trouble
from scripts.mutants.syntax import Syntax, parse, parse_sources
from scripts.mutants.touches import Touches

PRAGMA = "pragma solidity 0.8.37;\n"
COMMENT_OR_TEXT = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", re.DOTALL)
FUNCTION = re.compile(r"\bfunction (\w+)\([^{;]*\{")
pytestmark = pytest.mark.long  # the contracts are compiled for it


@pytest.fixture(scope="module")
def syntax() -> Syntax:
    return parse()


@pytest.fixture(scope="module")
def search(syntax: Syntax) -> Search:
    return Search(syntax)


@pytest.fixture(scope="module")
def mutants(syntax: Syntax, search: Search) -> list[Mutant]:
    return all_mutants(search.checks, find_entries(syntax))


def product_code() -> Iterator[tuple[str, str]]:
    """Names and texts of our sources; comments and texts are blank, so that places stay the same."""
    for path in sorted(CONTRACTS.rglob("*.sol")):
        if "dev" not in path.relative_to(CONTRACTS).parts:
            code = COMMENT_OR_TEXT.sub(lambda found: " " * len(found[0].encode()), path.read_text())
            yield path.relative_to(ROOT).as_posix(), code


def count(word: str) -> int:
    return sum(len(re.findall(word, code)) for _, code in product_code())


def test_every_revert_is_found(search: Search) -> None:
    written = count(r"\brevert\b")
    assert written > 50
    assert search.reverts == written
    found = [check for check in search.checks if check.kind == "revert"]
    found += [check for check in search.checks if check.kind == "assembly" and check.subject == "revert"]
    assert len(found) == written


def test_every_require_is_found(search: Search) -> None:
    assert sum(check.kind == "require" for check in search.checks) == count(r"\b(?:require|assert)\s*\(")


def test_every_operand_of_and_and_or_is_found(search: Search) -> None:
    ends = {(edit.source, edit.end) for check in search.checks if check.kind == "operand" for edit in check.edits}
    begins = {(edit.source, edit.begin) for check in search.checks if check.kind == "operand" for edit in check.edits}
    for name, code in product_code():
        for joint in re.finditer(r"&&|\|\|", code):
            before, after = code[: joint.start()], code[joint.end() :]
            end = len(before.rstrip().encode())
            begin = len(code.encode()) - len(after.lstrip().encode())
            assert (name, end) in ends, f"{name}: before {joint[0]} {after[:40]}"
            assert (name, begin) in begins, f"{name}: after {before[-40:]} {joint[0]}"


@pytest.mark.parametrize("modifier", ["onlyRole", "whenNotPaused", "nonReentrant"])
def test_every_use_of_a_modifier_can_be_switched_off_alone(mutants: list[Mutant], modifier: str) -> None:
    uses = set()
    for _, code in product_code():
        for function in FUNCTION.finditer(code):
            if re.search(rf"\b{modifier}\b", function[0]):
                uses.add(function[1])
    assert len(uses) > 1
    assert {mutant.entry for mutant in mutants if mutant.check.function == modifier} == uses


def test_mutants_have_names_and_switches_of_their_own(mutants: list[Mutant]) -> None:
    assert len({mutant.name for mutant in mutants}) == len(mutants) > 100
    assert len({mutant.switch for mutant in mutants}) == len(mutants)
    assert all(re.fullmatch("0x[0-9a-f]{40}", mutant.switch) for mutant in mutants)


def test_explanations_are_of_mutants_and_say_something(mutants: list[Mutant]) -> None:
    assert explanations().keys() <= {mutant.name for mutant in mutants}
    assert all(len(reason) > 20 for reason in explanations().values())


def test_the_copy_is_the_contracts_with_switches(syntax: Syntax, search: Search) -> None:
    """Without what was put in, each source is what it was."""
    edited = edited_sources(syntax, search.checks)
    for name, content in syntax.sources.items():
        copy = re.sub(r" import \{MutantSwitch\} from \"[^\"]*\";", "", edited[name])
        copy = copy.replace("/*pure*/ view", "pure").replace(" if (MutantSwitch", " IF (MutantSwitch")
        copy = re.sub(r"\) (?:\|\||&& !)MutantSwitch\.off\(\d+\)\)", "))", copy)
        copy = re.sub(r" IF \(MutantSwitch\.off\(\d+\)\) return;", "", copy)
        copy = re.sub(r", iszero\(gt\(balance\(\d+\), 0\)\)\)", "", copy)
        blank = str.maketrans("", "", "()")
        assert copy.replace("mul(", "").translate(blank) == content.decode().replace("mul(", "").translate(blank), name


EXAMPLES = {
    "Falls": "function f(bool a) external pure { if (a) return; revert E(); }",
    "Else": "function f(bool a) external pure returns (bool) { if (a) { return a; } else { revert E(); } }",
    "Catch": "function f() external view { try this.f() {} catch { revert E(); } }",
    "Operands": "function f(bool a, bool b, bool c, bool d) external pure { if (!(a && (b || c)) || d) revert E(); }",
    "Shared": "constructor() { _g(false); } function f(bool a) external { _g(a); } function h() external { _g(true); }"
    "function i() external {} function _g(bool a) internal virtual { if (a) revert E(); }",
    "Choices": "function f(uint256 a) external pure returns (uint256) { if (a > 1) a = 2; return a == 2 ? 3 : a; }",
    "Words": "function f(uint256 a) external pure { assembly { if gt(a, 1) { revert(0, 0) } if a { a := 0 }"
    " a := or(a, or(eq(a, 2), 4)) } }",
}


@pytest.fixture(scope="module")
def examples() -> Syntax:
    sources = {
        f"contracts/{name}.sol": f"{PRAGMA}contract {name} {{ error E(); {body} }}" for name, body in EXAMPLES.items()
    }
    sources["@foreign/F.sol"] = PRAGMA + "abstract contract F { modifier odd() { _; } }"
    sources["contracts/Odd.sol"] = (
        PRAGMA + 'import {F} from "@foreign/F.sol"; contract Odd is F { function f() external odd {} }'
    )
    sources["contracts/Free.sol"] = PRAGMA + "error E(); function free(bool a) pure { if (a) revert E(); }"
    return parse_sources(sources)


def only(syntax: Syntax, *names: str) -> Syntax:
    return replace(syntax, trees={name: syntax.trees[name] for name in names})


@pytest.mark.parametrize("name", ["Falls", "Else", "Catch"])
def test_a_refusal_of_unknown_shape_ends_the_search(examples: Syntax, name: str) -> None:
    with pytest.raises(UnknownShape, match=rf"contracts/{name}\.sol:2"):
        Search(only(examples, f"contracts/{name}.sol"))


def test_a_foreign_modifier_must_be_known(examples: Syntax) -> None:
    with pytest.raises(UnknownShape, match="odd is not known"):
        Search(only(examples, "contracts/Odd.sol", "@foreign/F.sol"))


def test_each_operand_gets_out_of_the_way(examples: Syntax) -> None:
    """An operand of `&&` becomes true, one of `||` false, whatever stands around it."""
    search = Search(only(examples, "contracts/Operands.sol"))
    assert {check.condition: check.edits[0].after[:6] for check in search.checks} == {
        "!(a && (b || c)) || d": ") && !",
        "!(a && (b || c))": ") && !",
        "a": ") ||{o",
        "(b || c)": ") ||{o",
        "b": ") && !",
        "c": ") && !",
        "d": ") && !",
    }


def test_conditions_in_assembly_are_words(examples: Syntax) -> None:
    search = Search(only(examples, "contracts/Words.sol"))
    assert [(check.condition, check.subject) for check in search.checks] == [
        ("gt(a, 1)", "revert"),
        ("a", "if"),
        ("eq(a, 2)", "a"),
        ("4", "a"),
    ]
    assert search.reverts == 1


def test_functions_outside_of_contracts_are_searched(examples: Syntax) -> None:
    search = Search(only(examples, "contracts/Free.sol"))
    assert [check.name for check in search.checks] == ["Free.free: a [E]"]


def test_choices_go_either_way(examples: Syntax) -> None:
    search = Search(only(examples, "contracts/Choices.sol"))
    assert [(check.condition, check.subject) for check in search.checks] == [
        ("a > 1", "if always"),
        ("a > 1", "if never"),
        ("a == 2", "? : always"),
        ("a == 2", "? : never"),
    ]


def test_a_shared_check_counts_for_each_call_that_reaches_it(examples: Syntax) -> None:
    syntax = only(examples, "contracts/Shared.sol")
    names = [mutant.name for mutant in all_mutants(Search(syntax).checks, find_entries(syntax))]
    assert sorted(names) == [f"Shared._g: a [E] via {entry}" for entry in ("constructor", "f", "h")]


def test_examples_compile_with_their_switches(examples: Syntax) -> None:
    syntax = only(examples, *(f"contracts/{name}.sol" for name in ("Operands", "Choices", "Free", "Shared", "Words")))
    sources = edited_sources(syntax, Search(syntax).checks)
    assert parse_sources({name: sources[name] for name in [*syntax.trees, SWITCH_SOURCE]})


@pytest.mark.parametrize("end", ["f3", "fd"], ids=["returns", "reverts"])
def test_a_look_at_a_switch_is_noticed(chain: DevChain, end: str) -> None:
    """Whichever client sends, whether the code returns or takes everything back."""
    switches = [f"0x{0x6D7574616E74 << 112 | number:040x}" for number in range(3)]
    web3 = Web3(Web3.HTTPProvider(chain.url))
    (sender, *_) = web3.eth.accounts
    places = []
    for switch in switches:
        code = f"73{switch[2:]}315060006000{end}"
        data = f"0x60{len(code) // 2:02x}600c60003960{len(code) // 2:02x}6000f3{code}"
        places.append(web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction({"from": sender, "data": data})))
    sent, called, left = (place["contractAddress"] for place in places)
    touches = Touches()
    with touches.watching():
        web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction({"from": sender, "to": sent, "gas": 100_000}))
        with suppress(Exception):
            chain.rpc("eth_call", {"from": sender, "to": called}, "latest")
    assert {*switches} & touches.seen == {*switches[:2]}
    with suppress(Exception):
        web3.eth.call({"from": sender, "to": left})
    assert switches[2] not in touches.seen


def verdict(name: str, killer: str | None) -> Verdict:
    check = Check("revert", "A", "f", 1, True, "a", "E", (Edit("A.sol", 0, 1, "", ""),))
    return Verdict(Mutant(name, check, "", "0x"), killer, 1)


def test_survivors_and_explanations_must_match() -> None:
    verdicts = [
        verdict("killed", "test_a"),
        verdict("survivor", None),
        verdict("explained", None),
        verdict("dead", "t"),
    ]
    names = {each.mutant.name for each in verdicts}
    assert unexplained(verdicts, {"explained": "why", "dead": "why", "gone": "why"}, names) == [
        "no test misses it: survivor",
        "explained, but t misses it: dead",
        "explained, but there is no such check: gone",
    ]
    assert unexplained(verdicts[:1], {"explained": "why"}, names) == []


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (FileNotFoundError("RewardPool.json"), True),
        (TimeoutError("too long"), True),
        (ConnectionError("refused"), True),
        (NodeError("The dev chain did not come up in 20 s."), True),
        (NodeError("The dev chain refused evm_setNextBlockTimestamp: lower"), False),
        (AssertionError("claim was not refused"), False),
        (ValueError("not enough values to unpack"), False),
    ],
)
def test_what_cannot_be_run_is_no_verdict(error: Exception, trouble: bool) -> None:
    assert is_trouble(error) is trouble


def test_likely_killers_come_first() -> None:
    sound = Outcome(
        words={"t1": frozenset(), "t2": frozenset({"f"}), "t3": frozenset({"E"}), "t4": frozenset({"E", "f"})},
        seconds={"t1": 1.0, "t2": 1.0, "t3": 1.0, "t4": 1.0},
        touches={"t1": {"0x"}, "t2": {"0x", "0x1"}, "t3": {"0x"}, "t4": {"0x"}},
    )
    mutant = verdict("m", None).mutant
    assert likely_killers(mutant, sound, {}) == ["t4", "t3", "t2", "t1"]
    assert likely_killers(mutant, sound, {"m": "t1"}) == ["t1", "t4", "t3", "t2"]
    sound.touches["t4"] = set()
    assert likely_killers(mutant, sound, {}) == ["t3", "t2", "t1"]
    sound.shared.add("0x")
    assert likely_killers(mutant, sound, {}) == ["t4", "t3", "t2", "t1"]
