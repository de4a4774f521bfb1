"""Substitute: arguments put in where a mode names its parameters. Whole values only, no arithmetic, no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.errors import RuleRefusal
from rules.spec.diagnostics import Place, did_you_mean, listed
from rules.spec.source import Items, Source, Written

if TYPE_CHECKING:
    from rules.spec.documents.mode import Mode


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
    values: dict[str, tuple[Any, Place]] = {}
    missing = []
    declared = source.at(("parameters",)) or ()
    for n, (name, parameter) in enumerate(parameters.items()):
        if name in arguments:
            values[name] = (arguments[name], arguments.value_places[name])
        elif parameter.has_default:
            values[name] = (parameter.default, declared[n].value_places["default"])
        else:
            missing.append(name)
    if missing:
        raise ArgumentError(f"mode '{mode.id}' needs {listed(missing)}", "give it under with:")
    tree = Written(source.tree.place)
    for key, value in source.tree.items():
        if key == "parameters":
            tree.put(key, value, source.tree.key_places[key], source.tree.value_places[key])
            continue
        new, place = _replace(value, source.tree.value_places[key], values)
        tree.put(key, new, source.tree.key_places[key], place)
    return Source(source.file, tree, source.lines)


def _replace(node: Any, place: Place, values: dict[str, tuple[Any, Place]]) -> tuple[Any, Place]:
    if isinstance(node, str):
        return values.get(node[1:], (node, place)) if node.startswith("$") else (node, place)
    if isinstance(node, Written):
        new = Written(node.place)
        for key, value in node.items():
            inside, at = _replace(value, node.value_places[key], values)
            new.put(key, inside, node.key_places[key], at)
        return new, place
    if isinstance(node, Items):
        items: list[Any] = []
        places: list[Place] = []
        for value, item_place in zip(node, node.places, strict=True):
            inside, at = _replace(value, item_place, values)
            if inside is not value and isinstance(inside, Items) and isinstance(value, str):
                items.extend(inside)  # a list given for one item of a list is spliced in
                places.extend(inside.places)
            else:
                items.append(inside)
                places.append(at)
        return Items.of(node.place, items, places), place
    return node, place
