"""A campaign from its acts to its retrospective: what its tasks brought is measured, corrected, and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import build
from cli.report_pictures import draw
from operations import review
from operations.errors import Refusal
from operations.goals import goals_of
from operations.import_facts import import_facts
from operations.ports.facts import Fact
from operations.reports.briefs import briefs
from operations.reports.campaign import campaign
from operations.reports.contest import field_of
from operations.reports.cost import cost_effectiveness
from operations.reports.reach import reach
from operations.reports.retrospectives import last_retrospective, retrospectives
from operations.reports.spending import spending
from operations.reports.stages import stages
from operations.reports.themes import themes_by_segment
from operations.texts import Reader
from rules.reading import Reading
from tests.operations.bureau import AT, rows
from tests.waiting import PATIENCE, pace
from tests.workflows.campaigned import NEVER, over
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def played(room: Any, eventually: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return over(room, eventually, tmp_path_factory.mktemp("bureau"))


def figures_of(played: Any) -> Any:
    return played.memory.runs.visit(played.run.id, "figures").results


def test_figures_of_platforms_come_in_once_and_a_correction_replaces_what_was_known(played: Any) -> None:
    once, again, change = played.imports

    assert (once.new, once.rejected) == (8, 0)
    assert (again.new, again.known, again.changed) == (0, 8, 0)
    assert (change.new, change.known, change.changed) == (0, 0, 1)
    values = figures_of(played)["reads"]["values"]
    assert values[played.works["shapes", "m01"]] == 900  # neither 300 nor 1200


def test_a_missing_figure_is_unknown_and_never_zero(played: Any) -> None:
    frozen = figures_of(played)
    work = played.works["shapes", NEVER]

    assert frozen["reads"]["values"][work] is None
    assert frozen["leads"]["values"][work] is None
    assert frozen["cost_per_lead"]["values"][work] is None
    assert frozen["cost"]["values"][work] == "30.00"
    assert (frozen["reads"]["count"], frozen["reads"]["known"]) == (10, 8)
    assert frozen["warmth"]["known"] == 2  # of all others nobody has read a comment
    assert frozen["made_from"]["known"] < frozen["made_from"]["of"]


def test_a_campaign_measures_the_works_of_its_tasks_by_kind_of_member_and_theme(played: Any) -> None:
    tables = figures_of(played)["tables"]

    assert set(tables["author.tier"]) == {"core", "base"}
    assert tables["author.tier"]["core"]["reads"]["sum"] == 900 + 300 + 100 + 100
    assert tables["author.tier"]["base"]["reads"]["known"] == 4
    assert set(tables["work.theme"]) == {"design", "journeys"}
    assert tables["work.theme"]["design"]["leads"]["sum"] == 9 + 6 + 2 + 2


def test_comments_are_read_for_tone_and_key_messages_and_their_words_are_not_kept(played: Any) -> None:
    first, second = played.comments
    frozen = figures_of(played)
    work = played.works["shapes", "m01"]

    assert (first.new, first.rejected) == (3, 0)
    assert (second.new, second.known) == (0, 3)
    assert frozen["warmth"]["values"][work] == "0.50"
    assert frozen["mention_rate"]["values"][work] == "0.50"
    assert frozen["mention_rate"]["values"][played.works["shapes", "m02"]] == "0.00"
    kept = played.memory.facts(played.community).find(kinds=["commented"], limit=9)
    assert not any("words" in fact.fields or "满意" in str(fact.fields) for fact in kept)


def test_a_later_correction_leaves_the_frozen_figures_and_shows_beside_them(played: Any) -> None:
    memory, work = played.memory, played.works["roads", "m02"]
    before = figures_of(played)
    at = (played.at + timedelta(days=1)).isoformat()
    with memory.together():
        row = rows(played.folder / "late.csv", "id,kind,work,at,reads,leads", ("s-late", "spread", work, at, 70, 1))
        import_facts(row, played.community, memory.facts(played.community))
    now = played.at + timedelta(days=2)

    told = campaign(memory.house, played.community, played.run, at=now, proposals=memory.proposals.all("bureau"))

    assert figures_of(played) == before
    reads = next(one for one in told.data["figures"] if one["metric"] == "reads")
    assert (reads["then"], reads["now"], reads["changed"]) == (before["reads"]["sum"], before["reads"]["sum"] + 70, 1)
    warmth = next(one for one in told.data["figures"] if one["metric"] == "warmth")
    assert (warmth["then"], warmth["now"], warmth["changed"]) == ("0.75", "0.75", 0)
    assert told.data["made_from"]["at"] <= now.isoformat()


def test_kinds_of_members_are_ranked_by_what_a_lead_of_theirs_costs(played: Any) -> None:
    told = cost_effectiveness(
        played.memory.house, played.community, at=played.at, by=["author.tier"], runs=_family(played)
    )
    lines = {line["kind"]: line for line in told.data["by"]["author.tier"]}

    assert told.data["rank"] == "cost_per_lead"
    assert [line["kind"] for line in told.data["by"]["author.tier"]] == ["core", "base"]
    # 80 yuan for 9 + 6 + 2 + 2 leads; of the base 80 for 2 + 2 + 0 + 0, and nothing is known of two works
    assert lines["core"]["figures"]["cost_per_lead"]["value"] == "4.21"
    assert lines["base"]["figures"]["cost_per_lead"]["value"] == "20.00"
    assert (lines["base"]["figures"]["cost_per_lead"]["known"], lines["base"]["works"]) == (4, 6)
    assert "Unknown" in told.remarks[0]


def test_themes_stand_against_kinds_of_members(played: Any) -> None:
    told = themes_by_segment(
        played.memory.house, played.community, at=played.at, by="author.tier", metric="leads", runs=_family(played)
    )
    cells = {(one["theme"], one["segment"]): (one["value"], one["known"]) for one in told.data["cells"]}

    assert cells["design", "core"] == (15, 2)
    assert cells["journeys", "base"] == (0, 2)
    assert len(cells) == 4


def test_the_score_of_a_brief_stands_beside_what_came_of_it_with_the_comments(played: Any) -> None:
    told = briefs(played.memory.house, played.community, Reader(), at=played.at)
    shapes = next(line for line in told.data["briefs"] if line["task"] == "shapes")

    assert shapes["score"] == 4  # of the campaign that started it
    assert shapes["figures"]["leads"]["value"] == 19
    assert shapes["messages"] == {"五分钟换电": "0.20"}  # one of five works says it
    texts = {comment["text"] for comment in shapes["comments"]}
    assert {"设计主题最能引起共鸣", "下次简报要给出更多例子"} <= texts


def test_goals_roll_up_from_tasks_and_parts(played: Any) -> None:
    memory = played.memory
    top = goals_of(played.community, memory.runs, memory.measures(played.community), at=played.at)

    known = top[0]
    assert [one.goal for one in top] == ["known"]
    spring = known.tasks[0]
    assert (spring.task, [one.task for one in spring.tasks]) == ("spring", ["shapes", "roads"])
    assert known.ended() == 3  # the campaign and its two tasks, which serve a part of the goal as well: once each
    liked = known.parts[0]
    assert liked.reached is True
    assert liked.rolled == 1
    assert known.share is not None
    assert 0 < known.share < 1
    assert known.rolled == (known.share + 1) / 2


def test_an_insight_is_a_proposal_and_the_spec_is_as_it_was(played: Any) -> None:
    memory = played.memory
    proposal = memory.proposals.all("bureau")[0]

    assert proposal.run == played.run.id
    assert memory.specs.current("bureau").digest == played.community.digest


def test_the_next_brief_shows_the_last_retrospective(played: Any) -> None:
    found_ = last_retrospective(played.memory.house, played.community, "spring")

    assert [one.text for one in found_ if one.field == "differently"] == ["下次简报要给出更多例子"]
    assert played.end == "end"


def test_the_acts_of_a_campaign_come_one_after_the_other_with_a_pause(played: Any) -> None:
    visits = {one.phase: one for one in played.memory.runs.visits(played.run.id)}
    first, second = (played.memory.runs.run(f"bureau/{task}/1") for task in ("shapes", "roads"))

    assert [first.parent, second.parent] == [played.run.id] * 2
    assert second.opened_at - first.ended_at >= timedelta(days=3)
    assert visits["act-one"].closed_at <= visits["breath"].opened_at
    order = ["act-one", "breath", "act-two", "figures", "analysis", "insight", "proposal", "retrospective"]
    assert list(visits) == order


def test_a_contest_tells_how_good_the_whole_field_is(
    played: Any, room: Any, worker: Any, eventually: Callable[..., Any]
) -> None:
    memory, desk = played.memory, Desk(played.memory.house, poke=room.gateway.poke)
    given = {"m01": (9, 8), "m02": (7, 8), "m03": (3, 2), "m04": (5, 5)}
    with worker():
        run = Launcher(memory.house, room.gateway).start("cup", at=AT + timedelta(days=60), scale=pace("1d=900ms"))
        eventually(lambda: memory.runs.visit(run.id, "entries"))
        works = {who: desk.submit(run.id, "entries", member=who, fields={"words": "x"}).id for who in given}
        eventually(lambda: memory.runs.visit(run.id, "judging"))
        for judge in ("role:director", "role:planner"):
            for who, (style, depth) in given.items():
                lower = judge == "role:planner" and who == "m02"
                desk.score(run.id, work=works[who], by=judge, scores={"style": style - 2 * lower, "depth": depth})
        assert room.gateway.result(run.id, PATIENCE, RunResult).end == "end"

    told = field_of(memory.house, played.community, memory.runs.run(run.id), at=AT)

    assert (told.data["entries"], told.data["authors"], told.data["judged"]) == (4, 4, 4)
    assert told.data["judged_from"]["scores"] == 8
    style = told.data["scores"]["style"]
    assert (style["entries"], style["mean"]) == (4, "5.75")  # 9, 6 (of 7 and 5), 3, 5
    assert [style[name] for name in ("lowest", "p25", "p50", "p75", "highest")] == [
        "3.00",
        "3.00",
        "5.00",
        "6.00",
        "9.00",
    ]
    assert told.data["scores"]["total"]["highest"] == "84.44"
    assert draw(told)


def test_a_node_reaches_whoever_came_through_it(played: Any) -> None:
    facts = played.memory.facts(played.community)
    for number, (who, kind) in enumerate((("m03", "met"), ("m04", "met"), ("m04", "met"), ("m05", "enrolled"))):
        facts.record([Fact(f"reach/{number}", kind, who, AT, fields={"via": "m01"})])

    told = reach(played.memory.house, played.community, at=AT + timedelta(days=3), over="30d")

    assert told.data["nodes"] == [{"member": "m01", "tier": "core", "reach": 3, "enrolled": 1, "met": 2}]


def test_every_picture_of_a_campaign_is_drawn(played: Any) -> None:
    from xml.etree import ElementTree

    house, community = played.memory.house, played.community
    for report in (
        campaign(house, community, played.run, at=played.at),
        cost_effectiveness(house, community, at=played.at, by=["author.tier"]),
        themes_by_segment(house, community, at=played.at),
        briefs(house, community, Reader(), at=played.at),
    ):
        drawn = str(draw(report))
        ElementTree.fromstring(drawn)
        assert report.charts
        json.dumps(report.data, default=str)
        assert "nan" not in drawn


def _family(played: Any) -> list[str]:
    from operations.reports.effects import family

    return family(played.memory.house, played.run.id)


def test_a_campaign_that_nobody_looks_back_on_is_flagged_and_actions_are_tracked(
    played: Any, room: Any, worker: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, house = played.memory, played.memory.house
    with worker():
        run = Launcher(house, room.gateway).start("spring", at=AT + timedelta(days=90), scale="1d=20ms")
        assert room.gateway.result(run.id, PATIENCE, RunResult).end == "end:without-retrospective"
    after = AT + timedelta(days=300)

    told = retrospectives(house, played.community, at=after)
    lines = {line["run"]: line for line in told.data["runs"]}
    one = campaign(house, played.community, memory.runs.run(run.id), at=after)
    monkeypatch.setenv("DATABASE_URL", database_url)
    done = CliRunner().invoke(build(), ["report", "retrospectives", "--community", "bureau"])

    assert told.data["without"] == [run.id]
    assert (lines[played.run.id]["actions"], lines[played.run.id]["answered"], lines[played.run.id]["late"]) == (
        1,
        0,
        1,
    )
    assert one.data["without_retrospective"] is True
    assert "without a retrospective" in one.remarks[0]
    assert done.exit_code == 3
    assert "without a retrospective" in done.output


def test_submissions_and_ratings_are_counted_for_each_member_and_feed_rules(played: Any) -> None:
    memory, at = played.memory, AT + timedelta(days=40)
    for (task, who), work in played.works.items():
        score = "0.90" if who == "m04" else "0.50"
        line = (f"r-{task}-{who}", "rated", who, work, (at - timedelta(days=1)).isoformat(), score)
        import_facts(
            rows(played.folder / "rated.csv", "id,kind,member,work,at,score", line),
            played.community,
            memory.facts(played.community),
        )
    wanted = [Reading("stories"), Reading("quality")]
    frame = memory.measures(played.community).frame(
        "member", wanted, at=at, zone=played.community.zone, subjects=["m04", "m06"]
    )

    assert frame.select("subject", *(one.key for one in wanted)).rows() == [("m04", 2, 90), ("m06", 0, None)]
    review_all(memory, at)
    assert [(one.member, one.of) for one in memory.effects.candidates("bureau", "tier")] == [("m04", "core")]


def review_all(memory: Any, at: Any) -> None:
    """A whole review without Temporal."""
    desk = memory.desk
    plan = review.begin(desk, "bureau", run=f"review {at}", at=at, shard_size=50)
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, "bureau", plan.id, part, shard)
        for batch in range(review.settle(desk, "bureau", plan.id, part, size=50)):
            review.carry_out_batch(desk, "bureau", plan.id, part, batch)
    review.finish(desk, "bureau", plan.id)


def test_spending_stands_beside_the_plan_for_each_tier(played: Any) -> None:
    told = spending(played.memory.house, played.community, at=played.at)
    lines = {line["tier"]: (line["planned"], line["spent"]) for line in told.data["lines"]}

    assert lines == {"base": ("2000.00", "120.00"), "core": ("3000.00", "80.00")}
    assert draw(told)


def test_shares_of_generations_are_held_against_the_bands_of_the_rules(played: Any) -> None:
    told = stages(played.memory.house, played.community, at=played.at)

    (band,) = told.data["bands"]
    assert (band["metric"], band["value"], band["state"]) == ("core_share", "0.25", "below")  # two of eight
    assert [one["rule"] for one in told.data["recommendations"]] == ["top-heavy"]
    assert told.data["sizes"]["tier"] == {"base": 6, "core": 2}


def test_commands_tell_the_same_as_data(
    played: Any, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    runner, app = CliRunner(), build()

    def said(*words: str) -> Any:
        done = runner.invoke(app, [*words, "--community", "bureau", "--json"])
        assert done.exit_code in (0, 3), done.output
        return json.loads(done.stdout)

    assert said("goals")["goals"][0]["parts"][0]["goal"] == "liked"
    assert said("brief", "spring")["brief"]["last_retrospective"]["actions"][0]["owner"] == "role:planner"
    assert said("brief", "shapes")["brief"]["must_say"][0]["zh"] == "五分钟换电"
    picture = tmp_path / "cost.svg"
    assert said("report", "cost", "--by", "author.tier", "--svg", str(picture))["rank"] == "cost_per_lead"
    assert "单线索成本" in picture.read_text(encoding="utf-8")
    refused = runner.invoke(app, ["report", "cost", "--metric", "nonsense", "--community", "bureau"])
    assert isinstance(refused.exception, Refusal)
