"""Firing: which rules surely hold for a subject, and whether one that holds may act again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from rules.condition import Condition
from rules.decision import Decision
from rules.evaluate import Look, evaluate
from rules.time import Duration, WorkCalendar, add
from rules.values import Evidence


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from what, for one value of the list it is kept per.

    Args:
        name: in decisions: `star-mentor`, `leads-a-field@audio`.
        id: of the rule.
        value: the value it is asked for; None when it is not kept per value.
        of: what is looked at: `member`, `space`, `work`, …
        when: what must surely hold.
        once_per: `ever`, `spell`, or a duration: when it may act again.
        priority: higher first when effects meet.
        digest: of the spec.
    """

    name: str
    id: str
    value: str | None
    of: str
    when: Condition
    once_per: Literal["ever", "spell"] | Duration
    priority: int
    digest: str


@dataclass(frozen=True, slots=True)
class Fired:
    """When a rule last acted for a subject.

    Args:
        at: when it acted.
        held_since: whether its condition has been surely true at every look since.
    """

    at: datetime
    held_since: bool


def firing(
    rules: Iterable[Rule], subject: str, evidence: Evidence, at: datetime, look: Look = evaluate
) -> list[Decision]:
    """The rules that surely hold for a subject, in the order given; whether they may act is for `may_act` to say."""
    fired = []
    for rule in rules:
        trace = look(rule.when, evidence)
        if trace.truth is True:
            fired.append(Decision(subject, rule.name, "fired", None, None, trace.reasons(), rule.digest, at))
    return fired


def may_act(rule: Rule, last: Fired | None, at: datetime, zone: ZoneInfo, calendar: WorkCalendar | None = None) -> bool:
    """Whether a rule that holds now may act: `ever` acts once, `spell` after it was untrue, else after the time."""
    if last is None:
        return True
    if isinstance(rule.once_per, Duration):
        return add(last.at, rule.once_per, zone, calendar) <= at
    return rule.once_per == "spell" and not last.held_since
