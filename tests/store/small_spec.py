"""A small community for tests of the memory: every way to take a metric, every kind of field."""

from rules.spec import Community, load
from workflows.phases import discover

COMMUNITY = """schema: community/v1
id: small
title: { en: Small, zh: 小 }
zone: Europe/Berlin
calendar: office
currency: EUR
roles:
  - { id: keeper, title: { en: Keeper, zh: 管理 } }
lists:
  - id: colours
    title: { en: Colours, zh: 颜色 }
    items:
      - { id: red,  title: { en: Red, zh: 红 } }
      - { id: blue, title: { en: Blue, zh: 蓝 } }
attributes:
  - { id: company, type: text }
  - { id: level, type: integer }
  - { id: likes, type: text, one_of: colours, many: true }
  - { id: born, type: date }
  - { id: rating, type: decimal, places: 2 }
"""
CALENDAR = """schema: calendar/v1
id: office
title: { en: Office, zh: 办公 }
work_days: [mon, tue, wed, thu, fri]
hours: "09:00-17:00"
valid_through: "2027-12-31"
"""
METRICS = """schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - id: made
    title: { en: Made, zh: 制作 }
    fields:
      - { id: work, type: work, optional: true }
      - { id: size, type: integer, optional: true, max: 1000 }
      - { id: score, type: decimal, places: 2, optional: true, min: "-0.50", max: "1.50" }
      - { id: colour, type: text, one_of: colours, optional: true }
      - { id: good, type: boolean, optional: true }
      - { id: to, type: member, optional: true }
      - { id: happens, type: date, optional: true }
      - { id: cost, type: money, optional: true }
      - { id: tags, type: text, many: true, optional: true }
  - id: seen
    title: { en: Seen, zh: 看 }
    fields:
      - { id: work, type: work, optional: true }
      - { id: score, type: decimal, places: 1, optional: true }
      - { id: size, type: integer, optional: true }
metrics:
%s
"""
TITLE = "title: { en: T, zh: 题 }"
LINES = (
    "{ id: made_count, T, type: integer, from: [made], take: count }",
    "{ id: both_count, T, type: integer, from: [made, seen], take: count }",
    "{ id: size_sum, T, type: integer, from: [made, seen], take: sum, field: size }",
    "{ id: size_said, T, type: integer, from: [made, seen], take: sum, field: size, if_none: unknown }",
    "{ id: cost_sum, T, type: decimal, places: 2, from: [made], take: sum, field: cost }",
    "{ id: score_sum, T, type: decimal, places: 1, from: [made, seen], take: sum, field: score }",
    "{ id: score_mean, T, type: decimal, places: 2, from: [made, seen], take: mean, field: score }",
    "{ id: size_mean, T, type: decimal, places: 1, from: [made], take: mean, field: size }",
    "{ id: score_max, T, type: decimal, places: 1, from: [made, seen], take: max, field: score }",
    "{ id: score_min, T, type: decimal, places: 3, from: [made, seen], take: min, field: score }",
    "{ id: colour_now, T, type: text, from: [made], take: latest, field: colour }",
    "{ id: size_now, T, type: integer, from: [made], take: latest, field: size }",
    "{ id: good_now, T, type: boolean, from: [made], take: latest, field: good }",
    "{ id: works, T, type: integer, from: [made, seen], take: distinct, field: work }",
    "{ id: sizes, T, type: integer, from: [made], take: distinct, field: size }",
    "{ id: days_made, T, type: integer, from: [made, seen], take: days_with }",
    "{ id: day_streak, T, type: integer, from: [made], take: streak, period: day }",
    "{ id: week_streak, T, type: integer, from: [made], take: streak, period: week }",
    "{ id: month_streak, T, type: integer, from: [made], take: streak, period: month }",
    "{ id: first_made, T, type: duration, from: [made], take: since_first }",
    "{ id: last_made, T, type: duration, from: [made, seen], take: since_last }",
    "{ id: good_made, T, type: integer, from: [made], take: count, where: { good: { is: true } } }",
    "{ id: odd_made, T, type: integer, from: [made], take: count, where: { any: ["
    "{ score: { between: ['0.25', '0.505'] } }, "
    "{ none: [{ colour: { is_not: red } }, { good: { is_known: false } }] }, "
    "{ tags: { contains: x } }, { exactly_one: [{ size: { more_than: 3 } }, { work: { starts_with: w1 } }] }] } }",
    "{ id: mixed, T, type: integer, from: [made, seen], take: count, where: { good: { is_not: false } } }",
    "{ id: by_colour, T, type: integer, from: [made], take: count, by: colour }",
    "{ id: mean_by_colour, T, type: decimal, places: 1, from: [made], take: mean, field: score, by: colour }",
    "{ id: dated, T, type: integer, from: [made], take: count, dated_by: happens }",
    "{ id: dated_last, T, type: duration, from: [made], take: since_last, dated_by: happens }",
    "{ id: capped, T, type: integer, from: [made], take: count, limits: [{ count: 2, every: day }] }",
    "{ id: capped_each, T, type: integer, from: [made], take: sum, field: size, "
    "limits: [{ count: 1, every: week, from: to }] }",
    "{ id: capped_twice, T, type: integer, from: [made], take: count, "
    "limits: [{ count: 1, every: day, from: to }, { count: 3, every: month }] }",
    "{ id: others_made, T, type: integer, from: [made], take: count, ignore: [self, staff, suspect] }",
    "{ id: at_home, T, type: integer, from: [made], take: count, where: { to.company: { is: acme } } }",
    "{ id: to_young, T, type: integer, from: [made], take: count, where: { to.days_member: { at_most: 30 } } }",
    "{ id: companies, T, type: integer, from: [made], take: distinct, field: to.company }",
    "{ id: of_work, T, type: integer, key: work, from: [made, seen], take: count }",
    "{ id: people_of_work, T, type: integer, key: work, from: [made], take: distinct, field: member }",
    "{ id: received_from, T, type: integer, key: to, from: [made], take: distinct, field: member }",
    "{ id: in_all, T, type: integer, key: community, from: [made, seen], take: sum, field: size }",
    "{ id: here_now, T, type: integer, key: community, from: [present], take: count, where: { origin: { is: both } } }",
)


def small_files(lines: tuple[str, ...] = LINES, community: str = COMMUNITY, metrics: str = METRICS) -> dict[str, bytes]:
    """The folder of the community, by file."""
    written = metrics % "\n".join(
        "  - " + line.replace("{ id:", "{ id:", 1).replace(" T,", f" {TITLE},") for line in lines
    )
    return {
        "community.yaml": community.encode(),
        "calendars/office.yaml": CALENDAR.encode(),
        "metrics.yaml": written.encode(),
    }


def small_community(files: dict[str, bytes] | None = None) -> Community:
    """The community, checked."""
    loaded = load(files or small_files(), discover())
    assert loaded.community is not None, [f"{d.file}:{d.line} {d.message}" for d in loaded.diagnostics]
    return loaded.community
