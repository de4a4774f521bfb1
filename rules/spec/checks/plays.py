"""Plays: the phases, moves and people of a case of a task are those of its mode."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rules.spec.checks.at import At, meant
from rules.spec.checks.flow import settled
from rules.spec.checks.names import Names
from rules.spec.checks.scene import PEOPLE, Scene, refer
from rules.spec.documents.cases import Play, Step
from rules.spec.documents.mode import Mode
from rules.spec.phase import PhaseSpec, every_phase

_MOVES: Final[dict[str, tuple[str, ...]]] = {
    "join": ("enrol",), "decline": ("enrol", "form_teams"), "claim": ("form_teams",), "confirm": ("form_teams",),
    "submit": ("submit", "review"), "answer": ("ask", "review"), "score": ("judge",), "attend": ("meet",),
    "leave": (), "idle": (),
}  # fmt: skip


def play(at: At, case: Play, mode: Mode, names: Names) -> None:
    """Check a play against the mode of its task, with the arguments put in."""
    phases = {p.id: p for _, p in every_phase(mode.phases)}
    for phase_id, outcomes in case.comes_out.items():
        here = at / "comes_out" / phase_id
        if phase_id not in phases:
            here.unknown("TRL372", "phase", phase_id, phases, of=f"mode '{mode.id}'", on="key")
        else:
            _outcomes(here, phases[phase_id], outcomes)
    people = {person.id for person in case.members}
    handed_in: set[str | None] = {
        step.about for step in case.steps if "submit" in (step.does, _kind(phases, step.in_)) and step.about
    }
    for n, step in enumerate(case.steps):
        _step(at / "steps" / n, step, phases, people, handed_in, names, mode)
    for n, phase_id in enumerate(case.expect.path):
        if phase_id not in phases:
            (at / "expect" / "path" / n).unknown("TRL372", "phase", phase_id, phases, of=f"mode '{mode.id}'")
    _end(at / "expect" / "end", case.expect.end, mode, names)
    for n, fact in enumerate(case.expect.facts):
        _fact(at / "expect" / "facts" / n, fact, names)


def _kind(phases: dict[str, PhaseSpec], phase_id: str) -> str:
    return phases[phase_id].kind if phase_id in phases else ""


def _outcomes(at: At, phase: PhaseSpec, outcomes: Any) -> None:
    if not settled(phase):
        return
    known = [*phase.outcomes(), "skipped"]
    several = isinstance(outcomes, tuple)
    for n, outcome in enumerate(outcomes if several else (outcomes,)):
        if outcome not in known:
            (at / n if several else at).say(
                "TRL372", f"'{phase.id}' never comes out as '{outcome}'", meant(outcome, known)
            )


def _step(
    at: At,
    step: Step,
    phases: dict[str, PhaseSpec],
    people: set[str],
    handed_in: set[str | None],
    names: Names,
    mode: Mode,
) -> None:
    if ":" in step.who:
        refer(at / "who", step.who, Scene(names), PEOPLE)
    elif step.who not in people:
        (at / "who").unknown("TRL373", "person", step.who, people, of="this play")
    if step.in_ not in phases:
        (at / "in").unknown("TRL372", "phase", step.in_, phases, of=f"mode '{mode.id}'")
        return
    phase = phases[step.in_]
    kinds = _MOVES[step.does]
    if kinds and phase.kind not in kinds:
        possible = [move for move, of in _MOVES.items() if phase.kind in of]
        (at / "does").say(
            "TRL374",
            f"nobody can {step.does} in '{phase.id}', which is {phase.kind}",
            f"possible: {', '.join(possible) or 'leave, idle'}",
        )
        return
    if step.does in ("score", "answer") and step.about and step.about not in handed_in | people:
        (at / "about").unknown("TRL373", "work", step.about, [*(h for h in handed_in if h), *people], of="this play")
    known = _gives(phase, step.does, names)
    for field in step.gives:
        if known is not None and field not in known:
            (at / "gives" / field).unknown(
                "TRL310", "field", field, known, of=f"'{step.does}' in '{phase.id}'", on="key"
            )


def _gives(phase: PhaseSpec, does: str, names: Names) -> set[str] | None:
    """What can be given with a move; None when it cannot be told."""
    if does == "score":
        rubric = getattr(phase, "rubric", None)
        return {c.id for c in rubric if c.scale is not None} if isinstance(rubric, tuple) else None
    if does == "submit" and phase.kind == "review":
        return None  # a new version of a work: the fields of whatever form it was handed in with
    form = getattr(phase, "form", None)
    if form is None:
        return {"choice"} if does == "answer" else set()
    found = names.of("fact").get(form)
    if found is None:
        return None
    return {f.id for f in found.fields} | ({"choice"} if does == "answer" else set())


def _end(at: At, end: str | None, mode: Mode, names: Names) -> None:
    if end is None or end in ("end", "cancel"):
        return
    known = ["end", "cancel", *(f"end:{word}" for word in sorted(names.ends(mode)))]
    if end not in known:
        at.say("TRL372", f"mode '{mode.id}' never ends with '{end}'", meant(end, known))


def _fact(at: At, fact: dict[str, int | str], names: Names) -> None:
    kind, *fields = fact
    if kind not in names.facts():
        (at / kind).unknown("TRL303", "kind of fact", kind, _kinds_with(fields, names), on="key")
        return
    known = names.fields_of((kind,))
    for name in fields:
        if name not in known:
            (at / name).unknown("TRL310", "field", name, known, of=f"'{kind}'", on="key")
        elif (
            isinstance(fact[name], str)
            and known[name].listed is not None
            and fact[name] not in (known[name].listed or ())
        ):
            (at / name).say(
                "TRL309", f"'{name}' is never '{fact[name]}'", meant(str(fact[name]), known[name].listed or ())
            )


def _kinds_with(fields: Iterable[str], names: Names) -> list[str]:
    every = names.facts()
    return [k for k in every if set(fields) <= set(names.fields_of((k,)))] or every
