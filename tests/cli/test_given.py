"""What people type: read as it is meant, or refused in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.given import guessed
from cli.options import moment, whoever
from operations.errors import Refusal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("true", True), ("a,b", ["a", "b"]), ("--5", "--5"), ("²", "²"), ("-", "-"),
        pytest.param("9" * 5_000, "9" * 5_000, id="long"),
    ],
)  # fmt: skip
def test_only_what_is_a_number_is_taken_for_one(text: str, value: Any) -> None:
    assert guessed({"x": text}) == {"x": value}


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59-12:00", "soon", "2027-02-30"])
def test_a_time_outside_of_the_calendar_is_refused_like_any_other_that_is_none(text: str) -> None:
    with pytest.raises(Refusal, match=r"--at .* is not a time"):
        moment(text, ZoneInfo("Asia/Shanghai"))


def test_a_time_without_an_offset_is_the_community_s_own() -> None:
    assert moment("2027-03-08 08:00", ZoneInfo("Asia/Shanghai")) == datetime(2027, 3, 8, tzinfo=UTC)


def test_whoever_has_no_name_here_is_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nobody)

    assert whoever() == "operator"
