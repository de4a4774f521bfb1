"""A rehearsal of what has no end comes to one: rounds for a quarter, and a single term."""

from pathlib import Path

from rules.spec import load
from store.folder import read_folder
from workflows.course import Leg, Way, every_leg
from workflows.legs import legs
from workflows.phases import discover
from workflows.rehearsed import OFTEN, for_a_quarter


def test_a_rehearsal_shows_one_term_and_lets_what_mends_be_mended() -> None:
    term = Way(to="willing", at_most=OFTEN + 5, otherwise="end")
    repair = Way(to="willing", at_most=2, otherwise="cancel")
    leg = Leg(id="renewal", kind="ask", first="renew", go={"renew": term, "again": repair, "close": Way(to="end")})

    (found,) = for_a_quarter((leg,), ())

    assert found.go["renew"] == Way(to="willing", at_most=0, otherwise="end")
    assert (found.go["again"], found.go["close"]) == (repair, Way(to="end"))


def test_every_task_of_the_sample_community_comes_to_an_end_in_a_rehearsal() -> None:
    community = load(read_folder(Path(__file__).parents[2] / "specs" / "auto"), discover()).community
    assert community is not None
    for task in community.tasks:
        mode = community.bind(task)
        course = for_a_quarter(legs(mode.phases), mode.phases)
        endless = [leg.id for leg in every_leg(course) if leg.kind == "repeat" and leg.times is None]
        again = [leg.id for leg in every_leg(course) for way in leg.go.values() if (way.at_most or 0) > OFTEN]
        assert (task, endless, again) == (task, [], [])
