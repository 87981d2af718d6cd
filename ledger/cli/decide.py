"""``crowdledger decide``: decide a campaign by consensus, gold questions or a judge; leave the doubtful to people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.cli.commands import Commands
from ledger.cli.files import read_file
from ledger.cli.output import AsJson, example, pairs, print_json, progress, say, table, verdict
from ledger.cli.services import MAX_TOKEN_BYTES, Url
from ledger.errors import ConfigError, RuleError

if TYPE_CHECKING:
    from fractions import Fraction

    from ledger.client import Client
    from ledger.client.deciding import Plan, Sent, Work
    from ledger.consensus.judges import Judge

_SHOWN = 10


def register(app: Commands) -> None:
    """Add the command."""
    line = "crowdledger decide 01900000-... --method gold_weighted --gold gold.csv --field label --threshold 0.8"
    app.command(epilog=example(f"{line} --api-key-file platform.key --dry-run"))(decide)


def decide(
    campaign: Annotated[str | None, typer.Argument(help="The campaign's id.")] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help="File with the platform's key (scopes submit and review).")
    ] = None,
    method: Annotated[str, typer.Option(help="How answers become a decision; --methods lists them.")] = "majority",
    methods: Annotated[bool, typer.Option("--methods", help="List the methods and exit.")] = False,
    gold: Annotated[
        Path | None, typer.Option(help="Known answers: a table task,label or a JSON object; tasks by your own ids.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="The member of the contents that holds the answer.")] = None,
    threshold: Annotated[str, typer.Option(help="What is less sure than this waits for a person.")] = "0.7",
    least_votes: Annotated[int, typer.Option(min=1, help="Fewer answers to a task are no consensus.")] = 2,
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a parameter of the method or judge; may be repeated.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="Instead of a method: module:callable, or an https address.")
    ] = None,
    judge_name: Annotated[str, typer.Option(help="How statements name a judge behind https.")] = "judge",
    judge_version: Annotated[str, typer.Option(help="Its version.")] = "1",
    judge_token_file: Annotated[Path | None, typer.Option(help="File with the token that it asks for.")] = None,
    tasks: Annotated[Path | None, typer.Option(help="The tasks' contents for a judge: a JSON object by task.")] = None,
    bonus: Annotated[str | None, typer.Option(help="Base units, once for everybody good at gold questions.")] = None,
    bonus_accuracy: Annotated[str, typer.Option(help="The share of them that must be right.")] = "0.9",
    bonus_least: Annotated[int, typer.Option(min=1, help="So many of them one must have answered.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be decided; write nothing.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Decide what is undecided in a campaign; a second run decides only what is new."""
    from ledger.cli.campaign import campaign_id, connect
    from ledger.client.deciding import Bonus, gold_by_task, plan_by_judge, plan_by_method, read_work, send, with_bonus
    from ledger.consensus.registry import find_method

    if methods:
        _list_methods(json)
        return
    if campaign is None or api_key_file is None:
        raise ConfigError("A campaign and --api-key-file are needed.", remedy="See 'crowdledger decide --help'.")
    if judge is not None and (gold is not None or method != "majority"):
        raise ConfigError("--judge decides alone.", remedy="Leave out --method and --gold, or --judge.")
    if judge is None and (tasks is not None or judge_token_file is not None):
        raise ConfigError("--tasks and --judge-token-file are for a judge.", remedy="Name it with --judge.")
    sure, accuracy = share(threshold, "--threshold"), share(bonus_accuracy, "--bonus-accuracy")
    said = parameters(parameter or [])
    extra = None if bonus is None else Bonus(units(bonus), accuracy, bonus_least)
    if extra is not None and gold is None:
        raise ConfigError("--bonus is for gold questions.", remedy="Give them with --gold.")
    known = {} if gold is None else _read_gold(gold)
    chosen = find_method(method, said) if judge is None else None
    asked = None if judge is None else _judge(judge, judge_name, judge_version, judge_token_file, said)
    with connect(url, api_key_file) as client:
        with progress("reading") as tell:
            work = read_work(client, campaign_id(campaign), tell)
        found = gold_by_task(client, work, known)
        if chosen is not None:
            plan = plan_by_method(work, chosen, found, threshold_millionths=sure, least_votes=least_votes, field=field)
        else:
            assert asked is not None
            with progress("judging") as tell:
                shown = _read_tasks(client, work, tasks)
                plan = plan_by_judge(work, asked, threshold_millionths=sure, tasks=shown, progress=tell)
        if extra is not None:
            plan = with_bonus(client, work, plan, found, extra, field)
        sent = None
        if not dry_run:
            with progress("decisions") as tell:
                sent = send(client, plan, progress=tell)
    _show(work, plan, sent, json)
    # What the log's rules refuse was decided, withdrawn or overdue when the decision came: nothing is left to do.
    if sent is not None and not all(isinstance(error, RuleError) for error in sent.refused.values()):
        raise typer.Exit(2)


