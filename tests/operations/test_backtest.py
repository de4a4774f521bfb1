"""Backtest: what a replay says is what reviews, held day by day, did; and the memory tells the same as the files."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.memory import Memory
from operations import review
from operations.backtest import backtest
from operations.errors import Refusal
from operations.scene import Scene, ladder_named, notes, set_scene, span_of
from operations.truth_file import check_known, read_truth
from operations.tune import tune
from rules.counted import fact_kinds
from rules.history.replay import Replay
from rules.history.reviews import reviews_between
from rules.rulebook import compile_ladder
from rules.spec import Community
from store.history import FileHistories, SqlHistories
from tests.moves.club import facts, people, publish
from tests.rules.deciding.communities import sample

REAL = Path(os.environ.get("TRELLIS_DATA", "")) / "A"
BEGINS = datetime(2027, 3, 1, 5, tzinfo=UTC) - timedelta(days=50)
TIERS = """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
cooldown: 3d
tiers:
  - id: guest
    title: { en: Guest, zh: 访客 }
  - id: regular
    title: { en: Regular, zh: 常客 }
    earn: { posts: { at_least: 2, over: 7d } }
    keep: { posts: { at_least: 1, over: 14d } }
    grace: 4d
    observe: 2d
  - id: trusted
    title: { en: Trusted, zh: 信赖 }
    earn: { all: [{ posts: { at_least: 4, over: 30d } }, { days_in_tier: { at_least: 5 } }] }
    keep: { warnings: { is: 0, over: 30d } }
