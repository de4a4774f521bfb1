"""A mode that nobody has seen: branches, units, rounds, a review as works come, questions; written as YAML only."""

from typing import Any

from operations.ports.runs import Run
from rules.spec import Community, load
from tests.waiting import PATIENCE
from tests.workflows.made_up import FILES
from workflows.phases import discover
from workflows.steps import RunResult

FAIR = """
schema: mode/v1
id: fair
title: { en: Fair, zh: 集市 }
owner: role:elder
parameters:
  - { id: days, type: within, default: 10d }
phases:
  - { id: stalls, kind: enrol, who: everyone, needs: 2, limit: 3, within: 3d, go: { short: cancel } }
  - id: market
    kind: parallel
    branches:
      - id: kitchen
        phases:
          - id: dishes
            kind: submit
            by: stalls.members
            form: dish
            limit: 2
            needs: 2
            within: $days
            go: { short: leave }
      - id: table
        phases:
          - id: tasted
            kind: review
            of: dishes.works
            by: role:elder
            form: why
            within: 2d
            if_silent: approve
            redo: { within: 1d, at_most: 1 }
            go: { short: leave }
          - { id: praise, kind: do, effects: [{ record: { fact: greeted, about: tasted.authors } }] }
      - id: music
        phases:
          - id: songs
            kind: repeat
            every: 2h
            times: 3
            phases:
              - { id: song, kind: ask, by: role:clerk, form: note, within: 1d, if_silent: silent, go: { silent: next } }
  - id: stands
    kind: each
    of: stalls.members
    phases:
      - id: tale
        kind: ask
        by: stalls.members
        choices: [well, badly]
        within: 2d
        if_silent: well
        go: { badly: leave }
      - { id: pause, kind: wait, within: 2h }
      - id: last-dish
        kind: submit
        by: stalls.members
        form: recipe
        within: 2d
        go: { short: { to: tale, at_most: 1, else: leave } }
  - { id: thanks, kind: do, effects: [{ record: { fact: greeted, about: last-dish.authors } }] }
"""

ROUNDS = """
schema: mode/v1
id: rounds
title: { en: Rounds, zh: 巡回 }
owner: role:elder
parameters:
  - { id: tasks, type: task, many: true }
  - { id: last,  type: task, many: true }
phases:
  - { id: guests, kind: enrol, who: everyone, needs: 1, limit: 3, within: 1d, go: { short: cancel } }
  - { id: act-one, kind: run, tasks: $tasks, for: guests.members, go: { short: end:thin } }
  - { id: breath, kind: wait, within: 2d }
  - { id: act-two, kind: run, tasks: $last, with: { cooks: guests.members }, go: { short: end:thin } }
"""

COOKING = """
schema: mode/v1
id: cooking
title: { en: Cooking, zh: 烹饪 }
owner: role:elder
parameters: [{ id: cooks, type: who }]
phases:
  - { id: plates, kind: submit, by: $cooks, form: recipe, needs: 1, within: 2d, go: { short: next } }
"""

TASK = "schema: task/v1\nid: autumn-fair\ntitle: { en: Autumn fair, zh: 秋集 }\nmode: fair\n"


def fairground() -> tuple[dict[str, bytes], Community]:
    """The made-up community with the fair in it."""
    texts = {**FILES, "modes/fair.yaml": FAIR, "tasks/autumn-fair.yaml": TASK}
    texts |= {"modes/rounds.yaml": ROUNDS, "modes/cooking.yaml": COOKING}
    texts["tasks/cook.yaml"] = (
        "schema: task/v1\nid: cook\ntitle: { en: Cook, zh: 做菜 }\nmode: cooking\nwith: { cooks: everyone }\n"
    )
    texts["tasks/tour.yaml"] = (
        "schema: task/v1\nid: tour\ntitle: { en: Tour, zh: 巡回 }\nmode: rounds\n"
        "with: { tasks: [call], last: [cook] }\n"
    )
    files = {name: text.strip().encode() + b"\n" for name, text in texts.items()}
    loaded = load(files, discover())
    assert loaded.community is not None
    assert not [one for one in loaded.diagnostics if one.severity == "error"], loaded.diagnostics
    return files, loaded.community


def ended(room: Any, run: Run) -> str:
    """How a run ended."""
    return str(room.gateway.result(run.id, PATIENCE, RunResult).end)
