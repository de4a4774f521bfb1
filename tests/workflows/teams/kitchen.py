"""A kitchen in a village: bands that cook together and books of chapters, for tests of how teams are formed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from operations.ports.members import Member
from operations.ports.runs import Run
from rules.fact import Fact
from rules.spec import Community, load
from tests.waiting import PATIENCE, pace
from tests.workflows.made_up import AT, FILES
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.steps import RunResult

DISH = {"name": "soup"}

BAND = """
schema: mode/v1
id: band
title: { en: Band, zh: 乐队 }
owner: role:elder
at_once: 9
parameters:
  - { id: teams, type: integer, default: 1 }
phases:
  - id: crew
    kind: form_teams
    from: everyone
    slots:
      - { id: cook, where: { skills: { contains: cooking } }, share: 75 }
      - { id: guest, where: { skills: { contains: eating } }, share: 25 }
    needs: $teams
    limit: $teams
    traits: { village: same }
    never_together: quarrelled
    confirm: 2d
    refills: 2
    within: 6d
    go: { short: cancel }
  - { id: parts, kind: submit, by: crew.members, per: slot, form: dish, needs: 100%, seen_by: team, within: 6d,
      go: { short: end:incomplete } }
  - { id: whole, kind: submit, by: crew.members, per: team, form: dish, within: 6d, go: { short: end:nothing } }
  - { id: taste, kind: review, of: whole.works, by: role:elder, within: 6d, if_silent: approve, credit: 10,
      go: { short: end:refused } }
  - id: thanks
    kind: do
    effects:
      - publish: { what: taste.approved, in: space:square, credits: run.ledger }
      - award: { to: taste.approved, give: [{ points: 101, split: credit }] }
"""

BOOK = """
schema: mode/v1
id: book
title: { en: Book, zh: 书 }
owner: role:elder
at_once: 9
phases:
  - id: chapters
    kind: form_teams
    from: everyone
    slots:
      - { id: soups, where: { skills: { contains: cooking } }, idle: 5d }
      - { id: cakes, term: 30d, keep: { skills: { contains: cooking } } }
      - { id: notes, needs: 0 }
    limit: 1
    fill: claim
    within: 4d
    go: { short: next }
  - { id: writing, kind: submit, by: chapters.members, per: slot, form: dish, needs: 100%, within: 40d,
      go: { short: end:gaps } }
  - { id: proof, kind: review, of: writing.works, by: chapters.holder, within: 2d, if_silent: approve,
      go: { short: end:refused } }
"""

EXTRA = {
    "modes/band.yaml": BAND,
    "modes/book.yaml": BOOK,
    "tasks/supper.yaml": "schema: task/v1\nid: supper\ntitle: { en: Supper, zh: 晚餐 }\nmode: band\n",
    "tasks/suppers.yaml": (
        "schema: task/v1\nid: suppers\ntitle: { en: Suppers, zh: 晚餐 }\nmode: band\nwith: { teams: 3 }\n"
    ),
    "tasks/recipes.yaml": "schema: task/v1\nid: recipes\ntitle: { en: Recipes, zh: 菜谱 }\nmode: book\n",
}
METRICS = """
  - id: quarrelled
    title: { en: Quarrelled, zh: 争吵 }
    fields: [{ id: with_whom, type: member }]
metrics:
  - { id: known_people, title: { en: Met, zh: 相识 }, type: integer, from: [teamed], take: distinct, field: other }
  - { id: team_words, title: { en: Team words, zh: 小组 }, type: integer, key: team, from: [submitted], take: count }
"""


def kitchen() -> tuple[dict[str, bytes], Community]:
    """The village, with skills, bands and books."""
    texts = {**FILES, **EXTRA}
    attributes = (
        "attributes:\n"
        "  - { id: skills, title: { en: Skills, zh: 技能 }, type: text, many: true, optional: true }\n"
        "  - { id: village, title: { en: Village, zh: 村 }, type: text, optional: true }\n"
    )
    texts["community.yaml"] = texts["community.yaml"].rstrip("\n") + "\n" + attributes
    texts["metrics.yaml"] = texts["metrics.yaml"].replace("\nmetrics:\n", METRICS, 1)
    files = {name: text.strip().encode() + b"\n" for name, text in texts.items()}
    loaded = load(files, discover())
    assert loaded.community is not None, loaded.diagnostics
    assert not [one for one in loaded.diagnostics if one.severity == "error"], loaded.diagnostics
    return files, loaded.community


def person(id_: str, *skills: str, village: str = "upper") -> Member:
    joined = AT - timedelta(days=400)
    return Member(id_, joined, {"consent": True, "skills": frozenset(skills), "village": village})


PEOPLE = [
    person("ada", "cooking"),
    person("bob", "eating"),
    person("cid", "eating"),
    person("dee", "cooking"),
    person("eve", "cooking", village="lower"),
    person("fay", "eating", village="lower"),
    person("gus", "eating"),
]


def started(room: Any, task: str, scale: str, eventually: Any, phase: str) -> Run:
    run = Launcher(room.memory.house, room.gateway).start(task, scale=pace(scale))
    eventually(lambda: room.memory.runs.visit(run.id, phase))
    return run


def ended(room: Any, run: Run) -> str:
    return str(room.gateway.result(run.id, PATIENCE, RunResult).end)


def cancelled(room: Any, run: Run, eventually: Any) -> None:
    room.gateway.cancel(run.id)
    eventually(lambda: room.memory.runs.run(run.id).status != "running")


def facts_of(room: Any, run: Run, kind: str) -> list[Fact]:
    return [one for one in room.memory.facts("village").find(kinds=[kind], limit=500) if one.fields["run"] == run.id]


def asked(room: Any, run: Run) -> dict[str, list[str]]:
    """Who is asked to say yes, and for what."""
    items = room.memory.inbox.find("village", run=run.id)
    return {item.asked[0]: list(item.choices) for item in items if item.state == "open"}
