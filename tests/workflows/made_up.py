"""A community that nobody has seen, with modes of every runnable kind in another order than ours."""

from datetime import UTC, datetime

from operations.ports.members import Member
from rules.spec import Community, load
from workflows.phases import discover

AT = datetime(2027, 3, 8, 1, tzinfo=UTC)

FILES = {
    "community.yaml": """
schema: community/v1
id: village
title: { en: Village, zh: 村 }
zone: Europe/Berlin
calendar: always
currency: EUR
limits: { runs_per_member: 3 }
roles:
  - { id: elder, title: { en: Elder, zh: 长者 } }
  - { id: clerk, title: { en: Clerk, zh: 文书 } }
lists:
  - { id: trades, title: { en: Trades, zh: 行业 }, items: [{ id: baker, title: { en: Baker, zh: 面包师 } }] }
spaces:
  - { id: square, title: { en: Square, zh: 广场 } }
""",
    "calendars/always.yaml": """
schema: calendar/v1
id: always
title: { en: Always, zh: 总是 }
work_days: [mon, tue, wed, thu, fri, sat, sun]
hours: "08:00-20:00"
valid_through: "2030-12-31"
""",
    "metrics.yaml": """
schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - id: dish
    title: { en: Dish, zh: 菜 }
    about: work
    fields: [{ id: name, type: text }, { id: hot, type: boolean, optional: true }]
  - { id: recipe, title: { en: Recipe, zh: 菜谱 }, about: work, fields: [{ id: steps, type: integer, min: 1, max: 9 }] }
  - { id: why, title: { en: Why, zh: 为何 }, about: work, fields: [{ id: reason, type: text }] }
  - { id: note, title: { en: Note, zh: 笔记 }, about: run, fields: [{ id: text, type: text }] }
  - { id: greeted, title: { en: Greeted, zh: 问候 } }
metrics:
  - { id: dishes, title: { en: Dishes, zh: 菜数 }, type: integer, from: [dish], take: count }
  - { id: greetings, title: { en: Greetings, zh: 问候数 }, type: integer, from: [greeted], take: count }
""",
    "tiers.yaml": """
schema: tiers/v1
title: { en: Ladder, zh: 层级 }
review: { every: day, at: "06:00" }
tiers:
  - { id: newcomer, title: { en: Newcomer, zh: 新人 } }
  - { id: cook, title: { en: Cook, zh: 厨师 }, earn: { dishes: { at_least: 3 } } }
""",
    "modes/feast.yaml": """
schema: mode/v1
id: feast
title: { en: Feast, zh: 宴席 }
owner: role:elder
parameters:
  - { id: rounds, type: integer, default: 2 }
phases:
  - { id: guests, kind: enrol, who: everyone, needs: 2, limit: 6, within: 3d, go: { short: cancel } }
  - { id: rest, kind: wait, within: 12h }
  - id: courses
    kind: repeat
    every: 4d
    times: $rounds
    phases:
      - { id: dishes, kind: submit, by: guests.members, form: dish, needs: 1, within: 2d, go: { short: leave } }
      - id: tasting
        kind: review
        of: dishes.works
        by: role:elder
        form: why
        within: 1d
        if_silent: approve
        go: { short: { to: dishes, at_most: 1, else: leave } }
  - { id: written, kind: submit, by: dishes.authors, form: recipe, limit: 2, needs: 1, within: 2d, go: { short: next } }
  - id: again
    kind: ask
    by: role:clerk
    choices: [enough, more]
    within: 1d
    if_silent: enough
    go: { more: { to: rest, at_most: 1, else: end:tired } }
  - id: thanks
    kind: do
    effects:
      - record: { fact: greeted, about: guests.members }
""",
    "modes/vote.yaml": """
schema: mode/v1
id: vote
title: { en: Vote, zh: 表决 }
owner: role:elder
phases:
  - { id: pieces, kind: submit, by: everyone, form: dish, needs: 1, limit: 2, within: 2d, go: { short: end:nothing } }
  - { id: thanks, kind: do, effects: [{ record: { fact: greeted, about: pieces.authors } }] }
  - id: best
    kind: judge
    of: pieces.works
    by: [role:elder, role:clerk]
    needs: 2
    within: 3d
    if_silent: short
    rubric: [{ id: taste, weight: 70, scale: [1, 10] }, { id: looks, weight: 30, scale: [1, 10] }]
    ties: [{ draw: true }]
    go: { short: end:unjudged }
  - { id: word, kind: ask, by: role:clerk, form: note, within: 2d, if_silent: silent, go: { silent: end:wordless } }
""",
    "modes/visit.yaml": """
schema: mode/v1
id: visit
title: { en: Visit, zh: 探访 }
for: member
owner: role:elder
while: { consent: { is: true } }
phases:
  - id: hello
    kind: ask
    by: subject
    choices: [come, later]
    within: 3d
    if_silent: later
    go: { later: end:later }
""",
    "modes/team.yaml": """
schema: mode/v1
id: team
title: { en: Team, zh: 团队 }
owner: role:elder
phases:
  - { id: crew, kind: form_teams, from: everyone, slots: [{ id: cook }], within: 3d, go: { short: cancel } }
""",
    "tasks/harvest.yaml": "schema: task/v1\nid: harvest\ntitle: { en: Harvest, zh: 丰收 }\nmode: feast\n",
    "tasks/best-dish.yaml": "schema: task/v1\nid: best-dish\ntitle: { en: Best dish, zh: 最佳菜 }\nmode: vote\n",
    "tasks/call.yaml": "schema: task/v1\nid: call\ntitle: { en: Call, zh: 来访 }\nmode: visit\n",
    "tasks/crew.yaml": "schema: task/v1\nid: crew\ntitle: { en: Crew, zh: 班底 }\nmode: team\n",
}


def village() -> tuple[dict[str, bytes], Community]:
    """The documents and what they say."""
    files = {name: text.strip().encode() + b"\n" for name, text in FILES.items()}
    loaded = load(files, discover())
    assert loaded.community is not None
    assert not [one for one in loaded.diagnostics if one.severity == "error"], loaded.diagnostics
    return files, loaded.community


def villagers(count: int) -> list[Member]:
    """Members with consent."""
    joined = datetime(2026, 1, 1, tzinfo=UTC)
    return [Member(f"m{number:02d}", joined, {"consent": True}) for number in range(count)]
