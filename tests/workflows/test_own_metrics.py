"""Conditions of a run about the run itself and about what its cohort shares are known, and waited for."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from operations.around import Around
from operations.keep_touch import keep_touch
from operations.known import Known
from operations.people import People
from operations.ports.facts import Fact
from operations.ports.runs import Run
from operations.reports.retention import retention
from rules.spec.conditions import Condition
from tests.touch.owners import AT, auto, numbered, owners
from workflows.conduct import Conduct
from workflows.launch import Launcher
from workflows.steps import CheckPhase, OpenPhase

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    owners(memory, community, numbered("suv", 10), tier="active", stage="active", car_model="suv-x")
    owners(memory, community, numbered("mpv", 9), tier="active", stage="active", car_model="mpv-v")
    memory.effects.staff("auto", "host", ["hana"])
    keep_touch(memory.desk, community, at=AT, start=False)
    return community


def people(memory: Any, spec: Any, task: str, *, subject: str | None = None, days: int = 90, at: Any = AT) -> People:
    """Whoever looks at a run that began so many days ago."""
    began = AT - days * DAY
    run = memory.runs.begin(
        Run(
            community="auto", id="", task=task, mode=spec.tasks[task].mode, digest=spec.digest,
            subject=subject, opened_at=began, began_at=began,
        ),
        at_once=9,
    )  # fmt: skip
    mode = spec.modes[run.mode]
    return People(Known(memory.house, spec, at), Around(spec, run, mode))


def written(**leaf: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Condition).validate_python({name.replace("__", "."): test for name, test in leaf.items()})


def test_a_run_reads_its_own_metrics_and_how_long_it_has_been_going_on(memory: Any, spec: Any) -> None:
    mine = people(memory, spec, "long-distance-circle")
    assert mine.around is not None
    run = {"run": mine.around.run.id, "mode": "circle"}
    guests = numbered("suv", 10)
    memory.facts(spec).record(
        [Fact(f"in/{who}", "enrolled", who, AT - 60 * DAY, None, run) for who in guests]
        + [Fact("out/suv-10", "withdrew", "suv-10", AT - 50 * DAY, None, run)]
        + [Fact(f"at/{who}", "attended", who, AT - 5 * DAY, None, run) for who in guests[:3]]
    )

    assert mine.holds(written(run__days={"is": 90})) is True
    assert mine.holds(written(run__mode={"is": "circle"})) is True
    assert mine.holds(written(run__active_here={"is": 3, "over": "30d"})) is True
    assert mine.holds(written(run__retention={"at_least": "0.33", "less_than": "0.34", "over": "30d"})) is True
    assert mine.holds(written(run__retention={"less_than": "0.10", "over": "3d"})) is True
    assert mine.holds(written(community__posts={"is": 0})) is True

    told = retention(memory.house, spec, at=AT, mode="circle", weeks=3).data
    assert [(one["run"], one["weeks"]) for one in told["runs"]] == [
        (run["run"], [Fraction(0), Fraction(0), Fraction(33, 100)])
    ], "three of the nine who are in have stirred, and only in the last week"


def test_a_run_of_a_cohort_reads_what_its_members_share(memory: Any, spec: Any) -> None:
    of = {one.key[0]: one.id for one in memory.touch.cohorts("auto")}
    suv = people(memory, spec, "off-road-weekend", subject=of["suv-x"])

    assert suv.holds(written(cohort__car_model={"is": "suv-x"})) is True
    assert suv.holds(written(cohort__car_model={"is": "mpv-v"})) is False
    assert suv.holds(written(cohort__size={"is": 10})) is True
    assert suv.holds(written(cohort__city={"is_known": True})) is False


def test_a_wait_for_a_metric_of_the_run_is_over_when_it_comes_true(memory: Any, spec: Any) -> None:
    began = AT - 90 * DAY
    for other in memory.runs.runs("auto", task="long-distance-circle", status="running"):
        memory.runs.finish(other.id, end="end", at=began)
    run = Launcher(memory.house, memory).begin("long-distance-circle", community="auto", at=began, key="waits")
    conduct = Conduct(memory.house, now=lambda: AT)
    mine = {"run": run.id, "mode": "circle"}
    memory.facts(spec).record(
        [Fact(f"waits/in/{who}", "enrolled", who, began + DAY, None, mine) for who in numbered("mpv", 9)]
        + [Fact(f"waits/at/{day}", "attended", "mpv-01", began + day * DAY, None, mine) for day in (45, 70)]
    )
    opened = conduct.open(OpenPhase(run=run.id, phase="asleep", visit=1, scope="", at=began + 60 * DAY))
    assert opened.look_at == began + 61 * DAY

    def looked(days: int) -> Any:
        return conduct.check(CheckPhase(run=run.id, phase="asleep", visit=1, at=began + days * DAY, due=False))

    assert looked(80).outcome is None, "one of nine has stirred within a month"
    assert looked(80).look_at == began + 81 * DAY
    over = looked(105)
    assert (over.outcome, over.at) == ("done", began + 105 * DAY)
