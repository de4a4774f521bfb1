"""A club with all that reviews do: grace, observation, approval, invitation, seats, stages and rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from operations import review
from operations.ports.facts import Fact
from operations.ports.members import Member
from rules.spec import Community, load
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory

AT = datetime(2027, 3, 1, 5, tzinfo=UTC)
COMMUNITY = """schema: community/v1
id: club
title: { en: Club, zh: 俱乐部 }
zone: Asia/Shanghai
calendar: office
currency: CNY
limits: { notices_per_day: 2 }
roles:
  - { id: keeper, title: { en: Keeper, zh: 管理 }, capacity: 2, backup: head }
  - { id: head, title: { en: Head, zh: 负责人 } }
titles:
  - { id: star, title: { en: Star, zh: 之星 }, term: 1y, seats: 2, granted_by: role:head }
  - { id: greeter, title: { en: Greeter, zh: 迎宾 }, term: 30d, renew: { posts: { at_least: 2, over: 30d } } }
messages:
  - id: welcome
    title: { en: Welcome, zh: 欢迎 }
    text: { en: "{member}, you are {tier} now.", zh: "{member}，你已是{tier}。" }
  - id: come-in
    title: { en: Come in, zh: 邀请 }
    text: { en: "{member}, by {until}?", zh: "{member}，{until}前？" }
spaces:
  - { id: lounge, title: { en: Lounge, zh: 大厅 } }
"""
CALENDAR = """schema: calendar/v1
id: office
title: { en: Office, zh: 办公 }
work_days: [mon, tue, wed, thu, fri, sat, sun]
hours: "09:00-17:00"
valid_through: "2028-12-31"
"""
METRICS = """schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - { id: posted, title: { en: Posted, zh: 发帖 } }
  - { id: warned, title: { en: Warned, zh: 警告 } }
  - { id: greeted, title: { en: Greeted, zh: 问候 } }
metrics:
  - { id: posts, title: { en: Posts, zh: 帖数 }, type: integer, from: [posted], take: count }
  - { id: warnings, title: { en: Warnings, zh: 警告数 }, type: integer, from: [warned], take: count }
  - { id: greetings, title: { en: Greetings, zh: 问候数 }, type: integer, from: [greeted], take: count }
  - { id: moves, title: { en: Moves, zh: 升降 }, type: integer, from: [moved_tier], take: count }
"""
TIERS = """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
exempt: { stage: { is: resting } }
tiers:
  - id: guest
    title: { en: Guest, zh: 访客 }
  - id: regular
    title: { en: Regular, zh: 常客 }
    earn: { posts: { at_least: 3, over: 30d } }
    keep: { posts: { at_least: 1, over: 30d } }
    grace: 7d
    then:
      - notify: { to: subject, what: message:welcome }
      - award: { to: subject, give: [{ points: 50 }] }
      - assign: { as: contact, from: role:keeper }
  - id: trusted
    title: { en: Trusted, zh: 信赖 }
    earn: { all: [{ posts: { at_least: 8, over: 30d } }, { warnings: { is: 0, over: 90d } }] }
    keep: { warnings: { at_most: 1, over: 90d } }
    observe: 7d
    seats: 2
    order: [{ highest: posts, over: 30d }]
    approval: { by: role:keeper, within: 2d, if_silent: refuse }
    invitation: { message: come-in, from: role:head, within: 7d, if_silent: lapse, again_after: 30d }
    then:
      - award: { to: subject, give: [{ title: star }] }
"""
LIFECYCLE = """schema: lifecycle/v1
title: { en: Stages, zh: 阶段 }
review: { every: day, at: "05:00" }
stages:
  - { id: alive, title: { en: Alive, zh: 活跃 } }
  - { id: resting, title: { en: Resting, zh: 休息 } }
transitions:
  - { id: awakes, from: [none], to: alive, when: { posts: { at_least: 1, over: 30d } } }
  - { id: tires, from: [alive], to: resting, when: { warnings: { at_least: 3, over: 30d } } }
"""
RULES = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - id: prolific
    when: { posts: { at_least: 5, over: 30d } }
    then:
      - award: { to: subject, give: [{ points: 10, cap: { points: 15, over: this_year } }] }
      - nominate: { who: subject, tier: trusted }
    once_per: 10d
  - id: silent
    when: { posts: { is: 0, over: 30d } }
    then:
      - record: { fact: greeted }
    once_per: spell
  - id: lively
    of: community
    when: { community.posts: { at_least: 10, over: 30d } }
    then:
      - open: { by: role:head, title: { en: Celebrate, zh: 庆祝 }, within: 2d }
    once_per: ever
"""
RESOURCES = """schema: resources/v1
resources:
  - { kind: budget, id: fund, title: { en: Fund, zh: 预算 }, amount: "200.00 CNY", per: year, holder: role:head }
  - kind: stock
    id: mug
    title: { en: Mug, zh: 杯子 }
    unit: piece
    cost: "60.00 CNY"
    keeper: role:keeper
    post: sla:posting
  - { kind: benefit, id: pass, title: { en: Pass, zh: 通行证 }, limit: 1, term: 30d }
"""
SLA = """schema: sla/v1
slas:
  - id: posting
    title: { en: Posting, zh: 寄送 }
    finish: 3d
    remind: [1d]
    escalate: [{ after: 1d, to: role:head }]
"""
FILES = {
    "community.yaml": COMMUNITY,
    "calendars/office.yaml": CALENDAR,
    "metrics.yaml": METRICS,
    "tiers.yaml": TIERS,
    "lifecycle.yaml": LIFECYCLE,
    "rules.yaml": RULES,
    "resources.yaml": RESOURCES,
    "sla.yaml": SLA,
}


def club(**changed: str) -> Community:
    """The club, perhaps with other documents (`tiers=…`)."""
    files = {**FILES, **{f"{name}.yaml": text for name, text in changed.items()}}
    loaded = load({path: text.encode() for path, text in files.items()}, discover())
    assert loaded.community is not None, loaded.diagnostics
    return loaded.community


def publish(memory: Memory, **changed: str) -> Community:
    """Publish it in the memory."""
    files = {**FILES, **{f"{name}.yaml": text for name, text in changed.items()}}
    community = club(**changed)
    raw = {path: text.encode() for path, text in files.items()}
    memory.specs.publish(raw, community, message="test", author="test", at=AT - timedelta(days=400))
    return community


def people(memory: Memory, community: Community, *ids: str, joined: datetime = AT - timedelta(days=200)) -> None:
    """Members who joined long ago."""
    memory.members(community).enlist([Member(id_, joined) for id_ in ids], at=joined)


def facts(memory: Memory, community: Community, kind: str, member: str, days_ago: Iterable[float]) -> None:
    """One fact of a kind for each number of days before the review."""
    memory.facts(community).record(
        [Fact(f"{kind}/{member}/{days}", kind, member, AT - timedelta(days=days)) for days in days_ago]
    )


def reviewed(memory: Memory, at: datetime = AT, *, shard_size: int = 3, **more: str) -> dict[str, dict[str, int]]:
    """A whole review without Temporal; returns the counts by part."""
    desk = memory.desk
    run = f"run at {at.isoformat()} {len(memory.reviews.latest('club', limit=1000))}"
    plan = review.begin(desk, "club", run=run, at=at, shard_size=shard_size)
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, "club", plan.id, part, shard)
        for batch in range(review.settle(desk, "club", plan.id, part, size=4)):
            review.carry_out_batch(desk, "club", plan.id, part, batch, **more)
    parts: dict[str, dict[str, int]] = review.finish(desk, "club", plan.id)["parts"]
    return parts
