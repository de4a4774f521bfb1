"""Tasks: a mode and what is put into it, checked as the whole it will be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rules.spec.checks.arguments import task_arguments
from rules.spec.checks.at import At, repaired
from rules.spec.checks.conditions import condition
from rules.spec.checks.effects import known
from rules.spec.checks.modes import mode, sample, uses
from rules.spec.checks.names import Names
from rules.spec.checks.scene import Scene
from rules.spec.diagnostics import Place, Problems
from rules.spec.documents.mode import Mode
from rules.spec.documents.task import Task
from rules.spec.node import Context
from rules.spec.source import Items, Source, Written
from rules.spec.substitute import ArgumentError, put_in
from rules.spec.translate import translate

if TYPE_CHECKING:
    from rules.spec.phase import PhaseKinds


def task(at: At, written: Task, names: Names, mode_at: At | None, kinds: PhaseKinds) -> Mode | None:
    """Check a task; its mode with the arguments put in, if that works. `mode_at` is where the mode stands."""
    scene = Scene(names)
    known(at / "goal", "goal", written.goal, scene)
    condition(at / "suits", written.suits, scene)
    if written.brief is not None and written.brief.theme is not None and "themes" in names.of("list"):
        themes = names.values_of("themes") or ()
        if written.brief.theme not in themes:
            (at / "brief" / "theme").unknown("TRL309", "theme", written.brief.theme, themes)
    if not known(at / "mode", "mode", written.mode, scene) or mode_at is None:
        return None
    its_mode = names.of("mode")[written.mode]
    if written.starts is not None and its_mode.for_ not in ("community", "space"):
        message = f"starts by itself, but a run of '{its_mode.id}' is for one {its_mode.for_}"
        (at / "starts").say("TRL349", message, "let a tier, a stage or a rule start it for somebody", on="key")
    if written.space is not None:
        known(at / "space", "space", written.space, scene)
        if its_mode.for_ != "space":
            (at / "space").say("TRL349", f"a run of '{its_mode.id}' is for no space", "leave out space", on="key")
    elif written.starts is not None and its_mode.for_ == "space" and not names.of("space"):
        message = f"starts by itself, but a run of '{its_mode.id}' is for one space, and there is none"
        (at / "starts").say("TRL349", message, "declare spaces in community.yaml", on="key")
    given: Any = at.source.at(("with",))
    arguments = given if isinstance(given, Written) else Written(at.source.value_place(()))
    fine = task_arguments(at, its_mode, arguments, scene)
    bound = _bound(mode_at, its_mode, _put_right(arguments, its_mode) if not fine else arguments, kinds)
    if bound is None:
        return None
    _whole(at, written, *bound, names)
    return bound[1]


def _put_right(arguments: Written, its_mode: Mode) -> Written:
    """The arguments with misspelt names put right, so that the rest can be checked all the same."""
    declared = [p.id for p in its_mode.parameters]
    out = Written.copy(arguments)
    for name in arguments:
        if name in declared:
            continue
        meant = [m for m in repaired(name, declared) if m not in out]
        if len(meant) == 1:
            out.rename(name, meant[0])
        else:
            out.drop(name)
    return out


def _bound(mode_at: At, its_mode: Mode, arguments: Written, kinds: PhaseKinds) -> tuple[Source, Mode] | None:
    """The mode with the arguments put in, after saying what does not fit where it is used."""
    try:
        source = put_in(mode_at.source, its_mode, arguments)
    except ArgumentError:  # an argument is missing, which was said already
        return None
    return _validated(source, mode_at.problems, kinds)


def _validated(source: Source, problems: Problems, kinds: PhaseKinds) -> tuple[Source, Mode] | None:
    try:
        return source, Mode.model_validate(source.tree, context=Context(problems, kinds))
    except ValidationError as error:
        scratch = Problems()
        translate(error, source, scratch)
        for found in scratch.found():
            place = Place(found.file, found.line, found.column)
            if not problems.has_at(place):
                problems.at(found.code, place, found.message, found.hint)
        return None


def _whole(at: At, written: Task, source: Source, bound: Mode, names: Names) -> None:
    mode(At(at.problems, source, again=True), bound, names)
    needed = uses(source)
    for what, has in (("brief", written.brief), ("goal", written.goal)):
        if what in needed and has is None and what not in at.source.tree.excused:
            message = f"mode '{bound.id}' publishes the {what}, and this task has none"
            (at / "mode").say("TRL348", message, f"add {what}: to the task")


def made_up(at: At, written: Mode, names: Names, kinds: PhaseKinds) -> None:
    """Check a mode with made-up arguments: each parameter's type fits wherever the parameter stands."""
    scratch = Problems()
    tree = at.source.tree
    arguments = Written(tree.place)
    for n, parameter in enumerate(written.parameters):
        if parameter.has_default:
            continue
        place = at.source.value_place(("parameters", n, "type"))
        value = sample(parameter, names)
        arguments.put(parameter.id, _at_place([value] if parameter.many else value, place), place, place)
    try:
        source = put_in(at.source, written, arguments)
    except ArgumentError:
        return
    defaults = _default_places(at, written)
    whole = _validated(source, scratch, kinds)
    if whole is not None:
        mode(At(scratch, source, again=True), whole[1], names)
    for found in scratch.found():
        place = Place(found.file, found.line, found.column)
        if at.problems.has_at(place):
            continue
        unfit = next((p for p in written.parameters if arguments.value_places.get(p.id) == place), None)
        # results of made-up slots are not those that tasks will give
        if place in defaults and found.code != "TRL304":
            at.problems.at(found.code, place, found.message, found.hint)
        elif unfit is not None and found.code.startswith("TRL2"):
            names.unfit.add((written.id, unfit.id))
            hint = f"where ${unfit.id} stands: {found.message}"
            message = f"a parameter of type {unfit.type} does not fit where '{unfit.id}' is used"
            at.problems.at("TRL318", place, message, hint)


def _default_places(at: At, written: Mode) -> set[Place]:
    """Where the defaults of parameters stand, which are seen in use here."""
    places: set[Place] = set()
    for n, parameter in enumerate(written.parameters):
        if parameter.has_default:
            path = ("parameters", n, "default")
            places |= {at.source.value_place(path), *_places(at.source.at(path))}
    return places


def _places(node: Any) -> Iterator[Place]:
    """Where everything in a piece stands."""
    if isinstance(node, Written):
        yield from node.key_places.values()
        yield from node.value_places.values()
        for inside in node.values():
            yield from _places(inside)
    elif isinstance(node, Items):
        yield from node.places
        for inside in node:
            yield from _places(inside)


def _at_place(value: Any, place: Place) -> Any:
    if isinstance(value, dict):
        return Written(place, ((k, _at_place(v, place), place, place) for k, v in value.items()))
    if isinstance(value, list):
        return Items.of(place, (_at_place(v, place) for v in value), (place for _ in value))
    return value
