"""Arguments: what a task gives its mode. Nothing missing, nothing unknown, everything of its type."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from rules.spec.checks.at import At, meant, repaired
from rules.spec.checks.scene import Scene
from rules.spec.documents.mode import Mode
from rules.spec.fields import REFERENCE_TYPES, Parameter

_SPELLED: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "decimal": (re.compile(r"-?\d+\.\d{1,6}"), 'a decimal in quotes such as "0.70"'),
    "date": (re.compile(r"\d{4}-\d\d-\d\d"), 'a date in quotes such as "2027-03-08"'),
    "duration": (re.compile(r"[1-9]\d{0,4}(min|h|d|w|mo|y|bd|bh)"), "a duration such as 14d"),
    "within": (
        re.compile(r"[1-9]\d{0,4}(min|h|d|w|mo|y|bd|bh)|\d{4}-\d\d-\d\d( \d\d:\d\d)?|sla:[a-z][a-z0-9_-]*"),
        "a duration, a moment or a service level",
    ),
    "money": (re.compile(r"\d+\.\d\d [A-Z]{3}"), 'an amount such as "1200.00 CNY"'),
    "share": (re.compile(r"(100|[1-9]?\d)%"), "a share such as 50%"),
}
_LISTS: Final = frozenset({"rubric", "slots", "prizes", "choices", "order"})
_NAMED: Final = {"space": "space", "cohort": "cohort", "role": "role"}


def task_arguments(at: At, mode: Mode, written: Mapping[str, Any], scene: Scene) -> bool:
    """Check the arguments of a task, which stand at `at` under `with`; whether the mode can be bound to them."""
    parameters = {p.id: p for p in reversed(mode.parameters)}
    fine, answered = True, set(written)
    for name, value in written.items():
        here = at / "with" / name
        if name not in parameters:
            fine = False
            here.unknown("TRL316", "parameter", name, parameters, of=f"mode '{mode.id}'", on="key")
            answered |= set(repaired(name, parameters))
        elif (mode.id, name) not in scene.names.unfit and not argument(here, parameters[name], value, scene):
            fine = False
    for parameter in mode.parameters:
        if parameter.id not in answered and not parameter.has_default:
            fine = False
            place = at / "with" if written else at / "mode"
            hint = f"add {parameter.id}: … under with; it is {_kind(parameter)}"
            place.say("TRL315", f"nothing given for '{parameter.id}' of mode '{mode.id}'", hint, on="key")
    return fine


def start_arguments(
    at: At, task: Any, written: Mapping[str, Any], subject: str, scene: Scene, *, on: int | None = None
) -> None:
    """Check the arguments with which another task is started, and that it can be started for this subject; `on` is
    its place among several tasks."""
    mode = scene.names.mode_of(task) if isinstance(task, str) else None
    if mode is None:
        return
    parameters = {p.id: p for p in reversed(mode.parameters)}
    for name, value in written.items():
        here = at / "with" / name
        if name not in parameters:
            here.unknown("TRL316", "parameter", name, parameters, of=f"mode '{mode.id}'", on="key")
        elif not _named_later(value):
            argument(here, parameters[name], value, scene)
    if mode.for_ in ("member", "cohort", "team") and subject not in (mode.for_, "any"):
        if mode.for_ == "member" and subject in ("work", "team", "cohort", "space"):
            return  # their people
        here_is = "nobody in particular" if subject == "community" else f"a {subject}"
        (at / "task" if on is None else at / "tasks" / on).say(
            "TRL347",
            f"task '{task}' is for one {mode.for_}, here the subject is {here_is}",
            "add for: whom it is started for",
        )


def argument(at: At, parameter: Parameter, value: Any, scene: Scene) -> bool:
    """Check one argument (or default) against its parameter; whether it fits."""
    if isinstance(value, str) and value.startswith("$"):
        return True
    if parameter.many:
        if not isinstance(value, tuple):
            at.say("TRL317", f"'{parameter.id}' is a list", f"write [{_short(value)}]")
            return False
        fits = [_one(at / n, parameter, v, scene) for n, v in enumerate(value)]
        return all(fits)
    return _one(at, parameter, value, scene)


def _one(at: At, parameter: Parameter, value: Any, scene: Scene) -> bool:
    kind = parameter.type
    if (kind in REFERENCE_TYPES and kind != "item") or kind in _NAMED:
        return _reference(at, parameter, value, scene)
    if kind in _LISTS:
        return _says(at, parameter, value, isinstance(value, tuple), "a list")
    if kind in ("integer", "boolean"):
        wanted = int if kind == "integer" else bool
        fits = isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool))
        return _says(at, parameter, value, fits, "a whole number" if kind == "integer" else "true or false")
    if kind in _SPELLED:
        pattern, says = _SPELLED[kind]
        return _says(at, parameter, value, isinstance(value, str) and bool(pattern.fullmatch(value)), says)
    if kind in ("text", "link", "item"):
        if not _says(at, parameter, value, isinstance(value, str), "a text"):
            return False
        return _listed(at, parameter, value, scene.names.values_of(parameter.one_of))
    if kind in ("label", "traits", "condition"):
        return _says(at, parameter, value, isinstance(value, Mapping), "a mapping")
    return True


def _reference(at: At, parameter: Parameter, value: Any, scene: Scene) -> bool:
    kind = parameter.type
    if not _says(at, parameter, value, isinstance(value, str), f"the id of a {kind}"):
        return False
    ids = scene.names.of(kind)
    if value not in ids and scene.names.silent(value):
        return False
    if value not in ids:
        at.unknown("TRL303", "kind of fact" if kind == "fact" else kind, value, ids)
        return False
    return _listed(at, parameter, value, scene.names.values_of(parameter.one_of))


def _listed(at: At, parameter: Parameter, value: str, values: Collection[str] | None) -> bool:
    if values is None or value in values:
        return True
    at.say("TRL317", f"'{parameter.id}' is never '{value}'", meant(value, values))
    return False


def _says(at: At, parameter: Parameter, value: Any, fits: bool, expected: str) -> bool:
    if not fits:
        at.say("TRL317", f"'{parameter.id}' is {_kind(parameter)}, not {_short(value)}", f"write {expected}")
    return fits


def _kind(parameter: Parameter) -> str:
    kind = {"who": "people", "places": "places", "boolean": "true or false", "integer": "a whole number"}.get(
        parameter.type, parameter.type.replace("_", " ")
    )
    return f"a list of {kind}" if parameter.many else kind


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a mapping ({_few(value)})"
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f"'{value}'"


def _few(words: Iterable[str]) -> str:
    every = [str(w) for w in words]
    return ", ".join(every[:3]) + (", …" if len(every) > 3 else "")


def _named_later(value: Any) -> bool:
    """Whether an argument names a result or the subject, which is read at that moment."""
    return isinstance(value, str) and ("." in value or value in ("subject", "author", "run", "work", "team"))
