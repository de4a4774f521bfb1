"""Decide: for each member of whom something is said, where they go and why; nothing is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from operations.facts_file import Facts
from rules.decision import Decision, in_order
from rules.firing import firing
from rules.ladder import next_step
from rules.lifecycle import next_stage
from rules.reading import Reading
from rules.rulebook import Rulebook, decide_member
from rules.values import Value

if TYPE_CHECKING:
    import polars as pl

Key = TypeVar("Key", str, Reading)

FEW = 300
"""Up to so many members, each is decided by itself; beyond, the columns first say whom rules and stages concern."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided.

    Args:
        digest: of the spec.
        decisions: sorted by member, then rule.
    """

    digest: str
    decisions: list[Decision]

    def data(self) -> dict[str, Any]:
        """As JSON: the digest once, then every decision with its reasons."""
        said: dict[int, dict[str, Any]] = {}
        return {"digest": self.digest, "decisions": [shown(decision, said) for decision in self.decisions]}


def decide(rulebook: Rulebook, facts: Facts, at: datetime) -> Decided:
    """Take every decision about every member: each ladder, a move of stage, the rules that fire.

    Args:
        rulebook: the community's compiled rules.
        facts: what is known of whom.
        at: the moment to decide for.
    """
    if len(facts.members) <= FEW:
        decisions = [d for id_, evidence in facts.members.items() for d in decide_member(rulebook, id_, evidence, at)]
    else:
        decisions = list(_many(rulebook, facts, at))
    return Decided(rulebook.digest, decisions)


def shown(decision: Decision, said: dict[int, dict[str, Any]] | None = None) -> dict[str, Any]:
    """One decision as `decide` prints it; a move of stage also names the transition.

    Args:
        decision: what was decided.
        said: reasons that were written before, by identity; most members share most reasons.
    """
    written = {} if said is None else said
    reasons = []
    for reason in decision.reasons:
        data = written.get(id(reason))
        if data is None:
            data = written[id(reason)] = reason.data()
        reasons.append(data)
    found = {
        "member": decision.member,
        "rule": decision.rule,
        "outcome": decision.outcome,
        "from": decision.from_,
        "to": decision.to,
        "reasons": reasons,
    }
    if decision.outcome == "move":
        found["transition"] = decision.because
    return found


def _many(rulebook: Rulebook, facts: Facts, at: datetime) -> Iterator[Decision]:
    """The columns say whom rules and transitions concern; the reference then decides those, and every ladder."""
    from rules.columns import judge

    rules = {rule.name: rule for rule in rulebook.rules_of("member")}
    alone = replace(rulebook, ladders=())
    judged = judge(alone, _frame(alone, facts), at)
    fired: dict[str, list[str]] = {}
    for name in rules:
        for member in judged.filter(judged[f"rule:{name}"])["subject"].to_list():
            fired.setdefault(member, []).append(name)
    moved: set[str] = set()
    if rulebook.transitions:
        moved.update(judged.filter(judged["lifecycle:to"].is_not_null())["subject"].to_list())
    for member, evidence in facts.members.items():
        decisions = [next_step(ladder, member, evidence, at) for ladder in rulebook.ladders]
        if member in moved:
            move = next_stage(rulebook.transitions, member, evidence, at)
            decisions.extend(() if move is None else (move,))
        if member in fired:
            decisions.extend(firing([rules[name] for name in fired[member]], member, evidence, at))
        yield from decisions if len(decisions) == 1 else in_order(decisions)


def _frame(rulebook: Rulebook, facts: Facts) -> pl.DataFrame:
    """What rules and transitions read, as columns."""
    import polars as pl

    columns: dict[str, pl.Series] = {"subject": pl.Series(list(facts.members), dtype=pl.String)}
    people = list(facts.members.values())
    attributes = [person.attributes for person in people]
    readings = [person.readings for person in people]
    for name in _names(attributes):
        columns[name] = _series([one.get(name) for one in attributes])
    asked = rulebook.asked()
    for reading in _names(readings):
        if reading in asked:
            columns[reading.key] = _series([one.get(reading) for one in readings])
    return pl.DataFrame(columns)


def _names(people: list[Mapping[Key, Value | None]]) -> list[Key]:
    return list({name: None for person in people for name in person})


def _series(values: list[Value | None]) -> pl.Series:
    """A column of one type: all values of a name passed the same gate."""
    import polars as pl

    first = next((value for value in values if value is not None), None)
    match first:
        case None:
            return pl.Series(values, dtype=pl.Null)
        case bool():
            return pl.Series(values, dtype=pl.Boolean)
        case int():
            return pl.Series(values, dtype=pl.Int64)
        case str():
            return pl.Series(values, dtype=pl.String)
        case _:
            lists = [sorted(value) if isinstance(value, frozenset) else None for value in values]
            return pl.Series(lists, dtype=pl.List(pl.String))
