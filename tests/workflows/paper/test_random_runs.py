"""Every task of the sample, played with people who do anything at all: it ends by name, and its books balance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.spec.documents.mode import Mode
from rules.spec.phase import Back, every_phase
from tests.workflows.paper.test_conductor import AUTO, played
from workflows.course import CANCEL, END

PEOPLE = ("li", "wang", "chen", "stranger", "role:director", "role:host", "role:planner", "planner-1")
VERBS = ("join", "decline", "claim", "confirm", "submit", "answer", "score", "attend", "leave", "idle")
MEMBERS = [
    {"id": "li", "attributes": {"tier": "base"}},
    {"id": "wang", "attributes": {"tier": "core", "titles": ["topic-starter"]}},
    {"id": "chen", "attributes": {"tier": "active"}},
]


def endings(mode: Mode) -> set[str]:
    """Every word with which a run of a mode may end."""
    found = {END, CANCEL, mode.if_not}
    for _, phase in every_phase(mode.phases):
        for way in phase.go.values():
            found |= {way.to, way.else_} if isinstance(way, Back) else {way}
    return {word for word in found if word in (END, CANCEL) or word.startswith(f"{END}:")}


@st.composite
def tried(draw: st.DrawFn, mode: Mode) -> list[dict[str, Any]]:
    """Steps that anybody might try, most of them not allowed."""
    phases = [phase.id for _, phase in every_phase(mode.phases)]
    steps = []
    for _ in range(draw(st.integers(0, 8))):
        step: dict[str, Any] = {
            "who": draw(st.sampled_from(PEOPLE)),
            "in": draw(st.sampled_from(phases)),
            "does": draw(st.sampled_from(VERBS)),
        }
        if draw(st.booleans()):
            step["after"] = draw(st.sampled_from(["1h", "1d", "3d", "8d"]))
        if draw(st.booleans()):
            step["about"] = draw(st.sampled_from(["mine", "li", "wang"]))
        steps.append(step)
    return steps


def tasks() -> list[Any]:
    """Every task; those that go on for hundreds of phases only where there is time."""
    long = ("council", "circle", "topic-rota")
    return [
        pytest.param(task, marks=[pytest.mark.slow] if AUTO.tasks[task].mode in long else []) for task in AUTO.tasks
    ]


@pytest.mark.parametrize("task", tasks())
@given(data=st.data())
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_people_try_every_run_ends_in_a_word_of_its_mode(task: str, data: st.DataObject) -> None:
    mode = AUTO.bind(task)
    members = [] if mode.for_ not in ("community", "member") else MEMBERS

    found = played(task, members=members, steps=data.draw(tried(mode)))

    assert found.end in endings(mode)
    for step in found.steps:
        assert step.refused is None or len(step.refused.split()) >= 3, step
    ids = [fact.id for fact in found.facts]
    assert len(ids) == len(set(ids))
    outcomes = {phase.id: {*phase.outcomes(), "skipped", "lapsed", "stopped"} for _, phase in every_phase(mode.phases)}
    assert all(outcome in outcomes[phase] for phase, outcome, _ in found.closings)
    credit = {str(fact.fields["work"]): fact.fields["credit"] for fact in found.facts if fact.kind == "accepted"}
    assert all(isinstance(weight, int) and weight >= 0 for weight in credit.values())
    for fact in found.facts:
        assert fact.kind != "awarded" or int(str(fact.fields["points"])) > 0


def test_a_work_that_is_handed_in_where_members_come_in_is_refused_in_words() -> None:
    found = played("photo-masters", members=MEMBERS, steps=[{"who": "li", "in": "masters", "does": "submit"}])

    assert "one comes in, declines or leaves, nothing else" in str(found.steps[0].refused) or (
        "is not among those" in str(found.steps[0].refused)
    )


def test_a_claim_that_names_no_part_is_refused_in_words() -> None:
    found = played("owners-handbook", members=MEMBERS, steps=[{"who": "li", "in": "board", "does": "claim"}])

    assert len(str(found.steps[0].refused).split()) >= 3
    assert found.end in endings(AUTO.bind("owners-handbook"))
