"""The tree of goals says when a task begins by itself next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from operations.goals import goals_of
from rules.spec import Community, load
from workflows.phases import discover

AUTO = Path(__file__).parents[2] / "specs" / "auto"


class Nothing:
    """No run was begun and nothing is known."""

    def runs(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def community(self, *_: Any, **__: Any) -> dict[Any, Any]:
        return {}


@pytest.fixture(scope="module")
def auto() -> Community:
    files = {str(path.relative_to(AUTO)): path.read_bytes() for path in AUTO.rglob("*.yaml")}
    community = load(files, discover()).community
    assert community is not None
    return community


def begins(auto: Community, goal: str, task: str, at: datetime) -> datetime | None:
    nothing: Any = Nothing()
    tops = goals_of(auto, nothing, nothing, at=at)
    found = next(one for top in tops for one in (top, *top.parts) if one.goal == goal)
    return next(one for one in found.tasks if one.task == task).begins


def test_a_task_with_a_date_begins_then_and_after_it_not_again(auto: Community) -> None:
    then = datetime(2027, 3, 1, 1, tzinfo=UTC)

    assert begins(auto, "smart-driving", "smart-driving-spring", datetime(2026, 11, 22, tzinfo=UTC)) == then
    assert begins(auto, "smart-driving", "smart-driving-spring", then) is None


def test_a_task_with_a_rhythm_begins_at_the_next_time_and_one_without_by_hand(auto: Community) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)

    assert begins(auto, "living-plaza", "show-your-mileage", at) == datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert begins(auto, "living-plaza", "one-line-about-my-car", at) is None
