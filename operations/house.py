"""House: every port that a run needs, in one hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.ports.audit import AuditLog, FollowUps
    from operations.ports.effects import Effects
    from operations.ports.facts import Facts
    from operations.ports.inbox import Inbox
    from operations.ports.measures import Measures
    from operations.ports.members import Members
    from operations.ports.notices import Outbox
    from operations.ports.persons import Persons
    from operations.ports.resources import Resources
    from operations.ports.runs import Runs
    from operations.ports.specs import Specs
    from operations.ports.standings import Standings
    from operations.ports.teams import Teams
    from operations.ports.touch import Touch
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The ports; those that belong to one community (under one version of its spec) are given by the community."""

    specs: Specs
    runs: Runs
    inbox: Inbox
    outbox: Outbox
    audit: AuditLog
    follow_ups: FollowUps
    effects: Effects
    resources: Resources
    standings: Standings
    teams: Teams
    touch: Touch
    facts: Callable[[Community], Facts]
    members: Callable[[Community], Members]
    measures: Callable[[Community], Measures]
    persons: Persons | None = None
