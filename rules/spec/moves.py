"""Moves: what a tier and a lifecycle transition share. Rhythms, approvals, invitations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from rules.spec.node import Node, mistake
from rules.spec.phase import GateSpec
from rules.spec.scalars import Clock, Duration, Flag, Id, Plain, Ref, Within, words

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Rhythm(Node):
    """How often something is looked at: a period, a day in it, a local time."""

    every: Annotated[str, words("fact", "hour", "day", "week", "month", "year")]
    day: Annotated[int | str, Plain("day_of_month", "day_of_year", words=WEEKDAYS)] | None = None
    at: Clock | None = None

    @model_validator(mode="after")
    def _fits(self) -> Rhythm:
        if self.day is not None:
            wanted = {
                "week": "a weekday such as mon",
                "month": "a day of the month such as 1",
                "year": 'a day such as "03-08"',
            }
            fits = {
                "week": self.day in WEEKDAYS,
                "month": isinstance(self.day, int),
                "year": isinstance(self.day, str) and self.day not in WEEKDAYS,
            }
            if self.every not in wanted:
                raise mistake("TRL213", f"every: {self.every} has no day", "leave out day", key="day")
            if not fits[self.every]:
                raise mistake(
                    "TRL206", f"{self.day} is no day of a {self.every}", f"write {wanted[self.every]}", key="day"
                )
        if self.at is not None and self.every in ("fact", "hour"):
            raise mistake("TRL213", f"every: {self.every} has no time of day", "leave out at", key="at")
        return self


class Approval(GateSpec):
    """A gate for a move, with the choices agree and refuse."""

    decided_by: Annotated[str, words("count", "majority")] = "count"
    veto: Flag = False  # a single refuse decides
    if_silent: Annotated[str, words("agree", "refuse")]


class Invitation(Node):
    """The member is asked, and may decline."""

    message: Id | None = None
    from_: Ref | None = Field(None, alias="from")  # in whose name
    within: Within
    if_silent: Annotated[str, words("lapse", "accept")]
    again_after: Duration = "90d"  # not asked again for this after a refusal or a lapse


class Move(Node):
    """What delays or gates a move."""

    observe: Duration | None = None
    approval: Approval | None = None
    invitation: Invitation | None = None
