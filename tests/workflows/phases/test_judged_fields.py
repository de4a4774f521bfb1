"""Fields of any size and any marks are judged as a plain reckoning over all of them at once does it."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from operations.ports.runs import Act, Work
from rules.values import decimal_text
from tests.workflows.phases.staging import OPENED
from workflows.phases.judge import play
from workflows.phases.judge.spec import Judge
from workflows.play import Asked, Figures, Scene, sequence
from workflows.summary import summary

JUDGES = ("ann", "bo", "cy", "role:director")
LINES = {"skill": (1, 10), "wit": (0, 3)}


@st.composite
def fields(draw: Any) -> tuple[Judge, Scene]:
    """Works of which some have many judges, some few, some none; of some it is not known how they did."""
    works = [f"w{number}" for number in range(draw(st.integers(1, 12)))]
    said = draw(
        st.lists(
            st.tuples(
                st.sampled_from(works),
                st.sampled_from(JUDGES),
                st.integers(1, 2),
                *(st.integers(low, high) for low, high in LINES.values()),
            ),
            max_size=30,
        )
    )
    acts = tuple(
        Act(
            verb="score",
            by=by,
            role=by if by.startswith("role:") else None,
            about=work,
            at=OPENED + timedelta(hours=place % 7),
            fields=dict(zip(LINES, marks, strict=True)),
            visit=visit,
            seq=place,
        )
        for place, (work, by, visit, *marks) in enumerate(said)
    )
    reads = draw(st.lists(st.none() | st.integers(0, 3), min_size=len(works), max_size=len(works)))
    phase = Judge.model_validate(
        {
            "id": "judging",
            "kind": "judge",
            "of": "entries.works",
            "by": JUDGES,
            "needs": draw(st.integers(1, 3)),
            "rubric": (
                {"id": "skill", "title": {"en": "s", "zh": "s"}, "weight": 45, "scale": (1, 10)},
                {"id": "wit", "title": {"en": "w", "zh": "w"}, "weight": 25, "scale": (0, 3)},
                {"id": "reach", "title": {"en": "r", "zh": "r"}, "weight": 30, "metric": "reads"},
            ),
            "normalise": draw(st.sampled_from(("none", "per_judge"))),
            "ties": draw(st.sampled_from((({"draw": True},), ({"highest": "reads"}, {"draw": True})))),
            "winners": 2,
            "within": "1d",
            "if_silent": "done",
        }
    )
    scene = Scene(
        at=OPENED + timedelta(days=1),
        opened_at=OPENED,
        due=True,
        asked=JUDGES,
        things=works,
        works={
            one: Work(
                community="c", id=one, run="c/t/1", phase="entries", visit=1, author=f"m{n % 5}", at=OPENED, seq=n
            )
            for n, one in enumerate(works)
        },
        acts=acts,
        figures={
            Asked("reads"): Figures(
                "work",
                {one: None if value is None else Fraction(value) for one, value in zip(works, reads, strict=True)},
            )
        },
        lot=lambda name: sum(map(ord, name)) * 7919 % 101,
    )
    return phase, scene


def plainly(phase: Judge, scene: Scene) -> dict[str, Any]:
    """The whole field at once, a step after the other."""
    marks: dict[str, dict[str, dict[str, int]]] = {}
    for act in scene.in_order:
        marks.setdefault(act.about, {})[act.by] = dict(act.fields)
    totals = dict.fromkeys(scene.things, Fraction(0))
    for line, (low, high) in LINES.items():
        mean = {work: Fraction(sum(one[line] for one in by.values()), len(by)) for work, by in marks.items()}
        lean = dict.fromkeys(JUDGES, Fraction(0))
        if phase.normalise == "per_judge":
            for judge in JUDGES:
                above = [by[judge][line] - mean[work] for work, by in marks.items() if judge in by]
                lean[judge] = sum(above, Fraction(0)) / len(above) if above else Fraction(0)
        for work in scene.things:
            evened = [one[line] - lean[judge] for judge, one in marks.get(work, {}).items()]
            level = sum(evened, Fraction(0)) / len(evened) if evened else Fraction(low)
            totals[work] += {"skill": 45, "wit": 25}[line] * min(max((level - low) / (high - low), Fraction(0)), 1)
    reads = {work: scene.figure(Asked("reads"), work) for work in scene.things}
    for work, mine in reads.items():
        others = [value for other, value in reads.items() if other != work]
        behind = sum(
            Fraction(0)
            if mine is None
            else Fraction(1)
            if value is None or value < mine
            else Fraction(value == mine, 2)
            for value in others
        )
        totals[work] += 30 * (behind / len(others) if others else Fraction(mine is not None))
    ranking = sorted(sequence(scene, phase.ties, scene.things), key=lambda work: -totals[work])
    given_: dict[str, dict[str, list[int]]] = {}
    for act in scene.in_order:
        for line, mark in act.fields.items():
            given_.setdefault(line, {}).setdefault(act.about, []).append(mark)
    return {
        "ranking": ranking,
        "scores": {work: decimal_text(round(totals[work] * 100), 2) for work in ranking},
        "dimensions": {
            line: summary({work: Fraction(sum(told), len(told)) for work, told in works.items()}, 2)
            for line, works in sorted(given_.items())
        },
    }


@given(fields())
@settings(max_examples=60, deadline=None)
def test_a_field_is_judged_work_by_work_as_it_is_all_at_once(field: tuple[Judge, Scene]) -> None:
    phase, scene = field
    closing = play.closing(phase, scene)
    expected = plainly(phase, scene)

    assert {name: closing.results[name] for name in expected} == expected
    assert list(closing.results["scores"]) == expected["ranking"]
    assert closing.results["made_from"]["scores"] == len(scene.acts)
    placed = [note for note in closing.notes if note.kind == "judged"]
    assert [note.fields["work"] for note in placed] == expected["ranking"]
    assert [note.fields["place"] for note in placed] == [*range(1, len(scene.things) + 1)]