def share(text: str, option: str) -> int:
    """A number in [0, 1] with at most six decimals, in millionths. Raises ConfigError."""
    whole, _, part = text.partition(".")
    if text.isascii() and whole.isdigit() and (part or "0").isdigit() and len(part) <= 6 and len(whole) <= 2:
        millionths = int(whole) * 1_000_000 + int(part.ljust(6, "0"))
        if millionths <= 1_000_000:
            return millionths
    raise ConfigError(f"{option}: '{text}' is not a number from 0 to 1.", remedy="Write it as 0.8.")


def units(text: str) -> int:
    """An amount in base units. Raises ConfigError."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:40]) < 2**120 and len(text) <= 37):
        raise ConfigError(f"--bonus: '{text}' is no amount.", remedy="Give base units as a whole number above 0.")
    return int(text)


def parameters(given: list[str]) -> dict[str, str]:
    """``NAME=VALUE`` each. Raises ConfigError."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals or name in found:
            raise ConfigError(f"--parameter: '{text}' is not NAME=VALUE, once each.", remedy="Write prior=4.")
        found[name] = value
    return found


def _read_gold(path: Path) -> dict[str, str]:
    from ledger.cli.known_answers import read_gold

    return read_gold(path)


def _read_tasks(client: Client, work: Work, path: Path | None) -> dict[str, Any]:
    from ledger.cli.known_answers import read_tasks
    from ledger.client.deciding import by_task

    return {} if path is None else by_task(client, work, read_tasks(path))


def _judge(place: str, name: str, version: str, token_file: Path | None, said: dict[str, str]) -> Judge:
    from ledger.connectors.judge_http import HttpJudge
    from ledger.consensus.judges import checked_judge, load_judge

    if not place.startswith(("http://", "https://")):
        if token_file is not None:
            raise ConfigError("--judge-token-file is for a judge behind https.", remedy="Leave it out.")
        sys.path.insert(0, str(Path.cwd()))  # a judge is a file in the folder at hand as often as an installed package
        return load_judge(place, said)
    token = None
    if token_file is not None:
        token = read_file(token_file, MAX_TOKEN_BYTES).decode(errors="replace").strip()
    return checked_judge(HttpJudge(place, name, version, said, token), place)


def _list_methods(json: bool) -> None:
    import importlib.util

    from ledger.consensus.crowdkit_methods import PREFIX
    from ledger.consensus.registry import method_names

    installed = importlib.util.find_spec("crowdkit") is not None
    built_in = {name: not name.startswith(PREFIX.rstrip(".")) for name in method_names()}
    if json:
        print_json({"items": [{"name": name, "available": ours or installed} for name, ours in built_in.items()]})
        return
    needs = "needs crowd-kit: 'make consensus'"
    table(("method", ""), [(name, "" if ours or installed else needs) for name, ours in built_in.items()])


