"""Misspelt keys: for every single-character edit of every key, one diagnostic, there, with the right key in its hint.

An edit may also give another document that is right: another metric that is read, another window, `one_of` for
`none_of`. Those are told by rule (`is_another`) and counted; nothing else is left out.
"""

from __future__ import annotations

import functools
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from rules.spec import Diagnostic
from rules.spec.conditions import COMPARISONS
from tests.specs.typos import LETTERS, Spot, Workbench, edits, is_plain

SPECS = Path(__file__).parents[2] / "specs"
AUTO = sorted(str(p.relative_to(SPECS / "auto")) for p in (SPECS / "auto").rglob("*.yaml"))
MAINTAINERS = sorted(str(p.relative_to(SPECS / "maintainers")) for p in (SPECS / "maintainers").rglob("*.yaml"))


@functools.cache
def bench(community: str) -> Workbench:
    return Workbench(SPECS / community)


def wrong_with(spot: Spot, new: str, found: tuple[Diagnostic, ...]) -> str:
    """What is wrong with the answer to an edit; nothing when it is as it should be."""
    shown = "; ".join(f"{d.file}:{d.line}:{d.column} {d.code} {d.message} | {d.hint}" for d in found)
    if len(found) != 1:
        return f"{spot} → '{new}': {len(found)} diagnostics: {shown}"
    if (found[0].file, found[0].line, found[0].column) != tuple(spot.place):
        return f"{spot} → '{new}': said elsewhere: {shown}"
    if f"'{spot.key}'" not in found[0].hint:
        return f"{spot} → '{new}': the hint does not name the key: {shown}"
    return ""


def is_another(spot: Spot, new: str, at: Workbench) -> bool:
    """Whether an edit gives another name that may stand in the same place, so that the document is right again."""
    if {spot.key, new} <= set(COMPARISONS):  # none_of and one_of take the same
        return True
    inside = spot.path[-2:-1] if spot.path else ()
    if inside == ("metrics",) and isinstance(spot.path[-1], str):  # a window of a reading
        bare = new.partition("@")[0]
        return any(bare in windows for read in at.read.values() for windows in read.values())
    named = {*at.names.of("metric"), *at.names.member, *at.names.facts()}
    named |= {p.id for m in at.modes.values() for p in m.model.parameters}
    return new in named


def tried(spots: list[tuple[Spot, list[str]]], at: Workbench) -> tuple[Counter[str], list[str]]:
    """Every edit tried; how they came out, and what was wrong."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for spot, words in spots:
        for new in words:
            if new in spot.siblings or not is_plain(new):
                counts["read from the file"] += 1
                said = wrong_with(spot, new, at.whole(spot, new))
            else:
                found = at.short(spot, new)
                if not found and is_another(spot, new, at):
                    counts["another document that is right"] += 1
                    continue
                counts["one diagnostic"] += 1
                said = wrong_with(spot, new, found)
            if said:
                wrong.append(said)
    return counts, wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    ("community", "file"), [*(("auto", f) for f in AUTO), *(("maintainers", f) for f in MAINTAINERS)]
)
def test_every_edit_of_every_key_is_said_once_where_it_is(community, file):
    """Each key in each mapping of the language gets every edit; the same key in a mapping like it, some of them."""
    at, rng, seen = bench(community), random.Random(file), set()
    letters = LETTERS if os.environ.get("TRELLIS_ALL_LETTERS") else None
    spots = []
    for spot in at.spots(file):
        words = edits(spot.key, letters)
        spots.append((spot, words if spot.sort not in seen else [rng.choice(words)]))
        seen.add(spot.sort)

    counts, wrong = tried(spots, at)

    print(file, dict(counts))
    assert wrong == []


@pytest.mark.parametrize("community", ["auto", "maintainers"])
def test_some_edits_of_keys_are_said_once_where_they_are(community):
    at, rng = bench(community), random.Random(8)
    every = [spot for file in at.files for spot in at.spots(file)]

    _, wrong = tried([(spot, rng.sample(edits(spot.key), 2)) for spot in rng.sample(every, 600)], at)

    assert wrong == []


@pytest.mark.parametrize("seed", range(2))
def test_the_short_way_says_what_the_whole_community_says(seed):
    at, rng = bench("auto"), random.Random(seed)
    every = [spot for file in at.files for spot in at.spots(file)]
    for spot in rng.sample(every, 6):
        new = rng.choice([e for e in edits(spot.key) if e not in spot.siblings and is_plain(e)])

        short, whole = at.short(spot, new), at.whole(spot, new)

        assert [d.as_json() for d in short] == [d.as_json() for d in whole], f"{spot} → '{new}'"
