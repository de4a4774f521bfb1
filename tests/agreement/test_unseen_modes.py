"""Modes that nobody on the project has seen, written from the language's reference alone: on paper and on servers."""

from __future__ import annotations

from typing import Any

import pytest

from operations.books import check_books
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.spec.documents.cases import Cases, Play
from rules.time import moment
from tests.agreement.plays import loaded
from tests.agreement.test_plays import follow, to_play
from workflows.paper.verdict import judge_play
from workflows.phases import discover

HARBOUR = "harbour"
ON_PAPER = "only who can see a cabin"
"""Of a play whose first member is a space: on servers people get names of their own, and spaces have none."""


def test_modes_that_nobody_has_seen_go_as_their_cases_say() -> None:
    community = loaded(HARBOUR)[1]
    rulebook = compile_rulebook(community)
    document = next(one.model for one in community.documents if isinstance(one.model, Cases))
    at, every = moment(document.at, community.zone), [one for one in document.cases if isinstance(one, Play)]
    assert len(every) >= 15
    wrong = {case.name: judge_play(community, rulebook, case, at, None).wrong for case in every}
    assert {name: sentences for name, sentences in wrong.items() if sentences} == {}


SLIPS = {
    "an answer that is never given": ("questions", "{ is: more }", "{ is: mor }", "did you mean 'more'?"),
    "one of several, asked as if it were one": ("questions", "{ contains: brave }", "{ is: brave }", "contains"),
    "a task about somebody, run for nobody": ("cascade", "[care-task], for: crew.members", "[care-task]", "add for:"),
    "a phase that if_not does not lead to": ("veto", "if_not: goodbye", "if_not: end", "lead an outcome"),
    "people who are no people": ("questions", "by: chat.pick", "by: chat.wish", "is a text"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_mode_is_said_with_its_place_and_what_to_write(slip: str) -> None:
    name, right, wrong, said = SLIPS[slip]
    files, file = loaded(HARBOUR)[0], f"modes/{name}.yaml"
    assert right.encode() in files[file]
    line = 1 + files[file][: files[file].index(right.encode())].count(b"\n")
    found = load({**files, file: files[file].replace(right.encode(), wrong.encode(), 1)}, discover()).diagnostics
    told = [one for one in found if one.severity == "error"]
    assert told
    assert any(said in f"{one.message} {one.hint}" for one in told), told
    assert slip.startswith("a phase") or any(one.line == line for one in told), told


@pytest.mark.servers
@pytest.mark.slow
def test_modes_that_nobody_has_seen_go_the_same_way_through_real_workflows(room: Any) -> None:
    every = [one for one in to_play(HARBOUR) if not one[1].name.startswith(ON_PAPER)]
    follow(room, HARBOUR, "all", every)
    for number in range(len(every)):
        spec = room.memory.specs.current(f"{HARBOUR}-all{number}")
        assert check_books(room.memory.desk, spec).findings == [], spec.id
