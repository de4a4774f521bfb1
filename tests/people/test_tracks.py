"""Both tracks on the real servers: what a newcomer is asked, given and helped with, and what leaving does to it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.wiring import Room
from operations.errors import Refusal
from operations.growth import growth
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from operations.prizes import deadline_in
from operations.publish import publish
from rules.spec import Community
from store.folder import read_folder
from tests.people.owners import SPECS
from tests.waiting import PATIENCE, pace
from worker import Rhythm
from workflows import turns
from workflows.course import SKIPPED
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.steps import RunResult

pytestmark = pytest.mark.servers
Worker = Callable[..., AbstractContextManager[None]]
Eventually = Callable[..., Any]
NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - timedelta(days=200)
DAY = timedelta(days=1)
PEOPLE = {
    "wei": ("public_domain", "base", "active"), "xia": ("public_domain", "core", "active"),
    "first": ("private_domain", "base", "active"), "again": ("private_domain", "base", "active"),
    "poster": ("private_domain", "base", "active"),
    "quits-1": ("private_domain", "core", "mature"), "quits-2": ("public_domain", "core", "mature"),
    **{f"tired-{choice}": ("private_domain", "core", "mature") for choice in ("honorary", "reduced", "pause", "leave")},
}  # fmt: skip


@pytest.fixture(scope="module")
def auto(room: Room) -> Community:
    """The sample community since long ago, with everybody of `PEOPLE` where they are."""
    memory = room.memory
    publish(memory.specs, read_folder(SPECS / "auto"), discover(), message="test", author="test", at=BEGAN - 400 * DAY)
    spec = memory.specs.current("auto")
    for role in spec.roles:
        memory.effects.staff("auto", role, [f"{role}-1"])
    long_ago = BEGAN - 300 * DAY
    memory.members(spec).enlist(
        [Member(who, long_ago, {"origin": origin, "consent": True}) for who, (origin, _, _) in PEOPLE.items()],
        at=long_ago,
    )
    places = [
        First(place=Place(member=who, ladder=ladder), at=at, since=long_ago)
        for who, (_, tier, stage) in PEOPLE.items()
        for ladder, at in (("tier", tier), (LIFECYCLE, stage))
    ]
    memory.standings.begin("auto", places, at=long_ago)
    return spec


@pytest.fixture
def desk(room: Room) -> Desk:
    return Desk(room.memory.house, poke=room.gateway.poke)


def posted(room: Room, who: str, work: str, at: datetime) -> None:
    fields = {"work": work, "nature": "talk", "public": True, "theme": "journeys"}
    room.memory.facts("auto").record([Fact(f"posted/{work}", "posted", who, at, None, fields)])


def stage(room: Room, who: str) -> str | None:
    held = room.memory.standings.one("auto", Place(member=who, ladder=LIFECYCLE))
    return held.at if held is not None else None


def rights(room: Room, who: str) -> set[str]:
    """Benefits that somebody holds and that have not ended."""
    held = room.memory.effects.holdings("auto", who)
    return {one.item for one in held if one.kind == "benefit" and one.ended_at is None}


def test_only_the_first_topic_in_public_is_planned_together(room: Room, auto: Community, worker: Worker) -> None:
    posted(room, "again", "earlier", BEGAN - 9 * DAY)
    launcher = Launcher(room.memory.house, room.gateway)
    with worker():
        runs = {
            who: launcher.start("welcome-private", subject=who, at=BEGAN, scale="1d=20ms", rehearsed=True, seed=3).id
            for who in ("first", "again")
        }
        ends = {who: room.gateway.result(run, PATIENCE, RunResult).end for who, run in runs.items()}

    states = {who: {visit.phase: visit.state for visit in room.memory.runs.visits(run)} for who, run in runs.items()}
    assert ends == {"first": "end", "again": "end"}
    assert (states["first"]["plan-together"], states["first"]["agreed"]) == ("closed", "closed")
    assert (states["again"]["plan-together"], states["again"]["agreed"]) == (SKIPPED, SKIPPED)
    assert states["again"]["polish"] == states["again"]["out"] == "closed", "a second pair of eyes stays"
    for who, run in runs.items():
        visits = room.memory.runs.visits(run)
        lessons = [one for one in visits if one.phase == "lesson" and one.outcome == "done"]
        told = room.memory.facts("auto").find(member=who, kinds=["lesson"], limit=9)
        assert (len(told), {one.fields["by"] for one in told}) == (len(lessons), {"tutor-1"}), "each lesson is kept"
        assert {one.asked for one in visits if one.phase == "lesson"} == {("tutor-1",)}
        learnt = [line.what for line in growth(room.memory.desk, auto, who, at=BEGAN + 100 * DAY).learning]
        assert learnt == ["lesson"] * len(lessons)
        shared, public = (next(one for one in visits if one.phase == name) for name in ("sharing", "in-public"))
        assert shared.closed_at <= public.opened_at, "first at home, then in public"


def test_a_first_work_in_public_is_to_be_reposted_within_hours_and_a_second_one_is_not(
    room: Room, auto: Community, worker: Worker, eventually: Eventually, desk: Desk
) -> None:
    rhythm = Rhythm(room)
    rhythm.keep()

    def asked(work: str) -> list[Any]:
        rhythm.wake()
        return [one for one in room.memory.inbox.find("auto", role="coordinator") if one.about == work]

    def shared(run: str, who: str) -> str:
        work = desk.submit(run, "replies", member=who, fields={"words": "一千公里了"}).id
        posted(room, who, work, datetime.now(UTC))
        return work

    with worker():
        run = Launcher(room.memory.house, room.gateway).start("show-your-mileage", community="auto").id
        eventually(lambda: room.memory.runs.open_visits(run, phase="replies"))
        first = shared(run, "poster")
        (item,) = eventually(lambda: asked(first))
        second, of_another = shared(run, "poster"), shared(run, "first")
        eventually(lambda: asked(of_another))
        room.gateway.cancel(run)

    assert item.title["en"] == "Repost and recommend"
    assert NOW <= item.opened_at <= datetime.now(UTC), "as soon as the work is out"
    assert item.due == deadline_in(auto, "sla:repost", item.opened_at)
    assert item.claim_due is not None
    assert item.claim_due < item.due
    assert [to for _, to in item.escalate] == ["role:director"]
    assert asked(second) == []


@pytest.mark.slow
def test_the_public_track_agrees_on_a_direction_is_given_what_is_scarce_and_told_what_is_outside(
    room: Room, auto: Community, worker: Worker, eventually: Eventually, desk: Desk
) -> None:
    memory = room.memory
    memory.facts("auto").record(
        [Fact(f"nda/{who}", "nda", who, BEGAN - DAY, None, {"agreed": True}) for who in ("wei", "xia")]
    )
    others = [
        Deed(key=f"had/{n}", kind="benefit", at=BEGAN - DAY, source="had", member=f"other-{n}",
             details={"item": "early-access", "limit": 20}) for n in range(19)
    ]  # fmt: skip
    memory.effects.do("auto", others)
    launcher = Launcher(memory.house, room.gateway)
    said = {"goals": "让更多人了解智驾", "themes": ["smart-driving", "know-how"]}

    def opened(run: str, phase: str) -> Any:
        def look() -> Any:
            visit = memory.runs.visit(run, phase)
            return visit if visit is not None and visit.state == "open" else None

        return eventually(look)

    with worker():
        runs = {
            who: launcher.start("welcome-public", subject=who, at=BEGAN, scale=pace("1d=2s")).id
            for who in ("wei", "xia")
        }
        for who, run in runs.items():
            opened(run, "calibration")
            contact = memory.effects.assigned("auto", who)["contact"]
            desk.answer(run, "calibration", by=contact, choice="done", fields=said)
            opened(run, "agreed")
            assert rights(room, who) == set(), "nothing is given before the direction is agreed"
            desk.answer(run, "agreed", by=who, choice="agree")
        opened(runs["xia"], "first-work")
        assert rights(room, "xia") == {"early-access", "inside-story", "brand-events"}
        (claim,) = memory.resources.of_phase(runs["wei"], "resources")
        assert (claim.state, claim.why["after"]) == ("waiting", ["xia"]), "the last place goes to the higher tier"
        told = [one for one in memory.outbox.of("auto", "xia") if one.what == "message:benefits"]
        assert told

        piece = {"link": "https://p.example/1", "theme": "journeys"}
        work = desk.submit(runs["xia"], "first-work", member="xia", fields=piece).id
        opened(runs["xia"], "in-scope")
        (item,) = memory.inbox.find("auto", role="director", run=runs["xia"])
        assert item.details == {"outside": "theme journeys, agreed know-how, smart-driving"}
        room.gateway.cancel(runs["wei"])
        result = room.gateway.result(runs["xia"], PATIENCE, RunResult)

    assert result.end == "end:off-scope", "silence lets a work pass, and not one that is outside"
    assert memory.runs.visit(runs["xia"], "in-scope").results["outside"] == [work]
    assert rights(room, "xia") == {"early-access", "inside-story", "brand-events"}
    assert rights(room, "wei") == set()


@pytest.mark.slow
def test_each_mature_member_who_leaves_raises_the_quota_of_sprouts_and_a_thin_pipeline_alerts(
    room: Room, auto: Community, worker: Worker, eventually: Eventually
) -> None:
    memory, at = room.memory, BEGAN + 20 * DAY
    parts = ("lifecycle", "rule:pipeline-thin")

    def review(at: datetime) -> None:
        id_ = f"auto/review/{at.isoformat()}"
        given = turns.ReviewInput(community="auto", at=at, scale="1d=20s", parts=parts, touch=False)
        room.gateway.start(turns.REVIEW, given, id=id_)
        room.gateway.result(id_, PATIENCE, turns.ReviewSummary)
        room.gateway.start(turns.OUTBOX, turns.OutboxInput(community="auto"), id="auto/outbox", again=True)

    def searches() -> list[Any]:
        runs = memory.runs.runs("auto", task="extra-scouting", status="running")
        return [one for run in runs for one in memory.runs.open_visits(run.id, phase="find")]

    def alerts() -> list[Any]:
        return [one for one in memory.inbox.find("auto", role="scout") if one.title["en"] == "More sprouts"]

    def pinned(who: str, to: str) -> None:
        place = Place(member=who, ladder=LIFECYCLE)
        memory.standings.pin("auto", place, to=to, by="kim", reason="test", at=at - DAY)

    with worker():
        sprouts = ("first", "again", "poster")
        for who in sprouts:
            pinned(who, "emerging")
        review(at)  # three sprouts to six mature members
        assert (alerts(), searches()) == ([], [])
        leaving = ("quits-1", "quits-2")
        memory.facts("auto").record(
            [Fact(f"quits/{who}", "cannot_go_on", who, at, None, {"reason": "work"}) for who in leaving]
        )
        for who in sprouts:
            pinned(who, "active")
        review(at + DAY)
        eventually(lambda: len(searches()) == 3)
        (alert,) = alerts()
        assert alert.due > alert.opened_at
        asked = [memory.inbox.find("auto", run=one.run) for one in searches()]
        assert all("role:scout" in item.asked for items in asked for item in items)
        quotas = {one.run: memory.specs.current("auto").bind("extra-scouting", {}) for one in searches()}
        assert sum(_needed(mode) for mode in quotas.values()) == 9, "three for each who left, and three as it is thin"
        for run in memory.runs.runs("auto", status="running"):
            room.gateway.cancel(run.id)
        eventually(lambda: not memory.runs.runs("auto", status="running"))


def _needed(mode: Any) -> int:
    from rules.spec.phase import every_phase

    return next(int(phase.needs) for _, phase in every_phase(mode.phases) if phase.id == "find")


@pytest.mark.slow
def test_whoever_cannot_go_on_chooses_one_of_four_ways_and_goes_it(
    room: Room, auto: Community, worker: Worker, eventually: Eventually, desk: Desk
) -> None:
    memory, at = room.memory, BEGAN + 40 * DAY
    tired = {who: who.removeprefix("tired-") for who in PEOPLE if who.startswith("tired-")}
    early = [
        Deed(key=f"early/{who}", kind="benefit", at=BEGAN, source="early", member=who, details={"item": "inside-story"})
        for who in tired
    ]
    memory.effects.do("auto", early)
    memory.facts("auto").record(
        [Fact(f"cannot/{who}", "cannot_go_on", who, at - DAY, None, {"reason": "life"}) for who in tired]
    )

    def review(at: datetime) -> None:
        id_ = f"auto/review/{at.isoformat()}"
        given = turns.ReviewInput(
            community="auto", at=at, scale=pace("1d=2s"), parts=("lifecycle", "tier"), touch=False
        )
        room.gateway.start(turns.REVIEW, given, id=id_)
        room.gateway.result(id_, PATIENCE, turns.ReviewSummary)
        room.gateway.start(turns.OUTBOX, turns.OutboxInput(community="auto"), id="auto/outbox", again=True)

    def run_of(who: str) -> str | None:
        return next((one.id for one in memory.runs.runs("auto", task="farewell-talk") if one.subject == who), None)

    def opened(run: str, phase: str) -> bool:
        visit = memory.runs.visit(run, phase)
        return visit is not None and visit.state == "open"

    with worker():
        review(at)
        assert {stage(room, who) for who in tired} == {"evolving"}
        runs = {who: eventually(lambda who=who: run_of(who)) for who in tired}
        for who, run in runs.items():
            eventually(lambda run=run: opened(run, "talk"))
            contact = memory.effects.assigned("auto", who)["contact"]
            talk = {"situation": "孩子出生了", "thanked_for": "一路的分享"}
            with pytest.raises(Refusal, match="situation is missing"):
                desk.answer(run, "talk", by=contact, choice="done", fields={})
            desk.answer(run, "talk", by=contact, choice="done", fields=talk)
        for who, run in runs.items():
            eventually(lambda run=run: opened(run, "choice"))
            desk.answer(run, "choice", by=who, choice=tired[who])
        for who, run in runs.items():
            if tired[who] != "pause":
                assert room.gateway.result(run, PATIENCE, RunResult).end == "end"
        eventually(lambda: opened(runs["tired-pause"], "back"))
        after = at + 60 * DAY
        review(after)
        stages = {tired[who]: stage(room, who) for who in tired}
        assert stages == {"honorary": "honorary", "reduced": "active", "pause": "evolving", "leave": "departed"}
        on_leave = memory.effects.holdings("auto", "tired-pause", at=after)
        assert "on-leave" in {one.item for one in on_leave if one.ended_at is None}
        assert {memory.standings.one("auto", Place(member=who, ladder="tier")).at for who in tired} == {"core"}
        assert rights(room, "tired-leave") == set(), "what is scarce is free for somebody else"
        assert rights(room, "tired-reduced") > {"inside-story"}

        visits = [
            Fact(f"v/{n}", "visited", "tired-pause", after + (n + 1) * DAY, None, {"minutes": 5}) for n in range(8)
        ]
        memory.facts("auto").record(visits)
        review(after + 10 * DAY)
        assert stage(room, "tired-pause") == "active", "who has rested and comes back is simply back"
        for who in tired:
            if memory.runs.run(runs[who]).status == "running":
                room.gateway.cancel(runs[who])
