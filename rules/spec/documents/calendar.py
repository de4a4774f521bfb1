"""calendar/v1: working time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.spec.labels import Label
from rules.spec.moves import WEEKDAYS
from rules.spec.node import Node, mistake
from rules.spec.scalars import Day, Id, Plain, words


class Holiday(Node):
    """Days that are not worked."""

    from_: Day = Field(alias="from")
    to: Day
    title: Label

    @model_validator(mode="after")
    def _order(self) -> Holiday:
        if self.to < self.from_:
            raise mistake("TRL215", f"the holiday ends on {self.to}, before it begins on {self.from_}", key="to")
        return self


class Calendar(Node):
    """Working days and hours, holidays, days worked in exchange."""

    schema_: Literal["calendar/v1"] = Field(alias="schema")
    id: Id
    title: Label
    work_days: Annotated[tuple[Annotated[str, words(*WEEKDAYS)], ...], Field(min_length=1)]
    hours: Annotated[str, Plain("hours")]
    holidays: tuple[Holiday, ...] = ()
    worked: tuple[Day, ...] = ()
    valid_through: Day

    @model_validator(mode="after")
    def _sense(self) -> Calendar:
        if self.hours[:5] >= self.hours[6:]:
            raise mistake("TRL215", f"hours {self.hours} end before they begin", key="hours")
        twice = next((d for n, d in enumerate(self.work_days) if d in self.work_days[:n]), None)
        if twice is not None:
            raise mistake("TRL213", f"'{twice}' is there twice", key="work_days")
        return self
