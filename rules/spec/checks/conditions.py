"""Conditions: every name can be read, every comparison can be asked of it, every value can be had."""

from __future__ import annotations

import re
from typing import Any, Final

from rules.spec.checks.asked import COMPARISONS, Asked, words
from rules.spec.checks.at import At, meant
from rules.spec.checks.scene import Scene, Wrong
from rules.spec.conditions import Leaf, Not, Reading, Test, parts
from rules.spec.diagnostics import listed
from rules.spec.people import By

_LITERALS: Final = {
    "integer": (re.compile(r"-?\d+(\.\d+)?"), "a number"),
    "decimal": (re.compile(r"-?\d+(\.\d+)?"), "a number"),
    "duration": (re.compile(r"[1-9]\d*(min|h|d|w|mo|y)"), "a duration such as 30d"),
    "date": (re.compile(r"\d{4}-\d\d-\d\d"), 'a date such as "2027-03-08"'),
    "money": (re.compile(r"\d+\.\d\d [A-Z]{3}"), 'an amount such as "1200.00 CNY"'),
}


def condition(at: At, written: Any, scene: Scene) -> None:
    """Check a condition that stands at `at`; parameters still to be put in are left alone."""
    if isinstance(written, Leaf):
        _leaf(at / written.name, written, scene)
    elif isinstance(written, Not):
        condition(at / "not", written.not_, scene)
    elif written is not None and not isinstance(written, str):
        path, inside = parts(written)
        for n, part in enumerate(inside):
            condition(at.along(path) / n, part, scene)


def name(at: At, written: str, scene: Scene, *, on_key: bool = False, asked: bool = False) -> Asked | None:
    """Check a name that is read, perhaps `asked` by a condition; what it is, or None after saying what is wrong."""
    found = scene.reads(written)
    if asked and not isinstance(found, Wrong):
        found = scene.at_hand(written) or found
    if isinstance(found, Wrong):
        at.say(found.code, found.message, found.hint, on="key" if on_key else "value")
        return None
    return found


def order(at: At, written: Any, scene: Scene) -> None:
    """Check the lines of an order: what is ranked by can be ranked."""
    for n, line in enumerate(written if isinstance(written, tuple) else ()):
        assert isinstance(line, By)
        word, key = (line.highest, "highest") if line.highest is not None else (line.lowest, "lowest")
        if word is None:
            continue
        asked = name(at / n / key, word, scene)
        if asked is None or asked.kind == "any":
            continue
        if asked.family not in ("number", "tier", "boolean"):
            (at / n / key).say("TRL306", f"'{word}' is {words(asked.kind)}, which has no highest and lowest")
        elif line.over is not None:
            window(at / n / "over", line.over, word, asked, scene)


def window(at: At, over: str, word: str, asked: Asked, scene: Scene) -> None:
    """Check that something is read over a window, and that the window has a beginning here."""
    if not asked.windowed:
        at.say("TRL307", f"'{word}' has no window: it is what it is now", f"leave out {at.path[-1]}", on="key")
    elif over in ("in_tier", "in_stage") and scene.about in ("work", "team", "run", "cohort", "space", "community"):
        at.say("TRL307", f"a {scene.about} is in no {over[3:]}", "a window such as 90d")


# ---------------------------------------------------------------------------------------------------------- leaves
def _leaf(at: At, leaf: Leaf, scene: Scene) -> None:
    asked = name(at, leaf.name, scene, on_key=True, asked=True)
    if asked is None or asked.kind == "any":
        return
    test = leaf.test
    if test.over is not None and not test.over.startswith("$"):
        window(at / "over", test.over, leaf.name, asked, scene)
    if test.until is not None and not asked.windowed:
        window(at / "until", test.until, leaf.name, asked, scene)
    if test.of is not None:
        _of(at / "of", test.of, leaf.name, asked, scene)
    _comparisons(at, leaf.name, test, asked, scene)


def _of(at: At, value: str, word: str, asked: Asked, scene: Scene) -> None:
    if asked.per is None:
        at.say("TRL308", f"'{word}' is not kept per value", "leave out of", on="key")
    elif scene.about == "fact" and value in scene.fields:
        return  # the value that the fact itself names
    elif asked.per and not value.startswith("$") and value not in asked.per:
        at.unknown("TRL309", "value", value, asked.per, of=f"'{word}'")


def _comparisons(at: At, word: str, test: Test, asked: Asked, scene: Scene) -> None:
    allowed = COMPARISONS[asked.family]
    for comparison, right in test.comparisons().items():
        here = at / comparison
        if comparison not in allowed:
            possible = listed(c for c in ("is", *sorted(allowed - {"is"})) if c in allowed)
            here.say(
                "TRL306",
                f"'{comparison}' cannot be asked of '{word}', which is {words(asked.kind)}",
                f"ask {possible}",
                on="key",
            )
        elif comparison != "is_known":
            several = isinstance(right, tuple)
            for n, value in enumerate(right if isinstance(right, tuple) else (right,)):
                _value(here / n if several else here, value, word, asked, scene)


def _value(at: At, value: Any, word: str, asked: Asked, scene: Scene) -> None:
    if isinstance(value, Reading):
        _other(at, value, word, asked, scene)
    elif isinstance(value, str) and value.startswith("$"):
        pass
    elif asked.kind == "boolean":
        if not isinstance(value, bool):
            at.say("TRL309", f"'{word}' is true or false, never {_shown(value)}", "write true or false")
    elif asked.kind in _LITERALS:
        pattern, says = _LITERALS[asked.kind]
        number = asked.kind in ("integer", "decimal")
        fits = (isinstance(value, str) and pattern.fullmatch(value)) or (number and isinstance(value, int))
        if not fits or isinstance(value, bool):
            at.say("TRL309", f"'{word}' is {words(asked.kind)}, never {_shown(value)}", f"write {says}")
    elif asked.kind == "member":
        if value != "subject":
            at.say(
                "TRL309", f"'{word}' is a member, never {_shown(value)}", "the word subject is the metric's own subject"
            )
    elif not isinstance(value, str):
        at.say("TRL309", f"'{word}' is {words(asked.kind)}, never {_shown(value)}", "write a text")
    elif at.path[-1] == "starts_with" or scene.names.silent(value):
        pass
    elif asked.listed is not None and value not in (*asked.listed, "none"):
        at.say("TRL309", f"'{word}' is never '{value}'", meant(value, asked.listed))


def _other(at: At, other: Reading, word: str, asked: Asked, scene: Scene) -> None:
    inner: Any = other
    while isinstance(inner, Reading):
        if isinstance(inner.of, Reading):
            at, inner = at / "of", inner.of
            continue
        found = name(at / "of", inner.of, scene, asked=True)
        if found is None or found.kind == "any":
            return
        if inner.over is not None:
            window(at / "over", inner.over, inner.of, found, scene)
        numbers = found.kind in ("integer", "decimal") and asked.kind in ("integer", "decimal")
        if found.family != "number" or not (numbers or found.kind == asked.kind):
            (at / "of").say(
                "TRL306",
                f"'{word}' is {words(asked.kind)}, '{inner.of}' is {words(found.kind)}: they cannot be compared",
            )
        return


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}'" if isinstance(value, str) else str(value)
