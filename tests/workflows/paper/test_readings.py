"""What the language leaves open in a play: since which step `after` counts, and which branches its path tells."""

from __future__ import annotations

from rules.rulebook import compile_rulebook
from rules.spec import Community, load
from rules.spec.documents.cases import Cases
from rules.time import moment
from tests.workflows.made_up import FILES
from workflows.paper.verdict import judge_play
from workflows.phases import discover

REGATTA = """
schema: mode/v1
id: regatta
title: { en: Regatta, zh: 赛艇 }
owner: role:elder
phases:
  - id: sailing
    kind: parallel
    ends_with: race
    branches:
      - { id: race, phases: [{ id: lap, kind: wait, within: 5d }] }
      - { id: shore, phases: [{ id: wave, kind: wait, within: 1d }, { id: cheer, kind: wait, within: 1d }] }
  - { id: home, kind: wait, within: 1d }
"""
TASK = "schema: task/v1\nid: race\ntitle: { en: Race, zh: 赛 }\nmode: regatta\n"


def wrong(case: str) -> tuple[str, ...]:
    """What is wrong with a play of the made-up community."""
    cases = f'schema: cases/v1\nat: "2027-03-08 10:00"\ncases:\n  - {{ kind: play, name: a play, {case} }}\n'
    texts = {**FILES, "modes/regatta.yaml": REGATTA, "tasks/race.yaml": TASK, "cases/one.yaml": cases}
    loaded = load({name: text.strip().encode() + b"\n" for name, text in texts.items()}, discover())
    community = loaded.community
    assert isinstance(community, Community), loaded.diagnostics
    document = next(one.model for one in community.documents if isinstance(one.model, Cases))
    at = moment(document.at, community.zone)
    return judge_play(community, compile_rulebook(community), document.cases[0], at, None).wrong  # type: ignore[arg-type]


PEOPLE = "task: best-dish, members: [{ id: ann }, { id: bob }], steps: "


def handed_in(after: str, who: str, refused: bool = False) -> str:
    no = ", refused: true" if refused else ""
    return f"{{ after: {after}, who: {who}, in: pieces, does: submit{no} }}"


def test_after_counts_from_the_last_step_of_all() -> None:
    late = handed_in("30h", "bob", refused=True)
    assert wrong(f"{PEOPLE}[{handed_in('30h', 'ann')}, {late}], expect: {{}}") == ()


def test_or_from_the_last_step_of_the_same_person_where_the_case_holds_only_so() -> None:
    steps = [handed_in("30h", "ann"), handed_in("40h", "bob"), handed_in("9h", "bob", refused=True)]
    assert wrong(f"{PEOPLE}[{', '.join(steps)}], expect: {{}}") == ()


def test_what_holds_in_neither_way_is_told_as_it_is_written() -> None:
    steps = [handed_in("30h", "ann"), handed_in("50h", "bob")]
    (sentence,) = wrong(f"{PEOPLE}[{', '.join(steps)}], expect: {{}}")
    assert sentence.startswith("bob's submit in pieces is refused: ")


def test_a_path_tells_what_goes_on_beside_the_branch_that_ends_it_or_leaves_it_out() -> None:
    for path in ("sailing, lap, wave, cheer, home", "sailing, lap, home"):
        assert wrong(f"task: race, expect: {{ path: [{path}], end: end }}") == ()
    assert wrong("task: race, expect: { path: [sailing, wave, cheer, home] }")
