"""Decide: for each member of whom something is said, where they go and why; nothing is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from operations.facts_file import Facts
from rules.decision import Decision, in_order
from rules.firing import Rule, firing
from rules.ladder import next_step
from rules.lifecycle import next_stage
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.values import Evidence, Value

if TYPE_CHECKING:
    import polars as pl

Key = TypeVar("Key", str, Reading)
Concern = tuple[list[str], set[str], list[str]]  # names of rules, ids of transitions, titles

FEW = 300
"""Up to so many members the online reading says whom rules and stages concern; beyond, the columns do."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided.

    Args:
        digest: of the spec.
        decisions: sorted by member, then rule.
        titles: of each member, those surely held that do not rest, sorted; nothing where a community has none.
    """

    digest: str
    decisions: list[Decision]
    titles: dict[str, list[str]]

    def data(self) -> dict[str, Any]:
        """As JSON: the digest once, then every decision with its reasons, then titles where there are any."""
        said: dict[int, dict[str, Any]] = {}
        found = {"digest": self.digest, "decisions": [shown(decision, said) for decision in self.decisions]}
        return {**found, "titles": self.titles} if self.titles else found


Infer = Callable[[Evidence], Evidence]


def decide(rulebook: Rulebook, facts: Facts, at: datetime, *, infer: Infer | None = None) -> Decided:
    """Take every decision about every member: each ladder, a move of stage, the rules that fire.

    A fast reading says which rules and transitions concern whom; the reference then takes those decisions, with
    their reasons, and every ladder's.

    Args:
        rulebook: the community's compiled rules.
        facts: what is known of whom.
        at: the moment to decide for.
        infer: adds what packs conclude, for the online reading (`rules.chaining.Chains`).
    """
    few = len(facts.members) <= FEW
    concern = _few(rulebook, facts, infer) if few else _many(rulebook, facts, at)
    rules = {rule.name: rule for rule in rulebook.rules_of("member")}
    ways = {way.id: way for way in rulebook.transitions}
    decisions: list[Decision] = []
    titles: dict[str, list[str]] = {}
    for (member, evidence), (fired, open_, held) in zip(facts.members.items(), concern, strict=True):
        if rulebook.titles:
            titles[member] = held
        found = [next_step(ladder, member, evidence, at) for ladder in rulebook.ladders]
        if open_:
            move = next_stage(tuple(way for id_, way in ways.items() if id_ in open_), member, evidence, at)
            found.extend(() if move is None else (move,))
        if fired:
            found.extend(firing([rules[name] for name in fired], member, evidence, at))
        decisions.extend(found if len(found) == 1 else in_order(found))
    return Decided(rulebook.digest, decisions, titles)


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


def _few(rulebook: Rulebook, facts: Facts, infer: Infer | None) -> Iterator[Concern]:
    """For each member the rules, transitions and titles that hold, by durable-rules where it can be loaded."""
    from rules.inference import Engine, Unsound

    rules = {rule.name: rule.when for rule in rulebook.rules_of("member")}
    ways = {way.id: way.when for way in rulebook.transitions}
    titles = sorted(rulebook.titles)
    asked = {
        **{f"rule:{name}": when for name, when in rules.items()},
        **{f"way:{id_}": when for id_, when in ways.items()},
        **{f"title:{title}": rulebook.titles[title] for title in titles},
    }
    try:
        engine = Engine(asked, both=False)
    except Unsound:
        engine = Engine(asked, use_durable=False, both=False)
    with engine:
        for evidence in facts.members.values():
            holds = engine.surely(evidence if infer is None else infer(evidence))
            yield (
                [name for name in rules if f"rule:{name}" in holds],
                {id_ for id_ in ways if f"way:{id_}" in holds},
                [title for title in titles if f"title:{title}" in holds],
            )


def _many(rulebook: Rulebook, facts: Facts, at: datetime) -> Iterator[Concern]:
    """The same by columns; of the transitions only the one that is taken."""
    from rules.columns import judge

    held = tuple(
        Rule(f"title:{title}", title, None, "member", when, "spell", 0, rulebook.digest)
        for title, when in sorted(rulebook.titles.items())
    )
    alone = replace(rulebook, ladders=(), rules=(*rulebook.rules_of("member"), *held))
    judged = judge(alone, _frame(alone, facts), at)
    fired: dict[str, list[str]] = {}
    titles: dict[str, list[str]] = {}
    for rule in alone.rules:
        of, name = (titles, rule.id) if rule.name.startswith("title:") else (fired, rule.name)
        for member in judged.filter(judged[f"rule:{rule.name}"])["subject"].to_list():
            of.setdefault(member, []).append(name)
    ways: dict[str, str] = {}
    if alone.transitions:
        moved = judged.filter(judged["lifecycle:to"].is_not_null())
        ways.update(zip(moved["subject"].to_list(), moved["lifecycle:because"].to_list(), strict=True))
    for member in facts.members:
        yield fired.get(member, []), {ways[member]} if member in ways else set(), titles.get(member, [])


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
