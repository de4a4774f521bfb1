"""Paths: how people name one value of a document, such as `tiers[core].earn.all.quality_posts.at_least`.

A step into a mapping is its key: `.earn`, or `["90d, 7d ago"]` where the key holds other characters. A step
into a list is a number from 0, or what the item is called: `tiers[core]` is the item with `id: core`,
`may_enter[contest]` the item that is that very word; `all.quality_posts` is the one item of a list of
conditions (or effects) that begins with that word, and goes into it at once. What has a name, such as a case, may be
called by it, or by some of its words if they are in no other name: `cases["rises to core"]`.
"""

from __future__ import annotations

import re
from typing import Any

from rules.spec.diagnostics import did_you_mean, listed
from rules.spec.layout import NotEditable
from rules.spec.source import Items, Path, Written

_STEP = re.compile(r"""\.?(?:(?P<word>[^.\[\]"']+)|\[(?P<quoted>"[^"]*"|'[^']*')\]|\[(?P<inside>[^\]"']+)\])""")
_WORD = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?")


def find(tree: Any, text: str) -> Path:
    """The path that a text names in a document.

    Raises:
        NotEditable: it is no path, or leads nowhere; says which step is wrong and what there is.
    """
    steps = _steps(text)
    path: Path = ()
    node = tree
    n = 0
    while n < len(steps):
        name, bracket = steps[n]
        if isinstance(node, Written):
            used, key = _key(node, steps, n)
            if key is None:
                raise _nowhere(text, path, tree, name, [str(k) for k in node])
            path, node, n = (*path, key), node[key], n + used
        elif isinstance(node, Items):
            more = _item(node, name, bracket=bracket, text=text, path=path, tree=tree)
            path, node = (*path, *more), _follow(node, more)
            n += 1
        else:
            raise NotEditable(
                f"'{text}' goes on behind a value: {written(tree, path)} is {node!r}",
                f"end at {written(tree, path)}",
            )
    return path


def written(tree: Any, path: Path) -> str:
    """A path as people write it; items of lists by their id where they have one.

    `find(tree, written(tree, path))` is the path again.
    """
    out = ""
    node = tree
    for n, step in enumerate(path):
        if isinstance(step, int):
            name = _called(node, step)
            if name is not None:
                out += f"[{name}]"
            elif not (out and _tells(node, step, path[n + 1 : n + 2])):
                out += f"[{step}]"
        elif _WORD.fullmatch(step) and ("." not in step or step.partition(".")[0] not in node):
            out += f".{step}" if out else step
        else:
            quote = "'" if '"' in step else '"'
            out += f"[{quote}{step}{quote}]"
        node = node[step]
    return out


def _steps(text: str) -> list[tuple[str, bool]]:
    """The steps of a path: what is said, and whether in brackets."""
    steps: list[tuple[str, bool]] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (found["word"] is not None and at > 0 and text[at] != "."):
            raise NotEditable(
                f"'{text}' is not a path: {text[at : at + 20]!r} cannot be read",
                "keys with dots, list items in brackets, such as tiers[core].earn.all[0].days_in_tier.at_least",
            )
        quoted = found["quoted"]
        steps.append((quoted[1:-1], True) if quoted else (found["word"] or found["inside"], found["word"] is None))
        at = found.end()
    if not steps:
        raise NotEditable("the path is empty", "name one value, such as tiers[core].grace")
    return steps


def _key(node: Written, steps: list[tuple[str, bool]], n: int) -> tuple[int, str | None]:
    """The key of a mapping that the next steps name, and how many of them: keys may hold dots."""
    for used in range(min(len(steps) - n, 4), 0, -1):
        taken = steps[n : n + used]
        if used > 1 and any(bracket for _, bracket in taken):
            continue
        key = ".".join(name for name, _ in taken)
        if key in node:
            return used, key
    return 0, None


def _item(node: Items, name: str, *, bracket: bool, text: str, path: Path, tree: Any) -> Path:
    """The steps from a list to what is meant in it."""
    if re.fullmatch(r"[0-9]+", name) and bracket:
        if int(name) >= len(node):
            most = f"it has {len(node)}, counted from 0" if node else "it is empty"
            raise NotEditable(f"{written(tree, path) or 'the document'} has no item {name}", most)
        return (int(name),)
    called = [n for n in range(len(node)) if _name(node[n]) == name]
    if len(called) == 1:
        return (called[0],)
    holding = [n for n in range(len(node)) if isinstance(node[n], Written) and name in node[n]]
    if not called and len(holding) == 1:
        return (holding[0], name) if not bracket else (holding[0],)
    told = [] if called or holding or not bracket else _told(node, name)
    if len(told) == 1:
        return (told[0],)
    several = called or holding or told
    if several:
        raise NotEditable(
            f"{written(tree, path)} has {len(several)} items '{name}'",
            f"say which: {listed(f'[{n}]' for n in several)}",
        )
    names = [
        _name(item) or _sentence(item) or (next(iter(item), "") if isinstance(item, Written) else "") for item in node
    ]
    raise _nowhere(text, path, tree, name, [name for name in names if name])


def _follow(node: Any, steps: Path) -> Any:
    for step in steps:
        node = node[step]
    return node


def _name(item: Any) -> str | None:
    """What an item of a list is called: its id, or the word that it is."""
    if isinstance(item, Written):
        return item["id"] if isinstance(item.get("id"), str) else None
    return item if isinstance(item, str) else None


def _sentence(item: Any) -> str:
    """The name of what is called by a sentence, such as a case."""
    found = item.get("name") if isinstance(item, Written) else None
    return found if isinstance(found, str) else ""


def _told(node: Items, words: str) -> list[int]:
    """The items that have this very name, else those that have these words in it."""
    exactly = [n for n in range(len(node)) if _sentence(node[n]) == words]
    return exactly or [n for n in range(len(node)) if words.casefold() in _sentence(node[n]).casefold()]


def _called(node: Items, step: int) -> str | None:
    """The name of an item, if no other one has it and it reads as a name."""
    name = _name(node[step])
    if name is None or not _WORD.fullmatch(name) or name.isdigit():
        return None
    return name if sum(_name(item) == name for item in node) == 1 else None


def _tells(node: Items, step: int, after: Path) -> bool:
    """Whether the key that comes next tells which item of a list is meant."""
    if not after or not isinstance(after[0], str) or not _WORD.fullmatch(after[0]) or "." in after[0]:
        return False
    holding = [n for n, item in enumerate(node) if isinstance(item, Written) and after[0] in item]
    return holding == [step] and all(_name(item) != after[0] for item in node) and not after[0].isdigit()


def _nowhere(text: str, path: Path, tree: Any, name: str, known: list[str]) -> NotEditable:
    around = written(tree, path) or "the document"
    return NotEditable(f"'{text}' leads nowhere: {around} has no '{name}'", did_you_mean(name, known))
