"""Broadcast: one publication for everybody, nobody followed up; who stands out in what they hand in is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.explain import explain
from operations.ports.members import Member
from operations.ports.runs import Run
from rules.reading import Reading
from rules.spec import Community
from tests.touch.owners import AT, auto, happened, numbered, owners
from tests.waiting import PATIENCE
from workflows import turns
from workflows.desk import Desk
from workflows.eligibility import eligibility
from workflows.launch import Launcher
from workflows.offers import offers
from workflows.steps import RunResult

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def community(room: Any) -> Community:
    community = auto(room.memory)
    owners(room.memory, community, numbered("owner", 30), stage="active")
    return community


@pytest.fixture(scope="module")
def working(room: Any, community: Community) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


@pytest.fixture(scope="module")
def run(room: Any, working: None, eventually: Any) -> Run:
    """The monthly call, published and open."""
    run = Launcher(room.memory.house, room.gateway).start("show-your-mileage")
    eventually(lambda: room.memory.runs.visit(run.id, "replies"))
    return run


@pytest.fixture
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=room.gateway.poke)


def test_one_publication_in_each_channel_reaches_everybody_without_a_step_for_anybody(
    room: Any, community: Community, run: Run
) -> None:
    published = room.memory.facts(community).find(kinds=["published"], limit=50)
    mine = [fact for fact in published if fact.fields.get("run") == run.id]
    assert sorted(fact.fields["place"] for fact in mine) == ["app-plaza", "forum-pin", "hashtag", "plaza"]
    assert {fact.member for fact in mine} == {None}, "one for each channel, and none for a member"
    assert room.memory.effects.totals("auto").get("publish") == 4
    assert room.gateway.look(run.id).events < 30
    assert [visit.phase for visit in room.memory.runs.visits(run.id)] == ["call", "replies"]
    house = room.memory.house
    shown = {who for who in numbered("owner", 30) if run.id in {one.run for one in offers(house, community, who)}}
    assert shown == set(numbered("owner", 30)), "everybody has it before them"


def test_a_channel_that_is_not_there_is_refused() -> None:
    from rules.spec import load
    from store.folder import read_folder
    from tests.touch.owners import SPECS
    from workflows.phases import discover

    files = dict(read_folder(SPECS))
    files["tasks/show-your-mileage.yaml"] = files["tasks/show-your-mileage.yaml"].replace(
        b"channel:hashtag", b"channel:hash-tag"
    )
    (found,) = [one for one in load(files, discover()).diagnostics if one.severity == "error"]
    assert (found.file, "hash-tag" in found.message) == ("tasks/show-your-mileage.yaml", True)
    assert "hashtag" in (found.hint or "")


def test_anybody_may_reply_the_newest_and_lowest_too_and_nobody_is_followed_up(
    room: Any, community: Community, run: Run, desk: Desk
) -> None:
    now = datetime.now(UTC)
    room.memory.members(community).enlist([Member("of-today", now - timedelta(minutes=5), {"consent": True})], at=now)

    for member in ("of-today", "owner-01"):
        assert desk.submit(run.id, "replies", member=member, fields={"words": "52,000 km"}).accepted

    for member in ("of-today", "owner-01"):
        (asked,) = [one.data() for one in eligibility(room.memory.house, run.id, member)]
        assert asked == {
            "phase": "replies", "open_to": ["everyone"], "may": True, "conditions": [], "reason": None,
        }  # fmt: skip
    assert room.memory.inbox.find("auto", run=run.id, state=None) == []
    assert room.memory.touch.assignments("auto") == []
    assert room.memory.effects.totals("auto").get("notify", 0) == 0
    assert room.memory.outbox.pending("auto") == 0


def test_participation_and_quality_are_counted_and_name_candidates_by_themselves(
    room: Any, community: Community, run: Run, working: None
) -> None:
    memory = room.memory
    for member, scores in (("owner-05", ("0.80", "0.70", "0.90")), ("owner-06", ("0.30", "0.40", "0.20"))):
        for number, score in enumerate(scores):
            work = f"auto/show-your-mileage/0/replies/{member}/{number}"
            happened(memory, community, "submitted", member, [number + 2], work=work, task="show-your-mileage")
            happened(memory, community, "rated", member, [number + 1], work=work, score=int(float(score) * 100))
    given = turns.ReviewInput(community="auto", at=AT, parts=("rules:member",))
    room.gateway.start(turns.REVIEW, given, id="auto/review/talent", attributes={"TrellisCommunity": "auto"})
    room.gateway.result("auto/review/talent", PATIENCE, turns.ReviewSummary)

    wanted = [Reading(metric, "90d") for metric in ("entries", "mean_quality", "quality_posts")]
    frame = memory.measures(community).frame(
        "member", wanted, at=AT, zone=community.zone, subjects=["owner-05", "owner-06", "owner-07"]
    )
    counted = {row[0]: row[1:] for row in frame.select("subject", *(one.key for one in wanted)).rows()}
    assert counted == {"owner-05": (3, 80, 3), "owner-06": (3, 30, 0), "owner-07": (0, None, 0)}
    candidates = [(one.member, one.of) for one in memory.effects.candidates("auto", "tier")]
    assert candidates == [("owner-05", "active")], "the other has taken part as often, and not well enough"


def test_explain_lists_every_part_of_what_the_core_takes_metrics_and_the_teachers_word_alike(
    room: Any, community: Community
) -> None:
    owners(room.memory, community, ["riser"], tier="active", stage="active", since=AT - timedelta(days=100))
    happened(room.memory, community, "host_rating", "riser", [10], enthusiasm=5, expertise=2)

    told = explain(room.memory.desk, community, "riser", at=AT, tier="core")

    (standing,) = told.data()["standings"]
    (earn,) = [one for one in standing["conditions"] if one["about"] == "earn"]
    parts = {one["metric"]: one for one in leaves(earn["parts"])}
    seen = {name: (one["value"], one["comparison"], one["threshold"], one["truth"]) for name, one in parts.items()}
    assert seen["days_in_tier"] == (100, "at_least", 90, "true")
    assert seen["mean_quality"] == (None, "at_least", "0.70", "unknown"), "a figure that nobody knows"
    assert seen["enthusiasm"] == (5, "at_least", 4, "true"), "the teacher's word"
    assert seen["expertise"] == (2, "at_least", 4, "false")
    assert {"closeness", "contribution", "helpful_replies", "contest_wins", "team_tasks", "posts_read"} <= set(seen)
    lacking = {one["metric"] for one in earn["missing"]}
    assert "expertise" in lacking
    assert "enthusiasm" not in lacking


def leaves(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The comparisons of a condition, in the order written."""
    for part in parts:
        if "metric" in part:
            yield part
        yield from leaves(part.get("parts", []))


def test_from_its_beginning_to_its_end_nobody_is_asked_reminded_assigned_or_written_to(
    room: Any, community: Community, run: Run, working: None, eventually: Any
) -> None:
    memory = room.memory
    room.gateway.cancel(run.id)
    eventually(lambda: memory.runs.run(run.id).status != "running")
    told = memory.outbox.pending("auto"), memory.effects.totals("auto").get("notify", 0)

    whole = Launcher(memory.house, room.gateway).start(
        "show-your-mileage", at=AT, scale="1d=20ms", rehearsed=True, seed=2, crowd=30
    )
    assert room.gateway.result(whole.id, PATIENCE, RunResult).end == "end"

    taking_part = {work.author for work in memory.runs.works_of(whole.id)}
    assert len(taking_part) >= 20
    assert memory.inbox.find("auto", run=whole.id, state=None) == []
    assert [visit.asked for visit in memory.runs.visits(whole.id)] == [()] * 3
    assert not taking_part & {one.member for one in memory.touch.assignments("auto", ended=True)}
    assert (memory.outbox.pending("auto"), memory.effects.totals("auto").get("notify", 0)) == told
    assert room.gateway.look(whole.id).events < 60, "and no more steps for many than for one"
