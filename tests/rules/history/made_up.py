"""Made-up histories: a small community, what its members did, and reviews stepped one by one as a reference."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from rules.condition import base_readings
from rules.counted import counted
from rules.evaluate import truth
from rules.fact import Fact
from rules.history.past import History
from rules.history.reviews import Reviews, reviews_between
from rules.history.stepper import Move
from rules.ladder import Ladder, next_step
from rules.metric import measure
from rules.spec import Community, load
from rules.time.local import local_day
from rules.values import Evidence, Value
from store.history import FileHistories
from workflows.phases import discover

BEGINS = datetime(2024, 2, 20, 3, tzinfo=UTC)
METRICS = """schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - id: posted
    title: { en: Posted, zh: 发帖 }
    fields:
      - { id: score, type: decimal, places: 1, optional: true }
      - { id: topic, type: text, optional: true }
  - { id: warned, title: { en: Warned, zh: 警告 } }
metrics:
  - { id: posts, title: { en: a, zh: a }, type: integer, from: [posted], take: count }
  - { id: acts, title: { en: a, zh: a }, type: integer, from: [posted, warned], take: count }
  - { id: score, title: { en: a, zh: a }, type: decimal, places: 1, from: [posted], take: sum, field: score }
  - id: said
    title: { en: a, zh: a }
    type: decimal
    places: 1
    from: [posted]
    take: sum
    field: score
    if_none: unknown
  - { id: mean_score, title: { en: a, zh: a }, type: decimal, places: 2, from: [posted], take: mean, field: score }
  - { id: best, title: { en: a, zh: a }, type: decimal, places: 0, from: [posted], take: max, field: score }
  - { id: worst, title: { en: a, zh: a }, type: decimal, places: 1, from: [posted], take: min, field: score }
  - { id: newest, title: { en: a, zh: a }, type: text, from: [posted], take: latest, field: topic }
  - { id: topics, title: { en: a, zh: a }, type: integer, from: [posted], take: distinct, field: topic }
  - { id: days, title: { en: a, zh: a }, type: integer, from: [posted], take: days_with }
  - { id: run, title: { en: a, zh: a }, type: integer, from: [posted], take: streak, period: day }
  - { id: weeks, title: { en: a, zh: a }, type: integer, from: [posted], take: streak, period: week }
  - { id: quiet, title: { en: a, zh: a }, type: duration, from: [posted, warned], take: since_last }
  - { id: first, title: { en: a, zh: a }, type: duration, from: [posted], take: since_first }
  - { id: few, title: { en: a, zh: a }, type: integer, from: [posted], take: count, limits: [{ count: 1, every: day }] }
  - { id: warnings, title: { en: a, zh: a }, type: integer, from: [warned], take: count }
  - { id: all_posts, title: { en: a, zh: a }, type: integer, key: community, from: [posted], take: count }
  - { id: rate, title: { en: a, zh: a }, ratio: [posts, acts] }
"""
COMMUNITY = """schema: community/v1
id: small
title: { en: Small, zh: 小 }
zone: ZONE
calendar: office
currency: CNY
roles: [{ id: planner, title: { en: Planner, zh: 规划师 } }]
attributes: [{ id: city, title: { en: City, zh: 城市 }, type: text, optional: true }]
"""
CALENDAR = """schema: calendar/v1
id: office
title: { en: Office, zh: 办公 }
work_days: [mon, tue, wed, thu, fri]
hours: 09:00-18:00
valid_through: "2030-12-31"
"""
LADDER = """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
tiers:
  - { id: low, title: { en: Low, zh: 低 } }
  - { id: middle, title: { en: Middle, zh: 中 }, earn: { posts: { at_least: 2, over: 30d } } }
