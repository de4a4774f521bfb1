"""A small community that runs campaigns: two calls for works, figures, analysis, insight, retrospective."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rules.spec import Community, load
from workflows.phases import discover

if TYPE_CHECKING:
    from pathlib import Path

    from cli.memory import Memory

AT = datetime(2027, 3, 1, 1, tzinfo=UTC)

FILES = {
    "community.yaml": """schema: community/v1
id: bureau
title: { en: Bureau, zh: 编辑部 }
zone: Asia/Shanghai
calendar: always
currency: CNY
roles:
  - { id: director, title: { en: Director, zh: 总监 } }
  - { id: analyst, title: { en: Analyst, zh: 分析师 } }
  - { id: planner, title: { en: Planner, zh: 策划 } }
lists:
  - id: themes
    title: { en: Themes, zh: 主题 }
    items:
      - { id: design, title: { en: Design, zh: 设计美学 } }
      - { id: journeys, title: { en: Journeys, zh: 在路上 } }
goals:
  - id: known
    title: { en: We are known, zh: 广为人知 }
    reached: { community.all_reads: { at_least: 2000 } }
    by: "2027-12-31"
    set_by: role:planner
  - id: liked
    title: { en: We are liked, zh: 受人喜爱 }
    of: known
    reached: { all: [{ community.all_leads: { at_least: 10 } }, { community.all_reads: { at_least: 500 } }] }
    by: "2027-06-30"
    set_by: role:planner
""",
    "calendars/always.yaml": """schema: calendar/v1
id: always
title: { en: Always, zh: 总是 }
work_days: [mon, tue, wed, thu, fri, sat, sun]
hours: "08:00-20:00"
valid_through: "2030-12-31"
""",
    "resources.yaml": """schema: resources/v1
resources:
  - kind: budget
    id: fund
    title: { en: Fund, zh: 预算 }
    amount: "5000.00 CNY"
    per: year
    holder: role:planner
    lines: [{ for: tier:base, amount: "2000.00 CNY" }, { for: tier:core, amount: "3000.00 CNY" }]
""",
    "metrics.yaml": """schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - id: spread
    title: { en: Figures, zh: 数据 }
    about: work
    fields:
      - { id: reads, type: integer, min: 0, optional: true }
      - { id: leads, type: integer, min: 0, optional: true }
  - id: commented
    title: { en: Comment, zh: 评论 }
    about: work
    fields:
      - { id: comments, type: integer, min: 0, max: 1 }
      - { id: positive, type: integer, min: 0, max: 1, optional: true }
      - { id: negative, type: integer, min: 0, max: 1, optional: true }
      - { id: key_mentions, type: integer, min: 0, max: 1, optional: true }
  - { id: story, title: { en: Story, zh: 故事 }, about: work, fields: [{ id: words, type: text }] }
  - { id: met, title: { en: Met, zh: 见面 } }
  - id: rated
    title: { en: Rated, zh: 评分 }
    fields: [{ id: work, type: work }, { id: score, type: decimal, places: 2, min: "0.00", max: "1.00" }]
  - id: analysis
    title: { en: Analysis, zh: 分析 }
    about: run
    fields: [{ id: resonance, type: text }, { id: brief_score, type: integer, min: 1, max: 5 }]
  - id: insight
    title: { en: Insight, zh: 洞察 }
    about: run
    fields: [{ id: finding, type: text }, { id: edits, type: spec_edits, optional: true }]
  - id: retrospective
    title: { en: Retrospective, zh: 复盘 }
    about: run
    fields: [{ id: differently, type: text }, { id: actions, type: follow_ups, within: 30d }]