def _show(work: Work, plan: Plan, sent: Sent | None, json: bool) -> None:
    members = _members(work, plan, sent)
    if json:
        print_json(members)
        return
    pairs(_table(members))
    listed = list(plan.doubtful.items())
    if listed:
        say(f"\n{len(listed)} wait for a person:")
        table(("contribution", "why"), [(f"  {contribution}", why) for contribution, why in listed[:_SHOWN]])
        if len(listed) > _SHOWN:
            say(f"  and {len(listed) - _SHOWN} more; --json lists them all")
        say(f"Review them: GET /v1/campaigns/{work.campaign.id}/queue?reviewer=WHO, then POST /v1/decisions.")
    if sent is None:
        say("\nNothing was written (--dry-run).")
        return
    for contribution, error in list(sent.refused.items())[:_SHOWN]:
        verdict("refused", f"{contribution}: {error}", width=0)


def _members(work: Work, plan: Plan, sent: Sent | None) -> dict[str, Any]:
    """What is printed as JSON. Amounts are texts in base units, shares texts with three decimals."""
    from ledger.client.deciding import pay_of

    figures = plan.figures
    accepted = sum(one.verdict == "accepted" for one in plan.rulings)
    pay = pay_of(work, plan)
    bonuses = [one.bonus for one in plan.rulings if one.bonus]
    return {
        "campaign": work.campaign.id,
        "method": {"type": plan.method.type, "name": plan.method.name, "version": plan.method.version}
        | {"parameters": plan.method.parameters or {}},
        "dry_run": sent is None,
        "answers": figures.answers,
        "tasks": figures.tasks,
        "contributors": figures.contributors,
        "alpha": _decimal(figures.alpha),
        "equal": _decimal(figures.equal),
        "gold": {
            "answers": figures.gold_answers,
            "right": figures.gold_right,
            "tasks": figures.gold_tasks,
            "found": figures.gold_found,
        },
        "accepted": accepted,
        "rejected": len(plan.rulings) - accepted,
        "pay": None if pay is None else str(pay),
        "bonuses": len(bonuses),
        "bonus_total": str(sum(bonuses)),
        "review": [{"contribution": each, "why": why} for each, why in plan.doubtful.items()],
        "written": 0 if sent is None else len(sent.decisions),
        "refused": []
        if sent is None
        else [{"contribution": each, "error": e.slug, "detail": e.detail} for each, e in sent.refused.items()],
        "inputs": None if sent is None else sent.inputs,
    }


def _table(said: dict[str, Any]) -> list[tuple[str, str]]:
    method, gold = said["method"], said["gold"]
    chosen = ", ".join(f"{name}={value}" for name, value in method["parameters"].items())
    lines = [
        ("method", f"{method['name']} {method['version']}{f' ({chosen})' if chosen else ''}"),
        ("answers", f"{said['answers']} to {said['tasks']} tasks by {said['contributors']} people"),
    ]
    if said["equal"] is not None:
        alpha = "" if said["alpha"] is None else f"; Krippendorff's alpha {said['alpha']}"
        lines.append(("agreement", f"{said['equal']} of pairs of answers are equal{alpha}"))
    if gold["tasks"]:
        people = f"people are right in {gold['right']} of {gold['answers']} answers"
        lines.append(("known answers", f"{people}; untold, the method finds {gold['found']} of {gold['tasks']}"))
    paid = "by prizes or shares, once the campaign is over" if said["pay"] is None else f"{said['pay']} base units"
    lines += [
        ("accepted", f"{said['accepted']}, pay {paid}"),
        ("rejected", f"{said['rejected']}, pay 0"),
        ("for review", f"{len(said['review'])}"),
    ]
    if said["bonuses"]:
        lines.append(("bonus", f"{said['bonuses']} people, {said['bonus_total']} base units"))
    return lines if said["dry_run"] else [*lines, ("written", f"{said['written']}, refused {len(said['refused'])}")]


def _decimal(value: Fraction | None) -> str | None:
    return None if value is None else f"{float(value):.3f}"