"""


@cache
def community(tiers: str = LADDER, zone: str = "Asia/Shanghai") -> Community:
    """A small community with this ladder."""
    files = {
        "community.yaml": COMMUNITY.replace("ZONE", zone),
        "calendars/office.yaml": CALENDAR,
        "metrics.yaml": METRICS,
        "tiers.yaml": tiers,
    }
    loaded = load({name: text.encode() for name, text in files.items()}, discover())
    assert loaded.community is not None, [d for d in loaded.diagnostics if d.severity == "error"][:3]
    return loaded.community


@dataclass(frozen=True)
class Deed:
    """Something a member did, so many hours after everything began."""

    member: str
    kind: str
    hour: int
    score: int | None = None
    topic: str | None = None

    @property
    def at(self) -> datetime:
        return BEGINS + timedelta(hours=self.hour)


def facts_of(deeds: Sequence[Deed]) -> list[Fact]:
    """The same as facts."""
    found = []
    for place, deed in enumerate(deeds):
        fields: dict[str, Value] = {}
        if deed.score is not None:
            fields["score"] = deed.score
        if deed.topic is not None:
            fields["topic"] = deed.topic
        found.append(Fact(f"f{place}", deed.kind, deed.member, deed.at, fields=fields))
    return found


def history_of(spec: Community, joined: Mapping[str, int], deeds: Sequence[Deed], metrics: Sequence[str]) -> History:
    """The history that the files of an import tell; `joined` in hours after everything began."""
    with tempfile.TemporaryDirectory() as folder:
        members, facts = Path(folder) / "members.csv", Path(folder) / "facts.csv"
        rows = [f"{id_},{(BEGINS + timedelta(hours=hour)).isoformat()}" for id_, hour in joined.items()]
        members.write_text("\n".join(["id,joined", *rows]))
        lines = [
            f"f{place},{deed.member},{deed.kind},{deed.at.isoformat()},"
            f"{'' if deed.score is None else f'{deed.score / 10:.1f}'},{deed.topic or ''}"
            for place, deed in enumerate(deeds)
        ]
        facts.write_text("\n".join(["id,member,kind,at,score,topic", *lines]))
        return FileHistories(members, facts).of(spec, metrics)


def every_review(spec: Community, history: History, days: int = 3) -> Reviews:
    """All reviews of the ladder's own rhythm, some days beyond the last fact."""
    rhythm = spec.ladders["tier"].review
    start = history.first - timedelta(days=2)
    return reviews_between(rhythm, start, history.last + timedelta(days=days), spec.zone)


def stepped(
    spec: Community, ladder: Ladder, joined: Mapping[str, int], deeds: Sequence[Deed], reviews: Reviews
) -> list[Move]:
    """Every review of every member, one by one: the reference."""
    facts, metrics, zone = facts_of(deeds), counted(spec), spec.zone
    readings = sorted({r for c in ladder.conditions() for r in base_readings(c)})
    tiers = [rung.id for rung in ladder.rungs]
    moves = []
    for number, (member, hour) in enumerate(sorted(joined.items())):
        began = BEGINS + timedelta(hours=hour)
        rank, since, held = 0, began, {tiers[0]}
        below: datetime | None = None
        met: datetime | None = None
        for i, at in enumerate(reviews.moments):
            if began > at:
                continue
            days = local_day(at, zone) - local_day(since, zone)
            known: dict[str, Value | None] = {
                "tier": tiers[rank],
                "days_in_tier": days,
                "tier_held": frozenset(held),
                "in_grace": below is not None,
                "pinned": False,
                "days_member": local_day(at, zone) - local_day(began, zone),
                "titles": frozenset(),
                "met_for": 0 if met is None else local_day(at, zone) - local_day(met, zone),
            }
            if below is not None:
                known["below_for"] = local_day(at, zone) - local_day(below, zone)
            found = {}
            for reading in readings:
                values = measure(metrics[reading.metric], facts, reading, at, zone, entered={member: since})
                who = "" if reading.scope == "community" else member
                found[reading] = values.get(who, metrics[reading.metric].nothing)
            evidence = Evidence(known, found)
            decision = next_step(ladder, member, evidence, at)
            if decision.to is not None:
                to = tiers.index(decision.to)
                moves.append(Move(number, i, rank, to))
                rank, since, below, met = to, at, None, None
                held.add(decision.to)
                continue
            keep = ladder.rungs[rank].keep
            if decision.outcome == "grace":
                below = below or at
            elif keep is not None and truth(keep, evidence) is True:
                below = None
            up = ladder.rungs[rank + 1] if rank + 1 < len(tiers) else None
            if up is not None and up.observe is not None and up.earn is not None:
                met = (met or at) if truth(up.earn, evidence) is True else None
    return moves
