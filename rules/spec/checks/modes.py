"""Modes: phases in order with what is there at each point, parameters that are used, runs that end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rules.spec.checks.arguments import argument
from rules.spec.checks.at import At, repaired
from rules.spec.checks.conditions import condition
from rules.spec.checks.flow import flow, silence
from rules.spec.checks.names import Names
from rules.spec.checks.people import who
from rules.spec.checks.phases import Around, phase
from rules.spec.checks.scene import PEOPLE, Scene, refer
from rules.spec.documents.mode import Mode
from rules.spec.fields import Parameter
from rules.spec.people import refs
from rules.spec.phase import PhaseSpec, every_phase
from rules.spec.source import Source, walk
from rules.spec.vocabulary import RESERVED

Results = dict[str, dict[str, str]]
MOST_ROUNDS = 999
"""So often a phase can be entered in one unit of an `each`."""


def mode(at: At, written: Mode, names: Names) -> None:
    """Check a mode as it stands, with its parameters open or with arguments put in."""
    every = frozenset(p.id for _, p in every_phase(written.phases))
    scene = Scene(
        names,
        about=written.for_,
        subject=written.for_,
        later=every,
        parameters={p.id: p for p in written.parameters},
        in_run=True,
    )
    _ids(at, written)
    results: Results = {}
    _body(at / "phases", written.phases, scene, results, written, nested=False)
    refer(at / "owner", written.owner, replace(scene, results=results), PEOPLE)
    if written.may_start is not None:
        who(at / "may_start", written.may_start, scene)
    _while(at, written, scene)


def _while(at: At, written: Mode, scene: Scene) -> None:
    if written.while_ is not None and written.for_ == "community":
        (at / "while").say(
            "TRL332",
            "a run for the whole community has no subject to watch",
            "add for: member, or leave out while",
            on="key",
        )
    else:
        condition(at / "while", written.while_, scene)
    target = written.if_not
    top = [p.id for p in written.phases]
    if target not in ("end", "cancel", *top) and not target.startswith("end:"):
        (at / "if_not").unknown("TRL322", "target", target, ["end", "cancel", *top])


def _ids(at: At, written: Mode) -> None:
    seen: set[str] = set()
    for path, spec in every_phase(written.phases):
        here = at.along(path) / "id"
        if spec.id in seen:
            here.say(
                "TRL312",
                f"phase '{spec.id}' is there twice",
                "ids of phases are unique in the mode, also inside bodies",
            )
        elif spec.id in RESERVED:
            here.say("TRL331", f"'{spec.id}' means something else where phases are named", "choose another id")
        seen.add(spec.id)


def _body(
    at: At,
    body: tuple[PhaseSpec, ...],
    scene: Scene,
    results: Results,
    written: Mode,
    *,
    nested: bool,
    rounds: int | None = None,
) -> None:
    """Check the phases of a body one after the other; each adds its results to what later ones may name.

    `rounds`: how often the body comes round in one unit of an `each`, as far as that is said; None outside of units.
    """
    flow(at, body, nested=nested, also="" if nested else written.if_not)
    for n, spec in enumerate(body):
        here, now = at / n, replace(scene, results=results)
        silence(here, spec)
        phase(here, spec, now)
        _endless(here, spec, written)
        _autonomous(here, spec, written)
        inside = _rounds(here, spec, rounds)
        for inner in spec.bodies():
            _body(here.along(inner.path), inner.phases, scene, results, written, nested=True, rounds=inside)
        results[spec.id] = spec.results(Around(now))


def _rounds(at: At, spec: PhaseSpec, around: int | None) -> int | None:
    """How often what is inside a phase comes round in one unit of an `each`; too often is said."""
    times = getattr(spec, "times", None)
    if spec.kind == "each":
        return 1
    if spec.kind != "repeat" or around is None or not isinstance(times, int):
        return around
    if around * times > MOST_ROUNDS:
        message = f"'{spec.id}' comes round {around * times:,} times in one unit, and {MOST_ROUNDS} times is the most"
        (at / "times").say("TRL207", message, "fewer rounds, or a run of its own for each unit")
        return 1
    return around * times


def _endless(at: At, spec: PhaseSpec, written: Mode) -> None:
    if spec.kind == "repeat" and getattr(spec, "times", None) is None and written.while_ is None:
        (at / "id").say(
            "TRL327", f"'{spec.id}' repeats for ever", "add times: so many rounds, or give the mode a while"
        )


def _autonomous(at: At, spec: PhaseSpec, written: Mode) -> None:
    if written.staff_may != "see" or spec.silences() is None:
        return
    roles = [one for one in refs(getattr(spec, "by", None)) if one.startswith("role:")]
    if roles:
        hint = "let members decide, or write staff_may: support"
        (at / "by").say("TRL330", f"staff may only see here, yet {', '.join(roles)} decides '{spec.id}'", hint)


# ------------------------------------------------------------------------------------------------------- parameters
def parameters(at: At, written: Mode, names: Names) -> None:
    """Check what a mode declares for its tasks: types, defaults, and that each is used and each use declared."""
    scene = Scene(names)
    declared = {p.id: p for p in written.parameters}
    used = set(_used(at.source, written))
    asked = {name for place, name in _dollars(at.source) if not _known(place, name, declared, at)}
    for n, parameter in enumerate(written.parameters):
        here = at / "parameters" / n
        if parameter.id in [p.id for p in written.parameters[:n]]:
            (here / "id").say("TRL312", f"parameter '{parameter.id}' is there twice", "ids are unique here")
        _declaration(here, parameter, scene)
        meant = {m for word in asked for m in repaired(word, declared)}
        if parameter.id not in used and parameter.id not in meant:
            (here / "id").say(
                "TRL314", f"parameter '{parameter.id}' is never used", f"write ${parameter.id} where its value belongs"
            )


def _declaration(at: At, parameter: Parameter, scene: Scene) -> None:
    if isinstance(parameter.one_of, str) and scene.names.values_of(parameter.one_of) is None:
        (at / "one_of").unknown("TRL303", "list", parameter.one_of, scene.names.of("list"))
    elif parameter.has_default:
        argument(at / "default", parameter, at.source.at((*at.path, "default")), scene)


def _dollars(source: Source) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every `$name` of a mode outside its parameters, with its path."""
    for path, node in walk(source.tree):
        if isinstance(node, str) and node.startswith("$") and path[0] in ("phases", "owner", "may_start", "while"):
            yield path, node[1:]


