"""Rulebook: everything one community decides by, compiled once: its ladders, transitions, rules and titles."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from rules.compile import Compiler
from rules.condition import Attribute, Best, Condition, base_readings, sources
from rules.decision import Decision, in_order
from rules.evaluate import Look, evaluate
from rules.firing import Rule, firing
from rules.ladder import Floor, Ladder, Rung, next_step, of_standing
from rules.lasting import Waiting
from rules.lifecycle import Transition, next_stage
from rules.reading import Reading
from rules.spec.community import Community
from rules.spec.documents.rules import Rule as RuleSpec
from rules.spec.documents.tiers import Tiers
from rules.time import Duration, WorkCalendar
from rules.values import Evidence, ValueType


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A community's rules, compiled.

    Args:
        digest: of the spec.
        ladders: one for each ladder and each value of those kept per value.
        transitions: in the order in which they are tried.
        rules: one for each rule and each value of those kept per value.
        titles: for each title, that it is held.
        zone: whose days count.
    """

    digest: str
    ladders: tuple[Ladder, ...]
    transitions: tuple[Transition, ...]
    rules: tuple[Rule, ...]
    titles: Mapping[str, Condition]
    zone: ZoneInfo

    def rules_of(self, subject: str) -> tuple[Rule, ...]:
        """The rules about one kind of subject."""
        return tuple(rule for rule in self.rules if rule.of == subject)

    def conditions(self, subject: str = "member") -> Iterator[Condition]:
        """Every condition about one kind of subject."""
        if subject == "member":
            for ladder in self.ladders:
                yield from ladder.conditions()
            yield from (transition.when for transition in self.transitions)
        yield from (rule.when for rule in self.rules_of(subject))

    def readings(self, subject: str = "member") -> frozenset[Reading]:
        """The base readings that are needed to decide about such subjects."""
        return frozenset().union(*(base_readings(condition) for condition in self.conditions(subject)))

    def asked(self, subject: str = "member") -> frozenset[Reading]:
        """Every reading that conditions ask for, derived ones included, since those may be given."""
        return frozenset(
            source.reading
            for condition in self.conditions(subject)
            for source in sources(condition)
            if not isinstance(source, Attribute | Best)
        )

    def attributes(self, subject: str = "member") -> Mapping[str, ValueType]:
        """The attributes that are read, under every name they may be given; procedures' own facts included."""
        found: dict[str, ValueType] = {}
        for condition in self.conditions(subject):
            for source in sources(condition):
                if isinstance(source, Attribute):
                    found.update(dict.fromkeys(source.names, source.type))
                elif isinstance(source, Best):
                    found.update(dict.fromkeys((source.whole, *source.names), source.type))
        if subject == "member":
            for ladder in self.ladders:
                found.update(dict.fromkeys(ladder.standing.names, ladder.standing.type))
                found.update(dict.fromkeys(ladder.since.names, ladder.since.type))
        return found


def decide_member(rulebook: Rulebook, member: str, evidence: Evidence, at: datetime) -> list[Decision]:
    """Every decision about one member: one for each ladder, a move of stage, and each rule that fires; in order."""
    decisions = [next_step(ladder, member, evidence, at) for ladder in rulebook.ladders]
    move = next_stage(rulebook.transitions, member, evidence, at)
    if move is not None:
        decisions.append(move)
    decisions.extend(firing(rulebook.rules_of("member"), member, evidence, at))
    return in_order(decisions)


def titles_held(rulebook: Rulebook, evidence: Evidence, look: Look = evaluate) -> list[str]:
    """The titles that a member surely holds and that do not rest, sorted."""
    return sorted(title for title, held in rulebook.titles.items() if look(held, evidence).truth is True)


# ----------------------------------------------------------------------------------------------------------- compiling
def compile_rulebook(community: Community) -> Rulebook:
    """Compile everything a community decides by.

    Raises:
        NotDecidable: a condition names what is not there; `check` says where.
    """
    whole = Compiler(community)
    titles = {title: whole.held(title) for title in community.titles}
    ladders = tuple(one for id_ in community.ladders for one in compile_ladder(community, id_))
    return Rulebook(
        community.digest, ladders, compile_transitions(community), compile_rules(community), titles, community.zone
    )


