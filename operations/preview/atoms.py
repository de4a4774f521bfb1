"""Atoms: the comparisons a condition is made of, and which of them make the difference between two conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Named,
    Not,
    Titles,
    Truth,
)
from rules.decision import Shown
from rules.evaluate import all_of, any_of, at_least, bound_shown, exactly_one, not_

Atom = Leaf | Titles | Held
Key = tuple[str, str, str, int]
"""What is compared, over which window, how, and the how-manieth of these it is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One comparison that comes out otherwise, or is there on one side only.

    Thresholds are None on the side where it is not there.
    """

    metric: str
    over: str
    comparison: str
    old: Shown
    new: Shown
    in_old: bool = True
    in_new: bool = True


def atoms(condition: Condition | None) -> dict[Key, Atom]:
    """The comparisons of a condition, those inside named conditions instead of the name."""
    found: dict[Key, Atom] = {}
    for atom in _atoms(condition):
        name, over, comparison = said(atom)
        number = 0
        while (name, over, comparison, number) in found:
            number += 1
        found[name, over, comparison, number] = atom
    return found


def _atoms(condition: Condition | None) -> Iterator[Atom]:
    match condition:
        case Leaf(source=Named(node=node)):
            yield from _atoms(node)
        case Leaf() | Titles() | Held():
            yield condition
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            for node in nodes:
                yield from _atoms(node)
        case Not(node):
            yield from _atoms(node)
        case Fixed() | None:
            return


def said(atom: Atom) -> tuple[str, str, str]:
    """Name, window and comparison of an atom."""
    if isinstance(atom, Held):
        return f"title:{atom.title}", "all", "held"
    return atom.name, atom.over, atom.comparison


def threshold(atom: Atom | None) -> Shown:
    """What an atom compares with, as the spec says it."""
    if atom is None or isinstance(atom, Held):
        return None
    if isinstance(atom, Titles):
        return list(atom.titles)
    shown = [_bound(atom, bound) for bound in atom.bounds]
    return shown[0] if len(shown) == 1 and atom.comparison not in ("one_of", "none_of") else shown  # type: ignore[return-value]


def _bound(leaf: Leaf, bound: object) -> Shown:
    from rules.condition import Same, Share

    if isinstance(bound, Share):
        return _share(bound)
    if isinstance(bound, Same):
        return " or ".join(bound.source.names)
    return bound_shown(bound, leaf.source.type)  # type: ignore[arg-type]


def _share(share: object) -> str:
    from rules.condition import Share

    assert isinstance(share, Share)
    percent = share.percent
    number = str(percent.numerator) if percent.denominator == 1 else f"{float(percent):g}"
    of = _share(share.of) if isinstance(share.of, Share) else getattr(getattr(share.of, "reading", None), "key", "…")
    limits = [f"{word} {float(value):g}" for word, value in (("cap", share.cap), ("floor", share.floor)) if value]
    return f"{number} % of {of}" + (f" ({', '.join(limits)})" if limits else "")


def truth_given(condition: Condition, known: Mapping[int, Truth]) -> Truth:
    """How a condition comes out when its atoms do so; `known` has them by identity."""
    match condition:
        case Leaf(source=Named(node=node), comparison="is", bounds=(bound,)):
            inner = truth_given(node, known)
            return inner if bound is True else not_(inner)
        case Leaf(source=Named(node=node)):
            return truth_given(node, known)
        case Leaf() | Titles() | Held():
            return known.get(id(condition))
        case AllOf(nodes):
            return all_of([truth_given(node, known) for node in nodes])
        case AnyOf(nodes):
            return any_of([truth_given(node, known) for node in nodes])
        case ExactlyOne(nodes):
            return exactly_one([truth_given(node, known) for node in nodes])
        case AtLeastOf(count, nodes):
            return at_least(count, [truth_given(node, known) for node in nodes])
        case Not(node):
            return not_(truth_given(node, known))
        case Fixed(truth):
            return truth


def differences(
    old: Condition | None, new: Condition | None, old_truths: Sequence[Truth], new_truths: Sequence[Truth]
) -> list[Difference]:
    """The atoms that make two conditions come out differently, where their atoms come out so.

    An atom of both counts when it comes out differently; one that only one of them has, when that one would come out
    differently without it.

    Args:
        old_truths: of the atoms of `old`, in the order of `atoms`.
        new_truths: of those of `new`.
    """
    before, after = atoms(old), atoms(new)
    known_before = dict(zip(map(id, before.values()), old_truths, strict=True))
    known_after = dict(zip(map(id, after.values()), new_truths, strict=True))
    if _sure(old, known_before) == _sure(new, known_after) and _no(old, known_before) == _no(new, known_after):
        return []
    found = []
    for key in [*before, *(key for key in after if key not in before)]:
        mine, theirs = before.get(key), after.get(key)
        if mine is not None and theirs is not None:
            counts = known_before[id(mine)] != known_after[id(theirs)]
        elif mine is not None:
            counts = old is not None and _pivotal(old, known_before, mine)
        else:
            assert theirs is not None
            counts = new is not None and _pivotal(new, known_after, theirs)
        if counts:
            name, over, comparison, _ = key
            found.append(
                Difference(
                    name, over, comparison, threshold(mine), threshold(theirs), mine is not None, theirs is not None
                )
            )
    return found


def _sure(condition: Condition | None, known: Mapping[int, Truth]) -> bool:
    return condition is not None and truth_given(condition, known) is True


def _no(condition: Condition | None, known: Mapping[int, Truth]) -> bool:
    return condition is not None and truth_given(condition, known) is False


def _pivotal(condition: Condition, known: Mapping[int, Truth], atom: Atom) -> bool:
    now = known[id(atom)]
    whole = truth_given(condition, known)
    return any(truth_given(condition, {**known, id(atom): other}) != whole for other in (True, False) if other != now)
