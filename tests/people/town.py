"""A small town for tests about persons: likes, guests, tiers and stages, titles, points, a run about a member."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rules.spec import Community, load
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory

AT = datetime(2027, 3, 1, 5, tzinfo=UTC)
COMMUNITY = """schema: community/v1
id: town
title: { en: Town, zh: 小镇 }
zone: Asia/Shanghai
calendar: office
currency: CNY
roles:
  - { id: keeper, title: { en: Keeper, zh: 管理 } }
lists:
  - { id: crafts, title: { en: Crafts, zh: 技能 }, items: [{ id: camera, title: { en: Camera, zh: 拍摄 } }] }
attributes:
  - { id: city, title: { en: City, zh: 城市 }, type: text, optional: true }
  - { id: skills, title: { en: Skills, zh: 技能 }, type: text, one_of: crafts, many: true, optional: true }
titles:
  - { id: star, title: { en: Star, zh: 之星 } }
  - { id: friend, title: { en: Friend, zh: 挚友 } }
spaces:
  - { id: knowledge, title: { en: Knowledge, zh: 知识库 } }
messages:
  - { id: come-in, title: { en: Come in, zh: 邀请 }, text: { en: "{member}?", zh: "{member}？" } }
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
  - { id: liked, title: { en: Liked, zh: 获赞 } }
  - { id: met, title: { en: Met, zh: 见面 } }
  - { id: tip, title: { en: Tip, zh: 小技巧 }, about: work, fields: [{ id: words, type: text }] }
  - { id: told, title: { en: Told, zh: 谈话 }, private: true, fields: [{ id: situation, type: text }] }
metrics:
  - { id: posts, title: { en: Posts, zh: 帖数 }, type: integer, from: [posted], take: count }
  - { id: likes, title: { en: Likes, zh: 获赞数 }, type: integer, from: [liked], take: count, ignore: [self] }
  - { id: guests, title: { en: Guests, zh: 客人 }, type: integer, from: [met], take: distinct, field: member, key: via }
"""
TIERS = """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
tiers:
  - { id: guest, title: { en: Guest, zh: 访客 } }
  - id: regular
    title: { en: Regular, zh: 常客 }
    earn: { posts: { at_least: 3, over: 90d } }
    keep: { posts: { at_least: 1, over: 90d } }
"""
LIFECYCLE = """schema: lifecycle/v1
title: { en: Stages, zh: 阶段 }
review: { every: day, at: "05:00" }
stages:
  - { id: alive, title: { en: Alive, zh: 活跃 } }
  - { id: resting, title: { en: Resting, zh: 休息 } }
transitions:
  - id: awakes
    from: [none]
    to: alive
    when: { posts: { at_least: 2, over: 90d } }
    invitation: { message: come-in, from: role:keeper, within: 7d, if_silent: lapse, again_after: 30d }
  - { id: tires, from: [alive], to: resting, when: { posts: { is: 0, over: 90d } } }
"""
MODE = """schema: mode/v1
id: talk
title: { en: Talk, zh: 谈心 }
for: member
owner: role:keeper
phases:
  - { id: how, kind: ask, by: subject, form: told, within: 14d, if_silent: silent, go: { silent: next } }
  - { id: again, kind: ask, by: role:keeper, form: told, within: 14d, if_silent: silent, go: { silent: next } }
"""
ALBUM = """schema: mode/v1
id: album
title: { en: Album, zh: 相册 }
owner: role:keeper
phases:
  - { id: tips, kind: submit, by: everyone, form: tip, limit: 5, within: 14d, go: { short: end:empty } }
  - id: shelf
    kind: do
    effects:
      - publish: { what: tips.works, in: space:knowledge, credits: run.ledger }
"""
FILES = {
    "community.yaml": COMMUNITY,
    "calendars/office.yaml": CALENDAR,
    "metrics.yaml": METRICS,
    "tiers.yaml": TIERS,
    "lifecycle.yaml": LIFECYCLE,
    "modes/talk.yaml": MODE,
    "modes/album.yaml": ALBUM,
    "tasks/talk.yaml": "schema: task/v1\nid: a-talk\ntitle: { en: Talk, zh: 谈心 }\nmode: talk\n",
    "tasks/album.yaml": "schema: task/v1\nid: an-album\ntitle: { en: Album, zh: 相册 }\nmode: album\n",
}


def publish(memory: Memory, id_: str = "town") -> Community:
    """Publish it in the memory, under its own id or another one."""
    files = {path: written.replace("id: town", f"id: {id_}").encode() for path, written in FILES.items()}
    loaded = load(files, discover())
    assert loaded.community is not None, loaded.diagnostics
    memory.specs.publish(files, loaded.community, message="test", author="test", at=AT - timedelta(days=400))
    return loaded.community
