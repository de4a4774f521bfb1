"""A class of the sample community lives: its teacher is asked, its tasks are its own, who leaves has no duties left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.errors import Refusal
from operations.handover import hand_over
from operations.ports.runs import RUNNING, Run
from operations.ports.standings import Place
from rules.spec import Community
from tests.touch.owners import auto, numbered, owners
from tests.waiting import PATIENCE
from workflows import turns
from workflows.desk import Desk

pytestmark = pytest.mark.servers

PHOTO = {"words": "a clear morning"}


@pytest.fixture(scope="module")
def community(room: Any) -> Community:
    """Two classes of active owners, two teachers."""
    community = auto(room.memory)
    owners(room.memory, community, numbered("suv", 9), tier="active", stage="active", car_model="suv-x")
    owners(room.memory, community, numbered("mpv", 8), tier="active", stage="active", car_model="mpv-v")
    owners(room.memory, community, ["passer-by"])
    room.memory.effects.staff("auto", "host", ["hana", "hugo"])
    return community


@pytest.fixture(scope="module")
def working(room: Any, community: Community) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


@pytest.fixture(scope="module")
def review(room: Any, working: None) -> Callable[[], Any]:
    """`review()` looks at all tiers now, on the real workflow, and returns its summary."""
    count = iter(range(100))

    def look() -> Any:
        name = f"auto/review/{next(count)}"
        given = turns.ReviewInput(community="auto", parts=("tier",))
        room.gateway.start(turns.REVIEW, given, id=name, attributes={"TrellisCommunity": "auto"})
        return room.gateway.result(name, PATIENCE, turns.ReviewSummary)

    return look


@pytest.fixture(scope="module")
def runs(room: Any, review: Callable[[], Any], eventually: Any) -> dict[str, Run]:
    """The runs that accompany the classes, by class, once their teachers are asked."""
    review()

    def started() -> dict[str, Run] | None:
        found = {run.subject: run for run in room.memory.runs.runs("auto", task="class-care", status=RUNNING)}
        asked = [run for run in found.values() if room.memory.runs.visit(run.id, "idea")]
        return found if len(asked) == 2 else None

    return eventually(started)  # type: ignore[no-any-return]


@pytest.fixture
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=room.gateway.poke)


def class_of(room: Any, member: str) -> str:
    return str(room.memory.touch.cohorts_of("auto", member)["classes"])


def small_task(room: Any, desk: Desk, run: Run, eventually: Any) -> None:
    """The teacher has decided for a task."""
    host = next(one.host for one in room.memory.touch.cohorts("auto") if one.id == run.subject)
    if room.memory.runs.visit(run.id, "small-task") is None:
        desk.answer(run.id, "idea", by=host, choice="small-task")
        eventually(lambda: room.memory.runs.visit(run.id, "small-task"))


def test_one_run_accompanies_each_class_and_asks_its_teacher(room: Any, runs: dict[str, Run]) -> None:
    assert sorted(runs) == ["classes/1", "classes/2"]
    hosts = {one.id: one.host for one in room.memory.touch.cohorts("auto")}
    for subject, run in runs.items():
        assert room.memory.runs.visit(run.id, "idea").asked == (hosts[subject],)
    assert sorted(hosts.values()) == ["hana", "hugo"]


def test_a_task_of_a_class_reaches_exactly_its_members(
    room: Any, runs: dict[str, Run], desk: Desk, eventually: Any
) -> None:
    run = runs[class_of(room, "suv-01")]
    small_task(room, desk, run, eventually)

    assert desk.submit(run.id, "small-task", member="suv-01", fields=PHOTO).accepted
    for stranger in ("mpv-01", "passer-by"):
        with pytest.raises(Refusal, match="is not among those who may take part"):
            desk.submit(run.id, "small-task", member=stranger, fields=PHOTO)


def test_who_leaves_the_class_has_no_duty_in_it_any_more(
    room: Any, runs: dict[str, Run], desk: Desk, eventually: Any, review: Callable[[], Any]
) -> None:
    run = runs[class_of(room, "suv-02")]
    small_task(room, desk, run, eventually)
    eventually(lambda: room.memory.inbox.item("auto", f"{run.id}/rating/1@suv-02"))
    place = Place(member="suv-02", ladder="tier")
    room.memory.standings.put("auto", place, to="core", by="test", reason="test", at=datetime.now(UTC))
    room.memory.effects.staff("auto", "connector", ["cora"])

    review()

    assert room.memory.touch.cohorts_of("auto", "suv-02") == {}
    with pytest.raises(Refusal, match="is not among those who may take part"):
        desk.submit(run.id, "small-task", member="suv-02", fields=PHOTO)
    assert room.memory.inbox.item("auto", f"{run.id}/rating/1@suv-02").state == "gone"
    care = eventually(lambda: room.memory.runs.runs("auto", task="core-care", status=RUNNING))[0]
    assert care.subject == "suv-02"
    assert room.memory.effects.assigned("auto", "suv-02") == {"contact": "cora"}
    introduction = eventually(lambda: room.memory.runs.visit(care.id, "introduction"))
    assert introduction.asked == ("cora",)


def test_the_word_of_the_teacher_about_each_member_is_a_figure_of_theirs(
    room: Any, community: Community, runs: dict[str, Run], desk: Desk, eventually: Any
) -> None:
    run = runs[class_of(room, "mpv-05")]
    item = eventually(lambda: room.memory.inbox.item("auto", f"{run.id}/rating/1@mpv-05"))
    host = next(one.host for one in room.memory.touch.cohorts("auto") if one.id == run.subject)

    desk.complete("auto", item.id, outcome="done", fields={"enthusiasm": 5, "expertise": 4}, by=host)

    said = room.memory.runs.acts(run.id, "rating")
    assert [(one.by, one.about, one.fields) for one in said] == [(host, "mpv-05", {"enthusiasm": 5, "expertise": 4})]
    with pytest.raises(Refusal, match="enthusiasm"):
        desk.answer(run.id, "rating", by=host, choice="done", about="mpv-06", fields={"enthusiasm": 9, "expertise": 4})


def test_when_a_teacher_leaves_what_they_were_asked_is_asked_of_the_next(
    room: Any, runs: dict[str, Run], desk: Desk
) -> None:
    run = runs[class_of(room, "mpv-01")]
    before = next(one.host for one in room.memory.touch.cohorts("auto") if one.id == run.subject)
    after = "hugo" if before == "hana" else "hana"
    community = room.memory.specs.current("auto")

    done = hand_over(room.memory.house, community, "host", before, at=datetime.now(UTC))

    assert (run.subject, after) in {(one.member, one.to) for one in done.moved}
    assert room.memory.runs.visit(run.id, "idea").asked == (after,)
    (item,) = [one for one in room.memory.inbox.find("auto", run=run.id) if one.phase == "idea"]
    assert item.asked == (after,)
    (take_over,) = [one for one in room.memory.inbox.find("auto", member=after) if one.run is None]
    assert take_over.title["en"].startswith(f"Take over from {before}")
    assert take_over.due is not None
    assert take_over.escalate
    with pytest.raises(Refusal):
        desk.answer(run.id, "idea", by=before, choice="rest")
    assert desk.answer(run.id, "idea", by=after, choice="rest").accepted


def test_a_class_that_has_emptied_ends_its_run(
    room: Any, runs: dict[str, Run], review: Callable[[], Any], eventually: Any
) -> None:
    subject = class_of(room, "mpv-01")
    for member in numbered("mpv", 8):
        place = Place(member=member, ladder="tier")
        room.memory.standings.put("auto", place, to="base", by="test", reason="test", at=datetime.now(UTC))

    review()

    ended = eventually(lambda: (run := room.memory.runs.run(runs[subject].id)).status != RUNNING and run)
    assert ended.end == "end:stopped"
    assert subject not in {one.id for one in room.memory.touch.cohorts("auto")}
