"""Measures: what metrics read, for whole communities at once and for one subject."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from rules.reading import Reading
from rules.values import Value

if TYPE_CHECKING:
    import polars as pl


class Measures(Protocol):
    """Base metrics (`from`) of one community under one version of its spec."""

    def frame(
        self,
        subject: str,
        readings: Collection[Reading],
        *,
        at: datetime,
        zone: ZoneInfo,
        subjects: Collection[str] | None = None,
        entered: Mapping[str, pl.DataFrame] | None = None,
    ) -> pl.DataFrame:
        """Every subject of a kind with all its readings.

        Args:
            subject: member, work, team, run, space, cohort or community.
            readings: with scope `subject`, or `community` (the same value in every row).
            at: the moment of the reading; facts after it do not count.
            zone: whose days `90d` counts.
            subjects: only these, in this order, known or not; all known ones by id otherwise.
            entered: for `in_tier` and `in_stage` a frame (`subject`, `entered` as UTC datetime) each; who is not
                there has an unknown reading.

        Returns:
            Column `subject` and one column per `reading.key`: scaled Int64, Boolean or String. Counts and sums over
            no facts are 0, a mean, latest, highest or lowest over none is null.

        Raises:
            NotDecidable: a metric is unknown, derived, or about something else.
        """

    def community(self, readings: Collection[Reading], at: datetime) -> dict[Reading, Value | None]:
        """Readings over the whole community (their scope is not looked at)."""
