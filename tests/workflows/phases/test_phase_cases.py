"""The cases beside every kind of phase, played."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import workflows.phases
from operations.ports.resources import Claim
from operations.ports.runs import Act, Run, Work
from rules.spec.node import Context
from rules.spec.source import as_written
from rules.time import Duration, add
from workflows.phases import discover
from workflows.play import Asked, Figures, Free, Scene, play_of

OPENED = datetime(2027, 3, 8, tzinfo=UTC)
KINDS = sorted(kind for kind in discover() if play_of(kind) is not None)


def cases() -> list[Any]:
    folder = Path(next(iter(workflows.phases.__path__)))
    found = []
    for kind in KINDS:
        written = YAML(typ="safe").load((folder / kind / "cases.yaml").read_text("utf-8"))
        found += [pytest.param(kind, case, id=f"{kind}: {case['name']}") for case in written]
    return found


def moment(text: str | None) -> datetime:
    return OPENED if text is None else later(text, OPENED)


def later(within: str, since: datetime) -> datetime:
    from zoneinfo import ZoneInfo

    return add(since, Duration.parse(within), ZoneInfo("UTC"))


def act(written: dict[str, Any]) -> Act:
    return Act(
        verb=written["does"],
        by=written["by"],
        at=moment(written["at"]),
        about=written.get("about", ""),
        role=written.get("role"),
        choice=written.get("choice"),
        fields=written.get("gives", {}),
        version=written.get("version", 1),
        visit=1,
    )


def claim(written: dict[str, Any]) -> Claim:
    receiver = written["for"]
    return Claim(
        community="c",
        key=f"c/t/1/phase/1:{receiver}",
        kind=written.get("kind", "stock"),
        resource="something",
        receiver=receiver,
        member=receiver,
        run="c/t/1",
        phase="phase",
        visit=1,
        amount=written.get("amount", 1),
        spend=written.get("spend", False),
        asked_at=OPENED,
        settle_at=OPENED,
        state=written["state"],
        settled_at=moment(written["at"]) if "at" in written else None,
        begins_at=moment(written["begins"]) if "begins" in written else None,
    )


def child(written: dict[str, Any]) -> Run:
    return Run(
        community="c",
        id=written["id"],
        task="t",
        mode="m",
        digest="d",
        opened_at=OPENED,
        began_at=OPENED,
        parent="c/t/1",
        status=written["status"],
        end=written.get("end"),
        ended_at=moment(written["at"]) if "at" in written else None,
    )


def free_in(case: dict[str, Any]) -> list[Free]:
    """Who can be in teams: the parts they can fill, and their traits."""
    traits = case.get("traits", {})
    return [
        Free(
            id=who,
            parts=frozenset(parts),
            traits={name: frozenset(of[who]) if who in of else None for name, of in traits.items()},
        )
        for who, parts in case.get("free", {}).items()
    ]


def work(id_: str, author: str, at: datetime) -> Work:
    return Work(community="c", id=id_, run="c/t/1", phase="e", visit=1, author=author, at=at)


@pytest.mark.parametrize(("kind", "case"), cases())
def test_a_phase_comes_out_as_its_case_says(kind: str, case: dict[str, Any]) -> None:
    play = play_of(kind)
    assert play is not None
    tree = as_written({"id": "phase", "kind": kind, **case["phase"]})
    phase = discover()[kind].model_validate(tree, context=Context(kinds=discover()))
    within = case["phase"].get("within")
    works = {f"w{n}": work(f"w{n}", one["author"], moment(one["at"])) for n, one in enumerate(case.get("works", []))}
    works |= {thing: work(thing, author, OPENED) for thing, author in case.get("things", {}).items()}
    figures = {
        Asked(name): Figures("work", {thing: Fraction(value) for thing, value in values.items()}, 0)
        for name, values in case.get("figures", {}).items()
    }
    expected = case.get("expected")
    scene = Scene(
        at=moment(case.get("at")),
        opened_at=OPENED,
        deadline=moment(within),
        asked=tuple(case.get("asked", ())),
        things=tuple(case.get("things", ())),
        works=works,
        expected=None if expected is None else tuple(expected),
        acts=tuple(act(one) for one in case.get("acts", ())),
        figures=figures,
        claims=tuple(claim(one) for one in case.get("claims", ())),
        groups={name: tuple(people) for name, people in case.get("groups", {}).items()},
        children=tuple(child(one) for one in case.get("children", ())),
        refused=tuple(case.get("unstarted", ())),
        holds=case.get("holds"),
        until=later,
        free=lambda: free_in(case),
        apart=lambda: frozenset(frozenset(pair) for pair in case.get("apart", ())),
        place="c/t/1/phase",
    )
    if kind == "form_teams":
        scene = replace(scene, kept=play.opening(phase, replace(scene, at=OPENED, acts=())).kept)
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


def test_every_kind_that_can_run_explains_itself() -> None:
    folder = Path(next(iter(workflows.phases.__path__)))
    for kind in KINDS:
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
