"""People, works and places: every reference names something, of the kind that is expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rules.spec.checks.at import At
from rules.spec.checks.conditions import condition, order
from rules.spec.checks.scene import PEOPLE, Scene, Wrong, refer
from rules.spec.people import Selection


def who(at: At, written: Any, scene: Scene, want: Iterable[str] = PEOPLE) -> None:
    """Check a who: a reference, a selection, or a list of them. Works stand for their authors, teams for members."""
    if isinstance(written, str):
        refer(at, written, scene, want)
    elif isinstance(written, Selection):
        _selection(at, written, scene, want)
    elif isinstance(written, tuple):
        for n, one in enumerate(written):
            who(at / n, one, scene, want)


def kind_of(written: Any, scene: Scene) -> str:
    """What a who names, as far as it is all of one kind: `people`, `works`, `teams`; else `people`."""
    if isinstance(written, str):
        found = scene.names_of(written)
        return "any" if isinstance(found, Wrong) else found
    if isinstance(written, Selection):
        written = written.from_
    kinds = {kind_of(one, scene) for one in written or ()}
    return next(iter(kinds)) if len(kinds) == 1 else "people"


def about(kind: str) -> str:
    """What one of such things is to a condition."""
    return {"works": "work", "teams": "team", "any": "any"}.get(kind, "member")


def _selection(at: At, written: Selection, scene: Scene, want: Iterable[str]) -> None:
    if "from_" in written.model_fields_set:
        who(at / "from", written.from_, scene, want)
    who(at / "except", written.except_, scene, PEOPLE)
    each = scene.looking_at(about(kind_of(written, scene)))
    condition(at / "where", written.where, each)
    order(at / "order", written.order, each)
    if written.of is not None and not written.of.startswith("$"):
        _of(at / "of", written, scene)


def _of(at: At, written: Selection, scene: Scene) -> None:
    """`of` is a value at which the titles and tiers named are held."""
    values: set[str] = set()
    for ref in written.from_:
        if not isinstance(ref, str):
            return
        kind, _, word = ref.partition(":")
        holder = scene.names.of("title").get(word) if kind == "title" else None
        if kind == "tier":
            holder = next((x for x in scene.names.of("ladder").values() if any(t.id == word for t in x.tiers)), None)
        per = getattr(holder, "per", None)
        if per is None:
            at.say("TRL308", f"'{ref}' is not held per value", "leave out of", on="key")
            return
        values |= set(scene.names.values_of(per) or ())
    if values and written.of not in values:
        at.unknown("TRL309", "value", written.of or "", values)
