"""Played: how a case came out on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rules.errors import RuleRefusal
from rules.fact import Fact
from rules.spec.documents.cases import Step
from rules.values import Evidence


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of the case, and why it was refused if it was."""

    step: Step
    at: datetime
    refused: str | None


@dataclass(frozen=True, slots=True)
class Played:
    """How a play went.

    Args:
        path: phases in order of entry, every round of every repeat.
        first_rounds: the same with the first round of each repeat and the first unit of each only, branch by branch.
        to_the_end: the same without branches that stand beside the one that ends their `parallel`, and after it.
        end: `end`, `end:word` or `cancel`.
        closings: of each entry: the phase, how it came out, and when.
        steps: what became of the steps of the case.
        facts: everything that was recorded, works under the names that the case gives them.
        ended_at: the run's own time at its end.
        subject: whom the run was about.
        made_up: people who had to be made up, because the mode asks for somebody and the case names nobody.
        once: whether one round stood for all of those that have no end.
    """

    path: tuple[str, ...]
    first_rounds: tuple[str, ...]
    to_the_end: tuple[str, ...]
    end: str
    closings: tuple[tuple[str, str, datetime], ...]
    steps: tuple[Taken, ...]
    facts: tuple[Fact, ...]
    ended_at: datetime
    subject: str | None = None
    made_up: Mapping[str, Evidence] = field(default_factory=dict)
    works: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


class EndlessPlay(RuleRefusal):
    """A play that does not come to its end."""
