"""Pool: figures of groups are sums and ratios of sums over what is known, and say of how much that is."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.deed_facts import facts_of
from operations.errors import Refusal
from operations.ports.effects import Deed
from operations.reports.cost import shown
from operations.reports.page import quartiles, text_of
from operations.reports.pool import Pooled, base_of, pooled, spends
from operations.reports.themes import themes_by_segment
from tests.moves.club import METRICS, club
from tests.operations.bureau import AT, bureau

COMMUNITY = bureau()
NUMBERS = st.one_of(st.none(), st.integers(0, 1000).map(Fraction))
WORKS = st.lists(st.fixed_dictionaries({"cost": NUMBERS, "leads": NUMBERS, "warm": NUMBERS, "cold": NUMBERS}))


@settings(max_examples=100)
@given(WORKS)
def test_a_ratio_of_a_group_is_of_sums_over_works_of_which_both_are_known(
    works: list[dict[str, Fraction | None]],
) -> None:
    both = [(one["cost"], one["leads"]) for one in works if one["cost"] is not None and one["leads"] is not None]
    cost, leads = (sum((pair[n] for pair in both), Fraction(0)) for n in (0, 1))

    found = pooled(COMMUNITY, "cost_per_lead", works)

    assert (found.known, found.of) == (len(both), len(works))
    assert found.value == (cost / leads if leads else None)


@settings(max_examples=50)
@given(WORKS, NUMBERS)
def test_what_is_unknown_of_a_work_changes_no_figure_of_its_group(
    works: list[dict[str, Fraction | None]], number: Fraction | None
) -> None:
    blank = {"cost": number, "leads": None, "warm": None, "cold": number}

    for metric in ("leads", "warmth", "opinions", "cost_per_lead"):
        assert pooled(COMMUNITY, metric, [*works, blank]).value == pooled(COMMUNITY, metric, works).value


def test_a_group_of_which_nothing_is_known_is_unknown_and_not_zero() -> None:
    assert pooled(COMMUNITY, "reads", [{"reads": None}, {}]).value is None
    assert pooled(COMMUNITY, "reads", []).value is None
    assert pooled(COMMUNITY, "reads", [{"reads": Fraction(0)}, {}]).value == 0


def test_where_nothing_is_measured_of_works_the_refusal_says_so() -> None:
    house: Any = None  # nothing is asked of it

    with pytest.raises(Refusal) as caught:
        themes_by_segment(house, club(), at=AT)

    assert str(caught.value) == "club has no metric about works. About works it measures nothing."


def test_a_figure_that_is_a_length_of_time_is_shown_in_days_and_hours() -> None:
    quiet = "  - { id: quiet, title: { en: Q, zh: 静 }, type: duration, from: [posted], take: since_last }\n"
    community = club(metrics=METRICS + quiet)

    assert shown(community, "quiet", Pooled(Fraction(34_581_333, 2), 3, 3)) == "200d 2h"
    assert shown(community, "quiet", Pooled(Fraction(86_400), 1, 2)) == "1d (1 of 2)"
    assert shown(community, "quiet", Pooled(None, 0, 2)) is None


def test_a_metric_is_made_of_its_base_metrics() -> None:
    assert base_of(COMMUNITY, "warmth") == ("warm", "cold")
    assert spends(COMMUNITY, "cost_per_lead")
    assert not spends(COMMUNITY, "warmth")


@pytest.mark.parametrize(("cost", "kinds"), [(6000, ["received", "spent"]), (None, ["received"])])
def test_what_a_gift_cost_follows_the_work_it_was_given_for(cost: int | None, kinds: list[str]) -> None:
    details = {"item": "mug", "work": "w1", **({"cost": cost} if cost else {})}
    deed = Deed(key="k", kind="gift", at=AT, source="s", member="m01", details=details, run="r")

    facts = facts_of([deed])

    assert [fact.kind for fact in facts] == kinds
    assert len({fact.id for fact in facts}) == len(facts)
    if cost:
        assert (facts[1].fields["amount"], facts[1].fields["work"]) == (6000, "w1")


@settings(max_examples=50)
@given(st.lists(st.fractions(-100, 100), min_size=1, max_size=30))
def test_quartiles_are_numbers_that_occur_in_order(numbers: list[Fraction]) -> None:
    found = quartiles(numbers)

    assert found == sorted(found)
    assert set(found) <= set(numbers)
    assert (found[0], found[-1]) == (min(numbers), max(numbers))


def test_numbers_are_shown_at_their_places() -> None:
    assert [text_of(Fraction(7, 2), places) for places in (0, 2)] == [4, "3.50"]
    assert text_of(None) is None
