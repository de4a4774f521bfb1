"""House: every port that a run needs, in one hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from operations.ports.effects import Effects
from operations.ports.facts import Facts
from operations.ports.inbox import Inbox
from operations.ports.measures import Measures
from operations.ports.members import Members
from operations.ports.runs import Runs
from operations.ports.specs import Specs
from operations.ports.standings import Standings
from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The ports; those that belong to one community (under one version of its spec) are given by the community."""

    specs: Specs
    runs: Runs
    inbox: Inbox
    effects: Effects
    standings: Standings
    facts: Callable[[Community], Facts]
    members: Callable[[Community], Members]
    measures: Callable[[Community], Measures]
