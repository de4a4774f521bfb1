"""Calendars: the working days of China, as announced for 2026 and as the law has them for 2027."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.preview.affected import timers
from rules.spec import load
from rules.time import Duration, WorkCalendar, sla_times, to_day
from workflows.phases import discover

AUTO = Path(__file__).parents[2] / "specs" / "auto"


@pytest.fixture(scope="module")
def auto() -> Any:
    files = {str(path.relative_to(AUTO)): path.read_bytes() for path in AUTO.rglob("*.yaml")}
    return load(files, discover()).community


def worked(auto: Any, year: int) -> set[date]:
    calendar = WorkCalendar(auto.calendars["office"])
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    return {day for day in days if day.year == year and calendar.is_worked(to_day(day.isoformat()))}


def test_2026_has_the_days_off_and_the_worked_weekends_that_were_announced(auto: Any) -> None:
    days = worked(auto, 2026)

    assert len(days) == 248
    for day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10), (2, 24), (9, 28), (10, 8)):
        assert date(2026, *day) in days
    for day in ((1, 2), (2, 16), (2, 23), (4, 6), (5, 5), (6, 19), (9, 25), (10, 7)):
        assert date(2026, *day) not in days


def test_2027_has_the_thirteen_days_of_the_law_and_nothing_made_up(auto: Any) -> None:
    calendar = auto.calendars["office"]
    mine = [one for one in calendar.holidays if str(one.from_).startswith("2027")]

    assert sum((date.fromisoformat(one.to) - date.fromisoformat(one.from_)).days + 1 for one in mine) == 13
    assert not [day for day in calendar.worked if str(day).startswith("2027")]
    assert "PROVISIONAL" in (AUTO / "calendars" / "office.yaml").read_text(encoding="utf-8")


def test_two_working_days_over_the_spring_festival_of_2026_take_eleven(auto: Any) -> None:
    opened = datetime(2026, 2, 13, 2, tzinfo=UTC)  # Friday, ten o'clock in Shanghai; the Saturday is worked

    times = sla_times(
        "standard", opened, zone=auto.zone, calendar=auto.calendars["office"], slas=auto.slas, calendars=auto.calendars
    )

    assert times.finish.astimezone(auto.zone).date() == date(2026, 2, 24)
    assert times.claim is not None
    assert times.claim.astimezone(auto.zone).date() == date(2026, 2, 13)
    assert WorkCalendar(auto.calendars["office"]).add(opened, Duration.parse("1bd"), auto.zone).date() == date(
        2026, 2, 14
    )


def test_plan_says_which_service_levels_would_end_after_their_calendar(auto: Any) -> None:
    late = timers(auto, auto, datetime(2027, 12, 20, tzinfo=UTC))
    early = timers(auto, auto, datetime(2027, 3, 1, tzinfo=UTC))

    assert any(row["what"].startswith("sla:advice begun now ends after calendar office") for row in late)
    assert not [row for row in early if "ends after" in row["what"]]
