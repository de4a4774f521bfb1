"""Unquoted words: what is meant by them, and that nothing is taken for something when it may be something else."""

import pytest

from rules.spec.unquoted import Unclear, is_nothing, meaning


@pytest.mark.parametrize(
    ("text", "meant"),
    [("true", True), ("false", False), ("0", 0), ("-17", -17), ("9" * 19, int("9" * 19)), ("core", "core"),
     ("30d", "30d"), ("1.2.3", "1.2.3"), ("9" * 20 + "x", "9" * 20 + "x")],
)  # fmt: skip
def test_truths_whole_numbers_and_words_are_what_they_look_like(text: str, meant: object) -> None:
    assert (meaning(text), type(meaning(text))) == (meant, type(meant))


@pytest.mark.parametrize(
    ("text", "code", "way_out"),
    [("True", "TRL110", "write true,"), ("on", "TRL110", 'write true, or "on"'), ("N", "TRL110", "write false"),
     ("2027-03-01", "TRL112", '"2027-03-01"'), ("06:00", "TRL112", '"06:00"'), ("007", "TRL111", "write 7,"),
     ("-1_000", "TRL111", "write -1000,"), ("0.70", "TRL111", '"0.70"'), ("1e3", "TRL111", "whole numbers"),
     ("0x10", "TRL111", "whole numbers"), (".inf", "TRL111", "whole numbers")],
)  # fmt: skip
def test_what_may_be_something_else_is_refused_with_a_way_out(text: str, code: str, way_out: str) -> None:
    found = meaning(text)

    assert isinstance(found, Unclear)
    assert found.code == code
    assert way_out in found.hint


def test_nothing_is_written_in_three_ways() -> None:
    assert all(is_nothing(text) for text in ("", "~", "null", "Null", "NULL"))
    assert not is_nothing("none")
