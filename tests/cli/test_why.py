"""`trellis explain`, `decisions`, `verify`, `replay-decisions`: what they show, and one sentence for wrong input."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cli.console import FINDINGS, INVALID, complain
from cli.main import build
from cli.memory import Memory
from operations.errors import Refusal
from rules.errors import RuleRefusal
from tests.moves.club import AT, facts, people, publish, reviewed

pytestmark = pytest.mark.servers

Run = Callable[..., str]


@pytest.fixture(scope="module")
def told(memory: Memory) -> Memory:
    club = publish(memory)
    people(memory, club, "ann", "bob")
    facts(memory, club, "posted", "ann", [1, 2, 3])
    for days in (0, 32, 40):
        reviewed(memory, AT + timedelta(days=days))
    return memory


@pytest.fixture
def trellis(database_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*arguments: str, code: int = 0) -> str:
        found: Any = 0
        try:
            found = build()(args=list(arguments), prog_name="trellis", standalone_mode=False) or 0
        except (Refusal, RuleRefusal) as refusal:
            found = INVALID
            complain(refusal.message, refusal.hint)
        out, err = capfd.readouterr()
        assert found == code, out + err
        return out if code in (0, FINDINGS) else err

    return run


def test_explain_shows_what_is_missing_and_how_it_came_about(told: Memory, trellis: Run) -> None:
    shown = trellis("explain", "ann", "--at", "2027-04-11")
    assert "How it came about" in shown
    assert "posts over 30d: 0 → 3" in shown
    fallen = next(line for line in shown.splitlines() if "demote" in line)
    assert "posts 0, not at_least" in fallen
    data = json.loads(trellis("explain", "ann", "--at", "2027-03-30", "--json"))
    (standing,) = data["standings"]
    assert (standing["tier"], standing["ahead"]["lost_on"]) == ("regular", "2027-04-06")
    words = trellis("explain", "ann", "--at", "2027-03-30", "--words", "zh")
    assert "常客" in words
    assert "posts" not in words


def test_decisions_are_filtered_as_table_data_and_lines(told: Memory, trellis: Run) -> None:
    data = json.loads(trellis("decisions", "ann", "--rule", "tier", "--outcome", "grace", "--json"))
    assert (data["count"], data["next"], data["decisions"][0]["from"]) == (1, None, "regular")
    lines = list(csv.DictReader(io.StringIO(trellis("decisions", "--rule", "tier", "--csv"))))
    assert [line["outcome"] for line in lines] == ["demote", "grace", "promote"]
    assert json.loads(lines[0]["reasons"])[0]["metric"] == "posts"
    assert "More: --before" in trellis("decisions", "--limit", "1")
    assert "posts 0, not at_least" in trellis("decisions", "--outcome", "demote")


def test_the_log_verifies_and_comes_out_again(told: Memory, trellis: Run) -> None:
    assert "as it was written" in trellis("verify")
    assert json.loads(trellis("replay-decisions", "--json"))["different"] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("explain", "zoe"), "there is no member 'zoe' in club"),
        (("explain", "ann", "--tier", "king"), "there is no tier 'king'"),
        (("explain", "ann", "--at", "2020-01-01"), "Nothing was published in club by 2020-01-01 00:00"),
        (("explain", "ann", "--at", "2026-03-01"), "There is no fact in club from 2026-03-01 00:00 or before"),
        (("explain", "ann", "--at", "soon"), "--at 'soon' is not a time"),
        (("explain", "ann", "--words", "fr"), "--words 'fr' is no language"),
        (("explain", "ann", "--community", "chess"), "No community chess is published here"),
        (("decisions", "zoe"), "There is no member 'zoe' in club"),
        (("decisions", "--digest", "sha256:77"), "No spec sha256:77 was ever published in club"),
        (("decisions", "--rule", "king"), "There is no ladder or rule 'king' in club"),
        (("decisions", "--outcome", "rise"), "--outcome 'rise' is no outcome"),
        (("decisions", "--until", "2020-01-01"), "Nothing was decided in club by 2020-01-01"),
        (("replay-decisions", "--review", "none"), "No review none has decided anything in club"),
        (("replay-decisions", "--digest", "x"), "No spec x was ever published in club"),
    ],
)
def test_wrong_input_is_answered_with_one_sentence(
    told: Memory, trellis: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    said = trellis(*arguments, code=INVALID)
    assert sentence in said.splitlines()[0]
    assert len(said.splitlines()) <= 2


def test_an_empty_community_is_said_to_be_empty(
    remembered: Memory, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch, trellis: Run
) -> None:
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    assert "No community is published here" in trellis("explain", "ann", code=INVALID)
    publish(remembered)
    assert "there is no member 'ann': club has none yet" in trellis("explain", "ann", code=INVALID)
    assert json.loads(trellis("decisions", "--json"))["decisions"] == []
    assert "0 decisions" in trellis("verify")


def test_a_changed_log_is_found_and_its_first_place_named(told: Memory, trellis: Run) -> None:
    from sqlalchemy import text

    with told.engine.begin() as connection:
        connection.execute(text("UPDATE decision SET outcome = 'keep' WHERE rule = 'tier' AND outcome = 'grace'"))
    said = trellis("verify", code=FINDINGS)
    assert "The chain is broken, first at decision" in said
    assert "about ann was changed" in said
    assert "it was keep" in trellis("replay-decisions", "--rule", "tier", code=FINDINGS)
