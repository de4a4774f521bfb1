"""The reference evaluator, durable-rules, the compiled function and the columns say the same, whatever is asked."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.columns import Columns, evidence_of
from rules.condition import Condition, Leaf, Part, Ratio, Score, Share, Source, Truth
from rules.evaluate import truth
from rules.inference import Engine
from rules.reading import Reading, reading_of
from rules.values import LARGEST, Evidence, ValueType
from tests.rules.deciding.here import DURABLE, durable
from tests.rules.deciding.trees import DECIMAL, condition, evidence, frame, measured, numeric_leaf

many = st.lists(condition(), min_size=1, max_size=4)
people = st.lists(evidence(), min_size=1, max_size=6)
relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


POSTS = Reading("posts", "30d")


def by_columns(conditions: list[Condition], rows: list[Evidence]) -> list[list[Truth]]:
    table = frame(rows)
    readings = {name: reading for name in table.columns if (reading := reading_of(name)) is not None}

    def row_wise(one: Condition) -> list[Truth]:
        return [truth(one, evidence_of(row, readings)) for row in table.iter_rows(named=True)]

    columns = Columns(table, row_wise)
    truths = [columns.truth(one).alias(f"c{n}") for n, one in enumerate(conditions)]
    judged = columns.frame.select("subject", *truths)
    return [judged[f"c{n}"].to_list() for n in range(len(conditions))]


@relaxed
@given(many, people)
def test_columns_say_what_the_reference_says(conditions: list[Condition], rows: list[Evidence]) -> None:
    assert by_columns(conditions, rows) == [[truth(one, row) for row in rows] for one in conditions]


@relaxed
@given(st.lists(numeric_leaf(), min_size=1, max_size=6), people)
def test_columns_reckon_as_exactly_as_the_reference(conditions: list[Condition], rows: list[Evidence]) -> None:
    assert by_columns(conditions, rows) == [[truth(one, row) for row in rows] for one in conditions]


@pytest.mark.slow
@settings(relaxed, max_examples=1500)
@given(many, st.lists(numeric_leaf(), max_size=6), people)
def test_a_long_look_finds_no_difference(
    conditions: list[Condition], more: list[Condition], rows: list[Evidence]
) -> None:
    asked = [*conditions, *more]
    meant = [[truth(one, row) for row in rows] for one in asked]
    assert by_columns(asked, rows) == meant
    for uses in {DURABLE, False}:
        with Engine({f"c{n}": one for n, one in enumerate(asked)}, use_durable=uses, tried=True, sample=0) as engine:
            found = [engine.truths(row) for row in rows]
        assert [[row[f"c{n}"] for row in found] for n in range(len(asked))] == meant


def test_what_outgrows_the_columns_is_read_row_by_row() -> None:
    huge = measured(Reading("fine", "all"))
    chain: Source = huge
    for _ in range(4):
        chain = Score(Reading("score"), ValueType("decimal", 6), (Part(chain, Fraction(10**12, 7), None),), None, None)
    asked: list[Condition] = [
        Leaf("score", "all", chain, "more_than", (Share(chain, Fraction(10**15), "exact", None, None),)),
        Leaf("score", "all", chain, "is_known", (True,)),
    ]
    rows = [Evidence({}, {Reading("fine", "all"): number}) for number in (LARGEST, -LARGEST, 0, None)]
    assert by_columns(asked, rows) == [[False, True, False, None], [True, True, True, False]]


def test_nothing_of_a_very_large_number_is_nothing() -> None:
    wide = Score(Reading("s"), ValueType("decimal", 6), (Part(measured(POSTS), Fraction(10**9), None),), None, None)
    asked: list[Condition] = [
        Leaf("posts", "30d", measured(POSTS), "more_than", (Share(wide, Fraction(0), "exact", None, None),))
    ]
    rows = [Evidence({}, {POSTS: number}) for number in (LARGEST, -LARGEST, 0, None)]
    assert by_columns(asked, rows) == [[True, False, False, None]]


def test_metrics_that_share_their_parts_cost_what_they_are_and_not_what_they_would_written_out() -> None:
    half = Ratio(Reading("r0"), DECIMAL, measured(Reading("posts", "30d")), measured(Reading("quality", "90d")))
    source: Source = half
    for n in range(40):
        cap = Fraction(10**6)
        parts = (Part(source, Fraction(1, 3), cap), Part(half, Fraction(1, 3), cap))
        source = Score(Reading(f"s{n}"), DECIMAL, parts, None, cap)
        source = Ratio(Reading(f"r{n}"), DECIMAL, source, half)
    asked: list[Condition] = [Leaf("deep", "all", source, "at_least", (Fraction(1, 2),))]
    rows = [
        Evidence({}, {Reading("posts", "30d"): posts, Reading("quality", "90d"): 70}) for posts in (1, 2, 500, 0, None)
    ]
    assert by_columns(asked, rows) == [[truth(one, row) for row in rows] for one in asked]


@pytest.mark.parametrize(
    "durable",
    [pytest.param(True, marks=durable), False],
)
def test_the_online_path_says_what_the_reference_says(durable: bool) -> None:
    @relaxed
    @given(many, people)
    def agree(conditions: list[Condition], rows: list[Evidence]) -> None:
        named = {f"c{n}": one for n, one in enumerate(conditions)}
        with Engine(named, use_durable=durable, tried=True, sample=0) as engine:
            for row in rows:
                assert engine.truths(row) == {name: truth(one, row) for name, one in named.items()}

    agree()


def test_evidence_comes_back_from_a_row_as_it_went_in() -> None:
    row = Evidence({"tags": frozenset({"a"}), "days": 3}, {})
    found = evidence_of(next(frame([row]).drop("subject").iter_rows(named=True)), {})
    assert found == row
