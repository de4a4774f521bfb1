"""Measures: what metrics read, for whole communities at once and for one subject."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from rules.ahead import Kept
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
        subjects: Collection[str] | pl.Series | pl.DataFrame | None = None,
        entered: Mapping[str, pl.DataFrame] | None = None,
        known_by: datetime | None = None,
        strictly: bool = False,
        narrow: bool = False,
    ) -> pl.DataFrame:
        """Every subject of a kind with all its readings.

        Args:
            subject: member, work, team, run, space, cohort or community.
            readings: with scope `subject`, or `community` (the same value in every row).
            at: the moment of the reading; facts after it do not count.
            zone: whose days `90d` counts.
            subjects: only these, in this order, known or not, perhaps as `numbered` gave them; all known ones by id
                otherwise.
            entered: for `in_tier` and `in_stage` a frame (`subject`, `entered` as UTC datetime) each; who is not
                there has an unknown reading.
            known_by: facts that were recorded later do not count either; of some it is not told, they do. Who is
                present is looked up as it was then.
            strictly: facts of the very moment do not count either: a decision's own consequences.
            narrow: of many subjects, whole numbers come in as few bytes as hold them.

        Returns:
            Column `subject` and one column per `reading.key`: scaled Int64, Boolean or String. Counts and sums over
            no facts are 0, a mean, latest, highest or lowest over none is null.

        Raises:
            NotDecidable: a metric is unknown, derived, or about something else.
        """

    def numbered(self, subject: str, subjects: pl.Series, at: datetime) -> pl.DataFrame:
        """Subjects of a kind with what stands for them here, for whoever asks about the same ones several times."""

    def kept(
        self,
        member: str,
        readings: Collection[Reading],
        *,
        at: datetime,
        entered: Mapping[str, datetime] | None = None,
        known_by: datetime | None = None,
    ) -> dict[Reading, Kept]:
        """What a member's own readings are computed from, so that they can be told for later days.

        Args:
            member: id.
            readings: with scope `subject`; those of other scopes and of unknown metrics are left out.
            at: the moment; later facts are not among them.
            entered: when the member entered the present tier or stage, for `in_tier` and `in_stage`.
            known_by: as for `frame`.
        """

    def community(
        self, readings: Collection[Reading], at: datetime, *, known_by: datetime | None = None
    ) -> dict[Reading, Value | None]:
        """Readings over the whole community (their scope is not looked at)."""

    def tidy(self) -> None:
        """Put together what readings are computed from, after much came in; otherwise the next look does so first."""
        ...

    def things(
        self,
        kind: str,
        names: Collection[str],
        at: datetime,
        *,
        ids: Collection[str] | None = None,
        then: bool = False,
    ) -> pl.DataFrame:
        """Every work, run under way, team or cohort that there is: `subject`, of works `author`, and attributes.

        Args:
            names: the attributes that are wanted, as conditions name them: `work.mode`, `run.days`.
            ids: only these; all without it.
            then: those that there were at `at` as they were, as far as that is remembered: the fields of works, and
                what was withdrawn since, are those of now. Without it everything is as it is now.
        """
