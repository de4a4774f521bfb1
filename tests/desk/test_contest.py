"""A contest with real people: hidden from rivals, judged blind, won, counted, looked back on."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from operations.allocation import right_of
from operations.desk import member_frame
from operations.errors import Refusal
from operations.goals import goals_of
from operations.import_facts import import_facts
from operations.known import Known
from operations.ports.effects import Deed
from operations.ports.inbox import Item
from operations.ports.members import Member
from operations.ports.resources import Booking
from operations.prizes import charge_of
from operations.reports.briefs import briefs
from operations.reports.cost import cost_effectiveness
from operations.reports.page import text_of
from operations.texts import Reader
from rules.reading import Reading
from tests.desk.auto import staffed
from tests.operations.bureau import rows
from tests.touch.owners import AT, auto, happened, numbered, owners
from tests.waiting import PATIENCE, pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.scenes import Settings
from workflows.seeing import seen

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
ENTRANTS = numbered("owner", 6)  # the fifth is refused, the sixth takes the entry back; the third is the newest
JUDGES = ("dong", "ping")


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community, director=["dong"], planner=["ping"], coordinator=["lin"], optimiser=["you"])
    owners(memory, community, [*ENTRANTS, "fan-1", "fan-2", "fan-3"])
    memory.members(community).enlist([Member("owner-03", AT - 30 * DAY, {})], at=AT - 30 * DAY)
    for item in ("model-car", "medal"):
        memory.effects.stocked(community.id, item, 20, by="test", at=AT - DAY, key=item)
    return community


@pytest.fixture(scope="module")
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=room.gateway.poke)


@pytest.fixture(scope="module")
def contest(room: Any, spec: Any, desk: Desk, eventually: Any) -> dict[str, Any]:
    """The whole contest, with what was seen on the way."""
    from cli import wiring

    memory, saw = room.memory, {}
    with room.gateway.working(wiring.crew(memory, room.gateway)):
        run = Launcher(memory.house, room.gateway).start(
            "most-beautiful-lines",
            at=AT,
            scale=pace("1d=3s"),
            args={"at_least": 3, "open_for": "4d", "judges": ["role:director", "role:planner"], "winners": 2},
        )
        eventually(lambda: memory.runs.visit(run.id, "entries"))
        works = {}
        for who in ENTRANTS:
            fields = {"photo": f"https://photo.example/{who}", "caption": f"line of {who}"}
            works[who] = desk.submit(run.id, "entries", member=who, fields=fields).id
        saw["rival"] = seen(desk, run.id, "owner-01")
        saw["stranger"] = seen(desk, run.id, "fan-1")
        saw["planner"] = seen(desk, run.id, "ping")
        desk.withdraw(run.id, member="owner-06")
        for who, fans in (("owner-01", 3), ("owner-02", 2), ("owner-03", 2), ("owner-04", 0)):
            for number in range(fans):
                happened(memory, spec, "liked", who, [-1], work=works[who], by=f"fan-{number + 1}")
        eventually(lambda: memory.runs.visit(run.id, "screening"))
        for who, work in works.items():
            choice = "refuse" if who == "owner-05" else "approve"
            if who == "owner-06":
                with pytest.raises(Refusal, match="is none of the works to be looked at"):
                    desk.answer(run.id, "screening", by="lin", choice=choice, about=work, fields={"reason": "seen"})
                continue
            desk.answer(run.id, "screening", by="lin", choice=choice, about=work, fields={"reason": "seen"})
        eventually(lambda: memory.runs.visit(run.id, "judging"))
        saw["judge"] = seen(desk, run.id, "dong")
        hidden = {one["fields"]["caption"]: one["id"] for one in _works(saw["judge"], "entries")}
        marks = {"owner-01": (9, 8), "owner-02": (6, 6), "owner-03": (6, 6), "owner-04": (2, 3)}
        for judge, bias in (("dong", 0), ("ping", -1)):
            for who, (creativity, technique) in marks.items():
                scores = {"creativity": creativity + bias, "technique": technique + bias}
                desk.score(run.id, work=hidden[f"line of {who}"], by=judge, scores=scores)
            if judge == "dong":
                saw["second judge"] = seen(desk, run.id, "ping")
        eventually(lambda: memory.runs.visit(run.id, "figures"))
        saw["after"] = seen(desk, run.id, "fan-1")
        look_back = eventually(lambda: memory.inbox.find(spec.id, role="optimiser", run=run.id))[0]
        fields = {
            "worked": "the theme", "differently": "a shorter brief, please", "brief_score": 2,
            "actions": "Ask the judges earlier @planner",
        }  # fmt: skip
        desk.complete(spec.id, look_back.id, outcome="done", fields=fields, by="you")
        end = room.gateway.result(run.id, PATIENCE)["end"]
    return {"run": run, "works": works, "saw": saw, "hidden": hidden, "end": end}


def _works(told: Any, phase: str) -> list[Any]:
    return [work for visit in told["phases"] if visit["phase"] == phase for work in visit["works"]]


def test_rivals_see_only_their_own_entry_while_it_is_open(contest: Any) -> None:
    saw, works = contest["saw"], contest["works"]

    assert [one["id"] for one in _works(saw["rival"], "entries")] == [works["owner-01"]]
    assert _works(saw["stranger"], "entries") == []
    assert saw["rival"]["phases"][-1]["works_hidden"] == 5
    assert len(_works(saw["planner"], "entries")) == 6
    assert len([one for one in _works(saw["after"], "entries") if one["state"] != "withdrawn"]) == 5


def test_judges_know_neither_authors_nor_what_others_said_until_it_closes(contest: Any) -> None:
    saw, works = contest["saw"], contest["works"]

    said = repr(saw["judge"])
    assert not [work for work in works.values() if work != works["owner-05"] and work in said]
    assert all("authors" not in one for one in _works(saw["judge"], "entries") if one["id"].startswith("~"))
    judging = next(visit for visit in saw["second judge"]["phases"] if visit["phase"] == "judging")
    assert judging["answers"] == []
    assert judging["answers_hidden"] == 4
    closed = next(visit for visit in saw["after"]["phases"] if visit["phase"] == "judging")
    assert {one["by"] for one in closed["answers"]} == set(JUDGES)


def test_the_score_is_the_weighted_sum_and_ties_go_by_the_stated_rule(room: Any, spec: Any, contest: Any) -> None:
    run, works = contest["run"], contest["works"]
    visit = room.memory.runs.visit(run.id, "judging")
    rubric = spec.tasks["most-beautiful-lines"].with_["rubric"]

    assert sum(one["weight"] for one in rubric) == 100
    # the second and third have the same marks and likes: whoever has been here for fewer days comes first
    assert visit.results["ranking"] == [works[f"owner-0{n}"] for n in (1, 3, 2, 4)]
    # two judges, one of whom is stricter by one in everything, which is evened out; one to ten is nought to one
    marks = {"owner-01": (8.5, 7.5), "owner-02": (5.5, 5.5), "owner-03": (5.5, 5.5), "owner-04": (1.5, 2.5)}
    ahead = {"owner-01": 3, "owner-02": 1.5, "owner-03": 1.5, "owner-04": 0}  # of three others in likes, a tie is half
    weighed = {
        works[who]: f"{40 * (first - 1) / 9 + 40 * (second - 1) / 9 + 20 * ahead[who] / 3:.2f}"
        for who, (first, second) in marks.items()
    }
    assert visit.results["scores"] == weighed

    settings = Settings(room.memory.house)
    setting = settings.of(run.id, "judging", at=visit.closed_at, scope=visit.scope)
    for _ in range(2):
        again = setting.play.closing(
            setting.phase, setting.closing_scene(visit, setting.scene(visit), at=visit.closed_at, due=False)
        )
        assert again.results["ranking"] == visit.results["ranking"]
        assert again.results["scores"] == visit.results["scores"]


def test_winners_are_published_and_on_the_candidate_list_and_the_win_is_a_fact(
    room: Any, spec: Any, contest: Any
) -> None:
    memory, run = room.memory, contest["run"]
    visit = memory.runs.visit(run.id, "judging")
    winners = visit.results["winners"]

    assert winners == ["owner-01", "owner-03"]
    results = memory.runs.visit(run.id, "results")
    published = [
        one
        for one in memory.facts(spec).find(kinds=["published"], limit=200)
        if one.fields.get("run") == run.id and one.at >= results.opened_at
    ]
    assert {(one.fields["work"], one.fields["place"]) for one in published} == {
        (work, place) for work in visit.results["winning"] for place in ("plaza", "app-plaza", "hashtag")
    }, "the best two, everywhere, and nobody else"
    counted = {contest["works"][who] for who in ("owner-05", "owner-06")} & set(visit.results["ranking"])
    assert counted == set(), "what was refused or taken back has no place"
    candidates = memory.effects.candidates(spec.id, "tier", "active")
    assert {one.member for one in candidates if one.source.startswith(run.id)} == set(winners)
    reading = Reading("contest_wins")
    frame = member_frame(memory.desk, spec, AT + 90 * DAY, readings=frozenset({reading}))
    wins = dict(zip(frame["subject"], frame[reading.key], strict=True))
    assert [wins[f"owner-0{n}"] for n in range(1, 7)] == [1, 1, 1, 0, 0, 0]
    assert memory.effects.audit(spec.id) == []


def test_the_figures_give_count_mean_and_quantiles_of_the_whole_field(room: Any, contest: Any) -> None:
    figures = room.memory.runs.visit(contest["run"].id, "figures").results
    score = figures["jury_score"]

    assert score["count"] == 4
    assert {"mean", "p25", "p50", "p75"} <= set(score)
    field = room.memory.runs.visit(contest["run"].id, "judging").results["dimensions"]
    assert set(field) == {"creativity", "technique"}
    assert (field["creativity"]["count"], field["creativity"]["mean"], field["creativity"]["p50"]) == (
        4,
        "5.25",
        "5.50",
    )


def test_looking_back_leaves_an_action_that_is_tracked(room: Any, spec: Any, contest: Any) -> None:
    found = room.memory.follow_ups.find(spec.id, run=contest["run"].id)

    assert contest["end"] == "end"
    assert [(one.text, one.owner, one.state) for one in found] == [("Ask the judges earlier", "role:planner", "open")]
    assert found[0].due is not None
    assert room.memory.inbox.item(spec.id, f"{found[0].id}#answer").asked == ("role:planner",)


def test_figures_of_platforms_come_in_once_and_what_reads_them_is_looked_at_anew(
    room: Any, spec: Any, contest: Any, tmp_path: Any
) -> None:
    memory, works, at = room.memory, contest["works"], AT + 60 * DAY
    header = "id,kind,work,at,reads,likes,comments,key_mentions,leads"
    moment = (AT + 50 * DAY).isoformat()

    def imported(name: str, *lines: tuple[Any, ...]) -> tuple[int, int, int]:
        told = import_facts(rows(tmp_path / name, header, *lines), spec, memory.facts(spec))
        return told.new, told.known, told.changed

    def known(metric: str) -> dict[str, Any]:
        figures = Known(memory.house, spec, at).figures(
            [(metric, "all")], works=list(memory.runs.works_of(contest["run"].id))
        )
        return {who: figures[metric, "all"].get(work) for who, work in works.items()}

    def reached() -> Any:
        goals = goals_of(spec, memory.runs, memory.measures(spec), at=at)
        return next(one.reached for one in goals if one.goal == "smart-driving")

    first = (
        ("s1", "spread", works["owner-01"], moment, 900, 80, 12, 4800, 8),
        ("s2", "spread", works["owner-04"], moment, 100, 5, 2, 300, 2),
    )
    assert reached() is False
    assert imported("first.csv", *first) == (2, 0, 0)
    assert imported("again.csv", *first) == (0, 2, 0), "the same file once more is known"
    assert (known("work_reads")["owner-01"], known("work_likes")["owner-04"]) == (900, 5)
    assert known("work_comments")["owner-02"] is None, "nothing was told of it"
    assert reached() is True
    assert imported("corrected.csv", (*first[0][:4], 950, 81, 12, 3100, 8)) == (0, 0, 1)
    assert (known("work_reads")["owner-01"], known("work_comments")["owner-01"]) == (950, 12)
    assert reached() is False, "a goal that was reached by mistake is not reached"


def test_the_brief_of_a_contest_is_scored_beside_what_it_brought_with_the_words_of_who_looked_back(
    room: Any, spec: Any, contest: Any
) -> None:
    told = briefs(room.memory.house, spec, Reader(), at=AT + 60 * DAY)

    (line,) = [one for one in told.data["briefs"] if one["run"] == contest["run"].id]
    assert line["score"] == 2
    assert line["figures"]["leads"]["value"] == 10
    words = {(one["phase"], one["by"], one["field"], one["text"]) for one in line["comments"]}
    assert ("retrospective", "you", "differently", "a shorter brief, please") in words
    assert any(chart.title.startswith("Brief") for chart in told.charts)


def test_kinds_of_members_are_ranked_by_what_they_cost_in_all(room: Any, spec: Any, contest: Any) -> None:
    memory, at = room.memory, AT + 60 * DAY
    paid = {"amount": 40_000, **charge_of(spec, "programme", AT)}
    memory.effects.do(
        spec.id, [Deed(key="fare", kind="money", at=AT + DAY, source="fare", member="owner-02", details=paid)]
    )
    memory.resources.book(
        Booking(community=spec.id, key="lent", fleet="test-cars", unit="suv-x-amber", run=contest["run"].id,
                begins_at=AT + DAY, ends_at=AT + 4 * DAY, free_at=AT + 5 * DAY, member="owner-02")
    )  # fmt: skip
    item = Item(community=spec.id, id="call", asked=("role:connector",), title={"en": "Call", "zh": "联系"},
                opened_at=AT, about="owner-04")  # fmt: skip
    memory.inbox.open([item])
    memory.inbox.complete(spec.id, "call", outcome="done", fields={}, by="connector-1", at=AT + DAY)

    given = [
        Deed(
            key=f"right/{one}",
            kind="benefit",
            at=at - 30 * DAY,
            source="right",
            member="owner-02",
            details={"item": one},
        )
        for one in ("inside-story", "brand-events")
    ]
    memory.effects.do(spec.id, given)
    right = right_of(spec, spec.resources["brand-events"], AT)
    for evening in (1, 2):
        memory.resources.use(spec.id, "brand-events", "owner-02", key=f"evening/{evening}", right=right, at=AT + DAY)

    told = cost_effectiveness(memory.house, spec, at=at, by=["author.tier"], runs=[contest["run"].id])

    (line,) = told.data["by"]["author.tier"]
    (besides,) = told.data["besides"]["author.tier"]
    assert (besides["kind"], besides["money"], besides["car_days"], besides["cars"]) == (
        line["kind"], "400.00", "3.0", "780.00",
    )  # fmt: skip
    assert (besides["rights"], besides["used"]) == (2, "820.00"), "two uses of an event, a month of inside information"
    answers = [Fraction(x) for x in (besides["asked"], besides["attention"])]
    assert answers[0] >= 1
    assert answers[1] >= 40, "the connector's call, and what else was answered about them"
    spent = Fraction(line["figures"]["cost"]["value"])
    assert spent > 0, "the prizes of the winners"
    assert besides["whole"] == text_of((spent + 400 + 780 + 820 + answers[1]) / 10)
    assert "Besides their works, by author.tier" in [table.title for table in told.tables]
    unsaid = [remark for remark in told.remarks if "the specs do not say what it is worth" in remark]
    assert bool(unsaid) is bool(besides["unpriced"])
