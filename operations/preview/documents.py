"""Documents: what is written otherwise in two versions of a community's specs, by file and path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rules.spec.source import plain

if TYPE_CHECKING:
    from rules.spec import Community

_NOTHING = object()
_SHORT = 60
"""Letters of a value that are shown to people."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One value that is new, gone or another one.

    Args:
        file: as the new version names it, or the old one where the new has none.
        path: keys and numbers from the top, joined by dots; `tiers[core].earn` names an item by its id.
        change: `added`, `removed` or `changed`.
        old, new: plain values; None where there is none.
    """

    file: str
    path: str
    change: str
    old: Any
    new: Any

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def edits(old: Community, new: Community) -> list[Edit]:
    """Every difference between two communities, by file, then in the order in which it stands there."""
    before, after = _by_name(old), _by_name(new)
    found: list[Edit] = []
    for name in sorted(before.keys() | after.keys(), key=lambda name: (after.get(name) or before[name])[0]):
        one, other = before.get(name), after.get(name)
        if one is None:
            assert other is not None
            found.append(Edit(other[0], "", "added", None, name))
        elif other is None:
            found.append(Edit(one[0], "", "removed", name, None))
        elif one[1] != other[1]:
            found.extend(_edits(other[0], "", plain(one[1]), plain(other[1])))
    return found


def _by_name(community: Community) -> dict[str, tuple[str, Any]]:
    """Documents by what they are: schema and id; those without id by file, for a file may be renamed."""
    found: dict[str, tuple[str, Any]] = {}
    for document in community.documents:
        id_ = getattr(document.model, "id", None)
        found[f"{document.schema} {id_ if isinstance(id_, str) else document.source.file}"] = (
            document.source.file,
            document.source.tree,
        )
    return found


def _edits(file: str, path: str, old: Any, new: Any) -> Iterator[Edit]:
    if old is _NOTHING:
        yield Edit(file, path, "added", None, new)
    elif new is _NOTHING:
        yield Edit(file, path, "removed", old, None)
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*new, *old]):
            yield from _edits(file, f"{path}.{key}" if path else key, old.get(key, _NOTHING), new.get(key, _NOTHING))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(file, path, old, new)
    elif old != new or type(old) is not type(new):
        yield Edit(file, path, "changed", old, new)


def _lists(file: str, path: str, old: list[Any], new: list[Any]) -> Iterator[Edit]:
    """Items with ids are matched by id, conditions by what they are about, others by place."""
    names = _names(old), _names(new)
    if names[0] is None or names[1] is None:
        for place in range(max(len(old), len(new))):
            one = old[place] if place < len(old) else _NOTHING
            other = new[place] if place < len(new) else _NOTHING
            yield from _edits(file, f"{path}[{place}]", one, other)
        return
    before, after = dict(zip(names[0], old, strict=True)), dict(zip(names[1], new, strict=True))
    for name in dict.fromkeys([*after, *before]):
        yield from _edits(file, f"{path}[{name}]", before.get(name, _NOTHING), after.get(name, _NOTHING))
    common = [name for name in names[0] if name in after]
    if common != [name for name in names[1] if name in before]:
        yield Edit(file, path, "changed", list(names[0]), list(names[1]))


def _names(items: list[Any]) -> list[str] | None:
    """A name for each item, if they have names that tell them apart."""
    found = [_name(item) for item in items]
    names = [name for name in found if name is not None]
    return names if len(names) == len(items) and len(set(names)) == len(names) else None


def _name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    if isinstance(item.get("id"), str):
        return str(item["id"])
    return next(iter(item)) if len(item) == 1 else None


def brief(value: Any) -> str:
    """A value in a table."""
    text = "" if value is None else str(value)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
