"""Run results: what a condition of a run reads under the name of a result or of an argument, and as what type.

People, works, teams and parts are counted; a field of a form is what was filled in; a figure that was measured is the
mean of what is known of it, so that of one thing it is that thing's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rules.errors import Unfit
from rules.names import field_type
from rules.spec.phase import PhaseSpec, every_phase
from rules.values import INTEGER, SET, Value, ValueType, fit

if TYPE_CHECKING:
    from operations.around import Around
    from rules.spec import Community
    from rules.spec.documents.mode import Mode

_Names = Mapping[str, tuple[ValueType, bool]]

FIGURE = ValueType("decimal", 6)
"""What was measured."""


def named_types(around: Around) -> tuple[Mapping[str, ValueType], frozenset[str]]:
    """The names of results and arguments that a condition of a run may read, with their types; and which of them are
    counted."""
    types = dict(_declared(around.community, around.mode))
    for visit in around.visits:
        for result in visit.results:
            types.setdefault(f"{visit.phase}.{result}", (INTEGER, True))
    counts = {name for name, (_, is_counted) in types.items() if is_counted}
    return {name: type_ for name, (type_, _) in types.items()}, frozenset(counts)


def argument(around: Around, name: str, type_: ValueType) -> Value | None:
    """What an argument of the run is to a condition; None: unknown."""
    return _typed(around.arguments.get(name), type_, name)


def counted(around: Around, name: str) -> int:
    """How many a result names; nobody where its phase was skipped or not reached."""
    found = around.result(name)
    if isinstance(found, list):
        return len(found)
    return found if isinstance(found, int) else 0 if found is None else 1


def result(around: Around, name: str, type_: ValueType) -> Value | None:
    """What a field of a form, or a measured figure, is to a condition; None: unknown."""
    found = around.result(name)
    if isinstance(found, Mapping):
        found = found.get("mean")
    return _typed(found, type_, name)


def _typed(raw: Any, type_: ValueType, name: str) -> Value | None:
    if raw is None:
        return None
    try:
        if type_.kind == "decimal" and not isinstance(raw, bool):
            raw = str(raw)
        return fit(raw, type_, name)
    except Unfit:
        return None


_MODES = 128
"""Modes of one spec that are remembered at once: those of its tasks, and some with arguments of their own."""
_DECLARED: WeakKeyDictionary[Community, dict[int, tuple[Mode, _Names]]] = WeakKeyDictionary()
"""By spec, while somebody else has it too, and by the very mode, which is held so that no other is taken for it."""


def _declared(spec: Community, bound: Mode) -> _Names:
    """Every result and argument that a mode declares: its type, and whether it is counted."""
    known = _DECLARED.setdefault(spec, {})
    found = known.get(id(bound))
    if found is None:
        if len(known) >= _MODES:
            known.clear()
        found = known[id(bound)] = (bound, _looked_up(spec, bound))
    return found[1]


def _looked_up(spec: Community, bound: Mode) -> _Names:
    found: dict[str, tuple[ValueType, bool]] = {}
    for _, phase in every_phase(bound.phases):
        for name, word in phase.results(_Forms(spec)).items():
            found[f"{phase.id}.{name}"] = _type(spec, phase, name, word)
    for one in bound.parameters:
        known = SET if one.many else FIGURE if one.type == "decimal" else field_type(spec, one)  # type: ignore[arg-type]
        found[f"run.{one.id}"] = (known, False)
    return found


def _type(spec: Community, phase: PhaseSpec, name: str, word: str) -> tuple[ValueType, bool]:
    form = spec.facts.get(str(getattr(phase, "form", "")))
    if word not in ("people", "works", "teams", "slots") and form is not None:
        field = next((one for one in form.fields if one.id == name), None)
        if field is not None:
            return field_type(spec, field), False
    return (FIGURE, False) if word == "decimal" else (INTEGER, True)


class _Forms:
    """What a phase asks about its surroundings, as far as the types of its results go."""

    def __init__(self, spec: Community) -> None:
        self._spec = spec

    def type_of(self, ref: str) -> str:
        return "people"  # whatever they are, they are counted

    def fields_of(self, form: str) -> Mapping[str, str]:
        found = self._spec.facts.get(form)
        return {} if found is None else {field.id: field.type for field in found.fields}
