"""Finds every check of the contracts, and each operand of one, with the edit that lets it be switched off.

| kind | what it is | switched off |
|---|---|---|
| `revert` | `if (condition) revert Error(...)` | the condition is false |
| `guard` | `if (condition) return ...`, `continue`, `break` | the condition is false |
| `require` | `require(condition, ...)`, `assert(condition)` | the condition is true |
| `answer` | `return condition` in a library function that returns a boolean | the answer is true |
| `operand` | an operand of `&&` or `||`, wherever it stands | it is true, or false |
| `modifier` | a modifier of a library that is not ours, on a function of ours | it does nothing |
| `choice` | the condition of any other `if`, and of `? :` | it is true (`always`), it is false (`never`) |
| `assembly` | in assembly, the condition of an `if` and what `x := or(...)` gathers | it is 0 |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.mutants.syntax import Node, Syntax, children, span, walk

FOREIGN_MODIFIERS = {"nonReentrant": ("_nonReentrantBefore", "_nonReentrantAfter")}
"""Modifiers from elsewhere that we use, and the functions that do their work."""

JUNCTIONS = {"&&": "||", "||": "&& !"}
"""What joins the switch to an operand so that it gets out of the way: true for `&&`, false for `||`."""

EVERYWHERE = {"assembly", "choice"}
"""Kinds that are switched off in all calls at once."""

LEAVES = {"Return", "Continue", "Break"}


class UnknownShape(Exception):
    """Code that refuses something in a way that the search for checks does not know."""


@dataclass(frozen=True)
class Edit:
    """Text to put before and after a piece of a source; ``{off}`` in it stands for the switch."""

    source: str
    begin: int
    end: int
    before: str
    after: str


@dataclass(frozen=True)
class Check:
    """``holder`` is the AST id of the function or modifier it stands in, ``subject`` the error or what happens.

    ``by_entry`` says whether it counts once for each function through which calls from outside reach it.
    """

    kind: str
    contract: str
    function: str
    holder: int
    by_entry: bool
    condition: str
    subject: str
    edits: tuple[Edit, ...]

    @property
    def name(self) -> str:
        return f"{self.contract}.{self.function}: {self.condition} [{self.subject}]"


class Search:
    """One pass over the contracts; ``checks`` holds what was found, ``reverts`` how many statements revert."""

    def __init__(self, syntax: Syntax) -> None:
        self.syntax = syntax
        self.checks: list[Check] = []
        self.reverts = 0
        for name, tree in syntax.product():
            for contract in walk(tree, "ContractDefinition"):
                for holder in walk(contract, "FunctionDefinition", "ModifierDefinition"):
                    _Holder(self, contract["name"], contract["contractKind"] == "library", holder).search()
            for holder in children(tree):
                if holder["nodeType"] == "FunctionDefinition":
                    _Holder(self, Path(name).stem, True, holder).search()
        self.checks.extend(_foreign_modifiers(syntax))


class _Holder:
    """The search in one function or modifier of a contract; a function that stands alone is like one of a library."""

    def __init__(self, search: Search, contract: str, in_library: bool, holder: Node) -> None:
        self._search = search
        self._syntax = search.syntax
        self._contract = contract
        self._in_library = in_library
        self._holder = holder
        self._attached: set[int] = set()
        self._subjects: dict[int, str] = {}

    def search(self) -> None:
        for node in walk(self._holder):
            match node["nodeType"]:
                case "IfStatement":
                    self._if(node)
                case "FunctionCall" if node["expression"].get("name") in ("require", "assert"):
                    self._add("require", node["arguments"][0], node["expression"]["name"], "||")
                case "Return" if self._answers_boolean() and node["expression"]["nodeType"] != "Literal":
                    self._answer(node["expression"])
                case "BinaryOperation" if node["operator"] in JUNCTIONS:
                    self._junction(node)
                case "Conditional":
                    self._choice(node["condition"], "? :")
                case "YulIf":
                    self._yul_if(node)
                case "YulAssignment":
                    self._yul_gathers(node)
                case "RevertStatement":
                    self._search.reverts += 1
                    if node["id"] not in self._attached:
                        raise UnknownShape(f"{self._syntax.place(node)}: a revert that is not right under an if")

    def _if(self, node: Node) -> None:
        if any(True for _ in walk(node.get("falseBody") or {"nodeType": ""}, "RevertStatement")):
            raise UnknownShape(f"{self._syntax.place(node)}: a revert under an else")
        last = _last_statement(node["trueBody"])
        if last["nodeType"] == "RevertStatement":
            self._attached.add(last["id"])
            self._add("revert", node["condition"], self._syntax.text(last["errorCall"]["expression"]), "&& !")
        elif last["nodeType"] in LEAVES:
            self._add("guard", node["condition"], self._syntax.text(last).removesuffix(";"), "&& !")
        else:
            self._choice(node["condition"], "if")

    def _choice(self, condition: Node, subject: str) -> None:
        self._add("choice", condition, f"{subject} always", "||")
        self._add("choice", condition, f"{subject} never", "&& !")
        self._concerns(condition, subject)

    def _answer(self, expression: Node) -> None:
        self._concerns(expression, "return")
        is_junction = expression["nodeType"] == "BinaryOperation" and expression["operator"] in JUNCTIONS
        if self._in_library and not is_junction:
            self._add("answer", expression, "return", "||")

    def _junction(self, node: Node) -> None:
        """Its operands; one that continues the same chain has operands of its own."""
        for operand in (node["leftExpression"], node["rightExpression"]):
            if operand["nodeType"] != "BinaryOperation" or operand["operator"] != node["operator"]:
                self._add("operand", operand, self._subjects.get(node["id"], "condition"), JUNCTIONS[node["operator"]])

    def _yul_if(self, node: Node) -> None:
        subject = "revert" if _calls(node["body"], "revert") else "if"
        self._search.reverts += subject == "revert"
        self._add_word(node["condition"], subject)

    def _yul_gathers(self, node: Node) -> None:
        """What a variable is put together from with `or`, itself left out: the ways in which a proof is wrong, say."""
        assigned = [name["name"] for name in node["variableNames"]]
        value = node["value"]
        if _is_or(value):
            for operand in _or_operands(value):
                if operand.get("name") not in assigned:
                    self._add_word(operand, assigned[0])

    def _add_word(self, word: Node, subject: str) -> None:
        begin, end = span(word)
        edit = Edit(self._syntax.name_of(word), begin, end, "mul(", ", iszero({off_word}))")
        self._keep("assembly", self._syntax.text(word), subject, edit)

    def _concerns(self, condition: Node, subject: str) -> None:
        """Remembers what a condition is about for the operands in it."""
        for junction in walk(condition, "BinaryOperation"):
            self._subjects[junction["id"]] = subject

    def _add(self, kind: str, condition: Node, subject: str, joint: str) -> None:
        if kind != "operand":
            self._concerns(condition, subject)
        begin, end = span(condition)
        edit = Edit(self._syntax.name_of(condition), begin, end, "((", f") {joint}{{off}})")
        self._keep(kind, self._syntax.text(condition), subject, edit)

    def _keep(self, kind: str, condition: str, subject: str, edit: Edit) -> None:
        self._search.checks.append(
            Check(
                kind=kind,
                contract=self._contract,
                function=self._holder["name"] or self._holder["kind"],
                holder=self._holder["id"],
                by_entry=not self._in_library and kind not in EVERYWHERE,
                condition=condition,
                subject=subject,
                edits=(edit,),
            )
        )

    def _answers_boolean(self) -> bool:
        returned = (self._holder.get("returnParameters") or {}).get("parameters", [])
        return [each["typeDescriptions"]["typeString"] for each in returned] == ["bool"]


def _foreign_modifiers(syntax: Syntax) -> Iterator[Check]:
    """One check a modifier, which its uses share; its work begins with a look at the switch."""
    used = {}
    for _, tree in syntax.product():
        for invocation in walk(tree, "ModifierInvocation"):
            used[invocation["modifierName"]["referencedDeclaration"]] = invocation
    for name, tree in syntax.trees.items():
        for contract in walk(tree, "ContractDefinition"):
            for modifier in walk(contract, "ModifierDefinition"):
                if modifier["id"] in used and name.startswith("@"):
                    yield _foreign_modifier(syntax, name, contract, modifier)


def _foreign_modifier(syntax: Syntax, source: str, contract: Node, modifier: Node) -> Check:
    if modifier["name"] not in FOREIGN_MODIFIERS:
        raise UnknownShape(f"{syntax.place(modifier)}: the modifier {modifier['name']} is not known")
    inner = FOREIGN_MODIFIERS[modifier["name"]]
    begins = [span(each["body"])[0] + 1 for each in walk(contract, "FunctionDefinition") if each["name"] in inner]
    if len(begins) != len(inner):
        raise UnknownShape(f"{syntax.place(modifier)}: {modifier['name']} works in another way than expected")
    edits = tuple(Edit(source, begin, begin, " if ({off}) return;", "") for begin in begins)
    names = {"contract": contract["name"], "function": modifier["name"], "holder": modifier["id"]}
    return Check(**names, kind="modifier", by_entry=True, condition="all of it", subject="modifier", edits=edits)


def _last_statement(body: Node) -> Node:
    """The statement that a body ends with, or the body if it is empty."""
    while body["nodeType"] == "Block" and body["statements"]:
        body = body["statements"][-1]
    return body


def _is_or(node: Node) -> bool:
    return node["nodeType"] == "YulFunctionCall" and bool(node["functionName"]["name"] == "or")


def _or_operands(node: Node) -> Iterator[Node]:
    """What an `or` joins, through all that are nested in it."""
    for argument in node["arguments"]:
        if _is_or(argument):
            yield from _or_operands(argument)
        else:
            yield argument


def _calls(node: Node, name: str) -> bool:
    return any(call["functionName"]["name"] == name for call in walk(node, "YulFunctionCall"))
