"""Eligibility: to whom a phase is open, and each condition it asks of one member, with what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.known import readings_of
from rules.compile import Compiler
from rules.evaluate import Trace, evaluate
from rules.spec.people import refs
from workflows.desk import Desk
from workflows.offers import DOES
from workflows.setting import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether somebody may come into an open phase by themselves.

    Args:
        open_to: whom it is open to, as the mode says; `everyone` asks nothing.
        trace: what is asked of the member, part by part; None where only results of the run say who may.
        reason: why they may not; None if they may.
    """

    phase: str
    open_to: tuple[str, ...]
    trace: Trace | None
    reason: str | None

    @property
    def may(self) -> bool:
        return self.reason is None

    def data(self) -> dict[str, Any]:
        """As JSON: every condition with the value found and the bound; none where the phase is open to everybody."""
        asks = [] if self.trace is None else [one.data() for one in self.trace.reasons()]
        return {
            "phase": self.phase, "open_to": list(self.open_to), "may": self.may, "conditions": asks,
            "reason": self.reason,
        }  # fmt: skip


def eligibility(house: House, run: str, member: str, *, now: datetime | None = None) -> Sequence[Eligibility]:
    """What each open phase of a run, into which members come by themselves, asks of one of them.

    Raises:
        Refusal: there is no such run or member.
    """
    at = now or datetime.now(UTC)
    desk = Desk(house, now=lambda: at)
    known = desk.settings.run(run)
    if not house.members(house.specs.current(known.community)).find([member]):
        raise Refusal(f"{known.community} has no member {member}.", "`trellis members` lists them.")
    found = []
    for visit in house.runs.open_visits(run):
        if visit.kind in DOES:
            setting = desk.opened(run, visit.phase, visit=visit.visit)[0]
            if setting.wants.eligible is not None:
                found.append(_asked(desk, setting, member))
    return found


def _asked(desk: Desk, setting: Setting, member: str) -> Eligibility:
    eligible, people = setting.wants.eligible, setting.people
    trace = None
    if people.can_be_told(eligible):
        condition = Compiler(setting.community).selected(eligible)
        evidence = people.known.members([member], readings_of(condition)).get(member)
        trace = None if evidence is None else evaluate(condition, evidence)
    reason = desk.strangers(setting, [member]).get(member)
    return Eligibility(phase=setting.phase.id, open_to=refs(eligible), trace=trace, reason=reason)
