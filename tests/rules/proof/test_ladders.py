"""Ladders made at random: what is proved about them is what a search of every member finds by the machine itself."""

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.evaluate import truth
from rules.ladder import Ladder, next_step
from rules.proof import prove
from rules.reading import Reading
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.values import Evidence
from store.folder import read_folder
from workflows.phases import discover

AT = datetime(2026, 11, 2, 11, tzinfo=UTC)
FILES = read_folder(Path(__file__).parent / "base")
KINDS = discover()
HEAD = """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
tiers:
  - { id: base, title: { en: Base, zh: 基础 } }
  - id: active
    title: { en: Active, zh: 活跃 }
"""

TOP = "  - { id: core, title: { en: Core, zh: 核心 } }\n"

thresholds = st.integers(0, 2)
leaf = st.one_of(
    st.builds(
        "{{ {}: {{ {}: {}, over: {} }} }}".format, st.sampled_from(["posts", "strikes"]),
        st.sampled_from(["at_least", "at_most", "is", "is_not"]), thresholds, st.sampled_from(["30d", "90d"]),
    ),
    st.builds(
        "{{ {}: {{ {}: {} }} }}".format, st.just("points"), st.sampled_from(["at_least", "less_than"]), thresholds,
    ),
    st.builds("{{ points: {{ is_known: {} }} }}".format, st.sampled_from(["true", "false"])),
)  # fmt: skip


def several(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return leaf
    inner = several(depth - 1)
    lists = st.builds(
        lambda word, parts: f"{{ {word}: [{', '.join(parts)}] }}",
        st.sampled_from(["all", "any", "none", "exactly_one"]),
        st.lists(inner, min_size=2, max_size=3),
    )
    return st.one_of(leaf, lists, inner.map(lambda one: f"{{ not: {one} }}"))


POINTS = [None, 0, 1, 2, 3]
MEMBERS = [
    (
        {} if points is None else {"points": points},
        {
            Reading("posts", "30d"): posts, Reading("posts", "90d"): posts + more,
            Reading("strikes", "30d"): strikes, Reading("strikes", "90d"): strikes + other,
        },
    )
    for points, posts, more, strikes, other in product(POINTS, range(4), range(4), range(4), range(4))
]  # fmt: skip


def searched(ladder: Ladder) -> set[str]:
    """What a look at every member says: thresholds up to 2 tell nobody above 3 apart."""
    found: set[str] = set()
    rung = ladder.rungs[1]
    assert rung.earn is not None
    assert rung.keep is not None
    earned, kept, below, falls = False, False, False, False
    for attributes, readings in MEMBERS:
        above = Evidence({**attributes, "tier": "active", "days_in_tier": 1}, readings)
        keeps = truth(rung.keep, above)
        kept, below = kept or keeps is True, below or keeps is False
        if next_step(ladder, "m", Evidence({**attributes, "tier": "base"}, readings), AT).outcome == "promote":
            earned = True
            falls = falls or next_step(ladder, "m", above, AT).outcome == "grace"
    if not earned:
        found.add("TRL400")
    if not kept:
        found.add("TRL402")
    elif not below:
        found.add("TRL403")
    if earned and kept and falls:
        found.add("TRL401")
    return found


def examine(earn: str, keep: str) -> None:
    tiers = f"{HEAD}    earn: {earn}\n    keep: {keep}\n    grace: 14d\n{TOP}"
    loaded = load({**FILES, "tiers.yaml": tiers.encode()}, KINDS)
    assert loaded.community is not None, loaded.diagnostics

    report = prove(loaded.community, AT, strict=True)

    assert report.undecided == ()
    about_tiers = {finding.code for finding in report.findings if finding.code.startswith("TRL40")}
    assert about_tiers == searched(compile_rulebook(loaded.community).ladders[0]), tiers


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(several(2), several(1))
def test_what_is_proved_of_a_ladder_is_what_a_search_of_every_member_finds(earn: str, keep: str) -> None:
    examine(earn, keep)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(several(2), several(2))
def test_a_long_search_of_ladders_finds_no_difference(earn: str, keep: str) -> None:
    examine(earn, keep)