def _used(source: Source, written: Mode) -> Iterator[str]:
    """The parameters that are used: as `$name`, or read as `run.name`, also where that is misspelt."""
    words = {step for path, _ in walk(source.tree) for step in path[-1:] if isinstance(step, str)}
    words |= {node for _, node in walk(source.tree) if isinstance(node, str)}
    asked = {name for _, name in _dollars(source)}
    for parameter in written.parameters:
        read = [f"run.{parameter.id}"]
        if parameter.id in asked or any(repaired(word, read) for word in words):
            yield parameter.id


def _known(path: tuple[str | int, ...], name: str, declared: dict[str, Parameter], at: At) -> bool:
    if name not in declared:
        at.along(path).unknown("TRL313", "parameter", f"${name}", [f"${p}" for p in declared])
        return False
    return True


def uses(source: Source) -> set[str]:
    """What a bound mode publishes or says of its task: `brief`, `goal`."""
    found: set[str] = set()
    for path, node in walk(source.tree):
        if node in ("run.brief", "run.goal") and "effects" in path:
            found.add(str(node)[4:])
    return found


def sample(parameter: Parameter, names: Names) -> Any:
    """A made-up argument of a parameter's type."""
    listed = names.values_of(parameter.one_of)
    if listed:
        return listed[0]
    kind = parameter.type
    known = names.ids.get(kind)
    if known and kind != "item":
        return next(iter(known))
    made_up: dict[str, Any] = {
        "integer": 2, "decimal": "0.50", "boolean": True, "date": "2027-01-01", "duration": "7d", "within": "7d",
        "money": f"1.00 {names.document.currency}", "share": "50%", "who": "everyone",
        "places": f"space:{next(iter(names.of('space')), 'x')}", "condition": {"consent": {"is": True}},
        "label": {"en": "x", "zh": "x"}, "traits": {}, "rubric": [{"id": "a", "weight": 100, "scale": [1, 5]}],
        "slots": [{"id": "a"}], "prizes": [{"points": 1}], "choices": ["a", "b"], "order": [{"draw": True}],
    }  # fmt: skip
    return made_up.get(kind, "x")