metrics:
  - { id: reads, title: { en: Reads, zh: 阅读量 }, type: integer, key: work, from: [spread], take: sum,
      field: reads, if_none: unknown }
  - { id: leads, title: { en: Leads, zh: 线索 }, type: integer, key: work, from: [spread], take: sum,
      field: leads, if_none: unknown }
  - { id: heard, title: { en: Comments, zh: 评论数 }, type: integer, key: work, from: [commented], take: sum,
      field: comments, if_none: unknown }
  - { id: warm, title: { en: Warm, zh: 正面 }, type: integer, key: work, from: [commented], take: sum,
      field: positive, if_none: unknown }
  - { id: cold, title: { en: Cold, zh: 负面 }, type: integer, key: work, from: [commented], take: sum,
      field: negative, if_none: unknown }
  - { id: mentions, title: { en: Mentions, zh: 提及 }, type: integer, key: work, from: [commented], take: sum,
      field: key_mentions, if_none: unknown }
  - { id: opinions, title: { en: Opinions, zh: 意见 }, type: integer, score: [{ metric: warm, weight: 1 },
      { metric: cold, weight: 1 }] }
  - { id: warmth, title: { en: Warmth, zh: 正面比例 }, ratio: [warm, opinions] }
  - { id: mention_rate, title: { en: Key messages, zh: 提及率 }, ratio: [mentions, heard] }
  - { id: cost, title: { en: Cost, zh: 成本 }, type: decimal, places: 2, key: work, from: [spent], take: sum,
      field: amount }
  - { id: cost_per_lead, title: { en: Cost per lead, zh: 单线索成本 }, ratio: [cost, leads] }
  - { id: brief_score, title: { en: Brief, zh: 简报 }, type: integer, key: run, from: [analysis], take: latest,
      field: brief_score }
  - { id: stories, title: { en: Stories, zh: 故事数 }, type: integer, from: [submitted], take: distinct, field: work }
  - { id: quality, title: { en: Quality, zh: 质量 }, type: decimal, places: 2, from: [rated], take: mean, field: score }
  - id: core_now
    title: { en: Core, zh: 核心人数 }
    type: integer
    key: community
    from: [present]
    take: count
    where: { tier: { is: core } }
  - { id: here, title: { en: Here, zh: 在册 }, type: integer, key: community, from: [present], take: count }
  - { id: core_share, title: { en: Core share, zh: 核心占比 }, ratio: [core_now, here] }
  - { id: all_reads, title: { en: All reads, zh: 总阅读 }, type: integer, key: community, from: [spread],
      take: sum, field: reads }
  - { id: all_leads, title: { en: All leads, zh: 总线索 }, type: integer, key: community, from: [spread],
      take: sum, field: leads }
  - { id: guests, title: { en: Guests, zh: 影响人数 }, type: integer, from: [enrolled, met], take: distinct,
      field: member, key: via }
""",
    "tiers.yaml": """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
tiers:
  - { id: base, title: { en: Base, zh: 基础 } }
  - { id: core, title: { en: Core, zh: 核心 }, earn: { stories: { at_least: 9 } } }
""",
    "rules.yaml": """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - id: talent
    when: { all: [{ stories: { at_least: 2 } }, { quality: { at_least: "0.80" } }] }
    then:
      - nominate: { who: subject, tier: core }
    once_per: ever
  - id: top-heavy
    of: community
    when: { not: { core_share: { between: ["0.30", "0.50"] } } }
    then:
      - open: { by: role:planner, title: { en: Bring in the next ones, zh: 培养接班人 }, within: 5d }
    once_per: ever
""",
    "modes/call.yaml": """schema: mode/v1
id: call
title: { en: Call, zh: 征集 }
owner: role:director
parameters:
  - { id: money, type: money }
phases:
  - { id: entries, kind: submit, by: everyone, form: story, needs: 1, within: 7d, go: { short: end:nothing } }
  - { id: pay, kind: do, effects: [{ award: { to: entries.works, give: [{ money: $money, budget: fund }] } }] }
""",
    "modes/campaign.yaml": """schema: mode/v1
id: campaign
title: { en: Campaign, zh: 战役 }
owner: role:director
parameters:
  - { id: first, type: task, many: true }
  - { id: second, type: task, many: true }
