"""Arguments: what `with` of an effect or a phase gives to the task it starts; results are read at that moment.

People that a run is given by name do not become part of the spec: they stay among the run's own arguments, and the
mode names them as `run.parameter`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rules.spec import Community

PEOPLE = "@people"
"""In an argument that was given particular people or things: their ids."""

THINGS = ("work", "team", "cohort", "space", "run")


class Named(Protocol):
    """What names mean where an argument is given."""

    def people(self, who: Any) -> Sequence[str]: ...

    def things(self, ref: str) -> Sequence[str]: ...

    def value(self, name: str, subject: str | None) -> Any: ...


def read_arguments(
    with_: Mapping[str, Any], task: str, community: Community, names: Named, subject: str | None
) -> dict[str, Any]:
    """Arguments for a task as they are now; what is no name of a result goes as it was written."""
    mode = community.modes.get(community.tasks[task].mode) if task in community.tasks else None
    types = {one.id: (one.type, one.many) for one in mode.parameters} if mode is not None else {}
    return {name: _read(value, *types.get(name, ("text", False)), names, subject) for name, value in with_.items()}


def bindable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments as a mode takes them: people given by name are those that the run was given."""
    return {name: f"run.{name}" if named(value) is not None else value for name, value in arguments.items()}


def named(value: Any) -> list[str] | None:
    """The ids of an argument that was given particular people or things; None for any other."""
    return list(value[PEOPLE]) if isinstance(value, Mapping) and PEOPLE in value else None


def _read(value: Any, type_: str, many: bool, names: Named, subject: str | None) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not isinstance(value, str) or ":" in value or ("." not in value and value != "subject"):
        return list(value) if isinstance(value, tuple) else value
    if type_ == "who":
        return {PEOPLE: list(names.people(value))}
    if type_ == "member" or type_ in THINGS:
        ids = list(names.people(value) if type_ == "member" else names.things(value))
        return ids if many else next(iter(ids), None)
    return names.value(value, subject)
