"""Cases of a community that nobody has seen: a role in a play acts as the person whom the member was given."""

from __future__ import annotations

from rules.cases import judge
from rules.rulebook import compile_rulebook
from rules.spec import Community, load
from rules.spec.documents.cases import Case, Decision, Play
from rules.spec.source import as_written
from rules.time import moment
from tests.moves.club import FILES
from workflows.paper.conductor import play
from workflows.phases import discover

SCHOOL = """schema: mode/v1
id: school
title: { en: School, zh: 学校 }
for: member
owner: subject.tutor
phases:
  - { id: who, kind: do, effects: [{ assign: { as: tutor, from: role:keeper } }] }
  - { id: ready, kind: ask, by: subject, within: 3d, if_silent: silent, go: { silent: end:silent } }
  - { id: look, kind: ask, by: subject.tutor, choices: [well, badly], within: 3d, if_silent: badly,
      go: { badly: end:badly } }
"""
TASK = "schema: task/v1\nid: learn\ntitle: { en: Learn, zh: 学 }\nmode: school\n"


def club() -> Community:
    files = {**FILES, "modes/school.yaml": SCHOOL, "tasks/learn.yaml": TASK}
    found = load({name: text.encode() for name, text in files.items()}, discover())
    assert found.community is not None, found.diagnostics
    return found.community


def test_a_role_acts_as_whoever_of_it_looks_after_the_member() -> None:
    community = club()
    steps = [
        {"who": "ann", "in": "ready", "does": "answer"},
        {"after": "1h", "who": "role:keeper", "in": "look", "does": "answer", "gives": {"choice": "badly"}},
    ]
    case = Play.model_validate(
        as_written(
            {"kind": "play", "name": "p", "task": "learn", "members": [{"id": "ann"}], "steps": steps,
             "expect": {"end": "end:badly"}}
        )
    )  # fmt: skip

    found = play(community, compile_rulebook(community), case, moment("2027-03-08 10:00", community.zone))

    assert [step.refused for step in found.steps] == [None, None]
    assert found.end == "end:badly"


def test_what_happens_is_because_of_what_holds_and_what_does_not_of_what_fails() -> None:
    community = club()
    book, at = compile_rulebook(community), moment("2027-03-08 10:00", community.zone)

    def holds(because: str, **more: object) -> list[str]:
        written = {"kind": "decision", "name": "d", **more}
        written["expect"] = {**dict(written["expect"]), "because": [because]}  # type: ignore[call-overload]
        case: Case = Decision.model_validate(as_written(written))
        return list(judge(community, book, case, at).wrong)

    posted = {"attributes": {"tier": "guest"}, "metrics": {"posts": {"30d": 3}}}
    silent = {"attributes": {"tier": "guest"}, "metrics": {"posts": {"30d": 2}}}
    kept = {"attributes": {"tier": "regular"}, "metrics": {"posts": {"30d": 8}, "warnings": {"90d": 1}}}
    assert holds("posts", subject=posted, expect={"outcome": "promote", "to": "regular"}) == []
    assert holds("posts", subject=posted, of="lifecycle", expect={"outcome": "move", "to": "alive"}) == []
    assert holds("posts", subject=silent, expect={"outcome": "none"}) == []
    assert holds("posts", subject=kept, expect={"outcome": "keep"}) == []
    assert holds("warnings", subject=kept, expect={"outcome": "keep"}) == []
    assert holds("warnings", subject=posted, expect={"outcome": "promote"}) == ["warnings had no part in it, but posts"]
