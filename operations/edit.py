"""Edit: change one value of a community's specs, if what they say then still checks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from operations.errors import Refusal
from rules.spec import Diagnostic, PhaseKinds, load
from rules.spec.diagnostics import Problems
from rules.spec.layout import NotEditable, layout
from rules.spec.paths import find, written
from rules.spec.reader import read
from rules.spec.splice import Scalar, splice


@dataclass(frozen=True, slots=True)
class Edited:
    """One value changed, and what the checker says of the community then."""

    file: str  # inside the folder
    path: str  # as people write it
    line: int  # where the value stands
    before: Scalar
    after: Scalar
    content: bytes  # of the file, as it should be
    diff: str  # unified; empty if nothing changes
    diagnostics: tuple[Diagnostic, ...]  # errors that were not there before; any forbids the edit


def edit(files: Mapping[str, bytes], file: str, path: str, value: str, kinds: PhaseKinds) -> Edited:
    """Change one value of one file and check the whole community.

    Args:
        files: path inside the folder → content.
        file: which of them.
        path: the value, as in `tiers[core].grace`.
        value: what a person wrote for the new one. It is read as the type of the old one; if the community does
            not check so, as a number or truth instead of a text or the other way round. In quotes it is a text.
        kinds: the kinds of phases there are.

    Raises:
        Refusal: the file cannot be read, the path leads nowhere, or the value is not one plain value.
    """
    try:
        old = layout(file, files[file])
        steps = find(old.source.tree, path)
        name = written(old.source.tree, steps)
        before = old.source.at(steps)
        results = [
            (meant, splice(files[file], steps, meant, file=file)) for meant in meanings(value, before, where=name)
        ]
    except NotEditable as refusal:
        raise Refusal(refusal.message, refusal.hint) from None
    known = {_of(d) for d in load(files, kinds).diagnostics}
    line = old.source.value_place(steps).line
    first: Edited | None = None
    for meant, content in results:
        found = load({**files, file: content}, kinds).diagnostics
        worse = tuple(d for d in found if d.severity == "error" and _of(d) not in known)
        done = Edited(file, name, line, before, meant, content, diff(file, files[file], content), worse)
        if not worse:
            return done
        first = first or done
    assert first is not None
    return first


def meanings(text: str, before: Scalar, *, where: str) -> Iterator[Scalar]:
    """What a person may have meant by the text of a new value, likeliest first.

    Raises:
        Refusal: it is a list or a mapping.
    """
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        yield _unquoted(text)
        return
    if (text[:1], text[-1:]) in (("[", "]"), ("{", "}")):
        raise Refusal(
            f"{where} takes one plain value, and {text[:40]} is a {'list' if text[0] == '[' else 'mapping'}",
            f"name one value in it, or quote it if it is meant as a text: '\"{text[:40]}\"'",
        )
    plain = _plain(text)
    words = f"{text}\n" if isinstance(before, str) and before.endswith("\n") and not text.endswith("\n") else text
    if isinstance(before, str):
        yield words
        if plain is not None:
            yield plain
    else:
        if plain is not None:
            yield plain
        yield words


def diff(file: str, before: bytes, after: bytes) -> str:
    """The change of a file in unified form, without context."""
    old, new = (content.decode("utf-8", "replace").split("\n") for content in (before, after))
    return "\n".join(difflib.unified_diff(old, new, file, file, lineterm="", n=0))


def _plain(text: str) -> int | bool | None:
    """The whole number or truth that a text is, if it is one."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,15}", text) else None


def _unquoted(text: str) -> str:
    problems = Problems()
    source = read("-", f"- {text}".encode(), problems)
    if source is None or problems.found() or not isinstance(source.tree[0], str):
        raise Refusal(f"{text} is not one quoted text", 'double a quote inside single ones, or write \\" inside double')
    return str(source.tree[0])


def _of(d: Diagnostic) -> tuple[str, str, str]:
    return d.code, d.file, d.message
