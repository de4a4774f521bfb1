"""Timelines: grace, observation, cooldown and windows come out day by day as the language says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rules.cases import judge
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.spec.documents.cases import Timeline
from rules.spec.source import as_written
from rules.time import moment
from rules.timeline import unroll
from store.folder import read_folder
from tests.moves.club import METRICS, club
from workflows.phases import discover

SPECS = Path(__file__).parents[3] / "specs"
LOADED = load(read_folder(SPECS / "auto"), discover()).community
assert LOADED is not None
AUTO = LOADED
BOOK = compile_rulebook(AUTO)
AT = moment("2027-01-04 06:00", AUTO.zone)
QUIET = {"tier": "active", "days_in_tier": 100, "days_member": 400, "consent": True}


def timeline(happens: list[dict[str, Any]], **more: Any) -> Timeline:
    subject = {"id": "li", "attributes": more.pop("attributes", QUIET)}
    written = {"kind": "timeline", "name": "a life", "subject": subject, "happens": happens, **more}
    return Timeline.model_validate(as_written(written))


def came(happens: list[dict[str, Any]], **more: Any) -> list[str]:
    """The outcome of every review."""
    found = unroll(AUTO, BOOK, timeline(happens, **more), AT)
    return [f"{one.outcome} {one.to}" if one.to else one.outcome for one in found]


def reviews(*days: int) -> list[dict[str, Any]]:
    return [{"on": f"{day}d", "review": {"outcome": "keep"}} for day in days]


def test_grace_begins_at_the_first_review_that_sees_it_and_not_before() -> None:
    assert came(reviews(5, 18, 19)) == ["grace", "grace", "demote base"]
    assert came(reviews(17, 30, 31)) == ["grace", "grace", "demote base"]


def test_a_grace_that_ended_well_begins_anew() -> None:
    visits = {"on": "10d", "fact": "visited", "with": {"minutes": 5}, "times": 3, "every": "1d"}
    assert came([*reviews(5, 12, 13, 41, 42, 55, 56), visits]) == [
        "grace", "keep", "keep", "grace", "grace", "demote base", "none",
    ]  # fmt: skip


def test_what_happens_at_the_moment_of_a_review_is_seen_by_it() -> None:
    visits = [{"on": "30d", "fact": "visited", "with": {"minutes": 5}, "every": "1d", "times": 3}]
    assert came([*reviews(31, 32), *visits]) == ["grace", "keep"]


def test_nobody_moves_while_exempt_and_a_grace_does_not_end_by_it() -> None:
    resting = {**QUIET, "titles": ["on-leave"]}
    assert came(reviews(5, 40), attributes=resting) == ["none", "none"]


def test_the_expectation_that_fails_says_on_which_day() -> None:
    verdict = judge(AUTO, BOOK, timeline(reviews(5, 19)), AT)
    assert verdict.wrong == (
        "on day 5 comes out as grace, because of active_days, below_for",
        "on day 19 comes out as demote to base, because of active_days",
    )
    assert verdict.trace[0] == "day 5: grace, because of active_days, below_for"
    assert [reason.metric for reason in verdict.reasons] == ["active_days", "strikes", "below_for"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"on": "1d"}, "a fact or a review"),
        ({"on": "1d", "fact": "visited", "review": {"outcome": "keep"}}, "a fact or a review"),
        ({"review": {"outcome": "keep"}, "with": {"minutes": 3}}, "only facts have fields"),
        ({"fact": "visited", "times": 1001}, "more than a case may have"),
    ],
)
def test_a_line_says_one_thing(line: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        timeline([line])


def test_a_fact_that_is_misspelt_is_found_by_check() -> None:
    files = read_folder(SPECS / "auto")
    text = files["cases/timelines.yaml"].decode()
    wrong = {
        "fact: visited": ("fact: visitted", "TRL303", "did you mean 'visited'?"),
        "minutes: 20": ("minute: 20", "TRL310", "did you mean 'minutes'?"),
        "because: [active_days]": ("because: [active_day]", "TRL371", "did you mean 'active_days'?"),
    }
    for old, (new, code, hint) in wrong.items():
        edited = {**files, "cases/timelines.yaml": text.replace(old, new, 1).encode()}
        found = load(edited, discover()).diagnostics
        assert [(d.code, d.hint) for d in found] == [(code, hint)]


def test_a_burst_of_facts_does_not_count_where_suspects_are_ignored() -> None:
    metrics = METRICS.replace(
        "{ id: posted, title: { en: Posted, zh: 发帖 } }",
        "{ id: posted, title: { en: Posted, zh: 发帖 }, suspect: { burst: [{ count: 2, within: 1h }] } }",
    ).replace("from: [posted], take: count }", "from: [posted], take: count, ignore: [suspect] }")
    spec = club(metrics=metrics)

    def outcome(every: str) -> str:
        posts = {"fact": "posted", "times": 5, "every": every}
        life = timeline([posts, *reviews(5)], attributes={"tier": "guest", "days_member": 90})
        (seen,) = unroll(spec, compile_rulebook(spec), life, AT)
        return seen.outcome

    assert outcome("10min") == "none"
    assert outcome("1d") == "promote"
