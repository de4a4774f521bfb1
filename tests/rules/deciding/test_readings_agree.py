"""The reference evaluator, durable-rules, the compiled function and the columns say the same, whatever is asked."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.columns import Columns, evidence_of
from rules.condition import Condition, Truth
from rules.evaluate import truth
from rules.inference import AVAILABLE, Engine
from rules.reading import reading_of
from rules.values import Evidence
from tests.rules.deciding.trees import condition, evidence, frame

many = st.lists(condition(), min_size=1, max_size=4)
people = st.lists(evidence(), min_size=1, max_size=6)
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def by_columns(conditions: list[Condition], rows: list[Evidence]) -> list[list[Truth]]:
    table = frame(rows)
    readings = {name: reading for name in table.columns if (reading := reading_of(name)) is not None}

    def row_wise(one: Condition) -> list[Truth]:
        return [truth(one, evidence_of(row, readings)) for row in table.iter_rows(named=True)]

    columns = Columns(frozenset(table.columns), row_wise)
    judged = table.select("subject", *(columns.truth(one).alias(f"c{n}") for n, one in enumerate(conditions)))
    return [judged[f"c{n}"].to_list() for n in range(len(conditions))]


@relaxed
@given(many, people)
def test_columns_say_what_the_reference_says(conditions: list[Condition], rows: list[Evidence]) -> None:
    assert by_columns(conditions, rows) == [[truth(one, row) for row in rows] for one in conditions]


@pytest.mark.parametrize(
    "durable",
    [pytest.param(True, marks=pytest.mark.skipif(not AVAILABLE, reason="no durable-rules on this Python")), False],
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
