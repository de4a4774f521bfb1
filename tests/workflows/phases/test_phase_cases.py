"""The cases beside every kind of phase, played."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import workflows.phases
from rules.spec.node import Context
from rules.spec.source import as_written
from tests.workflows.phases.staging import OPENED, act, cases, moment, stage, work
from workflows.phases import discover
from workflows.play import Scene, play_of


@pytest.mark.parametrize(
    ("kind", "case"), [pytest.param(kind, case, id=f"{kind}: {case['name']}") for kind, case in cases()]
)
def test_a_phase_comes_out_as_its_case_says(kind: str, case: dict[str, Any]) -> None:
    play, phase, scene = stage(kind, case)
    refused, wanted = case.get("refused"), case.get("expect", {})

    if refused is not None:
        assert refused["because"] in (play.refusal(phase, scene, act(refused)) or "accepted")
        return
    if "opens" in wanted:
        assert play.opening(phase, scene).outcome == wanted["opens"]
        if kind != "form_teams":
            return
    progress = play.progress(phase, scene)
    closing = play.closing(phase, scene)
    for one in scene.acts:
        before = [other for other in scene.acts if other.at < one.at]
        assert play.refusal(phase, replace(scene, acts=tuple(before), at=one.at), one) is None
    if "over" in wanted:
        assert progress.over is wanted["over"]
    if "deadline" in wanted:
        assert progress.deadline == moment(wanted["deadline"])
    if "outcome" in wanted:
        assert closing.outcome == wanted["outcome"]
    for name, value in wanted.get("results", {}).items():
        assert closing.results[name] == value, name
    for name, told in wanted.get("figures", {}).items():
        assert told.items() <= closing.results[name].items()
    recorded = Counter(note.kind for note in closing.notes)
    for fact, count in wanted.get("facts", {}).items():
        assert recorded[fact] == count, fact


def test_every_kind_explains_itself() -> None:
    folder = Path(next(iter(workflows.phases.__path__)))
    for kind in discover():
        text = (folder / kind / "README.md").read_text("utf-8")
        assert all(word in text for word in ("When to choose it", "What to write", "What happens when"))


def test_simulated_participants_make_only_legal_moves_and_repeat_exactly() -> None:
    from operations.rehearsal import Crowd

    rubric = [{"id": "wit", "weight": 100, "scale": [1, 10]}]
    written = {"of": "e.works", "by": "role:x", "needs": 2, "within": "5d", "if_silent": "short", "rubric": rubric}
    tree = as_written({"id": "phase", "kind": "judge", "ties": [{"draw": True}], **written})
    phase = discover()["judge"].model_validate(tree, context=Context(kinds=discover()))
    things = {f"w{n}": f"m{n}" for n in range(12)}
    scene = Scene(
        at=OPENED,
        opened_at=OPENED,
        deadline=OPENED + timedelta(days=5),
        asked=("role:director", "m3", "m4", "m5"),
        things=tuple(things),
        works={thing: work(thing, author, OPENED) for thing, author in things.items()},
    )
    play = play_of("judge")
    assert play is not None

    def planned(seed: int) -> list[Any]:
        crowd = Crowd(seed, "place", run="c/t/1", people=list, size=None, form=lambda kind: {})
        return list(play.improvise(phase, scene, crowd))

    acts = planned(1)
    assert acts == planned(1) != planned(2)
    for one in acts:
        told = {"does": one.verb, "by": one.by, "role": one.role, "about": one.about, "gives": one.fields, "at": "1d"}
        assert play.refusal(phase, scene, act(told)) is None
