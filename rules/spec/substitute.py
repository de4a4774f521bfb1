"""Substitute: arguments put in where a mode names its parameters. Whole values only, no arithmetic, no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.errors import RuleRefusal
from rules.spec.diagnostics import Place, did_you_mean, listed
from rules.spec.source import Items, Source, Written

if TYPE_CHECKING:
    from rules.spec.documents.mode import Mode


_KINDS = frozenset({"tier", "title", "channel", "message", "space", "cohort", "role"})
"""Types of parameters that take the bare id of what a reference names with its kind."""
_REFERENCES = frozenset(
    {"what", "in", "to", "by", "from", "who", "never", "except", "host", "must", "for", "about", "owner", "may_start"}
)
"""Keys under which references stand, so that a bare id would be none."""

Given = dict[str, tuple[Any, Place, str]]  # name: value, where it stands, the type of its parameter


class ArgumentError(RuleRefusal):
    """Arguments do not fit their mode."""


def put_in(source: Source, mode: Mode, arguments: Written) -> Source:
    """A mode's tree with every `$name` replaced by its argument, or its default.

    Raises:
        ArgumentError: an argument is missing, or names no parameter.
    """
    parameters = {p.id: p for p in mode.parameters}
    for name in arguments:
        if name not in parameters:
            raise ArgumentError(f"mode '{mode.id}' has no parameter '{name}'", did_you_mean(name, parameters))
    values: Given = {}
    missing = []
    declared = source.at(("parameters",)) or ()
    for n, (name, parameter) in enumerate(parameters.items()):
        if name in arguments:
            values[name] = (arguments[name], arguments.value_places[name], parameter.type)
        elif parameter.has_default:
            values[name] = (parameter.default, declared[n].value_places["default"], parameter.type)
        else:
            missing.append(name)
    if missing:
        raise ArgumentError(f"mode '{mode.id}' needs {listed(missing)}", "give it under with:")
    tree = Written(source.tree.place)
    for key, value in source.tree.items():
        if key == "parameters":
            tree.put(key, value, source.tree.key_places[key], source.tree.value_places[key])
            continue
        new, place = _replace(value, source.tree.value_places[key], values, key)
        tree.put(key, new, source.tree.key_places[key], place)
    return Source(source.file, tree, source.lines)


def _replace(node: Any, place: Place, values: Given, under: str) -> tuple[Any, Place]:
    if isinstance(node, str):
        if not node.startswith("$") or node[1:] not in values:
            return node, place
        value, at, kind = values[node[1:]]
        return (_referred(value, kind) if under in _REFERENCES and kind in _KINDS else value), at
    if isinstance(node, Written):
        new = Written(node.place)
        for key, value in node.items():
            inside, at = _replace(value, node.value_places[key], values, key)
            new.put(key, inside, node.key_places[key], at)
        return new, place
    if isinstance(node, Items):
        items: list[Any] = []
        places: list[Place] = []
        for value, item_place in zip(node, node.places, strict=True):
            inside, at = _replace(value, item_place, values, under)
            if inside is not value and isinstance(inside, Items) and isinstance(value, str):
                items.extend(inside)  # a list given for one item of a list is spliced in
                places.extend(inside.places)
            else:
                items.append(inside)
                places.append(at)
        return Items.of(node.place, items, places), place
    return node, place


def _referred(value: Any, kind: str) -> Any:
    """What is given by its bare id, as a reference to it."""
    if isinstance(value, Items):
        return Items.of(value.place, [_referred(one, kind) for one in value], list(value.places))
    return f"{kind}:{value}" if isinstance(value, str) and ":" not in value and "." not in value else value
