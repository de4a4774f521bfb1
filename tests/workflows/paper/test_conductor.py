"""Plays on paper: people, gates and clocks as on servers, without any; and fast."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from rules.coverage.watch import Watch
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.spec.documents.cases import Play
from rules.spec.source import as_written
from rules.time import moment
from store.folder import read_folder
from workflows.paper.conductor import EndlessPlay, Played, play
from workflows.paper.verdict import judge_play
from workflows.phases import discover

SPECS = Path(__file__).parents[3] / "specs"
LOADED = load(read_folder(SPECS / "auto"), discover()).community
assert LOADED is not None
AUTO = LOADED
BOOK = compile_rulebook(AUTO)
AT = moment("2027-03-08 10:00", AUTO.zone)
CONTEST = "most-beautiful-lines"
LI = {"id": "li", "attributes": {"tier": "base"}}


def case(task: str, **more: Any) -> Play:
    written = {"kind": "play", "name": "a play", "task": task, "expect": {"end": "end"}, **more}
    return Play.model_validate(as_written(written))


def played(task: str, **more: Any) -> Played:
    return play(AUTO, BOOK, case(task, **more), AT)


def refusals(found: Played) -> list[str | None]:
    return [step.refused for step in found.steps]


def test_whoever_comes_after_the_close_is_refused_with_the_time_of_it() -> None:
    late = {"after": "22d", "who": "li", "in": "entries", "does": "submit", "refused": True}
    assert refusals(played(CONTEST, members=[LI], steps=[late])) == [
        "entries of auto/most-beautiful-lines/1 is closed since 2027-03-29 10:00 (Asia/Shanghai)."
    ]


def test_a_second_work_a_stranger_and_the_own_work_are_refused() -> None:
    steps = [
        {"after": "1d", "who": "li", "in": "entries", "does": "submit", "about": "mine"},
        {"who": "li", "in": "entries", "does": "submit", "refused": True},
        {"who": "li", "in": "judging", "does": "score", "about": "mine", "gives": {"creativity": 9}, "refused": True},
    ]
    found = played(CONTEST, members=[LI], steps=steps)
    assert refusals(found) == [None, "1 work is the most that one may hand in here.", "li is not asked here."]


def test_who_claims_a_part_that_is_none_is_refused_with_those_there_are_and_who_names_none_gets_one() -> None:
    def claims(**about: str) -> str | None:
        li = {"id": "li", "attributes": {"tier": "core"}}
        step = {"who": "li", "in": "chapters", "does": "claim", **about}
        (refused,) = refusals(played("owners-handbook", members=[li], steps=[step]))
        return refused

    assert "there are first-week, daily, winter, far, smart" in str(claims(about="weather"))
    assert claims() is None


def test_whoever_has_taken_back_consent_cannot_come_in() -> None:
    gone = {"id": "li", "attributes": {"consent": False}}
    found = played(CONTEST, members=[gone], steps=[{"after": "1d", "who": "li", "in": "entries", "does": "submit"}])
    assert refusals(found) == ["li is not among those who may take part here."]


def test_scores_given_by_the_case_decide_and_everybody_else_scores_lower() -> None:
    steps = [
        {"after": "1d", "who": "li", "in": "entries", "does": "submit", "about": "mine"},
        {"who": "role:director", "in": "judging", "does": "score", "about": "mine", "gives": {"creativity": 9}},
    ]
    found = played(CONTEST, members=[LI], steps=steps)
    judged = next(fact for fact in found.facts if fact.kind == "judged" and fact.fields["work"] == "mine")
    assert judged.member == "li"
    assert judged.fields["place"] == 1


def test_a_run_about_somebody_ends_when_they_take_back_what_it_lives_of() -> None:
    found = played("farewell-talk", members=[{"id": "li", "attributes": {"stage": "active"}}])
    assert (found.path, found.end, found.subject) == ((), "end:stopped", "li")


def test_where_nobody_is_named_somebody_is_made_up_of_whom_the_mode_can_be() -> None:
    found = played("farewell-talk", comes_out={"choice": "honorary"})
    assert found.end == "end"
    assert [person.attributes["stage"] for person in found.made_up.values()] == ["evolving"]


def test_titles_given_on_the_way_end_with_their_term() -> None:
    found = played("farewell-talk", comes_out={"choice": "pause"})
    rest, back = (next(at for phase, _, at in found.closings if phase == one) for one in ("rest", "back"))
    assert 180 <= (back - rest).days <= 185  # on leave for half a year, though the phase would wait for seven months
    assert found.path.count("back") == 3


def test_a_repeat_is_expected_with_its_first_round_or_with_all() -> None:
    more: dict[str, Any] = {"comes_out": {"sharing": "short"}}
    found = played("welcome-private", **more)
    assert found.path.count("lesson") == 4
    for path in (found.path, found.first_rounds):
        expect = {"path": list(path), "end": found.end}
        assert judge_play(AUTO, BOOK, case("welcome-private", **{**more, "expect": expect}), AT, None).holds


def test_a_play_that_fails_tells_what_happened_in_order_of_time() -> None:
    told = judge_play(AUTO, BOOK, case(CONTEST, comes_out={"entries": "short", "too-few": "stop"}), AT, None)
    assert told.wrong == ("ends with cancel",)
    assert told.trace[:2] == ("2027-03-08 10:00 call comes out done", "2027-03-29 10:00 entries comes out short")


def test_an_outcome_of_figures_that_the_case_does_not_tell_is_what_it_says() -> None:
    for outcome in ("done", "short"):
        found = played(CONTEST, comes_out={"figures": outcome})
        assert dict(one[:2] for one in found.closings)["figures"] == outcome


def test_what_is_seen_of_the_conditions_of_a_mode_is_noted() -> None:
    watch = Watch(AUTO, BOOK)
    play(AUTO, BOOK, case("farewell-talk", comes_out={"choice": "pause"}), AT, watch)
    seen = {spot.owner: truths for spot, truths in watch.seen.items() if spot.owner.startswith("mode farewell")}
    assert seen == {"mode farewell, while": {True}, "mode farewell, back.until": {True, False}}


def test_a_play_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.paper.conductor.MOST_VISITS", 5)
    with pytest.raises(EndlessPlay, match="does not end"):
        played("welcome-private")
    told = judge_play(AUTO, BOOK, case("welcome-private"), AT, None)
    assert told.wrong == ("the play does not end; give a member of whom the mode's while is over, or an outcome",)


def test_ninety_days_of_a_task_take_well_under_a_second() -> None:
    began = time.process_time()
    found = played("farewell-talk", comes_out={"choice": "pause"})
    nineties = (found.ended_at - AT).days / 90
    assert nineties > 6
    assert (time.process_time() - began) / nineties < 0.5
