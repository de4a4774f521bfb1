"""Explain names the smallest change, the days on which windows run out, and says both in the member's own words."""

from datetime import date, timedelta

import pytest

from cli.commands.explain import _show
from cli.console import Output
from cli.memory import Memory
from operations.explain import explain
from operations.explained import Explanation
from operations.own_words import own_words
from tests.moves.club import AT, TIERS, facts, people, publish, reviewed

pytestmark = pytest.mark.servers


def ann(memory: Memory, days: float = 0, **more: object) -> Explanation:
    club = memory.specs.current("club")
    return explain(memory.desk, club, "ann", AT + timedelta(days=days), **more)  # type: ignore[arg-type]


def test_the_smallest_change_is_named_with_the_day_before_which_it_must_be_done(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [25, 1])

    (condition,) = ann(remembered).data()["standings"][0]["conditions"]

    (possible,) = condition["smallest"]
    assert possible["moves"] == [{"metric": "posts", "over": "30d", "from": 2, "to": 3, "steps": 1, "how": "do"}]
    assert (possible["effort"], possible["from"], possible["before"]) == (1, None, date(2027, 3, 6))
    assert condition["complete"] is True


def test_what_passes_with_time_is_told_with_its_day_and_not_as_something_to_do(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [n / 10 for n in range(1, 9)])
    facts(remembered, club, "warned", "ann", [80])
    reviewed(remembered)

    earn = ann(remembered, tier="trusted").data()["standings"][0]["conditions"][-1]

    (possible,) = earn["smallest"]
    assert [(move["metric"], move["to"], move["how"]) for move in possible["moves"]] == [("warnings", 0, "wait")]
    assert (possible["from"], possible["before"]) == (date(2027, 3, 11), date(2027, 3, 30))


def test_the_days_on_which_windows_run_out_lead_to_the_day_the_tier_is_lost(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    reviewed(remembered)

    standing = ann(remembered).data()["standings"][0]

    keep = next(one for one in standing["conditions"] if one["about"] == "keep")
    assert keep["parts"][0]["ends"] == date(2027, 3, 30)
    ahead = standing["ahead"]
    assert (ahead["grace_on"], ahead["lost_on"], ahead["falls_to"]) == (date(2027, 3, 30), date(2027, 4, 6), "guest")
    for days in (29, 36):
        reviewed(remembered, AT + timedelta(days=days))
    assert ann(remembered, 36).standings[0].tier == "guest"  # and so it comes


def test_a_pin_and_a_grace_are_told(remembered: Memory) -> None:
    from operations.ports.standings import Place

    club = publish(remembered)
    people(remembered, club, "ann")
    place = Place(member="ann", ladder="tier")
    remembered.standings.pin("club", place, to="regular", by="role:head", reason="a promise", at=AT)

    standing = ann(remembered).data()["standings"][0]

    assert (standing["because"], standing["held"]["pinned_by"], standing["held"]["pin_reason"]) == (
        "pinned", "role:head", "a promise",
    )  # fmt: skip


def test_the_members_own_words_hold_no_id(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    reviewed(remembered)

    english = "\n".join(own_words(ann(remembered, 32), club, "en"))
    chinese = "\n".join(own_words(ann(remembered, 32), club, "zh"))

    assert "To stay Regular: Posts in the last 30 days: 1 more (0 now, 1 needed)" in english
    assert "If nothing happens, you will be Guest from " in english
    assert "要保持常客：帖数（近30天）再增加1（现在0，需要1）" in chinese
    for name in ("posts", "regular", "trusted", "guest", "ann", "tier", "30d"):
        assert name not in english + chinese, name


def test_lengths_of_time_are_read_in_days_and_hours_and_never_in_seconds(
    remembered: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    of_age = TIERS.replace("earn: { posts: { at_least: 3, over: 30d } }", "earn: { age: { at_least: 300d } }")
    club = publish(remembered, tiers=of_age)
    people(remembered, club, "ann")
    explanation = ann(remembered, 0.12345)

    _show(Output(False), explanation, explanation.standings[0], club.zone)
    shown = capsys.readouterr().out
    assert explanation.data()["standings"][0]["conditions"][0]["parts"][0]["value"] == "17290666s"
    assert "17290666s" not in shown
    assert "age: 200d 2h → 300d, by itself" in shown
    (_, rises, *_) = own_words(explanation, club, "en")
    assert "300 days needed (200 days 2 hours now, it grows by itself)" in rises
    assert "达到300天（现在200天2小时，自然增长）" in own_words(explanation, club, "zh")[1]


def test_a_standing_that_begins_later_than_the_moment_that_is_looked_at_says_when(
    remembered: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [1, 2, 3, 4])
    reviewed(remembered)
    for days, since in ((-3, "regular, from 2027-03-01 on."), (0, "regular for 0 days."), (1, "regular for 1 day.")):
        explanation = ann(remembered, days)
        _show(Output(False), explanation, explanation.standings[0], club.zone)
        assert since in capsys.readouterr().out


RESTING = """schema: lifecycle/v1
title: { en: Stages, zh: 阶段 }
review: { every: day, at: "05:00" }
stages:
  - { id: alive, title: { en: Alive, zh: 活跃 } }
  - { id: resting, title: { en: Resting, zh: 休息 } }
  - { id: gone, title: { en: Gone, zh: 离开 } }
transitions:
  - { id: awakes, from: [none, resting], to: alive, when: { posts: { at_least: 2, over: 30d } } }
  - { id: tires, from: [alive], to: resting, when: { posts: { is: 0, over: 30d } }, observe: 5d }
  - { id: leaves, from: [alive], to: gone, when: { warnings: { at_least: 3, over: 30d } } }
"""


def test_a_stage_is_explained_way_by_way_with_what_is_missing_and_the_day_it_comes_by_itself(
    remembered: Memory,
) -> None:
    club = publish(remembered, lifecycle=RESTING)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [20])

    before = ann(remembered).data()["lifecycle"]
    (awakes,) = before["ways"]
    (possible,) = awakes["smallest"]
    assert (before["stage"], before["outcome"], awakes["id"], awakes["truth"]) == (None, "none", "awakes", "false")
    assert [(move["metric"], move["from"], move["to"]) for move in possible["moves"]] == [("posts", 1, 2)]
    assert possible["before"] == date(2027, 3, 11)

    facts(remembered, club, "posted", "ann", [2])
    assert ann(remembered).data()["lifecycle"]["because"] == "awakes"
    reviewed(remembered)

    after = ann(remembered).data()["lifecycle"]
    tires, leaves = after["ways"]
    assert (after["stage"], [(one["what"], one["from"], one["to"]) for one in after["story"]]) == (
        "alive",
        [("move", None, "alive"), ("moved", None, "alive")],
    )
    assert (tires["truth"], tires["due_on"], tires["waits"]) == (
        "false", date(2027, 3, 29), [{"what": "observe", "days": 5}],
    )  # fmt: skip
    assert (leaves["truth"], leaves["due_on"]) == ("false", None)
    assert [(move["metric"], move["to"]) for move in leaves["smallest"][0]["moves"]] == [("warnings", 3)]
