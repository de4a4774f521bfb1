"""The gate lets in what fits, exactly, and shows it again in the language's own form."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import Unfit
from rules.reading import Reading, parse_reading, reading_of
from rules.values import (
    BOOLEAN,
    DATE,
    DURATION,
    INTEGER,
    LARGEST,
    SET,
    TEXT,
    ValueType,
    duration_said,
    fit,
    legible,
    scaled,
    show,
)

MONEY = ValueType("money", 2, unit="CNY")


@given(st.integers(-LARGEST, LARGEST), st.integers(0, 6))
def test_a_decimal_comes_back_as_it_was_written(number: int, places: int) -> None:
    type_ = ValueType("decimal", places)
    assert fit(show(number, type_), type_, "x") == number


@given(st.integers(0, 10**9))
def test_a_duration_comes_back_as_it_was_written(seconds: int) -> None:
    assert fit(show(seconds, DURATION), DURATION, "x") == seconds


@given(st.dates())
def test_a_date_comes_back_as_it_was_written(day: date) -> None:
    assert show(fit(day.isoformat(), DATE, "x"), DATE) == day.isoformat()


@given(st.integers(-(10**12), 10**12))
def test_money_comes_back_as_it_was_written(cents: int) -> None:
    assert fit(show(cents, MONEY), MONEY, "x") == cents


@pytest.mark.parametrize(
    ("raw", "type_", "value"),
    [
        (5, ValueType("decimal", 2), 500),
        ("0.7", ValueType("decimal", 2), 70),
        ("0.700", ValueType("decimal", 2), 70),
        ("-0.05", ValueType("decimal", 2), -5),
        ("14d", DURATION, 14 * 86_400),
        ("2w", DURATION, 14 * 86_400),
        ("-0.50 CNY", MONEY, -50),
        (["b", "a", "a"], SET, frozenset("ab")),
        ("1970-01-02", DATE, 1),
    ],
)
def test_what_fits_is_scaled(raw: object, type_: ValueType, value: object) -> None:
    assert fit(raw, type_, "x") == value


@pytest.mark.parametrize(
    ("raw", "type_"),
    [
        (True, INTEGER),
        (1.0, INTEGER),
        (LARGEST + 1, INTEGER),
        (0.7, ValueType("decimal", 2)),
        ("0.705", ValueType("decimal", 2)),
        ("1e3", ValueType("decimal", 2)),
        ("٣", ValueType("decimal", 2)),
        ("9" * 40, ValueType("decimal", 2)),
        (1, BOOLEAN),
        ("true", BOOLEAN),
        (3, TEXT),
        ("x" * 1001, TEXT),
        pytest.param("a\x00b", TEXT, id="a nought in a text"),
        pytest.param("\ud800", TEXT, id="half a letter"),
        ("gold", ValueType("tier", listed=("base",))),
        ("core", SET),
        ([1], SET),
        ("2027-02-30", DATE),
        ("3bd", DURATION),
        ("90m", DURATION),
        ("5.00 EUR", MONEY),
        ({}, TEXT),
        (None, INTEGER),
    ],
)
def test_what_does_not_fit_is_refused_by_name(raw: object, type_: ValueType) -> None:
    with pytest.raises(Unfit, match=r"^quality: "):
        fit(raw, type_, "quality")


def test_scaled_reads_a_decimal_exactly() -> None:
    assert [scaled(text) for text in ("0.70", "12", "-0.000001")] == [(70, 2), (12, 0), (-1, 6)]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("17290666s", "200d 2h"),
        ("259201s", "3d"),
        ("10666s", "2h 57min"),
        ("3601s", "1h"),
        ("61s", "1min 1s"),
        ("5s", "5s"),
        ("-10666s", "-2h 57min"),
        ("73h", "3d 1h"),
        ("4321min", "3d"),
        ("36h", "36h"),
        ("90min", "90min"),
        ("90d", "90d"),
        ("0d", "0d"),
        ("1990s edition", "1990s edition"),
    ],
)
def test_a_length_is_read_in_its_largest_unit_and_the_next(shown: str, said: str) -> None:
    assert duration_said(shown) == said


def test_where_no_type_is_at_hand_only_what_can_be_nothing_but_a_length_is_taken_for_one() -> None:
    seen = ["17290666s", "1990s", "5s", 40, None, True, ["90d"], "core"]

    assert [legible(one) for one in seen] == ["200d 2h", *seen[1:]]


def test_a_reading_is_its_text_and_back() -> None:
    reading = parse_reading("community.posts", "90d, 7d ago@network")
    assert reading == Reading("posts", "90d", "7d ago", "network", "community")
    assert reading.key == "community.posts[90d, 7d ago@network]"
    assert reading_of(reading.key) == reading
    assert reading_of("tier") is None
    with pytest.raises(Unfit):
        parse_reading("posts", "90")


@pytest.mark.parametrize("letter", ["\x00", "\x1e", "\x1f", "\ud800"], ids=ascii)
def test_a_text_holds_nothing_that_no_fact_could_hold(letter: str) -> None:
    for raw, type_ in ((f"a{letter}b", TEXT), (["fine", letter], SET)):
        with pytest.raises(Unfit, match="not allowed"):
            fit(raw, type_, "x")
