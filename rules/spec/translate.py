"""Translate: what pydantic found wrong, in our codes and words, at the place where it is written."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic import ValidationError

from rules.spec.diagnostics import CODES, Place, Problems, listed
from rules.spec.node import shown
from rules.spec.source import Items, Path, Source, Written


def translate(error: ValidationError, source: Source, problems: Problems) -> list[Path]:
    """Add each error to `problems`; the paths of all of them, also of those already reported."""
    paths: list[Path] = []
    missing: dict[Path, list[str]] = defaultdict(list)
    for e in error.errors(include_url=False, include_input=True):
        path = written_path(source.tree, e["loc"])
        kind = e["type"]
        if kind == "said":
            paths.append(path)
        elif kind == "missing":
            key = str(e["loc"][-1])
            paths.append(path)
            node = source.at(path)
            if isinstance(node, Items):
                if not node.refused:
                    _one(e, path, source, problems)
            elif not (isinstance(node, Written) and key in node.excused):
                missing[path].append(key)
        else:
            paths.append(path)
            node = source.at(path)
            if not _follows(kind, node, e.get("ctx") or {}):
                _one(e, path, source, problems)
    for path, keys in missing.items():
        place = source.value_place(path)
        words = listed(f"'{k}'" for k in keys)
        problems.at(
            "TRL203", place, f"{words} {'is' if len(keys) == 1 else 'are'} missing", _missing_hint(source.at(path))
        )
    return paths


# What a piece says of itself as a whole; not worth saying when a part of it was refused already.
_AS_A_WHOLE = ("TRL209", "TRL210", "TRL211", "TRL213", "TRL215")


def _follows(kind: str, node: Any, context: dict[str, Any]) -> bool:
    """Whether an error only follows from another one inside, which was reported."""
    if isinstance(node, Items):
        return kind == "too_short" and (node.refused or len(node) >= context.get("min_length", 0))
    return isinstance(node, Written) and bool(node.excused) and kind in _AS_A_WHOLE


def _missing_hint(node: Any) -> str:
    if isinstance(node, Written) and node:
        name = node.get("id")
        return f"add it to '{name}'" if isinstance(name, str) else f"there is only {listed(node, 8)}"
    return ""


def written_path(tree: Any, loc: tuple[int | str, ...]) -> Path:
    """A location of pydantic as a path of the tree: the steps that only name a choice are left out."""
    node, path = tree, ()
    out: list[int | str] = list(path)
    for step in loc:
        if isinstance(step, str) and (step.startswith("<") or step == "[key]"):
            continue
        inside = (isinstance(node, Written) and step in node) or (
            isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node)
        )
        if not inside:
            break
        out.append(step)
        node = node[step]
    return tuple(out)


def _one(e: Any, path: Path, source: Source, problems: Problems) -> None:
    kind, context, value = e["type"], e.get("ctx") or {}, e.get("input")
    on_key = bool(e["loc"]) and e["loc"][-1] == "[key]"
    place = source.key_place(path) if on_key else source.value_place(path)
    if kind in CODES:
        key = context.get("key")
        node = source.at(path)
        if key is not None and isinstance(node, Written) and key in node:
            place = node.key_places[key] if kind in ("TRL209", "TRL210") else node.value_places[key]
        problems.at(kind, place, context["message"], context.get("hint") or "")
        return
    code, message, hint = in_our_words(kind, context, value)
    problems.at(code, place, message, hint)


def in_our_words(kind: str, context: dict[str, Any], value: Any) -> tuple[str, str, str]:
    """An error of pydantic's own as (code, message, hint)."""
    stands = shown(value)
    if kind in ("tuple_type", "list_type"):
        plain = isinstance(value, str | int) and not isinstance(value, bool)
        hint = f"write [{value}]" if plain else "put '- ' before each item, or write [ … ]"
        return "TRL204", f"{stands} stands here, expected a list", hint
    if kind in ("model_type", "dict_type", "model_attributes_type", "mapping_type"):
        return "TRL204", f"{stands} stands here, expected a mapping", "write key: value under it, or { key: value }"
    if kind == "too_short":
        return (
            "TRL208",
            f"a list of {context.get('actual_length', 0)}, expected at least {context.get('min_length', 1)}",
            "",
        )
    if kind == "too_long":
        return "TRL208", f"a list of {context.get('actual_length')}, expected at most {context.get('max_length')}", ""
    if kind == "literal_error":
        return "TRL205", f"{stands} is not {context.get('expected')}", ""
    if kind in ("missing", "unexpected_tuple_item"):
        return "TRL208", "not as many items as expected", ""
    if kind == "extra_forbidden":
        return "TRL202", "unknown key", ""
    return "TRL204", f"{stands} may not stand here", ""


def place_in(source: Source, path: Path) -> Place:
    """Where the value at a path stands."""
    return source.value_place(path)