"""


def filled(memory: Memory) -> Community:
    spec = publish(memory, tiers=TIERS)
    people(memory, spec, "ann", "bob", "cid", joined=BEGINS)
    facts(memory, spec, "posted", "ann", [45, 44.5, 40, 39, 30, 12.3])
    facts(memory, spec, "warned", "ann", [25])
    facts(memory, spec, "posted", "bob", [38, 37, 20, 19.5, 19, 18])
    facts(memory, spec, "posted", "cid", [30])
    return spec


def review_ladder(memory: Memory, at: datetime) -> None:
    """One review of the ladder alone."""
    desk = memory.desk
    plan = review.begin(desk, "club", run=at.isoformat(), at=at, parts=["tier"])
    review.look_at(desk, "club", plan.id, "tier", 0)
    for batch in range(review.settle(desk, "club", plan.id, "tier")):
        review.carry_out_batch(desk, "club", plan.id, "tier", batch)
    review.finish(desk, "club", plan.id)


@pytest.mark.servers
def test_a_replay_from_the_memory_moves_members_as_the_reviews_of_every_day_did(remembered: Memory) -> None:
    spec = filled(remembered)
    ladder = ladder_named(spec, "tier")
    scene = set_scene(spec, SqlHistories(remembered.engine, remembered.members), ladder=ladder, every="review")

    moves = Replay(ladder, scene.history, scene.reviews).moves()

    for at in scene.reviews.moments:
        review_ladder(remembered, at)
    tiers = [rung.id for rung in ladder.rungs]
    really = {
        (decision["at"], decision["member"], decision["from"], decision["to"])
        for decision in (one.decision.data() for one in remembered.decisions.latest(spec.id, limit=1000))
        if decision["to"] is not None
    }
    told = {
        (scene.reviews.moments[m.review].isoformat(), scene.subjects[m.member], tiers[m.from_], tiers[m.to])
        for m in moves
    }
    assert told == really
    assert {move.to - move.from_ for move in moves} == {1, -1}


@pytest.mark.servers
def test_an_empty_memory_is_refused_in_one_sentence(remembered: Memory) -> None:
    spec = publish(remembered, tiers=TIERS)
    histories = SqlHistories(remembered.engine, remembered.members)

    with pytest.raises(Refusal, match="club has no members yet"):
        set_scene(spec, histories, ladder=ladder_named(spec, None))
    people(remembered, spec, "ann")
    with pytest.raises(Refusal, match="Nothing has happened in club yet"):
        set_scene(spec, histories, ladder=ladder_named(spec, None))


def test_late_facts_may_count_from_when_they_were_recorded(tmp_path: Path) -> None:
    spec = sample("maintainers")
    (tmp_path / "members.csv").write_text("id,joined\nann,2020-01-01\n")
    row = "ann,authored,2020-02-01,2020-03-01,t1"
    (tmp_path / "facts.csv").write_text(f"member,kind,at,recorded_at,thread_id\n{row}\n")
    files = FileHistories(tmp_path / "members.csv", tmp_path / "facts.csv")

    happened, recorded = (files.of(spec, ["changes"], as_recorded=late) for late in (False, True))

    assert (happened.first.month, recorded.first.month) == (2, 3)
    assert recorded.occurrences["changes"]["day"][0] - happened.occurrences["changes"]["day"][0] == 29


def test_rows_that_do_not_fit_are_counted_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("id,joined\nann,2020-01-01\n,2020-01-01\n")
    (tmp_path / "facts.csv").write_text(
        "member,kind,at,thread_id\nann,authored,2020-02-01,t\nann,danced,2020-02-01,t\n"
    )
    files = FileHistories(tmp_path / "members.csv", tmp_path / "facts.csv")

    found = files.of(sample("maintainers"), ["changes"])

    assert (found.facts, found.members.height) == (1, 1)
    assert [count for count, _ in files.rejected.values()] == [1, 1]


def test_what_the_replay_cannot_know_is_said() -> None:
    from rules.history.past import History
    from tests.rules.history.made_up import Deed, community, history_of

    spec = sample("auto")
    ladder = ladder_named(spec, None)
    small = history_of(community(), {"ann": 0}, [Deed("ann", "posted", 1)], [])
    history = History(small.members, {}, {}, small.first, small.last, 1)
    reviews = reviews_between(spec.ladders[ladder.id].review, small.first, small.last, spec.zone)

    said = " ".join(notes(Scene(spec, ladder, history, reviews, "day")))

    assert "stage" in said
    assert "Seats are taken to be free." in said
    assert "taken to agree at once" in said


@pytest.mark.parametrize("folder", ["auto", "maintainers", "examples/forum", "examples/infrastructure"])
def test_every_ladder_that_is_shipped_can_be_replayed(folder: str, tmp_path: Path) -> None:
    spec = sample(folder)
    days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(60)]
    (tmp_path / "members.csv").write_text("id,joined\n" + "".join(f"m{n},{days[n].isoformat()}\n" for n in range(5)))
    kinds = [id_ for id_, kind in fact_kinds(spec).items() if kind.imported]
    rows = [f"m{n % 5},{kinds[n % len(kinds)]},{day.isoformat()}\n" for n, day in enumerate(days)]
    (tmp_path / "facts.csv").write_text("member,kind,at\n" + "".join(rows))
    files = FileHistories(tmp_path / "members.csv", tmp_path / "facts.csv")

    for id_ in spec.ladders:
        for ladder in compile_ladder(spec, id_)[:2]:
            scene = set_scene(spec, files, ladder=ladder)
            tiers = len(ladder.rungs)
            moves = Replay(ladder, scene.history, scene.reviews).moves()
            assert all(0 <= move.to < tiers and move.from_ != move.to for move in moves)


# ---------------------------------------------------------------------------------------------------------- real people
@pytest.mark.slow
@pytest.mark.skipif(
    not REAL.is_dir(),
    reason="needs the real history of a community, which is not ours to ship: TRELLIS_DATA names the folder above A/",
)
def test_on_real_people_tuning_finds_more_on_the_span_held_out_at_no_less_precision() -> None:
    spec = sample("maintainers")
    ladder = ladder_named(spec, None)
    meant = {"custodian": "maintainer", "lead": "maintainer", "board_maintainer": "none"}
    path = REAL / "tiers_truth.csv.gz"
    truth = read_truth(path, [rung.id for rung in ladder.rungs], spec.zone, meant=meant)
    files = FileHistories(REAL / "members.csv.gz", REAL / "events.csv.gz")
    scene = set_scene(spec, files, ladder=ladder)
    assert check_known(path, truth, scene.subjects) < 20

    found = backtest(scene, truth, strangers=0, span=span_of(scene, None, None))
    tuned = tune(scene, truth, train_until=datetime(2020, 1, 1, tzinfo=UTC), budget=200)

    assert len(scene.reviews) > 9_000
    assert [len(one.people) for one in found.tiers] == [155, 142]
    assert tuned.kept
    gained = []
    for before, after in zip(tuned.before, tuned.after, strict=True):
        assert (after.held_out.precision or 0) >= (before.held_out.precision or 0)
        gained.append((after.held_out.recall or 0) - (before.held_out.recall or 0))
    assert min(gained) >= 0
    assert max(gained) > 0