phases:
  - { id: act-one, kind: run, tasks: $first, go: { short: next } }
  - { id: breath, kind: wait, within: 3d }
  - { id: act-two, kind: run, tasks: $second, go: { short: next } }
  - id: figures
    kind: measure
    metrics: [reads, leads, warmth, mention_rate, cost, cost_per_lead]
    split_by: [author.tier, work.theme]
    needs: 50%
    within: 20d
    go: { short: next }
  - { id: analysis, kind: ask, by: role:analyst, form: analysis, within: 40d, if_silent: silent, go: { silent: next } }
  - { id: insight, kind: ask, by: role:analyst, form: insight, within: 40d, if_silent: silent, go: { silent: next } }
  - { id: proposal, kind: do, effects: [{ propose: { from: insight.edits } }] }
  - id: retrospective
    kind: ask
    by: role:director
    form: retrospective
    within: 40d
    if_silent: silent
    go: { silent: end:without-retrospective }
""",
    "modes/cup.yaml": """schema: mode/v1
id: cup
title: { en: Cup, zh: 比赛 }
owner: role:director
phases:
  - { id: entries, kind: submit, by: everyone, form: story, needs: 1, within: 3d, go: { short: end:nothing } }
  - id: judging
    kind: judge
    of: entries.works
    by: [role:director, role:planner]
    needs: 2
    rubric: [{ id: style, weight: 60, scale: [1, 10] }, { id: depth, weight: 40, scale: [1, 10] }]
    ties: [{ draw: true }]
    within: 60d
    if_silent: short
    go: { short: end:unjudged }
""",
    "tasks/cup.yaml": """schema: task/v1
id: cup
title: { en: Cup, zh: 杯 }
mode: cup
goal: liked
brief:
  aim: { en: Anything., zh: 随意。 }
  must_say: [{ en: A car, zh: 车 }]
  free: { en: All of it., zh: 全部。 }
""",
    "tasks/shapes.yaml": """schema: task/v1
id: shapes
title: { en: Shapes, zh: 线条 }
mode: call
goal: liked
brief:
  aim: { en: The line you look back at., zh: 让你回头的线条。 }
  must_say: [{ en: Five minute battery swap, zh: 五分钟换电 }]
  free: { en: The rest is yours., zh: 其余随你。 }
  theme: design
with: { money: "30.00 CNY" }
""",
    "tasks/roads.yaml": """schema: task/v1
id: roads
title: { en: Roads, zh: 路 }
mode: call
goal: liked
brief:
  aim: { en: A road., zh: 一条路。 }
  must_say: [{ en: Smart driving, zh: 智能驾驶 }]
  free: { en: The rest is yours., zh: 其余随你。 }
  theme: journeys
with: { money: "10.00 CNY" }
""",
    "tasks/spring.yaml": """schema: task/v1
id: spring
title: { en: Spring, zh: 春 }
mode: campaign
goal: known
with: { first: [shapes], second: [roads] }
""",
}
CORE = ("m01", "m02")
MEMBERS = tuple(f"m{n:02d}" for n in range(1, 9))


def files(**changed: str) -> dict[str, bytes]:
    """The bureau's documents, perhaps with other ones (`community=…`)."""
    written = {**FILES, **{f"{name}.yaml": text for name, text in changed.items()}}
    return {path: text.encode() for path, text in written.items()}


def bureau(**changed: str) -> Community:
    """The bureau."""
    loaded = load(files(**changed), discover())
    assert loaded.community is not None, [(d.file, d.line, d.message) for d in loaded.diagnostics]
    return loaded.community


def found(memory: Memory, folder: Path) -> Community:
    """Publish it, with eight members, two of them in the core."""
    from operations.import_members import import_members

    community = bureau()
    memory.specs.publish(files(), community, message="founded", author="test", at=AT - timedelta(days=400))
    lines = [f"{who},2026-01-01,{'core' if who in CORE else 'base'},true" for who in MEMBERS]
    (folder / "members.csv").write_text("\n".join(["id,joined,tier,consent", *lines]), encoding="utf-8")
    done = import_members(
        folder / "members.csv", community, memory.members(community), memory.standings, at=AT - timedelta(days=300)
    )
    assert not done.rejected, done.first
    return community


def rows(path: Path, header: str, *lines: Any) -> Path:
    """A CSV file."""
    path.write_text("\n".join([header, *(",".join(map(str, line)) for line in lines)]) + "\n", encoding="utf-8")
    return path