def compile_ladder(community: Community, ladder_id: str) -> tuple[Ladder, ...]:
    """Compile one ladder: once, or once for each value of the list it is kept per.

    Raises:
        NotDecidable: see `compile_rulebook`.
    """
    ladder = community.ladders[ladder_id]
    return tuple(_ladder(community, ladder, value) for value in _values(community, ladder.per))


def compile_transitions(community: Community) -> tuple[Transition, ...]:
    """Compile the ways between the stages; none without a lifecycle.

    Raises:
        NotDecidable: see `compile_rulebook`.
    """
    if community.lifecycle is None:
        return ()
    compiler, waiting = Compiler(community), _Waitings(community)
    return tuple(
        Transition(
            way.id, tuple(way.from_), way.to, compiler.condition(way.when), waiting(way.observe), community.digest
        )
        for way in community.lifecycle.transitions
    )


def compile_rules(community: Community, of: str | None = None) -> tuple[Rule, ...]:
    """Compile the rules, all or those about one kind of subject, once for each value where they are kept per value.

    Raises:
        NotDecidable: see `compile_rulebook`.
    """
    return tuple(
        _rule(community, rule, value)
        for rule in community.rules.values()
        if of in (None, rule.of)
        for value in _values(community, rule.per)
    )


def needed_readings(community: Community, subject: str = "member") -> frozenset[Reading]:
    """The base readings that a review of such subjects needs."""
    return compile_rulebook(community).readings(subject)


def _values(community: Community, per: str | None) -> Iterable[str | None]:
    return (None,) if per is None else tuple(item.id for item in community.lists[per].items)


def _ladder(community: Community, ladder: Tiers, value: str | None) -> Ladder:
    compiler, waiting = Compiler(community, value, ladder.per), _Waitings(community)
    tiers = tuple(tier.id for tier in ladder.tiers)
    type_ = ValueType("tier", listed=tiers)
    name = ladder.id if value is None else f"{ladder.id}@{value}"
    rungs = tuple(
        Rung(
            tier.id,
            None if tier.earn is None else compiler.condition(tier.earn),
            None if tier.keep is None else compiler.condition(tier.keep),
            waiting(tier.grace),
            waiting(tier.observe),
            max(rank - 1, 0) if tier.falls_to is None else tiers.index(tier.falls_to),
        )
        for rank, tier in enumerate(ladder.tiers)
    )
    since = tuple(dict.fromkeys(f"days_in_{one}" for one in (name, ladder.id)))
    return Ladder(
        name,
        ladder.id,
        value,
        Attribute(tuple(dict.fromkeys((name, ladder.id))), type_),
        Attribute(since, ValueType("integer")),
        waiting(ladder.cooldown),
        ladder.max_step,
        None if ladder.exempt is None else compiler.condition(ladder.exempt),
        tuple(Floor(compiler.condition(floor.when), tiers.index(floor.tier)) for floor in ladder.floors),
        rungs,
        community.digest,
    )


def _rule(community: Community, rule: RuleSpec, value: str | None) -> Rule:
    once = rule.once_per
    return Rule(
        rule.id if value is None else f"{rule.id}@{value}",
        rule.id,
        value,
        rule.of,
        Compiler(community, value, rule.per).condition(rule.when),
        cast(Literal["ever", "spell"], once) if once in ("ever", "spell") else Duration.parse(once),
        rule.priority,
        community.digest,
    )


class _Waitings:
    """Makes the waits of a community, with its zone and, for working time, its calendar."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._calendar: WorkCalendar | None = None

    def __call__(self, duration: str | None) -> Waiting | None:
        if duration is None:
            return None
        parsed = Duration.parse(duration)
        if parsed.is_working and self._calendar is None:
            self._calendar = WorkCalendar(self._community.calendars[self._community.document.calendar])
        return Waiting(parsed, self._community.zone, self._calendar)


def procedure_facts(rulebook: Rulebook) -> Mapping[str, ValueType]:
    """The facts that the procedures themselves read: pins, and for how long conditions have held, with their types."""
    days, truths = ValueType("integer"), ValueType("boolean")
    found: dict[str, ValueType] = {"pinned": truths, "below_for": days, "met_for": days}
    for ladder in rulebook.ladders:
        found.update(dict.fromkeys(ladder.names("pinned"), truths))
        found.update(dict.fromkeys((*ladder.names("below_for"), *ladder.names("met_for")), days))
    for transition in rulebook.transitions:
        found.update(dict.fromkeys(of_standing("met_for", transition.id), days))
    return found
